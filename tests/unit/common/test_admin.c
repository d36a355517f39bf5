/*
 * test_admin.c  The admin process: what every daemon's says
 *
 * The cases are clients, and have a connection to the same Redis.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <re.h>

#include "common/admin.h"
#include "common/countof.h"
#include "common/metric.h"
#include "tests/lib/admin_stage.h"
#include "tests/lib/admin_tokens.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

#define TOKEN ADMIN_TOKEN_WRITE

struct numbers {
	uint64_t calls;
};

static const struct metric_desc rows[] = {
	{METRIC_COUNTER, "t_calls_total", NULL, "Calls",
	 offsetof(struct numbers, calls), NULL},
};

static int numbers_set(struct metric_set **setp, void *figures)
{
	int err = metric_set_alloc(setp);

	return err ? err : metric_add(*setp, rows, COUNTOF(rows), figures);
}

/* A route of the daemon's own, with what it is given. */
static void on_own(const struct admin_req *req, struct admin_resp *resp,
		   void *arg)
{
	const struct redis_arg argv[] = {redis_str("PING")};
	const struct redis_val *val = NULL;
	int err = redis_sync_send(admin_redis(arg), argv, 1, &val);

	(void)req;
	(void)mbuf_printf(resp->mb, "%s %s", (const char *)admin_arg(arg),
			  err ? "none" : val->str);
}

/* How often it was asked stands in Redis. */
static int state_counted(char state[ADMIN_STATE_SIZE], struct redis_sync *sync,
			 const char *addr)
{
	const struct redis_arg argv[] = {redis_str("INCR"), redis_str(addr)};
	const struct redis_val *val = NULL;

	str_ncpy(state, "up", ADMIN_STATE_SIZE);
	return redis_sync_send(sync, argv, 2, &val);
}

static const struct admin_route own_routes[] = {
	{"GET", "/v1/own", on_own, false, NULL},
	{"POST", "/v1/own", on_own, ADMIN_OTHER, NULL},
};

/* Ready by a text of Redis. */
static int state_of(char state[ADMIN_STATE_SIZE], struct redis_sync *sync,
		    const char *addr)
{
	const struct redis_arg argv[] = {redis_str("GET"), redis_str(addr)};
	const struct redis_val *val = NULL;
	int err = redis_sync_send(sync, argv, 2, &val);

	if (!err)
		str_ncpy(state, val->type == REDIS_STR ? val->str : "",
			 ADMIN_STATE_SIZE);
	return err;
}

/* --- the stage ------------------------------------------------------------------- */

struct stage {
	struct redis_server server;
	struct redis_sync *redis;
	struct admin_cfg cfg;
	struct admin_conf conf;
	struct admin_stage at; /* pid 0: not yet */
	char answer[8192];
};

static int serve(int fd, int end_fd, void *arg)
{
	const struct worker_sock sock = {.name = "admin", .fd = fd};
	struct worker worker = {.node = "a1", .socks = &sock, .nsocks = 1};
	struct admin *admin = NULL;
	struct stage *stage = arg;
	char why[256];
	int err = loop_init(1024);

	mem_deref(stage->redis);
	if (!err)
		err = wheel_alloc(&worker.wheel, loop_now_ms());
	if (!err)
		err = admin_alloc(&admin, &stage->cfg, &worker, why,
				  sizeof(why));
	if (!err)
		err = admin_stage_run(worker.wheel, end_fd);
	mem_deref(admin);
	loop_drive(NULL);
	mem_deref(worker.wheel);
	loop_close();
	return err;
}

static int stage_serve(struct stage *stage)
{
	return admin_stage_open(&stage->at, serve, stage);
}

static bool stage_open(struct stage *stage)
{
	struct redis_cfg redis = {0};

	memset(stage, 0, sizeof(*stage));
	if (!redis_server_start(&stage->server))
		return false;
	redis.path = stage->server.sock;
	admin_tokens_conf(&stage->conf);
	stage->cfg = (struct admin_cfg){
		.daemon = "testd",
		.sock = "admin",
		.workers = 2,
		.redis = redis,
		.conf = &stage->conf,
		.figures_size = sizeof(struct numbers),
		.figuresh = numbers_set,
		.routes = own_routes,
		.nroutes = COUNTOF(own_routes),
		.arg = (void *)(uintptr_t) "mine",
	};
	return CHECK(!redis_sync_alloc(&stage->redis, &redis));
}

