/*
 * main.c  sigd: signalling
 *
 *   sigd -c conf/sigd.yaml [--check] [-V]
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <re.h>

#include "common/log.h"
#include "common/node.h"
#include "common/super.h"
#include "sigd/serve.h"
#include "sigd/sigd_admin.h"
#include "sigd/sigd_cfg.h"
#include "sigd/sigd_metric.h"
#include "sigd/table/routes_fresh.h"
#include "sigd/transport/flow.h"

enum {
	LAST_MS = 3000, /* workers may take for what they do last */
};

/* Hangs off the stack of main(). */
struct main_state {
	const char *path;       /* of sigd.yaml */
	struct sigd_setup setup; /* taken over by what is forked */
	struct sigd_setup *setup_ptr;
	struct routes_fresh fresh; /* of the reload that is under way */
	char node[NODE_NAME_MAX + 1];
	struct listener listeners[WORKER_SOCKS_MAX];
	size_t nlisteners;
};

/* --- a worker ------------------------------------------------------------------ */

struct child {
	struct worker *worker;
	struct sigd *sigd;
};

static void on_ready(void *arg)
{
	struct child *child = arg;

	worker_ready(child->worker);
}

static void on_drained(void *arg)
{
	struct child *child = arg;

	/* a device that rings at another worker may be connected to us */
	worker_idle(child->worker);
}

static int child_start(struct worker *worker, void *arg)
{
	struct child *child = arg;
	const struct sigd_events events = {on_ready, on_drained, child};

	child->worker = worker;
	return sigd_alloc(&child->sigd, worker, &events)
		       ? WORKER_EXIT_CONFIG
		       : 0;
}

static void child_drain(void *arg)
{
	struct child *child = arg;

	sigd_drain(child->sigd);
}

static void child_reload(void *arg)
{
	struct child *child = arg;

	sigd_reload(child->sigd);
}

static void child_stop(void *arg)
{
	struct child *child = arg;

	child->sigd = mem_deref(child->sigd);
}

static int worker_run(struct worker *worker)
{
	const struct worker_hooks hooks = {.start = child_start,
					   .drain = child_drain,
					   .reload = child_reload,
					   .stop = child_stop};
	struct child child = {0};

	return worker_main(worker, &hooks, &child);
}

static int admin_run(struct worker *worker)
{
	struct sigd_admin admin = {.admin = NULL};

	return worker_main(worker, &sigd_admin_hooks, &admin);
}

/* --- the parent ----------------------------------------------------------------- */

static int cfg_read(struct sigd_cfg **cfgp, const char *path)
{
	struct cfg_errors *errs = NULL;
	struct sigd_cfg *cfg = NULL;
	int err = cfg_errors_alloc(&errs);

	if (!err)
		err = sigd_cfg_load(&cfg, path, errs);
	if (err)
		(void)re_fprintf(stderr, "%H", cfg_errors_print, errs);
	else
		*cfgp = cfg;
	mem_deref(errs);
	return err;
}

static void setup_drop(struct sigd_setup *setup)
{
	sigd_files_drop(&setup->files);
	setup->cfg = mem_deref(setup->cfg);
}

static int setup_load(struct sigd_setup *setup, const char *path)
{
	int err = cfg_read(&setup->cfg, path);

	if (!err)
		err = sigd_files_load(&setup->files, setup->cfg);
	if (err)
		setup_drop(setup);
	return err;
}

/* Beside the loop. The admin process looks for what is odd. */
static void on_load(void *arg)
{
	struct main_state *state = arg;

	routes_fresh_load(&state->fresh, state->setup.cfg->routing, false);
}

static int on_reload(void *arg)
{
	struct main_state *state = arg;
	/* listeners and limits are taken over by a restart alone, and so is
	 * the place of the files */
	int err = sigd_files_take(&state->setup.files, state->setup.cfg,
				  &state->fresh);

	routes_fresh_drop(&state->fresh);
	return err;
}

static void listeners_fill(struct main_state *state)
{
	const struct sigd_cfg *cfg = state->setup.cfg;

	for (uint32_t i = 0; i < cfg->nlisteners; i++) {
		struct sigd_listener_cfg *l = &cfg->listeners[i];

		state->listeners[state->nlisteners++] = (struct listener){
			.name = l->name,
			.hint = "set its bind in sigd.yaml",
			.proto = l->kind == FLOW_UDP ? LISTENER_UDP
						     : LISTENER_TCP,
			.use = LISTENER_SHARED,
			.addr = l->bind,
			.cfg = l};
	}
	state->listeners[state->nlisteners++] = (struct listener){
		.name = SIGD_ADMIN_SOCK,
		.hint = "set admin.bind in sigd.yaml",
		.proto = LISTENER_TCP,
		.use = LISTENER_ADMIN,
		.addr = cfg->admin.bind};
	if (cfg->tunnel)
		state->listeners[state->nlisteners++] = (struct listener){
			.name = SIGD_TUNNEL_SOCK,
			.hint = "set tunnel.bind in sigd.yaml",
			.proto = LISTENER_TCP,
			.use = LISTENER_SHARED,
			.addr = cfg->tunnel->bind};
}

