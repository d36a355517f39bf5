/*
 * test_admin_http.c  The admin's HTTP server by real sockets
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
#include <re.h>

#include "common/admin_http.h"
#include "common/jsonw.h"
#include "tests/lib/admin_stage.h"
#include "tests/lib/admin_tokens.h"
#include "tests/lib/test.h"

#define TOKEN ADMIN_TOKEN_WRITE
#define AUTH  "Authorization: Bearer " TOKEN "\r\n"
#define JSON  "Content-Type: application/json\r\n"

enum {
	PATIENCE_MS = 10000
};

/* --- the server ----------------------------------------------------------------- */

static void handle_health(const struct admin_req *req, struct admin_resp *resp,
			  void *arg)
{
	struct jsonw json;

	(void)arg;
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "by", admin_req_by(req));
	jsonw_end(&json);
}

static void handle_echo(const struct admin_req *req, struct admin_resp *resp,
			void *arg)
{
	const struct pl *body = admin_req_body(req);
	struct jsonw json;

	(void)arg;
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "method", admin_req_method(req));
	jsonw_str(&json, "name", admin_req_param(req, "name"));
	jsonw_str(&json, "q", admin_req_query(req, "q"));
	jsonw_str(&json, "x", admin_req_header(req, "x-test"));
	jsonw_uint(&json, "size", body->l);
	if (body->l < 100)
		jsonw_pl(&json, "body", body);
	jsonw_uint(&json, "v4", sa_af(admin_req_source(req)) == AF_INET);
	jsonw_end(&json);
	admin_resp_header(resp, "Location", "/v1/here");
	admin_resp_header(resp, "X-Bad", "a\r\nSet-Cookie: b");
}

static void handle_busy(const struct admin_req *req, struct admin_resp *resp,
			void *arg)
{
	(void)req;
	(void)arg;
	(void)mbuf_write_str(resp->mb, "half an answer");
	admin_resp_problem(resp, 503, "Redis is away.");
	admin_resp_header(resp, "Retry-After", "2");
}

static void handle_big(const struct admin_req *req, struct admin_resp *resp,
		       void *arg)
{
	(void)req;
	(void)arg;
	resp->type = "text/plain";
	(void)mbuf_fill(resp->mb, 'b', 3000000);
}

static void handle_figures(const struct admin_req *req, struct admin_resp *resp,
			   void *arg)
{
	const struct admin_figures *f = arg;

	(void)req;
	resp->type = "text/plain";
	(void)mbuf_printf(resp->mb, "%llu %llu %llu %llu %llu",
			  (unsigned long long)f->served,
			  (unsigned long long)f->refused,
			  (unsigned long long)f->unauthorized,
			  (unsigned long long)f->throttled,
			  (unsigned long long)f->failed);
}

static const struct admin_route routes[] = {
	{"GET", "/healthz", handle_health, ADMIN_OPEN | ADMIN_FREE, NULL},
	{"GET", "/v1/echo/{name}", handle_echo, 0, NULL},
	{"POST", "/v1/echo/{name}", handle_echo, 0, NULL},
	{"PUT", "/v1/of/{tenant}", handle_health, ADMIN_TENANT, NULL},
	{"GET", "/v1/of", handle_health, ADMIN_TENANT, NULL},
	{"GET", "/v1/busy", handle_busy, ADMIN_OPEN, NULL},
	{"GET", "/v1/big", handle_big, ADMIN_OPEN | ADMIN_OTHER, NULL},
	{"GET", "/figures", handle_figures, ADMIN_OPEN | ADMIN_OTHER, NULL},
};

static int serve(int listen_fd, int end_fd, void *arg)
{
	struct admin_figures figures = {0};
	struct admin_http_cfg *cfg = arg;
	struct admin_http *http = NULL;
	struct wheel *wheel = NULL;
	int err;

	cfg->fd = listen_fd;
	err = loop_init(1024);
	if (!err)
		err = wheel_alloc(&wheel, loop_now_ms());
	if (!err)
		err = admin_http_alloc(&http, cfg, wheel, &figures, &figures);
	if (!err)
		err = admin_stage_run(wheel, end_fd);
	mem_deref(http);
	loop_drive(NULL);
	mem_deref(wheel);
	loop_close();
	return err;
}

/* --- the client ------------------------------------------------------------------ */

struct stage {
	struct admin_http_cfg cfg;
	struct admin_conf conf;
	struct admin_stage at;
	char answer[8192];
	size_t answer_len; /* of all that came, kept or not */
};

