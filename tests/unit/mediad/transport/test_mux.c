/*
 * test_mux.c  The shared socket: who gets a datagram, what is dropped
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/transport/classify.h"
#include "mediad/transport/lite_stun.h"
#include "mediad/transport/mux.h"
#include "mediad/transport/path.h"
#include "tests/lib/test.h"

struct receiver {
	struct mux_name name;
	struct mux_tuple tuple;
	unsigned got;
	uint8_t last; /* first byte */
	uint8_t kind;
	size_t len;
	bool leaves; /* ends its registrations on the first packet */
	bool cannot; /* use any of it */
	unsigned refused;
};

static bool on_packet(struct mux_packet *packet, void *arg)
{
	struct receiver *r = arg;
	uint8_t first = packet->pkt[0];

	/* the promised room may be written */
	memset(packet->pkt - PATH_HEADROOM, 0, PATH_HEADROOM);
	memset(packet->pkt, 0, packet->cap);
	if (r->cannot) {
		++r->refused;
		return false;
	}
	++r->got;
	r->last = first;
	r->kind = packet->kind;
	r->len = packet->len;
	if (r->leaves) {
		mux_name_del(&r->name);
		mux_tuple_del(&r->tuple);
	}
	return true;
}

struct bed {
	struct mux *mux;
	struct sa addr[2], own[2];
	int fd[2];  /* of the mux */
	int far[2]; /* two strangers */
	struct receiver a, b;
};

static int udp(struct sa *addr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	sa_set_str(addr, "127.0.0.1", 0);
	if (fd < 0 || bind(fd, &addr->u.sa, addr->len) ||
	    getsockname(fd, &addr->u.sa, &addr->len))
		return -1;
	return fd;
}

static void receiver_init(struct receiver *r, const char *ufrag)
{
	memset(r, 0, sizeof(*r));
	str_ncpy(r->name.ufrag, ufrag, sizeof(r->name.ufrag));
	r->name.recvh = r->tuple.recvh = on_packet;
	r->name.arg = r->tuple.arg = r;
}

static bool bed_open(struct bed *bed)
{
	uint8_t sock;

	memset(bed, 0, sizeof(*bed));
	receiver_init(&bed->a, "aaaaaaaaaaaa");
	receiver_init(&bed->b, "bbbbbbbbbbbb");
	for (unsigned i = 0; i < 2; i++) {
		bed->fd[i] = udp(&bed->addr[i]);
		bed->far[i] = udp(&bed->own[i]);
	}
	return bed->fd[1] >= 0 && bed->far[1] >= 0 &&
	       !mux_alloc(&bed->mux, 4) &&
	       !mux_add(bed->mux, bed->fd[0], &sock) &&
	       !mux_add(bed->mux, bed->fd[1], &sock) &&
	       !mux_name_add(bed->mux, &bed->a.name) &&
	       !mux_name_add(bed->mux, &bed->b.name);
}

static void bed_close(struct bed *bed)
{
	mux_name_del(&bed->a.name);
	mux_name_del(&bed->b.name);
	mux_tuple_del(&bed->a.tuple);
	mux_tuple_del(&bed->b.tuple);
	mem_deref(bed->mux);
	for (unsigned i = 0; i < 2; i++) {
		close(bed->fd[i]);
		close(bed->far[i]);
	}
}

static void shoot(struct bed *bed, unsigned from, unsigned to, const void *pkt,
		  size_t len)
{
	(void)!sendto(bed->far[from], pkt, len, 0, &bed->addr[to].u.sa,
		      bed->addr[to].len);
}

static void shoot_check(struct bed *bed, const char *user)
{
	static const uint8_t tid[12] = {0};
	uint8_t msg[128];
	struct lite_stun_out out = {.msg = msg, .cap = sizeof(msg)};

	lite_stun_begin(&out, LITE_STUN_REQUEST, tid);
	lite_stun_attr(&out, 0x0006, user, strlen(user));
	shoot(bed, 0, 0, msg, lite_stun_end(&out, "any"));
}

static void claim(struct bed *bed, struct receiver *r, unsigned from,
		  uint8_t sock)
{
	r->tuple.src = bed->own[from];
	r->tuple.sock = sock;
	mux_tuple_add(bed->mux, &r->tuple);
}

static const uint8_t rtp[12] = {0x80, 111};

