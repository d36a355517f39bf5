/*
 * keyear.h  Keys that are heard in a voice: the tones of ITU-T Q.23
 *
 * Not librem's decoder: it does not tell where a key ends, takes no twist the
 * other way, and its Goertzel has the names of libspandsp's, which we link for
 * G.722 (docs/decisions). A key of 40 ms is heard within 40 ms of its begin, its end
 * within 40 ms, too; a pause of 40 ms parts two (ITU-T Q.24). Samples that are
 * missing neither begin nor end a key.
 *
 * Plain data to embed; nothing is allocated.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_KEYEAR_H
#define MEDIAD_SOUND_KEYEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KEYEAR_BLOCK = 102, /* samples at 8 kHz: 12.75 ms; half of them are
			       the next one's, too */
	KEYEAR_BLOCK_MAX = 2 * KEYEAR_BLOCK,
	KEYEAR_BRIDGE_MS = 100, /* of missing samples inside a key */
	KEYEAR_HOLD_MAX_MS = 20000, /* a longer one is no key */
	KEYEAR_TONES = 8, /* four low ones, then four high ones */
};

/* A key goes down (ms: 0), or up again: for how long it was down. code: 0..15
 * as in RFC 4733. */
typedef void(keyear_h)(uint8_t code, bool down, uint32_t ms, void *arg);

/* What a block of samples was. */
struct keyear_block {
	int8_t code; /* -1: no key */
	double low, high; /* power of its tones */
};

struct keyear {
	float coef[KEYEAR_TONES];
	int16_t pcm[KEYEAR_BLOCK_MAX];
	uint16_t size, fill; /* of pcm */
	uint32_t rate;       /* Hz */
	struct keyear_block before;
	uint8_t hits;    /* blocks in a row with one that is not down yet */
	int8_t key;      /* that is down; -1: none */
	uint8_t misses;  /* blocks in a row without it */
	uint32_t blocks; /* that it was there */
	uint32_t missed; /* samples, in a row */
	keyear_h *h;
	void *arg;
};

/* rate: 8000 or 16000 Hz. */
void keyear_open(struct keyear *ear, uint32_t rate, keyear_h *h, void *arg);
void keyear_hear(struct keyear *ear, const int16_t *pcm, size_t n);
/* So many samples were lost. */
void keyear_miss(struct keyear *ear, uint32_t n);
/* What comes now is from somebody else: a key that is down goes up. */
void keyear_anew(struct keyear *ear);

/* A key is down. */
static inline bool keyear_down(const struct keyear *ear)
{
	return ear->key >= 0;
}

#endif
