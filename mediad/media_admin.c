/*
 * media_admin.c  The admin process of mediad
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/admin.h"
#include "common/log.h"
#include "mediad/media_admin.h"
#include "mediad/media_metric.h"
#include "mediad/media_worker.h"
#include "mediad/mediad_cfg.h"

enum {
	MAX_FDS = 1024,
};

/* What its heartbeat says, which sigd chooses by. */
static int worker_state(char state[ADMIN_STATE_SIZE], struct redis_sync *sync,
			const char *addr)
{
	const struct redis_val *val = NULL;
	struct redis_arg argv[3];
	char key[NODE_ADDR_MAX + 24];
	int err;

	(void)re_snprintf(key, sizeof(key), "cb:{n:%s}:media", addr);
	argv[0] = redis_str("HGET");
	argv[1] = redis_str(key);
	argv[2] = redis_str("state");
	err = redis_sync_send(sync, argv, 3, &val);
	if (!err)
		str_ncpy(state, val->type == REDIS_STR ? val->str : "",
			 ADMIN_STATE_SIZE);
	return err;
}

static int figures_alloc(struct metric_set **setp, void *figures)
{
	return media_metric_alloc(setp, figures);
}

static int start(struct worker *worker, void *arg)
{
	const struct mediad_setup *setup = worker->cfg;
	const struct mediad_cfg *cfg = setup->cfg;
	struct admin_cfg admin = {
		.daemon = "mediad",
		.sock = MEDIA_ADMIN_SOCK,
		.workers = cfg->workers,
		.stateh = worker_state,
		.figures_size = sizeof(struct media_figures),
		.figuresh = figures_alloc,
	};
	int err;

	mediad_cfg_redis(&admin.redis, cfg);
	err = admin_alloc(arg, &admin, worker);
	if (err) {
		log_error(NULL, "cannot start", "what=admin why=%s",
			  strerror(err));
		return WORKER_EXIT_FAILED;
	}
	worker_ready(worker);
	return 0;
}

static void stop(void *arg)
{
	struct admin **adminp = arg;

	*adminp = mem_deref(*adminp);
}

const struct worker_hooks media_admin_hooks = {
	.start = start,
	.stop = stop,
	.max_fds = MAX_FDS,
};
