/*
 * test_route_cond_facts.c  Routes by number, time and place, and the words
 *                          for why one is passed by
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "tests/lib/mmdb.h"
#include "tests/unit/routing/route_fixture.h"

enum {
	WEDNESDAY_1905 = 1795025100, /* in Berlin; 2026-11-18 18:05 UTC */
	WEDNESDAY_0905 = 1794989100,
};

static struct route_table *table;
static struct route_plan plan;
static char words[4000];

/* A table with one rule, `match` of which is given. */
static bool load(const char *match)
{
	static const struct mmdb_row rows[] = {
		{"192.0.2.0/24", "DE", "EU", NULL},
		{"198.51.100.0/24", "US", "NA", "CA"},
		{"2001:db8::/32", "FR", "EU", NULL},
	};
	char text[4000], path[300];

	re_snprintf(path, sizeof(path), "%s/geo.mmdb", test_tmpdir());
	CHECK(mmdb_write(path, rows, 3, "GeoLite2-City"));
	re_snprintf(text, sizeof(text),
		    "geoip: %s\n"
		    "networks: {office: 192.0.2.0/28, lab: 192.0.2.0/30}\n"
		    "regions: {eu: {continents: EU}, west: {subdivisions: "
		    "US-CA}}\n"
		    "schedules: {office: {timezone: Europe/Berlin, weekly: "
		    "mon-fri 08:00-18:00}}\n"
		    "numbers: {rates: {prefixes: {\"49\": {class: silver, "
		    "cost: 1}, \"4930\": {class: gold}}}}\n"
		    "tenants:\n"
		    "  t:\n"
		    "    domains: '*'\n"
		    "    realm: r\n"
		    "    dialing: {country_code: 49, national_prefix: 0, "
		    "short: '11[0-9]'}\n"
		    "    users: {alice: {password: a}}\n"
		    "    routes:\n"
		    "      - name: it\n"
		    "        match: {%s}\n"
		    "        to: {user: alice}\n",
		    path, match);
	mem_deref(table);
	table = fixture_table(text);
	return table != NULL;
}

static void unload(void)
{
	table = mem_deref(table);
}

/* Whether the rule matches; words: why not. */
static bool asks(const char *callee, const char *source, uint64_t now)
{
	struct route_query query = {.tenant = route_tenant_at(table, 0),
				    .method = PL("INVITE"),
				    .caller = PL("bob"),
				    .now = now};
	struct route_note_view view = {&plan, &plan.notes[0]};
	struct sa sa;

	pl_set_str(&query.callee, callee);
	if (source && !sa_set_str(&sa, source, 5060))
		query.source = &sa;
	CHECK(!route_decide(table, &query, &plan));
	re_snprintf(words, sizeof(words), "%H", route_note_print, &view);
	return plan.rule != NULL;
}

static void number_is_matched_in_e164(void)
{
	REQUIRE(load("number: '\\+4930.*'"));
	CHECK(asks("0301234", NULL, 0));
	CHECK(asks("+49 30 1234", NULL, 0));
	CHECK(asks("0049301234", NULL, 0));
	CHECK(!asks("089123", NULL, 0));
	CHECK_STR(words, "+4989123 (a national number) does not match "
			 "`number`");
	CHECK(!asks("110", NULL, 0));
	CHECK_STR(words, "110 is a short code");
	CHECK(!asks("alice", NULL, 0));
	CHECK_STR(words, "the callee is no number");
	unload();
}

static void country_of_a_number_is_matched(void)
{
	REQUIRE(load("number_country: [DE, CA]"));
	CHECK(asks("0301234", NULL, 0));
	CHECK(asks("+14165550100", NULL, 0));
	CHECK(!asks("+12125550100", NULL, 0));
	CHECK_STR(words,
		  "+12125550100 is a number of US, not DE, CA");
	CHECK(!asks("+80012345678", NULL, 0));
	CHECK_STR(words,
		  "+80012345678 is a number of no country, not DE, CA");
	unload();
}

