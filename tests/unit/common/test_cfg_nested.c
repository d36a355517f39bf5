/*
 * test_cfg_nested.c  Maps of lists and maps of maps
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/cfg_schema.h"
#include "common/cfg_tree.h"
#include "tests/lib/test.h"

struct pair {
	const char *name, *value;
};

struct group {
	const char *name;
	struct cfg_cidr *nets;
	uint32_t nnets;
	struct pair *pairs;
	uint32_t npairs;
};

struct nested_cfg {
	struct arena *mem;
	struct group *nets, *prefixes;
	uint32_t nnets, nprefixes;
};

static bool no_x(const char *text, char *why, size_t size)
{
	if (!strchr(text, 'x'))
		return true;
	str_ncpy(why, "a text without x", size);
	return false;
}

static const struct cfg_field cidr_item = {.type = CFG_CIDR,
					   .size = sizeof(struct cfg_cidr)};
static const struct cfg_field value_item = {.type = CFG_STRING,
					    CFG_AT(struct pair, value)};
static const struct cfg_field nets_item = {.type = CFG_LIST,
					   CFG_ITEMS(struct group, nets, nnets),
					   .item = &cidr_item,
					   .flags = CFG_F_ALONE};
static const struct cfg_field pairs_item = {
	.type = CFG_MAP, CFG_ITEMS(struct group, pairs, npairs),
	CFG_KEY(struct pair, name), .item = &value_item, .check = no_x};

static const struct cfg_field fields[] = {
	{"nets", CFG_MAP, CFG_ITEMS(struct nested_cfg, nets, nnets),
	 CFG_KEY(struct group, name), .item = &nets_item},
	{"prefixes", CFG_MAP, CFG_ITEMS(struct nested_cfg, prefixes, nprefixes),
	 CFG_KEY(struct group, name), .item = &pairs_item},
	CFG_END,
};
static const struct cfg_table table = {CFG_ROOT(struct nested_cfg), "n.yaml",
				       fields, NULL, 0};

static char errors[2000];

static struct nested_cfg *fill(const char *text)
{
	struct cfg_errors *errs = NULL;
	struct cfg_tree *tree = NULL;
	struct nested_cfg *cfg = NULL;
	int err = cfg_errors_alloc(&errs);

	err = err ? err
		  : cfg_tree_parse(&tree, "n", text, strlen(text), NULL, errs);
	err = err ? err : cfg_fill(&cfg, &table, cfg_tree_root(tree), errs);
	CHECK(!err == !!cfg);
	re_snprintf(errors, sizeof(errors), "%H", cfg_errors_print, errs);
	mem_deref(errs);
	mem_deref(tree);
	return cfg;
}

static const char full[] = "nets:\n"
			   "  a: [10.0.0.0/8, \"::/0\"]\n"
			   "  b: [192.0.2.1/32]\n"
			   "prefixes:\n"
			   "  \"+49\":\n"
			   "    class: gold\n"
			   "    cost: 0.7\n"
			   "  \"+1\": {}\n";

static void entries_of_a_map_may_be_lists_and_maps(void)
{
	struct nested_cfg *cfg = fill(full);

	if (!cfg)
		return;
	CHECK_INT(cfg->nnets, 2);
	CHECK_STR(cfg->nets[1].name, "b");
	CHECK_INT(cfg->nets[0].nnets, 2);
	CHECK_INT(cfg->nets[1].nets[0].bits, 32);
	CHECK_INT(cfg->nprefixes, 2);
	CHECK_STR(cfg->prefixes[0].name, "+49");
	CHECK_INT(cfg->prefixes[0].npairs, 2);
	CHECK_STR(cfg->prefixes[0].pairs[1].name, "cost");
	CHECK_STR(cfg->prefixes[0].pairs[1].value, "0.7");
	CHECK_INT(cfg->prefixes[1].npairs, 0);
	mem_deref(cfg);
}

static void they_print_as_they_load(void)
{
	struct nested_cfg *cfg = fill(full);
	struct cfg_view view = {&table, cfg};
	char *out = NULL;

	REQUIRE(cfg && !re_sdprintf(&out, "%H", cfg_print, &view));
	CHECK_STR(out, full);
	mem_deref(out);
	mem_deref(cfg);
}

static void errors_name_the_entry(void)
{
	CHECK(!fill("nets: {a: [10.0.0.0/33], b: {c: d}}\n"
		    "prefixes: {\"+49\": {x: y}, \"+1\": 5}\n"));
	CHECK_STR(errors,
		  "n:1:12: a: \"10.0.0.0/33\" will not do, expected a network "
		  "like 10.0.0.0/8\n"
		  "n:1:29: b: found keys and values, expected a list\n"
		  "n:2:20: +49: \"x\" will not do as a key, expected a text "
		  "without x\n"
		  "n:2:33: +1: found a single value, expected names with "
		  "their values\n");
}

static void schema_and_page_tell_what_they_hold(void)
{
	char *out = NULL;

	REQUIRE(!re_sdprintf(&out, "%H%H", cfg_schema_print_json, &table,
			     cfg_schema_print_markdown, &table));
	CHECK(strstr(out, "names, each with list; each a network like"));
	CHECK(strstr(out, "names, each with names, each with a text"));
	CHECK(strstr(out, "\"oneOf\": ["));
	mem_deref(out);
}

TEST_MAIN(TEST_OOM(entries_of_a_map_may_be_lists_and_maps),
	  TEST(they_print_as_they_load), TEST(errors_name_the_entry),
	  TEST(schema_and_page_tell_what_they_hold))
