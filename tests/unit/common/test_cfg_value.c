/*
 * test_cfg_value.c  One value: every spelling that is read, and all others
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/arena.h"
#include "common/cfg_schema.h"
#include "common/cfg_schema_priv.h"
#include "tests/lib/test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

union room {
	uint8_t u8;
	int8_t i8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	int64_t i64;
	bool on;
	int number;
	const char *text;
	struct sa sa;
	struct cfg_cidr cidr;
};

/* Reads, and prints again: the printed text, or NULL when refused. */
static const char *again(const struct cfg_field *field, const char *text)
{
	static char out[256];
	union room room = {0};
	struct arena *mem = NULL;
	char why[CFG_WHY_MAX];
	int err = arena_alloc(&mem);

	err = err ? err : cfg_value_read(field, text, &room, mem, why);
	if (err)
		CHECK(why[0]);
	if (!err) {
		struct cfg_field item = *field;
		struct cfg_field fields[] = {item, CFG_END};
		struct cfg_table table = {sizeof(room), "t", fields, NULL, 0};
		struct cfg_view view = {&table, &room};

		fields[0].key = "k";
		fields[0].flags |= CFG_F_REQUIRED;
		fields[0].offset = 0;
		re_snprintf(out, sizeof(out), "%H", cfg_print, &view);
		/* "k: value\n" */
		if (strlen(out) > 4)
			memmove(out, out + 3, strlen(out) - 2);
		out[strcspn(out, "\n")] = '\0';
	}
	mem_deref(mem);
	return err ? NULL : out;
}

static void check_all(const struct cfg_field *field,
		      const char *const good[][2], size_t ngood,
		      const char *const bad[], size_t nbad)
{
	for (size_t i = 0; i < ngood; i++)
		CHECK_STR(again(field, good[i][0]), good[i][1]);
	for (size_t i = 0; i < nbad; i++) {
		if (again(field, bad[i]))
			CHECK_STR(bad[i], "refused");
	}
}

static void whole_numbers_have_one_spelling(void)
{
	static const struct cfg_field field = {.type = CFG_INT, .size = 1};
	static const char *const good[][2] = {{"0", "0"}, {"255", "255"}};
	static const char *const bad[] = {"",
					  "256",
					  "-1",
					  "-0",
					  "+1",
					  "01",
					  "1.0",
					  "1e2",
					  "0x10",
					  " 1",
					  "1 ",
					  "a",
					  "99999999999999999999",
					  "--1"};

	check_all(&field, good, COUNT(good), bad, COUNT(bad));
}

static void widths_are_used_in_full(void)
{
	static const struct {
		uint32_t size;
		const char *max, *over;
	} width[] = {{1, "255", "256"},
		     {2, "65535", "65536"},
		     {4, "4294967295", "4294967296"},
		     {8, "9223372036854775799", "9223372036854775808"}};

	for (size_t i = 0; i < COUNT(width); i++) {
		struct cfg_field field = {.type = CFG_INT,
					  .size = width[i].size};

		CHECK_STR(again(&field, width[i].max), width[i].max);
		CHECK(!again(&field, width[i].over));
	}
}

static void signed_ranges_reach_below_zero(void)
{
	static const struct cfg_field field = {.type = CFG_INT,
					       .size = 1,
					       .min = -128,
					       .max = 127};
	static const char *const good[][2] = {{"-128", "-128"},
					      {"127", "127"},
					      {"-1", "-1"}};
	static const char *const bad[] = {"-129", "128", "-"};

	check_all(&field, good, COUNT(good), bad, COUNT(bad));
}

static void times_need_a_unit(void)
{
	static const struct cfg_field field = {.type = CFG_DURATION, .size = 4};
	static const char *const good[][2] = {
		{"0", "0ms"},        {"0s", "0ms"},  {"500ms", "500ms"},
		{"1000ms", "1s"},    {"20s", "20s"}, {"90s", "90s"},
		{"120s", "2m"},      {"24h", "1d"},  {"49d", "49d"},
		{"1500ms", "1500ms"}};
	static const char *const bad[] = {"20",    "s",
					  "20 s",  "20S",
					  "1.5s",  "-1s",
					  "50d",   "1w",
					  "20sec", "9223372036854775799d"};

	check_all(&field, good, COUNT(good), bad, COUNT(bad));
}

static void sizes_count_in_powers_of_two(void)
{
	static const struct cfg_field field = {.type = CFG_SIZE, .size = 8};
	static const char *const good[][2] = {
		{"0", "0"},       {"512", "512"},
		{"1024", "1KiB"}, {"64KiB", "64KiB"},
		{"1MiB", "1MiB"}, {"1536KiB", "1536KiB"},
		{"3GiB", "3GiB"}, {"4096GiB", "4096GiB"}};
	static const char *const bad[] = {"64k",
					  "64KB",
					  "1 MiB",
					  "MiB",
					  "9223372036854775799KiB",
					  "18014398509481985KiB",
					  "-1"};

	check_all(&field, good, COUNT(good), bad, COUNT(bad));
}

