/*
 * route_cond_tree.c  any, all and not: matches within a match
 *
 * A pattern that gives up within one makes all of it give up: it is not known
 * whether it would have matched.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/arena.h"
#include "routing/match/route_match.h"

static int load_list(struct route_cond *cond, struct route_cond_load *load,
		     const struct route_match *matches, uint32_t n)
{
	struct route_cond_load inner = *load;
	struct route_conds *list;
	int bad = 0;

	if (!n)
		return ENOENT;
	if (load->depth >= ROUTE_NEST_MAX) {
		cfg_errors_add(load->errs, &matches->pos,
			       "any, all and not stand within each other, "
			       "expected at most %u times",
			       ROUTE_NEST_MAX);
		return EINVAL;
	}
	++inner.depth;
	list = arena_get(load->mem, n * sizeof(*list));
	if (!list)
		return ENOMEM;
	cond->data = list;
	for (uint32_t i = 0; i < n && bad != ENOMEM; i++) {
		int err = route_conds_load(&list[i], &inner, &matches[i]);

		bad = err ? err : bad;
		++cond->n;
	}
	return bad;
}

void route_cond_tree_close(struct route_cond *cond)
{
	struct route_conds *list = cond->data;

	for (uint32_t i = 0; i < cond->n; i++)
		route_conds_close(&list[i]);
}

int route_cond_any_load(struct route_cond *cond, struct route_cond_load *load,
			const struct route_match *match)
{
	return load_list(cond, load, match->any, match->nany);
}

enum route_hit route_cond_any_test(const struct route_cond *cond,
				   struct route_input *input)
{
	const struct route_conds *list = cond->data;
	const struct route_cond *last;

	for (uint32_t i = 0; i < cond->n; i++) {
		enum route_hit hit = route_conds_test(&list[i], input, &last);

		if (hit != ROUTE_MISS)
			return hit;
	}
	return ROUTE_MISS;
}

int route_cond_all_load(struct route_cond *cond, struct route_cond_load *load,
			const struct route_match *match)
{
	return load_list(cond, load, match->all, match->nall);
}

enum route_hit route_cond_all_test(const struct route_cond *cond,
				   struct route_input *input)
{
	const struct route_conds *list = cond->data;
	const struct route_cond *last;

	for (uint32_t i = 0; i < cond->n; i++) {
		enum route_hit hit = route_conds_test(&list[i], input, &last);

		if (hit != ROUTE_HIT)
			return hit;
	}
	return ROUTE_HIT;
}

int route_cond_not_load(struct route_cond *cond, struct route_cond_load *load,
			const struct route_match *match)
{
	return load_list(cond, load, match->not, match->not ? 1 : 0);
}

enum route_hit route_cond_not_test(const struct route_cond *cond,
				   struct route_input *input)
{
	enum route_hit hit = route_cond_all_test(cond, input);

	return hit == ROUTE_MISS  ? ROUTE_HIT
	       : hit == ROUTE_HIT ? ROUTE_MISS
				  : hit;
}

/* --- in words ----------------------------------------------------------------- */

static int say_lists(struct re_printf *pf, const struct route_cond *cond,
		     struct route_input *input, unsigned *said);

/* Those that say with what they were compared, and do not hold: each is true
 * by itself, whatever else of the request is not known any more. */
static int say_match(struct re_printf *pf, const struct route_conds *conds,
		     struct route_input *input, unsigned *said)
{
	int err = 0;

	for (uint32_t i = 0; i < conds->n && !err && *said < 6; i++) {
		const struct route_cond *cond = &conds->list[i];

		if (cond->kind->say == route_cond_tree_say) {
			err = say_lists(pf, cond, input, said);
			continue;
		}
		/* nobody knows them any more */
		if (cond->kind->say == route_cond_header_say &&
		    !input->query->headerh)
			continue;
		if (!cond->kind->say ||
		    cond->kind->test(cond, input) != ROUTE_MISS)
			continue;
		err = re_hprintf(pf, (*said)++ ? "; " : ": ");
		err = err ? err : cond->kind->say(pf, cond, input);
	}
	return err;
}

static int say_lists(struct re_printf *pf, const struct route_cond *cond,
		     struct route_input *input, unsigned *said)
{
	const struct route_conds *list = cond->data;
	int err = 0;

	for (uint32_t i = 0; i < cond->n && !err; i++)
		err = say_match(pf, &list[i], input, said);
	return err;
}

int route_cond_tree_say(struct re_printf *pf, const struct route_cond *cond,
			struct route_input *input)
{
	unsigned said = 0;
	int err = re_hprintf(pf, "%s", cond->kind->words);

	return err ? err : say_lists(pf, cond, input, &said);
}
