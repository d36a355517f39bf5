/*
 * redis_figures.h  What a link to Redis has done, for people
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_REDIS_FIGURES_H
#define COMMON_REDIS_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/metric.h"

struct redis_link;

/* Plain data. */
struct redis_figures {
	int64_t up;
	uint64_t lost;    /* times that it was, while it was up */
	uint64_t refused; /* commands that the server answered with an error */
	uint64_t timeouts, unanswered; /* commands: too late, or lost */
	struct metric_hist round_trip; /* microseconds */
};

extern const struct metric_desc redis_metrics[];
extern const size_t redis_nmetrics;

/* Of a link; valid while it lives. */
const struct redis_figures *redis_link_figures(struct redis_link *link);

/* --- for redis_link.c -------------------------------------------------------- */

void redis_figures_init(struct redis_figures *figures);
/* Monotonic. */
uint64_t redis_figures_now_us(void);
void redis_figures_answer(struct redis_figures *figures, uint64_t sent_us,
			  bool error);
void redis_figures_failed(struct redis_figures *figures, int err);

#endif
