/*
 * test_media_lite.c  A far side that is ICE-lite: another worker of ours
 *
 * Two workers, each with its clock: a page in the call of one hears itself by
 * the echo in the call of the other.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/session/state_file.h"
#include "mediad/transport/lite_stun.h"
#include "mediad/transport/mux.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";

static const char *file(const char *name)
{
	static char path[2][300];
	static unsigned nr;
	char *text = path[nr++ % 2];

	snprintf(text, sizeof(path[0]), "%s/%s", test_tmpdir(), name);
	return text;
}

/* here: the page's, which seeks. there: with the echo, lite. */
struct two {
	struct media_bed here, there;
	struct media_page *page;
	char offer[4096], answer[4096];
};

static void run(struct two *two, unsigned ms)
{
	for (unsigned t = 0; t < ms; t += MEDIA_STEP_MS) {
		media_bed_run(&two->here, MEDIA_STEP_MS);
		media_bed_run(&two->there, MEDIA_STEP_MS);
	}
}

static void copy(char *to, size_t size, const struct mbuf *mb)
{
	snprintf(to, size, "%.*s", (int)mb->end, (const char *)mb->buf);
}

/* The lite one offers, or is asked again to; who seeks answers. */
static void exchange(struct two *two)
{
	struct mbuf *mb = mbuf_alloc(2048);

	CHECK_INT(media_local(&two->there, S, 1, false, mb, NULL), 0);
	copy(two->offer, sizeof(two->offer), mb);
	mb->pos = mb->end = 0;
	CHECK_INT(media_remote(&two->here, S, 2, false, two->offer, NULL), 0);
	CHECK_INT(media_local(&two->here, S, 2, true, mb, NULL), 0);
	copy(two->answer, sizeof(two->answer), mb);
	CHECK_INT(media_remote(&two->there, S, 1, true, two->answer, NULL), 0);
	mem_deref(mb);
}

static bool two_up(struct two *two, bool stored)
{
	memset(two, 0, sizeof(*two));
	if (!CHECK(!media_bed_open(&two->here, stored ? file("here") : NULL)) ||
	    !CHECK(!media_bed_open(&two->there, stored ? file("there") : NULL)))
		return false;
	two->page = media_page_open(&two->here);
	CHECK_INT(media_page_calls(two->page, S, 1), 0);
	exchange(two);
	CHECK_INT(session_leg_join(two->here.table, S, 1, 2, NULL), 0);
	CHECK_INT(session_leg_join(two->there.table, S, 1, 0, "echo"), 0);
	run(two, 1500);
	return CHECK(two->page->heard > 20);
}

static bool is_heard(struct two *two)
{
	uint32_t heard;

	run(two, 100);
	heard = two->page->heard;
	run(two, 1000);
	return two->page->heard - heard >= 48;
}

static void two_close(struct two *two)
{
	media_bed_close(&two->here);
	media_bed_close(&two->there);
}

static void whom_nobody_checks_is_sought(void)
{
	struct two two;

	if (two_up(&two, false)) {
		const char *fault = packet_check_fault(&two.page->check);

		CHECK(strstr(two.offer, "a=ice-lite"));
		CHECK(!strstr(two.answer, "a=ice-lite"));
		CHECK(is_heard(&two));
		/* consent is kept by our checks, theirs and ours */
		run(&two, 100000);
		CHECK(is_heard(&two));
		CHECK_INT(two.here.nlost + two.there.nlost, 0);
		if (!CHECK(fault == NULL))
			printf("# %s\n", fault);
	}
	two_close(&two);
}

/* RFC 7675: nothing is sent to who has not answered for 30 s. */
static void a_lite_side_that_vanishes_is_lost(void)
{
	struct two two;

	if (two_up(&two, false)) {
		CHECK(is_heard(&two));
		media_bed_run(&two.here, 20000);
		CHECK_INT(two.here.nlost, 0);
		media_bed_run(&two.here, 20000);
		CHECK_INT(two.here.nlost, 1);
		CHECK_INT(two.here.lost[0].cause, SESSION_SILENT);
	}
	two_close(&two);
}

