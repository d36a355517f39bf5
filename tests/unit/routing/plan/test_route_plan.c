/*
 * test_route_plan.c  Decisions: which rule, which target, and why
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_conn.h"
#include "tests/lib/naughty.h"
#include "tests/unit/routing/route_fixture.h"

static const char demo[] =
	"tenants:\n"
	"  demo:\n"
	"    domains: [demo.example]\n"
	"    realm: demo\n"
	"    users:\n"
	"      alice: {password: a}\n"
	"      bob: {password: b}\n"
	"      echo: {password: e}\n"
	"      u301: {password: u}\n"
	"    routes:\n"
	"      - {name: echo, match: {callee: 'echo|\\*43'}, to: {service: "
	"echo}}\n"
	"      - {name: im, match: {method: [MESSAGE, SUBSCRIBE], callee: "
	"im-.*}, to: {user: alice}}\n"
	"      - {name: boss, match: {caller: bob, callee: boss}, to: {user: "
	"alice}}\n"
	"      - {name: ext, match: {callee: '7([0-9]{3})'}, to: {user: "
	"\"u\\\\1\"}}\n"
	"      - {name: premium, match: {callee: '0900.*'}, to: {reject: "
	"{code: 603, reason: Not from here}}}\n"
	"      - {name: closed, match: {callee: '0901.*'}, to: {reject: {}}}\n"
	"      - {name: odd, match: {callee: '0902.*'}, to: {reject: {code: "
	"499}}}\n"
	"      - {name: evil, match: {callee: '(a+)+$'}, to: {service: "
	"tone}}\n"
	"      - {name: milli, match: {callee: mw, method: INVITE}, to: "
	"{service: milliwatt}}\n"
	"  other:\n"
	"    domains: [other.example]\n"
	"    realm: other\n"
	"    users: {carol: {password: c}}\n";

static struct route_plan plan;

/* The first target in a word; "" when there is not exactly one. */
static const char *ask(const struct route_table *table, const char *method,
		       const char *caller, const char *callee)
{
	static char text[160];
	struct route_query query = {
		.tenant = fixture_tenant(table, "demo.example")};
	const struct route_target *target = &plan.targets[0];

	pl_set_str(&query.method, method);
	pl_set_str(&query.caller, caller);
	pl_set_str(&query.callee, callee);
	memset(&plan, 0xa5, sizeof(plan));
	CHECK_INT(route_decide(table, &query, &plan), 0);
	if (plan.ntargets != 1)
		return "";
	if (target->kind == ROUTE_TO_USER)
		re_snprintf(text, sizeof(text), "user %s", target->user->name);
	else if (target->kind == ROUTE_TO_SERVICE)
		re_snprintf(text, sizeof(text), "service %s",
			    route_service_name(target->service));
	else
		re_snprintf(text, sizeof(text), "%u %s (%s)", target->code,
			    target->phrase, status_text(target->status));
	return text;
}

static enum route_why last_why(void)
{
	return plan.notes[(plan.considered - 1) % ROUTE_NOTES_MAX].why;
}

static void first_rule_that_matches_decides(void)
{
	struct route_table *table = fixture_table(demo);

	CHECK_STR(fixture_errors, "");
	REQUIRE(table);
	/* there is a user of that name, too */
	CHECK_STR(ask(table, "INVITE", "alice", "echo"), "service echo");
	CHECK_STR(route_rule_name(plan.rule), "echo");
	CHECK_INT(plan.considered, 1);
	CHECK_INT(last_why(), ROUTE_WHY_MATCH);
	CHECK_STR(ask(table, "INVITE", "alice", "*43"), "service echo");
	CHECK_STR(ask(table, "INVITE", "alice", "mw"), "service milliwatt");
	CHECK_STR(ask(table, "OPTIONS", "alice", "mw"),
		  "404 Not Found (no-route)");
	mem_deref(table);
}

static void users_are_the_last_step(void)
{
	struct route_table *table = fixture_table(demo);

	REQUIRE(table);
	CHECK_STR(ask(table, "INVITE", "alice", "bob"), "user bob");
	CHECK(!plan.rule);
	CHECK_INT(plan.considered, 10);
	CHECK_INT(last_why(), ROUTE_WHY_USER);
	CHECK_STR(ask(table, "INVITE", "alice", "Bob"),
		  "404 Not Found (no-route)");
	CHECK_INT(last_why(), ROUTE_WHY_NOBODY);
	CHECK_STR(ask(table, "INVITE", "alice", ""),
		  "404 Not Found (no-route)");
	mem_deref(table);
}

