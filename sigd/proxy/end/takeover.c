/*
 * takeover.c  Set-ups of workers that died
 *
 * A call that has no answer yet is ended by the worker that has its
 * transactions; while that one lives it moves the call's deadline ahead
 * (invite_setup.c). A deadline that passes is claimed by some worker. At the
 * first claim nothing is done: when Redis was away, or stood still, whoever
 * lives has the time of that claim's lease to say so. At the second one the
 * set-up is taken over: what rings is cancelled (and a 2xx that crosses that is
 * acknowledged and ended), the caller is refused, session and record go. When
 * the record says that the call is up, the caller gets the 2xx that the dead
 * worker may not have sent.
 *
 * Devices whose connection was at the dead worker come back with another one:
 * the CANCEL goes there.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/due.h"
#include "common/id.h"
#include "common/log.h"
#include "common/redis_link.h"
#include "sigd/call/call_setup.h"
#include "sigd/proxy/diary.h"
#include "sigd/proxy/end/hangup.h"
#include "sigd/proxy/end/orphan.h"
#include "sigd/proxy/end/takeover.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/reply.h"
#include "sigd/registrar/registrar.h"

enum { TAKEOVERS_MAX = 10000 };

/* --- an INVITE of the dead worker --------------------------------------------------- */

struct lost_try {
	struct le le;
	struct proxy *px;
	struct registrar_ask *lookup;
	struct txn_cli *ct;
	struct flow_id flow;
	struct mbuf *head;
	struct smsg *msg;
	bool ended; /* BYE was sent */
};

static void try_destructor(void *data)
{
	struct lost_try *lost = data;

	list_unlink(&lost->le);
	mem_deref(lost->lookup);
	if (lost->ct) {
		--lost->px->restored;
		txn_cli_detach(lost->ct);
	}
	mem_deref(lost->msg);
	mem_deref(lost->head);
}

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct lost_try *lost = arg;
	(void)ct;

	if (msg->scode < 200 || msg->scode >= 300)
		return;
	(void)orphan_release(lost->px, &lost->flow, msg, !lost->ended);
	lost->ended = true;
}

static void on_end(struct txn_cli *ct, int err, void *arg)
{
	struct lost_try *lost = arg;
	(void)ct;
	(void)err;

	lost->ct = NULL;
	--lost->px->restored;
	mem_deref(lost);
}

static void try_cancel(struct lost_try *lost)
{
	struct txn_cli_params params = {
		.branch = lost->msg->via.branch, .resph = on_response,
		.endh = on_end, .arg = lost};
	struct proxy *px = lost->px;
	struct txn_dest dest;

	dest_of_flow(&dest, &lost->flow);
	params.dest = &dest;
	params.msg  = (const uint8_t *)lost->msg->raw.p;
	params.len  = lost->msg->raw.l;
	if (txn_cli_restore(&lost->ct, px->txns, &params)) {
		mem_deref(lost);
		return;
	}
	++px->restored;
	(void)txn_cli_cancel(lost->ct, NULL);
}

static void on_bindings(const struct registrar_list *list, void *arg)
{
	struct lost_try *lost = arg;
	struct registrar_ask *ask = lost->lookup;

	lost->lookup = NULL;
	for (size_t i = 0; list->code == STATUS_OK && i < list->n; i++) {
		const struct binding *b = &list->bindings[i];

		if (!pl_strcmp(&lost->msg->uri.text, b->contact) &&
		    !flow_id_unpack(&lost->flow, b->flow, b->flow_len))
			break;
	}
	try_cancel(lost);
	mem_deref(ask);
}

static int view(struct lost_try *lost, const struct pl *head)
{
	struct smsg_err why;

	lost->head = mbuf_alloc(head->l);
	lost->msg  = mem_alloc(sizeof(*lost->msg), NULL);
	if (!lost->head || !lost->msg || mbuf_write_pl(lost->head, head))
		return ENOMEM;
	return smsg_decode(lost->msg, lost->head->buf, head->l, NULL, &why);
}

static struct lost_try *try_make(struct proxy *px, const struct call_try *try)
{
	struct lost_try *lost = mem_zalloc(sizeof(*lost), try_destructor);

	if (!lost)
		return NULL;
	lost->px = px;
	list_append(&px->tasks, &lost->le, lost);
	if (flow_id_unpack(&lost->flow, try->flow, try->flow_len) ||
	    view(lost, &try->head))
		return mem_deref(lost);
	return lost;
}

static void try_end(struct proxy *px, const struct call_record *rec,
		    const struct call_try *try)
{
	struct lost_try *lost = try_make(px, try);
	struct registrar_params params = {.link = px->deps.redis,
					  .h = on_bindings, .arg = lost};

	if (!lost)
		return;
	pl_set_str(&params.aor.tenant, call_tenant(rec, CALL_CALLEE));
	pl_set_str(&params.aor.user, try->user);
	if (!try->user[0] || flow_id_addressed(&lost->flow) ||
	    registrar_lookup(&lost->lookup, &params))
		try_cancel(lost);
}

/* --- the caller ---------------------------------------------------------------------- */

/* The INVITE is there again, as if it had come now. */
static struct lost_try *caller_make(struct proxy *px,
				    const struct call_try *try)
{
	struct lost_try *lost = try_make(px, try);
	char host[64];
	struct pl pl;

	if (lost && lost->flow.kind == FLOW_UDP) {
		re_snprintf(host, sizeof(host), "%j", &lost->flow.remote);
		pl_set_str(&pl, host);
		(void)smsg_source_set(lost->msg, &pl,
				      sa_port(&lost->flow.remote));
	}
	return lost;
}

/* As the dead worker would have: the transaction is made again, which repeats
 * the answer until its ACK. */
