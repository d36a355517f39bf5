/*
 * jukebox.h  The sounds of a worker, by name: files of a folder, and the
 *            ringing tones of countries (ring-de, ring-us ...)
 *
 * A file NAME.wav, NAME.ogg or NAME.opus is the sound NAME. All are read and
 * encoded beside the loop; a load that has ended takes the place of the one
 * before it, and what plays then plays on. A tone is made, beside the loop, too,
 * when it is asked for first.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_JUKEBOX_H
#define MEDIAD_SOUND_JUKEBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/sound/bank.h"

struct jukebox;

struct jukebox_cfg {
	const char *dir;    /* NULL: no files */
	uint32_t max_bytes; /* of a file */
	uint32_t max_s;     /* of a sound */
	uint64_t max_memory; /* of all files, encoded; what comes later in the
				order of names is left out */
};

struct jukebox_figures {
	uint32_t sounds; /* of files */
	uint32_t bad;    /* files that could not be used */
	uint64_t bytes;  /* of their memory */
	uint64_t tones;  /* bytes, too; 0: nobody has asked for one */
};

/* In the loop: a load has ended, or tones are there. */
typedef void(jukebox_loaded_h)(const struct jukebox_figures *figures,
			       void *arg);
/* In the loop: what is wrong with a file, in words. */
typedef void(jukebox_say_h)(const char *file, const char *why, void *arg);

struct codec_set;

struct jukebox_handlers {
	jukebox_loaded_h *loadedh; /* may be NULL */
	jukebox_say_h *sayh;       /* may be NULL */
	void *arg;
};

/* Empty. codecs: what sounds are encoded for; outlives it; NULL: those built
 * in. The caller owns *jbp. */
int jukebox_alloc(struct jukebox **jbp,
		  const struct jukebox_handlers *handlers,
		  const struct codec_set *codecs);
/* Begin a load, beside the loop; texts of cfg are copied. While one is under
 * way, this one begins behind it, in place of another that waits. */
int jukebox_load(struct jukebox *jb, const struct jukebox_cfg *cfg);
/* The same at once, without a loop: for tests and --check. */
int jukebox_load_now(struct jukebox *jb, const struct jukebox_cfg *cfg);

/* NULL: there is none of this name. The jukebox's: who keeps it longer holds a
 * reference. */
struct sound *jukebox_find(const struct jukebox *jb, const char *name);
/* It is the name of a tone: those are made, if they are not yet. */
bool jukebox_tone(struct jukebox *jb, const char *name);
/* The same at once, without a loop: for tests. */
void jukebox_tone_now(struct jukebox *jb, const char *name);
/* A load has ended since the begin. */
bool jukebox_ready(const struct jukebox *jb);
const struct jukebox_figures *jukebox_figures(const struct jukebox *jb);
/* [a-z0-9_-]{1,32} */
bool jukebox_name_valid(const char *name, size_t len);

#endif
