/*
 * rest_calls_walk.h  The calls that there are, by their names, in steps
 *
 * Sixteen lists (call_record.h) of any length: each step reads a part of one,
 * as each holds up Redis. The parts overlap, since what ends between two steps
 * moves the others down. What is put behind all others meanwhile, as it is kept
 * for longer, may be told twice; what is there all the time is told.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_CALLS_WALK_H
#define SIGD_ADMIN_REST_CALLS_WALK_H

#include "sigd/admin/rest_calls.h"

enum {
	REST_CALLS_STEP = 500, /* names at once */
	REST_CALLS_SLIP = 50,  /* the last of a step that are read once more */
};

/* Begins as {.tenant = ..}; NULL: of all. */
struct rest_calls_walk {
	const char *tenant;
	unsigned shard, at; /* where the next step begins */
	char last[REST_CALLS_SLIP][ID_LEN + 1];
	size_t nlast;
};

typedef void(rest_calls_found_h)(const char *call, void *arg);

/* One step; foundh is called for each call of it. False: resp is a 503. */
bool rest_calls_walk_step(struct rest_calls_walk *walk, struct admin *admin,
			  struct admin_resp *resp, rest_calls_found_h *foundh,
			  void *arg);
/* Of those that were told so many may have ended since, and moved the others
 * down: the next step begins that much earlier, and tells some again. */
void rest_calls_walk_back(struct rest_calls_walk *walk, size_t n);
/* Whether all have been told. */
bool rest_calls_walk_ended(const struct rest_calls_walk *walk);

#endif
