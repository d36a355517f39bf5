/*
 * bench_reload.c  How long the loop stands still while a large table is loaded
 *                 beside it, taken over, and the old one freed
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/table/routes_fresh.h"
#include "sigd/table/routes_loader.h"
#include "tests/bench/lib/bench.h"

enum {
	RULES = 100000,
	PREFIXES = 1000000,
	IDLE_MS = 2000
};

struct clock {
	double wall_ms, cpu_ms; /* of this thread */
};

struct bed {
	struct wheel *wheel;
	struct wheel_timer tick;
	struct routes_loader *loader;
	struct route_table *table;
	char dir[64], yaml[80], csv[80];
	struct clock last, longest; /* between two ticks */
	double began_us, took_us; /* CPU, all threads */
	unsigned loads;
};

static double now_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static struct clock clock_now(void)
{
	return (struct clock){now_ms(CLOCK_MONOTONIC),
			      now_ms(CLOCK_THREAD_CPUTIME_ID)};
}

/* --- the files ------------------------------------------------------------------ */

static void put_rules(FILE *f)
{
	fputs("numbers: {rates: {csv: rates.csv}}\n"
	      "tenants:\n  t:\n    domains: '*'\n    realm: r\n"
	      "    dialing: {country_code: '49', national_prefix: '0', "
	      "international_prefix: ['00']}\n"
	      "    connections: {c1: {kind: trunk, address: 192.0.2.1}}\n"
	      "    routes:\n",
	      f);
	for (int i = 0; i < RULES; i++)
		fprintf(f,
			i % 2 ? "      - {name: r%d, match: {callee: "
				"'00%d[0-9]{3,9}'}, to: {connection: c1}}\n"
			      : "      - {name: r%d, match: {prefix: "
				"'+%d'}, to: {connection: c1}}\n",
			i, 100000 + i);
}

static void put_prefixes(FILE *f)
{
	fputs("prefix,cost\n", f);
	for (int i = 0; i < PREFIXES; i++)
		fprintf(f, "+%d,0.%02d\n", 1000000 + i, i % 100);
}

static void put(const char *path, void (*write)(FILE *f))
{
	FILE *f = fopen(path, "w");

	if (!f)
		bench_die("%s cannot be written", path);
	write(f);
	fclose(f);
}

/* --- the loop -------------------------------------------------------------------- */

static void on_tick(void *arg)
{
	struct bed *bed = arg;
	const struct clock now = clock_now();
	struct clock *most = &bed->longest;

	most->wall_ms = max(most->wall_ms, now.wall_ms - bed->last.wall_ms);
	most->cpu_ms = max(most->cpu_ms, now.cpu_ms - bed->last.cpu_ms);
	bed->last = now;
	wheel_start(bed->wheel, &bed->tick, 1, on_tick, bed);
}

/* As a worker does: take it, and leave the old one to the loader. */
static void on_loaded(struct routes_fresh *fresh, void *arg)
{
	struct bed *bed = arg;

	if (fresh->err)
		bench_die("the table is not good");
	routes_loader_retire(bed->loader, bed->table);
	bed->table = fresh->table;
	fresh->table = NULL;
	bed->took_us = bench_cpu_us() - bed->began_us;
	++bed->loads;
}

static void on_end(void *arg)
{
	(void)arg;
	loop_stop();
}

static void turn(struct bed *bed, uint32_t ms)
{
	struct wheel_timer end = {.wheel = NULL};

	wheel_start(bed->wheel, &end, ms, on_end, bed);
	(void)loop_run();
	wheel_stop(&end);
}

static void watch(struct bed *bed)
{
	bed->longest = (struct clock){0, 0};
	bed->last = clock_now();
}

/* Until the loads are told and what was before is freed. */
static void load(struct bed *bed, unsigned until)
{
	bed->began_us = bench_cpu_us();
	if (routes_loader_start(bed->loader))
		bench_die("no thread");
	while (bed->loads < until || routes_loader_retired(bed->loader))
		turn(bed, 20);
}

static void print(const struct bed *bed, const char *what, const char *note)
{
	char text[80];

	snprintf(text, sizeof(text), "%s: longest turn, CPU", what);
	BENCH(text, bed->longest.cpu_ms, "ms", 0, NULL);
	snprintf(text, sizeof(text), "%s: longest stop, wall time", what);
	BENCH(text, bed->longest.wall_ms, "ms", 0, note);
}

static void open_bed(struct bed *bed)
{
	char dir[] = "/tmp/bench-reload-XXXXXX";

	memset(bed, 0, sizeof(*bed));
	if (!mkdtemp(dir) || loop_init(1024) ||
	    wheel_alloc(&bed->wheel, loop_now_ms()))
		bench_die("no loop, or no folder");
	snprintf(bed->dir, sizeof(bed->dir), "%s", dir);
	snprintf(bed->yaml, sizeof(bed->yaml), "%s/routing.yaml", dir);
	snprintf(bed->csv, sizeof(bed->csv), "%s/rates.csv", dir);
	put(bed->yaml, put_rules);
	put(bed->csv, put_prefixes);
	loop_drive(bed->wheel);
	if (routes_loader_alloc(&bed->loader, bed->wheel, bed->yaml, on_loaded,
				bed))
		bench_die("no memory");
	wheel_start(bed->wheel, &bed->tick, 1, on_tick, bed);
}

static void close_bed(struct bed *bed)
{
	wheel_stop(&bed->tick);
	mem_deref(bed->loader);
	mem_deref(bed->table);
	loop_drive(NULL);
	mem_deref(bed->wheel);
	loop_close();
	(void)unlink(bed->yaml);
	(void)unlink(bed->csv);
	(void)rmdir(bed->dir);
}

int main(void)
{
	struct bed bed;

	bench_title("A loop that ticks each millisecond, while 100,000 rules "
		    "and 1,000,000 prefixes are\nloaded beside it; then once "
		    "more, and those of before are freed.\n");
	open_bed(&bed);
	watch(&bed);
	turn(&bed, IDLE_MS);
	print(&bed, "idle", "the machine's own");
	load(&bed, 1);
	watch(&bed);
	load(&bed, 2);
	print(&bed, "reload", "old and new table are in memory");
	BENCH("a reload, CPU", bed.took_us / 1e6, "s", 5,
	      "with the search for rules of no use");
	close_bed(&bed);
	return 0;
}
