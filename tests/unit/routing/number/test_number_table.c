/*
 * test_number_table.c  Tables of prefixes from CSV files and from YAML
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <re.h>

#include "common/arena.h"
#include "common/cfg_tree.h"
#include "common/fingerprint.h"
#include "routing/number/number_table.h"
#include "tests/lib/test.h"

struct file {
	struct arena *mem;
	struct number_table *numbers;
	uint32_t nnumbers;
};

static const struct cfg_field file_fields[] = {
	{"numbers", CFG_MAP, CFG_ITEMS(struct file, numbers, nnumbers),
	 CFG_KEY(struct number_table, name), .item = &number_table_item,
	 .check = number_name_check},
	CFG_END,
};
static const struct cfg_table file_table = {CFG_ROOT(struct file), "n",
					    file_fields, NULL, 0};

static char errors[40000];
static char print_text[FINGERPRINT_LEN + 1];

static struct file *load(const char *text)
{
	struct cfg_errors *errs = NULL;
	struct cfg_tree *tree = NULL;
	struct fingerprint *print = NULL;
	struct file *file = NULL;
	char name[300];
	int err = cfg_errors_alloc(&errs);

	re_snprintf(name, sizeof(name), "%s/r.yaml", test_tmpdir());
	err = err ? err : fingerprint_alloc(&print);
	err = err ? err
		  : cfg_tree_parse(&tree, name, text, strlen(text), NULL, errs);
	err = err ? err
		  : cfg_fill(&file, &file_table, cfg_tree_root(tree), errs);
	for (uint32_t i = 0; !err && i < file->nnumbers; i++)
		err = number_table_load(&file->numbers[i], print, errs);
	re_snprintf(errors, sizeof(errors), "%H", cfg_errors_print, errs);
	CHECK(test_oom_hit() || !err == !errors[0]);
	fingerprint_text(print, print_text);
	mem_deref(print);
	mem_deref(tree);
	mem_deref(errs);
	return file;
}

static void unload(struct file *file)
{
	for (uint32_t i = 0; file && i < file->nnumbers; i++)
		number_table_release(&file->numbers[i]);
	mem_deref(file);
}

static void write_csv(const char *text)
{
	char path[300];
	FILE *f;

	re_snprintf(path, sizeof(path), "%s/rates.csv", test_tmpdir());
	f = fopen(path, "wb");
	REQUIRE(f != NULL);
	CHECK(fputs(text, f) >= 0);
	fclose(f);
}

static const char *value(const struct file *file, const char *number,
			 const char *column)
{
	const struct prefixes *table = file ? file->numbers[0].table : NULL;
	struct prefix_hit hit;
	struct pl pl;
	int col = prefixes_column(table, column);

	pl_set_str(&pl, number);
	if (col < 0 || !prefixes_find(table, &pl, &hit))
		return "none";
	return prefixes_value(table, &hit, (unsigned)col);
}

static const char csv_yaml[] = "numbers: {rates: {csv: rates.csv}}\n";

static void prefixes_come_from_yaml(void)
{
	struct file *file = load(
		"numbers:\n  vip:\n    prefixes:\n"
		"      \"+4930\": {class: gold, cost: 0.7}\n"
		"      \"49\": {class: silver}\n");

	if (!file)
		return;
	CHECK_STR(value(file, "493012", "class"), "gold");
	CHECK_STR(value(file, "493012", "cost"), "0.7");
	CHECK_STR(value(file, "4989", "class"), "silver");
	CHECK_STR(value(file, "4989", "cost"), "");
	CHECK_STR(value(file, "44", "class"), "none");
	unload(file);
}

static void prefixes_come_from_a_file_beside(void)
{
	struct file *file;

	write_csv("# from the carrier\n"
		  "class,prefix,cost,note\n"
		  "gold,+4930,0.7,\"Berlin, \"\"Mitte\"\"\"\r\n"
		  "silver,49,0.9,\n");
	file = load(csv_yaml);
	REQUIRE(file != NULL);
	CHECK_STR(errors, "");
	CHECK_STR(value(file, "493012", "class"), "gold");
	CHECK_STR(value(file, "493012", "note"), "Berlin, \"Mitte\"");
	CHECK_STR(value(file, "4989", "cost"), "0.9");
	unload(file);
}

static void all_errors_of_a_file_are_told_with_their_place(void)
{
	struct file *file;
	char *at;

	write_csv("prefix,class\n"
		  "49,gold\n"
		  "4x,gold\n"
		  "50\n"
		  "51,\"a\n"
		  "52,a,b\n"
		  "53,\x01\n"
		  "49,silver\n");
	file = load(csv_yaml);
	at = strstr(errors, "rates.csv:3:1: prefix: \"4x\" will not do, "
			    "expected 1 to 15 digits");
	CHECK(at != NULL);
	CHECK(strstr(errors, "rates.csv:4:1: 1 cells in this row, expected 2 "
			     "as in the header\n"));
	CHECK(strstr(errors, "rates.csv:5:4: expected a closing quote\n"));
	CHECK(strstr(errors, "rates.csv:6:6: 3 cells in this row"));
	CHECK(strstr(errors, "rates.csv:7:4: expected printable UTF-8\n"));
	CHECK(strstr(errors, "rates.csv:8:1: prefix 49 stands in line 2 "
			     "already\n"));
	unload(file);
}

static void wrong_headers_are_told(void)
{
	struct file *file;

	write_csv("prefx,class,class\n");
	file = load(csv_yaml);
	CHECK(strstr(errors, "rates.csv:1:13: column \"class\" stands there "
			     "twice\n"));
	CHECK(strstr(errors, "rates.csv:1:1: the header has no column "
			     "\"prefix\", is it \"prefx\"?\n"));
	unload(file);
	write_csv("prefix;class\n");
	file = load(csv_yaml);
	CHECK(strstr(errors, "\"prefix;class\" will not do as the name of a "
			     "column"));
	unload(file);
	write_csv("");
	file = load(csv_yaml);
	CHECK(strstr(errors, "rates.csv:1:1: expected a header row"));
	unload(file);
}

static void absent_file_is_named_where_it_is_asked_for(void)
{
	unload(load("numbers: {a: {csv: none.csv}}\n"));
	CHECK(strstr(errors, "r.yaml:1:14: csv: cannot read \""));
	CHECK(strstr(errors, "/none.csv\": No such file"));
}

static void many_errors_are_bounded(void)
{
	struct mbuf *mb = mbuf_alloc(4096);
	struct file *file;
	int lines = 0;

	REQUIRE(mb && !mbuf_write_str(mb, "prefix\n"));
	for (int i = 0; i < 1000; i++)
		(void)mbuf_write_str(mb, "x\n");
	(void)mbuf_write_u8(mb, 0);
	write_csv((char *)mb->buf);
	file = load(csv_yaml);
	for (const char *p = errors; *p; p++)
		lines += *p == '\n';
	CHECK(lines >= CFG_ERRORS_MAX && lines <= CFG_ERRORS_MAX + 1);
	unload(file);
	mem_deref(mb);
}

static void wrong_yaml_is_told(void)
{
	unload(load("numbers: {a: {prefixes: {\"4x\": {}, \"49\": {B: c}}}}"));
	CHECK(strstr(errors, "\"4x\" will not do as a key, expected 1 to 15"));
	CHECK(strstr(errors, "\"B\" will not do as a key, expected 1 to 32"));
	unload(load("numbers: {a: {prefixes: {\"49\": {}, \"+49\": {}}}}"));
	CHECK(strstr(errors, "\"49\" stands there twice, with and without +"));
	unload(load("numbers: {a: {}}"));
	CHECK(strstr(errors, "expected exactly one of csv, prefixes"));
}

static void another_file_has_another_fingerprint(void)
{
	char first[FINGERPRINT_LEN + 1];

	write_csv("prefix,class\n49,gold\n");
	unload(load(csv_yaml));
	str_ncpy(first, print_text, sizeof(first));
	unload(load(csv_yaml));
	CHECK_STR(print_text, first);
	write_csv("prefix,class\n49,silver\n");
	unload(load(csv_yaml));
	CHECK(strcmp(print_text, first));
}

static void memory_may_end_within_a_file(void)
{
	struct cfg_errors *errs = NULL;
	struct prefixes *table = NULL;
	char text[] = "prefix,a,b\n1,x,y\n2,x,z\n\"3\",\"\",y\n";

	if (!cfg_errors_alloc(&errs) &&
	    !number_csv_load(&table, "c", text, strlen(text), errs))
		CHECK_INT(prefixes_count(table), 3);
	mem_deref(table);
	mem_deref(errs);
}

TEST_MAIN(TEST_OOM(prefixes_come_from_yaml),
	  TEST(prefixes_come_from_a_file_beside),
	  TEST(all_errors_of_a_file_are_told_with_their_place),
	  TEST(wrong_headers_are_told),
	  TEST(absent_file_is_named_where_it_is_asked_for),
	  TEST(many_errors_are_bounded), TEST(wrong_yaml_is_told),
	  TEST(another_file_has_another_fingerprint),
	  TEST_OOM(memory_may_end_within_a_file))
