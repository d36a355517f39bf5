/*
 * relay_write.c  The messages of a request that is no call
 *
 * As with calls neither side sees the other's Vias, routes and Contact. What
 * is needed of these in the dialogs that it makes stands sealed in our own
 * Contact and Record-Route (sigd/call/sub_token.h). Bodies pass as they are.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "sigd/proxy/hop.h"
#include "sigd/proxy/form.h"
#include "sigd/proxy/hop_back.h"
#include "sigd/proxy/loop_guard.h"
#include "sigd/proxy/relay/relay_priv.h"

enum {
	ROUTES_TEXT_MAX = 2048
};

/* --- our addresses --------------------------------------------------------------- */

/* A text that grows; too long is an error that stays. */
struct text {
	char *p;
	size_t size, len;
	int err;
};

static void text_add(struct text *text, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (text->err)
		return;
	va_start(ap, fmt);
	n = re_vsnprintf(text->p + text->len, text->size - text->len, fmt, ap);
	va_end(ap);
	if (n < 0)
		text->err = EOVERFLOW;
	else
		text->len += (size_t)n;
}

static uint64_t now_s(void)
{
	return proxy_unix_ms() / 1000;
}

/* A URI of the other side, as this one may see it. */
static void add_sealed(struct text *text, const struct relay *relay,
		       const struct pl *uri, const struct flow_id *to,
		       const char *more)
{
	const struct proxy *px = relay->px;
	const struct smsg *req = txn_srv_request(relay->st);
	char token[SEAL_TEXT_MAX + 1];

	if (!text->err)
		text->err = sub_uri_seal(token, px->deps.keyring, now_s(),
					 &req->callid, uri);
	text_add(text, "<sip:%s@%s;transport=%s%s>", token, hop_host(px, to),
		 hop_transport(to), more);
}

static void add_cookie(struct text *text, const struct relay *relay,
		       struct sub_cookie *cookie, const struct flow_id *to)
{
	const struct proxy *px = relay->px;
	const struct smsg *req = txn_srv_request(relay->st);
	const struct sub_dialog dialog = {
		req->callid, relay->notifies ? req->to.tag : req->from.tag};
	const size_t start = text->len;
	char token[SEAL_TEXT_MAX + 1];

	for (int i = 0; i < 2 && !text->err; i++) {
		text->len = start;
		text->err = sub_cookie_seal(token, px->deps.keyring, now_s(),
					    cookie, &dialog);
		text_add(text, "<sip:%s@%s;transport=%s;lr>", token,
			 hop_host(px, to), hop_transport(to));
		/* some PBXs keep only so much of a route: then the hint stays
		 * behind */
		if (text->len - start < HOP_ROUTE_MAX)
			return;
		cookie->flow_len = 0;
	}
}

/* What the far end of `to` will show us: it leads to `end`, over `flow`. */
static void cookie_fill(struct sub_cookie *cookie, const struct relay *relay,
			bool to_subscriber, const struct flow_id *flow)
{
	memset(cookie, 0, sizeof(*cookie));
	cookie->to_subscriber = to_subscriber;
	cookie->hidden = relay_hidden(relay);
	str_ncpy(cookie->tenant, relay->tenant->id, sizeof(cookie->tenant));
	if (flow_id_pack(flow, cookie->flow, &cookie->flow_len))
		cookie->flow_len = 0;
}

/* --- the request -------------------------------------------------------------------- */

/* The way back to the sender, for the one who gets it: ourselves, then what
 * stands between the sender and us. */
static void record_route(const struct relay_try *try, struct smsg_edit *ed)
{
	const struct relay *relay = try->relay;
	char buf[ROUTES_TEXT_MAX];
	struct text text = {.p = buf, .size = sizeof(buf)};
	struct sub_cookie cookie;
	struct shdr_addr route;
	struct smsg_iter it;
	struct pl val;

	cookie_fill(&cookie, relay, !relay->notifies, &relay->source);
	cookie.to = relay->asker;
	cookie.from = try->to.end;
	add_cookie(&text, relay, &cookie, &try->to.flow);
	smsg_iter_init(&it, ed->msg, SHDR_RECORD_ROUTE);
	while (!smsg_iter_addr(&it, &route)) {
		text_add(&text, ", ");
		add_sealed(&text, relay, &route.uri.text, &try->to.flow, ";lr");
	}
	if (text.err && !ed->err)
		ed->err = text.err;
	val = smsg_edit_text(ed, "%b", buf, text.len);
	smsg_edit_set(ed, SHDR_RECORD_ROUTE, &val);
}

static void contact(const struct relay_try *try, struct smsg_edit *ed)
{
	const enum smsg_method method = ed->msg->method;
	char buf[HOP_ADDR_MAX];
	struct text text = {.p = buf, .size = sizeof(buf)};
	struct shdr_addr addr;
	struct pl val;

	/* of use only where it makes a dialog */
	if ((method != SMSG_SUBSCRIBE && method != SMSG_NOTIFY &&
	     method != SMSG_REFER) ||
	    smsg_addr(ed->msg, SHDR_CONTACT, &addr) || addr.star) {
		smsg_edit_remove(ed, SHDR_CONTACT);
		return;
	}
	add_sealed(&text, try->relay, &addr.uri.text, &try->to.flow, "");
	if (text.err && !ed->err)
		ed->err = text.err;
	val = smsg_edit_text(ed, "%b", buf, text.len);
	smsg_edit_set(ed, SHDR_CONTACT, &val);
}

