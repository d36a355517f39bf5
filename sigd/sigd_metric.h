/*
 * sigd_metric.h  The figures of a sigd worker, named for Prometheus
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIGD_METRIC_H
#define SIGD_SIGD_METRIC_H

#include "common/call_log_writer.h"
#include "common/admin.h"
#include "common/metric.h"
#include "common/redis_figures.h"
#include "common/redis_link.h"
#include "common/vitals.h"
#include "sigd/proxy/proxy.h"
#include "sigd/trace/trace.h"
#include "sigd/transport/transport.h"
#include "sigd/upstream/upstream.h"

/* Plain data: a copy, brought up to date before it is published. */
struct sigd_figures {
	struct proxy_counts proxy;
	struct transport_counts transport;
	struct upstream_counts upstream;
	struct trace_counts trace;
	struct call_log_counts logged;
	struct gate_counts gate;
	uint64_t alarms[ALARM_KINDS];
	int64_t load, share; /* per mille */
	int64_t busy; /* requests and calls being set up */
	int64_t registered; /* users over connections */
	int64_t txns, txn_bytes;
	uint64_t txns_refused, txn_timeouts;
	int64_t cert_expiry; /* unix seconds */
	int64_t routes; /* the begin of its table's version, as a number */
	int64_t key;    /* id of the key that seals now */
	struct redis_figures redis;
	struct vitals_figures vitals;
};

/* --- sigd_metric_sip.c --- */
int sigd_metric_sip_add(struct metric_set *set, struct sigd_figures *figures);
/* Ends of calls that have no row of their own become "other"; once for each
 * copy of the counters. */
void sigd_metric_ends_fill(struct sigd_figures *figures);

/* A set over these figures, which outlive it. */
int sigd_metric_alloc(struct metric_set **setp, struct sigd_figures *figures);
/* Markdown: all that /metrics of sigd shows (sigd_metric_doc.c). */
int sigd_metric_reference(struct mbuf *mb);

/* What the node's workers have counted of each connection
 * (proxy/conn_figures.h), for /metrics. */
void sigd_conn_metric_print(struct mbuf *mb, enum metric_form form,
			    const struct admin *admin);
/* The same from hashes that were read; what is none of ours is passed over.
 * The first CONN_SHOWN_MAX of a worker by name have samples of their own, the
 * others are summed up as tenant "other", connection "other". The caller owns
 * *pagep. */
enum { CONN_SHOWN_MAX = 200 };
struct conn_page;
int conn_page_alloc(struct conn_page **pagep);
void conn_page_add(struct conn_page *page, const char *addr,
		   const struct redis_val *hash);
void conn_page_print(const struct conn_page *page, struct mbuf *mb,
		     enum metric_form form);
int conn_page_reference(struct mbuf *mb);

#endif
