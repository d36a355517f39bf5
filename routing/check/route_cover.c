/*
 * route_cover.c  Whether a rule takes all that a later one is for
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "routing/check/route_cover.h"
#include "routing/plan/route_rule.h"
#include "routing/route_priv.h"
#include "routing/text/route_regex.h"

enum {
	FIELDS_MAX = 32, /* of a match */

	/* of struct route_work */
	WORK_PAIR = 1,
	WORK_PRINT = 100,
	WORK_MATCH = 50,
	WORK_GAVE_UP = 50000, /* it did all that a match may do */
	WORK_COMPILE = 2500
};

struct route_cover {
	const struct route_rule *rule;
	uint32_t set;           /* which fields are, bits */
	bool users;             /* without `from`: for users alone */
	char *text[FIELDS_MAX]; /* as printed, when first asked */
	struct route_regex *rx[FIELDS_MAX]; /* of patterns, the same */
};

static void destructor(void *arg)
{
	struct route_cover *cover = arg;

	for (unsigned i = 0; i < FIELDS_MAX; i++) {
		mem_deref(cover->text[i]);
		mem_deref(cover->rx[i]);
	}
}

/* False: it cannot be paid for, and nothing can any more. */
static bool pay(struct route_work *work, uint64_t cost)
{
	if (work->left < cost)
		work->left = 0;
	else
		work->left -= cost;
	return work->left > 0;
}

/* --- one rule ---------------------------------------------------------------- */

static const void *member(const struct route_cover *cover, uint32_t offset)
{
	return (const char *)&cover->rule->match + offset;
}

static const char *text_of(const struct route_cover *cover, unsigned nr)
{
	const struct cfg_field *field = &route_match_table.fields[nr];

	return *(const char *const *)member(cover, field->offset);
}

static int print_field(char **textp, const struct cfg_field *field,
		       const struct route_match *match)
{
	const struct cfg_field alone[] = {*field, CFG_END};
	const struct cfg_table table = {sizeof(*match), "", alone, NULL, 0};
	const struct cfg_view view = {&table, match};

	return re_sdprintf(textp, "%H", cfg_print, &view) ? ENOMEM : 0;
}

static int is_set(bool *set, const struct route_cover *cover,
		  const struct cfg_field *field)
{
	char *text = NULL;
	int err;

	if (field->type == CFG_LIST || field->type == CFG_MAP) {
		*set = *(const uint32_t *)member(cover, field->count_at) > 0;
		return 0;
	}
	if (field->type == CFG_REGEX || field->type == CFG_STRING ||
	    (field->flags & CFG_F_PTR)) {
		*set = *(const void *const *)member(cover, field->offset);
		return 0;
	}
	err = print_field(&text, field, &cover->rule->match);
	*set = !err && *text;
	mem_deref(text);
	return err;
}

int route_cover_alloc(struct route_cover **cp, const struct route_rule *rule)
{
	const struct cfg_field *field = route_match_table.fields;
	struct route_cover *cover = mem_zalloc(sizeof(*cover), destructor);
	const struct route_to *to = &rule->to;
	int err = 0;

	if (!cover)
		return ENOMEM;
	cover->rule = rule;
	cover->users =
		to->connection || to->connections || to->group || to->redirect;
	for (unsigned i = 0; !err && i < FIELDS_MAX && field[i].type; i++) {
		bool set = false;

		if (field[i].type != CFG_POS)
			err = is_set(&set, cover, &field[i]);
		if (set)
			cover->set |= 1u << i;
	}
	if (err)
		mem_deref(cover);
	else
		*cp = cover;
	return err;
}

const struct route_rule *route_cover_rule(const struct route_cover *cover)
{
	return cover->rule;
}

bool route_cover_is_all(const struct route_cover *cover)
{
	return !cover->set;
}

bool route_cover_is_wide(const struct route_cover *cover)
{
	const struct route_match *m = &cover->rule->match;

	return !m->callee && !m->caller && !m->nprefix;
}

bool route_cover_is_numberless(const struct route_cover *cover)
{
	static const char *const keys[] = {"from",   "method",  "header",
					   "source", "country", "continent",
					   "region", "schedule"};
	uint32_t set = cover->set;

	for (unsigned i = 0; i < FIELDS_MAX; i++) {
		for (size_t k = 0; k < COUNTOF(keys) && (set & (1u << i));
		     k++) {
			if (!strcmp(route_match_table.fields[i].key, keys[k]))
				set &= ~(1u << i);
		}
	}
	return !set;
}

