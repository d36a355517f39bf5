/*
 * test_admin_later.c  Answers that come later, by real sockets
 *
 * `POST /wait/{name}` waits until `POST /go/{name}` was asked.
 *
 * SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/admin_http.h"
#include "common/admin_later.h"
#include "tests/lib/admin_stage.h"
#include "tests/lib/admin_tokens.h"
#include "tests/lib/test.h"

enum {
	EVERY_MS = 5,
	MOST_MS = 60000,
	TRIES = 500,
};

/* --- the server ---------------------------------------------------------------- */

struct server {
	struct admin_figures figures;
	char go[64];
	unsigned called, states, told;
	char last[64]; /* what was told of */
};

struct state {
	struct server *s;
	bool says; /* what it is when it is too late */
};

static void state_destructor(void *data)
{
	struct state *state = data;

	--state->s->states;
}

static bool on_look(const struct admin_req *req, struct admin_resp *resp,
		    bool late, void *arg)
{
	const struct state *state = arg;
	const char *name = admin_req_param(req, "name");

	if (late && state->says) {
		admin_resp_problem(resp, 504, "Too late, says the handler.");
		return true;
	}
	if (strcmp(state->s->go, "all") && strcmp(state->s->go, name))
		return false;
	resp->type = "text/plain";
	(void)mbuf_printf(resp->mb, "%s by %s q=%s x=%s body=%r", name,
			  admin_req_by(req), admin_req_query(req, "q"),
			  admin_req_header(req, "x"), admin_req_body(req));
	return true;
}

static void handle_wait(const struct admin_req *req, struct admin_resp *resp,
			void *arg)
{
	const char *most = admin_req_query(req, "most");
	struct server *s = arg;
	const struct admin_later_cfg cfg = {
		.lookh = on_look,
		.every_ms = EVERY_MS,
		.most_ms = most ? (uint32_t)atoi(most) : MOST_MS};
	struct state *state = mem_zalloc(sizeof(*state), state_destructor);

	REQUIRE(state);
	++s->called;
	++s->states;
	state->s = s;
	state->says = admin_req_query(req, "says") != NULL;
	admin_later(resp, &cfg, state);
	mem_deref(state);
}

static void handle_go(const struct admin_req *req, struct admin_resp *resp,
		      void *arg)
{
	struct server *s = arg;

	(void)resp;
	str_ncpy(s->go, admin_req_param(req, "name"), sizeof(s->go));
}

static void handle_counts(const struct admin_req *req, struct admin_resp *resp,
			  void *arg)
{
	const struct server *s = arg;

	(void)req;
	resp->type = "text/plain";
	(void)mbuf_printf(resp->mb, "called=%u states=%u told=%u last=%s",
			  s->called, s->states, s->told, s->last);
}

static void on_change(const struct admin_change *change, void *arg)
{
	struct server *s = arg;

	if (strncmp(change->path, "/wait/", 6))
		return;
	++s->told;
	(void)re_snprintf(s->last, sizeof(s->last), "%s by %s: %u.",
			  change->path, change->by, change->status);
}

static const struct admin_route routes[] = {
	{"POST", "/wait/{name}", handle_wait, ADMIN_OTHER | ADMIN_WAITS, NULL},
	{"POST", "/go/{name}", handle_go, ADMIN_OTHER, NULL},
	{"GET", "/counts", handle_counts, ADMIN_OPEN | ADMIN_OTHER, NULL},
};

/* How the server is to be, and what must have come of it. */
struct play {
	uint32_t conns_max, conns_per_source_max, timeout_s;
	bool quits;    /* it tells who waits that it ends */
	unsigned told; /* changes, at the end */
};

static int serve(int listen_fd, int end_fd, void *arg)
{
	const struct play *play = arg;
	struct server s = {.go = ""};
	struct admin_conf conf;
	struct admin_http_cfg cfg = {.fd = listen_fd,
				     .routes = routes,
				     .nroutes = 3,
				     .conf = &conf,
				     .conns_max = play->conns_max,
				     .conns_per_source_max = play->conns_per_source_max,
				     .timeout_s = play->timeout_s,
				     .events = {.changeh = on_change,
						.arg = &s}};
	struct admin_http *http = NULL;
	struct wheel *wheel = NULL;
	int err = loop_init(1024);

	admin_tokens_conf(&conf);
	err = err ? err : wheel_alloc(&wheel, loop_now_ms());
	err = err ? err : admin_http_alloc(&http, &cfg, wheel, &s.figures, &s);
	err = err ? err : admin_stage_run(wheel, end_fd);
	if (play->quits)
		admin_http_end(http);
	mem_deref(http);
	loop_drive(NULL);
	mem_deref(wheel);
	loop_close();
	CHECK_INT(s.states, 0);
	CHECK_INT(s.told, play->told);
	return err;
}