static void stage_init(struct stage *stage)
{
	memset(stage, 0, sizeof(*stage));
	admin_tokens_conf(&stage->conf);
	stage->cfg = (struct admin_http_cfg){
		.routes = routes,
		.nroutes = sizeof(routes) / sizeof(routes[0]),
		.conf = &stage->conf,
		.body_max = 1000,
	};
}

static int stage_open(struct stage *stage)
{
	return admin_stage_open(&stage->at, serve, &stage->cfg);
}

static void stage_close(struct stage *stage)
{
	admin_stage_close(&stage->at);
}

static int connected(const struct stage *stage)
{
	return admin_stage_connected(&stage->at);
}

/* All until the server closes. */
static void read_answer(struct stage *stage, int fd)
{
	char buf[16384];
	size_t kept = 0;
	ssize_t n;

	stage->answer_len = 0;
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		size_t room = sizeof(stage->answer) - 1 - kept;
		size_t keep = (size_t)n < room ? (size_t)n : room;

		memcpy(stage->answer + kept, buf, keep);
		kept += keep;
		stage->answer_len += (size_t)n;
	}
	stage->answer[kept] = '\0';
	CHECK(n == 0 || errno == ECONNRESET);
}

/* Sends a request and leaves the whole answer in stage->answer. */
static const char *say(struct stage *stage, const char *request, size_t len)
{
	int fd = connected(stage);

	CHECK(send(fd, request, len, MSG_NOSIGNAL) == (ssize_t)len);
	read_answer(stage, fd);
	close(fd);
	return stage->answer;
}

static const char *ask(struct stage *stage, const char *line,
		       const char *headers, const char *body)
{
	char text[8192];
	int n = snprintf(text, sizeof(text),
			 "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
			 "%s\r\n%s",
			 line, headers, body);

	return say(stage, text, (size_t)n);
}

static int status_of(const char *answer)
{
	return strncmp(answer, "HTTP/1.1 ", 9) ? -1 : atoi(answer + 9);
}

static const char *body_of(const char *answer)
{
	const char *p = strstr(answer, "\r\n\r\n");

	return p ? p + 4 : NULL;
}

/* --- cases --------------------------------------------------------------------------- */

