/*
 * cfg_fill.c  A tree into a plain struct, and all that is wrong with it
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "common/cfg_schema.h"
#include "common/cfg_schema_priv.h"
#include "common/cfg_scope.h"
#include "common/cfg_tree.h"
#include "common/cfg_tree_priv.h"

enum {
	NAMES_MAX = 64,
	FEW_NAMES = 4
};

struct filler {
	struct arena *mem;
	struct cfg_errors *errs;
	int err; /* ENOMEM stops all, EINVAL goes on */
	struct cfg_scope *scope;
	bool partial; /* a part could not be read: names may be missing */
	/* the last file name that was copied into mem */
	const char *file_from, *file_copy;
};

/* One value on its way: what is said about it in errors. */
struct value {
	const char *label; /* the key, of a list's entry the list's */
	const struct cfg_node *node;
};

static void fill_value(struct filler *fl, const struct cfg_field *field,
		       struct value val, void *dst);
static void fill_field(struct filler *fl, const struct cfg_field *field,
		       struct value val, void *base);
static void fill_table(struct filler *fl, const struct cfg_table *table,
		       const struct cfg_node *node, const struct cfg_pos *pos,
		       void *dst);

__attribute__((format(printf, 3, 4))) static void
wrong(struct filler *fl, const struct cfg_pos *pos, const char *fmt, ...)
{
	char text[CFG_ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cfg_errors_add(fl->errs, pos, "%s", text);
	if (!fl->err)
		fl->err = EINVAL;
}

static void *get(struct filler *fl, size_t size)
{
	void *p = arena_get(fl->mem, size);

	if (!p)
		fl->err = ENOMEM;
	return p;
}

/* A member of a struct that only its table knows. */
static void *at(void *base, uint32_t offset)
{
	return (uint8_t *)base + offset;
}

static const char *kind_name(const struct cfg_node *node)
{
	static const char *const name[] = {
		[CFG_SCALAR] = "a single value",
		[CFG_MAP_NODE] = "keys and values",
		[CFG_LIST_NODE] = "a list",
	};

	return name[node->kind];
}

/* `key:` with nothing behind, as YAML's other spellings of nothing */
static bool is_null(const struct cfg_node *node)
{
	return node->kind == CFG_SCALAR && !node->quoted &&
	       (!node->text[0] || !strcmp(node->text, "~") ||
		!str_casecmp(node->text, "null"));
}

static bool is_kind(struct filler *fl, const struct cfg_field *field,
		    struct value val, enum cfg_kind kind)
{
	char expect[CFG_WHY_MAX];

	if (val.node->kind == kind && !is_null(val.node))
		return true;
	cfg_expect(field, expect, sizeof(expect));
	wrong(fl, &val.node->pos, "%s: found %s, expected %s", val.label,
	      is_null(val.node) ? "no value" : kind_name(val.node), expect);
	return false;
}

/* --- scalars ------------------------------------------------------------- */

static const char *meant_choice(const struct cfg_field *field, const char *text)
{
	const char *names[NAMES_MAX];
	size_t n = 0;

	if (field->type == CFG_BOOL) {
		if (!str_casecmp(text, "yes") || !str_casecmp(text, "on"))
			return "true";
		if (!str_casecmp(text, "no") || !str_casecmp(text, "off"))
			return "false";
		return cfg_nearest(text, (const char *[]){"true", "false"}, 2);
	}
	if (field->type != CFG_ENUM)
		return NULL;
	for (; n < NAMES_MAX && field->choices[n].name; n++)
		names[n] = field->choices[n].name;
	return cfg_nearest(text, names, n);
}

/* What stands between ':' and '@' may be a password, in a text that is none. */
static const char *masked(char *out, size_t size, const char *text)
{
	const char *at = strrchr(text, '@'), *from = text;
	const char *colon;

	if (strstr(text, "://"))
		from = strstr(text, "://") + 3;
	colon = at && from < at ? memchr(from, ':', (size_t)(at - from)) : NULL;
	if (!colon)
		return text;
	(void)re_snprintf(out, size, "%b***%s", text,
			  (size_t)(colon + 1 - text), at);
	return out;
}

static void say_bad_value(struct filler *fl, const struct cfg_field *field,
			  struct value val, const char *why)
{
	const bool secret = field->flags & CFG_F_SECRET;
	const char *meant = secret ? NULL : meant_choice(field, val.node->text);
	char text[CFG_ERROR_TEXT_MAX];

	if (secret)
		wrong(fl, &val.node->pos,
		      "%s: the value will not do, "
		      "expected %s",
		      val.label, why);
	else
		wrong(fl, &val.node->pos,
		      "%s: \"%.60s\" will not do, expected %s%s%s%s", val.label,
		      masked(text, sizeof(text), val.node->text), why,
		      meant ? ", did you mean \"" : "",
		      meant ? meant : "", meant ? "\"?" : "");
}

static void check_name(struct filler *fl, const struct cfg_ref *ref,
		       const char *name, const struct cfg_place *place)
{
	int err;

	if (!ref || fl->partial)
		return;
	err = cfg_scope_check(fl->scope, ref, name, place, fl->errs);
	if (err && fl->err != ENOMEM)
		fl->err = err;
}

static void fill_scalar(struct filler *fl, const struct cfg_field *field,
			struct value val, void *dst)
{
	char why[CFG_WHY_MAX];
	const char *text = val.node->text;
	int err = 0;

	if (!is_kind(fl, field, val, CFG_SCALAR))
		return;
	if (field->flags & CFG_F_SECRET)
		err = cfg_secret(&text, fl->mem, val.label, val.node, fl->errs);
	if (err) {
		fl->err = fl->err && err != ENOMEM ? fl->err : err;
		return;
	}
	err = cfg_value_read(field, text, dst, fl->mem, why);
	if (err == ENOMEM)
		fl->err = ENOMEM;
	else if (err)
		say_bad_value(fl, field, val, why);
	else
		check_name(fl, field->ref, text,
			   &(struct cfg_place){val.label, &val.node->pos});
}

/* --- lists and maps ------------------------------------------------------ */

static bool count_fits(struct filler *fl, const struct cfg_field *field,
		       struct value val, int64_t count)
{
	if (count >= field->min && (!field->max || count <= field->max))
		return true;
	if (field->max)
		wrong(fl, &val.node->pos,
		      "%s: %lld entries, expected %lld to %lld", val.label,
		      (long long)count, (long long)field->min,
		      (long long)field->max);
	else
		wrong(fl, &val.node->pos,
		      "%s: %lld entries, expected at least %lld", val.label,
		      (long long)count, (long long)field->min);
	return false;
}

/* Room for the entries; the count is set. */
static char *make_room(struct filler *fl, const struct cfg_field *field,
		       void *base, uint32_t count)
{
	char *room = get(fl, (size_t)field->size * count);

	if (!room)
		return NULL;
	*(void **)at(base, field->offset) = room;
	*(uint32_t *)at(base, field->count_at) = count;
	return room;
}

static void fill_list(struct filler *fl, const struct cfg_field *field,
		      struct value val, void *base)
{
	const struct cfg_field *item = field->item;
	const struct cfg_node *node;
	char *to;

	if ((field->flags & CFG_F_ALONE) && val.node->kind == CFG_SCALAR &&
	    !is_null(val.node)) {
		to = make_room(fl, field, base, 1);
		if (to)
			fill_field(fl, item, val, to);
		return;
	}
	if (!is_kind(fl, field, val, CFG_LIST_NODE) ||
	    !count_fits(fl, field, val, val.node->count))
		return;
	to = make_room(fl, field, base, val.node->count);
	for (node = val.node->first; node && to && fl->err != ENOMEM;
	     node = node->next, to += field->size)
		fill_field(fl, item, (struct value){val.label, node}, to);
}

static bool check_key(struct filler *fl, const struct cfg_field *field,
		      const char *label, const struct cfg_node *node)
{
	char why[CFG_WHY_MAX] = "a name of 1 to 128 bytes";
	const size_t len = strlen(node->key);

	if (len >= 1 && len <= CFG_KEY_MAX &&
	    (!field->check || field->check(node->key, why, sizeof(why)))) {
		check_name(fl, field->ref, node->key,
			   &(struct cfg_place){label, &node->key_pos});
		return true;
	}
	wrong(fl, &node->key_pos,
	      "%s: \"%.60s\" will not do as a key, "
	      "expected %s",
	      label, node->key, why);
	return false;
}

static void fill_map(struct filler *fl, const struct cfg_field *field,
		     struct value val, void *base)
{
	const struct cfg_field *item = field->item;
	const struct cfg_node *node;
	char *to;

	if (!is_kind(fl, field, val, CFG_MAP_NODE) ||
	    !count_fits(fl, field, val, val.node->count))
		return;
	to = make_room(fl, field, base, val.node->count);
	for (node = val.node->first; node && to && fl->err != ENOMEM;
	     node = node->next, to += field->size) {
		const char *key = NULL;

		if (check_key(fl, field, val.label, node)) {
			key = arena_copy(fl->mem, node->key, strlen(node->key));
			if (!key)
				fl->err = ENOMEM;
		}
		*(const char **)at(to, field->key_at) = key;
		fill_field(fl, item, (struct value){node->key, node}, to);
	}
}

/* --- tables -------------------------------------------------------------- */

static void fill_nested(struct filler *fl, const struct cfg_field *field,
			const struct cfg_node *node, void *dst)
{
	if (field->flags & CFG_F_PTR) {
		void *sub = get(fl, field->table->size);

		*(void **)dst = sub;
		if (!sub)
			return;
		dst = sub;
	}
	fill_table(fl, field->table, node, &node->pos, dst);
}

/* dst: the value's own place */
static void fill_value(struct filler *fl, const struct cfg_field *field,
		       struct value val, void *dst)
{
	if (field->type == CFG_TABLE) {
		if (is_kind(fl, field, val, CFG_MAP_NODE))
			fill_nested(fl, field, val.node, dst);
	} else {
		fill_scalar(fl, field, val, dst);
	}
}

/* base: the struct that it is in, of an item the entry */
static void fill_field(struct filler *fl, const struct cfg_field *field,
		       struct value val, void *base)
{
	if (field->type == CFG_LIST)
		fill_list(fl, field, val, base);
	else if (field->type == CFG_MAP)
		fill_map(fl, field, val, base);
	else
		fill_value(fl, field, val, at(base, field->offset));
}

static void fill_default_list(struct filler *fl, const struct cfg_field *field,
			      void *base)
{
	char text[256], why[CFG_WHY_MAX];
	const char *p = field->def;
	uint32_t count = 0;
	char *to;

	while (cfg_next_default(&p, text, sizeof(text)))
		++count;
	to = make_room(fl, field, base, count);
	p = field->def;
	for (; to && cfg_next_default(&p, text, sizeof(text));
	     to += field->size) {
		if (cfg_value_read(field->item, text,
				   at(to, field->item->offset), fl->mem,
				   why) == ENOMEM)
			fl->err = ENOMEM;
	}
}

static void fill_absent(struct filler *fl, const struct cfg_field *field,
			const struct cfg_pos *pos, void *base)
{
	char text[CFG_WHY_MAX];

	if (field->flags & CFG_F_REQUIRED) {
		cfg_expect(field, text, sizeof(text));
		wrong(fl, pos, "\"%s\" is missing, expected %s", field->key,
		      text);
	} else if (field->type == CFG_TABLE && !(field->flags & CFG_F_PTR)) {
		fill_table(fl, field->table, NULL, pos,
			   at(base, field->offset));
	} else if (field->def && field->type == CFG_LIST) {
		fill_default_list(fl, field, base);
	} else if (field->def &&
		   cfg_value_read(field, field->def, at(base, field->offset),
				  fl->mem, text) == ENOMEM) {
		fl->err = ENOMEM;
	}
}

static size_t names_of(const struct cfg_table *table,
		       const char *names[NAMES_MAX])
{
	const struct cfg_field *field = table->fields;
	size_t n = 0;

	for (; field->type != CFG_NONE && n < NAMES_MAX; field++) {
		if (field->key)
			names[n++] = field->key;
	}
	return n;
}

static void join_names(const struct cfg_table *table, char *text, size_t size)
{
	const char *names[NAMES_MAX];
	size_t n = names_of(table, names), used = 0;

	*text = '\0';
	for (size_t i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 i ? ", " : "", names[i]);
}

static const struct cfg_field *field_of(const struct cfg_table *table,
					const char *key)
{
	const struct cfg_field *field = table->fields;

	for (; field->type != CFG_NONE; field++) {
		if (field->key && !strcmp(field->key, key))
			return field;
	}
	return NULL;
}

static void refuse_unknown(struct filler *fl, const struct cfg_table *table,
			   const struct cfg_node *node)
{
	const char *names[NAMES_MAX], *meant;
	char all[CFG_WHY_MAX];
	size_t n;
	bool few;

	/* nobody reads more, and looking for a near name costs */
	if (cfg_errors_count(fl->errs) >= CFG_ERRORS_MAX) {
		wrong(fl, &node->key_pos, "unknown key");
		return;
	}
	n = names_of(table, names);
	meant = cfg_nearest(node->key, names, n);
	join_names(table, all, sizeof(all));
	/* of many names the near one helps more than all of them */
	few = !meant || n <= FEW_NAMES;
	wrong(fl, &node->key_pos, "unknown key \"%.60s\" in %s%s%s%s%s%s",
	      node->key, table->name, few ? ", expected " : "",
	      few ? all : "", meant ? ", did you mean \"" : "",
	      meant ? meant : "", meant ? "\"?" : "");
}

static void check_one_of(struct filler *fl, const struct cfg_table *table,
			 const struct cfg_node *node, const struct cfg_pos *pos)
{
	char all[CFG_WHY_MAX];

	if (node && node->count == 1)
		return;
	join_names(table, all, sizeof(all));
	wrong(fl, pos, "%s has %u keys, expected exactly one of %s",
	      table->name, node ? node->count : 0, all);
}

static void set_pos(struct filler *fl, const struct cfg_pos *pos,
		    struct cfg_pos *dst)
{
	if (pos->file && pos->file != fl->file_from) {
		fl->file_copy =
			arena_copy(fl->mem, pos->file, strlen(pos->file));
		fl->file_from = pos->file;
		if (!fl->file_copy)
			fl->err = ENOMEM;
	}
	*dst = *pos;
	dst->file = pos->file ? fl->file_copy : NULL;
}

static void fill_fields(struct filler *fl, const struct cfg_table *table,
			const struct cfg_node *node, const struct cfg_pos *pos,
			void *dst)
{
	const struct cfg_field *field = table->fields;
	const struct cfg_node *child;

	for (; field->type != CFG_NONE && fl->err != ENOMEM; field++) {
		child = field->key && node ? cfg_node_get(node, field->key)
					   : NULL;
		if (field->type == CFG_POS)
			set_pos(fl, pos, at(dst, field->offset));
		else if (child)
			fill_field(fl, field, (struct value){field->key, child},
				   dst);
		else if (!(table->flags & CFG_T_ONE_OF))
			fill_absent(fl, field, pos, dst);
	}
}

/* node: NULL when the table is absent and all its fields take defaults */
static void fill_table(struct filler *fl, const struct cfg_table *table,
		       const struct cfg_node *node, const struct cfg_pos *pos,
		       void *dst)
{
	struct cfg_scope scope = {node, fl->scope, NULL};
	const struct cfg_node *child;

	for (child = node ? node->first : NULL; child; child = child->next) {
		if (!field_of(table, child->key))
			refuse_unknown(fl, table, child);
	}
	if (table->flags & CFG_T_ONE_OF)
		check_one_of(fl, table, node, pos);
	fl->scope = &scope;
	fill_fields(fl, table, node, pos, dst);
	/* behind an error more may seem unused than is */
	if (!fl->err && !fl->partial && node)
		fl->err = cfg_scope_unused(&scope, table, fl->errs);
	fl->scope = scope.up;
	cfg_scope_end(&scope);
}

/* --- the whole ----------------------------------------------------------- */

static void root_destructor(void *arg)
{
	struct arena **mem = arg;

	mem_deref(*mem);
}

int cfg_fill(void *cfgp, const struct cfg_table *table,
	     const struct cfg_node *root, struct cfg_errors *errs)
{
	struct filler fl = {.errs = errs,
			    .partial = cfg_errors_count(errs) > 0};
	void *cfg;

	if (!cfgp || !table || !root)
		return EINVAL;
	cfg = mem_zalloc(table->size, root_destructor);
	if (!cfg || arena_alloc(&fl.mem)) {
		mem_deref(cfg);
		return ENOMEM;
	}
	*(struct arena **)cfg = fl.mem;
	if (root->kind != CFG_MAP_NODE)
		wrong(&fl, &root->pos, "found %s, expected keys and values",
		      kind_name(root));
	else
		fill_table(&fl, table, root, &root->pos, cfg);

	if (fl.err)
		mem_deref(cfg);
	else
		*(void **)cfgp = cfg;
	return fl.err;
}

int cfg_load(void *cfgp, const struct cfg_table *table, const char *path,
	     struct cfg_errors *errs)
{
	struct cfg_tree *tree = NULL;
	int err = cfg_tree_load(&tree, path, NULL, errs);

	if (!err)
		err = cfg_fill(cfgp, table, cfg_tree_root(tree), errs);
	mem_deref(tree);
	return err;
}
