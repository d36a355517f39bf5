/*
 * codec_set.h  The codecs of this process: those that are built in, and those
 *              that were loaded
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_CODEC_SET_H
#define MEDIAD_SOUND_CODEC_SET_H

#include <stddef.h>

struct codec;
struct codec_set;

enum {
	CODEC_MODULES_MAX = 8,
	CODEC_BUILT_IN = 5,
};

/* The caller owns *setp. A module stays loaded when the set is gone. */
int codec_set_alloc(struct codec_set **setp);

/*
 * Load a module (codec_module.h). why, when it fails: a sentence. ENOENT: it
 * is not there, or something that it needs; EBADMSG: it is none, or not for
 * this build; EEXIST: there is a codec of this name; ENOSPC: there are too
 * many.
 */
int codec_set_load(struct codec_set *set, const char *path, char *why,
		   size_t size);

/* By its encoding name, case does not matter; NULL: there is none. set: NULL:
 * of those that are built in. */
const struct codec *codec_set_find(const struct codec_set *set,
				   const char *name);

/* The i-th of all, those built in first; NULL behind the last. */
const struct codec *codec_set_nth(const struct codec_set *set, size_t i);

#endif
