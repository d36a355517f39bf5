/*
 * packer.c  Voice as packets: samples in, packets of a leg's codec and packet
 *           time out
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/rtp/report.h"
#include "mediad/sound/comfort.h"
#include "mediad/sound/packer.h"

enum {
	PTIME_MIN = 10, /* ms */
	LOSS_FIRST = 3, /* percent: before the receiver has told */
	LOSS_MIN = 1,   /* so that the first loss finds LBRR, too */
	LOSS_MAX = 25,
};

static void tell_loss(struct packer *packer, unsigned percent)
{
	packer->loss = (uint8_t)percent;
	packer->codec->voice_loss(packer->enc, percent);
}

int packer_open(struct packer *packer, const struct packer_params *params)
{
	const struct codec *codec = params->codec;
	unsigned ms = params->ptime;
	int err;

	memset(packer, 0, sizeof(*packer));
	ms = ms < PACKER_MAX_MS ? ms : PACKER_MAX_MS;
	ms = codec->voice_frame(ms > PTIME_MIN ? ms : PTIME_MIN);
	packer->rate = params->voice->rate ? params->voice->rate
					   : CODEC_VOICE_RATE;
	packer->frame = (uint16_t)(ms * packer->rate / 1000);
	packer->codec = codec;
	packer->pt = params->pt;
	packer->far = params->far;
	packer->ease = params->ease;
	packer->complexity = params->voice->complexity;
	packer->dtx = params->voice->dtx;
	packer->fec = params->voice->fec;
	packer->talk = true;
	packer->pcm = mem_zalloc(packer->frame * sizeof(*packer->pcm), NULL);
	if (!packer->pcm)
		return ENOMEM;
	err = codec->voice_enc_alloc(&packer->enc, params->voice);
	if (err)
		return err;

	tell_loss(packer, LOSS_FIRST);
	feed_open(&packer->feed, params->out, params->path);
	return 0;
}

void packer_close(struct packer *packer)
{
	packer->enc = mem_deref(packer->enc);
	packer->pcm = mem_deref(packer->pcm);
}

/* The worst of late: loss comes in bursts, and the receiver tells of it every
 * few seconds only. */
static void look_at_loss(struct packer *packer)
{
	const struct report_far *far = packer->far;
	unsigned percent;

	if (!far || far->at_ms == packer->far_ms)
		return;
	packer->far_ms = far->at_ms;
	percent = (far->fraction * 100u + 255) / 256;
	if (percent < packer->loss * 3u / 4)
		percent = packer->loss * 3u / 4;
	if (percent < LOSS_MIN)
		percent = LOSS_MIN;
	tell_loss(packer, percent < LOSS_MAX ? percent : LOSS_MAX);
}

/* With as few bits and as little effort as can be libopus (1.3.1, decide_fec())
 * makes no LBRR any more: not the thing to spare towards who loses packets. */
static uint8_t ease_of(const struct packer *packer)
{
	const uint8_t ease = packer->ease ? *packer->ease : 0;

	return ease >= PACKER_EASE_MAX && packer->fec &&
			       packer->loss > LOSS_FIRST
		       ? PACKER_EASE_MAX - 1
		       : ease;
}

/* The calls that there are go before what they could sound like. */
static void look_at_ease(struct packer *packer)
{
	const uint8_t ease = ease_of(packer);

	if (ease == packer->eased)
		return;
	packer->eased = ease;
	if (packer->codec->voice_effort)
		packer->codec->voice_effort(
			packer->enc, ease >= PACKER_EASE_MAX ? 0
				     : ease	     ? packer->complexity / 2u
						     : packer->complexity,
			ease >= PACKER_EASE_MAX);
}

/* Of a pause the first packet is sent, so that the receiver knows what it is
 * (libopus: the others "need not be transmitted"). */
static bool rests(struct packer *packer, const uint8_t *buf, size_t len)
{
	const bool was = packer->resting;

	packer->resting = packer->dtx && packer->codec->voice_pauses(buf, len);
	if (packer->resting && was)
		packer->talk = true;
	return packer->resting && was;
}

