/*
 * test_path_rtp.c  The path to a PBX: who is heard, where packets go
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/transport/hub.h"
#include "mediad/transport/path_rtp_priv.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/test.h"

enum {
	FARS = 3, /* 0: the PBX, others: strangers, or its other ports */
	PAIRS = 4,
	WAIT_MS = 5000
};

struct heard {
	unsigned rtp, rtcp, rungs, changed;
	uint8_t first; /* byte of the latest payload */
	bool leaves;   /* the path is freed by the handler */
};

struct bed {
	struct wheel *wheel;
	uint64_t now_ms;
	struct path_rtp_env env;
	struct hub_iface iface;
	int guard;
	struct path *path;
	struct source_rule rule;
	struct heard heard;
	unsigned expected; /* packets */
	int fd[FARS][2];
	struct sa far[FARS][2];
	uint16_t seq;
};

static void on_rtp(const struct path_packet *packet, void *arg)
{
	struct bed *bed = arg;

	++bed->heard.rtp;
	bed->heard.first = packet->pkt[12];
	/* the promised room may be written */
	memset(packet->pkt - PATH_HEADROOM, 0, PATH_HEADROOM);
	memset(packet->pkt, 0, packet->cap);
	if (bed->heard.leaves)
		bed->path = mem_deref(bed->path);
}

static void on_rtcp(const struct path_packet *packet, void *arg)
{
	struct bed *bed = arg;

	(void)packet;
	++bed->heard.rtcp;
}

static void on_rung(enum path_rung rung, uint64_t at_ms, void *arg)
{
	struct bed *bed = arg;

	(void)at_ms;
	CHECK_INT(rung, PATH_MEDIA);
	++bed->heard.rungs;
}

static void on_changed(void *arg)
{
	struct bed *bed = arg;

	++bed->heard.changed;
}

static const struct path_handlers handlers = {
	.rtp = on_rtp,
	.rtcp = on_rtcp,
	.rung = on_rung,
	.changed = on_changed,
};

static int udp(struct sa *addr, uint16_t port)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	sa_set_str(addr, "127.0.0.1", port);
	if (fd >= 0 && !bind(fd, &addr->u.sa, addr->len) &&
	    !getsockname(fd, &addr->u.sa, &addr->len))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* A few ports that nobody else has now: those behind one of the system's. */
static bool range_find(struct bed *bed)
{
	struct sa addr;

	for (unsigned i = 0; i < 100; i++) {
		bed->guard = udp(&addr, (uint16_t)(20000 + rand_u16() % 10000));
		if (bed->guard < 0)
			continue;
		sa_set_str(&bed->iface.bind, "127.0.0.1", 0);
		bed->iface.advertise = bed->iface.bind;
		bed->iface.lo = (uint16_t)(sa_port(&addr) + 1);
		bed->iface.hi = (uint16_t)(bed->iface.lo + 2 * PAIRS);
		return true;
	}
	return false;
}

static bool hub_make(struct bed *bed)
{
	return !hub_alloc(&bed->env.hub) && !hub_add(bed->env.hub, &bed->iface);
}

static bool bed_open(struct bed *bed, enum source_policy policy)
{
	memset(bed, 0, sizeof(*bed));
	bed->now_ms = 1000;
	bed->rule.policy = policy;
	for (unsigned i = 0; i < FARS; i++) {
		bed->fd[i][0] = udp(&bed->far[i][0], 0);
		bed->fd[i][1] = udp(&bed->far[i][1], 0);
	}
	if (!CHECK(range_find(bed)) || !CHECK(hub_make(bed)) ||
	    !CHECK(!wheel_alloc(&bed->wheel, bed->now_ms)))
		return false;
	bed->env.wheel = bed->wheel;
	return CHECK(!path_rtp_alloc(&bed->path, &bed->env, &bed->rule,
				     &handlers, bed)) &&
	       CHECK(!path_rtp_open(bed->path, AF_UNSPEC));
}

static void bed_close(struct bed *bed)
{
	mem_deref(bed->path);
	mem_deref(bed->env.hub);
	mem_deref(bed->wheel);
	close(bed->guard);
	for (unsigned i = 0; i < FARS; i++) {
		close(bed->fd[i][0]);
		close(bed->fd[i][1]);
	}
}

