/*
 * route_warn.c  Rules that no request reaches: an earlier one takes all of
 *               theirs
 *
 * A rule covers a later one when each of its conditions is implied by one of
 * the other's: they are equal, a longer list of what may be, a shorter prefix,
 * or a pattern that matches the other's plain text. What cannot be told is no
 * reason for a warning. Conditions are compared as they would be printed, so
 * this knows those that are yet to come.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "routing/plan/route_rule.h"
#include "routing/route_check.h"
#include "routing/route_priv.h"
#include "routing/text/route_regex.h"

enum {
	FIELDS_MAX = 32, /* of a match */
	ALL_MAX = 3000,  /* rules that are compared with each other; of more,
			    each only with WIDE_MAX that have no number */
	WIDE_MAX = 100
};

/* A rule, made ready to be compared. */
struct seen {
	const struct route_rule *rule;
	char *text[FIELDS_MAX]; /* as printed; NULL: not set */
	unsigned set;           /* how many are */
	bool users;             /* without `from`: for users alone */
	struct route_regex *rx[FIELDS_MAX]; /* of patterns, when first asked */
};

struct warner {
	const struct route_table *table;
	struct cfg_errors *errs;
	struct seen *seen;
	uint32_t n;
};

static void destructor(void *arg)
{
	struct warner *wn = arg;

	for (uint32_t i = 0; i < wn->n; i++) {
		for (unsigned k = 0; k < FIELDS_MAX; k++) {
			mem_deref(wn->seen[i].text[k]);
			mem_deref(wn->seen[i].rx[k]);
		}
	}
	mem_deref(wn->seen);
}

/* --- one rule ---------------------------------------------------------------- */

static int print_field(char **textp, const struct cfg_field *field,
		       const struct route_match *match)
{
	const struct cfg_field alone[] = {*field, CFG_END};
	const struct cfg_table table = {sizeof(*match), "", alone, NULL, 0};
	const struct cfg_view view = {&table, match};
	int err = re_sdprintf(textp, "%H", cfg_print, &view);

	if (!err && !**textp)
		*textp = mem_deref(*textp);
	return err;
}

static int look_at(struct seen *seen, const struct route_rule *rule)
{
	const struct cfg_field *field = route_match_table.fields;
	const struct route_to *to = &rule->to;
	int err = 0;

	seen->rule = rule;
	seen->users = to->connection || to->connections || to->group ||
		      to->redirect;
	for (unsigned i = 0; field->type != CFG_NONE && i < FIELDS_MAX && !err;
	     i++, field++) {
		if (field->type == CFG_POS)
			continue;
		err = print_field(&seen->text[i], field, &rule->match);
		seen->set += seen->text[i] != NULL;
	}
	return err;
}

/* The plain text that a pattern is; false: it is more than that. */
static bool literal_of(char text[ROUTE_PATTERN_MAX + 1], const char *pattern)
{
	size_t n = 0;

	for (; *pattern; pattern++) {
		if (*pattern == '\\' && pattern[1] &&
		    strchr(".*+?()[]{}|^$\\#", pattern[1]))
			++pattern;
		else if (strchr(".*+?()[]{}|^$\\", *pattern))
			return false;
		if (n == ROUTE_PATTERN_MAX)
			return false;
		text[n++] = *pattern;
	}
	text[n] = '\0';
	return true;
}

/* --- one condition ----------------------------------------------------------- */

static bool pattern_covers(const struct warner *wn, struct seen *a, unsigned nr,
			   const char *wide, const char *narrow)
{
	char text[ROUTE_PATTERN_MAX + 1], why[200];
	struct pl pl;

	if (!strcmp(wide, ".*") || (!strcmp(wide, ".+") && *narrow))
		return true;
	if (!literal_of(text, narrow))
		return false;
	if (!a->rx[nr] &&
	    route_regex_alloc(&a->rx[nr], wn->table->engine, wide, why,
			      sizeof(why)))
		return false;
	pl_set_str(&pl, text);
	return route_regex_match(a->rx[nr], wn->table->engine, &pl, NULL) ==
	       ROUTE_HIT;
}

static bool has_entry(const struct cfg_field *field, const char *list,
		      uint32_t n, const char *entry)
{
	const bool prefix = !strcmp(field->key, "prefix");
	const char *a, *b;

	for (uint32_t i = 0; i < n; i++, list += field->size) {
		if (field->item->type != CFG_STRING) {
			if (!memcmp(list, entry, field->size))
				return true;
			continue;
		}
		memcpy(&a, list, sizeof(a));
		memcpy(&b, entry, sizeof(b));
		if (prefix ? !strncmp(a, b, strlen(a)) : !strcmp(a, b))
			return true;
	}
	return false;
}

