/*
 * route_warn.c  Rules that no request reaches: an earlier one takes all of
 *               theirs
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "routing/check/route_cover.h"
#include "routing/plan/route_rule.h"
#include "routing/route_check.h"
#include "routing/route_priv.h"

enum {
	ALL_MAX = 3000, /* rules that are compared with each other; of more,
			   each only with WIDE_MAX that have no number */
	WIDE_MAX = 100,
	WORK_MAX = 25000000 /* of a table: about half a second */
};

struct warner {
	struct route_work work;
	struct cfg_errors *errs;
	struct route_cover **earlier; /* that the next ones are compared with */
	uint32_t n, max;
	bool wide; /* these are only those without a number */
};

static void destructor(void *arg)
{
	struct warner *wn = arg;

	for (uint32_t i = 0; i < wn->n; i++)
		mem_deref(wn->earlier[i]);
	mem_deref(wn->earlier);
}

static void say(const struct warner *wn, const struct route_cover *a,
		const struct route_cover *b)
{
	const struct route_rule *by = route_cover_rule(a);
	const struct route_rule *rule = route_cover_rule(b);

	cfg_errors_warn(wn->errs, &rule->pos,
			"route \"%s\" is never reached: \"%s\" (%s:%u) %s",
			rule->name, by->name, by->pos.file, by->pos.line,
			route_cover_is_all(a) ? "takes every request before it"
			: route_cover_same(a, b) ? "has the same match"
						 : "takes all that it matches");
}

/* Whether it is never reached. */
static bool compare(struct warner *wn, struct route_cover *cover)
{
	for (uint32_t i = 0; i < wn->n && wn->work.left; i++) {
		if (!route_cover_takes(wn->earlier[i], cover, &wn->work))
			continue;
		say(wn, wn->earlier[i], cover);
		return true;
	}
	return false;
}

/* Those behind a rule that goes on with another number are asked something
 * else than those before it, but for what no number changes. */
static void renumbered(struct warner *wn)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < wn->n; i++) {
		if (route_cover_is_numberless(wn->earlier[i]))
			wn->earlier[kept++] = wn->earlier[i];
		else
			mem_deref(wn->earlier[i]);
	}
	wn->n = kept;
}

static bool renumbers(const struct route_rule *rule)
{
	return rule->rewrite &&
	       (rule->rewrite->callee || rule->rewrite->caller);
}

static int take(struct warner *wn, const struct route_rule *rule)
{
	struct route_cover *cover = NULL;
	int err = route_cover_alloc(&cover, rule);

	if (err)
		return err;
	if (!compare(wn, cover) && rule->to.go_on && renumbers(rule))
		renumbered(wn);
	if (!rule->to.go_on && wn->n < wn->max &&
	    (!wn->wide || route_cover_is_wide(cover)))
		wn->earlier[wn->n++] = mem_ref(cover);
	mem_deref(cover);
	return 0;
}

/* *left: rules that were not compared. */
static int warn_of(const struct route_table *table,
		   const struct route_tenant *tenant, uint64_t *work,
		   uint32_t *left, struct cfg_errors *errs)
{
	struct warner *wn = mem_zalloc(sizeof(*wn), destructor);
	uint32_t done = 0;
	int err = 0;

	if (!wn)
		return ENOMEM;
	wn->work = (struct route_work){table->engine, *work};
	wn->errs = errs;
	wn->wide = tenant->nrules > ALL_MAX;
	wn->max = wn->wide ? WIDE_MAX : tenant->nrules;
	wn->earlier = mem_zalloc((wn->max + 1) * sizeof(*wn->earlier), NULL);
	if (!wn->earlier)
		err = ENOMEM;
	while (!err && done < tenant->nrules && wn->work.left)
		err = take(wn, &tenant->rules[done++]);
	*work = wn->work.left;
	*left += tenant->nrules - done;
	mem_deref(wn);
	return err;
}

int route_warnings(const struct route_table *table, uint32_t *left,
		   struct cfg_errors *errs)
{
	const struct route_tenant *tenant;
	const uint32_t n = table->cfg->ntenants;
	uint64_t rest = WORK_MAX;
	uint32_t uncompared = 0;
	int err = 0;

	/* each has its share, and what those before it have left */
	for (uint32_t i = 0; !err && (tenant = route_tenant_at(table, i));
	     i++) {
		uint64_t share = rest / (n - i), work = share;

		err = warn_of(table, tenant, &work, &uncompared, errs);
		rest -= share - work;
	}
	if (left)
		*left = uncompared;
	return err;
}
