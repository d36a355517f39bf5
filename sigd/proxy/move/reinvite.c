/*
 * reinvite.c  An INVITE of our own within a call, to one side
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/wheel.h"
#include "routing/route_conn.h"
#include "sigd/call/call_dialog.h"
#include "sigd/call/call_own.h"
#include "sigd/proxy/conn/conn_pins.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/move/reinvite.h"
#include "sigd/proxy/request.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/challenge.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/sip/smsg_sdp.h"

enum {
	ADDR_MAX = 1024,
	FIELDS = 7,
	TIMER_S = 1800, /* RFC 4028 4: what is recommended */
	TRIES = 20,
};

struct reinvite {
	struct le le;
	struct proxy *px;
	char call[17];
	unsigned side;
	struct mbuf *sdp;
	struct call_ask *ask;
	struct call_record *rec; /* as it was when the last one was sent */
	struct txn_cli *ct;
	uint64_t ref; /* of what was sent last */
	struct wheel_timer again;
	struct challenge challenge;
	uint32_t cseq;
	unsigned tries;
	bool timerless; /* the side wants another timer than ours: none */
	reinvite_h *h;  /* NULL: nobody waits */
	void *arg;
};

static void destructor(void *data)
{
	struct reinvite *ri = data;

	list_unlink(&ri->le);
	wheel_stop(&ri->again);
	mem_deref(ri->ask);
	mem_deref(ri->rec);
	mem_deref(ri->sdp);
	challenge_reset(&ri->challenge);
	if (ri->ct)
		txn_cli_detach(ri->ct);
}

/* The last word; what follows is only the ACK of what is repeated. */
static void tell(struct reinvite *ri, enum status code,
		 const struct reinvite_answer *answer)
{
	reinvite_h *h = ri->h;

	ri->h = NULL;
	if (h)
		h(code, answer, ri->arg);
}

static void fail(struct reinvite *ri, enum status code)
{
	mem_ref(ri);
	tell(ri, code, NULL);
	mem_deref(ri);
	mem_deref(ri);
}

/* --- its bytes ------------------------------------------------------------------- */

/* As the dialog of the side that it goes to has it. */
static const char *uri_of(const struct call_side *side, unsigned to_side)
{
	return to_side == CALL_CALLEE && side->far[0] ? side->far : side->uri;
}

/* We are the far end: the cookie stands in our Contact (invite_service.c). */
static int service_contact(char text[HOP_ADDR_MAX], const struct reinvite *ri,
			   const struct flow_id *flow)
{
	const struct call_record *rec = ri->rec;
	struct cookie cookie = {.direction = COOKIE_TO_SERVICE, .leg = 1};
	struct cookie_dialog dialog;
	char token[SEAL_TEXT_MAX + 1];
	int err;

	pl_set_str(&dialog.callid, rec->callid);
	pl_set_str(&dialog.caller_tag, rec->side[CALL_CALLER].tag);
	str_ncpy(cookie.call, rec->call, sizeof(cookie.call));
	str_ncpy(cookie.session, rec->session, sizeof(cookie.session));
	str_ncpy(cookie.tenant, rec->tenant, sizeof(cookie.tenant));
	str_ncpy(cookie.media, rec->media, sizeof(cookie.media));
	err = cookie_seal(token, ri->px->deps.keyring, proxy_unix_ms() / 1000,
			  &cookie, &dialog);
	if (err)
		return err;
	return re_snprintf(text, HOP_ADDR_MAX, "<sip:%s@%s;transport=%s>",
			   token, hop_host(ri->px, flow),
			   hop_transport(flow)) < 0
		       ? EOVERFLOW
		       : 0;
}

static int contact_of(char text[HOP_ADDR_MAX], const struct reinvite *ri,
		      const struct flow_id *flow)
{
	const struct hop_side from = {ri->call, (uint8_t)!ri->side};
	struct pl target;

	if (ri->rec->service[0])
		return service_contact(text, ri, flow);
	pl_set_str(&target, ri->rec->side[!ri->side].target);
	return hop_contact_of(text, ri->px, &target, flow, &from);
}

