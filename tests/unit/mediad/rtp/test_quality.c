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

	return quality_mos(&in);
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
	CHECK(about(mos("opus", 100, 0, 0), 334));
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

	CHECK_INT(quality_mos(&none), 0);
	CHECK_INT(mos("unheard-of", 999, 4000000, 4000000000u), 100);
	CHECK(mos("opus", 0, 0, 0) <= 441);
}

TEST_MAIN(TEST(known_points_are_met),
	  TEST(more_loss_jitter_or_delay_is_never_better),
	  TEST(the_scale_is_kept))
