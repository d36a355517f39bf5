/*
 * number_csv.c  A table of prefixes from a CSV file
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/cfg_tree.h"
#include "common/text.h"
#include "routing/number/csv.h"
#include "routing/number/number_table.h"

struct reader {
	struct csv csv;
	struct csv_row row;
	const char *name; /* of the file */
	struct cfg_errors *errs;
	bool bad;
	struct prefixes *table;
	unsigned ncells; /* of each row */
	unsigned prefix; /* which of them is the prefix */
};

__attribute__((format(printf, 3, 4))) static void
wrong(struct reader *rd, const struct csv_cell *cell, const char *fmt, ...)
{
	const struct cfg_pos pos = {rd->name, cell->line, cell->col};
	char text[CFG_ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cfg_errors_add(rd->errs, &pos, "%s", text);
	rd->bad = true;
}

/* The next row that is well-formed; nobody reads more than so many errors. */
static bool next_row(struct reader *rd)
{
	const char *why;
	int err;

	for (;;) {
		if (rd->bad && cfg_errors_count(rd->errs) >= CFG_ERRORS_MAX)
			return false;
		err = csv_next(&rd->csv, &rd->row, &why);
		if (err != EINVAL)
			return !err;
		wrong(rd, &rd->row.cells[0], "expected %s", why);
	}
}

/* --- the header ------------------------------------------------------------ */

static bool read_name(struct reader *rd, unsigned i,
		      char names[CSV_CELLS_MAX][PREFIX_NAME_MAX + 1])
{
	const struct csv_cell *cell = &rd->row.cells[i];
	char why[80];

	if (cell->text.l > PREFIX_NAME_MAX ||
	    pl_strcpy(&cell->text, names[i], PREFIX_NAME_MAX + 1) ||
	    !number_name_check(names[i], why, sizeof(why))) {
		wrong(rd, cell,
		      "\"%.40s\" will not do as the name of a column, "
		      "expected 1 to 32 of a-z, 0-9, _ and -",
		      names[i]);
		return false;
	}
	for (unsigned k = 0; k < i; k++) {
		if (!strcmp(names[k], names[i]))
			wrong(rd, cell, "column \"%s\" stands there twice",
			      names[i]);
	}
	return true;
}

static void no_prefix(struct reader *rd, const char *const *names)
{
	const char *meant = cfg_nearest("prefix", names, rd->row.count);

	wrong(rd, &rd->row.cells[0],
	      "the header has no column \"prefix\"%s%s%s",
	      meant ? ", is it \"" : "", meant ? meant : "",
	      meant ? "\"?" : "");
}

static int read_header(struct reader *rd)
{
	char names[CSV_CELLS_MAX][PREFIX_NAME_MAX + 1] = {{0}};
	const char *all[CSV_CELLS_MAX], *attrs[CSV_CELLS_MAX];
	unsigned nattrs = 0;

	if (!next_row(rd)) {
		if (!rd->bad)
			wrong(rd, &(struct csv_cell){.line = 1, .col = 1},
			      "expected a header row, as "
			      "prefix,class,cost");
		return EINVAL;
	}
	rd->ncells = rd->prefix = rd->row.count;
	for (unsigned i = 0; i < rd->ncells; i++) {
		all[i] = names[i];
		if (!read_name(rd, i, names))
			continue;
		if (!strcmp(names[i], "prefix"))
			rd->prefix = i;
		else
			attrs[nattrs++] = names[i];
	}
	if (rd->prefix == rd->ncells)
		no_prefix(rd, all);
	if (rd->bad)
		return EINVAL;
	return prefixes_alloc(&rd->table, attrs, nattrs);
}

/* --- rows ------------------------------------------------------------------ */

/* Values go into explanations and JSON. */
static bool is_text(const struct pl *value)
{
	for (size_t i = 0, n; i < value->l; i += n) {
		const unsigned char c = (unsigned char)value->p[i];
		uint32_t code;

		n = 1;
		if (c >= ' ' && c < 0x7f)
			continue;
		n = c < 0x80 ? 0 : text_utf8(value->p + i, value->l - i, &code);
		if (!n || text_unprintable(code))
			return false;
	}
	return true;
}

static void bad_prefix(struct reader *rd, const struct csv_cell *cell)
{
	char text[40];

	(void)re_snprintf(text, sizeof(text), "%r", &cell->text);
	wrong(rd, cell,
	      "prefix: \"%.30s\" will not do, expected 1 to 15 digits, with "
	      "or without a + before",
	      is_text(&cell->text) ? text : "?");
}

static int add_row(struct reader *rd)
{
	struct pl values[CSV_CELLS_MAX];
	struct pl digits = rd->row.cells[rd->prefix].text;
	unsigned n = 0;
	int err;

	for (unsigned i = 0; i < rd->ncells; i++) {
		const struct csv_cell *cell = &rd->row.cells[i];

		if (i == rd->prefix)
			continue;
		if (!is_text(&cell->text))
			wrong(rd, cell, "expected printable UTF-8");
		values[n++] = cell->text;
	}
	if (digits.l && digits.p[0] == '+')
		pl_advance(&digits, 1);
	err = prefixes_add(rd->table, &digits, values,
			   rd->row.cells[rd->prefix].line);
	if (err == EINVAL)
		bad_prefix(rd, &rd->row.cells[rd->prefix]);
	if (err == E2BIG)
		wrong(rd, &rd->row.cells[rd->prefix],
		      "the table is full: 8,000,000 prefixes, 1 GiB of texts");
	return err == EINVAL ? 0 : err;
}

static int read_rows(struct reader *rd)
{
	int err = 0;

	while (!err && next_row(rd)) {
		if (rd->row.count == rd->ncells)
			err = add_row(rd);
		else
			wrong(rd, &rd->row.cells[rd->row.count - 1],
			      "%u cells in this row, expected %u as in the "
			      "header",
			      rd->row.count, rd->ncells);
	}
	return err;
}

static void on_twice(const char *digits, uint32_t line, uint32_t first,
		     void *arg)
{
	struct reader *rd = arg;

	wrong(rd, &(struct csv_cell){.line = line, .col = 1},
	      "prefix %s stands in line %u already", digits, first);
}

int number_csv_load(struct prefixes **tablep, const char *name, char *text,
		    size_t len, struct cfg_errors *errs)
{
	struct reader rd = {.name = name, .errs = errs};
	int err;

	csv_init(&rd.csv, text, len);
	err = read_header(&rd);
	err = err ? err : read_rows(&rd);
	if (!err && rd.table)
		err = prefixes_seal(rd.table, on_twice, &rd);
	if (rd.bad && err != ENOMEM)
		err = EINVAL;
	if (err)
		mem_deref(rd.table);
	else
		*tablep = rd.table;
	return err;
}
