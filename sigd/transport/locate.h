/*
 * locate.h  Where a SIP server is (RFC 3263 section 4): a name becomes
 *           transports, addresses and ports, in the order to try them
 *
 *   an IP address        it, with its port or that of the transport
 *   name and port        its addresses (A, AAAA)
 *   name, transport      SRV, with priority and weight (RFC 2782); without
 *                        SRV records its addresses with the transport's port
 *   name alone           NAPTR, then SRV as they say; without NAPTR records SRV
 *                        of each transport; else its addresses over the first
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_LOCATE_H
#define SIGD_TRANSPORT_LOCATE_H

#include "sigd/transport/resolve.h"

struct locate_ask;

enum locate_transport {
	LOCATE_UDP,
	LOCATE_TCP,
	LOCATE_TLS,
	LOCATE_TRANSPORTS
};

enum { LOCATE_MAX = 8 }; /* targets; more are left out */

struct locate_target {
	enum locate_transport transport;
	struct sa addr; /* with its port */
};

struct locate_params {
	const char *host; /* a name or an IP address without brackets */
	uint16_t port;    /* 0: none was given */
	/* What may be spoken, the dearest first; one: it was given. */
	enum locate_transport transports[LOCATE_TRANSPORTS];
	unsigned ntransports; /* 1 or more */
};

/* err as in resolve_h; 0: n is 1 or more. targets are valid during the
 * call. */
typedef void(locate_h)(int err, const struct locate_target *targets, size_t n,
		       void *arg);

/* The handler is called once, later. The caller owns the question: mem_deref()
 * ends it unanswered. EINVAL: no name. */
int locate(struct locate_ask **askp, struct resolver *resolver,
	   const struct locate_params *params, locate_h *h, void *arg);

/* Pure: the order in which to try n records, sorted by priority, by weight
 * within one (RFC 2782). rand: a number for each. */
void locate_srv_order(struct dns_srv *srv, size_t n, uint32_t (*rand)(void));

#endif
