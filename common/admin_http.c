/*
 * admin_http.c  The HTTP server of an admin process: its life
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/admin_access.h"
#include "common/admin_http_priv.h"
#include "common/admin_later_priv.h"
#include "common/wheel.h"

enum {
	CONNS_MAX = 128,
	CONNS_PER_SOURCE_MAX = 32,
	TIMEOUT_S = 15,
	BODY_MAX = 65536,
	GRACE_MS = 60000, /* for connections of before */
};

const struct metric_desc admin_http_metrics[] = {
	{METRIC_COUNTER, "cordboard_admin_requests_total", "result=\"served\"",
	 "Requests to the admin server by result",
	 offsetof(struct admin_figures, served), NULL},
	{METRIC_COUNTER, "cordboard_admin_requests_total", "result=\"refused\"",
	 "Requests to the admin server by result",
	 offsetof(struct admin_figures, refused), NULL},
	{METRIC_COUNTER, "cordboard_admin_requests_total",
	 "result=\"unauthorized\"", "Requests to the admin server by result",
	 offsetof(struct admin_figures, unauthorized), NULL},
	{METRIC_COUNTER, "cordboard_admin_requests_total",
	 "result=\"throttled\"", "Requests to the admin server by result",
	 offsetof(struct admin_figures, throttled), NULL},
	{METRIC_COUNTER, "cordboard_admin_requests_total", "result=\"failed\"",
	 "Requests to the admin server by result",
	 offsetof(struct admin_figures, failed), NULL},
};
const size_t admin_http_nmetrics =
	sizeof(admin_http_metrics) / sizeof(admin_http_metrics[0]);

/* --- life --------------------------------------------------------------------------- */

/* Who waits there for an answer gets one. */
static void engine_end(struct admin_http *http, struct admin_engine *engine)
{
	if (!engine)
		return;
	admin_laters_end(&http->laters, engine);
	admin_engine_push(engine);
}

static void before_end(struct admin_http *http)
{
	engine_end(http, http->before);
	http->before = mem_deref(http->before);
}

static void on_grace(void *arg)
{
	before_end(arg);
}

static void http_destructor(void *data)
{
	struct admin_http *http = data;

	wheel_stop(&http->grace);
	mem_deref(http->before);
	mem_deref(http->engine);
	mem_deref(http->access);
	mem_deref(http->cert);
	mem_deref(http->key);
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static int engine_make(struct admin_engine **enginep, struct admin_http *http,
		       const char *cert, const char *key)
{
	const struct admin_engine_events events = {admin_request_begin,
						   admin_request_body,
						   admin_request_serve, http};
	struct admin_engine_cfg cfg = http->cfg;

	cfg.cert = cert;
	cfg.key = key;
	return admin_engine_alloc(enginep, &cfg, http->wheel, &events);
}

static int pem_keep(struct admin_http *http, const char *cert, const char *key)
{
	char *c = NULL, *k = NULL;

	if (!cert)
		return 0;
	if (str_dup(&c, cert) || str_dup(&k, key)) {
		mem_deref(c);
		return ENOMEM;
	}
	mem_deref(http->cert);
	mem_deref(http->key);
	http->cert = c;
	http->key = k;
	return 0;
}

static void engine_swap(struct admin_http *http, struct admin_engine *engine)
{
	before_end(http);
	http->before = http->engine;
	http->engine = engine;
	admin_engine_quit(http->before);
	wheel_start(http->wheel, &http->grace, GRACE_MS, on_grace, http);
}

int admin_http_set(struct admin_http *http, const struct admin_conf *conf,
		   const char *cert, const char *key)
{
	struct admin_engine *engine = NULL;
	int err = 0;

	if (!cert != !http->cert)
		return EINVAL;
	if (cert && (strcmp(cert, http->cert) || strcmp(key, http->key)))
		err = engine_make(&engine, http, cert, key);
	if (!err)
		err = admin_access_set(http->access, conf);
	if (!err && engine)
		err = pem_keep(http, cert, key);
	if (err) {
		mem_deref(engine);
		return err;
	}
	if (engine)
		engine_swap(http, engine);
	return 0;
}

void admin_http_end(struct admin_http *http)
{
	if (!http)
		return;
	before_end(http);
	engine_end(http, http->engine);
}

static void cfg_take(struct admin_http *http, const struct admin_http_cfg *cfg)
{
	http->routes = cfg->routes;
	http->nroutes = cfg->nroutes;
	http->events = cfg->events;
	http->body_max = or_default(cfg->body_max, BODY_MAX);
	http->cfg = (struct admin_engine_cfg){
		.fd = cfg->fd,
		.conns_max = or_default(cfg->conns_max, CONNS_MAX),
		.conns_per_source_max =
			or_default(cfg->conns_per_source_max, CONNS_PER_SOURCE_MAX),
		.timeout_ms = or_default(cfg->timeout_s, TIMEOUT_S) * 1000};
	http->laters = (struct admin_laters){
		.wheel = http->wheel,
		.max = max(http->cfg.conns_max / 2, 1),
		.max_per_source = max(http->cfg.conns_per_source_max / 2, 1),
		.overh = admin_request_over,
		.arg = http};
}

int admin_http_alloc(struct admin_http **httpp,
		     const struct admin_http_cfg *cfg, struct wheel *wheel,
		     struct admin_figures *figures, void *arg)
{
	struct admin_http *http;
	int err;

	if (!httpp || !cfg || !cfg->routes || !cfg->conf || !wheel)
		return EINVAL;
	http = mem_zalloc(sizeof(*http), http_destructor);
	if (!http)
		return ENOMEM;

	http->wheel = wheel;
	http->figures = figures ? figures : &http->own;
	http->arg = arg;
	cfg_take(http, cfg);
	err = pem_keep(http, cfg->cert, cfg->key);
	if (!err)
		err = admin_access_alloc(&http->access, cfg->conf);
	if (!err)
		err = engine_make(&http->engine, http, http->cert, http->key);
	if (err)
		mem_deref(http);
	else
		*httpp = http;
	return err;
}
