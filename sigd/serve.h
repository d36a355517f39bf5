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

struct sigd;

/* The worker serves now; and: a drain is over. */
typedef void(sigd_event_h)(void *arg);

struct sigd_events {
	sigd_event_h *readyh;
	sigd_event_h *drainedh;
	void *arg;
};

/*
 * cfg and worker outlive it; worker->socks are in the order of cfg's
 * listeners. Errors in the key file, the tables or certificates are logged
 * once and returned.
 */
int sigd_alloc(struct sigd **sigdp, const struct sigd_cfg *cfg,
	       struct worker *worker, const struct sigd_events *events);

/* Load keys and tables anew; a bad file changes nothing and is logged. */
void sigd_reload(struct sigd *sigd);
/* No new connections; drainedh when nothing is under way any more. */
void sigd_drain(struct sigd *sigd);

/* Key file and tables of a configuration: loaded, checked, thrown away. The
 * errors are printed to stderr. */
int sigd_check(const struct sigd_cfg *cfg);

#endif
