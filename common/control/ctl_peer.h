/*
 * ctl_peer.h  What a worker is to the control protocol, and what it refused
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CONTROL_CTL_PEER_H
#define COMMON_CONTROL_CTL_PEER_H

#include <stdint.h>

#include "common/control/ctl_codec.h"

struct keyring;
struct redis_cfg;
struct redis_link;
struct wheel;

/* Given to every part below when it is made; what is pointed to is copied or
 * referenced. */
struct ctl_peer {
	const char *addr; /* our own, node/slot */
	uint32_t epoch;   /* our own, not 0 */
	struct redis_link *link;
	const struct redis_cfg *cfg; /* for connections that wait */
	struct keyring *ring;
	struct wheel *wheel;
};

/* Counted since the start, for metrics. */
struct ctl_counts {
	uint64_t refused[CTL_REFUSALS]; /* [CTL_ACCEPTED]: the good ones */
	uint64_t repeated; /* requests served from the kept answers; events
			      that were done before */
	uint64_t late;     /* answers that nobody waits for (any more) */
	uint64_t overload; /* requests refused since too many are open */
	uint64_t timeouts; /* requests without an answer in time */
	uint64_t dropped;  /* events given up, since Redis was away too long */
};

#endif
