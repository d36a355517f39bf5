/*
 * test_cfg_table.c  Tables that hold themselves, as conditions do
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/cfg_schema.h"
#include "common/cfg_schema_priv.h"
#include "common/cfg_tree.h"
#include "tests/lib/test.h"

struct cond {
	const char *callee;
	struct cond *any;
	uint32_t nany;
	struct cond *not;
};

struct file {
	struct arena *mem;
	struct cond match;
};

static const struct cfg_table cond_table;
static const struct cfg_field cond_item = {.type = CFG_TABLE,
					   .table = &cond_table};
static const struct cfg_field cond_fields[] = {
	{"callee", CFG_STRING, CFG_AT(struct cond, callee), .help = "Whom."},
	{"any", CFG_LIST, CFG_ITEMS(struct cond, any, nany),
	 .item = &cond_item, .min = 1, .help = "One of these."},
	{"not", CFG_TABLE, CFG_AT(struct cond, not), .flags = CFG_F_PTR,
	 .table = &cond_table, .help = "Not this."},
	CFG_END,
};
static const struct cfg_table cond_table = {
	sizeof(struct cond), "a condition", cond_fields, "What must be true.",
	0};

static const struct cfg_field file_fields[] = {
	{"match", CFG_TABLE, CFG_AT(struct file, match), .table = &cond_table,
	 .help = "For whom."},
	CFG_END,
};
static const struct cfg_table file_table = {CFG_ROOT(struct file), "f.yaml",
					    file_fields, "A file.", 0};

static const char text[] = "match:\n"
			   "  any:\n"
			   "    - callee: a\n"
			   "    - not:\n"
			   "        callee: b\n";

static void table_may_hold_itself(void)
{
	CHECK(cfg_table_holds(&cond_table, &cond_table));
	CHECK(cfg_table_holds(&file_table, &cond_table));
	CHECK(!cfg_table_holds(&cond_table, &file_table));
	CHECK(!cfg_table_holds(&file_table, &file_table));
}

static void it_is_filled_and_printed(void)
{
	struct cfg_tree *tree = NULL;
	struct file *file = NULL;
	char *out = NULL;

	REQUIRE(!cfg_tree_parse(&tree, "f", text, strlen(text), NULL, NULL));
	CHECK(!cfg_fill(&file, &file_table, cfg_tree_root(tree), NULL));
	mem_deref(tree);
	REQUIRE(file && file->match.nany == 2 && file->match.any[1].not );
	CHECK_STR(file->match.any[1].not ->callee, "b");
	CHECK(!re_sdprintf(&out, "%H", cfg_print,
			   &(struct cfg_view){&file_table, file}));
	CHECK_STR(out, text);
	mem_deref(out);
	mem_deref(file);
}

static void schema_names_it_once_and_refers_to_it(void)
{
	char *out = NULL, *def;

	REQUIRE(!re_sdprintf(&out, "%H", cfg_schema_print_json, &file_table));
	CHECK(strstr(out, "\"match\": {\n"
			  "      \"description\": \"For whom.\",\n"
			  "      \"$ref\": \"#/$defs/table0\"\n"));
	def = strstr(out, "\"$defs\": {\n    \"table0\": {\n");
	REQUIRE(def);
	CHECK(strstr(def, "\"title\": \"a condition\",\n"
			  "      \"description\": \"What must be true.\","));
	CHECK(strstr(def, "\"items\": {\n"
			  "            \"description\": \"What must be true.\","
			  "\n            \"$ref\": \"#/$defs/table0\"\n"));
	CHECK(!strstr(out, "table1"));
	mem_deref(out);
}

static void page_tells_it_once(void)
{
	char *out = NULL;

	REQUIRE(!re_sdprintf(&out, "%H", cfg_schema_print_markdown,
			     &file_table));
	CHECK(strstr(out, "| `any` | list of tables as this one |  | "
			  "One of these. |\n"));
	CHECK(strstr(out, "| `not` | table as this one |  | Not this. |\n"));
	CHECK(strstr(out, "## match\n") && !strstr(out, "## match.any"));
	mem_deref(out);
}

TEST_MAIN(TEST(table_may_hold_itself), TEST_OOM(it_is_filled_and_printed),
	  TEST(schema_names_it_once_and_refers_to_it), TEST(page_tells_it_once))
