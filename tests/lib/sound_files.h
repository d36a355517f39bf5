/*
 * sound_files.h  A folder of sounds for tests: tones of some length
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_SOUND_FILES_H
#define TESTS_LIB_SOUND_FILES_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/test.h"

/* A new one below the folder of this run. */
static inline bool sound_dir(char *dir, size_t size)
{
	const int n = snprintf(dir, size, "%s/sounds-XXXXXX", test_tmpdir());

	return n > 0 && (size_t)n < size && mkdtemp(dir);
}

/* `ms` of a sine at 8 kHz, in dir/name.wav. */
static inline void sound_file(const char *dir, const char *name, double hz,
			      unsigned ms)
{
	const uint32_t count = ms * 8, len = count * 2;
	uint8_t head[44] = "RIFF....WAVEfmt ";
	char path[300];
	FILE *f;

	head[16] = 16;
	head[20] = head[22] = 1;
	head[24] = 0x40;
	head[25] = 0x1f;
	head[32] = 2;
	head[34] = 16;
	memcpy(head + 36, "data", 4);
	for (unsigned i = 0; i < 4; i++)
		head[40 + i] = (uint8_t)(len >> 8 * i);
	snprintf(path, sizeof(path), "%s/%s.wav", dir, name);
	f = fopen(path, "wb");
	if (!f)
		return;
	(void)!fwrite(head, 1, sizeof(head), f);
	for (uint32_t i = 0; i < count; i++) {
		const int16_t v = (int16_t)lrint(
			8000 * sin(2 * M_PI * hz * i / 8000));

		fputc(v & 255, f);
		fputc(v >> 8 & 255, f);
	}
	fclose(f);
}

#endif
