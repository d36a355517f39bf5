/*
 * lite_stun.c  STUN messages of ICE: strict view, answers
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/transport/lite_stun.h"

enum {
	HDR = 20,
	ATTR_HDR = 4,
	MI_LEN = 20,
	FP_LEN = 4,
	MSG_MAX = 1280,
	FAMILY_V4 = 1,
	FAMILY_V6 = 2,
};

enum attr_type {
	ATTR_MAPPED = 0x0001,
	ATTR_USERNAME = 0x0006,
	ATTR_MI = 0x0008,
	ATTR_ERROR = 0x0009,
	ATTR_UNKNOWN = 0x000a,
	ATTR_REALM = 0x0014,
	ATTR_NONCE = 0x0015,
	ATTR_XOR_MAPPED = 0x0020,
	ATTR_PRIORITY = 0x0024,
	ATTR_USE_CANDIDATE = 0x0025,
	ATTR_OPTIONAL = 0x8000, /* from here on: may be ignored */
	ATTR_FINGERPRINT = 0x8028,
	ATTR_ICE_CONTROLLED = 0x8029,
	ATTR_ICE_CONTROLLING = 0x802a,
};

static const uint8_t cookie[4] = {0x21, 0x12, 0xa4, 0x42};
static const uint32_t fp_xor = 0x5354554e;

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)(v >> 16));
	put16(p + 2, (uint16_t)v);
}

/* ITU-T V.42 CRC by half bytes: libre's has another name in each version. */
static uint32_t crc(const uint8_t *p, size_t len)
{
	static const uint32_t half[16] = {0x00000000, 0x1db71064, 0x3b6e20c8,
					  0x26d930ac, 0x76dc4190, 0x6b6b51f4,
					  0x4db26158, 0x5005713c, 0xedb88320,
					  0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
					  0x9b64c2b0, 0x86d3d2d4, 0xa00ae278,
					  0xbdbdf21c};
	uint32_t v = 0xffffffff;

	for (size_t i = 0; i < len; i++) {
		v ^= p[i];
		v = v >> 4 ^ half[v & 15];
		v = v >> 4 ^ half[v & 15];
	}
	return ~v;
}

/* --- reading --------------------------------------------------------------- */

/* RFC 8489, 14.2: port and address XORed with cookie and transaction id. */
static int xor_address(struct sa *sa, const uint8_t *val, size_t len,
		       const uint8_t *tid)
{
	uint16_t port = (uint16_t)(get16(val + 2) ^ get16(cookie));
	uint8_t addr[16];

	if (val[1] == FAMILY_V4 && len == 8) {
		sa_set_in(sa, get32(val + 4) ^ get32(cookie), port);
		return 0;
	}
	if (val[1] != FAMILY_V6 || len != 20)
		return EBADMSG;

	for (unsigned i = 0; i < 16; i++)
		addr[i] = val[4 + i] ^ (i < 4 ? cookie[i] : tid[i - 4]);
	sa_set_in6(sa, addr, port);
	return 0;
}

struct attr {
	uint16_t type;
	const uint8_t *val;
	size_t len;
};

static void note_unknown(struct lite_stun *st, uint16_t type)
{
	if (type < ATTR_OPTIONAL && st->nunknown < LITE_STUN_UNKNOWN_MAX)
		st->unknown[st->nunknown++] = type;
}

static int read_username(struct lite_stun *st, const struct attr *a)
{
	if (!a->len || a->len > LITE_STUN_USER_MAX)
		return EBADMSG;
	/* of several, the first counts (RFC 8489, 14) */
	if (!st->username.p) {
		st->username.p = (const char *)a->val;
		st->username.l = a->len;
	}
	return 0;
}

/* ERROR-CODE: class and number (RFC 8489, 14.8). */
static int read_error(struct lite_stun *st, const struct attr *a)
{
	if (a->len < 4 || a->val[2] < 3 || a->val[2] > 6 || a->val[3] > 99)
		return EBADMSG;
	st->code = (uint16_t)(a->val[2] * 100 + a->val[3]);
	return 0;
}

