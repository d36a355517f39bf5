/*
 * guess.h  Makes guessing passwords slow: wrong ones are counted by source
 *          and name
 *
 * Ten wrong answers of one source for one name are free; each further one
 * doubles the wait, from 1 s up to 60 s, in which that source is not listened
 * to for that name, be the answer right or wrong. Who tries many names waits in
 * the same way from the 21st name on, for all names: each name counts once,
 * so that one telephone with an old password locks nobody out who shares its
 * address. A name that twenty sources have tried has one free answer for each
 * further source instead of ten: nobody can lock somebody else out from
 * elsewhere, as the first answer of a source is always listened to.
 *
 * What is quiet for 10 minutes is forgotten. Names that do not exist count like
 * those that do. An IPv6 source is its /64. A fixed table: when a part of it is
 * full, the one that was quiet for longest gives way. Of one worker: many
 * workers are as many times faster to guess at. Pure: time is an argument.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_AUTH_GUESS_H
#define SIGD_AUTH_GUESS_H

#include <stdint.h>
#include <re.h>

struct guess;

enum {
	GUESS_FREE = 10,
	GUESS_NAMES = 20,   /* of one source, before it waits for all */
	GUESS_SOURCES = 20, /* of one name, before it has one free answer */
	GUESS_WAIT_MIN_MS = 1000,
	GUESS_WAIT_MAX_MS = 60000,
	GUESS_FORGET_MS = 600000
};

/* Borrowed texts. */
struct guess_who {
	struct pl source; /* numeric address */
	struct pl realm;
	struct pl name; /* as it was given */
};

/* slots: how many are remembered, rounded up. The caller owns *guessp. */
int guess_alloc(struct guess **guessp, uint32_t slots);

/* Milliseconds to wait, 0: may try. */
uint64_t guess_wait(const struct guess *guess, const struct guess_who *who,
		    uint64_t now_ms);

/* What has come of it, for who is to be told: that is said with each failure
 * while it lasts. */
enum guess_event {
	GUESS_NONE,
	GUESS_WAITS,        /* this source for this name */
	GUESS_SOURCE_WAITS, /* this source for all names */
	GUESS_NAME_TRIED,   /* by many sources */
};
enum guess_event guess_failed(struct guess *guess, const struct guess_who *who,
			      uint64_t now_ms);
/* It was right: its failures are forgotten. */
void guess_passed(struct guess *guess, const struct guess_who *who);

#endif
