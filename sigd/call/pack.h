/*
 * pack.h  The plain bytes of our tokens: written and read with bounds
 *
 * An error stays: check it once, at the end.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_PACK_H
#define SIGD_CALL_PACK_H

#include <stddef.h>
#include <stdint.h>

struct pack {
	uint8_t *p;
	size_t size, pos;
	int err; /* EMSGSIZE, EINVAL */
};

void pack_u8(struct pack *out, uint8_t v);
void pack_u32(struct pack *out, uint32_t v);
/* An id of 16 hex digits, as 8 bytes. */
void pack_id(struct pack *out, const char *id);
/* Length in one byte (at most 255), then the bytes. */
void pack_bytes(struct pack *out, const void *data, size_t len);
/* Bytes that still fit. */
size_t pack_left(const struct pack *out);

struct unpack {
	const uint8_t *p;
	size_t len, pos;
	int err; /* EBADMSG */
};

uint8_t unpack_u8(struct unpack *in);
uint32_t unpack_u32(struct unpack *in);
void unpack_id(struct unpack *in, char id[17]);
/* Returns the length; more than size is an error. */
size_t unpack_bytes(struct unpack *in, void *data, size_t size);
/* 0-terminated; a longer one, or a 0 inside, is an error. */
void unpack_str(struct unpack *in, char *str, size_t size);

#endif