/* Lists say what may be: all of narrow's must be in wide's. */
static bool list_covers(const struct cfg_field *field, const void *wide,
			const void *narrow)
{
	const char *a = (const char *)wide, *b = (const char *)narrow;
	const char *list = *(const char *const *)(a + field->offset);
	const char *entry = *(const char *const *)(b + field->offset);
	const uint32_t n = *(const uint32_t *)(a + field->count_at);
	const uint32_t nb = *(const uint32_t *)(b + field->count_at);

	if (field->item->type != CFG_STRING && field->item->type != CFG_ENUM)
		return false;
	for (uint32_t i = 0; i < nb; i++, entry += field->size) {
		if (!has_entry(field, list, n, entry))
			return false;
	}
	return true;
}

static bool field_covers(const struct warner *wn, struct seen *a,
			 const struct seen *b, unsigned nr)
{
	const struct cfg_field *field = &route_match_table.fields[nr];
	const struct route_match *ma = &a->rule->match, *mb = &b->rule->match;

	if (!a->text[nr])
		return true;
	if (!b->text[nr])
		return false;
	if (!strcmp(a->text[nr], b->text[nr]))
		return true;
	if (field->type == CFG_REGEX)
		return pattern_covers(
			wn, a, nr,
			*(const char *const *)((const char *)ma +
					       field->offset),
			*(const char *const *)((const char *)mb +
					       field->offset));
	return field->type == CFG_LIST && list_covers(field, ma, mb);
}

/* --- two rules --------------------------------------------------------------- */

/* Who calls is a condition that may go without saying. */
static bool from_covers(const struct seen *a, const struct seen *b)
{
	const struct route_match *mb = &b->rule->match;

	if (a->rule->match.nfrom || !a->users)
		return true; /* its text is compared, or it is for all */
	if (mb->nfrom == 1)
		return !strcmp(mb->from[0], ROUTE_FROM_USERS);
	return !mb->nfrom && b->users;
}

/* A REFER goes nowhere but by a rule that names it. */
static bool method_covers(const struct seen *a, const struct seen *b)
{
	const struct route_match *mb = &b->rule->match;

	for (uint32_t i = 0; i < mb->nmethod && !a->rule->match.nmethod; i++) {
		if (mb->method[i] == ROUTE_REFER)
			return false;
	}
	return true;
}

static bool covers(const struct warner *wn, struct seen *a,
		   const struct seen *b)
{
	if (a->rule->to.go_on || a->set > b->set || !from_covers(a, b) ||
	    !method_covers(a, b))
		return false;
	for (unsigned i = 0; i < FIELDS_MAX &&
			     route_match_table.fields[i].type != CFG_NONE;
	     i++) {
		if (!field_covers(wn, a, b, i))
			return false;
	}
	return true;
}

static bool is_same(const struct seen *a, const struct seen *b)
{
	for (unsigned i = 0; i < FIELDS_MAX; i++) {
		const char *ta = a->text[i], *tb = b->text[i];

		if (!ta != !tb || (ta && strcmp(ta, tb)))
			return false;
	}
	return true;
}

static void say(const struct warner *wn, const struct seen *a,
		const struct seen *b)
{
	const struct cfg_pos *pos = &a->rule->pos;

	cfg_errors_warn(wn->errs, &b->rule->pos,
			"route \"%s\" is never reached: \"%s\" (%s:%u) %s",
			b->rule->name, a->rule->name, pos->file, pos->line,
			!a->set		? "takes every request before it"
			: is_same(a, b) ? "has the same match"
					: "takes all that it matches");
}

/* Nothing of it is about a number. */
static bool is_wide(const struct seen *seen)
{
	const struct route_match *m = &seen->rule->match;

	return !m->callee && !m->caller && !m->nprefix;
}

static void compare(const struct warner *wn)
{
	for (uint32_t j = 1; j < wn->n; j++) {
		uint32_t wide = 0;

		for (uint32_t i = 0; i < j && wide < WIDE_MAX; i++) {
			if (wn->n > ALL_MAX) {
				if (!is_wide(&wn->seen[i]))
					continue;
				++wide;
			}
			if (!covers(wn, &wn->seen[i], &wn->seen[j]))
				continue;
			say(wn, &wn->seen[i], &wn->seen[j]);
			break;
		}
	}
}

static int warn_of(const struct route_table *table,
		   const struct route_tenant *tenant, struct cfg_errors *errs)
{
	struct warner *wn = mem_zalloc(sizeof(*wn), destructor);
	int err = 0;

	if (!wn)
		return ENOMEM;
	wn->table = table;
	wn->errs = errs;
	wn->seen = mem_zalloc((tenant->nrules + 1) * sizeof(*wn->seen), NULL);
	if (!wn->seen)
		err = ENOMEM;
	while (!err && wn->n < tenant->nrules) {
		err = look_at(&wn->seen[wn->n], &tenant->rules[wn->n]);
		++wn->n;
	}
	if (!err)
		compare(wn);
	mem_deref(wn);
	return err;
}

int route_warnings(const struct route_table *table, struct cfg_errors *errs)
{
	const struct route_tenant *tenant;
	int err = 0;

	for (size_t i = 0; !err && (tenant = route_tenant_at(table, i)); i++)
		err = warn_of(table, tenant, errs);
	return err;
}
