/*
 * test_redis_link.c  The link against a real Redis: commands, loss, return
 *
 * SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/loop.h"
#include "common/countof.h"
#include "common/redis_figures.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

struct fixture {
	struct redis_server server;
	struct wheel *wheel;
	struct redis_link *link;
	int ups, downs;
};

struct answer {
	int calls;
	int err;
	enum redis_type type;
	int64_t num;
	char text[200];
	size_t len;
};

static void on_state(bool up, void *arg)
{
	struct fixture *fix = arg;

	if (up)
		fix->ups++;
	else
		fix->downs++;
}

static void on_answer(int err, const struct redis_val *val, void *arg)
{
	struct answer *answer = arg;

	answer->calls++;
	answer->err = err;
	if (!val)
		return;

	answer->type = val->type;
	answer->num = val->num;
	answer->len = val->len;
	if (val->type != REDIS_ARRAY && val->len < sizeof(answer->text))
		memcpy(answer->text, val->str, val->len + 1);
}

static bool is_answered(void *arg)
{
	struct answer *answer = arg;

	return answer->calls > 0;
}

static bool has_come_back(void *arg)
{
	struct fixture *fix = arg;

	return fix->ups == 2;
}

static bool start(struct fixture *fix)
{
	struct redis_cfg cfg = {.path = fix->server.sock, .name = "test"};

	*fix = (struct fixture){.ups = 0};
	if (!redis_server_start(&fix->server))
		return false;

	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&fix->wheel, loop_now_ms()));
	loop_drive(fix->wheel);
	CHECK(!redis_link_alloc(&fix->link, &cfg, fix->wheel, on_state, fix));
	return CHECK(redis_test_until(fix->wheel, 5000, redis_test_is_up,
				      fix->link));
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->link);
	if (fix->wheel) {
		CHECK_INT(wheel_count(fix->wheel), 0);
		loop_drive(NULL);
		mem_deref(fix->wheel);
		loop_close();
	}
	redis_server_kill(&fix->server);
}

static int ask(struct fixture *fix, struct answer *answer, size_t argc,
	       const struct redis_arg *argv)
{
	*answer = (struct answer){.calls = 0};
	return redis_link_send(fix->link, argv, argc, on_answer, answer);
}

/* GET key, waited for. */
static void get(struct fixture *fix, struct answer *answer, const char *key)
{
	const struct redis_arg argv[] = {redis_str("GET"), redis_str(key)};

	CHECK(!ask(fix, answer, 2, argv));
	CHECK(redis_test_until(fix->wheel, 5000, is_answered, answer));
}

static void a_command_is_answered(void)
{
	const struct redis_arg argv[] = {redis_str("SET"), redis_str("k"),
					 redis_str("v")};
	struct fixture fix;
	struct answer answer;

	if (start(&fix)) {
		CHECK(!ask(&fix, &answer, 3, argv));
		CHECK_INT(answer.calls, 0); /* never from within send */
		CHECK(redis_test_until(fix.wheel, 5000, is_answered, &answer));
		CHECK_INT(answer.err, 0);
		CHECK_INT(answer.type, REDIS_STATUS);
		CHECK_STR(answer.text, "OK");
		get(&fix, &answer, "k");
		CHECK_STR(answer.text, "v");
		get(&fix, &answer, "absent");
		CHECK_INT(answer.type, REDIS_NIL);
	}
	stop(&fix);
}

static void hostile_values_stay_values(void)
{
	static const char evil[] = "a\r\nDEL x\r\n*1\r\n$8\r\nFLUSHALL\r\n\0z";
	const struct redis_arg put[] = {redis_str("SET"), redis_str("x"),
					redis_str("here")};
	const struct redis_arg set[] = {redis_str("SET"),
					{evil, sizeof(evil)},
					{evil, sizeof(evil)}};
	const struct redis_arg get_evil[] = {redis_str("GET"),
					     {evil, sizeof(evil)}};
	const struct redis_arg empty[] = {redis_str("SET"),
					  redis_str("e"),
					  {NULL, 0}};
	struct fixture fix;
	struct answer answer;

	if (start(&fix)) {
		CHECK(!ask(&fix, &answer, 3, put));
		CHECK(!ask(&fix, &answer, 3, set));
		CHECK(!ask(&fix, &answer, 2, get_evil));
		CHECK(redis_test_until(fix.wheel, 5000, is_answered, &answer));
		redis_test_until(fix.wheel, 20, redis_test_never, NULL);
		CHECK_INT(answer.len, sizeof(evil));
		CHECK(!memcmp(answer.text, evil, sizeof(evil)));
		get(&fix, &answer, "x");
		CHECK_STR(answer.text, "here");
		CHECK(!ask(&fix, &answer, 3, empty));
		get(&fix, &answer, "e");
		CHECK_INT(answer.type, REDIS_STR);
		CHECK_INT(answer.len, 0);
	}
	stop(&fix);
}