static void table_of_numbers_is_asked(void)
{
	REQUIRE(load("table: {rates: {class: [gold, platin]}}"));
	CHECK(asks("0301234", NULL, 0));
	CHECK(!asks("0891234", NULL, 0));
	CHECK_STR(words, "rates: prefix 49 has class silver, not gold, platin");
	CHECK(!asks("+44201234567", NULL, 0));
	CHECK_STR(words, "rates has no prefix of +44201234567");
	CHECK(!asks("110", NULL, 0));
	CHECK_STR(words, "110 is a short code, and not in rates");
	REQUIRE(load("table: {rates: {cost: 1}}"));
	CHECK(!asks("0301234", NULL, 0));
	CHECK_STR(words, "rates: prefix 4930 has cost of no value, not 1");
	REQUIRE(load("table: {rates: {}}"));
	CHECK(asks("0891234", NULL, 0));
	unload();
}

static void time_is_looked_up(void)
{
	REQUIRE(load("schedule: office"));
	CHECK(asks("1", NULL, WEDNESDAY_0905));
	CHECK(!asks("1", NULL, WEDNESDAY_1905));
	CHECK_STR(words, "Wednesday 19:05 in Europe/Berlin is outside office");
	CHECK(!asks("1", NULL, 0));
	CHECK_STR(words, "nobody has said what time it is");
	unload();
}

static void networks_are_looked_up(void)
{
	REQUIRE(load("source: [lab]"));
	CHECK(asks("1", "192.0.2.1", 0));
	CHECK(asks("1", "::ffff:192.0.2.1", 0));
	CHECK(!asks("1", "192.0.2.7", 0));
	CHECK_STR(words, "192.0.2.7 is in office, not in lab");
	CHECK(!asks("1", "192.0.2.77", 0));
	CHECK_STR(words, "192.0.2.77 is in no network, not in lab");
	CHECK(!asks("1", NULL, 0));
	CHECK_STR(words, "an unknown address is in no network, not in lab");
	unload();
}

static void addresses_of_several_countries_are_told_apart(void)
{
	REQUIRE(load("country: [DE, AT]"));
	CHECK(asks("1", "192.0.2.7", 0));
	CHECK(!asks("1", "2001:db8::7", 0));
	CHECK_STR(words, "2001:db8::7 is in FR, not DE, AT");
	CHECK(!asks("1", "10.0.0.1", 0));
	CHECK_STR(words, "10.0.0.1 is in no country that is known, not DE, AT");
	REQUIRE(load("continent: EU"));
	CHECK(asks("1", "2001:db8::7", 0));
	CHECK(!asks("1", "198.51.100.7", 0));
	CHECK_STR(words, "198.51.100.7 is in US-CA (NA), not EU");
	REQUIRE(load("region: [west]"));
	CHECK(asks("1", "198.51.100.7", 0));
	CHECK(!asks("1", "192.0.2.7", 0));
	CHECK_STR(words, "192.0.2.7 is in DE, not in region west");
	unload();
}

static void conditions_stand_within_others(void)
{
	REQUIRE(load("any: [{source: lab}, {all: [{schedule: office}, {not: "
		     "{country: US}}]}]"));
	CHECK(asks("1", "192.0.2.1", WEDNESDAY_1905));
	CHECK(asks("1", "2001:db8::1", WEDNESDAY_0905));
	CHECK(!asks("1", "198.51.100.1", WEDNESDAY_0905));
	CHECK(!asks("1", "2001:db8::1", WEDNESDAY_1905));
	CHECK(strstr(words, "nothing of `any` is the case: 2001:db8::1 is in "
			    "no network, not in lab; Wednesday 19:05 in Europe/Berlin is outside "
			    "office"));
	unload();
}

static void explanation_and_json_say_what_was_compared(void)
{
	char *text = NULL;

	REQUIRE(load("schedule: office"));
	CHECK(!asks("1", NULL, WEDNESDAY_1905));
	REQUIRE(!re_sdprintf(&text, "%H%H", route_plan_explain, &plan,
			     route_plan_json, &plan));
	CHECK(strstr(text, "): Wednesday 19:05 in Europe/Berlin is outside "
			   "office\n"));
	CHECK(strstr(text, "\"why\":\"schedule\",\"text\":\"Wednesday 19:05 "
			   "in Europe/Berlin is outside office\"}"));
	mem_deref(text);
	unload();
}

