/*
 * rtt_sum.c  What the rows of many minutes come to
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <re.h>

#include "sigd/journal/rtt_sum.h"

enum { POINTS = 3 }; /* of a row */

/* So many of them took so long. */
struct point {
	uint32_t us, count;
};

static size_t points_of(struct point *points, const struct rtt_row *row)
{
	const uint64_t all = (uint64_t)row->mean_us * row->count;
	const uint64_t ends = (uint64_t)row->min_us + row->max_us;
	const uint32_t rest = row->count > 2 ? row->count - 2 : 0;

	if (row->count == 1) {
		points[0] = (struct point){row->mean_us, 1};
		return 1;
	}
	points[0] = (struct point){row->min_us, 1};
	points[1] = (struct point){row->max_us, 1};
	if (rest)
		points[2] = (struct point){
			/* what was cut off when it was written is not left */
			(uint32_t)(all > ends ? (all - ends) / rest
					      : row->min_us),
			rest};
	return rest ? 3 : 2;
}

static int by_time(const void *pa, const void *pb)
{
	const struct point *a = pa, *b = pb;

	return a->us < b->us ? -1 : a->us > b->us;
}

static uint32_t percentile(struct point *points, size_t n, uint64_t count)
{
	const uint64_t nth = (count * 95 + 99) / 100;
	uint64_t seen = 0;

	qsort(points, n, sizeof(*points), by_time);
	for (size_t i = 0; i < n; i++) {
		seen += points[i].count;
		if (seen >= nth)
			return points[i].us;
	}
	return 0;
}

int rtt_sum_of(struct rtt_sum *sum, const struct rtt_row *rows, size_t n,
	       enum rtt_kind kind, uint32_t since)
{
	struct point *points;
	uint64_t all = 0;
	size_t np = 0;

	*sum = (struct rtt_sum){.min_us = UINT32_MAX};
	points = mem_alloc((n + 1) * POINTS * sizeof(*points), NULL);
	if (!points)
		return ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct rtt_row *row = &rows[i];

		if (row->kind != kind || row->minute < since || !row->count)
			continue;
		sum->min_us = min(sum->min_us, row->min_us);
		sum->max_us = max(sum->max_us, row->max_us);
		sum->count += row->count;
		all += (uint64_t)row->mean_us * row->count;
		np += points_of(points + np, row);
	}
	if (sum->count) {
		sum->mean_us = (uint32_t)(all / sum->count);
		sum->p95_us = percentile(points, np, sum->count);
	} else {
		sum->min_us = 0;
	}
	mem_deref(points);
	return 0;
}
