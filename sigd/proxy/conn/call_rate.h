/*
 * call_rate.h  How many calls a second a tenant or a connection may have, in
 *              all workers together
 *
 * Each worker lets in its share without asking anybody. Once a second, while
 * calls come, it says in Redis how many wanted in and reads what the others
 * said: who has little to do leaves its part to the others (sigd/guard/
 * share.h). One that has just begun takes an equal part of who was there.
 *
 * Key: the hash `cb:{r:<tenant>}:rate`, of a connection
 * `cb:{r:<tenant>/<connection>}:rate`: node/slot -> "<unix ms> <calls wanted,
 * thousandths a second>".
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_CALL_RATE_H
#define SIGD_PROXY_CONN_CALL_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct call_rates;
struct proxy;
struct route_connection;
struct route_tenant;

enum {
	CALL_RATE_MS = 1000,    /* between two words with the others */
	CALL_RATE_OLD_MS = 3000,/* who said nothing for so long wants none */
	CALL_RATES_MAX = 4096,  /* tenants and connections that are counted;
				   more are let in, and told of */
};

/* The proxy outlives it. */
int call_rates_alloc(struct call_rates **ratesp, struct proxy *px);
/* One call more. conn NULL: of the tenant. True also without a limit. */
bool call_rate_take(struct call_rates *rates, const struct route_tenant *tenant,
		    const struct route_connection *conn);

#endif
