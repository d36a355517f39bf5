/*
 * test_route_conn.c  Connections: what they hold, what is refused, and the
 *                    routes to and from them
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <re.h>

#include "routing/party/route_party.h"
#include "tests/unit/routing/route_fixture.h"

#define ONE   "tenants:\n  t:\n    domains: [a.example]\n    realm: r\n"
#define CONNS ONE "    connections:\n"

static const char full[] =
	"tenants:\n"
	"  t:\n"
	"    domains: [a.example]\n"
	"    realm: r\n"
	"    users:\n"
	"      alice: {password: x, numbers: [\"+4930123\", '123']}\n"
	"      bob: {password: x, numbers: '124'}\n"
	"    connections:\n"
	"      pbx:\n"
	"        kind: trunk\n"
	"        address: 192.0.2.10:5070\n"
	"        listener: udp-in\n"
	"        domain: pbx.example.com\n"
	"        username: gate\n"
	"        password: hush\n"
	"        realm: asterisk\n"
	"        from_user: \"100\"\n"
	"        sources: [192.0.2.0/24, 2001:db8::/32]\n"
	"        codecs: [PCMU, opus, PCMA]\n"
	"        media_source: network\n"
	"        media_networks: [192.0.2.0/24, 2001:db8::/32]\n"
	"        answer_within: 500ms\n"
	"        ring_within: 20s\n"
	"        expires: 5m\n"
	"        probe: 0s\n"
	"        max_calls: 30\n"
	"      backup: {kind: trunk, address: \"[2001:db8::5]\"}\n"
	"      high: {kind: trunk, address: \"[2001:db8::5]:5070\"}\n"
	"      carrier: {kind: register, address: sip.carrier.example, "
	"username: u, password: p}\n"
	"      office: {kind: inbound, username: o, password: p}\n"
	"    routes:\n"
	"      - name: in\n"
	"        match: {from: [carrier, pbx], callee: '7(.*)'}\n"
	"        to: {user: \"${1}\"}\n"
	"      - {name: both, match: {from: [users, office], callee: '8.*'}, "
	"to: {connection: backup}}\n"
	"      - {name: echo, match: {callee: echo}, to: {service: echo}}\n"
	"      - {name: out, match: {callee: '\\+?[0-9]{3,}'}, to: "
	"{connections: [pbx, carrier, backup]}}\n";

static const struct route_connection *conn(const struct route_table *table,
					   const char *name)
{
	struct pl pl;

	pl_set_str(&pl, name);
	return route_connection_find(route_tenant_at(table, 0), &pl);
}

static void all_fields_are_there(void)
{
	struct route_table *table = fixture_table(full);
	const struct route_connection *c;
	struct sa want;

	if (!test_oom_hit())
		CHECK_STR(fixture_errors, "");
	if (!table)
		return;
	c = conn(table, "pbx");
	CHECK(c && c->kind == ROUTE_TRUNK);
	if (c) {
		CHECK(c->tenant == route_tenant_at(table, 0));
		CHECK_STR(c->peer.host, "192.0.2.10");
		CHECK_INT(c->peer.port, 5070);
		CHECK(!sa_set_str(&want, "192.0.2.10", 5070));
		CHECK(sa_cmp(&c->peer.addr, &want, SA_ALL));
		CHECK_STR(c->peer.listener, "udp-in");
		CHECK_STR(c->peer.domain, "pbx.example.com");
		CHECK_STR(c->peer.target, "pbx.example.com");
		CHECK_INT(c->peer.transport, ROUTE_UDP);
		CHECK_STR(c->login.username, "gate");
		CHECK_STR(c->login.password, "hush");
		CHECK_STR(c->login.realm, "asterisk");
		CHECK_STR(c->from_user, "100");
		CHECK_INT(c->nsources, 2);
		CHECK_STR(c->media.codecs, "PCMU,opus,PCMA");
		CHECK_INT(c->media.source, ROUTE_SOURCE_NETWORK);
		CHECK_STR(c->media.network_list, "192.0.2.0/24,2001:db8::/32");
		CHECK(c->times.answer == 500 && c->times.ring == 20000);
		CHECK(c->times.expires == 300000 && c->times.probe == 0);
		CHECK_INT(c->max_calls, 30);
		CHECK_INT(c->pos.line, 10);
	}
	mem_deref(table);
}

static void what_is_not_given_has_a_default(void)
{
	struct route_table *table = fixture_table(full);
	const struct route_connection *c;

	REQUIRE(table);
	c = conn(table, "backup");
	REQUIRE(c);
	CHECK_STR(c->peer.host, "2001:db8::5");
	CHECK_STR(c->peer.domain, "[2001:db8::5]");
	CHECK_STR(c->peer.target, "[2001:db8::5]");
	CHECK_INT(c->peer.port, 5060);
	CHECK_INT(sa_port(&c->peer.addr), 5060);
	CHECK_INT(c->media.source, ROUTE_SOURCE_STRICT);
	CHECK_STR(c->media.codecs, "");
	CHECK_STR(c->media.network_list, "");
	CHECK(c->times.answer == 4000 && c->times.ring == 60000);
	CHECK(c->times.probe == 30000 && !c->max_calls);
	CHECK(!c->peer.listener && !c->login.username && !c->from_user);
	c = conn(table, "high");
	CHECK_STR(c ? c->peer.domain : NULL, "[2001:db8::5]");
	CHECK_STR(c ? c->peer.target : NULL, "[2001:db8::5]:5070");
	c = conn(table, "carrier");
	REQUIRE(c);
	CHECK_STR(c->peer.host, "sip.carrier.example");
	CHECK_STR(c->peer.domain, "sip.carrier.example");
	CHECK(!sa_isset(&c->peer.addr, SA_ADDR));
	c = conn(table, "office");
	REQUIRE(c);
	CHECK(!c->peer.host && !c->peer.address);
	CHECK_STR(c->peer.domain, "a.example");
	CHECK(!conn(table, "Office") && !conn(table, "none"));
	CHECK(!route_connection_find(NULL, &(struct pl)PL("pbx")));
	CHECK_STR(route_conn_kind_name(ROUTE_INBOUND), "inbound");
	CHECK_STR(route_media_source_name(ROUTE_SOURCE_LEARN), "learn-once");
	mem_deref(table);
}

static void addresses_are_read_strictly(void)
{
	static const char *const good[] = {"a",       "a.b:1",
					   "1.2.3.4", "1.2.3.4:65535",
					   "::1",     "[::1]:99",
					   "[::1]",   "a-b.c_d",
					   "1a.2b",   "2001:db8::1"};
	static const char *const bad[] = {"a:",        "a:0",       "a:65536",
					  "a:05",      "a:1x",      "1.2.3",
					  "1.2.3.4.5", "1.2.3.256", "[::1",
					  "[::1]x",    "[1.2.3.4]", ".a",
					  "-a",        "[a]",       "a b",
					  "a@b",       "a;b",       "::g",
					  "[]",        ":5060"};
	char text[300];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		re_snprintf(text, sizeof(text),
			    CONNS "      c: {kind: trunk, address: \"%s\"}\n",
			    good[i]);
		CHECK_STR(fixture_errors_of(text), "");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		re_snprintf(text, sizeof(text),
			    CONNS "      c: {kind: trunk, address: \"%s\"}\n",
			    bad[i]);
		if (!CHECK(strstr(fixture_errors_of(text), "r.yaml:6:33")))
			printf("# %s: %s\n", bad[i], fixture_errors);
	}
}

static void what_does_not_fit_is_refused(void)
{
	CHECK_STR(
		fixture_errors_of(
			CONNS
			"      a: {kind: trunk}\n"
			"      b: {kind: inbound, address: b, username: x, "
			"password: y}\n"
			"      c: {kind: inbound, username: c}\n"
			"      d: {kind: trunk, address: d, username: x}\n"
			"      e: {kind: trunk, address: e, password: x}\n"
			"      f: {kind: trunk, address: f, media_source: "
			"network}\n"
			"      g: {kind: trunk, address: g, codecs: [PCMU, "
			"PCMU]}\n"),
		"r.yaml:6:10: connection \"a\" needs an address\n"
		"r.yaml:7:10: connection \"b\" is inbound: it has no address, "
		"it registers\n"
		"r.yaml:8:10: connection \"c\" needs username and password\n"
		"r.yaml:9:10: connection \"d\" has a username and no password: "
		"both are needed, or neither\n"
		"r.yaml:10:10: connection \"e\" has a password and no "
		"username: both are needed, or neither\n"
		"r.yaml:11:10: connection \"f\" has media_source network and "
		"no media_networks\n"
		"r.yaml:12:10: connection \"g\" has a codec twice\n");
	CHECK_STR(fixture_errors_of(
			  CONNS
			  "      users: {kind: trunk, address: a}\n"
			  "      a b: {kind: trnk, address: a}\n"
			  "      c: {kind: trunk, address: a, codecs: pcmu, "
			  "transport: tpc, answer_within: 40s}\n"),
		  "r.yaml:6:7: connections: \"users\" will not do as a key, "
		  "expected another name than users and tenants\n"
		  "r.yaml:7:7: connections: \"a b\" will not do as a key, "
		  "expected 1 to 32 of a-z, 0-9, _ and -\n"
		  "r.yaml:7:19: kind: \"trnk\" will not do, expected one of "
		  "trunk, register, inbound, did you mean \"trunk\"?\n"
		  "r.yaml:8:44: codecs: \"pcmu\" will not do, expected one of "
		  "PCMU, PCMA, opus, G722, L16, G729, red, did you mean \"PCMU\"?\n"
		  "r.yaml:8:61: transport: \"tpc\" will not do, expected one "
		  "of udp, tcp, tls, auto, did you mean \"tcp\"?\n"
		  "r.yaml:8:81: answer_within: \"40s\" will not do, expected a "
		  "time like 20s or 500ms, from 100ms to 32s\n");
}

static void tls_is_on_terms(void)
{
	struct route_table *table = fixture_table(
		CONNS
		"      a: {kind: trunk, address: sip.carrier.test, transport: "
		"tls}\n"
		"      b: {kind: trunk, address: 192.0.2.1, domain: pbx.test, "
		"transport: tls}\n"
		"      c: {kind: trunk, address: sip.carrier.test, transport: "
		"tls, tls: {verify: false}}\n"
		"      d: {kind: trunk, address: 'sip.carrier.test:5070', "
		"transport: tls, sources: [192.0.2.0/24]}\n"
		"      e: {kind: trunk, address: 192.0.2.1, transport: tcp}\n");
	const struct route_connection *a, *c, *d;

	CHECK_STR(fixture_errors, "");
	REQUIRE(table);
	a = conn(table, "a");
	c = conn(table, "c");
	d = conn(table, "d");
	CHECK_INT(a->peer.port, 5061);
	CHECK_STR(a->peer.target, "sip.carrier.test");
	CHECK_STR(a->tls.name, "sip.carrier.test");
	CHECK(a->tls.verify && !c->tls.verify);
	CHECK_STR(conn(table, "b")->tls.name, "pbx.test");
	CHECK_INT(sa_port(&conn(table, "b")->peer.addr), 5061);
	CHECK_INT(conn(table, "e")->peer.port, 5060);
	/* the same terms are shared, others are not */
	CHECK(a->tls.tag == d->tls.tag && a->tls.tag != c->tls.tag);
	CHECK(route_terms_find(table, a->tls.tag) == d ||
	      route_terms_find(table, a->tls.tag) == a);
	CHECK(route_terms_find(table, c->tls.tag) == c);
	CHECK(!route_terms_find(table, 1));
	mem_deref(table);
	CHECK_STR(fixture_errors_of(
			  CONNS
			  "      a: {kind: trunk, address: a, tls: {verify: "
			  "false}}\n"
			  "      b: {kind: trunk, address: b, transport: tls, "
			  "tls: {certificate: x}}\n"
			  "      c: {kind: trunk, address: c, transport: tls, "
			  "tls: {ca: /nowhere/at/all}}\n"),
		  "r.yaml:6:10: connection \"a\" has tls, and its transport is "
		  "another one\n"
		  "r.yaml:7:10: connection \"b\" needs certificate and "
		  "private_key, or neither\n"
		  "r.yaml:8:10: connection \"c\": /nowhere/at/all cannot be "
		  "read: No such file or directory\n");
}

