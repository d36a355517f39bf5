/*
 * test_fetch_http.c  What is fetched over HTTP, and what is not taken
 *
 * SPDX-License-Identifier: MIT
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/fetch.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/test.h"

enum {
	WAIT_MS = 5000,
	MAX = 1000
};

/* A server for one request, in a thread of its own. */
struct server {
	pthread_t thread;
	int fd;
	uint16_t port;
	const char *says;
	char heard[2000];
};

static void *serve(void *arg)
{
	struct server *server = arg;
	int fd = accept(server->fd, NULL, NULL);
	size_t len = 0;
	ssize_t n = 1;

	while (fd >= 0 && n > 0 && !strstr(server->heard, "\r\n\r\n") &&
	       len < sizeof(server->heard) - 1) {
		n = recv(fd, server->heard + len,
			 sizeof(server->heard) - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0)
		return NULL;
	(void)send(fd, server->says, strlen(server->says), MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static bool server_open(struct server *server, const char *says)
{
	struct sa addr;

	*server = (struct server){.says = says};
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)sa_set_str(&addr, "127.0.0.1", 0);
	addr.len = sizeof(addr.u);
	if (bind(server->fd, &addr.u.sa, sizeof(addr.u.in)) ||
	    listen(server->fd, 1) ||
	    getsockname(server->fd, &addr.u.sa, &addr.len))
		return false;
	server->port = sa_port(&addr);
	return !pthread_create(&server->thread, NULL, serve, server);
}

static void server_close(struct server *server)
{
	(void)shutdown(server->fd, SHUT_RDWR);
	(void)pthread_join(server->thread, NULL);
	close(server->fd);
}

struct result {
	unsigned calls, code;
	char body[MAX + 1];
	bool why;
};

static void on_fetched(const struct fetch_answer *answer, void *arg)
{
	struct result *result = arg;

	++result->calls;
	result->code = answer->code;
	result->why = answer->why && answer->why[0];
	CHECK(answer->body.l <= MAX);
	(void)pl_strcpy(&answer->body, result->body, sizeof(result->body));
}

static bool has_come(void *arg)
{
	return ((struct result *)arg)->calls > 0;
}

static struct result get(const char *says, char heard[2000])
{
	struct result result = {.calls = 0};
	struct fetcher *fetcher = NULL;
	struct fetch *fetch = NULL;
	struct server server;
	struct loop_test lt;
	char url[64];

	if (!CHECK(loop_test_open(&lt)))
		return result;
	CHECK(server_open(&server, says));
	re_snprintf(url, sizeof(url), "http://127.0.0.1:%u/k?a=1",
		    server.port);
	CHECK(!fetcher_alloc(&fetcher, lt.wheel));
	CHECK(!fetch_get(&fetch, fetcher, url, MAX, on_fetched, &result));
	CHECK_INT(result.calls, 0);
	CHECK(loop_test_until(&lt, has_come, &result, WAIT_MS));
	CHECK_INT(result.calls, 1);
	mem_deref(fetch);
	mem_deref(fetcher);
	server_close(&server);
	if (heard)
		memcpy(heard, server.heard, sizeof(server.heard));
	loop_test_close(&lt);
	return result;
}

static void a_body_comes_with_its_code(void)
{
	char heard[2000];
	struct result result = get("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
				   "{\"a\":1}",
				   heard);

	CHECK_INT(result.code, 200);
	CHECK_STR(result.body, "{\"a\":1}");
	CHECK(!strncmp(heard, "GET /k?a=1 HTTP/1.1\r\n", 21));
	CHECK(strstr(heard, "User-Agent: cordboard\r\n") != NULL);
	result = get("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno", NULL);
	CHECK_INT(result.code, 404);
}

static void who_sends_elsewhere_is_not_followed(void)
{
	struct result result = get("HTTP/1.1 302 Found\r\nLocation: "
				   "http://127.0.0.1:1/\r\n"
				   "Content-Length: 0\r\n\r\n",
				   NULL);

	CHECK_INT(result.code, 302);
	CHECK_STR(result.body, "");
}

static void more_than_was_asked_for_is_not_taken(void)
{
	char says[MAX + 100];
	struct result result;

	memset(says, 'x', sizeof(says) - 1);
	says[sizeof(says) - 1] = '\0';
	memcpy(says, "HTTP/1.1 200 OK\r\n\r\n", 19);
	result = get(says, NULL);
	CHECK_INT(result.code, 0);
	CHECK(result.why);
}

static void what_is_cut_short_or_no_http_is_an_error(void)
{
	static const char *const bad[] = {
		"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
		"SSH-2.0-x\r\n"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct result result = get(bad[i], NULL);

		CHECK_INT(result.code, 0);
		CHECK(result.why);
	}
}

static void files_are_not_fetched(void)
{
	struct result result = {.calls = 0};
	struct fetcher *fetcher = NULL;
	struct fetch *fetch = NULL;
	struct loop_test lt;

	REQUIRE(loop_test_open(&lt));
	CHECK(!fetcher_alloc(&fetcher, lt.wheel));
	if (!fetch_get(&fetch, fetcher, "file:///etc/hostname", MAX,
		       on_fetched, &result)) {
		CHECK(loop_test_until(&lt, has_come, &result, WAIT_MS));
		CHECK_INT(result.code, 0);
		CHECK_STR(result.body, "");
	}
	mem_deref(fetch);
	mem_deref(fetcher);
	loop_test_close(&lt);
}

static void one_that_is_ended_is_never_heard_of(void)
{
	struct result result = {.calls = 0};
	struct fetcher *fetcher = NULL;
	struct fetch *fetch = NULL;
	struct server server;
	struct loop_test lt;
	char url[64];

	REQUIRE(loop_test_open(&lt));
	REQUIRE(server_open(&server, ""));
	re_snprintf(url, sizeof(url), "http://127.0.0.1:%u/", server.port);
	CHECK(!fetcher_alloc(&fetcher, lt.wheel));
	CHECK(!fetch_get(&fetch, fetcher, url, MAX, on_fetched, &result));
	mem_deref(fetch);
	CHECK(!loop_test_until(&lt, has_come, &result, 50));
	mem_deref(fetcher);
	server_close(&server);
	loop_test_close(&lt);
}

TEST_MAIN(TEST(a_body_comes_with_its_code),
	  TEST(who_sends_elsewhere_is_not_followed),
	  TEST(more_than_was_asked_for_is_not_taken),
	  TEST(what_is_cut_short_or_no_http_is_an_error),
	  TEST(files_are_not_fetched),
	  TEST(one_that_is_ended_is_never_heard_of))
