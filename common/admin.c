/*
 * admin.c  The admin process of a daemon: health, readiness, metrics, and the
 *          routes of its own
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/admin.h"
#include "common/countof.h"
#include "common/jsonw.h"
#include "common/publish.h"

/* Of this process itself. */
struct own_figures {
	struct admin_figures http;
	int64_t redis_up;
	int64_t workers;
};

struct admin {
	struct admin_cfg cfg;
	const struct worker *worker;
	struct redis_sync *sync;
	struct admin_route *routes;
	struct own_figures own;
	struct metric_set *own_set;
	struct admin_http *http;
};

static const struct metric_desc own_rows[] = {
	{METRIC_GAUGE, "cordboard_admin_redis_up", NULL,
	 "1: Redis answered when these figures were asked for",
	 offsetof(struct own_figures, redis_up), NULL},
	{METRIC_GAUGE, "cordboard_admin_workers", NULL,
	 "Workers of this node that have published figures",
	 offsetof(struct own_figures, workers), NULL},
};

static void destructor(void *data)
{
	struct admin *admin = data;

	mem_deref(admin->http);
	mem_deref(admin->own_set);
	mem_deref(admin->routes);
	mem_deref(admin->sync);
}

static void addr_of(char addr[NODE_ADDR_MAX + 1], const struct admin *admin,
		    unsigned slot)
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

static int state_read(char state[ADMIN_STATE_SIZE], const struct admin *admin,
		      const char *addr)
{
	int err;

	if (admin->cfg.stateh)
		return admin->cfg.stateh(state, admin->sync, addr);

	err = publish_seen(admin->sync, admin->cfg.daemon, addr);
	str_ncpy(state, err ? "" : "up", ADMIN_STATE_SIZE);
	return err == ENOENT ? 0 : err;
}