static void stage_close(struct stage *stage)
{
	if (stage->at.pid > 0)
		admin_stage_close(&stage->at);
	mem_deref(stage->redis);
	redis_server_kill(&stage->server);
}

/* Words separated by a space each. */
static void say(struct stage *stage, const char *line)
{
	const struct redis_val *val;
	struct redis_arg argv[8];
	size_t n = 0;

	for (const char *p = line; p && n < 8; n++) {
		const char *end = strchr(p, ' ');

		argv[n].data = p;
		argv[n].len = end ? (size_t)(end - p) : strlen(p);
		p = end ? end + 1 : NULL;
	}
	CHECK_INT(redis_sync_send(stage->redis, argv, n, &val), 0);
}

static uint64_t count(struct stage *stage, const char *key)
{
	const struct redis_arg argv[] = {redis_str("GET"), redis_str(key)};
	const struct redis_val *val;
	uint64_t n = 0;

	CHECK(!redis_sync_send(stage->redis, argv, 2, &val) &&
	      redis_num(val, &n));
	return n;
}

/* What is asked for, as one text: the status and all behind it. */
static const char *ask_by(struct stage *stage, const char *method,
			  const char *path, const char *token)
{
	char request[512];
	size_t len = 0;
	ssize_t n;
	int fd = admin_stage_connected(&stage->at);

	snprintf(request, sizeof(request),
		 "%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
		 "%s%s%s\r\n",
		 method, path, token ? "Authorization: Bearer " : "",
		 token ? token : "", token ? "\r\n" : "");
	CHECK(send(fd, request, strlen(request), MSG_NOSIGNAL) > 0);
	while (len < sizeof(stage->answer) - 1 &&
	       (n = recv(fd, stage->answer + len,
			 sizeof(stage->answer) - 1 - len, 0)) > 0)
		len += (size_t)n;
	close(fd);
	stage->answer[len] = '\0';
	return len > 9 ? stage->answer + 9 : "";
}

static const char *ask(struct stage *stage, const char *path, const char *token)
{
	return ask_by(stage, "GET", path, token);
}

static bool says(const char *answer, const char *status, const char *what)
{
	return CHECK(!strncmp(answer, status, 3)) &
	       CHECK(strstr(answer, what) != NULL);
}

/* /readyz is as it was within the last second. */
static bool becomes(struct stage *stage, const char *status, const char *what)
{
	for (int i = 0; i < 500; i++) {
		const char *answer = ask(stage, "/readyz", NULL);

		if (!strncmp(answer, status, 3) && strstr(answer, what))
			return true;
		usleep(10000);
	}
	return false;
}

/* --- cases ------------------------------------------------------------------------ */

static void ready_when_every_worker_has_published(void)
{
	struct stage stage;

	if (!stage_open(&stage))
		return;
	REQUIRE(!stage_serve(&stage));
	says(ask(&stage, "/healthz", NULL), "200", "ok");
	say(&stage, "HSET cb:{n:a1/1}:figures:testd t_calls_total 3");
	say(&stage, "HSET cb:{n:a1/2}:figures:otherd t_calls_total 3");
	says(ask(&stage, "/readyz", NULL), "503",
	     "{\"workers\":{\"a1/1\":\"up\",\"a1/2\":\"absent\"},"
	     "\"redis\":true,\"ready\":false}");
	say(&stage, "HSET cb:{n:a1/2}:figures:testd t_calls_total 3");
	CHECK(becomes(&stage, "200", "\"ready\":true"));
	stage_close(&stage);
}