/* --- the client ------------------------------------------------------------------ */

struct stage {
	struct admin_stage at;
	struct play play;
	char buf[16384];
};

static int stage_open(struct stage *stage, const struct play *play)
{
	stage->play = *play;
	return admin_stage_open(&stage->at, serve, &stage->play);
}

static void stage_close(struct stage *stage)
{
	admin_stage_close(&stage->at);
}

static int connected(const struct stage *stage)
{
	return admin_stage_connected(&stage->at);
}

static void ask(int fd, const char *line, const char *rest)
{
	char text[512];
	int n = snprintf(text, sizeof(text),
			 "%s HTTP/1.1\r\nHost: a\r\nX: y\r\n"
			 "Authorization: Bearer " ADMIN_TOKEN_WRITE "\r\n%s",
			 line, rest);

	CHECK(send(fd, text, (size_t)n, MSG_NOSIGNAL) == n);
}

static int asked(const struct stage *stage, const char *line)
{
	int fd = connected(stage);

	ask(fd, line, "\r\n");
	return fd;
}

/* Reads until the text is there; false: it ended before. */
static bool comes(struct stage *stage, int fd, const char *what)
{
	return admin_stage_comes(fd, stage->buf, sizeof(stage->buf), what);
}

static bool is_silent(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	return poll(&pfd, 1, 0) == 0;
}

static bool counts(struct stage *stage, const char *what)
{
	int fd = connected(stage);
	bool there = false;

	for (int i = 0; i < TRIES && !there; i++) {
		ask(fd, "GET /counts", "\r\n");
		CHECK(comes(stage, fd, "last="));
		there = strstr(stage->buf, what) != NULL;
		if (!there)
			usleep(EVERY_MS * 1000);
	}
	close(fd);
	return there;
}

static void go(struct stage *stage, const char *name)
{
	char line[64];
	int fd;

	(void)re_snprintf(line, sizeof(line), "POST /go/%s", name);
	fd = asked(stage, line);
	CHECK(comes(stage, fd, "HTTP/1.1 200"));
	close(fd);
}

/* --- cases ----------------------------------------------------------------------- */

static void all_others_are_served_while_one_waits(void)
{
	const struct play play = {.told = 2};
	struct stage s;
	int one, two;

	REQUIRE(!stage_open(&s, &play));
	one = connected(&s);
	ask(one, "POST /wait/one?q=z",
	    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
	two = asked(&s, "POST /wait/two");
	CHECK(counts(&s, "called=2 states=2 told=0"));
	go(&s, "two");
	CHECK(comes(&s, two, "two by writer"));
	CHECK(is_silent(one));
	CHECK(counts(&s, "states=1 told=1 last=/wait/two by writer: 200."));
	go(&s, "one");
	/* the request is what it was */
	CHECK(comes(&s, one, "one by writer q=z x=y body={}"));
	CHECK(strstr(s.buf, "HTTP/1.1 200"));
	close(one);
	close(two);
	stage_close(&s);
}

static void it_may_be_too_late(void)
{
	const struct play play = {.told = 2};
	struct stage s;
	int fd;

	REQUIRE(!stage_open(&s, &play));
	fd = asked(&s, "POST /wait/one?most=20&says=1");
	CHECK(comes(&s, fd, "Too late, says the handler."));
	ask(fd, "POST /wait/one?most=1", "\r\n");
	CHECK(comes(&s, fd, "It takes too long."));
	CHECK(strstr(s.buf, "HTTP/1.1 504"));
	CHECK(counts(&s, "states=0 told=2 last=/wait/one by writer: 504."));
	close(fd);
	stage_close(&s);
}

static void who_asked_has_gone(bool abruptly)
{
	const struct linger linger = {.l_onoff = 1};
	const struct play play = {.told = 1};
	struct stage s;
	int fd;

	REQUIRE(!stage_open(&s, &play));
	fd = asked(&s, "POST /wait/one");
	CHECK(counts(&s, "states=1"));
	if (abruptly)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger,
				 sizeof(linger));
	close(fd);
	CHECK(counts(&s, "states=1 told=0"));
	go(&s, "one");
	CHECK(counts(&s, "states=0 told=1 last=/wait/one by writer: 200."));
	stage_close(&s);
}

static void what_came_of_it_is_told_of_when_who_asked_has_gone(void)
{
	who_asked_has_gone(false);
	who_asked_has_gone(true);
}

