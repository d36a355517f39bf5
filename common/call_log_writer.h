/*
 * call_log_writer.h  Tells what happened to calls (call_log.h), and waits for
 *                    nobody
 *
 * A note costs a copy into memory that is there already, so a packet may cause
 * one. Within CALL_LOG_WRITER_MS, which is what a worker that is killed has not
 * told, they go to Redis, those of one call as one command, which sees to time
 * and size, too (call_log_store.h). With Redis away, or when CALL_LOG_WRITER_OPEN
 * commands have no reply, they are dropped and counted: nothing waits. One
 * thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CALL_LOG_WRITER_H
#define COMMON_CALL_LOG_WRITER_H

#include <stdint.h>

#include "common/call_log_store.h"

struct call_log_writer;
struct redis_link;
struct wheel;

enum {
	CALL_LOG_WRITER_MS = 10,
	CALL_LOG_WRITER_OPEN = 1024,   /* commands */
	CALL_LOG_WRITER_ROOM = 131072, /* bytes of notes; a fuller one goes out
					  at once */
};

/* link and wheel outlive it; by: "node/slot", copied, as cfg is, which keeps
 * them for some time. The caller owns *writerp; what has not gone out is
 * dropped with it. */
int call_log_writer_alloc(struct call_log_writer **writerp,
			  const struct call_log_cfg *cfg,
			  struct redis_link *link, struct wheel *wheel,
			  const char *by);

struct call_log_note {
	const char *call;    /* an id */
	const char *session; /* an id, or NULL */
	uint8_t leg;         /* 0: of none */
	const char *kind;
	const struct call_log_data *data; /* NULL: none */
	uint64_t ms;                      /* unix; 0: now */
	const char *why;                  /* the call goes where it goes, in
					     words; NULL, "": as before */
	bool brief; /* the log is kept for CALL_LOG_BRIEF_S alone */
};
/* Copied. */
void call_log_write(struct call_log_writer *writer,
		    const struct call_log_note *note);
/* What waits goes out now. */
void call_log_flush(struct call_log_writer *writer);

struct call_log_counts {
	uint64_t written; /* Redis has them */
	uint64_t dropped; /* Redis was away or too slow, or refused them */
	uint64_t gone;    /* logs: there was no room for them any more */
};
const struct call_log_counts *
call_log_counts(const struct call_log_writer *writer);

#endif
