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

/* A table on its way down to those below it. */
struct section {
	const struct cfg_table *table;
	const char *path;
	const struct section *up;
};

static int print_section(struct re_printf *pf, const struct section *sect);

/* The section of a table that holds itself. */
static const struct section *open_of(const struct section *sect,
				     const struct cfg_table *table)
{
	for (; sect && table; sect = sect->up) {
		if (sect->table == table)
			return sect;
	}
	return NULL;
}

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

/* The table in a field, or in the entries of one. */
static const struct cfg_table *table_in(const struct cfg_field *field)
{
	while (field->item)
		field = field->item;
	return field->table;
}

static void describe(const struct section *sect, const struct cfg_field *field,
		     char *text, size_t size)
{
	const struct section *open = open_of(sect, table_in(field));
	char item[CFG_WHY_MAX];

	if (open) {
		re_snprintf(text, size, "%s as %s",
			    field->type == CFG_LIST  ? "list of tables"
			    : field->type == CFG_MAP ? "names with tables"
						     : "table",
			    open == sect ? "this one" : open->path);
	} else if (field->type == CFG_LIST && field->item->type != CFG_TABLE) {
		describe(sect, field->item, item, sizeof(item));
		re_snprintf(text, size, "list; each %s%s", item,
			    field->flags & CFG_F_ALONE ? "; one may stand alone"
						       : "");
	} else if (field->type == CFG_MAP && field->item->type != CFG_TABLE) {
		describe(sect, field->item, item, sizeof(item));
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

static int print_row(struct re_printf *pf, const struct section *sect,
		     const struct cfg_field *field)
{
	const bool one_of = sect->table->flags & CFG_T_ONE_OF;
	char text[PATH_MAX_LEN + 40];
	int err;

	describe(sect, field, text, sizeof(text));
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

static int print_rows(struct re_printf *pf, const struct section *sect)
{
	const struct cfg_table *table = sect->table;
	const struct cfg_field *field;
	bool first = true;
	int err;

	err = re_hprintf(pf, "| Key | Value | Default | Meaning |\n"
			     "|---|---|---|---|\n");
	for (field = table->fields; field->type != CFG_NONE && !err; field++) {
		if (field->key)
			err = print_row(pf, sect, field);
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

static int print_children(struct re_printf *pf, const struct section *sect)
{
	const struct cfg_field *field = sect->table->fields;
	char path[PATH_MAX_LEN];
	int err = 0;

	for (; field->type != CFG_NONE && !err; field++) {
		const struct section sub = {table_in(field), path, sect};

		if (!sub.table || open_of(sect, sub.table))
			continue;
		re_snprintf(path, sizeof(path), "%s%s%s%s", sect->path,
			    *sect->path ? "." : "", field->key,
			    field->type == CFG_MAP    ? ".NAME"
			    : field->type == CFG_LIST ? "[]"
						      : "");
		err = print_section(pf, &sub);
	}
	return err;
}

static int print_section(struct re_printf *pf, const struct section *sect)
{
	const struct cfg_table *table = sect->table;
	int err = 0;

	if (*sect->path)
		err = re_hprintf(pf, "## %s\n\n", sect->path);
	if (table->help)
		err = err ? err : re_hprintf(pf, "%s\n\n", table->help);
	if (table->flags & CFG_T_ONE_OF)
		err = err ? err : re_hprintf(pf, "Exactly one of:\n\n");
	err = err ? err : print_rows(pf, sect);
	return err ? err : print_children(pf, sect);
}

static bool secret_in(const struct section *sect)
{
	const struct cfg_field *field = sect->table->fields;

	for (; field->type != CFG_NONE; field++) {
		const struct section sub = {table_in(field), "", sect};

		if (field->flags & CFG_F_SECRET ||
		    (field->item && field->item->flags & CFG_F_SECRET))
			return true;
		if (sub.table && !open_of(sect, sub.table) && secret_in(&sub))
			return true;
	}
	return false;
}

int cfg_schema_print_markdown(struct re_printf *pf,
			      const struct cfg_table *table)
{
	const struct section root = {table, "", NULL};
	int err;

	if (!table)
		return 0;
	err = re_hprintf(pf,
			 "# %s\n\n<!-- Printed from the description in the "
			 "code: change it there. -->\n\n",
			 table->name);
	err = err ? err : print_section(pf, &root);
	if (secret_in(&root))
		err = err ? err
			  : re_hprintf(pf, "A *secret* stands in the file, or "
					   "as `${NAME}` in the environment, "
					   "or as `file:path` in the first "
					   "line of another file.\n");
	return err;
}
