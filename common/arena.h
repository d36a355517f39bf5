/*
 * arena.h  Memory of one owner that is freed at once
 *
 * For results with many small parts (a configuration, a routing table):
 * nothing is freed alone. All of it is wiped when it goes, because secrets
 * may be in it. One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

#include <stddef.h>

struct arena;

/* The caller owns *arenap; mem_deref() frees everything taken from it. */
int arena_alloc(struct arena **arenap);

/* Zeroed, aligned for any type; NULL when memory is out. size may be 0. */
void *arena_get(struct arena *arena, size_t size);

/* A 0-terminated copy of len bytes; NULL when memory is out. */
char *arena_copy(struct arena *arena, const char *text, size_t len);

/* Bytes taken from the system. */
size_t arena_size(const struct arena *arena);

#endif
