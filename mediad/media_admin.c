/*
 * media_admin.c  The admin process of mediad: health, readiness, metrics
 *
 * It knows what Redis knows: no worker is asked, so no call is delayed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/admin_http.h"
#include "common/countof.h"
#include "common/jsonw.h"
#include "common/log.h"
#include "common/redis_link.h"
#include "common/publish.h"
#include "mediad/media_admin.h"
#include "mediad/media_metric.h"
#include "mediad/mediad_cfg.h"

enum {
	REDIS_MS = 500, /* nobody waits longer for an answer */
	MAX_FDS = 1024,
};

/* Of this process itself. */
struct own_figures {
	struct admin_figures http;
	int64_t redis_up;
	int64_t workers;
};

struct media_admin {
	const struct worker *worker;
	const struct mediad_cfg *cfg;
	struct redis_sync *sync;
	struct own_figures own;
	struct metric_set *own_set;
	struct admin_http *http;
};

static const struct metric_desc own_rows[] = {
	{METRIC_GAUGE, "cordboard_media_redis_up", NULL,
	 "1: Redis answered when these figures were asked for",
	 offsetof(struct own_figures, redis_up), NULL},
	{METRIC_GAUGE, "cordboard_media_workers", NULL,
	 "Workers that have published figures",
	 offsetof(struct own_figures, workers), NULL},
};

static void destructor(void *arg)
{
	struct media_admin *admin = arg;

	mem_deref(admin->http);
	mem_deref(admin->own_set);
	mem_deref(admin->sync);
}

static void addr_of(char addr[NODE_ADDR_MAX + 1],
		    const struct media_admin *admin, unsigned slot)
{
	(void)re_snprintf(addr, NODE_ADDR_MAX + 1, "%s/%u", admin->worker->node,
			  slot);
}

/* --- /healthz, /readyz ----------------------------------------------------------- */

static void on_health(const struct admin_req *req, struct admin_resp *resp,
		      void *arg)
{
	(void)req;
	(void)arg;
	resp->type = "text/plain";
	if (mbuf_write_str(resp->mb, "ok\n"))
		admin_resp_problem(resp, 500, NULL);
}

/* "up", "drain", "full"; "" without a heartbeat. False: Redis is away. */
static bool worker_state(struct media_admin *admin, const char *addr,
			 char *state, size_t size)
{
	const struct redis_val *val = NULL;
	struct redis_arg argv[3];
	char key[NODE_ADDR_MAX + 24];

	(void)re_snprintf(key, sizeof(key), "cb:{n:%s}:media", addr);
	argv[0] = redis_str("HGET");
	argv[1] = redis_str(key);
	argv[2] = redis_str("state");
	state[0] = '\0';
	if (redis_sync_send(admin->sync, argv, 3, &val))
		return false;
	if (val->type == REDIS_STR)
		str_ncpy(state, val->str, size);
	return true;
}

static void on_ready(const struct admin_req *req, struct admin_resp *resp,
		     void *arg)
{
	struct media_admin *admin = arg;
	char addr[NODE_ADDR_MAX + 1], state[16];
	struct jsonw json;
	bool ready = true, redis = true;

	(void)req;
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_object(&json, "workers");
	for (unsigned i = 1; i <= admin->cfg->workers; i++) {
		addr_of(addr, admin, i);
		/* asked once: each question would wait as long */
		redis = redis &&
			worker_state(admin, addr, state, sizeof(state));
		if (!redis || !state[0])
			str_ncpy(state, redis ? "absent" : "unknown",
				 sizeof(state));
		ready = ready &&
			(!strcmp(state, "up") || !strcmp(state, "full"));
		jsonw_str(&json, addr, state);
	}
	jsonw_end(&json);
	jsonw_bool(&json, "redis", redis);
	jsonw_bool(&json, "ready", ready);
	jsonw_end(&json);
	if (jsonw_done(&json))
		admin_resp_problem(resp, 500, NULL);
	else if (!ready)
		resp->status = 503;
}

/* --- /metrics --------------------------------------------------------------------- */

/* One worker's figures in a set of their own. */
struct shown {
	struct media_figures figures;
	struct metric_set *set;
	char label[NODE_ADDR_MAX + 16];
};

