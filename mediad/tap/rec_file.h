/*
 * rec_file.h  A recording on disk
 *
 * While it grows it is called NAME.part; when it is whole it is synced and
 * gets its name, so that half a file is known as such. Blocking: for a thread
 * of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_TAP_REC_FILE_H
#define MEDIAD_TAP_REC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rec_file;

enum {
	REC_CHANNELS = 2,
	REC_PATH_MAX = 511,
};

enum rec_format {
	REC_OGG,
	REC_WAV,
};

/* How it ended. */
enum rec_end {
	REC_WHOLE,
	REC_TOO_SLOW,  /* the disk did not take it in time: parts are silent */
	REC_DISK_FULL, /* too little space, or none */
	REC_TOO_LONG,
	REC_TOO_LARGE,
	REC_FAILED, /* the disk says no */
	REC_CUT,    /* its process died */
	REC_ENDS
};

struct rec_file_params {
	const char *dir;  /* of all recordings; made when it is not there */
	const char *name; /* under it, with folders and suffix */
	const char *title;
	enum rec_format format;
	uint32_t rate; /* Hz */
	uint32_t bitrate;
	uint64_t max_bytes, min_free; /* bytes */
	uint64_t max_samples;
};

/* ENOSPC: there is too little space; others of open(2). */
int rec_file_open(struct rec_file **filep,
		  const struct rec_file_params *params);
/* Samples of both channels; NULL: silence. False: it has ended, and what
 * follows is not in it: rec_file_why(). */
bool rec_file_put(struct rec_file *file, const int16_t *pcm, size_t count);
enum rec_end rec_file_why(const struct rec_file *file);
uint64_t rec_file_samples(const struct rec_file *file);
/* What is left, synced, and the name; what the disk refuses, whenever it did,
 * stays a part, and so does an empty file when it is full: *named says whether
 * it has its name. Its length is written to *samples. The file is freed. */
enum rec_end rec_file_close(struct rec_file *file, uint64_t *samples,
			    bool *named);
/* "whole", "disk-full" ... */
const char *rec_end_name(enum rec_end end);

#endif
