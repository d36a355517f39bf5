/*
 * bank.h  The loops that services play
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_BANK_H
#define MEDIAD_SOUND_BANK_H

#include <stddef.h>
#include <stdint.h>

#include "mediad/sound/service.h"

struct sound_frame {
	size_t len;
	uint8_t data[SERVICE_FRAME_MAX];
};

struct sound_loop {
	const struct codec *codec; /* NULL: empty */
	struct sound_frame frames[SERVICE_FRAMES];
};

/* NULL when the service does not play. */
const struct sound_loop *sound_bank_loop(const struct sound_bank *bank,
					 const struct service *service,
					 const struct codec *codec);

#endif
