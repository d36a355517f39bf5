/*
 * admin_later.h  An answer of the admin's HTTP server that is not known yet
 *
 * A handler that waited for what it has ordered would have all others wait
 * with it. Instead it says how to look for the answer, and returns: its
 * connection rests, and the loop looks from time to time, until there is an
 * answer or it is too late for one. The route has the flag ADMIN_WAITS: so many
 * wait at once, of one source (of IPv6 a /64) and of all, and those beyond get
 * 503 before their handler is called: they alone never take all connections.
 *
 * Who asked may have gone meanwhile; nobody sees that of a connection that
 * rests. What was ordered is followed nevertheless, so that what is told of
 * changes (admin_http.h) says what came of it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_LATER_H
#define COMMON_ADMIN_LATER_H

#include <stdbool.h>
#include <stdint.h>

struct admin_req;
struct admin_resp;

/*
 * Look: true, and resp is the answer; false, and it is as it was. req is that
 * of the handler. late: this is the last time; if there is no answer even so,
 * it is a 504. May block shortly, as handlers may.
 */
typedef bool(admin_later_h)(const struct admin_req *req,
			    struct admin_resp *resp, bool late, void *state);

struct admin_later_cfg {
	admin_later_h *lookh;
	uint32_t every_ms, most_ms;
};

/* The last act of a handler, which has written nothing. state: memory of
 * libre's, or NULL; a reference is kept until there is an answer, or nobody
 * to give it to. Without memory resp is a 503. */
void admin_later(struct admin_resp *resp, const struct admin_later_cfg *cfg,
		 void *state);

#endif
