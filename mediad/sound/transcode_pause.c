/*
 * transcode_pause.c  The source pauses (DTX), or sends comfort noise: what is
 *                    heard of it meanwhile
 *
 * Who takes comfort noise (RFC 3389) is told of it, and then of nothing until
 * it changes; everybody else hears it. Of a pause of Opus, which has no
 * comfort noise but that of its own, the decoder makes the first moments. They
 * are listened to, and the rest is made from that.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "mediad/sound/transcode_priv.h"

enum {
	FILL_MS = 20,    /* made at once */
	SLACK_MS = 20,   /* behind the time, so that what comes is in time */
	LISTEN_MS = 100, /* until it is known what a pause sounds like */
	TELL_DB = 2,     /* a change that is told */
	TEACH = 15, /* frames of noise for an encoder that may pause, too: so
		       that its receiver knows it, */
	FEED = 20,  /* then one of so many */
};

void tc_pause_stop(struct transcode *t)
{
	t->pause.on = false;
	wheel_stop(&t->pause.timer);
}

/* A spectrum is one of a sampling rate. */
static bool fits(const struct transcode *t, const struct transcode_side *side)
{
	return side->codec->clock == t->rate;
}

static bool is_told(const struct transcode *t)
{
	return t->params.to.noise_pt && !t->event.on;
}

static void tell(struct transcode *t, uint64_t now_ms)
{
	uint8_t buf[COMFORT_LEN_MAX];
	const size_t len = comfort_write(&t->pause.noise, buf,
					 fits(t, &t->params.to));

	packer_noise(&t->packer, (uint8_t)(t->params.to.noise_pt - 1), buf,
		     len, now_ms);
}

/* --- it goes on ------------------------------------------------------------------- */

static void hear_out(struct transcode *t, int16_t *pcm, uint32_t n,
		     uint64_t now_ms)
{
	struct tc_pause *pause = &t->pause;

	if (t->params.from.codec->voice_conceal(t->dec, NULL, 0, pcm, n)) {
		packer_skip(&t->packer, n, now_ms);
		return;
	}
	comfort_listen(&pause->noise, pcm, n);
	pause->known_ms += FILL_MS;
	tc_put(t, pcm, n, now_ms);
	if (pause->known_ms >= LISTEN_MS && is_told(t))
		tell(t, now_ms);
}

static bool may_rest(struct tc_pause *pause)
{
	const uint32_t frame = pause->rested++;

	return frame >= TEACH && (frame - TEACH) % FEED;
}

static void fill(struct transcode *t, uint64_t now_ms)
{
	const uint32_t n = tc_of_ms(t, FILL_MS);
	int16_t pcm[CODEC_VOICE_MAX];

	if (t->pause.known_ms < LISTEN_MS) {
		hear_out(t, pcm, n, now_ms);
	} else if (is_told(t)) {
		packer_skip(&t->packer, n, now_ms);
	} else if (!may_rest(&t->pause) ||
		   !packer_rest(&t->packer, n, now_ms)) {
		comfort_make(&t->pause.noise, pcm, n);
		tc_put(t, pcm, n, now_ms);
	}
	t->stats.filled++;
}

static void on_pause(void *arg)
{
	struct transcode *t = arg;
	struct tc_pause *pause = &t->pause;
	const uint64_t now_ms = wheel_now(t->params.wheel);
	const uint32_t n = tc_of_ms(t, FILL_MS);

	if (now_ms >= pause->end_ms) {
		tc_pause_stop(t);
		return;
	}
	tc_serve(t, true);
	while (pause->due_ms <= now_ms) {
		pause->due_ms += FILL_MS;
		t->line.want += tc_ticks(t, n);
		if (pause->ahead >= n)
			pause->ahead -= n;
		else
			fill(t, now_ms);
	}
	wheel_start(t->params.wheel, &pause->timer, pause->due_ms - now_ms,
		    on_pause, t);
	tc_tally(t);
	tc_serve(t, false);
}

static void begin(struct transcode *t, uint64_t due_ms, uint64_t end_ms)
{
	const uint64_t now_ms = wheel_now(t->params.wheel);
	struct tc_pause *pause = &t->pause;

	if (!pause->rests)
		pause->rested = 0;
	pause->on = pause->rests = true;
	pause->due_ms = due_ms;
	pause->end_ms = end_ms;
	wheel_start(t->params.wheel, &pause->timer,
		    due_ms > now_ms ? due_ms - now_ms : 0, on_pause, t);
}

void tc_pause_start(struct transcode *t, uint64_t now_ms)
{
	if (!t->pause.rests) {
		t->pause.known_ms = 0;
		comfort_anew(&t->pause.noise);
	}
	begin(t, now_ms + t->line.span / tc_of_ms(t, 1) + SLACK_MS,
	      now_ms + TRANSCODE_PAUSE_MS);
}

/* --- the source tells of it --------------------------------------------------------- */

void tc_noise(struct transcode *t, const struct jitter_pkt *pkt,
	      uint64_t now_ms)
{
	/* what is no audio repairs none */
	const struct jitter_pkt where = {.ext = pkt->ext,
					 .at_ms = pkt->at_ms,
					 .ts = pkt->ts,
					 .pt = pkt->pt};
	struct comfort *noise = &t->pause.noise;

	if (comfort_read(noise, pkt->data, pkt->len,
			 fits(t, &t->params.from))) {
		t->stats.unusable++;
		return;
	}
	tc_event_audio(t);
	tc_follow(t, &where, now_ms);
	t->line.missing = 0;
	t->event.had = false;
	t->pause.known_ms = LISTEN_MS;
	if (is_told(t))
		tell(t, now_ms);
	begin(t, now_ms + SLACK_MS, now_ms + TRANSCODE_NOISE_MS);
}

/* Noise alone, or the first packet of what goes on. */
static bool is_quiet(const struct codec *codec, const struct jitter_pkt *pkt)
{
	return codec->voice_pauses(pkt->data, pkt->len) ||
	       (codec->voice_quiet &&
		codec->voice_quiet(pkt->data, pkt->len));
}

bool tc_pause_goes_on(struct transcode *t, const struct jitter_pkt *pkt,
		      const int16_t *pcm, size_t n, uint64_t now_ms)
{
	struct tc_pause *pause = &t->pause;
	const int was = pause->noise.level;

	if (!pause->rests)
		return false;
	if (!is_quiet(t->params.from.codec, pkt)) {
		pause->rests = false;
		return false;
	}
	comfort_listen(&pause->noise, pcm, n);
	if (!is_told(t) || pause->known_ms < LISTEN_MS)
		return false;
	if (abs(pause->noise.level - was) >= TELL_DB)
		tell(t, now_ms);
	packer_skip(&t->packer, (uint32_t)n, now_ms);
	return true;
}