static void passwords_never_show(void)
{
	struct route_table *table = fixture_table(full);
	struct cfg_view view = route_table_view(table);
	char *out = NULL;

	REQUIRE(table);
	REQUIRE(!re_sdprintf(&out, "%H", cfg_print, &view));
	CHECK(strstr(out, "        password: '***'\n"));
	CHECK(!strstr(out, "hush"));
	CHECK(strstr(out, "        codecs: [PCMU, opus, PCMA]\n"));
	mem_deref(out);
	mem_deref(table);
	CHECK(!strstr(fixture_errors_of(CONNS "      c: {kind: inbound, "
					      "username: u, password: "
					      "\"hu\\nsh\"}\n"),
		      "hu"));
	CHECK(strstr(fixture_errors, "password: the value will not do"));
}

static void routes_name_connections_that_exist(void)
{
	CHECK_STR(fixture_errors_of(CONNS
				    "      pbx: {kind: trunk, address: a}\n"
				    "    routes:\n"
				    "      - {name: a, to: {connection: pbc}}\n"
				    "      - {name: b, to: {connections: [pbx, "
				    "other]}}\n"
				    "      - {name: c, to: {connections: [pbx, "
				    "pbx]}}\n"
				    "      - {name: d, match: {from: pb}, to: "
				    "{service: echo}}\n"
				    "      - {name: e, to: {connections: []}}\n"
				    "  u:\n"
				    "    domains: [b]\n"
				    "    realm: r\n"
				    "    routes: [{name: a, to: {connection: "
				    "pbx}}]\n"),
		  "r.yaml:8:36: connection: there is no connection \"pbc\", "
		  "expected pbx, did you mean \"pbx\"?\n"
		  "r.yaml:9:43: connections: there is no connection "
		  "\"other\", expected pbx\n"
		  "r.yaml:11:33: from: there is no connection \"pb\", "
		  "expected pbx, did you mean \"pbx\"?\n"
		  "r.yaml:12:37: connections: 0 entries, expected 1 to 8\n"
		  "r.yaml:16:41: connection: there is no connection "
		  "\"pbx\", and none at all\n");
	CHECK_STR(
		fixture_errors_of(CONNS
				  "      pbx: {kind: trunk, address: a}\n"
				  "    routes:\n"
				  "      - {name: c, to: {connections: [pbx, "
				  "pbx]}}\n"),
		"r.yaml:8:23: connections: \"pbx\" stands there twice\n");
}

