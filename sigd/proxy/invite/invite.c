/*
 * invite.c  A call being set up: its life
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/fault.h"
#include "common/id.h"
#include "common/log.h"
#include "sigd/call/call_find.h"
#include "sigd/proxy/conn/conn_figures.h"
#include "sigd/proxy/conn/call_rate.h"
#include "sigd/proxy/end/call_due.h"
#include "sigd/proxy/end/hangup.h"
#include "sigd/proxy/end/rebind.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/invite/device_media.h"
#include "sigd/proxy/invite/invite_diary.h"
#include "sigd/proxy/limit_note.h"
#include "sigd/proxy/invite/invite_why.h"
#include "sigd/proxy/loop_guard.h"
#include "sigd/proxy/reply.h"
#include "sigd/proxy/who/tenant_calls.h"
#include "sigd/proxy/who/user_calls.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/sip/smsg_sdp.h"

static void destructor(void *data)
{
	struct invite *inv = data;

	list_unlink(&inv->le);
	hash_unlink(&inv->by_call);
	list_flush(&inv->branches);
	for (unsigned i = 0; i < INVITE_ASKS; i++)
		mem_deref(inv->asks[i]);
	hunt_clear(inv);
	mem_deref(inv->ringing);
	mem_deref(inv->save);
	invite_begun_unheard(inv);
	mem_deref(inv->sdp);
	wheel_stop(&inv->limit);
	wheel_stop(&inv->renew);
	if (inv->st)
		txn_srv_detach(inv->st);
	mem_deref(inv->hunt.plan);
	mem_deref(inv->hunt.table);
}

struct call_name invite_name(const struct invite *inv)
{
	return (struct call_name){inv->rec.call, inv->rec.session,
				  inv->rec.media};
}

void invite_hush(struct invite *inv, const char *reason)
{
	struct le *le = list_head(&inv->branches);

	while (le) {
		struct branch *branch = le->data;

		le = le->next;
		branch_drop(branch, reason);
	}
}

/* Nothing but answers of branches is waited for any more: a 2xx that crosses
 * our CANCEL must be acknowledged and ended (RFC 3261 13.2.2.4). */
static void let_go(struct invite *inv)
{
	inv->over = inv->answered = true;
	wheel_stop(&inv->limit);
	for (unsigned i = 0; i < INVITE_ASKS; i++)
		inv->asks[i] = mem_deref(inv->asks[i]);
	hunt_clear(inv);
	inv->ringing = mem_deref(inv->ringing);
	inv->save = mem_deref(inv->save);
	invite_setup_end(inv);
	if (inv->st)
		txn_srv_detach(inv->st);
	inv->st = NULL;
}

void invite_settle(struct invite *inv)
{
	if (inv->over && list_isempty(&inv->branches))
		mem_deref(inv);
}

/* Its 2xx is for nobody any more. */
static void winner_release(struct invite *inv)
{
	struct branch *branch = inv->winner;

	inv->winner = NULL;
	branch_release(branch, branch->answer);
	branch_drop(branch, NULL);
}

void invite_give_up(struct invite *inv, enum status reason)
{
	const struct call_name name = invite_name(inv);

	invite_diary_end(inv, reason);
	let_go(inv);
	if (inv->winner)
		winner_release(inv);
	invite_hush(inv, NULL);
	if (inv->rec.state == CALL_UP) /* or was about to be */
		rebind_ended(inv->px, &inv->rec);
	/* of who was called last: the record has who was first */
	user_calls_ended(inv->px, &inv->rec);
	hangup_call(inv->px, &name, reason);
	invite_settle(inv);
}

/* The transaction is over: the call is up and lives on without us; or its
 * 2xx of ours was never acknowledged (RFC 3261 13.3.1.4). */
static void on_end(struct txn_srv *st, int err, void *arg)
{
	struct invite *inv = arg;
	(void)st;

	inv->st = NULL;
	if (!inv->answered) {
		invite_give_up(inv, STATUS_TIMEOUT);
		return;
	}
	if (err == ETIMEDOUT && inv->rec.service[0])
		hangup_sides(inv->px, &inv->rec, HANGUP_CALLER,
			     STATUS_SETUP_EXPIRED);
	mem_deref(inv);
}

static int side_fill(struct call_side *side, const struct shdr_addr *addr)
{
	int err;

	err = pl_strcpy(&addr->uri.text, side->uri, sizeof(side->uri));
	err |= pl_isset(&addr->tag)
		       ? pl_strcpy(&addr->tag, side->tag, sizeof(side->tag))
		       : 0;
	return err ? EOVERFLOW : 0;
}

