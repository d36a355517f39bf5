/*
 * old.c  A codec module of another version
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/sound/codec_module.h"

extern const struct codec_module cordboard_codec;
const struct codec_module cordboard_codec = {
	.abi = CODEC_MODULE_ABI + 1,
	.sizes = CODEC_MODULE_SIZES,
};
