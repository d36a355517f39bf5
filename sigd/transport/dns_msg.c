/*
 * dns_msg.c  SRV and NAPTR records of a DNS answer
 *
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "sigd/transport/dns_msg.h"

enum {
	HEAD = 12,
	FIXED = 10, /* of a record, behind its name */
	JUMPS_MAX = 16,
	CLASS_IN = 1,
};

struct reader {
	const uint8_t *msg;
	size_t len, pos;
};

static uint16_t u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)u16(p) << 16 | u16(p + 2);
}

/* What may stand in a host name, and in "_sip._udp". */
static bool is_host_char(uint8_t c)
{
	return isalnum(c) || c == '-' || c == '_';
}

/* One label more. */
static bool label_add(char *name, size_t *n, const uint8_t *label, size_t len)
{
	if (*n + len + 1 > DNS_HOST_MAX + 1)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_host_char(label[i]))
			return false;
	}
	if (*n)
		name[(*n)++] = '.';
	memcpy(name + *n, label, len);
	*n += len;
	return true;
}

/* The name at rd->pos, which goes on behind it. Pointers lead backwards only
 * (RFC 1035 4.1.4), so there is no loop. name: DNS_HOST_MAX + 1 bytes. */
static bool name_read(struct reader *rd, char *name)
{
	size_t pos = rd->pos, n = 0;
	bool jumped = false;

	for (unsigned jumps = 0; pos < rd->len;) {
		const uint8_t c = rd->msg[pos];

		if (c >= 0xc0) {
			const size_t to = pos + 2 > rd->len
						  ? rd->len
						  : u16(rd->msg + pos) & 0x3fff;

			if (to >= pos || ++jumps > JUMPS_MAX)
				return false;
			rd->pos = jumped ? rd->pos : pos + 2;
			jumped = true;
			pos = to;
		} else if (c > 63 || pos + 1 + c > rd->len) {
			return false;
		} else if (!c) {
			rd->pos = jumped ? rd->pos : pos + 1;
			name[n] = '\0';
			return n <= DNS_HOST_MAX;
		} else if (!label_add(name, &n, rd->msg + pos + 1, c)) {
			return false;
		} else {
			pos += 1u + c;
		}
	}
	return false;
}

/* Over a name, whatever is in it. */
static bool name_skip(struct reader *rd)
{
	while (rd->pos < rd->len) {
		const uint8_t c = rd->msg[rd->pos];

		if (c >= 0xc0 || !c) {
			rd->pos += c ? 2 : 1;
			return rd->pos <= rd->len;
		}
		rd->pos += 1u + c;
	}
	return false;
}

/* A <character-string>, in upper case. */
static bool string_read(struct reader *rd, char *text, size_t size)
{
	size_t n;

	if (rd->pos >= rd->len)
		return false;
	n = rd->msg[rd->pos++];
	if (n > rd->len - rd->pos || n >= size)
		return false;
	for (size_t i = 0; i < n; i++)
		text[i] = (char)toupper(rd->msg[rd->pos + i]);
	text[n] = '\0';
	rd->pos += n;
	return true;
}

/* --- records: they end where rd ends ------------------------------------------- */

static bool srv_read(struct dns_srv *srv, struct reader *rd)
{
	const uint8_t *p = rd->msg + rd->pos;

	if (rd->len - rd->pos < 7)
		return false;
	srv->priority = u16(p);
	srv->weight = u16(p + 2);
	srv->port = u16(p + 4);
	rd->pos += 6;
	return name_read(rd, srv->target) && (srv->port || !srv->target[0]);
}

/* The regular expression is of no use to RFC 3263, and has to be empty. */
static bool naptr_read(struct dns_naptr *naptr, struct reader *rd)
{
	const uint8_t *p = rd->msg + rd->pos;
	char flags[2] = "", regexp[1] = "";

	if (rd->len - rd->pos < 8)
		return false;
	naptr->order = u16(p);
	naptr->preference = u16(p + 2);
	rd->pos += 4;
	if (!string_read(rd, flags, sizeof(flags)) ||
	    !string_read(rd, naptr->service, sizeof(naptr->service)) ||
	    !string_read(rd, regexp, sizeof(regexp)))
		return false;
	naptr->flag = flags[0];
	return name_read(rd, naptr->target) && naptr->target[0];
}

static uint32_t rank(const struct dns_answer *answer, size_t i)
{
	return answer->type == DNS_SRV
		       ? answer->srv[i].priority
		       : (uint32_t)answer->naptr[i].order << 16 |
				 answer->naptr[i].preference;
}

static void move(struct dns_answer *answer, size_t to, size_t from, size_t n)
{
	if (answer->type == DNS_SRV)
		memmove(&answer->srv[to], &answer->srv[from],
			n * sizeof(answer->srv[0]));
	else
		memmove(&answer->naptr[to], &answer->naptr[from],
			n * sizeof(answer->naptr[0]));
}

/* Into its place; the least important one gives way. */
static void keep(struct dns_answer *answer, const struct dns_answer *one)
{
	size_t at = answer->n;

	while (at && rank(answer, at - 1) > rank(one, 0))
		at--;
	if (at == DNS_RECORDS_MAX)
		return;
	answer->n -= answer->n == DNS_RECORDS_MAX;
	move(answer, at + 1, at, answer->n - at);
	++answer->n;
	if (answer->type == DNS_SRV)
		answer->srv[at] = one->srv[0];
	else
		answer->naptr[at] = one->naptr[0];
	if (answer->n == 1 || one->ttl < answer->ttl)
		answer->ttl = one->ttl;
}

/* One record of the answer section. False: the message ends within it. */
static bool record_read(struct dns_answer *answer, struct reader *rd)
{
	struct dns_answer one = {.type = answer->type};
	struct reader data;
	const uint8_t *p;
	size_t len;
	bool ok;

	if (!name_skip(rd) || rd->len - rd->pos < FIXED)
		return false;
	p = rd->msg + rd->pos;
	len = u16(p + 8);
	rd->pos += FIXED;
	if (len > rd->len - rd->pos)
		return false;
	data = (struct reader){rd->msg, rd->pos + len, rd->pos};
	rd->pos += len;
	if (u16(p) != (uint16_t)answer->type || u16(p + 2) != CLASS_IN)
		return true;
	/* one with the highest bit is 0 (RFC 2181 8) */
	one.ttl = u32(p + 4) > INT32_MAX ? 0 : u32(p + 4);
	ok = one.type == DNS_SRV ? srv_read(&one.srv[0], &data)
				 : naptr_read(&one.naptr[0], &data);
	if (ok)
		keep(answer, &one);
	return true;
}

int dns_answer_read(struct dns_answer *answer, enum dns_type type,
		    const uint8_t *msg, size_t len)
{
	struct reader rd = {msg, len, HEAD};
	unsigned questions, records;

	memset(answer, 0, sizeof(*answer));
	answer->type = type;
	if (len < HEAD || !(msg[2] & 0x80))
		return EBADMSG;
	questions = u16(msg + 4);
	records = u16(msg + 6);
	if (questions > 1)
		return EBADMSG;
	if (questions && (!name_skip(&rd) || rd.len - rd.pos < 4))
		return EBADMSG;
	rd.pos += questions * 4;
	for (unsigned i = 0; i < records && i < DNS_LOOK_MAX; i++) {
		if (!record_read(answer, &rd))
			return answer->n ? 0 : EBADMSG;
	}
	return 0;
}
