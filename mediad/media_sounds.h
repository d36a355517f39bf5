/*
 * media_sounds.h  The sounds of a worker: loaded at its start and at reloads
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIA_SOUNDS_H
#define MEDIAD_MEDIA_SOUNDS_H

#include "mediad/mediad_cfg.h"
#include "mediad/sound/jukebox.h"

struct codec_set;
struct session_table;

/* Where legs are told of other sounds. */
struct media_sounds {
	struct jukebox *jukebox;
	struct session_table *const *table; /* *table NULL: not yet */
};

/* Begin to load; what is wrong is logged. codecs and tablep outlive it. The
 * caller owns *soundsp. */
int media_sounds_alloc(struct media_sounds **soundsp,
		       const struct mediad_cfg *cfg,
		       const struct codec_set *codecs,
		       struct session_table *const *tablep);
/* Again; what cannot be read any more is gone. */
void media_sounds_reload(struct media_sounds *sounds,
			 const struct mediad_cfg *cfg);
/* For --check: all of them, at once; problems on stderr. Their number. */
unsigned media_sounds_check(const struct mediad_cfg *cfg);

#endif
