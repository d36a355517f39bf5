/*
 * cfg_sample.h  A file with one field of each kind, for the tests of cfg_*
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_UNIT_COMMON_CFG_SAMPLE_H
#define TESTS_UNIT_COMMON_CFG_SAMPLE_H

#include "common/cfg_schema.h"

enum sample_level {
	LEVEL_LOW = 1,
	LEVEL_HIGH = 7
};

struct sample_limits {
	uint8_t calls;
	int16_t gain;
	uint64_t total;
};

struct sample_to {
	const char *user;
	enum sample_level level;
	struct sample_limits *limits;
};

struct sample_rule {
	struct cfg_pos pos;
	const char *name;
	struct sample_to to;
};

struct sample_peer {
	const char *name;
	struct sa addr;
	const char *secret;
};

struct sample_number {
	const char *name;
	uint32_t value;
};

struct sample_cfg {
	struct arena *mem;
	const char *title;
	const char *pattern;
	uint16_t port;
	bool on;
	enum sample_level level;
	uint32_t wait_ms;
	uint64_t room;
	struct sa listen;
	struct sa source;
	struct cfg_cidr net;
	struct sample_limits limits;
	struct cfg_cidr *nets;
	uint32_t nnets;
	const char **words;
	uint32_t nwords;
	struct sample_rule *rules;
	uint32_t nrules;
	struct sample_peer *peers;
	uint32_t npeers;
	struct sample_number *numbers;
	uint32_t nnumbers;
};

static inline bool sample_no_x(const char *text, char *why, size_t size)
{
	if (!strchr(text, 'x'))
		return true;
	str_ncpy(why, "a text without x", size);
	return false;
}

static const struct cfg_choice sample_levels[] = {{"low", LEVEL_LOW, "Little."},
						  {"high", LEVEL_HIGH,
						   "A | lot."},
						  {NULL, 0, NULL}};

static const struct cfg_field sample_limits_fields[] = {
	{"calls", CFG_INT, CFG_AT(struct sample_limits, calls), .def = "10",
	 .help = "Calls at once."},
	{"gain", CFG_INT, CFG_AT(struct sample_limits, gain), .min = -60,
	 .max = 20, .def = "-3", .help = "Gain in dB."},
	{"total", CFG_INT, CFG_AT(struct sample_limits, total)},
	CFG_END,
};
static const struct cfg_table sample_limits_table = {
	sizeof(struct sample_limits), "limits", sample_limits_fields,
	"What is at most done.", 0};

static const struct cfg_field sample_to_fields[] = {
	{"user", CFG_STRING, CFG_AT(struct sample_to, user), .help = "A user."},
	{"level", CFG_ENUM, CFG_AT(struct sample_to, level),
	 .choices = sample_levels},
	{"limits", CFG_TABLE, CFG_AT(struct sample_to, limits),
	 .flags = CFG_F_PTR, .table = &sample_limits_table},
	CFG_END,
};
static const struct cfg_table sample_to_table = {sizeof(struct sample_to),
						 "a target", sample_to_fields,
						 NULL, CFG_T_ONE_OF};

static const struct cfg_field sample_rule_fields[] = {
	{.type = CFG_POS, CFG_AT(struct sample_rule, pos)},
	{"name", CFG_STRING, CFG_AT(struct sample_rule, name), .max = 8,
	 .min = 2, .flags = CFG_F_REQUIRED, .help = "For people."},
	{"to", CFG_TABLE, CFG_AT(struct sample_rule, to),
	 .flags = CFG_F_REQUIRED, .table = &sample_to_table},
	CFG_END,
};
static const struct cfg_table sample_rule_table = {sizeof(struct sample_rule),
						   "a rule", sample_rule_fields,
						   "One rule.", 0};

static const struct cfg_field sample_peer_fields[] = {
	{"addr", CFG_ADDR, CFG_AT(struct sample_peer, addr),
	 .flags = CFG_F_REQUIRED, .help = "Where it is."},
	{"secret", CFG_STRING, CFG_AT(struct sample_peer, secret), .min = 3,
	 .max = 40, .flags = CFG_F_SECRET, .check = sample_no_x,
	 .pattern = "^[^x]*$", .help = "Its password."},
	CFG_END,
};
static const struct cfg_table sample_peer_table = {sizeof(struct sample_peer),
						   "a peer", sample_peer_fields,
						   NULL, 0};

static const struct cfg_field sample_rule_item = {.type = CFG_TABLE,
						  .table = &sample_rule_table};
static const struct cfg_field sample_peer_item = {.type = CFG_TABLE,
						  .table = &sample_peer_table};
static const struct cfg_field sample_word_item = {.type = CFG_STRING,
						  .size = sizeof(char *),
						  .max = 8};
static const struct cfg_field sample_cidr_item = {.type = CFG_CIDR,
						  .size = sizeof(
							  struct cfg_cidr)};
static const struct cfg_field sample_number_item = {
	.type = CFG_INT, CFG_AT(struct sample_number, value), .max = 99};

static const struct cfg_field sample_fields[] = {
	{"title", CFG_STRING, CFG_AT(struct sample_cfg, title),
	 .def = "no title", .help = "A title | for people.", .example = "Main"},
	{"pattern", CFG_REGEX, CFG_AT(struct sample_cfg, pattern)},
	{"port", CFG_INT, CFG_AT(struct sample_cfg, port), .min = 1,
	 .max = 65535, .def = "5060", .help = "The port."},
	{"on", CFG_BOOL, CFG_AT(struct sample_cfg, on), .def = "true"},
	{"level", CFG_ENUM, CFG_AT(struct sample_cfg, level),
	 .choices = sample_levels, .def = "low", .help = "How much."},
	{"wait", CFG_DURATION, CFG_AT(struct sample_cfg, wait_ms), .min = 100,
	 .max = 3600000, .def = "20s", .help = "How long."},
	{"room", CFG_SIZE, CFG_AT(struct sample_cfg, room), .def = "64KiB"},
	{"listen", CFG_ADDR, CFG_AT(struct sample_cfg, listen),
	 .def = "127.0.0.1:5060"},
	{"source", CFG_ADDR, CFG_AT(struct sample_cfg, source),
	 .flags = CFG_F_NO_PORT},
	{"net", CFG_CIDR, CFG_AT(struct sample_cfg, net)},
	{"limits", CFG_TABLE, CFG_AT(struct sample_cfg, limits),
	 .table = &sample_limits_table},
	{"nets", CFG_LIST, CFG_ITEMS(struct sample_cfg, nets, nnets),
	 .item = &sample_cidr_item, .max = 3, .flags = CFG_F_ALONE},
	{"words", CFG_LIST, CFG_ITEMS(struct sample_cfg, words, nwords),
	 .item = &sample_word_item, .def = "opus, pcmu"},
	{"rules", CFG_LIST, CFG_ITEMS(struct sample_cfg, rules, nrules),
	 .item = &sample_rule_item, .help = "Rules in order."},
	{"peers", CFG_MAP, CFG_ITEMS(struct sample_cfg, peers, npeers),
	 CFG_KEY(struct sample_peer, name), .item = &sample_peer_item,
	 .check = sample_no_x, .pattern = "^[^x]*$"},
	{"numbers", CFG_MAP, CFG_ITEMS(struct sample_cfg, numbers, nnumbers),
	 CFG_KEY(struct sample_number, name), .item = &sample_number_item,
	 .min = 1},
	CFG_END,
};
static const struct cfg_table sample_table = {CFG_ROOT(struct sample_cfg),
					      "sample.yaml", sample_fields,
					      "One field of each kind.", 0};

#endif