static void number_is_that_of_a_rule_before(void)
{
	static const char text[] =
		"tenants:\n"
		"  t:\n"
		"    domains: '*'\n"
		"    realm: r\n"
		"    dialing: {country_code: 49, national_prefix: 0}\n"
		"    users: {alice: {password: a}}\n"
		"    routes:\n"
		"      - {name: fr, match: {number_country: FR}, to: {user: "
		"alice}}\n"
		"      - {name: nine, match: {callee: '9(.*)'}, rewrite: "
		"{callee: {set: '${1}'}}, to: {continue: true}}\n"
		"      - {name: us, match: {number_country: US}, to: {user: "
		"alice}}\n"
		"      - {name: de, match: {number_country: DE}, to: {user: "
		"alice}}\n";
	struct route_note_view view = {&plan, &plan.notes[2]};

	mem_deref(table);
	table = fixture_table(text);
	REQUIRE(table != NULL);
	CHECK(asks("90301234", NULL, 0));
	CHECK_STR(route_rule_name(plan.rule), "de");
	re_snprintf(words, sizeof(words), "%H", route_note_print, &view);
	CHECK_STR(words, "+49301234 is a number of DE, not US");
	unload();
}

/* "089 1" is dialled in Germany, and handed to who dials as in Austria. */
static void another_tenant_reads_numbers_and_names_as_its_own(void)
{
	static const char text[] =
		"tenants:\n"
		"  de:\n"
		"    domains: '*'\n"
		"    realm: r\n"
		"    dialing: {country_code: 49, national_prefix: 0}\n"
		"    networks: {here: 192.0.2.0/24}\n"
		"    routes:\n"
		"      - {name: no, match: {number_country: AT}, to: {reject: "
		"{}}}\n"
		"      - {name: over, match: {source: here}, to: {tenant: {id: "
		"at}}}\n"
		"  at:\n"
		"    domains: at.test\n"
		"    realm: r\n"
		"    dialing: {country_code: 43, national_prefix: 0}\n"
		"    networks: {here: 198.51.100.0/24}\n"
		"    routes:\n"
		"      - {name: no, match: {from: tenants, source: here}, to: "
		"{reject: {}}}\n"
		"      - {name: yes, match: {from: tenants, number_country: "
		"AT}, to: {service: echo}}\n";

	mem_deref(table);
	table = fixture_table(text);
	REQUIRE(table != NULL);
	CHECK(asks("0891234", "192.0.2.1", 0));
	CHECK_STR(route_rule_name(plan.rule), "yes");
	unload();
}

static void prefix_with_plus_is_meant_however_it_is_dialled(void)
{
	REQUIRE(load("prefix: ['*4', '+4930', '9']"));
	CHECK(asks("0301234", NULL, 0));
	CHECK(asks("0049301234", NULL, 0));
	CHECK(asks("+49301234", NULL, 0));
	CHECK(asks("*43", NULL, 0));
	CHECK(asks("9", NULL, 0));
	CHECK(!asks("0891234", NULL, 0));
	CHECK(!asks("alice", NULL, 0));
	CHECK(!asks("", NULL, 0));
	unload();
}

/* So many that rules are passed by for what a number begins with. */
static void many_rules_are_asked_for_the_number_too(void)
{
	struct mbuf *mb = mbuf_alloc(8192);

	REQUIRE(mb != NULL);
	mbuf_printf(mb, "tenants:\n  t:\n    domains: '*'\n    realm: r\n"
			"    dialing: {country_code: 49, national_prefix: 0}\n"
			"    users: {alice: {password: a}}\n    routes:\n");
	for (int i = 0; i < 100; i++)
		mbuf_printf(mb,
			    "      - {name: r%d, match: {prefix: '+49%d'}, "
			    "to: {user: alice}}\n"
			    "      - {name: n%d, match: {number: "
			    "'\\+44%d.*'}, to: {user: alice}}\n",
			    i, 100 + i, i, 100 + i);
	mbuf_write_u8(mb, 0);
	mem_deref(table);
	table = fixture_table((char *)mb->buf);
	mem_deref(mb);
	REQUIRE(table != NULL);
	CHECK(asks("01771234", NULL, 0));
	CHECK_STR(route_rule_name(plan.rule), "r77");
	CHECK(asks("00441231234", NULL, 0));
	CHECK_STR(route_rule_name(plan.rule), "n23");
	CHECK(!asks("0991234", NULL, 0));
	unload();
}

