/*
 * status.c  The table of error and reason codes
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdint.h>
#include <re.h>

#include "common/status.h"

/* clang-format off */
static const struct status_info table[STATUS_COUNT] = {
	[STATUS_OK] = {"ok", 200, 200, "OK",
		"Done."},

	[STATUS_BAD_REQUEST] = {"bad-request", 400, 400, "Bad Request",
		"A field is missing, doubled or out of its range."},
	[STATUS_BAD_MESSAGE] = {"bad-message", 400, 400, "Bad Request",
		"The SIP message breaks the grammar of RFC 3261."},
	[STATUS_TOO_LARGE] = {"too-large", 513, 413, "Message Too Large",
		"The message is over the size limit."},
	[STATUS_UNKNOWN_VERB] = {"unknown-verb", 500, 501,
		"Server Internal Error",
		"The receiver of a control command does not know its verb."},
	[STATUS_METHOD_NOT_ALLOWED] = {"method-not-allowed", 405, 405,
		"Method Not Allowed",
		"The method is not allowed here."},
	[STATUS_UNKNOWN_METHOD] = {"unknown-method", 501, 501,
		"Not Implemented",
		"The method is none that we know."},
	[STATUS_BAD_URI_SCHEME] = {"bad-uri-scheme", 416, 400,
		"Unsupported URI Scheme",
		"The Request-URI is neither sip: nor sips: nor tel:."},
	[STATUS_BAD_MEDIA_TYPE] = {"bad-media-type", 415, 415,
		"Unsupported Media Type",
		"The body is of a type that is not served."},
	[STATUS_BAD_EXTENSION] = {"bad-extension", 420, 400, "Bad Extension",
		"Proxy-Require or Require names an unknown extension."},
	[STATUS_BAD_VERSION] = {"bad-version", 505, 505,
		"Version Not Supported",
		"The SIP version is not 2.0."},
	[STATUS_TOO_MANY_HOPS] = {"too-many-hops", 483, 400, "Too Many Hops",
		"Max-Forwards has reached 0."},
	[STATUS_LOOP] = {"loop", 482, 508, "Loop Detected",
		"The request has come through here before, unchanged."},
	[STATUS_UNKNOWN_DIALOG] = {"unknown-dialog", 481, 404,
		"Call/Transaction Does Not Exist",
		"No such call or transaction is known."},
	[STATUS_BAD_CSEQ] = {"bad-cseq", 500, 409, "Server Internal Error",
		"The CSeq is lower than one that was already served."},
	[STATUS_BRIEF_INTERVAL] = {"brief-interval", 423, 400,
		"Interval Too Brief",
		"The registration asked for is shorter than allowed."},
	[STATUS_NO_OUTBOUND] = {"no-outbound", 439, 400,
		"First Hop Lacks Outbound Support",
		"The registration came through a proxy that keeps no flow "
		"(RFC 5626)."},

	[STATUS_AUTH_REQUIRED] = {"auth-required", 401, 401, "Unauthorized",
		"Credentials are required."},
	[STATUS_AUTH_STALE] = {"auth-stale", 401, 401, "Unauthorized",
		"The nonce is too old or was used; the credentials may be "
		"right."},
	[STATUS_AUTH_FAILED] = {"auth-failed", 401, 401, "Unauthorized",
		"The credentials are wrong."},
	[STATUS_AUTH_LOCKED] = {"auth-locked", 403, 429, "Forbidden",
		"Too many wrong credentials; wait before the next try."},
	[STATUS_FORBIDDEN] = {"forbidden", 403, 403, "Forbidden",
		"Not allowed for this user, tenant or source."},
	[STATUS_BAD_COOKIE] = {"bad-cookie", 403, 403, "Forbidden",
		"The route cookie is not ours, or not of this dialog."},
	[STATUS_BAD_DIRECTION] = {"bad-direction", 403, 403, "Forbidden",
		"A request in a dialog came from the side it does not "
		"belong to."},

	[STATUS_UNKNOWN_DOMAIN] = {"unknown-domain", 404, 404, "Not Found",
		"No tenant owns this domain."},
	[STATUS_UNKNOWN_USER] = {"unknown-user", 404, 404, "Not Found",
		"The tenant has no such user."},
	[STATUS_NOT_REGISTERED] = {"not-registered", 480, 404,
		"Temporarily Unavailable",
		"The user exists but has no reachable device."},
	[STATUS_NO_ROUTE] = {"no-route", 404, 404, "Not Found",
		"No route matches this number."},
	[STATUS_ROUTE_REJECTED] = {"route-rejected", 403, 403, "Forbidden",
		"A route says that this call is refused."},
	[STATUS_FLOW_GONE] = {"flow-gone", 430, 410, "Flow Failed",
		"The client connection of this device is gone (RFC 5626)."},
	[STATUS_TARGET_DOWN] = {"target-down", 503, 502, "Service Unavailable",
		"The PBX or carrier cannot be reached."},
	[STATUS_TARGET_TIMEOUT] = {"target-timeout", 504, 504,
		"Server Time-out",
		"The PBX or carrier did not answer in time."},

	[STATUS_OVERLOAD] = {"overload", 503, 503, "Service Unavailable",
		"More work than can be done in time; try later."},
	[STATUS_RATE_LIMITED] = {"rate-limited", 503, 429,
		"Service Unavailable",
		"This source sends more requests than it may."},
	[STATUS_CALL_LIMIT] = {"call-limit", 503, 429, "Service Unavailable",
		"The tenant, user or connection has all its calls."},
	[STATUS_BINDING_LIMIT] = {"binding-limit", 403, 409, "Forbidden",
		"The user has as many devices as allowed."},
	[STATUS_DRAINING] = {"draining", 503, 503, "Service Unavailable",
		"This worker is being emptied and takes no new work."},
	[STATUS_REDIS_DOWN] = {"redis-down", 503, 503, "Service Unavailable",
		"The shared state cannot be reached."},
	[STATUS_NO_MEDIA_NODE] = {"no-media-node", 503, 503,
		"Service Unavailable",
		"No media worker is alive and has room."},
	[STATUS_TIMEOUT] = {"timeout", 503, 504, "Service Unavailable",
		"A worker asked did not answer in time."},
	[STATUS_EXPIRED] = {"expired", 503, 503, "Service Unavailable",
		"A command came after its time to live."},
	[STATUS_STALE_EPOCH] = {"stale-epoch", 503, 503, "Service Unavailable",
		"A command was meant for an earlier life of the worker."},
	[STATUS_INTERNAL] = {"internal", 500, 500, "Server Internal Error",
		"A fault of our own; the log tells more."},

	[STATUS_UNKNOWN_SESSION] = {"unknown-session", 481, 404,
		"Call/Transaction Does Not Exist",
		"The media worker has no such session."},
	[STATUS_UNKNOWN_LEG] = {"unknown-leg", 481, 404,
		"Call/Transaction Does Not Exist",
		"The session has no such leg."},
	[STATUS_UNKNOWN_SERVICE] = {"unknown-service", 404, 404, "Not Found",
		"No built-in service of this name."},
	[STATUS_BAD_SDP] = {"bad-sdp", 400, 400, "Bad Request",
		"The session description cannot be read."},
	[STATUS_NO_AUDIO] = {"no-audio", 488, 422, "Not Acceptable Here",
		"The session description has no audio that can be used."},
	[STATUS_NOT_ACCEPTABLE] = {"not-acceptable", 488, 422,
		"Not Acceptable Here",
		"No common codec or transport."},
	[STATUS_NO_ENCRYPTION] = {"no-encryption", 488, 422,
		"Not Acceptable Here",
		"Encrypted media is required and was not offered."},
	[STATUS_OFFER_PENDING] = {"offer-pending", 491, 409, "Request Pending",
		"An offer of this leg is not answered yet (RFC 3264)."},
	[STATUS_NO_OFFER] = {"no-offer", 500, 409, "Server Internal Error",
		"An answer was given or asked for without an offer."},
	[STATUS_NO_PORT] = {"no-port", 503, 503, "Service Unavailable",
		"All media ports of the worker are in use."},

	[STATUS_HANGUP] = {"hangup", 200, 200, "OK",
		"Ended by one of its parties."},
	[STATUS_CANCELLED] = {"cancelled", 487, 410, "Request Terminated",
		"The caller gave up before an answer."},
	[STATUS_NO_ANSWER] = {"no-answer", 480, 408, "Temporarily Unavailable",
		"Nobody answered in time."},
	[STATUS_BUSY] = {"busy", 486, 409, "Busy Here",
		"The called party is busy."},
	[STATUS_DECLINED] = {"declined", 603, 403, "Decline",
		"The called party declined."},
	[STATUS_MOVED] = {"moved", 480, 409, "Temporarily Unavailable",
		"The called party is elsewhere, where no route leads."},
	[STATUS_ELSEWHERE] = {"elsewhere", 487, 410, "Request Terminated",
		"Another device of the user answered."},
	[STATUS_REPLACED] = {"replaced", 200, 200, "OK",
		"Another call has taken its place (RFC 3891)."},
	[STATUS_FLOW_LOST] = {"flow-lost", 430, 410, "Flow Failed",
		"A device vanished and did not return in time."},
	[STATUS_MEDIA_LOST] = {"media-lost", 408, 504, "Request Timeout",
		"No media came for the time allowed."},
	[STATUS_MEDIA_TIMEOUT] = {"media-timeout", 408, 504, "Request Timeout",
		"The PBX sent no media for the time allowed."},
	[STATUS_MEDIA_NODE_LOST] = {"media-node-lost", 503, 503,
		"Service Unavailable",
		"The media worker is gone and the call could not be moved."},
	[STATUS_SESSION_EXPIRED] = {"session-expired", 408, 410,
		"Request Timeout",
		"The session timer ran out (RFC 4028)."},
	[STATUS_CALL_EXPIRED] = {"call-expired", 408, 410, "Request Timeout",
		"The call has lasted as long as a call may."},
	[STATUS_SETUP_EXPIRED] = {"setup-expired", 408, 410, "Request Timeout",
		"A call that was never answered or ended was cleared."},
	[STATUS_KILLED] = {"killed", 503, 503, "Service Unavailable",
		"The process that served it died."},
	[STATUS_ADMIN] = {"admin", 503, 410, "Service Unavailable",
		"Ended because its node is taken out of service."},
	[STATUS_OPERATOR] = {"operator", 487, 410, "Request Terminated",
		"An operator has hung up."},
};
/* clang-format on */

static const char doc_head[] =
	"# Error and reason codes\n"
	"\n"
	"Printed from `common/status.c`; a test compares. The code is stable "
	"and stands in\n"
	"control messages, logs, call records and REST answers. SIP and HTTP "
	"are the\n"
	"defaults that go with it.\n"
	"\n"
	"Whoever is refused reads it in the answer: `Reason: "
	"cordboard;text=\"no-route\"`\n"
	"(RFC 3326). The Call-ID of that answer finds the rest: `/v1/traces`, "
	"`/v1/calls` and,\n"
	"what the routing table said no to, `/v1/refused`, each with "
	"`?call_id=`. A\n"
	"challenge to who has shown nothing, or whose nonce is too old, "
	"is no refusal,\n"
	"and what breaks the grammar says so in its phrase alone.\n"
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
	case EHOSTUNREACH: /* of the media client */
		return STATUS_NO_MEDIA_NODE;
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
