/*
 * test_route_rewrite.c  As what a request goes on, and where rules lead beside
 *                       connections and users
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_conn.h"
#include "tests/unit/routing/route_fixture.h"

static struct route_plan plan;
static struct route_query query;

/* Two tenants; these are the routes of the first one. */
static struct route_table *with(const char *routes)
{
	struct route_table *table;
	char text[3000];

	re_snprintf(text, sizeof(text),
		    "tenants:\n"
		    "  a:\n"
		    "    domains: a.example\n"
		    "    realm: a\n"
		    "    users: {alice: {password: a}, bob: {password: b}}\n"
		    "    connections:\n"
		    "      pbx: {kind: trunk, address: 192.0.2.1}\n"
		    "      lab: {kind: trunk, address: 192.0.2.2}\n"
		    "    routes:\n%s"
		    "  b:\n"
		    "    domains: b.example\n"
		    "    realm: b\n"
		    "    users: {carol: {password: c, numbers: '30'}}\n"
		    "    connections: {out: {kind: trunk, address: "
		    "192.0.2.3}}\n"
		    "    routes:\n"
		    "      - {name: b-out, match: {callee: '0.*'}, to: "
		    "{connection: out}}\n"
		    "      - {name: b-open, match: {callee: '8.*', from: "
		    "tenants}, to: {connection: out}}\n"
		    "      - {name: b-back, match: {callee: '9.*', from: "
		    "tenants}, to: {tenant: {id: a, number: '9${0}'}}}\n",
		    routes);
	table = fixture_table(text);
	CHECK_STR(fixture_errors, "");
	return table;
}

static const struct route_target *ask(const struct route_table *table,
				      const char *callee)
{
	static const struct route_target none;

	query.tenant = route_tenant_at(table, 0);
	pl_set_str(&query.method, "INVITE");
	pl_set_str(&query.caller, "alice");
	pl_set_str(&query.callee, callee);
	memset(&plan, 0xa5, sizeof(plan));
	CHECK_INT(route_decide(table, &query, &plan), 0);
	return plan.ntargets == 1 ? &plan.targets[0] : &none;
}

/* As what the callee is called. */
static const char *called(const struct route_table *table, const char *callee)
{
	static char text[200];
	const struct route_target *target = ask(table, callee);

	if (target->kind == ROUTE_TO_REJECT)
		re_snprintf(text, sizeof(text), "%u", target->code);
	else if (target->form)
		re_snprintf(text, sizeof(text), "%r", &target->form->callee);
	else
		str_ncpy(text, "as asked", sizeof(text));
	return text;
}

static void numbers_are_set_shortened_and_lengthened(void)
{
	struct route_table *table = with(
		"      - {name: set, match: {callee: '1(.)(.*)'}, rewrite: "
		"{callee: {set: 'x${2}-\\1'}}, to: {connection: pbx}}\n"
		"      - {name: strip, match: {prefix: '2'}, rewrite: "
		"{callee: {strip: '22', cut: 1, add: '+'}}, to: {connection: "
		"pbx}}\n"
		"      - {name: none, match: {prefix: '3'}, to: {connection: "
		"pbx}}\n"
		"      - {name: all, match: {prefix: '4'}, rewrite: {callee: "
		"{cut: 5}}, to: {connection: pbx}}\n");

	REQUIRE(table);
	CHECK_STR(called(table, "1234"), "x34-2");
	CHECK_STR(called(table, "22456"), "+56");
	CHECK_STR(called(table, "21456"), "+1456");
	CHECK_STR(called(table, "3456"), "as asked");
	CHECK_STR(called(table, "456789"), "9");
	/* nothing is left */
	CHECK_STR(called(table, "45678"), "404");
	CHECK_STR(route_note_code(&plan.notes[plan.considered - 1]),
		  "bad-form");
	mem_deref(table);
}

