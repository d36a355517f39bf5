/*
 * worker.h  What a worker process is given by its parent, and its life
 *
 * A daemon's main() describes itself in a struct super_daemon (super.h); the
 * parent opens the sockets, forks one worker per slot and one admin process,
 * and restarts what dies. In the child, worker_main() makes the loop, the
 * wheel and the signal handling, and calls the daemon's hooks. The admin
 * process lives in the same way, as slot 0.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_WORKER_H
#define COMMON_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/node.h"

struct wheel;

enum {
	WORKER_SOCKS_MAX = 32
};

/* How a worker ends (sysexits.h). After WORKER_EXIT_CONFIG of the first life
 * of a slot the parent stops all and ends with it: starting again would not
 * help. A successor is tried again after it. */
enum {
	WORKER_EXIT_OK = 0,
	WORKER_EXIT_FAILED = 70,
	WORKER_EXIT_CONFIG = 78
};

/* A socket of this slot, inherited from the parent, which keeps its own
 * descriptor: the kernel's queue outlives the worker. */
struct worker_sock {
	const char *name; /* of the listener, e.g. "wss" */
	int fd;           /* non-blocking */
	void *cfg;        /* the daemon's own description of the listener */
};

/* Plain data, const after start but for the last three. */
struct worker {
	char node[NODE_NAME_MAX + 1]; /* unique name of the box: [a-z0-9-] */
	uint8_t slot;                 /* 1..; 0: the admin process */
	uint32_t incarnation;         /* starts of this slot, counted by the
					 parent from 1; not the epoch */
	uint64_t born_ms;             /* when the parent began, unix ms: which
					 life of the node this is */
	const struct worker_sock *socks;
	size_t nsocks;
	struct wheel *wheel; /* made by worker_main() */
	void *cfg;           /* the daemon's configuration, const */
	int parent_fd;       /* the parent listens here; -1: there is none */
	uint32_t beat_ms;    /* how often it wants to hear */
	bool draining;       /* SIGTERM came */
	bool quitting;       /* worker_quit() was called */
	int exit_code;
};

/* All but start may be NULL; arg is that of worker_main(). */
struct worker_hooks {
	/* Make what serves: loop and wheel exist. An exit code, 0: go on. */
	int (*start)(struct worker *worker, void *arg);
	/* The first SIGTERM: take no new work, and call worker_quit() when the
	 * old is done, or worker_idle(); the parent ends what takes too long. It may have come
	 * before start. NULL: quit at once. */
	void (*drain)(void *arg);
	/* SIGHUP: the parent has checked the new configuration. */
	void (*reload)(void *arg);
	/* The loop has ended, or start failed: free all. */
	void (*stop)(void *arg);
	uint32_t max_fds; /* descriptors the loop can watch; 0: 65536, which
			     costs libre 1.1 about 3 MB */
};

/* Live from start to stop; the exit code of the process. SIGUSR1 turns the
 * log to debug, SIGUSR2 to the level that it had at start; SIGINT is the
 * parent's matter. */
int worker_main(struct worker *worker, const struct worker_hooks *hooks,
		void *arg);

/* Tell the parent that this worker serves. Once, when it is true. */
void worker_ready(struct worker *worker);
/*
 * While draining: nothing is under way here, but what is at another worker of
 * the daemon may need this one. It goes on, and quits when all have said so.
 * Without a parent it quits at once.
 */
void worker_idle(struct worker *worker);
/* Leave the loop; of several codes that are not 0 the first counts. */
void worker_quit(struct worker *worker, int exit_code);
/* The socket of a listener; NULL when there is none of that name. */
const struct worker_sock *worker_sock_find(const struct worker *worker,
					   const char *name);

/* What a worker writes to its parent. */
enum {
	WORKER_SAYS_BEAT = 'h',
	WORKER_SAYS_READY = 'r',
	WORKER_SAYS_IDLE = 'i'
};

#endif
