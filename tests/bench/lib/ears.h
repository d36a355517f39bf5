/*
 * ears.h  A receiver: what it heard of a stream, and when, as sound
 *
 * A buffer of 100 ms behind the packet that was the quickest; what comes later
 * is lost. After three packets in a row that came too late it waits for the
 * next one, and plays 40 ms behind that, at least. What is missing it makes up for as receivers do: Opus by
 * libopus, with LBRR if the next packet has it, the others by libspandsp's form
 * of ITU-T G.711 Appendix I. The same for whoever sends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_EARS_H
#define TESTS_BENCH_LIB_EARS_H

#include <stddef.h>
#include <stdint.h>

#include "mediad/sound/codec.h"

enum {
	EARS_PACKETS = 1600,
	EARS_BYTES = 400,
	EARS_BUFFER_US = 100000
};

struct ears_packet {
	double at_us;
	uint32_t ts;
	uint16_t len;
	uint8_t data[EARS_BYTES];
};

struct ears {
	unsigned count;
	unsigned missing, late; /* frames of 20 ms; packets: of ears_sound() */
	struct ears_packet packets[EARS_PACKETS];
};

/* count samples at `rate`, 8000 or 16000, from the first packet on. */
void ears_sound(struct ears *ears, const struct codec *codec, uint32_t rate,
		int16_t *pcm, size_t count);

#endif
