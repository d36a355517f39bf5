/*
 * route_ask_cfg.c  The description of a question, and of tests of a table
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"
#include "routing/route_check.h"
#include "routing/route_priv.h"
#include "routing/text/route_ref.h"
#include "routing/when/civil.h"

bool route_ask_time(uint64_t *unix_s, const char *text)
{
	int year, month, day, hour, minute, second, oh = 0, om = 0, end = -1;
	int64_t s;
	char sign;

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day,
		   &hour, &minute, &second, &end) != 6 ||
	    end != 19 || strspn(text, "0123456789") != 4)
		return false;
	text += end;
	/* parts of a second do not count */
	if (*text == '.' && strspn(text + 1, "0123456789"))
		text += 1 + strspn(text + 1, "0123456789");
	if (strcmp(text, "Z") &&
	    (sscanf(text, "%c%2d:%2d%n", &sign, &oh, &om, &end) != 3 ||
	     end != 6 || text[6] || !strchr("+-", sign) || oh < 0 || om < 0))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 ||
	    day > (int)civil_month_days(year, (unsigned)month) || hour < 0 ||
	    hour > 23 || minute < 0 || minute > 59 || second < 0 ||
	    second > 60 || oh > 23 || om > 59)
		return false;
	s = civil_to_day(year, (unsigned)month, (unsigned)day) * CIVIL_DAY +
	    hour * 3600 + minute * 60 + second;
	s -= (*text == '-' ? -1 : 1) * (oh * 3600 + om * 60);
	*unix_s = s > 0 ? (uint64_t)s : 0;
	return s >= 0;
}

static bool check_time(const char *text, char *why, size_t size)
{
	uint64_t unix_s;

	if (route_ask_time(&unix_s, text))
		return true;
	str_ncpy(why, "a time like 2026-12-24T18:00:00+01:00 or ...Z", size);
	return false;
}

/* clang-format off */
static const struct cfg_choice states[] = {
	{"up", ROUTE_STATE_UP, NULL},
	{"trial", ROUTE_STATE_TRIAL, "One call may find out."},
	{"down", ROUTE_STATE_DOWN, "Its probes are not answered."},
	{"broken", ROUTE_STATE_BROKEN, "Calls have failed there."},
	{"busy", ROUTE_STATE_BUSY, "It has asked to be left alone."},
	{"draining", ROUTE_STATE_DRAINING, "No new calls, says an operator."},
	{"forced", ROUTE_STATE_FORCED, "Down, says an operator."},
	{"full", ROUTE_STATE_FULL, "There is no room for another call."},
	{NULL, 0, NULL},
};

static const struct cfg_field health_item = {
	.type = CFG_ENUM, CFG_AT(struct route_ask_health, state),
	.choices = states};

static const struct cfg_field header_item = {
	.type = CFG_STRING, CFG_AT(struct route_ask_header, value),
	.min = 0, .max = 1024};

static const struct cfg_field left_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1,
	.max = ROUTE_CONN_MAX, .ref = &route_ref_test_from};

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
	{"callee", CFG_STRING, CFG_AT(st, in callee), .min = 0,               \
	 .max = ROUTE_NUMBER_MAX + 1, .flags = CFG_F_REQUIRED,                \
	 .help = "Who is called: the user part of the Request-URI.",          \
	 .example = "+4930123456"},                                           \
	{"source", CFG_ADDR, CFG_AT(st, in source), .flags = CFG_F_NO_PORT,   \
	 .help = "The address of the device or PBX.",                         \
	 .example = "192.0.2.7"},                                             \
	{"time", CFG_STRING, CFG_AT(st, in time), .min = 1, .max = 40,        \
	 .check = check_time,                                                 \
	 .help = "When (RFC 3339). None: " ROUTE_ASK_TIME ", a Monday at "     \
		 "noon; for `POST /v1/routes/explain`: now.",                 \
	 .example = "2026-12-24T18:00:00+01:00"},                             \
	{"headers", CFG_MAP, CFG_ITEMS(st, in headers, in nheaders),          \
	 CFG_KEY(struct route_ask_header, name), .item = &header_item,        \
	 .max = 32, .help = "Headers of the request."},                       \
	{"health", CFG_MAP, CFG_ITEMS(st, in health, in nhealth),             \
	 CFG_KEY(struct route_ask_health, name), .item = &health_item,        \
	 .max = 100, .help = "Connections that are not up, and how they are."},\
	{"seed", CFG_INT, CFG_AT(st, in seed), .def = "0",                    \
	 .help = "Decides what is left to chance: another one may give "      \
		 "another order."}

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
	/* no ref: it may be a user of another tenant */
	.type = CFG_STRING, .size = sizeof(char *), .min = 1, .max = 64,
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
	{"callee", CFG_STRING, EXPECT(callee), .min = 1,
	 .max = ROUTE_NUMBER_MAX,
	 .help = "The number that is called there, after all was rewritten."},
	{"caller", CFG_STRING, EXPECT(caller), .min = 1,
	 .max = ROUTE_NUMBER_MAX, .help = "The number that calls."},
	{"headers", CFG_MAP,
	 CFG_ITEMS(struct route_expect, headers, nheaders),
	 CFG_KEY(struct route_ask_header, name), .item = &header_item,
	 .max = 32,
	 .help = "Headers that are added, and their values; an empty one is "
		 "taken away."},
	{"left_out", CFG_LIST,
	 CFG_ITEMS(struct route_expect, left_out, nleft_out),
	 .item = &left_item, .min = 1, .max = 16, .flags = CFG_F_ALONE,
	 .help = "Connections that are not tried, as they are not well."},
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
