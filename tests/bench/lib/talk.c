/*
 * talk.c  The far ends of many calls, and what they say to each other
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/lib/bare.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/page.h"
#include "tests/bench/lib/talk.h"
#include "tests/bench/lib/talk_page.h"
#include "tests/lib/mock_media.h"

enum {
	CALLS_MAX = 2000,
	FRAME_MS = 20,
	TICKS = 960,
	TICK_US = 100, /* so often the sides whose turn it is speak */
	RTP_HDR = 12,
	PAYLOAD = 60,
	WAIT_MS = 30000,
	LATE_MS = 60, /* for what is still under way */
	PORT_LO = 4000,
	PORT_HI = 9998,
	BUCKETS = 20000, /* of the delay, 10 us each */
	BUCKET_NS = 10000
};

/* A page has media, a PBX a socket. */
struct side {
	struct talk *talk;
	struct mock_media *media;
	struct talk_page *page; /* NULL: its media is not up yet */
	struct loop_watch *watch;
	int fd;
	uint16_t port, to; /* to: a bare relay's other end */
	uint32_t sent;
};

struct talk {
	struct talk_cfg cfg;
	struct side *sides[2 * CALLS_MAX]; /* even ones are pages */
	unsigned nsides;
	uint16_t port; /* the next to try */
	struct side *rtcp;
	struct loop_watch *ticks;
	int tick_fd;
	uint64_t begin_ns, length_us;
	uint64_t turn; /* whose it is, counted from the begin */
	unsigned sent, heard;
	uint32_t delays[BUCKETS];
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* --- one side --------------------------------------------------------------- */

static void hear(struct talk *talk, const uint8_t *pkt, size_t len)
{
	uint64_t then, bucket;

	if (len != RTP_HDR + PAYLOAD)
		return;
	memcpy(&then, pkt + RTP_HDR, sizeof(then));
	bucket = (now_ns() - then) / BUCKET_NS;
	++talk->delays[bucket < BUCKETS ? bucket : BUCKETS - 1];
	++talk->heard;
}

/* True: it is not the mock's to look at. */
static bool on_srtp(const uint8_t *pkt, size_t len, void *arg)
{
	const struct side *side = arg;
	uint8_t clear[RTP_HDR + PAYLOAD + TALK_PAGE_ROOM];

	if (!side->page || pkt[1] >= 192)
		return pkt[1] < 192;
	hear(side->talk, clear,
	     talk_page_open(side->page, clear, sizeof(clear), pkt, len));
	return true;
}

static void on_ready(int flags, void *arg)
{
	struct side *side = arg;
	uint8_t pkt[1500];
	ssize_t n = recv(side->fd, pkt, sizeof(pkt), MSG_DONTWAIT);

	(void)flags;
	if (n >= 0)
		hear(side->talk, pkt, (size_t)n);
}

static void side_destructor(void *data)
{
	struct side *side = data;

	mem_deref(side->page);
	mem_deref(side->media);
	mem_deref(side->watch);
	if (side->fd >= 0)
		close(side->fd);
}

static struct side *side_make(struct talk *talk)
{
	struct side *side = mem_zalloc(sizeof(*side), side_destructor);

	if (!side)
		bench_die("no memory");
	side->talk = talk;
	side->fd = -1;
	return side;
}

static struct side *page_open(struct talk *talk)
{
	const struct talk_cfg *cfg = &talk->cfg;
	struct side *side = side_make(talk);
	const struct mock_media_cfg media = {.wheel = cfg->lt->wheel,
					     .profiles = cfg->profiles,
					     .loseh = on_srtp,
					     .arg = side};
	int err = mock_media_alloc(&side->media, &media);

	if (err)
		bench_die("no page: %s", strerror(err));
	return side;
}

static bool bind_next(struct talk *talk, struct side *side)
{
	struct sa addr;

	talk->port = (uint16_t)(talk->port >= PORT_HI ? PORT_LO
						      : talk->port + 2);
	side->port = talk->port;
	sa_set_str(&addr, "127.0.0.1", side->port);
	return !bind(side->fd, &addr.u.sa, addr.len);
}

static struct side *phone_open(struct talk *talk)
{
	struct side *side = side_make(talk);
	unsigned tries = PORT_HI - PORT_LO;

