/*
 * codec_opus.c  Opus (RFC 6716) by libopus; the only file that knows it
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <opus.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/sound/codec.h"

/* Of services: constant frames of 160 bytes: CELT, where a steady tone stays
 * steady. */
enum {
	RATE = 48000,
	BITRATE = 64000,
	COMPLEXITY = 5,
	VOICE_BITRATE = 24000,
	/* with complexity 0 a frame takes half of the time at 16 kHz, three
	 * quarters at 8 kHz (docs/transcoding.md) */
	SPARE_BITRATE = 12000,
	PAUSE_MAX = 2, /* bytes; libopus: "need not be transmitted" */
};

struct codec_enc {
	OpusEncoder *opus;
	int32_t bitrate; /* of voice, when it may have all of it */
};

struct codec_dec {
	OpusDecoder *opus;
	int max; /* samples of a packet */
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

static int enc_create(struct codec_enc **encp, int rate, int application)
{
	struct codec_enc *enc = mem_zalloc(sizeof(*enc), enc_destructor);
	int code = OPUS_OK;

	if (!enc)
		return ENOMEM;

	enc->opus = opus_encoder_create(rate, 1, application, &code);
	if (code != OPUS_OK) {
		mem_deref(enc);
		return translate(code);
	}
	*encp = enc;
	return 0;
}

static int enc_alloc(struct codec_enc **encp)
{
	struct codec_enc *enc = NULL;
	int err = enc_create(&enc, RATE, OPUS_APPLICATION_AUDIO);
	int code;

	if (err)
		return err;
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

static int encode(struct codec_enc *enc, const int16_t *pcm, size_t count,
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

static int dec_create(struct codec_dec **decp, int rate, int max)
{
	struct codec_dec *dec = mem_zalloc(sizeof(*dec), dec_destructor);
	int code = OPUS_OK;

	if (!dec)
		return ENOMEM;

	dec->max = max;
	dec->opus = opus_decoder_create(rate, 1, &code);
	if (code != OPUS_OK) {
		mem_deref(dec);
		return translate(code);
	}
	*decp = dec;
	return 0;
}

static int dec_alloc(struct codec_dec **decp)
{
	return dec_create(decp, RATE, CODEC_SAMPLES_MAX);
}

static int decode(struct codec_dec *dec, const uint8_t *buf, size_t len,
		  int16_t *pcm, size_t *count)
{
	int n;

	/* libopus takes an empty payload as a loss to conceal */
	if (!len || len > INT32_MAX)
		return EBADMSG;
	n = opus_decode(dec->opus, buf, (opus_int32)len, pcm, dec->max, 0);
	if (n < 0)
		return n == OPUS_BUFFER_TOO_SMALL ? EBADMSG : translate(n);
	*count = (size_t)n;
	return 0;
}

/* --- voice at 8 or 16 kHz ------------------------------------------------------ */

/* SILK at narrow or wide band, which knows LBRR. */
static int voice_enc_alloc(struct codec_enc **encp,
			   const struct codec_voice *voice)
{
	const int32_t bitrate =
		voice->bitrate ? (int32_t)voice->bitrate : VOICE_BITRATE;
	const int rate = voice->rate ? (int)voice->rate : CODEC_VOICE_RATE;
	struct codec_enc *enc = NULL;
	OpusEncoder *opus;
	int err = enc_create(&enc, rate, OPUS_APPLICATION_VOIP);

	if (err)
		return err;
	opus = enc->opus;
	enc->bitrate = bitrate;
	if (opus_encoder_ctl(opus, OPUS_SET_BITRATE(bitrate)) ||
	    opus_encoder_ctl(opus, OPUS_SET_VBR(!voice->cbr)) ||
	    opus_encoder_ctl(opus, OPUS_SET_COMPLEXITY(voice->complexity)) ||
	    opus_encoder_ctl(opus, OPUS_SET_INBAND_FEC(voice->fec)) ||
	    opus_encoder_ctl(opus, OPUS_SET_DTX(voice->dtx)) ||
	    opus_encoder_ctl(opus, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE))) {
		mem_deref(enc);
		return EINVAL;
	}
	*encp = enc;
	return 0;
}

static int voice_dec_alloc(struct codec_dec **decp, uint32_t rate)
{
	return dec_create(decp, (int)rate, CODEC_VOICE_MAX);
}

static unsigned voice_frame(unsigned ms)
{
	static const unsigned frames[] = {60, 40, 20};

	for (size_t i = 0; i < COUNTOF(frames); i++)
		if (ms >= frames[i])
			return frames[i];

	return 10;
}

static size_t voice_span(const uint8_t *buf, size_t len, uint32_t rate)
{
	int n = len && len <= INT32_MAX
			? opus_packet_get_nb_samples(buf, (opus_int32)len,
						     (opus_int32)rate)
			: 0;

	/* no packet has more than 120 ms (RFC 6716, 3.2.5) */
	return n > 0 ? (size_t)n : 0;
}

static bool voice_pauses(const uint8_t *buf, size_t len)
{
	(void)buf;
	return len <= PAUSE_MAX;
}

/* RFC 6716, 4.2.3: a SILK frame begins with a VAD bit for each of its 20 ms,
 * and one that tells of LBRR; they are coded flat, so they are the first bits
 * of the range coder's bytes. The first frame's; false: CELT alone, or none. */
struct silk_bits {
	uint8_t first; /* byte */
	unsigned vads, channels;
};

static bool silk_bits(struct silk_bits *bits, const uint8_t *buf, size_t len)
{
	const unsigned char *frames[48];
	opus_int16 sizes[48];

	if (!len || buf[0] & 0x80) /* CELT alone */
		return false;
	if (opus_packet_parse(buf, (opus_int32)len, NULL, frames, sizes,
			      NULL) <= 0 ||
	    !sizes[0])
		return false;

	bits->first = frames[0][0];
	bits->vads =
		(unsigned)opus_packet_get_samples_per_frame(buf, 48000) / 960;
	bits->vads = bits->vads ? bits->vads : 1;
	bits->channels = buf[0] & 0x04 ? 2 : 1;
	return true;
}

static bool voice_repairs(const uint8_t *buf, size_t len)
{
	struct silk_bits bits;

	if (!silk_bits(&bits, buf, len))
		return false;
	if (bits.first >> (7 - bits.vads) & 1)
		return true;
	return bits.channels == 2 && bits.first >> (6 - 2 * bits.vads) & 1;
}

/* Nobody speaks in any of its 20 ms. */
static bool voice_quiet(const uint8_t *buf, size_t len)
{
	struct silk_bits bits;

	return silk_bits(&bits, buf, len) && !(bits.first >> (8 - bits.vads));
}

static int voice_conceal(struct codec_dec *dec, const uint8_t *next, size_t len,
			 int16_t *pcm, size_t count)
{
	bool repair = next && voice_repairs(next, len);
	int n = opus_decode(dec->opus, repair ? next : NULL,
			    repair ? (opus_int32)len : 0, pcm, (int)count,
			    repair);

	return n < 0 ? translate(n) : 0;
}

static void voice_loss(struct codec_enc *enc, unsigned percent)
{
	(void)opus_encoder_ctl(enc->opus,
			       OPUS_SET_PACKET_LOSS_PERC((opus_int32)percent));
}

/* RFC 6716, 3.1: a frame of no bytes. */
static uint8_t voice_rest(uint8_t head)
{
	return head & 0xfc;
}

static void voice_effort(struct codec_enc *enc, unsigned complexity, bool spare)
{
	const int32_t least = min(enc->bitrate, SPARE_BITRATE);

	(void)opus_encoder_ctl(enc->opus,
			       OPUS_SET_BITRATE(spare ? least : enc->bitrate));
	(void)opus_encoder_ctl(enc->opus,
			       OPUS_SET_COMPLEXITY((opus_int32)complexity));
}

const struct codec codec_opus = {
	.name = "opus",
	.clock = RATE,
	.rate = RATE,
	.voice_rate = CODEC_WIDE_RATE,
	.dbm0_peak = 22827,
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
	.voice_quiet = voice_quiet,
	.voice_rest = voice_rest,
	.voice_effort = voice_effort,
};