static void the_servers_refusal_is_a_value(void)
{
	const struct redis_arg argv[] = {redis_str("NOSUCH")};
	struct fixture fix;
	struct answer answer;

	if (start(&fix)) {
		CHECK(!ask(&fix, &answer, 1, argv));
		CHECK(redis_test_until(fix.wheel, 5000, is_answered, &answer));
		CHECK_INT(answer.err, 0);
		CHECK_INT(answer.type, REDIS_ERR);
		CHECK(redis_link_up(fix.link));
	}
	stop(&fix);
}

static void on_shape(int err, const struct redis_val *val, void *arg)
{
	const struct redis_val *in = val ? &val->el[1] : NULL;
	int *calls = arg;

	++*calls;
	REQUIRE(!err && val->type == REDIS_ARRAY && val->len == 3);
	CHECK(val->el[0].type == REDIS_INT && val->el[0].num == 1);
	CHECK(redis_is(&val->el[2], "c"));
	REQUIRE(in->type == REDIS_ARRAY && in->len == 3);
	CHECK(redis_is(&in->el[0], "a"));
	CHECK(in->el[1].type == REDIS_ARRAY && in->el[1].len == 0);
	REQUIRE(in->el[2].type == REDIS_ARRAY && in->el[2].len == 2);
	CHECK_INT(in->el[2].el[0].num, 2);
	CHECK(redis_is(&in->el[2].el[1], "b"));
}

static bool is_counted(void *arg)
{
	return *(int *)arg > 0;
}

static void nested_arrays_keep_their_shape(void)
{
	static const struct redis_script script = {
		"shape", "return {1, {'a', {}, {2, 'b'}}, 'c'}"};
	struct fixture fix;
	int calls = 0;

	if (start(&fix)) {
		CHECK(!redis_link_eval(fix.link, &script, NULL, 0, NULL, 0,
				       on_shape, &calls));
		CHECK(redis_test_until(fix.wheel, 5000, is_counted, &calls));
	}
	stop(&fix);
}

static void a_forgotten_owner_hears_nothing(void)
{
	const struct redis_arg argv[] = {redis_str("PING")};
	struct fixture fix;
	struct answer answer, other;

	if (start(&fix)) {
		CHECK(!ask(&fix, &answer, 1, argv));
		redis_link_forget(fix.link, &answer);
		CHECK(!ask(&fix, &other, 1, argv));
		CHECK(redis_test_until(fix.wheel, 5000, is_answered, &other));
		CHECK_INT(answer.calls, 0);
	}
	stop(&fix);
}

static void the_clock_of_redis_is_known(void)
{
	struct fixture fix;
	struct answer answer;
	const struct redis_arg argv[] = {redis_str("TIME")};
	uint64_t before = 0, after = 0;
	struct timespec ts;

	if (start(&fix)) {
		clock_gettime(CLOCK_REALTIME, &ts);
		CHECK(redis_link_time(fix.link, &before));
		CHECK(before / 1000 + 2 >= (uint64_t)ts.tv_sec);
		CHECK(before / 1000 <= (uint64_t)ts.tv_sec + 2);
		redis_test_until(fix.wheel, 50, redis_test_never, NULL);
		CHECK(!ask(&fix, &answer, 1, argv));
		CHECK(redis_link_time(fix.link, &after));
		CHECK(after >= before + 40 && after < before + 3000);
	}
	stop(&fix);
}

static void a_crash_fails_what_waits_and_is_healed(void)
{
	const struct redis_arg argv[] = {redis_str("BLPOP"),
					 redis_str("nothing"), redis_str("0")};
	struct fixture fix;
	struct answer answer;

	if (start(&fix)) {
		CHECK(!ask(&fix, &answer, 3, argv));
		redis_test_until(fix.wheel, 20, redis_test_never, NULL);
		redis_server_kill(&fix.server);
		CHECK(redis_test_until(fix.wheel, 5000, is_answered, &answer));
		CHECK_INT(answer.err, ECONNRESET);
		CHECK_INT(answer.calls, 1);
		CHECK_INT(fix.downs, 1);
		CHECK_INT(ask(&fix, &answer, 3, argv), ENOTCONN);
		redis_test_until(fix.wheel, 300, redis_test_never, NULL);
		CHECK(redis_server_start(&fix.server));
		CHECK(redis_test_until(fix.wheel, 5000, has_come_back, &fix));
		get(&fix, &answer, "k");
		CHECK_INT(answer.type, REDIS_NIL);
	}
	stop(&fix);
}

