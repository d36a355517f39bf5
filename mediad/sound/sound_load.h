/*
 * sound_load.h  The files of a folder as sounds: what a jukebox takes over
 *
 * A load is made by the loop and run by a thread, which touches nothing else;
 * the loop leaves it alone until that has ended.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_SOUND_LOAD_H
#define MEDIAD_SOUND_SOUND_LOAD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "mediad/sound/jukebox.h"

struct sound_entry {
	struct le le;
	char name[SOUND_NAME_MAX + 1];
	struct sound *sound;
	bool done; /* of a tone: it is made, or cannot be */
};

struct sound_problem {
	struct le le;
	char file[NAME_MAX + 1];
	char why[PCM_WHY_MAX];
};

struct sound_load {
	struct jukebox_cfg cfg;
	const struct codec_set *codecs;
	char *dir;
	struct list entries, problems;
	struct jukebox_figures figures;
	uint64_t files_bytes;
};

/* The list owns it, without a sound. ENOMEM. */
int sound_entry_add(struct sound_entry **entryp, struct list *entries,
		    const char *name);
/* NULL: there is none of this name. */
struct sound_entry *sound_entry_find(const struct list *entries,
				     const char *name);

/* Texts of cfg are copied. The caller owns *loadp. */
int sound_load_alloc(struct sound_load **loadp, const struct codec_set *codecs,
		     const struct jukebox_cfg *cfg);
/* Reads and encodes; what is wrong with a file is a problem. */
void sound_load_run(struct sound_load *load);

#endif
