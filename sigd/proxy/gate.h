/*
 * gate.h  What is let in: overload of this worker, and who asks too often
 *
 * Only what begins something new is refused: requests that show what we sealed
 * for their dialog, ACK, and the CANCEL of an INVITE that is here pass, so a
 * worker that is full ends calls as ever; but of one call only so often, as no
 * call needs. What only says that it is of a dialog is a question of its source
 * like any other, and over that rate gets no answer; so is what is of a call
 * that is over.
 * INVITE, REGISTER, SUBSCRIBE and the like outside dialogs get 503 with
 * Retry-After, before a transaction is made, a password looked at or a body
 * read (RFC 5390 REQ 1; the Retry-After is spread, REQ 14). What comes faster
 * still from one source than it is told so is dropped.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_GATE_H
#define SIGD_PROXY_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/status.h"
#include "sigd/guard/alarm.h"
#include "common/bucket.h"
#include "sigd/guard/load.h"

struct gate;
struct request;
struct sa;
struct smsg;
struct wheel;

/* Of one worker. per_s 0: no limit. */
struct gate_cfg {
	struct bucket_rate source; /* an address; of IPv6 its /64 */
	struct bucket_rate tenant;
	struct bucket_rate user; /* or connection */
};

struct gate_counts {
	uint64_t overload; /* refused as this worker is too busy */
	uint64_t rated;    /* refused: source, tenant or user asks too often */
	uint64_t dropped;  /* ... without an answer */
};

/* alarms is borrowed. The caller owns *gatep. */
int gate_alloc(struct gate **gatep, const struct gate_cfg *cfg,
	       struct wheel *wheel, struct alarms *alarms);

enum gate_verdict {
	GATE_OPEN,
	GATE_OVERLOAD, /* answer 503 */
	GATE_RATED,    /* answer 503 */
	GATE_DROP,     /* no answer */
};

/* A new request, first thing. */
enum gate_verdict gate_request(struct gate *gate, const struct request *rq);

/* What shows what we sealed for a call, an ACK too: by its Call-ID. */
enum gate_verdict gate_call(struct gate *gate, const struct smsg *msg);

/* Whoever shows something that costs us a look, e.g. a token. NULL: not known,
 * open. */
enum gate_verdict gate_source(struct gate *gate, const struct sa *remote);

/* Once it is known whose it is; name: a user's or connection's. STATUS_OK or
 * STATUS_RATE_LIMITED. */
enum status gate_identity(struct gate *gate, const struct smsg *msg,
			  const char *tenant, const char *name);

/* Every LOAD_SAMPLE_MS. */
void gate_sample(struct gate *gate, const struct load_sample *sample);
/* Per mille. */
uint32_t gate_load(const struct gate *gate);
uint32_t gate_share(const struct gate *gate);
const struct gate_counts *gate_counts(const struct gate *gate);

#endif