static void what_no_route_names_is_warned_about(void)
{
	CHECK_STR(fixture_errors_of(CONNS
				    "      a: {kind: trunk, address: a}\n"
				    "      b: {kind: trunk, address: b}\n"
				    "      c: {kind: trunk, address: c}\n"
				    "    routes:\n"
				    "      - {name: a, match: {from: b}, to: "
				    "{connection: a}}\n"),
		  "");
	CHECK_STR(fixture_warnings,
		  "r.yaml:8:7: connections: \"c\" is never used: no route "
		  "leads to it or names its calls\n");
}

static void numbers_are_one_users_alone(void)
{
	CHECK_STR(fixture_errors_of(
			  ONE
			  "    users:\n"
			  "      a: {password: x, numbers: ['1', '2', '1']}\n"
			  "      b: {password: x, numbers: ['2']}\n"
			  "      '3': {password: x}\n"
			  "      c: {password: x, numbers: ['3']}\n"),
		  "r.yaml:6:10: number \"1\" of user \"a\" is already one of "
		  "user \"a\"\n"
		  "r.yaml:7:10: number \"2\" of user \"b\" is already one of "
		  "user \"a\"\n"
		  "r.yaml:9:10: number \"3\" of user \"c\" is already one of "
		  "user \"3\"\n");
	CHECK(strstr(fixture_errors_of(ONE "    users: {a: {password: x, "
					   "numbers: ['1-2']}}\n"),
		     "expected digits, * and #"));
	CHECK(strstr(fixture_errors_of(ONE "    users: {a: {password: x, "
					   "numbers: ['+']}}\n"),
		     "expected digits, * and #"));
}

