/*
 * session_timer.h  Session timers: what we ask of both sides, and what they
 *                  agree on (RFC 4028 8)
 *
 * We never refresh. A request that may begin or refresh a session goes on with
 * a Session-Expires; when who answers knows no timers and who asked does, that
 * one refreshes. With neither there is no timer: the media decides whether the
 * call lives. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_SESSION_TIMER_H
#define SIGD_CALL_SESSION_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct smsg;
struct smsg_edit;
struct smsg_field;
struct smsg_reply;

/* Seconds. */
struct session_limits {
	uint32_t expires; /* what we ask for; 0: only what others ask for */
	uint32_t min;     /* 90 or more (RFC 4028 5) */
};

/* INVITE and UPDATE may carry a timer. */
bool session_may(const struct smsg *req);
/* Its sender knows timers and wants one that is too short: 422. */
bool session_too_brief(const struct session_limits *limits,
		       const struct smsg *req);
/* What goes on with this request; 0: no timer. least: a Min-SE that the other
 * side has told (0: none). */
uint32_t session_offered(const struct session_limits *limits, uint32_t least,
			 const struct smsg *req);
/* Its headers towards the other side. */
void session_edit(struct smsg_edit *ed, const struct session_limits *limits,
		  uint32_t least);
/* More is no timer. */
enum { SESSION_MAX_S = 86400 };
/* A 422 to a timer that was ours, not the sender's: what it must be at least.
 * 0: it is the sender's matter. */
uint32_t session_least(const struct smsg *req, const struct smsg *resp);

struct session_agreed {
	uint32_t expires; /* after the 2xx; 0: there is no timer */
	bool ours;        /* its Session-Expires is ours to add, and `timer`
			     is required of who gets it */
};

/* offered: as above, of the request that went on. */
struct session_agreed session_agree(const struct session_limits *limits,
				    uint32_t offered, const struct smsg *req,
				    const struct smsg *resp);
/* The same when the 2xx is our own, for a service. */
struct session_agreed session_answer(const struct session_limits *limits,
				     const struct smsg *req);

/* The fields of such a 2xx, behind those that there are; none when session_s is
 * 0. text: room for a value. */
enum { SESSION_FIELDS = 2, SESSION_TEXT = 32 };
void session_fields(struct smsg_reply *reply, struct smsg_field *fields,
		    char text[SESSION_TEXT], uint32_t session_s);

#endif
