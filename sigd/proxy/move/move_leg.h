/*
 * move_leg.h  One side of a call that goes to another media worker
 *
 * Its leg is made there, makes an offer, the side gets that and its answer
 * goes to the leg.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_MOVE_MOVE_LEG_H
#define SIGD_PROXY_MOVE_MOVE_LEG_H

#include "sigd/proxy/proxy_priv.h"

struct move_leg;

/* session_s: the side's timer (reinvite.h). Once, later; it may be freed
 * inside. */
typedef void(move_leg_h)(enum status code, uint32_t session_s, void *arg);

struct move_leg_params {
	const struct call_record *rec; /* with the new place; outlives it */
	unsigned side;
	const char *form; /* what its leg was like; may be empty */
	bool join;        /* the other leg is there: join them */
	move_leg_h *h;
	void *arg;
};

/* The other side's leg is made, as it was: so that the first one is offered
 * what the other one does (hold). It makes no offer yet; h, arg and join are of
 * no use. */
void move_leg_prepare(struct proxy *px, const struct move_leg_params *params);
/* The caller owns *legp; freed earlier, what was sent is cancelled. */
int move_leg_start(struct move_leg **legp, struct proxy *px,
		   const struct move_leg_params *params);

#endif
