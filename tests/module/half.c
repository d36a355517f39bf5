/*
 * half.c  A codec module whose codec cannot do all that it has to
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/sound/codec_module.h"

static const struct codec codec = {.name = "half", .clock = 8000};

extern const struct codec_module cordboard_codec;
const struct codec_module cordboard_codec = CODEC_MODULE(&codec);