static const char *printed(struct route_cover *cover, unsigned nr,
			   struct route_work *work)
{
	if (!cover->text[nr] && pay(work, WORK_PRINT))
		(void)print_field(&cover->text[nr],
				  &route_match_table.fields[nr],
				  &cover->rule->match);
	return cover->text[nr];
}

/* --- one condition ----------------------------------------------------------- */

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

static bool pattern_covers(struct route_cover *a, const struct route_cover *b,
			   unsigned nr, struct route_work *work)
{
	const char *wide = text_of(a, nr), *narrow = text_of(b, nr);
	char text[ROUTE_PATTERN_MAX + 1], other[ROUTE_PATTERN_MAX + 1];
	enum route_hit hit;
	char why[200];
	struct pl pl;

	if (!strcmp(wide, ".*") || (!strcmp(wide, ".+") && *narrow))
		return true;
	if (!literal_of(text, narrow))
		return false;
	if (literal_of(other, wide))
		return !strcmp(text, other);
	if (!a->rx[nr] && (!pay(work, WORK_COMPILE) ||
			   route_regex_alloc(&a->rx[nr], work->engine, wide,
					     why, sizeof(why))))
		return false;
	pl_set_str(&pl, text);
	if (!pay(work, WORK_MATCH))
		return false;
	hit = route_regex_match(a->rx[nr], work->engine, &pl, NULL);
	if (hit == ROUTE_GAVE_UP)
		(void)pay(work, WORK_GAVE_UP);
	return hit == ROUTE_HIT;
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
static bool list_covers(const struct cfg_field *field,
			const struct route_cover *wide,
			const struct route_cover *narrow,
			struct route_work *work)
{
	const char *list = *(const char *const *)member(wide, field->offset);
	const char *entry = *(const char *const *)member(narrow, field->offset);
	const uint32_t n = *(const uint32_t *)member(wide, field->count_at);
	const uint32_t nb = *(const uint32_t *)member(narrow, field->count_at);

	if (field->item->type != CFG_STRING && field->item->type != CFG_ENUM)
		return false;
	for (uint32_t i = 0; i < nb; i++, entry += field->size) {
		if (!pay(work, n) || !has_entry(field, list, n, entry))
			return false;
	}
	return true;
}

static bool field_covers(struct route_cover *a, struct route_cover *b,
			 unsigned nr, struct route_work *work)
{
	const struct cfg_field *field = &route_match_table.fields[nr];
	const char *ta, *tb;

	if (field->type == CFG_REGEX)
		return !strcmp(text_of(a, nr), text_of(b, nr)) ||
		       pattern_covers(a, b, nr, work);
	ta = printed(a, nr, work);
	tb = printed(b, nr, work);
	if (ta && tb && !strcmp(ta, tb))
		return true;
	return ta && tb && field->type == CFG_LIST &&
	       list_covers(field, a, b, work);
}

/* --- two rules --------------------------------------------------------------- */

/* Who calls is a condition that may go without saying. */
static bool from_covers(const struct route_cover *a,
			const struct route_cover *b)
{
	const struct route_match *mb = &b->rule->match;

	if (a->rule->match.nfrom || !a->users)
		return true; /* its text is compared, or it is for all */
	if (mb->nfrom == 1)
		return !strcmp(mb->from[0], ROUTE_FROM_USERS);
	return !mb->nfrom && b->users;
}

/* A REFER goes nowhere but by a rule that names it. */
static bool method_covers(const struct route_cover *a,
			  const struct route_cover *b)
{
	const struct route_match *mb = &b->rule->match;

	for (uint32_t i = 0; i < mb->nmethod && !a->rule->match.nmethod; i++) {
		if (mb->method[i] == ROUTE_REFER)
			return false;
	}
	return true;
}

bool route_cover_takes(struct route_cover *a, struct route_cover *b,
		       struct route_work *work)
{
	if (!pay(work, WORK_PAIR) || (a->set & ~b->set) || !from_covers(a, b) ||
	    !method_covers(a, b))
		return false;
	for (unsigned i = 0; i < FIELDS_MAX; i++) {
		if ((a->set & (1u << i)) && !field_covers(a, b, i, work))
			return false;
	}
	return true;
}

bool route_cover_same(const struct route_cover *a, const struct route_cover *b)
{
	if (a->set != b->set)
		return false;
	for (unsigned i = 0; i < FIELDS_MAX; i++) {
		const bool set = a->set & (1u << i);
		const bool is_text =
			set && route_match_table.fields[i].type == CFG_REGEX;

		if (is_text ? strcmp(text_of(a, i), text_of(b, i))
			    : set && (!a->text[i] || !b->text[i] ||
				      strcmp(a->text[i], b->text[i])))
			return false;
	}
	return true;
}
