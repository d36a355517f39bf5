/*
 * media_tap.h  What a worker needs to record calls, and to give their audio to
 *              consumers
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIA_TAP_H
#define MEDIAD_MEDIA_TAP_H

#include <stdbool.h>

#include "mediad/mediad_cfg.h"
#include "mediad/tap/fork.h"
#include "mediad/tap/recorder.h"

struct news;
struct session_deps;

struct media_tap {
	struct recorder *recorder; /* NULL: there is no folder */
	struct forker *forker;
	struct news *news; /* where recordings are told of; a reference */
};

/* The caller owns *tapp; deps gets what sessions need of it. */
int media_tap_alloc(struct media_tap **tapp, struct session_deps *deps,
		    const struct mediad_cfg *cfg, struct news *news);

/* Are all recordings that have ended written, and told? */
bool media_tap_idle(const struct media_tap *tap);

/* For the metrics. */
struct media_figures;
void media_tap_fill(struct media_figures *figures,
		    const struct media_tap *tap);

#endif
