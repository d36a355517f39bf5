/*
 * cordctl_bench.c  cordctl route bench: what a decision costs
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <time.h>
#include <re.h>

#include "routing/route_check.h"
#include "sigd/cordctl/cordctl.h"

enum {
	SAMPLES = 200000,
	ENOUGH_NS = 1000000000, /* of deciding */
};

struct bench {
	struct route_table *table;
	struct route_plan plan;
	uint32_t *ns; /* of each decision */
	unsigned n, questions;
	uint64_t spent_ns, load_ns, bytes;
	uint32_t rules;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t heap(void)
{
	const struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void destructor(void *arg)
{
	struct bench *bench = arg;

	mem_deref(bench->table);
	mem_deref(bench->ns);
}

static int on_call(const struct route_ask *ask, unsigned nr, const char *what,
		   void *arg)
{
	struct bench *bench = arg;
	struct route_query query;
	uint64_t began, took;
	int err = route_ask_query(&query, ask, bench->table, NULL, NULL);
	(void)nr;
	(void)what;

	if (err || bench->n >= SAMPLES || bench->spent_ns >= ENOUGH_NS)
		return err == ENOMEM ? err : 0;
	began = now_ns();
	(void)route_decide(bench->table, &query, &bench->plan);
	took = now_ns() - began;
	bench->spent_ns += took;
	bench->ns[bench->n++] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
	return 0;
}

static int of_options(struct bench *bench, const struct cordctl_opts *opts)
{
	struct route_ask_cfg *ask = NULL;
	struct cfg_errors *errs = NULL;
	int err = cfg_errors_alloc(&errs);

	err = err ? err
		  : route_ask_parse(&ask, "question", (char *)opts->ask->buf,
				    opts->ask->end, errs);
	cordctl_say(errs);
	while (!err && bench->n < SAMPLES && bench->spent_ns < ENOUGH_NS) {
		unsigned before = bench->n;

		err = on_call(&ask->ask, 0, NULL, bench);
		if (bench->n == before)
			break;
	}
	mem_deref(ask);
	mem_deref(errs);
	return err;
}

/* The same questions again, until there are enough figures. */
static int ask_all(struct bench *bench, const struct cordctl_opts *opts)
{
	int err = 0;

	if (opts->ask->end)
		return of_options(bench, opts);
	while (!err && bench->n < SAMPLES && bench->spent_ns < ENOUGH_NS) {
		unsigned before = bench->n;

		err = opts->nfiles == 2 ? cordctl_calls(opts->files[1],
							on_call, bench)
					: cordctl_tests(bench->table, on_call,
							bench);
		if (!bench->questions)
			bench->questions = bench->n;
		if (bench->n == before)
			break;
	}
	return err;
}

static int by_value(const void *pa, const void *pb)
{
	const uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return a < b ? -1 : a > b;
}

static double at_us(const struct bench *bench, double share)
{
	return bench->ns[(size_t)(share * (bench->n - 1))] / 1000.0;
}

static void print(struct bench *bench, bool json)
{
	const double mean = (double)bench->spent_ns / bench->n / 1000.0;
	const double load = (double)bench->load_ns / 1e9;

	qsort(bench->ns, bench->n, sizeof(*bench->ns), by_value);
	if (json)
		(void)re_printf("{\"decisions\":%u,\"mean_us\":%.2f,"
				"\"median_us\":%.2f,\"p99_us\":%.2f,"
				"\"max_us\":%.2f,\"load_s\":%.3f,\"rules\":%u,"
				"\"bytes\":%llu}\n",
				bench->n, mean, at_us(bench, 0.5),
				at_us(bench, 0.99), at_us(bench, 1), load,
				bench->rules, bench->bytes);
	else
		(void)re_printf("%u decisions: %.2f us each, median %.2f, 99 %% "
				"below %.2f, longest %.2f\n"
				"%u routes loaded in %.3f s, %llu KiB\n",
				bench->n, mean, at_us(bench, 0.5),
				at_us(bench, 0.99), at_us(bench, 1),
				bench->rules, load, bench->bytes / 1024);
}

static int load(struct bench *bench, const char *path)
{
	const struct route_tenant *tenant;
	uint64_t began = now_ns(), before = heap();
	int code;

	bench->table = cordctl_load(path, &code);
	bench->load_ns = now_ns() - began;
	bench->bytes = heap() - before;
	for (size_t i = 0; (tenant = route_tenant_at(bench->table, i)); i++)
		bench->rules += tenant->nrules;
	return code;
}

int cordctl_bench(const struct cordctl_opts *opts)
{
	struct bench *bench;
	int code, err;

	if (opts->nfiles != 1 && opts->nfiles != 2)
		return CORDCTL_USAGE;
	bench = mem_zalloc(sizeof(*bench), destructor);
	if (bench)
		bench->ns = mem_alloc(SAMPLES * sizeof(*bench->ns), NULL);
	if (!bench || !bench->ns) {
		mem_deref(bench);
		return CORDCTL_SYSTEM;
	}
	code = load(bench, opts->files[0]);
	err = code ? 0 : ask_all(bench, opts);
	if (err) {
		code = err == ENOMEM ? CORDCTL_SYSTEM : CORDCTL_INPUT;
		(void)re_fprintf(stderr, "the calls cannot be read: %m\n", err);
	} else if (!code && !bench->n) {
		(void)re_fprintf(stderr, "%s has no tests: give --callee, or a "
					 "file of calls\n", opts->files[0]);
		code = CORDCTL_INPUT;
	} else if (!code) {
		print(bench, opts->json);
	}
	mem_deref(bench);
	return code;
}
