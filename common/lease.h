/*
 * lease.h  To be the only one, for as long as one lives
 *
 * A lease is a key in Redis with a time to live, renewed at a third of it.
 * Each time it is taken it has a higher fence number, for whoever must refuse
 * what a former holder still sends. A holder that cannot renew knows that it
 * has lost the lease before Redis gives it to another one: its own time runs
 * from before the renewal was sent. Only when Redis loses its data may two
 * hold a lease, until the former holder is connected again; the fence tells
 * them apart.
 *
 * Keys: `<stem>:lease` ("owner fence"), `<stem>:fence`.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_LEASE_H
#define COMMON_LEASE_H

#include <stdbool.h>
#include <stdint.h>

struct lease;
struct redis_link;
struct wheel;

struct lease_params {
	struct redis_link *link;
	struct wheel *wheel;
	const char *stem;  /* with the hash tag of what it guards:
			      "cb:{a:acme/bob}:register" */
	const char *owner; /* for people: node/slot/epoch. Two leases of one
			      owner still exclude each other. */
	uint32_t ttl_ms;   /* at least 100 */
	bool wait;         /* take it whenever it is free; false: try once */
};

/*
 * held true: it is ours (fence). held false: it is ours no more or, without
 * `wait`, somebody else has it or Redis is away; without `wait` this is the
 * last call. The lease may be freed inside.
 */
typedef void(lease_h)(bool held, uint64_t fence, void *arg);

/* The caller owns *leasep; mem_deref() gives the lease back. */
int lease_alloc(struct lease **leasep, const struct lease_params *params,
		lease_h *leaseh, void *arg);
bool lease_held(const struct lease *lease);
uint64_t lease_fence(const struct lease *lease);

#endif
