/*
 * loaded_codecs.h  A set with the stand-in for G.729 (tests/module/good.c), or
 *                  with the codec itself
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_LOADED_CODECS_H
#define TESTS_LIB_LOADED_CODECS_H

#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

#include "mediad/sound/codec_set.h"

/* The caller's, with those built in alone when there is no such module; NULL:
 * no memory. */
static inline struct codec_set *loaded_codec(const char *module)
{
	struct codec_set *set = NULL;
	char path[4200], self[4096] = "", why[256] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	snprintf(path, sizeof(path), "%s/../../module/%s.so",
		 n < 0 ? "." : dirname(self), module);
	if (!codec_set_alloc(&set) &&
	    codec_set_load(set, path, why, sizeof(why)))
		printf("# %s\n", why);
	return set;
}

static inline struct codec_set *loaded_codecs(void)
{
	return loaded_codec("good");
}

#endif
