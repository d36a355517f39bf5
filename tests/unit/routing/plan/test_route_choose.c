/*
 * test_route_choose.c  Connections and groups in a plan: what is left out
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_conn.h"
#include "tests/unit/routing/route_fixture.h"

static const char demo[] =
	"tenants:\n"
	"  t:\n"
	"    domains: '*'\n"
	"    realm: t\n"
	"    connections:\n"
	"      a: {kind: trunk, address: 192.0.2.1}\n"
	"      b: {kind: trunk, address: 192.0.2.2, answer_within: 1s}\n"
	"      c: {kind: trunk, address: 192.0.2.3}\n"
	"      d: {kind: trunk, address: 192.0.2.4, failover: {unhealthy: "
	"last}}\n"
	"    numbers: {n: {prefixes: {'+49': {cost: 1}}}}\n"
	"    dialing: {country_code: '49', national_prefix: '0'}\n"
	"    groups:\n"
	"      own: {order: priority, members: [{connection: d}, {connection: "
	"a}]}\n"
	"      skip: {order: priority, members: [{connection: d}, {connection: "
	"a}], failover: {unhealthy: skip}}\n"
	"      cheap: {order: least-cost, members: [{connection: a, rates: n}, "
	"{connection: b, rates: n}]}\n"
	"      all:\n"
	"        order: priority\n"
	"        members: [{connection: c, priority: 2}, {connection: a}, "
	"{connection: b, priority: 3}]\n"
	"        failover: {answer_within: 2s, try_within: 9s}\n"
	"    routes:\n"
	"      - {name: list, match: {prefix: '1'}, to: {connections: [a, b, "
	"c]}}\n"
	"      - {name: last, match: {prefix: '2'}, to: {connections: [a, b, "
	"c]}, failover: {unhealthy: last}}\n"
	"      - {name: group, match: {prefix: '3'}, to: {group: all}, "
	"failover: {try_within: 5s}}\n"
	"      - {name: own, match: {prefix: '4'}, to: {group: own}}\n"
	"      - {name: skip, match: {prefix: '5'}, to: {group: skip}}\n"
	"      - {name: over, match: {prefix: '6'}, to: {group: own}, failover: "
	"{unhealthy: skip}}\n"
	"      - {name: cheap, to: {group: cheap}}\n";

static struct route_plan plan;

/* Those whose letter stands in arg are down, in capitals: forced; behind a
 * colon: broken. */
static void health(struct route_health *health,
		   const struct route_connection *conn, void *arg)
{
	const char upper = (char)(conn->name[0] - 32);
	const char *colon = strchr(arg, ':');

	if (colon && strchr(colon, conn->name[0]))
		health->state = ROUTE_STATE_BROKEN;
	else if (strchr(arg, conn->name[0]))
		health->state = ROUTE_STATE_DOWN;
	else if (strchr(arg, upper))
		health->state = ROUTE_STATE_FORCED;
}

/* Targets, then "-", then what is left out. */
static const char *ask(const struct route_table *table, const char *callee,
		       const char *down)
{
	static char text[80];
	struct route_query query = {.tenant = route_tenant_at(table, 0),
				    .method = PL("INVITE"),
				    .healthh = health,
				    .arg = (void *)down};
	size_t n = 0;

	pl_set_str(&query.callee, callee);
	memset(&plan, 0xa5, sizeof(plan));
	CHECK_INT(route_decide(table, &query, &plan), 0);
	for (unsigned i = 0; i < plan.ntargets; i++)
		text[n++] = plan.targets[i].connection
				    ? plan.targets[i].connection->name[0]
				    : '!';
	text[n++] = '-';
	for (unsigned i = 0; i < plan.nleft; i++)
		text[n++] = plan.left[i].connection->name[0];
	text[n] = '\0';
	return text;
}

static void what_is_down_is_left_out(void)
{
	struct route_table *table = fixture_table(demo);
	char text[1000];

	CHECK_STR(fixture_errors, "");
	REQUIRE(table);
	CHECK_STR(ask(table, "1", ""), "abc-");
	CHECK_STR(ask(table, "1", "a"), "bc-a");
	re_snprintf(text, sizeof(text), "%H", route_plan_explain, &plan);
	CHECK(strstr(text, "\n  left out: connection \"a\" (trunk "
			   "192.0.2.1): down\n"));
	re_snprintf(text, sizeof(text), "%H", route_plan_json, &plan);
	CHECK(strstr(text, "],\"left_out\":[{\"connection\":\"a\",\"why\":"
			   "\"down\"}]}"));
	mem_deref(table);
}