/* --- decisions -------------------------------------------------------------- */

static struct route_plan plan;

/* The targets in words. from: a connection's name; NULL: a user asks. */
static const char *ask(const struct route_table *table, const char *from,
		       const char *callee)
{
	static char text[200];
	struct route_query query = {.tenant = route_tenant_at(table, 0),
				    .method = PL("INVITE"),
				    .caller = PL("alice")};
	size_t n = 0;

	query.from = from ? conn(table, from) : NULL;
	CHECK(!from || query.from);
	pl_set_str(&query.callee, callee);
	memset(&plan, 0xa5, sizeof(plan));
	CHECK_INT(route_decide(table, &query, &plan), 0);
	text[0] = '\0';
	for (unsigned i = 0; i < plan.ntargets; i++) {
		const struct route_target *to = &plan.targets[i];
		const char *what = to->kind == ROUTE_TO_CONNECTION
					   ? to->connection->name
				   : to->kind == ROUTE_TO_USER ? to->user->name
				   : to->kind == ROUTE_TO_SERVICE ? "service"
								  : to->phrase;

		n += (size_t)re_snprintf(text + n, sizeof(text) - n, "%s%s",
					 i ? ", " : "", what);
	}
	return text;
}

static void connections_are_tried_in_their_order(void)
{
	struct route_table *table = fixture_table(full);

	REQUIRE(table);
	CHECK_STR(ask(table, NULL, "+49301"), "pbx, carrier, backup");
	CHECK_STR(route_rule_name(plan.rule), "out");
	CHECK_STR(ask(table, NULL, "81"), "backup");
	mem_deref(table);
}