static struct path_rtp_terms terms_of(const struct bed *bed, unsigned far)
{
	return (struct path_rtp_terms){
		.rtp = bed->far[far][0],
		.rtcp = bed->far[far][1],
		.pts = {1ull << 8 | 1, 1ull << (101 - 64)},
	};
}

static void agree(struct bed *bed, unsigned far)
{
	struct path_rtp_terms terms = terms_of(bed, far);

	CHECK_INT(path_rtp_agree(bed->path, &terms), 0);
}

/* To our port of RTP, or the next one. */
static void shoot(struct bed *bed, unsigned far, bool rtcp, const void *pkt,
		  size_t len)
{
	struct sa to = *path_rtp_local(bed->path);

	sa_set_port(&to, (uint16_t)(sa_port(&to) + rtcp));
	(void)!sendto(bed->fd[far][rtcp], pkt, len, 0, &to.u.sa, to.len);
}

static void shoot_rtp(struct bed *bed, unsigned far, uint8_t pt)
{
	uint8_t pkt[172] = {0x80, pt, (uint8_t)(bed->seq >> 8),
			    (uint8_t)bed->seq};

	++bed->seq;
	pkt[11] = 7;
	shoot(bed, far, false, pkt, sizeof(pkt));
}

static const uint8_t report[8] = {0x80, 201, 0, 1};

static void run(struct bed *bed)
{
	bed->now_ms += 20;
	wheel_advance(bed->wheel, bed->now_ms);
	hub_poll(bed->env.hub);
}

static unsigned received(struct bed *bed, unsigned far, bool rtcp)
{
	uint8_t buf[2048];
	unsigned n = 0;

	while (recv(bed->fd[far][rtcp], buf, sizeof(buf), 0) > 0)
		++n;
	return n;
}

static int send_one(struct bed *bed)
{
	static const uint8_t pkt[172] = {0x80, 8};

	return path_send_rtp(bed->path, pkt, sizeof(pkt), 1);
}

/* --- cases ------------------------------------------------------------------------ */

static void nothing_happens_before_an_agreement(void)
{
	struct bed bed;
	struct sa peer;

	if (bed_open(&bed, SOURCE_STRICT)) {
		shoot_rtp(&bed, 0, 8);
		shoot(&bed, 0, true, report, sizeof(report));
		run(&bed);
		CHECK_INT(bed.heard.rtp + bed.heard.rtcp, 0);
		CHECK_INT(path_stats(bed.path)->early, 2);
		CHECK(!path_ready(bed.path));
		CHECK(!path_rtp_peer(bed.path, &peer));
		CHECK_INT(send_one(&bed), ENOTCONN);
		CHECK_INT(path_send_rtcp(bed.path, report, 8, 1), ENOTCONN);
		CHECK_INT(path_stats(bed.path)->unsent, 2);
		CHECK_INT(received(&bed, 0, false), 0);
	}
	bed_close(&bed);
}

static void media_flows_both_ways(void)
{
	struct bed bed;

	if (bed_open(&bed, SOURCE_STRICT)) {
		agree(&bed, 0);
		CHECK(path_ready(bed.path));
		for (unsigned i = 0; i < 10; i++)
			shoot_rtp(&bed, 0, 8);
		shoot(&bed, 0, true, report, sizeof(report));
		run(&bed);
		CHECK_INT(bed.heard.rtp, 10);
		CHECK_INT(bed.heard.rtcp, 1);
		CHECK_INT(bed.heard.rungs, 1);
		CHECK_INT(path_stats(bed.path)->rx, 10);
		CHECK_INT(path_stats(bed.path)->rx_rtcp, 1);
		CHECK_INT(send_one(&bed), 0);
		CHECK_INT(path_send_rtcp(bed.path, report, 8, 1), 0);
		CHECK_INT(received(&bed, 0, false), 1);
		CHECK_INT(received(&bed, 0, true), 1);
		CHECK_INT(path_stats(bed.path)->tx, 1);
		CHECK_INT(path_stats(bed.path)->tx_rtcp, 1);
	}
	bed_close(&bed);
}

/* Packets that wait in the socket when it is connected are not the peer's
 * because of that. */
