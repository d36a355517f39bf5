/*
 * test_lb_wait.c  A header in pieces, too late, or none
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "sigd/transport/lb_wait.h"
#include "sigd/transport/transport.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/test.h"

#define HEADER "PROXY TCP4 192.0.2.1 192.0.2.9 1 443\r\n"

enum {
	WAIT_MS = 3000
};

struct bed {
	struct loop_test lt;
	struct transport_counts counts;
	struct lb_wait_params params;
	struct list waits;
	struct sa peer, remote;
	int pair[2]; /* ours, the client's */
	unsigned done, gone;
	int fd;
};

static void on_done(int fd, const struct sa *remote, void *arg)
{
	struct bed *bed = arg;

	++bed->done;
	bed->fd = fd;
	bed->remote = *remote;
}

static void on_gone(void *arg)
{
	++((struct bed *)arg)->gone;
}

static void bed_open(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	REQUIRE(loop_test_open(&bed->lt));
	REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			    bed->pair));
	sa_set_str(&bed->peer, "192.0.2.80", 1);
	bed->params = (struct lb_wait_params){.wheel = bed->lt.wheel,
					      .counts = &bed->counts,
					      .wait_ms = WAIT_MS,
					      .doneh = on_done,
					      .goneh = on_gone,
					      .arg = bed};
}

static void bed_close(struct bed *bed)
{
	close(bed->pair[1]);
	list_flush(&bed->waits);
	loop_test_close(&bed->lt);
}

static bool has_end(void *arg)
{
	struct bed *bed = arg;

	return bed->done || bed->gone;
}

/* All that was sent has been read. */
static bool is_read(void *arg)
{
	struct bed *bed = arg;
	int n = 0;

	return has_end(bed) || (!ioctl(bed->pair[0], FIONREAD, &n) && !n);
}

static void a_header_comes_byte_by_byte_and_nothing_more_is_read(void)
{
	static const char text[] = HEADER "GET";
	struct bed bed;
	char rest[10] = "";

	bed_open(&bed);
	REQUIRE(!lb_wait_add(&bed.waits, bed.pair[0], &bed.peer, &bed.params));
	for (size_t i = 0; i < sizeof(HEADER) - 2; i++) {
		CHECK(write(bed.pair[1], text + i, 1) == 1);
		CHECK(loop_test_until(&bed.lt, is_read, &bed, WAIT_MS));
		CHECK(!bed.done);
	}
	CHECK(write(bed.pair[1], "\nGET", 4) == 4);
	CHECK(loop_test_until(&bed.lt, has_end, &bed, WAIT_MS));
	CHECK_INT(bed.done, 1);
	CHECK_INT(sa_in(&bed.remote), 0xc0000201);
	CHECK_INT(read(bed.fd, rest, sizeof(rest)), 3);
	CHECK_STR(rest, "GET");
	CHECK(list_isempty(&bed.waits));
	CHECK_INT(bed.counts.lb_headers, 1);
	close(bed.fd);
	bed_close(&bed);
}

static void one_that_is_there_is_read_at_once(void)
{
	struct bed bed;

	bed_open(&bed);
	CHECK(write(bed.pair[1], "PROXY UNKNOWN\r\n", 15) == 15);
	REQUIRE(!lb_wait_add(&bed.waits, bed.pair[0], &bed.peer, &bed.params));
	CHECK_INT(bed.done, 1);
	CHECK(sa_cmp(&bed.remote, &bed.peer, SA_ALL));
	close(bed.fd);
	bed_close(&bed);
}

static void who_says_nothing_is_closed(void)
{
	struct bed bed;

	bed_open(&bed);
	bed.params.wait_ms = 20;
	REQUIRE(!lb_wait_add(&bed.waits, bed.pair[0], &bed.peer, &bed.params));
	CHECK(write(bed.pair[1], "PRO", 3) == 3);
	CHECK(loop_test_until(&bed.lt, has_end, &bed, WAIT_MS));
	CHECK_INT(bed.gone, 1);
	CHECK_INT(bed.counts.limit_handshake, 1);
	CHECK_INT(fcntl(bed.pair[0], F_GETFD), -1);
	bed_close(&bed);
}

static void who_says_something_else_or_leaves_is_closed(void)
{
	struct bed bed;

	bed_open(&bed);
	CHECK(write(bed.pair[1], "GET / HTTP/1.1\r\n", 16) == 16);
	REQUIRE(!lb_wait_add(&bed.waits, bed.pair[0], &bed.peer, &bed.params));
	CHECK_INT(bed.gone, 1);
	CHECK_INT(bed.counts.lb_errors, 1);
	bed_close(&bed);

	bed_open(&bed);
	REQUIRE(!lb_wait_add(&bed.waits, bed.pair[0], &bed.peer, &bed.params));
	CHECK(write(bed.pair[1], "PROXY", 5) == 5);
	CHECK(!shutdown(bed.pair[1], SHUT_WR));
	CHECK(loop_test_until(&bed.lt, has_end, &bed, WAIT_MS));
	CHECK_INT(bed.gone, 1);
	bed_close(&bed);
}

static void those_that_wait_are_closed_at_the_end(void)
{
	struct bed bed;

	bed_open(&bed);
	REQUIRE(!lb_wait_add(&bed.waits, bed.pair[0], &bed.peer, &bed.params));
	CHECK_INT(list_count(&bed.waits), 1);
	list_flush(&bed.waits);
	CHECK_INT(fcntl(bed.pair[0], F_GETFD), -1);
	CHECK_INT(bed.gone, 0);
	bed_close(&bed);
}

TEST_MAIN(TEST(a_header_comes_byte_by_byte_and_nothing_more_is_read),
	  TEST(one_that_is_there_is_read_at_once),
	  TEST(who_says_nothing_is_closed),
	  TEST(who_says_something_else_or_leaves_is_closed),
	  TEST(those_that_wait_are_closed_at_the_end))
