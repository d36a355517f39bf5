/*
 * quality.c  What a stream is worth to an ear: the E-model, in short
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/rtp/quality.h"

/* G.113 table I.4 for G.711 with concealment (G.711 Appendix I), and G.729A;
 * G.113 Appendix IV for G.722 at 64 kbit/s. Opus and L16 have no entry: the
 * one is taken to add nothing at the rates that we use and to be as robust as
 * G.711, the other adds nothing and is concealed as G.711 is. */
static const struct equipment {
	const char *codec;
	bool wide;
	double ie, bpl; /* impairment without loss; robustness against it */
} equipment[] = {
	{"PCMU", false, 0, 25.1}, {"PCMA", false, 0, 25.1},
	{"opus", true, 0, 25.1},  {"G722", true, 13, 13},
	{"L16", true, 0, 25.1},	  {"G729", false, 11, 19},
};

static const double narrow_r = 93.2; /* G.107 with all default values */
static const double wide_r = 129;    /* G.107.1 */

enum {
	FRAME_MS = 20,
	BUFFER_MIN_MS = 20
};

static const struct equipment *equipment_of(const char *codec)
{
	static const struct equipment other = {.bpl = 10};

	for (size_t i = 0; i < COUNTOF(equipment); i++)
		if (!str_casecmp(codec, equipment[i].codec))
			return &equipment[i];
	return &other;
}

bool quality_wide(const char *codec)
{
	return equipment_of(codec)->wide;
}

/* G.107 (7-29) with random loss. */
static double loss_impairment(const struct quality_in *in)
{
	const struct equipment *eq = equipment_of(in->codec);
	const double all = (double)in->received + (double)in->lost;
	const double percent = 100 * (double)in->lost / all;
	double ie = in->relayed ? 0 : eq->ie;

	return ie + (95 - ie) * percent / (percent + eq->bpl);
}

/* One way, mouth to ear: half the round trips, a frame each, the buffer of who
 * listens. G.107 in the simplified form of Cole and Rosenbluth (2001). */
static double delay_impairment(const struct quality_in *in, unsigned n)
{
	double buffer = 0, ms = 0;

	for (unsigned i = 0; i < n; i++) {
		buffer += 4.0 * in[i].jitter_us / 1000;
		ms += in[i].rtt_us / 2000.0 + FRAME_MS;
	}
	ms += buffer > BUFFER_MIN_MS ? buffer : BUFFER_MIN_MS;
	return 0.024 * ms + (ms > 177.3 ? 0.11 * (ms - 177.3) : 0);
}

static bool all_wide(const struct quality_in *in, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!quality_wide(in[i].codec))
			return false;
	return true;
}

/* G.107: what impairs adds up. Under 0: nothing was received. */
static double rating(const struct quality_in *in, unsigned n, bool wide)
{
	double r = wide ? wide_r : narrow_r;

	for (unsigned i = 0; i < n; i++) {
		if (!in[i].received)
			return -1;
		r -= loss_impairment(&in[i]);
	}
	r -= delay_impairment(in, n);
	return r < 0 ? 0 : r;
}

unsigned quality_r(const struct quality_in *in, unsigned n)
{
	double r = rating(in, n, all_wide(in, n));

	return r < 0 ? 0 : (unsigned)(r + 0.5);
}

unsigned quality_mos(const struct quality_in *in, unsigned n)
{
	const bool wide = all_wide(in, n);
	double r = rating(in, n, wide);

	if (r < 0)
		return 0;
	if (wide) /* G.107.1, 7.7 */
		r /= wide_r / 100;
	/* G.107 Annex B; it dips below 1 for R under 6.5 */
	r = 100 + 3.5 * r + r * (r - 60) * (100 - r) * 7e-4;
	return r < 100 ? 100 : (unsigned)(r + 0.5);
}
