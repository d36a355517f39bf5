/*
 * bank.h  Sounds, encoded once for all calls of a worker
 *
 * A sound is made of clips, one for each codec: frames of 20 ms, which players
 * put together as the packet time of a leg asks for. Const once it is made;
 * who plays it holds a reference, so that another load takes nothing away.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_BANK_H
#define MEDIAD_SOUND_BANK_H

#include <stddef.h>
#include <stdint.h>

#include "mediad/sound/codec_set.h"
#include "mediad/sound/pcm.h"
#include "mediad/sound/service.h"

struct codec;

enum {
	SOUND_CODECS_MAX = CODEC_BUILT_IN + CODEC_MODULES_MAX,
	SOUND_NAME_MAX = 32,
};

struct sound_clip {
	const struct codec *codec; /* NULL: empty */
	uint32_t nframes;
	uint32_t *at;   /* where each begins in bytes; nframes + 1 of them */
	uint8_t *bytes; /* of all frames */
};

struct sound {
	uint32_t nframes; /* of each clip, of 20 ms */
	struct sound_clip clips[SOUND_CODECS_MAX];
};

/* Encode samples for all codecs (of a set; NULL: those built in); of the last
 * frame the rest is silent. A loaded codec that cannot is left out. The caller
 * owns *soundp. Takes some ms of CPU time for each second. ENOMEM, EINVAL. */
int sound_make(struct sound **soundp, const struct pcm *pcm,
	       const struct codec_set *codecs);
/* The same in steps: room for so many frames, then a codec's, from samples of
 * its own rate. settle: frames at the begin that are encoded and not kept. */
int sound_alloc(struct sound **soundp, uint32_t nframes);
int sound_add(struct sound *sound, const struct codec *codec,
	      const struct pcm *pcm, uint32_t settle);
/* NULL: not of this codec. */
const struct sound_clip *sound_clip_of(const struct sound *sound,
				       const struct codec *codec);
/* Bytes of memory that it takes. */
size_t sound_size(const struct sound *sound);

/* NULL when the service does not play. */
struct sound *sound_bank_of(const struct sound_bank *bank,
			    const struct service *service);

#endif
