/*
 * test_cfg_print.c  The effective configuration, the schema, the page
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/cfg_schema.h"
#include "common/cfg_tree.h"
#include "tests/lib/test.h"
#include "tests/unit/common/cfg_sample.h"

static struct sample_cfg *fill(const char *text)
{
	struct cfg_tree *tree = NULL;
	struct sample_cfg *cfg = NULL;

	if (!cfg_tree_parse(&tree, "s", text, strlen(text), NULL, NULL))
		CHECK(!cfg_fill(&cfg, &sample_table, cfg_tree_root(tree),
				NULL));
	mem_deref(tree);
	return cfg;
}

/* The caller frees. */
static char *effective(const char *text)
{
	struct sample_cfg *cfg = fill(text);
	struct cfg_view view = {&sample_table, cfg};
	char *out = NULL;

	if (re_sdprintf(&out, "%H", cfg_print, &view))
		out = NULL;
	mem_deref(cfg);
	return out;
}

static void defaults_are_shown(void)
{
	char *out = effective("");

	CHECK_STR(out, "title: \"no title\"\n"
		       "port: 5060\n"
		       "on: true\n"
		       "level: low\n"
		       "wait: 20s\n"
		       "room: 64KiB\n"
		       "listen: 127.0.0.1:5060\n"
		       "limits:\n"
		       "  calls: 10\n"
		       "  gain: -3\n"
		       "words: [opus, pcmu]\n");
	mem_deref(out);
}

static const char full[] = "title: Main\n"
			   "pattern: \"^a+$\"\n"
			   "port: 1\n"
			   "on: false\n"
			   "level: high\n"
			   "wait: 5m\n"
			   "room: 2GiB\n"
			   "listen: \"[2001:db8::1]:5061\"\n"
			   "source: 192.0.2.9\n"
			   "net: 10.0.0.0/8\n"
			   "limits:\n"
			   "  calls: 255\n"
			   "  gain: -60\n"
			   "  total: 9\n"
			   "nets: [\"::/0\", 192.0.2.1/32]\n"
			   "words: []\n"
			   "rules:\n"
			   "  - name: one\n"
			   "    to:\n"
			   "      user: \"*43\"\n"
			   "  - name: two\n"
			   "    to:\n"
			   "      level: high\n"
			   "  - name: three\n"
			   "    to:\n"
			   "      limits:\n"
			   "        calls: 10\n"
			   "        gain: -3\n"
			   "peers:\n"
			   "  pab:\n"
			   "    addr: 192.0.2.1:5060\n"
			   "  1001:\n"
			   "    addr: \"[::1]:1\"\n"
			   "numbers:\n"
			   "  one: 0\n"
			   "  \"two: 2\": 2\n";

static void what_is_printed_loads_to_the_same(void)
{
	char *out = effective(full);

	CHECK_STR(out, full);
	mem_deref(out);
}

static void secrets_are_stars(void)
{
	char *out = effective("peers: {a: {addr: 1.2.3.4:5, secret: "
			      "hunter2}}\n");

	CHECK(out && strstr(out, "    secret: '***'\n"));
	CHECK(out && !strstr(out, "hunter2"));
	mem_deref(out);
}

static void names_cannot_break_out_of_their_line(void)
{
	static const char *const odd[] = {"a: b",  "- x",    "é\\\"", "#",
					  "'",     "*a",     "&a",    "!a",
					  "%a",    "@a",     "`",     "{",
					  "[",     "? x",    "|",     ">",
					  " lead", "trail ", "null",  "~",
					  "true",  "1e3"};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		char text[64];
		struct sample_cfg *cfg;
		char *out;

		re_snprintf(text, sizeof(text), "title: \"%s\"\n", "x");
		cfg = fill(text);
		REQUIRE(cfg);
		cfg->title = odd[i];
		out = NULL;
		(void)re_sdprintf(&out, "%H", cfg_print,
				  &(struct cfg_view){&sample_table, cfg});
		mem_deref(cfg);
		cfg = out ? fill(out) : NULL;
		CHECK_STR(cfg ? cfg->title : NULL, odd[i]);
		mem_deref(cfg);
		mem_deref(out);
	}
}

static int print_to_nowhere(const char *p, size_t size, void *arg)
{
	size_t *left = arg;

	(void)p;
	if (size > *left)
		return ENOMEM;
	*left -= size;
	return 0;
}

