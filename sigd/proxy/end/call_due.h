/*
 * call_due.h  The one durable deadline of a call that is up
 *
 * From its answer on a call has an entry of the kind `call` (common/due.h):
 * when it passes, whatever worker claims it ends the call. It says
 *
 *   limit <reason>                        the call may go on until then
 *   end <reason> <sides> <session> <at>   an end that was begun: moved ahead
 *                                         as long as its worker lives, gone
 *                                         when all is done
 *
 * so that no record just expires, and an end goes on when its worker dies.
 * sides: who is to get a BYE, bit 0 the caller; at: the media worker, "-" for
 * none.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_END_CALL_DUE_H
#define SIGD_PROXY_END_CALL_DUE_H

#include "sigd/proxy/proxy_priv.h"

/* What the end of a call needs. Plain data. */
struct call_ending {
	char call[17];
	char session[17];
	char media[COOKIE_MEDIA_MAX + 1]; /* empty: no session was made */
	enum status reason;
	uint8_t sides; /* that get a BYE: 1 << CALL_CALLER .. */
};

int call_due_start(struct proxy *px);

/* It is answered in a moment: the longest call begins, and a session timer of
 * so many seconds; 0: none. */
void call_due_up(struct proxy *px, const struct call_record *rec,
		 uint32_t session_s);
/* The timer begins anew, or is there no more. */
void call_due_refresh(struct proxy *px, const struct call_record *rec,
		      uint32_t session_s);
/* Another call has taken its place. Who gave it that place ends it (RFC 3891 3),
 * else we do in a moment. */
void call_due_replaced(struct proxy *px, const char *call);
/* It goes to another media worker; what has not come to an end by then is ended
 * on both sides. call_due_refresh() when it has. */
void call_due_moving(struct proxy *px, const char *call, uint32_t ms);
/* Its end has begun, and this worker is at it: to be said again within
 * call_due_lease() milliseconds. */
void call_due_ending(struct proxy *px, const struct call_ending *ending);
uint32_t call_due_lease(const struct proxy *px);
/* All is done. */
void call_due_over(struct proxy *px, const char *call);

#endif
