/*
 * super.c  The parent process: opens sockets, watches workers, restarts them
 *
 * One loop of poll(2) over a signalfd and one pipe for each child. libre's
 * loop is not used here: what it holds open would be inherited by every
 * child.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "common/log.h"
#include "common/super_priv.h"

enum {
	AGAIN_MS = 500, /* no child could be made */
	LOOKS = 4,      /* of the parent, in a silence that is death */
	ADMIN_PATIENCE = 10,
	CHILDREN_MAX = NODE_SLOT_MAX + 1
};

static uint64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void signal_children(const struct super *super, int signo, bool admin)
{
	for (size_t i = 0; i < super->n; i++) {
		const struct child *child = &super->children[i];

		if (child->pid && (child->slot || admin))
			(void)kill(child->pid, signo);
	}
}

/* Those that live, and those that will. */
static size_t expected(const struct super *super, bool admin)
{
	size_t n = 0;

	for (size_t i = 0; i < super->n; i++) {
		const struct child *child = &super->children[i];

		n += (child->pid || child->start_at_ms < UINT64_MAX) &&
		     (child->slot || admin);
	}
	return n;
}

/* --- births and deaths ---------------------------------------------------------- */

static void plan_start(const struct super *super, struct child *child,
		       uint64_t now_ms)
{
	const struct super_times *times = &super->daemon->times;
	uint32_t next = child->backoff_ms ? child->backoff_ms * 2
					  : times->backoff_min_ms;

	child->start_at_ms = now_ms + child->backoff_ms;
	child->backoff_ms =
		next < times->backoff_max_ms ? next : times->backoff_max_ms;
}

static void start_child(struct super *super, struct child *child,
			uint64_t now_ms)
{
	int err = child_fork(super, child, now_ms);

	if (err) {
		log_error(NULL, "cannot fork", "slot=%u why=%s", child->slot,
			  strerror(err));
		plan_start(super, child, now_ms + AGAIN_MS);
		return;
	}
	/* it takes over what its predecessor left, and lets it end */
	if (super->draining)
		(void)kill(child->pid, SIGTERM);
}

static void start_planned(struct super *super, uint64_t now_ms)
{
	if (super->loading)
		return; /* super_load.c */
	for (size_t i = 0; i < super->n; i++) {
		struct child *child = &super->children[i];

		if (child->start_at_ms <= now_ms)
			start_child(super, child, now_ms);
	}
}

static void kill_all(struct super *super)
{
	super->killing = true;
	super->kill_at_ms = UINT64_MAX;
	for (size_t i = 0; i < super->n; i++)
		super->children[i].start_at_ms = UINT64_MAX;
	signal_children(super, SIGKILL, true);
}

static void stop_all(struct super *super, int exit_code, uint64_t now_ms)
{
	if (super->draining) {
		log_warn(NULL, "killing what is left", NULL);
		kill_all(super);
		return;
	}
	super->draining = true;
	super->exit_code = exit_code;
	super->kill_at_ms = now_ms + super->daemon->times.drain_ms;
	super_notify("STOPPING=1");
	for (size_t i = 0; i < super->n; i++) {
		if (super->children[i].slot)
			child_refuse(super, &super->children[i]);
	}
	signal_children(super, SIGTERM, false);
}

static void log_death(const struct super *super, const struct child *child,
		      int status, uint64_t now_ms)
{
	char how[32], title[24];
	uint64_t again = child->start_at_ms == UINT64_MAX
				 ? 0
				 : child->start_at_ms - now_ms;

	child_title(title, super, child);
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "signal:%d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "exit:%d", WEXITSTATUS(status));
	log_error(NULL, "process died",
		  "name=%s pid=%d how=%s lived_ms=%" PRIu64
		  " again_in_ms=%" PRIu64,
		  title, (int)child->pid, how, now_ms - child->began_ms, again);
}

/* Calls live on in a worker's successor, also while all is draining; what
 * ended by its own will then is done. */
static bool needs_successor(const struct super *super,
			    const struct child *child, int status)
{
	if (super->killing || super->exit_code)
		return false;
	return !super->draining || (child->slot && status);
}

static void bury(struct super *super, struct child *child, int status,
		 uint64_t now_ms)
{
	/* A successor's word is not that of all: its predecessor could use
	 * what there was, and so do its siblings */
	bool config = WIFEXITED(status) &&
		      WEXITSTATUS(status) == WORKER_EXIT_CONFIG &&
		      child->incarnation == 1;

	if (child->pipe_fd >= 0)
		close(child->pipe_fd);
	child->pipe_fd = -1;
	if (now_ms - child->began_ms >= super->daemon->times.settled_ms)
		child->backoff_ms = 0;
	if (!config && needs_successor(super, child, status))
		plan_start(super, child, now_ms);
	if (!super->draining || status)
		log_death(super, child, status, now_ms);
	child->pid = 0;
	if (config && !super->draining) {
		log_error(NULL, "configuration cannot be used: stopping", NULL);
		stop_all(super, WORKER_EXIT_CONFIG, now_ms);
	}
}

