/*
 * status.c  The table of error and reason codes
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdint.h>
#include <re.h>

#include "common/status.h"

/* text, SIP phrase, meaning, SIP, HTTP; in the order of the enum */
static const struct status_info table[STATUS_COUNT] = {
	[STATUS_OK] = {"ok", "OK", "Done.", 200, 200},

	[STATUS_BAD_REQUEST] = {"bad-request", "Bad Request",
		"A field is missing, doubled or out of its range.", 400, 400},
	[STATUS_BAD_MESSAGE] = {"bad-message", "Bad Request",
		"The SIP message breaks the grammar of RFC 3261.", 400, 400},
	[STATUS_TOO_LARGE] = {"too-large", "Message Too Large",
		"The message is over the size limit.", 513, 413},
	[STATUS_UNKNOWN_VERB] = {"unknown-verb", "Server Internal Error",
		"The receiver of a control command does not know its verb.",
		500, 501},
	[STATUS_METHOD_NOT_ALLOWED] = {"method-not-allowed",
		"Method Not Allowed",
		"The method is not allowed here.", 405, 405},
	[STATUS_BAD_URI_SCHEME] = {"bad-uri-scheme", "Unsupported URI Scheme",
		"The Request-URI is neither sip: nor sips: nor tel:.",
		416, 400},
	[STATUS_BAD_MEDIA_TYPE] = {"bad-media-type", "Unsupported Media Type",
		"The body is of a type that is not served.", 415, 415},
	[STATUS_BAD_EXTENSION] = {"bad-extension", "Bad Extension",
		"Proxy-Require or Require names an unknown extension.",
		420, 400},
	[STATUS_BAD_VERSION] = {"bad-version", "Version Not Supported",
		"The SIP version is not 2.0.", 505, 505},
	[STATUS_TOO_MANY_HOPS] = {"too-many-hops", "Too Many Hops",
		"Max-Forwards has reached 0.", 483, 400},
	[STATUS_LOOP] = {"loop", "Loop Detected",
		"The request has come through here before, unchanged.",
		482, 508},
	[STATUS_UNKNOWN_DIALOG] = {"unknown-dialog",
		"Call/Transaction Does Not Exist",
		"No such call or transaction is known.", 481, 404},
	[STATUS_BAD_CSEQ] = {"bad-cseq", "Server Internal Error",
		"The CSeq is lower than one that was already served.",
		500, 409},
	[STATUS_BRIEF_INTERVAL] = {"brief-interval", "Interval Too Brief",
		"The registration asked for is shorter than allowed.",
		423, 400},

	[STATUS_AUTH_REQUIRED] = {"auth-required", "Unauthorized",
		"Credentials are required.", 401, 401},
	[STATUS_AUTH_STALE] = {"auth-stale", "Unauthorized",
		"The nonce is too old or was used; the credentials may be "
		"right.", 401, 401},
	[STATUS_AUTH_FAILED] = {"auth-failed", "Unauthorized",
		"The credentials are wrong.", 401, 401},
	[STATUS_AUTH_LOCKED] = {"auth-locked", "Forbidden",
		"Too many wrong credentials; wait before the next try.",
		403, 429},
	[STATUS_FORBIDDEN] = {"forbidden", "Forbidden",
		"Not allowed for this user, tenant or source.", 403, 403},
	[STATUS_BAD_COOKIE] = {"bad-cookie", "Forbidden",
		"The route cookie is not ours, or not of this dialog.",
		403, 403},
	[STATUS_BAD_DIRECTION] = {"bad-direction", "Forbidden",
		"A request in a dialog came from the side it does not "
		"belong to.", 403, 403},

	[STATUS_UNKNOWN_DOMAIN] = {"unknown-domain", "Not Found",
		"No tenant owns this domain.", 404, 404},
	[STATUS_UNKNOWN_USER] = {"unknown-user", "Not Found",
		"The tenant has no such user.", 404, 404},
	[STATUS_NOT_REGISTERED] = {"not-registered",
		"Temporarily Unavailable",
		"The user exists but has no reachable device.", 480, 404},
	[STATUS_NO_ROUTE] = {"no-route", "Not Found",
		"No route matches this number.", 404, 404},
	[STATUS_ROUTE_REJECTED] = {"route-rejected", "Forbidden",
		"A route says that this call is refused.", 403, 403},
	[STATUS_FLOW_GONE] = {"flow-gone", "Flow Failed",
		"The client connection of this device is gone (RFC 5626).",
		430, 410},
	[STATUS_TARGET_DOWN] = {"target-down", "Service Unavailable",
		"The PBX or carrier cannot be reached.", 503, 502},
	[STATUS_TARGET_TIMEOUT] = {"target-timeout", "Server Time-out",
		"The PBX or carrier did not answer in time.", 504, 504},

	[STATUS_OVERLOAD] = {"overload", "Service Unavailable",
		"More work than can be done in time; try later.", 503, 503},
	[STATUS_RATE_LIMITED] = {"rate-limited", "Service Unavailable",
		"This source sends more requests than it may.", 503, 429},
	[STATUS_CALL_LIMIT] = {"call-limit", "Service Unavailable",
		"The tenant, user or connection has all its calls.",
		503, 429},
	[STATUS_BINDING_LIMIT] = {"binding-limit", "Forbidden",
		"The user has as many devices as allowed.", 403, 409},
	[STATUS_DRAINING] = {"draining", "Service Unavailable",
		"This worker is being emptied and takes no new work.",
		503, 503},
	[STATUS_REDIS_DOWN] = {"redis-down", "Service Unavailable",
		"The shared state cannot be reached.", 503, 503},
	[STATUS_NO_MEDIA_NODE] = {"no-media-node", "Service Unavailable",
		"No media worker is alive and has room.", 503, 503},
	[STATUS_TIMEOUT] = {"timeout", "Service Unavailable",
		"A worker asked did not answer in time.", 503, 504},
	[STATUS_EXPIRED] = {"expired", "Service Unavailable",
		"A command came after its time to live.", 503, 503},
	[STATUS_STALE_EPOCH] = {"stale-epoch", "Service Unavailable",
		"A command was meant for an earlier life of the worker.",
		503, 503},
	[STATUS_INTERNAL] = {"internal", "Server Internal Error",
		"A fault of our own; the log tells more.", 500, 500},

	[STATUS_UNKNOWN_SESSION] = {"unknown-session",
		"Call/Transaction Does Not Exist",
		"The media worker has no such session.", 481, 404},
	[STATUS_UNKNOWN_LEG] = {"unknown-leg",
		"Call/Transaction Does Not Exist",
		"The session has no such leg.", 481, 404},
	[STATUS_UNKNOWN_SERVICE] = {"unknown-service", "Not Found",
		"No built-in service of this name.", 404, 404},
	[STATUS_BAD_SDP] = {"bad-sdp", "Bad Request",
		"The session description cannot be read.", 400, 400},
	[STATUS_NO_AUDIO] = {"no-audio", "Not Acceptable Here",
		"The session description has no audio that can be used.",
		488, 422},
	[STATUS_NOT_ACCEPTABLE] = {"not-acceptable", "Not Acceptable Here",
		"No common codec or transport.", 488, 422},
	[STATUS_NO_ENCRYPTION] = {"no-encryption", "Not Acceptable Here",
		"Encrypted media is required and was not offered.",
		488, 422},
	[STATUS_OFFER_PENDING] = {"offer-pending", "Request Pending",
		"An offer of this leg is not answered yet (RFC 3264).",
		491, 409},
	[STATUS_NO_OFFER] = {"no-offer", "Server Internal Error",
		"An answer was given or asked for without an offer.",
		500, 409},
	[STATUS_NO_PORT] = {"no-port", "Service Unavailable",
		"All media ports of the worker are in use.", 503, 503},

	[STATUS_HANGUP] = {"hangup", "OK",
		"Ended by one of its parties.", 200, 200},
	[STATUS_CANCELLED] = {"cancelled", "Request Terminated",
		"The caller gave up before an answer.", 487, 410},
	[STATUS_NO_ANSWER] = {"no-answer", "Temporarily Unavailable",
		"Nobody answered in time.", 480, 408},
	[STATUS_BUSY] = {"busy", "Busy Here",
		"The called party is busy.", 486, 409},
	[STATUS_DECLINED] = {"declined", "Decline",
		"The called party declined.", 603, 403},
	[STATUS_ELSEWHERE] = {"elsewhere", "Request Terminated",
		"Another device of the user answered.", 487, 410},
	[STATUS_FLOW_LOST] = {"flow-lost", "Flow Failed",
		"A device vanished and did not return in time.", 430, 410},
	[STATUS_MEDIA_LOST] = {"media-lost", "Request Timeout",
		"No media came for the time allowed.", 408, 504},
	[STATUS_MEDIA_NODE_LOST] = {"media-node-lost",
		"Service Unavailable",
		"The media worker is gone and the call could not be moved.",
		503, 503},
	[STATUS_SESSION_EXPIRED] = {"session-expired", "Request Timeout",
		"The session timer ran out (RFC 4028).", 408, 410},
	[STATUS_SETUP_EXPIRED] = {"setup-expired", "Request Timeout",
		"A call that was never answered or ended was cleared.",
		408, 410},
	[STATUS_KILLED] = {"killed", "Service Unavailable",
		"The process that served it died.", 503, 503},
	[STATUS_ADMIN] = {"admin", "Service Unavailable",
		"Ended by an operator.", 503, 410},
};

