/*
 * admin.h  The admin process of a daemon: health, readiness, metrics, and the
 *          routes of its own
 *
 * It knows what Redis knows: no worker is asked, so no call is delayed.
 *
 *   /healthz  200: this process answers, so its parent lives
 *   /readyz   200: every worker of this node is there and not draining, as
 *             it was within the last second
 *   /metrics  what the workers have published, and its own
 *             (admin_metrics.h)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_H
#define COMMON_ADMIN_H

#include <stddef.h>
#include <stdint.h>

#include "common/admin_http.h"
#include "common/redis_link.h"
#include "common/worker.h"

struct admin;
struct admin_conf;

enum {
	ADMIN_REDIS_MS = 500, /* nobody waits longer for one answer of Redis */
	ADMIN_STATE_SIZE = 16,
	ADMIN_WORKERS_MAX = 64,
};

/* How the worker at addr is doing: "up" and "full" are ready, any other text
 * is not, "" is not there. An errno: Redis did not tell. */
typedef int(admin_state_h)(char state[ADMIN_STATE_SIZE],
			   struct redis_sync *sync, const char *addr);

/* Plain data. Borrowed while the admin lives, but for redis. */
struct admin_cfg {
	const char *daemon;     /* "sigd": whose figures (publish.h) */
	const char *sock;       /* name of the listener in the worker */
	unsigned workers;       /* 1..ADMIN_WORKERS_MAX */
	struct redis_cfg redis; /* but for command_ms, which is ours */
	const struct admin_conf *conf; /* till admin_reload() */
	struct admin_http_events events;
	uint32_t body_max;      /* bytes of a request's; 0: admin_http.h */
	admin_state_h *stateh;  /* NULL: as it publishes (standing.h) */
	size_t figures_size;    /* of the struct of a worker's figures */
	int (*figuresh)(struct metric_set **setp, void *figures);
	/* Adds to /metrics; NULL: nothing. */
	void (*printh)(struct mbuf *mb, enum metric_form form,
		       const struct admin *admin);
	const struct admin_route *routes; /* of the daemon's own */
	size_t nroutes;
	const struct admin_route *more; /* and others; NULL: none */
	size_t nmore;
	void *arg; /* for admin_arg() */
};

/*
 * Serve. The caller owns *adminp; all of it runs in worker's loop. The
 * handlers of cfg->routes get the struct admin as their arg. ENOENT: no
 * socket of that name; EINVAL: the certificate is of no use, and why says so.
 */
int admin_alloc(struct admin **adminp, const struct admin_cfg *cfg,
		const struct worker *worker, char *why, size_t size);

/* Other tokens, limits and certificate; an error changes nothing, and why says
 * what is wrong. conf is borrowed from now on, instead of the one before. */
int admin_reload(struct admin *admin, const struct admin_conf *conf, char *why,
		 size_t size);

/* Who waits for an answer is told that it ends, and so are cfg->events. Before
 * the end. */
void admin_end(struct admin *admin);

void *admin_arg(const struct admin *admin);
/* "node/slot" of the nr-th worker of this node, from 0; false behind the
 * last. */
bool admin_worker(const struct admin *admin, unsigned nr,
		  char addr[NODE_ADDR_MAX + 1]);
/* For handlers: a call takes ADMIN_REDIS_MS at most for connecting and as much
 * for the answer, but for pauses of the machine (pauses.h); and one that
 * took so long spares others that. */
struct redis_sync *admin_redis(const struct admin *admin);

#endif
