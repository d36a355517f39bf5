/*
 * test_node.c  Node names and worker addresses
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/node.h"
#include "tests/lib/test.h"

static bool valid(const char *name)
{
	return node_name_valid(name, strlen(name));
}

static void names_hold_only_lower_case_digits_and_hyphens(void)
{
	CHECK(valid("a"));
	CHECK(valid("a1"));
	CHECK(valid("eu-west-1-sig-01"));
	CHECK(!valid(""));
	CHECK(!valid("eu-west-1-sig-001"));
	CHECK(!valid("A1"));
	CHECK(!valid("a_1"));
	CHECK(!valid("-a"));
	CHECK(!valid("a-"));
	CHECK(!valid("a/1"));
	CHECK(!valid("a.b"));
	CHECK(!node_name_valid("a\0b", 3));
	CHECK(!node_name_valid(NULL, 1));
}

static void host_names_become_valid_names(void)
{
	static const struct {
		const char *host, *name;
	} rows[] = {
		{"web1", "web1"},
		{"Web1.example.org", "web1"},
		{"my_box--x", "my-box-x"},
		{"--a--", "a"},
		{"abcdefghijklmno-pq", "abcdefghijklmno"},
		{"abcdefghijklmnopq", "abcdefghijklmnop"},
		{"", "node"},
		{"...", "node"},
		{"___", "node"},
		{"\xc3\xa9t\xc3\xa9", "t"},
	};
	char name[NODE_NAME_MAX + 1];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		node_name_from(name, rows[i].host);
		CHECK_STR(name, rows[i].name);
		CHECK(valid(name));
	}
	node_name_default(name);
	CHECK(valid(name));
}

static void address_reads_back_what_was_written(void)
{
	struct node_id id = {"eu-west-1-sig-01", 255, 7}, back;
	char addr[NODE_ADDR_MAX + 1];

	node_addr_format(addr, &id);
	CHECK_STR(addr, "eu-west-1-sig-01/255");
	CHECK_INT(node_addr_parse(&back, addr, strlen(addr)), 0);
	CHECK(node_same_place(&id, &back));
	CHECK_INT(back.epoch, 0);
	CHECK_INT(node_addr_parse(&back, "a1/2xyz", 4), 0);
	CHECK_STR(back.node, "a1");
	CHECK_INT(back.slot, 2);
}

static void other_spellings_of_an_address_are_refused(void)
{
	static const char *const bad[] = {
		"",      "/",      "a1",
		"a1/",   "/1",     "a1/0",
		"a1/01", "a1/256", "a1/1000",
		"a1/-1", "a1/+1",  "a1/1 ",
		" a1/1", "a1/1/2", "A1/1",
		"a1/x",  "a1//1",  "abcdefghijklmnopq/1",
	};
	struct node_id id = {"keep", 3, 4};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(node_addr_parse(&id, bad[i], strlen(bad[i])) != 0);
	CHECK(node_addr_parse(&id, NULL, 0) != 0);
	CHECK_STR(id.node, "keep");
}

static void incarnations_of_a_place_are_told_apart(void)
{
	struct node_id a = {"a1", 2, 7}, b = {"a1", 2, 8}, c = {"a1", 3, 7};
	struct node_id none = {"a1", 2, 0};

	CHECK(node_same(&a, &a));
	CHECK(node_same_place(&a, &b) && !node_same(&a, &b));
	CHECK(!node_same_place(&a, &c));
	CHECK(!node_same(&none, &none));
	CHECK(node_compare(&a, &a) == 0);
	CHECK(node_compare(&a, &b) < 0 && node_compare(&b, &a) > 0);
	CHECK(node_compare(&b, &c) < 0 && node_compare(&c, &b) > 0);
}

TEST_MAIN(TEST(names_hold_only_lower_case_digits_and_hyphens),
	  TEST(host_names_become_valid_names),
	  TEST(address_reads_back_what_was_written),
	  TEST(other_spellings_of_an_address_are_refused),
	  TEST(incarnations_of_a_place_are_told_apart))
