/*
 * media_worker.h  A mediad worker: what is made at its start, and its end
 *
 * The order at the start is the point: the sessions of a worker that died are
 * resumed first, from the state file, with the sockets that waited in the
 * parent; media flows again before Redis is even asked.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIA_WORKER_H
#define MEDIAD_MEDIA_WORKER_H

#include "common/worker.h"

/* For worker_main(); worker->cfg is a struct mediad_cfg, the cfg of each
 * socket its struct mediad_iface, arg a struct media_worker * that is NULL. */
extern const struct worker_hooks media_worker_hooks;

struct media_worker;

#endif
