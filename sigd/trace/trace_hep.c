/*
 * trace_hep.c  HEP version 3: SIP messages for a capture server (Homer)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "sigd/trace/trace_hep.h"

enum chunk {
	CHUNK_IP_FAMILY = 0x01,
	CHUNK_IP_PROTOCOL = 0x02,
	CHUNK_SRC_V4 = 0x03,
	CHUNK_DST_V4 = 0x04,
	CHUNK_SRC_V6 = 0x05,
	CHUNK_DST_V6 = 0x06,
	CHUNK_SRC_PORT = 0x07,
	CHUNK_DST_PORT = 0x08,
	CHUNK_SECONDS = 0x09,
	CHUNK_MICROSECONDS = 0x0a,
	CHUNK_PAYLOAD_TYPE = 0x0b,
	CHUNK_AGENT_ID = 0x0c,
	CHUNK_AUTH_KEY = 0x0e,
	CHUNK_PAYLOAD = 0x0f,
	CHUNK_CORRELATION = 0x11,
};

enum {
	CHUNK_HEAD = 6,
	HEAD = 6, /* "HEP3" and the length */
	PACKET_MAX = 65535,
	FAMILY_V4 = 2, /* as AF_INET of the specification's table */
	FAMILY_V6 = 10,
	TYPE_SIP = 1,
	US = 1000000,
};

static int chunk(struct mbuf *mb, enum chunk type, const void *data, size_t len)
{
	int err = mbuf_write_u16(mb, 0); /* vendor */

	err |= mbuf_write_u16(mb, htons((uint16_t)type));
	err |= mbuf_write_u16(mb, htons((uint16_t)(CHUNK_HEAD + len)));
	err |= mbuf_write_mem(mb, data, len);
	return err;
}

static int chunk8(struct mbuf *mb, enum chunk type, uint8_t value)
{
	return chunk(mb, type, &value, sizeof(value));
}

static int chunk16(struct mbuf *mb, enum chunk type, uint16_t value)
{
	value = htons(value);
	return chunk(mb, type, &value, sizeof(value));
}

static int chunk32(struct mbuf *mb, enum chunk type, uint32_t value)
{
	value = htonl(value);
	return chunk(mb, type, &value, sizeof(value));
}

/* One that is not known is all zero, of the other one's family. */
static int address(struct mbuf *mb, enum chunk v4, enum chunk v6,
		   const struct sa *sa, int family)
{
	uint8_t in6[16] = {0};
	bool known = sa_af(sa) == family;

	if (family == AF_INET)
		return chunk32(mb, v4, known ? sa_in(sa) : 0);
	if (known)
		sa_in6(sa, in6);
	return chunk(mb, v6, in6, sizeof(in6));
}

static int addresses(struct mbuf *mb, const struct trace_msg *msg)
{
	const struct sa *src = msg->out ? &msg->local : &msg->remote;
	const struct sa *dst = msg->out ? &msg->remote : &msg->local;
	int family = sa_af(&msg->remote), err;

	err = chunk8(mb, CHUNK_IP_FAMILY,
		     family == AF_INET ? FAMILY_V4 : FAMILY_V6);
	err |= chunk8(mb, CHUNK_IP_PROTOCOL,
		      msg->kind == FLOW_UDP ? IPPROTO_UDP : IPPROTO_TCP);
	err |= address(mb, CHUNK_SRC_V4, CHUNK_SRC_V6, src, family);
	err |= address(mb, CHUNK_DST_V4, CHUNK_DST_V6, dst, family);
	err |= chunk16(mb, CHUNK_SRC_PORT, sa_port(src));
	err |= chunk16(mb, CHUNK_DST_PORT, sa_port(dst));
	return err;
}

int trace_hep_write(struct mbuf *mb, const struct trace_hep_agent *agent,
		    const struct trace_msg *msg, const struct pl *correlation)
{
	size_t start = mb->pos, len;
	int err;

	if (sa_af(&msg->remote) != AF_INET && sa_af(&msg->remote) != AF_INET6)
		return EINVAL;

	err = mbuf_write_str(mb, "HEP3");
	err |= mbuf_write_u16(mb, 0);
	err |= addresses(mb, msg);
	err |= chunk32(mb, CHUNK_SECONDS, (uint32_t)(msg->us / US));
	err |= chunk32(mb, CHUNK_MICROSECONDS, (uint32_t)(msg->us % US));
	err |= chunk8(mb, CHUNK_PAYLOAD_TYPE, TYPE_SIP);
	err |= chunk32(mb, CHUNK_AGENT_ID, agent->id);
	if (agent->key)
		err |= chunk(mb, CHUNK_AUTH_KEY, agent->key,
			     strlen(agent->key));
	if (correlation->l)
		err |= chunk(mb, CHUNK_CORRELATION, correlation->p,
			     correlation->l);
	len = mb->pos - start + CHUNK_HEAD + msg->text.l;
	if (!err && len <= PACKET_MAX)
		err = chunk(mb, CHUNK_PAYLOAD, msg->text.p, msg->text.l);
	if (err || len > PACKET_MAX) {
		mb->pos = mb->end = start;
		return err ? ENOMEM : EINVAL;
	}
	mb->pos = start + 4;
	err = mbuf_write_u16(mb, htons((uint16_t)len));
	mb->pos = mb->end;
	return err;
}