static void a_silent_server_is_noticed_without_traffic(void)
{
	struct fixture fix;
	uint64_t begin;

	if (start(&fix)) {
		redis_server_freeze(&fix.server);
		begin = loop_now_ms();
		CHECK(redis_test_until(fix.wheel, 5000, redis_test_is_down,
				       fix.link));
		CHECK(loop_now_ms() - begin <= 3300);
		redis_server_thaw(&fix.server);
		CHECK(redis_test_until(fix.wheel, 5000, has_come_back, &fix));
	}
	stop(&fix);
}

static void a_silent_server_times_a_command_out(void)
{
	struct fixture fix;
	struct answer answer;
	const struct redis_arg argv[] = {redis_str("PING")};
	uint64_t begin;

	if (start(&fix)) {
		redis_server_freeze(&fix.server);
		begin = loop_now_ms();
		CHECK(!ask(&fix, &answer, 1, argv));
		CHECK(redis_test_until(fix.wheel, 5000, is_answered, &answer));
		CHECK_INT(answer.err, ETIMEDOUT);
		CHECK(loop_now_ms() - begin >= 1900);
		CHECK(loop_now_ms() - begin < 2600);
		redis_server_thaw(&fix.server);
	}
	stop(&fix);
}

static void our_own_pause_is_not_the_servers(void)
{
	struct timespec ts = {.tv_sec = 2, .tv_nsec = 200000000};
	const struct redis_arg argv[] = {redis_str("PING")};
	struct fixture fix;
	struct answer answer;

	if (start(&fix)) {
		CHECK(!ask(&fix, &answer, 1, argv));
		redis_test_until(fix.wheel, 1, redis_test_never, NULL);
		answer.calls = 0;
		CHECK(!ask(&fix, &answer, 1, argv));
		redis_test_until(fix.wheel, 0, redis_test_never, NULL);
		nanosleep(&ts, NULL); /* the loop stands still */
		redis_test_until(fix.wheel, 100, redis_test_never, NULL);
		CHECK_INT(answer.err, 0);
		CHECK_INT(fix.downs, 0);
	}
	stop(&fix);
}

/* A machine that stood still: the server has not had its time either. */
static void a_pause_of_both_is_not_the_servers(void)
{
	struct timespec ts = {.tv_sec = 2, .tv_nsec = 200000000};
	const struct redis_arg argv[] = {redis_str("PING")};
	struct fixture fix;
	struct answer answer;

	if (start(&fix)) {
		/* others were asked before, and have answered */
		redis_test_until(fix.wheel, 1700, redis_test_never, NULL);
		redis_server_freeze(&fix.server);
		CHECK(!ask(&fix, &answer, 1, argv));
		redis_test_until(fix.wheel, 0, redis_test_never, NULL);
		nanosleep(&ts, NULL);
		redis_test_until(fix.wheel, 400, redis_test_never, NULL);
		CHECK_INT(answer.calls, 0);
		CHECK(redis_link_waited(fix.link) < 1000);
		redis_server_thaw(&fix.server);
		CHECK(redis_test_until(fix.wheel, 5000, is_answered, &answer));
		CHECK_INT(answer.err, 0);
		CHECK_INT(fix.downs, 0);
	}
	stop(&fix);
}

static const struct redis_script counter = {
	"counter", "return redis.call('INCRBY', KEYS[1], ARGV[1])"};

static void eval(struct fixture *fix, struct answer *answer)
{
	const struct redis_arg key = redis_str("n"), by = redis_str("5");

	*answer = (struct answer){.calls = 0};
	CHECK(!redis_link_eval(fix->link, &counter, &key, 1, &by, 1, on_answer,
			       answer));
	CHECK(redis_test_until(fix->wheel, 5000, is_answered, answer));
}

static void on_pair(int err, const struct redis_val *val, void *arg)
{
	struct answer *answer = arg;

	answer->calls++;
	if (err || val->type != REDIS_ARRAY || val->len != 2)
		return;
	answer->num = val->el[0].num;
	answer->len = val->el[1].len;
}

static void a_script_survives_a_restart_and_a_flush(void)
{
	const struct redis_arg flush[] = {redis_str("SCRIPT"),
					  redis_str("FLUSH")};
	struct fixture fix;
	struct answer answer, flushed;

	if (start(&fix)) {
		eval(&fix, &answer);
		CHECK_INT(answer.num, 5);
		eval(&fix, &answer); /* by its hash */
		CHECK_INT(answer.num, 10);
		CHECK(!ask(&fix, &flushed, 2, flush));
		eval(&fix, &answer); /* NOSCRIPT, then the body */
		CHECK_INT(answer.num, 15);
		CHECK_INT(answer.calls, 1);

		redis_server_kill(&fix.server);
		CHECK(redis_test_until(fix.wheel, 5000, redis_test_is_down,
				       fix.link));
		CHECK(redis_server_start(&fix.server));
		CHECK(redis_test_until(fix.wheel, 5000, has_come_back, &fix));
		eval(&fix, &answer);
		CHECK_INT(answer.num, 5);
	}
	stop(&fix);
}