static void who_came_before_the_agreement_is_not_heard_after_it(void)
{
	struct bed bed;

	if (bed_open(&bed, SOURCE_STRICT)) {
		for (unsigned i = 0; i < 20; i++)
			shoot_rtp(&bed, 1, 8);
		agree(&bed, 0);
		shoot_rtp(&bed, 1, 8);
		shoot_rtp(&bed, 0, 8);
		shoot_rtp(&bed, 1, 8);
		run(&bed);
		CHECK_INT(bed.heard.rtp, 1);
		/* what came later the kernel turned away */
		CHECK_INT(path_stats(bed.path)->strangers, 20);
		CHECK_INT(hub_stats(bed.env.hub)->strangers, 20);
		CHECK_INT(send_one(&bed), 0);
		CHECK_INT(received(&bed, 1, false), 0);
	}
	bed_close(&bed);
}

static void an_agreement_elsewhere_moves_both_directions(void)
{
	struct bed bed;

	if (bed_open(&bed, SOURCE_STRICT)) {
		agree(&bed, 0);
		shoot_rtp(&bed, 0, 8);
		run(&bed);
		agree(&bed, 1);
		shoot_rtp(&bed, 0, 8);
		shoot_rtp(&bed, 1, 8);
		run(&bed);
		CHECK_INT(bed.heard.rtp, 2);
		CHECK_INT(send_one(&bed), 0);
		CHECK_INT(received(&bed, 0, false), 0);
		CHECK_INT(received(&bed, 1, false), 1);
	}
	bed_close(&bed);
}

static void address_zero_mutes_and_still_hears(void)
{
	struct path_rtp_terms none = {.pts = {1 << 8}};
	struct bed bed;

	if (bed_open(&bed, SOURCE_STRICT)) {
		agree(&bed, 0);
		CHECK_INT(path_rtp_agree(bed.path, &none), 0);
		CHECK(!path_ready(bed.path));
		CHECK_INT(send_one(&bed), ENOTCONN);
		CHECK_INT(path_send_rtcp(bed.path, report, 8, 1), ENOTCONN);
		shoot_rtp(&bed, 0, 8);
		shoot_rtp(&bed, 1, 8);
		run(&bed);
		CHECK_INT(bed.heard.rtp, 1);
		agree(&bed, 0);
		CHECK_INT(send_one(&bed), 0);
		CHECK_INT(received(&bed, 0, false), 1);
	}
	bed_close(&bed);
}

static void learn_once_answers_where_it_hears(void)
{
	struct bed bed;

	if (bed_open(&bed, SOURCE_LEARN_ONCE)) {
		agree(&bed, 0);
		CHECK_INT(send_one(&bed), 0);
		CHECK_INT(received(&bed, 0, false), 1);
		/* the host's other port, as of a NAT; not with any payload */
		shoot_rtp(&bed, 1, 77);
		shoot_rtp(&bed, 1, 77);
		shoot_rtp(&bed, 1, 8);
		run(&bed);
		CHECK_INT(bed.heard.rtp, 0);
		shoot_rtp(&bed, 1, 8);
		run(&bed);
		CHECK_INT(bed.heard.rtp, 1);
		CHECK_INT(bed.heard.changed, 1);
		CHECK_INT(send_one(&bed), 0);
		CHECK_INT(received(&bed, 1, false), 1);
		CHECK_INT(received(&bed, 0, false), 0);
		/* RTCP goes to the SDP's address until it is heard */
		CHECK_INT(path_send_rtcp(bed.path, report, 8, 1), 0);
		CHECK_INT(received(&bed, 0, true), 1);
		shoot(&bed, 1, true, report, sizeof(report));
		run(&bed);
		CHECK_INT(bed.heard.rtcp, 1);
		CHECK_INT(path_send_rtcp(bed.path, report, 8, 2), 0);
		CHECK_INT(received(&bed, 1, true), 1);
		/* for good */
		for (unsigned i = 0; i < 4; i++)
			shoot_rtp(&bed, 2, 8);
		for (unsigned i = 0; i < 4; i++)
			shoot_rtp(&bed, 0, 8);
		run(&bed);
		CHECK_INT(bed.heard.rtp, 1);
	}
	bed_close(&bed);
}

