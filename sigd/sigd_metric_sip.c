/*
 * sigd_metric_sip.c  Messages by method and class, and what became of calls,
 *                    named for Prometheus
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/countof.h"
#include "sigd/sigd_metric.h"

#define REQUEST(way, to, name, method)                              \
	{METRIC_COUNTER, "cordboard_sig_requests_total",            \
	 "direction=\"" way "\",method=\"" name "\"",               \
	 "SIP requests that came in and went out, ACK included",    \
	 offsetof(struct sigd_figures,                              \
		  trace.tally.requests[to][method]), NULL}
/* In the order of trace_tally_methods. */
#define REQUESTS(way, to)                                           \
	REQUEST(way, to, "INVITE", 1),                    \
	REQUEST(way, to, "ACK", 2),                          \
	REQUEST(way, to, "BYE", 3),                          \
	REQUEST(way, to, "CANCEL", 4),                    \
	REQUEST(way, to, "REGISTER", 5),                \
	REQUEST(way, to, "OPTIONS", 6),                  \
	REQUEST(way, to, "PRACK", 7),                      \
	REQUEST(way, to, "UPDATE", 8),                    \
	REQUEST(way, to, "INFO", 9),                        \
	REQUEST(way, to, "SUBSCRIBE", 10),              \
	REQUEST(way, to, "NOTIFY", 11),                    \
	REQUEST(way, to, "REFER", 12),                      \
	REQUEST(way, to, "MESSAGE", 13),                  \
	REQUEST(way, to, "PUBLISH", 14),                  \
	REQUEST(way, to, "other", 0)

#define RESPONSE(way, to, name, of, class, nr)                      \
	{METRIC_COUNTER, "cordboard_sig_responses_total",           \
	 "direction=\"" way "\",method=\"" name "\",class=\"" class \
	 "\"",                                                      \
	 "SIP responses that came in and went out",                 \
	 offsetof(struct sigd_figures,                              \
		  trace.tally.responses[to][of][nr]), NULL}
#define RESPONSES(way, to, name, of)                                \
	RESPONSE(way, to, name, of, "1xx", 0),                      \
	RESPONSE(way, to, name, of, "2xx", 1),                      \
	RESPONSE(way, to, name, of, "3xx", 2),                      \
	RESPONSE(way, to, name, of, "4xx", 3),                      \
	RESPONSE(way, to, name, of, "5xx", 4),                      \
	RESPONSE(way, to, name, of, "6xx", 5)
#define ANSWERS(way, to)                                            \
	RESPONSES(way, to, "INVITE", TALLY_INVITE),                 \
	RESPONSES(way, to, "REGISTER", TALLY_REGISTER),             \
	RESPONSES(way, to, "OPTIONS", TALLY_OPTIONS),               \
	RESPONSES(way, to, "BYE", TALLY_BYE),                       \
	RESPONSES(way, to, "other", TALLY_ANY)

#define ENDED(reason, code)                                         \
	{METRIC_COUNTER, "cordboard_sig_calls_ended_total",         \
	 "reason=\"" reason "\"",                                   \
	 "Calls whose end a worker has recorded, by reason "        \
	 "(errors.md)",                                             \
	 offsetof(struct sigd_figures, proxy.ended[code]), NULL}

/* What ends calls; any other is summed up in STATUS_OK's place. */
static const struct metric_desc rows[] = {
	REQUESTS("in", TALLY_IN),
	REQUESTS("out", TALLY_OUT),
	ANSWERS("in", TALLY_IN),
	ANSWERS("out", TALLY_OUT),
	{METRIC_HIST, "cordboard_sig_post_dial_delay_seconds", NULL,
	 "From an INVITE to the first 18x or 2xx that its caller gets",
	 offsetof(struct sigd_figures, proxy.heard), &proxy_heard_bounds},
};

static const struct metric_desc ends[] = {
	ENDED("hangup", STATUS_HANGUP),
	ENDED("cancelled", STATUS_CANCELLED),
	ENDED("no-answer", STATUS_NO_ANSWER),
	ENDED("busy", STATUS_BUSY),
	ENDED("declined", STATUS_DECLINED),
	ENDED("moved", STATUS_MOVED),
	ENDED("elsewhere", STATUS_ELSEWHERE),
	ENDED("replaced", STATUS_REPLACED),
	ENDED("unknown-user", STATUS_UNKNOWN_USER),
	ENDED("not-registered", STATUS_NOT_REGISTERED),
	ENDED("no-route", STATUS_NO_ROUTE),
	ENDED("route-rejected", STATUS_ROUTE_REJECTED),
	ENDED("target-down", STATUS_TARGET_DOWN),
	ENDED("target-timeout", STATUS_TARGET_TIMEOUT),
	ENDED("not-acceptable", STATUS_NOT_ACCEPTABLE),
	ENDED("no-audio", STATUS_NO_AUDIO),
	ENDED("no-encryption", STATUS_NO_ENCRYPTION),
	ENDED("call-limit", STATUS_CALL_LIMIT),
	ENDED("rate-limited", STATUS_RATE_LIMITED),
	ENDED("overload", STATUS_OVERLOAD),
	ENDED("no-media-node", STATUS_NO_MEDIA_NODE),
	ENDED("no-port", STATUS_NO_PORT),
	ENDED("redis-down", STATUS_REDIS_DOWN),
	ENDED("timeout", STATUS_TIMEOUT),
	ENDED("internal", STATUS_INTERNAL),
	ENDED("flow-gone", STATUS_FLOW_GONE),
	ENDED("flow-lost", STATUS_FLOW_LOST),
	ENDED("media-lost", STATUS_MEDIA_LOST),
	ENDED("media-timeout", STATUS_MEDIA_TIMEOUT),
	ENDED("media-node-lost", STATUS_MEDIA_NODE_LOST),
	ENDED("session-expired", STATUS_SESSION_EXPIRED),
	ENDED("call-expired", STATUS_CALL_EXPIRED),
	ENDED("setup-expired", STATUS_SETUP_EXPIRED),
	ENDED("killed", STATUS_KILLED),
	ENDED("admin", STATUS_ADMIN),
	ENDED("other", STATUS_OK),
};

int sigd_metric_sip_add(struct metric_set *set, struct sigd_figures *figures)
{
	int err = metric_add(set, rows, COUNTOF(rows), figures);

	return err ? err : metric_add(set, ends, COUNTOF(ends), figures);
}

static bool is_named(enum status code)
{
	const size_t at = offsetof(struct sigd_figures, proxy.ended[0]) +
			  (size_t)code * sizeof(uint64_t);

	for (size_t i = 0; i < COUNTOF(ends); i++) {
		if (ends[i].offset == at)
			return true;
	}
	return false;
}

void sigd_metric_ends_fill(struct sigd_figures *figures)
{
	uint64_t *ended = figures->proxy.ended;

	for (unsigned i = STATUS_OK + 1; i < STATUS_COUNT; i++) {
		if (!is_named((enum status)i))
			ended[STATUS_OK] += ended[i];
	}
}
