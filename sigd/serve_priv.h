/*
 * serve_priv.h  The inside of a sigd worker
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SERVE_PRIV_H
#define SIGD_SERVE_PRIV_H

#include <stdint.h>

#include "common/redis_link.h"
#include "common/wheel.h"
#include "sigd/serve.h"
#include "sigd/sigd_metric.h"

struct routes_fresh;
struct routes_loader;

struct sigd {
	const struct sigd_cfg *cfg;
	struct worker *worker;
	struct sigd_events events;
	struct redis_cfg redis_cfg;
	struct redis_link *redis;
	struct epoch *epoch;
	struct sigd_files files, next; /* the next, while tables are loaded */
	struct routes_loader *loader;
	struct ctl_client *ctl;
	struct ctl_nodes *nodes;
	struct ctl_listener *listener;
	struct media_client *media;
	struct transport *transport;
	struct resolver *resolver;
	struct trace *trace;
	struct proxy *proxy;
	struct upstream *upstream;
	struct sampler *sampler;
	struct proxy_listener *listeners;
	struct transport_listener *sockets; /* borrowed by the transport */
	struct wheel_timer drain, say;
	uint64_t drain_end_ms; /* then what still rings is refused */
	struct sigd_figures figures;
	struct metric_set *metrics;
	struct publish *publish;
	struct vitals *vitals;
	char addr[32]; /* "node/slot" */
};

/* --- serve_figures.c ------------------------------------------------------- */

/* From now on they are published. */
int sigd_figures_start(struct sigd *sigd);

/* --- serve_reload.c -------------------------------------------------------- */

/* Which table serves here, for /v1/nodes. */
void sigd_routes_tell(struct sigd *sigd);
/* The loader's handler; arg is the struct sigd. */
void sigd_on_routes(struct routes_fresh *fresh, void *arg);

#endif
