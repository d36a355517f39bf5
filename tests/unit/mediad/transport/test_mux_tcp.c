/*
 * test_mux_tcp.c  Browsers over TCP: frames, whose they are, who is closed
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/transport/classify.h"
#include "mediad/transport/framed.h"
#include "mediad/transport/lite.h"
#include "mediad/transport/lite_stun.h"
#include "mediad/transport/mux.h"
#include "mediad/transport/pass.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/test.h"

enum {
	WAIT_MS = 5000,
	PIECES = 3
};

/* A worker: its mux, and a path that takes what is its own. */
struct side {
	struct mux *mux;
	struct pass *pass;
	struct mux_name name;
	struct mux_tuple tuple;
	int fd; /* listening */
	struct sa addr;
	unsigned checks, media;
	uint8_t last[FRAMED_FRAME_MAX];
	size_t len;
	bool answers; /* each packet comes back */
};

struct bed {
	struct loop_test lt;
	struct wheel *wheel; /* of the connections' deadlines: turned by hand */
	uint64_t now_ms;
	struct side a, b;
	int far;
	uint8_t in[65536]; /* what far got */
	size_t nin;
};

/* --- the workers ---------------------------------------------------------------- */

static bool on_packet(struct mux_packet *packet, void *arg)
{
	struct side *side = arg;
	uint8_t *out;
	size_t cap;

	side->len = packet->len;
	memcpy(side->last, packet->pkt, packet->len);
	if (packet->kind != CLASSIFY_STUN) {
		++side->media;
	}
	else {
		++side->checks;
		side->tuple.src = packet->src;
		side->tuple.sock = packet->sock;
		if (!mux_tuple_here(&side->tuple))
			mux_tuple_add(side->mux, &side->tuple);
	}
	if (side->answers) {
		out = mux_slot(side->mux, &cap);
		memcpy(out, side->last, side->len);
		mux_push(side->mux, packet->sock, &packet->src, side->len);
	}
	return true;
}

static void on_passed(int fd, const struct pass_msg *msg, void *arg)
{
	struct side *side = arg;

	if (!mux_adopt(side->mux, fd, msg))
		close(fd);
}

static int listening(struct sa *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	sa_set_str(addr, "127.0.0.1", 0);
	if (fd < 0 || bind(fd, &addr->u.sa, addr->len) || listen(fd, 64) ||
	    getsockname(fd, &addr->u.sa, &addr->len))
		return -1;
	return fd;
}

static bool side_open(struct bed *bed, struct side *side, uint8_t slot,
		      const char *ufrag)
{
	const struct pass_params pass = {.dir = test_tmpdir(),
					 .node = "a1",
					 .slot = slot,
					 .recvh = on_passed,
					 .arg = side};
	struct mux_tcp tcp = {.max = 64, .wheel = bed->wheel};
	uint8_t sock;

	side->fd = tcp.fd = listening(&side->addr);
	side->name.recvh = side->tuple.recvh = on_packet;
	side->name.arg = side->tuple.arg = side;
	str_ncpy(side->name.ufrag, ufrag, sizeof(side->name.ufrag));
	if (side->fd < 0 || pass_alloc(&side->pass, &pass) ||
	    mux_alloc(&side->mux, 4))
		return false;
	tcp.pass = side->pass;
	return !mux_add_tcp(side->mux, &tcp, &sock) &&
	       mux_is_tcp(side->mux, sock) &&
	       !mux_name_add(side->mux, &side->name);
}

static void side_close(struct side *side)
{
	mux_name_del(&side->name);
	mux_tuple_del(&side->tuple);
	mem_deref(side->mux);
	mem_deref(side->pass);
	close(side->fd);
}

static int connected(const struct side *side)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, &side->addr.u.sa, side->addr.len)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Slots 1 and 2: "AB", "AC" (lite.c). */
static bool bed_open(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	bed->now_ms = 1000;
	if (!loop_test_open(&bed->lt) ||
	    wheel_alloc(&bed->wheel, bed->now_ms) ||
	    !side_open(bed, &bed->a, 1, "ABaaaaaaaaaa") ||
	    !side_open(bed, &bed->b, 2, "ACbbbbbbbbbb"))
		return false;
	bed->far = connected(&bed->a);
	return bed->far >= 0;
}

