/*
 * resolve.h  Names to addresses, without waiting: what DNS said, and for
 *            how long
 *
 * A and AAAA by the hosts file and the system's servers, SRV and NAPTR by the
 * servers (locate.h makes of them where to send to). Answers are kept for their
 * time to live, an hour at most; that there is none, or that no server
 * answers, for 10 s. While none answers the last one serves for another day
 * (RFC 8767), and nobody waits for that longer than a third of a try. `.invalid`
 * is never asked (RFC 6761 section 6.4). One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_RESOLVE_H
#define SIGD_TRANSPORT_RESOLVE_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "sigd/transport/dns_msg.h"

struct resolve_ask;
struct resolver;
struct wheel;

enum {
	RESOLVE_ADDRS_MAX = 8, /* as DNS_ADDRS_MAX */
	RESOLVE_NAMES_MAX = 4096,
	RESOLVE_HOST_MAX = DNS_HOST_MAX,
};

enum resolve_what {
	RESOLVE_ADDRS,
	RESOLVE_SRV,
	RESOLVE_NAPTR
};

/* Zero: the default. */
struct resolver_cfg {
	const char *servers; /* "addr[:port],..." instead of the system's */
	uint32_t try_ms;     /* for one server to answer; 1,500 */
};

int resolver_alloc(struct resolver **resolverp, struct wheel *wheel,
		   const struct resolver_cfg *cfg);

/* n addresses without port: those that the kernel knows a way to first, of
 * them those of IPv6 (RFC 6724); ENOENT: there are none; ETIMEDOUT: no server
 * has answered. */
typedef void(resolve_h)(int err, const struct sa *addrs, size_t n, void *arg);

/*
 * Ask for a name or an IP address (without brackets). The handler is called
 * once, later. The caller owns the question: mem_deref() ends it unanswered.
 * EINVAL: no name; ENOSPC: RESOLVE_NAMES_MAX are under way.
 */
int resolve(struct resolve_ask **askp, struct resolver *resolver,
	    const char *host, resolve_h *h, void *arg);

struct resolve_query {
	const char *name;       /* "_sip._udp.example.com" */
	enum resolve_what what; /* not RESOLVE_ADDRS */
};

/* answer: valid during the call; NULL with an error, as above. */
typedef void(resolve_records_h)(int err, const struct dns_answer *answer,
				void *arg);

int resolve_records(struct resolve_ask **askp, struct resolver *resolver,
		    const struct resolve_query *query, resolve_records_h *h,
		    void *arg);

#endif
