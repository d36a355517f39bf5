/*
 * codec_l16.c  L16: samples as they are (RFC 3551, 4.5.11), 16 kHz, mono
 *
 * Between machines of one house, where bandwidth costs nothing. Where the other
 * side is narrow it is made of 8 kHz, and into them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/conceal.h"
#include "mediad/sound/halfband.h"

enum {
	RATE = CODEC_WIDE_RATE,
	SPAN_MAX_MS = 120,
	FRAME_MAX_MS = 30, /* that fit into CODEC_PAYLOAD_MAX */
	SAMPLES_MAX = SPAN_MAX_MS * RATE / 1000,
};

struct codec_enc {
	struct halfband half;
	unsigned times; /* samples for each one that is given */
};

struct codec_dec {
	struct halfband half;
	unsigned times; /* samples for each one that is said */
	struct conceal conceal;
	int16_t room[];
};

static unsigned times_of(uint32_t rate)
{
	return rate == CODEC_WIDE_RATE ? 1 : 2;
}

static int voice_enc_alloc(struct codec_enc **encp,
			   const struct codec_voice *voice)
{
	struct codec_enc *enc = mem_zalloc(sizeof(*enc), NULL);

	if (!enc)
		return ENOMEM;
	enc->times = times_of(voice->rate);
	*encp = enc;
	return 0;
}

static int voice_dec_alloc(struct codec_dec **decp, uint32_t rate)
{
	const unsigned wide = rate == CODEC_WIDE_RATE ? 2 : 1;
	struct codec_dec *dec = mem_zalloc(
		sizeof(*dec) + wide * CONCEAL_ROOM * sizeof(dec->room[0]),
		NULL);

	if (!dec)
		return ENOMEM;
	dec->times = times_of(rate);
	conceal_open(&dec->conceal, dec->room, wide);
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
	int16_t wide[CODEC_PAYLOAD_MAX];
	size_t n = count * enc->times;

	if (n > COUNTOF(wide) || 2 * n > cap)
		return EOVERFLOW;
	if (enc->times > 1) {
		halfband_up(&enc->half, wide, pcm, count);
		pcm = wide;
	}
	for (size_t i = 0; i < n; i++) {
		buf[2 * i] = (uint8_t)((uint16_t)pcm[i] >> 8);
		buf[2 * i + 1] = (uint8_t)pcm[i];
	}
	*len = 2 * n;
	return 0;
}

static void read_samples(int16_t *pcm, const uint8_t *buf, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)(buf[2 * i] << 8 | buf[2 * i + 1]);
}

static int decode(struct codec_dec *dec, const uint8_t *buf, size_t len,
		  int16_t *pcm, size_t *count)
{
	const size_t n = len / 2;

	if (!n || len % 2 || n % dec->times || n > SAMPLES_MAX)
		return EBADMSG;
	read_samples(pcm, buf, n);
	*count = n / dec->times;
	if (dec->times > 1)
		halfband_down(&dec->half, pcm, pcm, *count);
	conceal_heard(&dec->conceal, pcm, *count);
	return 0;
}

static unsigned voice_frame(unsigned ms)
{
	return ms < FRAME_MAX_MS ? ms : FRAME_MAX_MS;
}

static size_t voice_span(const uint8_t *buf, size_t len, uint32_t rate)
{
	(void)buf;
	return len <= 2 * SAMPLES_MAX ? len / 2 / times_of(rate) : 0;
}

static bool voice_no(const uint8_t *buf, size_t len)
{
	(void)buf;
	(void)len;
	return false;
}

/* What the next payload will say, as far as it matters; 0: too little. */
static size_t look_ahead(const struct codec_dec *dec, const uint8_t *next,
			 size_t len, int16_t ahead[2 * CONCEAL_AHEAD_MAX])
{
	struct halfband half = dec->half;
	size_t n = len / 2;

	if (n > 2 * CONCEAL_AHEAD_MAX)
		n = 2 * CONCEAL_AHEAD_MAX;
	if (n < 2 * CONCEAL_AHEAD_MIN)
		return 0;
	read_samples(ahead, next, n);
	if (dec->times > 1)
		halfband_down(&half, ahead, ahead, n / 2);
	return n / dec->times;
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

const struct codec codec_l16 = {
	.name = "L16",
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
	.voice_pauses = voice_no,
	.voice_repairs = voice_no,
	.voice_conceal = voice_conceal,
	.voice_loss = voice_loss,
};
