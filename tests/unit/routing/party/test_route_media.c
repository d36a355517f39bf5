/*
 * test_route_media.c  Named choices of codecs, and who has which
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/route_conn.h"
#include "routing/route_media.h"
#include "tests/unit/routing/route_fixture.h"

#define ONE "tenants:\n  t:\n    domains: [t.test]\n    realm: t\n"
#define TRUNK "    connections:\n      c: {kind: trunk, address: a"

static void a_policy_says_what_it_says(void)
{
	struct route_table *table = fixture_table(
		ONE "    media_policies:\n      ours:\n        order: quality\n"
		    "        codecs: [opus, G722, PCMA]\n        ptime: 40\n"
		    "        comfort_noise: true\n        opus: {bitrate: 32000, "
		    "effort: high, narrow: true, dtx: always}\n" TRUNK
		    ", media_policy: ours}\n");
	const struct route_tenant *tenant = fixture_tenant(table, "t.test");
	const struct route_media_policy *policy;

	CHECK_STR(fixture_errors, "");
	REQUIRE(tenant);
	policy = tenant->connections[0].media.policy;
	REQUIRE(policy);
	CHECK_STR(policy->name, "ours");
	CHECK_INT(policy->order, ROUTE_ORDER_QUALITY);
	CHECK_STR(policy->codecs, "opus,G722,PCMA");
	CHECK_INT(policy->ptime, 40);
	CHECK(policy->noise && policy->opus.narrow);
	CHECK_INT(policy->opus.bitrate, 32000);
	CHECK_INT(policy->opus.effort, ROUTE_EFFORT_HIGH);
	CHECK_INT(policy->opus.dtx, ROUTE_DTX_ALWAYS);
	CHECK_STR(tenant->connections[0].media.codecs, "");
	mem_deref(table);
}

static void some_are_always_there(void)
{
	static const char *const names[] = {"usual", "prefer-passthrough",
					    "best-quality", "low-cost"};
	struct route_table *table = fixture_table(ONE TRUNK "}\n");
	const struct route_tenant *tenant = fixture_tenant(table, "t.test");

	REQUIRE(tenant);
	CHECK(!tenant->connections[0].media.policy);
	for (unsigned i = 0; i < 4; i++) {
		const struct route_media_policy *policy =
			route_media_policy_find(tenant, names[i]);

		REQUIRE(policy);
		CHECK_STR(policy->name, names[i]);
		CHECK(policy->opus.dtx && policy->opus.effort);
	}
	CHECK(!route_media_policy_find(tenant, "none-of-these"));
	CHECK(!route_media_policy_find(tenant, NULL));
	mem_deref(table);
}

static void a_user_has_its_own_else_that_of_the_devices(void)
{
	struct route_table *table = fixture_table(
		ONE "    devices: {media_policy: best-quality}\n"
		    "    users:\n      anna: {password: x, media_policy: "
		    "low-cost}\n      ben: {password: x}\n");
	const struct route_tenant *tenant = fixture_tenant(table, "t.test");

	CHECK_STR(fixture_errors, "");
	REQUIRE(tenant);
	CHECK_STR(route_media_policy_of(tenant, "anna")->name, "low-cost");
	CHECK_STR(route_media_policy_of(tenant, "ben")->name, "best-quality");
	/* of one who is in Redis alone, too */
	CHECK_STR(route_media_policy_of(tenant, "carl")->name, "best-quality");
	mem_deref(table);
}

static void refused(const char *text, const char *with)
{
	struct route_table *table = fixture_table(text);

	CHECK(!table);
	if (!CHECK(strstr(fixture_errors, with) != NULL))
		printf("# %s\n", fixture_errors);
	mem_deref(table);
}

static void mistakes_are_told_with_their_place(void)
{
	refused(ONE TRUNK ", media_policy: low_cost}\n", ":6:50: ");
	refused(ONE TRUNK ", media_policy: low_cost}\n", "media policy");
	refused(ONE "    media_policies:\n      ours: {order: qualty}\n",
		":6:21: ");
	refused(ONE "    media_policies:\n      ours: {codecs: [PCMU, PCMU]}\n",
		"has a codec twice");
	refused(ONE "    media_policies:\n      low-cost: {order: cost}\n",
		"always there");
	refused(ONE "    media_policies:\n      ours: {ptime: 5}\n", "10");
}

TEST_MAIN(TEST(a_policy_says_what_it_says), TEST(some_are_always_there),
	  TEST(a_user_has_its_own_else_that_of_the_devices),
	  TEST(mistakes_are_told_with_their_place))
