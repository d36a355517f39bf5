/*
 * codec_g711.c  PCMU and PCMA (ITU-T G.711)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "mediad/sound/conceal.h"

enum {
	ULAW_BIAS = 132,
	ULAW_CLIP = 32635,
	ALAW_CLIP = 32767,
	SPAN_MAX_MS = 120,
};

/* The segment of a magnitude: the highest bit, counted from bit 7. */
static int segment(int magnitude)
{
	int seg = 0;

	for (magnitude >>= 8; magnitude; magnitude >>= 1)
		seg++;
	return seg;
}

static uint8_t to_ulaw(int16_t sample)
{
	int sign = sample < 0 ? 0x80 : 0;
	int magnitude = sign ? -(int)sample : sample;
	int seg;

	magnitude = (magnitude > ULAW_CLIP ? ULAW_CLIP : magnitude) + ULAW_BIAS;
	seg = segment(magnitude);
	return (uint8_t) ~(sign | seg << 4 | (magnitude >> (seg + 3) & 0x0f));
}

static int16_t from_ulaw(uint8_t code)
{
	int seg, magnitude;

	code = (uint8_t)~code;
	seg = code >> 4 & 7;
	magnitude = ((((code & 0x0f) << 3) + ULAW_BIAS) << seg) - ULAW_BIAS;
	return (int16_t)(code & 0x80 ? -magnitude : magnitude);
}

static uint8_t to_alaw(int16_t sample)
{
	int sign = sample < 0 ? 0 : 0x80;
	int magnitude = sign ? sample : -(int)sample - 1;
	int seg, code;

	if (magnitude > ALAW_CLIP)
		magnitude = ALAW_CLIP;
	seg = segment(magnitude);
	code = seg << 4 | (magnitude >> (seg ? seg + 3 : 4) & 0x0f);
	return (uint8_t)((sign | code) ^ 0x55);
}

static int16_t from_alaw(uint8_t code)
{
	int seg, magnitude;

	code ^= 0x55;
	seg = code >> 4 & 7;
	magnitude = ((code & 0x0f) << 4) + 8;
	if (seg)
		magnitude = (magnitude + 0x100) << (seg - 1);
	return (int16_t)(code & 0x80 ? magnitude : -magnitude);
}

struct codec_dec {
	struct conceal conceal;
	int16_t room[CONCEAL_ROOM];
};

/* No state: it is only there because there is one for each codec. */
static int g711_enc_alloc(struct codec_enc **encp)
{
	*encp = mem_zalloc(1, NULL);
	return *encp ? 0 : ENOMEM;
}

static int g711_dec_alloc(struct codec_dec **decp)
{
	*decp = mem_zalloc(sizeof(**decp), NULL);
	if (!*decp)
		return ENOMEM;
	conceal_open(&(*decp)->conceal, (*decp)->room, 1);
	return 0;
}

/* --- voice: rate and samples are what they are anyway --------------------- */

static int g711_voice_enc(struct codec_enc **encp,
			  const struct codec_voice *voice)
{
	(void)voice;
	return g711_enc_alloc(encp);
}

static int g711_voice_dec(struct codec_dec **decp, uint32_t rate)
{
	(void)rate;
	return g711_dec_alloc(decp);
}

static unsigned g711_frame(unsigned ms)
{
	return ms < SPAN_MAX_MS ? ms : SPAN_MAX_MS;
}

static size_t g711_span(const uint8_t *buf, size_t len, uint32_t rate)
{
	(void)buf;
	(void)rate;
	return len <= SPAN_MAX_MS * CODEC_VOICE_RATE / 1000 ? len : 0;
}

static bool g711_no(const uint8_t *buf, size_t len)
{
	(void)buf;
	(void)len;
	return false;
}

/* ahead: n samples behind the loss, if they are known. */
static int g711_conceal(struct codec_dec *dec, const int16_t *ahead, size_t n,
			int16_t *pcm, size_t count)
{
	if (n >= CONCEAL_AHEAD_MIN)
		conceal_between(&dec->conceal, pcm, count, ahead, n);
	else
		conceal_make(&dec->conceal, pcm, count);
	return 0;
}