static void caller_name_and_headers_are_the_targets(void)
{
	struct route_table *table = with(
		"      - name: r\n"
		"        match: {caller: '(a).*', callee: '0(.*)'}\n"
		"        rewrite:\n"
		"          caller: {set: '+49${1}'}\n"
		"          display: 'Desk ${1}'\n"
		"          caller_id: withhold\n"
		"          headers: {remove: X-Old, add: {X-New: 'to ${1}'}}\n"
		"        to: {connections: [pbx, lab]}\n");
	const struct route_form *form;

	REQUIRE(table);
	(void)ask(table, "0301");
	CHECK_INT(plan.ntargets, 2);
	form = plan.targets[1].form;
	REQUIRE(form);
	CHECK(!pl_strcmp(&form->caller, "+49a"));
	CHECK(!pl_strcmp(&form->callee, "0301"));
	CHECK(!pl_strcmp(&form->display, "Desk a"));
	CHECK_INT(form->caller_id, ROUTE_CALLER_WITHHOLD);
	REQUIRE(form->nheaders == 2);
	CHECK_STR(form->headers[0].name, "X-Old");
	CHECK(!pl_isset(&form->headers[0].value));
	CHECK_STR(form->headers[1].name, "X-New");
	CHECK(!pl_strcmp(&form->headers[1].value, "to 301"));
	mem_deref(table);
}

static void what_ends_a_line_goes_nowhere(void)
{
	struct route_table *table = with(
		"      - {name: n, match: {callee: '1(.*)'}, rewrite: {callee: "
		"{set: '${1}'}}, to: {connection: pbx}}\n"
		"      - {name: h, match: {callee: '2(.*)'}, rewrite: "
		"{headers: {add: {X-A: '${1}'}}}, to: {connection: pbx}}\n"
		"      - {name: u, match: {callee: '3(.*)'}, to: {redirect: "
		"{contact: 'sip:${1}@x.example'}}}\n");

	REQUIRE(table);
	CHECK_STR(called(table, "1a\r\nX: y"), "404");
	CHECK_STR(called(table, "2a\r\nX: y"), "404");
	CHECK_STR(called(table, "1\x7f"), "404");
	CHECK_STR(called(table, "2ab"), "2ab");
	ask(table, "3a\r\n>b%@?#");
	CHECK(!pl_strcmp(&plan.targets[0].uri,
			 "sip:a%0D%0A%3Eb%25%40%3F%23@x.example"));
	mem_deref(table);
}

static void continue_goes_on_with_what_was_rewritten(void)
{
	struct route_table *table = with(
		"      - {name: c1, match: {callee: '00(.*)'}, rewrite: "
		"{callee: {set: '+${1}'}, headers: {add: {X-A: '1', X-B: "
		"'1'}}}, to: {continue: true}}\n"
		"      - {name: c2, match: {prefix: '+49'}, rewrite: {headers: "
		"{remove: x-a}}, to: {continue: true}}\n"
		"      - {name: r, match: {callee: '\\+49(.*)'}, rewrite: "
		"{callee: {set: '0${1}'}}, to: {connection: pbx}}\n"
		"      - {name: c3, rewrite: {callee: {set: bob}}, to: "
		"{continue: true}}\n");

	REQUIRE(table);
	CHECK_STR(called(table, "004930"), "030");
	CHECK_STR(route_rule_name(plan.rule), "r");
	CHECK_STR(route_note_code(&plan.notes[0]), "continue");
	/* X-B is added, X-A is not, and does not come through either */
	CHECK_INT(plan.nheaders, 2);
	CHECK_STR(plan.headers[0].name, "X-B");
	CHECK_STR(plan.headers[1].name, "x-a");
	/* the last step is asked what was rewritten */
	CHECK_STR(called(table, "004430"), "bob");
	CHECK_INT(plan.targets[0].kind, ROUTE_TO_USER);
	CHECK_STR(plan.targets[0].user->name, "bob");
	CHECK(!plan.rule);
	mem_deref(table);
}

