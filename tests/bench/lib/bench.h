/*
 * bench.h  What the benchmarks share: clocks, memory, and how a figure looks
 *
 * A figure is CPU time or memory, never wall time. It is printed with its aim
 * where one is set; nothing is a gate.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_BENCH_H
#define TESTS_BENCH_LIB_BENCH_H

#include <sys/types.h>

/* Of this process, all threads: microseconds of CPU. */
double bench_cpu_us(void);
/* Of another process, without its children. 0: it is gone. */
double bench_cpu_of(pid_t pid);

/* Proportional set size; what the kernel holds for its sockets is not in it.
 * -1: not to be read. */
long bench_pss_kb(pid_t pid);

/* From here on this process and its children go before others on the machine,
 * as far as that is allowed: who builds meanwhile is no part of the figures. */
void bench_first(void);

/* What the figures below mean. Lines of text, each ending with \n. */
void bench_title(const char *text);

struct bench_figure {
	const char *what;
	double value;
	const char *unit;
	double aim;       /* at most; 0: none is set */
	const char *note; /* what it is beside: a peer, a limit; or NULL */
};

void bench_print(const struct bench_figure *figure);

#define BENCH(...) bench_print(&(const struct bench_figure){__VA_ARGS__})

/* Prints what is not as it should be, and ends the program. */
_Noreturn void bench_die(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

#endif
