/*
 * route_cond_prefix.c  What the callee begins with
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "routing/match/route_match.h"

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In order, and without those that another one covers. */
int route_cond_prefix_load(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match *match)
{
	const char **list;

	if (!match->nprefix)
		return ENOENT;
	list = arena_get(load->mem, match->nprefix * sizeof(*list));
	if (!list)
		return ENOMEM;
	memcpy(list, match->prefix, match->nprefix * sizeof(*list));
	qsort(list, match->nprefix, sizeof(*list), compare);
	cond->data = list;
	for (uint32_t i = 0; i < match->nprefix; i++) {
		const char *last = cond->n ? list[cond->n - 1] : NULL;

		if (!last || strncmp(list[i], last, strlen(last)) != 0)
			list[cond->n++] = list[i];
	}
	return 0;
}

/* None is the begin of another, so only the last that stands not behind the
 * number can be its begin. */
static bool begins(const struct route_cond *cond, const struct pl *text)
{
	const char *const *list = cond->data;
	uint32_t lo = 0, hi = cond->n;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;
		const size_t len = strlen(list[mid]);
		const int diff = memcmp(list[mid], text->p,
					min(len, text->l));

		if (!diff && len <= text->l)
			return true;
		if (diff < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

/* One with + is meant whatever was dialled. They come before digits and
 * letters, but '#' and '*' come before them. */
static bool has_plus(const struct route_cond *cond)
{
	const char *const *list = cond->data;

	for (uint32_t i = 0; i < cond->n && list[i][0] <= '+'; i++) {
		if (list[i][0] == '+')
			return true;
	}
	return false;
}

enum route_hit route_cond_prefix_test(const struct route_cond *cond,
				      struct route_input *input)
{
	struct pl text;

	if (begins(cond, &input->callee))
		return ROUTE_HIT;
	if (!has_plus(cond))
		return ROUTE_MISS;
	pl_set_str(&text, route_input_number(input)->e164);
	return begins(cond, &text) ? ROUTE_HIT : ROUTE_MISS;
}