static void shown_destructor(void *arg)
{
	struct shown *shown = arg;

	mem_deref(shown->set);
}

static int shown_read(struct shown **shownp, struct media_admin *admin,
		      unsigned slot)
{
	struct shown *shown = mem_zalloc(sizeof(*shown), shown_destructor);
	char addr[NODE_ADDR_MAX + 1];
	int err;

	if (!shown)
		return ENOMEM;

	addr_of(addr, admin, slot);
	(void)re_snprintf(shown->label, sizeof(shown->label), "worker=\"%s\"",
			  addr);
	err = media_metric_alloc(&shown->set, &shown->figures);
	if (!err)
		err = publish_read(shown->set, admin->sync, "mediad",
				   addr);
	if (err)
		mem_deref(shown);
	else
		*shownp = shown;
	return err;
}

static int workers_print(struct media_admin *admin, struct mbuf *mb)
{
	struct metric_source sources[MEDIAD_WORKERS_MAX];
	struct shown *shown[MEDIAD_WORKERS_MAX] = {NULL};
	size_t n = 0;
	int err = 0;

	for (unsigned i = 1; i <= admin->cfg->workers; i++) {
		err = shown_read(&shown[n], admin, i);
		if (err == ENOENT)
			continue; /* not there (yet) */
		if (err)
			break;
		sources[n].set = shown[n]->set;
		sources[n].label = shown[n]->label;
		++n;
	}
	admin->own.redis_up = !err || err == ENOENT;
	admin->own.workers = (int64_t)n;
	err = n ? metric_print(mb, sources, n) : 0;
	for (size_t i = 0; i < n; i++)
		mem_deref(shown[i]);
	return err;
}

static void on_metrics(const struct admin_req *req, struct admin_resp *resp,
		       void *arg)
{
	struct media_admin *admin = arg;
	const struct metric_source own = {admin->own_set, NULL};
	int err;

	(void)req;
	resp->type = "text/plain; version=0.0.4";
	err = workers_print(admin, resp->mb);
	if (!err)
		err = metric_print(resp->mb, &own, 1);
	if (err)
		admin_resp_problem(resp, 500, NULL);
}

static const struct admin_route routes[] = {
	{"GET", "/healthz", on_health, true},
	{"GET", "/readyz", on_ready, true},
	{"GET", "/metrics", on_metrics, true},
};

/* --- life --------------------------------------------------------------------------- */

static int own_set_make(struct media_admin *admin)
{
	int err = metric_set_alloc(&admin->own_set);

	if (!err)
		err = metric_add(admin->own_set, own_rows, COUNTOF(own_rows),
				 &admin->own);
	if (!err)
		err = metric_add(admin->own_set, admin_http_metrics,
				 admin_http_nmetrics, &admin->own.http);
	return err;
}

static int http_make(struct media_admin *admin, const struct worker *worker)
{
	const struct worker_sock *sock =
		worker_sock_find(worker, MEDIA_ADMIN_SOCK);
	const struct admin_http_cfg http = {
		.fd = sock ? sock->fd : -1,
		.routes = routes,
		.nroutes = COUNTOF(routes),
	};

	return sock ? admin_http_alloc(&admin->http, &http, worker->wheel,
				       &admin->own.http, admin)
		    : ENOENT;
}

static int start(struct worker *worker, void *arg)
{
	struct media_admin **adminp = arg, *admin;
	struct redis_cfg redis;
	int err = ENOMEM;

	admin = *adminp = mem_zalloc(sizeof(*admin), destructor);
	if (admin) {
		admin->worker = worker;
		admin->cfg = worker->cfg;
		mediad_cfg_redis(&redis, admin->cfg);
		redis.command_ms = REDIS_MS;
		redis.name = "mediad-admin";
		err = redis_sync_alloc(&admin->sync, &redis);
	}
	if (!err)
		err = own_set_make(admin);
	if (!err)
		err = http_make(admin, worker);
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
	struct media_admin **adminp = arg;

	*adminp = mem_deref(*adminp);
}

const struct worker_hooks media_admin_hooks = {
	.start = start,
	.stop = stop,
	.max_fds = MAX_FDS,
};
