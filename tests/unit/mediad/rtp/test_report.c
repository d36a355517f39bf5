/*
 * test_report.c  RTCP written and read
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/rtp/report.h"
#include "mediad/rtp/stream.h"
#include "tests/lib/test.h"

enum {
	RATE = 48000
};

/* One end of a session: what it sends, receives and reports. */
struct end {
	struct strm_in in;
	struct strm_out out;
	struct strm_slot slot;
	struct report rep;
	uint8_t buf[REPORT_SIZE_MAX];
	size_t len;
	uint32_t index;
};

static const struct report_time T0 = {5000, 1790000000000};

static struct report_time at(uint64_t ms)
{
	return (struct report_time){T0.now_ms + ms, T0.wall_ms + ms};
}

static void end_init(struct end *end, uint32_t ssrc)
{
	memset(end, 0, sizeof(*end));
	strm_in_init(&end->in, RATE);
	strm_out_init(&end->out, ssrc, RATE, 1, &end->slot);
	report_init(&end->rep, ssrc, "cordboard-test", &end->slot);
}

static void hear(struct end *end, uint32_t ssrc, uint16_t seq)
{
	struct strm_pkt sp = {
		.h = {.ssrc = ssrc, .seq = seq, .ts = seq * 960u},
		.now_ms = T0.now_ms + seq * 20u,
	};

	CHECK(strm_in_packet(&end->in, &sp));
}

static void make(struct end *end, uint64_t ms)
{
	struct report_time now = at(ms);

	memset(end->buf, 0xee, sizeof(end->buf));
	end->len = report_write(&end->rep, &end->in, &end->out, &now, end->buf,
				&end->index);
}

static int take(struct end *end, const struct end *from, uint64_t ms)
{
	struct report_time now = at(ms);

	return report_read(&end->rep, from->buf, from->len, &now);
}

static void receiver_report_tells_loss_and_sender_hears_it(void)
{
	struct end a, b;

	end_init(&a, 1);
	end_init(&b, 2);
	for (uint16_t seq = 65000; seq != 464; seq++) /* 1000, wraps */
		if (seq % 10)
			hear(&b, 1, seq);
	make(&b, 0);
	CHECK_INT(b.buf[1], 201);
	REQUIRE(take(&a, &b, 10) == 0);
	/* the first number, 65000, was lost before anything was heard */
	CHECK_INT(a.rep.far.lost, 100);
	CHECK_INT(a.rep.far.fraction, 100 * 256 / 999);
	CHECK_INT(a.rep.far.high, 65536 + 463);
	CHECK_INT(a.rep.far.at_ms, T0.now_ms + 10);

	/* the second report's fraction is of what came since */
	for (uint16_t seq = 464; seq < 564; seq++)
		hear(&b, 1, seq);
	make(&b, 5000);
	REQUIRE(take(&a, &b, 5010) == 0);
	CHECK_INT(a.rep.far.lost, 100);
	CHECK_INT(a.rep.far.fraction, 0);
	CHECK_INT(a.rep.counts.rr, 2);
	CHECK_INT(a.rep.counts.sdes, 2);
}

static void all_lost_is_255_of_256(void)
{
	struct end a, b;

	end_init(&a, 1);
	end_init(&b, 2);
	hear(&b, 1, 10);
	make(&b, 0);
	hear(&b, 1, 2900);
	make(&b, 10);
	CHECK_INT(b.buf[12], 255);
}

static void round_trip_is_measured(void)
{
	struct end a, b;

	end_init(&a, 1);
	end_init(&b, 2);
	a.out.packets = 5;
	hear(&b, 1, 7);
	make(&a, 0);
	CHECK_INT(a.buf[1], 200);
	REQUIRE(take(&b, &a, 40) == 0);
	make(&b, 1040);
	REQUIRE(take(&a, &b, 1100) == 0);
	CHECK(a.rep.far.rtt_us > 99900 && a.rep.far.rtt_us < 100100);
	/* on the loopback it is known, and not 0 */
	hear(&b, 1, 8);
	make(&a, 2000);
	take(&b, &a, 2000);
	make(&b, 2000);
	take(&a, &b, 2000);
	CHECK_INT(a.rep.far.rtt_us, 1);
}

