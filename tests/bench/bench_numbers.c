/*
 * bench_numbers.c  A table of 1,000,000 prefixes: load, memory, look-up; and
 *                  what a dialled number takes to be read
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "routing/number/country.h"
#include "routing/number/dialing.h"
#include "routing/number/number_table.h"
#include "tests/bench/lib/bench.h"

enum {
	PREFIXES = 1000000,
	ASKED = 1000000
};

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* As decks of carriers are: a share of each country, in the order of none. */
static struct mbuf *make_csv(void)
{
	struct mbuf *mb = mbuf_alloc(32u * 1024 * 1024);

	if (!mb)
		bench_die("no memory");
	mbuf_write_str(mb, "prefix,class,cost\n");
	for (uint32_t i = 0; i < PREFIXES; i++) {
		/* 7919 and the range have no common factor: each once */
		const uint32_t n = (uint32_t)(i * 7919ull % 9000000);

		mbuf_printf(mb, "%u,%s,0.%04u\n", 1000000 + n,
			    i % 3 ? "standard" : "premium", i % 500);
	}
	return mb;
}

static void look_up(const struct prefixes *table)
{
	char(*numbers)[16] = mem_alloc(ASKED * sizeof(*numbers), NULL);
	unsigned found = 0, gold = 0;
	uint32_t seed = 1;
	double start;
	char note[60];

	if (!numbers)
		bench_die("no memory");
	for (int i = 0; i < ASKED; i++)
		(void)snprintf(numbers[i], sizeof(numbers[i]), "%u%05u",
			       1000000 + next(&seed) % 9000000,
			       next(&seed) % 100000);
	start = bench_cpu_us();
	for (int i = 0; i < ASKED; i++) {
		const struct pl pl = {numbers[i], 12};
		struct prefix_hit hit;

		if (!prefixes_find(table, &pl, &hit))
			continue;
		++found;
		gold += prefixes_value(table, &hit, 0)[0] == 'p';
	}
	snprintf(note, sizeof(note), "with an attribute, %u%% found",
		 found / (ASKED / 100));
	BENCH("the longest of 1,000,000 prefixes",
	      (bench_cpu_us() - start) / ASKED, "us", 1, note);
	if (!gold)
		bench_die("nothing was found");
	mem_deref(numbers);
}

static void bench_table(void)
{
	struct mbuf *mb = make_csv();
	struct prefixes *table = NULL;
	struct cfg_errors *errs = NULL;
	char note[40];
	double start;

	snprintf(note, sizeof(note), "%zu KiB of CSV", mb->end / 1024);
	start = bench_cpu_us();
	if (cfg_errors_alloc(&errs) ||
	    number_csv_load(&table, "bench", (char *)mb->buf, mb->end, errs))
		bench_die("the table does not load");
	BENCH("load 1,000,000 prefixes", (bench_cpu_us() - start) / 1e6, "s", 5,
	      note);
	BENCH("... each takes", (double)prefixes_bytes(table) / PREFIXES,
	      "bytes", 0, "with their attributes");
	look_up(table);
	mem_deref(table);
	mem_deref(errs);
	mem_deref(mb);
}

static void bench_dialled(void)
{
	static const char *const prefix[] = {"00"};
	struct dialing dialing = {.country_code = "49",
				  .national_prefix = "0",
				  .international = (const char **)prefix,
				  .ninternational = 1};
	const struct pl dialled = PL("030 1234-567");
	struct number number;
	unsigned known = 0;
	double start = bench_cpu_us();

	for (int i = 0; i < ASKED; i++) {
		number_read(&number, &dialing, NULL, &dialled);
		known += number_country(number.e164) != NULL;
	}
	BENCH("a dialled number into E.164, and its country",
	      (bench_cpu_us() - start) / ASKED, "us", 1,
	      known == ASKED ? number.e164 : "FAILED");
}

int main(void)
{
	bench_title("A table of numbers from a CSV file, and a dialled "
		    "number.\n");
	bench_table();
	bench_dialled();
	return 0;
}
