/*
 * test_route_caller_id.c  Whom a connection is shown as the caller
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/route.h"
#include "routing/route_conn.h"
#include "tests/lib/test.h"

static const char *const numbers[] = {"+49301", "+49302"};
static const struct route_user alice = {.name = "alice",
					.numbers = (const char **)numbers,
					.nnumbers = 2};

static void shows(const struct route_caller_id *id,
		  const struct route_user *user, const char *given,
		  const char *preferred, const char *expected)
{
	struct pl from, wish = {NULL, 0}, number;

	pl_set_str(&from, given);
	if (preferred)
		pl_set_str(&wish, preferred);
	number = route_caller_id_number(id, user, &from, &wish);
	CHECK_INT(pl_strcmp(&number, expected), 0);
}

static void who_calls_is_shown_as_he_is(void)
{
	const struct route_caller_id id = {.show = ROUTE_SHOW_PASS};

	shows(&id, &alice, "alice", NULL, "alice");
	shows(&id, NULL, "+44", NULL, "+44");
}

static void a_user_may_choose_among_what_is_his(void)
{
	const struct route_caller_id id = {.show = ROUTE_SHOW_PASS};

	shows(&id, &alice, "alice", "+49302", "+49302");
	shows(&id, &alice, "alice", "+49303", "alice");
	shows(&id, NULL, "+44", "+49302", "+44");
}

static void a_user_is_shown_by_a_number_that_is_allowed(void)
{
	const char *allowed[] = {"+49302"};
	struct route_caller_id id = {.show = ROUTE_SHOW_USER};

	shows(&id, &alice, "alice", NULL, "+49301");
	id.allowed = allowed;
	id.nallowed = 1;
	id.number = "+49300";
	shows(&id, &alice, "alice", NULL, "+49302");
	shows(&id, &alice, "alice", "+49301", "+49302");
	shows(&id, NULL, "+44", NULL, "+49300");
}

static void what_is_not_allowed_is_shown_as_the_number(void)
{
	const char *allowed[] = {"+4930*", "110"};
	const struct route_caller_id id = {.show = ROUTE_SHOW_PASS,
					   .number = "+49300",
					   .allowed = allowed,
					   .nallowed = 2};

	shows(&id, NULL, "+49301234", NULL, "+49301234");
	shows(&id, NULL, "+4930", NULL, "+4930");
	shows(&id, NULL, "110", NULL, "110");
	shows(&id, NULL, "1101", NULL, "+49300");
	shows(&id, NULL, "+4931", NULL, "+49300");
	shows(&id, &alice, "alice", NULL, "+49300");
}

static void one_number_is_for_all_and_nobody_is_nobody(void)
{
	struct route_caller_id id = {.show = ROUTE_SHOW_NUMBER,
				     .number = "+49300"};

	shows(&id, &alice, "alice", "+49301", "+49300");
	id.show = ROUTE_SHOW_NOBODY;
	shows(&id, &alice, "alice", "+49301", "");
}

/* --- the file -------------------------------------------------------------- */

#define TENANT                                                             \
	"tenants: {demo: {domains: demo.test, realm: r, users: {a: "       \
	"{password: b}}, connections: {pbx: {kind: trunk, address: "       \
	"192.0.2.1, caller_id: "

static bool loads(const char *caller_id)
{
	struct cfg_errors *errs = NULL;
	struct route_table *table = NULL;
	char text[1024];
	int err;

	re_snprintf(text, sizeof(text), TENANT "%s}}}}\n", caller_id);
	CHECK(!cfg_errors_alloc(&errs));
	err = route_table_parse(&table, "t.yaml", text, strlen(text), errs);
	mem_deref(table);
	mem_deref(errs);
	return !err;
}

static void the_file_says_it(void)
{
	CHECK(loads("{}"));
	CHECK(loads("{show: number, number: '+49300'}"));
	CHECK(loads("{show: user, number: '1', allowed: ['+4930*', '12']}"));
	CHECK(loads("{allowed: '*', number: '1'}"));
	CHECK(loads("{display: none, header: remote-party-id}"));
}

static void what_cannot_be_shown_is_refused(void)
{
	CHECK(!loads("{show: number}"));
	CHECK(!loads("{allowed: ['+49*']}"));
	CHECK(!loads("{number: '1', allowed: ['+4*9']}"));
	CHECK(!loads("{show: nobody}"));
}

TEST_MAIN(TEST(who_calls_is_shown_as_he_is),
	  TEST(a_user_may_choose_among_what_is_his),
	  TEST(a_user_is_shown_by_a_number_that_is_allowed),
	  TEST(what_is_not_allowed_is_shown_as_the_number),
	  TEST(one_number_is_for_all_and_nobody_is_nobody),
	  TEST(the_file_says_it), TEST(what_cannot_be_shown_is_refused))