static void sender_report_carries_the_stream_s_clock(void)
{
	struct end a;
	uint32_t ts;

	end_init(&a, 1);
	a.out.packets = 5;
	a.out.octets = 400;
	a.out.begun = true;
	a.out.ts = 90000;
	a.out.ts_ms = T0.now_ms;
	make(&a, 1000);
	ts = (uint32_t)a.buf[16] << 24 | a.buf[17] << 16 | a.buf[18] << 8 |
	     a.buf[19];
	CHECK_INT(ts, 90000 + 48000);
	CHECK_INT(a.buf[23], 5);
	CHECK_INT(a.buf[26] << 8 | a.buf[27], 400);
	CHECK_INT(a.len % 4, 0);
	CHECK(a.len <= REPORT_SIZE_MAX);
}

static void who_stopped_sending_makes_receiver_reports(void)
{
	struct end a;

	end_init(&a, 1);
	a.out.packets = 5;
	make(&a, 0);
	CHECK_INT(a.buf[1], 200);
	make(&a, 5000);
	CHECK_INT(a.buf[1], 200);
	make(&a, 10000);
	CHECK_INT(a.buf[1], 201);
	CHECK_INT(a.buf[0] & 0x1f, 0);
}

static void index_is_stored_and_goes_on_in_the_successor(void)
{
	struct end a;

	end_init(&a, 1);
	for (unsigned n = 0; n < 5; n++) {
		make(&a, n);
		CHECK_INT(a.index, n);
		CHECK_INT(a.slot.rtcp, n + 1);
	}
	report_init(&a.rep, 1, "cordboard-test", &a.slot);
	make(&a, 9);
	CHECK_INT(a.index, 5);
	a.rep.next = 0x7fffffff;
	make(&a, 10);
	CHECK_INT(a.index, 0x7fffffff);
	make(&a, 11);
	CHECK_INT(a.len, 0);
}

static void longest_cname_fits(void)
{
	struct end a, b;

	end_init(&a, 1);
	end_init(&b, 2);
	report_init(&a.rep, 1, "0123456789abcdef0123456789abcdefXXXX", NULL);
	CHECK_INT(strlen(a.rep.cname), REPORT_CNAME_MAX);
	a.out.packets = 1;
	hear(&a, 2, 1);
	make(&a, 0);
	CHECK_INT(a.len, 28 + 24 + 44);
	CHECK_INT(take(&b, &a, 0), 0);
	for (size_t n = 0; n <= REPORT_CNAME_MAX; n++) {
		a.rep.cname[REPORT_CNAME_MAX - n] = '\0';
		make(&a, 0);
		CHECK_INT(a.len % 4, 0);
		CHECK_INT(take(&b, &a, 0), 0);
	}
}

static void report_about_others_is_not_ours(void)
{
	struct end a, b;

	end_init(&a, 99);
	end_init(&b, 2);
	hear(&b, 1, 7);
	make(&b, 0);
	CHECK_INT(take(&a, &b, 0), 0);
	CHECK_INT(a.rep.far.at_ms, 0);
}

static void bye_is_only_counted(void)
{
	static const uint8_t bye[] = {0x80, 201, 0, 1, 0, 0, 0, 2,   0x81, 203,
				      0,    2,   0, 0, 0, 2, 3, 'e', 'n',  'd'};
	struct report_time now = at(0);
	struct end a;

	end_init(&a, 1);
	CHECK_INT(report_read(&a.rep, bye, sizeof(bye), &now), 0);
	CHECK_INT(a.rep.counts.bye, 1);
}

static void negative_loss_is_kept(void)
{
	static const uint8_t rr[32] = {0x81, 201, 0, 7, 0, 0,    0,    2,
				       0,    0,   0, 1, 0, 0xff, 0xff, 0xfe};
	struct report_time now = at(0);
	struct end a;

	end_init(&a, 1);
	CHECK_INT(report_read(&a.rep, rr, sizeof(rr), &now), 0);
	CHECK_INT(a.rep.far.lost, -2);
}