static void a_reoffer_and_deaths_keep_what_was_found(void)
{
	struct two two;
	size_t alive = 0;

	if (two_up(&two, true)) {
		run(&two, 7000);
		exchange(&two);
		CHECK(is_heard(&two));
		CHECK_INT(media_bed_die(&two.here, 100, &alive), 0);
		CHECK_INT(alive, 1);
		CHECK(is_heard(&two));
		run(&two, 60000);
		CHECK(is_heard(&two));
		CHECK_INT(media_bed_die(&two.there, 100, &alive), 0);
		CHECK_INT(alive, 1);
		run(&two, 60000);
		CHECK(is_heard(&two));
		CHECK_INT(two.here.nlost + two.there.nlost, 0);
	}
	two_close(&two);
}

/* Nobody is there: so many checks, and no more. */
static void who_is_not_found_costs_few_checks(void)
{
	struct media_bed bed = {0};
	char sdp[2048];
	struct sa addr;
	uint8_t buf[1500];
	unsigned n = 0;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct mbuf *mb = mbuf_alloc(2048);

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	sa_set_str(&addr, "127.0.0.1", 0);
	REQUIRE(!bind(fd, &addr.u.sa, addr.len) &&
		!getsockname(fd, &addr.u.sa, &addr.len));
	re_snprintf(sdp, sizeof(sdp),
		    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
		    "a=ice-lite\r\nm=audio 9 UDP/TLS/RTP/SAVPF 8\r\n"
		    "c=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n"
		    "a=ice-pwd:abcdefghijklmnopqrstuv\r\na=rtcp-mux\r\n"
		    "a=setup:actpass\r\na=fingerprint:sha-256 00:01:02:03:04:"
		    "05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:"
		    "18:19:1A:1B:1C:1D:1E:1F\r\n"
		    "a=candidate:1 1 udp 2130706431 127.0.0.1 %u typ host\r\n"
		    "a=candidate:2 1 udp 2130706175 224.0.0.1 %u typ host\r\n",
		    sa_port(&addr), sa_port(&addr));
	CHECK_INT(media_remote(&bed, S, 1, false, sdp, NULL), 0);
	CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
	media_bed_run(&bed, 59000);
	while (recv(fd, buf, sizeof(buf), 0) > 0)
		++n;
	CHECK_INT(n, 7);
	CHECK_INT(bed.nlost, 0);
	media_bed_run(&bed, 2000);
	CHECK_INT(bed.nlost, 1);
	CHECK_INT(bed.lost[0].cause, SESSION_NO_ICE);
	close(fd);
	mem_deref(mb);
	media_bed_close(&bed);
}

/* --- two ways to the same ----------------------------------------------------- */

#define FAR_PWD "abcdefghijklmnopqrstuv"

struct ways {
	struct media_bed bed;
	int fd[2];
	struct sa addr[2];
	uint32_t priority[2];
	struct sa door;   /* set: who checks from elsewhere gets no answer */
	struct sa from;   /* of the latest DTLS datagram */
	unsigned dtls[2]; /* datagrams of it that came there */
};

static bool ways_open(struct ways *ways)
{
	memset(ways, 0, sizeof(*ways));
	ways->priority[0] = 2130706431;
	ways->priority[1] = 2130706175;
	for (unsigned i = 0; i < 2; i++) {
		struct sa *addr = &ways->addr[i];

		ways->fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		sa_set_str(addr, "127.0.0.1", 0);
		if (!CHECK(!bind(ways->fd[i], &addr->u.sa, addr->len) &&
			   !getsockname(ways->fd[i], &addr->u.sa, &addr->len)))
			return false;
	}
	return CHECK_INT(media_bed_open(&ways->bed, NULL), 0);
}

static void ways_offer(struct ways *ways)
{
	struct mbuf *mb = mbuf_alloc(2048);
	char sdp[2048];

	re_snprintf(sdp, sizeof(sdp),
		    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
		    "a=ice-lite\r\nm=audio 9 UDP/TLS/RTP/SAVPF 8\r\n"
		    "c=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n"
		    "a=ice-pwd:" FAR_PWD "\r\na=rtcp-mux\r\n"
		    "a=setup:passive\r\na=fingerprint:sha-256 00:01:02:03:04:"
		    "05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:"
		    "18:19:1A:1B:1C:1D:1E:1F\r\n"
		    "a=candidate:1 1 udp %u 127.0.0.1 %u typ host\r\n"
		    "a=candidate:2 1 udp %u 127.0.0.1 %u typ host\r\n",
		    ways->priority[0], sa_port(&ways->addr[0]),
		    ways->priority[1], sa_port(&ways->addr[1]));
	CHECK_INT(media_remote(&ways->bed, S, 1, false, sdp, NULL), 0);
	CHECK_INT(media_local(&ways->bed, S, 1, true, mb, NULL), 0);
	mem_deref(mb);
}

