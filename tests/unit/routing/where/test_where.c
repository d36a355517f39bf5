/*
 * test_where.c  Networks and regions by name, of a tenant and of all
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <re.h>

#include "common/arena.h"
#include "common/cfg_tree.h"
#include "routing/where/where.h"
#include "tests/lib/mmdb.h"
#include "tests/lib/test.h"

struct file {
	struct arena *mem;
	struct where_maps shared, own;
};

#define MAPS(member, n, r)                                                  \
	{n, CFG_MAP,                                                        \
	 CFG_ITEMS(struct file, member.networks, member.nnetworks),         \
	 CFG_KEY(struct network, name), .item = &where_network_item,              \
	 .check = where_name_check},                                        \
	{                                                                   \
		r, CFG_MAP,                                                 \
			CFG_ITEMS(struct file, member.regions,              \
				  member.nregions),                         \
			CFG_KEY(struct region, name), .item = &where_region_item, \
			.check = where_name_check                           \
	}

static const struct cfg_field file_fields[] = {
	MAPS(shared, "networks", "regions"),
	MAPS(own, "own_networks", "own_regions"),
	CFG_END,
};
static const struct cfg_table file_table = {CFG_ROOT(struct file), "w",
					    file_fields, NULL, 0};

static struct geo *geo;
static char errors[4000];

static void open_geo(void)
{
	static const struct mmdb_row rows[] = {
		{"192.0.2.0/24", "DE", "EU", NULL},
		{"198.51.100.0/24", "US", "NA", "CA"},
		{"203.0.113.0/24", "CH", "EU", NULL},
		{"2001:db8::/32", "GB", "EU", NULL},
	};
	char path[300], why[300];

	re_snprintf(path, sizeof(path), "%s/w.mmdb", test_tmpdir());
	CHECK(mmdb_write(path, rows, 4, "GeoLite2-City"));
	CHECK(!geo_open(&geo, path, NULL, why, sizeof(why)));
}

static struct file *load(const char *text, bool with_geo)
{
	struct cfg_errors *errs = NULL;
	struct cfg_tree *tree = NULL;
	struct file *file = NULL;
	int err = cfg_errors_alloc(&errs);

	if (with_geo)
		open_geo();
	err = err ? err
		  : cfg_tree_parse(&tree, "w", text, strlen(text), NULL, errs);
	err = err ? err
		  : cfg_fill(&file, &file_table, cfg_tree_root(tree), errs);
	err = err ? err
		  : where_load(&file->shared, NULL, geo, file->mem, errs);
	err = err ? err
		  : where_load(&file->own, &file->shared, geo, file->mem, errs);
	re_snprintf(errors, sizeof(errors), "%H", cfg_errors_print, errs);
	CHECK(test_oom_hit() || !err == !errors[0]);
	mem_deref(tree);
	mem_deref(errs);
	return file;
}

static void unload(struct file *file)
{
	if (file) {
		where_release(&file->shared);
		where_release(&file->own);
	}
	mem_deref(file);
	geo = mem_deref(geo);
}

static bool in_network(const struct file *file, const char *name,
		       const char *addr)
{
	const struct network *network =
		where_network(&file->own, &file->shared, name);
	struct where where;
	struct sa sa;

	if (!network || sa_set_str(&sa, addr, 0)) {
		CHECK(false);
		return false;
	}
	where_init(&where, &file->own, &file->shared, geo, &sa);
	return where_in_network(&where, network);
}

static bool in_region(const struct file *file, const char *name,
		      const char *addr)
{
	const struct region *region =
		where_region(&file->own, &file->shared, name);
	struct where where;
	struct sa sa;

	if (!region || sa_set_str(&sa, addr, 0)) {
		CHECK(false);
		return false;
	}
	where_init(&where, &file->own, &file->shared, geo, &sa);
	return where_in_region(&where, region);
}

static const char *words(const struct file *file, const char *addr)
{
	static char text[300];
	struct where where;
	struct sa sa;

	CHECK(!sa_set_str(&sa, addr, 5060));
	where_init(&where, &file->own, &file->shared, geo, &sa);
	re_snprintf(text, sizeof(text), "%H; %H", where_print_place, &where,
		    where_print_networks, &where);
	return text;
}

static const char maps[] =
	"networks: {office: [192.0.2.0/28, \"2001:db8:1::/48\"], lab: "
	"10.0.0.0/8}\n"
	"regions:\n"
	"  eu: {continents: EU, networks: lab}\n"
	"  dach: {countries: [DE, AT, CH]}\n"
	"  west: {subdivisions: [US-CA, US-OR]}\n"
	"own_networks: {office: 198.51.100.0/28, desk: 192.0.2.1}\n"
	"own_regions: {here: {networks: [office, lab]}}\n";

static void own_names_win(void)
{
	struct file *file;

	file = load(maps, true);
	if (!file)
		return;
	CHECK(in_network(file, "office", "198.51.100.1"));
	CHECK(!in_network(file, "office", "192.0.2.1"));
	CHECK(in_network(file, "lab", "10.1.2.3"));
	CHECK(in_network(file, "lab", "::ffff:10.1.2.3"));
	CHECK(in_network(file, "desk", "192.0.2.1"));
	CHECK(!in_network(file, "desk", "192.0.2.2"));
	CHECK(!where_network(&file->own, &file->shared, "offce"));
	CHECK(in_region(file, "here", "198.51.100.1"));
	CHECK(!in_region(file, "here", "192.0.2.2"));
	CHECK(!where_region(&file->own, &file->shared, "hre"));
	unload(file);
}

static void regions_hold_places_and_networks(void)
{
	struct file *file = load(maps, true);

	REQUIRE(file != NULL);
	CHECK(in_region(file, "eu", "192.0.2.7"));
	CHECK(in_region(file, "eu", "2001:db8::1"));
	CHECK(in_region(file, "eu", "10.0.0.1"));
	CHECK(!in_region(file, "eu", "198.51.100.7"));
	CHECK(!in_region(file, "eu", "198.18.0.1"));
	CHECK(in_region(file, "dach", "203.0.113.5"));
	CHECK(!in_region(file, "dach", "2001:db8::1"));
	CHECK(in_region(file, "west", "198.51.100.7"));
	CHECK(!in_region(file, "west", "192.0.2.7"));
	unload(file);
}

static void words_tell_where_it_is(void)
{
	struct file *file = load(maps, true);

	REQUIRE(file != NULL);
	CHECK_STR(words(file, "192.0.2.1"),
		  "192.0.2.1 is in DE; 192.0.2.1 is in desk, office");
	CHECK_STR(words(file, "198.51.100.77"),
		  "198.51.100.77 is in US-CA; 198.51.100.77 is in no "
		  "network");
	CHECK_STR(words(file, "10.0.0.1"),
		  "10.0.0.1 is in no country that is known; 10.0.0.1 is in "
		  "lab");
	unload(file);
}

static void unknown_address_is_nowhere(void)
{
	struct file *file = load(maps, true);
	struct where where;

	REQUIRE(file != NULL);
	where_init(&where, &file->own, &file->shared, geo, NULL);
	CHECK(!where_in_region(&where, where_region(&file->own, &file->shared,
						    "eu")));
	CHECK_STR(where_place(&where)->country, "");
	unload(file);
}

static void errors_have_their_places(void)
{
	unload(load("networks: {office: [10.0.0.1/8, x]}\n"
		    "regions:\n"
		    "  a: {countries: [DE, Germany], continents: Europe}\n"
		    "  b: {networks: [offce]}\n",
		    true));
	CHECK(strstr(errors, "w:1:21: office: \"10.0.0.1/8\" will not do"));
	CHECK(strstr(errors, "w:1:33: office: \"x\" will not do"));
	CHECK(strstr(errors, "w:3:23: countries: \"Germany\" will not do, "
			     "expected two letters of ISO 3166, did you mean "
			     "DE (Germany)?\n"));
	CHECK(strstr(errors, "w:3:45: continents: \"Europe\" will not do"));
	CHECK(strstr(errors, "w:4:18: "));
	CHECK(strstr(errors, "did you mean \"office\"?"));
	unload(load("regions: {a: {countries: DE}, b: {}}\n", false));
	CHECK(strstr(errors, "w:1:14: region \"a\" names countries: that "
			     "needs `geoip`"));
	CHECK(strstr(errors, "w:1:34: region \"b\" is empty"));
}

static void memory_may_end(void)
{
	unload(load("networks: {o: 10.0.0.0/8}\n"
		    "regions: {a: {networks: o}}\n", false));
}

TEST_MAIN(TEST(own_names_win), TEST(regions_hold_places_and_networks),
	  TEST(words_tell_where_it_is), TEST(unknown_address_is_nowhere),
	  TEST(errors_have_their_places), TEST_OOM(memory_may_end))