static void network_follows_after_silence(void)
{
	struct bed bed;
	unsigned before;

	memset(&bed, 0, sizeof(bed));
	if (bed_open(&bed, SOURCE_NETWORK)) {
		mem_deref(bed.path);
		CHECK(cfg_cidr_read(&bed.rule.nets[0], "127.0.0.0/8"));
		bed.rule.nnets = 1;
		CHECK_INT(path_rtp_alloc(&bed.path, &bed.env, &bed.rule,
					 &handlers, &bed),
			  0);
		CHECK_INT(path_rtp_open(bed.path, AF_INET), 0);
		agree(&bed, 0);
		shoot_rtp(&bed, 1, 8);
		shoot_rtp(&bed, 1, 8);
		run(&bed);
		CHECK_INT(bed.heard.rtp, 1);
		CHECK_INT(send_one(&bed), 0);
		CHECK_INT(received(&bed, 1, false), 1);
		before = bed.heard.rtp;
		shoot_rtp(&bed, 2, 8);
		shoot_rtp(&bed, 2, 8);
		run(&bed);
		CHECK_INT(bed.heard.rtp, before);
		bed.now_ms += SOURCE_SILENT_MS;
		shoot_rtp(&bed, 2, 8);
		shoot_rtp(&bed, 2, 8);
		run(&bed);
		CHECK_INT(bed.heard.rtp, before + 1);
		CHECK_INT(send_one(&bed), 0);
		CHECK_INT(received(&bed, 2, false), 1);
		CHECK_INT(path_stats(bed.path)->moves, 2);
	}
	bed_close(&bed);
}

static void with_mux_all_is_on_one_port(void)
{
	struct path_rtp_terms terms;
	struct bed bed;

	if (bed_open(&bed, SOURCE_STRICT)) {
		terms = terms_of(&bed, 0);
		terms.mux = true;
		terms.rtcp = terms.rtp;
		CHECK_INT(path_rtp_agree(bed.path, &terms), 0);
		shoot_rtp(&bed, 0, 8);
		shoot(&bed, 0, false, report, sizeof(report));
		shoot(&bed, 0, true, report, sizeof(report));
		run(&bed);
		CHECK_INT(bed.heard.rtp, 1);
		CHECK_INT(bed.heard.rtcp, 1);
		CHECK_INT(path_send_rtcp(bed.path, report, 8, 1), 0);
		CHECK_INT(received(&bed, 0, false), 1);
	}
	bed_close(&bed);
}

/* RTCP on a port of its own, whose association stands before RTP's. */
static void what_has_keys_is_not_sent_in_clear(void)
{
	const struct secure_keys keys = {.suite = CRYPT_AES_CM_128_SHA1_80};
	uint8_t buf[256];
	struct bed bed;

	if (bed_open(&bed, SOURCE_STRICT)) {
		struct path_rtp *pr = path_rtp_self(bed.path);

		agree(&bed, 0);
		pr->dtls = true;
		CHECK_INT(send_one(&bed), ENOTCONN);
		CHECK_INT(path_send_rtcp(bed.path, report, 8, 1), ENOTCONN);
		REQUIRE(path_rtp_secure(pr, true, &keys) == 0);
		CHECK_INT(send_one(&bed), ENOTCONN);
		CHECK_INT(path_send_rtcp(bed.path, report, 8, 1), 0);
		CHECK_INT(recv(bed.fd[0][1], buf, sizeof(buf), 0),
			  8 + 4 + 10);
	}
	bed_close(&bed);
}

static void rubbish_is_counted_and_dropped(void)
{
	static const uint8_t stun[20] = {0, 1}, dtls[13] = {22},
			     rtp[12] = {0x80, 8};
	static const uint8_t big[1501] = {0x80, 8}, huge[4000] = {0x80, 8};
	struct bed bed;

	if (bed_open(&bed, SOURCE_STRICT)) {
		agree(&bed, 0);
		shoot(&bed, 0, false, stun, sizeof(stun));
		shoot(&bed, 0, false, dtls, sizeof(dtls));
		shoot(&bed, 0, false, "", 0);
		shoot(&bed, 0, false, rtp, 5);
		shoot(&bed, 0, false, big, sizeof(big));
		shoot(&bed, 0, false, report, sizeof(report)); /* no mux */
		shoot(&bed, 0, true, rtp, sizeof(rtp));
		shoot(&bed, 0, false, huge, sizeof(huge));
		run(&bed);
		CHECK_INT(bed.heard.rtp + bed.heard.rtcp, 0);
		CHECK_INT(path_stats(bed.path)->refused, 7);
		CHECK_INT(hub_stats(bed.env.hub)->rubbish, 7);
		CHECK_INT(hub_stats(bed.env.hub)->too_big, 1);
		CHECK_INT(path_send_rtp(bed.path, big, sizeof(big), 1),
			  EMSGSIZE);
	}
	bed_close(&bed);
}

