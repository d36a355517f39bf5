/*
 * test_route_load.c  routing.yaml into a table, and what is refused
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <re.h>

#include "common/countof.h"
#include "tests/lib/naughty.h"
#include "tests/unit/routing/route_fixture.h"

static const char two[] =
	"tenants:\n"
	"  one:\n"
	"    domains: [Sip.One.example, 192.0.2.1, \"[2001:DB8::1]\"]\n"
	"    realm: one.example\n"
	"    users:\n"
	"      alice: {password: secret, display: Alice A., max_devices: 3}\n"
	"      1001: {password: x}\n"
	"    routes:\n"
	"      - {name: echo, match: {callee: echo}, to: {service: echo}}\n"
	"      - {name: rest, to: {user: alice}}\n"
	"  rest:\n"
	"    domains: \"*\"\n"
	"    realm: rest\n";

static void tenants_users_and_routes_are_there(void)
{
	struct route_table *table = fixture_table(two);
	const struct route_tenant *tenant;
	const struct route_user *user;

	if (!test_oom_hit())
		CHECK_STR(fixture_errors, "");
	if (!table)
		return;
	tenant = route_tenant_at(table, 0);
	CHECK_STR(tenant->id, "one");
	CHECK_STR(tenant->realm, "one.example");
	CHECK(tenant->nusers == 2 && tenant->nrules == 2);
	CHECK(route_tenant_at(table, 1) && !route_tenant_at(table, 2));
	user = fixture_user(tenant, "alice");
	CHECK(user && user->max_devices == 3);
	CHECK_STR(user ? user->display : NULL, "Alice A.");
	CHECK(user && user->pos.line == 6);
	CHECK(!fixture_user(tenant, "Alice"));
	CHECK(!fixture_user(tenant, "bob"));
	CHECK(!fixture_user(NULL, "alice"));
	CHECK(fixture_user(tenant, "1001"));
	CHECK(route_tenant_by_id(table, &(struct pl)PL("rest")) ==
	      route_tenant_at(table, 1));
	CHECK(!route_tenant_by_id(table, &(struct pl)PL("other")));
	mem_deref(table);
}

static void hosts_find_their_tenant(void)
{
	struct route_table *table = fixture_table(two);
	const struct route_tenant *one, *rest;

	REQUIRE(table);
	one = route_tenant_at(table, 0);
	rest = route_tenant_at(table, 1);
	CHECK(fixture_tenant(table, "sip.one.example") == one);
	CHECK(fixture_tenant(table, "SIP.ONE.EXAMPLE") == one);
	CHECK(fixture_tenant(table, "sip.one.example.") == one);
	CHECK(fixture_tenant(table, "192.0.2.1") == one);
	CHECK(fixture_tenant(table, "[2001:db8::1]") == one);
	CHECK(fixture_tenant(table, "2001:DB8::1") == one);
	CHECK(fixture_tenant(table, "one.example") == rest);
	CHECK(fixture_tenant(table, "x.sip.one.example") == rest);
	CHECK(fixture_tenant(table, "*") == rest);
	CHECK(fixture_tenant(table, ".") == rest);
	CHECK(!fixture_tenant(table, ""));
	CHECK(!route_tenant_by_domain(table, NULL));
	CHECK(!route_tenant_by_domain(NULL, &(struct pl)PL("a")));
	mem_deref(table);
}

static void without_a_star_strange_hosts_are_nobodys(void)
{
	struct route_table *table = fixture_table(
		"tenants: {a: {domains: [a.example], realm: a}}\n");

	REQUIRE(table);
	CHECK(fixture_tenant(table, "a.example"));
	CHECK(!fixture_tenant(table, "b.example"));
	CHECK(!fixture_tenant(table, "*"));
	mem_deref(table);
}

static void empty_file_is_a_table_of_nobody(void)
{
	struct route_table *table = fixture_table("");

	REQUIRE(table);
	CHECK(!route_tenant_at(table, 0));
	CHECK(!fixture_tenant(table, "a"));
	mem_deref(table);
}

static void domain_of_two_tenants_is_refused(void)
{
	CHECK_STR(fixture_errors_of(
			  "tenants:\n"
			  "  a: {domains: [x.example, y.example], realm: a}\n"
			  "  b: {domains: [X.Example.], realm: b}\n"
			  "  c: {domains: [\"*\"], realm: c}\n"
			  "  d: {domains: [\"*\", \"*\"], realm: d}\n"),
		  "r.yaml:3:6: domain \"x.example\" of tenant \"b\" is already "
		  "one of tenant \"a\"\n"
		  "r.yaml:5:6: domain \"*\" of tenant \"d\" is already one of "
		  "tenant \"c\"\n"
		  "r.yaml:5:6: domain \"*\" of tenant \"d\" is already one of "
		  "tenant \"c\"\n");
}

static void all_errors_come_at_once(void)
{
	CHECK_STR(
		fixture_errors_of(
			"tenants:\n"
			"  Demo: {domain: [a], realm: r}\n"
			"  b:\n"
			"    domains: [\"a b\"]\n"
			"    realm: 'x\"y'\n"
			"    users:\n"
			"      \"a@b\": {pasword: x}\n"
			"    routes:\n"
			"      - name: r\n"
			"        match: {calee: \"(\", method: INVTE}\n"
			"        to: {service: ecko}\n"
			"      - match: {callee: \"*43*\"}\n"
			"        to: {reject: {code: 200}}\n"),
		"r.yaml:2:3: tenants: \"Demo\" will not do as a key, expected "
		"1 to 32 of a-z, 0-9 and -\n"
		"r.yaml:2:9: \"domains\" is missing, expected a list\n"
		"r.yaml:2:10: unknown key \"domain\" in a tenant, did you "
		"mean \"domains\"?\n"
		"r.yaml:4:15: domains: \"a b\" will not do, expected a host "
		"name, an IP address, or \"*\"\n"
		"r.yaml:5:12: realm: \"x\"y\" will not do, expected a text "
		"without \" and \\\n"
		"r.yaml:7:7: users: \"a@b\" will not do as a key, expected 1 "
		"to 64 bytes without spaces and without \" : @ \\ < >\n"
		"r.yaml:7:15: unknown key \"pasword\" in a user, did you "
		"mean \"password\"?\n"
		"r.yaml:10:17: unknown key \"calee\" in a match, did you "
		"mean \"callee\"?\n"
		"r.yaml:10:37: method: \"INVTE\" will not do, expected one of "
		"INVITE, MESSAGE, SUBSCRIBE, PUBLISH, REFER, OPTIONS, NOTIFY, "
		"INFO, did you mean \"INVITE\"?\n"
		"r.yaml:11:23: service: \"ecko\" will not do, expected one of "
		"echo, tone, milliwatt, did you mean \"echo\"?\n"
		"r.yaml:12:9: \"name\" is missing, expected a text of 1 to 64 "
		"bytes\n"
		"r.yaml:12:25: callee: \"*43*\" will not do, expected a "
		"regular expression (quantifier does not follow a repeatable "
		"item, at character 1)\n"
		"r.yaml:13:29: code: \"200\" will not do, expected a whole "
		"number from 400 to 699\n");
}

#define ONE "tenants:\n  t:\n    domains: [a]\n    realm: r\n"

static void target_user_must_exist(void)
{
	CHECK_STR(fixture_errors_of(ONE
				    "    users: {alice: {password: x}}\n"
				    "    routes:\n"
				    "      - name: r\n"
				    "        to: {user: alcie}\n"
				    "      - {name: s, to: {user: nobody}}\n"),
		  "r.yaml:8:20: user: there is no user \"alcie\", expected "
		  "alice, did you mean \"alice\"?\n"
		  "r.yaml:9:30: user: there is no user \"nobody\", expected "
		  "alice\n");
	CHECK_STR(fixture_errors_of(ONE
				    "    users: {2001: {password: x}}\n"
				    "    routes:\n"
				    "      - {name: s, to: {user: '2002'}}\n"),
		  "r.yaml:7:23: user: there is no user or number \"2002\", "
		  "expected 2001, did you mean \"2001\"?\n");
}

static void target_user_has_captures_that_exist(void)
{
	CHECK_STR(fixture_errors_of(
			  ONE
			  "    routes:\n"
			  "      - {name: a, match: {callee: \"(.)(.)\"}, to: "
			  "{user: \"${2}\"}}\n"
			  "      - {name: b, match: {callee: \"(.)(.)\"}, to: "
			  "{user: \"${3}\"}}\n"
			  "      - {name: c, to: {user: \"\\\\1\"}}\n"
			  "      - {name: d, to: {user: \"\\\\0\"}}\n"
			  "      - {name: e, to: {user: \"${x}\"}}\n"),
		  "r.yaml:7:50: user: \"${3}\" will not do, expected a capture "
		  "from 0 to 2: the pattern has no more\n"
		  "r.yaml:8:23: user: \"\\1\" will not do, expected a capture "
		  "from 0 to 0: the pattern has no more\n"
		  "r.yaml:10:23: user: \"${x}\" will not do, expected \\0 to "
		  "\\9 or ${0} to ${9} for captures\n");
}

static void route_names_stand_once_in_a_tenant(void)
{
	CHECK_STR(fixture_errors_of(ONE
				    "    routes:\n"
				    "      - {name: a, to: {service: echo}}\n"
				    "      - {name: a, to: {service: tone}}\n"
				    "  u:\n"
				    "    domains: [b]\n"
				    "    realm: r\n"
				    "    routes:\n"
				    "      - {name: a, to: {service: echo}}\n"),
		  "r.yaml:7:9: tenant \"t\" has two routes \"a\"\n");
}

static void reasons_cannot_break_a_status_line(void)
{
	CHECK(strstr(fixture_errors_of(
			     ONE "    routes:\n"
				 "      - {name: a, to: {reject: {code: 403, "
				 "reason: \"a\\r\\nX: y\"}}}\n"),
		     "r.yaml:6:52: reason: "));
	CHECK(strstr(fixture_errors_of(ONE
				       "    routes:\n"
				       "      - {name: a, to: {reject: {code: "
				       "403, reason: \"caf\\u00e9\"}}}\n"),
		     "expected printable ASCII"));
}

static void all_that_is_wrong_with_a_route_is_told(void)
{
	const char *said = fixture_errors_of(
		ONE "    routes:\n"
		    "      - {name: a, match: {country: DE, callee: '1(.)'}, "
		    "rewrite: {callee: {set: '${3}'}}, to: {user: '${2}'}}\n"
		    "      - {name: a, match: {country: DE}, to: {service: "
		    "echo}}\n");

	CHECK(strstr(said, "`country` needs `geoip`"));
	CHECK(strstr(said, "callee: \"${3}\" will not do"));
	CHECK(strstr(said, "user: \"${2}\" will not do"));
	CHECK(strstr(said, "has two routes \"a\""));
}

static void codes_that_need_more_are_no_rejection(void)
{
	static const char *const codes[] = {"401", "407", "423", "487"};
	char text[400];

	for (size_t i = 0; i < COUNTOF(codes); i++) {
		re_snprintf(text, sizeof(text),
			    ONE "    routes:\n"
				"      - {name: a, to: {reject: {code: %s}}}\n",
			    codes[i]);
		CHECK(strstr(fixture_errors_of(text),
			     "expected a code that says something by itself"));
	}
	CHECK_STR(fixture_errors_of(ONE "    routes:\n"
					"      - {name: a, to: {reject: {code: "
					"486}}}\n"),
		  "");
}

static bool write_file(const char *name, const char *text)
{
	char path[400];
	int fd;
	bool ok;

	re_snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

static void folder_of_tenants_is_included(void)
{
	struct route_table *table = NULL;
	char path[400];

	re_snprintf(path, sizeof(path), "%s/t.d", test_tmpdir());
	REQUIRE(!mkdir(path, 0700) || errno == EEXIST);
	REQUIRE(write_file("r.yaml", "include: t.d\ntenants: {m: {domains: "
				     "[m], realm: m}}\n"));
	REQUIRE(write_file("t.d/b.yaml", "tenants: {b: {domains: [b], realm: "
					 "b}}\n"));
	REQUIRE(write_file("t.d/a.yaml", "tenants: {a: {domains: [a], realm: "
					 "a}}\n"));
	re_snprintf(path, sizeof(path), "%s/r.yaml", test_tmpdir());
	if (route_table_load(&table, path, NULL)) {
		CHECK(test_oom_hit());
		return;
	}
	CHECK_STR(route_tenant_at(table, 0)->id, "m");
	CHECK_STR(route_tenant_at(table, 1)->id, "a");
	CHECK_STR(route_tenant_at(table, 2)->id, "b");
	CHECK(strstr(route_tenant_at(table, 2)->pos.file, "t.d/b.yaml"));
	mem_deref(table);
}

static void absent_file_is_named(void)
{
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;
	char text[200];

	REQUIRE(!cfg_errors_alloc(&errs));
	CHECK_INT(route_table_load(&table, "absent.yaml", errs), EINVAL);
	re_snprintf(text, sizeof(text), "%H", cfg_errors_print, errs);
	CHECK_STR(text, "absent.yaml: cannot read the file: No such file or "
			"directory\n");
	mem_deref(errs);
}

static void effective_table_prints_without_secrets(void)
{
	struct route_table *table = fixture_table(two);
	struct cfg_view view = route_table_view(table);
	char *out = NULL;

	REQUIRE(table);
	REQUIRE(!re_sdprintf(&out, "%H", cfg_print, &view));
	CHECK_STR(out, "tenants:\n"
		       "  one:\n"
		       "    domains: [sip.one.example, 192.0.2.1, "
		       "2001:db8::1]\n"
		       "    realm: one.example\n"
		       "    users_in_redis: false\n"
		       "    users:\n"
		       "      alice:\n"
		       "        password: '***'\n"
		       "        display: \"Alice A.\"\n"
		       "        max_devices: 3\n"
		       "        max_calls: 0\n"
		       "        record: default\n"
		       "      1001:\n"
		       "        password: '***'\n"
		       "        max_devices: 0\n"
		       "        max_calls: 0\n"
		       "        record: default\n"
		       "    registration: local\n"
		       "    devices:\n"
		       "      media: auto\n"
		       "      sdes:\n"
		       "        in_clear: false\n"
		       "      video: true\n"
		       "      media_source: auto\n"
		       "      ring: by-q\n"
		       "      ring_within: 20s\n"
		       "    max_calls: 0\n"
		       "    calls_per_second: 0\n"
		       "    record: default\n"
		       "    routes:\n"
		       "      - name: echo\n"
		       "        match:\n"
		       "          callee: echo\n"
		       "        to:\n"
		       "          service: echo\n"
		       "        record: default\n"
		       "      - name: rest\n"
		       "        to:\n"
		       "          user: alice\n"
		       "        record: default\n"
		       "  rest:\n"
		       "    domains: [\"*\"]\n"
		       "    realm: rest\n"
		       "    users_in_redis: false\n"
		       "    registration: local\n"
		       "    devices:\n"
		       "      media: auto\n"
		       "      sdes:\n"
		       "        in_clear: false\n"
		       "      video: true\n"
		       "      media_source: auto\n"
		       "      ring: by-q\n"
		       "      ring_within: 20s\n"
		       "    max_calls: 0\n"
		       "    calls_per_second: 0\n"
		       "    record: default\n");
	mem_deref(out);
	mem_deref(table);
}

static void naughty_user(const char *line, void *arg)
{
	struct mbuf *mb = mbuf_alloc(512);
	struct route_table *table;
	unsigned *loaded = arg;

	REQUIRE(mb);
	CHECK(!mbuf_write_str(mb, ONE "    users:\n      ? "));
	naughty_quote(mb, line);
	CHECK(!mbuf_printf(mb, "\n      : {password: x}\n%c", 0));
	table = fixture_table((char *)mb->buf);
	if (table) {
		const struct route_tenant *tenant = route_tenant_at(table, 0);
		struct pl name;

		++*loaded;
		pl_set_str(&name, tenant->users[0].name);
		CHECK(route_user_find(tenant, &name));
		CHECK(name.l <= ROUTE_USER_MAX);
	}
	mem_deref(table);
	mem_deref(mb);
}

static void naughty_strings_are_users_or_are_refused(void)
{
	unsigned loaded = 0;
	const unsigned n = naughty_each(naughty_user, &loaded);

	CHECK(!n || loaded > 50);
}

TEST_MAIN(TEST_OOM(tenants_users_and_routes_are_there),
	  TEST(hosts_find_their_tenant),
	  TEST(without_a_star_strange_hosts_are_nobodys),
	  TEST(empty_file_is_a_table_of_nobody),
	  TEST(domain_of_two_tenants_is_refused), TEST(all_errors_come_at_once),
	  TEST(target_user_must_exist),
	  TEST(target_user_has_captures_that_exist),
	  TEST(route_names_stand_once_in_a_tenant),
	  TEST(reasons_cannot_break_a_status_line),
	  TEST(all_that_is_wrong_with_a_route_is_told),
	  TEST(codes_that_need_more_are_no_rejection),
	  TEST_OOM(folder_of_tenants_is_included), TEST(absent_file_is_named),
	  TEST(effective_table_prints_without_secrets),
	  TEST(naughty_strings_are_users_or_are_refused))