static void open_route_is_served_with_and_without_a_token(void)
{
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	CHECK_INT(status_of(ask(&s, "GET /healthz", "", "")), 200);
	CHECK_STR(body_of(s.answer), "{\"by\":null}");
	CHECK(strstr(s.answer, "\r\nContent-Type: application/json\r\n"));
	CHECK(strstr(s.answer, "\r\nCache-Control: no-store\r\n"));
	CHECK(strstr(s.answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
	CHECK_INT(status_of(ask(&s, "GET /healthz", AUTH, "")), 200);
	CHECK_STR(body_of(s.answer), "{\"by\":\"writer\"}");
	stage_close(&s);
}

static void handler_sees_path_query_header_and_body(void)
{
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	ask(&s, "POST /v1/echo/a%2Fb?q=x+y%26z",
	    AUTH JSON "X-Test: T\r\nContent-Length: 5\r\n", "h\"llo");
	CHECK_INT(status_of(s.answer), 200);
	CHECK_STR(body_of(s.answer),
		  "{\"method\":\"POST\",\"name\":\"a/b\","
		  "\"q\":\"x y\\u0026z\",\"x\":\"T\",\"size\":5,"
		  "\"body\":\"h\\u0022llo\",\"v4\":1}");
	CHECK(strstr(s.answer, "\r\nLocation: /v1/here\r\n"));
	CHECK(!strstr(s.answer, "Set-Cookie"));
	stage_close(&s);
}

static void chunked_body_is_put_together(void)
{
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	ask(&s, "POST /v1/echo/a", AUTH JSON "Transfer-Encoding: chunked\r\n",
	    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	CHECK_INT(status_of(s.answer), 200);
	CHECK(strstr(s.answer, "\"size\":5,\"body\":\"abcde\""));
	stage_close(&s);
}

static void head_is_served_like_get_without_a_body(void)
{
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	CHECK_INT(status_of(ask(&s, "HEAD /healthz", "", "")), 200);
	CHECK_STR(body_of(s.answer), "");
	CHECK(strstr(s.answer, "\r\nContent-Length: 11\r\n"));
	stage_close(&s);
}

static void large_answer_comes_whole(void)
{
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	CHECK_INT(status_of(ask(&s, "GET /v1/big", "", "")), 200);
	CHECK(body_of(s.answer) &&
	      s.answer_len == 3000000 + (size_t)(body_of(s.answer) - s.answer));
	stage_close(&s);
}

static void error_is_a_problem_document(void)
{
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	CHECK_INT(status_of(ask(&s, "GET /v1/busy", "", "")), 503);
	CHECK_STR(body_of(s.answer),
		  "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\""
		  ",\"status\":503,\"detail\":\"Redis is away.\"}");
	CHECK(strstr(s.answer, "\r\nRetry-After: 2\r\n"));
	CHECK(strstr(s.answer,
		     "\r\nContent-Type: application/problem+json\r\n"));
	stage_close(&s);
}

static void unknown_paths_and_methods_are_refused_without_echo(void)
{
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	CHECK_INT(status_of(ask(&s, "GET /<script>", "", "")), 404);
	CHECK(!strstr(s.answer, "script"));
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/../../etc", AUTH, "")), 404);
	CHECK_INT(status_of(ask(&s, "DELETE /v1/echo/a", AUTH, "")), 405);
	CHECK(strstr(s.answer, "\r\nAllow: GET, HEAD, POST\r\n"));
	CHECK_INT(status_of(ask(&s, "BREW /healthz", "", "")), 405);
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/%zz", AUTH, "")), 400);
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a?q=%zz", AUTH, "")), 400);
	CHECK_INT(status_of(ask(&s, "OPTIONS *", "", "")), 400);
	stage_close(&s);
}

static void lengths_are_limited(void)
{
	char line[6000], headers[200];
	struct stage s;
	char body[1400];

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line, "GET /", 5);
	CHECK_INT(status_of(ask(&s, line, "", "")), 414);
	line[2000] = '\0';
	CHECK_INT(status_of(ask(&s, line, "", "")), 400);

	memset(body, 'b', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	snprintf(headers, sizeof(headers), AUTH JSON "Content-Length: 1001\r\n");
	CHECK_INT(status_of(ask(&s, "POST /v1/echo/a", headers, body)), 413);
	snprintf(headers, sizeof(headers),
		 AUTH "Content-Length: 99999999999999999999\r\n");
	CHECK(status_of(ask(&s, "POST /v1/echo/a", headers, "")) >= 400);
	body[1000] = '\0';
	snprintf(headers, sizeof(headers), AUTH JSON "Content-Length: 1000\r\n");
	CHECK_INT(status_of(ask(&s, "POST /v1/echo/a", headers, body)), 200);
	CHECK(strstr(s.answer, "\"size\":1000,"));
	stage_close(&s);
}

static void endless_chunks_and_headers_are_refused(void)
{
	static char text[60000];
	size_t len;
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	len = (size_t)snprintf(text, sizeof(text),
			       "POST /v1/echo/a HTTP/1.1\r\nHost: a\r\n"
			       "Connection: close\r\n" AUTH JSON
			       "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 50; i++) {
		len += (size_t)snprintf(text + len, 32, "64\r\n");
		memset(text + len, 'c', 100);
		len += 100;
		len += (size_t)snprintf(text + len, 32, "\r\n");
	}
	len += (size_t)snprintf(text + len, 32, "0\r\n\r\n");
	CHECK_INT(status_of(say(&s, text, len)), 413);

	len = (size_t)snprintf(text, sizeof(text),
			       "GET /healthz HTTP/1.1\r\nHost: a\r\nX: ");
	memset(text + len, 'h', 50000);
	len += 50000;
	len += (size_t)snprintf(text + len, 32, "\r\n\r\n");
	{
		int fd = connected(&s);

		(void)!send(fd, text, len, MSG_NOSIGNAL);
		read_answer(&s, fd);
		close(fd);
		CHECK(!s.answer_len || status_of(s.answer) >= 400);
	}
	CHECK_INT(status_of(ask(&s, "GET /healthz", "", "")), 200);
	stage_close(&s);
}

static void a_body_without_end_is_cut_off(void)
{
	static char chunk[66000];
	struct pollfd pfd = {.events = POLLIN};
	const char *begin = "POST /v1/echo/a HTTP/1.1\r\nHost: a\r\n" AUTH JSON
			    "Transfer-Encoding: chunked\r\n\r\n";
	size_t len = (size_t)snprintf(chunk, sizeof(chunk), "10000\r\n");
	bool over = false;
	struct stage s;
	char byte;

	memset(chunk + len, 'c', 65536);
	memcpy(chunk + len + 65536, "\r\n", 2);
	len += 65538;
	stage_init(&s);
	REQUIRE(!stage_open(&s));
	pfd.fd = connected(&s);
	CHECK(send(pfd.fd, begin, strlen(begin), MSG_NOSIGNAL) > 0);
	/* 64 MiB: what sockets hold is far less */
	for (int i = 0; i < 1024 && !over; i++) {
		over = send(pfd.fd, chunk, len, MSG_NOSIGNAL) < 0 ||
		       (poll(&pfd, 1, 0) == 1 &&
			recv(pfd.fd, &byte, 1, 0) <= 0);
	}
	CHECK(over);
	close(pfd.fd);
	CHECK_INT(status_of(ask(&s, "GET /healthz", "", "")), 200);
	stage_close(&s);
}

/* RFC 9112 sections 3.2, 6.3: what stands before us may have taken the other
 * one, and what is a body to it is a request to us. */
static void what_is_said_twice_is_refused(void)
{
	static const char *const twice[] = {
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
		"Content-Length: 5\r\nContent-Length: 0\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
		"Transfer-Encoding: xchunked\r\n",
		"Content-Length: 5, 5\r\n",
		"Content-Length: +5\r\n",
		AUTH,
		"Host: b\r\n",
		JSON,
	};
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	for (size_t i = 0; i < sizeof(twice) / sizeof(twice[0]); i++) {
		char headers[400];
		int status;

		snprintf(headers, sizeof(headers), AUTH JSON "%s", twice[i]);
		status = status_of(ask(&s, "POST /v1/echo/a", headers,
				       "0\r\n\r\n"));
		if (status != 400 && status != -1)
			CHECK_STR(twice[i], "is refused");
	}
	CHECK_INT(status_of(ask(&s, "GET /healthz", "", "")), 200);
	stage_close(&s);
}

static void token_is_needed_and_guessing_is_slowed_down(void)
{
	static const char bad[] =
		"Authorization: Bearer wrong-token-000000\r\n";
	static const char reader[] =
		"Authorization: Bearer " ADMIN_TOKEN_READ "\r\n";
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a", "", "")), 401);
	CHECK(strstr(s.answer, "\r\nWWW-Authenticate: Bearer\r\n"));
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a",
				"Authorization: Basic YTpi\r\n", "")),
		  401);
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a", AUTH, "")), 200);
	for (int i = 0; i < 6; i++) {
		CHECK_INT(status_of(ask(&s, "GET /v1/echo/a", bad, "")), 401);
		CHECK(strstr(s.answer, "error=\"invalid_token\""));
	}
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a", bad, "")), 429);
	CHECK(strstr(s.answer, "\r\nRetry-After: 1\r\n"));
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a", reader, "")), 429);
	CHECK_INT(status_of(ask(&s, "GET /healthz", bad, "")), 429);
	/* who was here before shares the address: he is not locked out */
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a", AUTH, "")), 200);
	CHECK_INT(status_of(ask(&s, "GET /healthz", "", "")), 200);
	ask(&s, "GET /figures", "", "");
	CHECK_STR(body_of(s.answer), "3 0 8 3 0");
	stage_close(&s);
}

