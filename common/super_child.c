/*
 * super_child.c  A child of the parent process: its sockets and its birth
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/log.h"
#include "common/super_priv.h"

enum {
	BEAT_MS = 250,
	ADMIN_NICE = 5, /* a third of a worker's weight (nice(2), sched(7)) */
};

void child_title(char title[24], const struct super *super,
		 const struct child *child)
{
	if (child->slot)
		snprintf(title, 24, "%.15s/%u", super->daemon->name,
			 child->slot);
	else
		snprintf(title, 24, "%.15s/adm", super->daemon->name);
}

static bool has_listener(const struct child *child,
			 const struct listener *listener)
{
	return (child->slot == 0) == (listener->use == LISTENER_ADMIN);
}

int child_open(struct super *super, struct child *child,
	       uint16_t ports[WORKER_SOCKS_MAX])
{
	const struct super_daemon *daemon = super->daemon;
	char why[256];

	for (size_t i = 0; i < daemon->nlisteners; i++) {
		const struct listener *listener = &daemon->listeners[i];

		if (!has_listener(child, listener))
			continue;
		if (listener_open(listener, child->slot, &ports[i],
				  &child->fds[i], why, sizeof(why))) {
			log_error(NULL, why, NULL);
			return SUPER_EXIT_ADDRESS;
		}
	}
	return 0;
}

void child_close(struct child *child)
{
	for (size_t i = 0; i < WORKER_SOCKS_MAX; i++) {
		if (child->fds[i] >= 0)
			close(child->fds[i]);
		child->fds[i] = -1;
	}
	if (child->pipe_fd >= 0)
		close(child->pipe_fd);
	child->pipe_fd = -1;
}

void child_refuse(const struct super *super, const struct child *child)
{
	for (size_t i = 0; i < super->daemon->nlisteners; i++) {
		if (super->daemon->listeners[i].proto == LISTENER_TCP &&
		    child->fds[i] >= 0)
			(void)shutdown(child->fds[i], SHUT_RDWR);
	}
}

/* --- in the child ------------------------------------------------------------- */

static void forget_siblings(struct super *super, const struct child *self)
{
	close(super->signal_fd);
	for (size_t i = 0; i < super->n; i++) {
		struct child *child = &super->children[i];

		if (child != self)
			child_close(child);
	}
}

static size_t gather_socks(struct worker_sock socks[WORKER_SOCKS_MAX],
			   const struct super *super, const struct child *child)
{
	size_t n = 0;

	for (size_t i = 0; i < super->daemon->nlisteners; i++) {
		const struct listener *listener = &super->daemon->listeners[i];

		if (child->fds[i] < 0)
			continue;
		socks[n++] = (struct worker_sock){listener->name, child->fds[i],
						  listener->cfg};
	}
	return n;
}

/* SIGCHLD concerns only the parent; the rest stays blocked until the child
 * has its own signalfd, so that none is lost. */
static void let_sigchld(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static uint32_t beat_of(uint32_t stall_ms)
{
	return stall_ms && stall_ms / 4 < BEAT_MS ? stall_ms / 4 + 1 : BEAT_MS;
}

/* A call's message does not wait for who reads lists. */
static void give_way(const struct child *child)
{
	errno = 0;
	if (!child->slot && nice(ADMIN_NICE) == -1 && errno)
		log_warn(NULL, "the admin process has the workers' priority",
			 "why=%s", strerror(errno));
}

static void live(struct super *super, const struct child *child, int voice)
{
	const struct super_daemon *daemon = super->daemon;
	struct worker_sock socks[WORKER_SOCKS_MAX];
	struct worker worker = {
		.slot = child->slot,
		.incarnation = child->incarnation,
		.born_ms = super->born_ms,
		.socks = socks,
		.cfg = daemon->cfgp ? *daemon->cfgp : NULL,
		.parent_fd = voice,
		.beat_ms = beat_of(daemon->times.stall_ms),
	};
	super_run_h *run = child->slot ? daemon->worker_run : daemon->admin_run;
	char title[24];
	int code;

	child_title(title, super, child);
	(void)prctl(PR_SET_NAME, title);
	log_init(title, log_level_get());
	give_way(child);
	fault_process(title, child->incarnation);
	snprintf(worker.node, sizeof(worker.node), "%s", daemon->node);
	worker.nsocks = gather_socks(socks, super, child);
	code = run(&worker);
	log_debug(NULL, "process ends", "code=%d", code);
	exit(code);
}

uint64_t super_unix_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* --- in the parent ------------------------------------------------------------ */

int child_fork(struct super *super, struct child *child, uint64_t now_ms)
{
	int fds[2], err;
	pid_t pid;

	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC))
		return errno;
	fflush(NULL); /* or the child's exit() would write it again */
	child->incarnation++;
	pid = fork();
	if (pid < 0) {
		err = errno;
		child->incarnation--;
		close(fds[0]);
		close(fds[1]);
		return err;
	}
	if (!pid) {
		/* the parent may have died before prctl() was in force */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != super->pid)
			_exit(WORKER_EXIT_FAILED);
		close(fds[0]);
		forget_siblings(super, child);
		let_sigchld();
		live(super, child, fds[1]);
	}
	close(fds[1]);
	child->pid = pid;
	child->pipe_fd = fds[0];
	child->heard = child->ready = child->idle = false;
	child->began_ms = child->heard_ms = now_ms;
	child->start_at_ms = UINT64_MAX;
	return 0;
}