static void errors_of_the_output_are_reported(void)
{
	struct sample_cfg *cfg = fill(full);
	struct cfg_view view = {&sample_table, cfg};

	for (size_t n = 0; n < 400; n += 7) {
		size_t left[3] = {n, n, n};
		struct re_printf pf[] = {{print_to_nowhere, &left[0]},
					 {print_to_nowhere, &left[1]},
					 {print_to_nowhere, &left[2]}};

		CHECK_INT(cfg_print(&pf[0], &view), ENOMEM);
		CHECK_INT(cfg_schema_print_json(&pf[1], &sample_table), ENOMEM);
		CHECK_INT(cfg_schema_print_markdown(&pf[2], &sample_table),
			  ENOMEM);
	}
	mem_deref(cfg);
}

/* As libre sees it. */
static bool is_json(const char *text)
{
	struct odict *dict = NULL;
	int err = json_decode_odict(&dict, 32, text, strlen(text), 16);

	mem_deref(dict);
	return !err;
}

static void schema_is_json_with_all_that_is_known(void)
{
	static const char *const want[] = {
		"{\n  \"$schema\": "
		"\"https://json-schema.org/draft/2020-12/schema\",\n"
		"  \"title\": \"sample.yaml\",\n",
		"  \"additionalProperties\": false,\n",
		"    \"port\": {\n"
		"      \"description\": \"The port.\",\n"
		"      \"type\": \"integer\",\n"
		"      \"minimum\": 1,\n"
		"      \"maximum\": 65535,\n"
		"      \"default\": 5060\n"
		"    },\n",
		"\"type\": \"boolean\",\n      \"default\": true\n",
		"\"anyOf\": [\n        {\n          \"const\": \"low\",\n"
		"          \"description\": \"Little.\"\n        },\n",
		"\"required\": [\n          \"name\",\n          \"to\"\n",
		"\"minProperties\": 1,\n            \"maxProperties\": 1,\n",
		"\"propertyNames\": {\n        \"minLength\": 1,\n        "
		"\"maxLength\": 128,\n        \"pattern\": \"^[^x]*$\"\n",
		"\"writeOnly\": true,\n",
		"\"default\": [\n        \"opus\",\n        \"pcmu\"\n      ]",
		"\"oneOf\": [\n        {\n          \"type\": \"string\"\n"
		"        },\n        {\n          \"type\": \"array\",\n"
		"          \"maxItems\": 3,\n",
		"\"examples\": [\n        \"Main\"\n      ]",
	};
	char *out = NULL;

	REQUIRE(!re_sdprintf(&out, "%H", cfg_schema_print_json, &sample_table));
	CHECK(is_json(out));
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		if (!strstr(out, want[i]))
			CHECK_STR(want[i], "absent");
	}
	mem_deref(out);
}

static void page_has_a_section_for_each_table(void)
{
	static const char *const want[] = {
		"# sample.yaml\n",
		"One field of each kind.\n",
		"| `port` | a whole number from 1 to 65535 | `5060` | "
		"The port. |\n",
		"| `title` | a text | `no title` | A title \\| for people. "
		"Example: `Main` |\n",
		"- `level: high`: A | lot.\n",
		"## rules[]\n\nOne rule.\n",
		"| `name` | a text of 2 to 8 bytes | *required* | ",
		"## rules[].to\n\nExactly one of:\n",
		"## rules[].to.limits\n",
		"## peers.NAME\n",
		"| `secret` | a text of 3 to 40 bytes; secret |  | Its "
		"password. |\n",
		"| `nets` | list; each a network like 10.0.0.0/8; one may "
		"stand alone |  |  |\n",
		"| `words` | list; each a text of 0 to 8 bytes | `[opus, "
		"pcmu]` |  |\n",
		"| `numbers` | names, each with a whole number from 0 to 99 "
		"|  |  |\n",
		"A *secret* stands in the file",
	};
	char *out = NULL;

	REQUIRE(!re_sdprintf(&out, "%H", cfg_schema_print_markdown,
			     &sample_table));
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		if (!strstr(out, want[i]))
			CHECK_STR(want[i], "absent");
	}
	mem_deref(out);
}

TEST_MAIN(TEST(defaults_are_shown), TEST(what_is_printed_loads_to_the_same),
	  TEST(secrets_are_stars), TEST(names_cannot_break_out_of_their_line),
	  TEST(errors_of_the_output_are_reported),
	  TEST(schema_is_json_with_all_that_is_known),
	  TEST(page_has_a_section_for_each_table))
