/*
 * worker.c  The life of a worker process
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <re.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/wheel.h"
#include "common/worker.h"

enum {
	MAX_FDS = 65536,
	HEAP_KEEP = 32 * 1024 * 1024, /* bytes that are free, at the heap's end */
	HEAP_STEP = 256 * 1024,
	MAPPED = 1024 * 1024 /* from this size on memory goes back by itself */
};

struct life {
	struct worker *worker;
	const struct worker_hooks *hooks;
	void *arg;
	struct loop_watch *signals;
	struct wheel_timer beat;
	int signal_fd;
	enum log_level level; /* at start */
};

/* A full pipe means a parent that is busy, not one that is gone. */
static void say(const struct worker *worker, char what)
{
	ssize_t n = -1;

	if (worker->parent_fd >= 0)
		n = write(worker->parent_fd, &what, 1);
	(void)n;
}

static void on_beat(void *arg)
{
	struct life *life = arg;

	say(life->worker, WORKER_SAYS_BEAT);
	wheel_start(life->worker->wheel, &life->beat, life->worker->beat_ms,
		    on_beat, life);
}

void worker_ready(struct worker *worker)
{
	say(worker, WORKER_SAYS_READY);
}

void worker_idle(struct worker *worker)
{
	if (worker->parent_fd >= 0)
		say(worker, WORKER_SAYS_IDLE);
	else
		worker_quit(worker, WORKER_EXIT_OK);
}

void worker_quit(struct worker *worker, int exit_code)
{
	if (!worker->exit_code)
		worker->exit_code = exit_code;
	worker->quitting = true; /* start may call this before the loop runs */
	loop_stop();
}

const struct worker_sock *worker_sock_find(const struct worker *worker,
					   const char *name)
{
	for (size_t i = 0; i < worker->nsocks; i++) {
		if (!strcmp(worker->socks[i].name, name))
			return &worker->socks[i];
	}
	return NULL;
}

static void drain(struct life *life)
{
	struct worker *worker = life->worker;

	/* systemd tells each process, and the parent passes it on: once is
	 * enough */
	if (worker->draining)
		return;
	worker->draining = true;
	if (life->hooks->drain)
		life->hooks->drain(life->arg);
	else
		worker_quit(worker, WORKER_EXIT_OK);
}

static void take_signal(struct life *life, uint32_t signo)
{
	switch (signo) {
	case SIGTERM:
		drain(life);
		break;
	case SIGQUIT: /* the parent's answer to worker_idle() */
		if (life->worker->draining)
			worker_quit(life->worker, WORKER_EXIT_OK);
		break;
	case SIGHUP:
		if (life->hooks->reload)
			life->hooks->reload(life->arg);
		break;
	case SIGUSR1:
		log_level_set(LOG_L_DEBUG);
		break;
	case SIGUSR2:
		log_level_set(life->level);
		break;
	default: /* SIGINT from a terminal: the parent decides */
		break;
	}
}

static void on_signal(int flags, void *arg)
{
	struct signalfd_siginfo info;
	struct life *life = arg;

	(void)flags;
	while (read(life->signal_fd, &info, sizeof(info)) == sizeof(info))
		take_signal(life, info.ssi_signo);
}

static int signals_open(struct life *life)
{
	static const int signos[] = {SIGTERM, SIGINT,  SIGQUIT,
				     SIGHUP,  SIGUSR1, SIGUSR2};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signos) / sizeof(signos[0]); i++)
		sigaddset(&set, signos[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return errno;
	life->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (life->signal_fd < 0)
		return errno;

	return loop_watch_alloc(&life->signals, life->signal_fd, LOOP_READ,
				on_signal, life);
}

/* What a burst has taken comes back within a moment, and the next one follows.
 * Given to the kernel in between it costs two system calls and a page fault for
 * each 4 kB: a fortieth of what a busy worker did, by perf. */
static void heap_tune(void)
{
	(void)mallopt(M_TRIM_THRESHOLD, HEAP_KEEP);
	(void)mallopt(M_TOP_PAD, HEAP_STEP);
	(void)mallopt(M_MMAP_THRESHOLD, MAPPED);
}

static int life_begin(struct life *life)
{
	struct worker *worker = life->worker;
	uint32_t max_fds = life->hooks->max_fds;
	int err = loop_init(max_fds ? max_fds : MAX_FDS);

	if (err)
		return err;
	err = wheel_alloc(&worker->wheel, loop_now_ms());
	if (!err)
		err = signals_open(life);
	if (err)
		return err;

	loop_drive(worker->wheel);
	return 0;
}

static void life_end(struct life *life)
{
	wheel_stop(&life->beat);
	mem_deref(life->signals);
	if (life->signal_fd >= 0)
		close(life->signal_fd);
	loop_drive(NULL);
	life->worker->wheel = mem_deref(life->worker->wheel);
	loop_close();
}

/* From the first sign of life on the parent expects one each turn; start may
 * take longer than that. */
static int serve(struct life *life)
{
	if (life->worker->beat_ms)
		on_beat(life);
	return loop_run();
}

int worker_main(struct worker *worker, const struct worker_hooks *hooks,
		void *arg)
{
	struct life life = {worker, hooks, arg, .signal_fd = -1};
	int err;

	life.level = log_level_get();
	heap_tune();
	err = life_begin(&life);
	if (err) {
		log_error(NULL, "cannot make the event loop", "why=%s",
			  strerror(err));
		worker->exit_code = WORKER_EXIT_FAILED;
	} else {
		worker->exit_code = hooks->start(worker, arg);
		if (!worker->exit_code && !worker->quitting)
			err = serve(&life);
		if (err)
			worker->exit_code = WORKER_EXIT_FAILED;
		if (hooks->stop)
			hooks->stop(arg);
	}
	life_end(&life);
	return worker->exit_code;
}
