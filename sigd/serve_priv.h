/*
 * serve_priv.h  The inside of a sigd worker
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SERVE_PRIV_H
#define SIGD_SERVE_PRIV_H

#include <stdint.h>

#include "common/fingerprint.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "sigd/serve.h"
#include "sigd/sigd_metric.h"

struct flow_leave;
struct routes_fresh;
struct routes_loader;
struct standing;
struct wish_watch;

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
	struct standing *standing;
	struct wish_watch *wish;
	struct flow_leave *leave; /* an operator wants us to be empty */
	bool withdrawn;
	uint32_t life; /* the epoch that it is given */
	char config[FINGERPRINT_LEN + 1]; /* hash of what is in effect */
	char addr[32]; /* "node/slot" */
};

/* --- serve.c --------------------------------------------------------------- */

/* The epoch and what operators want are known: serve. */
void sigd_begin(struct sigd *sigd);

/* --- serve_figures.c ------------------------------------------------------- */

/* From now on they are published. */
int sigd_figures_start(struct sigd *sigd);

/* --- serve_reload.c -------------------------------------------------------- */

/* Which table serves here, for /v1/nodes. */
void sigd_routes_tell(struct sigd *sigd);
/* The loader's handler; arg is the struct sigd. */
void sigd_on_routes(struct routes_fresh *fresh, void *arg);

/* --- serve_node.c ---------------------------------------------------------- */

/* Ask what operators want of this node, then begin, and do so from then on. */
int sigd_node_start(struct sigd *sigd);
/* Keys and tables are other ones. */
void sigd_node_files(struct sigd *sigd);
/* With the figures. */
void sigd_node_fill(struct sigd *sigd);

#endif
