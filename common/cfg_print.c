/*
 * cfg_print.c  The configuration as it is in effect, as YAML
 *
 * What is printed loads again to the same values, but for secrets.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "common/cfg_schema_priv.h"

struct printer {
	struct re_printf *pf;
	unsigned depth;
	bool after_dash; /* "- " is written, the next key follows it */
};

static int print_table(struct printer *pr, const struct cfg_table *table,
		       const void *base);
static int print_array(struct printer *pr, const struct cfg_field *field,
		       const void *base);

static bool any_byte(const void *p, size_t size)
{
	const uint8_t *byte = p;

	while (size--) {
		if (*byte++)
			return true;
	}
	return false;
}

/* A member of a struct that only its table knows. */
static const void *at(const void *base, uint32_t offset)
{
	return (const uint8_t *)base + offset;
}

static uint32_t count_of(const struct cfg_field *field, const void *base)
{
	return *(const uint32_t *)at(base, field->count_at);
}

static bool any_set(const struct cfg_table *table, const void *base);

/* Whether a line for it says something that its absence would not. */
static bool is_set(const struct cfg_field *field, bool one_of, const void *base)
{
	const void *src = at(base, field->offset);
	const bool promised = field->def || field->flags & CFG_F_REQUIRED;

	switch (field->type) {
	case CFG_NONE:
	case CFG_POS:
		return false;
	case CFG_LIST:
	case CFG_MAP:
		return count_of(field, base) || (promised && !one_of);
	case CFG_TABLE:
		if (field->flags & CFG_F_PTR)
			return *(const void *const *)src;
		return any_set(field->table, src);
	case CFG_INT:
	case CFG_BOOL:
	case CFG_ENUM:
	case CFG_DURATION:
	case CFG_SIZE:
		return (promised && !one_of) || any_byte(src, field->size);
	case CFG_STRING:
	case CFG_REGEX:
	case CFG_ADDR:
	case CFG_CIDR:
		break;
	}
	return any_byte(src, field->size);
}

static bool any_set(const struct cfg_table *table, const void *base)
{
	const struct cfg_field *field = table->fields;

	for (; field->type != CFG_NONE; field++) {
		if (is_set(field, table->flags & CFG_T_ONE_OF, base))
			return true;
	}
	return false;
}

static int indent(struct printer *pr)
{
	int err = 0;

	if (pr->after_dash) {
		pr->after_dash = false;
		return 0;
	}
	for (unsigned i = 0; i < pr->depth && !err; i++)
		err = re_hprintf(pr->pf, "  ");
	return err;
}

static int print_nested(struct printer *pr, const struct cfg_table *table,
			const void *base)
{
	int err;

	if (!any_set(table, base))
		return re_hprintf(pr->pf, " {}\n");
	err = re_hprintf(pr->pf, "\n");
	++pr->depth;
	err = err ? err : print_table(pr, table, base);
	--pr->depth;
	return err;
}

static int print_flow_list(struct printer *pr, const struct cfg_field *field,
			   const char *entry, uint32_t count)
{
	int err = re_hprintf(pr->pf, " [");

	for (uint32_t i = 0; i < count && !err; i++, entry += field->size) {
		if (i)
			err = re_hprintf(pr->pf, ", ");
		if (!err)
			err = cfg_value_print(pr->pf, field->item,
					      at(entry, field->item->offset));
	}
	return err ? err : re_hprintf(pr->pf, "]\n");
}

static int print_dash_list(struct printer *pr, const struct cfg_field *field,
			   const char *entry, uint32_t count)
{
	const struct cfg_field *item = field->item;
	int err = re_hprintf(pr->pf, "\n");

	++pr->depth;
	for (uint32_t i = 0; i < count && !err; i++, entry += field->size) {
		err = indent(pr);
		if (!any_set(item->table, at(entry, item->offset))) {
			err = err ? err : re_hprintf(pr->pf, "- {}\n");
			continue;
		}
		err = err ? err : re_hprintf(pr->pf, "- ");
		pr->after_dash = true;
		++pr->depth;
		err = err ? err
			  : print_table(pr, item->table,
					at(entry, item->offset));
		--pr->depth;
	}
	--pr->depth;
	return err;
}

static int print_map(struct printer *pr, const struct cfg_field *field,
		     const char *entry, uint32_t count)
{
	const struct cfg_field *item = field->item;
	int err = re_hprintf(pr->pf, "\n");

	++pr->depth;
	for (uint32_t i = 0; i < count && !err; i++, entry += field->size) {
		const char *key =
			*(const char *const *)at(entry, field->key_at);
		const void *src = at(entry, item->offset);

		err = indent(pr);
		err = err ? err : cfg_print_quoted(pr->pf, key);
		err = err ? err : re_hprintf(pr->pf, ":");
		if (!err && item->type == CFG_TABLE) {
			err = print_nested(pr, item->table, src);
			continue;
		}
		if (!err && (item->type == CFG_LIST || item->type == CFG_MAP)) {
			err = print_array(pr, item, entry);
			continue;
		}
		err = err ? err : re_hprintf(pr->pf, " ");
		err = err ? err : cfg_value_print(pr->pf, item, src);
		err = err ? err : re_hprintf(pr->pf, "\n");
	}
	--pr->depth;
	return err;
}

static int print_array(struct printer *pr, const struct cfg_field *field,
		       const void *base)
{
	const char *entry = *(const char *const *)at(base, field->offset);
	uint32_t count = count_of(field, base);

	if (!count)
		return re_hprintf(pr->pf, " %s\n",
				  field->type == CFG_MAP ? "{}" : "[]");
	if (field->type == CFG_MAP)
		return print_map(pr, field, entry, count);
	if (field->item->type == CFG_TABLE)
		return print_dash_list(pr, field, entry, count);
	return print_flow_list(pr, field, entry, count);
}

static int print_field(struct printer *pr, const struct cfg_field *field,
		       const void *base)
{
	const void *src = at(base, field->offset);
	int err = indent(pr);

	err = err ? err : re_hprintf(pr->pf, "%s:", field->key);
	if (err)
		return err;
	if (field->type == CFG_LIST || field->type == CFG_MAP)
		return print_array(pr, field, base);
	if (field->type == CFG_TABLE && field->flags & CFG_F_PTR)
		return print_nested(pr, field->table,
				    *(const void *const *)src);
	if (field->type == CFG_TABLE)
		return print_nested(pr, field->table, src);

	err = re_hprintf(pr->pf, " ");
	err = err ? err : cfg_value_print(pr->pf, field, src);
	return err ? err : re_hprintf(pr->pf, "\n");
}

static int print_table(struct printer *pr, const struct cfg_table *table,
		       const void *base)
{
	const struct cfg_field *field = table->fields;
	int err = 0;

	for (; field->type != CFG_NONE && !err; field++) {
		if (is_set(field, table->flags & CFG_T_ONE_OF, base))
			err = print_field(pr, field, base);
	}
	return err;
}

int cfg_print(struct re_printf *pf, const struct cfg_view *view)
{
	struct printer pr = {.pf = pf};

	if (!view || !view->table || !view->cfg)
		return 0;
	return print_table(&pr, view->table, view->cfg);
}
