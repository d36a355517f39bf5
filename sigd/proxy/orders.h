/*
 * orders.h  What an operator has ordered of this very worker
 *
 * The stream `cb:{n:<node>/<slot>}:orders`, looked at four times a second: its
 * entries are small and rare. Fields: `id`, `ttl` (ms, from the time of the
 * entry on), `verb`, and up to three words `a`, `b`, `c`:
 *
 *   call.end     call                 hang up, or end its set-up
 *   flow.close   flow                 close this connection
 *   user.gone    tenant, user, flow   bindings were taken away
 *
 * What came of it stands in the hash `..:orders:done` by its id, for a minute:
 * an order that stands there is not carried out again. One that does not, when
 * the worker dies, is carried out by its successor, if there is time left; all
 * of them are fit for being done twice.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_ORDERS_H
#define SIGD_PROXY_ORDERS_H

struct orders;
struct proxy;

enum {
	ORDERS_LIFE_S = 60,
	ORDERS_MAX = 1000, /* about so many wait in a stream */
};

/* The caller owns *ordersp. */
int orders_alloc(struct orders **ordersp, struct proxy *px);

#endif
