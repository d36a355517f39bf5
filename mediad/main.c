/*
 * main.c  mediad: the media daemon
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <re.h>

#include "common/keyring.h"
#include "common/log.h"
#include "common/super.h"
#include "mediad/media_admin.h"
#include "mediad/media_sounds.h"
#include "mediad/media_times.h"
#include "mediad/media_worker.h"
#include "mediad/media_metric.h"
#include "mediad/mediad_cfg.h"
#include "mediad/session/state_file.h"
#include "mediad/transport/cert.h"

enum {
	EXIT_USAGE = 64,
};

enum action {
	RUN,
	CHECK,
	SCHEMA,
	REFERENCE,
	METRICS,
	VERSION_ONLY,
	USAGE
};

struct daemon {
	const char *path;
	struct mediad_setup setup;    /* in effect */
	void *setup_ptr;              /* to it, for who is forked */
	struct mediad_cfg *cfg_first; /* the listeners point into it */
	struct listener listeners[2 * MEDIAD_IFACES_MAX + 1];
	size_t nlisteners;
};

/* All that is wrong, on stderr as the checker of a compiler would. */
static int cfg_read(struct mediad_cfg **cfgp, const char *path)
{
	struct cfg_errors *errs = NULL;
	int err = cfg_errors_alloc(&errs);

	if (!err)
		err = mediad_cfg_load(cfgp, path, errs);
	if (err && errs)
		(void)re_fprintf(stderr, "%H", cfg_errors_print, errs);
	if (err && err != EINVAL)
		(void)re_fprintf(stderr, "%s: %m\n", path, err);
	mem_deref(errs);
	return err;
}

static int keys_read(struct keyring **ringp, const struct mediad_cfg *cfg)
{
	char why[200] = "";
	int err = keyring_load(ringp, cfg->keys, why, sizeof(why));

	/* "12: what" for a line of it, words alone for the file */
	if (err && why[0])
		(void)re_fprintf(stderr, "%s:%s%s\n", cfg->keys,
				 why[0] >= '0' && why[0] <= '9' ? "" : " ",
				 why);
	else if (err)
		(void)re_fprintf(stderr, "%s: %m\n", cfg->keys, err);
	return err;
}

static int print_cfg(const struct mediad_cfg *cfg)
{
	const struct cfg_view view = {&mediad_cfg_table, cfg};

	return re_fprintf(stdout, "%H", cfg_print, &view) < 0 ? EIO : 0;
}

static int check(const char *path)
{
	struct mediad_cfg *cfg = NULL;
	struct keyring *ring = NULL;
	int err = cfg_read(&cfg, path);

	if (!err)
		err = keys_read(&ring, cfg);
	if (!err && media_sounds_check(cfg))
		err = EINVAL;
	if (!err)
		err = print_cfg(cfg);
	mem_deref(ring);
	mem_deref(cfg);
	return err ? WORKER_EXIT_CONFIG : 0;
}

/* Before there are workers: what all of them need. */
static int prepare(struct mediad_setup *setup)
{
	const struct mediad_cfg *cfg = setup->cfg;
	int err;

	if (keys_read(&setup->ring, cfg))
		return EINVAL;

	err = state_dir_make(cfg->state_dir);
	if (err) {
		(void)re_fprintf(stderr, "%s: %s\n", cfg->state_dir,
				 err == EPERM
					 ? "others may write to it: it has "
					   "to be ours alone"
					 : strerror(err));
		return err;
	}
	err = cert_load_or_make(&setup->cert, cfg->certificate);
	if (err) {
		(void)re_fprintf(stderr, "%s: %m\n", cfg->certificate, err);
		return err;
	}
	log_info(NULL, "certificate", "fingerprint=%s",
		 cert_fp_text(setup->cert));
	return 0;
}

static int worker_run(struct worker *worker)
{
	const struct mediad_setup *setup = worker->cfg;
	struct worker_hooks hooks = media_worker_hooks;
	struct media_worker *mw = NULL;

	hooks.max_fds = media_worker_fds(setup->cfg);
	return worker_main(worker, &hooks, &mw);
}