static int serve(struct main_state *state)
{
	const struct sigd_cfg *cfg = state->setup.cfg;
	struct super_daemon daemon = {
		.name = "sigd", .node = state->node,
		.workers = (uint8_t)cfg->workers,
		.listeners = state->listeners,
		.worker_run = worker_run, .admin_run = admin_run,
		.load = on_load, .reload = on_reload, .arg = state,
		.cfgp = (void **)&state->setup_ptr,
		.times = SUPER_TIMES_DEFAULT};

	daemon.times.stall_ms = cfg->stall_ms;
	daemon.times.drain_ms = cfg->drain_ms + LAST_MS;
	state->setup_ptr = &state->setup;
	listeners_fill(state);
	daemon.nlisteners = state->nlisteners;
	if (mkdir(cfg->run_dir, 0700) && errno != EEXIST) {
		log_error(NULL, "the folder for sockets cannot be made",
			  "run_dir=%s err=%s", cfg->run_dir, strerror(errno));
		return SUPER_EXIT_SYSTEM;
	}
	return super_main(&daemon);
}

static int metrics_print(void)
{
	struct mbuf *mb = mbuf_alloc(4096);
	int err = mb ? sigd_metric_reference(mb) : ENOMEM;

	if (!err && fwrite(mb->buf, mb->end, 1, stdout) != 1)
		err = errno;
	mem_deref(mb);
	return err ? SUPER_EXIT_SYSTEM : 0;
}

static void usage(void)
{
	fputs("usage: sigd -c FILE [--check] [--schema] [--reference] "
	      "[--metrics] [-V]\n",
	      stderr);
}

enum { DO_SERVE, DO_CHECK, DO_SCHEMA, DO_REFERENCE, DO_METRICS, DO_VERSION, DO_USAGE };

static int parse(struct main_state *state, int argc, char **argv)
{
	static const struct option options[] = {
		{"check", no_argument, NULL, DO_CHECK},
		{"schema", no_argument, NULL, DO_SCHEMA},
		{"reference", no_argument, NULL, DO_REFERENCE},
		{"metrics", no_argument, NULL, DO_METRICS},
		{"config", required_argument, NULL, 'c'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0}};
	int what = DO_SERVE, c;

	while ((c = getopt_long(argc, argv, "c:V", options, NULL)) != -1) {
		if (c == 'c')
			state->path = optarg;
		else if (c == 'V')
			what = DO_VERSION;
		else
			what = c == '?' ? DO_USAGE : c;
	}
	if (what == DO_SERVE || what == DO_CHECK)
		return state->path && optind == argc ? what : DO_USAGE;
	return what;
}

static int run(struct main_state *state, int what)
{
	enum log_level level = LOG_L_INFO;
	const struct sigd_cfg *cfg;
	int code;

	if (setup_load(&state->setup, state->path))
		return WORKER_EXIT_CONFIG;

	cfg = state->setup.cfg;
	if (cfg->node)
		str_ncpy(state->node, cfg->node, sizeof(state->node));
	else
		node_name_default(state->node);
	(void)log_level_parse(&level, cfg->log_level);
	log_level_set(level);
	if (what == DO_CHECK) {
		const struct cfg_view view = {&sigd_cfg_table, cfg};

		(void)re_printf("%H", cfg_print, &view);
		code = 0;
	} else {
		code = serve(state);
	}
	routes_fresh_drop(&state->fresh);
	setup_drop(&state->setup);
	return code;
}

int main(int argc, char **argv)
{
	struct main_state state = {0};
	int what = parse(&state, argc, argv), code = 0;

	if (libre_init())
		return SUPER_EXIT_SYSTEM;

	log_init("sigd", LOG_L_INFO);
	switch (what) {
	case DO_VERSION:
		puts("sigd " VERSION);
		break;
	case DO_SCHEMA:
		(void)re_printf("%H", cfg_schema_print_json, &sigd_cfg_table);
		break;
	case DO_REFERENCE:
		(void)re_printf("%H", cfg_schema_print_markdown,
				&sigd_cfg_table);
		break;
	case DO_METRICS:
		code = metrics_print();
		break;
	case DO_USAGE:
		usage();
		code = 64;
		break;
	default:
		code = run(&state, what);
		break;
	}
	libre_close();
	return code;
}
