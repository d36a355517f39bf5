/*
 * bench_ports.c  What a port for each leg of plain RTP costs, against one port
 *                that all legs of a PBX share
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/countof.h"
#include "tests/bench/lib/bench.h"

enum {
	LEGS_MAX = 800,
	AT_ONCE_MAX = 64,
	PACKET = 72, /* Opus of 24 kbit/s */
	PACKETS = 60000,
	ROUNDS = 3,
	BUCKETS = 2048
};

static const char title[] =
	"A packet of plain RTP in and out again, the kernel's share and who it\n"
	"belongs to. \"own ports\": each leg has a connected socket, found by\n"
	"epoll, recv() and send(). \"one port\": recvmmsg() and sendmmsg(), the\n"
	"leg is found by source address and SSRC. So many packets at a wake-up.\n"
	"The least of three turns each, one after the other.\n";

/* A leg, and the PBX's end of it. */
struct leg {
	struct le le;
	int fd, far;
	struct sa from; /* the PBX's */
	uint32_t ssrc;
};

struct bed {
	struct leg legs[LEGS_MAX];
	unsigned nlegs;
	bool shared;
	struct sa addr; /* of the shared port */
	int fd, epoll;
	struct hash *hash;
	struct mmsghdr msgs[AT_ONCE_MAX];
	struct iovec iov[AT_ONCE_MAX];
	struct sa names[AT_ONCE_MAX];
	uint8_t bufs[AT_ONCE_MAX][PACKET];
	unsigned passed;
};

static int bound(struct sa *addr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	sa_set_str(addr, "127.0.0.1", 0);
	if (fd < 0 || bind(fd, &addr->u.sa, addr->len) ||
	    getsockname(fd, &addr->u.sa, &addr->len))
		bench_die("no socket: %s", strerror(errno));
	return fd;
}

static void tie(int fd, const struct sa *to)
{
	if (connect(fd, &to->u.sa, to->len))
		bench_die("no peer: %s", strerror(errno));
}

static uint32_t key_of(const struct sa *src, uint32_t ssrc)
{
	return sa_hash(src, SA_ALL) ^ ssrc;
}

static void leg_open(struct bed *bed, struct leg *leg, uint32_t ssrc)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = leg};
	struct sa own;

	leg->ssrc = ssrc;
	leg->far = bound(&leg->from);
	if (bed->shared) {
		leg->fd = -1;
		tie(leg->far, &bed->addr);
		hash_append(bed->hash, key_of(&leg->from, ssrc), &leg->le, leg);
		return;
	}
	leg->fd = bound(&own);
	tie(leg->fd, &leg->from);
	tie(leg->far, &own);
	if (epoll_ctl(bed->epoll, EPOLL_CTL_ADD, leg->fd, &event))
		bench_die("epoll: %s", strerror(errno));
}

static void bed_open(struct bed *bed, unsigned nlegs, bool shared)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	int size = 4 << 20;

	memset(bed, 0, sizeof(*bed));
	bed->nlegs = nlegs;
	bed->shared = shared;
	bed->epoll = epoll_create1(0);
	bed->fd = bound(&bed->addr);
	(void)setsockopt(bed->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (hash_alloc(&bed->hash, BUCKETS))
		bench_die("no memory");
	if (shared && epoll_ctl(bed->epoll, EPOLL_CTL_ADD, bed->fd, &event))
		bench_die("epoll: %s", strerror(errno));
	for (unsigned i = 0; i < nlegs; i++)
		leg_open(bed, &bed->legs[i], 1000 + i);
}

static void bed_close(struct bed *bed)
{
	for (unsigned i = 0; i < bed->nlegs; i++) {
		close(bed->legs[i].far);
		if (bed->legs[i].fd >= 0)
			close(bed->legs[i].fd);
	}
	hash_clear(bed->hash);
	mem_deref(bed->hash);
	close(bed->epoll);
	close(bed->fd);
}

/* What comes from one leg goes to its neighbour. */
static struct leg *other(struct bed *bed, const struct leg *leg)
{
	return &bed->legs[(leg - bed->legs) ^ 1];
}

/* --- ports of their own ------------------------------------------------------- */

static void pass_on_own(struct bed *bed)
{
	struct epoll_event events[AT_ONCE_MAX];
	int n = epoll_wait(bed->epoll, events, AT_ONCE_MAX, 0);

	for (int i = 0; i < n; i++) {
		struct leg *leg = events[i].data.ptr;
		ssize_t len = recv(leg->fd, bed->bufs[0], PACKET, 0);

		if (len > 0 && send(other(bed, leg)->fd, bed->bufs[0],
				    (size_t)len, 0) == len)
			++bed->passed;
	}
}

