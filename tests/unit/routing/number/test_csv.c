/*
 * test_csv.c  Rows of a CSV file (RFC 4180)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "routing/number/csv.h"
#include "tests/lib/test.h"

/* "1:1[a]1:3[b]|2:1..." or, of a wrong row, "!2:5 why" */
static const char *rows_of(const char *given)
{
	static char out[2000];
	static char text[4000];
	struct csv_row row;
	struct csv csv;
	const char *why;
	size_t n = 0;
	int err;

	out[0] = '\0';
	str_ncpy(text, given, sizeof(text));
	csv_init(&csv, text, strlen(text));
	while ((err = csv_next(&csv, &row, &why)) != ENOENT) {
		n = strlen(out);
		if (n) {
			str_ncpy(out + n, "|", sizeof(out) - n);
			++n;
		}
		if (err)
			re_snprintf(out + n, sizeof(out) - n, "!%u:%u %s",
				    row.cells[0].line, row.cells[0].col, why);
		for (unsigned i = 0; i < row.count && !err; i++) {
			n = strlen(out);
			re_snprintf(out + n, sizeof(out) - n, "%u:%u[%r]",
				    row.cells[i].line, row.cells[i].col,
				    &row.cells[i].text);
		}
	}
	return out;
}

static void cells_have_their_places(void)
{
	CHECK_STR(rows_of("a,b\nc,d\n"), "1:1[a]1:3[b]|2:1[c]2:3[d]");
	CHECK_STR(rows_of("a,b\r\nc,d"), "1:1[a]1:3[b]|2:1[c]2:3[d]");
	CHECK_STR(rows_of(",\n"), "1:1[]1:2[]");
	CHECK_STR(rows_of(" a , b c \n"), "1:2[a]1:6[b c]");
	/* in characters, not bytes */
	CHECK_STR(rows_of("\xc3\xa4,b\n"), "1:1[\xc3\xa4]1:3[b]");
}

static void quotes_hold_commas_quotes_and_line_breaks(void)
{
	CHECK_STR(rows_of("\"a,b\",c\n"), "1:1[a,b]1:7[c]");
	CHECK_STR(rows_of("\"a \"\"b\"\"\",\"\"\n"), "1:1[a \"b\"]1:11[]");
	CHECK_STR(rows_of("\"a\nb\",c\nd\n"), "1:1[a b]2:4[c]|3:1[d]");
	CHECK_STR(rows_of("\"a\" , \"b\"\n"), "1:1[a]1:7[b]");
}

static void comments_empty_lines_and_the_mark_are_skipped(void)
{
	CHECK_STR(rows_of("\xef\xbb\xbf# x\n\n  \na\n # y\r\n\r\nb\n"),
		  "4:1[a]|7:1[b]");
	CHECK_STR(rows_of(""), "");
	CHECK_STR(rows_of("# only"), "");
	CHECK_STR(rows_of("\n\n"), "");
}

static void wrong_rows_are_told_and_left_behind(void)
{
	CHECK_STR(rows_of("a\nb\"c,d\ne\n"),
		  "1:1[a]|!2:1 quotes around the whole cell|3:1[e]");
	CHECK_STR(rows_of("x,\"a\"b\ny\n"),
		  "!1:3 a comma or the end of the line behind the "
		  "quote|2:1[y]");
	CHECK_STR(rows_of("x,\"a\ny\n"), "!1:3 a closing quote|2:1[y]");
	CHECK_STR(rows_of("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\nz\n"),
		  "!1:40 at most 16 cells|2:1[z]");
}

static void unclosed_quote_does_not_swallow_the_file(void)
{
	char text[2000] = "a,\"b\n";

	for (int i = 0; i < 100; i++)
		strcat(text, "c,dd\n");
	strcat(text, "e,\"f");
	CHECK(strstr(rows_of(text),
		     "!1:3 at most 256 bytes, and a closing quote|2:1[c]"));
	CHECK(strstr(rows_of(text), "[dd]|!102:3 a closing quote"));
}

static void long_cells_are_refused(void)
{
	char text[600];

	memset(text, 'x', sizeof(text));
	text[CSV_CELL_MAX] = '\n';
	text[CSV_CELL_MAX + 1] = '\0';
	CHECK(!strchr(rows_of(text), '!'));
	text[CSV_CELL_MAX] = 'x';
	str_ncpy(text + CSV_CELL_MAX + 1, "\ny\n", 8);
	CHECK_STR(rows_of(text), "!1:1 at most 256 bytes|2:1[y]");
}

TEST_MAIN(TEST(cells_have_their_places),
	  TEST(quotes_hold_commas_quotes_and_line_breaks),
	  TEST(comments_empty_lines_and_the_mark_are_skipped),
	  TEST(wrong_rows_are_told_and_left_behind),
	  TEST(unclosed_quote_does_not_swallow_the_file),
	  TEST(long_cells_are_refused))