/* Of each size that its length is written with: by the script's hash, and once
 * more with its body, when the server has forgotten it. */
static void an_argument_of_any_size_goes_over_whole(void)
{
	static const struct redis_script echo = {
		.name = "echo", .body = "return {#ARGV[1], ARGV[1]}"};
	static const size_t sizes[] = {0, 1, 9, 10, 99, 100, 1000, 300000};
	char *text = mem_zalloc(300000, NULL);
	const struct redis_arg flush[] = {redis_str("SCRIPT"),
					  redis_str("FLUSH")};
	struct fixture fix;
	struct answer answer, flushed;

	REQUIRE(text != NULL);
	memset(text, '7', 300000);
	if (start(&fix)) {
		for (size_t i = 0; i < 2 * COUNTOF(sizes); i++) {
			const struct redis_arg arg = {text, sizes[i / 2]};

			memset(&answer, 0, sizeof(answer));
			if (i % 2)
				CHECK(!ask(&fix, &flushed, 2, flush));
			CHECK(!redis_link_eval(fix.link, &echo, NULL, 0, &arg,
					       1, on_pair, &answer));
			CHECK(redis_test_until(fix.wheel, 5000, is_answered,
					       &answer));
			CHECK_INT(answer.num, sizes[i / 2]);
			CHECK_INT(answer.len, sizes[i / 2]);
		}
	}
	stop(&fix);
	mem_deref(text);
}

/* A script that fails is a refusal, one that the server has to learn is none. */
static void scripts_that_fail_are_counted(void)
{
	static const struct redis_script bad = {
		.name = "bad",
		.body = "return redis.call('INCR', KEYS[1], 'x')"};
	const struct redis_arg key = redis_str("k");
	const struct redis_arg flush[] = {redis_str("SCRIPT"),
					  redis_str("FLUSH")};
	struct fixture fix;
	struct answer answer, flushed;

	if (start(&fix)) {
		eval(&fix, &answer);
		CHECK(!ask(&fix, &flushed, 2, flush));
		eval(&fix, &answer);
		CHECK_INT(redis_link_figures(fix.link)->refused, 0);
		for (unsigned n = 1; n < 4; n++) {
			memset(&answer, 0, sizeof(answer));
			CHECK(!redis_link_eval(fix.link, &bad, &key, 1, NULL, 0,
					       on_answer, &answer));
			CHECK(redis_test_until(fix.wheel, 5000, is_answered,
					       &answer));
			CHECK_INT(answer.type, REDIS_ERR);
			CHECK_INT(redis_link_figures(fix.link)->refused, n);
		}
	}
	stop(&fix);
}

static void no_server_at_start_is_waited_for(void)
{
	struct fixture fix = {.server = {.pid = 0}};
	struct redis_cfg cfg = {.path = fix.server.sock};

	snprintf(fix.server.sock, sizeof(fix.server.sock), "%s/late.sock",
		 test_tmpdir());
	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&fix.wheel, loop_now_ms()));
	loop_drive(fix.wheel);
	CHECK(!redis_link_alloc(&fix.link, &cfg, fix.wheel, on_state, &fix));
	redis_test_until(fix.wheel, 300, redis_test_never, NULL);
	CHECK(!redis_link_up(fix.link));
	CHECK_STR(redis_link_why(fix.link), "No such file or directory");
	if (redis_server_start(&fix.server))
		CHECK(redis_test_until(fix.wheel, 5000, redis_test_is_up,
				       fix.link));
	CHECK_INT(fix.downs, 0);
	CHECK_STR(redis_link_why(fix.link), "");
	stop(&fix);
}

