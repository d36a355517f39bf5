/*
 * trace_msg.c  One SIP message as it was on the wire, and how it is stored
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "sigd/trace/trace_msg.h"

enum {
	V4_LEN = 4,
	V6_LEN = 16,
};

/* --- addresses ------------------------------------------------------------ */

static int sa_write(struct mbuf *mb, const struct sa *sa)
{
	uint8_t in6[V6_LEN];
	int err;

	switch (sa_af(sa)) {
	case AF_INET:
		err = mbuf_write_u8(mb, 4);
		err |= mbuf_write_u32(mb, htonl(sa_in(sa)));
		break;
	case AF_INET6:
		sa_in6(sa, in6);
		err = mbuf_write_u8(mb, 6);
		err |= mbuf_write_mem(mb, in6, sizeof(in6));
		break;
	default:
		err = mbuf_write_u8(mb, 0);
		break;
	}
	err |= mbuf_write_u16(mb, htons(sa_port(sa)));
	return err ? ENOMEM : 0;
}

static int sa_read(struct sa *sa, struct mbuf *mb)
{
	uint8_t family, in6[V6_LEN];
	uint32_t in = 0;
	uint16_t port;
	size_t need;

	if (mbuf_get_left(mb) < 1)
		return EBADMSG;
	family = mbuf_read_u8(mb);
	if (family != 0 && family != 4 && family != 6)
		return EBADMSG;
	need = family == 4 ? V4_LEN : family == 6 ? V6_LEN : 0;
	if (mbuf_get_left(mb) < need + sizeof(port))
		return EBADMSG;
	if (family == 4)
		in = ntohl(mbuf_read_u32(mb));
	else if (family == 6)
		(void)mbuf_read_mem(mb, in6, sizeof(in6));
	port = ntohs(mbuf_read_u16(mb));

	if (family == 4)
		sa_set_in(sa, in, port);
	else if (family == 6)
		sa_set_in6(sa, in6, port);
	else
		sa_init(sa, AF_UNSPEC);
	return 0;
}

/* --- records -------------------------------------------------------------- */

int trace_msg_write(struct mbuf *mb, const struct trace_msg *msg)
{
	int err;

	if (msg->text.l > TRACE_TEXT_MAX || msg->worker.l > TRACE_WORKER_MAX)
		return EINVAL;

	err = mbuf_write_u64(mb, sys_htonll(msg->us));
	err |= mbuf_write_u8(mb, msg->out);
	err |= mbuf_write_u8(mb, (uint8_t)msg->kind);
	err |= mbuf_write_u8(mb, (uint8_t)msg->worker.l);
	err |= mbuf_write_pl(mb, &msg->worker);
	err |= sa_write(mb, &msg->local);
	err |= sa_write(mb, &msg->remote);
	err |= mbuf_write_u32(mb, htonl((uint32_t)msg->text.l));
	err |= mbuf_write_pl(mb, &msg->text);
	return err ? ENOMEM : 0;
}

static int bytes_read(struct pl *pl, struct mbuf *mb, size_t len)
{
	if (mbuf_get_left(mb) < len)
		return EBADMSG;
	pl->p = (const char *)mbuf_buf(mb);
	pl->l = len;
	mbuf_advance(mb, (ssize_t)len);
	return 0;
}

static int head_read(struct trace_msg *msg, struct mbuf *mb)
{
	uint8_t out, kind, len;

	if (mbuf_get_left(mb) < sizeof(msg->us) + 3)
		return EBADMSG;
	msg->us = sys_ntohll(mbuf_read_u64(mb));
	out = mbuf_read_u8(mb);
	kind = mbuf_read_u8(mb);
	len = mbuf_read_u8(mb);
	if (out > 1 || kind > FLOW_TLS || len > TRACE_WORKER_MAX)
		return EBADMSG;
	msg->out = out;
	msg->kind = (enum flow_kind)kind;
	return bytes_read(&msg->worker, mb, len);
}

int trace_msg_read(struct trace_msg *msg, struct mbuf *mb)
{
	uint32_t len;
	int err;

	if (!mbuf_get_left(mb))
		return ENOENT;
	err = head_read(msg, mb);
	err = err ? err : sa_read(&msg->local, mb);
	err = err ? err : sa_read(&msg->remote, mb);
	if (!err && mbuf_get_left(mb) < sizeof(len))
		err = EBADMSG;
	if (err)
		return err;
	len = ntohl(mbuf_read_u32(mb));
	return len > TRACE_TEXT_MAX ? EBADMSG : bytes_read(&msg->text, mb, len);
}

/* --- whose it is ---------------------------------------------------------- */

/* The value behind "name:", if the line begins with that. */
static bool named(struct pl *value, const char *line, size_t len,
		  const char *name)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n))
		return false;
	while (n < len && (line[n] == ' ' || line[n] == '\t'))
		++n;
	if (n == len || line[n] != ':')
		return false;
	++n;
	while (n < len && (line[n] == ' ' || line[n] == '\t'))
		++n;
	while (len > n && strchr(" \t\r", line[len - 1]))
		--len;
	value->p = line + n;
	value->l = len - n;
	return value->l > 0;
}

/* The next line of the head; false: that is all. */
static bool line_next(struct pl *line, struct pl *rest)
{
	const char *nl = rest->l ? memchr(rest->p, '\n', rest->l) : NULL;

	line->p = rest->p;
	line->l = nl ? (size_t)(nl - rest->p) : rest->l;
	if (!line->l || (line->l == 1 && *line->p == '\r'))
		return false; /* the body */
	pl_advance(rest, (ssize_t)(line->l + (nl != NULL)));
	return true;
}

bool trace_callid(struct pl *callid, const void *sip, size_t len)
{
	struct pl rest = {sip, len}, line;

	while (line_next(&line, &rest)) {
		if (named(callid, line.p, line.l, "call-id") ||
		    named(callid, line.p, line.l, "i"))
			return true;
	}
	return false;
}

/* The parameter behind the address of a From or To. */
static void tag_of(struct pl *tag, const struct pl *value)
{
	const char *end = value->p + value->l, *p = value->p;

	for (const char *q = p; q < end; q++)
		p = *q == '>' ? q : p;
	for (; end - p > 5; p++) {
		if (strncasecmp(p, ";tag=", 5))
			continue;
		tag->p = p + 5;
		while (tag->p + tag->l < end &&
		       !strchr("; \t,", tag->p[tag->l]))
			++tag->l;
		return;
	}
}

void trace_tags(struct pl *from, struct pl *to, const void *sip, size_t len)
{
	struct pl rest = {sip, len}, line, value;

	from->p = to->p = sip;
	from->l = to->l = 0;
	while (line_next(&line, &rest)) {
		if (!from->l && (named(&value, line.p, line.l, "from") ||
				 named(&value, line.p, line.l, "f")))
			tag_of(from, &value);
		else if (!to->l && (named(&value, line.p, line.l, "to") ||
				    named(&value, line.p, line.l, "t")))
			tag_of(to, &value);
	}
}
