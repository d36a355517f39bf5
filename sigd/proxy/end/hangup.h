/*
 * hangup.h  The end of a call, from our side
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_END_HANGUP_H
#define SIGD_PROXY_END_HANGUP_H

#include "sigd/proxy/proxy_priv.h"

struct call_ending;

struct call_name {
	const char *call;
	const char *session;
	const char *media; /* "node/slot"; empty: no session was made */
};

/* Who waits for the end; endedh NULL: nobody. */
struct hangup_waiter {
	char token[PROXY_TOKEN_MAX + 1];
	proxy_ended_h *endedh;
	void *arg;
};

enum { HANGUP_BOTH = 3, HANGUP_CALLER = 1, HANGUP_CALLEE = 2 };

/*
 * Drop the session and write the CDR; what cannot be done now is tried again,
 * by another worker when this one dies.
 */
void hangup_call(struct proxy *px, const struct call_name *name,
		 enum status reason);
/* The same of one whose record is not there, or not at hand: another worker may
 * be ending it. */
void hangup_unknown(struct proxy *px, const struct call_name *name,
		    enum status reason);
/* The same with the record at hand, of a call that is up: and these sides
 * (HANGUP_..) get a BYE of ours. */
void hangup_sides(struct proxy *px, const struct call_record *rec,
		  uint8_t sides, enum status reason);
void hangup_waited(struct proxy *px, const struct call_record *rec,
		   enum status reason, const struct hangup_waiter *waiter);
/* One side has said BYE, and it goes on to the other one; it is ours to send
 * only if this worker dies before hangup_arrived(). */
void hangup_forwarded(struct proxy *px, const struct call_record *rec,
		      unsigned to);
void hangup_arrived(struct proxy *px, const char *call);
/* An end that another worker had begun; rec NULL: there is none any more. */
void hangup_resume(struct proxy *px, const struct call_ending *ending,
		   const struct call_record *rec);
bool hangup_is_here(const struct proxy *px, const char *call);
/* Ends that are not written yet. */
uint32_t hangup_pending(const struct proxy *px);

#endif