static int ulaw_conceal(struct codec_dec *dec, const uint8_t *next, size_t len,
			int16_t *pcm, size_t count)
{
	int16_t ahead[CONCEAL_AHEAD_MAX];
	size_t n = 0;

	for (; next && n < len && n < CONCEAL_AHEAD_MAX; n++)
		ahead[n] = from_ulaw(next[n]);
	return g711_conceal(dec, ahead, n, pcm, count);
}

static int alaw_conceal(struct codec_dec *dec, const uint8_t *next, size_t len,
			int16_t *pcm, size_t count)
{
	int16_t ahead[CONCEAL_AHEAD_MAX];
	size_t n = 0;

	for (; next && n < len && n < CONCEAL_AHEAD_MAX; n++)
		ahead[n] = from_alaw(next[n]);
	return g711_conceal(dec, ahead, n, pcm, count);
}

static void g711_loss(struct codec_enc *enc, unsigned percent)
{
	(void)enc;
	(void)percent;
}

/* --- samples -------------------------------------------------------------- */

static int ulaw_encode(struct codec_enc *enc, const int16_t *pcm, size_t count,
		       uint8_t *buf, size_t *len, size_t cap)
{
	(void)enc;
	if (count > cap)
		return EOVERFLOW;
	for (size_t i = 0; i < count; i++)
		buf[i] = to_ulaw(pcm[i]);
	*len = count;
	return 0;
}

static int alaw_encode(struct codec_enc *enc, const int16_t *pcm, size_t count,
		       uint8_t *buf, size_t *len, size_t cap)
{
	(void)enc;
	if (count > cap)
		return EOVERFLOW;
	for (size_t i = 0; i < count; i++)
		buf[i] = to_alaw(pcm[i]);
	*len = count;
	return 0;
}

static int ulaw_decode(struct codec_dec *dec, const uint8_t *buf, size_t len,
		       int16_t *pcm, size_t *count)
{
	if (!len || len > CODEC_SAMPLES_MAX)
		return EBADMSG;
	for (size_t i = 0; i < len; i++)
		pcm[i] = from_ulaw(buf[i]);
	*count = len;
	conceal_heard(&dec->conceal, pcm, len);
	return 0;
}

static int alaw_decode(struct codec_dec *dec, const uint8_t *buf, size_t len,
		       int16_t *pcm, size_t *count)
{
	if (!len || len > CODEC_SAMPLES_MAX)
		return EBADMSG;
	for (size_t i = 0; i < len; i++)
		pcm[i] = from_alaw(buf[i]);
	*count = len;
	conceal_heard(&dec->conceal, pcm, len);
	return 0;
}

const struct codec codec_pcmu = {
	.name = "PCMU",
	.clock = 8000,
	.rate = 8000,
	.voice_rate = CODEC_VOICE_RATE,
	.dbm0_peak = 22656,
	.joins = true,
	.enc_alloc = g711_enc_alloc,
	.encode = ulaw_encode,
	.dec_alloc = g711_dec_alloc,
	.decode = ulaw_decode,
	.voice_enc_alloc = g711_voice_enc,
	.voice_dec_alloc = g711_voice_dec,
	.voice_frame = g711_frame,
	.voice_span = g711_span,
	.voice_pauses = g711_no,
	.voice_repairs = g711_no,
	.voice_conceal = ulaw_conceal,
	.voice_loss = g711_loss,
};

const struct codec codec_pcma = {
	.name = "PCMA",
	.clock = 8000,
	.rate = 8000,
	.voice_rate = CODEC_VOICE_RATE,
	.dbm0_peak = 22827,
	.joins = true,
	.enc_alloc = g711_enc_alloc,
	.encode = alaw_encode,
	.dec_alloc = g711_dec_alloc,
	.decode = alaw_decode,
	.voice_enc_alloc = g711_voice_enc,
	.voice_dec_alloc = g711_voice_dec,
	.voice_frame = g711_frame,
	.voice_span = g711_span,
	.voice_pauses = g711_no,
	.voice_repairs = g711_no,
	.voice_conceal = alaw_conceal,
	.voice_loss = g711_loss,
};
