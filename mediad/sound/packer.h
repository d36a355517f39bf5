/*
 * packer.h  Voice as packets: samples in, packets of a leg's codec and packet
 *           time out
 *
 * What fills a packet goes out at once. The timestamp counts samples: what is
 * left out is skipped in it, and the packet after it has the marker bit
 * (RFC 3551, 4.1). Embed; nothing is allocated after packer_open().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_PACKER_H
#define MEDIAD_SOUND_PACKER_H

#include "mediad/rtp/feed.h"
#include "mediad/sound/codec.h"

struct report_far;

enum {
	PACKER_MAX_MS = 60, /* of a packet */
	PACKER_EASE_MAX = 2, /* as little as can be, and fewer bits, but to who
				is repeated what is lost; below it half of the
				complexity */
};

struct packer_params {
	const struct codec *codec;
	const struct codec_voice *voice; /* its rate is that of the samples */
	uint8_t pt;
	uint16_t ptime;       /* ms, 10..60; the codec may want less */
	struct strm_out *out; /* with the codec's clock */
	struct path *path;
	const struct report_far *far; /* what the receiver loses; may be NULL */
	const uint8_t *ease; /* how much less hard to try, 0..PACKER_EASE_MAX;
				may be NULL */
};

struct packer {
	const struct codec *codec;
	struct codec_enc *enc;
	struct feed feed;
	const struct report_far *far;
	uint64_t far_ms; /* of the report that was looked at last */
	const uint8_t *ease;
	uint8_t eased;      /* as the encoder was told */
	uint8_t complexity; /* that it is to have at ease */
	uint8_t loss;    /* percent, as the encoder was told */
	bool fec;        /* it repeats what may be lost */
	bool dtx;        /* the encoder may pause, */
	bool resting;    /* and the receiver knows that it does */
	uint8_t head;    /* first byte of the latest payload */
	uint8_t pt;
	bool talk;        /* the next packet begins a talkspurt */
	uint16_t frame;   /* samples of a packet */
	uint16_t fill;    /* of pcm */
	uint32_t rate;    /* of samples, Hz */
	uint32_t ts;      /* of pcm[0] */
	uint32_t sent_ts; /* of the latest packet */
	int16_t *pcm;     /* what is not a packet yet */
};

int packer_open(struct packer *packer, const struct packer_params *params);
void packer_close(struct packer *packer);

/* Any number of samples. */
void packer_put(struct packer *packer, const int16_t *pcm, size_t count,
		uint64_t now_ms);
/* So many samples are not there: a packet that has begun is filled up. */
void packer_skip(struct packer *packer, uint32_t count, uint64_t now_ms);
/* Instead of `count` samples the receiver is told that there are none for a
 * while. False: it cannot be. */
bool packer_rest(struct packer *packer, uint32_t count, uint64_t now_ms);
/* Comfort noise (RFC 3389) from here on, until there is audio: one packet. */
void packer_noise(struct packer *packer, uint8_t pt, const uint8_t *payload,
		  size_t len, uint64_t now_ms);
/* One packet of an event, whose segment begins at ts. Audio goes on behind
 * its begin. */
void packer_event(struct packer *packer, uint8_t pt, uint32_t ts,
		  const struct digit_step *step, uint64_t now_ms);
/* Fill up a packet that has begun; by how many samples. */
uint32_t packer_flush(struct packer *packer, uint64_t now_ms);
/* The source is another one: what has begun is lost, time goes on. */
void packer_anew(struct packer *packer);
/* The timestamp of the next sample, by the packer's own clock. */
uint32_t packer_ts(const struct packer *packer);

#endif
