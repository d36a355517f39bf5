/*
 * route_ask_cfg.c  The description of a question, and of tests of a table
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/party/route_party.h"
#include "routing/route_check.h"
#include "routing/route_priv.h"
#include "routing/text/route_ref.h"

/* clang-format off */
/* In the struct `st`, whose members begin with `in`. */
#define ASK_FIELDS(st, in)                                                    \
	{.type = CFG_POS, CFG_AT(st, in pos)},                              \
	{"from", CFG_STRING, CFG_AT(st, in from), .min = 1,                 \
	 .max = ROUTE_CONN_MAX,                                               \
	 .help = "The connection by which it comes; absent or `users`: a "    \
		 "user asks.", .example = "carrier"},                         \
	{"method", CFG_STRING, CFG_AT(st, in method), .min = 1, .max = 15,  \
	 .def = "INVITE", .help = "The SIP method."},                         \
	{"caller", CFG_STRING, CFG_AT(st, in caller), .min = 0,             \
	 .max = ROUTE_NUMBER_MAX + 1, .def = "",                              \
	 .help = "Who calls: the user part.", .example = "alice"},            \
	{"callee", CFG_STRING, CFG_AT(st, in callee), .min = 0,             \
	 .max = ROUTE_NUMBER_MAX + 1, .flags = CFG_F_REQUIRED,                \
	 .help = "Who is called: the user part of the Request-URI.",          \
	 .example = "+4930123456"}

static const struct cfg_field when_fields[] = {
	ASK_FIELDS(struct route_ask, ),
	CFG_END,
};

static const struct cfg_table when_table = {
	sizeof(struct route_ask), "a question", when_fields,
	"A request, as it might come.", 0};

static const struct cfg_field ask_fields[] = {
	{"tenant", CFG_STRING, CFG_AT(struct route_ask_cfg, ask.tenant),
	 .min = 1, .max = 32,
	 .help = "Whose table; absent: the only one that there is.",
	 .example = "acme"},
	ASK_FIELDS(struct route_ask_cfg, ask.),
	CFG_END,
};

const struct cfg_table route_ask_table = {
	CFG_ROOT(struct route_ask_cfg), "a question", ask_fields,
	"Where would this request go?", 0};

static const struct cfg_field to_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1, .max = 64,
	.ref = &route_ref_test_to,
};

#define EXPECT(member) CFG_AT(struct route_expect, member)
static const struct cfg_field expect_fields[] = {
	{"route", CFG_STRING, EXPECT(route), .min = 1, .max = 64,
	 .help = "The route that decides; `users`: none, the callee is looked "
		 "for among the users.", .example = "out"},
	{"to", CFG_LIST, CFG_ITEMS(struct route_expect, to, nto),
	 .item = &to_item, .min = 1, .max = ROUTE_TARGETS_MAX,
	 .flags = CFG_F_ALONE,
	 .help = "Where it goes: names of connections, users or services, in "
		 "the order in which they are tried. More may follow, unless "
		 "`targets` says how many there are.",
	 .example = "carrier-a, carrier-b"},
	{"targets", CFG_INT, EXPECT(targets), .min = 1,
	 .max = ROUTE_TARGETS_MAX,
	 .help = "How many targets there are."},
	{"code", CFG_INT, EXPECT(code), .min = 300, .max = 699,
	 .help = "It is answered with this SIP status code."},
	CFG_END,
};

static const struct cfg_table expect_table = {
	sizeof(struct route_expect), "an expectation", expect_fields,
	"What must come of it; what is not said may be anything.", 0};

static const struct cfg_field test_fields[] = {
	{.type = CFG_POS, CFG_AT(struct route_test, pos)},
	{"name", CFG_STRING, CFG_AT(struct route_test, name), .min = 1,
	 .max = 64, .flags = CFG_F_REQUIRED,
	 .help = "For people: stands in the message when it fails."},
	{"when", CFG_TABLE, CFG_AT(struct route_test, when),
	 .flags = CFG_F_REQUIRED, .table = &when_table,
	 .help = "The request."},
	{"expect", CFG_TABLE, CFG_AT(struct route_test, expect),
	 .flags = CFG_F_REQUIRED, .table = &expect_table,
	 .help = "Where it must go."},
	CFG_END,
};

static const struct cfg_table test_table = {
	sizeof(struct route_test), "a test", test_fields,
	"Run by `sigd --check`, at the start and before every reload: a table "
	"with a test that fails is refused.", 0};

const struct cfg_field route_test_item = {
	.type = CFG_TABLE, .size = sizeof(struct route_test),
	.table = &test_table};
/* clang-format on */
