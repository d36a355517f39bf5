/*
 * invite_tenant.c  A number of another tenant is called
 *
 * Then it is one of that tenant's calls, too: of its `max_calls`, and of those
 * that it has in a second. Who calls is a stranger there (who/stranger.h).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/call/call_dialog.h"
#include "sigd/proxy/conn/call_rate.h"
#include "sigd/proxy/invite/invite_priv.h"
#include "sigd/proxy/limit_note.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/tenant_calls.h"

/* Nobody's who is in the table: the caller's own. */
static const char *tenant_of(const struct invite *inv,
			     const struct route_target *target)
{
	return target->tenant ? target->tenant->id : inv->rec.tenant;
}

void invite_tenant_first(struct invite *inv)
{
	const struct route_target *first = &inv->hunt.targets[0];

	if (!route_target_is_foreign(first, inv->hunt.plan->tenant))
		return;
	str_ncpy(inv->rec.there, first->tenant->id, sizeof(inv->rec.there));
}

const struct route_tenant *invite_callee_tenant(const struct invite *inv)
{
	return side_tenant(inv->hunt.table, &inv->rec, CALL_CALLEE);
}

/* --- a place there ------------------------------------------------------------- */

/* So is all else of that tenant. */
static void refused(struct invite *inv, const struct route_tenant *tenant,
		    enum status why)
{
	inv->hunt.closed = tenant;
	inv->hunt.closed_why = why;
	invite_missed(inv, status_info(why)->sip, why);
}

static void on_place(enum status code, void *arg)
{
	struct invite *inv = arg;
	struct place_ask *ask = inv->hunt.tenant_place;

	inv->hunt.tenant_place = NULL;
	if (code == STATUS_OK) {
		invite_seek(inv);
	} else {
		const struct route_tenant *tenant = inv->hunt.there;

		inv->hunt.there = NULL;
		limit_note(inv->px, code, tenant->id, NULL);
		refused(inv, tenant, code);
	}
	mem_deref(ask);
}

/* What was called before has sent it on. */
static void leave(struct invite *inv)
{
	tenant_calls_leave(inv->px, inv->hunt.there, inv->rec.call);
	inv->hunt.there = NULL;
}

void invite_tenant_won(struct invite *inv, const struct branch *winner)
{
	if (inv->hunt.there != winner->to.tenant)
		leave(inv);
}

/* However many of its numbers are tried, it is one call. */
static bool take_rate(struct invite *inv, const struct route_tenant *tenant)
{
	if (inv->hunt.counted == tenant)
		return true;
	inv->hunt.counted = tenant;
	return call_rate_take(inv->px->rates, tenant, NULL);
}

static void take_place(struct invite *inv, const struct route_tenant *tenant)
{
	const struct tenant_calls_of of = {tenant, inv->rec.call,
					   invite_replaces(inv)};
	int err;

	if (inv->hunt.closed == tenant) {
		refused(inv, tenant, inv->hunt.closed_why);
		return;
	}
	if (!take_rate(inv, tenant)) {
		refused(inv, tenant, STATUS_RATE_LIMITED);
		return;
	}
	inv->hunt.there = tenant;
	err = tenant_calls_take(&inv->hunt.tenant_place, inv->px, &of,
				on_place, inv);
	if (!err)
		invite_seek(inv);
	else if (err != EINPROGRESS)
		invite_fail(inv, STATUS_REDIS_DOWN);
}

void invite_tenant_seek(struct invite *inv, const struct route_target *target)
{
	const char *id = tenant_of(inv, target);
	const bool own = !strcmp(id, inv->rec.tenant);

	if (inv->hunt.there && inv->hunt.there != target->tenant)
		leave(inv);
	if (strcmp(id, call_tenant(&inv->rec, CALL_CALLEE)) != 0) {
		str_ncpy(inv->rec.there, id, sizeof(inv->rec.there));
		/* who takes the call over must know whose devices ring */
		call_there(inv->px->deps.redis, inv->rec.call, id);
	}
	if (own || inv->hunt.there)
		invite_seek(inv);
	else
		take_place(inv, target->tenant);
}
