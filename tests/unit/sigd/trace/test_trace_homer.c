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

/* --- TCP ---------------------------------------------------------------------------- */

struct stream {
	struct trace_homer *homer;
	struct wheel *wheel;
	int fd, far; /* the server listens, and has accepted */
};

static const int small = 4096;

/* The kernel takes little: what is behind waits with us. */
static void sender_narrow(const struct sa *server)
{
	struct sa peer;

	for (int fd = 3; fd < 64; fd++) {
		peer.len = sizeof(peer.u);
		if (!getpeername(fd, &peer.u.sa, &peer.len) &&
		    sa_cmp(&peer, server, SA_ALL))
			CHECK(!setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small,
					  sizeof(small)));
	}
}

static bool stream_open(struct stream *stream)
{
	struct sa addr;

	*stream = (struct stream){.far = -1};
	CHECK(!sa_set_str(&addr, "127.0.0.1", 0));
	stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(!setsockopt(stream->fd, SOL_SOCKET, SO_RCVBUF, &small,
			  sizeof(small)));
	CHECK(!bind(stream->fd, &addr.u.sa, addr.len) &&
	      !listen(stream->fd, 1));
	addr.len = sizeof(addr.u);
	CHECK(!getsockname(stream->fd, &addr.u.sa, &addr.len));
	CHECK(!loop_init(64));
	CHECK(!wheel_alloc(&stream->wheel, loop_now_ms()));
	loop_drive(stream->wheel);
	CHECK(!trace_homer_alloc(&stream->homer, &addr, true, stream->wheel));
	stream->far = accept(stream->fd, NULL, NULL);
	sender_narrow(&addr);
	return CHECK(stream->far >= 0);
}

static void stream_close(struct stream *stream)
{
	mem_deref(stream->homer);
	CHECK_INT(wheel_count(stream->wheel), 0);
	mem_deref(stream->wheel);
	loop_close();
	if (stream->far >= 0)
		(void)close(stream->far);
	(void)close(stream->fd);
}

enum {
	PACKET = 1000, /* bytes; its number is all over it */
	STEADY = 6000, /* packets after the queue was full */
};

/* False: there was no room. */
static bool say_number(struct stream *stream, uint32_t nr)
{
	const uint64_t lost = trace_homer_counts(stream->homer)->lost;
	uint32_t packet[PACKET / sizeof(nr)];

	for (unsigned i = 0; i < PACKET / sizeof(nr); i++)
		packet[i] = nr;
	trace_homer_send(stream->homer, (uint8_t *)packet, sizeof(packet));
	return trace_homer_counts(stream->homer)->lost == lost;
}

/* The first that finds no room. */
static uint32_t queue_fill(struct stream *stream)
{
	uint32_t nr = 0;

	while (nr < 100000 && say_number(stream, nr))
		nr++;
	CHECK_INT(trace_homer_counts(stream->homer)->lost, 1);
	CHECK(nr >= TRACE_HOMER_QUEUE / PACKET);
	return nr;
}

struct heard {
	struct stream *stream;
	uint8_t packet[PACKET];
	size_t have;
	uint32_t nr, upto;
	bool wrong;
};

/* So far as there is something. */
static bool has_heard(void *arg)
{
	struct heard *heard = arg;

	while (heard->nr < heard->upto) {
		ssize_t n = recv(heard->stream->far,
				 heard->packet + heard->have,
				 PACKET - heard->have, MSG_DONTWAIT);

		if (n <= 0)
			return false;
		heard->have += (size_t)n;
		if (heard->have < PACKET)
			continue;
		for (size_t i = 0; i < PACKET; i += sizeof(heard->nr))
			heard->wrong |= memcmp(heard->packet + i, &heard->nr,
					       sizeof(heard->nr)) != 0;
		heard->have = 0;
		++heard->nr;
	}
	return true;
}

static bool has_sent(void *arg)
{
	return trace_homer_counts(arg)->sent > 0;
}

static void hear(struct heard *heard, uint32_t upto)
{
	heard->upto = upto;
	CHECK(redis_test_until(heard->stream->wheel, 5000, has_heard, heard));
}

/* What waits goes round its buffer several times, and is never none: who finds
 * no room is counted, and those that do are whole. */
static void a_server_that_stays_behind_gets_whole_packets_in_order(void)
{
	struct stream stream;
	struct heard heard = {.stream = &stream};
	uint32_t nr;

	if (stream_open(&stream)) {
		const struct trace_homer_counts *counts =
			trace_homer_counts(stream.homer);
		const uint32_t first = queue_fill(&stream);

		for (nr = first; nr < first + STEADY;) {
			if (say_number(&stream, nr))
				nr++;
			else
				hear(&heard, heard.nr + 100);
		}
		CHECK_INT(counts->sent, 0);
		hear(&heard, nr);
		redis_test_until(stream.wheel, 5000, has_sent, stream.homer);
		CHECK_INT(counts->sent, nr);
		CHECK(!heard.wrong);
	}
	stream_close(&stream);
}

/* What waits is tried once more at the end, and finds that the server has gone:
 * that starts nothing that outlives it. */
static void who_has_gone_at_the_end_leaves_no_timer(void)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	struct stream stream;

	if (stream_open(&stream)) {
		trace_homer_send(stream.homer, (const uint8_t *)"first", 5);
		CHECK(redis_test_until(stream.wheel, 5000, has_sent,
				       stream.homer));
		CHECK(!setsockopt(stream.far, SOL_SOCKET, SO_LINGER, &reset,
				  sizeof(reset)));
		(void)close(stream.far);
		stream.far = -1;
		trace_homer_send(stream.homer, (const uint8_t *)"last", 4);
	}
	stream_close(&stream);
}

TEST_MAIN(TEST(each_comes_whole_and_in_order),
	  TEST(what_waits_goes_before_the_end),
	  TEST(nobody_there_is_counted_and_no_end),
	  TEST(a_server_that_stays_behind_gets_whole_packets_in_order),
	  TEST(who_has_gone_at_the_end_leaves_no_timer))