/* While the call lasts, each once. */
static void what_the_queue_loses_is_counted(void)
{
	const struct hub_stats *stats;
	struct bed bed;

	if (bed_open(&bed, SOURCE_STRICT)) {
		agree(&bed, 0);
		stats = hub_stats(bed.env.hub);
		CHECK_INT(hub_look(bed.env.hub), 0);
		CHECK_INT(stats->overflow, 0);
		for (unsigned i = 0; i < 3000; i++)
			shoot_rtp(&bed, 0, 8);
		CHECK(hub_look(bed.env.hub) > 800);
		CHECK(stats->overflow > 0);
		run(&bed);
		CHECK_INT(hub_look(bed.env.hub), 0);
		CHECK_INT(bed.heard.rtp + stats->overflow, 3000);
		for (unsigned i = 0; i < 3000; i++)
			shoot_rtp(&bed, 0, 8);
		run(&bed);
		bed.path = mem_deref(bed.path);
		CHECK_INT(stats->rx + stats->overflow, 6000);
	}
	bed_close(&bed);
}

static bool all_came(void *arg)
{
	const struct bed *bed = arg;

	return bed->heard.rtp + bed->heard.rtcp == bed->expected;
}

/* Each socket has its own call to read it, and all one turn. */
static void what_one_turn_reads_is_a_batch(void)
{
	struct loop_test lt;
	struct bed bed;

	REQUIRE(loop_test_open(&lt));
	if (bed_open(&bed, SOURCE_STRICT)) {
		const struct hub_stats *stats = hub_stats(bed.env.hub);

		agree(&bed, 0);
		/* libre's turn ends with the first event when a descriptor is
		 * new: one for that */
		CHECK(loop_test_until(&lt, all_came, &bed, WAIT_MS));
		for (unsigned i = 1; i <= 3; i++) {
			bed.expected = 2 * i;
			shoot_rtp(&bed, 0, 8);
			shoot(&bed, 0, true, report, sizeof(report));
			CHECK(loop_test_until(&lt, all_came, &bed, WAIT_MS));
			CHECK_INT(stats->rx, 2 * i);
			CHECK_INT(stats->rx_turns, i);
		}
	}
	bed_close(&bed);
	loop_test_close(&lt);
}

/* A peer without a socket: the host says so, and we go on. */
static void a_closed_port_of_the_peer_ends_nothing(void)
{
	struct bed bed;
	struct sa addr;

	if (bed_open(&bed, SOURCE_STRICT)) {
		agree(&bed, 0);
		close(bed.fd[0][0]);
		for (unsigned i = 0; i < 5; i++)
			CHECK_INT(send_one(&bed), 0);
		CHECK(hub_stats(bed.env.hub)->unreachable > 0);
		bed.fd[0][0] = udp(&addr, sa_port(&bed.far[0][0]));
		CHECK(bed.fd[0][0] >= 0);
		CHECK_INT(send_one(&bed), 0);
		shoot_rtp(&bed, 0, 8);
		run(&bed);
		CHECK_INT(bed.heard.rtp, 1);
		CHECK_INT(received(&bed, 0, false), 1);
	}
	bed_close(&bed);
}

static void a_handler_may_free_the_path(void)
{
	struct bed bed;
	uint32_t count, nfree;

	if (bed_open(&bed, SOURCE_STRICT)) {
		agree(&bed, 0);
		bed.heard.leaves = true;
		shoot_rtp(&bed, 0, 8);
		shoot_rtp(&bed, 0, 8);
		run(&bed);
		CHECK(!bed.path);
		CHECK_INT(bed.heard.rtp, 1);
		hub_ports(bed.env.hub, &count, &nfree);
		CHECK_INT(count, PAIRS);
		CHECK_INT(nfree, PAIRS);
	}
	bed_close(&bed);
}

