/*
 * accept.h  Takes TCP connections of a listener, with limits before TLS
 *
 * A gate counts the connections of a worker, in all and by source (an IPv4
 * address, an IPv6 /64): over a limit a connection is closed before a byte
 * is read. A connection through a load balancer is that of the client whom it
 * names.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_ACCEPT_H
#define SIGD_TRANSPORT_ACCEPT_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

struct accept_gate;
struct accept_listener;
struct cfg_cidr;
struct transport_counts;
struct transport_limits;
struct wheel;

/* The worker is full: make room by ending one that is not worth much; false
 * when there is none. */
typedef bool(accept_full_h)(void *arg);

/* limits and counts are borrowed. */
int accept_gate_alloc(struct accept_gate **gatep,
		      const struct transport_limits *limits,
		      struct transport_counts *counts, accept_full_h *fullh,
		      void *arg);
/* May a connection of this source (NULL: not yet known) come in? ENFILE: the worker is full;
 * EDQUOT: the source has too many. Both are counted. */
int accept_gate_enter(struct accept_gate *gate, const struct sa *remote);
void accept_gate_leave(struct accept_gate *gate, const struct sa *remote);
/* Nobody comes in (ECONNREFUSED, not counted), or as before. */
void accept_gate_shut(struct accept_gate *gate, bool shut);
/* How many are in: of this source, of all (NULL). */
uint32_t accept_gate_inside(const struct accept_gate *gate,
			    const struct sa *remote);

/* A connection past the gate; fd is non-blocking, owned by the handler. */
typedef void(accept_h)(int fd, const struct sa *remote, void *arg);

struct accept_params {
	int fd; /* listening, non-blocking, not closed by us */
	struct accept_gate *gate;
	const struct transport_limits *limits;
	struct transport_counts *counts;
	struct wheel *wheel;
	/* Load balancers, who say first whose connection it is (lb_header.h);
	 * from anywhere else nothing of the kind is read. */
	const struct cfg_cidr *balancers;
	size_t nbalancers;
	accept_h *accepth;
	void *arg;
};

/* All in params is borrowed. mem_deref() ends it, with the connections that
 * have not said whose they are. */
int accept_listener_alloc(struct accept_listener **listenerp,
			  const struct accept_params *params);

#endif
