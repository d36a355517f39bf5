/*
 * csv.c  Rows of a CSV file (RFC 4180), with the place of each cell
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/number/csv.h"

void csv_init(struct csv *csv, char *text, size_t len)
{
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	*csv = (struct csv){.p = text,
			    .end = text + len,
			    .line = 1,
			    .start = text};
}

/* In characters: bytes that go on with one do not count. */
static uint32_t column(const struct csv *csv)
{
	uint32_t col = 1;

	for (const char *p = csv->start; p < csv->p; p++)
		col += ((unsigned char)*p & 0xc0) != 0x80;
	return col;
}

static bool at(const struct csv *csv, char c)
{
	return csv->p < csv->end && *csv->p == c;
}

/* LF, CR LF, or the end. */
static bool at_line_end(const struct csv *csv)
{
	return csv->p >= csv->end || *csv->p == '\n' ||
	       (*csv->p == '\r' && csv->p + 1 < csv->end && csv->p[1] == '\n');
}

static void skip_line(struct csv *csv)
{
	char *lf = csv->p < csv->end
			   ? memchr(csv->p, '\n', (size_t)(csv->end - csv->p))
			   : NULL;

	csv->p = lf ? lf + 1 : csv->end;
	csv->start = csv->p;
	++csv->line;
}

static void skip_spaces(struct csv *csv)
{
	while (at(csv, ' ') || at(csv, '\t'))
		++csv->p;
}

/* Comments and empty lines. */
static void skip_idle(struct csv *csv)
{
	while (csv->p < csv->end) {
		skip_spaces(csv);
		if (!at(csv, '#') && !at_line_end(csv))
			break;
		skip_line(csv);
	}
	csv->p = csv->p < csv->end ? (char *)csv->start : csv->end;
}

/* The closing quote of a cell, or why there is none. Nothing is written yet:
 * a row that is refused is read on from its first line. */
static const char *find_quote(const struct csv *csv, char **quote)
{
	const size_t room = (size_t)(csv->end - csv->p);
	char *const last = csv->p + min(room, (size_t)CSV_CELL_MAX + 1);

	for (char *p = csv->p; p < last; p++) {
		if (*p != '"')
			continue;
		if (p + 1 < csv->end && p[1] == '"') {
			++p;
			continue;
		}
		*quote = p;
		return NULL;
	}
	return room > CSV_CELL_MAX ? "at most 256 bytes, and a closing quote"
				   : "a closing quote";
}

/* Up to its closing quote, in place; a line break counts as a space. */
static void unquote(struct csv *csv, char *quote, struct csv_cell *cell)
{
	char *to = csv->p;

	cell->text.p = to;
	for (char *p = csv->p; p < quote; p++) {
		if (*p == '\n') {
			++csv->line;
			csv->start = p + 1;
		}
		*to++ = *p == '\n' || *p == '\r' ? ' ' : *p;
		p += *p == '"';
	}
	cell->text.l = (size_t)(to - cell->text.p);
	csv->p = quote + 1;
}

static const char *read_quoted(struct csv *csv, struct csv_cell *cell)
{
	struct csv behind;
	const char *why;
	char *quote;

	cell->text.p = ++csv->p;
	why = find_quote(csv, &quote);
	if (why)
		return why;
	behind = *csv;
	behind.p = quote + 1;
	skip_spaces(&behind);
	if (!at(&behind, ',') && !at_line_end(&behind))
		return "a comma or the end of the line behind the quote";
	unquote(csv, quote, cell);
	csv->p = behind.p;
	return NULL;
}

static const char *read_plain(struct csv *csv, struct csv_cell *cell)
{
	const char *end;

	cell->text.p = csv->p;
	while (!at(csv, ',') && !at_line_end(csv)) {
		if (*csv->p == '"')
			return "quotes around the whole cell";
		++csv->p;
	}
	end = csv->p;
	while (end > cell->text.p && (end[-1] == ' ' || end[-1] == '\t'))
		--end;
	cell->text.l = (size_t)(end - cell->text.p);
	return cell->text.l > CSV_CELL_MAX ? "at most 256 bytes" : NULL;
}

static const char *read_cell(struct csv *csv, struct csv_cell *cell)
{
	skip_spaces(csv);
	cell->line = csv->line;
	cell->col = column(csv);
	if (at(csv, '"'))
		return read_quoted(csv, cell);
	return read_plain(csv, cell);
}

/* On behind the line: an unclosed quote does not swallow the file. */
static int refuse(struct csv *csv, struct csv_row *row,
		  const struct csv_cell *cell)
{
	row->cells[0] = *cell;
	skip_line(csv);
	return EINVAL;
}

int csv_next(struct csv *csv, struct csv_row *row, const char **why)
{
	struct csv_cell cell;

	skip_idle(csv);
	if (csv->p >= csv->end)
		return ENOENT;
	for (row->count = 0;;) {
		*why = read_cell(csv, &cell);
		if (*why)
			return refuse(csv, row, &cell);
		if (row->count == CSV_CELLS_MAX) {
			*why = "at most 16 cells";
			return refuse(csv, row, &cell);
		}
		row->cells[row->count++] = cell;
		if (at_line_end(csv))
			break;
		++csv->p;
	}
	skip_line(csv);
	return 0;
}