static void a_check_goes_to_the_one_it_names(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	shoot_check(&bed, "bbbbbbbbbbbb:Brow");
	shoot_check(&bed, "cccccccccccc:Brow");
	shoot_check(&bed, "bbbbbbbbbbb:Brow");
	shoot_check(&bed, "nocolon");
	mux_poll(bed.mux);
	CHECK_INT(bed.a.got, 0);
	CHECK_INT(bed.b.got, 1);
	CHECK_INT(bed.b.kind, CLASSIFY_STUN);
	CHECK_INT(mux_stats(bed.mux)->no_ufrag, 3);
	CHECK_INT(mux_stats(bed.mux)->rx, 4);
	bed_close(&bed);
}

static void media_goes_to_the_one_with_the_address(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	shoot(&bed, 0, 0, rtp, sizeof(rtp));
	mux_poll(bed.mux);
	CHECK_INT(mux_stats(bed.mux)->no_tuple, 1);
	claim(&bed, &bed.a, 0, 0);
	shoot(&bed, 0, 0, rtp, sizeof(rtp));
	shoot(&bed, 1, 0, rtp, sizeof(rtp)); /* another port */
	shoot(&bed, 0, 1, rtp, sizeof(rtp)); /* another socket of ours */
	mux_poll(bed.mux);
	CHECK_INT(bed.a.got, 1);
	CHECK_INT(bed.a.kind, CLASSIFY_RTP);
	CHECK_INT(mux_stats(bed.mux)->no_tuple, 3);
	bed_close(&bed);
}

/* So many that they share the buckets of the table. */
static void a_neighbour_in_the_table_gets_nothing(void)
{
	struct bed bed;
	struct sa own;

	REQUIRE(bed_open(&bed));
	claim(&bed, &bed.a, 0, 0);
	for (unsigned i = 0; i < 64; i++) {
		int fd = udp(&own);

		(void)!sendto(fd, rtp, sizeof(rtp), 0, &bed.addr[0].u.sa,
			      bed.addr[0].len);
		close(fd);
	}
	mux_poll(bed.mux);
	mux_poll(bed.mux);
	CHECK_INT(bed.a.got, 0);
	CHECK_INT(mux_stats(bed.mux)->no_tuple, 64);
	bed_close(&bed);
}

/* Anybody with a call of his own can claim any address, by a check from a
 * forged source: who can use what comes from there has it. */
static void who_can_use_the_packets_has_the_address(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	claim(&bed, &bed.a, 0, 0);
	bed.b.cannot = true;
	claim(&bed, &bed.b, 0, 0);
	CHECK(mux_tuple_here(&bed.a.tuple) && mux_tuple_here(&bed.b.tuple));
	for (unsigned i = 0; i < 3; i++)
		shoot(&bed, 0, 0, rtp, sizeof(rtp));
	/* a check still goes by its name */
	shoot_check(&bed, "bbbbbbbbbbbb:Brow");
	mux_poll(bed.mux);
	CHECK_INT(bed.a.got, 3);
	CHECK_INT(bed.a.last, 0x80);
	CHECK_INT(bed.b.refused, 1);

	/* the next call of the same browser, and the first goes unnoticed */
	bed.a.cannot = true;
	bed.b.cannot = false;
	for (unsigned i = 0; i < 3; i++)
		shoot(&bed, 0, 0, rtp, sizeof(rtp));
	mux_poll(bed.mux);
	CHECK_INT(bed.b.got, 3);
	CHECK_INT(bed.b.last, 0x80);
	CHECK_INT(bed.a.refused, 1);
	bed.b.leaves = true;
	bed.a.cannot = false;
	for (unsigned i = 0; i < 2; i++)
		shoot(&bed, 0, 0, rtp, sizeof(rtp));
	mux_poll(bed.mux);
	CHECK_INT(bed.b.got, 4);
	CHECK_INT(bed.a.got, 4);
	bed_close(&bed);
}

/* Many claims cost no more than a few tries. */
static void a_crowd_at_one_address_is_not_asked_without_end(void)
{
	struct receiver crowd[20];
	unsigned asked = 0;
	struct bed bed;

	REQUIRE(bed_open(&bed));
	for (size_t i = 0; i < COUNTOF(crowd); i++) {
		receiver_init(&crowd[i], "x");
		crowd[i].cannot = true;
		claim(&bed, &crowd[i], 0, 0);
	}
	shoot(&bed, 0, 0, rtp, sizeof(rtp));
	mux_poll(bed.mux);
	for (size_t i = 0; i < COUNTOF(crowd); i++) {
		asked += crowd[i].refused;
		mux_tuple_del(&crowd[i].tuple);
	}
	CHECK_INT(asked, 8);
	bed_close(&bed);
}

