/*
 * serve_figures.c  What a sigd worker tells of itself
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/keyring.h"
#include "common/publish.h"
#include "common/standing.h"
#include "routing/route.h"
#include "sigd/proxy/proxy.h"
#include "sigd/serve_priv.h"
#include "sigd/transport/certs.h"
#include "sigd/upstream/upstream.h"

/* Of a version, which is in hexadecimal digits: what a double holds. */
static uint64_t routes_hash(const struct route_table *routes)
{
	enum { DIGITS = 12 };
	struct pl pl;

	pl_set_str(&pl, route_table_version(routes));
	pl.l = min(pl.l, (size_t)DIGITS);
	return pl_x64(&pl);
}

static int64_t sealing_key(const struct keyring *ring)
{
	uint8_t id;

	return keyring_current(ring, (uint64_t)time(NULL), &id) ? -1 : id;
}

static void on_fill(void *arg)
{
	struct sigd *sigd = arg;
	const struct call_log_counts *logged = proxy_logged(sigd->proxy);
	struct txn_stats txn;

	proxy_txn_stats(sigd->proxy, &txn);
	sigd->figures.txns	   = txn.servers + txn.clients;
	sigd->figures.txn_bytes	   = (int64_t)txn.bytes;
	sigd->figures.txns_refused = txn.refused;
	sigd->figures.txn_timeouts = txn.timeouts;
	sigd->figures.proxy	= *proxy_counts(sigd->proxy);
	if (logged)
		sigd->figures.logged = *logged;
	sigd->figures.transport = *transport_counts(sigd->transport);
	sigd->figures.busy	= proxy_busy(sigd->proxy);
	sigd->figures.registered = proxy_registered(sigd->proxy);
	sigd->figures.cert_expiry = certs_expiry(sigd->files.certs, NULL);
	sigd->figures.gate	= *gate_counts(proxy_gate(sigd->proxy));
	sigd->figures.load	= gate_load(proxy_gate(sigd->proxy));
	sigd->figures.share	= gate_share(proxy_gate(sigd->proxy));
	memcpy(sigd->figures.alarms, proxy_alarm_counts(sigd->proxy),
	       sizeof(sigd->figures.alarms));
	sigd_metric_ends_fill(&sigd->figures);
	trace_counts(sigd->trace, &sigd->figures.trace);
	sigd->figures.redis	= *redis_link_figures(sigd->redis);
	sigd->figures.routes	= (int64_t)routes_hash(sigd->files.routes);
	sigd->figures.key	= sealing_key(sigd->files.ring);
	vitals_fill(sigd->vitals);
	if (sigd->upstream)
		sigd->figures.upstream = *upstream_counts(sigd->upstream);
	else
		memset(&sigd->figures.upstream, 0,
		       sizeof(sigd->figures.upstream));
	sigd_node_fill(sigd);
}

int sigd_figures_start(struct sigd *sigd)
{
	int err = sigd_metric_alloc(&sigd->metrics, &sigd->figures);

	if (!err)
		err = publish_alloc(&sigd->publish, "sigd", sigd->addr,
				    sigd->redis, sigd->worker->wheel,
				    sigd->metrics);
	if (!err)
		err = vitals_alloc(&sigd->vitals, sigd->worker->wheel,
				   &sigd->figures.vitals);
	if (!err)
		err = standing_alloc(&sigd->standing, sigd->worker,
				     sigd->publish);
	if (!err)
		publish_filler(sigd->publish, on_fill, sigd);
	return err;
}
