/*
 * test_cfg_file.c  Files and folders of configuration
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <re.h>

#include "common/cfg_tree.h"
#include "tests/lib/test.h"

static char errors[4096];

static const char *in_tmp(const char *name)
{
	static char path[400];

	re_snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	return path;
}

static bool write_file(const char *name, const char *text)
{
	int fd = open(in_tmp(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/* An empty folder for included files. */
static bool clear_dir(const char *name)
{
	static const char *const known[] = {"a.yaml",  "b.yaml",  "c.yaml",
					    ".d.yaml", "e.yaml~", "f.yml"};
	char path[450];

	for (int i = 0; i < 6; i++) {
		re_snprintf(path, sizeof(path), "%s/%s", in_tmp(name),
			    known[i]);
		unlink(path);
	}
	return !mkdir(in_tmp(name), 0700) || errno == EEXIST;
}

static struct cfg_tree *load(const char *name, const struct cfg_limits *limits)
{
	struct cfg_errors *errs = NULL;
	struct cfg_tree *tree = NULL;
	int err = cfg_errors_alloc(&errs);
	char all[4096];
	const char *dir = test_tmpdir(), *p;
	char *to = errors;

	err = err ? err : cfg_tree_load(&tree, in_tmp(name), limits, errs);
	err = err ? err : cfg_tree_include(tree, "include", errs);
	re_snprintf(all, sizeof(all), "%H", cfg_errors_print, errs);
	/* the folder has another name in every run */
	for (p = all; *p;) {
		if (!strncmp(p, dir, strlen(dir)))
			p += strlen(dir) + 1;
		else
			*to++ = *p++;
	}
	*to = '\0';
	CHECK(!err == !errors[0]);
	mem_deref(errs);
	return err ? mem_deref(tree) : tree;
}

static const char *text_of(const struct cfg_tree *tree, const char *map,
			   const char *key)
{
	const struct cfg_node *node = cfg_node_get(cfg_tree_root(tree), map);

	node = cfg_node_get(node, key);
	return node ? node->text : NULL;
}

static void folder_is_added_in_the_order_of_names(void)
{
	const struct cfg_node *list;
	struct cfg_tree *tree;

	REQUIRE(clear_dir("d"));
	REQUIRE(write_file("m.yaml", "include: d\nlist: [0]\nmap: {a: 1}\n"));
	REQUIRE(write_file("d/b.yaml", "list: [2, 3]\nmap: {c: 3}\n"));
	REQUIRE(write_file("d/a.yaml", "list: [1]\nmap: {b: 2}\nnew: {x: y}"));
	REQUIRE(write_file("d/c.yaml", ""));
	REQUIRE(write_file("d/.d.yaml", "list: [9]\n"));
	REQUIRE(write_file("d/e.yaml~", "list: [9]\n"));
	REQUIRE(write_file("d/f.yml", "list: [9]\n"));
	tree = load("m.yaml", NULL);
	CHECK_STR(errors, "");
	REQUIRE(tree);
	list = cfg_node_get(cfg_tree_root(tree), "list");
	CHECK(list && list->count == 4);
	list = list ? list->first : NULL;
	for (int i = 0; i < 4 && list; i++, list = list->next)
		CHECK(list->text[0] == '0' + i);
	CHECK(!list);
	CHECK_STR(text_of(tree, "map", "a"), "1");
	CHECK_STR(text_of(tree, "map", "b"), "2");
	CHECK_STR(text_of(tree, "map", "c"), "3");
	CHECK_STR(text_of(tree, "new", "x"), "y");
	mem_deref(tree);
}

static void places_name_the_included_file(void)
{
	const struct cfg_node *node;
	struct cfg_tree *tree;

	REQUIRE(clear_dir("d"));
	REQUIRE(write_file("m.yaml", "include: d\n"));
	REQUIRE(write_file("d/a.yaml", "\nmap: {b: 2}\n"));
	tree = load("m.yaml", NULL);
	REQUIRE(tree);
	node = cfg_node_get(cfg_tree_root(tree), "map");
	CHECK_STR(node->pos.file, in_tmp("d/a.yaml"));
	CHECK_INT(node->pos.line, 2);
	mem_deref(tree);
}

static void key_in_two_files_names_both(void)
{
	REQUIRE(clear_dir("d"));
	REQUIRE(write_file("m.yaml", "include: d\nmap: {a: 1}\none: 1\n"));
	REQUIRE(write_file("d/a.yaml", "map: {b: 1, a: 2}\n"));
	CHECK(!load("m.yaml", NULL));
	CHECK_STR(errors, "d/a.yaml:1:13: key \"a\" stands twice, first at "
			  "m.yaml:2:7\n");
	REQUIRE(write_file("d/a.yaml", "one: 2\n"));
	CHECK(!load("m.yaml", NULL));
	CHECK_STR(errors, "d/a.yaml:1:1: \"one\" is already set at "
			  "m.yaml:3:1\n");
	REQUIRE(write_file("d/a.yaml", "map: [1]\n"));
	CHECK(!load("m.yaml", NULL));
	CHECK_STR(errors, "d/a.yaml:1:1: \"map\" is already set at "
			  "m.yaml:2:1\n");
}

