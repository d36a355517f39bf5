/*
 * test_jsonw.c  JSON as it is written
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/jsonw.h"
#include "tests/lib/test.h"

struct sheet {
	struct mbuf *mb;
	struct jsonw json;
	char text[512];
};

static void begin(struct sheet *sheet)
{
	sheet->mb = mbuf_alloc(8);
	jsonw_init(&sheet->json, sheet->mb);
}

/* The text, or "error" and the number. */
static const char *end(struct sheet *sheet)
{
	int err = jsonw_done(&sheet->json);

	sheet->text[0] = '\0';
	if (err)
		(void)re_snprintf(sheet->text, sizeof(sheet->text), "error %d",
				  err == EINVAL ? 22 : 12);
	else if (sheet->mb->end < sizeof(sheet->text)) {
		memcpy(sheet->text, sheet->mb->buf, sheet->mb->end);
		sheet->text[sheet->mb->end] = '\0';
	}
	sheet->mb = mem_deref(sheet->mb);
	return sheet->text;
}

static void objects_and_arrays_nest(void)
{
	struct pl pl = PL("piece of text");
	struct sheet s;

	pl.l = 5;
	begin(&s);
	jsonw_object(&s.json, NULL);
	jsonw_str(&s.json, "a", "b");
	jsonw_array(&s.json, "list");
	jsonw_uint(&s.json, NULL, UINT64_MAX);
	jsonw_int(&s.json, NULL, INT64_MIN);
	jsonw_object(&s.json, NULL);
	jsonw_end(&s.json);
	jsonw_array(&s.json, NULL);
	jsonw_end(&s.json);
	jsonw_end(&s.json);
	jsonw_bool(&s.json, "t", true);
	jsonw_bool(&s.json, "f", false);
	jsonw_null(&s.json, "n");
	jsonw_str(&s.json, "none", NULL);
	jsonw_pl(&s.json, "pl", &pl);
	jsonw_end(&s.json);
	CHECK_STR(end(&s), "{\"a\":\"b\",\"list\":[18446744073709551615,"
			   "-9223372036854775808,{},[]],\"t\":true,"
			   "\"f\":false,\"n\":null,\"none\":null,"
			   "\"pl\":\"piece\"}");
}

static void single_value_is_a_document(void)
{
	struct sheet s;

	begin(&s);
	jsonw_str(&s.json, NULL, "x");
	CHECK_STR(end(&s), "\"x\"");
}

static const char *string_of(struct sheet *s, const char *text, size_t len)
{
	begin(s);
	jsonw_strn(&s->json, NULL, text, len);
	return end(s);
}

static void texts_of_strangers_are_escaped(void)
{
	struct sheet s;

	CHECK_STR(string_of(&s, "a\"b\\c", 5), "\"a\\u0022b\\u005cc\"");
	CHECK_STR(string_of(&s, "\n\t\x1f\0z", 5),
		  "\"\\u000a\\u0009\\u001f\\u0000z\"");
	CHECK_STR(string_of(&s, "</script>&", 10),
		  "\"\\u003c/script\\u003e\\u0026\"");
	CHECK_STR(string_of(&s, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9),
		  "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
	CHECK_STR(string_of(&s, "a\xff\xc3", 3), "\"a\\ufffd\\ufffd\"");
	CHECK_STR(string_of(&s, "\xe2\x80\xa8", 3), "\"\\u2028\"");
	CHECK_STR(string_of(&s, "", 0), "\"\"");

	begin(&s);
	jsonw_object(&s.json, NULL);
	jsonw_uint(&s.json, "k\"\n", 1);
	jsonw_end(&s.json);
	CHECK_STR(end(&s), "{\"k\\u0022\\u000a\":1}");
}

static void fixed_point_is_exact(void)
{
	struct sheet s;

	begin(&s);
	jsonw_array(&s.json, NULL);
	jsonw_fixed(&s.json, NULL, 1234, 3);
	jsonw_fixed(&s.json, NULL, -5, 3);
	jsonw_fixed(&s.json, NULL, 7, 0);
	jsonw_fixed(&s.json, NULL, INT64_MIN, 9);
	jsonw_end(&s.json);
	CHECK_STR(end(&s), "[1.234,-0.005,7,-9223372036.854775808]");
}

static void wrong_use_is_an_error_and_no_document(void)
{
	struct sheet s;

	begin(&s);
	CHECK_STR(end(&s), "error 22");
	begin(&s);
	jsonw_object(&s.json, NULL);
	CHECK_STR(end(&s), "error 22");
	begin(&s);
	jsonw_end(&s.json);
	CHECK_STR(end(&s), "error 22");
	begin(&s);
	jsonw_object(&s.json, NULL);
	jsonw_uint(&s.json, NULL, 1);
	jsonw_end(&s.json);
	CHECK_STR(end(&s), "error 22");
	begin(&s);
	jsonw_array(&s.json, NULL);
	jsonw_uint(&s.json, "k", 1);
	jsonw_end(&s.json);
	CHECK_STR(end(&s), "error 22");
	begin(&s);
	jsonw_uint(&s.json, NULL, 1);
	jsonw_uint(&s.json, NULL, 1);
	CHECK_STR(end(&s), "error 22");
	begin(&s);
	for (int i = 0; i <= JSONW_DEPTH_MAX; i++)
		jsonw_array(&s.json, NULL);
	for (int i = 0; i <= JSONW_DEPTH_MAX; i++)
		jsonw_end(&s.json);
	CHECK_STR(end(&s), "error 22");
	jsonw_init(&s.json, NULL);
	jsonw_uint(&s.json, NULL, 1);
	CHECK_INT(jsonw_done(&s.json), EINVAL);
}

static void written(char text[256], const char *bytes, size_t len)
{
	struct sheet s;

	begin(&s);
	jsonw_strn(&s.json, NULL, bytes, len);
	str_ncpy(text, end(&s), 256);
}

/* Texts are looked at by eight. */
static void a_byte_is_escaped_wherever_it_stands(void)
{
	char bytes[21], alone[256], text[256], want[256];

	for (unsigned c = 0; c < 256; c++) {
		bytes[0] = (char)c;
		written(alone, bytes, 1);
		for (size_t at = 0; at < sizeof(bytes); at++) {
			memset(bytes, 'a', sizeof(bytes));
			bytes[at] = (char)c;
			written(text, bytes, sizeof(bytes));
			re_snprintf(want, sizeof(want), "\"%b%b%b\"", bytes,
				    at, alone + 1, strlen(alone) - 2,
				    bytes + at + 1, sizeof(bytes) - at - 1);
			if (strcmp(text, want))
				re_printf("# %u at %zu\n", c, at);
			CHECK(!strcmp(text, want));
		}
	}
}

static void lack_of_memory_is_told_at_the_end(void)
{
	struct sheet s;

	begin(&s);
	jsonw_str(&s.json, NULL, "a text longer than the buffer was made for");
	CHECK(end(&s)[0] == '"');
}

TEST_MAIN(TEST(objects_and_arrays_nest), TEST(single_value_is_a_document),
	  TEST(texts_of_strangers_are_escaped),
	  TEST(a_byte_is_escaped_wherever_it_stands),
	  TEST(fixed_point_is_exact),
	  TEST(wrong_use_is_an_error_and_no_document),
	  TEST_OOM(lack_of_memory_is_told_at_the_end))
