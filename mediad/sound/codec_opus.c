/*
 * codec_opus.c  Opus (RFC 6716) by libopus; the only file that knows it
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <opus.h>
#include <re.h>

#include "mediad/sound/codec.h"

/* Constant frames of 160 bytes: CELT, where a steady tone stays steady. */
enum {
	RATE = 48000,
	BITRATE = 64000,
	COMPLEXITY = 5
};

struct codec_enc {
	OpusEncoder *opus;
};

struct codec_dec {
	OpusDecoder *opus;
};

static int translate(int code)
{
	switch (code) {
	case OPUS_OK:
		return 0;
	case OPUS_ALLOC_FAIL:
		return ENOMEM;
	case OPUS_BUFFER_TOO_SMALL:
		return EOVERFLOW;
	case OPUS_INVALID_PACKET:
		return EBADMSG;
	default:
		return EINVAL;
	}
}

static void enc_destructor(void *data)
{
	struct codec_enc *enc = data;

	if (enc->opus)
		opus_encoder_destroy(enc->opus);
}

static void dec_destructor(void *data)
{
	struct codec_dec *dec = data;

	if (dec->opus)
		opus_decoder_destroy(dec->opus);
}

static int opus_enc_alloc(struct codec_enc **encp)
{
	struct codec_enc *enc = mem_zalloc(sizeof(*enc), enc_destructor);
	int code = OPUS_OK;

	if (!enc)
		return ENOMEM;

	enc->opus = opus_encoder_create(RATE, 1, OPUS_APPLICATION_AUDIO, &code);
	if (code == OPUS_OK)
		code = opus_encoder_ctl(enc->opus, OPUS_SET_BITRATE(BITRATE));
	if (code == OPUS_OK)
		code = opus_encoder_ctl(enc->opus, OPUS_SET_VBR(0));
	if (code == OPUS_OK)
		code = opus_encoder_ctl(enc->opus,
					OPUS_SET_COMPLEXITY(COMPLEXITY));
	if (code != OPUS_OK) {
		mem_deref(enc);
		return translate(code);
	}
	*encp = enc;
	return 0;
}

static int opus_enc(struct codec_enc *enc, const int16_t *pcm, size_t count,
		    uint8_t *buf, size_t *len, size_t cap)
{
	int32_t n;

	if (count > CODEC_SAMPLES_MAX)
		return EINVAL;
	n = opus_encode(enc->opus, pcm, (int)count, buf,
			(opus_int32)(cap < CODEC_PAYLOAD_MAX
					     ? cap
					     : CODEC_PAYLOAD_MAX));
	if (n < 0)
		return translate(n);
	*len = (size_t)n;
	return 0;
}

static int opus_dec_alloc(struct codec_dec **decp)
{
	struct codec_dec *dec = mem_zalloc(sizeof(*dec), dec_destructor);
	int code = OPUS_OK;

	if (!dec)
		return ENOMEM;

	dec->opus = opus_decoder_create(RATE, 1, &code);
	if (code != OPUS_OK) {
		mem_deref(dec);
		return translate(code);
	}
	*decp = dec;
	return 0;
}

static int opus_dec(struct codec_dec *dec, const uint8_t *buf, size_t len,
		    int16_t *pcm, size_t *count)
{
	int n;

	/* libopus takes an empty payload as a loss to conceal */
	if (!len || len > INT32_MAX)
		return EBADMSG;
	n = opus_decode(dec->opus, buf, (opus_int32)len, pcm, CODEC_SAMPLES_MAX,
			0);
	if (n < 0)
		return n == OPUS_BUFFER_TOO_SMALL ? EBADMSG : translate(n);
	*count = (size_t)n;
	return 0;
}

const struct codec codec_opus = {
	.name = "opus",
	.clock = RATE,
	.rate = RATE,
	.dbm0_peak = 22827,
	.enc_alloc = opus_enc_alloc,
	.encode = opus_enc,
	.dec_alloc = opus_dec_alloc,
	.decode = opus_dec,
};
