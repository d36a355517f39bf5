/*
 * test_invite_why.c  Why a call goes there fits its record
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "routing/route.h"
#include "sigd/proxy/invite/invite_why.h"
#include "tests/lib/test.h"

static struct route_table *table_of(unsigned rules, const char *name)
{
	struct route_table *table = NULL;
	struct mbuf *mb = mbuf_alloc(8192);

	if (!mb)
		return NULL;
	(void)mbuf_printf(mb, "tenants:\n  t:\n    domains: [a]\n    realm: r\n"
			      "    routes:\n");
	for (unsigned i = 0; i < rules; i++)
		(void)mbuf_printf(mb,
				  "      - {name: %s%u, match: {method: INFO}, "
				  "to: {service: tone}}\n",
				  name, i);
	(void)mbuf_printf(mb, "      - {name: last, to: {service: echo}}\n");
	CHECK(!route_table_parse(&table, "a-long-name-of-a-file.yaml",
				 (char *)mb->buf, mb->end, NULL));
	mem_deref(mb);
	return table;
}

static void ask(char why[CALL_WHY_MAX + 1], unsigned rules, const char *name)
{
	struct route_table *table = table_of(rules, name);
	struct route_query query = {.tenant = route_tenant_at(table, 0),
				    .method = PL("INVITE"),
				    .caller = PL("alice"),
				    .callee = PL("bob")};
	struct route_plan *plan = mem_zalloc(sizeof(*plan), NULL);

	*why = '\0';
	if (table && plan) {
		CHECK(!route_decide(table, &query, plan));
		memset(why, 'x', CALL_WHY_MAX + 1);
		invite_why(why, plan);
	}
	mem_deref(plan);
	mem_deref(table);
}

static void a_short_one_is_whole(void)
{
	char why[CALL_WHY_MAX + 1];

	ask(why, 1, "r");
	CHECK_STR(why, "INVITE from \"alice\" to \"bob\", tenant \"t\"\n"
		       "  1. route \"r0\" (a-long-name-of-a-file.yaml:6): the "
		       "method \"INVITE\" is not INFO\n"
		       "  2. route \"last\" (a-long-name-of-a-file.yaml:7): "
		       "matches\n"
		       "  result: service echo\n");
}

static void of_a_long_one_question_and_result_stay(void)
{
	static const char head[] = "INVITE from \"alice\" to \"bob\", tenant "
				   "\"t\"\n  ...\n  ";
	char why[CALL_WHY_MAX + 1];

	ask(why, 31, "a-rule-with-a-name-");
	CHECK(strlen(why) <= CALL_WHY_MAX && strlen(why) > CALL_WHY_MAX - 200);
	CHECK(!strncmp(why, head, strlen(head)));
	CHECK(strstr(why, "  32. route \"last\" "));
	CHECK(strstr(why, "\n  result: service echo\n"));
}

TEST_MAIN(TEST(a_short_one_is_whole),
	  TEST(of_a_long_one_question_and_result_stay))
