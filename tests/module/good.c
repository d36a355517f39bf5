/*
 * good.c  A codec module: bytes for samples, the upper halves of them
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/sound/codec_module.h"

struct codec_enc {
	int none;
};

struct codec_dec {
	int none;
};

static int enc_alloc(struct codec_enc **encp)
{
	*encp = mem_zalloc(sizeof(**encp), NULL);
	return *encp ? 0 : ENOMEM;
}

static int dec_alloc(struct codec_dec **decp)
{
	*decp = mem_zalloc(sizeof(**decp), NULL);
	return *decp ? 0 : ENOMEM;
}

static int voice_enc(struct codec_enc **encp, const struct codec_voice *voice)
{
	(void)voice;
	return enc_alloc(encp);
}

static int voice_dec(struct codec_dec **decp, uint32_t rate)
{
	(void)rate;
	return dec_alloc(decp);
}

static int encode(struct codec_enc *enc, const int16_t *pcm, size_t count,
		  uint8_t *buf, size_t *len, size_t cap)
{
	(void)enc;
	if (count > cap)
		return EOVERFLOW;
	for (size_t i = 0; i < count; i++)
		buf[i] = (uint8_t)((uint16_t)pcm[i] >> 8);
	*len = count;
	return 0;
}

static int decode(struct codec_dec *dec, const uint8_t *buf, size_t len,
		  int16_t *pcm, size_t *count)
{
	(void)dec;
	for (size_t i = 0; i < len; i++)
		pcm[i] = (int16_t)(buf[i] << 8);
	*count = len;
	return len ? 0 : EBADMSG;
}

static unsigned voice_frame(unsigned ms)
{
	return ms;
}

static size_t voice_span(const uint8_t *buf, size_t len, uint32_t rate)
{
	(void)buf;
	(void)rate;
	return len <= 960 ? len : 0;
}

static bool no(const uint8_t *buf, size_t len)
{
	(void)buf;
	(void)len;
	return false;
}

/* as G.729 does it */
static bool pauses(const uint8_t *buf, size_t len)
{
	(void)buf;
	return len == 2;
}

static int conceal(struct codec_dec *dec, const uint8_t *next, size_t len,
		   int16_t *pcm, size_t count)
{
	(void)dec;
	(void)next;
	(void)len;
	for (size_t i = 0; i < count; i++)
		pcm[i] = 0;
	return 0;
}

static void loss(struct codec_enc *enc, unsigned percent)
{
	(void)enc;
	(void)percent;
}

static const struct codec codec = {
	.name = "G729", /* so that there is SDP for it */
	.clock = 8000,
	.rate = 8000,
	.voice_rate = CODEC_VOICE_RATE,
	.dbm0_peak = 22827,
	.joins = true,
	.enc_alloc = enc_alloc,
	.encode = encode,
	.dec_alloc = dec_alloc,
	.decode = decode,
	.voice_enc_alloc = voice_enc,
	.voice_dec_alloc = voice_dec,
	.voice_frame = voice_frame,
	.voice_span = voice_span,
	.voice_pauses = pauses,
	.voice_repairs = no,
	.voice_conceal = conceal,
	.voice_loss = loss,
};

extern const struct codec_module cordboard_codec;
const struct codec_module cordboard_codec = {
	.abi = CODEC_MODULE_ABI,
	.sizes = CODEC_MODULE_SIZES,
	.codec = &codec,
};