static int admin_run(struct worker *worker)
{
	struct media_admin admin = {.admin = NULL};

	return worker_main(worker, &media_admin_hooks, &admin);
}

/* What a running daemon cannot take over is said, not guessed. */
static void say_restart(const struct mediad_cfg *old,
			const struct mediad_cfg *now)
{
	bool same = old->workers == now->workers &&
		    old->nifaces == now->nifaces &&
		    !strcmp(old->node, now->node) &&
		    sa_cmp(&old->admin.bind, &now->admin.bind, SA_ALL);

	for (size_t i = 0; same && i < now->nifaces; i++) {
		const struct mediad_iface *a = &old->ifaces[i];
		const struct mediad_iface *b = &now->ifaces[i];

		same = !strcmp(a->name, b->name) &&
		       sa_cmp(&a->bind, &b->bind, SA_ADDR) &&
		       sa_cmp(&a->advertise, &b->advertise, SA_ADDR) &&
		       a->browser_port_base == b->browser_port_base &&
		       a->browsers == b->browsers &&
		       a->browser_tcp_port == b->browser_tcp_port &&
		       a->nrtp_ports == b->nrtp_ports &&
		       !memcmp(a->rtp_ports, b->rtp_ports,
			       a->nrtp_ports * sizeof(*a->rtp_ports));
	}
	if (!same)
		log_warn(NULL,
			 "node, workers, interfaces and admin change "
			 "with the next start only",
			 NULL);
}

static int reload(void *arg)
{
	struct daemon *daemon = arg;
	struct mediad_setup *setup = &daemon->setup;
	struct mediad_cfg *cfg = NULL;
	struct keyring *ring = NULL;
	int err = cfg_read(&cfg, daemon->path);

	if (!err)
		err = keys_read(&ring, cfg);
	if (err) {
		mem_deref(cfg);
		return err;
	}
	say_restart(daemon->cfg_first, cfg);
	/* who starts from now on fits those that run */
	cfg->workers = daemon->cfg_first->workers;
	cfg->ifaces = daemon->cfg_first->ifaces;
	cfg->nifaces = daemon->cfg_first->nifaces;
	mem_deref(setup->cfg);
	mem_deref(setup->ring);
	setup->cfg = cfg;
	setup->ring = ring;
	log_level_set((enum log_level)cfg->log_level);
	return 0;
}

/* For browsers that cannot send datagrams; the worker that takes a connection
 * passes it on to the one that has the call. */
static void tcp_listener_make(struct daemon *daemon, struct mediad_iface *iface)
{
	struct listener *listener = &daemon->listeners[daemon->nlisteners++];

	listener->name = iface->name;
	listener->hint = "set its browser_tcp_port in mediad.yaml";
	listener->proto = LISTENER_TCP;
	listener->use = LISTENER_SHARED;
	listener->addr = iface->bind;
	sa_set_port(&listener->addr, iface->browser_tcp_port);
	listener->cfg = iface;
}

static void listeners_make(struct daemon *daemon)
{
	struct mediad_cfg *cfg = daemon->cfg_first;
	struct listener *admin;

	for (size_t i = 0; i < cfg->nifaces; i++) {
		struct mediad_iface *iface = &cfg->ifaces[i];
		struct listener *listener =
			&daemon->listeners[daemon->nlisteners];

		/* ports of plain RTP are opened call by call */
		if (!iface->browsers)
			continue;
		++daemon->nlisteners;
		listener->name = iface->name;
		listener->hint = "set its browser_port_base in mediad.yaml";
		listener->proto = LISTENER_UDP;
		listener->use = LISTENER_PER_SLOT;
		listener->rcvbuf = listener->sndbuf = 4 << 20;
		listener->addr = iface->bind;
		sa_set_port(&listener->addr, iface->browser_port_base);
		listener->cfg = iface;
		if (iface->browser_tcp_port)
			tcp_listener_make(daemon, iface);
	}
	admin = &daemon->listeners[daemon->nlisteners++];
	admin->name = MEDIA_ADMIN_SOCK;
	admin->hint = "set admin.bind in mediad.yaml";
	admin->proto = LISTENER_TCP;
	admin->use = LISTENER_ADMIN;
	admin->addr = cfg->admin.bind;
}

