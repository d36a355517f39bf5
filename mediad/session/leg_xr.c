/*
 * leg_xr.c  What we say of a leg's stream beside its report (RFC 3611)
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "mediad/rtp/quality.h"
#include "mediad/sdp/sdp_codec.h"
#include "mediad/session/session_priv.h"

enum {
	BUFFER_MS = 20, /* what a packet may wait for those before it */
};

static bool wanted(const struct leg *leg)
{
	const enum session_xr policy = leg->session->table->cfg.xr;

	return policy == SESSION_XR_ALWAYS ||
	       (policy == SESSION_XR_ANSWER && leg->report.xr.heard);
}

uint32_t leg_rtt_us(const struct leg *leg)
{
	const struct report *rep = &leg->report;

	return rep->far.rtt_us ? rep->far.rtt_us : rep->xr.rtt_us;
}

/* Since the first packet (RFC 3611, 4.7.1). */
static uint8_t loss_of(uint64_t got, uint64_t lost)
{
	uint64_t share = got + lost ? (lost << 8) / (got + lost) : 0;

	return share > 255 ? 255 : (uint8_t)share;
}

static void metrics(struct report_xr_own *own, const struct leg *leg,
		    uint64_t now_ms)
{
	const struct strm_in *in = &leg->in;
	const struct quality_in q = {
		.codec = sdpm_codec_info(leg_hears(leg)->codec)->name,
		.received = in->packets,
		.lost = strm_in_lost(in),
		.jitter_us = strm_in_jitter_us(in),
		.rtt_us = leg_rtt_us(leg),
	};

	own->about = in->ssrc;
	own->loss = loss_of(q.received, q.lost);
	own->discard = loss_of(q.received, leg->sound.late);
	own->rtt_ms = (uint16_t)min(q.rtt_us / 1000, (uint32_t)UINT16_MAX);
	own->buffer_ms = BUFFER_MS;
	own->heard_ms = (uint32_t)(now_ms - in->first_ms);
	own->r = quality_r(&q, 1);
	own->mos = quality_mos(&q, 1);
}

size_t leg_xr_write(const struct leg *leg, const struct report_time *now,
		    uint8_t *buf)
{
	struct report_xr_own own = {.ssrc = leg->out.ssrc};

	if (!wanted(leg))
		return 0;
	if (leg->sdp.choice && leg->in.packets)
		metrics(&own, leg, now->now_ms);
	return report_xr_write(&leg->report.xr, &own, now, buf);
}