static void a_number_of_another_tenant_is_asked_there(void)
{
	struct route_table *table = with(
		"      - {name: t, match: {callee: '5(.*)'}, to: {tenant: {id: "
		"b, number: '${1}'}}}\n"
		"      - {name: back, match: {callee: '9.*', from: tenants}, "
		"to: {tenant: {id: b}}}\n");
	const struct route_target *target;

	REQUIRE(table);
	target = ask(table, "530");
	CHECK_INT(target->kind, ROUTE_TO_USER);
	CHECK_STR(target->user->name, "carol");
	CHECK_STR(target->tenant->id, "b");
	CHECK_STR(plan.tenant->id, "a");
	CHECK(!pl_strcmp(&target->form->callee, "30"));
	/* b's way out is for its own users, unless it says otherwise */
	CHECK_STR(called(table, "50123"), "404");
	target = ask(table, "58123");
	CHECK_INT(target->kind, ROUTE_TO_CONNECTION);
	CHECK_STR(target->connection->name, "out");
	/* not for ever */
	CHECK_STR(called(table, "59"), "482");
	CHECK_STR(route_note_code(&plan.notes[plan.considered - 1]), "hops");
	mem_deref(table);
}

static enum route_recording recorded(const struct route_table *table,
				     const char *callee)
{
	(void)called(table, callee);
	return plan.record;
}

/* A rule that goes on has been matched, too. */
static void all_rules_on_the_way_say_what_is_recorded(void)
{
	struct route_table *table = with(
		"      - {name: on, match: {callee: '57.*'}, record: never, to: "
		"{continue: true}}\n"
		"      - {name: t, match: {callee: '5.(.*)'}, record: always, "
		"to: {tenant: {id: b, number: '${1}'}}}\n"
		"      - {name: u, match: {callee: '4.*'}, record: always, to: "
		"{continue: true}}\n");

	REQUIRE(table);
	CHECK_INT(recorded(table, "5130"), ROUTE_RECORD_ALWAYS);
	CHECK_STR(plan.targets[0].user->name, "carol");
	CHECK(!plan.rule);
	CHECK_INT(recorded(table, "5730"), ROUTE_RECORD_NEVER);
	CHECK_INT(recorded(table, "430"), ROUTE_RECORD_ALWAYS);
	CHECK_INT(recorded(table, "30"), ROUTE_RECORD_DEFAULT);
	mem_deref(table);
}

/* A trunk that called on would have two tenants pay for it. */
static void another_tenant_is_asked_for_users_alone(void)
{
	struct route_table *table = with(
		"      - {name: named, match: {callee: '5530', from: pbx}, to: "
		"{tenant: {id: b, number: '30'}}}\n"
		"      - {name: t, match: {callee: '5(.*)'}, to: {tenant: {id: "
		"b, number: '${1}'}}}\n");

	REQUIRE(table);
	(void)called(table, "530");
	CHECK_STR(plan.targets[0].user->name, "carol");
	query.from = &query.tenant->connections[0];
	CHECK_STR(called(table, "530"), "404");
	(void)called(table, "5530");
	CHECK_INT(plan.targets[0].kind, ROUTE_TO_USER);
	query.from = NULL;
	mem_deref(table);
}

/* Its own know their PBX; to strangers a rule must lead. */
static void strangers_get_to_no_registrar_by_themselves(void)
{
	struct route_table *table = fixture_table(
		"tenants:\n"
		"  a:\n"
		"    domains: '*'\n"
		"    realm: a\n"
		"    routes:\n"
		"      - {name: t, match: {callee: '7(.*)'}, to: {tenant: {id: "
		"b, number: '${1}'}}}\n"
		"  b:\n"
		"    domains: b.example\n"
		"    realm: b\n"
		"    registration: forwarded\n"
		"    registrar: pbx\n"
		"    connections: {pbx: {kind: trunk, address: 192.0.2.1}}\n"
		"    routes:\n"
		"      - {name: in, match: {from: tenants, callee: '3.'}, to: "
		"{connection: pbx}}\n");

	REQUIRE(table);
	CHECK_STR(called(table, "70900123456"), "404");
	CHECK_STR(route_note_code(&plan.notes[plan.considered - 1]), "nobody");
	(void)ask(table, "731");
	CHECK_INT(plan.targets[0].kind, ROUTE_TO_CONNECTION);
	mem_deref(table);
}

