/*
 * place.h  A place of a call among those that its tenant or user may have
 *
 * The places of one owner are a sorted set in Redis: call ids by the time
 * (unix ms of Redis' clock) at which the place ends by itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_WHO_PLACE_H
#define SIGD_PROXY_WHO_PLACE_H

#include "common/status.h"
#include "sigd/proxy/proxy_priv.h"

struct place_ask;
struct redis_script;

/* KEYS the set, and when only one call may try: who does; ARGV call,
 * milliseconds, most (0: no limit), milliseconds of the trial. 1: it has a
 * place; 0: there is none; 2: another call tries. Connections take theirs so
 * (conn_calls.h). */
extern const struct redis_script place_script_take;

/* The texts are borrowed for the call. */
struct place {
	const char *key;  /* the set's */
	const char *call; /* whose place it is */
};

/* STATUS_OK: it has a place. STATUS_CALL_LIMIT, STATUS_REDIS_DOWN. */
typedef void(place_h)(enum status code, void *arg);

/*
 * A place for a call that begins, of at most `max`. EINPROGRESS: h is called
 * once, later, unless the caller ends the question *askp with mem_deref().
 * Others: Redis is away.
 */
int place_take(struct place_ask **askp, struct proxy *px,
	       const struct place *place, uint32_t max, place_h *h, void *arg);
/* It is up: its place is for as long as its record lives. */
void place_keep(struct proxy *px, const struct place *place);
/* With Redis away the place ends by itself. */
void place_leave(struct proxy *px, const struct place *place);

#endif
