/*
 * lb_header.c  What a load balancer says first on a connection: whose it is
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <re.h>

#include "sigd/transport/lb_header.h"

/* proxy-protocol.txt 2.1: a line has at most 107 characters, CRLF included */
enum {
	V1_MAX = 107,
	V2_HEAD = 16,
	V2_LOCAL = 0x20,
	V2_PROXY = 0x21,
	V2_UNSPEC = 0x00,
	V2_TCP4 = 0x11,
	V2_TCP6 = 0x21,
	V2_UNIX = 0x31,
	V2_LEN4 = 12, /* two addresses and two ports */
	V2_LEN6 = 36,
	WORDS = 4
};

static const char v1_start[] = "PROXY ";
static const uint8_t v2_start[] = "\r\n\r\n\0\r\nQUIT\n";

/* A balancer that listens on both families may write IPv4 as ::ffff:0:0/96
 * (RFC 4291 2.5.5.2): as IPv6 all of it would be one site, with one limit. */
static void unmap(struct sa *sa)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint8_t in6[16];
	uint32_t in;

	if (sa_af(sa) != AF_INET6)
		return;
	sa_in6(sa, in6);
	if (memcmp(in6, mapped, sizeof(mapped)))
		return;
	memcpy(&in, in6 + sizeof(mapped), sizeof(in));
	sa_set_in(sa, ntohl(in), sa_port(sa));
}

/* Nobody has the address 0.0.0.0 or ::. */
static int client(struct lb_header *header)
{
	unmap(&header->remote);
	header->known = sa_isset(&header->remote, SA_ADDR);
	return header->known ? 0 : EBADMSG;
}

/* --- version 1 -------------------------------------------------------------- */

/* One word and the space or the end behind it. */
static bool word(struct pl *out, struct pl *rest)
{
	const char *space = memchr(rest->p, ' ', rest->l);

	out->p = rest->p;
	out->l = space ? (size_t)(space - rest->p) : rest->l;
	rest->p += out->l + (space ? 1 : 0);
	rest->l -= out->l + (space ? 1 : 0);
	return out->l > 0;
}

static bool read_port(uint16_t *port, const struct pl *pl)
{
	uint32_t n = 0;

	if (!pl->l || pl->l > 5 || (pl->l > 1 && pl->p[0] == '0'))
		return false;
	for (size_t i = 0; i < pl->l; i++) {
		if (pl->p[i] < '0' || pl->p[i] > '9')
			return false;
		n = n * 10 + (uint32_t)(pl->p[i] - '0');
	}
	*port = (uint16_t)n;
	return n <= UINT16_MAX;
}

static bool read_address(struct sa *sa, int af, const struct pl *addr,
			 const struct pl *port)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	uint16_t nr;

	if (addr->l >= sizeof(text) || memchr(addr->p, 0, addr->l) ||
	    !read_port(&nr, port))
		return false;
	memcpy(text, addr->p, addr->l);
	text[addr->l] = '\0';
	if (inet_pton(af, text, bytes) != 1)
		return false;
	if (af == AF_INET6) {
		sa_set_in6(sa, bytes, nr);
	} else {
		uint32_t in;

		memcpy(&in, bytes, sizeof(in));
		sa_set_in(sa, ntohl(in), nr);
	}
	return true;
}

/* What stands between "PROXY " and CRLF. */
static int v1_line(struct lb_header *header, struct pl line)
{
	struct pl family, words[WORDS];
	struct sa local;
	int af;

	if (!word(&family, &line))
		return EBADMSG;
	if (!pl_strcmp(&family, "UNKNOWN"))
		return 0; /* and whatever follows */
	if (!pl_strcmp(&family, "TCP4"))
		af = AF_INET;
	else if (!pl_strcmp(&family, "TCP6"))
		af = AF_INET6;
	else
		return EBADMSG;
	for (int i = 0; i < WORDS; i++) {
		if (!word(&words[i], &line))
			return EBADMSG;
	}
	if (line.l || words[WORDS - 1].p + words[WORDS - 1].l != line.p ||
	    !read_address(&header->remote, af, &words[0], &words[2]) ||
	    !read_address(&local, af, &words[1], &words[3]))
		return EBADMSG;
	return client(header);
}

static int v1_decode(struct lb_header *header, const uint8_t *data, size_t len)
{
	const size_t start = sizeof(v1_start) - 1;
	const uint8_t *end = memchr(data, '\n', min(len, (size_t)V1_MAX));
	size_t n;

	if (!end)
		return len < V1_MAX ? EAGAIN : EBADMSG;

	n = (size_t)(end - data);
	if (n < start + 1 || data[n - 1] != '\r')
		return EBADMSG;
	header->used = n + 1;
	return v1_line(header,
		       (struct pl){(const char *)data + start, n - 1 - start});
}

/* --- version 2 -------------------------------------------------------------- */

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static int v2_address(struct lb_header *header, uint8_t family,
		      const uint8_t *p, size_t len)
{
	uint32_t in;

	switch (family) {
	case V2_UNSPEC:
	case V2_UNIX:
		return 0;
	case V2_TCP4:
		if (len < V2_LEN4)
			return EBADMSG;
		memcpy(&in, p, sizeof(in));
		sa_set_in(&header->remote, ntohl(in), get16(p + 8));
		break;
	case V2_TCP6:
		if (len < V2_LEN6)
			return EBADMSG;
		sa_set_in6(&header->remote, p, get16(p + 32));
		break;
	default: /* datagrams do not come on a stream */
		return EBADMSG;
	}
	return client(header);
}

static int v2_decode(struct lb_header *header, const uint8_t *data, size_t len)
{
	size_t rest;

	/* nobody who speaks another version is waited for */
	if (len > 12 && data[12] != V2_LOCAL && data[12] != V2_PROXY)
		return EBADMSG;
	if (len < V2_HEAD)
		return EAGAIN;

	rest = get16(data + 14);
	if (V2_HEAD + rest > LB_HEADER_MAX)
		return EBADMSG;
	if (len < V2_HEAD + rest)
		return EAGAIN;

	header->used = V2_HEAD + rest;
	if (data[12] == V2_LOCAL)
		return 0;
	return v2_address(header, data[13], data + V2_HEAD, rest);
}

int lb_header_decode(struct lb_header *header, const uint8_t *data, size_t len)
{
	const size_t n1 = sizeof(v1_start) - 1, n2 = sizeof(v2_start) - 1;

	memset(header, 0, sizeof(*header));
	if (!len)
		return EAGAIN;
	if (!memcmp(data, v1_start, min(len, n1)))
		return len < n1 ? EAGAIN : v1_decode(header, data, len);
	if (!memcmp(data, v2_start, min(len, n2)))
		return len < n2 ? EAGAIN : v2_decode(header, data, len);
	return EBADMSG;
}
