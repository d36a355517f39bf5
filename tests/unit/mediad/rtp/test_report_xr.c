/*
 * test_report_xr.c  Extended reports written and read
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/rtp/report.h"
#include "mediad/rtp/stream.h"
#include "tests/lib/test.h"

static const struct report_time T0 = {5000, 1790000000000};

static struct report_time at(uint64_t ms)
{
	return (struct report_time){T0.now_ms + ms, T0.wall_ms + ms};
}

struct end {
	struct strm_in in;
	struct strm_out out;
	struct report rep;
	struct report_xr_own own;
	uint8_t buf[REPORT_SIZE_MAX];
	size_t len;
};

static void end_init(struct end *end, uint32_t ssrc, uint32_t other)
{
	memset(end, 0, sizeof(*end));
	strm_in_init(&end->in, 8000);
	strm_out_init(&end->out, ssrc, 8000, 1, NULL);
	report_init(&end->rep, ssrc, "a-name-of-thirty-two-characters!", NULL);
	end->own = (struct report_xr_own){.ssrc = ssrc,
					  .about = other,
					  .loss = 13,
					  .discard = 2,
					  .rtt_ms = 40,
					  .buffer_ms = 20,
					  .heard_ms = 70000,
					  .r = 82,
					  .mos = 407};
}

static void make(struct end *end, uint64_t ms)
{
	struct report_time now = at(ms);
	uint32_t index;

	end->len = report_write(&end->rep, &end->in, &end->out, &now, end->buf,
				&index);
	end->len += report_xr_write(&end->rep.xr, &end->own, &now,
				    end->buf + end->len);
	CHECK(end->len <= REPORT_SIZE_MAX);
}

static int give(struct end *to, const struct end *from, uint64_t ms)
{
	struct report_time now = at(ms);

	return report_read(&to->rep, from->buf, from->len, &now);
}

static void what_one_says_the_other_one_reads(void)
{
	struct end a, b;
	const struct report_voip *voip = &b.rep.xr.voip;

	end_init(&a, 1, 2);
	end_init(&b, 2, 1);
	make(&a, 0);
	CHECK_INT(give(&b, &a, 10), 0);
	CHECK_INT(b.rep.counts.xr, 1);
	CHECK(b.rep.xr.heard && voip->known);
	CHECK_INT(voip->loss, 13);
	CHECK_INT(voip->discard, 2);
	CHECK_INT(voip->burst, 0);
	CHECK_INT(voip->gap, 13);
	CHECK_INT(voip->gap_ms, 65535);
	CHECK_INT(voip->rtt_ms, 40);
	CHECK_INT(voip->end_ms, 20);
	CHECK_INT(voip->r, 82);
	CHECK_INT(voip->mos_lq, 41);
	CHECK_INT(voip->mos_cq, 41);
	/* about somebody else's stream */
	a.own.about = 77;
	a.own.loss = 99;
	make(&a, 20);
	CHECK_INT(give(&b, &a, 30), 0);
	CHECK_INT(voip->loss, 13);
	/* nothing was heard, nothing is known */
	a.own.about = 2;
	a.own.mos = 0;
	make(&a, 40);
	CHECK_INT(give(&b, &a, 50), 0);
	CHECK_INT(voip->mos_cq, REPORT_XR_NONE);
	CHECK_INT(voip->r, REPORT_XR_NONE);
}

/* RFC 3611, 4.5: 30 ms there, 200 ms until its report, 30 ms back. */
static void who_sends_nothing_knows_the_round_trip(void)
{
	struct end a, b;

	end_init(&a, 1, 0);
	end_init(&b, 2, 0);
	make(&a, 1000);
	CHECK_INT(give(&b, &a, 1030), 0);
	make(&b, 1230);
	CHECK_INT(give(&a, &b, 1260), 0);
	CHECK(a.rep.xr.rtt_us > 59000 && a.rep.xr.rtt_us < 61000);
	CHECK_INT(a.rep.far.rtt_us, 0);
	CHECK(!a.rep.xr.voip.known);
}

static void blocks_that_do_not_fit_are_refused(void)
{
	struct end a, b;
	size_t xr;

	end_init(&a, 1, 2);
	end_init(&b, 2, 1);
	make(&a, 0);
	for (xr = 0; a.buf[xr + 1] != 207;)
		xr += 4u * ((size_t)a.buf[xr + 2] << 8 | a.buf[xr + 3]) + 4;
	a.buf[xr + 8 + 3]++; /* length of the RRTR */
	CHECK_INT(give(&b, &a, 10), EBADMSG);
	CHECK(!b.rep.xr.heard);
	a.buf[xr + 8 + 3]--;
	/* an unknown kind is passed over */
	a.buf[xr + 8] = 250;
	CHECK_INT(give(&b, &a, 10), 0);
	CHECK(b.rep.xr.heard && !b.rep.xr.lrr_ms && b.rep.xr.voip.known);
}

TEST_MAIN(TEST(what_one_says_the_other_one_reads),
	  TEST(who_sends_nothing_knows_the_round_trip),
	  TEST(blocks_that_do_not_fit_are_refused))
