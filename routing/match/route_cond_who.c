/*
 * route_cond_who.c  Which method, and whose request
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "common/countof.h"
#include "routing/match/route_match.h"
#include "routing/party/route_party.h"
#include "routing/route_conn.h"

/* --- method ------------------------------------------------------------------- */

int route_cond_method_load(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match *match)
{
	(void)load;

	if (!match->nmethod)
		return ENOENT;
	for (uint32_t i = 0; i < match->nmethod; i++)
		cond->n |= 1u << match->method[i];
	return 0;
}

enum route_hit route_cond_method_test(const struct route_cond *cond,
				      struct route_input *input)
{
	return cond->n & input->method ? ROUTE_HIT : ROUTE_MISS;
}

/* --- from --------------------------------------------------------------------- */

struct from {
	bool users, tenants;
	uint32_t n;
	const struct route_connection *conns[];
};

/* A connection of that name is there: the file's check has said so. */
static void take(struct from *from, const struct route_cond_load *load,
		 const char *name)
{
	struct pl pl;

	if (!strcmp(name, ROUTE_FROM_USERS)) {
		from->users = true;
	} else if (!strcmp(name, ROUTE_FROM_TENANTS)) {
		from->tenants = true;
	} else {
		pl_set_str(&pl, name);
		from->conns[from->n++] =
			route_connection_find(load->tenant, &pl);
	}
}

int route_cond_from_load(struct route_cond *cond, struct route_cond_load *load,
			 const struct route_match *match)
{
	struct from *from;

	if (!match->nfrom)
		return ENOENT;
	from = arena_get(load->mem, sizeof(*from) +
					    match->nfrom * sizeof(*from->conns));
	if (!from)
		return ENOMEM;
	cond->data = from;
	for (uint32_t i = 0; i < match->nfrom; i++)
		take(from, load, match->from[i]);
	return 0;
}

enum route_hit route_cond_from_test(const struct route_cond *cond,
				    struct route_input *input)
{
	const struct from *from = cond->data;
	const struct route_connection *conn = input->query->from;

	if (input->foreign)
		return from->tenants ? ROUTE_HIT : ROUTE_MISS;
	if (!conn)
		return from->users ? ROUTE_HIT : ROUTE_MISS;
	for (uint32_t i = 0; i < from->n; i++) {
		if (from->conns[i] == conn)
			return ROUTE_HIT;
	}
	return ROUTE_MISS;
}

int route_cond_from_say(struct re_printf *pf, const struct route_cond *cond,
			struct route_input *input)
{
	const struct from *from = cond->data;
	const struct route_connection *conn = input->query->from;
	const char *names[10];
	uint32_t n = 0;
	int err;

	if (from->users)
		names[n++] = ROUTE_FROM_USERS;
	if (from->tenants)
		names[n++] = ROUTE_FROM_TENANTS;
	for (uint32_t i = 0; i < from->n && n < COUNTOF(names); i++)
		names[n++] = from->conns[i]->name;
	err = re_hprintf(pf, "it comes from %s, not from ",
			 input->foreign ? "another tenant"
			 : conn		? conn->name
					: "a user");
	return err ? err : route_say_names(pf, names, n);
}