/* What the INVITE came through, in the order of its way back (RFC 3261
 * 12.1.1). */
static int routes_fill(char *routes, const struct smsg *msg)
{
	struct smsg_iter it;
	struct pl val;
	size_t len = 0;
	int err;

	smsg_iter_init(&it, msg, SHDR_RECORD_ROUTE);
	while (!(err = smsg_iter_value(&it, &val))) {
		int w = re_snprintf(routes + len, CALL_ROUTES_MAX - len, "%s%r",
				    len ? ", " : "", &val);

		if (w < 0)
			return EOVERFLOW;
		len += (size_t)w;
	}
	return err == ENOENT ? 0 : err;
}

static int record_fill(struct call_record *rec, const struct smsg *msg,
		       const struct invite_params *params)
{
	struct call_side *caller = &rec->side[CALL_CALLER];
	struct shdr_addr contact;
	int err;

	call_id_make(rec->call, &msg->callid);
	id_make(rec->session);
	rec->start_ms = proxy_unix_ms();
	caller->cseq = msg->cseq.num;
	err = pl_strcpy(&msg->callid, rec->callid, sizeof(rec->callid));
	invite_why(rec->why, params->plan);
	rec->record = (uint8_t)params->plan->record;
	err |= pl_strcpy(&params->caller, caller->user, sizeof(caller->user));
	err |= side_fill(caller, &msg->from);
	err |= routes_fill(caller->routes, msg);
	err |= side_fill(&rec->side[CALL_CALLEE], &msg->to);
	/* a dialog needs a remote target (RFC 3261 8.1.1.8) */
	err |= smsg_addr(msg, SHDR_CONTACT, &contact) || contact.star;
	if (!err)
		err = pl_strcpy(&contact.uri.text, caller->target,
				sizeof(caller->target));
	return err ? EBADMSG : 0;
}

/* Its Request-URI (call_again.h). */
static uint32_t asked_for(const struct smsg *msg)
{
	return hash_joaat((const uint8_t *)msg->uri.text.p, msg->uri.text.l);
}

static enum status fill(struct invite *inv, const struct invite_params *params)
{
	const struct txn_dest *src = txn_srv_source(inv->st);
	const struct smsg *msg = txn_srv_request(inv->st);
	struct call_side *caller = &inv->rec.side[CALL_CALLER];
	struct pl sdp;
	size_t len;

	if (flow_of_dest(&inv->caller, src))
		return STATUS_INTERNAL;

	conn_peer(&inv->caller, inv->px, inv->from, msg);
	if (flow_id_pack(&inv->caller, caller->flow, &len))
		return STATUS_INTERNAL;
	caller->flow_len = len;
	caller->profile = (uint8_t)side_profile(
		params->plan->tenant, &inv->caller, inv->from);
	if (inv->from)
		str_ncpy(caller->conn, inv->from->name, sizeof(caller->conn));
	if (record_fill(&inv->rec, msg, params))
		return STATUS_BAD_REQUEST;
	hash_append(inv->px->begun, hash_joaat_str(inv->rec.call),
		    &inv->by_call, inv);
	invite_tenant_first(inv);
	str_ncpy(inv->rec.at, inv->px->at, sizeof(inv->rec.at));
	inv->rec.asked = asked_for(msg);
	if (smsg_sdp(msg, &sdp))
		return STATUS_BAD_MEDIA_TYPE;
	/* 0 is a CSeq, too, and would say that there was an offer */
	if (!sdp.l && !msg->cseq.num)
		return STATUS_NOT_ACCEPTABLE;
	if (!sdp.l)
		inv->rec.offer_cseq = msg->cseq.num;
	return STATUS_OK;
}

static enum status hunt_fill(struct invite *inv,
			     const struct invite_params *params)
{
	const struct route_plan *plan = params->plan;
	struct hunt *hunt = &inv->hunt;

	if (params->callee.l > sizeof(hunt->callee))
		return STATUS_BAD_REQUEST;
	memcpy(hunt->callee, params->callee.p, params->callee.l);
	hunt->callee_len = params->callee.l;
	memcpy(hunt->targets, plan->targets, sizeof(hunt->targets));
	hunt->ntargets = plan->ntargets;
	hunt->plan = mem_ref((void *)plan);
	hunt->table = mem_ref(params->table);
	if (params->device) {
		str_ncpy(hunt->guest_name, params->device->user,
			 sizeof(hunt->guest_name));
		hunt->guest.name = hunt->guest_name;
		hunt->targets[0].user = &hunt->guest;
		hunt->device = params->device->device;
	}
	if (params->replaced)
		hunt->replaced = *params->replaced;
	inv->from = plan->from;
	hunt->loop = loop_hash(params);
	hunt->breadth = loop_breadth(txn_srv_request(inv->st));
	return loop_seen(inv->px, txn_srv_request(inv->st), hunt->loop)
		       ? STATUS_LOOP
		       : STATUS_OK;
}

