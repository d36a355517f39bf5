/*
 * cfg_doc_json.c  A configuration file's description as JSON Schema 2020-12
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "common/cfg_schema_priv.h"

enum {
	DEFS_MAX = 16
};

/* Errors of the print backend stick; nothing is printed after one. */
struct writer {
	struct re_printf *pf;
	unsigned depth;
	bool fresh; /* nothing stands in the open bracket */
	int err;
	/* tables that hold themselves: named once, referred to */
	const struct cfg_table *defs[DEFS_MAX];
	unsigned ndefs;
};

static void put_field(struct writer *wr, const struct cfg_field *field);

static void put(struct writer *wr, const char *text)
{
	if (!wr->err)
		wr->err = wr->pf->vph(text, strlen(text), wr->pf->arg);
}

/* A new line, after a comma where one is due. */
static void next(struct writer *wr)
{
	put(wr, wr->fresh ? "\n" : ",\n");
	for (unsigned i = 0; i < wr->depth; i++)
		put(wr, "  ");
	wr->fresh = false;
}

static void open_bracket(struct writer *wr, const char *bracket)
{
	put(wr, bracket);
	++wr->depth;
	wr->fresh = true;
}

static void close_bracket(struct writer *wr, const char *bracket)
{
	const bool empty = wr->fresh;

	--wr->depth;
	wr->fresh = true;
	if (!empty)
		next(wr);
	put(wr, bracket);
	wr->fresh = false;
}

static void put_text(struct writer *wr, const char *text)
{
	if (!wr->err)
		wr->err = cfg_print_json(wr->pf, text);
}

static void put_key(struct writer *wr, const char *key)
{
	next(wr);
	put_text(wr, key);
	put(wr, ": ");
}

static void key_text(struct writer *wr, const char *key, const char *text)
{
	if (!text)
		return;
	put_key(wr, key);
	put_text(wr, text);
}

static void key_raw(struct writer *wr, const char *key, const char *raw)
{
	put_key(wr, key);
	put(wr, raw);
}

static void key_number(struct writer *wr, const char *key, int64_t number)
{
	char text[24];

	re_snprintf(text, sizeof(text), "%lld", (long long)number);
	key_raw(wr, key, text);
}

/* A default as JSON: a number or boolean without quotes. */
static void put_default(struct writer *wr, const struct cfg_field *field,
			const char *text)
{
	if (field->type == CFG_INT || field->type == CFG_BOOL)
		put(wr, text);
	else
		put_text(wr, text);
}

static void put_list_default(struct writer *wr, const struct cfg_field *field)
{
	const char *p = field->def;
	char text[256];

	put_key(wr, "default");
	open_bracket(wr, "[");
	while (cfg_next_default(&p, text, sizeof(text))) {
		next(wr);
		put_default(wr, field->item, text);
	}
	close_bracket(wr, "]");
}

static bool any_choice_help(const struct cfg_choice *choice)
{
	for (; choice->name; choice++) {
		if (choice->help)
			return true;
	}
	return false;
}

/* "enum" has no place for what a value means; "const" has. */
static void put_choices(struct writer *wr, const struct cfg_field *field)
{
	const bool told = any_choice_help(field->choices);

	put_key(wr, told ? "anyOf" : "enum");
	open_bracket(wr, "[");
	for (const struct cfg_choice *choice = field->choices; choice->name;
	     choice++) {
		next(wr);
		if (!told) {
			put_text(wr, choice->name);
			continue;
		}
		open_bracket(wr, "{");
		key_text(wr, "const", choice->name);
		key_text(wr, "description", choice->help);
		close_bracket(wr, "}");
	}
	close_bracket(wr, "]");
}

static void put_length(struct writer *wr, const struct cfg_field *field)
{
	int64_t lo, hi;

	cfg_range(field, &lo, &hi);
	/* a secret's reference has another length than the secret */
	if (field->flags & CFG_F_SECRET)
		return;
	key_number(wr, "minLength", lo);
	key_number(wr, "maxLength", hi);
}

static void put_scalar(struct writer *wr, const struct cfg_field *field)
{
	int64_t lo, hi;

	cfg_range(field, &lo, &hi);
	switch (field->type) {
	case CFG_STRING:
	case CFG_REGEX:
		/* 1001 without quotes is a number to an editor */
		key_raw(wr, "type", "[\"string\", \"number\"]");
		put_length(wr, field);
		break;
	case CFG_INT:
		key_text(wr, "type", "integer");
		key_number(wr, "minimum", lo);
		key_number(wr, "maximum", hi);
		break;
	case CFG_BOOL:
		key_text(wr, "type", "boolean");
		break;
	case CFG_ENUM:
		put_choices(wr, field);
		break;
	case CFG_DURATION:
		key_raw(wr, "type", "[\"string\", \"integer\"]");
		key_text(wr, "pattern", "^(0|(0|[1-9][0-9]*)(ms|s|m|h|d))$");
		/* only nothing needs no unit */
		key_number(wr, "minimum", 0);
		key_number(wr, "maximum", 0);
		break;
	case CFG_SIZE:
		key_raw(wr, "type", "[\"string\", \"integer\"]");
		key_text(wr, "pattern", "^(0|[1-9][0-9]*)(KiB|MiB|GiB)?$");
		break;
	case CFG_ADDR:
	case CFG_CIDR:
		key_text(wr, "type", "string");
		break;
	case CFG_NONE:
	case CFG_TABLE:
	case CFG_LIST:
	case CFG_MAP:
	case CFG_POS:
		break;
	}
	if (!(field->flags & CFG_F_SECRET))
		key_text(wr, "pattern", field->pattern);
}