static void calls_of_connections_have_their_own_routes(void)
{
	struct route_table *table = fixture_table(full);

	REQUIRE(table);
	CHECK_STR(ask(table, "pbx", "7alice"), "alice");
	CHECK_STR(ask(table, "carrier", "7123"), "alice");
	CHECK_STR(ask(table, "office", "7123"), "Not Found");
	CHECK_STR(ask(table, NULL, "7bob"), "Not Found");
	CHECK_STR(route_note_code(&plan.notes[0]), "from");
	CHECK_STR(ask(table, "office", "81"), "backup");
	CHECK_STR(ask(table, "pbx", "81"), "Not Found");
	CHECK_STR(ask(table, "pbx", "echo"), "service");
	mem_deref(table);
}

/* A rule of users must not send a carrier's call out again. */
static void no_call_goes_back_where_it_came_from(void)
{
	struct route_table *table = fixture_table(full);

	REQUIRE(table);
	CHECK_STR(ask(table, "carrier", "+49301"), "Not Found");
	CHECK_STR(route_note_code(&plan.notes[3]), "from");
	CHECK_STR(ask(table, "carrier", "+4930123"), "alice");
	mem_deref(table);
}

static void users_are_found_by_number(void)
{
	struct route_table *table = fixture_table(full);
	const struct route_tenant *tenant = route_tenant_at(table, 0);

	REQUIRE(table);
	CHECK_STR(ask(table, "pbx", "+4930123"), "alice");
	CHECK_INT(plan.notes[plan.considered - 1].why, ROUTE_WHY_NUMBER);
	CHECK_STR(ask(table, "pbx", "124"), "bob");
	CHECK_STR(ask(table, "pbx", "bob"), "bob");
	CHECK_INT(plan.notes[plan.considered - 1].why, ROUTE_WHY_USER);
	CHECK_STR(ask(table, "pbx", "125"), "Not Found");
	/* nobody authenticates with a number */
	CHECK(!route_user_find(tenant, &(struct pl)PL("124")));
	CHECK(route_user_called(tenant, &(struct pl)PL("124")));
	CHECK(!route_user_called(NULL, &(struct pl)PL("124")));
	mem_deref(table);
}

static void the_explanation_names_connections(void)
{
	struct route_table *table = fixture_table(full);
	char text[1000];

	REQUIRE(table);
	(void)ask(table, NULL, "999");
	re_snprintf(text, sizeof(text), "%H", route_plan_explain, &plan);
	CHECK(strstr(text, "  result: connection \"pbx\" (trunk "
			   "192.0.2.10:5070), then connection \"carrier\" "
			   "(register sip.carrier.example), then connection "
			   "\"backup\" (trunk [2001:db8::5])\n"));
	re_snprintf(text, sizeof(text), "%H", route_plan_json, &plan);
	CHECK(strstr(text, "\"from\":\"users\""));
	CHECK(strstr(text, "\"targets\":[{\"connection\":\"pbx\",\"health\":"
			   "\"up\"},{\"connection\":\"carrier\",\"health\":"
			   "\"up\"},{\"connection\":\"backup\",\"health\":"
			   "\"up\"}]}"));
	(void)ask(table, "office", "999");
	re_snprintf(text, sizeof(text), "%H", route_plan_explain, &plan);
	CHECK(strstr(text, "INVITE from \"alice\" to \"999\", tenant \"t\", "
			   "by connection \"office\"\n") == text);
	CHECK(strstr(text, "route \"out\" (r.yaml:37): it comes from office, "
			   "not from users\n"));
	re_snprintf(text, sizeof(text), "%H", route_plan_json, &plan);
	CHECK(strstr(text, "\"from\":\"office\""));
	mem_deref(table);
}

