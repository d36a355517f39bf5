/*
 * sheet.h  What media knows of each call, in Redis, for people
 *
 * The hash `cb:{c:<x>}:media:<call>` (x: first digit of the call id), written
 * every SHEET_MS while the session lives, and once more when it ends; then it
 * stays for SHEET_KEEP_S. So nobody has to ask a worker how a call is doing,
 * and a heavy reader delays no packet.
 *
 *   session, made (unix ms), at ("node/slot"), time (unix ms), state ("up",
 *            "ended")
 *   leg.<n>: `key=value` pairs with spaces between; values percent-encoded.
 *            The keys are in docs/redis.md.
 *   form.<n>: what another worker needs to go on with that leg when this one
 *            is gone (session/leg_form.h); written soon after each agreement
 *   cdr:     sigd has written the call's CDR, which is kept for so many
 *            seconds. What is final then goes into the stream
 *            `cb:{c:<x>}:cdr:media` as well, and is kept as long as that is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CONTROL_SHEET_H
#define MEDIAD_CONTROL_SHEET_H

#include "mediad/session/session.h"

struct redis_link;
struct sheet;
struct wheel;

enum {
	SHEET_MS = 5000,
	SHEET_KEEP_S = 3600,
};

/* What is pointed to outlives it, but for addr ("node/slot"). The caller owns
 * *sheetp. */
int sheet_alloc(struct sheet **sheetp, struct redis_link *link,
		struct wheel *wheel, struct session_table *table,
		const char *addr);
/* A session has ended: these were its figures, which its CDR is told with
 * (docs/events.md). With Redis away, nobody will know. */
void sheet_ended(struct sheet *sheet, const struct session_figures *figs);

#endif