static void bury_all(struct super *super, uint64_t now_ms)
{
	for (size_t i = 0; i < super->n; i++) {
		struct child *child = &super->children[i];
		int status;

		if (child->pid && waitpid(child->pid, &status, WNOHANG) > 0)
			bury(super, child, status, now_ms);
	}
}

/* --- signals ---------------------------------------------------------------------- */

static void take_loaded(struct super *super)
{
	const struct super_daemon *daemon = super->daemon;

	if (daemon->reload && daemon->reload(daemon->arg)) {
		log_error(NULL, "the new configuration is not used", NULL);
	} else {
		log_info(NULL, "reloading", NULL);
		signal_children(super, SIGHUP, true);
	}
	super_notify("READY=1");
}

static void reload(struct super *super)
{
	if (super->loading) {
		super->load_again = true;
		return;
	}
	super_notify("RELOADING=1");
	if (!super->daemon->load) {
		take_loaded(super);
		return;
	}
	if (super_load_start(super)) {
		super->daemon->load(super->daemon->arg);
		take_loaded(super);
	}
}

static void on_loaded(struct super *super)
{
	super_load_end(super);
	if (super->draining)
		return;
	take_loaded(super);
	if (super->load_again)
		reload(super);
	super->load_again = false;
}

static void take_signal(struct super *super, uint32_t signo, uint64_t now_ms)
{
	switch (signo) {
	case SIGCHLD:
		bury_all(super, now_ms);
		break;
	case SIGHUP:
		if (!super->draining)
			reload(super);
		break;
	case SIGTERM:
	case SIGINT:
		log_info(NULL, "stopping", "signal=%u", signo);
		stop_all(super, 0, now_ms);
		break;
	default:
		signal_children(super, (int)signo, true);
		break;
	}
}

static void read_signals(struct super *super, uint64_t now_ms)
{
	struct signalfd_siginfo info;

	while (read(super->signal_fd, &info, sizeof(info)) == sizeof(info))
		take_signal(super, info.ssi_signo, now_ms);
}

static int block_signals(int *fdp, sigset_t *before)
{
	static const int signos[] = {SIGCHLD, SIGHUP,  SIGTERM, SIGINT,
				     SIGUSR1, SIGUSR2, SIGPIPE};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signos) / sizeof(signos[0]); i++)
		sigaddset(&set, signos[i]);
	if (sigprocmask(SIG_BLOCK, &set, before))
		return errno;
	/* blocked, never read: for children that write to a closed socket */
	sigdelset(&set, SIGPIPE);
	*fdp = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return *fdp < 0 ? errno : 0;
}

/* --- signs of life ---------------------------------------------------------------- */

static void all_ready(struct super *super)
{
	for (size_t i = 0; i < super->n; i++) {
		if (!super->children[i].ready)
			return;
	}
	if (super->said_ready)
		return;
	super->said_ready = true;
	log_info(NULL, "ready", "workers=%u", super->daemon->workers);
	super_notify("READY=1");
}

static void listen_to(struct super *super, struct child *child, uint64_t now_ms)
{
	char said[64];
	ssize_t n = read(child->pipe_fd, said, sizeof(said));

	if (n < 0)
		return;
	if (!n) {
		/* closed: silence will tell, if SIGCHLD does not */
		close(child->pipe_fd);
		child->pipe_fd = -1;
		return;
	}
	child->heard = true;
	child->heard_ms = now_ms;
	if (memchr(said, WORKER_SAYS_IDLE, (size_t)n))
		child->idle = true;
	if (!child->ready && memchr(said, WORKER_SAYS_READY, (size_t)n)) {
		child->ready = true;
		all_ready(super);
	}
}

static uint64_t silent_until(const struct super *super,
			     const struct child *child)
{
	const struct super_times *times = &super->daemon->times;
	uint64_t ms = child->heard ? times->stall_ms : times->start_ms;

	if (!child->pid || !times->stall_ms || !ms)
		return UINT64_MAX;
	if (!child->slot)
		ms *= ADMIN_PATIENCE;
	return child->heard_ms + ms;
}

static void kill_stalled(struct super *super, uint64_t now_ms, bool was_late)
{
	for (size_t i = 0; i < super->n; i++) {
		struct child *child = &super->children[i];
		char title[24];

		if (was_late)
			child->heard_ms = now_ms;
		if (silent_until(super, child) > now_ms)
			continue;
		child_title(title, super, child);
		log_error(NULL, "process stands still: killing it",
			  "name=%s pid=%d silent_ms=%" PRIu64, title,
			  (int)child->pid, now_ms - child->heard_ms);
		(void)kill(child->pid, SIGKILL);
		child->heard_ms = now_ms;
	}
}

/* --- the loop --------------------------------------------------------------------- */

static uint64_t next_deadline(const struct super *super)
{
	uint64_t next = super->draining ? super->kill_at_ms : UINT64_MAX;

	for (size_t i = 0; i < super->n; i++) {
		const struct child *child = &super->children[i];
		uint64_t silent = silent_until(super, child);

		if (silent < next)
			next = silent;
		if (child->start_at_ms < next && !super->loading)
			next = child->start_at_ms;
	}
	return next;
}

