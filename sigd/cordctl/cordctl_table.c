/*
 * cordctl_table.c  Rows for people, in columns that fit the terminal
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <re.h>

#include "sigd/cordctl/cordctl_shown.h"
#include "sigd/cordctl/cordctl_table.h"

enum { BETWEEN = 2, LEAST = 6 };

struct row {
	struct le le;
	char *cell[CORDCTL_COLUMNS_MAX];
};

struct cordctl_table {
	struct list rows; /* not printed so far; the first of all has the names */
	size_t widest[CORDCTL_COLUMNS_MAX]; /* of those that were, too */
	size_t n;
};

static void row_destructor(void *data)
{
	struct row *row = data;

	list_unlink(&row->le);
	for (size_t i = 0; i < CORDCTL_COLUMNS_MAX; i++)
		mem_deref(row->cell[i]);
}

static void destructor(void *data)
{
	struct cordctl_table *table = data;

	list_flush(&table->rows);
}

int cordctl_table_row(struct cordctl_table *table, const char *const *cells)
{
	struct row *row = mem_zalloc(sizeof(*row), row_destructor);

	if (!row)
		return ENOMEM;
	list_append(&table->rows, &row->le, row);
	for (size_t i = 0; i < table->n; i++) {
		const char *text = cells[i] && *cells[i] ? cells[i] : "-";

		if (re_sdprintf(&row->cell[i], "%H", cordctl_shown, text))
			return ENOMEM;
	}
	return 0;
}

int cordctl_table_alloc(struct cordctl_table **tablep,
			const char *const *heads, size_t n)
{
	struct cordctl_table *table = mem_zalloc(sizeof(*table), destructor);

	if (!table)
		return ENOMEM;
	table->n = n < CORDCTL_COLUMNS_MAX ? n : CORDCTL_COLUMNS_MAX;
	if (cordctl_table_row(table, heads)) {
		mem_deref(table);
		return ENOMEM;
	}
	*tablep = table;
	return 0;
}

/* --- widths, in characters ------------------------------------------------------ */

static bool is_begin(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80; /* of a character of UTF-8 */
}

static size_t length(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += is_begin(*text);
	return n;
}

static size_t total(const size_t *widths, size_t n)
{
	size_t sum = n ? (n - 1) * BETWEEN : 0;

	for (size_t i = 0; i < n; i++)
		sum += widths[i];
	return sum;
}

/* The widest gives way, one by one. */
static void fit(size_t *widths, size_t n, size_t room)
{
	while (total(widths, n) > room) {
		size_t widest = 0;

		for (size_t i = 1; i < n; i++) {
			if (widths[i] > widths[widest])
				widest = i;
		}
		if (widths[widest] <= LEAST)
			return;
		--widths[widest];
	}
}

/* Up to so many characters of it; *cutp: there are more. */
static size_t bytes_of(const char *text, size_t most, bool *cutp)
{
	size_t n = 0, at = 0;

	*cutp = length(text) > most;
	if (*cutp && most)
		--most;
	for (; text[at]; at++) {
		if (is_begin(text[at]) && n++ == most)
			break;
	}
	return at;
}

static void cell_print(const char *text, size_t width, bool last)
{
	bool cut;
	const size_t len = bytes_of(text, width, &cut);
	const size_t shown = cut ? width : length(text);

	(void)fwrite(text, 1, len, stdout);
	if (cut)
		fputs("\xe2\x80\xa6", stdout);
	for (size_t i = shown; !last && i < width + BETWEEN; i++)
		putchar(' ');
}

static void widths_grow(struct cordctl_table *table)
{
	struct le *le;

	LIST_FOREACH(&table->rows, le) {
		const struct row *row = le->data;

		for (size_t i = 0; i < table->n; i++) {
			const size_t len = length(row->cell[i]);

			if (len > table->widest[i])
				table->widest[i] = len;
		}
	}
}

void cordctl_table_print(struct cordctl_table *table, unsigned width)
{
	size_t widths[CORDCTL_COLUMNS_MAX];
	struct le *le;

	widths_grow(table);
	memcpy(widths, table->widest, sizeof(widths));
	if (width)
		fit(widths, table->n, width);
	LIST_FOREACH(&table->rows, le) {
		const struct row *row = le->data;

		for (size_t i = 0; i < table->n; i++)
			cell_print(row->cell[i], widths[i], i + 1 == table->n);
		putchar('\n');
	}
	list_flush(&table->rows);
}

unsigned cordctl_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	unsigned long num = columns ? strtoul(columns, NULL, 10) : 0;

	if (num && num < 10000)
		return (unsigned)num;
	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return size.ws_col;
	return 0;
}