static void cseq(const struct relay_try *try, struct smsg_edit *ed)
{
	const struct shdr_cseq *came = &ed->msg->cseq;
	struct pl val;

	if (!try->to.conn ||
	    came->num > (uint32_t)INT32_MAX / RELAY_CSEQ_STEP - 1)
		return;
	val = smsg_edit_text(ed, "%u %r", came->num * RELAY_CSEQ_STEP + try->again,
			     &came->name);
	smsg_edit_set(ed, SHDR_CSEQ, &val);
}

static void route(const struct relay *relay, struct smsg_edit *ed)
{
	struct pl val;

	/* only our table routes */
	smsg_edit_remove(ed, SHDR_ROUTE);
	pl_set_str(&val, relay->routes);
	if (val.l)
		smsg_edit_push(ed, SHDR_ROUTE, &val);
}

int relay_request_write(struct relay_try *try, const char *via, size_t *len)
{
	struct relay *relay = try->relay;
	struct proxy *px = relay->px;
	struct smsg_edit *ed = mem_alloc(sizeof(*ed), NULL);
	struct pl uri, own;
	int err;

	if (!ed)
		return ENOMEM;
	smsg_edit_init(ed, txn_srv_request(relay->st));
	pl_set_str(&uri, try->to.target);
	smsg_edit_uri(ed, &uri);
	smsg_edit_hop(ed);
	if (relay_try_passes(try))
		hop_clean_identity(ed);
	else
		hop_clean(ed);
	side_names_edit(ed, &try->to.names);
	relay_identity(try, ed);
	cseq(try, ed);
	challenge_edit(&try->challenge, ed);
	contact(try, ed);
	relay_refer_edit(try, ed);
	if (relay_is_subscription(relay))
		record_route(try, ed);
	else
		smsg_edit_remove(ed, SHDR_RECORD_ROUTE);
	if (!relay->cookie)
		loop_breadth_edit(ed, relay->hunt.breadth);
	pl_set_str(&own, via);
	smsg_edit_set(ed, SHDR_VIA, &own);
	route(relay, ed);
	form_edit(ed, try->form);
	err = smsg_edit_write(ed, px->buf, SMSG_MAX, len);
	mem_deref(ed);
	return err;
}

/* --- the answer --------------------------------------------------------------------------- */

static bool is_ours(const struct relay *relay, const struct shdr_addr *route)
{
	const struct smsg *req = txn_srv_request(relay->st);
	const struct sub_dialog dialog = {
		req->callid, relay->notifies ? req->to.tag : req->from.tag};
	struct sub_cookie cookie;

	return !sub_cookie_open(&cookie, relay->px->deps.keyring, &dialog,
				&route->uri.user);
}

/* What stood between us and who answered is above ours, which it copied
 * (RFC 3261 12.1.1): sealed it stands above ours again. */
static int back_route(char *buf, const struct relay_try *try,
		      const struct smsg *msg)
{
	const struct relay *relay = try->relay;
	struct text text = {.p = buf, .size = ROUTES_TEXT_MAX};
	struct sub_cookie cookie;
	struct shdr_addr above;
	struct smsg_iter it;

	smsg_iter_init(&it, msg, SHDR_RECORD_ROUTE);
	while (!smsg_iter_addr(&it, &above) && !is_ours(relay, &above)) {
		add_sealed(&text, relay, &above.uri.text, &relay->source,
			   ";lr");
		text_add(&text, ", ");
	}
	cookie_fill(&cookie, relay, relay->notifies, &try->to.flow);
	cookie.to = try->to.end;
	cookie.from = relay->asker;
	add_cookie(&text, relay, &cookie, &relay->source);
	return text.err;
}

static int back_contact(char *buf, const struct relay_try *try,
			const struct smsg *msg)
{
	struct text text = {.p = buf, .size = HOP_ADDR_MAX};
	struct shdr_addr addr;

	buf[0] = '\0';
	if (!smsg_addr(msg, SHDR_CONTACT, &addr) && !addr.star)
		add_sealed(&text, try->relay, &addr.uri.text,
			   &try->relay->source, "");
	return text.err;
}

/* What a device can do says where its media would be, too. */
static bool keeps_body(const struct smsg *msg)
{
	struct pl type;

	return msg->method != SMSG_OPTIONS ||
	       !smsg_val(msg, SHDR_CONTENT_TYPE, &type) ||
	       re_regex(type.p, type.l, "sdp");
}

int relay_back(struct relay_try *try, const struct smsg *msg)
{
	struct relay *relay = try->relay;
	struct hop_back back = {.keep_body = keeps_body(msg),
				.dialog = relay_is_subscription(relay)};
	const struct identity who = relay_who_answers(try);
	char routes[ROUTES_TEXT_MAX], addr[HOP_ADDR_MAX];
	size_t len;
	int err = 0;

	back.who = &who;
	if (back.dialog) {
		err = back_route(routes, try, msg);
		err = err ? err : back_contact(addr, try, msg);
		pl_set_str(&back.route, routes);
		pl_set_str(&back.contact, addr);
	}
	err = err ? err
		  : hop_back_write(relay->px, &len, txn_srv_request(relay->st),
				   msg, &back);
	return err ? err : txn_srv_reply(relay->st, relay->px->buf, len);
}
