/*
 * cfg_nearest.c  What somebody may have meant: the name next to a wrong one
 *
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <string.h>
#include <re.h>

#include "common/cfg_tree.h"

enum {
	NAME_MAX_LEN = 48
};

static int lower(char c)
{
	return tolower((unsigned char)c);
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	return min(min(a, b), c);
}

/*
 * Optimal string alignment: Levenshtein's distance in which two letters that
 * changed places count once (Damerau, 1964). Case does not count.
 */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[3][NAME_MAX_LEN + 1];
	size_t la = strlen(a), lb = strlen(b);

	for (size_t k = 0; k <= lb; k++)
		row[0][k] = (unsigned)k;
	for (size_t i = 1; i <= la; i++) {
		unsigned *now = row[i % 3], *before = row[(i + 2) % 3];
		const unsigned *twice = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t k = 1; k <= lb; k++) {
			unsigned cost = lower(a[i - 1]) != lower(b[k - 1]);

			now[k] = least(before[k] + 1, now[k - 1] + 1,
				       before[k - 1] + cost);
			if (i > 1 && k > 1 &&
			    lower(a[i - 1]) == lower(b[k - 2]) &&
			    lower(a[i - 2]) == lower(b[k - 1]))
				now[k] = min(now[k], twice[k - 2] + 1);
		}
	}
	return row[la % 3][lb];
}

const char *cfg_nearest(const char *name, const char *const *names,
			size_t count)
{
	const char *best = NULL;
	size_t len = strlen(name);
	/* one slip in three letters */
	unsigned limit = (unsigned)(len + 2) / 3;

	if (!len || len > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t other = strlen(names[i]);
		unsigned d;

		if (other > NAME_MAX_LEN || other > len + limit ||
		    len > other + limit)
			continue;
		d = distance(name, names[i]);
		if (d > limit)
			continue;
		best = names[i];
		if (!d)
			break;
		limit = d - 1;
	}
	return best;
}
