/*
 * test_route_group.c  Groups as they stand in the file
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_conn.h"
#include "routing/route_group.h"
#include "tests/unit/routing/route_fixture.h"

#define BEGIN                                                         \
	"tenants:\n  t:\n    domains: [t.test]\n    realm: r\n"       \
	"    connections:\n"                                          \
	"      a: {kind: trunk, address: 192.0.2.1}\n"                \
	"      b: {kind: trunk, address: 192.0.2.2}\n"                \
	"    groups:\n"

static const struct route_group *group_g(const struct route_table *table)
{
	struct pl name = PL("g");

	return route_group_find(fixture_tenant(table, "t.test"), &name);
}

static void a_group_has_its_members_in_order(void)
{
	struct route_table *table = fixture_table(
		BEGIN "      g: {order: least-cost, members: ["
		      "{connection: b, priority: 3, weight: 9, cost: '0.0125'},"
		      "{connection: a, cost: 12}]}\n");
	const struct route_group *group = group_g(table);
	struct pl other = PL("h");

	REQUIRE(group != NULL);
	CHECK_STR(group->name, "g");
	CHECK_STR(route_order_name(group->order), "least-cost");
	CHECK_INT(group->nmembers, 2);
	CHECK_STR(group->members[0].conn->name, "b");
	CHECK_INT(group->members[0].priority, 3);
	CHECK_INT(group->members[0].weight, 9);
	CHECK_INT(group->members[0].cost, 12500);
	CHECK_INT(group->members[1].cost, 12000000);
	CHECK_INT(group->members[1].weight, 1);
	CHECK(!route_group_find(fixture_tenant(table, "t.test"), &other));
	CHECK(!route_group_find(NULL, &other));
	mem_deref(table);
}

static void without_words_it_is_by_priority_and_costs_nothing_known(void)
{
	struct route_table *table = fixture_table(
		BEGIN "      g: {members: [{connection: a}]}\n");
	const struct route_group *group = group_g(table);

	REQUIRE(group != NULL);
	CHECK_INT(group->order, ROUTE_BY_PRIORITY);
	CHECK(group->members[0].cost == ROUTE_COST_NONE);
	CHECK(!group->failover.set);
	mem_deref(table);
}

static void what_is_wrong_is_told(void)
{
	static const struct {
		const char *text, *why;
	} wrong[] = {
		{"{members: [{connection: c}]}", "no connection \"c\""},
		{"{members: [{connection: a}, {connection: a}]}",
		 "connection \"a\" of group \"g\" stands there twice"},
		{"{members: []}", "members"},
		{"{}", "members"},
		{"{members: [{connection: a, cost: '1.'}]}", "six decimals"},
		{"{members: [{connection: a, cost: '-1'}]}", "six decimals"},
		{"{members: [{connection: a, cost: '4001'}]}", "six decimals"},
		{"{members: [{connection: a, cost: '0.0000001'}]}",
		 "six decimals"},
		{"{order: cheapest, members: [{connection: a}]}",
		 "least-cost"},
		{"{members: [{connection: a, region: eu}]}", "region"},
		{"{members: [{connection: a}], failover: {codes: ['603']}}",
		 "no 6xx"},
	};
	char text[1024];

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		re_snprintf(text, sizeof(text), BEGIN "      g: %s\n",
			    wrong[i].text);
		if (!CHECK(strstr(fixture_errors_of(text), wrong[i].why)))
			CHECK_STR(fixture_errors, wrong[i].text);
	}
}

static void out_of_memory_is_an_error_and_no_leak(void)
{
	static const char text[] =
		BEGIN "      g: {failover: {codes: [5xx]}, members: ["
		      "{connection: a}, {connection: b, cost: '1.5'}]}\n";
	struct route_table *table = NULL;
	int err = route_table_parse(&table, "r.yaml", text, strlen(text),
				    NULL);

	CHECK(!err == (table != NULL));
	mem_deref(table);
}

TEST_MAIN(TEST(a_group_has_its_members_in_order),
	  TEST(without_words_it_is_by_priority_and_costs_nothing_known),
	  TEST(what_is_wrong_is_told),
	  TEST_OOM(out_of_memory_is_an_error_and_no_leak))
