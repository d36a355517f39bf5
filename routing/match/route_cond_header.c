/*
 * route_cond_header.c  Patterns for headers of the request
 *
 * One value of each header that is named has to match. What is not there has
 * no value, and matches nothing, not even an empty pattern.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "routing/match/route_match.h"
#include "routing/route_priv.h"

enum {
	VALUES_MAX = 16,      /* of a header that are looked at */
	VALUE_LEN_MAX = 1024, /* bytes of one; longer ones match nothing */
};

struct header {
	const char *name;
	struct route_regex *rx;
};

int route_cond_header_load(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match *match)
{
	struct header *list;
	char why[200];
	int bad = 0;

	if (!match->nheader)
		return ENOENT;
	list = arena_get(load->mem, match->nheader * sizeof(*list));
	if (!list)
		return ENOMEM;
	cond->data = list;
	for (uint32_t i = 0; i < match->nheader && bad != ENOMEM; i++) {
		const struct route_match_header *header = &match->header[i];
		int err;

		list[i].name = header->name;
		err = route_regex_alloc(&list[i].rx, load->table->engine,
					header->pattern, why, sizeof(why));
		if (err == EINVAL)
			cfg_errors_add(load->errs, load->pos, "expected %s",
				       why);
		bad = err ? err : bad;
		++cond->n;
	}
	return bad;
}

void route_cond_header_close(struct route_cond *cond)
{
	struct header *list = cond->data;

	for (uint32_t i = 0; i < cond->n; i++)
		list[i].rx = mem_deref(list[i].rx);
}

static enum route_hit test_one(const struct header *header,
			       const struct route_input *input)
{
	const struct route_query *query = input->query;
	struct pl value;

	for (unsigned i = 0; i < VALUES_MAX; i++) {
		enum route_hit hit;

		if (!query->headerh ||
		    !query->headerh(header->name, i, &value, query->arg))
			return ROUTE_MISS;
		if (value.l > VALUE_LEN_MAX)
			continue;
		hit = route_regex_match(header->rx, input->table->engine,
					&value, NULL);
		if (hit != ROUTE_MISS)
			return hit;
	}
	return ROUTE_MISS;
}

enum route_hit route_cond_header_test(const struct route_cond *cond,
				      struct route_input *input)
{
	const struct header *list = cond->data;

	for (uint32_t i = 0; i < cond->n; i++) {
		enum route_hit hit = test_one(&list[i], input);

		if (hit != ROUTE_HIT)
			return hit;
	}
	return ROUTE_HIT;
}

static int say_one(struct re_printf *pf, const struct header *header,
		   const struct route_query *query)
{
	struct pl value;

	if (!query->headerh(header->name, 0, &value, query->arg))
		return re_hprintf(pf, "there is no header %s", header->name);
	return re_hprintf(pf, "header %s, %H, does not match '%s'",
			  header->name, route_say_text, &value,
			  route_regex_text(header->rx));
}

/* Values are there only while it is decided. */
int route_cond_header_say(struct re_printf *pf, const struct route_cond *cond,
			  struct route_input *input)
{
	const struct header *list = cond->data;
	int err;

	for (uint32_t i = 0; i < cond->n && input->query->headerh; i++) {
		if (test_one(&list[i], input) != ROUTE_HIT)
			return say_one(pf, &list[i], input->query);
	}
	err = re_hprintf(pf, "%s:", cond->kind->words);
	for (uint32_t i = 0; i < cond->n && !err; i++)
		err = re_hprintf(pf, "%s %s '%s'", i ? "," : "", list[i].name,
				 route_regex_text(list[i].rx));
	return err;
}
