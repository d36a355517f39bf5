/*
 * rtt_sum.h  What the rows of many minutes come to
 *
 * A row tells the least, the most and the mean of its minute (rtt_fold.h): one
 * round trip was the least, one the most, and the others are taken to have been
 * what is left of the mean. So the percentile is near the truth where minutes
 * are even, and exact where each has two at most, as those of probes. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_JOURNAL_RTT_SUM_H
#define SIGD_JOURNAL_RTT_SUM_H

#include "sigd/journal/rtt_fold.h"

/* Plain data. */
struct rtt_sum {
	uint32_t min_us, mean_us, p95_us, max_us;
	uint64_t count; /* 0: there were none */
};

/* Of those rows that are of this kind and since that minute. ENOMEM. */
int rtt_sum_of(struct rtt_sum *sum, const struct rtt_row *rows, size_t n,
	       enum rtt_kind kind, uint32_t since);

#endif