static void what_may_be_well_is_tried_last_when_so_told(void)
{
	struct route_table *table = fixture_table(demo);

	REQUIRE(table);
	CHECK_STR(ask(table, "2", "a"), "bca-");
	CHECK_STR(ask(table, "2", "abc"), "abc-");
	CHECK_INT(plan.targets[0].health, ROUTE_STATE_DOWN);
	/* what an operator says is no doubt */
	CHECK_STR(ask(table, "2", "aB"), "ca-b");
	mem_deref(table);
}

static void where_only_calls_have_failed_is_tried_when_nothing_is_left(void)
{
	struct route_table *table = fixture_table(demo);

	REQUIRE(table);
	CHECK_STR(ask(table, "1", ":a"), "bc-a");
	CHECK_STR(ask(table, "1", ":abc"), "abc-");
	CHECK_INT(plan.targets[0].health, ROUTE_STATE_BROKEN);
	CHECK_STR(ask(table, "1", "aB:c"), "c-ab");
	CHECK_STR(ask(table, "3", ":ab"), "c-ab");
	CHECK_STR(ask(table, "3", "a:bc"), "cb-a");
	mem_deref(table);
}

static void nothing_up_is_told_with_a_time(void)
{
	struct route_table *table = fixture_table(demo);

	REQUIRE(table);
	CHECK_STR(ask(table, "1", "aBc"), "!-abc");
	CHECK_INT(plan.targets[0].code, 503);
	CHECK(plan.targets[0].retry_s > 0);
	CHECK_STR(route_note_code(&plan.notes[plan.considered - 1]),
		  "none-up");
	CHECK_STR(route_rule_name(plan.rule), "list");
	mem_deref(table);
}

static void a_group_has_its_own_order_and_limits(void)
{
	struct route_table *table = fixture_table(demo);

	REQUIRE(table);
	CHECK_STR(ask(table, "3", ""), "acb-");
	CHECK_STR(plan.targets[0].group->name, "all");
	/* the route's word, then the group's, then the connection's */
	CHECK_INT(plan.targets[2].limits.try_ms, 5000);
	CHECK_INT(plan.targets[2].limits.answer_ms, 2000);
	CHECK_STR(ask(table, "3", "a"), "cb-a");
	CHECK_STR(ask(table, "1", ""), "abc-");
	CHECK_INT(plan.targets[1].limits.answer_ms, 1000);
	mem_deref(table);
}

static void what_is_said_nearest_to_the_call_counts_in_groups_too(void)
{
	struct route_table *table = fixture_table(demo);

	CHECK_STR(fixture_errors, "");
	REQUIRE(table);
	CHECK_STR(ask(table, "4", "ad"), "d-a");
	CHECK_STR(ask(table, "4", "d"), "ad-");
	CHECK_STR(ask(table, "4", "aD"), "!-da");
	CHECK_STR(ask(table, "5", "ad"), "!-da");
	CHECK_STR(ask(table, "6", "ad"), "!-da");
	mem_deref(table);
}

static void a_number_without_rate_is_no_route_and_no_matter_of_time(void)
{
	struct route_table *table = fixture_table(demo);

	REQUIRE(table);
	CHECK_INT(strlen(ask(table, "+4930", "")), 3);
	CHECK_INT(plan.ntargets, 2);
	CHECK_STR(ask(table, "+4430", ""), "!-ab");
	CHECK_INT(plan.targets[0].code, 404);
	CHECK_INT(plan.targets[0].retry_s, 0);
	CHECK_STR(route_note_code(&plan.notes[plan.considered - 1]),
		  "no-rate");
	/* they are down, and have a rate */
	CHECK_STR(ask(table, "+4930", "ab"), "!-ab");
	CHECK_INT(plan.targets[0].code, 503);
	mem_deref(table);
}

TEST_MAIN(TEST(what_is_said_nearest_to_the_call_counts_in_groups_too),
	  TEST(a_number_without_rate_is_no_route_and_no_matter_of_time),
	  TEST(what_is_down_is_left_out),
	  TEST(what_may_be_well_is_tried_last_when_so_told),
	  TEST(where_only_calls_have_failed_is_tried_when_nothing_is_left),
	  TEST(nothing_up_is_told_with_a_time),
	  TEST(a_group_has_its_own_order_and_limits))
