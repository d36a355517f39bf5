/*
 * test_admin_stream.c  Answers without an end, by real sockets
 *
 * The server writes to all streams twenty times a second.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <unistd.h>
#include <re.h>

#include "common/admin_http.h"
#include "common/admin_stream.h"
#include "tests/lib/admin_stage.h"
#include "tests/lib/admin_tokens.h"
#include "tests/lib/test.h"

enum {
	STREAMS = 4,
	BEAT_MS = 50,
	WAIT_MAX = 200000,
	FLOOD = 60000, /* bytes a beat */
};

/* --- the server ---------------------------------------------------------------- */

struct server {
	struct wheel *wheel;
	struct wheel_timer timer;
	struct admin_stream *streams[STREAMS];
	size_t flood[STREAMS];
	unsigned opened, dropped, gone, beat;
};

static void on_beat(void *arg)
{
	static char flood[FLOOD];
	struct server *s = arg;
	char line[32];

	memset(flood, '.', sizeof(flood));
	wheel_start(s->wheel, &s->timer, BEAT_MS, on_beat, s);
	re_snprintf(line, sizeof(line), "beat %u\n", ++s->beat);
	for (size_t i = 0; i < STREAMS; i++) {
		const void *text = s->flood[i] ? flood : line;
		int err;

		if (!s->streams[i])
			continue;
		err = admin_stream_write(s->streams[i], text,
					 s->flood[i] ? s->flood[i]
						     : strlen(line));
		if (!err)
			continue;
		s->dropped += err == ENOBUFS;
		s->gone += err == ENOTCONN;
		s->streams[i] = mem_deref(s->streams[i]);
	}
}

static void handle_stream(const struct admin_req *req, struct admin_resp *resp,
			  void *arg)
{
	struct server *s = arg;
	const unsigned nr = s->opened % STREAMS;

	resp->type = "text/event-stream";
	if (admin_stream_alloc(&s->streams[nr], resp, WAIT_MAX)) {
		admin_resp_problem(resp, 500, NULL);
		return;
	}
	++s->opened;
	s->flood[nr] = admin_req_query(req, "flood") ? FLOOD : 0;
	CHECK_INT(admin_stream_write(s->streams[nr], "hello\n", 6), 0);
	if (admin_req_query(req, "short")) {
		admin_stream_end(s->streams[nr]);
		CHECK_INT(admin_stream_write(s->streams[nr], "x", 1), ENOTCONN);
		s->streams[nr] = mem_deref(s->streams[nr]);
	}
}

static void handle_counts(const struct admin_req *req, struct admin_resp *resp,
			  void *arg)
{
	const struct server *s = arg;

	(void)req;
	resp->type = "text/plain";
	(void)mbuf_printf(resp->mb, "opened=%u dropped=%u gone=%u", s->opened,
			  s->dropped, s->gone);
}

static const struct admin_route routes[] = {
	{"GET", "/stream", handle_stream, true, NULL},
	{"GET", "/counts", handle_counts, true, NULL},
};

static int serve(int listen_fd, int end_fd, void *arg)
{
	struct admin_conf conf;
	const struct admin_http_cfg cfg = {.fd = listen_fd,
					   .routes = routes,
					   .nroutes = 2,
					   .conf = &conf,
					   .timeout_s = 1};
	struct admin_http *http = NULL;
	struct server s = {.opened = 0};
	int err;
	(void)arg;

	err = loop_init(1024);
	if (!err)
		err = wheel_alloc(&s.wheel, loop_now_ms());
	if (!err)
		admin_tokens_conf(&conf);
	if (!err)
		err = admin_http_alloc(&http, &cfg, s.wheel, NULL, &s);
	if (!err) {
		wheel_start(s.wheel, &s.timer, BEAT_MS, on_beat, &s);
		err = admin_stage_run(s.wheel, end_fd);
	}
	wheel_stop(&s.timer);
	mem_deref(http);
	for (size_t i = 0; i < STREAMS; i++)
		mem_deref(s.streams[i]);
	loop_drive(NULL);
	mem_deref(s.wheel);
	loop_close();
	return err;
}

/* --- the reader ----------------------------------------------------------------- */

static int asked(const struct admin_stage *stage, const char *path)
{
	int fd = admin_stage_connected(stage), n;
	char text[256];

	n = snprintf(text, sizeof(text),
		     "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		     path);
	CHECK(send(fd, text, (size_t)n, MSG_NOSIGNAL) == n);
	return fd;
}

static bool comes(int fd, const char *what)
{
	char buf[16384];

	return admin_stage_comes(fd, buf, sizeof(buf), what);
}

static bool counts(const struct admin_stage *stage, const char *what)
{
	for (int i = 0; i < 200; i++) {
		int fd = asked(stage, "/counts");
		bool there = comes(fd, what);

		close(fd);
		if (there)
			return true;
		usleep(20000);
	}
	return false;
}

/* --- cases ----------------------------------------------------------------------- */

static void what_is_written_later_comes_when_it_is_written(void)
{
	struct admin_stage s;
	int fd;

	REQUIRE(!admin_stage_open(&s, serve, NULL));
	fd = asked(&s, "/stream");
	CHECK(comes(fd, "text/event-stream"));
	CHECK(comes(fd, "beat "));
	/* longer than any answer may take */
	for (int i = 0; i < 10; i++)
		CHECK(comes(fd, "beat "));
	close(fd);
	CHECK(counts(&s, "dropped=0 gone=1"));
	admin_stage_close(&s);
}

static void an_end_sends_what_waits_and_closes(void)
{
	struct admin_stage s;
	int fd;

	REQUIRE(!admin_stage_open(&s, serve, NULL));
	fd = asked(&s, "/stream?short=1");
	CHECK(comes(fd, "hello\n"));
	CHECK(!comes(fd, "beat"));
	close(fd);
	admin_stage_close(&s);
}

static void a_slow_reader_is_dropped_and_holds_up_nobody(void)
{
	struct admin_stage s;
	int slow, quick;

	REQUIRE(!admin_stage_open(&s, serve, NULL));
	slow = asked(&s, "/stream?flood=1");
	quick = asked(&s, "/stream");
	CHECK(counts(&s, "dropped=1 gone=0"));
	CHECK(comes(quick, "beat 3"));
	close(quick);
	close(slow);
	admin_stage_close(&s);
}

static void the_server_ends_with_streams_open(void)
{
	struct admin_stage s;
	int fds[3];

	REQUIRE(!admin_stage_open(&s, serve, NULL));
	for (int i = 0; i < 3; i++) {
		fds[i] = asked(&s, "/stream");
		CHECK(comes(fds[i], "hello"));
	}
	admin_stage_close(&s);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

TEST_MAIN(TEST(what_is_written_later_comes_when_it_is_written),
	  TEST(an_end_sends_what_waits_and_closes),
	  TEST(a_slow_reader_is_dropped_and_holds_up_nobody),
	  TEST(the_server_ends_with_streams_open))
