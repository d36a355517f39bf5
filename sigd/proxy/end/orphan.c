/*
 * orphan.c  A final answer whose worker has died while the device rang
 *
 * The transaction died with it, and the way back to the caller. Its successor
 * gets what the device says, as the branch names the slot; the cookie in our
 * Record-Route tells which call it is. A refusal is acknowledged. With a 2xx
 * the device is not left with a call that nobody is in: ACK and BYE (RFC 3261
 * 13.2.2.4). The set-up is ended when its time to be taken over has come
 * (takeover.c), and not now: a caller who repeats its INVITE meanwhile is in the same
 * call, which then has one CDR (call/call_again.h). When the record says that the
 * call is up with this device, the caller may not know it: it gets the 2xx, and
 * its ACK is the device's. A call that is up is never ended by this.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "sigd/proxy/end/bye.h"
#include "sigd/proxy/end/hangup.h"
#include "sigd/proxy/end/orphan.h"
#include "sigd/proxy/end/takeover.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/sip/smsg_build.h"

enum {
	ORPHANS_MAX = 1000
};

struct orphan {
	struct le le;
	struct proxy *px;
	struct cookie cookie;
	struct flow_id flow; /* that it came on */
	struct smsg *msg;
	struct call_ask *ask;
};

static void destructor(void *data)
{
	struct orphan *orphan = data;

	list_unlink(&orphan->le);
	mem_deref(orphan->ask);
	mem_deref(orphan->msg);
}

static bool cookie_find(struct cookie *cookie, const struct proxy *px,
			const struct smsg *msg)
{
	const struct cookie_dialog dialog = {msg->callid, msg->from.tag};
	struct shdr_addr route;
	struct smsg_iter it;

	smsg_iter_init(&it, msg, SHDR_RECORD_ROUTE);
	while (!smsg_iter_addr(&it, &route)) {
		if (!cookie_open(cookie, px->deps.keyring, &dialog,
				 &route.uri.user))
			return cookie->direction == COOKIE_TO_CALLER;
	}
	return false;
}

static int side_fill(struct call_side *side, const struct shdr_addr *addr)
{
	int err = pl_strcpy(&addr->uri.text, side->uri, sizeof(side->uri));

	err |= pl_strcpy(&addr->tag, side->tag, sizeof(side->tag));
	return err ? EBADMSG : 0;
}

/* What a BYE to the device needs. */
static int record_fill(struct call_record *rec, const struct flow_id *flow,
		       const struct smsg *msg)
{
	struct call_side *callee = &rec->side[CALL_CALLEE];
	struct shdr_addr contact;
	int err = side_fill(&rec->side[CALL_CALLER], &msg->from);

	rec->side[CALL_CALLER].cseq = msg->cseq.num;
	err |= side_fill(callee, &msg->to);
	err |= smsg_addr(msg, SHDR_CONTACT, &contact) || contact.star;
	if (err)
		return EBADMSG;

	err = pl_strcpy(&contact.uri.text, callee->target,
			sizeof(callee->target));
	err |= hop_routes_of(callee->routes, msg);
	err |= pl_strcpy(&msg->callid, rec->callid, sizeof(rec->callid));
	err |= flow_id_pack(flow, callee->flow, &callee->flow_len);
	return err ? EBADMSG : 0;
}

static int ack_send(struct proxy *px, const struct flow_id *flow,
		    const struct smsg *msg, const struct call_record *rec)
{
	char via[HOP_VIA_MAX], text[BRANCH_TEXT_MAX + 1];
	struct smsg_request req = {.method = "ACK",
				   .cseq = msg->cseq.num,
				   .from = msg->from.val,
				   .to = msg->to.val,
				   .callid = msg->callid};
	struct pl route;
	size_t len;
	int err = hop_via_text(px, via, text, &msg->callid, flow);

	if (err)
		return err;

	pl_set_str(&route, rec->side[CALL_CALLEE].routes);
	req.routev = &route;
	req.routec = route.l ? 1 : 0;
	pl_set_str(&req.uri, rec->side[CALL_CALLEE].target);
	pl_set_str(&req.via, via);
	err = smsg_request_write(px->buf, SMSG_MAX, &len, &req);
	return err ? err
		   : transport_send(px->deps.transport, flow, px->buf, len, 0);
}