static void bed_close(struct bed *bed)
{
	close(bed->far);
	side_close(&bed->a);
	side_close(&bed->b);
	mem_deref(bed->wheel);
	loop_test_close(&bed->lt);
}

static void pass_time(struct bed *bed, uint32_t ms)
{
	bed->now_ms += ms;
	wheel_advance(bed->wheel, bed->now_ms);
}

/* --- the far side --------------------------------------------------------------- */

static size_t framed(uint8_t *to, const void *pkt, size_t len)
{
	to[0] = (uint8_t)(len >> 8);
	to[1] = (uint8_t)len;
	memcpy(to + 2, pkt, len);
	return len + 2;
}

static size_t check_frame(uint8_t *to, const char *user)
{
	static const uint8_t tid[12] = {0};
	uint8_t msg[128];
	struct lite_stun_out out = {.msg = msg, .cap = sizeof(msg)};

	lite_stun_begin(&out, LITE_STUN_REQUEST, tid);
	lite_stun_attr(&out, 0x0006, user, strlen(user));
	return framed(to, msg, lite_stun_end(&out, "any"));
}

static void say(struct bed *bed, const uint8_t *bytes, size_t len)
{
	CHECK_INT(send(bed->far, bytes, len, MSG_NOSIGNAL), len);
}

static void say_check(struct bed *bed, const char *user)
{
	uint8_t frame[160];

	say(bed, frame, check_frame(frame, user));
}

static bool a_checked(void *arg)
{
	const struct bed *bed = arg;

	return bed->a.checks > 0;
}

static bool b_checked(void *arg)
{
	const struct bed *bed = arg;

	return bed->b.checks > 0;
}

static bool a_has_three(void *arg)
{
	const struct bed *bed = arg;

	return bed->a.media == PIECES;
}

