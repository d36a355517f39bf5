/*
 * hop_back.c  A response on its way back: the answer to the request that we
 *             were asked
 *
 * It is written anew from that request: Via, From, To, Call-ID, CSeq and the
 * Record-Route of its side are as its sender knows them, whatever the other
 * side was shown (RFC 3261 16.7 step 9, and what we hide). The To tag, and all
 * else that the other side said, goes on as it came.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "routing/route_conn.h"
#include "sigd/proxy/hop_back.h"
#include "sigd/proxy/who/identity.h"
#include "sigd/sip/smsg_build.h"

enum {
	FIELDS_MAX = SMSG_HDR_MAX + 6 + IDENTITY_VALUES
};

struct builder {
	const struct smsg *msg;
	const struct hop_back *back;
	struct smsg_field fieldv[FIELDS_MAX];
	size_t fieldc;
	char require[256];
	char session[32];
	char supported[256];
	unsigned private; /* enum privacy; 0: who is told may know all */
	struct identity_text told;
};

/* What is between the other side and us, or made anew from the request. */
static bool stays_here(enum shdr_id id)
{
	static const enum shdr_id ids[] = {
		SHDR_VIA,
		SHDR_FROM,
		SHDR_TO,
		SHDR_CALL_ID,
		SHDR_CSEQ,
		SHDR_MAX_FORWARDS,
		SHDR_ROUTE,
		SHDR_RECORD_ROUTE,
		SHDR_PATH,
		SHDR_SERVICE_ROUTE,
		SHDR_CONTACT,
		SHDR_CONTENT_LENGTH,
		SHDR_REQUIRE,
		SHDR_SUPPORTED,
		SHDR_P_ASSERTED_IDENTITY,
		SHDR_P_PREFERRED_IDENTITY,
		SHDR_REMOTE_PARTY_ID,
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (id == ids[i])
			return true;
	}
	return false;
}

/* They describe the body, which goes on only when it is no SDP. */
static bool is_of_body(enum shdr_id id)
{
	return id == SHDR_CONTENT_TYPE || id == SHDR_CONTENT_DISPOSITION ||
	       id == SHDR_CONTENT_ENCODING;
}

/* No header of ours comes from outside. */
static bool is_internal(const struct pl *name)
{
	const struct pl prefix = PL("X-Cordboard-");
	const struct pl head = {name->p, min(name->l, prefix.l)};

	return !pl_casecmp(&head, &prefix);
}

static bool goes_on(const struct builder *b, const struct smsg_hdr *hdr)
{
	const struct pl name = smsg_hdr_name(b->msg, hdr);
	const enum shdr_id id = (enum shdr_id)hdr->id;

	if (id == SHDR_OTHER && is_internal(&name))
		return false;
	if (b->private && privacy_strips(b->private, id, &name))
		return false;
	/* the other side knows the device, and asks for its password */
	if (id == SHDR_WWW_AUTHENTICATE || id == SHDR_PROXY_AUTHENTICATE)
		return b->back->challenge;
	if (stays_here(id))
		return false;
	if (is_of_body(id))
		return b->back->keep_body;
	/* that it is reliable is for who can acknowledge it */
	if (id == SHDR_RSEQ)
		return b->back->reliable;
	/* that the PBX has too much to do is no word of ours to the caller */
	if (id == SHDR_RETRY_AFTER)
		return b->msg->scode < 500 || b->msg->scode >= 600;
	return true;
}

static void add(struct builder *b, const char *name, const struct pl *val)
{
	if (!val->l || b->fieldc >= FIELDS_MAX)
		return;
	pl_set_str(&b->fieldv[b->fieldc].name, name);
	b->fieldv[b->fieldc++].val = *val;
}

/* What it requires (timer), but for reliable provisional responses. */
static void add_require(struct builder *b)
{
	const struct smsg_hdr *hdr = smsg_hdr(b->msg, SHDR_REQUIRE);
	struct pl token, out;
	size_t n = 0;

	for (; hdr; hdr = smsg_hdr_next(b->msg, hdr)) {
		struct pl list = smsg_hdr_val(b->msg, hdr);

		while (!shdr_list_next(&token, &list)) {
			if ((!b->back->reliable &&
			     !pl_strcasecmp(&token, "100rel")) ||
			    n + token.l + 3 > sizeof(b->require))
				continue;
			n += (size_t)re_snprintf(b->require + n,
						 sizeof(b->require) - n, "%s%r",
						 n ? ", " : "", &token);
		}
	}
	if (b->back->session && n + sizeof(", timer") <= sizeof(b->require))
		n += (size_t)re_snprintf(b->require + n,
					 sizeof(b->require) - n, "%stimer",
					 n ? ", " : "");
	out.p = b->require;
	out.l = n;
	add(b, "Require", &out);
}

