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

struct cert;
struct keyring;
struct media_worker;
struct mediad_cfg;

/*
 * worker->cfg of all mediad's processes. The parent holds it as it was good
 * last; a worker inherits it, so that calls are taken over whatever happens to
 * the files meanwhile.
 */
struct mediad_setup {
	struct mediad_cfg *cfg;
	struct keyring *ring;
	struct cert *cert;
};

/* For worker_main(); the cfg of each socket is its struct mediad_iface, arg a
 * struct media_worker * that is NULL. */
extern const struct worker_hooks media_worker_hooks;

/* How many descriptors a worker may come to have. */
uint32_t media_worker_fds(const struct mediad_cfg *cfg);

#endif
