/*
 * utf.c  Is it UTF-8 (RFC 3629)?
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/transport/utf.h"

/* Leads of RFC 3629 section 4, with the range of the first byte behind: the
 * others are 80..BF. */
struct lead {
	uint8_t from, to;
	uint8_t low, high;
	uint8_t tail;
};

static const struct lead leads[] = {
	{0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2},
	{0xe1, 0xec, 0x80, 0xbf, 2}, {0xed, 0xed, 0x80, 0x9f, 2},
	{0xee, 0xef, 0x80, 0xbf, 2}, {0xf0, 0xf0, 0x90, 0xbf, 3},
	{0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
};

/* Bytes of the sequence at p, 0 when it is none. */
static size_t sequence(const uint8_t *p, size_t left)
{
	const struct lead *lead = NULL;

	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		if (p[0] >= leads[i].from && p[0] <= leads[i].to)
			lead = &leads[i];
	}
	if (!lead || left < 1u + lead->tail || p[1] < lead->low ||
	    p[1] > lead->high)
		return 0;

	for (size_t i = 2; i <= lead->tail; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return 1u + lead->tail;
}

bool utf_valid(const uint8_t *data, size_t len)
{
	const uint64_t high = 0x8080808080808080ull;
	size_t i = 0, n;
	uint64_t word;

	while (i < len) {
		/* SIP is ASCII nearly throughout: eight bytes at once */
		while (len - i >= sizeof(word)) {
			memcpy(&word, data + i, sizeof(word));
			if (word & high)
				break;
			i += sizeof(word);
		}
		if (i == len)
			break;
		n = data[i] < 0x80 ? 1 : sequence(data + i, len - i);
		if (!n)
			return false;
		i += n;
	}
	return true;
}
