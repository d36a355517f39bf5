/*
 * codec.c  The codecs that there are
 *
 * SPDX-License-Identifier: MIT
 */
#include <strings.h>

#include "common/countof.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/codec_set.h"

static const struct codec *const codecs[] = {
	&codec_opus,
	&codec_g722,
	&codec_l16,
	&codec_pcmu,
	&codec_pcma,
};

_Static_assert(COUNTOF(codecs) == CODEC_BUILT_IN, "codec_set.h tells of all");

const struct codec *codec_nth(size_t i)
{
	return i < COUNTOF(codecs) ? codecs[i] : NULL;
}

const struct codec *codec_find(const char *name)
{
	for (size_t i = 0; i < COUNTOF(codecs); i++)
		if (!strcasecmp(codecs[i]->name, name))
			return codecs[i];

	return NULL;
}