/* One that is free now; nothing else here takes fixed ones. */
static uint16_t free_port(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(!bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	CHECK(!getsockname(fd, (struct sockaddr *)&sin, &len));
	close(fd);
	return ntohs(sin.sin_port);
}

static void tcp_serves_as_well(void)
{
	struct fixture fix = {.server = {.port = free_port()}};
	struct redis_cfg cfg = {.host = "127.0.0.1", .port = fix.server.port};

	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&fix.wheel, loop_now_ms()));
	loop_drive(fix.wheel);
	CHECK(!redis_link_alloc(&fix.link, &cfg, fix.wheel, on_state, &fix));
	redis_test_until(fix.wheel, 50, redis_test_never, NULL);
	CHECK(!redis_link_up(fix.link));
	CHECK_STR(redis_link_why(fix.link), "Connection refused");
	if (redis_server_start(&fix.server)) {
		CHECK(redis_test_until(fix.wheel, 5000, redis_test_is_up,
				       fix.link));
		redis_server_freeze(&fix.server);
		CHECK(redis_test_until(fix.wheel, 5000, redis_test_is_down,
				       fix.link));
		CHECK_STR(redis_link_why(fix.link), "no answer in time");
		redis_server_thaw(&fix.server);
		CHECK(redis_test_until(fix.wheel, 5000, has_come_back, &fix));
	}
	stop(&fix);
}

/* Name service, played by the test: a thread of whoever asks may be in it. */
static atomic_int names_asked;
static atomic_bool names_answer;

int getaddrinfo(const char *restrict node, const char *restrict service,
		const struct addrinfo *restrict hints,
		struct addrinfo **restrict res)
{
	static int (*next)(const char *, const char *, const struct addrinfo *,
			   struct addrinfo **);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
	if (node && !strcmp(node, "redis.test")) {
		atomic_fetch_add(&names_asked, 1);
		/* as a name server that does not answer, but for 5 s */
		for (int i = 0; i < 1000 && !atomic_load(&names_answer); i++)
			redis_server_nap();
		node = atomic_load(&names_answer) ? "127.0.0.1" : "-";
	}
	return next(node, service, hints, res);
}

struct gap {
	struct wheel *wheel;
	struct wheel_timer timer;
	uint64_t last_ms, worst_ms;
};

static void on_gap(void *arg)
{
	struct gap *gap = arg;
	uint64_t now = loop_now_ms();

	if (now - gap->last_ms > gap->worst_ms)
		gap->worst_ms = now - gap->last_ms;
	gap->last_ms = now;
	wheel_start(gap->wheel, &gap->timer, 5, on_gap, gap);
}

/* Names are asked for again at each reconnect, just when all is on fire. */
static void a_slow_name_service_stops_no_loop(void)
{
	struct fixture fix = {.server = {.port = free_port()}};
	struct redis_cfg cfg = {.host = "redis.test", .port = fix.server.port};
	struct gap gap = {.worst_ms = 0};

	atomic_store(&names_answer, false);
	atomic_store(&names_asked, 0);
	if (!redis_server_start(&fix.server))
		return;
	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&fix.wheel, loop_now_ms()));
	loop_drive(fix.wheel);
	gap.wheel = fix.wheel;
	gap.last_ms = loop_now_ms();
	on_gap(&gap);
	CHECK(!redis_link_alloc(&fix.link, &cfg, fix.wheel, on_state, &fix));
	redis_test_until(fix.wheel, 600, redis_test_never, NULL);
	CHECK_INT(atomic_load(&names_asked), 1);
	CHECK(!redis_link_up(fix.link));
	atomic_store(&names_answer, true);
	CHECK(redis_test_until(fix.wheel, 5000, redis_test_is_up, fix.link));
	CHECK(gap.worst_ms < 400);
	wheel_stop(&gap.timer);
	stop(&fix);
}

static void a_name_that_is_none_is_told(void)
{
	struct redis_cfg cfg = {.host = "-", .port = 1};
	struct fixture fix = {.server = {.pid = 0}};

	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&fix.wheel, loop_now_ms()));
	loop_drive(fix.wheel);
	CHECK(!redis_link_alloc(&fix.link, &cfg, fix.wheel, on_state, &fix));
	redis_test_until(fix.wheel, 300, redis_test_never, NULL);
	CHECK(strstr(redis_link_why(fix.link), "ame")); /* Name or service .. */
	stop(&fix);
}

/* The link goes while its name is asked for. */
static void a_link_may_go_before_its_name_is_known(void)
{
	struct redis_cfg cfg = {.host = "redis.test", .port = 1};
	struct fixture fix = {.server = {.pid = 0}};

	atomic_store(&names_answer, false);
	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&fix.wheel, loop_now_ms()));
	loop_drive(fix.wheel);
	CHECK(!redis_link_alloc(&fix.link, &cfg, fix.wheel, on_state, &fix));
	redis_test_until(fix.wheel, 50, redis_test_never, NULL);
	fix.link = mem_deref(fix.link);
	atomic_store(&names_answer, true);
	redis_test_until(fix.wheel, 50, redis_test_never, NULL);
	stop(&fix);
}