static void token_is_asked_for_before_the_body(void)
{
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	/* no byte of the body is ever sent */
	CHECK_INT(status_of(ask(&s, "POST /v1/echo/a",
				"Content-Length: 500\r\n", "")),
		  401);
	CHECK_INT(status_of(ask(&s, "POST /v1/none",
				AUTH "Content-Length: 500\r\n", "")),
		  404);
	stage_close(&s);
}

static void without_tokens_only_open_routes_serve(void)
{
	struct stage s;

	stage_init(&s);
	s.conf.ntokens = 0;
	REQUIRE(!stage_open(&s));
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a", AUTH, "")), 403);
	CHECK_INT(status_of(ask(&s, "GET /healthz", "", "")), 200);
	stage_close(&s);
}

static void garbage_and_cut_requests_do_no_harm(void)
{
	static const char *const cut[] = {
		"\r\n\r\n\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"GET /healthz HTTP/1.1\r\nHost",
		"POST /v1/echo/a HTTP/1.1\r\nHost: a\r\n" AUTH
		"Content-Length: 500\r\n\r\nabc",
	};
	static const char *const bad[] = {
		"GET\r\n\r\n",
		"GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nHost: a\r\n"
		"Content-Length: -1\r\n\r\n",
	};
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		int fd = connected(&s);

		(void)!send(fd, cut[i], strlen(cut[i]), MSG_NOSIGNAL);
		close(fd);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int status = status_of(say(&s, bad[i], strlen(bad[i])));

		CHECK(status == -1 || status >= 400);
	}
	CHECK_INT(status_of(ask(&s, "GET /healthz", "", "")), 200);
	stage_close(&s);
}

