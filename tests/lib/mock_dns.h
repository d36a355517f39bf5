/*
 * mock_dns.h  A DNS server on loopback: says what it is told to, or lies, or
 *             is dead
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_MOCK_DNS_H
#define TESTS_LIB_MOCK_DNS_H

#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "tests/lib/test.h"

enum {
	MOCK_A = 1,
	MOCK_CNAME = 5,
	MOCK_AAAA = 28,
	MOCK_SRV = 33,
	MOCK_NAPTR = 35,
	MOCK_RR_MAX = 32,
	MOCK_DATA_MAX = 128,
	MOCK_HEAD = 12,
	MOCK_MSG_MAX = 65000,
};

struct mock_rr {
	char name[64];
	uint16_t type;
	uint32_t ttl;
	uint8_t data[MOCK_DATA_MAX];
	size_t len;
};

struct mock_dns {
	int fd, listener, conn; /* UDP; TCP */
	struct loop_watch *watch, *listen_watch, *conn_watch;
	char server[64]; /* "127.0.0.1:port" */
	struct mock_rr rr[MOCK_RR_MAX];
	unsigned n;
	unsigned asked;    /* questions for anything but AAAA */
	bool silent;       /* hears, says nothing */
	uint8_t rcode;     /* of each answer, then without records */
	unsigned flood;    /* over TCP each record comes so often */
	bool truncates;    /* over UDP: TC */
	uint8_t msg[MOCK_MSG_MAX];
};

static inline size_t mock_dns_name(uint8_t *to, const char *name)
{
	size_t n = 0;

	while (*name) {
		const size_t len = strcspn(name, ".");

		to[n++] = (uint8_t)len;
		memcpy(to + n, name, len);
		n += len;
		name += len + (name[len] == '.');
	}
	to[n++] = 0;
	return n;
}

