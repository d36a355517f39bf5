/*
 * test_quality.c  The E-model against figures that are known
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "mediad/rtp/quality.h"
#include "tests/lib/test.h"

static unsigned mos(const char *codec, unsigned lost_permille,
		    uint32_t jitter_us, uint32_t rtt_us)
{
	const struct quality_in in = {.codec = codec,
				      .received = 1000 - lost_permille,
				      .lost = lost_permille,
				      .jitter_us = jitter_us,
				      .rtt_us = rtt_us};

	return quality_mos(&in, 1);
}

static bool about(unsigned is, unsigned want)
{
	return is + 8 > want && want + 8 > is;
}

/* R = 93.2 is a MOS of 4.41 (G.107 Annex B); 40 ms take 1 of R. G.711 with
 * concealment: 5 % loss leave R near 76, which is 3.9. A round trip of 600 ms
 * makes 340 ms one way, which take 26: R is 67. */
static void known_points_are_met(void)
{
	CHECK(about(mos("PCMU", 0, 0, 0), 439));
	CHECK(about(mos("PCMU", 50, 0, 0), 389));
	CHECK(about(mos("PCMA", 100, 0, 0), 334));
	CHECK(about(mos("PCMU", 0, 0, 600000), 346));
}

static void more_loss_jitter_or_delay_is_never_better(void)
{
	for (unsigned i = 0; i < 500; i += 10) {
		CHECK(mos("PCMA", i, 0, 0) >= mos("PCMA", i + 10, 0, 0));
		CHECK(mos("PCMA", 0, i * 1000, 0) >=
		      mos("PCMA", 0, (i + 10) * 1000, 0));
		CHECK(mos("PCMA", 0, 0, i * 4000) >=
		      mos("PCMA", 0, 0, (i + 10) * 4000));
	}
}

static void the_scale_is_kept(void)
{
	const struct quality_in none = {.codec = "opus", .lost = 7};

	CHECK_INT(quality_mos(&none, 1), 0);
	CHECK_INT(mos("unheard-of", 999, 4000000, 4000000000u), 100);
	CHECK(mos("PCMU", 0, 0, 0) <= 441);
	CHECK(mos("opus", 0, 0, 0) <= 450);
}

/* G.107.1: R of 129 is the best, and G.722 takes 13 of it: that is 90 of 100
 * on the scale of the opinion, a MOS of 4.3. */
static void wide_band_has_a_scale_of_its_own(void)
{
	const struct quality_in wide = {.codec = "L16", .received = 1000};
	const struct quality_in narrow = {.codec = "PCMU", .received = 1000};

	CHECK(about(mos("L16", 0, 0, 0), 449));
	CHECK(about(mos("G722", 0, 0, 0), 431));
	CHECK(about(quality_r(&wide, 1), 128));
	CHECK(about(quality_r(&narrow, 1), 92));
	CHECK(mos("opus", 50, 0, 0) < mos("opus", 0, 0, 0));
}

/* Mouth to ear: what impairs adds up, a codec that is passed on does once. */
static void the_whole_way_is_worse_than_its_parts(void)
{
	struct quality_in way[2] = {
		{.codec = "G729", .received = 980, .lost = 20},
		{.codec = "PCMU", .received = 990, .lost = 10},
	};
	struct quality_in same[2] = {
		{.codec = "G729", .received = 1000},
		{.codec = "G729", .received = 1000, .relayed = true},
	};
	struct quality_in mixed[2] = {
		{.codec = "opus", .received = 1000},
		{.codec = "PCMU", .received = 1000},
	};
	/* 93.2 - 11 - 84*2/21 - 95*1/26.1 - 1.4 */
	CHECK(quality_r(way, 2) >= 68 && quality_r(way, 2) <= 70);
	CHECK(quality_mos(way, 2) < quality_mos(&way[0], 1));
	CHECK(quality_mos(way, 2) < quality_mos(&way[1], 1));
	CHECK(quality_r(same, 2) >= 80);
	same[1].relayed = false; /* coded anew */
	CHECK(quality_r(same, 2) <= 71);
	/* as narrow as its narrowest */
	CHECK(quality_mos(mixed, 2) <= 441);
	way[1].received = 0;
	CHECK_INT(quality_mos(way, 2), 0);
	way[0].rtt_us = 400000;
	way[1].received = 1000;
	CHECK(quality_r(way, 2) < 69);
}

TEST_MAIN(TEST(wide_band_has_a_scale_of_its_own),
	  TEST(the_whole_way_is_worse_than_its_parts),
	  TEST(known_points_are_met),
	  TEST(more_loss_jitter_or_delay_is_never_better),
	  TEST(the_scale_is_kept))
