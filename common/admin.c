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
#include "common/admin_metrics.h"
#include "common/admin_pem.h"
#include "common/countof.h"
#include "common/jsonw.h"
#include "common/publish.h"
#include "common/standing.h"

/* How long an answer of /readyz holds. Who waits for a worker to come sees it
 * soon; to ask a Redis that is silent costs half a second. */
enum {
	READY_MS = 1000,
	COMING_MS = 100,
};

/* What /readyz said last. */
struct ready {
	struct mbuf *mb; /* NULL: it is to be found out */
	unsigned status;
	uint64_t until_ms;
};

struct admin {
	struct admin_cfg cfg;
	const struct worker *worker;
	struct redis_sync *sync;
	struct admin_route *routes;
	struct admin_metrics *metrics;
	struct admin_http *http;
	struct ready ready;
};

static void destructor(void *data)
{
	struct admin *admin = data;

	mem_deref(admin->http);
	mem_deref(admin->metrics);
	mem_deref(admin->routes);
	mem_deref(admin->sync);
	mem_deref(admin->ready.mb);
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
	if (admin->cfg.stateh)
		return admin->cfg.stateh(state, admin->sync, addr);

	return standing_state(state, admin->sync, admin->cfg.daemon, addr);
}

/* The worker with this number. False: not ready. */
static bool worker_write(struct jsonw *json, bool *redis,
			 const struct admin *admin, unsigned slot)
{
	char addr[NODE_ADDR_MAX + 1], state[ADMIN_STATE_SIZE] = "";

	addr_of(addr, admin, slot);
	/* asked once: each question would wait as long */
	*redis = *redis && !state_read(state, admin, addr);
	if (!*redis || !state[0])
		str_ncpy(state, *redis ? "absent" : "unknown", sizeof(state));
	jsonw_str(json, addr, state);
	return !strcmp(state, "up") || !strcmp(state, "full");
}

static int ready_find(struct ready *is, const struct admin *admin)
{
	bool ready = true, redis = true;
	struct jsonw json;

	is->mb = mbuf_alloc(256);
	if (!is->mb)
		return ENOMEM;
	jsonw_init(&json, is->mb);
	jsonw_object(&json, NULL);
	jsonw_object(&json, "workers");
	for (unsigned i = 1; i <= admin->cfg.workers; i++)
		ready &= worker_write(&json, &redis, admin, i);
	jsonw_end(&json);
	jsonw_bool(&json, "redis", redis);
	jsonw_bool(&json, "ready", ready);
	jsonw_end(&json);
	is->status = ready ? 200 : 503;
	/* from now on, however long Redis has taken */
	is->until_ms = tmr_jiffies() +
		       (redis && !ready ? COMING_MS : READY_MS);
	return jsonw_done(&json);
}

/* Who may ask as often as he likes, without a token, must not have us ask
 * Redis as often. */
static void on_ready(const struct admin_req *req, struct admin_resp *resp,
		     void *arg)
{
	struct admin *admin = arg;
	struct ready *is = &admin->ready;
	int err = 0;

	(void)req;
	if (!is->mb || tmr_jiffies() >= is->until_ms) {
		is->mb = mem_deref(is->mb);
		err = ready_find(is, admin);
	}
	err = err ? err : mbuf_write_mem(resp->mb, is->mb->buf, is->mb->end);
	if (err) {
		is->mb = mem_deref(is->mb);
		admin_resp_problem(resp, 500, NULL);
	} else {
		resp->status = is->status;
	}
}

/* Who has drained a node and then asks is not told what was before. */
static void on_change(const struct admin_change *change, void *arg)
{
	struct admin *admin = arg;

	admin->ready.mb = mem_deref(admin->ready.mb);
	if (admin->cfg.events.changeh)
		admin->cfg.events.changeh(change, admin->cfg.events.arg);
}

static void on_guess(const struct sa *source, void *arg)
{
	const struct admin *admin = arg;

	if (admin->cfg.events.guessh)
		admin->cfg.events.guessh(source, admin->cfg.events.arg);
}

static void on_metrics(const struct admin_req *req, struct admin_resp *resp,
		       void *arg)
{
	const struct admin *admin = arg;

	admin_metrics_serve(admin->metrics, req, resp, admin);
}

/* --- life --------------------------------------------------------------------------- */

static const struct admin_route shared_routes[] = {
	{"GET", "/healthz", on_health, ADMIN_OPEN | ADMIN_FREE | ADMIN_OTHER,
	 NULL},
	{"GET", "/readyz", on_ready, ADMIN_OPEN | ADMIN_FREE, NULL},
	{"GET", "/metrics", on_metrics, ADMIN_METRICS | ADMIN_OTHER, NULL},
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
	redis.silent_ms = ADMIN_REDIS_MS;
	return redis_sync_alloc(&admin->sync, &redis);
}

static int http_make(struct admin *admin, const struct admin_pem *pem)
{
	const struct worker_sock *sock =
		worker_sock_find(admin->worker, admin->cfg.sock);
	const struct admin_http_cfg http = {
		.fd = sock ? sock->fd : -1,
		.routes = admin->routes,
		.nroutes = COUNTOF(shared_routes) + admin->cfg.nroutes +
			   admin->cfg.nmore,
		.conf = admin->cfg.conf,
		.cert = pem->cert,
		.key = pem->key,
		.events = {on_change, on_guess, admin},
		.body_max = admin->cfg.body_max,
	};

	return sock ? admin_http_alloc(&admin->http, &http,
				       admin->worker->wheel,
				       admin_metrics_http(admin->metrics),
				       admin)
		    : ENOENT;
}

static int http_start(struct admin *admin, char *why, size_t size)
{
	struct admin_pem pem;
	int err = admin_pem_load(&pem, admin->cfg.conf, why, size);

	if (err)
		return err;
	err = http_make(admin, &pem);
	admin_pem_drop(&pem);
	if (err)
		str_ncpy(why, strerror(err), size);
	return err;
}

int admin_alloc(struct admin **adminp, const struct admin_cfg *cfg,
		const struct worker *worker, char *why, size_t size)
{
	struct admin *admin;
	int err;

	if (!adminp || !cfg || !cfg->figuresh || !cfg->conf || !worker ||
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
		err = admin_metrics_alloc(&admin->metrics, &admin->cfg, worker,
					  admin->sync);
	if (err)
		str_ncpy(why, strerror(err), size);
	else
		err = http_start(admin, why, size);
	if (err)
		mem_deref(admin);
	else
		*adminp = admin;
	return err;
}

int admin_reload(struct admin *admin, const struct admin_conf *conf, char *why,
		 size_t size)
{
	struct admin_pem pem;
	int err = admin_pem_load(&pem, conf, why, size);

	if (err)
		return err;
	err = admin_http_set(admin->http, conf, pem.cert, pem.key);
	admin_pem_drop(&pem);
	if (err)
		str_ncpy(why,
			 err == EINVAL ? "certificate: from TLS to plain, or "
					 "back, by a restart alone"
				       : strerror(err),
			 size);
	else
		admin->cfg.conf = conf;
	return err;
}

void admin_end(struct admin *admin)
{
	if (admin)
		admin_http_end(admin->http);
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
