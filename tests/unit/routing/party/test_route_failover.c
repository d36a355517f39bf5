/*
 * test_route_failover.c  Which refusals lead on, and whose word counts
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_conn.h"
#include "routing/route_group.h"
#include "tests/unit/routing/route_fixture.h"

#define BEGIN                                                             \
	"tenants:\n  t:\n    domains: [t.test]\n    realm: r\n"           \
	"    connections:\n"                                              \
	"      a: {kind: trunk, address: 192.0.2.1, answer_within: 3s, "  \
	"ring_within: 40s, failover: "
#define END                                                              \
	"}\n    routes:\n      - {name: a, to: {connection: a}}\n"

static const struct route_connection *conn_a(const struct route_table *table)
{
	struct pl name = PL("a");

	return route_connection_find(fixture_tenant(table, "t.test"), &name);
}

static struct route_limits limits_of(struct route_table **tablep,
				     const char *text)
{
	struct route_limits limits = {.tries = 99};
	char all[2048];

	re_snprintf(all, sizeof(all), "%s%s%s", BEGIN, text, END);
	*tablep = fixture_table(all);
	CHECK_STR(fixture_errors, "");
	if (*tablep)
		route_limits_set(&limits, NULL, NULL, conn_a(*tablep));
	return limits;
}

static void what_cannot_do_the_work_is_left_and_what_was_said_is_not(void)
{
	static const uint16_t next[] = {408, 430, 500, 502, 503, 504, 599};
	static const uint16_t stop[] = {400, 401, 403, 404, 407, 410, 480,
					482, 484, 486, 487, 488, 600, 603,
					604, 606, 302, 200, 0, 700, 65535};
	const struct route_limits none = {.tries = 0};
	struct route_table *table = NULL;
	struct route_limits limits = limits_of(&table, "{}");

	for (size_t i = 0; i < ARRAY_SIZE(next); i++)
		CHECK(route_limits_next(&limits, next[i]) &&
		      route_limits_next(&none, next[i]));
	for (size_t i = 0; i < ARRAY_SIZE(stop); i++)
		CHECK(!route_limits_next(&limits, stop[i]) &&
		      !route_limits_next(&none, stop[i]));
	mem_deref(table);
}

static void named_codes_are_all_there_are(void)
{
	struct route_table *table = NULL;
	struct route_limits limits = limits_of(
		&table, "{codes: [404, 500-502, 503], never: '501'}");

	CHECK(route_limits_next(&limits, 404));
	CHECK(route_limits_next(&limits, 500));
	CHECK(!route_limits_next(&limits, 501));
	CHECK(route_limits_next(&limits, 502));
	CHECK(route_limits_next(&limits, 503));
	CHECK(!route_limits_next(&limits, 504));
	CHECK(!route_limits_next(&limits, 408));
	mem_deref(table);
}

static void never_alone_takes_from_the_usual(void)
{
	struct route_table *table = NULL;
	struct route_limits limits = limits_of(&table, "{never: [500]}");

	CHECK(!route_limits_next(&limits, 500));
	CHECK(route_limits_next(&limits, 503));
	CHECK(route_limits_next(&limits, 408));
	mem_deref(table);
}

static void a_class_has_no_challenges_and_no_cancellation(void)
{
	struct route_table *table = NULL;
	struct route_limits limits = limits_of(&table, "{codes: [4xx]}");

	CHECK(route_limits_next(&limits, 400));
	CHECK(route_limits_next(&limits, 499));
	CHECK(!route_limits_next(&limits, 401));
	CHECK(!route_limits_next(&limits, 407));
	CHECK(!route_limits_next(&limits, 487));
	CHECK(!route_limits_next(&limits, 500));
	mem_deref(table);
}

static void what_is_no_code_is_refused(void)
{
	static const struct {
		const char *code, *why;
	} wrong[] = {
		{"603", "no 6xx"},   {"5x", "3 to 7"},
		{"6xx", "a code"},   {"500-700", "no 6xx"},
		{"504-500", "a code"}, {"302", "a code"},
		{"401", "none of 401"}, {"487", "none of 401"},
		{"5xxx", "a code"}, {"50-500", "a code"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char text[1024];

		re_snprintf(text, sizeof(text), "%s{codes: ['%s']}%s", BEGIN,
			    wrong[i].code, END);
		if (!CHECK(strstr(fixture_errors_of(text), wrong[i].why)))
			CHECK_STR(fixture_errors, wrong[i].code);
	}
}

static void the_route_counts_before_the_group_and_that_before_the_rest(void)
{
	const struct route_failover route = {.ring_ms = 1, .try_ms = 11};
	const struct route_failover group = {
		.ring_ms = 2, .total_ms = 22, .tries = 2,
		.unhealthy = ROUTE_UNHEALTHY_LAST};
	struct route_table *table = NULL;
	struct route_limits limits = limits_of(
		&table, "{answer_within: 333ms, total_within: 33s, tries: 3, "
			"unhealthy: skip, codes: [486]}");

	CHECK_INT(limits.answer_ms, 333);
	CHECK_INT(limits.try_ms, 40000);
	CHECK(!limits.doubtful);
	if (table)
		route_limits_set(&limits, &route, &group, conn_a(table));
	CHECK_INT(limits.ring_ms, 1);
	CHECK_INT(limits.try_ms, 11);
	CHECK_INT(limits.total_ms, 22);
	CHECK_INT(limits.tries, 2);
	CHECK_INT(limits.answer_ms, 333);
	CHECK(limits.doubtful);
	CHECK(route_limits_next(&limits, 486));
	mem_deref(table);
}

static void what_is_not_said_is_as_it_was(void)
{
	struct route_table *table = NULL;
	struct route_limits limits = limits_of(&table, "{when: silent}");

	CHECK_INT(limits.answer_ms, 3000);
	CHECK_INT(limits.try_ms, 40000);
	CHECK_INT(limits.ring_ms, 0);
	CHECK_INT(limits.tries, 0);
	CHECK(route_limits_when(&limits, ROUTE_SILENT));
	CHECK(!route_limits_when(&limits, ROUTE_UNREACHABLE));
	CHECK(!route_limits_when(&limits, ROUTE_UNANSWERED));
	route_limits_set(&limits, NULL, NULL, NULL);
	CHECK(route_limits_when(&limits, ROUTE_UNREACHABLE));
	CHECK(route_limits_when(&limits, ROUTE_UNANSWERED));
	mem_deref(table);
}

TEST_MAIN(TEST(what_cannot_do_the_work_is_left_and_what_was_said_is_not),
	  TEST(named_codes_are_all_there_are),
	  TEST(never_alone_takes_from_the_usual),
	  TEST(a_class_has_no_challenges_and_no_cancellation),
	  TEST(what_is_no_code_is_refused),
	  TEST(the_route_counts_before_the_group_and_that_before_the_rest),
	  TEST(what_is_not_said_is_as_it_was))
