/*
 * state_pack.h  A struct in few bytes: what is zero is only counted
 *
 * Records hold texts and tables at their longest, of which little is in use.
 * Packed, a leg takes a tenth, and two or more share a page of the state file.
 * Pure.
 *
 * Form: a byte of the kind of record, then pairs of bytes: so many bytes
 * follow as they are, and so many zeros come behind them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_STATE_PACK_H
#define MEDIAD_SESSION_STATE_PACK_H

#include <stddef.h>
#include <stdint.h>

/* The most that a struct of that size becomes. */
#define STATE_PACK_MAX(size) (1 + (size) + 2 * ((size) / 255 + 1))

/* Into STATE_PACK_MAX(size) bytes; how many there are. */
size_t state_pack(uint8_t *buf, uint8_t kind, const void *st, size_t size);
/* EBADMSG: of another kind, or another size. st is changed even then. */
int state_unpack(void *st, size_t size, uint8_t kind, const uint8_t *data,
		 size_t len);

#endif
