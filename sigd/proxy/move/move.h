/*
 * move.h  A call goes to another media worker
 *
 * Its media worker is gone, or is to be empty: a new session is made at another
 * one, as the old one was as far as its sheet in Redis tells, and both sides get an
 * INVITE of ours with its offers, one after the other, so that the second one can
 * be offered what the first one has chosen. When one side cannot follow the call
 * ends on both, unless it is well where it was.
 *
 * What was begun is not left undone: a durable deadline (call_due.h) ends the
 * call on both sides when its worker dies meanwhile, or it takes too long.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_MOVE_MOVE_H
#define SIGD_PROXY_MOVE_MOVE_H

#include "sigd/proxy/proxy_priv.h"

struct move_params {
	const char *call;
	const char *session, *media; /* that it has */
	bool alive; /* its media worker lives, and can go on with it */
};

/* Begin; nothing, when it is on its way already. */
void move_start(struct proxy *px, const struct move_params *params);
/* Moves under way here. */
uint32_t move_count(const struct proxy *px);

#endif
