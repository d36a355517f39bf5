/*
 * leg_glimpse.c  How loud a voice is that is passed on in Opus or G.722
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "mediad/session/leg_glimpse.h"
#include "mediad/session/session_priv.h"
#include "mediad/sound/codec.h"

void leg_glimpse_stop(struct leg *leg)
{
	leg->watch.glimpse.dec = mem_deref(leg->watch.glimpse.dec);
}

static void end(struct leg *leg, uint64_t now_ms)
{
	leg_glimpse_stop(leg);
	leg->watch.glimpse.next_ms = now_ms + LEG_GLIMPSE_MS;
}

static bool begin(struct leg *leg, uint64_t now_ms)
{
	struct leg_glimpse *glimpse = &leg->watch.glimpse;

	/* the legs of a successor all begin at once: not together */
	if (!glimpse->next_ms)
		glimpse->next_ms = now_ms + 1 + rand_u32() % LEG_GLIMPSE_MS;
	if (now_ms < glimpse->next_ms)
		return false;
	glimpse->codec = leg_codec_impl(leg, leg_hears(leg)->codec);
	glimpse->packets = 0;
	if (leg->session->table->ease || !glimpse->codec ||
	    glimpse->codec->voice_dec_alloc(&glimpse->dec, CODEC_VOICE_RATE)) {
		end(leg, now_ms);
		return false;
	}
	return true;
}

void leg_glimpse_packet(struct leg *leg, const struct strm_pkt *sp,
			const uint8_t *payload)
{
	struct leg_glimpse *glimpse = &leg->watch.glimpse;
	int16_t pcm[CODEC_VOICE_MAX];
	size_t n;

	if (!glimpse->dec && !begin(leg, sp->now_ms))
		return;
	if (glimpse->codec != leg_codec_impl(leg, leg_hears(leg)->codec) ||
	    !glimpse->codec->voice_span(payload, sp->h.paylen,
					CODEC_VOICE_RATE) ||
	    glimpse->codec->decode(glimpse->dec, payload, sp->h.paylen, pcm,
				   &n)) {
		end(leg, sp->now_ms);
		return;
	}
	if (glimpse->packets++ < LEG_GLIMPSE_FIRST)
		return;
	meter_glimpse(&leg->watch.meter, pcm, n);
	end(leg, sp->now_ms);
}
