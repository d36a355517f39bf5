/*
 * intern.h  Each of many things once: the same bytes have the same number
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_NUMBER_INTERN_H
#define ROUTING_NUMBER_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern;

enum {
	INTERN_BYTES_MAX = 1 << 30 /* of all of them; more is E2BIG */
};

/* mem_deref() frees. */
int intern_alloc(struct intern **poolp);

/* The number of these bytes; they are copied when they are new. */
int intern_add(struct intern *pool, const void *bytes, size_t len,
	       uint32_t *id);

/* Nothing is added any more: what only that needs is freed. */
void intern_seal(struct intern *pool);

/* The bytes of a number that intern_add() gave, with a 0 byte behind, aligned
 * for uint32_t. Borrowed until the next intern_add(). */
const void *intern_get(const struct intern *pool, uint32_t id);

/* Bytes that it takes. */
size_t intern_bytes(const struct intern *pool);

#endif
