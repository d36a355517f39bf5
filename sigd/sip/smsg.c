/*
 * smsg.c  The view of a SIP message
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/sip/schar.h"
#include "sigd/sip/smsg_priv.h"

bool smsg_fail(struct smsg_dec *dec, uint16_t scode, const char *reason,
	       const void *at)
{
	if (dec->failed)
		return false;

	dec->failed = true;
	*dec->err = (struct smsg_err){
		.scode = scode,
		.reason = reason,
		.pos = (size_t)((const uint8_t *)at - dec->buf),
	};
	return false;
}

bool smsg_is_keepalive(const uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (buf[i] != '\r' && buf[i] != '\n')
			return false;
	}
	return true;
}

/* Everything but the array, which is filled as it is counted. */
static void clear(struct smsg *msg)
{
	memset(msg, 0, offsetof(struct smsg, hdrv));
	msg->max_forwards = -1;
}

static uint32_t limit(uint32_t want, uint32_t most)
{
	return want && want < most ? want : most;
}

static void start(struct smsg_dec *dec, const struct smsg_limits *limits,
		  size_t len)
{
	static const struct smsg_limits none;
	const struct smsg_limits *l = limits ? limits : &none;

	dec->max.msg_max = limit(l->msg_max, SMSG_MAX);
	dec->max.line_max = limit(l->line_max, SMSG_LINE_MAX);
	dec->max.hdr_max = limit(l->hdr_max, SMSG_HDR_MAX);
	memset(dec->last, 0, sizeof(dec->last));

	/* line breaks before the start line (RFC 3261 7.5) */
	while (dec->p < dec->end && (*dec->p == '\r' || *dec->p == '\n'))
		++dec->p;
	schar_set(&dec->msg->raw, (char *)dec->p, (char *)dec->end);
	if (dec->p == dec->end)
		(void)smsg_fail(dec, 0, "Keep-Alive", dec->p);
	else if (len > SMSG_MAX)
		(void)smsg_fail(dec, 0, "Message Too Large", dec->p);
	else if (len > dec->max.msg_max)
		(void)smsg_fail(dec, 513, "Message Too Large", dec->p);
}

/* RFC 3261 18.3: without Content-Length the body goes to the end. */
static void body(struct smsg_dec *dec)
{
	struct smsg *msg = dec->msg;
	const char *p = (char *)dec->p;
	uint32_t left = (uint32_t)(dec->end - dec->p), len = left;
	struct pl val;

	if (smsg_val(msg, SHDR_CONTENT_LENGTH, &val)) {
		int err = shdr_number(&len, &val, left);

		if (err) {
			(void)smsg_fail(dec, 400,
					err == ERANGE
						? "Content-Length Too Large"
						: "Bad Content-Length",
					val.p);
			len = 0;
		}
	}
	schar_set(&msg->body, p, p + len);
	schar_set(&msg->raw, msg->raw.p, p + len);
}

/* An ACK is never answered, nor what shows no way back. */
static bool answerable(const struct smsg *msg)
{
	return msg->request && msg->method != SMSG_ACK && msg->via.host.l;
}

int smsg_decode(struct smsg *msg, uint8_t *buf, size_t len,
		const struct smsg_limits *limits, struct smsg_err *err)
{
	struct smsg_dec dec = {
		.msg = msg,
		.err = err,
		.buf = buf,
		.p = buf,
		.end = buf + len,
	};

	clear(msg);
	memset(err, 0, sizeof(*err));
	start(&dec, limits, len);
	if (dec.failed && !err->scode)
		return EBADMSG;

	if (!smsg_scan_start(&dec))
		return EBADMSG;
	msg->head_len = (uint16_t)((char *)dec.p - msg->raw.p);
	if (smsg_scan_headers(&dec))
		body(&dec);
	smsg_check(&dec);
	if (!dec.failed)
		return 0;

	if (!msg->request)
		err->scode = 0;
	err->answerable = err->scode && answerable(msg);
	return EBADMSG;
}

int smsg_source_set(struct smsg *msg, const struct pl *host, uint16_t port)
{
	if (!host->l || host->l >= sizeof(msg->src_host))
		return EINVAL;

	memcpy(msg->src_host, host->p, host->l);
	msg->src_host[host->l] = 0;
	msg->src_port = port;
	return 0;
}

int smsg_clone(struct smsg **msgp, const struct smsg *src)
{
	struct smsg *msg = mem_alloc(sizeof(*msg) + src->raw.l, NULL);
	struct smsg_err why;
	uint8_t *buf;
	int err;

	if (!msg)
		return ENOMEM;

	buf = (uint8_t *)(msg + 1);
	memcpy(buf, src->raw.p, src->raw.l);
	err = smsg_decode(msg, buf, src->raw.l, NULL, &why);
	if (err) {
		mem_deref(msg);
		return err;
	}
	memcpy(msg->src_host, src->src_host, sizeof(msg->src_host));
	msg->src_port = src->src_port;
	*msgp = msg;
	return 0;
}