static void put_required(struct writer *wr, const struct cfg_table *table)
{
	const struct cfg_field *field = table->fields;
	bool any = false;

	for (; field->type != CFG_NONE; field++) {
		if (!(field->flags & CFG_F_REQUIRED))
			continue;
		if (!any) {
			put_key(wr, "required");
			open_bracket(wr, "[");
		}
		any = true;
		next(wr);
		put_text(wr, field->key);
	}
	if (any)
		close_bracket(wr, "]");
}

static void put_table(struct writer *wr, const struct cfg_table *table)
{
	const struct cfg_field *field = table->fields;

	key_text(wr, "type", "object");
	key_raw(wr, "additionalProperties", "false");
	if (table->flags & CFG_T_ONE_OF) {
		key_number(wr, "minProperties", 1);
		key_number(wr, "maxProperties", 1);
	}
	put_required(wr, table);
	put_key(wr, "properties");
	open_bracket(wr, "{");
	for (; field->type != CFG_NONE; field++) {
		if (!field->key)
			continue;
		put_key(wr, field->key);
		open_bracket(wr, "{");
		put_field(wr, field);
		close_bracket(wr, "}");
	}
	close_bracket(wr, "}");
}

/* Its place in $defs; a table that does not hold itself has none. */
static bool def_of(struct writer *wr, const struct cfg_table *table,
		   unsigned *nr)
{
	for (*nr = 0; *nr < wr->ndefs; ++*nr) {
		if (wr->defs[*nr] == table)
			return true;
	}
	if (!cfg_table_holds(table, table) || wr->ndefs >= DEFS_MAX)
		return false;
	wr->defs[wr->ndefs++] = table;
	return true;
}

static void put_table_or_ref(struct writer *wr, const struct cfg_table *table)
{
	char ref[32];
	unsigned nr;

	if (!def_of(wr, table, &nr)) {
		put_table(wr, table);
		return;
	}
	re_snprintf(ref, sizeof(ref), "#/$defs/table%u", nr);
	key_text(wr, "$ref", ref);
}

/* More may be found while these are written. */
static void put_defs(struct writer *wr)
{
	char name[16];

	if (!wr->ndefs)
		return;
	put_key(wr, "$defs");
	open_bracket(wr, "{");
	for (unsigned i = 0; i < wr->ndefs; i++) {
		re_snprintf(name, sizeof(name), "table%u", i);
		put_key(wr, name);
		open_bracket(wr, "{");
		key_text(wr, "title", wr->defs[i]->name);
		key_text(wr, "description", wr->defs[i]->help);
		put_table(wr, wr->defs[i]);
		close_bracket(wr, "}");
	}
	close_bracket(wr, "}");
}

static void put_item(struct writer *wr, const char *key,
		     const struct cfg_field *item)
{
	put_key(wr, key);
	open_bracket(wr, "{");
	put_field(wr, item);
	close_bracket(wr, "}");
}

static void put_array(struct writer *wr, const struct cfg_field *field)
{
	key_text(wr, "type", "array");
	if (field->min)
		key_number(wr, "minItems", field->min);
	if (field->max)
		key_number(wr, "maxItems", field->max);
	put_item(wr, "items", field->item);
}

static void put_list(struct writer *wr, const struct cfg_field *field)
{
	if (!(field->flags & CFG_F_ALONE)) {
		put_array(wr, field);
		return;
	}
	put_key(wr, "oneOf");
	open_bracket(wr, "[");
	next(wr);
	open_bracket(wr, "{");
	put_field(wr, field->item);
	close_bracket(wr, "}");
	next(wr);
	open_bracket(wr, "{");
	put_array(wr, field);
	close_bracket(wr, "}");
	close_bracket(wr, "]");
}

static void put_map(struct writer *wr, const struct cfg_field *field)
{
	key_text(wr, "type", "object");
	if (field->min)
		key_number(wr, "minProperties", field->min);
	if (field->max)
		key_number(wr, "maxProperties", field->max);
	put_key(wr, "propertyNames");
	open_bracket(wr, "{");
	key_number(wr, "minLength", 1);
	key_number(wr, "maxLength", CFG_KEY_MAX);
	key_text(wr, "pattern", field->pattern);
	close_bracket(wr, "}");
	put_item(wr, "additionalProperties", field->item);
}

static void put_field(struct writer *wr, const struct cfg_field *field)
{
	key_text(wr, "description",
		 !field->help && field->table ? field->table->help
					      : field->help);
	if (field->flags & CFG_F_SECRET)
		key_raw(wr, "writeOnly", "true");
	if (field->type == CFG_TABLE)
		put_table_or_ref(wr, field->table);
	else if (field->type == CFG_LIST)
		put_list(wr, field);
	else if (field->type == CFG_MAP)
		put_map(wr, field);
	else
		put_scalar(wr, field);

	if (field->def && field->type == CFG_LIST) {
		put_list_default(wr, field);
	} else if (field->def) {
		put_key(wr, "default");
		put_default(wr, field, field->def);
	}
	if (field->example) {
		put_key(wr, "examples");
		open_bracket(wr, "[");
		next(wr);
		put_default(wr, field, field->example);
		close_bracket(wr, "]");
	}
}

int cfg_schema_print_json(struct re_printf *pf, const struct cfg_table *table)
{
	struct writer wr = {.pf = pf};

	if (!table)
		return 0;
	open_bracket(&wr, "{");
	key_text(&wr, "$schema",
		 "https://json-schema.org/draft/2020-12/schema");
	key_text(&wr, "title", table->name);
	key_text(&wr, "description", table->help);
	put_table(&wr, table);
	put_defs(&wr);
	close_bracket(&wr, "}");
	put(&wr, "\n");
	return wr.err;
}
