/*
 * relay.c  A request that is no call: its life
 *
 * RFC 3261 16.7, RFC 4320: there is one answer, and none that only says that
 * nothing was heard in time. Devices of a user get it together; the first 2xx
 * answers for all (RFC 3428 section 7, RFC 6665 5.4.9: each notifier that
 * took a SUBSCRIBE makes itself known by its NOTIFY).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "sigd/proxy/hop_back.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/loop_guard.h"
#include "sigd/proxy/relay/relay_priv.h"
#include "sigd/proxy/reply.h"
#include "sigd/proxy/verdict.h"

static void destructor(void *data)
{
	struct relay *relay = data;

	list_unlink(&relay->le);
	list_flush(&relay->tries);
	mem_deref(relay->hunt.lookup);
	mem_deref(relay->hunt.locate);
	mem_deref(relay->hunt.route_ask);
	mem_deref(relay->hunt.ways);
	mem_deref(relay->best.msg);
	mem_deref(relay->cookie);
	if (relay->st)
		txn_srv_detach(relay->st);
	mem_deref(relay->hunt.plan);
	mem_deref(relay->table);
}

/* --- figures ------------------------------------------------------------------- */

static struct proxy_relayed *counts_of(const struct relay *relay)
{
	static const uint8_t kinds[] = {
		[SMSG_MESSAGE] = PROXY_MESSAGE,	    [SMSG_OPTIONS] = PROXY_OPTIONS,
		[SMSG_INFO] = PROXY_INFO,	    [SMSG_REFER] = PROXY_REFER,
		[SMSG_SUBSCRIBE] = PROXY_SUBSCRIBE, [SMSG_NOTIFY] = PROXY_NOTIFY,
		[SMSG_PUBLISH] = PROXY_PUBLISH,
	};
	const enum smsg_method method = txn_srv_request(relay->st)->method;

	return &relay->px->counts.relayed[method < COUNTOF(kinds)
						  ? kinds[method]
						  : PROXY_INFO];
}

/* --- the end --------------------------------------------------------------------- */

static void on_end(struct txn_srv *st, int err, void *arg)
{
	struct relay *relay = arg;
	(void)st;
	(void)err;

	++counts_of(relay)->failed;
	relay->st = NULL;
	mem_deref(relay);
}

void relay_fail(struct relay *relay, enum status code)
{
	++counts_of(relay)->failed;
	reply_status(relay->px, relay->st, code);
	mem_deref(relay);
}

/* With a code that is not the usual one. */
static void refuse(struct relay *relay, uint16_t scode, enum status why)
{
	++counts_of(relay)->failed;
	reply_status_as(relay->px, relay->st, scode, why);
	mem_deref(relay);
}

void relay_won(struct relay_try *try, const struct smsg *msg)
{
	struct relay *relay = try->relay;

	if (relay_back(try, msg)) {
		relay_fail(relay, STATUS_INTERNAL);
		return;
	}
	++counts_of(relay)->passed;
	mem_deref(relay);
}

void relay_note(struct relay *relay, const struct relay_end *end)
{
	struct relay_best *best = &relay->best;

	/* a 6xx speaks for all (16.7 step 5) */
	if (!end->next)
		relay->hunt.next = relay->hunt.ntargets;
	relay->hunt.other_way = end->other_way;
	if (best->code && verdict_rank(end->code) >= verdict_rank(best->code))
		return;
	best->code = end->code;
	best->why = end->why;
	best->msg = mem_deref(best->msg);
	/* without memory we say it in our own words */
	if (end->msg)
		(void)smsg_clone(&best->msg, end->msg);
}

/* The refusal of who refused, as it came but for what was between us. */
static int pass_on(struct relay *relay)
{
	const struct relay_best *best = &relay->best;
	const struct hop_back back = {
		.scode = best->code == best->msg->scode ? 0 : best->code,
		.keep_body = true,
		/* kept for who can answer it alone (relay_try.c) */
		.challenge = true};
	size_t len;
	int err = hop_back_write(relay->px, &len, txn_srv_request(relay->st),
				 best->msg, &back);

	return err ? err : txn_srv_reply(relay->st, relay->px->buf, len);
}

void relay_finish(struct relay *relay)
{
	const struct relay_best *best = &relay->best;
	const bool told = best->msg && !pass_on(relay);

	++*(best->msg ? &counts_of(relay)->refused : &counts_of(relay)->failed);
	/* a 408 is not sent, and ends the transaction (RFC 4320 4.2) */
	if (!told)
		reply_status_as(relay->px, relay->st,
				best->code ? best->code : 480,
				best->code ? best->why : STATUS_NOT_REGISTERED);
	mem_deref(relay);
}

/* --- the beginning ------------------------------------------------------------------------- */

bool relay_is_subscription(const struct relay *relay)
{
	const enum smsg_method method = txn_srv_request(relay->st)->method;

	return method == SMSG_SUBSCRIBE || method == SMSG_REFER ||
	       (method == SMSG_NOTIFY && relay->cookie);
}