static void nowhere_to_connect_is_refused(void)
{
	struct redis_cfg cfg = {.user = "x"};
	struct redis_link *link = NULL;
	struct redis_sync *sync = NULL;

	CHECK_INT(redis_link_alloc(&link, &cfg, NULL, NULL, NULL), EINVAL);
	CHECK_INT(redis_sync_alloc(&sync, &cfg), EINVAL);
}

/* ACL SETUSER someone on >right ~* +@all, then a link of that user. */
static bool user_comes_up(struct fixture *fix, const char *password,
			  char why[64])
{
	const struct redis_arg acl[] = {
		redis_str("ACL"),  redis_str("SETUSER"), redis_str("someone"),
		redis_str("on"),   redis_str(">right"),  redis_str("~*"),
		redis_str("+@all")};
	struct redis_cfg cfg = {.path = fix->server.sock,
				.user = "someone",
				.password = password};
	struct redis_link *link = NULL;
	struct answer answer;
	bool up;

	CHECK(!ask(fix, &answer, 7, acl));
	CHECK(redis_test_until(fix->wheel, 5000, is_answered, &answer));
	CHECK(!redis_link_alloc(&link, &cfg, fix->wheel, NULL, NULL));
	up = redis_test_until(fix->wheel, 600, redis_test_is_up, link);
	str_ncpy(why, redis_link_why(link), 64);
	mem_deref(link);
	return up;
}

static void a_wrong_password_never_comes_up(void)
{
	struct fixture fix;
	char why[64];

	if (start(&fix)) {
		CHECK(user_comes_up(&fix, "right", why));
		CHECK(!user_comes_up(&fix, "wrong", why));
		/* what the server says, and not that it was unreachable */
		CHECK(!strncmp(why, "WRONGPASS ", 10));
	}
	stop(&fix);
}

struct suicide {
	struct redis_link *link;
	int calls;
};

static void on_answer_let_go(int err, const struct redis_val *val, void *arg)
{
	struct suicide *suicide = arg;
	(void)val;
	(void)err;

	suicide->calls++;
	suicide->link = mem_deref(suicide->link);
}

static bool is_let_go(void *arg)
{
	return !((struct suicide *)arg)->link;
}

static void the_link_may_be_freed_by_its_own_reply(void)
{
	const struct redis_arg argv[] = {redis_str("PING")};
	struct fixture fix;
	struct suicide suicide = {NULL, 0};

	if (start(&fix)) {
		suicide.link = fix.link;
		fix.link = NULL;
		for (int i = 0; i < 3; i++)
			CHECK(!redis_link_send(suicide.link, argv, 1,
					       on_answer_let_go, &suicide));
		CHECK(redis_test_until(fix.wheel, 5000, is_let_go, &suicide));
		CHECK_INT(suicide.calls, 1);
	}
	stop(&fix);
}

static void the_link_may_be_freed_by_its_own_loss(void)
{
	const struct redis_arg argv[] = {redis_str("BLPOP"),
					 redis_str("nothing"), redis_str("0")};
	struct fixture fix;
	struct suicide suicide = {NULL, 0};

	if (start(&fix)) {
		suicide.link = fix.link;
		fix.link = NULL;
		for (int i = 0; i < 3; i++)
			CHECK(!redis_link_send(suicide.link, argv, 3,
					       on_answer_let_go, &suicide));
		redis_test_until(fix.wheel, 20, redis_test_never, NULL);
		redis_server_kill(&fix.server);
		CHECK(redis_test_until(fix.wheel, 5000, is_let_go, &suicide));
		CHECK_INT(suicide.calls, 1);
		CHECK_INT(fix.downs, 0);
	}
	stop(&fix);
}

static void a_thousand_commands_in_one_turn_come_back_in_order(void)
{
	static struct answer answers[1000];
	struct fixture fix;
	char num[16];

	if (start(&fix)) {
		for (int i = 0; i < 1000; i++) {
			struct redis_arg argv[] = {redis_str("ECHO"), {num, 0}};

			argv[1].len = (size_t)sprintf(num, "%d", i);
			CHECK(!ask(&fix, &answers[i], 2, argv));
		}
		CHECK(redis_test_until(fix.wheel, 5000, is_answered,
				       &answers[999]));
		for (int i = 0; i < 1000; i++)
			CHECK_INT(atoi(answers[i].text), i);
	}
	stop(&fix);
}

static void a_name_from_outside_is_one_part_of_a_key(void)
{
	struct pl name = PL("a\r\nDEL x:{*}?[%/\xc3\xa4");
	char key[128];

	re_snprintf(key, sizeof(key), "cb:{a:%H}:bind", redis_key_part, &name);
	CHECK_STR(key, "cb:{a:a%0D%0ADEL%20x%3A%7B%2A%7D%3F%5B%25%2F%C3%A4}"
		       ":bind");
}

