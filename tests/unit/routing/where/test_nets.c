/*
 * test_nets.c  Which networks an address is in
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <re.h>

#include "routing/where/nets.h"
#include "tests/lib/test.h"

static struct nets *made(const char *const *texts, uint32_t count)
{
	struct nets *nets = NULL;
	struct cfg_cidr cidr;
	int err = nets_alloc(&nets);

	for (uint32_t i = 0; i < count && !err; i++) {
		if (!cfg_cidr_read(&cidr, texts[i]))
			err = EINVAL;
		err = err ? err : nets_add(nets, &cidr, i);
	}
	CHECK_INT(err, 0);
	if (err)
		return mem_deref(nets);
	nets_seal(nets);
	return nets;
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

/* "2 0": the ids, the narrowest first; "" for none */
static const char *ids(const struct nets *nets, const char *addr)
{
	static char text[100];
	size_t n = 0;
	struct sa sa;
	uint32_t place;

	text[0] = '\0';
	if (!read_addr(&sa, addr))
		return "no address";
	for (place = nets_find(nets, &sa); place != NETS_NONE;
	     place = nets_next(nets, place)) {
		re_snprintf(text + n, sizeof(text) - n, n ? " %u" : "%u",
			    nets_id(nets, place));
		n = strlen(text);
	}
	return text;
}

static void narrowest_comes_first(void)
{
	static const char *const list[] = {
		"10.0.0.0/8",    "10.1.0.0/16", "10.1.2.0/24", "192.0.2.7",
		"2001:db8::/32", "2001:db8:0:1::/64", "2001:db8::1",
		"10.1.0.0/16",   "10.200.0.0/16",
	};
	struct nets *nets = made(list, 9);

	if (!nets)
		return;
	CHECK_STR(ids(nets, "10.1.2.3"), "2 7 1 0");
	CHECK_STR(ids(nets, "10.1.3.3"), "7 1 0");
	CHECK_STR(ids(nets, "10.255.0.1"), "0");
	CHECK_STR(ids(nets, "10.200.0.1"), "8 0");
	CHECK_STR(ids(nets, "192.0.2.7"), "3");
	CHECK_STR(ids(nets, "192.0.2.8"), "");
	CHECK_STR(ids(nets, "9.255.255.255"), "");
	CHECK_STR(ids(nets, "2001:db8::1"), "6 4");
	CHECK_STR(ids(nets, "2001:db8:0:1::9"), "5 4");
	CHECK_STR(ids(nets, "2001:db9::1"), "");
	CHECK_STR(ids(nets, "::ffff:10.1.2.3"), "2 7 1 0");
	mem_deref(nets);
}

static void all_of_one_family_is_not_all_of_the_other(void)
{
	static const char *const list[] = {"0.0.0.0/0", "::/0"};
	struct nets *nets = made(list, 2);

	REQUIRE(nets != NULL);
	CHECK_STR(ids(nets, "255.255.255.255"), "0");
	CHECK_STR(ids(nets, "0.0.0.0"), "0");
	CHECK_STR(ids(nets, "::1"), "1");
	CHECK_STR(ids(nets, "::ffff:1.2.3.4"), "0");
	CHECK_STR(ids(nets, "ffff::"), "1");
	mem_deref(nets);
	nets = made(list, 1);
	CHECK_STR(ids(nets, "::1"), "");
	mem_deref(nets);
}

static void nothing_is_found_where_nothing_is(void)
{
	struct nets *nets = made(NULL, 0);
	struct sa sa;

	sa_init(&sa, AF_UNSPEC);
	CHECK_STR(ids(nets, "10.0.0.1"), "");
	CHECK(nets_find(nets, &sa) == NETS_NONE);
	CHECK(nets_find(nets, NULL) == NETS_NONE);
	CHECK(nets_find(NULL, &sa) == NETS_NONE);
	mem_deref(nets);
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 4;
}

enum {
	MANY = 3000
};

static void agrees_with_a_search_through_all(void)
{
	struct cfg_cidr *all = mem_zalloc(MANY * sizeof(*all), NULL);
	struct nets *nets = NULL;
	uint32_t seed = 3;
	size_t wrong = 0, in = 0;

	REQUIRE(all && !nets_alloc(&nets));
	for (uint32_t i = 0; i < MANY; i++) {
		const unsigned bits = 1 + next(&seed) % 32;
		const uint32_t mask = UINT32_MAX << (32 - bits);

		sa_set_in(&all[i].net, (next(&seed) << 4) & mask, 0);
		all[i].bits = (uint8_t)bits;
		wrong += nets_add(nets, &all[i], i) != 0;
	}
	nets_seal(nets);
	for (int k = 0; k < 2000; k++) {
		size_t want = 0, is = 0;
		uint32_t place;
		struct sa sa;

		sa_set_in(&sa, next(&seed) << 4, 0);
		for (uint32_t i = 0; i < MANY; i++)
			want += cfg_cidr_has(&all[i], &sa);
		for (place = nets_find(nets, &sa); place != NETS_NONE;
		     place = nets_next(nets, place)) {
			++is;
			wrong += !cfg_cidr_has(&all[nets_id(nets, place)], &sa);
		}
		wrong += is != want;
		in += is;
	}
	CHECK_INT(wrong, 0);
	CHECK(in > 2000);
	mem_deref(nets);
	mem_deref(all);
}

TEST_MAIN(TEST_OOM(narrowest_comes_first),
	  TEST(all_of_one_family_is_not_all_of_the_other),
	  TEST(nothing_is_found_where_nothing_is),
	  TEST(agrees_with_a_search_through_all))
