/*
 * ringtone.h  The ringing tones of countries (ITU-T E.180, its list of tones)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_RINGTONE_H
#define MEDIAD_SOUND_RINGTONE_H

#include <stddef.h>

#include "mediad/sound/pcm.h"

/* The i-th country as in ISO 3166, lower case; NULL behind the last. */
const char *ringtone_country(size_t i);
/* The country of a sound's name, ring-de; NULL: it is none of theirs. */
const char *ringtone_of(const char *name);
/* One whole cadence of its tone at 16 kHz. ENOENT: no such country; ENOMEM. */
int ringtone_make(struct pcm *pcm, const char *country);

#endif
