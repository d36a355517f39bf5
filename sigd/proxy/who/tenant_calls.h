/*
 * tenant_calls.h  How many calls a tenant has, in all workers together
 *
 * As conn_calls.h: each call has a place of its own, with the time at which it
 * ends by itself. Only tenants with `max_calls` have places.
 *
 * Key: `cb:{m:<tenant>}:calls`, call ids by unix ms of Redis' clock.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_WHO_TENANT_CALLS_H
#define SIGD_PROXY_WHO_TENANT_CALLS_H

#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/who/place.h"

struct route_tenant;

/* Whose place, in which call; the text is borrowed for the call. */
struct tenant_calls_of {
	const struct route_tenant *tenant;
	const char *call;
	bool instead; /* of one that ends when this one is up (RFC 3891) */
};

/*
 * A place for a call that begins. 0: there is no limit, h is not called.
 * EINPROGRESS: h is called once, later, unless the caller ends the question
 * *askp with mem_deref(). Others: Redis is away. The place is given back by
 * tenant_calls_ended(), however the call ends.
 */
int tenant_calls_take(struct place_ask **askp, struct proxy *px,
		      const struct tenant_calls_of *of, place_h *h, void *arg);
/* It is up: its place is for as long as its record lives. */
void tenant_calls_up(struct proxy *px, const struct call_record *rec);
void tenant_calls_ended(struct proxy *px, const struct call_record *rec);
/* The place of a call that has gone elsewhere; tenant may be NULL. */
void tenant_calls_leave(struct proxy *px, const struct route_tenant *tenant,
			const char *call);

#endif