static void a_blocking_connection_works_and_comes_back(void)
{
	struct redis_server server = {.pid = 0};
	const struct redis_arg set[] = {redis_str("HSET"), redis_str("h"),
					redis_str("f"), redis_str("v")};
	const struct redis_arg all[] = {redis_str("HGETALL"), redis_str("h")};
	struct redis_cfg cfg = {.path = server.sock, .command_ms = 300};
	const struct redis_val *val = NULL;
	struct redis_sync *sync = NULL;

	if (!redis_server_start(&server))
		return;

	CHECK(!redis_sync_alloc(&sync, &cfg));
	CHECK(!redis_sync_send(sync, set, 4, &val));
	CHECK(!redis_sync_send(sync, all, 2, &val));
	CHECK(redis_is(redis_field(val, "f"), "v"));
	CHECK(!redis_field(val, "g"));
	redis_server_freeze(&server);
	CHECK_INT(redis_sync_send(sync, all, 2, &val), ETIMEDOUT);
	redis_server_thaw(&server);
	CHECK(!redis_sync_send(sync, all, 2, &val));
	redis_server_kill(&server);
	CHECK_INT(redis_sync_send(sync, all, 2, &val), ENOTCONN);
	CHECK_INT(redis_sync_send(sync, all, 2, &val), ENOTCONN);
	if (redis_server_start(&server))
		CHECK(!redis_sync_send(sync, all, 2, &val));
	/* a restart that nobody has noticed */
	redis_server_kill(&server);
	if (redis_server_start(&server))
		CHECK(!redis_sync_send(sync, all, 2, &val));
	mem_deref(sync);
	redis_server_kill(&server);
}

static void a_silent_redis_is_waited_for_once(void)
{
	struct redis_server server = {.pid = 0};
	const struct redis_arg ping[] = {redis_str("PING")};
	struct redis_cfg cfg = {.path = server.sock,
				.command_ms = 100,
				.silent_ms = 3600000};
	struct redis_sync *sync = NULL, *soon = NULL;
	const struct redis_val *val = NULL;
	int err = ETIMEDOUT;

	if (!redis_server_start(&server))
		return;
	CHECK(!redis_sync_alloc(&sync, &cfg));
	cfg.silent_ms = 1;
	CHECK(!redis_sync_alloc(&soon, &cfg));
	CHECK(!redis_sync_send(sync, ping, 1, &val));
	redis_server_freeze(&server);
	CHECK_INT(redis_sync_send(sync, ping, 1, &val), ETIMEDOUT);
	CHECK_INT(redis_sync_send(soon, ping, 1, &val), ETIMEDOUT);
	redis_server_thaw(&server);
	/* it would answer, and is not asked */
	CHECK_INT(redis_sync_send(sync, ping, 1, &val), ETIMEDOUT);
	for (int i = 0; i < 1000 && err; i++) {
		sys_msleep(1);
		err = redis_sync_send(soon, ping, 1, &val);
	}
	CHECK_INT(err, 0);
	mem_deref(sync);
	mem_deref(soon);
	redis_server_kill(&server);
}

struct piped {
	size_t n;
	bool mixed, refused;
};

static void on_piped(size_t nr, const struct redis_val *val, void *arg)
{
	struct piped *piped = arg;
	char want[8];

	re_snprintf(want, sizeof(want), "%zu", nr);
	piped->mixed |= nr != piped->n++ || !redis_is(val, want);
	piped->refused |= val->type == REDIS_ERR;
}

/* Stops this process for a while, and lets the server go on soon behind it. */
static pid_t stop_us(const struct redis_server *server)
{
	const pid_t us = getpid(), child = fork();

	if (child)
		return child;

	usleep(50000);
	kill(us, SIGSTOP);
	usleep(1200000);
	kill(us, SIGCONT);
	usleep(50000);
	redis_server_thaw(server);
	_exit(0);
}

static void a_pause_of_both_is_not_the_servers_for_who_blocks(void)
{
	struct redis_server server = {.pid = 0};
	struct redis_cfg cfg = {.path = server.sock, .command_ms = 500};
	const struct redis_arg ping[] = {redis_str("PING")};
	const struct redis_val *val = NULL;
	struct redis_sync *sync = NULL;
	pid_t child;

	if (!redis_server_start(&server))
		return;
	CHECK(!redis_sync_alloc(&sync, &cfg));
	CHECK(!redis_sync_send(sync, ping, 1, &val));
	redis_server_freeze(&server);
	child = stop_us(&server);
	CHECK_INT(redis_sync_send(sync, ping, 1, &val), 0);
	CHECK(val && redis_is(val, "PONG"));
	waitpid(child, NULL, 0);
	redis_server_kill(&server);
	mem_deref(sync);
}

