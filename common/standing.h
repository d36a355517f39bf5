/*
 * standing.h  What a worker says of itself, for /v1/nodes
 *
 * Texts beside its figures (publish.h), told with them: which life it is,
 * what it was made of, how busy it is. Names: `standing_names[]`.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_STANDING_H
#define COMMON_STANDING_H

#include <stdint.h>

#include "common/fingerprint.h"

struct keyring;
struct publish;
struct redis_sync;
struct standing;
struct worker;

enum standing_text {
	STANDING_EPOCH,
	STANDING_BORN,    /* unix ms: of the node, its parent */
	STANDING_SINCE,   /* unix ms: of this worker */
	STANDING_VERSION,
	STANDING_CONFIG,  /* hash (cfg_hash.h) */
	STANDING_KEYS,    /* ids, with commas between */
	STANDING_SECRETS, /* hash of these */
	STANDING_CERT,    /* unix s, when the first of them expires; 0: none */
	STANDING_STATE,   /* "serving", "draining", "drained" */
	STANDING_CPU,     /* per mille of a core, since it was told last */
	STANDING_LAG,     /* ms, worst delay of its loop since then */
	STANDING_CALLS,
	STANDING_SESSIONS,
	STANDING_REGISTRATIONS,
	STANDING_FLOWS,
	STANDING_LEVEL,   /* of its log */
	STANDING_LOG,     /* what operators want of that (wish.h) */
	STANDINGS
};

extern const char *const standing_names[STANDINGS];

/* Plain data. */
struct standing_facts {
	uint32_t epoch;
	char config[FINGERPRINT_LEN + 1];
	const struct keyring *ring;
	int64_t cert_s;
	const char *state;
	const char *log; /* wish_log() */
	uint64_t count[STANDINGS]; /* of STANDING_CALLS .. STANDING_FLOWS */
};

/* publish (borrowed) and worker outlive it. The caller owns *vitalsp. */
int standing_alloc(struct standing **vitalsp, const struct worker *worker,
		 struct publish *publish);
/* From the filler of the figures: they are told with these. */
void standing_note(struct standing *standing, const struct standing_facts *facts);

enum { STANDING_STATE_SIZE = 16 };

/* STANDING_STATE of the worker at addr, as its admin process is asked: "up" when
 * it serves; "": it has told nothing lately. An errno: Redis did not answer. */
int standing_state(char state[STANDING_STATE_SIZE], struct redis_sync *sync,
		 const char *daemon, const char *addr);

#endif
