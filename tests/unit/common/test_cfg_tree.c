/*
 * test_cfg_tree.c  YAML into a tree: places, limits, and what is refused
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "common/cfg_tree.h"
#include "tests/lib/naughty.h"
#include "tests/lib/test.h"

/* The errors of a text, "" when it is fine. Static storage. */
static const char *errors_of(const char *text, size_t len,
			     const struct cfg_limits *limits)
{
	static char out[8192];
	struct cfg_errors *errs = NULL;
	struct cfg_tree *tree = NULL;
	int err;

	if (cfg_errors_alloc(&errs))
		return "out of memory";
	err = cfg_tree_parse(&tree, "t.yaml", text, len, limits, errs);
	re_snprintf(out, sizeof(out), "%H", cfg_errors_print, errs);
	CHECK(!err == !out[0]);
	CHECK(!err == !!tree);
	mem_deref(tree);
	mem_deref(errs);
	return out;
}

static const char *errors(const char *text)
{
	return errors_of(text, strlen(text), NULL);
}

static void places_are_those_an_editor_shows(void)
{
	static const char text[] = "# head\n"
				   "name:   alice\n"
				   "list:\n"
				   "  - 'one'\n"
				   "  - {deep: [1,  2]}\n"
				   "\"quoted key\": |\n"
				   "  block\n"
				   "  text\n";
	struct cfg_tree *tree = NULL;
	const struct cfg_node *root, *node;

	if (cfg_tree_parse(&tree, "t.yaml", text, strlen(text), NULL, NULL)) {
		CHECK(false);
		return;
	}
	root = cfg_tree_root(tree);
	CHECK(root->kind == CFG_MAP_NODE && root->count == 3);

	node = cfg_node_get(root, "name");
	REQUIRE(node && node->kind == CFG_SCALAR && !node->quoted);
	CHECK_STR(node->text, "alice");
	CHECK_STR(node->pos.file, "t.yaml");
	CHECK(node->pos.line == 2 && node->pos.col == 9);
	CHECK(node->key_pos.line == 2 && node->key_pos.col == 1);

	node = cfg_node_get(root, "list");
	REQUIRE(node && node->kind == CFG_LIST_NODE && node->count == 2);
	CHECK(node->first->quoted && node->first->pos.col == 5);
	node = cfg_node_get(node->last, "deep");
	REQUIRE(node && node->count == 2);
	CHECK(node->last->pos.line == 5 && node->last->pos.col == 17);

	node = cfg_node_get(root, "quoted key");
	REQUIRE(node);
	CHECK(node->quoted);
	CHECK_STR(node->text, "block\ntext\n");
	CHECK(!cfg_node_get(root, "nobody"));
	CHECK(!cfg_node_get(node, "scalar has no keys"));
	mem_deref(tree);
}

static void file_without_values_is_an_empty_map(void)
{
	static const char *const empty[] = {
		"",   "# only a word\n", "---\n", "---\n...\n", "\xef\xbb\xbf",
		"{}", "\n\n  \n"};

	for (size_t i = 0; i < 7; i++) {
		struct cfg_tree *tree = NULL;

		CHECK(!cfg_tree_parse(&tree, "t", empty[i], strlen(empty[i]),
				      NULL, NULL));
		CHECK(tree && cfg_tree_root(tree)->kind == CFG_MAP_NODE &&
		      !cfg_tree_root(tree)->count);
		mem_deref(tree);
	}
}

static void byte_order_mark_of_utf8_is_skipped(void)
{
	CHECK_STR(errors("\xef\xbb\xbfkey: value\n"), "");
}

static void syntax_errors_name_the_place(void)
{
	CHECK_STR(errors("a: 1\nb: [1, 2\nc: 3\n"),
		  "t.yaml:3:2: did not find expected ',' or ']', while "
		  "parsing a flow sequence that began at line 2\n");
	CHECK_STR(errors("a: 1\n  b: 2\n"),
		  "t.yaml:2:4: mapping values are not allowed in this "
		  "context\n");
	CHECK_STR(errors("a: 'text\n\n"),
		  "t.yaml:3:1: found unexpected end of stream, while scanning "
		  "a quoted scalar that began at line 1\n");
}

