/*
 * redis_figures.c  What a link to Redis has done, for people
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include "common/redis_figures.h"

static const struct metric_bounds bounds = {
	1000000, 12,
	{100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 500000,
	 2000000}};

#define ROW(type, name, labels, help, member, bounds)                 \
	{                                                             \
		type, "cordboard_redis_" name, labels, help,          \
			offsetof(struct redis_figures, member), bounds \
	}
#define FAILED_HELP "Commands that came to nothing"

const struct metric_desc redis_metrics[] = {
	ROW(METRIC_GAUGE, "connected", NULL,
	    "1: the connection for commands is up", up, NULL),
	ROW(METRIC_COUNTER, "disconnects_total", NULL,
	    "Times that it was lost", lost, NULL),
	ROW(METRIC_COUNTER, "errors_total", "reason=\"refused\"", FAILED_HELP,
	    refused, NULL),
	ROW(METRIC_COUNTER, "errors_total", "reason=\"timeout\"", FAILED_HELP,
	    timeouts, NULL),
	ROW(METRIC_COUNTER, "errors_total", "reason=\"lost\"", FAILED_HELP,
	    unanswered, NULL),
	ROW(METRIC_HIST, "round_trip_seconds", NULL,
	    "From a command to its answer", round_trip, &bounds),
};
const size_t redis_nmetrics = sizeof(redis_metrics) / sizeof(redis_metrics[0]);

void redis_figures_init(struct redis_figures *figures)
{
	figures->round_trip.bounds = &bounds;
}

uint64_t redis_figures_now_us(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void redis_figures_answer(struct redis_figures *figures, uint64_t sent_us,
			  bool error)
{
	const uint64_t now = redis_figures_now_us();

	figures->refused += error;
	metric_observe(&figures->round_trip, now > sent_us ? now - sent_us : 0);
}

void redis_figures_failed(struct redis_figures *figures, int err)
{
	if (err == ETIMEDOUT)
		++figures->timeouts;
	else
		++figures->unanswered;
}