static void a_ufrag_is_taken_once(void)
{
	struct receiver twin;
	struct bed bed;

	REQUIRE(bed_open(&bed));
	receiver_init(&twin, "aaaaaaaaaaaa");
	CHECK_INT(mux_name_add(bed.mux, &twin.name), EEXIST);
	mux_name_del(&bed.a.name);
	CHECK_INT(mux_name_add(bed.mux, &twin.name), 0);
	mux_name_del(&twin.name);
	mux_name_del(&twin.name);
	bed_close(&bed);
}

static void the_rest_is_counted_and_dropped(void)
{
	static uint8_t big[3000];
	struct bed bed;

	REQUIRE(bed_open(&bed));
	claim(&bed, &bed.a, 0, 0);
	shoot(&bed, 0, 0, "", 0);
	shoot(&bed, 0, 0, "x", 1);
	shoot(&bed, 0, 0, "GET / HTTP/1.1\r\n\r\n", 18);
	shoot(&bed, 0, 0, big, sizeof(big));
	mux_poll(bed.mux);
	CHECK_INT(bed.a.got, 0);
	CHECK_INT(mux_stats(bed.mux)->other, 3);
	CHECK_INT(mux_stats(bed.mux)->too_big, 1);
	bed_close(&bed);
}

static void a_receiver_may_leave_in_the_middle_of_a_batch(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	bed.a.leaves = true;
	claim(&bed, &bed.a, 0, 0);
	for (unsigned i = 0; i < 10; i++)
		shoot(&bed, 0, 0, rtp, sizeof(rtp));
	mux_poll(bed.mux);
	CHECK_INT(bed.a.got, 1);
	CHECK_INT(mux_stats(bed.mux)->no_tuple, 9);
	bed_close(&bed);
}

static unsigned drain(int fd, uint8_t *first)
{
	uint8_t buf[2048];
	unsigned n = 0;

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0) {
		*first = buf[0];
		++n;
	}
	return n;
}

static void send_one(struct bed *bed, uint8_t sock, const struct sa *dst,
		     uint8_t first)
{
	size_t cap;
	uint8_t *out = mux_slot(bed->mux, &cap);

	CHECK(cap >= PATH_MTU + 20);
	memset(out, first, cap);
	mux_push(bed->mux, sock, dst, 100);
}

static void packets_wait_for_the_flush(void)
{
	struct bed bed;
	uint8_t first = 0;

	REQUIRE(bed_open(&bed));
	for (unsigned i = 0; i < 10; i++)
		send_one(&bed, i % 2, &bed.own[i % 3 == 0], (uint8_t)i);
	CHECK_INT(drain(bed.far[0], &first), 0);
	mux_flush(bed.mux);
	CHECK_INT(drain(bed.far[0], &first), 6);
	CHECK_INT(first, 8);
	CHECK_INT(drain(bed.far[1], &first), 4);
	CHECK_INT(first, 9);
	CHECK_INT(mux_stats(bed.mux)->tx, 10);
	CHECK_INT(mux_stats(bed.mux)->tx_batches, 1);
	mux_flush(bed.mux);
	CHECK_INT(mux_stats(bed.mux)->tx_batches, 1);
	bed_close(&bed);
}

static void a_full_queue_leaves_by_itself(void)
{
	struct bed bed;
	uint8_t first = 0;

	REQUIRE(bed_open(&bed));
	for (unsigned i = 0; i < MUX_BATCH + 1; i++)
		send_one(&bed, 0, &bed.own[0], 1);
	CHECK_INT(drain(bed.far[0], &first), MUX_BATCH);
	mux_flush(bed.mux);
	CHECK_INT(drain(bed.far[0], &first), 1);
	bed_close(&bed);
}

/* What the kernel refuses does not hold up the rest. */
static void a_refused_packet_does_not_stop_the_batch(void)
{
	struct bed bed;
	struct sa bad;
	uint8_t first = 0;

	REQUIRE(bed_open(&bed));
	sa_set_str(&bad, "127.0.0.1", 0); /* port 0: EINVAL */
	send_one(&bed, 0, &bed.own[0], 1);
	send_one(&bed, 0, &bad, 2);
	send_one(&bed, 0, &bed.own[0], 3);
	send_one(&bed, 9, &bed.own[0], 4); /* no such socket */
	mux_flush(bed.mux);
	CHECK_INT(drain(bed.far[0], &first), 2);
	CHECK_INT(first, 3);
	CHECK_INT(mux_stats(bed.mux)->tx_dropped, 2);
	bed_close(&bed);
}

