/*
 * media_hosts.h  Where browsers reach a worker, and what serves them there
 *
 * Each interface for browsers has a UDP socket of the slot's own, and, where
 * the configuration says so, a TCP port that all slots share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIA_HOSTS_H
#define MEDIAD_MEDIA_HOSTS_H

#include <stddef.h>
#include <re.h>

#include "mediad/transport/mux.h"

struct mediad_cfg;
struct pass;
struct worker;

struct media_hosts {
	/* as the far side is told, best first */
	struct sa udp[MUX_SOCKS_MAX], tcp[MUX_SOCKS_MAX];
	size_t nudp, ntcp;

	/* inside */
	const struct worker *worker;
	const struct mediad_cfg *cfg;
	struct mux *mux;
	struct pass *pass; /* of connections, to the other workers */
};

/* The worker's sockets into its mux, which outlives it. The caller owns
 * *hostsp. */
int media_hosts_alloc(struct media_hosts **hostsp, const struct worker *worker,
		      const struct mediad_cfg *cfg, struct mux *mux);

#endif