static const char *written(const char *form, const char *callee)
{
	static char out[80];
	char text[600];

	re_snprintf(text, sizeof(text),
		    "tenants:\n  t:\n    domains: '*'\n    realm: r\n"
		    "    dialing: {country_code: 49, national_prefix: 0, "
		    "short: '11[0-9]'}\n"
		    "    users: {alice: {password: a}}\n    routes:\n"
		    "      - {name: x, rewrite: {callee: {form: %s}}, to: "
		    "{user: alice}}\n",
		    form);
	mem_deref(table);
	table = fixture_table(text);
	if (!table || !asks(callee, NULL, 0) || !plan.targets[0].form)
		return "nowhere";
	re_snprintf(out, sizeof(out), "%r", &plan.targets[0].form->callee);
	unload();
	return out;
}

static void numbers_are_written_in_another_form(void)
{
	CHECK_STR(written("e164", "030 1234"), "+49301234");
	CHECK_STR(written("plain", "0301234"), "49301234");
	CHECK_STR(written("national", "+49301234"), "0301234");
	CHECK_STR(written("national", "+441234567"), "00441234567");
	CHECK_STR(written("international", "0301234"), "0049301234");
	CHECK_STR(written("e164", "110"), "110");
	CHECK_STR(written("e164", "bob"), "bob");
}

static void what_must_be_there_is_told(void)
{
	CHECK(!load("table: {rats: {class: gold}}"));
	CHECK(strstr(fixture_errors, "did you mean \"rates\"?"));
	CHECK(!load("table: {rates: {clas: gold}}"));
	CHECK(strstr(fixture_errors, "table: there is no attribute in "
				     "\"rates\" named \"clas\", expected "
				     "one of "));
	CHECK(strstr(fixture_errors, ", did you mean \"class\"?"));
	CHECK(!load("source: ofice"));
	CHECK(strstr(fixture_errors, "did you mean \"office\"?"));
	CHECK(!load("schedule: offices"));
	CHECK(strstr(fixture_errors, "did you mean \"office\"?"));
	CHECK(!load("region: eus"));
	CHECK(strstr(fixture_errors, "did you mean \"eu\"?"));
	CHECK(!load("country: Germany"));
	CHECK(strstr(fixture_errors, "did you mean DE (Germany)?"));
	CHECK(!load("number: '('"));
	CHECK(strstr(fixture_errors, "number: \"(\" will not do"));
	CHECK(strstr(fixture_errors_of(
			     "tenants: {t: {domains: '*', realm: r, users: "
			     "{a: {password: b}}, routes: [{name: x, match: "
			     "{country: DE}, to: {user: a}}]}}"),
		     "`country` needs `geoip`, the path of a database, at the "
		     "top"));
	unload();
}

static void memory_may_end(void)
{
	static const char text[] =
		"networks: {o: 10.0.0.0/8}\n"
		"schedules: {s: {weekly: mon}}\n"
		"numbers: {r: {prefixes: {\"49\": {c: d}}}}\n"
		"tenants: {t: {domains: '*', realm: r, routes: [{name: x, "
		"match: {source: o, schedule: s, table: {r: {c: d}}, number: "
		"a, number_country: DE}, to: {reject: {}}}]}}\n";
	struct cfg_errors *errs = NULL;
	struct route_table *one = NULL;

	if (!cfg_errors_alloc(&errs) &&
	    !route_table_parse(&one, "r", text, strlen(text), errs))
		CHECK(one != NULL);
	mem_deref(one);
	mem_deref(errs);
}

TEST_MAIN(TEST(number_is_matched_in_e164), TEST(country_of_a_number_is_matched),
	  TEST(table_of_numbers_is_asked), TEST(time_is_looked_up),
	  TEST(networks_are_looked_up),
	  TEST(addresses_of_several_countries_are_told_apart),
	  TEST(conditions_stand_within_others),
	  TEST(explanation_and_json_say_what_was_compared),
	  TEST(number_is_that_of_a_rule_before),
	  TEST(another_tenant_reads_numbers_and_names_as_its_own),
	  TEST(prefix_with_plus_is_meant_however_it_is_dialled),
	  TEST(many_rules_are_asked_for_the_number_too),
	  TEST(numbers_are_written_in_another_form),
	  TEST(what_must_be_there_is_told), TEST_OOM(memory_may_end))
