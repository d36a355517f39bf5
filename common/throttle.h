/*
 * throttle.h  Makes guessing slow: failures are counted by source address
 *
 * Five failures are free; each further one doubles the wait, from 1 s up to
 * 60 s, in which the source gets no answer but "wait". What is quiet for
 * 10 minutes is forgotten. An IPv6 source is its /64. A fixed table: when it
 * is full, the one that was quiet for longest gives way. Pure: time is an
 * argument.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_THROTTLE_H
#define COMMON_THROTTLE_H

#include <stdint.h>
#include <re.h>

struct throttle;

enum {
	THROTTLE_FREE = 5,
	THROTTLE_WAIT_MAX_MS = 60000,
	THROTTLE_FORGET_MS = 600000
};

/* slots: how many sources are remembered. The caller owns *throttlep. */
int throttle_alloc(struct throttle **throttlep, uint32_t slots);

/* Milliseconds that this source has to wait; 0: it may try. */
uint64_t throttle_wait(const struct throttle *throttle, const struct sa *source,
		       uint64_t now_ms);
void throttle_failed(struct throttle *throttle, const struct sa *source,
		     uint64_t now_ms);
/* It proved itself: its failures are forgotten. */
void throttle_passed(struct throttle *throttle, const struct sa *source);

#endif
