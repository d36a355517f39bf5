/*
 * probe_set.h  The probes of a shard, kept by who holds its lease
 *
 * Keys: the hash `cb:{u:<shard>}:health`, a field "tenant/connection" each
 * (probe_state.h), written at each probe's end, for people; and the hash
 * HEALTH_DOWN_KEY (sigd/proxy/conn/health.h) of all shards' connections that are down,
 * for calls.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_UPSTREAM_PROBE_SET_H
#define SIGD_UPSTREAM_PROBE_SET_H

#include <stdint.h>

struct probe_set;
struct proxy;
struct route_table;

/* Counted since the start; gauges say so. Shared by all sets of a worker. */
struct probe_counts {
	uint64_t sent;
	uint64_t failed; /* no answer, or one that is none */
	uint64_t kept;   /* gauge: connections that this worker probes */
	uint64_t down;   /* gauge: of these, down */
};

/* counts outlives it, and so does the proxy. */
int probe_set_alloc(struct probe_set **setp, struct proxy *px, unsigned shard,
		    struct probe_counts *counts);
/* The shard is ours: begin, from what is known. The caller keeps the table
 * until probe_set_reload() or probe_set_end(). */
void probe_set_begin(struct probe_set *set, const struct route_table *table);
void probe_set_end(struct probe_set *set);
/* Another table; nothing when it is not begun. */
void probe_set_reload(struct probe_set *set, const struct route_table *table);

#endif