/* Answers the checks that have come; how many there were. */
static unsigned answer(struct ways *ways, unsigned i)
{
	uint8_t buf[1500], msg[200];
	struct sa from;
	unsigned n = 0;
	ssize_t len;

	sa_init(&from, AF_INET);
	while ((len = recvfrom(ways->fd[i], buf, sizeof(buf), 0, &from.u.sa,
			       &from.len)) > 20) {
		struct lite_stun_out out = {.msg = msg, .cap = sizeof(msg)};
		size_t size;

		if (buf[0]) {
			++ways->dtls[i];
			ways->from = from;
			continue;
		}
		if (sa_isset(&ways->door, SA_ALL) &&
		    !sa_cmp(&ways->door, &from, SA_ALL))
			continue;
		lite_stun_begin(&out, LITE_STUN_SUCCESS, buf + 8);
		size = lite_stun_end(&out, FAR_PWD);
		(void)!sendto(ways->fd[i], msg, size, 0, &from.u.sa, from.len);
		++n;
	}
	return n;
}

static void ways_close(struct ways *ways)
{
	media_bed_close(&ways->bed);
	close(ways->fd[0]);
	close(ways->fd[1]);
}

static void one_pair_is_nominated_though_two_answer(void)
{
	struct ways ways;

	if (ways_open(&ways)) {
		ways_offer(&ways);
		media_bed_run(&ways.bed, 200);
		/* both are asked, both answer, both are to be nominated */
		CHECK_INT(answer(&ways, 0), 1);
		CHECK_INT(answer(&ways, 1), 1);
		media_bed_run(&ways.bed, MEDIA_STEP_MS);
		CHECK_INT(answer(&ways, 1), 1);
		media_bed_run(&ways.bed, MEDIA_STEP_MS);
		CHECK_INT(answer(&ways, 0), 1);
		media_bed_run(&ways.bed, MEDIA_STEP_MS);
		(void)answer(&ways, 1);
		ways.dtls[0] = ways.dtls[1] = 0;
		/* until DTLS begins anew */
		media_bed_run(&ways.bed, 11000);
		(void)answer(&ways, 0);
		(void)answer(&ways, 1);
		CHECK_INT(ways.dtls[0], 0);
		CHECK(ways.dtls[1] >= 1);
	}
	ways_close(&ways);
}

/* Two of one, and the highest that can be written: RFC 8445, 5.1.2, has
 * neither. */
static void no_priority_leaves_a_candidate_out(void)
{
	static const uint32_t priorities[][2] = {
		{2130706431, 2130706431},
		{UINT32_MAX, 1},
		{UINT32_MAX, UINT32_MAX},
	};

	for (size_t i = 0; i < COUNTOF(priorities); i++) {
		struct ways ways;

		if (ways_open(&ways)) {
			memcpy(ways.priority, priorities[i],
			       sizeof(ways.priority));
			ways_offer(&ways);
			media_bed_run(&ways.bed, 200);
			CHECK_INT(answer(&ways, 0), 1);
			CHECK_INT(answer(&ways, 1), 1);
		}
		ways_close(&ways);
	}
}

static void who_is_reached_by_the_second_interface_is_found(void)
{
	struct ways ways;
	struct sa second;
	uint8_t sock;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	sa_set_str(&second, "127.0.0.1", 0);
	if (ways_open(&ways) && CHECK(!bind(fd, &second.u.sa, second.len)) &&
	    CHECK_INT(mux_add(ways.bed.env.mux, fd, &sock), 0) &&
	    CHECK_INT(mux_local(ways.bed.env.mux, sock, &second), 0)) {
		ways.door = second;
		ways_offer(&ways);
		for (unsigned t = 0; t < 1000; t += MEDIA_STEP_MS) {
			media_bed_run(&ways.bed, MEDIA_STEP_MS);
			(void)answer(&ways, 0);
		}
		CHECK(ways.dtls[0] >= 1);
		CHECK(sa_cmp(&ways.from, &second, SA_ALL));
	}
	ways_close(&ways);
	close(fd);
}

