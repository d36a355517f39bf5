/*
 * admin_park_priv.h  A connection of the admin's HTTP server that rests:
 *                    libmicrohttpd does not ask for it
 *
 * In its mode without threads nothing wakes libmicrohttpd when a connection
 * goes on, so the engine is told. It must not be stopped while one rests.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_PARK_PRIV_H
#define COMMON_ADMIN_PARK_PRIV_H

#include <re.h>

struct MHD_Connection;

/* Those of an engine that rest; it outlives them. */
struct admin_parking {
	struct list list;
	void (*wakeh)(void *arg); /* libmicrohttpd has something to do */
	void *arg;
};

/* Embed in what waits; zeroed memory does not rest. */
struct admin_park {
	struct le le;
	struct admin_parking *parking;
	struct MHD_Connection *conn;
};

/* Within libmicrohttpd's callbacks for a request or for content alone. */
void admin_park_rest(struct admin_park *park, struct admin_parking *parking,
		     struct MHD_Connection *conn);
/* It goes on, in the next turn of the loop; nothing if it does not rest. */
void admin_park_wake(struct admin_park *park);
void admin_parking_wake(struct admin_parking *parking);

#endif
