/*
 * rest_calls_walk.c  The calls that there are, by their names, in steps
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/admin/rest_calls_walk.h"

enum {
	SHARDS = 16,	   /* call_record.h */
	SHARD_MAX = 10000, /* names of one */
};

static bool was_told(const struct rest_calls_walk *walk, const char *call)
{
	for (size_t i = 0; i < walk->nlast; i++) {
		if (!strcmp(walk->last[i], call))
			return true;
	}
	return false;
}

static void step_tell(struct rest_calls_walk *walk, const struct redis_val *set,
		      rest_calls_found_h *foundh, void *arg)
{
	char last[REST_CALLS_SLIP][ID_LEN + 1], call[ID_LEN + 1];
	size_t nlast = 0;

	for (size_t i = 0; i < set->len; i++) {
		if (!rest_call_named(call, &set->el[i], walk->tenant))
			continue;
		if (i >= REST_CALLS_SLIP || !was_told(walk, call))
			foundh(call, arg);
		if (i + REST_CALLS_SLIP >= set->len)
			str_ncpy(last[nlast++], call, sizeof(last[0]));
	}
	memcpy(walk->last, last, nlast * sizeof(last[0]));
	walk->nlast = nlast;
}

bool rest_calls_walk_step(struct rest_calls_walk *walk, struct admin *admin,
			  struct admin_resp *resp, rest_calls_found_h *foundh,
			  void *arg)
{
	const struct redis_val *set;
	char key[REST_KEY_MAX], from[16], to[16];

	re_snprintf(key, sizeof(key), "cb:{c:%x}:calls", walk->shard);
	re_snprintf(from, sizeof(from), "%u", walk->at);
	re_snprintf(to, sizeof(to), "%u", walk->at + REST_CALLS_STEP - 1);
	if (!rest_ask(&set, admin, resp, "ZRANGE", key, from, to, NULL))
		return false;
	if (set->type == REDIS_ARRAY)
		step_tell(walk, set, foundh, arg);
	walk->at += REST_CALLS_STEP - REST_CALLS_SLIP;
	if (set->type == REDIS_ARRAY && set->len == REST_CALLS_STEP &&
	    walk->at < SHARD_MAX)
		return true;
	++walk->shard;
	walk->at = 0;
	walk->nlast = 0;
	return true;
}

void rest_calls_walk_back(struct rest_calls_walk *walk, size_t n)
{
	walk->at -= n < walk->at ? (unsigned)n : walk->at;
	walk->nlast = 0;
}

bool rest_calls_walk_ended(const struct rest_calls_walk *walk)
{
	return walk->shard == SHARDS;
}