int orphan_release(struct proxy *px, const struct flow_id *flow,
		   const struct smsg *msg, bool bye)
{
	struct call_record *rec = mem_zalloc(sizeof(*rec), NULL);
	int err = rec ? record_fill(rec, flow, msg) : ENOMEM;

	if (!err)
		err = ack_send(px, flow, msg, rec);
	if (!err && bye)
		bye_send(px, rec, CALL_CALLEE, STATUS_KILLED);
	mem_deref(rec);
	return err;
}

/* RFC 3261 17.1.1.3. The Request-URI died with the worker; it is the Via that
 * tells the device what is acknowledged. */
static bool refusal_ack(struct proxy *px, const struct transport_src *src,
			const struct smsg *msg)
{
	const struct smsg_hdr *via = smsg_hdr(msg, SHDR_VIA);
	const struct smsg_request req = {.method = "ACK",
					 .uri = msg->to.uri.text,
					 .via = smsg_hdr_val(msg, via),
					 .cseq = msg->cseq.num,
					 .from = msg->from.val,
					 .to = msg->to.val,
					 .callid = msg->callid};
	size_t len;

	return !smsg_request_write(px->buf, SMSG_MAX, &len, &req) &&
	       !transport_send(px->deps.transport, &src->id, px->buf, len, 0);
}

/* The device would be in a call that nobody else is in. */
static void release(struct orphan *orphan)
{
	(void)orphan_release(orphan->px, &orphan->flow, orphan->msg, true);
}

static void on_record(enum status code, const struct call_record *rec,
		      void *arg)
{
	struct orphan *orphan = arg;
	struct proxy *px = orphan->px;
	const struct cookie *cookie = &orphan->cookie;
	const struct call_name name = {cookie->call, cookie->session,
				       cookie->media};

	orphan->ask = mem_deref(orphan->ask);
	if (code == STATUS_OK && rec->state == CALL_UP &&
	    !pl_strcmp(&orphan->msg->to.tag, rec->side[CALL_CALLEE].tag)) {
		/* its ACK is the caller's, which may not have heard it */
		takeover_call(px, rec->call);
	} else if (code == STATUS_OK) {
		release(orphan);
	} else if (code == STATUS_UNKNOWN_DIALOG) {
		release(orphan);
		hangup_unknown(px, &name, STATUS_KILLED);
	}
	/* without Redis nobody knows: the device says it again */
	mem_deref(orphan);
}

bool orphan_serve(struct proxy *px, const struct transport_src *src,
		  const struct smsg *msg)
{
	struct orphan *orphan;

	if (msg->method != SMSG_INVITE || msg->scode < 200)
		return false;
	if (msg->scode >= 300)
		return refusal_ack(px, src, msg);
	if (list_count(&px->tasks) >= ORPHANS_MAX)
		return false;

	orphan = mem_zalloc(sizeof(*orphan), destructor);
	if (!orphan)
		return false;
	orphan->px   = px;
	orphan->flow = src->id;
	list_append(&px->tasks, &orphan->le, orphan);
	if (!cookie_find(&orphan->cookie, px, msg) ||
	    smsg_clone(&orphan->msg, msg)) {
		mem_deref(orphan);
		return false;
	}

	log_info(orphan->cookie.call, "answered to a worker that died",
		 "code=%u", msg->scode);
	if (call_record_load(&orphan->ask, px->deps.redis, orphan->cookie.call,
			     on_record, orphan))
		mem_deref(orphan);
	return true;
}
