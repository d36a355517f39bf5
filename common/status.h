/*
 * status.h  Why something was refused, failed or ended: one table for all
 *
 * Both daemons, the control protocol, traces, call records and REST speak
 * these codes. The text form ("no-media-node") is the stable one: it stands
 * on the wire, in logs and in records; the numbers never leave the process.
 * docs/errors.md is printed from the table in status.c. A new code is one
 * line here and one there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_STATUS_H
#define COMMON_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

enum status {
	STATUS_OK,

	/* what we were sent */
	STATUS_BAD_REQUEST,
	STATUS_BAD_MESSAGE,
	STATUS_TOO_LARGE,
	STATUS_UNKNOWN_VERB,
	STATUS_METHOD_NOT_ALLOWED,
	STATUS_UNKNOWN_METHOD,
	STATUS_BAD_URI_SCHEME,
	STATUS_BAD_MEDIA_TYPE,
	STATUS_BAD_EXTENSION,
	STATUS_BAD_VERSION,
	STATUS_TOO_MANY_HOPS,
	STATUS_LOOP,
	STATUS_UNKNOWN_DIALOG,
	STATUS_BAD_CSEQ,
	STATUS_BRIEF_INTERVAL,
	STATUS_NO_OUTBOUND,

	/* who sent it */
	STATUS_AUTH_REQUIRED,
	STATUS_AUTH_STALE,
	STATUS_AUTH_FAILED,
	STATUS_AUTH_LOCKED,
	STATUS_FORBIDDEN,
	STATUS_BAD_COOKIE,
	STATUS_BAD_DIRECTION,

	/* where it should go */
	STATUS_UNKNOWN_DOMAIN,
	STATUS_UNKNOWN_USER,
	STATUS_NOT_REGISTERED,
	STATUS_NO_ROUTE,
	STATUS_ROUTE_REJECTED,
	STATUS_FLOW_GONE,
	STATUS_TARGET_DOWN,
	STATUS_TARGET_TIMEOUT,

	/* limits and loss of what we need */
	STATUS_OVERLOAD,
	STATUS_RATE_LIMITED,
	STATUS_CALL_LIMIT,
	STATUS_BINDING_LIMIT,
	STATUS_DRAINING,
	STATUS_REDIS_DOWN,
	STATUS_NO_MEDIA_NODE,
	STATUS_TIMEOUT,
	STATUS_EXPIRED,
	STATUS_STALE_EPOCH,
	STATUS_INTERNAL,

	/* media */
	STATUS_UNKNOWN_SESSION,
	STATUS_UNKNOWN_LEG,
	STATUS_UNKNOWN_SERVICE,
	STATUS_BAD_SDP,
	STATUS_NO_AUDIO,
	STATUS_NOT_ACCEPTABLE,
	STATUS_NO_ENCRYPTION,
	STATUS_OFFER_PENDING,
	STATUS_NO_OFFER,
	STATUS_NO_PORT,

	/* how a call or a session ended */
	STATUS_HANGUP,
	STATUS_CANCELLED,
	STATUS_NO_ANSWER,
	STATUS_BUSY,
	STATUS_DECLINED,
	STATUS_MOVED,
	STATUS_ELSEWHERE,
	STATUS_REPLACED,
	STATUS_FLOW_LOST,
	STATUS_MEDIA_LOST,
	STATUS_MEDIA_TIMEOUT,
	STATUS_MEDIA_NODE_LOST,
	STATUS_SESSION_EXPIRED,
	STATUS_CALL_EXPIRED,
	STATUS_SETUP_EXPIRED,
	STATUS_KILLED,
	STATUS_ADMIN,
	STATUS_OPERATOR,

	STATUS_COUNT
};

/* The SIP and HTTP values are defaults: a caller that knows better (a PBX's
 * own answer, a 407 for a 401) may send another. */
struct status_info {
	const char *text;    /* stable, [a-z-]{2,24} */
	uint16_t sip;        /* 200..699 */
	uint16_t http;       /* 200..599 */
	const char *phrase;  /* SIP reason phrase */
	const char *meaning; /* one line for people */
};

/* Never NULL: a code out of range is STATUS_INTERNAL. */
const struct status_info *status_info(enum status code);
const char *status_text(enum status code);
/* False, and *code untouched, when the text is not in the table. */
bool status_parse(enum status *code, const struct pl *text);

/* What an errno of our own functions means to a caller of the system. */
enum status status_of_errno(int err);

/* For "%H": the whole of docs/errors.md. arg is not used. */
int status_print_doc(struct re_printf *pf, void *arg);

#endif
