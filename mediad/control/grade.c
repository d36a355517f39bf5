/*
 * grade.c  How good calls were: what came of each side, as histograms
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/control/ctl_msg.h"
#include "mediad/control/grade.h"

const struct metric_bounds grade_mos_bounds = {
	100, 10, {150, 200, 250, 300, 325, 350, 375, 400, 420, 440}};
const struct metric_bounds grade_loss_bounds = {
	1000, 8, {0, 1, 5, 10, 20, 50, 100, 200}};
const struct metric_bounds grade_jitter_bounds = {
	1000000, 8, {1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000}};
const struct metric_bounds grade_rtt_bounds = {
	1000000, 8,
	{10000, 20000, 50000, 100000, 200000, 300000, 500000, 1000000}};

void grades_init(struct grades *grades)
{
	grades->mos.bounds = &grade_mos_bounds;
	grades->loss.bounds = &grade_loss_bounds;
	grades->jitter.bounds = &grade_jitter_bounds;
	grades->rtt.bounds = &grade_rtt_bounds;
}

static void leg_add(struct grades *grades, const struct ctl_leg_figures *leg)
{
	if (!leg->rx_packets)
		return;
	if (leg->rx_mos)
		metric_observe(&grades->mos, leg->rx_mos);
	metric_observe(&grades->loss, leg->rx_lost * 1000 /
					      (leg->rx_lost + leg->rx_packets));
	metric_observe(&grades->jitter, leg->rx_jitter_us);
	if (leg->rtt_us)
		metric_observe(&grades->rtt, leg->rtt_us);
}

void grades_add(struct grades *grades, const struct ctl_figures *figures)
{
	for (unsigned i = 0; i < figures->nlegs; i++)
		leg_add(grades, &figures->legs[i]);
}