/* The parent, too, may have stood still, as a machine does that is paused: were
 * it late by as much, the silence is its own. It has to look several times
 * within that silence to know. */
static uint64_t look_ms(const struct super *super)
{
	return super->daemon->times.stall_ms / LOOKS;
}

static int wait_for_events(const struct super *super,
			   struct pollfd fds[CHILDREN_MAX + 2], uint64_t now_ms)
{
	uint64_t next = next_deadline(super);
	int timeout = -1;

	if (look_ms(super) && next > now_ms + look_ms(super))
		next = now_ms + look_ms(super);
	if (next < UINT64_MAX)
		timeout = next <= now_ms            ? 0
			  : next - now_ms > 3600000 ? 3600000
						    : (int)(next - now_ms);
	fds[0] = (struct pollfd){.fd = super->signal_fd, .events = POLLIN};
	for (size_t i = 0; i < super->n; i++)
		fds[i + 1] = (struct pollfd){.fd = super->children[i].pipe_fd,
					     .events = POLLIN};
	fds[super->n + 1] = (struct pollfd){
		.fd = super->loading ? super->load_fd : -1, .events = POLLIN};
	(void)poll(fds, super->n + 2, timeout);
	return timeout;
}

/* Each worker has gone, or has nothing to do but for the others. */
static bool all_idle(const struct super *super)
{
	for (size_t i = 0; i < super->n; i++) {
		const struct child *child = &super->children[i];
		bool lives = child->pid || child->start_at_ms < UINT64_MAX;

		if (child->slot && lives && !child->idle)
			return false;
	}
	return true;
}

/* The workers first: the admin process shows how they are doing. */
static bool stopped(struct super *super, uint64_t now_ms)
{
	if (!super->draining)
		return false;
	if (now_ms >= super->kill_at_ms)
		stop_all(super, super->exit_code, now_ms);
	/* again as long as one is there: it is no harm */
	if (all_idle(super))
		signal_children(super, SIGQUIT, false);
	if (!super->admin_told && !expected(super, false)) {
		super->admin_told = true;
		signal_children(super, SIGTERM, true);
	}
	return !expected(super, true);
}

static void serve(struct super *super)
{
	struct pollfd fds[CHILDREN_MAX + 2];
	uint64_t now_ms = clock_ms();

	while (!stopped(super, now_ms)) {
		uint64_t was_ms = now_ms;
		int timeout;

		start_planned(super, now_ms);
		timeout = wait_for_events(super, fds, now_ms);
		now_ms = clock_ms();
		for (size_t i = 0; i < super->n; i++) {
			if (fds[i + 1].revents)
				listen_to(super, &super->children[i], now_ms);
		}
		if (fds[0].revents)
			read_signals(super, now_ms);
		if (fds[super->n + 1].revents)
			on_loaded(super);
		kill_stalled(super, now_ms,
			     timeout >= 0 &&
				     now_ms - was_ms >
					     (uint64_t)timeout + look_ms(super));
	}
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_all(struct super *super)
{
	uint16_t ports[WORKER_SOCKS_MAX] = {0};
	int code = 0;

	for (size_t i = 0; i < super->n && !code; i++)
		code = child_open(super, &super->children[i], ports);
	return code;
}

static int super_init(struct super *super)
{
	const struct super_daemon *daemon = super->daemon;

	super->n = daemon->workers + (daemon->admin_run ? 1u : 0u);
	super->children = mem_zalloc(super->n * sizeof(*super->children), NULL);
	if (!super->children)
		return SUPER_EXIT_SYSTEM;

	for (size_t i = 0; i < super->n; i++) {
		struct child *child = &super->children[i];

		child->slot = i < daemon->workers ? (uint8_t)(i + 1) : 0;
		child->pipe_fd = -1;
		memset(child->fds, 0xff, sizeof(child->fds)); /* all -1 */
	}
	raise_descriptor_limit();
	return open_all(super);
}

static bool daemon_valid(const struct super_daemon *daemon)
{
	return daemon && daemon->name && daemon->node && daemon->workers &&
	       daemon->worker_run && daemon->nlisteners <= WORKER_SOCKS_MAX &&
	       node_name_valid(daemon->node, strlen(daemon->node));
}

int super_main(const struct super_daemon *daemon)
{
	struct super super = {
		.daemon = daemon, .signal_fd = -1, .load_fd = -1};
	sigset_t before;

	if (!daemon_valid(daemon))
		return SUPER_EXIT_SYSTEM;
	super.pid = getpid();
	super.born_ms = super_unix_ms();
	(void)prctl(PR_SET_NAME, daemon->name);
	if (block_signals(&super.signal_fd, &before))
		return SUPER_EXIT_SYSTEM;

	super.exit_code = super_init(&super);
	if (!super.exit_code)
		serve(&super);
	super_load_end(&super);

	for (size_t i = 0; super.children && i < super.n; i++)
		child_close(&super.children[i]);
	mem_deref(super.children);
	close(super.signal_fd);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (!super.exit_code)
		log_info(NULL, "stopped", NULL);
	return super.exit_code;
}
