/*
 * state_image.h  The bytes of a state file: records that a crash cannot tear
 *
 * Pure work on a piece of memory; state_file.h maps a file to it. See
 * docs/state-file.md for the layout.
 *
 * A record has a body, changed as a whole and seldom, and a hot part, changed
 * with every packet by single stores. Usual bodies are short, and stand with
 * their hot parts side by side, several to a page; one that is longer stands
 * in a place of its own, whose pages exist from then on (state_file.c). A body is written to the journal first
 * and then to its place. The journal holds the latest change of any body: who
 * opens the image after a crash plays it again, so that a body is either
 * the old one or the new one. What a killed process stored is there, in
 * program order: only the compiler has to be held back, no cache.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_STATE_IMAGE_H
#define MEDIAD_SESSION_STATE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/rtp/stream.h"

enum {
	STATE_STRIDE = 8192, /* of head, journal and long bodies */
	STATE_NARROW = 1024, /* of records */
	STATE_VERSION = 2,   /* of what is described in docs/state-file.md */
	STATE_OWNER_MAX = 31,
	STATE_COUNT_MAX = 65536,
};

/* Of a record, outside its checksum. */
struct state_hot {
	struct strm_slot slot;
	uint32_t blame; /* deaths of a process while it served this record */
	uint8_t spare[28];
};

struct state_mark {
	uint32_t nr;  /* of the record, from 0 */
	uint32_t len; /* of data, 0: empty */
	uint64_t sum; /* of both, and of data */
};

enum {
	STATE_DATA_MAX = STATE_STRIDE - sizeof(struct state_mark),
	/* a longer body stands elsewhere */
	STATE_SHORT_MAX = STATE_NARROW - sizeof(struct state_hot) -
			  sizeof(struct state_mark),
};

struct state_rec {
	struct state_hot hot;
	struct state_mark mark;
	uint8_t data[STATE_SHORT_MAX];
};

struct state_journal {
	struct state_mark mark;
	uint8_t data[STATE_DATA_MAX];
};

struct state_head {
	char magic[8];
	uint32_t version;
	uint32_t layout; /* of the data: the user's */
	uint32_t stride;
	uint32_t count; /* of records */
	char owner[STATE_OWNER_MAX + 1];
	uint64_t sum;     /* of all above */
	uint32_t running; /* a process has it open, or died with it */
	uint32_t serving; /* record + 1 that this process serves now, 0: none */
	uint32_t deaths;  /* in a row, none of which was survived */
	uint64_t alive_ms; /* when a process said last that it lives */
};

struct state_geometry {
	const char *owner; /* at most STATE_OWNER_MAX */
	uint32_t count;    /* 1..STATE_COUNT_MAX */
	uint32_t layout;
};

/* The size of an image in bytes. */
size_t state_image_size(uint32_t count);
/* Make an empty image of zeroed memory. */
void state_image_make(void *image, const struct state_geometry *geo);
/* EBADMSG: not an image of this geometry. */
int state_image_check(const void *image, size_t size,
		      const struct state_geometry *geo);
/* Play the journal. Only what state_image_check() found good. */
void state_image_recover(void *image);

struct state_head *state_image_head(void *image);
struct state_rec *state_image_rec(void *image, uint32_t nr);
/* Where they stand: a record, its long body. */
size_t state_image_rec_at(uint32_t nr);
size_t state_image_long_at(uint32_t count, uint32_t nr);

/* len: 1..STATE_DATA_MAX, or 0 to clear the record with its hot part. Over
 * STATE_SHORT_MAX the place of its long body is there. */
void state_image_write(void *image, uint32_t nr, const void *data, size_t len);
/* ENOENT: empty. EBADMSG: damaged. *data points into the image. */
int state_image_read(void *image, uint32_t nr, const uint8_t **data,
		     size_t *len);

#endif