static void who_has_come_back_is_a_stranger_in_words_too(void)
{
	struct route_table *table = with(
		"      - {name: in, match: {callee: '99.*', from: users}, to: "
		"{user: bob}}\n"
		"      - {name: t, match: {callee: '59'}, to: {tenant: {id: b, "
		"number: '9'}}}\n");
	char text[4096];

	REQUIRE(table);
	CHECK_STR(called(table, "59"), "404");
	re_snprintf(text, sizeof(text), "%H", route_plan_explain, &plan);
	CHECK(strstr(text, "  6. route \"in\""));
	CHECK(strstr(text, "it comes from another tenant, not from users"));
	mem_deref(table);
}

static void devices_redirections_and_rejections_are_targets(void)
{
	struct route_table *table = with(
		"      - {name: d, match: {callee: '1'}, to: {device: {user: "
		"bob, instance: 'urn:uuid:1'}}}\n"
		"      - {name: u, match: {callee: '2(.*)'}, to: {redirect: "
		"{contact: 'tel:+${1}', code: 301}}}\n"
		"      - {name: r, match: {callee: '3'}, to: {reject: {code: "
		"503, retry_after: 1500ms}}}\n");
	const struct route_target *target;

	REQUIRE(table);
	target = ask(table, "1");
	CHECK_INT(target->kind, ROUTE_TO_USER);
	CHECK(!pl_strcmp(&target->device, "urn:uuid:1"));
	target = ask(table, "249");
	CHECK_INT(target->kind, ROUTE_TO_REDIRECT);
	CHECK(route_target_answers(target));
	CHECK_INT(target->code, 301);
	CHECK_STR(target->phrase, "Moved Permanently");
	CHECK(!pl_strcmp(&target->uri, "tel:+49"));
	target = ask(table, "3");
	CHECK_INT(target->code, 503);
	CHECK_INT(target->retry_s, 2);
	/* a redirection leads out: it is for users alone */
	query.from = &query.tenant->connections[0];
	CHECK_STR(called(table, "249"), "404");
	query.from = NULL;
	mem_deref(table);
}

static void what_is_too_long_goes_nowhere(void)
{
	struct route_table *table = with(
		"      - {name: r, rewrite: {callee: {set: "
		"'${0}${0}${0}${0}${0}${0}${0}${0}${0}${0}'}}, to: "
		"{connection: pbx}}\n");

	REQUIRE(table);
	CHECK_STR(called(table, "0123456789ab"),
		  "0123456789ab0123456789ab0123456789ab0123456789ab"
		  "0123456789ab0123456789ab0123456789ab0123456789ab"
		  "0123456789ab0123456789ab");
	CHECK_STR(called(table, "0123456789abc"), "404");
	mem_deref(table);
}

static const char *errors_of(const char *rule)
{
	char text[1000];

	re_snprintf(text, sizeof(text),
		    "tenants: {t: {domains: '*', realm: t, connections: {pbx: "
		    "{kind: trunk, address: 192.0.2.1}}, users: {u: "
		    "{password: x}}, routes: [{name: r, %s}]}}",
		    rule);
	return fixture_errors_of(text);
}

static void headers_that_sip_needs_stay(void)
{
	static const char *const names[] = {"Via", "f", "call-id", "Route",
					    "P-Asserted-Identity", "CONTACT"};
	char rule[200];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		re_snprintf(rule, sizeof(rule),
			    "rewrite: {headers: {remove: %s}}, to: {service: "
			    "echo}",
			    names[i]);
		CHECK(strstr(errors_of(rule), "expected a header that SIP"));
		re_snprintf(rule, sizeof(rule),
			    "rewrite: {headers: {add: {%s: a}}}, to: "
			    "{service: echo}",
			    names[i]);
		CHECK(strstr(errors_of(rule), "expected a header that SIP"));
	}
	CHECK_STR(errors_of("rewrite: {headers: {add: {X-A: a}, remove: "
			    "[Subject]}}, to: {service: echo}"),
		  "");
}

