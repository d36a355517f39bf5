/*
 * sigd_admin.c  The admin process of sigd
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <re.h>

#include "common/admin.h"
#include "common/call_log_store.h"
#include "common/log.h"
#include "sigd/admin/rest.h"
#include "sigd/sse/sse.h"
#include "sigd/serve.h"
#include "sigd/sigd_audit.h"
#include "sigd/sigd_feeds.h"
#include "sigd/sigd_admin.h"
#include "sigd/sigd_cluster_metric.h"
#include "sigd/sigd_metric.h"
#include "sigd/sigd_nodes.h"
#include "sigd/table/routes_fresh.h"
#include "sigd/table/routes_loader.h"
#include "sigd/transport/web_files.h"

enum {
	MAX_FDS = 1024,
};

static void print(struct mbuf *mb, enum metric_form form,
		  const struct admin *admin)
{
	const char *rest = admin_arg(admin);
	const struct sigd_admin *sa = (const struct sigd_admin *)(const void *)(
		rest - offsetof(struct sigd_admin, rest));

	sigd_conn_metric_print(mb, form, admin);
	sigd_cluster_metric_print(mb, form, admin, sa->routes);
	feeds_print(sa->feeds, mb, form);
}

static int figures_alloc(struct metric_set **setp, void *figures)
{
	return sigd_metric_alloc(setp, figures);
}

/* A bad file changes nothing; the parent has said so. */
static void on_routes(struct routes_fresh *fresh, void *arg)
{
	struct sigd_admin *sa = arg;

	routes_fresh_log(fresh);
	if (fresh->err)
		return;
	routes_loader_retire(sa->loader, sa->routes);
	sa->routes = fresh->table;
	fresh->table = NULL;
	sa->rest.routes = sa->routes;
}

/* Without it all else is served. */
static void page_load(struct sigd_admin *sa, const char *folder)
{
	char why[256];

	if (folder && web_files_load(&sa->page, folder, why, sizeof(why)))
		log_error(NULL, "the dashboard is not served", "why=%s", why);
	sa->rest.page = sa->page;
}

static void on_change(const struct admin_change *change, void *arg)
{
	struct sigd_admin *sa = arg;

	sigd_audit_change(change, sa->admin);
}

static void on_guess(const struct sa *source, void *arg)
{
	struct sigd_admin *sa = arg;

	sigd_audit_guess(source, sa->admin);
}

static void redis_fill(struct redis_cfg *to, const struct sigd_redis_cfg *from)
{
	*to = (struct redis_cfg){.path = from->path,
				 .host = from->host,
				 .port = from->port,
				 .user = from->user,
				 .password = from->password};
}

static int serve(struct sigd_admin *sa, const struct worker *worker, char *why,
		 size_t size)
{
	struct admin_cfg admin = {
		.daemon = "sigd",
		.sock = SIGD_ADMIN_SOCK,
		.workers = sa->cfg->workers,
		.conf = &sa->fresh->admin,
		.events = {on_change, on_guess, sa},
		.body_max = REST_BODY_MAX,
		.figures_size = sizeof(struct sigd_figures),
		.figuresh = figures_alloc,
		.printh = print,
		.routes = rest_routes,
		.nroutes = rest_nroutes,
		.more = sse_routes,
		.nmore = sse_nroutes,
		.arg = &sa->rest,
	};
	int err;

	redis_fill(&admin.redis, &sa->cfg->redis);
	err = sse_alloc(&sa->sse, &admin.redis, worker->wheel);
	sa->rest.sse = sa->sse;
	if (!err)
		sse_set(sa->sse, admin.conf);
	err = err ? err : admin_alloc(&sa->admin, &admin, worker, why, size);
	return err ? err
		   : feeds_alloc(&sa->feeds, &sa->cfg->events, &admin.redis,
				 worker);
}

static int start(struct worker *worker, void *arg)
{
	struct sigd_admin *sa = arg;
	const struct sigd_setup *setup = worker->cfg;
	struct call_log_cfg log;
	char why[256] = "";
	int err;

	sa->cfg	      = setup->cfg;
	sa->fresh     = mem_ref(setup->files.cfg);
	sa->routes    = mem_ref(setup->files.routes);
	sa->rest      = (struct rest_root){.routes = sa->routes,
					   .path = sa->cfg->routing,
					   .keys = sa->cfg->keys};
	sigd_cfg_call_log(&log, sa->cfg);
	sa->rest.call_logs = log.keep_s;
	err = routes_loader_alloc(&sa->loader, worker->wheel, sa->cfg->routing,
				  on_routes, sa);
	if (!err)
		routes_loader_odd(sa->loader);
	page_load(sa, sa->cfg->admin.dashboard);
	err = err ? err : serve(sa, worker, why, sizeof(why));
	err = err ? err
		  : nodes_watch_alloc(&sa->nodes, sa->admin, worker->wheel);
	if (err) {
		log_error(NULL, "the admin process cannot serve", "why=%s",
			  why[0] ? why : strerror(err));
		return WORKER_EXIT_FAILED;
	}
	worker_ready(worker);
	return 0;
}

static void stop(void *arg)
{
	struct sigd_admin *sa = arg;

	admin_end(sa->admin);
	sa->nodes  = mem_deref(sa->nodes);
	sa->feeds  = mem_deref(sa->feeds);
	sa->admin  = mem_deref(sa->admin);
	sa->sse    = mem_deref(sa->sse);
	sa->page   = mem_deref(sa->page);
	sa->rest.load = mem_deref(sa->rest.load);
	sa->loader = mem_deref(sa->loader);
	sa->routes = mem_deref(sa->routes);
	sa->fresh  = mem_deref(sa->fresh);
}

/* Tokens, limits and certificate; the rest of the file is read by others. */
static void access_renew(struct sigd_admin *sa)
{
	struct cfg_errors *errs = NULL;
	struct sigd_cfg *cfg = NULL;
	char why[256] = "";
	int err = cfg_errors_alloc(&errs);

	if (!err)
		err = sigd_cfg_load(&cfg, sa->cfg->path, errs);
	mem_deref(errs);
	if (err)
		return; /* the parent has said so */
	if (admin_reload(sa->admin, &cfg->admin, why, sizeof(why))) {
		log_error(NULL, "who may ask stays as it was", "why=%s", why);
		mem_deref(cfg);
		return;
	}
	sse_set(sa->sse, &cfg->admin);
	mem_deref(sa->fresh);
	sa->fresh = cfg;
}

/* Beside the loop: who asks meanwhile is answered by the table of before. */
static void reload(void *arg)
{
	struct sigd_admin *sa = arg;

	access_renew(sa);
	if (routes_loader_start(sa->loader))
		log_error(NULL, "tables cannot be loaded now", NULL);
}

const struct worker_hooks sigd_admin_hooks = {
	.start = start,
	.reload = reload,
	.stop = stop,
	.max_fds = MAX_FDS,
};
