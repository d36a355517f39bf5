/*
 * reply.c  Answers of our own
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <openssl/evp.h>

#include "common/keyring.h"
#include "common/log.h"
#include "common/seal.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/reply.h"
#include "sigd/proxy/request.h"
#include "sigd/sip/smsg_build.h"

/* RFC 3261 8.2.7 asks that a repeated request gets the same tag, also from
 * another worker: a hash under a key that only the cluster knows. */
void reply_tag(char tag[17], const struct proxy *px, const struct smsg *msg)
{
	uint8_t md[EVP_MAX_MD_SIZE];
	const uint8_t *key = NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t id = 0;
	bool ok;

	(void)keyring_current(px->deps.keyring, proxy_unix_ms() / 1000, &id);
	(void)keyring_key(px->deps.keyring, id, SEAL_BRANCH, &key);
	ok = ctx && key && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) &&
	     EVP_DigestUpdate(ctx, key, KEYRING_KEY_LEN) &&
	     EVP_DigestUpdate(ctx, msg->callid.p, msg->callid.l) &&
	     EVP_DigestUpdate(ctx, msg->from.tag.p, msg->from.tag.l) &&
	     EVP_DigestUpdate(ctx, msg->via.branch.p, msg->via.branch.l) &&
	     EVP_DigestFinal_ex(ctx, md, NULL);
	EVP_MD_CTX_free(ctx);
	if (!ok)
		memset(md, 0, sizeof(md));
	re_snprintf(tag, 17, "%w", md, (size_t)8);
}

enum { STATUS_FIELDS = 3, BRIEF_TAG = 4 };

/* What would do instead of a body (RFC 3261 8.2.3). */
static void mend_field(struct smsg_field *fields, size_t *n, enum status code)
{
	if (code == STATUS_BAD_MEDIA_TYPE) {
		pl_set_str(&fields[*n].name, "Accept");
		pl_set_str(&fields[(*n)++].val,
			   "application/sdp, multipart/mixed");
	}
}

/* From retry_s to twice that: who was refused together does not come back
 * together (RFC 5390 REQ 14). */
static void retry_text(char retry[16], const struct proxy *px)
{
	re_snprintf(retry, 16, "%u",
		    px->cfg.retry_s + rand_u32() % (px->cfg.retry_s + 1));
}

static void retry_field(struct smsg_field *fields, size_t *n, char retry[16],
			const struct proxy *px)
{
	retry_text(retry, px);
	pl_set_str(&fields[*n].name, "Retry-After");
	pl_set_str(&fields[(*n)++].val, retry);
}

void reply_reason(struct smsg_field *field, char text[REPLY_REASON_MAX],
		  enum status why)
{
	re_snprintf(text, REPLY_REASON_MAX, "cordboard;text=\"%s\"",
		    status_text(why));
	pl_set_str(&field->name, "Reason");
	pl_set_str(&field->val, text);
}

static size_t status_fields(struct smsg_field *fields, char retry[16],
			    char reason[REPLY_REASON_MAX], const struct proxy *px,
			    enum status code)
{
	size_t n = 0;

	reply_reason(&fields[n++], reason, code);
	if (status_info(code)->sip == 503)
		retry_field(fields, &n, retry, px);
	mend_field(fields, &n, code);
	return n;
}

void reply_status_as(struct proxy *px, struct txn_srv *st, uint16_t scode,
		     enum status why)
{
	struct smsg_field fields[STATUS_FIELDS];
	char retry[16], reason[REPLY_REASON_MAX], tag[17];
	struct smsg_reply reply = {.scode = scode, .fieldv = fields};

	reply_tag(tag, px, txn_srv_request(st));
	pl_set_str(&reply.to_tag, tag);
	reply.fieldc = status_fields(fields, retry, reason, px, why);
	if (scode == 503 && status_info(why)->sip != 503)
		retry_field(fields, &reply.fieldc, retry, px);
	(void)txn_srv_respond(st, &reply);
}

void reply_status(struct proxy *px, struct txn_srv *st, enum status code)
{
	const struct smsg *msg = txn_srv_request(st);
	struct smsg_field fields[STATUS_FIELDS];
	char retry[16], reason[REPLY_REASON_MAX], tag[17];
	struct smsg_reply reply = {
		.scode = status_info(code)->sip,
		.reason = status_info(code)->phrase,
		.fieldv = fields,
	};
	int err;

	reply_tag(tag, px, msg);
	pl_set_str(&reply.to_tag, tag);
	if (code != STATUS_OK)
		reply.fieldc = status_fields(fields, retry, reason, px, code);
	if (code == STATUS_REDIS_DOWN)
		++px->counts.refused_redis;

	err = txn_srv_respond(st, &reply);
	if (err)
		log_debug(NULL, "answer not sent", "code=%u err=%d",
			  reply.scode, err);
}

void reply_stray(struct proxy *px, struct txn_srv *st, enum status code)
{
	const struct smsg *msg = txn_srv_request(st);
	const bool any = txn_srv_source(st)->reliable;
	struct smsg_field fields[STATUS_FIELDS];
	char retry[16], reason[REPLY_REASON_MAX], tag[17];
	struct smsg_reply reply = {
		.scode = status_info(code)->sip,
		.reason = status_info(code)->phrase,
		.fieldv = fields,
	};
	size_t len;
	int err;

	reply_tag(tag, px, msg);
	pl_set_str(&reply.to_tag, tag);
	reply.fieldc = status_fields(fields, retry, reason, px, code);
	err = smsg_reply_write(px->buf, SMSG_MAX, &len, msg, &reply);
	if (!err && !any && len > msg->raw.l) {
		reply.fieldc = 0;
		reply.reason = "";
		reply.to_tag.l = BRIEF_TAG;
		err = smsg_reply_write(px->buf, SMSG_MAX, &len, msg, &reply);
	}
	if (!err && (any || len <= msg->raw.l))
		(void)txn_srv_reply(st, px->buf, len);
	txn_srv_forget(st);
}

void reply_stateless(struct proxy *px, const struct request *rq,
		     const struct smsg_err *err)
{
	struct smsg_field field;
	struct smsg_reply reply = {.scode = err->scode,
				   .reason = err->reason,
				   .fieldv = &field};
	struct flow_id id;
	char tag[17], retry[16];
	size_t len;

	++px->counts.malformed;
	if (!err->answerable || !err->scode ||
	    flow_of_dest(&id, &rq->dest))
		return;

	reply_tag(tag, px, rq->msg);
	pl_set_str(&reply.to_tag, tag);
	if (err->scode == 503) {
		retry_text(retry, px);
		pl_set_str(&field.name, "Retry-After");
		pl_set_str(&field.val, retry);
		reply.fieldc = 1;
	}
	if (!smsg_reply_write(px->buf, SMSG_MAX, &len, rq->msg, &reply))
		(void)transport_send(px->deps.transport, &id, px->buf, len,
				     0);
}

void reply_busy(struct proxy *px, const struct request *rq, enum status why)
{
	struct smsg_field fields[STATUS_FIELDS];
	char retry[16], reason[REPLY_REASON_MAX], tag[17];
	struct smsg_reply reply = {.scode = 503, .fieldv = fields};
	struct flow_id id;
	size_t len;

	if (flow_of_dest(&id, &rq->dest))
		return;

	reply_tag(tag, px, rq->msg);
	pl_set_str(&reply.to_tag, tag);
	reply.fieldc = status_fields(fields, retry, reason, px, why);
	if (!smsg_reply_write(px->buf, SMSG_MAX, &len, rq->msg, &reply))
		(void)transport_send(px->deps.transport, &id, px->buf, len,
				     0);
}
