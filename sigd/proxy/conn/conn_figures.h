/*
 * conn_figures.h  What each connection has done, counted for people
 *
 * A worker counts in memory and writes what has changed to Redis, in the hash
 * `cb:{n:<node>/<slot>}:conns`: field `<tenant>/<connection>`, value the
 * numbers in the order of enum conn_event, with a space between. The admin
 * process reads it for /metrics. A worker's first write of an epoch begins the
 * hash anew, as its counters do.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_CONN_FIGURES_H
#define SIGD_PROXY_CONN_CONN_FIGURES_H

#include <stdint.h>
#include <re.h>

struct conn_figures;
struct redis_link;
struct route_connection;
struct wheel;

enum conn_event {
	CONN_TRY,      /* a call was to go out here */
	CONN_ANSWERED, /* ... and was answered */
	CONN_REFUSED,  /* ... was refused by who was called, or given up */
	CONN_FAILED,   /* ... failed: no answer, 5xx, credentials */
	CONN_FAILOVER, /* ... and another target was tried */
	CONN_CALL_IN,  /* a call came in */
	CONN_EVENTS
};

enum {
	CONN_FIGURES_MAX = 1000, /* connections; more are not counted */
	CONN_FIGURES_MS = 500,   /* from a change to Redis */
	CONN_FIGURES_TTL_S = 86400,
	CONN_FIGURES_KEY = 64,
};

/* Both outlive it; addr: "node/slot" of ours, copied. */
int conn_figures_alloc(struct conn_figures **figuresp, struct redis_link *link,
		       struct wheel *wheel, const char *addr);
/* Nothing is said when it cannot be counted. NULL is taken. */
void conn_figures_count(struct conn_figures *figures,
			const struct route_connection *conn,
			enum conn_event event);

/* --- for who reads --------------------------------------------------------- */

void conn_figures_key(char key[CONN_FIGURES_KEY], const char *addr);
/* A value of the hash. EBADMSG. */
int conn_figures_parse(uint64_t nums[CONN_EVENTS], const struct pl *value);

#endif
