/*
 * metric_priv.h  What a set of figures is to who prints it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_METRIC_PRIV_H
#define COMMON_METRIC_PRIV_H

#include "common/metric.h"

/* A row of a table and where its figure lies. */
struct metric_figure {
	const struct metric_desc *desc;
	void *data;
};

/* In the order in which they were added; how many. */
size_t metric_figures(const struct metric_set *set,
		      const struct metric_figure **figures);

#endif
