/*
 * call_verdict.h  What came of a call: a sentence, and a stable code
 *
 * The facts of a call, as the call log, the record and the media sheet tell
 * them (call_facts.h), go through rules in a fixed order; the first that holds
 * speaks. docs/timeline.md has the table of all codes, printed from the one in
 * call_verdict_codes.c; a test compares.
 *
 * Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_CALL_VERDICT_H
#define SIGD_ADMIN_CALL_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/status.h"

enum {
	CALLV_NAME_MAX = 160, /* bytes, whom a sentence names */
	CALLV_AT_MAX = 80,    /* "192.0.2.1:5060" */
	CALLV_WHY_MAX = 200,  /* what a daemon has said of a reason */
	CALLV_TRIES = 16,     /* that are kept apart */
	CALLV_LEGS = 17,      /* by number, 1..16 */
	CALLV_TEXT_MAX = 700, /* a sentence */
};

/* In the order of the table in docs/timeline.md; numbers leave no process. */
enum callv_code {
	CALLV_OK,
	CALLV_IN_PROGRESS,
	CALLV_UNKNOWN,

	/* it got nowhere */
	CALLV_NO_ROUTE,
	CALLV_ROUTE_REJECTED,
	CALLV_REDIRECTED,
	CALLV_AUTH_FAILED,
	CALLV_FORBIDDEN,
	CALLV_LIMITED,
	CALLV_OVERLOAD,
	CALLV_NO_MEDIA_NODE,
	CALLV_REDIS_DOWN,
	CALLV_REFUSED,

	/* nobody answered it */
	CALLV_CANCELLED,
	CALLV_BUSY,
	CALLV_DECLINED,
	CALLV_NO_ANSWER,
	CALLV_NOT_REGISTERED,
	CALLV_NUMBER_UNKNOWN,
	CALLV_CODEC_REFUSED_BY_PBX,
	CALLV_CODEC_REFUSED_BY_DEVICE,
	CALLV_NO_COMMON_CODEC,
	CALLV_PBX_CREDENTIALS,
	CALLV_REFUSED_BY_TARGET,
	CALLV_ALL_TARGETS_FAILED,

	/* it was answered, and somebody or something went */
	CALLV_FLOW_LOST,
	CALLV_MEDIA_NODE_LOST,
	CALLV_WORKER_DIED,
	CALLV_MEDIA_LOST,
	CALLV_SIDE_GONE,
	CALLV_SESSION_EXPIRED,
	CALLV_CALL_EXPIRED,
	CALLV_NO_ACK,
	CALLV_BY_OPERATOR,
	CALLV_ENDED,

	/* somebody was not heard */
	CALLV_FINGERPRINT_MISMATCH,
	CALLV_ICE_NO_CHECKS,
	CALLV_DTLS_FAILED,
	CALLV_ICE_LOST,
	CALLV_NOT_AUTHENTIC,
	CALLV_WRONG_SOURCE,
	CALLV_WRONG_PAYLOAD_TYPE,
	CALLV_MALFORMED_RTP,
	CALLV_NO_MEDIA,
	CALLV_NO_RTP_FROM_PBX,
	CALLV_NO_RTP_FROM_PHONE,
	CALLV_ONE_WAY_FROM_BROWSER,
	CALLV_SILENCE,
	CALLV_POOR_QUALITY,

	/* it went on all the same */
	CALLV_MEDIA_MOVED,
	CALLV_RECONNECTED,
	CALLV_TRANSFERRED,

	CALLV_CODES
};

/* Plain data, 0: nothing is known. */
struct callv_try {
	char name[CALLV_NAME_MAX]; /* "connection pbx", "bob's device" */
	char at[CALLV_AT_MAX];     /* where its INVITE went; "": nowhere */
	uint8_t leg;
	bool device;      /* of a user; else a connection */
	bool page;        /* over WebSocket */
	bool rang;
	bool over;        /* without an answer */
	bool dropped;     /* we took it back: it has refused nothing */
	uint16_t code;    /* of its answer; 0: it said nothing */
	enum status why;
};

enum callv_kind { CALLV_BROWSER, CALLV_PBX, CALLV_PHONE };

struct callv_leg {
	char name[CALLV_NAME_MAX]; /* "alice's browser", "connection pbx" */
	char at[CALLV_AT_MAX];     /* where its media is; "": not known */
	enum callv_kind kind;
	bool kind_known;
	bool there;       /* of the call as it was answered */
	bool told;        /* media has said something of it */
	bool stun, dtls;  /* checks came; there are keys */
	bool rtp;         /* a packet that could be used came */
	bool mute;        /* it has agreed not to send */
	bool dtls_failed;
	bool fingerprint; /* its certificate is not that of its SDP */
	char dtls_why[CALLV_WHY_MAX];
	char quiet[32];   /* why it is not heard at the end; "": it is */
	char was_quiet[32]; /* ... or was not, last */
	char elsewhere[CALLV_AT_MAX]; /* packets came from there instead */
	uint64_t quiet_ms;  /* in all; without silence, */
	uint64_t silent_ms; /* which is apart */
	uint64_t packets, lost;
	unsigned mos;     /* times 100, of what came from it; 0: not known */
};

struct callv_facts {
	bool known;       /* there is a log of it */
	bool off;         /* logs are not kept at all */
	bool answered;
	bool ended;       /* or refused: nothing more will come */
	bool cut;         /* the first entries are gone */
	enum status reason;   /* of its end; STATUS_OK: none */
	uint16_t code;        /* that the table answered; 0: it did not */
	uint64_t up_ms;       /* it was answered for so long */
	char tenant[CALLV_NAME_MAX];
	char caller[CALLV_NAME_MAX]; /* "alice", "connection pbx" */
	char caller_at[CALLV_AT_MAX]; /* where its INVITE came from */
	char callee[CALLV_NAME_MAX]; /* the number as it was called */
	char rule[CALLV_NAME_MAX];   /* of the table; "": none */
	char by[CALLV_NAME_MAX];     /* who hung up; "": neither side */
	char lost[CALLV_NAME_MAX];   /* whose connection went last */
	bool back;                   /* ... and came again */
	char gone[CALLV_NAME_MAX];   /* who did not answer any more */
	char sdp_why[CALLV_WHY_MAX]; /* what was wrong with a description */
	uint8_t sdp_leg;             /* of this leg */
	bool moved;
	char moved_from[CALLV_AT_MAX], moved_to[CALLV_AT_MAX];
	size_t ntries, tries_left_out;
	struct callv_try tries[CALLV_TRIES];
	struct callv_leg legs[CALLV_LEGS];
};

struct callv {
	enum callv_code code;
	const struct callv_leg *leg; /* whose fault it is, of the facts; or
					NULL */
	char text[CALLV_TEXT_MAX];
};

void callv_judge(struct callv *verdict, const struct callv_facts *facts);

/* Plain data: a code as people and programs see it. */
struct callv_info {
	const char *text;    /* stable, [a-z-] */
	const char *meaning; /* one line */
	const char *advice;  /* what to do; "": nothing */
};

/* Never NULL. */
const struct callv_info *callv_info(enum callv_code code);
/* For "%H": the table of docs/timeline.md. arg is not used. */
int callv_print_doc(struct re_printf *pf, void *arg);

#endif
