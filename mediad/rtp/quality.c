/*
 * quality.c  What a stream is worth to an ear: the E-model, in short
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/rtp/quality.h"

/* G.113 table I.4 for G.711 with concealment (G.711 Appendix I). Opus has no
 * entry: its concealment is taken to be as robust, and its quality no worse.
 */
static const struct {
	const char *codec;
	double ie, bpl; /* impairment without loss; robustness against it */
} equipment[] = {
	{"PCMU", 0, 25.1}, {"PCMA", 0, 25.1}, {"opus", 0, 25.1},
	{"G722", 13, 13},  {"G729", 11, 19},
};

enum {
	DEFAULT_R = 932, /* tenths: G.107 with all its default values */
	FRAME_MS = 20,
	BUFFER_MIN_MS = 20
};

static double loss_impairment(const struct quality_in *in)
{
	const double all = (double)in->received + (double)in->lost;
	const double percent = 100 * (double)in->lost / all;
	double ie = 0, bpl = 10;

	for (size_t i = 0; i < COUNTOF(equipment); i++) {
		if (!str_casecmp(in->codec, equipment[i].codec)) {
			ie = equipment[i].ie;
			bpl = equipment[i].bpl;
		}
	}
	/* G.107 (7-29) with random loss */
	return ie + (95 - ie) * percent / (percent + bpl);
}

/* One-way, mouth to ear: half the round trip, a frame, the buffer. G.107 in
 * the simplified form of Cole and Rosenbluth (2001). */
static double delay_impairment(const struct quality_in *in)
{
	const double buffer = 4.0 * in->jitter_us / 1000;
	const double ms = in->rtt_us / 2000.0 + FRAME_MS +
			  (buffer > BUFFER_MIN_MS ? buffer : BUFFER_MIN_MS);

	return 0.024 * ms + (ms > 177.3 ? 0.11 * (ms - 177.3) : 0);
}

unsigned quality_mos(const struct quality_in *in)
{
	double r;

	if (!in->received)
		return 0;

	r = DEFAULT_R / 10.0 - loss_impairment(in) - delay_impairment(in);
	if (r <= 0)
		return 100;
	/* G.107 Annex B; it dips below 1 for R under 6.5 */
	r = 100 + 3.5 * r + r * (r - 60) * (100 - r) * 7e-4;
	return r < 100 ? 100 : (unsigned)(r + 0.5);
}
