/*
 * upstream.h  Our registrations at PBXs: which worker keeps which, and that
 *             somebody always does
 *
 * The connections of kind `register` are spread over UPSTREAM_SHARDS by name.
 * Each shard has a lease (common/lease.h): the worker that holds it keeps the
 * registrations of its connections; when it dies, another one goes on within
 * UPSTREAM_LEASE_MS, with the same Call-ID and the next CSeq, which stand in
 * Redis. Nobody unregisters when a worker ends: the PBX notices nothing. It
 * also probes the shard's connections, of kind `trunk` too.
 *
 *   upstream.c    leases, shards, reloads
 *   kept.c        the registrations that this worker keeps
 *   news.c        ... and what others say of them
 *   trunk_reg.c   one registration (RFC 3261 section 10.2)
 *   trunk_state.c what is known of it, as text in Redis
 *   probe_set.c   the probes of a shard
 *   probe.c       those of one connection (RFC 3261 section 11)
 *   probe_state.c what is known of its health, as text in Redis
 *
 * So are the lines of users (routing/route_line.h), while a device of the user
 * is registered: line_news.h says so.
 *
 * Keys: the hash `cb:{u:<shard>}:reg`, a field "tenant/connection" each, of
 * lines "tenant/connection/user".
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_UPSTREAM_UPSTREAM_H
#define SIGD_UPSTREAM_UPSTREAM_H

#include <stdint.h>

#include "sigd/proxy/conn/shard.h"
#include "sigd/upstream/probe_set.h"

struct proxy;
struct route_table;
struct upstream;

enum { UPSTREAM_LEASE_MS = 4000 };

/* Counted since the start; gauges say so. */
struct upstream_counts {
	uint64_t sent;     /* REGISTERs */
	uint64_t accepted; /* ... answered 200 */
	uint64_t refused;  /* ... with another final answer, or none */
	uint64_t kept;       /* gauge: registrations that this worker keeps */
	uint64_t registered; /* gauge: of these, in force */
	struct probe_counts probes;
};

/* proxy outlives it; its Redis, tables and listeners are used. The caller
 * owns *upstreamp. */
int upstream_alloc(struct upstream **upstreamp, struct proxy *px);
/* After a reload of the proxy's tables (proxy_routes_set()): connections that
 * are gone are unregistered, changed ones registered anew. */
void upstream_reload(struct upstream *upstream);
const struct upstream_counts *
upstream_counts(const struct upstream *upstream);

#endif