/* --- one port ------------------------------------------------------------------ */

struct source {
	const struct sa *src;
	uint32_t ssrc;
};

static bool is_from(struct le *le, void *arg)
{
	const struct leg *leg = le->data;
	const struct source *source = arg;

	return leg->ssrc == source->ssrc &&
	       sa_cmp(&leg->from, source->src, SA_ALL);
}

static struct leg *find(struct bed *bed, const struct sa *src,
			const uint8_t *pkt)
{
	struct source source = {.src = src};

	memcpy(&source.ssrc, pkt + 8, sizeof(source.ssrc));
	return list_ledata(hash_lookup(bed->hash, key_of(src, source.ssrc),
				       is_from, &source));
}

static void pass_on_shared(struct bed *bed)
{
	struct epoll_event event;
	int got;

	if (epoll_wait(bed->epoll, &event, 1, 0) != 1)
		return;
	for (unsigned i = 0; i < AT_ONCE_MAX; i++) {
		bed->iov[i] = (struct iovec){bed->bufs[i], PACKET};
		bed->msgs[i].msg_hdr =
			(struct msghdr){.msg_name = &bed->names[i].u,
					.msg_namelen = sizeof(bed->names[i].u),
					.msg_iov = &bed->iov[i],
					.msg_iovlen = 1};
	}
	got = recvmmsg(bed->fd, bed->msgs, AT_ONCE_MAX, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++) {
		struct leg *leg;

		bed->names[i].len = bed->msgs[i].msg_hdr.msg_namelen;
		leg = find(bed, &bed->names[i], bed->bufs[i]);
		if (!leg)
			bench_die("a packet of nobody");
		leg = other(bed, leg);
		bed->msgs[i].msg_hdr.msg_name = &leg->from.u;
		bed->msgs[i].msg_hdr.msg_namelen = leg->from.len;
		bed->iov[i].iov_len = bed->msgs[i].msg_len;
	}
	if (got > 0 && sendmmsg(bed->fd, bed->msgs, (unsigned)got, 0) == got)
		bed->passed += (unsigned)got;
}

/* --- the load --------------------------------------------------------------------- */

static void drain(struct bed *bed)
{
	uint8_t pkt[PACKET];

	for (unsigned i = 0; i < bed->nlegs; i++)
		while (recv(bed->legs[i].far, pkt, PACKET, 0) > 0)
			;
}

static double turn(struct bed *bed, unsigned at_once)
{
	uint8_t pkt[PACKET] = {0x80};
	unsigned from = 0;
	double us = 0;

	bed->passed = 0;
	for (unsigned n = 0; n < PACKETS; n += at_once) {
		double begin;

		for (unsigned i = 0; i < at_once; i++, from++) {
			struct leg *leg = &bed->legs[from % bed->nlegs];

			memcpy(pkt + 8, &leg->ssrc, sizeof(leg->ssrc));
			(void)!send(leg->far, pkt, PACKET, 0);
		}
		begin = bench_cpu_us();
		if (bed->shared)
			pass_on_shared(bed);
		else
			pass_on_own(bed);
		us += bench_cpu_us() - begin;
		if (n % (8 * bed->nlegs) < at_once)
			drain(bed);
	}
	if (bed->passed < PACKETS - PACKETS / 1000)
		bench_die("%u of %u passed", bed->passed, PACKETS);
	return us / bed->passed;
}

static void compare(unsigned nlegs, unsigned at_once)
{
	static struct bed bed;
	double us[2] = {1e9, 1e9};
	char text[80];

	for (unsigned r = 0; r < ROUNDS; r++) {
		for (unsigned shared = 0; shared < 2; shared++) {
			double t;

			bed_open(&bed, nlegs, shared);
			t = turn(&bed, at_once);
			us[shared] = t < us[shared] ? t : us[shared];
			bed_close(&bed);
		}
	}
	for (unsigned shared = 0; shared < 2; shared++) {
		snprintf(text, sizeof(text), "%u legs, %u at once, %s", nlegs,
			 at_once, shared ? "one port" : "own ports");
		BENCH(text, us[shared], "us", 0, NULL);
	}
}

int main(void)
{
	static const unsigned at_once[] = {1, 5, 20, 40};

	bench_title(title);
	bench_first();
	if (libre_init())
		return 1;
	for (size_t i = 0; i < COUNTOF(at_once); i++) {
		compare(100, at_once[i]);
		compare(400, at_once[i]);
	}
	libre_close();
	return 0;
}
