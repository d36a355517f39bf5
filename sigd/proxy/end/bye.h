/*
 * bye.h  A BYE of our own, to one side of a call
 *
 * Made of the call record (RFC 3261 12.2.1.1), 2^16 CSeqs ahead of what the
 * other side has used, so that what it may have sent meanwhile does not
 * collide. Reason (RFC 3326) says why. A PBX that asks who we are gets its
 * connection's credentials.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_END_BYE_H
#define SIGD_PROXY_END_BYE_H

#include "sigd/proxy/proxy_priv.h"

struct bye;

/* It was answered, or nothing came of it. The BYE may be freed inside. */
typedef void(bye_done_h)(void *arg);

struct bye_params {
	const struct call_record *rec;
	unsigned side; /* to whom: CALL_CALLER, CALL_CALLEE */
	enum status reason;
	bye_done_h *doneh; /* once, later */
	void *arg;
};

/* The caller owns *byep; freed earlier, the BYE goes on by itself, without
 * credentials. Errors: nothing was sent. */
int bye_start(struct bye **byep, struct proxy *px,
	      const struct bye_params *params);
/* The same, and nobody waits for it. */
void bye_send(struct proxy *px, const struct call_record *rec, unsigned side,
	      enum status reason);

#endif