static inline void mock_dns_u16(uint8_t *to, unsigned value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static inline struct mock_rr *mock_dns_rr(struct mock_dns *dns,
					  const char *name, uint16_t type,
					  uint32_t ttl)
{
	struct mock_rr *rr = &dns->rr[dns->n++];

	memset(rr, 0, sizeof(*rr));
	str_ncpy(rr->name, name, sizeof(rr->name));
	rr->type = type;
	rr->ttl	 = ttl;
	return rr;
}

static inline void mock_dns_addr(struct mock_dns *dns, const char *name,
				 const char *ip, uint32_t ttl)
{
	struct mock_rr *rr;
	struct sa addr;

	sa_set_str(&addr, ip, 0);
	rr = mock_dns_rr(dns, name,
			 sa_af(&addr) == AF_INET ? MOCK_A : MOCK_AAAA, ttl);
	rr->len = sa_af(&addr) == AF_INET ? 4 : 16;
	if (rr->len == 4)
		memcpy(rr->data, &addr.u.in.sin_addr, 4);
	else
		memcpy(rr->data, &addr.u.in6.sin6_addr, 16);
}

/* priority, weight, port */
static inline void mock_dns_srv(struct mock_dns *dns, const char *name,
				const unsigned n[3], const char *target)
{
	struct mock_rr *rr = mock_dns_rr(dns, name, MOCK_SRV, 60);

	for (unsigned i = 0; i < 3; i++)
		mock_dns_u16(rr->data + 2 * i, n[i]);
	rr->len = 6 + mock_dns_name(rr->data + 6, target);
}

static inline void mock_dns_naptr(struct mock_dns *dns, const char *name,
				  const unsigned n[2], const char *service,
				  const char *target)
{
	struct mock_rr *rr = mock_dns_rr(dns, name, MOCK_NAPTR, 60);
	uint8_t *p = rr->data + 4;

	mock_dns_u16(rr->data, n[0]);
	mock_dns_u16(rr->data + 2, n[1]);
	*p++ = 1;
	*p++ = 's';
	*p++ = (uint8_t)strlen(service);
	memcpy(p, service, strlen(service));
	p += strlen(service);
	*p++ = 0;
	p += mock_dns_name(p, target);
	rr->len = (size_t)(p - rr->data);
}

static inline void mock_dns_cname(struct mock_dns *dns, const char *name,
				  const char *target)
{
	struct mock_rr *rr = mock_dns_rr(dns, name, MOCK_CNAME, 60);

	rr->len = mock_dns_name(rr->data, target);
}

/* The question's name as text; its type. Where the question ends. */
static inline size_t mock_dns_question(const uint8_t *msg, size_t len,
				       char *name, uint16_t *type)
{
	size_t pos = MOCK_HEAD, n = 0;

	while (pos < len && msg[pos] && n < 200) {
		if (n)
			name[n++] = '.';
		memcpy(name + n, msg + pos + 1, msg[pos]);
		n += msg[pos];
		pos += msg[pos] + 1u;
	}
	name[n] = '\0';
	*type = (uint16_t)(msg[pos + 1] << 8 | msg[pos + 2]);
	return pos + 5;
}

/* Writes the answer over the question in dns->msg; its length. */
static inline size_t mock_dns_answer(struct mock_dns *dns, size_t len,
				     unsigned times, size_t most)
{
	uint8_t *msg = dns->msg;
	unsigned count = 0;
	char name[256];
	uint16_t type;
	size_t end = mock_dns_question(msg, len, name, &type);
	bool exists = false;

	dns->asked += type != MOCK_AAAA;
	for (unsigned i = 0; i < dns->n; i++)
		exists |= !strcasecmp(dns->rr[i].name, name);
	for (unsigned i = 0; i < dns->n * times && !dns->rcode; i++) {
		const struct mock_rr *rr = &dns->rr[i % dns->n];

		if (strcasecmp(rr->name, name) ||
		    (rr->type != type && rr->type != MOCK_CNAME) ||
		    end + 12 + rr->len > most)
			continue;
		mock_dns_u16(msg + end, 0xc000 | MOCK_HEAD);
		mock_dns_u16(msg + end + 2, rr->type);
		mock_dns_u16(msg + end + 4, 1);
		mock_dns_u16(msg + end + 6, rr->ttl >> 16);
		mock_dns_u16(msg + end + 8, rr->ttl & 0xffff);
		mock_dns_u16(msg + end + 10, (unsigned)rr->len);
		memcpy(msg + end + 12, rr->data, rr->len);
		end += 12 + rr->len;
		++count;
	}
	msg[2] = 0x84;
	msg[3] = dns->rcode ? dns->rcode : exists ? 0 : 3;
	mock_dns_u16(msg + 6, count);
	mock_dns_u16(msg + 8, 0);
	mock_dns_u16(msg + 10, 0); /* EDNS is not spoken */
	return end;
}

static inline void mock_dns_on_udp(int flags, void *arg)
{
	struct mock_dns *dns = arg;
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	ssize_t n;
	size_t len;
	(void)flags;

	n = recvfrom(dns->fd, dns->msg, 512, 0, (struct sockaddr *)&from,
		     &from_len);
	if (n < MOCK_HEAD + 5)
		return;
	len = mock_dns_answer(dns, (size_t)n, 1, 512);
	if (dns->silent)
		return;
	if (dns->truncates)
		dns->msg[2] |= 2;
	(void)sendto(dns->fd, dns->msg, len, 0, (struct sockaddr *)&from,
		     from_len);
}

/* A question in one piece, an answer as long as the socket takes it. */
static inline void mock_dns_on_tcp(int flags, void *arg)
{
	struct mock_dns *dns = arg;
	uint8_t head[2];
	ssize_t n = recv(dns->conn, dns->msg, 514, 0);
	size_t len;
	(void)flags;

	if (n <= MOCK_HEAD + 7) {
		dns->conn_watch = mem_deref(dns->conn_watch);
		(void)close(dns->conn);
		dns->conn = -1;
		return;
	}
	memmove(dns->msg, dns->msg + 2, (size_t)n - 2);
	len = mock_dns_answer(dns, (size_t)n - 2, dns->flood, MOCK_MSG_MAX);
	mock_dns_u16(head, (unsigned)len);
	(void)send(dns->conn, head, 2, MSG_MORE);
	(void)send(dns->conn, dns->msg, len, 0);
}

static inline void mock_dns_on_accept(int flags, void *arg)
{
	struct mock_dns *dns = arg;
	int fd = accept(dns->listener, NULL, NULL);
	(void)flags;

	if (fd < 0)
		return;
	dns->conn_watch = mem_deref(dns->conn_watch);
	if (dns->conn >= 0)
		(void)close(dns->conn);
	dns->conn = fd;
	CHECK(!loop_watch_alloc(&dns->conn_watch, fd, LOOP_READ,
				mock_dns_on_tcp, dns));
}

static inline bool mock_dns_open(struct mock_dns *dns)
{
	struct sa addr;

	memset(dns, 0, sizeof(*dns));
	dns->conn  = -1;
	dns->flood = 1;
	dns->fd	   = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	dns->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	sa_set_str(&addr, "127.0.0.1", 0);
	if (!CHECK(!bind(dns->fd, &addr.u.sa, addr.len)) ||
	    !CHECK(!getsockname(dns->fd, &addr.u.sa, &addr.len)))
		return false;
	re_snprintf(dns->server, sizeof(dns->server), "%J", &addr);
	/* who has this port over TCP, by chance, answers nobody's questions */
	if (!bind(dns->listener, &addr.u.sa, addr.len) &&
	    !listen(dns->listener, 4))
		CHECK(!loop_watch_alloc(&dns->listen_watch, dns->listener,
					LOOP_READ, mock_dns_on_accept, dns));
	return CHECK(!loop_watch_alloc(&dns->watch, dns->fd, LOOP_READ,
				       mock_dns_on_udp, dns));
}

static inline void mock_dns_close(struct mock_dns *dns)
{
	mem_deref(dns->watch);
	mem_deref(dns->listen_watch);
	mem_deref(dns->conn_watch);
	(void)close(dns->fd);
	(void)close(dns->listener);
	if (dns->conn >= 0)
		(void)close(dns->conn);
}

#endif
