/*
 * test_jitter.c  Order, and how long is waited for it
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "mediad/sound/jitter.h"
#include "tests/lib/test.h"

enum {
	FIRST = 1000
};

struct bed {
	struct jitter jitter;
	uint64_t now;
	uint64_t latest, lost;
	unsigned nout; /* delivered */
	bool wrong;    /* out of order, or another's bytes */
};

static void bed_init(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	bed->now = 5000;
	jitter_init(&bed->jitter, FIRST);
}

static void deliver(struct bed *bed, const struct jitter_pkt *pkt)
{
	for (unsigned i = 0; i < pkt->len; i++)
		bed->wrong |= pkt->data[i] != (uint8_t)(pkt->ext + i);
	bed->wrong |= pkt->ext <= bed->latest;
	bed->latest = pkt->ext;
	bed->nout++;
}

static void drain(struct bed *bed)
{
	struct jitter_pkt pkt;
	uint64_t lost;

	while (jitter_next(&bed->jitter, bed->now, &pkt, &lost)) {
		bed->lost += lost;
		deliver(bed, &pkt);
	}
}

static enum jitter_verdict put(struct bed *bed, uint64_t nr, uint16_t len)
{
	uint8_t data[1500];
	struct jitter_pkt pkt = {
		.ext = FIRST + nr,
		.at_ms = bed->now,
		.len = len,
		.data = data,
	};
	enum jitter_verdict verdict;

	for (unsigned i = 0; i < len; i++)
		data[i] = (uint8_t)(pkt.ext + i);
	verdict = jitter_put(&bed->jitter, &pkt);
	if (verdict == JITTER_FULL) {
		drain(bed);
		verdict = jitter_put(&bed->jitter, &pkt);
		CHECK(verdict == JITTER_NOW || verdict == JITTER_HELD);
	}
	if (verdict == JITTER_NOW)
		deliver(bed, &pkt);
	drain(bed);
	return verdict;
}

/* Time passes, a millisecond at a time. */
static void pass(struct bed *bed, unsigned ms)
{
	while (ms--) {
		bed->now++;
		drain(bed);
	}
}

static void packets_in_order_are_not_held(void)
{
	struct bed bed;

	bed_init(&bed);
	for (unsigned nr = 0; nr < 50; nr++) {
		CHECK_INT(put(&bed, nr, 100), JITTER_NOW);
		pass(&bed, 20);
	}
	CHECK_INT(bed.nout, 50);
	CHECK_INT(jitter_due(&bed.jitter), UINT64_MAX);
}

static void two_that_changed_places_are_put_right(void)
{
	struct bed bed;

	bed_init(&bed);
	put(&bed, 0, 100);
	CHECK_INT(put(&bed, 2, 100), JITTER_HELD);
	CHECK_INT(bed.nout, 1);
	pass(&bed, 2);
	CHECK_INT(put(&bed, 1, 50), JITTER_NOW);
	CHECK_INT(bed.nout, 3);
	CHECK(!bed.wrong);
	CHECK_INT(bed.jitter.stats.reordered, 1);
	CHECK_INT(bed.lost, 0);
}

static void what_waits_is_sorted(void)
{
	struct bed bed;

	bed_init(&bed);
	put(&bed, 0, 100);
	for (unsigned nr = 5; nr > 1; nr--)
		CHECK_INT(put(&bed, nr, 10 * (uint16_t)nr), JITTER_HELD);
	CHECK_INT(put(&bed, 1, 50), JITTER_NOW);
	CHECK_INT(bed.nout, 6);
	CHECK(!bed.wrong);
	CHECK_INT(bed.lost, 0);
}

static void a_lost_one_is_waited_for_and_given_up(void)
{
	struct bed bed;

	bed_init(&bed);
	put(&bed, 0, 100);
	pass(&bed, 40);
	put(&bed, 2, 100);
	CHECK_INT(bed.nout, 1);
	CHECK_INT(jitter_due(&bed.jitter), bed.now + JITTER_WAIT_FIRST);
	pass(&bed, JITTER_WAIT_FIRST - 1);
	CHECK_INT(bed.nout, 1);
	pass(&bed, 1);
	CHECK_INT(bed.nout, 2);
	CHECK_INT(bed.lost, 1);
	CHECK_INT(put(&bed, 1, 100), JITTER_LATE);
	CHECK_INT(bed.jitter.stats.late, 1);
	CHECK_INT(put(&bed, 3, 100), JITTER_NOW);
}

