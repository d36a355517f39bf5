/*
 * worker.h  What a worker process is given by its parent, and its life
 *
 * A daemon's main() describes itself in a struct super_daemon (super.h); the
 * parent opens the sockets, forks one worker per slot and one admin process,
 * and restarts what dies. In the child, worker_main() makes the loop, the
 * wheel and the signal handling, and calls the daemon's hooks.
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

enum { WORKER_SOCKS_MAX = 32 };

/* A socket of this slot, inherited from the parent, which keeps its own
 * descriptor: the kernel's queue outlives the worker. */
struct worker_sock {
	const char *name; /* of the listener, e.g. "wss" */
	int fd;           /* non-blocking */
	void *cfg;        /* the daemon's own description of the listener */
};

/* Plain data, const after start. */
struct worker {
	char node[NODE_NAME_MAX + 1]; /* unique name of the box: [a-z0-9-] */
	uint8_t slot;                 /* 1.. */
	uint32_t incarnation;         /* starts of this slot, counted by the
					 parent from 1; not the epoch */
	const struct worker_sock *socks;
	size_t nsocks;
	struct wheel *wheel;
	void *cfg; /* the daemon's configuration, const */
};

#endif