static void connections_are_limited_and_come_free_again(void)
{
	int fds[6];
	struct stage s;
	char byte;

	stage_init(&s);
	s.cfg.conns_per_source_max = 3;
	REQUIRE(!stage_open(&s));
	for (int i = 0; i < 6; i++)
		fds[i] = connected(&s);
	/* those above the limit are closed without an answer */
	CHECK_INT(recv(fds[5], &byte, 1, 0) <= 0, 1);
	for (int i = 0; i < 6; i++)
		close(fds[i]);
	for (int tries = 0; tries < 100; tries++) {
		int fd = connected(&s);
		static const char text[] =
			"GET /healthz HTTP/1.1\r\nHost: a\r\n"
			"Connection: close\r\n\r\n";

		(void)!send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL);
		read_answer(&s, fd);
		close(fd);
		if (status_of(s.answer) == 200)
			break;
	}
	CHECK_INT(status_of(s.answer), 200);
	stage_close(&s);
}

static void idle_connection_is_closed(void)
{
	struct stage s;
	int fd;

	stage_init(&s);
	s.cfg.timeout_s = 1;
	REQUIRE(!stage_open(&s));
	fd = connected(&s);
	CHECK_INT(send(fd, "GET /hea", 8, MSG_NOSIGNAL), 8);
	read_answer(&s, fd);
	CHECK(!s.answer_len || status_of(s.answer) == 408);
	close(fd);
	stage_close(&s);
}

static bool is_over(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	char byte;

	/* a byte now and then, never long enough apart to be called idle */
	(void)!send(fd, "x", 1, MSG_NOSIGNAL);
	return poll(&pfd, 1, 200) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

static void drip(const char *begin)
{
	struct stage s;
	bool over = false;
	int fd;

	stage_init(&s);
	s.cfg.timeout_s = 1;
	REQUIRE(!stage_open(&s));
	fd = connected(&s);
	CHECK(send(fd, begin, strlen(begin), MSG_NOSIGNAL) > 0);
	for (int i = 0; i < 25 && !over; i++)
		over = is_over(fd);
	CHECK(over);
	close(fd);
	CHECK_INT(status_of(ask(&s, "GET /healthz", "", "")), 200);
	stage_close(&s);
}

static void request_that_drips_is_cut_off(void)
{
	drip("GET /healthz HTTP/1.1\r\nHost: a\r\nX: ");
	drip("POST /v1/echo/a HTTP/1.1\r\nHost: a\r\n" AUTH JSON
	     "Content-Length: 900\r\n\r\n");
}

static void kept_connection_serves_longer_than_one_request_may_take(void)
{
	struct pollfd pfd = {.events = POLLIN};
	struct stage s;
	char got[4096];

	stage_init(&s);
	s.cfg.timeout_s = 1;
	REQUIRE(!stage_open(&s));
	pfd.fd = connected(&s);
	for (int i = 0; i < 4; i++) {
		static const char get[] =
			"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

		(void)poll(&pfd, 1, 500); /* nothing comes */
		CHECK(send(pfd.fd, get, sizeof(get) - 1, MSG_NOSIGNAL) > 0);
		CHECK(poll(&pfd, 1, PATIENCE_MS) == 1 &&
		      recv(pfd.fd, got, sizeof(got), 0) > 12);
	}
	close(pfd.fd);
	stage_close(&s);
}

static void reading_is_not_writing(void)
{
	static const char reader[] =
		"Authorization: Bearer " ADMIN_TOKEN_READ "\r\n";
	static const char over[] =
		"Authorization: Bearer " ADMIN_TOKEN_OVER "\r\n";
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a", reader, "")), 200);
	CHECK_INT(status_of(ask(&s, "POST /v1/echo/a", reader, "")), 403);
	CHECK(strstr(s.answer, "error=\"insufficient_scope\""));
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a", over, "")), 401);
	CHECK(strstr(s.answer, "The token has ended."));
	stage_close(&s);
}

static void what_is_of_another_tenant_is_not_there(void)
{
	static const char demo[] =
		"Authorization: Bearer " ADMIN_TOKEN_DEMO "\r\n";
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	CHECK_INT(status_of(ask(&s, "PUT /v1/of/demo", demo, "")), 200);
	CHECK_INT(status_of(ask(&s, "PUT /v1/of/other", demo, "")), 404);
	CHECK_INT(status_of(ask(&s, "PUT /v1/of/other", AUTH, "")), 200);
	CHECK_INT(status_of(ask(&s, "GET /v1/of?tenant=demo", demo, "")), 200);
	CHECK_INT(status_of(ask(&s, "GET /v1/of?tenant=demo&tenant=other",
				demo, "")),
		  200);
	CHECK_INT(status_of(ask(&s, "GET /v1/of?tenant=demos", demo, "")),
		  404);
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a", demo, "")), 403);
	stage_close(&s);
}

static void only_by_its_own_names_and_pages(void)
{
	static const char get[] = "GET /healthz HTTP/1.1\r\nHost: evil.test"
				  "\r\nConnection: close\r\n\r\n";
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	CHECK_INT(status_of(say(&s, get, sizeof(get) - 1)), 421);
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a",
				AUTH "Origin: http://evil.test\r\n", "")),
		  403);
	CHECK(!strstr(s.answer, "Access-Control-"));
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a", AUTH "Origin: null\r\n",
				"")),
		  403);
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a",
				AUTH "Origin: http://a\r\n", "")),
		  200);
	CHECK(strstr(s.answer, "\r\nContent-Security-Policy: "));
	stage_close(&s);
}