static void a_worker_that_drains_is_not_ready(void)
{
	struct stage stage;

	if (!stage_open(&stage))
		return;
	stage.cfg.stateh = state_of;
	REQUIRE(!stage_serve(&stage));
	say(&stage, "SET a1/1 full");
	say(&stage, "SET a1/2 up");
	says(ask(&stage, "/readyz", NULL), "200", "\"a1/1\":\"full\"");
	say(&stage, "SET a1/2 drain");
	CHECK(becomes(&stage, "503", "\"a1/2\":\"drain\""));
	stage_close(&stage);
}

static void ready_costs_redis_nothing_when_asked_again_and_again(void)
{
	struct stage stage;
	uint64_t begin_ms, n;

	if (!stage_open(&stage))
		return;
	stage.cfg.stateh = state_counted;
	REQUIRE(!stage_serve(&stage));
	begin_ms = tmr_jiffies();
	for (int i = 0; i < 200; i++)
		says(ask(&stage, "/readyz", NULL), "200", "\"ready\":true");
	/* once, and once more for each second that it has taken */
	n = count(&stage, "a1/1");
	CHECK(n >= 1 && n <= 1 + (tmr_jiffies() - begin_ms) / 1000);
	stage_close(&stage);
}

static void who_has_changed_something_is_told_how_it_is_now(void)
{
	struct stage stage;

	if (!stage_open(&stage))
		return;
	stage.cfg.stateh = state_of;
	REQUIRE(!stage_serve(&stage));
	say(&stage, "SET a1/1 up");
	say(&stage, "SET a1/2 up");
	says(ask(&stage, "/readyz", NULL), "200", "\"ready\":true");
	say(&stage, "SET a1/2 drain");
	says(ask_by(&stage, "POST", "/v1/own", TOKEN), "200", "mine");
	says(ask(&stage, "/readyz", NULL), "503", "\"a1/2\":\"drain\"");
	stage_close(&stage);
}

static void metrics_show_each_worker_and_redis(void)
{
	const char *answer;
	struct stage stage;

	if (!stage_open(&stage))
		return;
	REQUIRE(!stage_serve(&stage));
	says(ask(&stage, "/metrics", NULL), "200",
	     "\ncordboard_admin_workers 0\n");
	say(&stage, "HSET cb:{n:a1/1}:figures:testd t_calls_total 3");
	say(&stage, "HSET cb:{n:a1/2}:figures:testd t_calls_total 4");
	answer = ask(&stage, "/metrics", NULL);
	says(answer, "200", "\nt_calls_total{worker=\"a1/1\"} 3\n");
	says(answer, "200", "\nt_calls_total{worker=\"a1/2\"} 4\n");
	says(answer, "200", "\ncordboard_admin_redis_up 1\n");
	says(answer, "200", "\ncordboard_admin_workers 2\n");
	stage_close(&stage);
}

static void without_redis_it_lives_and_says_so(void)
{
	struct stage stage;

	if (!stage_open(&stage))
		return;
	REQUIRE(!stage_serve(&stage));
	redis_server_kill(&stage.server);
	says(ask(&stage, "/healthz", NULL), "200", "ok");
	says(ask(&stage, "/readyz", NULL), "503",
	     "\"a1/1\":\"unknown\",\"a1/2\":\"unknown\"},\"redis\":false");
	says(ask(&stage, "/metrics", NULL), "200",
	     "\ncordboard_admin_redis_up 0\n");
	stage_close(&stage);
}

static void own_routes_want_the_token(void)
{
	struct stage stage;

	if (!stage_open(&stage))
		return;
	REQUIRE(!stage_serve(&stage));
	says(ask(&stage, "/v1/own", NULL), "401", "");
	says(ask(&stage, "/v1/own", TOKEN), "200", "mine PONG");
	stage_close(&stage);
}

TEST_MAIN(TEST(ready_when_every_worker_has_published),
	  TEST(a_worker_that_drains_is_not_ready),
	  TEST(ready_costs_redis_nothing_when_asked_again_and_again),
	  TEST(who_has_changed_something_is_told_how_it_is_now),
	  TEST(metrics_show_each_worker_and_redis),
	  TEST(without_redis_it_lives_and_says_so),
	  TEST(own_routes_want_the_token))
