/*
 * codec_g722.c  G.722 (ITU-T G.722, 64 kbit/s) by libspandsp; the only file
 *               that knows it
 *
 * One byte is two samples of 16 kHz, and one tick of a clock that is called
 * 8000 by an error that stayed (RFC 3551, 4.5.2). Where the other side is
 * narrow both bands are still worked on: the lower one alone has at -20 dB the
 * mirror image of what is above 4 kHz, which only the two together cancel.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <re.h>
#include <spandsp/telephony.h>
#include <spandsp/g722.h>
#include <spandsp/private/g722.h>

#include "mediad/sound/codec.h"
#include "mediad/sound/conceal.h"
#include "mediad/sound/halfband.h"

enum {
	BITRATE = 64000,
	SPAN_MAX_MS = 120,
	BYTES_MAX = SPAN_MAX_MS * 8,
	DELAY = 22, /* samples: of parting the bands, and joining them */
	LEAD = 24,  /* the filters' length */
	GUESSES = 8, /* of where in its period a voice is behind a loss */
	STEADY = 96, /* samples to tell which was right */
};

static const float SURE = 0.5f; /* steadiness of a voice */

struct codec_enc {
	g722_encode_state_t *state;
	struct halfband half;
	unsigned per_byte; /* samples */
};

struct codec_dec {
	g722_decode_state_t *state;
	struct halfband half;
	unsigned per_byte;
	struct conceal conceal; /* at 16 kHz in any case */
	bool mends;           /* the begin of what is decoded next */
	int16_t mend[STEADY]; /* is this at first */
	int16_t room[2 * CONCEAL_ROOM];
};

static unsigned times_of(uint32_t rate)
{
	return rate == CODEC_WIDE_RATE ? 2 : 1;
}

static void enc_destructor(void *data)
{
	struct codec_enc *enc = data;

	if (enc->state)
		g722_encode_free(enc->state);
}

static void dec_destructor(void *data)
{
	struct codec_dec *dec = data;

	if (dec->state)
		g722_decode_free(dec->state);
}

static int voice_enc_alloc(struct codec_enc **encp,
			   const struct codec_voice *voice)
{
	struct codec_enc *enc = mem_zalloc(sizeof(*enc), enc_destructor);

	if (!enc)
		return ENOMEM;
	enc->per_byte = times_of(voice->rate);
	enc->state = g722_encode_init(NULL, BITRATE, 0);
	if (!enc->state) {
		mem_deref(enc);
		return ENOMEM;
	}
	*encp = enc;
	return 0;
}

static int voice_dec_alloc(struct codec_dec **decp, uint32_t rate)
{
	struct codec_dec *dec = mem_zalloc(sizeof(*dec), dec_destructor);

	if (!dec)
		return ENOMEM;
	dec->per_byte = times_of(rate);
	conceal_open(&dec->conceal, dec->room, 2);
	dec->state = g722_decode_init(NULL, BITRATE, 0);
	if (!dec->state) {
		mem_deref(dec);
		return ENOMEM;
	}
	*decp = dec;
	return 0;
}

static int enc_alloc(struct codec_enc **encp)
{
	static const struct codec_voice wide = {.rate = CODEC_WIDE_RATE};

	return voice_enc_alloc(encp, &wide);
}

static int dec_alloc(struct codec_dec **decp)
{
	return voice_dec_alloc(decp, CODEC_WIDE_RATE);
}

static int encode(struct codec_enc *enc, const int16_t *pcm, size_t count,
		  uint8_t *buf, size_t *len, size_t cap)
{
	const size_t bytes = count / enc->per_byte;
	int16_t wide[2 * BYTES_MAX];

	if (count % enc->per_byte)
		return EINVAL;
	if (bytes > cap || bytes > BYTES_MAX)
		return EOVERFLOW;
	if (enc->per_byte == 1) {
		halfband_up(&enc->half, wide, pcm, count);
		pcm = wide;
	}
	*len = (size_t)g722_encode(enc->state, buf, pcm, (int)(2 * bytes));
	return 0;
}

/* The begin is the worst: a period later it is nearer to the truth. */
static void mend(const struct codec_dec *dec, int16_t *pcm)
{
	for (int i = 0; i < STEADY; i++)
		pcm[i] = (int16_t)((pcm[i] * i + dec->mend[i] * (STEADY - i)) /
				   STEADY);
}

static int decode(struct codec_dec *dec, const uint8_t *buf, size_t len,
		  int16_t *pcm, size_t *count)
{
	if (!len || len > BYTES_MAX)
		return EBADMSG;
	/* pcm has room for the wide ones */
	*count = (size_t)g722_decode(dec->state, pcm, buf, (int)len);
	if (dec->mends && *count >= STEADY)
		mend(dec, pcm);
	dec->mends = false;
	conceal_heard(&dec->conceal, pcm, *count);
	if (dec->per_byte == 1) {
		*count = len;
		halfband_down(&dec->half, pcm, pcm, len);
	}
	return 0;
}

static unsigned voice_frame(unsigned ms)
{
	return ms < SPAN_MAX_MS ? ms : SPAN_MAX_MS;
}

static size_t voice_span(const uint8_t *buf, size_t len, uint32_t rate)
{
	(void)buf;
	return len <= BYTES_MAX ? len * times_of(rate) : 0;
}

static bool voice_no(const uint8_t *buf, size_t len)
{
	(void)buf;
	(void)len;
	return false;
}

/* --- losses ----------------------------------------------------------------- */

/* A band's predictor goes by what it has predicted: after a loss it would be
 * out of step, and wrong for some time, by a click at first. So it is led
 * through what is made for the loss, as if that had been received: encoded
 * from where the decoder stands, and decoded.
 * pcm: n + DELAY samples from where the loss begins, LEAD before it. */