static void errors_of_all_included_files_are_told(void)
{
	REQUIRE(clear_dir("d"));
	REQUIRE(write_file("m.yaml", "include: d\n"));
	REQUIRE(write_file("d/a.yaml", "a: [\n"));
	REQUIRE(write_file("d/b.yaml", "- list\n"));
	REQUIRE(write_file("d/c.yaml", "include: d\n"));
	CHECK(!load("m.yaml", NULL));
	CHECK(strstr(errors, "d/a.yaml:2:1: did not find"));
	CHECK(strstr(errors, "d/b.yaml:1:1: expected keys and values\n"));
	CHECK(strstr(errors, "d/c.yaml:1:1: \"include\" in a file that is "
			     "included\n"));
}

static void absent_folder_and_odd_names_are_named(void)
{
	REQUIRE(write_file("m.yaml", "include: nowhere\n"));
	CHECK(!load("m.yaml", NULL));
	CHECK_STR(errors, "m.yaml:1:10: cannot read folder \"nowhere\": No "
			  "such file or directory\n");
	REQUIRE(write_file("m.yaml", "include: [d]\n"));
	CHECK(!load("m.yaml", NULL));
	CHECK_STR(errors, "m.yaml:1:10: expected the name of a folder\n");
	REQUIRE(write_file("m.yaml", "include:\n"));
	CHECK(!load("m.yaml", NULL));
	CHECK(strstr(errors, "expected the name of a folder\n"));
}

static void files_and_nodes_are_counted_together(void)
{
	const struct cfg_limits two = {.bytes = 100,
				       .nodes = 100,
				       .depth = 5,
				       .files = 2};
	const struct cfg_limits few = {.bytes = 100,
				       .nodes = 5,
				       .depth = 5,
				       .files = 9};

	REQUIRE(clear_dir("d"));
	REQUIRE(write_file("m.yaml", "include: d\n"));
	REQUIRE(write_file("d/a.yaml", "a: 1\n"));
	REQUIRE(write_file("d/b.yaml", "b: 1\n"));
	mem_deref(load("m.yaml", &two));
	CHECK_STR(errors, "");
	REQUIRE(write_file("d/c.yaml", "c: 1\n"));
	CHECK(!load("m.yaml", &two));
	CHECK_STR(errors, "m.yaml:1:10: more than 2 files in \"d\"\n");
	CHECK(!load("m.yaml", &few));
	CHECK_STR(errors, "d/b.yaml:1:4: too many values in the file\n"
			  "d/c.yaml:1:1: too many values in the file\n");
}

static void odd_files_are_refused(void)
{
	const struct cfg_limits small = {.bytes = 5000,
					 .nodes = 100,
					 .depth = 5,
					 .files = 2};
	char big[5002];

	CHECK(!load("absent.yaml", NULL));
	CHECK_STR(errors, "absent.yaml: cannot read the file: No such file or "
			  "directory\n");
	CHECK(!load(".", NULL));
	CHECK(strstr(errors, ": cannot read the file: Is a directory\n"));
	REQUIRE(!mkfifo(in_tmp("fifo"), 0600));
	CHECK(!load("fifo", NULL));
	CHECK_STR(errors, "fifo: cannot read the file: Invalid argument\n");
	memset(big, '#', sizeof(big));
	big[5001] = '\0';
	REQUIRE(write_file("m.yaml", big));
	CHECK(!load("m.yaml", &small));
	CHECK_STR(errors, "m.yaml: larger than 5000 bytes\n");
	big[5000] = '\0';
	REQUIRE(write_file("m.yaml", big));
	mem_deref(load("m.yaml", &small));
	CHECK_STR(errors, "");
}

static void tree_from_memory_may_include_by_full_path(void)
{
	struct cfg_tree *tree = NULL;
	char text[500];

	REQUIRE(clear_dir("d"));
	REQUIRE(write_file("d/a.yaml", "a: {b: c}\n"));
	re_snprintf(text, sizeof(text), "include: %s\n", in_tmp("d"));
	REQUIRE(!cfg_tree_parse(&tree, "t", text, strlen(text), NULL, NULL));
	CHECK(!cfg_tree_include(tree, "include", NULL));
	CHECK_STR(text_of(tree, "a", "b"), "c");
	mem_deref(tree);
}

TEST_MAIN(TEST_OOM(folder_is_added_in_the_order_of_names),
	  TEST(places_name_the_included_file),
	  TEST(key_in_two_files_names_both),
	  TEST(errors_of_all_included_files_are_told),
	  TEST(absent_folder_and_odd_names_are_named),
	  TEST(files_and_nodes_are_counted_together),
	  TEST(odd_files_are_refused),
	  TEST(tree_from_memory_may_include_by_full_path))