static void ports_of_others_are_passed_over(void)
{
	struct path *paths[PAIRS + 1] = {NULL};
	struct sa addr;
	struct bed bed;
	int other;

	if (bed_open(&bed, SOURCE_STRICT)) {
		/* the RTCP port of the next pair is somebody's */
		other = udp(&addr,
			    (uint16_t)(sa_port(path_rtp_local(bed.path)) + 3));
		CHECK(other >= 0);
		for (unsigned i = 0; i < PAIRS; i++) {
			CHECK_INT(path_rtp_alloc(&paths[i], &bed.env, &bed.rule,
						 &handlers, &bed),
				  0);
			CHECK_INT(path_rtp_open(paths[i], AF_INET),
				  i < PAIRS - 2 ? 0 : EADDRINUSE);
		}
		CHECK(hub_stats(bed.env.hub)->busy > 0);
		close(other);
		CHECK_INT(path_rtp_open(paths[PAIRS - 1], AF_INET), 0);
		CHECK_INT(path_rtp_open(paths[PAIRS - 2], AF_INET), EADDRINUSE);
		CHECK_INT(path_rtp_open(paths[0], AF_INET6), EAFNOSUPPORT);
		for (unsigned i = 0; i < PAIRS; i++)
			mem_deref(paths[i]);
	}
	bed_close(&bed);
}

static void loopback_is_reached_from_loopback_alone(void)
{
	struct sa loop, other, six;
	struct bed bed;

	sa_set_str(&loop, "127.0.0.1", 4000);
	sa_set_str(&other, "192.0.2.1", 4000);
	sa_set_str(&six, "2001:db8::1", 4000);
	if (bed_open(&bed, SOURCE_STRICT)) {
		CHECK(path_rtp_reaches(bed.path, &loop));
		CHECK(path_rtp_reaches(bed.path, &other));
		CHECK(!path_rtp_reaches(bed.path, &six));
	}
	bed_close(&bed);
}

/* Bound to all addresses or not: what a PBX names must not be our neighbour
 * on this box, such as a DNS or SIP server that trusts it. */
static void loopback_is_not_reached_from_an_interface_for_others(void)
{
	struct sa loop, last, other;
	struct bed bed;

	sa_set_str(&loop, "127.0.0.1", 4000);
	sa_set_str(&last, "127.255.255.254", 4000);
	sa_set_str(&other, "192.0.2.1", 4000);
	if (bed_open(&bed, SOURCE_STRICT)) {
		bed.path = mem_deref(bed.path);
		bed.env.hub = mem_deref(bed.env.hub);
		sa_set_str(&bed.iface.bind, "0.0.0.0", 0);
		sa_set_str(&bed.iface.advertise, "192.0.2.9", 0);
		CHECK(hub_make(&bed));
		CHECK_INT(path_rtp_alloc(&bed.path, &bed.env, &bed.rule,
					 &handlers, &bed),
			  0);
		CHECK_INT(path_rtp_open(bed.path, AF_INET), 0);
		CHECK(!path_rtp_reaches(bed.path, &loop));
		CHECK(!path_rtp_reaches(bed.path, &last));
		CHECK(path_rtp_reaches(bed.path, &other));
	}
	bed_close(&bed);
}

/* The second interface is of the other family. */
static void a_peer_of_six_has_an_interface_of_six(void)
{
	static const uint8_t pkt[172] = {0x80, 8};
	struct path_rtp_terms terms = {.pts = {1 << 8}};
	struct hub_iface six = {.name = "six"};
	struct path *path = NULL;
	struct sa far, to;
	struct bed bed;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	sa_set_str(&far, "::1", 0);
	if (fd < 0 || bind(fd, &far.u.sa, far.len) ||
	    getsockname(fd, &far.u.sa, &far.len)) {
		test_skip("no IPv6 on this machine");
		return;
	}
	if (bed_open(&bed, SOURCE_STRICT)) {
		six = bed.iface;
		sa_set_str(&six.bind, "::1", 0);
		six.advertise = six.bind;
		CHECK_INT(hub_add(bed.env.hub, &six), 0);
		CHECK_INT(path_rtp_alloc(&path, &bed.env, &bed.rule, &handlers,
					 &bed),
			  0);
		CHECK_INT(path_rtp_open(path, AF_INET6), 0);
		to = *path_rtp_local(path);
		CHECK_INT(sa_af(&to), AF_INET6);
		CHECK(path_rtp_reaches(path, &far));
		CHECK(!path_rtp_reaches(bed.path, &far));
		terms.rtp = terms.rtcp = far;
		CHECK_INT(path_rtp_agree(path, &terms), 0);
		(void)!sendto(fd, pkt, sizeof(pkt), 0, &to.u.sa, to.len);
		run(&bed);
		CHECK_INT(bed.heard.rtp, 1);
		CHECK_INT(path_send_rtp(path, pkt, sizeof(pkt), 0), 0);
		CHECK(recv(fd, &bed.heard.first, 1, MSG_TRUNC) > 100);
		mem_deref(path);
	}
	close(fd);
	bed_close(&bed);
}

