/*
 * test_trace_homer.c  Packets to a capture server go together, each whole
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "sigd/trace/trace_homer.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

enum {
	PACKETS = 40,
	TOGETHER = 32, /* that go before their time */
};

struct bed {
	struct wheel *wheel;
	struct trace_homer *homer;
	struct sa server;
	int fd;
};

static int listener(struct sa *addr)
{
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(!bind(fd, &addr->u.sa, addr->len));
	addr->len = sizeof(addr->u);
	CHECK(!getsockname(fd, &addr->u.sa, &addr->len));
	return fd;
}

static bool start(struct bed *bed)
{
	*bed = (struct bed){.fd = -1};
	if (sa_set_str(&bed->server, "127.0.0.1", 0) ||
	    wheel_alloc(&bed->wheel, 1000))
		return false;
	bed->fd = listener(&bed->server);
	return !trace_homer_alloc(&bed->homer, &bed->server, false, bed->wheel);
}

static void stop(struct bed *bed)
{
	mem_deref(bed->homer);
	mem_deref(bed->wheel);
	(void)close(bed->fd);
}

/* The i-th has i + 1 bytes of it. */
static void say(struct bed *bed, unsigned from, unsigned to)
{
	uint8_t packet[PACKETS];

	for (unsigned i = from; i < to; i++) {
		memset(packet, (int)i, sizeof(packet));
		trace_homer_send(bed->homer, packet, i + 1);
	}
}

static bool comes(const struct bed *bed, unsigned nr)
{
	uint8_t packet[2 * PACKETS];
	struct pollfd pfd = {.fd = bed->fd, .events = POLLIN};

	if (poll(&pfd, 1, 5000) != 1)
		return false;
	return recv(bed->fd, packet, sizeof(packet), 0) == (ssize_t)nr + 1 &&
	       packet[0] == nr && packet[nr] == nr;
}

static bool silent(const struct bed *bed)
{
	struct pollfd pfd = {.fd = bed->fd, .events = POLLIN};

	return !poll(&pfd, 1, 0);
}

static void each_comes_whole_and_in_order(void)
{
	struct bed bed;

	if (start(&bed)) {
		say(&bed, 0, PACKETS);
		for (unsigned i = 0; i < TOGETHER; i++)
			CHECK(comes(&bed, i));
		CHECK(silent(&bed));
		wheel_advance(bed.wheel, 1000 + TRACE_HOMER_WAIT_MS);
		for (unsigned i = TOGETHER; i < PACKETS; i++)
			CHECK(comes(&bed, i));
		CHECK_INT(trace_homer_counts(bed.homer)->sent, PACKETS);
		CHECK_INT(trace_homer_counts(bed.homer)->lost, 0);
	}
	stop(&bed);
}

static void what_waits_goes_before_the_end(void)
{
	struct bed bed;

	if (start(&bed)) {
		say(&bed, 0, 3);
		CHECK(silent(&bed));
		bed.homer = mem_deref(bed.homer);
		for (unsigned i = 0; i < 3; i++)
			CHECK(comes(&bed, i));
	}
	stop(&bed);
}

/* The kernel tells with a later one that nobody listens: it costs that one at
 * most. */
static void nobody_there_is_counted_and_no_end(void)
{
	const struct trace_homer_counts *counts;
	struct bed bed;

	if (start(&bed)) {
		(void)close(bed.fd);
		counts = trace_homer_counts(bed.homer);
		say(&bed, 0, PACKETS);
		wheel_advance(bed.wheel, 1000 + TRACE_HOMER_WAIT_MS);
		CHECK_INT(counts->sent + counts->lost, PACKETS);
		bed.fd = listener(&bed.server);
		say(&bed, 0, 5);
		wheel_advance(bed.wheel, 1000 + 2 * TRACE_HOMER_WAIT_MS);
		CHECK_INT(counts->sent + counts->lost, PACKETS + 5);
		for (unsigned i = 0; i < 5; i++)
			CHECK(comes(&bed, i));
	}
	stop(&bed);
}

static bool has_sent(void *arg)
{
	return trace_homer_counts(arg)->sent > 0;
}

/* What waits is tried once more at the end, and finds that the server has gone:
 * that starts nothing that outlives it. */
static void who_has_gone_at_the_end_leaves_no_timer(void)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	struct trace_homer *homer = NULL;
	struct wheel *wheel = NULL;
	struct sa addr;
	int fd, far;

	CHECK(!sa_set_str(&addr, "127.0.0.1", 0));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(!bind(fd, &addr.u.sa, addr.len) && !listen(fd, 1));
	addr.len = sizeof(addr.u);
	CHECK(!getsockname(fd, &addr.u.sa, &addr.len));
	CHECK(!loop_init(64));
	CHECK(!wheel_alloc(&wheel, loop_now_ms()));
	loop_drive(wheel);
	CHECK(!trace_homer_alloc(&homer, &addr, true, wheel));
	far = accept(fd, NULL, NULL);
	trace_homer_send(homer, (const uint8_t *)"first", 5);
	CHECK(redis_test_until(wheel, 5000, has_sent, homer));
	CHECK(!setsockopt(far, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
	(void)close(far);
	trace_homer_send(homer, (const uint8_t *)"last", 4);
	mem_deref(homer);
	CHECK_INT(wheel_count(wheel), 0);
	mem_deref(wheel);
	loop_close();
	(void)close(fd);
}

TEST_MAIN(TEST(each_comes_whole_and_in_order),
	  TEST(what_waits_goes_before_the_end),
	  TEST(nobody_there_is_counted_and_no_end),
	  TEST(who_has_gone_at_the_end_leaves_no_timer))
