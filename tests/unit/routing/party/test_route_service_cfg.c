/*
 * test_route_service_cfg.c  Music, ring-back, recordings, forks and
 *                           announcements in a table
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/route_conn.h"
#include "tests/unit/routing/route_fixture.h"

#define ONE "tenants:\n  t:\n    domains: [t.test]\n    realm: t\n"

static void a_connection_says_what_its_tenant_does_not(void)
{
	struct route_table *table = fixture_table(
		ONE "    music: jazz\n    ringback: ring-de\n"
		    "    record: always\n    connections:\n"
		    "      c: {kind: trunk, address: a, music: bach,"
		    " record: never, fork: ears}\n"
		    "      d: {kind: trunk, address: b}\n");
	const struct route_tenant *tenant = fixture_tenant(table, "t.test");
	struct route_services of;

	CHECK_STR(fixture_errors, "");
	REQUIRE(tenant);
	of = route_services_of(tenant, &tenant->connections[0]);
	CHECK_STR(of.music, "bach");
	CHECK_STR(of.ringback, "ring-de");
	CHECK_STR(of.fork, "ears");
	CHECK_INT(of.record, ROUTE_RECORD_NEVER);
	of = route_services_of(tenant, &tenant->connections[1]);
	CHECK_STR(of.music, "jazz");
	CHECK(!of.fork);
	CHECK_INT(of.record, ROUTE_RECORD_ALWAYS);
	of = route_services_of(tenant, NULL);
	CHECK_STR(of.music, "jazz");
	of = route_services_of(NULL, NULL);
	CHECK(!of.music && !of.ringback && !of.fork);
	mem_deref(table);
}

static void an_announcement_is_a_target(void)
{
	struct route_table *table = fixture_table(
		ONE "    failure: {sound: busy}\n    routes:\n"
		    "      - name: night\n        record: always\n"
		    "        to: {announcement: {sound: closed, times: 2,"
		    " code: 486}}\n");
	const struct route_tenant *tenant = fixture_tenant(table, "t.test");
	struct route_query query = {.tenant = tenant,
				    .callee = PL("100"),
				    .caller = PL("alice")};
	struct route_plan plan;
	char text[2000];

	CHECK_STR(fixture_errors, "");
	REQUIRE(tenant);
	CHECK_STR(tenant->failure->sound, "busy");
	CHECK_INT(route_decide(table, &query, &plan), 0);
	CHECK_INT(plan.targets[0].kind, ROUTE_TO_SERVICE);
	CHECK_INT(plan.targets[0].service, ROUTE_ANNOUNCEMENT);
	CHECK_STR(plan.targets[0].announcement->sound, "closed");
	CHECK_INT(plan.targets[0].announcement->times, 2);
	CHECK_INT(plan.targets[0].announcement->code, 486);
	CHECK(!plan.targets[0].announcement->answer);
	CHECK_INT(plan.record, ROUTE_RECORD_ALWAYS);
	re_snprintf(text, sizeof(text), "%H", route_plan_explain, &plan);
	CHECK(strstr(text, "announcement closed"));
	re_snprintf(text, sizeof(text), "%H", route_plan_json, &plan);
	CHECK(strstr(text, "\"announcement\":\"closed\""));
	mem_deref(table);
}

static void a_name_is_no_path(void)
{
	CHECK(!fixture_table(ONE "    music: ../etc/passwd\n"));
	CHECK(strstr(fixture_errors, "music"));
	CHECK(!fixture_table(ONE "    failure: {sound: \"a b\"}\n"));
	CHECK(strstr(fixture_errors, "sound"));
}

TEST_MAIN(TEST(a_connection_says_what_its_tenant_does_not),
	  TEST(an_announcement_is_a_target), TEST(a_name_is_no_path))
