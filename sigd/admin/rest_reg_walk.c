/*
 * rest_reg_walk.c  Registrations of a tenant, a page at a time: the walk
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

#include "common/countof.h"
#include "sigd/admin/rest_registrations.h"

enum {
	STEP = 500,      /* keys that SCAN looks at: 0.4 ms */
	KEYS_MAX = 4000, /* of a step: COUNT is but a hint */
};

uint64_t rest_reg_hash(const char *text, size_t len)
{
	uint8_t sum[EVP_MAX_MD_SIZE] = {0};
	uint64_t hash = 0;

	(void)EVP_Digest(text, len, sum, NULL, EVP_sha1(), NULL);
	memcpy(&hash, sum, sizeof(hash));
	return hash ? hash : 1;
}

bool rest_reg_walk_begin(struct rest_reg_walk *walk, const char *tenant,
			 const char *cursor)
{
	uint64_t nums[4] = {0, 0, 0, 0};
	struct pl t;

	if (cursor && !rest_cursor_read(nums, COUNTOF(nums), cursor)) {
		rest_list_no_cursor(walk->resp);
		return false;
	}
	walk->from = nums[0];
	walk->to = nums[1];
	walk->key = nums[2];
	walk->device = nums[3];
	walk->again = walk->key != 0;
	pl_set_str(&t, tenant);
	if (re_snprintf(walk->pattern, sizeof(walk->pattern),
			"cb:{a:%H/*}:bind", redis_key_part, &t) < 0) {
		admin_resp_field(walk->resp, 400, "tenant",
				 "The name is too long.");
		return false;
	}
	walk->keys = mem_alloc(KEYS_MAX * sizeof(*walk->keys), NULL);
	if (!walk->keys)
		admin_resp_problem(walk->resp, 503, "Out of memory.");
	return walk->keys != NULL;
}

static int by_at(const void *pa, const void *pb)
{
	const struct rest_reg_key *a = pa, *b = pb;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return strcmp(a->text, b->text);
}

/* In order, each once: SCAN may say one twice. */
static void keys_take(struct rest_reg_walk *walk, const struct redis_val *list)
{
	size_t n = 0;

	walk->n = 0;
	for (size_t i = 0; i < list->len && n < KEYS_MAX; i++) {
		const struct redis_val *val = &list->el[i];

		if (val->type != REDIS_STR || val->len >= BINDING_KEY_MAX)
			continue;
		walk->keys[n].at = rest_reg_hash(val->str, val->len);
		str_ncpy(walk->keys[n++].text, val->str, BINDING_KEY_MAX);
	}
	if (n)
		qsort(walk->keys, n, sizeof(walk->keys[0]), by_at);
	for (size_t i = 0; i < n; i++) {
		const struct rest_reg_key *last =
			walk->n ? &walk->keys[walk->n - 1] : NULL;

		if (walk->keys[i].at < walk->key ||
		    (last && !strcmp(last->text, walk->keys[i].text)))
			continue;
		if (walk->n != i)
			walk->keys[walk->n] = walk->keys[i];
		++walk->n;
	}
}

bool rest_reg_walk_step(struct rest_reg_walk *walk)
{
	const struct redis_val *val;
	char from[24], count[16];
	uint64_t to;

	re_snprintf(from, sizeof(from), "%llu", walk->from);
	re_snprintf(count, sizeof(count), "%u", STEP);
	if (!rest_ask(&val, walk->admin, walk->resp, "SCAN", from, "MATCH",
		      walk->pattern, "COUNT", count, NULL))
		return false;
	if (val->type != REDIS_ARRAY || val->len != 2 ||
	    val->el[0].type != REDIS_STR || val->el[1].type != REDIS_ARRAY ||
	    !rest_cursor_read(&to, 1, val->el[0].str)) {
		admin_resp_problem(walk->resp, 503, "Redis gave no list.");
		return false;
	}
	/* The same end is the same part of the table, whatever its size: from
	 * bit to bit, the highest changing first. */
	if (walk->again && to != walk->to)
		walk->key = walk->device = 0;
	walk->to = to;
	walk->end = to == 0;
	keys_take(walk, &val->el[1]);
	return true;
}

bool rest_reg_walk_next(struct rest_reg_walk *walk)
{
	if (walk->end)
		return false;
	walk->from = walk->to;
	walk->key = walk->device = 0;
	walk->again = false;
	return true;
}