	side->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (side->fd < 0)
		bench_die("no socket: %s", strerror(errno));
	while (!bind_next(talk, side))
		if (!--tries)
			bench_die("no port: %s", strerror(errno));
	if (loop_watch_alloc(&side->watch, side->fd, LOOP_READ, on_ready, side))
		bench_die("no memory");
	return side;
}

static void phone_takes(struct side *side, const char *sdp)
{
	const char *m = strstr(sdp, "m=audio ");
	unsigned port, pt;
	struct sa peer;

	if (!m || sscanf(m, "m=audio %u RTP/AVP %u", &port, &pt) != 2 ||
	    pt != PAGE_OPUS)
		bench_die("not what was asked for: %s", sdp);
	sa_set_str(&peer, "127.0.0.1", (uint16_t)port);
	if (connect(side->fd, &peer.u.sa, peer.len))
		bench_die("port %u: %s", port, strerror(errno));
}

static void say(struct side *side)
{
	uint8_t pkt[RTP_HDR + PAYLOAD + TALK_PAGE_ROOM] = {0x80, PAGE_OPUS};
	const uint16_t seq = htons((uint16_t)side->sent);
	const uint32_t ts = htonl(side->sent * TICKS);
	const uint64_t now = now_ns();

	++side->sent;
	memcpy(pkt + 2, &seq, sizeof(seq));
	memcpy(pkt + 4, &ts, sizeof(ts));
	memcpy(pkt + 8, &side->port, sizeof(side->port));
	memcpy(pkt + RTP_HDR, &now, sizeof(now));
	if (side->to) {
		pkt[0] = BARE_RELAY;
		memcpy(pkt + 1, &side->to, sizeof(side->to));
	}
	if (side->page)
		talk_page_send(side->page, pkt, RTP_HDR + PAYLOAD);
	else
		(void)!send(side->fd, pkt, RTP_HDR + PAYLOAD, 0);
}

/* --- calls -------------------------------------------------------------------- */

static void call_bare(struct talk *talk, struct side *pair[2])
{
	const struct sa *to = talk->cfg.bare;

	for (unsigned i = 0; i < 2; i++) {
		pair[i] = phone_open(talk);
		if (connect(pair[i]->fd, &to->u.sa, to->len))
			bench_die("no bare relay: %s", strerror(errno));
	}
	pair[0]->to = pair[1]->port;
	pair[1]->to = pair[0]->port;
}

static void call_joined(struct talk *talk, struct side *pair[2])
{
	static char sdp[2][TALK_SDP], told[2][TALK_SDP];
	const char *const says[2] = {sdp[0], sdp[1]};

	pair[0] = page_open(talk);
	pair[1] = phone_open(talk);
	page_sdp(pair[0]->media, PAGE_OFFER, sdp[0]);
	page_phone_sdp(&(const struct page_phone){pair[1]->port,
						  talk->rtcp->port, true},
		       sdp[1]);
	talk->cfg.joinh(talk->cfg.program, talk->nsides / 2, says, told);
	page_takes(pair[0]->media, told[0]);
	phone_takes(pair[1], told[1]);
}

static bool all_ready(void *arg)
{
	const struct talk *talk = arg;

	for (unsigned i = 0; i < talk->nsides; i += 2) {
		const struct mock_media *media = talk->sides[i]->media;

		if (media && !mock_media_ready(media))
			return false;
	}
	return true;
}

static void speak_up(struct talk *talk)
{
	for (unsigned i = 0; i < talk->nsides; i += 2) {
		struct side *side = talk->sides[i];

		if (side->media && !side->page &&
		    talk_page_alloc(&side->page, side->media))
			bench_die("a page has no SRTP");
	}
}

void talk_calls(struct talk *talk, unsigned count)
{
	while (talk->nsides < 2 * count) {
		struct side **pair = &talk->sides[talk->nsides];

		if (count > CALLS_MAX)
			bench_die("too many calls");
		if (talk->cfg.bare)
			call_bare(talk, pair);
		else
			call_joined(talk, pair);
		talk->nsides += 2;
		/* some are under way at once, as many as a box may get */
		if (talk->nsides % 20 == 0 &&
		    !loop_test_until(talk->cfg.lt, all_ready, talk, WAIT_MS))
			bench_die("media does not come up");
	}
	if (!loop_test_until(talk->cfg.lt, all_ready, talk, WAIT_MS))
		bench_die("media does not come up");
	speak_up(talk);
}

unsigned talk_count(const struct talk *talk)
{
	return talk->nsides / 2;
}

/* --- speech ------------------------------------------------------------------- */

/* In each tick their share. Who could not speak for longer than a frame,
 * because others had the machine, has missed his turn: no burst follows. */
static void on_tick(int flags, void *arg)
{
	struct talk *talk = arg;
	uint64_t ticks, due, past_us = (now_ns() - talk->begin_ns) / 1000;

	(void)flags;
	(void)!read(talk->tick_fd, &ticks, sizeof(ticks));
	if (past_us > talk->length_us)
		past_us = talk->length_us;
	due = past_us * talk->nsides / (FRAME_MS * 1000);
	if (due > talk->turn + talk->nsides)
		talk->turn = due - talk->nsides;
	for (; talk->turn < due; talk->turn++, talk->sent++)
		say(talk->sides[talk->turn % talk->nsides]);
}

static void ticks_start(struct talk *talk)
{
	const struct timespec tick = {.tv_nsec = TICK_US * 1000};
	const struct itimerspec every = {tick, tick};

	talk->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	if (talk->tick_fd < 0 ||
	    timerfd_settime(talk->tick_fd, 0, &every, NULL) ||
	    loop_watch_alloc(&talk->ticks, talk->tick_fd, LOOP_READ, on_tick,
			     talk))
		bench_die("no ticks: %s", strerror(errno));
}

static void ticks_stop(struct talk *talk)
{
	talk->ticks = mem_deref(talk->ticks);
	close(talk->tick_fd);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

void talk_pause(struct talk *talk, unsigned ms)
{
	(void)loop_test_until(talk->cfg.lt, never, NULL, ms);
}

static double percentile(const struct talk *talk, double share)
{
	const double want = share * talk->heard;
	unsigned i, n = 0;

	for (i = 0; i < BUCKETS - 1 && n + talk->delays[i] < want; i++)
		n += talk->delays[i];
	return (double)(i + 1) * BUCKET_NS / 1e6;
}

void talk_speak(struct talk *talk, unsigned ms, struct talk_heard *heard)
{
	double cpu = bench_cpu_us();

	memset(talk->delays, 0, sizeof(talk->delays));
	talk->sent = talk->heard = 0;
	talk->turn = 0;
	talk->begin_ns = now_ns();
	talk->length_us = ms * UINT64_C(1000);
	ticks_start(talk);
	talk_pause(talk, ms);
	ticks_stop(talk);
	cpu = bench_cpu_us() - cpu;
	talk_pause(talk, LATE_MS);
	if (heard)
		*heard = (struct talk_heard){
			.wanted = ms * talk->nsides / FRAME_MS,
			.sent = talk->sent,
			.heard = talk->heard,
			.ms = {percentile(talk, 0.5), percentile(talk, 0.99),
			       percentile(talk, 1)},
			.own_load = cpu / 1e3 / ms};
}

/* --- life ---------------------------------------------------------------------- */

static void destructor(void *data)
{
	struct talk *talk = data;

	for (unsigned i = 0; i < talk->nsides; i++)
		mem_deref(talk->sides[i]);
	mem_deref(talk->rtcp);
}

int talk_alloc(struct talk **talkp, const struct talk_cfg *cfg)
{
	struct talk *talk = mem_zalloc(sizeof(*talk), destructor);

	if (!talk)
		return ENOMEM;
	talk->cfg = *cfg;
	talk->port = PORT_LO;
	/* all their reports go to one, and are not looked at */
	talk->rtcp = phone_open(talk);
	*talkp = talk;
	return 0;
}
