/*
 * resolve.h  Names to addresses, without waiting: c-ares behind the loop
 *
 * A and AAAA, the hosts file and the system's servers. (SRV and NAPTR, RFC
 * 3263, are not asked.) Answers are kept for their time to live, 5 s to an
 * hour; a name that has none for 10 s. `.invalid` is never asked (RFC 6761
 * section 6.4). One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_RESOLVE_H
#define SIGD_TRANSPORT_RESOLVE_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct resolve_ask;
struct resolver;
struct wheel;

enum {
	RESOLVE_ADDRS_MAX = 8, /* of one name; more are left out */
	RESOLVE_NAMES_MAX = 4096,
	RESOLVE_HOST_MAX = 253,
};

/* Zero: the default. */
struct resolver_cfg {
	const char *servers; /* "addr[:port],..." instead of the system's */
	uint32_t try_ms;     /* for one server to answer; 1,500 */
};

int resolver_alloc(struct resolver **resolverp, struct wheel *wheel,
		   const struct resolver_cfg *cfg);

/* n addresses without port, best first (RFC 6724); ENOENT: there are none;
 * ETIMEDOUT: no server has answered. */
typedef void(resolve_h)(int err, const struct sa *addrs, size_t n, void *arg);

/*
 * Ask for a name or an IP address (without brackets). The handler is called
 * once, later. The caller owns the question: mem_deref() ends it unanswered.
 * EINVAL: no name; ENOSPC: RESOLVE_NAMES_MAX are under way.
 */
int resolve(struct resolve_ask **askp, struct resolver *resolver,
	    const char *host, resolve_h *h, void *arg);

#endif
