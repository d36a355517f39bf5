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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct codec_enc;
struct codec_dec;

enum {
	CODEC_FRAME_MS = 20,
	CODEC_SAMPLES_MAX = 5760, /* 120 ms at 48 kHz (RFC 6716, 2.1.4) */
	CODEC_PAYLOAD_MAX = 1275, /* one Opus frame (RFC 6716, 3.2.1) */
	/* Hz, of what is transcoded: narrow band, or wide */
	CODEC_VOICE_RATE = 8000,
	CODEC_WIDE_RATE = 16000,
	CODEC_VOICE_MAX = 1920, /* samples: 120 ms, wide */
};

/* What a receiver of voice asks for; only Opus has use for more than `rate`. */
struct codec_voice {
	uint32_t rate;      /* of the samples, Hz; 0: CODEC_VOICE_RATE */
	uint32_t bitrate;   /* bit/s; 0: 24,000 */
	uint8_t complexity; /* 0..10 */
	bool fec;           /* it makes use of LBRR (RFC 6716, 2.1.7) */
	bool cbr;
	bool dtx; /* packets may stop in silence */
};

struct codec {
	const char *name; /* encoding name, as in a=rtpmap */
	uint32_t clock;   /* of RTP, Hz */
	uint32_t rate;    /* of the samples, Hz */
	uint32_t voice_rate; /* the most that is of use, Hz: one of the two */
	/* Largest sample of a sine of 0 dBm0. In G.711 a sine of full scale is
	 * +3.17 dBm0 (u-law, decision value 8159 * 4) or +3.14 dBm0 (A-law,
	 * 4096 * 8); linear samples take the level of A-law, -3.14 dBFS. */
	int16_t dbm0_peak;
	/* Payloads may be put one behind the other: the packet is longer. */
	bool joins;

	int (*enc_alloc)(struct codec_enc **encp);
	/* count samples make at most cap bytes; EINVAL: no frame size of the
	 * codec, EOVERFLOW: cap is too small. */
	int (*encode)(struct codec_enc *enc, const int16_t *pcm, size_t count,
		      uint8_t *buf, size_t *len, size_t cap);

	int (*dec_alloc)(struct codec_dec **decp);
	/* pcm holds CODEC_SAMPLES_MAX. EBADMSG: no payload of the codec. */
	int (*decode)(struct codec_dec *dec, const uint8_t *buf, size_t len,
		      int16_t *pcm, size_t *count);

	/*
	 * For transcoding: encode() and decode() work at CODEC_VOICE_RATE, or
	 * CODEC_WIDE_RATE up to voice_rate, whatever the codec's own rate is,
	 * and pcm holds CODEC_VOICE_MAX. Such a decoder remembers what it needs
	 * to conceal a loss. What it says may be shorter or longer than what it
	 * is given, but no payload has more than 120 ms.
	 */
	int (*voice_enc_alloc)(struct codec_enc **encp,
			       const struct codec_voice *voice);
	int (*voice_dec_alloc)(struct codec_dec **decp, uint32_t rate);
	/* The largest frame of at most `ms` (10 and more) that voice is encoded
	 * in, ms. */
	unsigned (*voice_frame)(unsigned ms);
	/* Samples of a payload at a rate; 0: no payload of the codec. */
	size_t (*voice_span)(const uint8_t *buf, size_t len, uint32_t rate);
	/* Is this the last payload before the sender pauses (DTX)? */
	bool (*voice_pauses)(const uint8_t *buf, size_t len);
	/* Can the end of what is lost be had from the payload after it? */
	bool (*voice_repairs)(const uint8_t *buf, size_t len);
	/* Make count samples (at most CODEC_VOICE_MAX) for a payload that was
	 * lost. next: the one after it, if it is known and this is the last one
	 * missing, else NULL; it is decoded next. */
	int (*voice_conceal)(struct codec_dec *dec, const uint8_t *next,
			     size_t len, int16_t *pcm, size_t count);
	/* How much the far side loses of what is encoded, percent. */
	void (*voice_loss)(struct codec_enc *enc, unsigned percent);
	/* Does it tell of noise alone, in a pause? NULL: none does. */
	bool (*voice_quiet)(const uint8_t *buf, size_t len);
	/* A payload of one byte that begins a pause behind one that began with
	 * this. NULL: there is none. */
	uint8_t (*voice_rest)(uint8_t head);
	/* How hard to try from now on: complexity, 0..10; spare: with fewer
	 * bits than were asked for, too. NULL: it is all one. */
	void (*voice_effort)(struct codec_enc *enc, unsigned complexity,
			     bool spare);
};

extern const struct codec codec_opus, codec_g722, codec_l16, codec_pcmu,
	codec_pcma;

/* So many samples in ticks of the codec's RTP clock, and back. */
static inline uint32_t codec_ticks(const struct codec *codec, uint32_t rate,
				   int64_t samples)
{
	return (uint32_t)(samples * codec->clock / rate);
}

static inline uint32_t codec_samples(const struct codec *codec, uint32_t rate,
				     uint32_t ticks)
{
	return (uint32_t)((uint64_t)ticks * rate / codec->clock);
}

/* Case does not matter; NULL when unknown. */
const struct codec *codec_find(const char *name);
/* The i-th of all, NULL behind the last. */
const struct codec *codec_nth(size_t i);

#endif
