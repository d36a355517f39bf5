/*
 * route_source.c  From an address to the connection that sends from there
 *
 * All networks of all connections, sorted by family, length of prefix and
 * address. A lookup tries the lengths that occur, longest first, by binary
 * search: a large operator has 10,000 connections and a handful of lengths.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"
#include "routing/route_priv.h"

enum {
	ADDR_LEN = 16
};

struct entry {
	uint8_t len; /* bytes of the address: 4, 16 */
	uint8_t bits;
	uint8_t net[ADDR_LEN];
	uint16_t port; /* 0: any */
	uint32_t nr;   /* keeps the order of the file */
	const struct route_connection *conn;
};

struct route_sources {
	struct entry *list;
	uint32_t count, room;
};

static void destructor(void *arg)
{
	struct route_sources *sources = arg;

	mem_deref(sources->list);
}

/* IPv4-mapped IPv6 addresses count as IPv4. */
static uint8_t bytes_of(uint8_t bytes[ADDR_LEN], const struct sa *sa)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint32_t in;

	memset(bytes, 0, ADDR_LEN);
	if (sa_af(sa) == AF_INET6) {
		sa_in6(sa, bytes);
		if (memcmp(bytes, mapped, sizeof(mapped)))
			return ADDR_LEN;
		memmove(bytes, bytes + 12, 4);
		memset(bytes + 4, 0, ADDR_LEN - 4);
		return 4;
	}
	if (sa_af(sa) != AF_INET)
		return 0;
	in = htonl(sa_in(sa));
	memcpy(bytes, &in, 4);
	return 4;
}

static void mask(uint8_t bytes[ADDR_LEN], unsigned bits)
{
	for (unsigned i = 0; i < ADDR_LEN; i++) {
		unsigned keep = bits >= 8 * (i + 1) ? 8
				: bits > 8 * i      ? bits - 8 * i
						    : 0;

		bytes[i] &= (uint8_t)(0xff00u >> keep);
	}
}

/* Longest prefix first; `nr` decides last. */
static int order(const struct entry *a, const struct entry *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	if (a->bits != b->bits)
		return a->bits > b->bits ? -1 : 1;
	return memcmp(a->net, b->net, sizeof(a->net));
}

static int compare(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	int diff = order(a, b);

	return diff ? diff : a->nr < b->nr ? -1 : a->nr > b->nr;
}

static struct entry *add(struct route_sources *sources,
			 const struct route_connection *conn,
			 const struct sa *net, unsigned bits)
{
	struct entry *entry = &sources->list[sources->count];

	/* there is one entry more than room */
	if (sources->count >= sources->room)
		return entry;
	entry->len = bytes_of(entry->net, net);
	entry->bits = (uint8_t)min(bits, 8u * entry->len);
	entry->conn = conn;
	entry->nr = sources->count++;
	return entry;
}

/* Behind its public address may be others than the PBX, such as phones, and
 * they must not be taken for it: when no sources are given the port counts. */
static void add_connection(struct route_sources *sources,
			   const struct route_connection *conn)
{
	for (uint32_t i = 0; i < conn->nsources; i++)
		(void)add(sources, conn, &conn->sources[i].net,
			  conn->sources[i].bits);
	if (!conn->nsources && sa_af(&conn->peer.addr) != AF_UNSPEC)
		add(sources, conn, &conn->peer.addr, 8 * ADDR_LEN)->port =
			conn->peer.port;
}

int route_sources_alloc(struct route_sources **sourcesp,
			const struct route_cfg *cfg)
{
	struct route_sources *sources =
		mem_zalloc(sizeof(*sources), destructor);

	if (!sources)
		return ENOMEM;
	for (uint32_t i = 0; i < cfg->ntenants; i++) {
		const struct route_tenant *tenant = &cfg->tenants[i];

		for (uint32_t k = 0; k < tenant->nconnections; k++)
			sources->room += tenant->connections[k].nsources + 1;
	}
	sources->list =
		mem_zalloc((sources->room + 1) * sizeof(struct entry), NULL);
	if (!sources->list) {
		mem_deref(sources);
		return ENOMEM;
	}
	for (uint32_t i = 0; i < cfg->ntenants; i++) {
		const struct route_tenant *tenant = &cfg->tenants[i];

		for (uint32_t k = 0; k < tenant->nconnections; k++)
			add_connection(sources, &tenant->connections[k]);
	}
	qsort(sources->list, sources->count, sizeof(struct entry), compare);
	*sourcesp = sources;
	return 0;
}

/* The first that does not stand before `key`. */
static uint32_t lower_bound(const struct route_sources *sources,
			    const struct entry *key)
{
	uint32_t lo = 0, hi = sources->count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (order(&sources->list[mid], key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool route_connection_shown(const struct route_connection *conn,
			    const struct route_origin *origin)
{
	return !conn->tls.shows ||
	       (origin->namedh && origin->namedh(conn->tls.name, origin->arg));
}

static bool fits(const struct entry *entry, const struct route_origin *origin)
{
	const struct route_connection *conn = entry->conn;

	if (entry->port && entry->port != sa_port(origin->addr))
		return false;
	if (origin->tenant && conn->tenant != origin->tenant)
		return false;
	if (!route_connection_shown(conn, origin))
		return false;
	return !origin->listener || !conn->peer.listener ||
	       !strcmp(origin->listener, conn->peer.listener);
}

/* The best of those with this very network; NULL: equally of two tenants.
 * False: nobody has it. */
static bool choose(const struct route_connection **connp,
		   const struct route_sources *sources, const struct entry *key,
		   const struct route_origin *origin)
{
	const struct route_connection *best = NULL;
	bool exact = false, two = false;
	uint32_t at = lower_bound(sources, key);

	for (; at < sources->count && !order(&sources->list[at], key); at++) {
		const struct route_connection *conn = sources->list[at].conn;
		bool port = conn->peer.port == sa_port(origin->addr);

		if (!fits(&sources->list[at], origin) || (exact && !port))
			continue;
		if (best && port == exact) {
			two |= conn->tenant != best->tenant;
			continue;
		}
		best = conn;
		exact = port;
		two = false;
	}
	*connp = two ? NULL : best;
	return best != NULL;
}

const struct route_connection *
route_connection_by_source(const struct route_table *table,
			   const struct route_origin *origin)
{
	const struct route_sources *sources = table ? table->sources : NULL;
	uint8_t addr[ADDR_LEN];
	const struct route_connection *conn = NULL;
	struct entry key = {.bits = 8 * ADDR_LEN};
	uint32_t at;

	if (!sources || !origin || !origin->addr)
		return NULL;
	key.len = bytes_of(addr, origin->addr);
	memset(key.net, 0, sizeof(key.net));
	at = lower_bound(sources, &key);
	/* each turn: the next length of this family that occurs */
	while (key.len && at < sources->count &&
	       sources->list[at].len == key.len) {
		key.bits = sources->list[at].bits;
		memcpy(key.net, addr, sizeof(addr));
		mask(key.net, key.bits);
		if (choose(&conn, sources, &key, origin) || !key.bits)
			return conn;
		--key.bits;
		memset(key.net, 0, sizeof(key.net));
		at = lower_bound(sources, &key);
	}
	return NULL;
}