static void who_registers_here_is_found_by_its_login(void)
{
	struct route_table *table = fixture_table(
		CONNS
		"      office: {kind: inbound, username: o.x, password: p}\n"
		"      branch: {kind: inbound, username: b, password: p, "
		"sources: [192.0.2.0/24]}\n"
		"      pbx: {kind: trunk, address: 192.0.2.1, username: t, "
		"password: p}\n");
	const struct route_connection *office, *branch;
	struct sa near, far;
	struct pl name;

	REQUIRE(table);
	CHECK(!sa_set_str(&near, "192.0.2.7", 9));
	CHECK(!sa_set_str(&far, "198.51.100.7", 9));
	pl_set_str(&name, "o.x");
	office = route_connection_login(fixture_tenant(table, "a.example"),
					&name);
	REQUIRE(office);
	CHECK_STR(office->name, "office");
	CHECK_INT(strlen(office->login.ha1_sha256), 64);
	/* printf o.x:r:p | md5sum */
	CHECK_STR(office->login.ha1_md5, "73519da3d7bc33fac93bf6e2c4c959a0");
	CHECK(route_connection_admits(office, &far));
	pl_set_str(&name, "b");
	branch = route_connection_login(office->tenant, &name);
	REQUIRE(branch);
	CHECK(route_connection_admits(branch, &near));
	CHECK(!route_connection_admits(branch, &far));
	/* what we log in with elsewhere is no login here */
	pl_set_str(&name, "t");
	CHECK(!route_connection_login(office->tenant, &name));
	mem_deref(table);
}

static void a_login_is_of_one_user_or_connection(void)
{
	CHECK(strstr(fixture_errors_of(
			     ONE
			     "    users:\n      bob: {password: x}\n"
			     "    connections:\n      office: {kind: inbound, "
			     "username: bob, password: p}\n"),
		     "connection \"office\" has the username \"bob\", "
		     "which is that of user \"bob\""));
	CHECK(strstr(
		fixture_errors_of(CONNS "      a: {kind: inbound, username: u, "
					"password: p}\n"
					"      b: {kind: inbound, username: u, "
					"password: q}\n"),
		"connection \"b\" has the username \"u\", which is that of "
		"connection \"a\""));
	CHECK_STR(fixture_errors_of(
			  "tenants:\n"
			  "  t:\n    domains: [a.example]\n"
			  "    realm: r\n    users: {u: {password: x}}\n"
			  "    connections: {c: {kind: register, "
			  "address: b, username: u, password: p}}\n"
			  "  t2:\n    domains: [b.example]\n"
			  "    realm: r\n"
			  "    connections: {c: {kind: inbound, "
			  "username: u, password: p}}\n"),
		  "");
}

static void who_registers_here_needs_a_host_for_its_names(void)
{
	CHECK(strstr(fixture_errors_of("tenants:\n"
				       "  t:\n    domains: ['*']\n"
				       "    realm: r\n"
				       "    connections: {c: {kind: inbound, "
				       "username: u, password: p}}\n"),
		     "needs a domain"));
	CHECK_STR(fixture_errors_of(
			  "tenants:\n"
			  "  t:\n    domains: ['*']\n"
			  "    realm: r\n"
			  "    connections: {c: {kind: inbound, domain: d, "
			  "username: u, password: p}}\n"),
		  "");
}

TEST_MAIN(TEST_OOM(all_fields_are_there), TEST(what_is_not_given_has_a_default),
	  TEST(addresses_are_read_strictly), TEST(what_does_not_fit_is_refused),
	  TEST(tls_is_on_terms),
	  TEST(passwords_never_show), TEST(routes_name_connections_that_exist),
	  TEST(what_no_route_names_is_warned_about),
	  TEST(numbers_are_one_users_alone),
	  TEST(connections_are_tried_in_their_order),
	  TEST(calls_of_connections_have_their_own_routes),
	  TEST(no_call_goes_back_where_it_came_from),
	  TEST(users_are_found_by_number),
	  TEST(the_explanation_names_connections),
	  TEST(who_registers_here_is_found_by_its_login),
	  TEST(a_login_is_of_one_user_or_connection),
	  TEST(who_registers_here_needs_a_host_for_its_names))
