/*
 * transport_pack.c  What goes through the tunnel between sigd's workers
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/transport/transport_pack.h"

uint8_t transport_fail_of(int err)
{
	switch (err) {
	case ENOTCONN:
		return FAIL_GONE;
	case ENOBUFS:
		return FAIL_FULL;
	case EMSGSIZE:
		return FAIL_SIZE;
	default:
		return FAIL_OTHER;
	}
}

int transport_fail_errno(uint8_t fail)
{
	switch (fail) {
	case FAIL_GONE:
		return ENOTCONN;
	case FAIL_FULL:
		return ENOBUFS;
	case FAIL_SIZE:
		return EMSGSIZE;
	default:
		return EHOSTUNREACH;
	}
}

int transport_pack_send(uint8_t buf[TRANSPORT_PACK_MAX], size_t *len,
			const struct flow_id *id)
{
	size_t n;
	int err = flow_id_pack(id, buf + 1, &n);

	if (err)
		return err;

	buf[0] = (uint8_t)n;
	*len = 1 + n;
	return 0;
}

int transport_unpack_send(struct flow_id *id, size_t *used, const uint8_t *buf,
			  size_t len)
{
	if (!len || len < 1u + buf[0])
		return EBADMSG;

	*used = 1u + buf[0];
	return flow_id_unpack(id, buf + 1, buf[0]);
}

static uint8_t *put_addr(uint8_t *p, const struct sa *addr)
{
	uint16_t port = sa_port(addr);
	uint32_t in;

	if (sa_af(addr) == AF_INET6) {
		*p++ = 6;
		sa_in6(addr, p);
		p += 16;
	} else {
		*p++ = 4;
		in = htonl(sa_in(addr));
		memcpy(p, &in, 4);
		p += 4;
	}
	*p++ = (uint8_t)(port >> 8);
	*p++ = (uint8_t)port;
	return p;
}

/* Returns the bytes used, 0: not an address. */
static size_t get_addr(struct sa *addr, const uint8_t *p, size_t len)
{
	size_t n = len && p[0] == 6 ? 16 : 4;
	uint16_t port;
	uint32_t in;

	if (len < 1 + n + 2 || (p[0] != 4 && p[0] != 6))
		return 0;

	port = (uint16_t)(p[1 + n] << 8 | p[2 + n]);
	if (p[0] == 6) {
		sa_set_in6(addr, p + 1, port);
	} else {
		memcpy(&in, p + 1, 4);
		sa_set_in(addr, ntohl(in), port);
	}
	return 1 + n + 2;
}

int transport_pack_response(uint8_t buf[TRANSPORT_PACK_MAX], size_t *len,
			    const struct transport_src *src)
{
	uint8_t *p;
	size_t n;
	int err;

	if (!src->local || !src->remote)
		return EINVAL;

	err = transport_pack_send(buf, &n, &src->id);
	if (err)
		return err;

	p = put_addr(put_addr(buf + n, src->local), src->remote);
	*p++ = src->listener;
	*len = (size_t)(p - buf);
	return 0;
}

int transport_unpack_response(struct transport_src *src, struct sa addr[2],
			      size_t *used, const uint8_t *buf, size_t len)
{
	size_t pos;
	int err = transport_unpack_send(&src->id, &pos, buf, len);

	if (err)
		return err;

	for (int i = 0; i < 2; i++) {
		size_t n = get_addr(&addr[i], buf + pos, len - pos);

		if (!n)
			return EBADMSG;
		pos += n;
	}
	if (pos == len)
		return EBADMSG;

	src->listener = buf[pos++];
	src->local = &addr[0];
	src->remote = &addr[1];
	src->flow = NULL;
	*used = pos;
	return 0;
}
