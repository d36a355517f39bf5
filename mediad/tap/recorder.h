/*
 * recorder.h  The recordings of a worker: from its loop to the disk
 *
 * The loop hands over samples and never waits: a thread encodes and writes
 * them. What waits for the thread is bounded; what does not fit is dropped,
 * becomes silence in the recording, and is told.
 *
 * All calls from the worker's thread; handlers are called there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_TAP_RECORDER_H
#define MEDIAD_TAP_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/tap/rec_file.h"

struct rec;
struct recorder;

enum {
	REC_TENANT_MAX = 64,
	REC_ID_MAX = 16,
};

struct recorder_cfg {
	const char *dir;
	enum rec_format format;
	uint32_t rate, bitrate;
	uint64_t max_bytes, min_free; /* of a file; of the disk */
	uint32_t max_s;               /* of a file */
	size_t memory;                /* bytes that may wait */
};

/* Whose recording it is; a name is made of it. */
struct rec_name {
	char session[REC_ID_MAX + 1], call[REC_ID_MAX + 1];
	char tenant[REC_TENANT_MAX + 1];
	char there[REC_TENANT_MAX + 1]; /* the other side's, when it is another
					   one; no part of the name */
	uint64_t unix_s; /* when the call was first recorded */
	unsigned part;   /* 1.. : another one for each process */
};

enum rec_news {
	REC_ENDED,
	REC_LOST,    /* some is missing from now on */
	REC_PAUSED,  /* it is silent from ms on, since that was asked for */
	REC_RESUMED, /* ... until ms */
};

/* What has become of one. */
struct rec_report {
	enum rec_news news;
	struct rec_name name;
	/* as it is called on disk by now, under the folder: with ".part" when
	 * it has not got its name (yet); "": there is none */
	char file[REC_PATH_MAX + 6];
	enum rec_end end;
	bool again;      /* lost: was told before, for another reason */
	uint64_t ms;     /* its length; lost: 0 */
	uint64_t gap_ms; /* of that silent, because the disk was too slow */
};
typedef void(rec_report_h)(const struct rec_report *report, void *arg);

struct recorder_figures {
	uint64_t begun, ended; /* files */
	uint64_t failed;       /* ... that something is missing of */
	uint64_t dropped;      /* blocks that did not fit */
	uint64_t waiting;      /* bytes, now */
	uint64_t samples;      /* of each side, handed over */
};

/* Texts of cfg are copied. The caller owns *recorderp; mem_deref() waits for
 * what is to be written. */
int recorder_alloc(struct recorder **recorderp, const struct recorder_cfg *cfg,
		   rec_report_h *reporth, void *arg);
uint32_t recorder_rate(const struct recorder *recorder);
struct recorder_figures recorder_figures(struct recorder *recorder);
/* Is all written that was handed over, and told? */
bool recorder_idle(struct recorder *recorder);

/* Begin a file. before: the part that a process which died has left is given
 * its name first, if there is sound in it, and reported as REC_CUT. The caller
 * owns *recp; mem_deref() ends the file. */
int rec_begin(struct rec **recp, struct recorder *recorder,
	      const struct rec_name *name, bool before);
/* It is to be told that what is put from now on is silence, or no more. */
void rec_hush(struct rec *rec, bool hushed);
/* Samples of both sides, interleaved. */
void rec_put(struct rec *rec, const int16_t *pcm, size_t count);

#endif
