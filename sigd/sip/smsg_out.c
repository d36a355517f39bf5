/*
 * smsg_out.c  Writing a message into bytes
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/sip/schar.h"
#include "sigd/sip/shdr_param.h"
#include "sigd/sip/smsg_out.h"

void smsg_out_init(struct smsg_out *out, uint8_t *buf, size_t size)
{
	out->start = out->p = buf;
	out->end = buf + (size < SMSG_MAX ? size : SMSG_MAX);
	out->err = 0;
}

int smsg_out_done(const struct smsg_out *out, size_t *len)
{
	*len = (size_t)(out->p - out->start);
	return out->err;
}

void smsg_out_mem(struct smsg_out *out, const void *mem, size_t len)
{
	if (out->err || !len)
		return;
	if (len > (size_t)(out->end - out->p)) {
		out->err = EOVERFLOW;
		return;
	}
	memcpy(out->p, mem, len);
	out->p += len;
}

void smsg_out_str(struct smsg_out *out, const char *str)
{
	smsg_out_mem(out, str, strlen(str));
}

void smsg_out_u32(struct smsg_out *out, uint32_t num)
{
	char buf[10];
	size_t i = sizeof(buf);

	do {
		buf[--i] = (char)('0' + num % 10);
	} while (num /= 10);
	smsg_out_mem(out, buf + i, sizeof(buf) - i);
}

void smsg_out_text(struct smsg_out *out, const struct pl *text)
{
	if (text->l && (memchr(text->p, '\r', text->l) ||
			memchr(text->p, '\n', text->l))) {
		if (!out->err)
			out->err = EINVAL;
		return;
	}
	smsg_out_mem(out, text->p, text->l);
}

void smsg_out_field(struct smsg_out *out, const struct pl *name,
		    const struct pl *val)
{
	const char *end = schar_end(name);

	if ((!name->l || schar_span(name->p, end, SCHAR_TOKEN) != end) &&
	    !out->err)
		out->err = EINVAL;
	smsg_out_mem(out, name->p, name->l);
	smsg_out_mem(out, ": ", 2);
	smsg_out_text(out, val);
	smsg_out_mem(out, "\r\n", 2);
}

void smsg_out_hdr(struct smsg_out *out, enum shdr_id id, const struct pl *val)
{
	const char *name = shdr_name(id);

	if (!name) {
		if (!out->err)
			out->err = EINVAL;
		return;
	}
	smsg_out_str(out, name);
	smsg_out_mem(out, ": ", 2);
	smsg_out_text(out, val);
	smsg_out_mem(out, "\r\n", 2);
}

void smsg_out_body(struct smsg_out *out, const struct pl *ctype,
		   const struct pl *body)
{
	if (ctype->l)
		smsg_out_hdr(out, SHDR_CONTENT_TYPE, ctype);
	smsg_out_str(out, "Content-Length: ");
	smsg_out_u32(out, (uint32_t)body->l);
	smsg_out_mem(out, "\r\n\r\n", 4);
	smsg_out_mem(out, body->p, body->l);
}

bool smsg_out_via_needed(const struct smsg *msg)
{
	return msg->request && msg->src_host[0];
}

/* "must add when the host is a name or another address" (18.2.1), and always
 * with rport (RFC 3581 4) */
static bool same_host(const struct smsg *msg)
{
	struct pl src;
	struct sa a, b;

	pl_set_str(&src, msg->src_host);
	if (!pl_casecmp(&src, &msg->via.host))
		return true;
	return !sa_set(&a, &src, 0) && !sa_set(&b, &msg->via.host, 0) &&
	       sa_cmp(&a, &b, SA_ADDR);
}

static bool is_source(const struct shdr_param *param)
{
	return !pl_strcasecmp(&param->name, "received") ||
	       !pl_strcasecmp(&param->name, "rport");
}

static void out_param(struct smsg_out *out, const struct shdr_param *param)
{
	smsg_out_mem(out, ";", 1);
	smsg_out_mem(out, param->name.p, param->name.l);
	if (!param->val.p)
		return;
	smsg_out_str(out, param->quoted ? "=\"" : "=");
	smsg_out_mem(out, param->val.p, param->val.l);
	if (param->quoted)
		smsg_out_mem(out, "\"", 1);
}

void smsg_out_via(struct smsg_out *out, const struct smsg *msg)
{
	const struct shdr_via *via = &msg->via;
	struct pl rest = via->params;
	struct shdr_param param;
	const char *end = via->sentby.p + via->sentby.l;

	smsg_out_mem(out, via->val.p, (size_t)(end - via->val.p));
	while (!shdr_param_next(&param, &rest)) {
		if (!is_source(&param))
			out_param(out, &param);
	}
	if (via->rport || !same_host(msg)) {
		smsg_out_str(out, ";received=");
		smsg_out_str(out, msg->src_host);
	}
	if (via->rport) {
		smsg_out_str(out, ";rport=");
		smsg_out_u32(out, msg->src_port);
	}
}
