/*
 * codec_module.h  A codec in a shared object of its own
 *
 * What cannot be part of this program, because of its licence or its size, may
 * be loaded when the program starts (codec_set.h). A module is built from this
 * tree, against libre, and exports one symbol:
 *
 *	const struct codec_module cordboard_codec = CODEC_MODULE(&codec_x);
 *
 * It has no thread, no global state and no destructor: it stays until the
 * process ends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_CODEC_MODULE_H
#define MEDIAD_SOUND_CODEC_MODULE_H

#include "mediad/sound/codec.h"

enum {
	/* Other numbers are refused: to be raised when what is in codec.h means
	 * something else. */
	CODEC_MODULE_ABI = 2,
};

#define CODEC_MODULE_SYMBOL "cordboard_codec"

struct codec_module {
	uint32_t abi;
	uint32_t sizes; /* of what is handed over, so that a change is seen */
	const struct codec *codec;
};

#define CODEC_MODULE_SIZES \
	(sizeof(struct codec) << 16 | sizeof(struct codec_voice))
#define CODEC_MODULE(which)                                               \
	{                                                                 \
		.abi = CODEC_MODULE_ABI, .sizes = CODEC_MODULE_SIZES,     \
		.codec = (which)                                          \
	}

#endif