static void pack(struct packer *packer, const int16_t *pcm, uint64_t now_ms)
{
	uint8_t buf[PKT_HDR + CODEC_PAYLOAD_MAX];
	struct feed_pkt pkt = {
		.now_ms = now_ms,
		.ts = packer->ts,
		.pt = packer->pt,
		.marker = packer->talk,
	};
	size_t len = 0;

	look_at_loss(packer);
	look_at_ease(packer);
	/* an event was told to be later than the audio behind it */
	if ((int32_t)(packer->ts - packer->sent_ts) < 0)
		packer->ts = pkt.ts = packer->sent_ts;
	packer->sent_ts = packer->ts;
	packer->ts += codec_ticks(packer->codec, packer->rate, packer->frame);
	if (packer->codec->encode(packer->enc, pcm, packer->frame,
				  buf + PKT_HDR, &len, CODEC_PAYLOAD_MAX) ||
	    !len || rests(packer, buf + PKT_HDR, len))
		return;
	pkt.paylen = (uint16_t)len;
	packer->head = buf[PKT_HDR];
	if (feed_send(&packer->feed, &pkt, buf))
		packer->talk = false;
}

void packer_put(struct packer *packer, const int16_t *pcm, size_t count,
		uint64_t now_ms)
{
	while (count) {
		size_t n = (size_t)(packer->frame - packer->fill);

		if (n > count)
			n = count;
		if (n == packer->frame) {
			pack(packer, pcm, now_ms);
		} else {
			memcpy(packer->pcm + packer->fill, pcm,
			       n * sizeof(*pcm));
			packer->fill = (uint16_t)(packer->fill + n);
		}
		if (packer->fill == packer->frame) {
			packer->fill = 0;
			pack(packer, packer->pcm, now_ms);
		}
		pcm += n;
		count -= n;
	}
}

static const int16_t silence[PACKER_MAX_MS * CODEC_WIDE_RATE / 1000];

uint32_t packer_flush(struct packer *packer, uint64_t now_ms)
{
	uint32_t rest =
		packer->fill ? packer->frame - (uint32_t)packer->fill : 0;

	packer_put(packer, silence, rest, now_ms);
	return rest;
}

void packer_skip(struct packer *packer, uint32_t count, uint64_t now_ms)
{
	if (packer->fill && count < (uint32_t)(packer->frame - packer->fill)) {
		packer_put(packer, silence, count, now_ms);
		return;
	}
	count -= packer_flush(packer, now_ms);
	if (!count)
		return;
	packer->ts += codec_ticks(packer->codec, packer->rate, count);
	packer->talk = true;
}

/* One packet that the encoder does not know of. */
static void send_own(struct packer *packer, uint8_t pt, const uint8_t *payload,
		     size_t len, uint64_t now_ms)
{
	uint8_t buf[PKT_HDR + COMFORT_LEN_MAX];
	struct feed_pkt pkt = {.now_ms = now_ms, .pt = pt};

	if ((int32_t)(packer->ts - packer->sent_ts) < 0)
		packer->ts = packer->sent_ts;
	packer->sent_ts = pkt.ts = packer->ts;
	pkt.paylen = (uint16_t)len;
	memcpy(buf + PKT_HDR, payload, len);
	(void)feed_send(&packer->feed, &pkt, buf);
	packer->talk = true;
}

void packer_noise(struct packer *packer, uint8_t pt, const uint8_t *payload,
		  size_t len, uint64_t now_ms)
{
	(void)packer_flush(packer, now_ms);
	send_own(packer, pt, payload, len, now_ms);
}

bool packer_rest(struct packer *packer, uint32_t count, uint64_t now_ms)
{
	uint8_t byte;

	if (!packer->dtx || !packer->codec->voice_rest || packer->fill ||
	    count != packer->frame)
		return false;
	byte = packer->codec->voice_rest(packer->head);
	if (!packer->resting)
		send_own(packer, packer->pt, &byte, 1, now_ms);
	packer->resting = true;
	packer_skip(packer, count, now_ms);
	return true;
}

void packer_event(struct packer *packer, uint8_t pt, uint32_t ts,
		  const struct digit_step *step, uint64_t now_ms)
{
	const struct feed_pkt pkt = {
		.now_ms = now_ms,
		.ts = ts,
		.pt = pt,
	};

	if ((int32_t)(ts - packer->sent_ts) > 0)
		packer->sent_ts = ts;
	(void)feed_send_event(&packer->feed, &pkt, step);
}

void packer_anew(struct packer *packer)
{
	packer->fill = 0;
	packer->talk = true;
	feed_anew(&packer->feed);
}

uint32_t packer_ts(const struct packer *packer)
{
	return packer->ts +
	       codec_ticks(packer->codec, packer->rate, packer->fill);
}
