/*
 * test_cfg_hash.c  Whether two nodes run with the same configuration
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/cfg_hash.h"
#include "common/cfg_tree.h"
#include "common/keyring.h"
#include "tests/lib/test.h"
#include "tests/unit/common/cfg_sample.h"

struct hash {
	char text[FINGERPRINT_LEN + 1];
};

static struct hash of(const char *text, const char *more)
{
	struct cfg_tree *tree = NULL;
	struct sample_cfg *cfg = NULL;
	struct hash hash = {""};

	if (!cfg_tree_parse(&tree, "s", text, strlen(text), NULL, NULL) &&
	    !cfg_fill(&cfg, &sample_table, cfg_tree_root(tree), NULL)) {
		const struct cfg_view view = {&sample_table, cfg};

		cfg_hash(hash.text, &view, more);
	}
	mem_deref(cfg);
	mem_deref(tree);
	return hash;
}

static void the_same_content_gives_the_same_hash(void)
{
	CHECK(strlen(of("", NULL).text) == FINGERPRINT_LEN);
	CHECK_STR(of("on: false\nwait: 3s\n", "v").text,
		  of("# another file\nwait: 3s\non: false\n", "v").text);
	CHECK_STR(of("level: low\n", NULL).text, of("", NULL).text);
}

static void another_content_gives_another_one(void)
{
	CHECK(strcmp(of("on: false\n", NULL).text, of("", NULL).text));
	CHECK(strcmp(of("limits: {calls: 11}\n", NULL).text,
		     of("", NULL).text));
	CHECK(strcmp(of("", "1").text, of("", "2").text));
}

static struct hash keys(const char *text)
{
	struct keyring *ring = NULL;
	struct hash hash = {""};
	char why[100];

	CHECK(!keyring_parse(&ring, text, strlen(text), why, sizeof(why)));
	cfg_hash_keys(hash.text, ring);
	mem_deref(ring);
	return hash;
}

static void secrets_of_the_same_id_are_told_apart(void)
{
	const char *a = "1 - 000102030405060708090a0b0c0d0e0f\n";

	CHECK_STR(keys(a).text, keys(a).text);
	CHECK(strcmp(keys(a).text,
		     keys("1 - 000102030405060708090a0b0c0d0e10\n").text));
	CHECK(strcmp(keys(a).text,
		     keys("2 - 000102030405060708090a0b0c0d0e0f\n").text));
}

TEST_MAIN(TEST(the_same_content_gives_the_same_hash),
	  TEST(another_content_gives_another_one),
	  TEST(secrets_of_the_same_id_are_told_apart))