static void tab_in_the_indentation_is_named(void)
{
	CHECK_STR(errors("a:\n  b: 1\n\tc: 2\n"),
		  "t.yaml:3:1: a tab stands in the indentation, expected "
		  "spaces\n");
	CHECK_STR(errors("a:\n  - x\n  \t- y: 1\n"),
		  "t.yaml:3:3: a tab stands in the indentation, expected "
		  "spaces\n");
}

static void aliases_anchors_and_tags_are_refused(void)
{
	CHECK_STR(errors("a: &x 1\n"),
		  "t.yaml:1:4: anchors (&) are not used here; text that "
		  "begins with & needs quotes\n");
	CHECK_STR(errors("a: &x [1]\n"),
		  "t.yaml:1:4: anchors (&) are not used here; text that "
		  "begins with & needs quotes\n");
	CHECK_STR(errors("&x a: 1\n"),
		  "t.yaml:1:1: anchors (&) are not used here; text that "
		  "begins with & needs quotes\n");
	CHECK_STR(errors("callee: *43\n"),
		  "t.yaml:1:9: aliases (*) are not used here; text that "
		  "begins with * needs quotes\n");
	CHECK_STR(errors("a: !!str 1\n"),
		  "t.yaml:1:4: tags (!) are not used here\n");
	CHECK_STR(errors("a: !env {b: 1}\n"),
		  "t.yaml:1:4: tags (!) are not used here\n");
}

static void billion_laughs_stop_at_the_first_anchor(void)
{
	CHECK(strstr(errors("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"),
		     "t.yaml:1:4: anchors"));
}

static void all_keys_that_stand_twice_are_named(void)
{
	CHECK_STR(errors("b: 1\na: 2\nc: {x: 1, x: 2}\nb: 3\na: 4\nb: 5\n"),
		  "t.yaml:3:11: key \"x\" stands twice, first at "
		  "t.yaml:3:5\n");
	CHECK_STR(errors("b: 1\na: 2\nb: 3\na: 4\nb: 5\n"),
		  "t.yaml:3:1: key \"b\" stands twice, first at t.yaml:1:1\n"
		  "t.yaml:4:1: key \"a\" stands twice, first at t.yaml:2:1\n"
		  "t.yaml:5:1: key \"b\" stands twice, first at t.yaml:3:1\n");
}

static void keys_are_simple_texts(void)
{
	CHECK_STR(errors("? [a, b]\n: 1\n"),
		  "t.yaml:1:3: a key must be a simple text\n");
	CHECK_STR(errors("{a: 1}: 2\n"),
		  "t.yaml:1:1: a key must be a simple text\n");
}

static void second_document_is_refused(void)
{
	CHECK_STR(errors("a: 1\n---\nb: 2\n"),
		  "t.yaml:2:1: more than one document in the file\n");
}

static void depth_is_limited(void)
{
	char text[200] = "a: ";

	for (int i = 0; i < 15; i++)
		strcat(text, "[");
	for (int i = 0; i < 15; i++)
		strcat(text, "]");
	CHECK_STR(errors(text), "");
	CHECK_STR(errors("a: [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]"),
		  "t.yaml:1:19: nested too deep\n");
}

static void absurd_depth_costs_nothing(void)
{
	static char text[1024 * 1024];

	memset(text, '[', sizeof(text));
	CHECK_STR(errors_of(text, sizeof(text), NULL),
		  "t.yaml:1:17: nested too deep\n");
	memset(text, '{', sizeof(text));
	CHECK_STR(errors_of(text, sizeof(text), NULL),
		  "t.yaml:1:2: a key must be a simple text\n");
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "- "[i % 2];
	CHECK_STR(errors_of(text, sizeof(text), NULL),
		  "t.yaml:1:33: nested too deep\n");
}

