/*
 * test_video.c  What a source of video may be asked to send again
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "mediad/rtp/video.h"
#include "tests/lib/test.h"

struct bed {
	struct strm_in in;
	struct video_asks asks;
	uint64_t now;
};

static void come(struct bed *bed, uint16_t seq)
{
	struct strm_pkt sp = {.h = {.ssrc = 1, .seq = seq, .pt = 96},
			      .now_ms = bed->now};

	CHECK(strm_in_packet(&bed->in, &sp));
}

static void bed_init(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	bed->now = 100000;
	strm_in_init(&bed->in, VIDEO_CLOCK);
	come(bed, 65500);
}

static bool may(struct bed *bed, uint16_t seq)
{
	return video_may_ask(&bed->asks, &bed->in, seq, bed->now);
}

static void what_is_missing_is_asked_for_and_not_at_once_again(void)
{
	struct bed bed;

	bed_init(&bed);
	come(&bed, 65502);
	CHECK(may(&bed, 65501));
	CHECK(!may(&bed, 65501));
	bed.now += 19;
	CHECK(!may(&bed, 65501));
	bed.now += 1;
	CHECK(may(&bed, 65501));
	bed.now += 20;
	come(&bed, 65501);
	CHECK(!may(&bed, 65501));
}

static void what_has_come_or_comes_too_late_is_not_asked_for(void)
{
	struct bed bed;

	bed_init(&bed);
	come(&bed, 100); /* over the wrap */
	CHECK(!may(&bed, 100));
	CHECK(!may(&bed, 101));
	CHECK(!may(&bed, 36));
	CHECK(!may(&bed, 65501));
	CHECK(may(&bed, 37));
	CHECK(may(&bed, 99));
}

static void there_is_a_limit_for_each_while(void)
{
	struct bed bed;
	unsigned n = 0;

	bed_init(&bed);
	come(&bed, 100);
	bed.now += 1000;
	/* as often as may be for each */
	for (unsigned t = 0; t < 100; t += 20, bed.now += 20)
		for (uint16_t i = 0; i < 100; i++)
			n += may(&bed, i);
	CHECK_INT(n, VIDEO_ASKS);
	CHECK(may(&bed, 50));
}

TEST_MAIN(TEST(what_is_missing_is_asked_for_and_not_at_once_again),
	  TEST(what_has_come_or_comes_too_late_is_not_asked_for),
	  TEST(there_is_a_limit_for_each_while))
