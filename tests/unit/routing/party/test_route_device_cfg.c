/*
 * test_route_device_cfg.c  Where the devices of a tenant register
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_conn.h"
#include "tests/unit/routing/route_fixture.h"

#define TENANT(lines)                                             \
	"tenants:\n  t:\n    domains: [t.test]\n    realm: t\n" lines \
	"    connections:\n"                                      \
	"      pbx: {kind: trunk, address: 192.0.2.1}\n"          \
	"      in: {kind: inbound, username: x, password: y}\n"

static void a_forwarded_tenant_calls_through_its_pbx(void)
{
	struct route_table *table = fixture_table(TENANT(
		"    registration: forwarded\n    registrar: pbx\n"));
	const struct route_tenant *tenant = fixture_tenant(table, "t.test");
	struct route_query query = {.tenant = tenant,
				    .method = PL("INVITE"),
				    .caller = PL("1"),
				    .callee = PL("2")};
	struct route_plan plan;
	char text[512];

	CHECK_STR(fixture_errors, "");
	REQUIRE(tenant);
	CHECK(route_forwards_to(tenant, &tenant->connections[0]) !=
	      route_forwards_to(tenant, &tenant->connections[1]));
	CHECK_INT(route_decide(table, &query, &plan), 0);
	CHECK_INT(plan.targets[0].kind, ROUTE_TO_CONNECTION);
	CHECK_STR(plan.targets[0].connection->name, "pbx");
	re_snprintf(text, sizeof(text), "%H", route_plan_explain, &plan);
	CHECK(strstr(text, "the tenant's PBX has them"));
	/* what the PBX asks for does not go back to it */
	query.from = tenant->registration.pbx;
	CHECK_INT(route_decide(table, &query, &plan), 0);
	CHECK_INT(plan.targets[0].kind, ROUTE_TO_REJECT);
	mem_deref(table);
}

static void a_registrar_is_a_trunk_of_the_tenant(void)
{
	CHECK(strstr(fixture_errors_of(TENANT("    registration: forwarded\n")),
		     "registrar of tenant \"t\" is missing"));
	CHECK(strstr(fixture_errors_of(TENANT(
			     "    registration: forwarded\n"
			     "    registrar: nobody\n")),
		     "there is no connection \"nobody\""));
	CHECK(strstr(fixture_errors_of(TENANT(
			     "    registration: forwarded\n"
			     "    registrar: in\n")),
		     "is not of kind trunk"));
	CHECK(strstr(fixture_errors_of(TENANT("    registrar: pbx\n")),
		     "`registration: forwarded` alone"));
	CHECK_STR(route_reg_mode_name(ROUTE_REG_FORWARDED), "forwarded");
	CHECK_STR(route_device_source_name(ROUTE_DEVICE_LEARN), "learn-once");
	CHECK_STR(route_ring_name(ROUTE_RING_ALL), "all");
}

TEST_MAIN(TEST(a_forwarded_tenant_calls_through_its_pbx),
	  TEST(a_registrar_is_a_trunk_of_the_tenant))
