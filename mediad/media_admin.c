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

static void on_guess(const struct sa *source, void *arg)
{
	char text[64];

	(void)arg;
	re_snprintf(text, sizeof(text), "%j", source);
	log_warn(NULL, "somebody guesses tokens of the admin interface",
		 "source=%s", text);
}

static int start(struct worker *worker, void *arg)
{
	const struct mediad_setup *setup = worker->cfg;
	struct media_admin *ma = arg;
	struct admin_cfg admin = {
		.daemon = "mediad",
		.sock = MEDIA_ADMIN_SOCK,
		.workers = setup->cfg->workers,
		.conf = &setup->cfg->admin,
		.events = {.guessh = on_guess},
		.stateh = worker_state,
		.figures_size = sizeof(struct media_figures),
		.figuresh = figures_alloc,
	};
	char why[256] = "";

	ma->cfg = mem_ref(setup->cfg);
	mediad_cfg_redis(&admin.redis, ma->cfg);
	if (admin_alloc(&ma->admin, &admin, worker, why, sizeof(why))) {
		log_error(NULL, "cannot start", "what=admin why=%s", why);
		return WORKER_EXIT_FAILED;
	}
	worker_ready(worker);
	return 0;
}

/* The parent has said what is wrong with a file that cannot be used. */
static void reload(void *arg)
{
	struct media_admin *ma = arg;
	struct cfg_errors *errs = NULL;
	struct mediad_cfg *cfg = NULL;
	char why[256] = "";
	int err = cfg_errors_alloc(&errs);

	if (!err)
		err = mediad_cfg_load(&cfg, ma->cfg->file, errs);
	mem_deref(errs);
	if (err)
		return;
	if (admin_reload(ma->admin, &cfg->admin, why, sizeof(why))) {
		log_error(NULL, "who may ask stays as it was", "why=%s", why);
		mem_deref(cfg);
		return;
	}
	mem_deref(ma->fresh);
	ma->fresh = cfg;
}

static void stop(void *arg)
{
	struct media_admin *ma = arg;

	ma->admin = mem_deref(ma->admin);
	ma->fresh = mem_deref(ma->fresh);
	ma->cfg = mem_deref(ma->cfg);
}

const struct worker_hooks media_admin_hooks = {
	.start = start,
	.reload = reload,
	.stop = stop,
	.max_fds = MAX_FDS,
};
