/*
 * super_priv.h  What the files of the parent process share
 *
 * super.c decides when, super_child.c does it, super_load.c does what takes
 * long, super_notify.c tells systemd.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_SUPER_PRIV_H
#define COMMON_SUPER_PRIV_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/super.h"

/* A slot: its sockets, and the process that lives in it now. */
struct child {
	uint8_t slot;              /* 0: admin */
	int fds[WORKER_SOCKS_MAX]; /* by listener; -1: not of this slot */
	pid_t pid;                 /* 0: none lives */
	int pipe_fd;               /* its voice; -1 */
	uint32_t incarnation;
	bool heard, ready, idle;
	uint64_t began_ms;
	uint64_t heard_ms;
	uint64_t start_at_ms; /* UINT64_MAX: not planned */
	uint32_t backoff_ms;
};

struct super {
	const struct super_daemon *daemon;
	struct child *children; /* slots 1..n, then the admin process */
	size_t n;
	int signal_fd;
	pid_t pid;
	uint64_t born_ms; /* unix ms */
	bool said_ready;
	bool draining;
	bool killing;    /* draining has ended: nothing is started any more */
	bool admin_told; /* to stop */
	uint64_t kill_at_ms; /* the end of draining */
	int exit_code;
	/* a reload is under way: daemon->load() runs */
	bool loading, load_again;
	int load_fd; /* readable when it has ended; -1 */
	pthread_t loader;
};

/* "sigd/1", "sigd/adm" */
void child_title(char title[24], const struct super *super,
		 const struct child *child);
/* The sockets of a slot; ports: by listener, kept from slot to slot. An exit
 * code, having logged why. */
int child_open(struct super *super, struct child *child,
	       uint16_t ports[WORKER_SOCKS_MAX]);
void child_close(struct child *child);
/* Nobody accepts on its TCP listeners any more: who connects is to be refused,
 * and not to wait in a queue. */
void child_refuse(const struct super *super, const struct child *child);
/* Fork it. EAGAIN, ENOMEM, EMFILE, ... */
int child_fork(struct super *super, struct child *child, uint64_t now_ms);

uint64_t super_unix_ms(void);

/* Run daemon->load() in a thread; load_fd tells its end. */
int super_load_start(struct super *super);
/* Waits for it, if there is one. */
void super_load_end(struct super *super);

/* A datagram to NOTIFY_SOCKET, if there is one. */
void super_notify(const char *state);

#endif