static void many_commands_at_once_are_answered_in_order(void)
{
	struct redis_server server = {.pid = 0};
	struct redis_cfg cfg = {.path = server.sock, .command_ms = 300};
	struct redis_arg argv[2 * (REDIS_PIPE_MAX + 1)];
	struct redis_pipe pipe = {argv, 2, REDIS_PIPE_MAX};
	char text[REDIS_PIPE_MAX + 1][8];
	const struct redis_arg ping[] = {redis_str("PING")};
	const struct redis_val *val = NULL;
	struct redis_sync *sync = NULL;
	struct piped piped = {.n = 0};

	if (!redis_server_start(&server))
		return;
	for (unsigned i = 0; i < COUNTOF(text); i++) {
		re_snprintf(text[i], sizeof(text[i]), "%u", i);
		argv[2 * i] = redis_str("ECHO");
		argv[2 * i + 1] = redis_str(text[i]);
	}
	CHECK(!redis_sync_alloc(&sync, &cfg));
	CHECK(!redis_sync_pipe(sync, &pipe, on_piped, &piped));
	CHECK_INT(piped.n, REDIS_PIPE_MAX);
	CHECK(!piped.mixed);
	pipe.n = REDIS_PIPE_MAX + 1;
	CHECK_INT(redis_sync_pipe(sync, &pipe, on_piped, &piped), EINVAL);
	pipe.n = 0;
	CHECK(!redis_sync_pipe(sync, &pipe, on_piped, &piped));
	CHECK_INT(piped.n, REDIS_PIPE_MAX);
	/* a refusal is the answer to that one alone */
	piped = (struct piped){.n = 0};
	pipe.n = 3;
	argv[2] = redis_str("NOSUCH");
	CHECK(!redis_sync_pipe(sync, &pipe, on_piped, &piped));
	CHECK_INT(piped.n, 3);
	CHECK(piped.mixed && piped.refused);
	CHECK(!redis_sync_send(sync, ping, 1, &val) && redis_is(val, "PONG"));
	/* and no answer that is late is taken for another's */
	piped = (struct piped){.n = 0};
	argv[2] = redis_str("ECHO");
	redis_server_freeze(&server);
	CHECK_INT(redis_sync_pipe(sync, &pipe, on_piped, &piped), ETIMEDOUT);
	redis_server_thaw(&server);
	CHECK_INT(piped.n, 0);
	CHECK(!redis_sync_pipe(sync, &pipe, on_piped, &piped));
	CHECK_INT(piped.n, 3);
	CHECK(!piped.mixed);
	redis_server_kill(&server);
	CHECK_INT(redis_sync_pipe(sync, &pipe, on_piped, &piped), ENOTCONN);
	mem_deref(sync);
}

TEST_MAIN(TEST(a_command_is_answered), TEST(hostile_values_stay_values),
	  TEST(the_servers_refusal_is_a_value),
	  TEST(nested_arrays_keep_their_shape),
	  TEST(a_forgotten_owner_hears_nothing),
	  TEST(the_clock_of_redis_is_known),
	  TEST(a_crash_fails_what_waits_and_is_healed),
	  TEST(a_silent_server_is_noticed_without_traffic),
	  TEST(a_silent_server_times_a_command_out),
	  TEST(our_own_pause_is_not_the_servers),
	  TEST(a_pause_of_both_is_not_the_servers),
	  TEST(a_script_survives_a_restart_and_a_flush),
	  TEST(an_argument_of_any_size_goes_over_whole),
	  TEST(scripts_that_fail_are_counted),
	  TEST(no_server_at_start_is_waited_for), TEST(tcp_serves_as_well),
	  TEST(a_slow_name_service_stops_no_loop),
	  TEST(a_name_that_is_none_is_told),
	  TEST(a_link_may_go_before_its_name_is_known),
	  TEST(nowhere_to_connect_is_refused),
	  TEST(a_wrong_password_never_comes_up),
	  TEST(the_link_may_be_freed_by_its_own_reply),
	  TEST(the_link_may_be_freed_by_its_own_loss),
	  TEST(a_thousand_commands_in_one_turn_come_back_in_order),
	  TEST(a_name_from_outside_is_one_part_of_a_key),
	  TEST(a_blocking_connection_works_and_comes_back),
	  TEST(a_pause_of_both_is_not_the_servers_for_who_blocks),
	  TEST(many_commands_at_once_are_answered_in_order),
	  TEST(a_silent_redis_is_waited_for_once))
