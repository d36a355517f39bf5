/*
 * pairs.h  A state as text in Redis: "key=value" with a space between, values
 *          percent-encoded (redis_key_part())
 *
 * Pure. Each fails with EBADMSG: absent, or not what it should be.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_PAIRS_H
#define COMMON_PAIRS_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

/* The value of the key, decoded and 0-terminated. */
int pairs_text(char *out, size_t size, const struct pl *text,
	       const char *key);
int pairs_num(uint64_t *num, const struct pl *text, const char *key,
	      uint64_t max);
/* Which of n names it is. */
int pairs_name(unsigned *nr, const struct pl *text, const char *key,
	       const char *const *names, unsigned n);

/* The same for who wants many of them: the text is read once. It has to stay;
 * of a longer text those behind PAIRS_MAX are not there. */
enum { PAIRS_MAX = 128 };

struct pairs {
	size_t n;
	struct {
		struct pl key, value;
	} list[PAIRS_MAX];
};

void pairs_split(struct pairs *pairs, const struct pl *text);
int pairs_get(char *out, size_t size, const struct pairs *pairs,
	      const char *key);

#endif
