/*
 * number_table.c  `numbers`: its description, and tables from the
 *                 configuration itself
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/cfg_path.h"
#include "common/fingerprint.h"
#include "routing/number/number_table.h"

static bool say(char *why, size_t size, const char *what)
{
	str_ncpy(why, what, size);
	return false;
}

bool number_name_check(const char *text, char *why, size_t size)
{
	const size_t len = strlen(text);

	return (len && len <= PREFIX_NAME_MAX &&
		!text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")]) ||
	       say(why, size, "1 to 32 of a-z, 0-9, _ and -");
}

static bool check_prefix(const char *text, char *why, size_t size)
{
	const char *digits = text + (*text == '+');
	const size_t len = strlen(digits);

	return (len && len <= PREFIX_DIGITS_MAX &&
		strspn(digits, "0123456789") == len) ||
	       say(why, size, "1 to 15 digits, with or without a + before");
}

/* clang-format off */
static const struct cfg_field value_item = {
	.type = CFG_STRING, CFG_AT(struct number_attr, value), .min = 1,
	.max = PREFIX_VALUE_MAX,
};

static const struct cfg_field attrs_item = {
	.type = CFG_MAP, CFG_ITEMS(struct number_prefix, attrs, nattrs),
	CFG_KEY(struct number_attr, name), .item = &value_item,
	.max = PREFIX_COLUMNS_MAX, .check = number_name_check,
	.pattern = NUMBER_NAME_PATTERN,
};

static const struct cfg_field number_table_fields[] = {
	{.type = CFG_POS, CFG_AT(struct number_table, pos)},
	{"csv", CFG_STRING, CFG_AT(struct number_table, csv),
	 .help = "A CSV file (RFC 4180), relative to this one: a header row, "
		 "then rows. The column `prefix` has digits of E.164 with or "
		 "without +; each other column is an attribute of that name. "
		 "Lines that begin with # are comments.",
	 .example = "rates.csv"},
	{"prefixes", CFG_MAP,
	 CFG_ITEMS(struct number_table, prefixes, nprefixes),
	 CFG_KEY(struct number_prefix, digits), .item = &attrs_item,
	 .min = 1, .check = check_prefix, .pattern = "^\\+?[0-9]{1,15}$",
	 .help = "Prefixes with their attributes, here. In quotes: YAML would "
		 "take +49 for the number 49.",
	 .example = "{\"+4930\": {class: gold}}"},
	CFG_END,
};

static const struct cfg_table number_table_table = {
	sizeof(struct number_table), "a table of numbers", number_table_fields,
	"Prefixes of numbers in E.164, each with attributes; of those that a "
	"number begins with, the longest one counts. A route asks for it in "
	"`match.table`.", CFG_T_ONE_OF};

const struct cfg_field number_table_item = {
	.type = CFG_TABLE, .table = &number_table_table};
/* clang-format on */

/* --- from the configuration itself ---------------------------------------- */

struct columns {
	const char *names[PREFIX_COLUMNS_MAX];
	unsigned count;
};

static int find_column(const struct columns *columns, const char *name)
{
	for (unsigned i = 0; i < columns->count; i++) {
		if (!strcmp(columns->names[i], name))
			return (int)i;
	}
	return -1;
}

/* Each attribute that any prefix has. */
static int collect(struct columns *columns, const struct number_table *table,
		   struct cfg_errors *errs)
{
	for (uint32_t i = 0; i < table->nprefixes; i++) {
		const struct number_prefix *prefix = &table->prefixes[i];

		for (uint32_t k = 0; k < prefix->nattrs; k++) {
			const char *name = prefix->attrs[k].name;

			if (find_column(columns, name) >= 0)
				continue;
			if (columns->count == PREFIX_COLUMNS_MAX) {
				cfg_errors_add(errs, &table->pos,
					       "more than %d attributes, "
					       "\"%s\" is one too many",
					       PREFIX_COLUMNS_MAX, name);
				return EINVAL;
			}
			columns->names[columns->count++] = name;
		}
	}
	return 0;
}

static int add_prefix(struct prefixes *table, const struct columns *columns,
		      const struct number_prefix *prefix, uint32_t line)
{
	struct pl values[PREFIX_COLUMNS_MAX] = {{NULL, 0}}, digits;

	for (uint32_t k = 0; k < prefix->nattrs; k++)
		pl_set_str(&values[find_column(columns, prefix->attrs[k].name)],
			   prefix->attrs[k].value);
	pl_set_str(&digits, prefix->digits + (prefix->digits[0] == '+'));
	return prefixes_add(table, &digits, values, line);
}

struct twice {
	const struct number_table *table;
	struct cfg_errors *errs;
};

/* "49" and "+49" are two keys to YAML. */
static void on_twice(const char *digits, uint32_t line, uint32_t first,
		     void *arg)
{
	const struct twice *twice = arg;

	(void)line;
	(void)first;
	cfg_errors_add(twice->errs, &twice->table->pos,
		       "prefixes: \"%s\" stands there twice, with and without "
		       "+", digits);
}

static int load_here(struct number_table *table, struct cfg_errors *errs)
{
	struct columns columns = {.count = 0};
	struct twice twice = {table, errs};
	int err = collect(&columns, table, errs);

	err = err ? err
		  : prefixes_alloc(&table->table, columns.names, columns.count);
	for (uint32_t i = 0; i < table->nprefixes && !err; i++)
		err = add_prefix(table->table, &columns, &table->prefixes[i],
				 i + 1);
	return err ? err : prefixes_seal(table->table, on_twice, &twice);
}

/* --- from a file ----------------------------------------------------------- */

static int load_file(struct number_table *table, const char *path,
		     struct fingerprint *print, struct cfg_errors *errs)
{
	char *text = NULL;
	size_t len;
	int err = cfg_read_file(&text, &len, path, NUMBER_CSV_MAX);

	if (err == ENOMEM)
		return err;
	if (err) {
		cfg_errors_add(errs, &table->pos,
			       "csv: cannot read \"%s\": %s", path,
			       err == EFBIG ? "larger than 512 MiB"
					    : strerror(err));
		return EINVAL;
	}
	fingerprint_add(print, text, len);
	err = number_csv_load(&table->table, path, text, len, errs);
	mem_deref(text);
	return err;
}

int number_table_load(struct number_table *table, struct fingerprint *print,
		      struct cfg_errors *errs)
{
	char *path = NULL;
	int err;

	if (!table->csv)
		return load_here(table, errs);
	err = cfg_path_beside(&path, table->pos.file, table->csv);
	err = err ? err : load_file(table, path, print, errs);
	mem_deref(path);
	return err;
}

void number_table_release(struct number_table *table)
{
	if (table)
		table->table = mem_deref(table->table);
}
