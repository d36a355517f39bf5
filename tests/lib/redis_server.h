/*
 * redis_server.h  A private redis-server for one test, on a unix socket
 *
 * Inline, so that unit tests need no archive for it. The server keeps nothing
 * on disk and is killed by its pid. Tests that need time to pass wait for a
 * condition with redis_test_until().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_REDIS_SERVER_H
#define TESTS_LIB_REDIS_SERVER_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "tests/lib/test.h"

struct redis_server {
	pid_t pid;
	char sock[100];
	uint16_t port; /* of 127.0.0.1 too, when not 0 */
};

static inline void redis_server_nap(void)
{
	const struct timespec ts = {.tv_nsec = 5000000};

	nanosleep(&ts, NULL);
}

/* True when it answers PING. */
static inline bool redis_server_answers(const struct redis_server *server)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct timeval tv = {.tv_usec = 200000};
	char buf[8] = "";
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", server->sock);
	ok = !connect(fd, (struct sockaddr *)&sun, sizeof(sun)) &&
	     send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 &&
	     recv(fd, buf, 7, 0) == 7 && !strcmp(buf, "+PONG\r\n");
	close(fd);
	return ok;
}

static inline void redis_server_exec(const struct redis_server *server)
{
	int null = open("/dev/null", O_RDWR);
	char port[8];

	snprintf(port, sizeof(port), "%u", server->port);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, 0);
	dup2(null, 1);
	execlp("redis-server", "redis-server", "--port", port, "--bind",
	       "127.0.0.1", "--unixsocket", server->sock, "--save", "",
	       "--daemonize", "no", "--appendonly", "no", (char *)NULL);
	_exit(127);
}

/* Starts it, or starts it again on the same socket; false: none there (the
 * running case is then marked as skipped). */
static inline bool redis_server_start(struct redis_server *server)
{
	if (!server->sock[0])
		snprintf(server->sock, sizeof(server->sock), "%s/r.sock",
			 test_tmpdir());
	fflush(NULL);
	server->pid = fork();
	if (!server->pid)
		redis_server_exec(server);

	for (int i = 0; i < 2000; i++) {
		if (redis_server_answers(server))
			return true;
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
			break;
		redis_server_nap();
	}
	server->pid = 0;
	test_skip("redis-server does not run here");
	return false;
}

/* As a crash: nothing is saved, nobody is told. */
static inline void redis_server_kill(struct redis_server *server)
{
	if (!server->pid)
		return;

	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	unlink(server->sock);
	server->pid = 0;
}

/* Stands still with its connections open. */
static inline void redis_server_freeze(const struct redis_server *server)
{
	kill(server->pid, SIGSTOP);
}

static inline void redis_server_thaw(const struct redis_server *server)
{
	kill(server->pid, SIGCONT);
}

/* ---- the loop, until something is true --------------------------------- */

struct redis_until {
	bool (*condh)(void *arg);
	void *arg;
	struct wheel *wheel;
	struct wheel_timer timer;
	uint64_t end_ms;
};

static inline void redis_until_check(void *arg)
{
	struct redis_until *until = arg;

	if (until->condh(until->arg) || loop_now_ms() >= until->end_ms) {
		loop_stop();
		return;
	}
	wheel_start(until->wheel, &until->timer, 2, redis_until_check, until);
}

/* Serve the loop until condh(arg) or for ms; what it is in the end. */
static inline bool redis_test_until(struct wheel *wheel, uint64_t ms,
				    bool (*condh)(void *arg), void *arg)
{
	struct redis_until until = {.condh = condh,
				    .arg = arg,
				    .wheel = wheel,
				    .end_ms = loop_now_ms() + ms};

	wheel_start(wheel, &until.timer, 0, redis_until_check, &until);
	(void)loop_run();
	wheel_stop(&until.timer);
	return condh(arg);
}

/* ---- a server, a loop and a link ------------------------------------------ */

struct redis_bed {
	struct redis_server server;
	struct redis_cfg cfg;
	struct wheel *wheel;
	struct redis_link *link;
};

static inline bool redis_test_never(void *arg)
{
	(void)arg;
	return false;
}

static inline bool redis_test_is_up(void *arg)
{
	return redis_link_up(arg);
}

static inline bool redis_test_is_down(void *arg)
{
	return !redis_link_up(arg);
}

/* False: no server here; stop it all the same. */
static inline bool redis_bed_start(struct redis_bed *bed)
{
	*bed = (struct redis_bed){.cfg = {.name = "test"}};
	if (!redis_server_start(&bed->server))
		return false;

	bed->cfg.path = bed->server.sock;
	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&bed->wheel, loop_now_ms()));
	loop_drive(bed->wheel);
	CHECK(!redis_link_alloc(&bed->link, &bed->cfg, bed->wheel, NULL, NULL));
	return CHECK(redis_test_until(bed->wheel, 5000, redis_test_is_up,
				      bed->link));
}

/* Fails the case when a deadline is left. */
static inline void redis_bed_stop(struct redis_bed *bed)
{
	mem_deref(bed->link);
	if (bed->wheel) {
		CHECK_INT(wheel_count(bed->wheel), 0);
		loop_drive(NULL);
		mem_deref(bed->wheel);
		loop_close();
	}
	redis_server_kill(&bed->server);
}

/* Serve the loop for a while. */
static inline void redis_bed_idle(struct redis_bed *bed, uint64_t ms)
{
	redis_test_until(bed->wheel, ms, redis_test_never, NULL);
}

/* Crash and come back, empty. */
static inline void redis_bed_restart(struct redis_bed *bed)
{
	redis_server_kill(&bed->server);
	CHECK(redis_test_until(bed->wheel, 5000, redis_test_is_down,
			       bed->link));
	CHECK(redis_server_start(&bed->server));
	CHECK(redis_test_until(bed->wheel, 5000, redis_test_is_up, bed->link));
}

/* A command for its effect, and the number or the first text of its reply. */
struct redis_said {
	bool done;
	int64_t num;
	char text[2048];
};

static inline void redis_on_said(int err, const struct redis_val *val,
				 void *arg)
{
	struct redis_said *said = arg;

	said->done = true;
	said->num = -1;
	if (err)
		return;
	said->num = val->type == REDIS_ARRAY ? (int64_t)val->len : val->num;
	if (val->type != REDIS_ARRAY)
		snprintf(said->text, sizeof(said->text), "%s", val->str);
}

static inline bool redis_is_said(void *arg)
{
	return ((struct redis_said *)arg)->done;
}

/* line: words separated by one space each. */
static inline struct redis_said redis_bed_say(struct redis_bed *bed,
					      const char *line)
{
	struct redis_arg argv[64];
	struct redis_said said = {.done = false};
	size_t argc = 0;

	for (const char *p = line; p && CHECK(argc < 64); argc++) {
		const char *end = strchr(p, ' ');

		argv[argc].data = p;
		argv[argc].len = end ? (size_t)(end - p) : strlen(p);
		p = end ? end + 1 : NULL;
	}
	CHECK(!redis_link_send(bed->link, argv, argc, redis_on_said, &said));
	CHECK(redis_test_until(bed->wheel, 5000, redis_is_said, &said));
	return said;
}

#endif
