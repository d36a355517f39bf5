/*
 * pcm.h  Sound files as samples
 *
 * Pure but for memory. What a file says of itself is checked against its
 * length; nothing is believed. One thread for each object.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_PCM_H
#define MEDIAD_SOUND_PCM_H

#include <stddef.h>
#include <stdint.h>

enum {
	PCM_RATE_MIN = 8000, /* Hz, of a file */
	PCM_RATE_MAX = 48000,
	PCM_WHY_MAX = 120,
};

/* Mono. Ends with mem_deref() of `samples`. */
struct pcm {
	int16_t *samples;
	size_t count;
	uint32_t rate; /* Hz */
};

/* A file in memory. */
struct pcm_file {
	const uint8_t *data;
	size_t len;
	uint32_t max_s; /* longer ones are refused */
};

/*
 * WAV: PCM of 8, 16, 24 or 32 bits, A-law or u-law, one or two channels, which
 * are mixed. EBADMSG, EFBIG (too long), ENOMEM; why: in words.
 */
int pcm_read_wav(struct pcm *pcm, const struct pcm_file *file,
		 char why[PCM_WHY_MAX]);

/* Ogg Opus (RFC 7845), of one or two channels, by libopusfile: 48 kHz. The
 * same errors. */
int pcm_read_ogg(struct pcm *pcm, const struct pcm_file *file,
		 char why[PCM_WHY_MAX]);

/* The same at another rate, 8000..48000 Hz. ENOMEM, EINVAL. */
int pcm_convert(struct pcm *to, const struct pcm *from, uint32_t rate);

#endif
