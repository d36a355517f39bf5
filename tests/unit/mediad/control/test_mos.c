/*
 * test_mos.c  What the streams of a call are worth
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "mediad/control/mos.h"
#include "mediad/session/session.h"
#include "tests/lib/test.h"

static struct session_figures two(const char *first, const char *second)
{
	struct session_figures figs = {.nlegs = 2};

	for (unsigned i = 0; i < 2; i++) {
		figs.legs[i].leg = (uint8_t)(i + 1);
		figs.legs[i].peer = (uint8_t)(2 - i);
		str_ncpy(figs.legs[i].chosen, i ? second : first,
			 sizeof(figs.legs[i].chosen));
		figs.legs[i].stats = (struct leg_stats){.packets_in = 1000,
							.packets_out = 1000,
							.rtt_us = 20000};
	}
	return figs;
}

static void who_loses_packets_is_who_hears_badly(void)
{
	struct session_figures figs = two("opus/48000/2", "PCMU/8000/1");

	CHECK(mos_in(&figs.legs[0]) > 440);
	CHECK(mos_heard(&figs, &figs.legs[0]) > 420);
	/* on the way from leg 2, and on the way to leg 1 */
	figs.legs[1].stats.lost_in = 50;
	CHECK(mos_heard(&figs, &figs.legs[0]) < 400);
	CHECK(mos_heard(&figs, &figs.legs[1]) > 420);
	figs.legs[0].stats.far_lost = 50;
	CHECK(mos_out(&figs.legs[0]) < 430);
	CHECK(mos_heard(&figs, &figs.legs[0]) < 360);
}

static void a_codec_that_is_passed_on_counts_once(void)
{
	struct session_figures once = two("G722/8000/1", "G722/8000/1");
	struct session_figures twice = two("G722/8000/1", "opus/48000/2");
	struct session_figures narrow = two("G722/8000/1", "PCMA/8000/1");

	CHECK(mos_heard(&once, &once.legs[0]) == mos_heard(&twice, &twice.legs[0]));
	CHECK(mos_heard(&narrow, &narrow.legs[0]) < 425);
}

static void what_is_not_known_is_not_said(void)
{
	struct session_figures figs = two("opus/48000/2", "opus/48000/2");

	figs.legs[0].stats.rtt_us = 0;
	CHECK_INT(mos_out(&figs.legs[0]), 0);
	figs.legs[1].stats.packets_in = 0;
	CHECK_INT(mos_in(&figs.legs[1]), 0);
	CHECK_INT(mos_heard(&figs, &figs.legs[0]), 0);
	figs.legs[1].peer = 0;
	CHECK_INT(mos_heard(&figs, &figs.legs[1]), 0);
}

TEST_MAIN(TEST(who_loses_packets_is_who_hears_badly),
	  TEST(a_codec_that_is_passed_on_counts_once),
	  TEST(what_is_not_known_is_not_said))
