/*
 * aor_calls.h  Which calls a user's devices are in, and over which flow
 *
 * When a device's connection is lost its calls must be found, and when it
 * registers again over another one they move there: a call is the device's
 * (RFC 5626: instance and reg-id), whatever flow it began over. A hash of the
 * AOR:
 *
 *   cb:{a:<tenant>/<user>}:calls  "<call>/<side>" -> "<flow, hex>[!] [device]"
 *
 * The device is the one that was bound over that flow when the call was
 * answered, or the first that registers over it later. "!": the flow has ended.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_REGISTRAR_AOR_CALLS_H
#define SIGD_REGISTRAR_AOR_CALLS_H

#include "sigd/registrar/registrar.h"

enum { AOR_CALLS_MAX = 64 }; /* found at once */

struct aor_call {
	char call[17];
	uint8_t side; /* CALL_CALLER, CALL_CALLEE (call_record.h) */
};

/* A packed flow id; borrowed. */
struct aor_flow {
	const uint8_t *p;
	size_t len;
};

/* This side of the call is up over this flow; kept life_s seconds at most.
 * Nobody is told. */
int aor_calls_add(struct redis_link *link, const struct registrar_aor *aor,
		  const struct aor_call *call, const struct aor_flow *flow,
		  uint32_t life_s);
/* It has ended. Nobody is told. */
int aor_calls_drop(struct redis_link *link, const struct registrar_aor *aor,
		   const struct aor_call *call);

/* flow: as it was asked with. All is valid during the call; n is 0
 * with Redis away. */
typedef void(aor_calls_h)(const struct aor_call *calls, size_t n,
			  const struct aor_flow *flow, void *arg);

/* A question under way; the caller owns it. */
struct aor_calls_ask;

/* Calls over this flow, which has ended. */
int aor_calls_on(struct aor_calls_ask **askp, struct redis_link *link,
		 const struct registrar_aor *aor, const struct aor_flow *flow,
		 aor_calls_h *h, void *arg);
/* These devices (their names among the bindings, a line each) have registered
 * over this flow: their calls are over it now, and given to h, as are those that
 * another flow of their instances has lost. */
int aor_calls_move(struct aor_calls_ask **askp, struct redis_link *link,
		   const struct registrar_aor *aor, const char *devices,
		   const struct aor_flow *flow, aor_calls_h *h, void *arg);

#endif