static void serve(struct invite *inv)
{
	const struct route_target *target = &inv->hunt.targets[0];

	if (target->kind == ROUTE_TO_SERVICE && target->announcement &&
	    !target->announcement->answer)
		invite_announce(inv, target->announcement);
	else if (target->kind == ROUTE_TO_SERVICE)
		invite_service(inv, target);
	else
		invite_hunt(inv);
}

static void on_place(enum status code, void *arg)
{
	struct invite *inv = arg;
	struct conn_calls_ask *ask = inv->hunt.place;

	inv->hunt.place = NULL;
	if (code == STATUS_OK)
		serve(inv);
	else
		invite_fail(inv, code);
	mem_deref(ask);
}

/* A call that comes from a connection is one of its `max_calls`, too. */
static void take_place(struct invite *inv)
{
	const struct conn_calls_of of = {.conn = inv->from,
					 .call = inv->rec.call,
					 .instead = invite_replaces(inv)};
	int err = conn_calls_take(&inv->hunt.place, inv->px, &of, on_place,
				  inv);

	if (!err)
		serve(inv);
	else if (err != EINPROGRESS)
		invite_fail(inv, STATUS_REDIS_DOWN);
}

static void on_caller_place(enum status code, void *arg)
{
	struct invite *inv = arg;
	struct place_ask *ask = inv->hunt.user_place;

	inv->hunt.user_place = NULL;
	limit_note(inv->px, code, inv->rec.tenant,
		   inv->rec.side[CALL_CALLER].user);
	if (code == STATUS_OK)
		serve(inv);
	else if (code == STATUS_CALL_LIMIT)
		invite_refuse(inv, 403, code);
	else
		invite_fail(inv, code);
	mem_deref(ask);
}

/* ... and one of a user one of the user's. */
static void take_user_place(struct invite *inv,
			    const struct route_tenant *tenant)
{
	struct user_calls_of of = {.tenant = inv->rec.tenant,
				   .call = inv->rec.call,
				   .instead = invite_replaces(inv)};
	struct pl name;
	int err;

	pl_set_str(&name, inv->rec.side[CALL_CALLER].user);
	of.user = route_user_find(tenant, &name);
	err = user_calls_take(&inv->hunt.user_place, inv->px, &of,
			      on_caller_place, inv);
	if (!err)
		serve(inv);
	else if (err != EINPROGRESS)
		invite_fail(inv, STATUS_REDIS_DOWN);
}

static void take_own_place(struct invite *inv,
			   const struct route_tenant *tenant)
{
	if (inv->from)
		take_place(inv);
	else
		take_user_place(inv, tenant);
}

static void on_tenant_place(enum status code, void *arg)
{
	struct invite *inv = arg;
	struct place_ask *ask = inv->hunt.tenant_place;
	struct pl id;

	inv->hunt.tenant_place = NULL;
	limit_note(inv->px, code, inv->rec.tenant, NULL);
	pl_set_str(&id, inv->rec.tenant);
	if (code == STATUS_OK)
		take_own_place(inv, route_tenant_by_id(inv->hunt.table, &id));
	else
		invite_fail(inv, code);
	mem_deref(ask);
}

/* First it is one of the tenant's calls. */
static void take_tenant_place(struct invite *inv,
			      const struct route_tenant *tenant)
{
	const struct tenant_calls_of of = {tenant, inv->rec.call,
					   invite_replaces(inv)};
	int err = tenant_calls_take(&inv->hunt.tenant_place, inv->px, &of,
				    on_tenant_place, inv);

	if (!err)
		take_own_place(inv, tenant);
	else if (err != EINPROGRESS)
		invite_fail(inv, STATUS_REDIS_DOWN);
}

/* As often as its tenant, and who brings it, may call. */
static enum status rate_take(const struct invite *inv,
			     const struct route_plan *plan)
{
	struct call_rates *rates = inv->px->rates;

	return (!plan->from ||
		call_rate_take(rates, plan->from->tenant, plan->from)) &&
			       call_rate_take(rates, plan->tenant, NULL)
		       ? STATUS_OK
		       : STATUS_RATE_LIMITED;
}