static void size_and_count_are_limited(void)
{
	const struct cfg_limits small = {.bytes = 20, .nodes = 4, .depth = 3};

	CHECK_STR(errors_of("a: 12345678901234567890", 23, &small),
		  "t.yaml: larger than 20 bytes\n");
	CHECK_STR(errors_of("[1, 2, 3]", 9, &small), "");
	CHECK_STR(errors_of("[1, 2, 3, 4]", 12, &small),
		  "t.yaml:1:11: too many values in the file\n");
}

static void zero_bytes_are_refused(void)
{
	CHECK(strstr(errors_of("a: b\0c\n", 7, NULL), "t.yaml"));
	CHECK_STR(errors("a: \"b\\0c\"\n"),
		  "t.yaml:1:4: a 0 byte stands in the text\n");
}

static void bytes_that_are_not_utf8_are_refused(void)
{
	CHECK_STR(errors("a: \xff\xfe\n"),
		  "t.yaml: invalid leading UTF-8 octet at byte 3\n");
	CHECK(strstr(errors("\xff\xfe"
			    "a"),
		     "t.yaml"));
}

static void escapes_of_errors_stay_on_one_line(void)
{
	CHECK_STR(errors("\"a\\nb\\e[31m\": 1\n\"a\\nb\\e[31m\": 2\n"),
		  "t.yaml:2:1: key \"a?b?[31m\" stands twice, first at "
		  "t.yaml:1:1\n");
}

static void naughty_value(const char *line, void *arg)
{
	const struct cfg_node *node;
	struct cfg_tree *tree = NULL;
	struct mbuf *mb = mbuf_alloc(256);
	unsigned *back = arg;

	REQUIRE(mb);
	CHECK(!mbuf_write_str(mb, "key: "));
	naughty_quote(mb, line);
	if (!cfg_tree_parse(&tree, "t", (char *)mb->buf, mb->end, NULL, NULL)) {
		node = cfg_node_get(cfg_tree_root(tree), "key");
		if (CHECK(node))
			CHECK_STR(node->text, line);
		++*back;
	}
	mem_deref(tree);
	mem_deref(mb);
	/* and raw: an error or not, never worse */
	(void)errors(line);
}

static void naughty_strings_come_back_as_they_are(void)
{
	unsigned back = 0;
	const unsigned n = naughty_each(naughty_value, &back);

	/* but those with characters that YAML does not allow */
	CHECK(!n || back > 500);
}

static void memory_may_end_anywhere(void)
{
	static const char text[] = "a: [1, {b: c, d: e}]\nf: g\n";
	struct cfg_errors *errs = NULL;
	struct cfg_tree *tree = NULL;

	if (!cfg_errors_alloc(&errs) &&
	    !cfg_tree_parse(&tree, "t", text, strlen(text), NULL, errs))
		CHECK(cfg_tree_root(tree)->count == 2);
	cfg_errors_add(errs, NULL, "one");
	mem_deref(tree);
	mem_deref(errs);
}

TEST_MAIN(TEST(places_are_those_an_editor_shows),
	  TEST(file_without_values_is_an_empty_map),
	  TEST(byte_order_mark_of_utf8_is_skipped),
	  TEST(syntax_errors_name_the_place),
	  TEST(tab_in_the_indentation_is_named),
	  TEST(aliases_anchors_and_tags_are_refused),
	  TEST(billion_laughs_stop_at_the_first_anchor),
	  TEST(all_keys_that_stand_twice_are_named),
	  TEST(keys_are_simple_texts), TEST(second_document_is_refused),
	  TEST(depth_is_limited), TEST(absurd_depth_costs_nothing),
	  TEST(size_and_count_are_limited), TEST(zero_bytes_are_refused),
	  TEST(bytes_that_are_not_utf8_are_refused),
	  TEST(escapes_of_errors_stay_on_one_line),
	  TEST(naughty_strings_come_back_as_they_are),
	  TEST_OOM(memory_may_end_anywhere))