static void users_of_another_tenant_are_nobody(void)
{
	struct route_table *table = fixture_table(demo);

	REQUIRE(table);
	CHECK_STR(ask(table, "INVITE", "alice", "carol"),
		  "404 Not Found (no-route)");
	mem_deref(table);
}

static void a_rule_names_the_methods_that_it_lists(void)
{
	struct route_table *table = fixture_table(demo);
	const struct pl message = PL("MESSAGE"), refer = PL("REFER");

	REQUIRE(table);
	CHECK_STR(ask(table, "MESSAGE", "bob", "im-1"), "user alice");
	CHECK(route_rule_names(plan.rule, &message));
	CHECK(!route_rule_names(plan.rule, &refer));
	/* for any is not by name */
	(void)ask(table, "REFER", "bob", "echo");
	CHECK(plan.rule && !route_rule_names(plan.rule, &refer));
	CHECK(!route_rule_names(NULL, &refer));
	mem_deref(table);
}

static void method_caller_and_callee_must_all_match(void)
{
	struct route_table *table = fixture_table(demo);

	REQUIRE(table);
	CHECK_STR(ask(table, "MESSAGE", "bob", "im-x"), "user alice");
	CHECK_STR(ask(table, "SUBSCRIBE", "bob", "im-x"), "user alice");
	CHECK_STR(ask(table, "INVITE", "bob", "im-x"),
		  "404 Not Found (no-route)");
	CHECK_STR(route_note_code(&plan.notes[1]), "method");
	CHECK_STR(ask(table, "message", "bob", "im-x"),
		  "404 Not Found (no-route)");
	CHECK_STR(ask(table, "X-OTHER", "bob", "im-x"),
		  "404 Not Found (no-route)");
	CHECK_STR(ask(table, "X-OTHER", "bob", "echo"), "service echo");
	CHECK_STR(ask(table, "INVITE", "bob", "boss"), "user alice");
	CHECK_STR(ask(table, "INVITE", "alice", "boss"),
		  "404 Not Found (no-route)");
	CHECK_STR(route_note_code(&plan.notes[2]), "caller");
	CHECK_STR(ask(table, "INVITE", "bob", "bos"),
		  "404 Not Found (no-route)");
	CHECK_STR(route_note_code(&plan.notes[2]), "callee");
	mem_deref(table);
}

static void captures_name_the_user(void)
{
	struct route_table *table = fixture_table(demo);

	REQUIRE(table);
	CHECK_STR(ask(table, "INVITE", "alice", "7301"), "user u301");
	CHECK_STR(plan.user, "u301");
	CHECK_STR(ask(table, "INVITE", "alice", "7302"),
		  "404 Not Found (unknown-user)");
	CHECK_STR(plan.user, "u302");
	CHECK_INT(last_why(), ROUTE_WHY_BAD_USER);
	CHECK_STR(route_rule_name(plan.rule), "ext");
	mem_deref(table);
}

#define REDIS                                                                \
	"tenants:\n  t:\n    domains: [demo.example]\n    realm: r\n"       \
	"    users: {alice: {password: x}}\n"                                \
	"    users_in_redis: true\n    routes:\n"                           \
	"      - {name: cut, match: {callee: '9(.*)'}, rewrite: {callee: "   \
	"{set: '${1}'}, caller_id: withhold, headers: {add: {X-A: b}}}, "    \
	"to: {continue: true}}\n"                                           \
	"      - {name: ext, match: {callee: '7(.*)'}, to: {user: 'u${1}'}}\n" \
	"      - {name: fix, match: {callee: '6'}, to: {user: carol}}\n"     \
	"      - {name: dev, match: {callee: '5'}, to: {device: {user: "     \
	"carol, instance: 'urn:x'}}}\n"

