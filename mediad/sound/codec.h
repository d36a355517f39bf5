/*
 * codec.h  Codecs: samples to payload and back, behind one table each
 *
 * Samples are 16 bit, mono, at `rate` Hz. An encoder or decoder is the
 * caller's and ends with mem_deref(). One thread for each object.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_CODEC_H
#define MEDIAD_SOUND_CODEC_H

#include <stddef.h>
#include <stdint.h>

struct codec_enc;
struct codec_dec;

enum {
	CODEC_FRAME_MS = 20,
	CODEC_SAMPLES_MAX = 5760, /* 120 ms at 48 kHz (RFC 6716, 2.1.4) */
	CODEC_PAYLOAD_MAX = 1275, /* one Opus frame (RFC 6716, 3.2.1) */
};

struct codec {
	const char *name; /* encoding name, as in a=rtpmap */
	uint32_t clock;   /* of RTP, Hz */
	uint32_t rate;    /* of the samples, Hz */
	/* Largest sample of a sine of 0 dBm0. In G.711 a sine of full scale is
	 * +3.17 dBm0 (u-law, decision value 8159 * 4) or +3.14 dBm0 (A-law,
	 * 4096 * 8); linear samples take the level of A-law, -3.14 dBFS. */
	int16_t dbm0_peak;

	int (*enc_alloc)(struct codec_enc **encp);
	/* count samples make at most cap bytes; EINVAL: no frame size of the
	 * codec, EOVERFLOW: cap is too small. */
	int (*encode)(struct codec_enc *enc, const int16_t *pcm, size_t count,
		      uint8_t *buf, size_t *len, size_t cap);

	int (*dec_alloc)(struct codec_dec **decp);
	/* pcm holds CODEC_SAMPLES_MAX. EBADMSG: no payload of the codec. */
	int (*decode)(struct codec_dec *dec, const uint8_t *buf, size_t len,
		      int16_t *pcm, size_t *count);
};

extern const struct codec codec_opus, codec_pcmu, codec_pcma;

/* Case does not matter; NULL when unknown. */
const struct codec *codec_find(const char *name);
/* The i-th of all, NULL behind the last. */
const struct codec *codec_nth(size_t i);

#endif