static int read_attr(struct lite_stun *st, const struct attr *a)
{
	switch (a->type) {
	case ATTR_USERNAME:
		return read_username(st, a);
	case ATTR_MI:
		st->mi = a->val;
		return a->len == MI_LEN ? 0 : EBADMSG;
	case ATTR_PRIORITY:
		if (a->len != 4)
			return EBADMSG;
		st->priority = get32(a->val);
		return 0;
	case ATTR_USE_CANDIDATE:
		st->use_candidate = true;
		return a->len ? EBADMSG : 0;
	case ATTR_ICE_CONTROLLED:
		st->controlled = true;
		return a->len == 8 ? 0 : EBADMSG;
	case ATTR_ICE_CONTROLLING:
		st->controlling = true;
		return a->len == 8 ? 0 : EBADMSG;
	case ATTR_XOR_MAPPED:
		return a->len < 8 ? EBADMSG
				  : xor_address(&st->mapped, a->val, a->len,
						st->tid);
	case ATTR_ERROR:
		return read_error(st, a);
	case ATTR_MAPPED:
	case ATTR_UNKNOWN:
	case ATTR_REALM:
	case ATTR_NONCE:
		return 0;
	default:
		note_unknown(st, a->type);
		return 0;
	}
}

/* FINGERPRINT is the last attribute, over all before it (RFC 8489, 14.7). */
static int read_fingerprint(struct lite_stun *st, const struct attr *a,
			    const uint8_t *msg, size_t len)
{
	size_t before = (size_t)(a->val - msg) - ATTR_HDR;

	if (a->len != FP_LEN || before + ATTR_HDR + FP_LEN != len ||
	    get32(a->val) != (crc(msg, before) ^ fp_xor))
		return EBADMSG;
	st->fingerprint = true;
	return 0;
}

static int read_attrs(struct lite_stun *st, const uint8_t *msg, size_t len)
{
	size_t pos = HDR;

	for (unsigned n = 0; pos < len; n++) {
		struct attr a;
		int err;

		if (n == LITE_STUN_ATTRS_MAX || len - pos < ATTR_HDR)
			return EBADMSG;
		a.type = get16(msg + pos);
		a.len = get16(msg + pos + 2);
		a.val = msg + pos + ATTR_HDR;
		if (a.len > len - pos - ATTR_HDR)
			return EBADMSG;

		if (a.type == ATTR_FINGERPRINT)
			err = read_fingerprint(st, &a, msg, len);
		else /* behind MESSAGE-INTEGRITY nothing counts (14.5) */
			err = st->mi ? 0 : read_attr(st, &a);
		if (err)
			return err;
		/* padding may have any value (RFC 8489, 14); the message's
		 * length is a multiple of 4, so it is there */
		pos += ATTR_HDR + ((a.len + 3) & ~(size_t)3);
	}
	return 0;
}

int lite_stun_read(struct lite_stun *st, const uint8_t *msg, size_t len)
{
	memset(st, 0, sizeof(*st));
	sa_init(&st->mapped, AF_UNSPEC);
	if (len < HDR || len > MSG_MAX || len % 4 || msg[0] & 0xc0 ||
	    get16(msg + 2) != len - HDR ||
	    memcmp(msg + 4, cookie, sizeof(cookie)))
		return EBADMSG;

	st->type = get16(msg);
	st->tid = msg + 8;
	return read_attrs(st, msg, len);
}

static void integrity(uint8_t md[MI_LEN], const uint8_t *msg, size_t before,
		      const char *pwd)
{
	uint8_t copy[MSG_MAX];

	/* the length field counts up to this attribute (RFC 8489, 14.5) */
	memcpy(copy, msg, before);
	put16(copy + 2, (uint16_t)(before + ATTR_HDR + MI_LEN - HDR));
	hmac_sha1((const uint8_t *)pwd, strlen(pwd), copy, before, md, MI_LEN);
}