static void media_types_are_looked_at(void)
{
	struct stage s;

	stage_init(&s);
	REQUIRE(!stage_open(&s));
	CHECK_INT(status_of(ask(&s, "POST /v1/echo/a",
				AUTH "Content-Length: 2\r\n", "{}")),
		  415);
	CHECK_INT(status_of(ask(&s, "POST /v1/echo/a",
				AUTH "Content-Type: text/plain\r\n"
				     "Content-Length: 2\r\n",
				"{}")),
		  415);
	CHECK_INT(status_of(ask(&s, "POST /v1/echo/a",
				AUTH "Content-Type: Application/JSON ; "
				     "charset=utf-8\r\nContent-Length: 2"
				     "\r\n",
				"{}")),
		  200);
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a",
				AUTH "Accept: text/html\r\n", "")),
		  406);
	CHECK_INT(status_of(ask(&s, "GET /v1/echo/a",
				AUTH "Accept: text/html, */*;q=0.8\r\n",
				"")),
		  200);
	CHECK_INT(status_of(ask(&s, "GET /v1/big", "Accept: text/html\r\n",
				"")),
		  200);
	stage_close(&s);
}

static void who_asks_too_often_waits(void)
{
	struct stage s;
	int served = 0;

	stage_init(&s);
	s.conf.per_s = 1;
	s.conf.burst = 5;
	REQUIRE(!stage_open(&s));
	for (int i = 0; i < 20; i++)
		served += status_of(ask(&s, "GET /v1/of", AUTH, "")) == 200;
	CHECK(served >= 5 && served < 10);
	CHECK_INT(status_of(s.answer), 429);
	CHECK(strstr(s.answer, "\r\nRetry-After: 1\r\n"));
	CHECK(strstr(s.answer, "application/problem+json"));
	CHECK_INT(status_of(ask(&s, "GET /healthz", "", "")), 200);
	stage_close(&s);
}

TEST_MAIN(TEST(open_route_is_served_with_and_without_a_token),
	  TEST(handler_sees_path_query_header_and_body),
	  TEST(chunked_body_is_put_together),
	  TEST(head_is_served_like_get_without_a_body),
	  TEST(large_answer_comes_whole), TEST(error_is_a_problem_document),
	  TEST(unknown_paths_and_methods_are_refused_without_echo),
	  TEST(lengths_are_limited),
	  TEST(endless_chunks_and_headers_are_refused),
	  TEST(a_body_without_end_is_cut_off),
	  TEST(what_is_said_twice_is_refused),
	  TEST(token_is_needed_and_guessing_is_slowed_down),
	  TEST(token_is_asked_for_before_the_body),
	  TEST(without_tokens_only_open_routes_serve),
	  TEST(garbage_and_cut_requests_do_no_harm),
	  TEST(connections_are_limited_and_come_free_again),
	  TEST(idle_connection_is_closed), TEST(request_that_drips_is_cut_off),
	  TEST(kept_connection_serves_longer_than_one_request_may_take),
	  TEST(reading_is_not_writing),
	  TEST(what_is_of_another_tenant_is_not_there),
	  TEST(only_by_its_own_names_and_pages),
	  TEST(media_types_are_looked_at), TEST(who_asks_too_often_waits))
