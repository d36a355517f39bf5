/*
 * mos.c  What the streams of a call are worth, from its figures
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "mediad/control/mos.h"
#include "mediad/rtp/quality.h"
#include "mediad/session/session.h"

enum {
	CODEC_NAME = 32
};

static void name_of(char name[CODEC_NAME], const struct leg_figures *leg)
{
	str_ncpy(name, leg->chosen, CODEC_NAME);
	name[strcspn(name, "/")] = '\0';
}

static struct quality_in section_in(const struct leg_figures *leg,
				    const char *codec)
{
	const struct leg_stats *stats = &leg->stats;

	return (struct quality_in){.codec = codec,
				   .received = stats->packets_in,
				   .lost = stats->lost_in,
				   .jitter_us = stats->jitter_in_us,
				   .rtt_us = stats->rtt_us};
}

static struct quality_in section_out(const struct leg_figures *leg,
				     const char *codec)
{
	const struct leg_stats *stats = &leg->stats;
	struct quality_in out = {
		.codec = codec,
		.lost = stats->far_lost > 0 ? (uint64_t)stats->far_lost : 0,
		.jitter_us = stats->far_jitter_us,
		.rtt_us = stats->rtt_us,
	};

	if (stats->packets_out > out.lost)
		out.received = stats->packets_out - out.lost;
	return out;
}

static bool reports(const struct leg_figures *leg)
{
	return leg->stats.far_jitter_us || leg->stats.rtt_us;
}

unsigned mos_in(const struct leg_figures *leg)
{
	char codec[CODEC_NAME];
	struct quality_in in;

	name_of(codec, leg);
	in = section_in(leg, codec);
	return quality_mos(&in, 1);
}

unsigned mos_out(const struct leg_figures *leg)
{
	char codec[CODEC_NAME];
	struct quality_in out;

	name_of(codec, leg);
	out = section_out(leg, codec);
	return reports(leg) ? quality_mos(&out, 1) : 0;
}

unsigned mos_heard(const struct session_figures *figs,
		   const struct leg_figures *leg)
{
	char codecs[2][CODEC_NAME];
	struct quality_in way[2];

	for (size_t i = 0; i < figs->nlegs; i++) {
		const struct leg_figures *peer = &figs->legs[i];

		if (!leg->peer || peer->leg != leg->peer)
			continue;
		name_of(codecs[0], peer);
		name_of(codecs[1], leg);
		way[0] = section_in(peer, codecs[0]);
		way[1] = section_out(leg, codecs[1]);
		way[1].relayed = !strcmp(codecs[0], codecs[1]);
		return quality_mos(way, 2);
	}
	return 0;
}
