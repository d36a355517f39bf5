/*
 * test_route_line.c  Lines of users at a connection
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/route.h"
#include "routing/route_conn.h"
#include "routing/route_line.h"
#include "tests/lib/test.h"

#define TABLE(upstream)                                                        \
	"tenants:\n"                                                           \
	"  demo:\n"                                                            \
	"    domains: [demo.test]\n"                                           \
	"    realm: r\n"                                                       \
	"    users:\n"                                                         \
	"      alice: {password: a, upstream: " upstream "}\n"                 \
	"      bob: {password: b}\n"                                           \
	"    connections:\n"                                                   \
	"      pbx: {kind: register, address: pbx.test, realm: there}\n"       \
	"      trunk: {kind: trunk, address: 192.0.2.1}\n"                     \
	"    routes:\n"                                                        \
	"      - {name: in, match: {callee: x, from: pbx}, to: {user: bob}}\n" \
	"      - {name: out, match: {callee: '0.*'}, to: {connections: "       \
	"[trunk, pbx]}}\n"

static int load(struct route_table **tp, const char *text)
{
	struct cfg_errors *errs = NULL;
	int err;

	CHECK(!cfg_errors_alloc(&errs));
	err = route_table_parse(tp, "t.yaml", text, strlen(text), errs);
	mem_deref(errs);
	return err;
}

static const struct route_connection *line(const struct route_table *table)
{
	struct pl name = PL("alice");

	return route_user_find(route_tenant_at(table, 0), &name)->line->as;
}

static void a_line_is_its_connection_with_another_login(void)
{
	struct route_table *table = NULL;
	const struct route_connection *as;

	REQUIRE(!load(&table, TABLE("{connection: pbx, username: '300', "
				    "password: p}")));
	as = line(table);
	CHECK_STR(as->name, "pbx");
	CHECK_STR(as->login.username, "300");
	CHECK_STR(as->login.realm, "there");
	CHECK_STR(as->from_user, "300");
	CHECK_STR(as->peer.domain, "pbx.test");
	CHECK_STR(as->user->name, "alice");
	CHECK(as->base && !as->base->user && !as->base->login.username);
	mem_deref(table);
}

static void decide(struct route_plan *plan, const struct route_table *table,
		   const char *caller, const struct route_connection *from)
{
	struct route_query query = {.tenant = route_tenant_at(table, 0),
				    .from = from, .method = PL("INVITE")};

	pl_set_str(&query.caller, caller);
	pl_set_str(&query.callee, from ? "x" : "012");
	CHECK_INT(route_decide(table, &query, plan), 0);
}

static void who_has_a_line_calls_by_it(void)
{
	struct route_table *table = NULL;
	struct route_plan plan;

	REQUIRE(!load(&table, TABLE("{connection: pbx, username: '300', "
				    "password: p, register: always}")));
	decide(&plan, table, "alice", NULL);
	CHECK_INT(plan.ntargets, 2);
	CHECK(!plan.targets[0].connection->user);
	CHECK(plan.targets[1].connection == line(table));
	decide(&plan, table, "bob", NULL);
	CHECK(plan.targets[1].connection == line(table)->base);
	/* what comes by a line comes from its connection */
	decide(&plan, table, "444", line(table));
	CHECK_INT(plan.targets[0].kind, ROUTE_TO_USER);
	CHECK_STR(plan.targets[0].user->name, "bob");
	CHECK(plan.from == line(table)->base);
	mem_deref(table);
}

static void a_line_is_at_a_connection_that_registers(void)
{
	struct route_table *table = NULL;

	CHECK_INT(load(&table, TABLE("{connection: trunk, username: a, "
				     "password: p}")),
		  EINVAL);
	CHECK_INT(load(&table, TABLE("{connection: none, username: a, "
				     "password: p}")),
		  EINVAL);
	CHECK_INT(load(&table, TABLE("{connection: pbx, username: a}")),
		  EINVAL);
	CHECK(!table);
}

TEST_MAIN(TEST(a_line_is_its_connection_with_another_login),
	  TEST(who_has_a_line_calls_by_it),
	  TEST(a_line_is_at_a_connection_that_registers))