/* Room for what the fields of one request say. */
struct words {
	char via[HOP_VIA_MAX], from[ADDR_MAX], to[ADDR_MAX];
	char contact[HOP_ADDR_MAX], timer[64];
	struct smsg_field fields[FIELDS];
	struct pl route;
};

static void field(struct smsg_request *req, struct words *words,
		  const char *name, const char *val)
{
	pl_set_str(&words->fields[req->fieldc].name, name);
	pl_set_str(&words->fields[req->fieldc].val, val);
	++req->fieldc;
}

/* Who refreshes the session is the side that can, as ever; without the header
 * it would take the timer as over (RFC 4028 9). */
static void timer_fill(struct reinvite *ri, struct smsg_request *req,
		       struct words *words)
{
	const uint32_t want = ri->px->cfg.session.expires;

	field(req, words, "Supported", "timer");
	if (ri->timerless)
		return;
	re_snprintf(words->timer, sizeof(words->timer), "%u;refresher=uas",
		    max(want ? want : (uint32_t)TIMER_S,
			ri->px->cfg.session.min));
	field(req, words, "Session-Expires", words->timer);
}

static int words_fill(struct reinvite *ri, struct words *words,
		      struct smsg_request *req, const struct flow_id *flow,
		      char branch[])
{
	const struct call_record *rec = ri->rec;
	const struct call_side *to = &rec->side[ri->side];
	const struct call_side *from = &rec->side[!ri->side];
	int err;

	pl_set_str(&req->callid, rec->callid);
	err = hop_via_text(ri->px, words->via, branch, &req->callid, flow);
	if (err)
		return err;
	if (re_snprintf(words->from, sizeof(words->from), "<%s>;tag=%s",
			uri_of(from, ri->side), from->tag) < 0 ||
	    re_snprintf(words->to, sizeof(words->to), "<%s>;tag=%s",
			uri_of(to, ri->side), to->tag) < 0)
		return EOVERFLOW;
	pl_set_str(&words->route, to->routes);
	req->routev = &words->route;
	req->routec = words->route.l ? 1 : 0;
	pl_set_str(&req->uri, to->target);
	pl_set_str(&req->via, words->via);
	pl_set_str(&req->from, words->from);
	pl_set_str(&req->to, words->to);
	req->fieldv = words->fields;
	req->cseq = ri->cseq;
	return 0;
}

static int invite_write(struct reinvite *ri, const struct flow_id *flow,
			char branch[], size_t *len)
{
	struct smsg_request req = {.method = "INVITE",
				   .ctype = PL("application/sdp")};
	struct words words;
	int err = words_fill(ri, &words, &req, flow, branch);

	err = err ? err : contact_of(words.contact, ri, flow);
	if (err)
		return err;
	field(&req, &words, "Contact", words.contact);
	field(&req, &words, "Allow", request_allow);
	timer_fill(ri, &req, &words);
	challenge_fields(&ri->challenge, words.fields, &req.fieldc);
	pl_set_mbuf(&req.body, ri->sdp);
	return smsg_request_write(ri->px->buf, SMSG_MAX, len, &req);
}

/* RFC 3261 13.2.2.4: with the INVITE's CSeq and credentials. */
static void ack(struct reinvite *ri, const struct smsg *answer)
{
	const struct call_side *to = &ri->rec->side[ri->side];
	struct smsg_request req = {.method = "ACK"};
	char branch[BRANCH_TEXT_MAX + 1];
	struct shdr_addr contact;
	struct words words;
	struct flow_id flow;
	size_t len;

	if (flow_id_unpack(&flow, to->flow, to->flow_len) ||
	    words_fill(ri, &words, &req, &flow, branch))
		return;
	if (!smsg_addr(answer, SHDR_CONTACT, &contact) && !contact.star)
		req.uri = contact.uri.text;
	challenge_fields(&ri->challenge, words.fields, &req.fieldc);
	if (!smsg_request_write(ri->px->buf, SMSG_MAX, &len, &req))
		(void)transport_send(ri->px->deps.transport, &flow,
				     ri->px->buf, len, 0);
}

