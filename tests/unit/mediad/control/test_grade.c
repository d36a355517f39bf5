/*
 * test_grade.c  How good calls were
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/control/ctl_msg.h"
#include "mediad/control/grade.h"
#include "tests/lib/test.h"

static uint64_t count(const struct metric_hist *hist)
{
	uint64_t n = 0;

	for (unsigned i = 0; i <= hist->bounds->n; i++)
		n += hist->count[i];
	return n;
}

static void a_leg_that_was_heard_is_graded(void)
{
	struct ctl_figures figures = {.nlegs = 2};
	struct grades grades = {.mos = {NULL}};

	figures.legs[0].rx_packets = 990;
	figures.legs[0].rx_lost = 10;
	figures.legs[0].rx_mos = 432;
	figures.legs[0].rx_jitter_us = 3000;
	grades_init(&grades);
	grades_add(&grades, &figures);
	CHECK_INT(count(&grades.mos), 1);
	CHECK_INT(grades.mos.sum, 432);
	CHECK_INT(count(&grades.loss), 1);
	CHECK_INT(grades.loss.sum, 10); /* per mille */
	CHECK_INT(grades.jitter.sum, 3000);
	CHECK_INT(count(&grades.rtt), 0); /* not known */
}

TEST_MAIN(TEST(a_leg_that_was_heard_is_graded))
