/*
 * serve.h  A sigd worker's parts, put together
 *
 * Redis link -> epoch -> control protocol, transport, proxy. Nothing is
 * accepted before the worker has an epoch: what clients hold of us names it.
 * The kernel queues what comes meanwhile.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SERVE_H
#define SIGD_SERVE_H

#include "common/worker.h"
#include "sigd/sigd_cfg.h"

struct certs;
struct keyring;
struct route_table;
struct routes_fresh;
struct sigd;
struct tube_tls_cfg;

/*
 * What sigd.yaml names, as it was good last. The parent holds it and a worker
 * inherits it, so one that starts while somebody is at work on the files has
 * what its siblings have.
 */
struct sigd_files {
	struct keyring *ring;
	struct route_table *routes;
	struct certs *certs;
	struct sigd_cfg *cfg; /* sigd.yaml itself: tunnel.peers and
				 tls.certificates are taken from it, all else
				 is that of the start */
};

/* worker->cfg of all sigd's processes. */
struct sigd_setup {
	struct sigd_cfg *cfg;
	struct sigd_files files;
};

/* The worker serves now; and: a drain is over. */
typedef void(sigd_event_h)(void *arg);

struct sigd_events {
	sigd_event_h *readyh;
	sigd_event_h *drainedh;
	void *arg;
};

/*
 * worker and its struct sigd_setup outlive it; worker->socks are in the order
 * of the listeners. Errors in certificates are logged once and returned.
 */
int sigd_alloc(struct sigd **sigdp, struct worker *worker,
	       const struct sigd_events *events);

/*
 * Load keys, tables and certificates anew; a bad file changes nothing and is
 * logged; a bad certificate keeps no other file from being loaded. The routing
 * table is loaded beside the loop (routes_loader.h), and all of it is taken
 * over at once when that is done.
 */
void sigd_reload(struct sigd *sigd);
/* Whether one is under way. */
bool sigd_reloading(const struct sigd *sigd);
/* No new connections, calls or registrations; drainedh when nothing is under
 * way any more. What rings is refused when the time to drain is over. */
void sigd_drain(struct sigd *sigd);

/* --- serve_files.c --------------------------------------------------------- */

/*
 * Load key file, tables and certificates of a configuration, and that file
 * once more; check the tunnel's certificate and the pages, which are read
 * where they are used. Errors are logged. The caller owns what is in *files,
 * which an error leaves as it was. Rules that are of no use are warned of. When there are certificates in it already,
 * one that cannot be used now stays as it was, and is no error.
 */
int sigd_files_load(struct sigd_files *files, const struct sigd_cfg *cfg);
/* The same with a routing table that has been loaded (routes_fresh.h), whether
 * it is good or not; the caller drops it. */
int sigd_files_take(struct sigd_files *files, const struct sigd_cfg *cfg,
		    struct routes_fresh *fresh);
/* The same without the routing table, which takes long: it is NULL then. */
int sigd_files_rest(struct sigd_files *files, const struct sigd_cfg *cfg);
void sigd_files_drop(struct sigd_files *files);

/* Borrows from the configuration; without socket and lookup. */
void sigd_tunnel_tls(struct tube_tls_cfg *tls,
		     const struct sigd_tunnel_cfg *tunnel);

#endif