struct relay *relay_new(struct proxy *px, struct txn_srv *st,
			struct route_table *table)
{
	struct relay *relay = mem_zalloc(sizeof(*relay), destructor);

	if (!relay) {
		reply_status(px, st, STATUS_OVERLOAD);
		txn_srv_detach(st);
		return NULL;
	}
	relay->px = px;
	relay->st = st;
	relay->table = mem_ref(table);
	list_append(&px->relays, &relay->le, relay);
	txn_srv_attach(st, on_end, relay);
	return relay;
}

bool relay_fits(struct relay *relay)
{
	if (txn_srv_request(relay->st)->body.l <= RELAY_BODY_MAX)
		return true;
	refuse(relay, 413, STATUS_TOO_LARGE);
	return false;
}

/* Who subscribes is the device that has registered over this flow: it may come
 * back over another. */
static void on_asker(const struct registrar_list *list, void *arg)
{
	struct relay *relay = arg;
	struct registrar_ask *ask = relay->hunt.lookup;
	struct flow_id flow;

	relay->hunt.lookup = NULL;
	for (size_t i = 0; i < list->n; i++) {
		const struct binding *b = &list->bindings[i];

		if (!flow_id_unpack(&flow, b->flow, b->flow_len) &&
		    flow_id_equal(&flow, &relay->source))
			relay->asker.device = b->device;
	}
	relay_go_on(relay);
	mem_deref(ask);
}

static int asker_seek(struct relay *relay)
{
	struct registrar_params params = {.link = relay->px->deps.redis,
					  .h = on_asker,
					  .arg = relay};

	pl_set_str(&params.aor.tenant, relay->tenant->id);
	pl_set_str(&params.aor.user, relay->asker.name);
	return registrar_lookup(&relay->hunt.lookup, &params);
}

static enum status fill(struct relay *relay, const struct relay_params *params)
{
	const struct invite_params asked = {.plan = params->plan,
					    .callee = params->callee};
	const struct smsg *msg = txn_srv_request(relay->st);
	const struct route_plan *plan = params->plan;
	struct relay_hunt *hunt = &relay->hunt;
	struct pl name = params->caller;

	relay->tenant = plan->tenant;
	relay->from = plan->from;
	relay->source = params->source;
	relay->asker.connection = relay->from != NULL;
	if (relay->from)
		pl_set_str(&name, relay->from->name);
	if (pl_strcpy(&name, relay->asker.name, sizeof(relay->asker.name)))
		relay->asker.name[0] = '\0';
	hunt->plan = mem_ref((void *)plan);
	memcpy(hunt->targets, plan->targets, sizeof(hunt->targets));
	hunt->ntargets = plan->ntargets;
	if (params->device) {
		str_ncpy(hunt->guest_name, params->device->user,
			 sizeof(hunt->guest_name));
		hunt->guest.name = hunt->guest_name;
		hunt->targets[0].user = &hunt->guest;
		hunt->device = params->device->device;
	}
	if (params->callee.l > sizeof(hunt->callee))
		return STATUS_BAD_REQUEST;
	hunt->callee_len = params->callee.l;
	memcpy(hunt->callee, params->callee.p, hunt->callee_len);
	hunt->breadth = loop_breadth(msg);
	hunt->loop = loop_hash(&asked);
	if (loop_seen(relay->px, msg, hunt->loop))
		return STATUS_LOOP;
	return relay_refer(relay, params);
}

void relay_start(struct proxy *px, const struct relay_params *params)
{
	struct relay *relay = relay_new(px, params->st, params->table);
	enum status code;

	if (!relay)
		return;
	code = fill(relay, params);
	if (code != STATUS_OK) {
		relay_fail(relay, code);
	} else if (!relay->hunt.breadth) { /* RFC 5393 5.3.3.2 */
		refuse(relay, 440, STATUS_LOOP);
	} else if (!relay_fits(relay)) {
		return;
	} else if (!relay_is_subscription(relay) || relay->from ||
		   asker_seek(relay)) {
		relay_go_on(relay);
	}
}

/* --- what the transport reports --------------------------------------------------------------- */

static struct relay_try *try_find(const struct proxy *px,
				  const struct flow_id *flow, uint64_t ref)
{
	struct le *le, *lt;

	LIST_FOREACH(&px->relays, le)
	{
		const struct relay *relay = le->data;

		LIST_FOREACH(&relay->tries, lt)
		{
			struct relay_try *try = lt->data;

			if (try->ct && (flow ? flow_id_equal(&try->to.flow,
							     flow)
					     : try->ref == ref))
				return try;
		}
	}
	return NULL;
}

void relay_flow_gone(struct proxy *px, const struct flow_id *flow)
{
	struct relay_try *try;

	/* its end may free the request, so look anew each time */
	while ((try = try_find(px, flow, 0)))
		txn_cli_transport_error(try->ct, ENOTCONN);
}

void relay_send_failed(struct proxy *px, uint64_t ref, int err)
{
	struct relay_try *try = try_find(px, NULL, ref);

	if (try)
		txn_cli_transport_error(try->ct, err);
}
