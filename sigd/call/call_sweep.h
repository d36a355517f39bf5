/*
 * call_sweep.h  Which calls hang on the connections of a worker that died, or
 *               on a media worker
 *
 * The records tell: all of them are looked through, in Redis, a hundred at a
 * time (2 ms), so that nobody waits for it. That is for the rare moment in
 * which a worker has died; no call pays for it while all is well.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_CALL_SWEEP_H
#define SIGD_CALL_CALL_SWEEP_H

#include "sigd/call/call_record.h"

/* The side of a call that is up, of a user's device; of a media worker: the
 * call, its session and deadline alone. Valid during the call. */
struct call_swept {
	char call[17];
	char session[17];
	uint64_t expires; /* its record, unix s: that of a long call is near */
	unsigned side;
	const uint8_t *flow; /* that it is over, packed */
	size_t flow_len;
};

typedef void(call_swept_h)(const struct call_swept *swept, void *arg);
/* All were given; or, err, some may not have been. The last call. */
typedef void(call_sweep_end_h)(int err, void *arg);

struct call_sweep_params {
	struct redis_link *link;
	/* node and slot as they stand in its packed flow ids, between the kind
	 * and a connection's epoch (sigd/transport/flow_id.c) */
	const uint8_t *place;
	size_t place_len;
	uint32_t epoch; /* of this incarnation or a former one */
	const char *media; /* instead: whose sessions are at this media worker */
	call_swept_h *swepth;
	call_sweep_end_h *endh;
	void *arg;
};

/* Like struct call_ask. */
struct call_sweep;

int call_sweep(struct call_sweep **sweepp,
	       const struct call_sweep_params *params);

#endif
