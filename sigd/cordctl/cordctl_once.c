/*
 * cordctl_once.c  What a list has told already
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/cordctl/cordctl_once.h"

enum { BUCKETS = 16384 };

struct told {
	struct le le;
	char *id;
};

struct cordctl_once {
	struct hash *ids;
};

static void told_destructor(void *data)
{
	struct told *told = data;

	hash_unlink(&told->le);
	mem_deref(told->id);
}

static void destructor(void *data)
{
	struct cordctl_once *once = data;

	hash_flush(once->ids);
	mem_deref(once->ids);
}

int cordctl_once_alloc(struct cordctl_once **oncep)
{
	struct cordctl_once *once = mem_zalloc(sizeof(*once), destructor);

	if (!once || hash_alloc(&once->ids, BUCKETS)) {
		mem_deref(once);
		return ENOMEM;
	}
	*oncep = once;
	return 0;
}

static bool is_told(struct le *le, void *arg)
{
	const struct told *told = le->data;

	return !strcmp(told->id, arg);
}

int cordctl_once_note(bool *again, struct cordctl_once *once, const char *id)
{
	const uint32_t key = hash_joaat_str(id);
	struct told *told;

	*again = hash_lookup(once->ids, key, is_told, (void *)(uintptr_t)id);
	if (*again)
		return 0;
	told = mem_zalloc(sizeof(*told), told_destructor);
	if (!told || str_dup(&told->id, id)) {
		mem_deref(told);
		return ENOMEM;
	}
	hash_append(once->ids, key, &told->le, told);
	return 0;
}