static void caller_refuse(struct proxy *px, const struct call_try *try)
{
	struct lost_try *lost = caller_make(px, try);
	struct txn_srv *st = NULL;
	struct txn_dest dest;

	if (!lost)
		return;
	dest_of_flow(&dest, &lost->flow);
	if (!txn_srv_start(&st, px->txns, lost->msg, &dest, NULL, NULL)) {
		reply_status(px, st, STATUS_KILLED);
		txn_srv_detach(st);
	}
	mem_deref(lost);
}

/* A caller who came back meanwhile is there where its call is (rebind.h). With
 * a transaction what repeats the INVITE is answered, too; when there is one
 * this is what the callee repeats. */
static void caller_answer(struct proxy *px, const struct call_taken *taken,
			  const struct call_try *try)
{
	const struct call_side *caller = &taken->rec->side[CALL_CALLER];
	const uint8_t *bytes = (const uint8_t *)taken->answer.p;
	struct lost_try *lost = caller_make(px, try);
	struct txn_srv *st = NULL;
	struct txn_dest dest;

	if (!lost)
		return;
	(void)flow_id_unpack(&lost->flow, caller->flow, caller->flow_len);
	dest_of_flow(&dest, &lost->flow);
	if (!txn_srv_start(&st, px->txns, lost->msg, &dest, NULL, NULL)) {
		(void)txn_srv_reply(st, bytes, taken->answer.l);
		txn_srv_detach(st);
	} else {
		(void)transport_send(px->deps.transport, &lost->flow, bytes,
				     taken->answer.l, 0);
	}
	mem_deref(lost);
}

/* --- the call ------------------------------------------------------------------------ */

struct takeover {
	struct le le;
	struct proxy *px;
	struct call_take *take;
	char call[17];
	uint64_t token; /* 0: not by a deadline */
};

static void destructor(void *data)
{
	struct takeover *to = data;

	list_unlink(&to->le);
	mem_deref(to->take);
}

static void done(struct proxy *px, const char *call, uint64_t token)
{
	struct pl id;

	pl_set_str(&id, call);
	if (token)
		(void)due_done(px->setups, &id, token);
}

static void setup_end(struct proxy *px, const struct call_taken *taken)
{
	const struct call_record *rec = taken->rec;
	const struct call_name name = {rec->call, rec->session, rec->media};
	const struct diary_move told = {"call.taken-over", rec->at, px->at,
					status_text(STATUS_KILLED)};

	log_warn(rec->call, "a call whose worker died is ended",
		 "was=%s tries=%zu", rec->at, taken->n);
	diary_moved(px, rec->call, &told);
	for (size_t i = 0; i < taken->n; i++) {
		if (taken->tries[i].leg == 1)
			caller_refuse(px, &taken->tries[i]);
		else
			try_end(px, rec, &taken->tries[i]);
	}
	hangup_call(px, &name, STATUS_KILLED);
}

static void setup_answer(struct proxy *px, const struct call_taken *taken)
{
	const struct diary_move told = {"call.taken-over", taken->rec->at,
					px->at, NULL};

	log_info(taken->rec->call, "an answer is passed on whose worker died",
		 "was=%s", taken->rec->at);
	diary_moved(px, taken->rec->call, &told);
	diary_up(px, taken->rec);
	for (size_t i = 0; i < taken->n; i++) {
		if (taken->tries[i].leg == 1)
			caller_answer(px, taken, &taken->tries[i]);
	}
}

static void on_taken(enum status code, const struct call_taken *taken,
		     void *arg)
{
	struct takeover *to = arg;
	struct proxy *px = to->px;

	if (code == STATUS_OK && taken->answer.l)
		setup_answer(px, taken);
	else if (code == STATUS_OK)
		setup_end(px, taken);
	/* with Redis away the claim ends, and comes again */
	if (code == STATUS_OK || code == STATUS_UNKNOWN_DIALOG)
		done(px, to->call, to->token);
	mem_deref(to);
}

static void take(struct proxy *px, const char *call, uint64_t token)
{
	struct takeover *to;

	if (list_count(&px->tasks) >= TAKEOVERS_MAX)
		return;
	to = mem_zalloc(sizeof(*to), destructor);
	if (!to)
		return;

	to->px	  = px;
	to->token = token;
	str_ncpy(to->call, call, sizeof(to->call));
	list_append(&px->tasks, &to->le, to);
	if (call_setup_take(&to->take, px->deps.redis, call, on_taken, to))
		mem_deref(to);
}

void takeover_call(struct proxy *px, const char *call)
{
	if (!invite_is_here(px, call))
		take(px, call, 0);
}

static void on_due(const struct due_item *item, void *arg)
{
	struct proxy *px = arg;
	char call[17];

	if (!id_valid(item->id.p, item->id.l) ||
	    pl_strcpy(&item->id, call, sizeof(call))) {
		(void)due_done(px->setups, &item->id, item->token);
		return;
	}
	/* ours live: it is renewed in a moment */
	if (item->tries >= 2 && !invite_is_here(px, call))
		take(px, call, item->token);
}

/* Back: ours still live, whatever was claimed meanwhile. */
static void on_link(bool up, void *arg)
{
	if (up)
		invite_renew_all(arg);
}

int takeover_start(struct proxy *px)
{
	const uint32_t ms = px->cfg.takeover_ms;
	/* the lease is longer than the wait before a link tries again */
	const struct due_params params = {
		.link = px->deps.redis, .wheel = px->deps.wheel,
		.poll = px->poll, .kind = "setup", .lease_ms = ms * 3 / 5,
		.fireh = on_due, .arg = px};
	int err = due_alloc(&px->setups, &params);

	return err ? err : redis_link_observe(px->deps.redis, on_link, px);
}
