/*
 * vitals.h  How a process is doing: processor time, memory, descriptors, and
 *           how late its loop is
 *
 * The names of what every process has are those that Prometheus' own
 * libraries give it (process_cpu_seconds_total ...).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_VITALS_H
#define COMMON_VITALS_H

#include <stdint.h>

#include "common/metric.h"

struct vitals;
struct wheel;

enum { VITALS_SAMPLE_MS = 100 };

/* Plain data. */
struct vitals_figures {
	uint64_t cpu_us;            /* of all its threads */
	int64_t memory;             /* bytes, resident */
	int64_t fds_open, fds_max;
	int64_t started;            /* unix s */
	struct metric_hist lag;     /* of a deadline in the loop, ms */
};

extern const struct metric_desc vitals_metrics[];
extern const size_t vitals_nmetrics;

/* Sample the loop into figures (borrowed, outlives it, too) from now on. The
 * caller owns *vitalsp. */
int vitals_alloc(struct vitals **vitalsp, struct wheel *wheel,
		 struct vitals_figures *figures);
/* All else: before they are told. */
void vitals_fill(struct vitals *vitals);

#endif