/* --- its answers ----------------------------------------------------------------- */

static void on_record(enum status code, const struct call_record *rec,
		      void *arg);

/* With a CSeq of its own (RFC 3261 22.2). */
static int ask_record(struct reinvite *ri)
{
	return call_own_request(&ri->ask, ri->px->deps.redis, ri->call,
				ri->side, on_record, ri);
}

static void on_again(void *arg)
{
	struct reinvite *ri = arg;

	if (ask_record(ri))
		fail(ri, STATUS_REDIS_DOWN);
}

/* In a while of 1 to 2 T1. */
static void later(struct reinvite *ri, enum status code)
{
	const uint32_t t1 = ri->px->cfg.txn.t1 ? ri->px->cfg.txn.t1 : 500;

	if (!ri->h || ++ri->tries >= TRIES)
		fail(ri, code);
	else
		wheel_start(ri->px->deps.wheel, &ri->again,
			    t1 + rand_u32() % t1, on_again, ri);
}

/* The remote target as it says now (RFC 3261 12.2.1.2). */
static void refresh(struct reinvite *ri, const struct smsg *msg)
{
	struct pl target[CALL_SIDES] = {PL(""), PL("")};
	struct shdr_addr contact;

	if (smsg_addr(msg, SHDR_CONTACT, &contact) || contact.star)
		return;
	target[ri->side] = contact.uri.text;
	call_targets(ri->px->deps.redis, ri->call, target);
}

/* What is repeated gets its ACK again; an answer that comes after we gave up
 * as well: whoever gave up ends the call. */
static void accepted(struct reinvite *ri, const struct smsg *msg)
{
	const struct session_limits *limits = &ri->px->cfg.session;
	struct reinvite_answer answer;

	ack(ri, msg);
	if (!ri->h)
		return;
	answer.session_s = session_agree(limits, 0, msg, msg).expires;
	if (smsg_sdp(msg, &answer.sdp) || !answer.sdp.l) {
		tell(ri, STATUS_NO_OFFER, NULL);
		return;
	}
	refresh(ri, msg);
	tell(ri, STATUS_OK, &answer);
}

static bool challenged(struct reinvite *ri, const struct smsg *msg)
{
	struct challenge_asked asked = {.dialog = true};
	int err;

	asked.conn = side_login(ri->px, ri->rec, ri->side);
	if (!asked.conn)
		return false;
	pl_set_mbuf(&asked.body, ri->sdp);
	pl_set_str(&asked.uri, ri->rec->side[ri->side].target);
	err = challenge_take(&ri->challenge, ri->px, &asked, msg);
	if (err)
		log_warn(ri->call, "challenge not answered",
			 "connection=%s method=INVITE code=%u why=%s",
			 asked.conn->name, msg->scode, challenge_why(err));
	return !err;
}

static void refused(struct reinvite *ri, const struct smsg *msg)
{
	switch (msg->scode) {
	case 401:
	case 407:
		if (!challenged(ri, msg))
			fail(ri, STATUS_FORBIDDEN);
		else if (ask_record(ri))
			fail(ri, STATUS_REDIS_DOWN);
		break;
	case 422:
		ri->timerless = true;
		later(ri, STATUS_BRIEF_INTERVAL);
		break;
	case 408:
	case 481:
		fail(ri, STATUS_UNKNOWN_DIALOG);
		break;
	case 430:
	case 480:
	case 491:
	case 500:
	case 503:
		later(ri, STATUS_OFFER_PENDING);
		break;
	default:
		fail(ri, STATUS_NOT_ACCEPTABLE);
		break;
	}
}

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct reinvite *ri = arg;

	if (msg->scode < 200)
		return;
	if (msg->scode < 300) {
		mem_ref(ri);
		accepted(ri, msg);
		mem_deref(ri);
		return;
	}
	txn_cli_detach(ct);
	ri->ct = NULL;
	log_info(ri->call, "an INVITE of ours is refused", "side=%u code=%u",
		 ri->side, msg->scode);
	refused(ri, msg);
}

