/*
 * test_jsonr.c  Reading JSON: what is there, and what is no JSON
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/jsonr.h"
#include "tests/lib/test.h"

static struct jsonr *parse(const char *text)
{
	struct jsonr *doc = NULL;

	return jsonr_parse(&doc, text, strlen(text)) ? NULL : doc;
}

static void values_are_found_by_name_and_place(void)
{
	struct jsonr *doc = parse("{\"a\": \"x\\u00e9\", \"n\": -1.5, \"o\": {},"
				  " \"l\": [1, \"two\", null],"
				  " \"t\": true, \"f\": false}");
	const struct jsonr_val *root, *list;
	double num = 0;
	bool yes = false;

	REQUIRE(doc);
	root = jsonr_root(doc);
	list = jsonr_get(root, "l");
	CHECK(jsonr_is_object(root));
	CHECK_STR(jsonr_str(jsonr_get(root, "a")), "x\xc3\xa9");
	CHECK(jsonr_num(jsonr_get(root, "n"), &num));
	CHECK(num < -1.4 && num > -1.6);
	CHECK(jsonr_is_object(jsonr_get(root, "o")));
	CHECK_INT(jsonr_count(list), 3);
	CHECK(jsonr_num(jsonr_at(list, 0), &num));
	CHECK_STR(jsonr_str(jsonr_at(list, 1)), "two");
	CHECK(jsonr_at(list, 2) != NULL);
	CHECK(jsonr_bool(jsonr_get(root, "t"), &yes));
	CHECK(yes);
	CHECK(jsonr_bool(jsonr_get(root, "f"), &yes));
	CHECK(!yes);
	CHECK(!jsonr_at(list, 3));
	mem_deref(doc);
}

static void what_is_of_another_kind_is_not_found(void)
{
	struct jsonr *doc = parse("[\"s\", {\"a\": 1}]");
	const struct jsonr_val *root, *text, *object;
	double num = 7;
	bool yes = true;

	REQUIRE(doc);
	root = jsonr_root(doc);
	text = jsonr_at(root, 0);
	object = jsonr_at(root, 1);
	CHECK(!jsonr_is_object(root));
	CHECK(!jsonr_get(root, "a"));
	CHECK(!jsonr_get(object, "b"));
	CHECK(!jsonr_get(text, "a"));
	CHECK(!jsonr_num(text, &num));
	CHECK(num > 6);
	CHECK(!jsonr_bool(text, &yes));
	CHECK(yes);
	CHECK(!jsonr_str(object));
	CHECK_INT(jsonr_count(text), 0);
	CHECK_INT(jsonr_count(object), 0);
	CHECK(!jsonr_at(object, 0));
	mem_deref(doc);
}

static void nothing_may_be_asked_for_anything(void)
{
	bool yes = false;
	double num;

	CHECK(!jsonr_root(NULL));
	CHECK(!jsonr_get(NULL, "a"));
	CHECK(!jsonr_str(NULL));
	CHECK(!jsonr_num(NULL, &num));
	CHECK(!jsonr_bool(NULL, &yes));
	CHECK(!jsonr_is_object(NULL));
	CHECK_INT(jsonr_count(NULL), 0);
	CHECK(!jsonr_at(NULL, 0));
}

static void what_is_no_json_is_refused(void)
{
	static const char *const bad[] = {
		"",		 " ",		"1",	   "\"s\"",
		"nothing",	 "{\"a\": 1,}", "[1 2]",   "[1]]",
		"{\"a\": 1} x",	 "{a: 1}",	"['a']",   "[01]",
		"[\"\xff\"]",	 "[\"\\u0000\"]", "[\"\\ud800\"]",
		"{\"a\": 1, \"a\": 1}", "{\"b\": {\"a\": 1, \"a\": 2}}",
	};
	char deep[5001];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct jsonr *doc = NULL;

		CHECK_INT(jsonr_parse(&doc, bad[i], strlen(bad[i])), EBADMSG);
		CHECK(!doc);
	}
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	CHECK(!parse(deep));
}

static void what_is_no_json_is_told_by_place(void)
{
	static const struct {
		const char *text;
		unsigned line, column;
	} rows[] = {
		{"", 1, 1},
		{"{\"a\": 1,\n  nothing}", 2, 9},
		{"[1,\n2,\n", 3, 1},
	};
	struct jsonr_place place = {0, 0};
	struct jsonr *doc = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK_INT(jsonr_parse_at(&doc, rows[i].text,
					 strlen(rows[i].text), &place),
			  EBADMSG);
		CHECK_INT(place.line, rows[i].line);
		CHECK_INT(place.column, rows[i].column);
	}
	CHECK_INT(jsonr_parse_at(&doc, "[1]", 3, &place), 0);
	mem_deref(doc);
}

static void member_told(const char *name, const struct jsonr_val *val,
			void *arg)
{
	struct mbuf *mb = arg;

	(void)mbuf_printf(mb, "%s=%s;", name,
			  jsonr_str(val) ? jsonr_str(val) : "-");
}

static void members_come_in_the_order_of_the_text(void)
{
	static const char text[] = "{\"z\":\"1\",\"a\":[],\"m\":\"2\"}";
	struct mbuf *mb = mbuf_alloc(64);
	struct jsonr *doc = NULL;

	CHECK_INT(jsonr_parse(&doc, text, strlen(text)), 0);
	jsonr_each(jsonr_root(doc), member_told, mb);
	jsonr_each(jsonr_get(jsonr_root(doc), "a"), member_told, mb);
	jsonr_each(NULL, member_told, mb);
	CHECK_INT(mb->end, 12);
	CHECK(mb->end == 12 && !memcmp(mb->buf, "z=1;a=-;m=2;", 12));
	mem_deref(doc);
	mem_deref(mb);
}

static void a_text_ends_where_it_is_said_to(void)
{
	struct jsonr *doc = NULL;

	CHECK_INT(jsonr_parse(&doc, "[1]garbage", 3), 0);
	CHECK_INT(jsonr_count(jsonr_root(doc)), 1);
	doc = mem_deref(doc);
	CHECK_INT(jsonr_parse(&doc, "[1]", 2), EBADMSG);
}

TEST_MAIN(TEST(values_are_found_by_name_and_place),
	  TEST(what_is_of_another_kind_is_not_found),
	  TEST(nothing_may_be_asked_for_anything),
	  TEST(what_is_no_json_is_refused),
	  TEST(what_is_no_json_is_told_by_place),
	  TEST(members_come_in_the_order_of_the_text),
	  TEST(a_text_ends_where_it_is_said_to))