static void templates_are_checked(void)
{
	CHECK(strstr(errors_of("match: {callee: '(.)'}, rewrite: {callee: "
			       "{set: '${2}'}}, to: {service: echo}"),
		     "callee: \"${2}\" will not do, expected a capture from 0 "
		     "to 1"));
	CHECK(strstr(errors_of("match: {callee: '(.)'}, rewrite: {caller: "
			       "{set: '${1}'}}, to: {service: echo}"),
		     "caller: \"${1}\" will not do"));
	CHECK(strstr(errors_of("to: {redirect: {contact: 'sip:${1}@x'}}"),
		     "contact: "));
	CHECK(strstr(errors_of("to: {redirect: {contact: 'http://x'}}"),
		     "expected a sip, sips or tel URI"));
	CHECK(strstr(errors_of("to: {tenant: {id: x}}"),
		     "there is no tenant \"x\""));
	CHECK(strstr(errors_of("to: {continue: false}"), "expected true"));
	CHECK(strstr(errors_of("to: {device: {user: v, instance: a}}"),
		     "there is no user \"v\""));
}

static void it_is_explained(void)
{
	struct route_table *table = with(
		"      - {name: c, match: {callee: '00(.*)'}, rewrite: "
		"{callee: {set: '+${1}'}, headers: {add: {X-A: 'a\"b'}}}, to: "
		"{continue: true}}\n"
		"      - {name: r, rewrite: {display: Us, caller_id: "
		"withhold}, to: {connection: pbx}}\n");
	char text[2000];

	REQUIRE(table);
	(void)ask(table, "0049");
	re_snprintf(text, sizeof(text), "%H", route_plan_explain, &plan);
	CHECK_STR(text,
		  "INVITE from \"alice\" to \"0049\", tenant \"a\"\n"
		  "  1. route \"c\" (r.yaml:10): matches, and goes on\n"
		  "  2. route \"r\" (r.yaml:11): matches\n"
		  "  result: connection \"pbx\" (trunk 192.0.2.1)\n"
		  "    callee: +49\n"
		  "    display: Us\n"
		  "    caller id: withheld\n"
		  "    header: X-A: a\"b\n");
	re_snprintf(text, sizeof(text), "%H", route_plan_json, &plan);
	CHECK(strstr(text,
		     "\"targets\":[{\"connection\":\"pbx\",\"health\":\"up\","
		     "\"callee\":\"+49\","
		     "\"caller\":\"alice\",\"display\":\"Us\",\"caller_id\":"
		     "\"withhold\",\"headers\":[{\"name\":\"X-A\",\"value\":"
		     "\"a\\\"b\"}]}]"));
	mem_deref(table);
}

static void tables_are_freed_at_any_failure(void)
{
	mem_deref(fixture_table(
		"tenants: {t: {domains: '*', realm: t, users: {u: {password: "
		"x}}, routes: [{name: r, match: {callee: '(.)'}, rewrite: "
		"{callee: {set: '${1}'}, headers: {add: {X-A: b}, remove: "
		"[X-B]}}, to: {tenant: {id: t}}}]}}"));
}

TEST_MAIN(TEST(numbers_are_set_shortened_and_lengthened),
	  TEST(caller_name_and_headers_are_the_targets),
	  TEST(what_ends_a_line_goes_nowhere),
	  TEST(continue_goes_on_with_what_was_rewritten),
	  TEST(a_number_of_another_tenant_is_asked_there),
	  TEST(all_rules_on_the_way_say_what_is_recorded),
	  TEST(another_tenant_is_asked_for_users_alone),
	  TEST(strangers_get_to_no_registrar_by_themselves),
	  TEST(who_has_come_back_is_a_stranger_in_words_too),
	  TEST(devices_redirections_and_rejections_are_targets),
	  TEST(what_is_too_long_goes_nowhere),
	  TEST(headers_that_sip_needs_stay), TEST(templates_are_checked),
	  TEST(it_is_explained), TEST_OOM(tables_are_freed_at_any_failure))