static void add_session(struct builder *b)
{
	struct pl val;

	if (!b->back->session)
		return;
	re_snprintf(b->session, sizeof(b->session), "%u;refresher=uac",
		    b->back->session);
	pl_set_str(&val, b->session);
	add(b, "Session-Expires", &val);
}

/* From stays as a dialog began: nobody shall think that it may change
 * (RFC 4916). */
static void add_supported(struct builder *b)
{
	const struct smsg_hdr *hdr = smsg_hdr(b->msg, SHDR_SUPPORTED);
	struct pl token, out = {b->supported, 0};

	for (; hdr; hdr = smsg_hdr_next(b->msg, hdr)) {
		struct pl list = smsg_hdr_val(b->msg, hdr);

		while (!shdr_list_next(&token, &list)) {
			if (!pl_strcasecmp(&token, "from-change") ||
			    out.l + token.l + 3 > sizeof(b->supported))
				continue;
			out.l += (size_t)re_snprintf(
				b->supported + out.l,
				sizeof(b->supported) - out.l, "%s%r",
				out.l ? ", " : "", &token);
		}
	}
	add(b, "Supported", &out);
}

static void add_identity(struct builder *b)
{
	struct identity who;
	struct caller_id shown;

	if (!b->back->who || b->msg->scode >= 300)
		return;
	who = *b->back->who;
	if (who.to && who.to->trusted)
		identity_shown(&who, &shown, b->msg);
	identity_tell(&b->told, b->msg, &who);
	for (unsigned i = 0; i < b->told.n; i++)
		add(b, b->told.header, &b->told.val[i]);
}

/* Ours is nearest to who answered, so it stands above those that came with
 * the request (RFC 3261 12.1.1). */
static void add_routes(struct builder *b, const struct smsg *req)
{
	const struct smsg_hdr *hdr = smsg_hdr(req, SHDR_RECORD_ROUTE);

	add(b, "Record-Route", &b->back->route);
	for (; hdr; hdr = smsg_hdr_next(req, hdr)) {
		struct pl val = smsg_hdr_val(req, hdr);

		add(b, "Record-Route", &val);
	}
}

static void add_others(struct builder *b)
{
	for (unsigned i = 0; i < b->msg->hdrc && b->fieldc < FIELDS_MAX; i++) {
		const struct smsg_hdr *hdr = &b->msg->hdrv[i];

		if (!goes_on(b, hdr))
			continue;
		b->fieldv[b->fieldc].name = smsg_hdr_name(b->msg, hdr);
		b->fieldv[b->fieldc++].val = smsg_hdr_val(b->msg, hdr);
	}
}

static void body_fill(struct smsg_reply *reply, const struct hop_back *back,
		      const struct smsg *msg)
{
	if (back->sdp && back->sdp->l) {
		pl_set_str(&reply->ctype, "application/sdp");
		reply->body = *back->sdp;
	} else if (back->keep_body) {
		/* its Content-Type is among the fields */
		reply->body = msg->body;
	}
}

int hop_back_write(struct proxy *px, size_t *len, const struct smsg *req,
		   const struct smsg *msg, const struct hop_back *back)
{
	struct smsg_reply reply = {.scode = back->scode ? back->scode
							: msg->scode,
				   .to_tag = msg->to.tag};
	struct builder *b = mem_zalloc(sizeof(*b), NULL);
	char phrase[128];
	int err;

	if (!b)
		return ENOMEM;

	b->msg = msg;
	b->back = back;
	if (!back->who || !back->who->to || !back->who->to->trusted)
		b->private = privacy_wanted(msg);
	if (!back->scode && !pl_strcpy(&msg->reason, phrase, sizeof(phrase)))
		reply.reason = phrase;
	if (back->dialog)
		add_routes(b, req);
	add(b, "Contact", &back->contact);
	add_require(b);
	add_session(b);
	add_supported(b);
	add_identity(b);
	add_others(b);
	reply.fieldv = b->fieldv;
	reply.fieldc = b->fieldc;
	body_fill(&reply, back, msg);
	err = smsg_reply_write(px->buf, SMSG_MAX, len, req, &reply);
	mem_deref(b);
	return err;
}
