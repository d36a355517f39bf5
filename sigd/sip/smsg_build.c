/*
 * smsg_build.c  Messages of our own
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/sip/smsg_build.h"
#include "sigd/sip/smsg_out.h"

/* All fields of an id as they came, values unchanged. */
static void copy_all(struct smsg_out *out, const struct smsg *msg,
		     enum shdr_id id)
{
	const struct smsg_hdr *hdr = smsg_hdr(msg, id);

	for (; hdr; hdr = smsg_hdr_next(msg, hdr)) {
		struct pl val = smsg_hdr_val(msg, hdr);

		smsg_out_hdr(out, id, &val);
	}
}

static void copy_first(struct smsg_out *out, const struct smsg *msg,
		       enum shdr_id id)
{
	struct pl val;

	if (smsg_val(msg, id, &val))
		smsg_out_hdr(out, id, &val);
}

/* The first field's first value gets received and rport. */
static void vias(struct smsg_out *out, const struct smsg *req)
{
	const struct smsg_hdr *hdr = smsg_hdr(req, SHDR_VIA);
	struct pl val, rest;

	/* a Via that was not understood goes back as it came */
	if (!hdr || !req->via.val.l || !smsg_out_via_needed(req)) {
		copy_all(out, req, SHDR_VIA);
		return;
	}

	rest = smsg_hdr_val(req, hdr);
	(void)shdr_list_next(&val, &rest);
	smsg_out_str(out, "Via: ");
	smsg_out_via(out, req);
	while (!shdr_list_next(&val, &rest)) {
		smsg_out_mem(out, ", ", 2);
		smsg_out_mem(out, val.p, val.l);
	}
	smsg_out_mem(out, "\r\n", 2);

	while ((hdr = smsg_hdr_next(req, hdr))) {
		val = smsg_hdr_val(req, hdr);
		smsg_out_hdr(out, SHDR_VIA, &val);
	}
}

static void to(struct smsg_out *out, const struct smsg *req,
	       const struct smsg_reply *reply)
{
	struct pl val;

	if (!smsg_val(req, SHDR_TO, &val))
		return;

	smsg_out_str(out, "To: ");
	smsg_out_mem(out, val.p, val.l);
	/* a To that was not understood gets no tag */
	if (reply->scode > 100 && reply->to_tag.l && !req->to.tag.l &&
	    req->to.val.l) {
		smsg_out_str(out, ";tag=");
		smsg_out_text(out, &reply->to_tag);
	}
	smsg_out_mem(out, "\r\n", 2);
}

static void fields(struct smsg_out *out, const struct smsg_field *fieldv,
		   size_t fieldc)
{
	for (size_t i = 0; i < fieldc; i++)
		smsg_out_field(out, &fieldv[i].name, &fieldv[i].val);
}

int smsg_reply_write(uint8_t *buf, size_t size, size_t *len,
		     const struct smsg *req, const struct smsg_reply *reply)
{
	struct smsg_out out;
	struct pl reason;

	if (!req->request || reply->scode < 100 || reply->scode > 699)
		return EINVAL;

	smsg_out_init(&out, buf, size);
	pl_set_str(&reason,
		   reply->reason ? reply->reason : smsg_reason(reply->scode));
	smsg_out_str(&out, "SIP/2.0 ");
	smsg_out_u32(&out, reply->scode);
	smsg_out_mem(&out, " ", 1);
	smsg_out_text(&out, &reason);
	smsg_out_mem(&out, "\r\n", 2);

	vias(&out, req);
	if (reply->record_route)
		copy_all(&out, req, SHDR_RECORD_ROUTE);
	copy_first(&out, req, SHDR_FROM);
	to(&out, req, reply);
	copy_first(&out, req, SHDR_CALL_ID);
	copy_first(&out, req, SHDR_CSEQ);
	if (reply->scode == 100)
		copy_first(&out, req, SHDR_TIMESTAMP); /* 8.2.6.1 */
	fields(&out, reply->fieldv, reply->fieldc);
	smsg_out_body(&out, &reply->ctype, &reply->body);
	return smsg_out_done(&out, len);
}

/* ACK and CANCEL: the request's own, one Via, its Routes, no body. */
static void hop_request(struct smsg_out *out, const struct smsg *req,
			const struct smsg *to_of, const char *method)
{
	smsg_out_str(out, method);
	smsg_out_mem(out, " ", 1);
	smsg_out_mem(out, req->uri.text.p, req->uri.text.l);
	smsg_out_str(out, " SIP/2.0\r\nVia: ");
	smsg_out_mem(out, req->via.val.p, req->via.val.l);
	smsg_out_mem(out, "\r\n", 2);
	copy_all(out, req, SHDR_ROUTE);
	smsg_out_str(out, "Max-Forwards: 70\r\n");
	copy_first(out, req, SHDR_FROM);
	copy_first(out, to_of, SHDR_TO);
	copy_first(out, req, SHDR_CALL_ID);
	smsg_out_str(out, "CSeq: ");
	smsg_out_u32(out, req->cseq.num);
	smsg_out_mem(out, " ", 1);
	smsg_out_str(out, method);
	smsg_out_mem(out, "\r\n", 2);
}

int smsg_ack_write(uint8_t *buf, size_t size, size_t *len,
		   const struct smsg *invite, const struct smsg *resp)
{
	struct smsg_out out;

	if (!invite->request || invite->method != SMSG_INVITE || resp->request)
		return EINVAL;
	smsg_out_init(&out, buf, size);
	hop_request(&out, invite, resp, "ACK");
	smsg_out_body(&out, &pl_null, &pl_null);
	return smsg_out_done(&out, len);
}

int smsg_cancel_write(uint8_t *buf, size_t size, size_t *len,
		      const struct smsg *req, const struct pl *reason)
{
	struct smsg_out out;

	if (!req->request)
		return EINVAL;
	smsg_out_init(&out, buf, size);
	hop_request(&out, req, req, "CANCEL");
	if (reason && reason->l)
		smsg_out_hdr(&out, SHDR_REASON, reason);
	smsg_out_body(&out, &pl_null, &pl_null);
	return smsg_out_done(&out, len);
}

int smsg_request_write(uint8_t *buf, size_t size, size_t *len,
		       const struct smsg_request *req)
{
	struct smsg_out out;

	smsg_out_init(&out, buf, size);
	smsg_out_str(&out, req->method);
	smsg_out_mem(&out, " ", 1);
	smsg_out_text(&out, &req->uri);
	smsg_out_str(&out, " SIP/2.0\r\n");
	smsg_out_hdr(&out, SHDR_VIA, &req->via);
	for (size_t i = 0; i < req->routec; i++)
		smsg_out_hdr(&out, SHDR_ROUTE, &req->routev[i]);
	smsg_out_str(&out, "Max-Forwards: ");
	smsg_out_u32(&out, req->max_forwards ? req->max_forwards : 70);
	smsg_out_mem(&out, "\r\n", 2);
	smsg_out_hdr(&out, SHDR_FROM, &req->from);
	smsg_out_hdr(&out, SHDR_TO, &req->to);
	smsg_out_hdr(&out, SHDR_CALL_ID, &req->callid);
	smsg_out_str(&out, "CSeq: ");
	smsg_out_u32(&out, req->cseq);
	smsg_out_mem(&out, " ", 1);
	smsg_out_str(&out, req->method);
	smsg_out_mem(&out, "\r\n", 2);
	fields(&out, req->fieldv, req->fieldc);
	smsg_out_body(&out, &req->ctype, &req->body);
	return smsg_out_done(&out, len);
}