static void who_stands_in_redis_is_a_target_with_all_that_was_rewritten(void)
{
	struct route_table *table = fixture_table(REDIS);
	const struct route_target *to = &plan.targets[0];
	char *text = NULL;

	REQUIRE(table);
	CHECK_STR(ask(table, "INVITE", "alice", "bob"),
		  "user bob");
	CHECK(!to->form && route_target_is_guest(to, &plan));
	CHECK_STR(ask(table, "INVITE", "alice", "9bob"),
		  "user bob");
	REQUIRE(to->form);
	CHECK_STR(to->user->name, "bob");
	CHECK(!pl_strcmp(&to->form->callee, "bob"));
	CHECK_INT(to->form->caller_id, ROUTE_CALLER_WITHHOLD);
	CHECK_INT(to->form->nheaders, 1);
	CHECK_INT(last_why(), ROUTE_WHY_REDIS);
	CHECK_STR(ask(table, "INVITE", "alice", "7301"),
		  "user u301");
	CHECK_STR(ask(table, "INVITE", "bob", "6"),
		  "user carol");
	CHECK_STR(ask(table, "INVITE", "bob", "5"),
		  "user carol");
	CHECK(!re_sdprintf(&text, "%H", route_plan_json, &plan) &&
	      strstr(text, "{\"user\":\"carol\",\"if\":\"redis\""));
	text = mem_deref(text);
	CHECK(!re_sdprintf(&text, "%H", route_plan_explain, &plan) &&
	      strstr(text, "device of user \"carol\" urn:x, if Redis has it"));
	CHECK_STR(ask(table, "INVITE", "bob", "alice"), "user alice");
	CHECK(!route_target_is_guest(to, &plan));
	/* what cannot be a name */
	CHECK_STR(ask(table, "INVITE", "bob", ""), "404 Not Found (no-route)");
	text = mem_deref(text);
	CHECK(!re_sdprintf(&text, "%H", route_plan_explain, &plan) &&
	      strstr(text, "404 Not Found"));
	mem_deref(text);
	mem_deref(table);
}

static void rejections_have_code_and_phrase(void)
{
	struct route_table *table = fixture_table(demo);

	REQUIRE(table);
	CHECK_STR(ask(table, "INVITE", "alice", "09001"),
		  "603 Not from here (route-rejected)");
	CHECK_STR(ask(table, "INVITE", "alice", "0901"),
		  "403 Forbidden (route-rejected)");
	CHECK_STR(ask(table, "INVITE", "alice", "0902"),
		  "499 Rejected (route-rejected)");
	mem_deref(table);
}

