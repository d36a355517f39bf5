/*
 * transcode_audio.c  Audio of the source: decoded, made up for, sent on
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/sound/transcode_priv.h"

enum {
	GRAINS = 400,     /* a second: what Opus conceals is a multiple */
	FADED_MS = 60,    /* after so much concealment all is quiet */
	FILL_MAX_MS = 60, /* at the end of a pause */
	BACK_MAX_S = 1,   /* a timestamp that is set back by more */
	JUMP_MAX_S = 5,   /* more is another time */
	BUDGET_RATE = 2,  /* times as fast as it is heard, */
	BUDGET_MAX_S = 2, /* and a burst of so much */
};

/* --- sound -------------------------------------------------------------------------- */

void tc_put(struct transcode *t, const int16_t *pcm, size_t n, uint64_t now_ms)
{
	if (t->event.on)
		packer_skip(&t->packer, (uint32_t)n, now_ms);
	else
		packer_put(&t->packer, pcm, n, now_ms);
}

/* Make up for n samples, at most CODEC_VOICE_MAX. next: the packet behind. */
static void conceal(struct transcode *t, const struct jitter_pkt *next,
		    uint32_t n, uint64_t now_ms)
{
	const struct codec *codec = t->params.from.codec;
	int16_t pcm[CODEC_VOICE_MAX];
	uint32_t whole = n - n % (t->rate / GRAINS);
	bool repairs = next && codec->voice_repairs(next->data, next->len);

	if (whole && !codec->voice_conceal(t->dec, next ? next->data : NULL,
					   next ? next->len : 0, pcm, whole))
		tc_put(t, pcm, whole, now_ms);
	else
		packer_skip(&t->packer, whole, now_ms);
	packer_skip(&t->packer, n - whole, now_ms);
	t->stats.repaired += repairs;
}

/* The decoder hears a long loss, too; nobody else does: the receiver has
 * passed over it already. */
static void pass_over(struct transcode *t, uint32_t n, uint64_t now_ms)
{
	int16_t pcm[CODEC_VOICE_MAX];

	(void)t->params.from.codec->voice_conceal(t->dec, NULL, 0, pcm,
						  tc_of_ms(t, FADED_MS));
	packer_skip(&t->packer, n, now_ms);
}

/* `n` samples before the packet are missing because packets are. */
static void recover(struct transcode *t, const struct jitter_pkt *pkt,
		    uint32_t n, uint64_t now_ms)
{
	const uint32_t most = tc_of_ms(t, TRANSCODE_CONCEAL_MS);
	uint32_t last = t->line.span;

	if (n <= most) {
		t->stats.concealed += t->line.missing;
		conceal(t, pkt, n, now_ms);
		return;
	}
	t->stats.skipped += t->line.missing;
	if (!t->params.from.codec->voice_repairs(pkt->data, pkt->len) ||
	    last >= n || last > most)
		last = 0;
	pass_over(t, n - last, now_ms);
	if (!last)
		return;
	t->stats.skipped--;
	t->stats.concealed++;
	conceal(t, pkt, last, now_ms);
}

/* --- audio --------------------------------------------------------------------------- */

/* The timestamp is `n` samples further than it would be without a gap. */
static void bridge(struct transcode *t, const struct jitter_pkt *pkt,
		   uint32_t n, uint64_t now_ms)
{
	if (n > tc_of_ms(t, JUMP_MAX_S * 1000))
		packer_anew(&t->packer);
	else if (t->event.on || t->event.had)
		packer_skip(&t->packer, n, now_ms);
	else if (t->line.missing)
		recover(t, pkt, n, now_ms);
	else if (t->pause.on && n <= tc_of_ms(t, FILL_MAX_MS))
		conceal(t, NULL, n, now_ms);
	else
		packer_skip(&t->packer, n, now_ms);
}

void tc_follow(struct transcode *t, const struct jitter_pkt *pkt,
	       uint64_t now_ms)
{
	const struct codec *codec = t->params.from.codec;
	struct tc_line *line = &t->line;
	int32_t ticks = (int32_t)(pkt->ts - line->want);
	int32_t back = (int32_t)codec->clock * BACK_MAX_S;

	if (!line->begun)
		line->begun = true;
	else if (ticks < -back)
		packer_anew(&t->packer);
	else if (ticks > 0)
		bridge(t, pkt, codec_samples(codec, t->rate, (uint32_t)ticks),
		       now_ms);
	else if (t->pause.on) /* we have made some of it already */
		t->pause.ahead += codec_samples(codec, t->rate,
						(uint32_t)-ticks);

	line->want = pkt->ts;
}

/* Is there time for n samples? */
static bool afford(struct transcode *t, uint32_t n, uint64_t now_ms)
{
	struct tc_budget *budget = &t->budget;
	const uint32_t most = BUDGET_MAX_S * t->rate;
	uint64_t more = (now_ms - budget->at_ms) * tc_of_ms(t, 1) * BUDGET_RATE;

	budget->at_ms = now_ms;
	budget->samples = more + budget->samples < most
				  ? (uint32_t)(more + budget->samples)
				  : most;
	if (n > budget->samples)
		return false;
	budget->samples -= n;
	return true;
}

void tc_audio(struct transcode *t, const struct jitter_pkt *pkt,
	      uint64_t now_ms)
{
	const struct codec *codec = t->params.from.codec;
	int16_t pcm[CODEC_VOICE_MAX];
	size_t n = codec->voice_span(pkt->data, pkt->len, t->rate);

	if (!n || !afford(t, (uint32_t)n, now_ms)) {
		t->stats.unusable++;
		t->line.missing++;
		return;
	}
	tc_event_audio(t);
	tc_follow(t, pkt, now_ms);
	tc_pause_stop(t);
	t->line.missing = 0;
	t->line.span = (uint32_t)n;
	t->event.had = false;
	t->line.want += tc_ticks(t, (uint32_t)n);
	t->line.at_ms = now_ms;
	if (codec->decode(t->dec, pkt->data, pkt->len, pcm, &n)) {
		t->stats.unusable++;
		conceal(t, NULL, t->line.span, now_ms);
		return;
	}
	if (t->params.voiceh)
		t->params.voiceh(pcm, n, t->rate, t->params.voice_arg);
	if (!tc_pause_goes_on(t, pkt, pcm, n, now_ms))
		tc_put(t, pcm, n, now_ms);
	if (codec->voice_pauses(pkt->data, pkt->len))
		tc_pause_start(t, now_ms);
}
