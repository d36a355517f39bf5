/*
 * id.c  Ids of calls and sessions: 64 random bits as 16 hex digits
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/id.h"

/* A request of up to 256 bytes is never answered in part (getrandom(2)), but
 * a signal may come before the first byte of a machine that just started. */
static uint64_t random_bits(void)
{
	uint64_t bits;

	while (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits)) {
		if (errno != EINTR)
			abort();
	}
	return bits;
}

void id_make(char out[ID_LEN + 1])
{
	uint64_t bits = random_bits();

	for (int i = 0; i < ID_LEN; i++, bits >>= 4)
		out[i] = "0123456789abcdef"[bits & 15];
	out[ID_LEN] = '\0';
}

bool id_valid(const char *text, size_t len)
{
	if (!text || len != ID_LEN)
		return false;

	for (size_t i = 0; i < len; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (!digit && (text[i] < 'a' || text[i] > 'f'))
			return false;
	}
	return true;
}