static const char doc_head[] =
	"# Error and reason codes\n"
	"\n"
	"Printed from `common/status.c`; a test compares. The code is stable "
	"and stands in\n"
	"control messages, logs, call records and REST answers. SIP and HTTP "
	"are the\n"
	"defaults that go with it.\n"
	"\n"
	"| Code | SIP | HTTP | Meaning |\n"
	"|---|---|---|---|\n";

const struct status_info *status_info(enum status code)
{
	return &table[(unsigned)code < STATUS_COUNT ? code : STATUS_INTERNAL];
}

const char *status_text(enum status code)
{
	return status_info(code)->text;
}

bool status_parse(enum status *code, const struct pl *text)
{
	for (unsigned i = 0; i < STATUS_COUNT; i++) {
		if (pl_strcmp(text, table[i].text))
			continue;
		*code = (enum status)i;
		return true;
	}
	return false;
}

enum status status_of_errno(int err)
{
	switch (err) {
	case 0:
		return STATUS_OK;
	case ENOTCONN:
	case ECONNRESET:
		return STATUS_REDIS_DOWN;
	case ETIMEDOUT:
		return STATUS_TIMEOUT;
	case EMSGSIZE:
		return STATUS_TOO_LARGE;
	case EBADMSG:
	case EINVAL:
		return STATUS_BAD_REQUEST;
	case ENOSPC:
	case ENOBUFS:
		return STATUS_OVERLOAD;
	default:
		return STATUS_INTERNAL;
	}
}

int status_print_doc(struct re_printf *pf, void *arg)
{
	int err = re_hprintf(pf, "%s", doc_head);

	(void)arg;
	for (unsigned i = 0; i < STATUS_COUNT && !err; i++)
		err = re_hprintf(pf, "| `%s` | %u %s | %u | %s |\n",
				 table[i].text, table[i].sip, table[i].phrase,
				 table[i].http, table[i].meaning);
	return err;
}
