/*
 * fence.h  Sessions that are somebody else's now are not served any more
 *
 * A worker that was gone for a while (common/control/ctl_gone.h) has lost its
 * calls: they were moved to another media worker, or ended. What it has left of
 * them is dropped without a word to anybody.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CONTROL_FENCE_H
#define MEDIAD_CONTROL_FENCE_H

struct fence;
struct redis_link;
struct session_table;
struct wheel;

/* What is pointed to outlives the fence, but for addr ("node/slot"). */
struct fence_params {
	struct redis_link *link;
	struct wheel *wheel;
	struct session_table *table;
	const char *addr;
};

int fence_alloc(struct fence **fencep, const struct fence_params *params);

typedef void(fence_h)(void *arg);

/* known: Redis has told; done: those sessions are dropped. */
struct fence_steps {
	fence_h *known, *done;
};

/* Asks Redis, and again until it answers. One question at a time: another one
 * meanwhile does nothing. steps NULL: nobody waits. */
void fence_ask(struct fence *fence, const struct fence_steps *steps, void *arg);

#endif