/* What came to a socket, and from how many ports. */
static void sources(int fd, unsigned *n, unsigned *ports)
{
	uint8_t buf[1500];
	struct sa from;
	uint16_t last = 0;

	*n = *ports = 0;
	sa_init(&from, AF_INET);
	while (recvfrom(fd, buf, sizeof(buf), 0, &from.u.sa, &from.len) > 0) {
		++*n;
		*ports += sa_port(&from) != last;
		last = sa_port(&from);
	}
}

/* Eight candidates and two interfaces: each pair has its turn before one has a
 * second (RFC 8445, 14.3). */
static void all_are_sought_from_each_interface(void)
{
	enum {
		FAR = 8,
		ALL_MS = 50 * 2 * FAR
	};
	struct media_bed bed = {0};
	struct mbuf *mb = mbuf_alloc(2048);
	char sdp[4096];
	struct sa addr;
	uint8_t sock;
	int fd[FAR], second = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int at = re_snprintf(
		sdp, sizeof(sdp),
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
		"a=ice-lite\r\nm=audio 9 UDP/TLS/RTP/SAVPF 8\r\n"
		"c=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n"
		"a=ice-pwd:" FAR_PWD "\r\na=rtcp-mux\r\n"
		"a=setup:passive\r\na=fingerprint:sha-256 00:01:02:03:04:"
		"05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:"
		"18:19:1A:1B:1C:1D:1E:1F\r\n");

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	sa_set_str(&addr, "127.0.0.1", 0);
	REQUIRE(!bind(second, &addr.u.sa, addr.len) &&
		!mux_add(bed.env.mux, second, &sock));
	for (unsigned i = 0; i < FAR; i++) {
		sa_set_str(&addr, "127.0.0.1", 0);
		fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		REQUIRE(!bind(fd[i], &addr.u.sa, addr.len) &&
			!getsockname(fd[i], &addr.u.sa, &addr.len));
		at += re_snprintf(sdp + at, sizeof(sdp) - (size_t)at,
				  "a=candidate:%u 1 udp %u 127.0.0.1 %u typ "
				  "host\r\n",
				  i, 2130706431 - i, sa_port(&addr));
	}
	CHECK_INT(media_remote(&bed, S, 1, false, sdp, NULL), 0);
	CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
	media_bed_run(&bed, ALL_MS - MEDIA_STEP_MS);
	for (unsigned i = 0; i < FAR; i++) {
		unsigned n, ports;

		sources(fd[i], &n, &ports);
		CHECK_INT(n, 2);
		CHECK_INT(ports, 2);
		close(fd[i]);
	}
	mem_deref(mb);
	media_bed_close(&bed);
	close(second);
}

/* RFC 7675, 5.1: 0.8 to 1.2 of 5 s, and not always the same, lest all calls'
 * checks come at once. */
static void checks_for_consent_keep_no_beat(void)
{
	unsigned since = 0, n = 0, least = UINT_MAX, most = 0;
	struct ways ways;

	if (ways_open(&ways)) {
		ways_offer(&ways);
		for (unsigned t = 0; t < 55000; t += MEDIA_STEP_MS) {
			media_bed_run(&ways.bed, MEDIA_STEP_MS);
			since += MEDIA_STEP_MS;
			if (!answer(&ways, 0))
				continue;
			/* the first two find the way */
			if (++n > 2) {
				least = since < least ? since : least;
				most = since > most ? since : most;
			}
			since = 0;
		}
		CHECK(n >= 2 + 8);
		CHECK(least >= 4000 && most <= 6000 + 2 * MEDIA_STEP_MS);
		CHECK(most - least > 100);
	}
	ways_close(&ways);
}

TEST_MAIN(TEST(whom_nobody_checks_is_sought),
	  TEST(a_lite_side_that_vanishes_is_lost),
	  TEST(a_reoffer_and_deaths_keep_what_was_found),
	  TEST(who_is_not_found_costs_few_checks),
	  TEST(one_pair_is_nominated_though_two_answer),
	  TEST(no_priority_leaves_a_candidate_out),
	  TEST(who_is_reached_by_the_second_interface_is_found),
	  TEST(all_are_sought_from_each_interface),
	  TEST(checks_for_consent_keep_no_beat))