void invite_start(struct proxy *px, const struct invite_params *params)
{
	struct invite *inv = mem_zalloc(sizeof(*inv), destructor);
	enum status code;

	if (!inv) {
		reply_status(px, params->st, STATUS_OVERLOAD);
		return;
	}
	inv->px = px;
	inv->st = params->st;
	inv->leg = 1;
	inv->begun_ms = wheel_now(px->deps.wheel);
	if (params->source)
		inv->source = *params->source;
	str_ncpy(inv->rec.tenant, params->plan->tenant->id,
		 sizeof(inv->rec.tenant));
	list_append(&px->invites, &inv->le, inv);
	txn_srv_attach(inv->st, on_end, inv);
	++px->counts.calls;
	conn_figures_count(px->conns, params->plan->from, CONN_CALL_IN);

	code = rate_take(inv, params->plan);
	if (code == STATUS_OK)
		code = hunt_fill(inv, params);
	if (code == STATUS_OK)
		code = fill(inv, params);
	if (code == STATUS_OK)
		code = invite_place(inv);
	if (code != STATUS_OK) {
		inv->rec.media[0] = '\0';
		invite_diary_unbegun(inv);
		invite_fail(inv, code);
		return;
	}
	log_info(inv->rec.call, "call begins",
		 "tenant=%s by=%s from=%s to=%s media=%s callid=%s",
		 inv->rec.tenant, inv->from ? inv->from->name : "device",
		 inv->rec.side[CALL_CALLER].user,
		 inv->rec.side[CALL_CALLEE].uri, inv->rec.media,
		 inv->rec.callid);
	code = invite_setup(inv);
	if (code != STATUS_OK)
		invite_fail(inv, code);
	else
		take_tenant_place(inv, params->plan->tenant);
}

int invite_ask(struct invite *inv, unsigned slot, const struct ctl_req *req,
	       media_answer_h *h)
{
	struct ctl_req named = *req;

	str_ncpy(named.session, inv->rec.session, sizeof(named.session));
	inv->asks[slot] = mem_deref(inv->asks[slot]);
	return media_client_ask(&inv->asks[slot], inv->px->deps.media,
				inv->rec.media, &named, h, inv);
}

int invite_remote_offer(struct invite *inv, media_answer_h *h)
{
	char net[DEVICE_NET_MAX];
	struct ctl_req req = {
		.verb = CTL_LEG_REMOTE,
		.remote = {.leg = 1,
			   .kind = CTL_OFFER,
			   .profile = device_caller_profile(inv),
			   .create = true},
	};

	(void)smsg_sdp(txn_srv_request(inv->st), &req.remote.sdp);
	device_caller_terms(&req.remote.terms, net, inv);
	str_ncpy(req.remote.call, inv->rec.call, sizeof(req.remote.call));
	pl_set_str(&req.remote.tenant, inv->rec.tenant);
	return invite_ask(inv, 0, &req, h);
}

bool invite_replaces(const struct invite *inv)
{
	return inv->hunt.replaced.call[0] != '\0';
}

bool invite_delayed(const struct invite *inv)
{
	return inv->rec.offer_cseq != 0;
}

int invite_local_offer(struct invite *inv, media_answer_h *h)
{
	char net[DEVICE_NET_MAX];
	struct ctl_req req = {
		.verb = CTL_LEG_LOCAL,
		.local = {.leg = 1,
			  .want = CTL_OFFER,
			  .profile = device_caller_profile(inv),
			  .create = true},
	};

	device_caller_terms(&req.local.terms, net, inv);
	str_ncpy(req.local.call, inv->rec.call, sizeof(req.local.call));
	pl_set_str(&req.local.tenant, inv->rec.tenant);
	return invite_ask(inv, 0, &req, h);
}

void invite_fail(struct invite *inv, enum status code)
{
	reply_status(inv->px, inv->st, code);
	invite_give_up(inv, code);
}

void invite_refuse(struct invite *inv, uint16_t scode, enum status why)
{
	reply_status_as(inv->px, inv->st, scode, why);
	invite_give_up(inv, why);
}

void invite_save(struct invite *inv, call_record_h *h)
{
	inv->rec.state = CALL_UP;
	inv->rec.up_ms = proxy_unix_ms();
	conn_calls_up(inv->px, &inv->rec);
	call_due_up(inv->px, &inv->rec, inv->session_s);
	if (FAULT("sigd.record.save") ||
	    call_record_save(&inv->save, inv->px->deps.redis, &inv->rec,
			     inv->px->cfg.call_s + CALL_KEEP_S, h, inv))
		invite_fail(inv, STATUS_REDIS_DOWN);
}
