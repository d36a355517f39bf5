/*
 * test_route_facts.c  Networks, regions, schedules and numbers of a table
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "tests/lib/mmdb.h"
#include "tests/unit/routing/route_fixture.h"

static char why[4000];

static const char *path(const char *name)
{
	static char text[300];

	re_snprintf(text, sizeof(text), "%s/%s", test_tmpdir(), name);
	return text;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(path(name), "wb");

	REQUIRE(f != NULL);
	CHECK(fputs(text, f) >= 0);
	fclose(f);
}

static struct route_table *load(const char *text)
{
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;
	int err = cfg_errors_alloc(&errs);

	put("r.yaml", text);
	err = err ? err : route_table_load(&table, path("r.yaml"), errs);
	re_snprintf(why, sizeof(why), "%H", cfg_errors_print, errs);
	CHECK(test_oom_hit() || !err == !!table);
	mem_deref(errs);
	return table;
}

#define TENANT "tenants:\n  t:\n    domains: '*'\n    realm: r\n"

static const char full[] =
	"geoip: geo.mmdb\n"
	"networks: {office: 192.0.2.0/24, lab: 10.0.0.0/8}\n"
	"regions: {eu: {continents: EU}}\n"
	"schedules: {office: {weekly: mon}}\n"
	"numbers: {rates: {csv: rates.csv}}\n"
	TENANT
	"    dialing: {country_code: 49, national_prefix: 0}\n"
	"    networks: {office: 198.51.100.0/24}\n"
	"    regions: {us: {countries: US}}\n"
	"    schedules: {office: {weekly: tue}}\n"
	"    numbers: {vip: {prefixes: {\"+49\": {class: gold}}}}\n";

static struct route_table *load_full(void)
{
	static const struct mmdb_row rows[] = {
		{"192.0.2.0/24", "DE", "EU", NULL}};

	CHECK(mmdb_write(path("geo.mmdb"), rows, 1, "C"));
	put("rates.csv", "prefix,class\n4930,silver\n");
	return load(full);
}

static void own_names_come_before_those_of_all(void)
{
	struct route_table *table = load_full();
	const struct route_tenant *tenant = route_tenant_at(table, 0);
	const struct route_facts *facts;

	if (!table)
		return;
	facts = &tenant->facts;
	CHECK(route_facts_network(facts, "office") ==
	      &facts->where.networks[0]);
	CHECK(route_facts_network(facts, "lab") ==
	      &facts->shared->where.networks[1]);
	CHECK(route_facts_region(facts, "us") != NULL);
	CHECK(route_facts_region(facts, "eu") != NULL);
	CHECK(route_facts_schedule(facts, "office") == &facts->schedules[0]);
	CHECK_INT(prefixes_count(route_facts_numbers(facts, "vip")->table), 1);
	CHECK_INT(prefixes_count(route_facts_numbers(facts, "rates")->table),
		  1);
	CHECK(!route_facts_numbers(facts, "rate"));
	CHECK(!route_facts_schedule(facts, "lab"));
	CHECK_STR(tenant->dialing->country_code, "49");
	CHECK_STR(tenant->dialing->international[0], "00");
	mem_deref(table);
}

static void version_covers_the_files_that_it_names(void)
{
	struct route_table *first = load_full(), *second, *third;

	put("rates.csv", "prefix,class\n4930,gold\n");
	second = load(full);
	put("rates.csv", "prefix,class\n4930,silver\n");
	third = load(full);
	CHECK(strcmp(route_table_version(first), route_table_version(second)));
	CHECK_STR(route_table_version(third), route_table_version(first));
	mem_deref(first);
	mem_deref(second);
	mem_deref(third);
}

static void errors_have_their_places(void)
{
	CHECK(!load("geoip: none.mmdb\n" TENANT));
	CHECK(strstr(why, "r.yaml:1:8: geoip: \""));
	CHECK(strstr(why, "none.mmdb\" will not do, expected a file that can "
			  "be read: No such file"));
	CHECK(!load(TENANT "    regions: {eu: {continents: EU}}\n"));
	CHECK(strstr(why, "r.yaml:5:19: region \"eu\" names countries: that "
			  "needs `geoip`"));
	put("rates.csv", "prefix\n49\n4x\n");
	CHECK(!load("numbers: {rates: {csv: rates.csv}}\n" TENANT
		    "    schedules: {s: {holidays: 12-25}}\n"));
	CHECK(strstr(why, "rates.csv:3:1: prefix: \"4x\" will not do"));
	CHECK(!load("schedules: {s: {timezone: Europe/Berln, weekly: mo}}\n"
		    TENANT "    dialing: {short: '('}\n"));
	CHECK(strstr(why, "r.yaml:1:27: timezone: "));
	CHECK(strstr(why, "r.yaml:1:49: weekly: "));
	CHECK(strstr(why, "r.yaml:6:22: short: "));
}

static void what_is_in_effect_is_shown(void)
{
	struct route_table *table = load_full();
	struct cfg_view view = route_table_view(table);
	char *text = NULL;

	REQUIRE(!re_sdprintf(&text, "%H", cfg_print, &view));
	CHECK(strstr(text, "  office: [192.0.2.0/24]\n"));
	CHECK(strstr(text, "    continents: [EU]\n"));
	CHECK(strstr(text, "      prefixes:\n"));
	CHECK(strstr(text, "+49"));
	mem_deref(text);
	mem_deref(table);
}

TEST_MAIN(TEST_OOM(own_names_come_before_those_of_all),
	  TEST(version_covers_the_files_that_it_names),
	  TEST(errors_have_their_places), TEST(what_is_in_effect_is_shown))
