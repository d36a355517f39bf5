/*
 * tenant_calls.c  How many calls a tenant has, in all workers together
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/tenant_calls.h"

enum {
	KEY_MAX = 64,
};

static void key_print(char key[KEY_MAX], const struct route_tenant *tenant)
{
	/* it holds nothing that would have to be encoded */
	re_snprintf(key, KEY_MAX, "cb:{m:%s}:calls", tenant->id);
}

int tenant_calls_take(struct place_ask **askp, struct proxy *px,
		      const struct tenant_calls_of *of, place_h *h, void *arg)
{
	char key[KEY_MAX];
	const struct place place = {key, of->call};

	if (!of->tenant->max_calls)
		return 0;
	key_print(key, of->tenant);
	return place_take(askp, px, &place, of->tenant->max_calls + of->instead,
			  h, arg);
}

/* Whose call it is: one tenant's, or one of each. */
static unsigned sides_of(const struct call_record *rec)
{
	return call_is_between(rec) ? CALL_SIDES : 1;
}

void tenant_calls_up(struct proxy *px, const struct call_record *rec)
{
	for (unsigned i = 0; i < sides_of(rec); i++) {
		const struct route_tenant *tenant =
			side_tenant(px->deps.routes, rec, i);
		char key[KEY_MAX];
		const struct place place = {key, rec->call};

		if (!tenant || !tenant->max_calls)
			continue;
		key_print(key, tenant);
		place_keep(px, &place);
	}
}

void tenant_calls_leave(struct proxy *px, const struct route_tenant *tenant,
			const char *call)
{
	char key[KEY_MAX];
	const struct place place = {key, call};

	if (!tenant || !tenant->max_calls)
		return;
	key_print(key, tenant);
	place_leave(px, &place);
}

void tenant_calls_ended(struct proxy *px, const struct call_record *rec)
{
	for (unsigned i = 0; i < sides_of(rec); i++)
		tenant_calls_leave(px, side_tenant(px->deps.routes, rec, i),
				   rec->call);
}