static void pattern_that_gives_up_rejects(void)
{
	struct route_table *table = fixture_table(demo);

	REQUIRE(table);
	CHECK_STR(ask(table, "INVITE", "alice",
		      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
		  "service tone");
	CHECK_STR(ask(table, "INVITE", "alice",
		      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"),
		  "403 Forbidden (route-rejected)");
	CHECK_INT(last_why(), ROUTE_WHY_GAVE_UP);
	CHECK_STR(route_rule_name(plan.rule), "evil");
	mem_deref(table);
}

static void overlong_numbers_go_nowhere(void)
{
	struct route_table *table = fixture_table(demo);
	char big[ROUTE_NUMBER_MAX + 2];

	REQUIRE(table);
	memset(big, '0', sizeof(big));
	big[ROUTE_NUMBER_MAX + 1] = '\0';
	CHECK_STR(ask(table, "INVITE", "alice", big),
		  "404 Not Found (no-route)");
	CHECK_INT(last_why(), ROUTE_WHY_TOO_LONG);
	CHECK_INT(plan.considered, 1);
	CHECK_INT(strlen(plan.callee), ROUTE_NUMBER_MAX);
	CHECK_STR(ask(table, "INVITE", big, "bob"), "404 Not Found (no-route)");
	big[ROUTE_NUMBER_MAX] = '\0';
	(void)ask(table, "INVITE", "alice", big);
	CHECK_INT(last_why(), ROUTE_WHY_NOBODY);
	mem_deref(table);
}

static void zero_bytes_do_not_end_a_number(void)
{
	struct route_table *table = fixture_table(demo);
	struct route_query query = {.method = PL("INVITE"),
				    .caller = PL("alice"),
				    .callee = {"bob\0x", 5}};

	REQUIRE(table);
	query.tenant = fixture_tenant(table, "demo.example");
	CHECK(!route_decide(table, &query, &plan));
	CHECK_INT(plan.targets[0].kind, ROUTE_TO_REJECT);
	CHECK_STR(plan.callee, "bob?x");
	mem_deref(table);
}

static void query_without_tenant_is_rejected(void)
{
	struct route_table *table = fixture_table(demo);
	struct route_query query = {.method = PL("INVITE")};

	REQUIRE(table);
	CHECK_INT(route_decide(table, &query, &plan), EINVAL);
	CHECK_INT(plan.ntargets, 1);
	CHECK_INT(plan.targets[0].code, 404);
	CHECK_INT(plan.targets[0].status, STATUS_UNKNOWN_DOMAIN);
	CHECK_INT(route_decide(NULL, &query, &plan), EINVAL);
	mem_deref(table);
}

static void decision_allocates_nothing(void)
{
	struct route_table *table = fixture_table(demo);
	struct memstat before, after;

	REQUIRE(table);
	(void)ask(table, "INVITE", "alice", "7301");
	if (mem_get_stat(&before)) {
		test_skip("this libre counts no memory");
		mem_deref(table);
		return;
	}
	for (int i = 0; i < 100; i++)
		(void)ask(table, "INVITE", "alice",
			  i % 2 ? "7301" : "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
	CHECK(!mem_get_stat(&after));
	CHECK_INT(after.blocks_cur, before.blocks_cur);
	mem_deref(table);
}

static void on_note(const struct route_note *note, void *arg)
{
	(void)note;
	++*(unsigned *)arg;
}

/* Who wants to hear of each rule is told of those, too, that the begin of the
 * number rules out. */
static void many_rules_leave_the_last_notes(void)
{
	unsigned noted = 0;
	struct route_query query = {
		.method = PL("INVITE"),
		.caller = PL("a"),
		.callee = PL("n99"),
		.noteh = on_note,
		.arg = &noted,
	};
	struct mbuf *mb = mbuf_alloc(4096);
	struct route_table *table;

	mbuf_printf(mb, "tenants:\n  t:\n    domains: [demo.example]\n"
			"    realm: r\n    routes:\n");
	for (int i = 0; i < 100; i++)
		mbuf_printf(mb,
			    "      - {name: r%d, match: {callee: n%d}, to: "
			    "{service: echo}}\n",
			    i, i);
	mbuf_write_u8(mb, 0);
	table = fixture_table((char *)mb->buf);
	REQUIRE(table);
	query.tenant = fixture_tenant(table, "demo.example");
	CHECK_INT(route_decide(table, &query, &plan), 0);
	CHECK_INT(plan.targets[0].kind, ROUTE_TO_SERVICE);
	CHECK_INT(noted, 100);
	REQUIRE(CHECK_INT(plan.considered, 100));
	CHECK_STR(route_rule_name(plan.notes[99 % ROUTE_NOTES_MAX].rule),
		  "r99");
	CHECK_STR(route_rule_name(plan.notes[98 % ROUTE_NOTES_MAX].rule),
		  "r98");
	CHECK_STR(route_rule_name(plan.notes[68 % ROUTE_NOTES_MAX].rule),
		  "r68");
	mem_deref(table);
	mem_deref(mb);
}

static void naughty_call(const char *line, void *arg)
{
	CHECK(!strncmp(ask(arg, line, line, line), "404", 3));
	CHECK(plan.callee[strspn(plan.callee,
				 " !\"#$%&'()*+,-./0123456789:;<=>?"
				 "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
				 "abcdefghijklmnopqrstuvwxyz{|}~")] == '\0');
}

static void naughty_strings_are_decided(void)
{
	struct route_table *table = fixture_table(demo);

	(void)naughty_each(naughty_call, table);
	mem_deref(table);
}

TEST_MAIN(TEST(first_rule_that_matches_decides), TEST(users_are_the_last_step),
	  TEST(users_of_another_tenant_are_nobody),
	  TEST(method_caller_and_callee_must_all_match),
	  TEST(a_rule_names_the_methods_that_it_lists),
	  TEST(captures_name_the_user),
	  TEST(who_stands_in_redis_is_a_target_with_all_that_was_rewritten), TEST(rejections_have_code_and_phrase),
	  TEST(pattern_that_gives_up_rejects),
	  TEST(overlong_numbers_go_nowhere),
	  TEST(zero_bytes_do_not_end_a_number),
	  TEST(query_without_tenant_is_rejected),
	  TEST(decision_allocates_nothing),
	  TEST(many_rules_leave_the_last_notes),
	  TEST(naughty_strings_are_decided))
