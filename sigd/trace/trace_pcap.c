/*
 * trace_pcap.c  A trace as a capture file for Wireshark (libpcap's format)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "sigd/trace/trace_pcap.h"

enum {
	MAGIC = 0xa1b2c3d4, /* microseconds */
	MAJOR = 2,
	MINOR = 4,
	LINK_RAW = 101, /* IPv4 or IPv6, as the first nibble says */
	V4_HEAD = 20,
	V6_HEAD = 40,
	UDP_HEAD = 8,
	PAYLOAD_MAX = 65535 - V4_HEAD - UDP_HEAD,
	TTL = 64,
	PORT_SIP = 5060,
	US = 1000000,
};

int trace_pcap_begin(struct mbuf *mb)
{
	/* in the order of this machine: the magic number tells a reader */
	int err = mbuf_write_u32(mb, (uint32_t)MAGIC);

	err |= mbuf_write_u16(mb, MAJOR);
	err |= mbuf_write_u16(mb, MINOR);
	err |= mbuf_write_u32(mb, 0); /* time zone */
	err |= mbuf_write_u32(mb, 0);
	err |= mbuf_write_u32(mb, 65535 + V6_HEAD);
	err |= mbuf_write_u32(mb, LINK_RAW);
	return err ? ENOMEM : 0;
}

/* RFC 1071. */
static uint16_t checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint32_t v4_of(const struct sa *sa)
{
	return sa_af(sa) == AF_INET ? sa_in(sa) : 0;
}

static int v4_head(struct mbuf *mb, const struct sa *src, const struct sa *dst,
		   size_t len)
{
	size_t start = mb->pos;
	uint16_t sum;
	int err;

	err = mbuf_write_u16(mb, htons(0x4500));
	err |= mbuf_write_u16(mb, htons((uint16_t)(V4_HEAD + len)));
	err |= mbuf_write_u32(mb, 0); /* id, fragments */
	err |= mbuf_write_u8(mb, TTL);
	err |= mbuf_write_u8(mb, IPPROTO_UDP);
	err |= mbuf_write_u16(mb, 0);
	err |= mbuf_write_u32(mb, htonl(v4_of(src)));
	err |= mbuf_write_u32(mb, htonl(v4_of(dst)));
	if (err)
		return err;
	sum = htons(checksum(mb->buf + start, V4_HEAD));
	memcpy(mb->buf + start + 10, &sum, sizeof(sum));
	return 0;
}

static int v6_write(struct mbuf *mb, const struct sa *sa)
{
	uint8_t in6[16] = {0};

	if (sa_af(sa) == AF_INET6)
		sa_in6(sa, in6);
	return mbuf_write_mem(mb, in6, sizeof(in6));
}

static int v6_head(struct mbuf *mb, const struct sa *src, const struct sa *dst,
		   size_t len)
{
	int err = mbuf_write_u32(mb, htonl(0x60000000));

	err |= mbuf_write_u16(mb, htons((uint16_t)len));
	err |= mbuf_write_u8(mb, IPPROTO_UDP);
	err |= mbuf_write_u8(mb, TTL);
	err |= v6_write(mb, src);
	err |= v6_write(mb, dst);
	return err;
}

/* No checksum: over IPv6 that is not allowed (RFC 8200 8.1), and no reader
 * minds unless it is told to. */
static int udp_write(struct mbuf *mb, uint16_t src, uint16_t dst,
		     const struct pl *text)
{
	int err = mbuf_write_u16(mb, htons(src));

	err |= mbuf_write_u16(mb, htons(dst));
	err |= mbuf_write_u16(mb, htons((uint16_t)(UDP_HEAD + text->l)));
	err |= mbuf_write_u16(mb, 0);
	err |= mbuf_write_pl(mb, text);
	return err;
}

int trace_pcap_write(struct mbuf *mb, const struct trace_msg *msg)
{
	const struct sa *src = msg->out ? &msg->local : &msg->remote;
	const struct sa *dst = msg->out ? &msg->remote : &msg->local;
	bool v6 = sa_af(&msg->remote) == AF_INET6;
	struct pl text = msg->text;
	uint16_t port = sa_port(&msg->local);
	uint32_t size;
	int err;

	if (text.l > PAYLOAD_MAX)
		text.l = PAYLOAD_MAX;
	/* what we speak over TLS and WebSockets is told as if in clear */
	if (!port || msg->kind != FLOW_UDP)
		port = PORT_SIP;
	size = (uint32_t)((v6 ? V6_HEAD : V4_HEAD) + UDP_HEAD + text.l);

	err = mbuf_write_u32(mb, (uint32_t)(msg->us / US));
	err |= mbuf_write_u32(mb, (uint32_t)(msg->us % US));
	err |= mbuf_write_u32(mb, size);
	err |= mbuf_write_u32(mb, size);
	err |= (v6 ? v6_head : v4_head)(mb, src, dst, UDP_HEAD + text.l);
	err |= udp_write(mb, msg->out ? port : sa_port(src),
			 msg->out ? sa_port(dst) : port, &text);
	return err ? ENOMEM : 0;
}