static bool far_is_closed(void *arg)
{
	const struct bed *bed = arg;
	uint8_t byte;

	return recv(bed->far, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

static bool far_has_a_frame(void *arg)
{
	struct bed *bed = arg;
	ssize_t n = recv(bed->far, bed->in + bed->nin,
			 sizeof(bed->in) - bed->nin, MSG_DONTWAIT);

	if (n > 0)
		bed->nin += (size_t)n;
	return bed->nin >= 2 &&
	       bed->nin >= 2u + ((size_t)bed->in[0] << 8 | bed->in[1]);
}

static bool until(struct bed *bed, loop_test_h *condh)
{
	return loop_test_until(&bed->lt, condh, bed, WAIT_MS);
}

static struct mux_tcp_stats stats_of(const struct side *side)
{
	struct mux_tcp_stats stats;

	mux_tcp_stats(side->mux, &stats);
	return stats;
}

/* --- cases ---------------------------------------------------------------------- */

static void a_check_comes_in_and_its_answer_goes_back_framed(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	bed.a.answers = true;
	say_check(&bed, "ABaaaaaaaaaa:Brow");
	CHECK(until(&bed, far_has_a_frame));
	CHECK_INT(bed.a.checks, 1);
	CHECK_INT(bed.nin, 2 + bed.a.len);
	CHECK(!memcmp(bed.in + 2, bed.a.last, bed.a.len));
	CHECK_INT(stats_of(&bed.a).connections, 1);
	CHECK_INT(mux_stats(bed.a.mux)->rx, 1);
	CHECK_INT(mux_stats(bed.a.mux)->tx, 1);
	bed_close(&bed);
}

static const uint8_t rtp[20] = {0x80, 111, 1, 2, 3};

static void frames_come_in_pieces_and_together(void)
{
	struct bed bed;
	uint8_t bytes[PIECES * 22 + 2];
	size_t len = 0, at;

	REQUIRE(bed_open(&bed));
	say_check(&bed, "ABaaaaaaaaaa:Brow");
	REQUIRE(until(&bed, a_checked));
	for (unsigned i = 0; i < PIECES; i++) {
		len += framed(bytes + len, rtp, sizeof(rtp));
		if (!i) /* an empty one says nothing (RFC 4571) */
			len += framed(bytes + len, rtp, 0);
	}
	for (at = 0; at < 30; at++)
		say(&bed, bytes + at, 1);
	say(&bed, bytes + at, len - at);
	CHECK(until(&bed, a_has_three));
	CHECK_INT(bed.a.len, sizeof(rtp));
	CHECK(!memcmp(bed.a.last, rtp, sizeof(rtp)));
	bed_close(&bed);
}

static void who_names_nobody_is_closed(void)
{
	static const char *const users[] = {"ABxxxxxxxxxx:Brow", /* ours */
					    "AAaaaaaaaaaa:Brow", /* slot 0 */
					    "zzzzzzzzzzzz:Brow", "nocolon"};
	struct bed bed;

	REQUIRE(bed_open(&bed));
	for (size_t i = 0; i < COUNTOF(users); i++) {
		say_check(&bed, users[i]);
		CHECK(until(&bed, far_is_closed));
		CHECK_INT(stats_of(&bed.a).refused, i + 1);
		close(bed.far);
		bed.far = connected(&bed.a);
	}
	/* media first: of nobody */
	{
		uint8_t frame[40];

		say(&bed, frame, framed(frame, rtp, sizeof(rtp)));
	}
	CHECK(until(&bed, far_is_closed));
	CHECK_INT(bed.a.checks + bed.a.media, 0);
	bed_close(&bed);
}

static void a_frame_that_is_too_long_ends_the_connection(void)
{
	static const uint8_t head[2] = {0xff, 0xff};
	struct bed bed;

	REQUIRE(bed_open(&bed));
	say_check(&bed, "ABaaaaaaaaaa:Brow");
	REQUIRE(until(&bed, a_checked));
	say(&bed, head, sizeof(head));
	CHECK(until(&bed, far_is_closed));
	CHECK_INT(stats_of(&bed.a).broken, 1);
	CHECK_INT(stats_of(&bed.a).connections, 0);
	bed_close(&bed);
}

static void a_call_of_another_worker_goes_there(void)
{
	struct bed bed;
	uint8_t bytes[200];
	size_t len;

	REQUIRE(bed_open(&bed));
	bed.b.answers = true;
	len = check_frame(bytes, "ACbbbbbbbbbb:Brow");
	/* what was read behind it goes along */
	len += framed(bytes + len, rtp, sizeof(rtp));
	say(&bed, bytes, len);
	CHECK(until(&bed, b_checked));
	CHECK(until(&bed, far_has_a_frame));
	CHECK_INT(bed.a.checks + bed.a.media, 0);
	CHECK_INT(bed.b.media, 1);
	CHECK_INT(stats_of(&bed.a).passed, 1);
	CHECK_INT(stats_of(&bed.a).connections, 0);
	CHECK_INT(stats_of(&bed.b).connections, 1);
	bed_close(&bed);
}

/* Not to and fro for ever. */
static void what_was_passed_on_is_not_passed_back(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	mux_name_del(&bed.b.name); /* its call has ended */
	say_check(&bed, "ACbbbbbbbbbb:Brow");
	CHECK(until(&bed, far_is_closed));
	CHECK_INT(stats_of(&bed.b).refused, 1);
	CHECK_INT(stats_of(&bed.b).passed, 0);
	bed_close(&bed);
}

static void a_worker_that_is_not_there_is_no_help(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	say_check(&bed, "ADaaaaaaaaaa:Brow");
	CHECK(until(&bed, far_is_closed));
	CHECK_INT(stats_of(&bed.a).refused, 1);
	bed_close(&bed);
}

static bool a_is_connected(void *arg)
{
	const struct bed *bed = arg;

	return stats_of(&bed->a).connections > 0;
}

static void who_says_nothing_is_closed_in_time(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	REQUIRE(until(&bed, a_is_connected));
	pass_time(&bed, FRAMED_NEW_MS - 1000);
	CHECK_INT(stats_of(&bed.a).connections, 1);
	pass_time(&bed, 2000);
	CHECK_INT(stats_of(&bed.a).connections, 0);
	CHECK(far_is_closed(&bed));
	bed_close(&bed);
}

static void a_connection_lives_as_long_as_a_path_claims_it(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	say_check(&bed, "ABaaaaaaaaaa:Brow");
	REQUIRE(until(&bed, a_checked));
	for (unsigned i = 0; i < 60; i++)
		pass_time(&bed, 1000);
	CHECK_INT(stats_of(&bed.a).connections, 1);
	mux_tuple_del(&bed.a.tuple);
	pass_time(&bed, FRAMED_LEFT_MS - 2000);
	CHECK_INT(stats_of(&bed.a).connections, 1);
	pass_time(&bed, 3000);
	CHECK_INT(stats_of(&bed.a).connections, 0);
	bed_close(&bed);
}

static bool a_refused_four(void *arg)
{
	const struct bed *bed = arg;

	return stats_of(&bed->a).refused == 4;
}

static void a_host_has_few_that_nobody_claims(void)
{
	int fds[FRAMED_NEW_HOST_MAX + 3];
	struct bed bed;

	REQUIRE(bed_open(&bed)); /* with one */
	for (size_t i = 0; i < COUNTOF(fds); i++)
		fds[i] = connected(&bed.a);
	CHECK(until(&bed, a_refused_four));
	CHECK_INT(stats_of(&bed.a).connections, FRAMED_NEW_HOST_MAX);
	for (size_t i = 0; i < COUNTOF(fds); i++)
		close(fds[i]);
	bed_close(&bed);
}

enum {
	PACKETS = 6000,
	LEN = 1200
};

struct reading {
	struct bed *bed;
	uint8_t bytes[PACKETS * (LEN + 2)];
	size_t have;
};

static void read_some(struct reading *reading, size_t most)
{
	const size_t room = sizeof(reading->bytes) - reading->have;
	ssize_t n = recv(reading->bed->far, reading->bytes + reading->have,
			 most < room ? most : room, MSG_DONTWAIT);

	if (n > 0)
		reading->have += (size_t)n;
}

/* All that was not lost has come. */
static bool all_came(void *arg)
{
	struct reading *reading = arg;

	read_some(reading, SIZE_MAX);
	return reading->have / (LEN + 2) + stats_of(&reading->bed->a).lost ==
	       PACKETS;
}

/* But for the last one, which may be cut. */
static bool begins_whole(const struct reading *reading)
{
	for (size_t at = 0; at + LEN + 2 <= reading->have; at += LEN + 2) {
		if (reading->bytes[at] != LEN >> 8 ||
		    reading->bytes[at + 1] != (LEN & 0xff) ||
		    reading->bytes[at + 2] != reading->bytes[at + LEN + 1])
			return false;
	}
	return true;
}

static bool frames_are_whole(const struct reading *reading)
{
	return begins_whole(reading) && reading->have % (LEN + 2) == 0;
}

static void a_slow_reader_loses_whole_packets_and_nobody_waits(void)
{
	static struct reading reading;
	struct bed bed;
	int small = 65536;

	REQUIRE(bed_open(&bed));
	(void)setsockopt(bed.far, SOL_SOCKET, SO_RCVBUF, &small,
			 sizeof(small));
	say_check(&bed, "ABaaaaaaaaaa:Brow");
	REQUIRE(until(&bed, a_checked));
	for (unsigned i = 0; i < PACKETS; i++) {
		size_t cap;

		memset(mux_slot(bed.a.mux, &cap), (int)i, LEN);
		mux_push(bed.a.mux, bed.a.tuple.sock, &bed.a.tuple.src, LEN);
	}
	mux_flush(bed.a.mux);
	CHECK(stats_of(&bed.a).lost > 0);
	reading.bed = &bed;
	CHECK(loop_test_until(&bed.lt, all_came, &reading, WAIT_MS));
	CHECK(frames_are_whole(&reading));
	CHECK_INT(mux_stats(bed.a.mux)->tx, reading.have / (LEN + 2));
	/* and then it is as before */
	bed.a.answers = true;
	say_check(&bed, "ABaaaaaaaaaa:Brow");
	CHECK(until(&bed, far_has_a_frame));
	bed_close(&bed);
}

/* All that will come has come: the connection is over, or what was sent whole
 * is here. */
static bool all_whole_came(void *arg)
{
	struct reading *reading = arg;

	read_some(reading, SIZE_MAX);
	return far_is_closed(reading->bed) ||
	       reading->have == mux_stats(reading->bed->a.mux)->tx * (LEN + 2);
}

/* Of a frame that has begun the rest cannot be kept: whoever reads on would
 * take its next bytes for a length. */
static void without_memory_a_cut_frame_is_the_last(void)
{
	static struct reading reading;
	struct bed bed;
	int small = 65536;

	REQUIRE(bed_open(&bed));
	(void)setsockopt(bed.far, SOL_SOCKET, SO_RCVBUF, &small,
			 sizeof(small));
	say_check(&bed, "ABaaaaaaaaaa:Brow");
	REQUIRE(until(&bed, a_checked));
	reading.bed = &bed;
	test_no_memory(true);
	/* its reader takes a little now and then */
	for (unsigned i = 0; i < PACKETS; i++) {
		size_t cap;

		memset(mux_slot(bed.a.mux, &cap), (int)i, LEN);
		mux_push(bed.a.mux, bed.a.tuple.sock, &bed.a.tuple.src, LEN);
		if (i % 1000 == 999)
			read_some(&reading, (size_t)small);
	}
	mux_flush(bed.a.mux);
	test_no_memory(false);
	CHECK(mux_stats(bed.a.mux)->tx_dropped > 0);
	CHECK(loop_test_until(&bed.lt, all_whole_came, &reading, WAIT_MS));
	CHECK(begins_whole(&reading));
	/* one was cut, and the connection has ended by that */
	CHECK(reading.have % (LEN + 2) != 0);
	CHECK(until(&bed, far_is_closed));
	bed_close(&bed);
}

static void what_is_sent_to_nobody_is_counted(void)
{
	struct bed bed;
	struct sa dst;
	size_t cap;

	REQUIRE(bed_open(&bed));
	sa_set_str(&dst, "127.0.0.1", 9);
	memset(mux_slot(bed.a.mux, &cap), 0, 20);
	mux_push(bed.a.mux, 0, &dst, 20);
	mux_flush(bed.a.mux);
	CHECK_INT(mux_stats(bed.a.mux)->tx_dropped, 1);
	bed_close(&bed);
}

static void the_folder_of_the_pass_may_be_too_deep(void)
{
	char dir[200];
	struct pass *pass = NULL;
	struct pass_params params = {.dir = dir, .node = "a1", .slot = 1};

	memset(dir, 'x', sizeof(dir));
	dir[sizeof(dir) - 1] = '\0';
	CHECK_INT(pass_alloc(&pass, &params), ENAMETOOLONG);
	dir[100] = '\0';
	CHECK_INT(pass_alloc(&pass, &params), ENAMETOOLONG);
}

TEST_MAIN(TEST(a_check_comes_in_and_its_answer_goes_back_framed),
	  TEST(frames_come_in_pieces_and_together),
	  TEST(who_names_nobody_is_closed),
	  TEST(a_frame_that_is_too_long_ends_the_connection),
	  TEST(a_call_of_another_worker_goes_there),
	  TEST(what_was_passed_on_is_not_passed_back),
	  TEST(a_worker_that_is_not_there_is_no_help),
	  TEST(who_says_nothing_is_closed_in_time),
	  TEST(a_connection_lives_as_long_as_a_path_claims_it),
	  TEST(a_host_has_few_that_nobody_claims),
	  TEST(a_slow_reader_loses_whole_packets_and_nobody_waits),
	  TEST(without_memory_a_cut_frame_is_the_last),
	  TEST(what_is_sent_to_nobody_is_counted),
	  TEST(the_folder_of_the_pass_may_be_too_deep))