static void those_beyond_the_limit_are_refused_before_anything_is_done(void)
{
	const struct play play = {.conns_max = 6, .told = 5};
	struct stage s;
	int fds[3], fd;

	REQUIRE(!stage_open(&s, &play));
	for (int i = 0; i < 3; i++)
		fds[i] = asked(&s, "POST /wait/one");
	CHECK(counts(&s, "states=3"));
	fd = asked(&s, "POST /wait/one");
	CHECK(comes(&s, fd, "\"status\":503"));
	CHECK(strstr(s.buf, "Retry-After: 1\r\n"));
	CHECK(counts(&s, "called=3 states=3 told=1"));
	go(&s, "one");
	for (int i = 0; i < 3; i++) {
		CHECK(comes(&s, fds[i], "HTTP/1.1 200"));
		close(fds[i]);
	}
	ask(fd, "POST /wait/one", "\r\n"); /* there is room again */
	CHECK(comes(&s, fd, "HTTP/1.1 200"));
	close(fd);
	stage_close(&s);
}

static void one_source_leaves_connections_to_itself(void)
{
	const struct play play = {.conns_per_source_max = 8, .told = 5};
	struct stage s;
	int fds[5];

	REQUIRE(!stage_open(&s, &play));
	for (int i = 0; i < 4; i++)
		fds[i] = asked(&s, "POST /wait/one");
	CHECK(counts(&s, "states=4"));
	fds[4] = asked(&s, "POST /wait/one");
	CHECK(comes(&s, fds[4], "\"status\":503"));
	CHECK(counts(&s, "called=4 states=4 told=1"));
	close(fds[4]);
	go(&s, "all");
	for (int i = 0; i < 4; i++) {
		CHECK(comes(&s, fds[i], "HTTP/1.1 200"));
		close(fds[i]);
	}
	stage_close(&s);
}

static void what_is_asked_behind_it_is_answered_behind_it(void)
{
	static const char auth[] =
		" HTTP/1.1\r\nHost: a\r\n"
		"Authorization: Bearer " ADMIN_TOKEN_WRITE "\r\n\r\n";
	const struct play play = {.told = 2};
	const char *first, *second;
	struct stage s;
	char text[1024];
	int fd, n;

	REQUIRE(!stage_open(&s, &play));
	fd = connected(&s);
	n = snprintf(text, sizeof(text), "POST /wait/one%sPOST /wait/two%s"
		     "GET /counts%s", auth, auth, auth);
	CHECK(send(fd, text, (size_t)n, MSG_NOSIGNAL) == n);
	CHECK(counts(&s, "called=1 states=1"));
	CHECK(is_silent(fd));
	go(&s, "all");
	CHECK(comes(&s, fd, "told=2"));
	first = strstr(s.buf, "one by writer");
	second = strstr(s.buf, "two by writer");
	CHECK(first && second && first < second);
	close(fd);
	stage_close(&s);
}

static void no_deadline_of_connections_is_for_those_that_wait(void)
{
	/* idle for a second, and four for an answer */
	const struct play play = {.timeout_s = 1, .told = 1};
	struct stage s;
	int fd;

	REQUIRE(!stage_open(&s, &play));
	fd = asked(&s, "POST /wait/one?most=5000&says=1");
	CHECK(comes(&s, fd, "Too late, says the handler."));
	close(fd);
	stage_close(&s);
}

static void the_server_says_that_it_ends(void)
{
	const struct play play = {.quits = true, .told = 2};
	struct stage s;
	int one, two;

	REQUIRE(!stage_open(&s, &play));
	one = asked(&s, "POST /wait/one");
	two = asked(&s, "POST /wait/two");
	CHECK(counts(&s, "states=2"));
	close(two);
	stage_close(&s);
	CHECK(comes(&s, one, "The server ends before it is known"));
	CHECK(strstr(s.buf, "HTTP/1.1 503"));
	close(one);
}

static void the_server_ends_with_some_that_wait(void)
{
	const struct play play = {.told = 0};
	struct stage s;
	int fds[3];

	REQUIRE(!stage_open(&s, &play));
	for (int i = 0; i < 3; i++)
		fds[i] = asked(&s, "POST /wait/one");
	CHECK(counts(&s, "states=3"));
	close(fds[2]);
	stage_close(&s);
	for (int i = 0; i < 2; i++) {
		CHECK(!comes(&s, fds[i], "HTTP"));
		close(fds[i]);
	}
}

TEST_MAIN(TEST(all_others_are_served_while_one_waits),
	  TEST(it_may_be_too_late),
	  TEST(what_came_of_it_is_told_of_when_who_asked_has_gone),
	  TEST(those_beyond_the_limit_are_refused_before_anything_is_done),
	  TEST(one_source_leaves_connections_to_itself),
	  TEST(what_is_asked_behind_it_is_answered_behind_it),
	  TEST(no_deadline_of_connections_is_for_those_that_wait),
	  TEST(the_server_says_that_it_ends),
	  TEST(the_server_ends_with_some_that_wait))
