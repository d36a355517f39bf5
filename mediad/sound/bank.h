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
	const uint8_t *data; /* of the loop's bytes */
	size_t len;
};

struct sound_loop {
	const struct codec *codec; /* NULL: empty */
	struct sound_frame frames[SERVICE_FRAMES];
	uint8_t *bytes; /* of all frames */
};

/* NULL when the service does not play. */
const struct sound_loop *sound_bank_loop(const struct sound_bank *bank,
					 const struct service *service,
					 const struct codec *codec);

#endif