/* Of two of one family a leg's connection says by which it goes; one of each
 * family may have the same name. */
static void an_interface_is_chosen_by_name(void)
{
	static const struct pl inside = PL("inside"), none = PL("elsewhere"),
			       any = PL("");
	struct hub_iface iface, six = {.name = "inside"};
	struct path *path = NULL, *video = NULL;
	struct bed bed;

	if (bed_open(&bed, SOURCE_STRICT)) {
		six.lo = bed.iface.lo;
		six.hi = bed.iface.hi;
		sa_set_str(&six.bind, "::1", 0);
		six.advertise = six.bind;
		CHECK_INT(hub_add(bed.env.hub, &six), 0);
		iface = bed.iface;
		str_ncpy(iface.name, "inside", sizeof(iface.name));
		sa_set_str(&iface.bind, "127.0.0.2", 0);
		sa_set_str(&iface.advertise, "203.0.113.7", 0); /* NAT 1:1 */
		CHECK_INT(hub_add(bed.env.hub, &iface), 0);
		CHECK_INT(path_rtp_alloc(&path, &bed.env, &bed.rule, &handlers,
					 &bed),
			  0);
		CHECK_INT(path_rtp_by(path, &none), 0);
		CHECK_INT(path_rtp_open(path, AF_INET), ENODEV);
		CHECK_INT(path_rtp_open(path, AF_UNSPEC), ENODEV);
		CHECK_INT(path_rtp_by(path, &inside), 0);
		CHECK_INT(path_rtp_open(path, AF_INET), 0);
		CHECK(sa_cmp(path_rtp_local(path), &iface.advertise, SA_ADDR));
		/* its video goes the same way */
		CHECK_INT(path_rtp_alloc(&video, &bed.env, &bed.rule,
					 &handlers, &bed),
			  0);
		path_rtp_beside(video, path);
		CHECK_INT(path_rtp_open(video, AF_INET), 0);
		CHECK(sa_cmp(path_rtp_local(video), &iface.advertise,
			     SA_ADDR));
		mem_deref(video);
		mem_deref(path);
		CHECK_INT(path_rtp_alloc(&path, &bed.env, &bed.rule, &handlers,
					 &bed),
			  0);
		CHECK_INT(path_rtp_by(path, &any), 0);
		CHECK_INT(path_rtp_open(path, AF_INET), 0);
		CHECK(sa_cmp(path_rtp_local(path), &bed.iface.advertise,
			     SA_ADDR));
		mem_deref(path);
	}
	bed_close(&bed);
}

/* --- the state file ------------------------------------------------------------------ */

static int revive(struct bed *bed, const struct path_rtp_state *state)
{
	bed->path = mem_deref(bed->path);
	bed->env.hub = mem_deref(bed->env.hub);
	if (!hub_make(bed))
		return ENOMEM;
	memset(&bed->heard, 0, sizeof(bed->heard));
	const struct path_rtp_record record = {.state = state};

	return path_rtp_import(&bed->path, &bed->env, &record, &handlers, bed);
}

static void a_successor_has_the_same_ports_and_source(void)
{
	struct path_rtp_state state, again;
	struct sa local, rtp, rtcp;
	struct bed bed;

	if (bed_open(&bed, SOURCE_LEARN_ONCE)) {
		CHECK_INT(path_rtp_export(bed.path, &state), EAGAIN);
		agree(&bed, 0);
		shoot_rtp(&bed, 1, 8);
		shoot_rtp(&bed, 1, 8);
		run(&bed);
		CHECK_INT(path_rtp_export(bed.path, &state), 0);
		local = *path_rtp_local(bed.path);
		CHECK_INT(revive(&bed, &state), 0);
		REQUIRE(bed.path);
		CHECK(sa_cmp(&local, path_rtp_local(bed.path), SA_ALL));
		CHECK_INT(send_one(&bed), 0);
		CHECK_INT(received(&bed, 1, false), 1);
		shoot_rtp(&bed, 1, 8);
		shoot_rtp(&bed, 0, 8);
		run(&bed);
		CHECK_INT(bed.heard.rtp, 1);
		CHECK_INT(path_rtp_export(bed.path, &again), 0);
		CHECK(!memcmp(&state, &again, sizeof(state)));
		path_rtp_said(&state, &rtp, &rtcp);
		CHECK(sa_cmp(&rtp, &bed.far[0][0], SA_ALL));
		CHECK(sa_cmp(&rtcp, &bed.far[0][1], SA_ALL));
	}
	bed_close(&bed);
}

