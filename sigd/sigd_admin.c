/*
 * sigd_admin.c  The admin process of sigd: health, readiness, metrics
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
#include "common/publish.h"
#include "common/redis_link.h"
#include "sigd/sigd_admin.h"
#include "sigd/sigd_cfg.h"
#include "sigd/sigd_metric.h"

enum {
	REDIS_MS = 500, /* nobody waits longer for an answer */
	MAX_FDS = 1024,
	WORKERS_MAX = 64,
};

struct sigd_admin {
	const struct worker *worker;
	const struct sigd_cfg *cfg;
	struct redis_sync *sync;
	struct admin_figures http_figures;
	struct metric_set *own;
	struct admin_http *http;
};

static void destructor(void *data)
{
	struct sigd_admin *admin = data;

	mem_deref(admin->http);
	mem_deref(admin->own);
	mem_deref(admin->sync);
}

static void on_health(const struct admin_req *req, struct admin_resp *resp,
		      void *arg)
{
	(void)req;
	(void)arg;
	resp->type = "text/plain";
	if (mbuf_write_str(resp->mb, "ok\n"))
		admin_resp_problem(resp, 500, NULL);
}

/* One worker's figures in a set of their own. */
struct shown {
	struct sigd_figures figures;
	struct metric_set *set;
	char label[NODE_ADDR_MAX + 16];
};

static void shown_destructor(void *data)
{
	struct shown *shown = data;

	mem_deref(shown->set);
}

/* ENOENT: it has published nothing lately. */
static int shown_read(struct shown **shownp, struct sigd_admin *admin,
		      unsigned slot)
{
	struct shown *shown = mem_zalloc(sizeof(*shown), shown_destructor);
	char addr[NODE_ADDR_MAX + 1];
	int err;

	if (!shown)
		return ENOMEM;

	re_snprintf(addr, sizeof(addr), "%s/%u", admin->worker->node, slot);
	re_snprintf(shown->label, sizeof(shown->label), "worker=\"%s\"",
		    addr);
	err = sigd_metric_alloc(&shown->set, &shown->figures);
	if (!err)
		err = publish_read(shown->set, admin->sync, "sigd", addr);
	if (err)
		mem_deref(shown);
	else
		*shownp = shown;
	return err;
}

static void on_ready(const struct admin_req *req, struct admin_resp *resp,
		     void *arg)
{
	struct sigd_admin *admin = arg;
	bool ready = true, redis = true;
	struct jsonw json;
	(void)req;

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_object(&json, "workers");
	for (unsigned i = 1; i <= admin->cfg->workers; i++) {
		char addr[NODE_ADDR_MAX + 1];
		struct shown *shown = NULL;
		/* asked once: each question would wait as long */
		int err = redis ? shown_read(&shown, admin, i) : ENOTCONN;

		redis = redis && (!err || err == ENOENT);
		ready = ready && !err;
		re_snprintf(addr, sizeof(addr), "%s/%u", admin->worker->node,
			    i);
		jsonw_str(&json, addr, !err ? "up"
				       : redis ? "absent" : "unknown");
		mem_deref(shown);
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

static int workers_print(struct sigd_admin *admin, struct mbuf *mb)
{
	struct metric_source sources[WORKERS_MAX];
	struct shown *shown[WORKERS_MAX] = {NULL};
	size_t n = 0;
	int err = 0;

	for (unsigned i = 1; i <= admin->cfg->workers; i++) {
		err = shown_read(&shown[n], admin, i);
		if (err == ENOENT)
			continue; /* not there (yet) */
		if (err)
			break; /* Redis is away: what we have is shown */
		sources[n].set	 = shown[n]->set;
		sources[n].label = shown[n]->label;
		++n;
	}
	err = n ? metric_print(mb, sources, n) : 0;
	for (size_t i = 0; i < n; i++)
		mem_deref(shown[i]);
	return err;
}

static void on_metrics(const struct admin_req *req, struct admin_resp *resp,
		       void *arg)
{
	struct sigd_admin *admin = arg;
	const struct metric_source own = {admin->own, NULL};
	(void)req;

	resp->type = "text/plain; version=0.0.4";
	if (workers_print(admin, resp->mb) ||
	    metric_print(resp->mb, &own, 1))
		admin_resp_problem(resp, 500, NULL);
}

static const struct admin_route routes[] = {
	{"GET", "/healthz", on_health, true},
	{"GET", "/readyz", on_ready, true},
	{"GET", "/metrics", on_metrics, true},
};

static int http_make(struct sigd_admin *admin, const struct worker *worker)
{
	const struct worker_sock *sock =
		worker_sock_find(worker, SIGD_ADMIN_SOCK);
	const struct admin_http_cfg http = {
		.fd = sock ? sock->fd : -1,
		.routes = routes,
		.nroutes = COUNTOF(routes),
	};

	return sock ? admin_http_alloc(&admin->http, &http, worker->wheel,
				       &admin->http_figures, admin)
		    : ENOENT;
}

static int make(struct sigd_admin *admin, struct worker *worker)
{
	struct redis_cfg redis = {.command_ms = REDIS_MS,
				  .name = "sigd-admin"};
	int err;

	admin->worker = worker;
	admin->cfg    = worker->cfg;
	redis.path     = admin->cfg->redis.path;
	redis.host     = admin->cfg->redis.host;
	redis.port     = admin->cfg->redis.port;
	redis.user     = admin->cfg->redis.user;
	redis.password = admin->cfg->redis.password;
	err = redis_sync_alloc(&admin->sync, &redis);
	if (!err)
		err = metric_set_alloc(&admin->own);
	if (!err)
		err = metric_add(admin->own, admin_http_metrics,
				 admin_http_nmetrics, &admin->http_figures);
	return err ? err : http_make(admin, worker);
}

static int start(struct worker *worker, void *arg)
{
	struct sigd_admin **adminp = arg;
	int err = ENOMEM;

	*adminp = mem_zalloc(sizeof(**adminp), destructor);
	if (*adminp)
		err = make(*adminp, worker);
	if (err) {
		log_error(NULL, "the admin process cannot serve", "err=%s",
			  strerror(err));
		return WORKER_EXIT_FAILED;
	}
	worker_ready(worker);
	return 0;
}

static void stop(void *arg)
{
	struct sigd_admin **adminp = arg;

	*adminp = mem_deref(*adminp);
}

const struct worker_hooks sigd_admin_hooks = {
	.start = start,
	.stop = stop,
	.max_fds = MAX_FDS,
};
