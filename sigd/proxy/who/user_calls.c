/*
 * user_calls.c  How many calls a user has, in all workers together
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/user_calls.h"

static int key_print(char key[BINDING_KEY_MAX], const char *tenant,
		     const struct route_user *user)
{
	struct pl t, u;

	pl_set_str(&t, tenant);
	pl_set_str(&u, user->name);
	return binding_key(key, BINDING_KEY_MAX, &t, &u, "places");
}

int user_calls_take(struct place_ask **askp, struct proxy *px,
		    const struct user_calls_of *of, place_h *h, void *arg)
{
	char key[BINDING_KEY_MAX];
	const struct place place = {key, of->call};
	int err;

	if (!of->user || !of->user->max_calls)
		return 0;
	err = key_print(key, of->tenant, of->user);
	return err ? err
		   : place_take(askp, px, &place,
				of->user->max_calls + of->instead, h, arg);
}

/* Of a side with a limit; else NULL. */
static const struct route_user *
limited(const struct proxy *px, const struct call_record *rec, unsigned side)
{
	const struct route_user *user;
	struct pl name;

	if (rec->side[side].conn[0])
		return NULL;
	pl_set_str(&name, rec->side[side].user);
	user = route_user_find(side_tenant(px->deps.routes, rec, side), &name);
	return user && user->max_calls ? user : NULL;
}

typedef void(at_place_h)(struct proxy *px, const struct place *place);

/* At the place of the user at this side, if there is one. */
static void at_place(struct proxy *px, const struct call_record *rec,
		     unsigned side, at_place_h *h)
{
	const struct route_user *user = limited(px, rec, side);
	char key[BINDING_KEY_MAX];
	const struct place place = {key, rec->call};

	if (user && !key_print(key, call_tenant(rec, side), user))
		h(px, &place);
}

void user_calls_up(struct proxy *px, const struct call_record *rec)
{
	for (unsigned i = 0; i < CALL_SIDES; i++)
		at_place(px, rec, i, place_keep);
}

void user_calls_ended(struct proxy *px, const struct call_record *rec)
{
	for (unsigned i = 0; i < CALL_SIDES; i++)
		at_place(px, rec, i, place_leave);
}

void user_calls_diverted(struct proxy *px, const struct call_record *rec)
{
	/* who called himself has it as the caller */
	if (limited(px, rec, CALL_CALLEE) != limited(px, rec, CALL_CALLER))
		at_place(px, rec, CALL_CALLEE, place_leave);
}