/* Each of these is refused as a whole and changes nothing. */
static void broken_compounds_are_refused(void)
{
	static const struct {
		const char *what;
		size_t len;
		uint8_t b[24];
	} bad[] = {
		{"empty", 0, {0}},
		{"short", 3, {0x80, 201, 0}},
		{"version 1", 8, {0x40, 201, 0, 1}},
		{"longer than it is", 8, {0x80, 201, 0, 2}},
		{"more behind it", 10, {0x80, 201, 0, 1}},
		{"blocks that do not fit", 8, {0x81, 201, 0, 1}},
		{"sender part missing", 8, {0x80, 200, 0, 1}},
		{"short feedback alone", 8, {0x81, 205, 0, 1}},
		{"no ssrc", 4, {0x80, 201, 0, 0}},
		{"padding before the end",
		 16,
		 {0xa0, 201, 0, 1, 0, 0, 0, 4, 0x80, 201, 0, 1}},
		{"padding of 0", 8, {0xa0, 201, 0, 1}},
		{"padding of odd size",
		 12,
		 {0xa0, 201, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3}},
		{"padding over all",
		 12,
		 {0xa0, 201, 0, 2, 0, 0, 0, 0, 0, 0, 0, 12}},
		{"chunk without end", 20, {0x80, 201,  0,   1, 0, 0, 0,
					   0,    0x81, 202, 0, 2, 0, 0,
					   0,    0,    1,   2, 3, 4}},
		{"item past the end", 20, {0x80, 201,  0,   1,   0, 0, 0,
					   0,    0x81, 202, 0,   2, 0, 0,
					   0,    0,    1,   200, 3, 0}},
		{"bye without its sources",
		 16,
		 {0x80, 201, 0, 1, 0, 0, 0, 0, 0x83, 203, 0, 1, 0, 0, 0, 0}},
		{"bye with a reason too long",
		 20,
		 {0x80, 201, 0, 1, 0, 0, 0, 0,   0x81, 203,
		  0,    2,   0, 0, 0, 0, 4, 'a', 'b',  'c'}},
		{"short feedback",
		 16,
		 {0x80, 201, 0, 1, 0, 0, 0, 0, 0x81, 205, 0, 1, 0, 0, 0, 0}},
	};
	struct report_time now = at(0);
	struct end a;

	end_init(&a, 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int err = report_read(&a.rep, bad[i].b, bad[i].len, &now);

		if (!CHECK_INT(err, EBADMSG))
			printf("# %s\n", bad[i].what);
	}
	CHECK_INT(a.rep.counts.refused, sizeof(bad) / sizeof(bad[0]));
	CHECK_INT(a.rep.counts.rr + a.rep.counts.sr + a.rep.counts.bye, 0);
}

/* RFC 5506: a browser that has something to say at once. */
static void reduced_size_is_taken(void)
{
	static const uint8_t nack[] = {0x81, 205, 0, 3, 0, 0, 0, 2,
				       0,    0,   0, 1, 0, 5, 0, 0};
	static const uint8_t sdes[] = {0x81, 202, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0};
	struct report_time now = at(0);
	struct end a;

	end_init(&a, 1);
	CHECK_INT(report_read(&a.rep, nack, sizeof(nack), &now), 0);
	CHECK_INT(a.rep.counts.feedback, 1);
	CHECK_INT(report_read(&a.rep, sdes, sizeof(sdes), &now), 0);
	CHECK_INT(a.rep.counts.sdes, 1);
	CHECK_INT(a.rep.counts.refused, 0);
}

static void padding_at_the_end_is_taken(void)
{
	static const uint8_t rr[] = {0xa0, 201, 0, 2, 0, 0, 0, 2, 0, 0, 0, 4};
	struct report_time now = at(0);
	struct end a;

	end_init(&a, 1);
	CHECK_INT(report_read(&a.rep, rr, sizeof(rr), &now), 0);
}

static void interval_is_spread_around_its_mean(void)
{
	struct end a;

	end_init(&a, 1);
	CHECK_INT(report_interval(&a.rep, 5000, 0), 1250);
	CHECK_INT(report_interval(&a.rep, 5000, 0xffffffff), 3749);
	a.rep.sent[0] = 1;
	CHECK_INT(report_interval(&a.rep, 5000, 0), 2500);
	CHECK_INT(report_interval(&a.rep, 5000, 0x80000000), 5000);
	CHECK_INT(report_interval(&a.rep, 5000, 0xffffffff), 7499);
}

TEST_MAIN(TEST(receiver_report_tells_loss_and_sender_hears_it),
	  TEST(all_lost_is_255_of_256), TEST(round_trip_is_measured),
	  TEST(sender_report_carries_the_stream_s_clock),
	  TEST(who_stopped_sending_makes_receiver_reports),
	  TEST(index_is_stored_and_goes_on_in_the_successor),
	  TEST(longest_cname_fits), TEST(report_about_others_is_not_ours),
	  TEST(bye_is_only_counted), TEST(negative_loss_is_kept),
	  TEST(broken_compounds_are_refused), TEST(reduced_size_is_taken),
	  TEST(padding_at_the_end_is_taken),
	  TEST(interval_is_spread_around_its_mean))