bool lite_stun_authentic(const struct lite_stun *st, const uint8_t *msg,
			 const char *pwd)
{
	uint8_t md[MI_LEN];

	if (!st->mi)
		return false;
	integrity(md, msg, (size_t)(st->mi - msg) - ATTR_HDR, pwd);
	return !mem_seccmp(md, st->mi, MI_LEN);
}

int lite_stun_user(const struct lite_stun *st, struct pl *local,
		   struct pl *remote)
{
	const char *colon;

	if (!st->username.p)
		return EBADMSG;
	colon = memchr(st->username.p, ':', st->username.l);
	if (!colon)
		return EBADMSG;

	local->p = st->username.p;
	local->l = (size_t)(colon - st->username.p);
	remote->p = colon + 1;
	remote->l = st->username.l - local->l - 1;
	return 0;
}

/* --- writing --------------------------------------------------------------- */

void lite_stun_begin(struct lite_stun_out *out, uint16_t type,
		     const uint8_t tid[LITE_STUN_TID])
{
	out->full = out->cap < HDR;
	out->len = HDR;
	if (out->full)
		return;
	put16(out->msg, type);
	memcpy(out->msg + 4, cookie, sizeof(cookie));
	memcpy(out->msg + 8, tid, LITE_STUN_TID);
}

void lite_stun_attr(struct lite_stun_out *out, uint16_t type, const void *value,
		    size_t len)
{
	size_t padded = (len + 3) & ~(size_t)3;

	if (out->full || out->cap - out->len < ATTR_HDR + padded) {
		out->full = true;
		return;
	}
	put16(out->msg + out->len, type);
	put16(out->msg + out->len + 2, (uint16_t)len);
	out->len += ATTR_HDR;
	memset(out->msg + out->len, 0, padded);
	if (len)
		memcpy(out->msg + out->len, value, len);
	out->len += padded;
}

void lite_stun_mapped(struct lite_stun_out *out, const struct sa *addr)
{
	static const uint8_t v4_in_v6[12] = {0, 0, 0, 0, 0,    0,
					     0, 0, 0, 0, 0xff, 0xff};
	uint8_t val[20] = {0}, ip[16];

	put16(val + 2, (uint16_t)(sa_port(addr) ^ get16(cookie)));
	if (sa_af(addr) == AF_INET) {
		put32(ip + 12, sa_in(addr));
	} else {
		sa_in6(addr, ip);
		if (memcmp(ip, v4_in_v6, sizeof(v4_in_v6))) {
			val[1] = FAMILY_V6;
			for (unsigned i = 0; i < 16; i++)
				val[4 + i] = ip[i] ^ out->msg[4 + i];
			lite_stun_attr(out, ATTR_XOR_MAPPED, val, 20);
			return;
		}
	}
	/* IPv4, also as an IPv6 socket shows it */
	val[1] = FAMILY_V4;
	put32(val + 4, get32(ip + 12) ^ get32(cookie));
	lite_stun_attr(out, ATTR_XOR_MAPPED, val, 8);
}

void lite_stun_error(struct lite_stun_out *out, uint16_t code,
		     const char *reason)
{
	uint8_t val[64] = {0};
	size_t n = strlen(reason);

	if (n > sizeof(val) - 4)
		n = sizeof(val) - 4;
	val[2] = (uint8_t)(code / 100);
	val[3] = (uint8_t)(code % 100);
	memcpy(val + 4, reason, n);
	lite_stun_attr(out, ATTR_ERROR, val, 4 + n);
}

size_t lite_stun_end(struct lite_stun_out *out, const char *pwd)
{
	uint8_t val[MI_LEN];

	if (pwd && !out->full) {
		integrity(val, out->msg, out->len, pwd);
		lite_stun_attr(out, ATTR_MI, val, MI_LEN);
	}
	if (!out->full) {
		put16(out->msg + 2,
		      (uint16_t)(out->len + ATTR_HDR + FP_LEN - HDR));
		put32(val, crc(out->msg, out->len) ^ fp_xor);
		lite_stun_attr(out, ATTR_FINGERPRINT, val, FP_LEN);
	}
	return out->full ? 0 : out->len;
}