static void on_ready(const struct admin_req *req, struct admin_resp *resp,
		     void *arg)
{
	const struct admin *admin = arg;
	bool ready = true, redis = true;
	struct jsonw json;

	(void)req;
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_object(&json, "workers");
	for (unsigned i = 1; i <= admin->cfg.workers; i++) {
		char addr[NODE_ADDR_MAX + 1], state[ADMIN_STATE_SIZE] = "";

		addr_of(addr, admin, i);
		/* asked once: each question would wait as long */
		redis = redis && !state_read(state, admin, addr);
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
	void *figures;
	struct metric_set *set;
	char label[NODE_ADDR_MAX + 16];
};

static void shown_destructor(void *data)
{
	struct shown *shown = data;

	mem_deref(shown->set);
	mem_deref(shown->figures);
}

static int shown_fill(struct shown *shown, const struct admin *admin,
		      unsigned slot)
{
	char addr[NODE_ADDR_MAX + 1];
	int err;

	shown->figures = mem_zalloc(admin->cfg.figures_size, NULL);
	if (!shown->figures)
		return ENOMEM;

	addr_of(addr, admin, slot);
	(void)re_snprintf(shown->label, sizeof(shown->label), "worker=\"%s\"",
			  addr);
	err = admin->cfg.figuresh(&shown->set, shown->figures);
	if (!err)
		err = publish_read(shown->set, admin->sync, admin->cfg.daemon,
				   addr);
	return err;
}

/* ENOENT: it has published nothing lately. */
static int shown_read(struct shown **shownp, const struct admin *admin,
		      unsigned slot)
{
	struct shown *shown = mem_zalloc(sizeof(*shown), shown_destructor);
	int err = shown ? shown_fill(shown, admin, slot) : ENOMEM;

	if (err)
		mem_deref(shown);
	else
		*shownp = shown;
	return err;
}

static int workers_print(struct admin *admin, struct mbuf *mb)
{
	struct metric_source sources[ADMIN_WORKERS_MAX];
	struct shown *shown[ADMIN_WORKERS_MAX] = {NULL};
	size_t n = 0;
	int err = 0;

	for (unsigned i = 1; i <= admin->cfg.workers; i++) {
		err = shown_read(&shown[n], admin, i);
		if (err == ENOENT)
			continue; /* not there (yet) */
		if (err)
			break; /* Redis is away: what we have is shown */
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
	struct admin *admin = arg;
	const struct metric_source own = {admin->own_set, NULL};

	(void)req;
	resp->type = "text/plain; version=0.0.4";
	if (workers_print(admin, resp->mb) ||
	    metric_print(resp->mb, &own, 1)) {
		admin_resp_problem(resp, 500, NULL);
		return;
	}
	if (admin->cfg.printh && admin->own.redis_up)
		admin->cfg.printh(resp->mb, admin);
}

/* --- life --------------------------------------------------------------------------- */

static const struct admin_route shared_routes[] = {
	{"GET", "/healthz", on_health, true},
	{"GET", "/readyz", on_ready, true},
	{"GET", "/metrics", on_metrics, true},
};

static int routes_make(struct admin *admin)
{
	size_t n = COUNTOF(shared_routes);

	admin->routes =
		mem_zalloc((n + admin->cfg.nroutes + admin->cfg.nmore) *
				   sizeof(*admin->routes),
			   NULL);
	if (!admin->routes)
		return ENOMEM;

	memcpy(admin->routes, shared_routes, sizeof(shared_routes));
	if (admin->cfg.nroutes)
		memcpy(admin->routes + n, admin->cfg.routes,
		       admin->cfg.nroutes * sizeof(*admin->routes));
	if (admin->cfg.nmore)
		memcpy(admin->routes + n + admin->cfg.nroutes, admin->cfg.more,
		       admin->cfg.nmore * sizeof(*admin->routes));
	return 0;
}

static int redis_make(struct admin *admin)
{
	struct redis_cfg redis = admin->cfg.redis;

	redis.command_ms = ADMIN_REDIS_MS;
	return redis_sync_alloc(&admin->sync, &redis);
}

static int own_set_make(struct admin *admin)
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

static int http_make(struct admin *admin)
{
	const struct worker_sock *sock =
		worker_sock_find(admin->worker, admin->cfg.sock);
	const struct admin_http_cfg http = {
		.fd = sock ? sock->fd : -1,
		.routes = admin->routes,
		.nroutes = COUNTOF(shared_routes) + admin->cfg.nroutes +
			   admin->cfg.nmore,
		.tokens = &admin->cfg.token,
		.ntokens = admin->cfg.token ? 1 : 0,
		.body_max = admin->cfg.body_max,
	};

	return sock ? admin_http_alloc(&admin->http, &http,
				       admin->worker->wheel, &admin->own.http,
				       admin)
		    : ENOENT;
}

int admin_alloc(struct admin **adminp, const struct admin_cfg *cfg,
		const struct worker *worker)
{
	struct admin *admin;
	int err;

	if (!adminp || !cfg || !cfg->figuresh || !worker ||
	    cfg->workers > ADMIN_WORKERS_MAX)
		return EINVAL;
	admin = mem_zalloc(sizeof(*admin), destructor);
	if (!admin)
		return ENOMEM;

	admin->cfg = *cfg;
	admin->worker = worker;
	err = routes_make(admin);
	if (!err)
		err = redis_make(admin);
	if (!err)
		err = own_set_make(admin);
	if (!err)
		err = http_make(admin);
	if (err)
		mem_deref(admin);
	else
		*adminp = admin;
	return err;
}

bool admin_worker(const struct admin *admin, unsigned nr,
		  char addr[NODE_ADDR_MAX + 1])
{
	if (nr >= admin->cfg.workers)
		return false;
	addr_of(addr, admin, nr + 1);
	return true;
}

void *admin_arg(const struct admin *admin)
{
	return admin->cfg.arg;
}

struct redis_sync *admin_redis(const struct admin *admin)
{
	return admin->sync;
}