static void on_end(struct txn_cli *ct, int err, void *arg)
{
	struct reinvite *ri = arg;
	(void)ct;

	ri->ct = NULL;
	if (!ri->h)
		mem_deref(ri);
	else if (err && err != ETIMEDOUT && err != ECANCELED)
		later(ri, STATUS_FLOW_GONE);
	else
		fail(ri, STATUS_TARGET_TIMEOUT);
}

/* --- life ------------------------------------------------------------------------- */

static int invite_send(struct reinvite *ri)
{
	const struct call_side *to = &ri->rec->side[ri->side];
	struct txn_cli_params params = {.resph = on_response,
					.endh = on_end,
					.arg = ri};
	char branch[BRANCH_TEXT_MAX + 1];
	struct txn_dest dest;
	struct flow_id flow;
	int err;

	if (!to->flow_len)
		return ENOENT;
	ri->cseq = ri->rec->side[!ri->side].cseq + to->shift;
	err = flow_id_unpack(&flow, to->flow, to->flow_len);
	err = err ? err : invite_write(ri, &flow, branch, &params.len);
	if (err)
		return err;
	dest_of_flow(&dest, &flow);
	params.dest = &dest;
	params.msg = ri->px->buf;
	pl_set_str(&params.branch, branch);
	return hop_start(ri->px, &ri->ct, &ri->ref, &params);
}

static void on_record(enum status code, const struct call_record *rec,
		      void *arg)
{
	struct reinvite *ri = arg;
	const struct route_connection *conn;
	int err;

	ri->ask = mem_deref(ri->ask);
	if (code != STATUS_OK) {
		fail(ri, code);
		return;
	}
	*ri->rec = *rec;
	conn = side_login(ri->px, rec, ri->side);
	if (conn)
		conn_pins_fetch(ri->px->pins, conn);
	err = invite_send(ri);
	log_debug(ri->call, "an INVITE of ours", "side=%u err=%d", ri->side,
		  err);
	if (err)
		later(ri, STATUS_FLOW_GONE);
}

int reinvite_start(struct reinvite **rip, struct proxy *px,
		   const struct reinvite_params *params)
{
	struct reinvite *ri = mem_zalloc(sizeof(*ri), destructor);
	int err = ENOMEM;

	if (!ri)
		return ENOMEM;
	ri->px = px;
	ri->side = params->side;
	ri->h = params->h;
	ri->arg = params->arg;
	str_ncpy(ri->call, params->call, sizeof(ri->call));
	list_append(&px->reinvites, &ri->le, ri);
	ri->rec = mem_zalloc(sizeof(*ri->rec), NULL);
	ri->sdp = mbuf_alloc(params->sdp.l + 1);
	if (ri->rec && ri->sdp)
		err = mbuf_write_pl(ri->sdp, &params->sdp);
	if (!err) {
		mbuf_set_pos(ri->sdp, 0);
		err = ask_record(ri);
	}
	if (err)
		mem_deref(ri);
	else
		*rip = ri;
	return err;
}

/* A 2xx may come yet, and gets its ACK. */
struct reinvite *reinvite_drop(struct reinvite *ri)
{
	if (!ri)
		return NULL;
	ri->h = NULL;
	if (ri->ct)
		(void)txn_cli_cancel(ri->ct, NULL);
	else
		mem_deref(ri);
	return NULL;
}

void reinvite_send_failed(struct proxy *px, uint64_t ref, int err)
{
	struct le *le;

	LIST_FOREACH(&px->reinvites, le) {
		const struct reinvite *ri = le->data;

		if (ri->ct && ri->ref == ref) {
			txn_cli_transport_error(ri->ct, err);
			return;
		}
	}
}