static void addresses_are_numbers_with_a_port(void)
{
	static const struct cfg_field field = {.type = CFG_ADDR,
					       .size = sizeof(struct sa)};
	static const char *const good[][2] = {{"192.0.2.1:5060",
					       "192.0.2.1:5060"},
					      {"0.0.0.0:0", "0.0.0.0:0"},
					      {"[2001:db8::1]:65535",
					       "\"[2001:db8::1]:65535\""},
					      {"[::]:0", "\"[::]:0\""}};
	static const char *const bad[] = {"",
					  "192.0.2.1",
					  "192.0.2.1:",
					  "192.0.2.1:65536",
					  "192.0.2:5",
					  "host:5060",
					  "2001:db8::1",
					  "[::1]",
					  "[::1]5060",
					  "[192.0.2.1]:1",
					  "::1:5060",
					  "192.0.2.1:-1",
					  ":5060",
					  "[]:1",
					  "[::1",
					  "1.2.3.4:1:2",
					  "1.2.3.4 :1",
					  "01.2.3.4:1",
					  "[fe80::1%lo]:1",
					  "1.2.3.4:05"};

	check_all(&field, good, COUNT(good), bad, COUNT(bad));
}

static void port_may_be_absent_where_allowed(void)
{
	static const struct cfg_field field = {.type = CFG_ADDR,
					       .size = sizeof(struct sa),
					       .flags = CFG_F_NO_PORT};
	static const char *const good[][2] = {{"192.0.2.1", "192.0.2.1"},
					      {"192.0.2.1:5060",
					       "192.0.2.1:5060"},
					      {"2001:db8::1", "2001:db8::1"},
					      {"[2001:db8::1]", "2001:db8::1"},
					      {"[2001:db8::1]:7",
					       "\"[2001:db8::1]:7\""}};
	static const char *const bad[] = {"",       "host", "192.0.2.1:",
					  "[::1]:", "[::1", "1.2.3.4.5"};

	check_all(&field, good, COUNT(good), bad, COUNT(bad));
}

static void networks_have_no_host_bits(void)
{
	static const struct cfg_field field = {.type = CFG_CIDR,
					       .size = sizeof(struct cfg_cidr)};
	static const char *const good[][2] = {
		{"10.0.0.0/8", "10.0.0.0/8"},
		{"192.0.2.1", "192.0.2.1/32"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"192.0.2.128/25", "192.0.2.128/25"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"::1", "\"::1/128\""}};
	static const char *const bad[] = {
		"10.0.0.1/8",  "10.0.0.0/33",  "10.0.0.0/",
		"10.0.0/8",    "::1/127",      "::/129",
		"10.0.0.0/08", "10.0.0.0/-1",  "host/8",
		"/8",          "10.0.0.0/8/8", "::ffff:10.0.0.0/104"};

	check_all(&field, good, COUNT(good), bad, COUNT(bad));
}

static bool has(const char *net, const char *host)
{
	static const struct cfg_field field = {.type = CFG_CIDR,
					       .size = sizeof(struct cfg_cidr)};
	struct cfg_cidr cidr = {0};
	char why[CFG_WHY_MAX];
	struct sa sa;

	CHECK(!cfg_value_read(&field, net, &cidr, NULL, why));
	CHECK(!sa_set_str(&sa, host, 0));
	return cfg_cidr_has(&cidr, &sa);
}

static void addresses_are_in_their_networks(void)
{
	struct cfg_cidr none = {0};
	struct sa sa;

	CHECK(has("10.0.0.0/8", "10.255.255.255"));
	CHECK(!has("10.0.0.0/8", "11.0.0.0"));
	CHECK(has("192.0.2.128/25", "192.0.2.200"));
	CHECK(!has("192.0.2.128/25", "192.0.2.127"));
	CHECK(has("0.0.0.0/0", "203.0.113.9"));
	CHECK(!has("0.0.0.0/0", "2001:db8::1"));
	CHECK(has("::/0", "2001:db8::1"));
	CHECK(has("2001:db8::/33", "2001:db8:7fff::1"));
	CHECK(!has("2001:db8::/33", "2001:db8:8000::1"));
	CHECK(has("192.0.2.1", "192.0.2.1"));
	sa_set_str(&sa, "127.0.0.1", 0);
	CHECK(!cfg_cidr_has(&none, &sa));
}

static void mapped_addresses_count_as_ipv4(void)
{
	CHECK(has("127.0.0.0/8", "::ffff:127.0.0.1"));
	CHECK(!has("::/0", "::ffff:127.0.0.1"));
}

static void texts_hold_no_control_characters(void)
{
	static const struct cfg_field field = {.type = CFG_STRING,
					       .size = sizeof(char *)};
	static const char *const good[][2] = {
		{"alice", "alice"},     {"a b", "\"a b\""},
		{"true", "\"true\""},   {"*43", "\"*43\""},
		{"a\"b", "\"a\\\"b\""}, {"a: b", "\"a: b\""},
		{"-", "\"-\""},         {"é", "\"é\""},
		{"a:", "\"a:\""},       {"sip:a@b", "sip:a@b"},
		{"no", "\"no\""},       {"#x", "\"#x\""}};
	static const char *const bad[] = {"",   "a\nb",  "a\rb",
					  "\t", "a\x7f", "\x01"};
	char big[1026];

	check_all(&field, good, COUNT(good), bad, COUNT(bad));
	memset(big, 'a', sizeof(big));
	big[1025] = '\0';
	CHECK(!again(&field, big));
	big[1024] = '\0';
	CHECK(again(&field, big));
}

TEST_MAIN(TEST(whole_numbers_have_one_spelling), TEST(widths_are_used_in_full),
	  TEST(signed_ranges_reach_below_zero), TEST(times_need_a_unit),
	  TEST(sizes_count_in_powers_of_two),
	  TEST(addresses_are_numbers_with_a_port),
	  TEST(port_may_be_absent_where_allowed),
	  TEST(networks_have_no_host_bits),
	  TEST(addresses_are_in_their_networks),
	  TEST(mapped_addresses_count_as_ipv4),
	  TEST(texts_hold_no_control_characters))
