/*
 * grade.h  How good calls were: what came of each side, as histograms
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CONTROL_GRADE_H
#define MEDIAD_CONTROL_GRADE_H

#include "common/metric.h"

struct ctl_figures;

/* Plain data; zeroed, then grades_init(). */
struct grades {
	struct metric_hist mos;    /* times 100 */
	struct metric_hist loss;   /* per mille */
	struct metric_hist jitter; /* microseconds */
	struct metric_hist rtt;    /* microseconds */
};

extern const struct metric_bounds grade_mos_bounds, grade_loss_bounds,
	grade_jitter_bounds, grade_rtt_bounds;

void grades_init(struct grades *grades);
/* Each leg that was heard; what is not known of it is not counted. */
void grades_add(struct grades *grades, const struct ctl_figures *figures);

#endif
