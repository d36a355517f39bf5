/*
 * test_feedback.c  RTCP feedback of video: read, written; packets kept
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/rtp/feedback.h"
#include "mediad/rtp/past.h"
#include "mediad/rtp/pkt.h"
#include "mediad/rtp/report.h"
#include "tests/lib/test.h"

enum {
	MINE = 0x11223344,
	THEIRS = 0x55667788
};

/* What one end writes, the other one reads. */
struct rig {
	struct report rep, far;
	struct feedback_pen pen;
	uint8_t buf[FEEDBACK_SIZE_MAX];
	struct feedback fbs[FEEDBACK_MAX];
};

static void rig_init(struct rig *rig, bool rsize)
{
	report_init(&rig->rep, MINE, "cordboard-test", NULL);
	report_init(&rig->far, THEIRS, "far", NULL);
	rig->pen = (struct feedback_pen){&rig->rep, THEIRS, rsize};
}

static size_t arrives(struct rig *rig, size_t len)
{
	const struct report_time now = {5000, 1790000000000};

	CHECK_INT(report_read(&rig->far, rig->buf, len, &now), 0);
	return feedback_read(rig->fbs, THEIRS, rig->buf, len);
}

static void requests_for_pictures_arrive(void)
{
	struct rig rig;

	for (int rsize = 0; rsize < 2; rsize++) {
		rig_init(&rig, rsize);
		CHECK_INT(arrives(&rig, feedback_write_pli(&rig.pen, rig.buf)),
			  1);
		CHECK_INT(rig.fbs[0].kind, FEEDBACK_PLI);
		/* RFC 4585, 3.1: a report first, unless less is agreed on */
		CHECK_INT(rig.buf[1], rsize ? 206 : 201);
		CHECK_INT(arrives(&rig,
				  feedback_write_fir(&rig.pen, rig.buf, 9)),
			  1);
		CHECK_INT(rig.fbs[0].kind, FEEDBACK_FIR);
		CHECK_INT(rig.fbs[0].fci[4], 9);
	}
}

static void lost_packets_are_named_in_pairs(void)
{
	const uint16_t seqs[] = {65530, 65535, 10, 11, 500};
	uint16_t read[FEEDBACK_NACKS];
	struct rig rig;
	size_t len;

	rig_init(&rig, true);
	len = feedback_write_nack(&rig.pen, rig.buf, seqs, 5);
	CHECK_INT(len, 12 + 3 * 4);
	CHECK_INT(arrives(&rig, len), 1);
	CHECK_INT(feedback_lost(read, FEEDBACK_NACKS, &rig.fbs[0]), 5);
	for (size_t i = 0; i < 5; i++)
		CHECK_INT(read[i], seqs[i]);
	CHECK_INT(feedback_lost(read, 2, &rig.fbs[0]), 2);
}

static void estimates_are_passed_with_our_names(void)
{
	uint8_t remb[24] = {0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 'R',
			    'E',  'M', 'B', 1, 0x0a, 0xbc, 0xde, 0x55, 0x66,
			    0x77, 0x88};
	struct rig rig;
	size_t len;

	rig_init(&rig, true);
	CHECK_INT(feedback_read(rig.fbs, THEIRS, remb, sizeof(remb)), 1);
	CHECK_INT(rig.fbs[0].kind, FEEDBACK_REMB);
	len = feedback_write_passed(&rig.pen, rig.buf, &rig.fbs[0]);
	CHECK_INT(arrives(&rig, len), 1);
	CHECK_INT(rig.fbs[0].fci[1], 0x0a);
	CHECK_INT(rig.fbs[0].fci[3], 0xde);
	/* it says that more streams follow than do */
	remb[16] = 2;
	CHECK_INT(feedback_read(rig.fbs, THEIRS, remb, sizeof(remb)), 0);
	/* another application's */
	remb[16] = 1;
	remb[12] = 'X';
	CHECK_INT(feedback_read(rig.fbs, THEIRS, remb, sizeof(remb)), 0);
}

static void feedback_about_other_streams_is_none(void)
{
	struct rig rig;
	size_t len;

	rig_init(&rig, true);
	rig.pen.about = 4711;
	CHECK_INT(arrives(&rig, feedback_write_pli(&rig.pen, rig.buf)), 0);
	CHECK_INT(arrives(&rig, feedback_write_fir(&rig.pen, rig.buf, 1)), 0);
	len = feedback_write_nack(&rig.pen, rig.buf, (uint16_t[]){1}, 1);
	CHECK_INT(arrives(&rig, len), 0);
}

static void a_compound_is_looked_at_so_far_and_no_further(void)
{
	uint8_t buf[20 * 12];
	struct rig rig;

	rig_init(&rig, true);
	for (size_t i = 0; i < 20; i++) {
		CHECK_INT(feedback_write_pli(&rig.pen, rig.buf), 12);
		memcpy(buf + i * 12, rig.buf, 12);
	}
	CHECK_INT(feedback_read(rig.fbs, THEIRS, buf, sizeof(buf)),
		  FEEDBACK_MAX);
}

/* --- packets that were sent ---------------------------------------------------- */

static void the_latest_packets_are_there(void)
{
	struct past *past = NULL;
	uint8_t pkt[1200];
	const uint8_t *found;
	size_t len;

	if (past_alloc(&past))
		return;
	CHECK_INT(past_find(past, 0, 1, &found, &len), ENOENT);
	for (uint64_t i = 1; i <= 5000; i++) {
		memset(pkt, (int)i, sizeof(pkt));
		past_add(past, i, pkt, 400 + i % 800);
	}
	for (uint64_t i = 4700; i <= 5000; i++) {
		if (past_find(past, i, 1000, &found, &len)) {
			CHECK(i < 4800);
			continue;
		}
		CHECK_INT(len, 400 + i % 800);
		CHECK_INT(found[0], (uint8_t)i);
		CHECK_INT(found[len - 1], (uint8_t)i);
	}
	CHECK_INT(past_find(past, 5000, 1010, &found, &len), EALREADY);
	CHECK_INT(past_find(past, 5000, 1030, &found, &len), 0);
	CHECK_INT(past_find(past, 5001, 1030, &found, &len), ENOENT);
	CHECK_INT(past_find(past, 5000 - PAST_PACKETS, 1030, &found, &len),
		  ENOENT);
	mem_deref(past);
}

TEST_MAIN(TEST(requests_for_pictures_arrive),
	  TEST(lost_packets_are_named_in_pairs),
	  TEST(estimates_are_passed_with_our_names),
	  TEST(feedback_about_other_streams_is_none),
	  TEST(a_compound_is_looked_at_so_far_and_no_further),
	  TEST_OOM(the_latest_packets_are_there))
