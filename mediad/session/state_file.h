/*
 * state_file.h  What a worker leaves to its successor: a file on tmpfs
 *
 * One file for each slot, mapped, mode 0600, locked by the process that has it
 * open. It holds the keys of the calls in progress and never leaves the
 * machine. docs/state-file.md describes it. One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_STATE_FILE_H
#define MEDIAD_SESSION_STATE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "mediad/session/state_image.h"

struct state_file;

/* The layout of what sessions store in this build. */
uint32_t state_layout(void);

/*
 * The folder for the files, made with mode 0700 when it is not there. EPERM:
 * it is somebody else's, or others may write to it; ENOTDIR: no folder, or a
 * link to one; others of mkdir(2).
 */
int state_dir_make(const char *path);

/*
 * Open the file for `owner` ("node/slot"), or make it with room for count
 * records. Notes that the last process died when it did not close it, and
 * whom it served then. The caller owns *filep; mem_deref() closes in order
 * and leaves the records.
 *
 * EBADMSG: of another version, layout, size or owner, or damaged: move it
 * out of the way. EBUSY: another process has it. EPERM: not a plain file of
 * ours with mode 0600. ENOSPC, and others of open(2).
 */
int state_file_open(struct state_file **filep, const char *path,
		    const char *owner, uint32_t count);
/* Rename to `path`.bad, in the place of an earlier one. */
int state_file_aside(const char *path);

/* Times in a row that a process died with this file and had not called
 * state_file_survived(). */
uint32_t state_file_deaths(const struct state_file *file);
/* All that was resumed has lived long enough: nobody is to blame. */
void state_file_survived(struct state_file *file);
/* The process lives at this moment, in ms of the monotonic clock, which all
 * lives of a machine share. */
void state_file_alive(struct state_file *file, uint64_t now_ms);
/* How long nobody has said so; 0 when nobody ever did. */
uint64_t state_file_silent(const struct state_file *file, uint64_t now_ms);
/* Where to store record + 1 while one is served, and 0 after. */
uint32_t *state_file_serving(struct state_file *file);

uint32_t state_file_used(const struct state_file *file);

/* Take a free record; its hot part is zeroed. ENOSPC: all are taken, or the
 * file system is full. The owner of the number gives it back with
 * state_rec_free(), which wipes it. */
int state_rec_take(struct state_file *file, uint32_t *nr);
void state_rec_free(struct state_file *file, uint32_t nr);
/* Valid until state_rec_free(). */
struct state_hot *state_rec_hot(struct state_file *file, uint32_t nr);
/* len: 1..STATE_DATA_MAX. ENOSPC: the file system is full, and nothing has
 * changed. */
int state_rec_write(struct state_file *file, uint32_t nr, const void *data,
		    size_t len);
/* The first record from nr on that is taken; ENOENT: none. */
int state_rec_next(const struct state_file *file, uint32_t *nr);
/* ENOENT: not written yet. EBADMSG: damaged; to be freed. *data is the
 * file's. */
int state_rec_read(struct state_file *file, uint32_t nr, const uint8_t **data,
		   size_t *len);

#endif