/* Each tenth packet lost, the others in order. */
static void loss_alone_soon_costs_no_time(void)
{
	struct bed bed;

	bed_init(&bed);
	for (unsigned nr = 0; nr < 500; nr++) {
		if (nr % 10 != 5)
			put(&bed, nr, 60);
		pass(&bed, 20);
	}
	CHECK_INT(bed.jitter.wait_ms, JITTER_WAIT_MIN);
	CHECK_INT(bed.lost, 50);
	CHECK_INT(bed.jitter.stats.late, 0);
}

/* Each tenth packet 45 ms late: the first few are lost, then none. */
static void lateness_is_learnt(void)
{
	struct bed bed;
	uint64_t lost = 0;

	bed_init(&bed);
	for (unsigned nr = 0; nr < 200; nr++) {
		if (nr % 10 != 5)
			put(&bed, nr, 60);
		if (nr % 10 ==
		    8) { /* 65 ms after its time, 45 after the next */
			pass(&bed, 5);
			put(&bed, nr - 3, 60);
			pass(&bed, 15);
		} else {
			pass(&bed, 20);
		}
		if (nr == 20)
			lost = bed.lost;
	}
	CHECK_INT(lost, 1);
	CHECK_INT(bed.lost, lost);
	CHECK(bed.jitter.wait_ms >= 45);
	CHECK(!bed.wrong);
	CHECK_INT(bed.jitter.stats.late, 1);
	CHECK_INT(bed.jitter.stats.reordered, 19);
}

static void what_is_too_late_is_not_waited_for_ever_longer(void)
{
	struct bed bed;

	bed_init(&bed);
	for (unsigned nr = 0; nr < 300; nr++) {
		if (nr % 10 != 5)
			put(&bed, nr, 60);
		if (nr % 10 == 9)
			CHECK_INT(put(&bed, nr - 4, 60), JITTER_LATE);
		pass(&bed, 20);
	}
	CHECK_INT(bed.jitter.wait_ms, JITTER_WAIT_MIN);
	CHECK_INT(bed.lost, 30);
}

static void two_gaps_are_waited_for_one_after_the_other(void)
{
	struct bed bed;

	bed_init(&bed);
	put(&bed, 0, 100);
	put(&bed, 2, 100); /* 1 is missing */
	pass(&bed, 10);
	put(&bed, 4, 100); /* and 3 */
	pass(&bed, 10);
	CHECK_INT(bed.nout, 2);
	CHECK_INT(bed.lost, 1);
	pass(&bed, 7);
	put(&bed, 3, 100);
	CHECK_INT(bed.nout, 4);
	CHECK_INT(bed.lost, 1);
	CHECK(!bed.wrong);
}

static void the_store_is_bounded(void)
{
	struct bed bed;
	unsigned nr;

	bed_init(&bed);
	bed.jitter.wait_ms = JITTER_WAIT_MAX;
	for (nr = 1; nr <= JITTER_PACKETS; nr++)
		CHECK_INT(put(&bed, nr, 20), JITTER_HELD);
	CHECK_INT(bed.nout, 0);
	CHECK_INT(put(&bed, nr, 20), JITTER_NOW);
	CHECK_INT(bed.nout, JITTER_PACKETS + 1);
	CHECK_INT(bed.lost, 1);

	bed_init(&bed);
	for (nr = 1; nr <= JITTER_BYTES / 1500; nr++)
		CHECK_INT(put(&bed, nr, 1500), JITTER_HELD);
	CHECK_INT(bed.nout, 0);
	put(&bed, nr, 1500);
	CHECK_INT(bed.nout, JITTER_BYTES / 1500 + 1);
	CHECK(!bed.wrong);
}

static void a_long_gap_is_not_waited_for(void)
{
	struct bed bed;

	bed_init(&bed);
	put(&bed, 0, 100);
	put(&bed, JITTER_GAP_MAX + 2, 100);
	CHECK_INT(bed.nout, 2);
	CHECK_INT(bed.lost, JITTER_GAP_MAX + 1);
	jitter_anew(&bed.jitter, FIRST + 5);
	CHECK_INT(put(&bed, 5, 100), JITTER_NOW);
}

TEST_MAIN(TEST(packets_in_order_are_not_held),
	  TEST(two_that_changed_places_are_put_right),
	  TEST(what_waits_is_sorted),
	  TEST(a_lost_one_is_waited_for_and_given_up),
	  TEST(loss_alone_soon_costs_no_time), TEST(lateness_is_learnt),
	  TEST(what_is_too_late_is_not_waited_for_ever_longer),
	  TEST(two_gaps_are_waited_for_one_after_the_other),
	  TEST(the_store_is_bounded), TEST(a_long_gap_is_not_waited_for))
