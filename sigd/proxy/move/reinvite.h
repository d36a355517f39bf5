/*
 * reinvite.h  An INVITE of our own within a call, to one side
 *
 * In the other side's name, with an offer of mediad's: for when media moves.
 * Made of the call record, one CSeq ahead of what the other side has used
 * (call_own.h). A PBX that asks who we are gets its connection's credentials; 491 is
 * tried again in a moment (RFC 3261 14.1), and so is a device that is not
 * there, for it may be on its way back. The 2xx gets its ACK here, and again
 * when it is repeated.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_MOVE_REINVITE_H
#define SIGD_PROXY_MOVE_REINVITE_H

#include "sigd/proxy/proxy_priv.h"

struct reinvite;

/* sdp: its answer, valid during the call. session_s: until when it wants to
 * refresh the session (RFC 4028); 0: it does not. */
struct reinvite_answer {
	struct pl sdp;
	uint32_t session_s;
};

/* STATUS_OK, or why there is no answer (answer is NULL then). Once, later. The
 * reinvite is not the owner's any more. */
typedef void(reinvite_h)(enum status code, const struct reinvite_answer *answer,
			 void *arg);

struct reinvite_params {
	const char *call;
	unsigned side; /* to whom */
	struct pl sdp; /* copied */
	reinvite_h *h;
	void *arg;
};

int reinvite_start(struct reinvite **rip, struct proxy *px,
		   const struct reinvite_params *params);
/* Nobody waits for it any more: it is cancelled. NULL: nothing. */
struct reinvite *reinvite_drop(struct reinvite *ri);
void reinvite_send_failed(struct proxy *px, uint64_t ref, int err);

#endif
