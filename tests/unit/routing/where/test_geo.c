/*
 * test_geo.c  In which country an address is
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <re.h>

#include "common/fingerprint.h"
#include "routing/where/geo.h"
#include "routing/where/land.h"
#include "tests/lib/mmdb.h"
#include "tests/lib/test.h"

/* Networks for documentation (RFC 5737, RFC 3849) and one for benchmarks. */
static const struct mmdb_row rows[] = {
	{"192.0.2.0/24", "DE", "EU", NULL},
	{"198.51.100.0/24", "US", "NA", "CA"},
	{"198.51.100.128/25", "US", "NA", "NY"},
	{"203.0.113.0/24", "NP", NULL, NULL},
	{"198.18.0.0/15", NULL, "AS", NULL},
	{"2001:db8::/32", "FR", "EU", NULL},
	{"2001:db8:1::/48", "AU", "OC", "TAS"},
};

static char why[300];

static const char *path(const char *name)
{
	static char text[300];

	re_snprintf(text, sizeof(text), "%s/%s", test_tmpdir(), name);
	return text;
}

static struct geo *open_geo(const char *name)
{
	struct geo *geo = NULL;

	why[0] = '\0';
	CHECK(!geo_open(&geo, path(name), NULL, why, sizeof(why)) == !!geo);
	return geo;
}

static struct geo *made(void)
{
	CHECK(mmdb_write(path("c.mmdb"), rows, sizeof(rows) / sizeof(rows[0]),
			 "GeoLite2-City"));
	return open_geo("c.mmdb");
}

/* libre would make IPv4 of an IPv4-mapped address: here it stays IPv6. */
static bool read_addr(struct sa *sa, const char *text)
{
	uint8_t in6[16] = {[10] = 0xff, [11] = 0xff};

	if (strncmp(text, "::ffff:", 7) != 0)
		return !sa_set_str(sa, text, 0);
	if (inet_pton(AF_INET, text + 7, in6 + 12) != 1)
		return false;
	sa_set_in6(sa, in6, 0);
	return true;
}

/* "DE EU -" */
static const char *at(const struct geo *geo, const char *addr)
{
	static char text[40];
	struct geo_place place;
	struct sa sa;

	if (!read_addr(&sa, addr) || !geo_find(geo, &sa, &place))
		return "nowhere";
	re_snprintf(text, sizeof(text), "%s %s %s",
		    place.country[0] ? place.country : "-",
		    place.continent[0] ? place.continent : "-",
		    place.subdivision[0] ? place.subdivision : "-");
	return text;
}

static void addresses_are_in_their_countries(void)
{
	struct geo *geo = made();

	REQUIRE(geo != NULL);
	CHECK_STR(at(geo, "192.0.2.7"), "DE EU -");
	CHECK_STR(at(geo, "198.51.100.7"), "US NA US-CA");
	CHECK_STR(at(geo, "198.51.100.200"), "US NA US-NY");
	CHECK_STR(at(geo, "2001:db8::1"), "FR EU -");
	CHECK_STR(at(geo, "2001:db8:1::1"), "AU OC AU-TAS");
	CHECK_STR(at(geo, "::ffff:192.0.2.7"), "DE EU -");
	/* the continent by our table, or alone */
	CHECK_STR(at(geo, "203.0.113.1"), "NP AS -");
	CHECK_STR(at(geo, "198.18.0.1"), "- AS -");
	CHECK_STR(at(geo, "10.0.0.1"), "nowhere");
	CHECK_STR(at(geo, "2001:db9::1"), "nowhere");
	CHECK_STR(at(NULL, "192.0.2.7"), "nowhere");
	CHECK_STR(geo_type(geo), "GeoLite2-City");
	CHECK_INT(geo_built(geo), 1780000000);
	mem_deref(geo);
}

static void file_may_be_written_over(void)
{
	struct geo *geo = made();
	FILE *f = fopen(path("c.mmdb"), "wb"); /* cut to nothing */

	REQUIRE(geo && f);
	fclose(f);
	CHECK_STR(at(geo, "192.0.2.7"), "DE EU -");
	mem_deref(geo);
}

