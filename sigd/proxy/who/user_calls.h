/*
 * user_calls.h  How many calls a user has, made and taken, in all workers
 *               together
 *
 * As conn_calls.h: each call has a place of its own, with the time at which it
 * ends by itself. Only users with `max_calls` have places.
 *
 * Key: `cb:{a:<tenant>/<user>}:places`, call ids by unix ms of Redis' clock.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_WHO_USER_CALLS_H
#define SIGD_PROXY_WHO_USER_CALLS_H

#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/who/place.h"

struct route_user;

/* Whose place, in which call; the texts are borrowed for the call. */
struct user_calls_of {
	const char *tenant;
	const struct route_user *user; /* NULL: none of ours */
	const char *call;
	bool instead; /* of one that ends when this one is up (RFC 3891) */
};

/*
 * A place for a call that begins. 0: there is no limit, h is not called.
 * EINPROGRESS: h is called once, later, unless the caller ends the question
 * *askp with mem_deref(). Others: Redis is away. The place is given back by
 * user_calls_ended(), however the call ends.
 */
int user_calls_take(struct place_ask **askp, struct proxy *px,
		    const struct user_calls_of *of, place_h *h, void *arg);
/* It is up: its places are for as long as its record lives. */
void user_calls_up(struct proxy *px, const struct call_record *rec);
void user_calls_ended(struct proxy *px, const struct call_record *rec);
/* Who is called has sent it elsewhere: it is none of his. */
void user_calls_diverted(struct proxy *px, const struct call_record *rec);

#endif
