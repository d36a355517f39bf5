/*
 * state_pack.c  A struct in few bytes: what is zero is only counted
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "mediad/session/state_pack.h"

enum {
	RUN_MAX = 255,
	PAIR = 2 /* a shorter run of zeros costs as much as it saves */
};

static size_t zeros(const uint8_t *p, size_t max)
{
	size_t n = 0;
	uint64_t word;

	for (; n + sizeof(word) <= max; n += sizeof(word)) {
		memcpy(&word, p + n, sizeof(word));
		if (word)
			break;
	}
	while (n < max && !p[n])
		n++;
	return n;
}

/* Up to more than two zeros in a row, or the end. */
static size_t others(const uint8_t *p, size_t max)
{
	size_t n = 0, none = 0;

	while (n < max && none <= PAIR)
		none = p[n++] ? 0 : none + 1;
	return n - none;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t state_pack(uint8_t *buf, uint8_t kind, const void *st, size_t size)
{
	const uint8_t *p = st, *end = p + size;
	uint8_t *to = buf;

	*to++ = kind;
	while (p < end) {
		size_t n = others(p, least((size_t)(end - p), RUN_MAX));
		size_t none =
			zeros(p + n, least((size_t)(end - p) - n, RUN_MAX));

		*to++ = (uint8_t)n;
		*to++ = (uint8_t)none;
		memcpy(to, p, n);
		to += n;
		p += n + none;
	}
	return (size_t)(to - buf);
}

int state_unpack(void *st, size_t size, uint8_t kind, const uint8_t *data,
		 size_t len)
{
	uint8_t *to = st;
	size_t at = 1, room = size;

	memset(st, 0, size);
	if (!len || data[0] != kind)
		return EBADMSG;
	while (len - at >= PAIR) {
		size_t n = data[at], none = data[at + 1];

		at += PAIR;
		if (n > len - at || n + none > room || !(n + none))
			return EBADMSG;
		memcpy(to, data + at, n);
		to += n + none;
		at += n;
		room -= n + none;
	}
	return room || at != len ? EBADMSG : 0;
}