static void lead_through(g722_decode_state_t *state, const int16_t *pcm,
			 size_t n)
{
	g722_encode_state_t enc;
	uint8_t bytes[BYTES_MAX];
	int16_t out[2 * BYTES_MAX];
	int len;

	(void)g722_encode_init(&enc, BITRATE, 0);
	/* fills the filters that part the bands; they have their delay, too */
	(void)g722_encode(&enc, bytes, pcm - LEAD, LEAD + DELAY);
	memcpy(enc.band, state->band, sizeof(enc.band));
	len = g722_encode(&enc, bytes, pcm + DELAY, (int)n);
	(void)g722_decode(state, out, bytes, len);
}

/* How well what was decoded repeats itself from its begin on, at a pitch of
 * about `*lag`: -1..1. */
static float steadiness(const int16_t *pcm, int count, int *lagp)
{
	const int lag = *lagp;
	float best = -1;

	for (int at = lag - lag / 8; at <= lag + lag / 8; at++) {
		float xy = 0, xx = 1, yy = 1;

		if (at + STEADY > count)
			break;
		for (int i = 0; i < STEADY; i++) {
			xy += (float)pcm[i] * (float)pcm[i + at];
			xx += (float)pcm[i] * (float)pcm[i];
			yy += (float)pcm[i + at] * (float)pcm[i + at];
		}
		xy /= sqrtf(xx * yy);
		if (xy <= best)
			continue;
		best = xy;
		*lagp = at;
	}
	return best;
}

/* What the next payload will say, as far as it matters; 0: too little. n
 * samples are lost before it; the decoder does not get there. Where in its
 * period the voice will be is not known: of several guesses the one is right
 * after which it does not stumble; or none, when none was better. */
static size_t look_ahead(struct codec_dec *dec, size_t n,
			 const uint8_t *next, size_t len,
			 int16_t ahead[2 * CONCEAL_AHEAD_MAX])
{
	int16_t room[2 * CONCEAL_ROOM], heard[2 * CONCEAL_AHEAD_MAX];
	int16_t guess[LEAD + 2 * BYTES_MAX + DELAY + 2 * CONCEAL_PITCH_MAX];
	struct conceal conceal;
	float best = -2;

	dec->mends = false;
	if (len < CONCEAL_AHEAD_MIN)
		return 0;
	if (len > CONCEAL_AHEAD_MAX)
		len = CONCEAL_AHEAD_MAX;
	conceal_copy(&conceal, &dec->conceal, room);
	memcpy(guess, conceal_latest(&conceal, LEAD), LEAD * sizeof(*guess));
	conceal_make(&conceal, guess + LEAD, n + DELAY + 2 * CONCEAL_PITCH_MAX);
	for (int i = 0; i <= GUESSES; i++) {
		g722_decode_state_t state = *dec->state;
		int lag = conceal.pitch;
		float steady;

		if (i < GUESSES)
			lead_through(&state,
				     guess + LEAD + i * conceal.pitch / GUESSES,
				     n);
		(void)g722_decode(&state, heard, next, (int)len);
		steady = steadiness(heard, 2 * (int)len, &lag);
		if (steady <= best)
			continue;
		best = steady;
		memcpy(ahead, heard, 2 * len * sizeof(*ahead));
		dec->mends = steady > SURE; /* then lag is one */
		if (dec->mends)
			memcpy(dec->mend, heard + lag, sizeof(dec->mend));
	}
	if (dec->mends)
		mend(dec, ahead);
	return 2 * len;
}

/* n wide samples for what is lost. */
static void make_up(struct codec_dec *dec, const uint8_t *next, size_t len,
		    int16_t *pcm, size_t n)
{
	int16_t behind[2 * CONCEAL_AHEAD_MAX] = {0};
	int16_t made[LEAD + 2 * BYTES_MAX + DELAY];
	size_t ahead = next ? look_ahead(dec, n, next, len, behind) : 0;

	memcpy(made, conceal_latest(&dec->conceal, LEAD), LEAD * sizeof(*made));
	if (ahead)
		conceal_between(&dec->conceal, pcm, n, behind, ahead);
	else
		conceal_make(&dec->conceal, pcm, n);
	memcpy(made + LEAD, pcm, n * sizeof(*made));
	memcpy(made + LEAD + n, behind, DELAY * sizeof(*made));
	lead_through(dec->state, made + LEAD, n);
}

static int voice_conceal(struct codec_dec *dec, const uint8_t *next, size_t len,
			 int16_t *pcm, size_t count)
{
	int16_t wide[2 * BYTES_MAX];

	if (count > BYTES_MAX * (size_t)dec->per_byte)
		return EINVAL;
	if (dec->per_byte == 2) {
		make_up(dec, next, len, pcm, count);
	} else {
		make_up(dec, next, len, wide, 2 * count);
		halfband_down(&dec->half, pcm, wide, count);
	}
	return 0;
}

static void voice_loss(struct codec_enc *enc, unsigned percent)
{
	(void)enc;
	(void)percent;
}

const struct codec codec_g722 = {
	.name = "G722",
	.clock = 8000,
	.rate = CODEC_WIDE_RATE,
	.voice_rate = CODEC_WIDE_RATE,
	.dbm0_peak = 22827,
	.joins = true,
	.enc_alloc = enc_alloc,
	.encode = encode,
	.dec_alloc = dec_alloc,
	.decode = decode,
	.voice_enc_alloc = voice_enc_alloc,
	.voice_dec_alloc = voice_dec_alloc,
	.voice_frame = voice_frame,
	.voice_span = voice_span,
	.voice_pauses = voice_no,
	.voice_repairs = voice_no,
	.voice_conceal = voice_conceal,
	.voice_loss = voice_loss,
};
