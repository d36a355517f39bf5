/*
 * arena.c  Memory of one owner that is freed at once
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"

enum {
	BLOCK_MIN = 2048,
	BLOCK_MAX = 256 * 1024
};

struct block {
	struct block *next;
	size_t size, used;
	_Alignas(max_align_t) uint8_t data[];
};

struct arena {
	struct block *blocks; /* the first is the one in use */
	size_t size;
};

static void destructor(void *arg)
{
	struct arena *arena = arg;

	while (arena->blocks) {
		struct block *block = arena->blocks;

		arena->blocks = block->next;
		explicit_bzero(block->data, block->used);
		mem_deref(block);
	}
}

int arena_alloc(struct arena **arenap)
{
	struct arena *arena = mem_zalloc(sizeof(*arena), destructor);

	if (!arena)
		return ENOMEM;
	*arenap = arena;
	return 0;
}

/* Blocks double, so that a large result has few of them. */
static struct block *add_block(struct arena *arena, size_t least)
{
	size_t size = arena->blocks ? 2 * arena->blocks->size : BLOCK_MIN;
	struct block *block;

	size = max(min(size, (size_t)BLOCK_MAX), least);
	block = mem_alloc(sizeof(*block) + size, NULL);
	if (!block)
		return NULL;

	block->size = size;
	block->used = 0;
	block->next = arena->blocks;
	arena->size += sizeof(*block) + size;
	return arena->blocks = block;
}

void *arena_get(struct arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct block *block = arena->blocks;
	void *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + align - 1) / align * align;
	if (!block || block->size - block->used < size)
		block = add_block(arena, size);
	if (!block)
		return NULL;

	p = block->data + block->used;
	block->used += size;
	return memset(p, 0, size);
}

char *arena_copy(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_get(arena, len + 1);

	if (copy && len)
		memcpy(copy, text, len);
	return copy;
}

size_t arena_size(const struct arena *arena)
{
	return arena ? arena->size : 0;
}
