/*
 * vitals.c  How a process is doing: processor time, memory, descriptors, and
 *           how late its loop is
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "common/vitals.h"
#include "common/wheel.h"

enum { FDS_COUNTED = 512 };

struct vitals {
	struct wheel *wheel;
	struct wheel_timer timer;
	uint64_t due_ms;
	struct vitals_figures *figures;
};

static const struct metric_bounds micro = {.per_unit = 1000000};
static const struct metric_bounds lag_bounds = {
	1000, 8, {1, 2, 5, 10, 20, 50, 100, 500}};

#define ROW(type, name, help, member, bounds)                          \
	{                                                              \
		type, name, NULL, help,                                \
			offsetof(struct vitals_figures, member), bounds \
	}

const struct metric_desc vitals_metrics[] = {
	ROW(METRIC_COUNTER, "process_cpu_seconds_total",
	    "Processor time, of user and system", cpu_us, &micro),
	ROW(METRIC_GAUGE, "process_resident_memory_bytes", "Resident memory",
	    memory, NULL),
	ROW(METRIC_GAUGE, "process_open_fds", "Open descriptors", fds_open,
	    NULL),
	ROW(METRIC_GAUGE, "process_max_fds", "As many may be open", fds_max,
	    NULL),
	ROW(METRIC_GAUGE, "process_start_time_seconds",
	    "When it began, unix time", started, NULL),
	ROW(METRIC_HIST, "cordboard_loop_lag_seconds",
	    "How late a deadline of the loop was served, ten times a second",
	    lag, &lag_bounds),
};
const size_t vitals_nmetrics =
	sizeof(vitals_metrics) / sizeof(vitals_metrics[0]);

static void destructor(void *data)
{
	struct vitals *vitals = data;

	wheel_stop(&vitals->timer);
}

static void on_time(void *arg);

static void start(struct vitals *vitals)
{
	vitals->due_ms = wheel_now(vitals->wheel) + VITALS_SAMPLE_MS;
	wheel_start(vitals->wheel, &vitals->timer, VITALS_SAMPLE_MS, on_time,
		    vitals);
}

static void on_time(void *arg)
{
	struct vitals *vitals = arg;
	const uint64_t now = wheel_now(vitals->wheel);

	metric_observe(&vitals->figures->lag,
		       now > vitals->due_ms ? now - vitals->due_ms : 0);
	start(vitals);
}

int vitals_alloc(struct vitals **vitalsp, struct wheel *wheel,
		 struct vitals_figures *figures)
{
	struct vitals *vitals = mem_zalloc(sizeof(*vitals), destructor);

	if (!vitals)
		return ENOMEM;

	vitals->wheel = wheel;
	vitals->figures = figures;
	figures->lag.bounds = &lag_bounds;
	figures->started = time(NULL);
	start(vitals);
	*vitalsp = vitals;
	return 0;
}

static int64_t resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%*s %ld", &pages) != 1)
		pages = 0;
	fclose(f);
	return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

/* To count them one by one costs microseconds each, in the kernel. */
static int64_t fds_counted(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int64_t n = -3; /* ".", "..", and that of the folder itself */

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* Room in the table of descriptors: a power of two. */
static int64_t fds_room(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	long n = 0;

	while (f && !n && fgets(line, sizeof(line), f))
		(void)sscanf(line, "FDSize: %ld", &n);
	if (f)
		fclose(f);
	return n;
}

/* Linux tells how many since 6.2; before that, who has many would stand still
 * while they are counted, and tells the size of the table instead. */
static int64_t descriptors(void)
{
	struct stat st;
	int64_t room;

	if (!stat("/proc/self/fd", &st) && st.st_size > 0)
		return st.st_size;
	room = fds_room();
	return room > FDS_COUNTED ? room : fds_counted();
}

void vitals_fill(struct vitals *vitals)
{
	struct vitals_figures *figures = vitals->figures;
	struct timespec cpu;
	struct rlimit limit;

	if (!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu))
		figures->cpu_us = (uint64_t)cpu.tv_sec * 1000000 +
				  (uint64_t)cpu.tv_nsec / 1000;
	figures->memory = resident();
	figures->fds_open = descriptors();
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		figures->fds_max = limit.rlim_cur == RLIM_INFINITY
					   ? -1
					   : (int64_t)limit.rlim_cur;
}
