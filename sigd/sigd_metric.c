/*
 * sigd_metric.c  The figures of a sigd worker, named for Prometheus
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/countof.h"
#include "sigd/sigd_metric.h"

#define PROXY(member) offsetof(struct sigd_figures, proxy.member)
#define TRANSPORT(member) offsetof(struct sigd_figures, transport.member)
#define TRACE(member) offsetof(struct sigd_figures, trace.member)
#define LOGGED(member) offsetof(struct sigd_figures, logged.member)
#define UPSTREAM(member) offsetof(struct sigd_figures, upstream.member)

/* Requests that are no calls: rows of one name stand together. */
#define RELAY(what, help, method, kind)                                      \
	{METRIC_COUNTER, "cordboard_sig_relay_" #what "_total",              \
	 "method=\"" method "\"", help, PROXY(relayed[kind].what), NULL}
#define RELAYS(what, help)                                                   \
	RELAY(what, help, "MESSAGE", PROXY_MESSAGE),                         \
	RELAY(what, help, "SUBSCRIBE", PROXY_SUBSCRIBE),                     \
	RELAY(what, help, "NOTIFY", PROXY_NOTIFY),                           \
	RELAY(what, help, "PUBLISH", PROXY_PUBLISH),                         \
	RELAY(what, help, "REFER", PROXY_REFER),                             \
	RELAY(what, help, "OPTIONS", PROXY_OPTIONS),                         \
	RELAY(what, help, "INFO", PROXY_INFO)
#define ALARM(label, kind)                                                   \
	{METRIC_COUNTER, "cordboard_sig_alarms_total",                       \
	 "kind=\"" label "\"", "What /v1/alarms tells of, as often as it was", \
	 offsetof(struct sigd_figures, alarms[kind]), NULL}

/* A row: counter or gauge, name behind "cordboard_sig_", help, place. */
#define COUNTER(name, help, at)                                              \
	{METRIC_COUNTER, "cordboard_sig_" name "_total", NULL, help, at, NULL}
#define GAUGE(name, help, at)                                                \
	{METRIC_GAUGE, "cordboard_sig_" name, NULL, help, at, NULL}
#define RATIO(name, help, at)                                                \
	{METRIC_GAUGE, "cordboard_sig_" name "_ratio", NULL, help, at,       \
	 &permille}
/* Some rows of one name stand together. */
#define LABELLED(name, labels, help, at)                                     \
	{METRIC_COUNTER, "cordboard_sig_" name "_total", labels, help, at,   \
	 NULL}
#define REFUSED(reason, at)                                                  \
	LABELLED("refused_requests", "reason=\"" reason "\"",                \
		 "New requests answered 503 or 403 before anything was done " \
		 "for them", at)

static const struct metric_bounds permille = {.per_unit = 1000};

