/*
 * admin_stage.h  A server of the admin interface in a process of its own, and
 *                clients of it
 *
 * The server lives in a forked process with its loop, as its clients' sockets
 * block. It ends when the stage is closed: with an error, or a CHECK of its own
 * that was not true, the case fails.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_ADMIN_STAGE_H
#define TESTS_LIB_ADMIN_STAGE_H

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <re.h>

#include "common/listener.h"
#include "common/loop.h"
#include "common/wheel.h"
#include "tests/lib/test.h"

enum { ADMIN_STAGE_PATIENCE_S = 10 };

struct admin_stage {
	pid_t pid;
	int end_fd; /* closing it ends the server */
	uint16_t port;
};

/* --- the server ----------------------------------------------------------------- */

/* In the forked process: serves until end_fd can be read (admin_stage_run()). */
typedef int(admin_stage_h)(int listen_fd, int end_fd, void *arg);

static inline void admin_stage_on_end(int flags, void *arg)
{
	(void)flags;
	(void)arg;
	loop_stop();
}

static inline int admin_stage_run(struct wheel *wheel, int end_fd)
{
	struct loop_watch *end = NULL;
	int err = loop_watch_alloc(&end, end_fd, LOOP_READ, admin_stage_on_end,
				   NULL);

	if (!err) {
		loop_drive(wheel);
		err = loop_run();
	}
	mem_deref(end);
	return err;
}

static inline int admin_stage_open(struct admin_stage *stage,
				   admin_stage_h *serveh, void *arg)
{
	struct listener l = {.name = "admin",
			     .proto = LISTENER_TCP,
			     .use = LISTENER_ADMIN};
	int fd, fds[2], err;
	char why[256];

	sa_set_str(&l.addr, "127.0.0.1", 0);
	err = listener_open(&l, 0, &stage->port, &fd, why, sizeof(why));
	if (!err && pipe(fds))
		err = errno;
	if (err)
		return err;
	fflush(NULL);
	stage->pid = fork();
	if (!stage->pid) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[1]);
		err = serveh(fd, fds[0], arg);
		close(fd);
		exit(err || test_failed() ? 1 : 0);
	}
	close(fd);
	close(fds[0]);
	stage->end_fd = fds[1];
	return 0;
}

static inline void admin_stage_close(struct admin_stage *stage)
{
	int status = -1;

	close(stage->end_fd);
	CHECK_INT(waitpid(stage->pid, &status, 0), stage->pid);
	CHECK_INT(status, 0);
}

/* --- a client -------------------------------------------------------------------- */

static inline int admin_stage_connected(const struct admin_stage *stage)
{
	struct timeval patience = {ADMIN_STAGE_PATIENCE_S, 0};
	struct sockaddr_in addr = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons(stage->port);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			 sizeof(patience));
	CHECK(!connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	return fd;
}

/* Reads into buf until the text is there; false: it ended before. */
static inline bool admin_stage_comes(int fd, char *buf, size_t size,
				     const char *what)
{
	size_t n = 0;

	buf[0] = '\0';
	while (n < size - 1 && !strstr(buf, what)) {
		ssize_t got = recv(fd, buf + n, size - 1 - n, 0);

		if (got <= 0)
			return false;
		n += (size_t)got;
		buf[n] = '\0';
	}
	return strstr(buf, what) != NULL;
}

#endif