static void an_unsound_state_is_refused(void)
{
	struct path_rtp_state good, state;
	struct bed bed;

	if (!bed_open(&bed, SOURCE_NETWORK)) {
		bed_close(&bed);
		return;
	}
	agree(&bed, 0);
	CHECK_INT(path_rtp_export(bed.path, &good), 0);
#define REFUSED(change, why)                          \
	do {                                          \
		state = good;                         \
		change;                               \
		CHECK_INT(revive(&bed, &state), why); \
		CHECK(!bed.path);                     \
	} while (0)

	REFUSED(state.local.family = 0, EBADMSG);
	REFUSED(state.local.family = 5, EBADMSG);
	REFUSED(state.said[1].family = 9, EBADMSG);
	REFUSED(state.from[0].family = 1, EBADMSG);
	REFUSED(state.policy = SOURCE_POLICIES, EBADMSG);
	REFUSED(state.nnets = SOURCE_NETS_MAX + 1, EBADMSG);
	REFUSED(state.nnets = 1, EBADMSG);
	REFUSED(state.nnets = 1; state.nets[0].addr.family = 4;
		state.nets[0].bits = 33, EBADMSG);
	REFUSED(state.mux = 2, EBADMSG);
	REFUSED(state.mute = 2, EBADMSG);
	REFUSED(state.local.addr[0] ^= 1, ENOENT);
	REFUSED(++state.local.port, ENOENT);
	REFUSED(state.local.port = 80, ENOENT);
#undef REFUSED
	CHECK_INT(revive(&bed, &good), 0);
	bed_close(&bed);
}

static void memory_runs_out_anywhere(void)
{
	struct path_rtp_state state;
	struct bed bed;

	memset(&bed, 0, sizeof(bed));
	if (range_find(&bed) && hub_make(&bed) &&
	    !wheel_alloc(&bed.wheel, 1000)) {
		bed.env.wheel = bed.wheel;
		if (!path_rtp_alloc(&bed.path, &bed.env, &bed.rule, &handlers,
				    &bed) &&
		    !path_rtp_open(bed.path, AF_UNSPEC)) {
			sa_set_str(&bed.far[0][0], "127.0.0.1", 9);
			sa_set_str(&bed.far[0][1], "127.0.0.1", 10);
			agree(&bed, 0);
			if (!path_rtp_export(bed.path, &state))
				(void)revive(&bed, &state);
		}
	}
	mem_deref(bed.path);
	mem_deref(bed.env.hub);
	mem_deref(bed.wheel);
	close(bed.guard);
}

TEST_MAIN(TEST(nothing_happens_before_an_agreement),
	  TEST(media_flows_both_ways),
	  TEST(who_came_before_the_agreement_is_not_heard_after_it),
	  TEST(an_agreement_elsewhere_moves_both_directions),
	  TEST(address_zero_mutes_and_still_hears),
	  TEST(learn_once_answers_where_it_hears),
	  TEST(network_follows_after_silence),
	  TEST(with_mux_all_is_on_one_port),
	  TEST(what_has_keys_is_not_sent_in_clear),
	  TEST(rubbish_is_counted_and_dropped),
	  TEST(what_the_queue_loses_is_counted),
	  TEST(what_one_turn_reads_is_a_batch),
	  TEST(a_closed_port_of_the_peer_ends_nothing),
	  TEST(a_handler_may_free_the_path),
	  TEST(ports_of_others_are_passed_over),
	  TEST(loopback_is_reached_from_loopback_alone),
	  TEST(loopback_is_not_reached_from_an_interface_for_others),
	  TEST(an_interface_is_chosen_by_name),
	  TEST(a_peer_of_six_has_an_interface_of_six),
	  TEST(a_successor_has_the_same_ports_and_source),
	  TEST(an_unsound_state_is_refused), TEST_OOM(memory_runs_out_anywhere))