static const struct metric_desc rows[] = {
	COUNTER("malformed_messages",
		"Messages refused or dropped as malformed", PROXY(malformed)),
	COUNTER("stray_responses", "Responses of no transaction of ours",
		PROXY(strays)),
	COUNTER("forwarded_responses", "Responses passed on to the worker that waits",
		PROXY(forwarded)),
	COUNTER("auth_failed", "Wrong credentials", PROXY(auth_failed)),
	COUNTER("auth_locked", "Refused: too many wrong credentials before",
		PROXY(auth_locked)),
	COUNTER("calls", "INVITEs taken on", PROXY(calls)),
	COUNTER("calls_answered", "INVITEs that got a 2xx",
		PROXY(answered)),
	COUNTER("calls_moved", "Of these, moved to another media worker",
		PROXY(moved)),
	COUNTER("calls_not_moved", "Of these, that should have been, and ended "
		"or stayed", PROXY(unmoved)),
	RELAYS(passed, "Requests that are no calls, answered with 2xx"),
	RELAYS(refused, "Of these, refused by whom they were for"),
	RELAYS(failed, "Of these, nobody there, or nothing heard"),
	RATIO("load", "How busy this worker is; above 1 it refuses",
	      offsetof(struct sigd_figures, load)),
	RATIO("refusing", "Share of new requests that it refuses",
	      offsetof(struct sigd_figures, share)),
	REFUSED("overload", offsetof(struct sigd_figures, gate.overload)),
	REFUSED("rate", offsetof(struct sigd_figures, gate.rated)),
	REFUSED("redis", PROXY(refused_redis)),
	REFUSED("transactions", offsetof(struct sigd_figures, txns_refused)),
	COUNTER("dropped_requests", "Not even answered: they come faster than "
		"a refusal is told", offsetof(struct sigd_figures, gate.dropped)),
	ALARM("overload", ALARM_OVERLOAD),
	ALARM("source-rate", ALARM_SOURCE_RATE),
	ALARM("tenant-rate", ALARM_TENANT_RATE),
	ALARM("user-rate", ALARM_USER_RATE),
	ALARM("guessing", ALARM_GUESSING),
	ALARM("connection-down", ALARM_CONN_DOWN),
	ALARM("connection-up", ALARM_CONN_UP),
	ALARM("connection-broken", ALARM_CONN_BROKEN),
	ALARM("connection-mended", ALARM_CONN_MENDED),
	ALARM("connection-forced", ALARM_CONN_FORCED),
	ALARM("limit-calls", ALARM_CALL_LIMIT),
	ALARM("limit-rate", ALARM_CALL_RATE),
	GAUGE("busy", "Requests and calls being set up now",
	      offsetof(struct sigd_figures, busy)),
	GAUGE("registered_users",
	      "Users registered over connections of this worker",
	      offsetof(struct sigd_figures, registered)),
	GAUGE("transactions", "SIP transactions now",
	      offsetof(struct sigd_figures, txns)),
	GAUGE("transaction_bytes", "Memory of these",
	      offsetof(struct sigd_figures, txn_bytes)),
	COUNTER("transaction_timeouts", "Requests and answers without reply",
		offsetof(struct sigd_figures, txn_timeouts)),
	COUNTER("registers_sent", "REGISTERs to PBXs", UPSTREAM(sent)),
	COUNTER("registers_accepted", "Of these, accepted",
		UPSTREAM(accepted)),
	COUNTER("registers_refused", "Of these, refused or not answered",
		UPSTREAM(refused)),
	GAUGE("registrations_kept", "Registrations at PBXs that are ours now",
	      UPSTREAM(kept)),
	GAUGE("registrations_up", "Of these, in force", UPSTREAM(registered)),
	COUNTER("probes_sent", "OPTIONS to PBXs", UPSTREAM(probes.sent)),
	COUNTER("probes_failed", "Of these, not answered, or with 408 or 503",
		UPSTREAM(probes.failed)),
	GAUGE("probes_kept", "PBXs that are probed from here",
	      UPSTREAM(probes.kept)),
	GAUGE("probes_down", "Of these, down", UPSTREAM(probes.down)),
	COUNTER("connections", "TCP connections taken",
		TRANSPORT(accepted)),
	GAUGE("connections_open", "TCP connections open now",
	      TRANSPORT(conns)),
	GAUGE("flows_open", "Connections that carry messages now", TRANSPORT(flows)),
	COUNTER("flows", "Connections opened", TRANSPORT(flows_opened)),
	COUNTER("limit_connections", "Refused or evicted: worker is full",
		TRANSPORT(limit_conns)),
	COUNTER("evicted", "Idle connections ended for new ones",
		TRANSPORT(evicted)),
	COUNTER("limit_source", "Refused: too many from one source",
		TRANSPORT(limit_source)),
	COUNTER("limit_descriptors", "Refused: no file descriptor",
		TRANSPORT(limit_fds)),
	COUNTER("limit_handshake", "Closed: too slow to open",
		TRANSPORT(limit_handshake)),
	COUNTER("limit_message", "Closed: message too long",
		TRANSPORT(limit_message)),
	COUNTER("limit_queue", "Closed: reader too slow",
		TRANSPORT(limit_queue)),
	COUNTER("limit_pong", "Closed: no pong in time",
		TRANSPORT(limit_pong)),
	COUNTER("limit_unread", "Closed: writes and does not read",
		TRANSPORT(limit_unread)),
	COUNTER("limit_slow", "Closed: a message never came whole",
		TRANSPORT(limit_slow)),
	COUNTER("proxy_headers", "Headers of load balancers read",
		TRANSPORT(lb_headers)),
	COUNTER("proxy_header_errors", "Closed: no good header",
		TRANSPORT(lb_errors)),
	COUNTER("limit_silent", "Closed: nothing heard, nobody registered",
		TRANSPORT(limit_silent)),
	COUNTER("framing_errors", "Closed 400: no message ends where it says",
		TRANSPORT(framing_errors)),
	GAUGE("peers_open", "TCP and TLS connections to PBXs now",
	      TRANSPORT(peers)),
	COUNTER("connects", "TCP and TLS connections to PBXs tried",
		TRANSPORT(connects)),
	COUNTER("connect_errors", "Of these, in vain",
		TRANSPORT(connect_errors)),
	LABELLED("tls_handshakes", "result=\"done\"", "TLS handshakes",
		 TRANSPORT(tls_done)),
	LABELLED("tls_handshakes", "result=\"failed\"", "TLS handshakes",
		 TRANSPORT(tls_failed)),
	COUNTER("tls_resumed", "TLS sessions resumed",
		TRANSPORT(tls_resumed)),
	GAUGE("routes_hash", "Of the routing table that serves: where it "
	      "differs, so do the tables", offsetof(struct sigd_figures, routes)),
	GAUGE("sealing_key", "Id of the key that seals now",
	      offsetof(struct sigd_figures, key)),
	GAUGE("certificate_expiry_timestamp_seconds",
	      "When the first of the certificates expires, unix time",
	      offsetof(struct sigd_figures, cert_expiry)),
	COUNTER("upgrade_refused", "WebSocket handshakes refused",
		TRANSPORT(upgrade_refused)),
	COUNTER("origin_refused", "Refused for their Origin",
		TRANSPORT(origin_refused)),
	COUNTER("protocol_errors", "Closed 1002: not WebSocket",
		TRANSPORT(protocol_errors)),
	COUNTER("utf8_errors", "Closed 1007: text that is not UTF-8",
		TRANSPORT(utf8_errors)),
	COUNTER("received_messages", "Messages from connections",
		TRANSPORT(rx_messages)),
	COUNTER("sent_messages", "Messages to connections",
		TRANSPORT(tx_messages)),
	COUNTER("received_datagrams", "UDP messages received",
		TRANSPORT(udp_rx)),
	COUNTER("sent_datagrams", "UDP messages sent", TRANSPORT(udp_tx)),
	COUNTER("dropped_datagrams", "Dropped by the kernel: queue full",
		TRANSPORT(udp_drops)),
	COUNTER("ignored_datagrams", "Empty, keep-alive or oversize",
		TRANSPORT(udp_rx_ignored)),
	COUNTER("failed_datagrams", "UDP messages not sent",
		TRANSPORT(udp_tx_errors)),
	COUNTER("tunnel_received", "Messages from other workers",
		TRANSPORT(tube_rx)),
	COUNTER("tunnel_sent", "Messages to other workers",
		TRANSPORT(tube_tx)),
	COUNTER("tunnel_errors", "Messages no other worker took",
		TRANSPORT(tube_errors)),
	COUNTER("tunnel_refused", "Messages of others, too late or malformed",
		TRANSPORT(tube_refused)),
	COUNTER("call_log_entries", "Written to the logs of calls",
		LOGGED(written)),
	COUNTER("call_log_dropped_entries",
		"Not written: Redis was away, or too slow", LOGGED(dropped)),
	COUNTER("call_logs_gone",
		"Logs of calls that gave way, as there was no room for them "
		"(call_log.size)", LOGGED(gone)),
	COUNTER("trace_messages", "Messages traced", TRACE(taken)),
	COUNTER("trace_nameless", "Messages not traced: no Call-ID",
		TRACE(nameless)),
	COUNTER("trace_stored", "Of these, handed to Redis",
		TRACE(store.messages)),
	COUNTER("trace_stored_bytes", "What they took there",
		TRACE(store.bytes)),
	COUNTER("trace_lost", "Messages that did not get to Redis",
		TRACE(store.lost)),
	GAUGE("trace_waiting_bytes", "Memory of what waits for Redis",
	      TRACE(store.waiting)),
	COUNTER("trace_homer_sent", "Messages told to the capture server",
		TRACE(homer.sent)),
	COUNTER("trace_homer_lost", "Messages that it did not get",
		TRACE(homer.lost)),
};

int sigd_metric_alloc(struct metric_set **setp, struct sigd_figures *figures)
{
	struct metric_set *set = NULL;
	int err = metric_set_alloc(&set);

	if (!err)
		err = metric_add(set, rows, COUNTOF(rows), figures);
	if (!err)
		err = sigd_metric_sip_add(set, figures);
	if (!err)
		err = metric_add(set, redis_metrics, redis_nmetrics,
				 &figures->redis);
	if (!err)
		err = metric_add(set, vitals_metrics, vitals_nmetrics,
				 &figures->vitals);
	if (err)
		mem_deref(set);
	else
		*setp = set;
	return err;
}
