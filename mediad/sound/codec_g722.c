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
};

struct codec_enc {
	g722_encode_state_t *state;
	struct halfband half;
	unsigned per_byte; /* samples */
};

struct codec_dec {
	g722_decode_state_t *state;
	struct halfband half;
	unsigned per_byte;
	struct conceal conceal;
	int16_t room[];
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
	const unsigned times = times_of(rate);
	struct codec_dec *dec = mem_zalloc(
		sizeof(*dec) + times * CONCEAL_ROOM * sizeof(dec->room[0]),
		dec_destructor);

	if (!dec)
		return ENOMEM;
	dec->per_byte = times;
	conceal_open(&dec->conceal, dec->room, times);
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

static int decode(struct codec_dec *dec, const uint8_t *buf, size_t len,
		  int16_t *pcm, size_t *count)
{
	if (!len || len > BYTES_MAX)
		return EBADMSG;
	/* pcm has room for the wide ones */
	*count = (size_t)g722_decode(dec->state, pcm, buf, (int)len);
	if (dec->per_byte == 1) {
		*count = len;
		halfband_down(&dec->half, pcm, pcm, len);
	}
	conceal_heard(&dec->conceal, pcm, *count);
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

/* What the next payload will say, as far as it matters; 0: too little. The
 * decoder does not get there. */
static size_t look_ahead(const struct codec_dec *dec, const uint8_t *next,
			 size_t len, int16_t ahead[2 * CONCEAL_AHEAD_MAX])
{
	g722_decode_state_t state = *dec->state;
	struct halfband half = dec->half;

	if (len > CONCEAL_AHEAD_MAX)
		len = CONCEAL_AHEAD_MAX;
	if (len < CONCEAL_AHEAD_MIN)
		return 0;
	(void)g722_decode(&state, ahead, next, (int)len);
	if (dec->per_byte == 1)
		halfband_down(&half, ahead, ahead, len);
	return len * dec->per_byte;
}

static int voice_conceal(struct codec_dec *dec, const uint8_t *next, size_t len,
			 int16_t *pcm, size_t count)
{
	int16_t ahead[2 * CONCEAL_AHEAD_MAX];
	size_t n = next ? look_ahead(dec, next, len, ahead) : 0;

	if (n)
		conceal_between(&dec->conceal, pcm, count, ahead, n);
	else
		conceal_make(&dec->conceal, pcm, count);
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
