/*
 * ogg_file.h  Samples to an Ogg Opus file (RFC 7845), by libopus and libogg
 *
 * A file that was cut off anywhere is one that ends there: a page holds a
 * second at most. One thread for each object.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_OGG_FILE_H
#define MEDIAD_SOUND_OGG_FILE_H

#include <stddef.h>
#include <stdint.h>

struct oggfile;

/* Takes all bytes; an error ends the file. */
typedef int(oggfile_write_h)(const void *data, size_t len, void *arg);

struct oggfile_params {
	uint32_t rate;    /* of samples: 8000, 16000, 48000 */
	uint32_t bitrate; /* bit/s, of all channels */
	uint8_t channels; /* 1, 2 */
	uint32_t serial;  /* of the stream in the file */
	const char *title; /* a comment for people; may be NULL */
	oggfile_write_h *writeh;
	void *arg;
};

/* Writes the heads. The caller owns *ofp. */
int oggfile_alloc(struct oggfile **ofp, const struct oggfile_params *params);
/* Any number of samples of each channel, interleaved. */
int oggfile_put(struct oggfile *of, const int16_t *pcm, size_t count);
/* What is left, and the end: the file is as long as what was put. */
int oggfile_end(struct oggfile *of);

#endif
