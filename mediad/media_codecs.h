/*
 * media_codecs.h  The codecs of a worker
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIA_CODECS_H
#define MEDIAD_MEDIA_CODECS_H

struct codec_set;
struct mediad_cfg;

/* What is built in, and the modules of the configuration; one that cannot be
 * loaded any more is told of and left out. The caller owns *setp. */
int media_codecs_alloc(struct codec_set **setp, const struct mediad_cfg *cfg);

#endif
