/*
 * g729.c  G.729 Annex A by libbcg729, as a module (sound/codec_module.h)
 *
 * libbcg729 is under the GPL, and so is this object as a whole: it is not
 * built, loaded or offered unless somebody says so (`make g729`). Frames are
 * 10 ms in 10 bytes; a packet has one or more, and may end in one of 2 bytes
 * that begins a pause (RFC 3551, 4.5.6). We never pause, and say so.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <bcg729/decoder.h>
#include <bcg729/encoder.h>
#include <re.h>

#include "mediad/sound/codec_module.h"

enum {
	RATE = 8000,
	SAMPLES = 80, /* of a frame */
	BYTES = 10,
	SID_BYTES = 2,
	FRAME_MS = 10,
	PTIME_MAX = 60,
	FRAMES_MAX = 12, /* 120 ms */
};

struct codec_enc {
	bcg729EncoderChannelContextStruct *g729;
};

struct codec_dec {
	bcg729DecoderChannelContextStruct *g729;
};

static void enc_destructor(void *arg)
{
	struct codec_enc *enc = arg;

	if (enc->g729)
		closeBcg729EncoderChannel(enc->g729);
}

static void dec_destructor(void *arg)
{
	struct codec_dec *dec = arg;

	if (dec->g729)
		closeBcg729DecoderChannel(dec->g729);
}

static int enc_alloc(struct codec_enc **encp)
{
	struct codec_enc *enc = mem_zalloc(sizeof(*enc), enc_destructor);

	if (!enc)
		return ENOMEM;
	enc->g729 = initBcg729EncoderChannel(0);
	if (!enc->g729) {
		mem_deref(enc);
		return ENOMEM;
	}
	*encp = enc;
	return 0;
}

static int dec_alloc(struct codec_dec **decp)
{
	struct codec_dec *dec = mem_zalloc(sizeof(*dec), dec_destructor);

	if (!dec)
		return ENOMEM;
	dec->g729 = initBcg729DecoderChannel();
	if (!dec->g729) {
		mem_deref(dec);
		return ENOMEM;
	}
	*decp = dec;
	return 0;
}

static int encode(struct codec_enc *enc, const int16_t *pcm, size_t count,
		  uint8_t *buf, size_t *len, size_t cap)
{
	const size_t frames = count / SAMPLES;

	if (!frames || count % SAMPLES)
		return EINVAL;
	if (frames * BYTES > cap)
		return EOVERFLOW;
	for (size_t i = 0; i < frames; i++) {
		uint8_t n = 0;

		bcg729Encoder(enc->g729, pcm + i * SAMPLES, buf + i * BYTES,
			      &n);
		if (n != BYTES)
			return EINVAL;
	}
	*len = frames * BYTES;
	return 0;
}

/* Frames in a payload; 0: it is none. */
static size_t frames_of(size_t len)
{
	const size_t rest = len % BYTES;
	const size_t frames = len / BYTES + (rest != 0);

	return (rest && rest != SID_BYTES) || frames > FRAMES_MAX ? 0 : frames;
}

static int decode(struct codec_dec *dec, const uint8_t *buf, size_t len,
		  int16_t *pcm, size_t *count)
{
	const size_t frames = frames_of(len);

	if (!frames)
		return EBADMSG;
	for (size_t i = 0; i < frames; i++) {
		const bool sid = len - i * BYTES < BYTES;

		bcg729Decoder(dec->g729, buf + i * BYTES,
			      sid ? SID_BYTES : BYTES, 0, sid, 0,
			      pcm + i * SAMPLES);
	}
	*count = frames * SAMPLES;
	return 0;
}

/* --- voice: at its own rate, whatever is asked for -------------------------------- */

static int voice_enc_alloc(struct codec_enc **encp,
			   const struct codec_voice *voice)
{
	(void)voice;
	return enc_alloc(encp);
}

static int voice_dec_alloc(struct codec_dec **decp, uint32_t rate)
{
	return rate == RATE ? dec_alloc(decp) : EINVAL;
}

static unsigned voice_frame(unsigned ms)
{
	return ms < PTIME_MAX ? ms - ms % FRAME_MS : PTIME_MAX;
}

static size_t voice_span(const uint8_t *buf, size_t len, uint32_t rate)
{
	(void)buf;
	return rate == RATE ? frames_of(len) * SAMPLES : 0;
}

/* A noise frame at its end (Annex B). */
static bool voice_pauses(const uint8_t *buf, size_t len)
{
	(void)buf;
	return len % BYTES == SID_BYTES;
}

static bool voice_repairs(const uint8_t *buf, size_t len)
{
	(void)buf;
	(void)len;
	return false;
}

/* Erased frames, by the codec's own concealment (G.729, 4.4). */
static int voice_conceal(struct codec_dec *dec, const uint8_t *next, size_t len,
			 int16_t *pcm, size_t count)
{
	(void)next;
	(void)len;
	while (count) {
		const size_t n = count < SAMPLES ? count : SAMPLES;
		int16_t frame[SAMPLES];

		bcg729Decoder(dec->g729, NULL, 0, 1, 0, 0, frame);
		memcpy(pcm, frame, n * sizeof(*pcm));
		pcm += n;
		count -= n;
	}
	return 0;
}

static void voice_loss(struct codec_enc *enc, unsigned percent)
{
	(void)enc;
	(void)percent;
}

static const struct codec codec_g729 = {
	.name = "G729",
	.clock = RATE,
	.rate = RATE,
	.voice_rate = RATE,
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
	.voice_pauses = voice_pauses,
	.voice_repairs = voice_repairs,
	.voice_conceal = voice_conceal,
	.voice_loss = voice_loss,
};

extern const struct codec_module cordboard_codec;
const struct codec_module cordboard_codec = CODEC_MODULE(&codec_g729);