static int run(const char *path)
{
	struct daemon daemon = {.path = path};
	struct super_daemon super = {
		.name = "mediad",
		.listeners = daemon.listeners,
		.worker_run = worker_run,
		.admin_run = admin_run,
		.reload = reload,
		.arg = &daemon,
		.cfgp = &daemon.setup_ptr,
		.times = SUPER_TIMES_DEFAULT,
	};
	int code;

	if (cfg_read(&daemon.cfg_first, path))
		return WORKER_EXIT_CONFIG;

	log_init("mediad", (enum log_level)daemon.cfg_first->log_level);
	daemon.setup.cfg = mem_ref(daemon.cfg_first);
	daemon.setup_ptr = &daemon.setup;
	listeners_make(&daemon);
	super.node = daemon.cfg_first->node;
	super.workers = daemon.cfg_first->workers;
	super.nlisteners = daemon.nlisteners;
	super.times.stall_ms = daemon.cfg_first->stall_ms;
	super.times.drain_ms = daemon.cfg_first->drain_ms + MEDIA_LAST_MS;

	code = prepare(&daemon.setup) ? WORKER_EXIT_CONFIG : super_main(&super);
	mem_deref(daemon.setup.cert);
	mem_deref(daemon.setup.ring);
	mem_deref(daemon.setup.cfg);
	mem_deref(daemon.cfg_first);
	return code;
}

static int usage(void)
{
	(void)re_fprintf(
		stderr, "usage: mediad -c FILE           serve\n"
			"       mediad -c FILE --check   check, and print what "
			"is in effect\n"
			"       mediad --schema          JSON Schema of the "
			"file\n"
			"       mediad --reference       its keys, as Markdown"
			"\n"
			"       mediad --metrics         its metrics, as "
			"Markdown\n"
			"       mediad -V                version\n");
	return EXIT_USAGE;
}

static enum action options(int argc, char **argv, const char **path)
{
	static const struct option longs[] = {
		{"check", no_argument, NULL, CHECK},
		{"schema", no_argument, NULL, SCHEMA},
		{"reference", no_argument, NULL, REFERENCE},
		{"metrics", no_argument, NULL, METRICS},
		{"version", no_argument, NULL, VERSION_ONLY},
		{NULL, 0, NULL, 0},
	};
	enum action action = RUN;
	int opt;

	while ((opt = getopt_long(argc, argv, "c:V", longs, NULL)) != -1) {
		if (opt == 'c')
			*path = optarg;
		else if (opt == 'V')
			action = VERSION_ONLY;
		else if (opt >= CHECK && opt <= VERSION_ONLY)
			action = (enum action)opt;
		else
			return USAGE;
	}
	if (optind < argc || (!*path && (action == RUN || action == CHECK)))
		return USAGE;

	return action;
}

static int metrics_print(void)
{
	struct mbuf *mb = mbuf_alloc(4096);
	int err = mb ? media_metric_reference(mb) : ENOMEM;

	if (!err && fwrite(mb->buf, mb->end, 1, stdout) != 1)
		err = errno;
	mem_deref(mb);
	return err ? SUPER_EXIT_SYSTEM : 0;
}

static int act(enum action action, const char *path)
{
	switch (action) {

	case RUN:
		return run(path);
	case CHECK:
		return check(path);
	case SCHEMA:
		(void)re_fprintf(stdout, "%H", cfg_schema_print_json,
				 &mediad_cfg_table);
		return 0;
	case REFERENCE:
		(void)re_fprintf(stdout, "%H", cfg_schema_print_markdown,
				 &mediad_cfg_table);
		return 0;
	case METRICS:
		return metrics_print();
	case VERSION_ONLY:
		(void)re_fprintf(stdout, "mediad %s\n", VERSION);
		return 0;
	case USAGE:
	default:
		return usage();
	}
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	enum action action = options(argc, argv, &path);
	int code, err = libre_init();

	if (err) {
		(void)fprintf(stderr, "libre: %s\n", strerror(err));
		return SUPER_EXIT_SYSTEM;
	}
	code = act(action, path);
	libre_close();
	return code;
}
