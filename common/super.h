/*
 * super.h  The parent process: opens sockets, watches workers, restarts them
 *
 * It forks (without exec) one worker per slot and, when there is a hook for
 * it, one admin process. It serves nobody and parses nothing that comes from
 * outside. A worker that dies is started anew, at once the first time, then
 * after 100 ms, doubling up to 5 s, until it has lived for 30 s again. One
 * whose loop stands still for stall_ms is killed. Children die with their
 * parent.
 *
 *	SIGHUP          check the configuration, then SIGHUP to the children
 *	SIGTERM, SIGINT drain: no TCP connection is taken any more, SIGTERM to
 *	                the workers, SIGQUIT when all are idle, SIGKILL after
 *	                drain_ms, the admin process last; a second one kills at
 *	                once
 *	SIGUSR1/SIGUSR2 passed on: log level debug, and back
 *
 * With NOTIFY_SOCKET in the environment systemd is told READY=1 once every
 * child is ready, RELOADING=1, and STOPPING=1 (sd_notify(3)).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_SUPER_H
#define COMMON_SUPER_H

#include <stddef.h>
#include <stdint.h>

#include "common/listener.h"
#include "common/worker.h"

/* Exit codes beside those of worker.h (sysexits.h). */
enum {
	SUPER_EXIT_ADDRESS = 69, /* a listener's address cannot be had */
	SUPER_EXIT_SYSTEM = 71
};

/* All in milliseconds. */
struct super_times {
	uint32_t stall_ms; /* silence that is death; 0: never. The admin
			      process, which may block, is given ten times it */
	uint32_t start_ms; /* the same, until a child's loop runs */
	uint32_t drain_ms; /* from SIGTERM to SIGKILL */
	uint32_t backoff_min_ms, backoff_max_ms;
	uint32_t settled_ms; /* a life that clears the back-off */
};
#define SUPER_TIMES_DEFAULT                                             \
	{                                                               \
		.stall_ms = 2000, .start_ms = 60000, .drain_ms = 60000, \
		.backoff_min_ms = 100, .backoff_max_ms = 5000,          \
		.settled_ms = 30000                                     \
	}

/* In the child; its result is the exit code. worker->cfg is *cfgp. */
typedef int(super_run_h)(struct worker *worker);

/* Plain data, borrowed as long as super_main() runs. */
struct super_daemon {
	const char *name; /* "sigd": of the processes and in the log */
	const char *node; /* node_name_valid() */
	uint8_t workers;  /* 1..NODE_SLOT_MAX */
	const struct listener *listeners;
	size_t nlisteners; /* up to WORKER_SOCKS_MAX */
	super_run_h *worker_run;
	super_run_h *admin_run; /* NULL: no admin process */
	/*
	 * SIGHUP: what takes long of a reload, in a thread beside the parent's
	 * loop, before reload(). It touches only what is its own till then,
	 * and logs nothing. A child that has died meanwhile is started when it
	 * has ended. NULL: nothing takes long.
	 */
	void (*load)(void *arg);
	/*
	 * SIGHUP, in the parent: load the configuration anew and put it where
	 * cfgp points, so that workers started later have it too. Not 0:
	 * nothing has changed, and the log says why. NULL: none to check.
	 */
	int (*reload)(void *arg);
	void *arg;
	void **cfgp; /* where the daemon keeps its configuration */
	struct super_times times;
};

/*
 * Runs until it is told to stop; the exit code for main(): 0 after a drain,
 * SUPER_EXIT_ADDRESS, SUPER_EXIT_SYSTEM, or WORKER_EXIT_CONFIG when the first
 * child of a slot ended so. libre_init() and log_init() are the caller's; the calling process
 * has one thread.
 */
int super_main(const struct super_daemon *daemon);

#endif