static void wrong_files_are_told(void)
{
	FILE *f;

	CHECK(!open_geo("none.mmdb"));
	CHECK(strstr(why, "a file that can be read: No such file"));
	CHECK(!open_geo("."));
	CHECK(strstr(why, "a file that can be read: "));
	f = fopen(path("text.mmdb"), "wb");
	REQUIRE(f && fputs("no database at all", f) >= 0);
	fclose(f);
	CHECK(!open_geo("text.mmdb"));
	CHECK(strstr(why, "a MaxMind database (.mmdb): "));
	CHECK(mmdb_write(path("asn.mmdb"), rows, 1, "GeoLite2-ASN"));
	CHECK(!open_geo("asn.mmdb"));
	CHECK(strstr(why, "a database of countries or cities, not "
			  "\"GeoLite2-ASN\""));
}

static void database_that_is_damaged_finds_nothing_or_less(void)
{
	struct mbuf *mb = mmdb_make(rows, sizeof(rows) / sizeof(rows[0]), "C");

	REQUIRE(mb != NULL);
	for (size_t cut = 0; cut < mb->end; cut += 37) {
		FILE *f = fopen(path("cut.mmdb"), "wb");
		struct geo *geo = NULL;

		REQUIRE(f != NULL);
		/* the middle is gone, what it says of itself is there */
		CHECK(fwrite(mb->buf, 1, cut, f) == cut);
		CHECK(fwrite(mb->buf + mb->end - 300, 1, 300, f) == 300);
		fclose(f);
		if (!geo_open(&geo, path("cut.mmdb"), NULL, why, sizeof(why)))
			(void)at(geo, "192.0.2.7");
		mem_deref(geo);
	}
	mem_deref(mb);
}

static void another_database_has_another_fingerprint(void)
{
	char text[2][FINGERPRINT_LEN + 1];

	for (int i = 0; i < 2; i++) {
		struct fingerprint *print = NULL;
		struct geo *geo = NULL;

		CHECK(mmdb_write(path("f.mmdb"), rows + i, 2, "C"));
		REQUIRE(!fingerprint_alloc(&print));
		CHECK(!geo_open(&geo, path("f.mmdb"), print, why,
				sizeof(why)));
		fingerprint_text(print, text[i]);
		mem_deref(geo);
		mem_deref(print);
	}
	CHECK(strcmp(text[0], text[1]));
}

static void memory_may_end(void)
{
	struct geo *geo = NULL;

	if (!geo_open(&geo, path("c.mmdb"), NULL, why, sizeof(why)))
		CHECK(geo != NULL);
	mem_deref(geo);
}

/* --- countries -------------------------------------------------------------------- */

static void countries_are_known_by_their_codes(void)
{
	size_t count;
	const struct land *land = lands(&count);

	CHECK_INT(count, 250);
	for (size_t i = 0; i < count; i++) {
		CHECK(!i || strcmp(land[i - 1].code, land[i].code) < 0);
		CHECK(land_find(land[i].code) == &land[i]);
		CHECK(land_check_continent(land[i].continent, why,
					   sizeof(why)));
	}
	CHECK(!land_find("ZZ"));
	CHECK(!land_find(""));
	CHECK(!land_find("D"));
}

static void what_is_no_country_may_be_meant(void)
{
	CHECK(land_check_country("DE", why, sizeof(why)));
	CHECK(!land_check_country("de", why, sizeof(why)));
	CHECK_STR(why, "two letters of ISO 3166, did you mean DE (Germany)?");
	CHECK(!land_check_country("UK", why, sizeof(why)));
	CHECK_STR(why,
		  "two letters of ISO 3166, did you mean GB (United Kingdom)?");
	CHECK(!land_check_country("Swizerland", why, sizeof(why)));
	CHECK_STR(why,
		  "two letters of ISO 3166, did you mean CH (Switzerland)?");
	CHECK(!land_check_country("EU", why, sizeof(why)));
	CHECK(!land_check_continent("Europe", why, sizeof(why)));
	CHECK(land_check_subdivision("US-CA", why, sizeof(why)));
	CHECK(land_check_subdivision("GB-ENG", why, sizeof(why)));
	CHECK(!land_check_subdivision("US", why, sizeof(why)));
	CHECK(!land_check_subdivision("UK-ENG", why, sizeof(why)));
	CHECK(!land_check_subdivision("US-", why, sizeof(why)));
	CHECK(!land_check_subdivision("US-CALI", why, sizeof(why)));
}

TEST_MAIN(TEST(addresses_are_in_their_countries),
	  TEST(file_may_be_written_over), TEST(wrong_files_are_told),
	  TEST(database_that_is_damaged_finds_nothing_or_less),
	  TEST(another_database_has_another_fingerprint),
	  TEST_OOM(memory_may_end), TEST(countries_are_known_by_their_codes),
	  TEST(what_is_no_country_may_be_meant))
