/*
 * conn_pins.h  What the challenges of a connection have shown: its realm, and
 *              how often each nonce was answered
 *
 * A connection with credentials and without a configured `realm` answers the
 * realm that it was challenged with first, and no other from then on: what is
 * asked under another name is asked by somebody behind it (threat: a callee or
 * carrier that challenges our request gets what is good at the PBX). Only a
 * request outside dialogs teaches a realm. It stands in Redis for all workers,
 * a week after it was last looked at:
 *
 *   cb:{m:<tenant>/<connection>}:realm  "<print> <realm>"
 *
 * where the print is of address, domain and username: with another one the
 * realm is learnt anew. Each worker keeps what it read for an hour.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_CONN_PINS_H
#define SIGD_PROXY_CONN_CONN_PINS_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

struct conn_pins;
struct redis_link;
struct route_connection;
struct wheel;

/* redis, wheel: borrowed, outlive it. */
int conn_pins_alloc(struct conn_pins **pinsp, struct redis_link *redis,
		    struct wheel *wheel);

/*
 * Read from Redis what is not known here: before a request leaves that may be
 * challenged. What is sent to Redis behind it is answered after it.
 */
void conn_pins_fetch(struct conn_pins *pins,
		     const struct route_connection *conn);
/* The one realm that is answered; NULL: none is known yet. */
const char *conn_pins_realm(struct conn_pins *pins,
			    const struct route_connection *conn);
/* This one from now on, unless one is known. */
void conn_pins_learn(struct conn_pins *pins,
		     const struct route_connection *conn,
		     const struct pl *realm);
/* The count of the next use of this nonce (RFC 7616 3.4), by this worker: 1..
 */
uint32_t conn_pins_use(struct conn_pins *pins,
		       const struct route_connection *conn,
		       const struct pl *nonce);

#endif
