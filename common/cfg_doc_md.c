/*
 * cfg_doc_md.c  A configuration file's description as a reference page
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "common/cfg_schema_priv.h"

enum {
	PATH_MAX_LEN = 256
};

static int print_section(struct re_printf *pf, const struct cfg_table *table,
			 const char *path);

/* In a cell a bar would begin the next one. */
static int print_cell(struct re_printf *pf, const char *text)
{
	int err = 0;

	for (; *text && !err; text++) {
		if (*text == '|')
			err = pf->vph("\\", 1, pf->arg);
		if (!err)
			err = pf->vph(text, 1, pf->arg);
	}
	return err;
}

static void describe(const struct cfg_field *field, char *text, size_t size)
{
	char item[CFG_WHY_MAX];

	if (field->type == CFG_LIST && field->item->type != CFG_TABLE) {
		describe(field->item, item, sizeof(item));
		re_snprintf(text, size, "list; each %s%s", item,
			    field->flags & CFG_F_ALONE ? "; one may stand alone"
						       : "");
	} else if (field->type == CFG_MAP && field->item->type != CFG_TABLE) {
		describe(field->item, item, sizeof(item));
		re_snprintf(text, size, "names, each with %s", item);
	} else if (field->type == CFG_LIST) {
		re_snprintf(text, size, "list of tables, see below");
	} else if (field->type == CFG_MAP) {
		re_snprintf(text, size, "names with tables, see below");
	} else if (field->type == CFG_TABLE) {
		re_snprintf(text, size, "table, see below");
	} else {
		cfg_expect(field, text, size);
	}
}

static int print_default(struct re_printf *pf, const struct cfg_field *field,
			 bool one_of)
{
	if (field->flags & CFG_F_REQUIRED)
		return re_hprintf(pf, "*required*");
	if (!field->def || one_of)
		return 0;
	return re_hprintf(pf, field->type == CFG_LIST ? "`[%s]`" : "`%s`",
			  field->def);
}

static int print_row(struct re_printf *pf, const struct cfg_field *field,
		     bool one_of)
{
	char text[CFG_WHY_MAX + 40];
	int err;

	describe(field, text, sizeof(text));
	err = re_hprintf(pf, "| `%s` | ", field->key);
	err = err ? err : print_cell(pf, text);
	if (field->flags & CFG_F_SECRET)
		err = err ? err : re_hprintf(pf, "; secret");
	err = err ? err : re_hprintf(pf, " | ");
	err = err ? err : print_default(pf, field, one_of);
	err = err ? err : re_hprintf(pf, " | ");
	err = err ? err : print_cell(pf, field->help ? field->help : "");
	if (field->example) {
		err = err ? err : re_hprintf(pf, " Example: `");
		err = err ? err : print_cell(pf, field->example);
		err = err ? err : re_hprintf(pf, "`");
	}
	return err ? err : re_hprintf(pf, " |\n");
}

static int print_choices(struct re_printf *pf, const struct cfg_field *field)
{
	const struct cfg_choice *choice = field->choices;
	int err = 0;

	for (; choice && choice->name && !err; choice++) {
		if (choice->help)
			err = re_hprintf(pf, "- `%s: %s`: %s\n", field->key,
					 choice->name, choice->help);
	}
	return err;
}

static int print_rows(struct re_printf *pf, const struct cfg_table *table)
{
	const bool one_of = table->flags & CFG_T_ONE_OF;
	const struct cfg_field *field;
	bool first = true;
	int err;

	err = re_hprintf(pf, "| Key | Value | Default | Meaning |\n"
			     "|---|---|---|---|\n");
	for (field = table->fields; field->type != CFG_NONE && !err; field++) {
		if (field->key)
			err = print_row(pf, field, one_of);
	}
	for (field = table->fields; field->type != CFG_NONE && !err; field++) {
		if (!field->choices || !field->choices->help)
			continue;
		err = first ? re_hprintf(pf, "\n") : 0;
		first = false;
		err = err ? err : print_choices(pf, field);
	}
	return err ? err : re_hprintf(pf, "\n");
}

/* The table in a field, or in the entries of one. */
static const struct cfg_table *table_in(const struct cfg_field *field)
{
	while (field->item)
		field = field->item;
	return field->table;
}

static int print_children(struct re_printf *pf, const struct cfg_table *table,
			  const char *path)
{
	const struct cfg_field *field = table->fields;
	char sub[PATH_MAX_LEN];
	int err = 0;

	for (; field->type != CFG_NONE && !err; field++) {
		if (!table_in(field))
			continue;
		re_snprintf(sub, sizeof(sub), "%s%s%s%s", path,
			    *path ? "." : "", field->key,
			    field->type == CFG_MAP    ? ".NAME"
			    : field->type == CFG_LIST ? "[]"
						      : "");
		err = print_section(pf, table_in(field), sub);
	}
	return err;
}

static int print_section(struct re_printf *pf, const struct cfg_table *table,
			 const char *path)
{
	int err = 0;

	if (*path)
		err = re_hprintf(pf, "## %s\n\n", path);
	if (table->help)
		err = err ? err : re_hprintf(pf, "%s\n\n", table->help);
	if (table->flags & CFG_T_ONE_OF)
		err = err ? err : re_hprintf(pf, "Exactly one of:\n\n");
	err = err ? err : print_rows(pf, table);
	return err ? err : print_children(pf, table, path);
}

static bool has_secret(const struct cfg_table *table)
{
	const struct cfg_field *field = table->fields;

	for (; field->type != CFG_NONE; field++) {
		if (field->flags & CFG_F_SECRET ||
		    (field->item && field->item->flags & CFG_F_SECRET) ||
		    (table_in(field) && has_secret(table_in(field))))
			return true;
	}
	return false;
}

int cfg_schema_print_markdown(struct re_printf *pf,
			      const struct cfg_table *table)
{
	int err;

	if (!table)
		return 0;
	err = re_hprintf(pf,
			 "# %s\n\n<!-- Printed from the description in the "
			 "code: change it there. -->\n\n",
			 table->name);
	err = err ? err : print_section(pf, table, "");
	if (has_secret(table))
		err = err ? err
			  : re_hprintf(pf, "A *secret* stands in the file, or "
					   "as `${NAME}` in the environment, "
					   "or as `file:path` in the first "
					   "line of another file.\n");
	return err;
}
