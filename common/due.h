/*
 * due.h  Durable deadlines: what must happen although processes die
 *
 * A deadline of some kind ("flow-grace") has an id and a few bytes of data,
 * and stands in a sorted set by Redis' clock. Every worker looks; one claims
 * it under a lease, which moves the deadline ahead: when the claimer dies
 * before it says that it is done, another one gets it after the lease. So a
 * deadline fires at least once; acting upon it must be fit for that. What has
 * been scheduled anew since is not removed by saying that the old one is
 * done.
 *
 * All kinds of a worker are looked for at once: one script, one answer, about
 * once a second. So all are under one hash tag: the sets `cb:{due}:<kind>` and
 * the hashes `cb:{due}:<kind>:data`. They expire a day after their last
 * deadline.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_DUE_H
#define COMMON_DUE_H

#include <stdint.h>
#include <re.h>

#include "common/redis_link.h"

enum {
	DUE_KINDS_MAX = 8,            /* that one poll looks for */
	DUE_KIND_MAX = 24,            /* [a-z-] */
	DUE_ID_MAX = 512,             /* bytes, any */
	DUE_DATA_MAX = 8192,          /* bytes, any */
	DUE_DELAY_MAX_MS = 604800000, /* a week */
};

struct due;
struct due_poll;
struct wheel;

/* Valid during the call. */
struct due_item {
	struct pl id;
	struct pl data;
	uint64_t due_ms; /* by Redis' clock; after a claim that came to
			    nothing: the end of that claim's lease */
	uint64_t token;  /* of this claim, for due_done() */
	uint32_t tries;  /* claims since it was scheduled, this one too */
};

/* Act, then due_done(), at once or within the lease. */
typedef void(due_fire_h)(const struct due_item *item, void *arg);

/* Looks for what is due, of all kinds that are given it, every ms milliseconds
 * (0: 1000) with a quarter of jitter. The kinds keep it. */
int due_poll_alloc(struct due_poll **pollp, struct redis_link *link,
		   struct wheel *wheel, uint32_t ms);

struct due_params {
	struct redis_link *link;
	struct wheel *wheel;
	const char *kind;
	struct due_poll *poll; /* NULL: one of its own */
	uint32_t poll_ms;  /* of its own; 0: 1000 */
	uint32_t lease_ms; /* 0: 10000 */
	due_fire_h *fireh; /* NULL: this worker only schedules */
	void *arg;
};

int due_alloc(struct due **duep, const struct due_params *params);

/*
 * In delay_ms, by Redis' clock; the same id again moves the deadline and
 * replaces the data. The reply is the deadline, in ms. replyh may be NULL.
 * ENOTCONN: Redis is away. EINVAL: over a limit.
 */
int due_schedule(struct due *due, const struct pl *id, const struct pl *data,
		 uint32_t delay_ms, redis_reply_h *replyh, void *arg);
/* The reply is 1 when there was one. */
int due_cancel(struct due *due, const struct pl *id, redis_reply_h *replyh,
	       void *arg);
/* It was acted upon. */
int due_done(struct due *due, const struct pl *id, uint64_t token);
/* ... and is due again in delay_ms, with its data; unless somebody has
 * scheduled it anew meanwhile. */
int due_again(struct due *due, const struct pl *id, uint64_t token,
	      uint32_t delay_ms);

#endif