static void what_the_socket_loses_is_counted(void)
{
	struct bed bed;
	int small = 4096;

	REQUIRE(bed_open(&bed));
	setsockopt(bed.fd[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (unsigned i = 0; i < 200; i++)
		shoot(&bed, 0, 0, rtp, sizeof(rtp));
	mux_poll(bed.mux);
	/* the next packet tells of those lost before it */
	shoot(&bed, 0, 0, rtp, sizeof(rtp));
	mux_poll(bed.mux);
	CHECK(mux_stats(bed.mux)->overflow > 0);
	CHECK_INT(mux_stats(bed.mux)->rx + mux_stats(bed.mux)->overflow, 201);
	bed_close(&bed);
}

/* The socket outlives a worker, and the kernel counts on. */
static void losses_of_a_predecessor_are_not_counted_again(void)
{
	struct bed bed;
	struct mux *next = NULL;
	int small = 4096;
	uint64_t lost;
	uint8_t sock;

	REQUIRE(bed_open(&bed));
	setsockopt(bed.fd[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (unsigned i = 0; i < 200; i++)
		shoot(&bed, 0, 0, rtp, sizeof(rtp));
	mux_poll(bed.mux);
	shoot(&bed, 0, 0, rtp, sizeof(rtp));
	mux_poll(bed.mux);
	lost = mux_stats(bed.mux)->overflow;
	CHECK(lost > 0);

	/* of these most are lost while nobody reads */
	for (unsigned i = 0; i < 200; i++)
		shoot(&bed, 0, 0, rtp, sizeof(rtp));
	REQUIRE(!mux_alloc(&next, 4) && !mux_add(next, bed.fd[0], &sock));
	mux_poll(next);
	CHECK(mux_stats(next)->rx > 0);
	CHECK_INT(mux_stats(next)->overflow, 0);
	shoot(&bed, 0, 0, rtp, sizeof(rtp));
	mux_poll(next);
	CHECK_INT(mux_stats(next)->rx + mux_stats(next)->overflow, 201);
	mem_deref(next);
	bed_close(&bed);
}

static void how_full_its_queue_is_is_told(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	CHECK_INT(mux_queued(bed.mux), 0);
	for (unsigned i = 0; i < 20; i++)
		shoot(&bed, 0, 0, rtp, sizeof(rtp));
	CHECK(mux_queued(bed.mux) > 0 && mux_queued(bed.mux) < 1000);
	mux_poll(bed.mux);
	CHECK_INT(mux_queued(bed.mux), 0);
	bed_close(&bed);
}

/* What is in it when there is no more room. */
static void a_full_queue_is_a_thousand(void)
{
	struct bed bed;
	int small = 4096;

	REQUIRE(bed_open(&bed));
	setsockopt(bed.fd[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (unsigned i = 0; i < 200; i++)
		shoot(&bed, 0, 0, rtp, sizeof(rtp));
	CHECK(mux_queued(bed.mux) > 800);
	bed_close(&bed);
}

static void it_has_room_for_so_many_sockets(void)
{
	struct bed bed;
	uint8_t sock;
	int fd;

	REQUIRE(bed_open(&bed));
	for (unsigned i = 2; i < MUX_SOCKS_MAX; i++) {
		fd = dup(bed.fd[0]);
		CHECK_INT(mux_add(bed.mux, fd, &sock), 0);
		CHECK_INT(sock, i);
	}
	CHECK_INT(mux_add(bed.mux, bed.fd[0], &sock), ENOSPC);
	bed_close(&bed);
	for (unsigned i = 2; i < MUX_SOCKS_MAX; i++)
		close(fd - (int)(i - 2));
}

static void alloc_survives_a_lack_of_memory(void)
{
	struct mux *mux = NULL;

	(void)!mux_alloc(&mux, 4);
	mem_deref(mux);
}

TEST_MAIN(TEST(a_check_goes_to_the_one_it_names),
	  TEST(media_goes_to_the_one_with_the_address),
	  TEST(a_neighbour_in_the_table_gets_nothing),
	  TEST(who_can_use_the_packets_has_the_address),
	  TEST(a_crowd_at_one_address_is_not_asked_without_end),
	  TEST(a_ufrag_is_taken_once), TEST(the_rest_is_counted_and_dropped),
	  TEST(a_receiver_may_leave_in_the_middle_of_a_batch),
	  TEST(packets_wait_for_the_flush), TEST(a_full_queue_leaves_by_itself),
	  TEST(a_refused_packet_does_not_stop_the_batch),
	  TEST(what_the_socket_loses_is_counted),
	  TEST(losses_of_a_predecessor_are_not_counted_again),
	  TEST(how_full_its_queue_is_is_told),
	  TEST(a_full_queue_is_a_thousand),
	  TEST(it_has_room_for_so_many_sockets),
	  TEST_OOM(alloc_survives_a_lack_of_memory))
