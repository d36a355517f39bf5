/*
 * bench.c  What the benchmarks share: clocks, memory, and how a figure looks
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/lib/bench.h"

static double read_clock(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		return 0;
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

double bench_cpu_us(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

double bench_cpu_of(pid_t pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) ? 0 : read_clock(clock);
}

long bench_pss_kb(pid_t pid)
{
	char path[64], line[200];
	long kb = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Pss: %ld", &kb) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kb;
}

void bench_title(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

void bench_print(const struct bench_figure *figure)
{
	char aim[32] = "";

	if (figure->aim > 0)
		snprintf(aim, sizeof(aim), "aim <= %g: %s", figure->aim,
			 figure->value <= figure->aim ? "met" : "missed");
	printf("  %-46s %9.2f %-5s  %-20s%s%s\n", figure->what, figure->value,
	       figure->unit, aim, figure->note ? "  " : "",
	       figure->note ? figure->note : "");
	fflush(stdout);
}

void bench_die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("FAILED: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void bench_first(void)
{
	FILE *f;
	bool ok;

	/* nice() weighs within a session, autogroup the sessions (sched(7)) */
	(void)setsid();
	f = fopen("/proc/self/autogroup", "w");
	ok = !setpriority(PRIO_PROCESS, 0, -15) &&
	     (!f || fputs("-15", f) >= 0);
	if (f && fclose(f))
		ok = false;
	if (!ok)
		puts("(not root: this runs beside others, not before them)");
}
