/*
 * bench_where.c  Where an address is: one of 100,000 networks, a country; and
 *                whether a moment is within a schedule
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <unistd.h>
#include <re.h>

#include "routing/when/when_entry.h"
#include "routing/when/zone.h"
#include "routing/where/geo.h"
#include "routing/where/nets.h"
#include "tests/bench/lib/bench.h"
#include "tests/lib/mmdb.h"

enum {
	NETS = 100000,
	ASKED = 1000000
};

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 4;
}

static void bench_nets(void)
{
	struct nets *nets = NULL;
	uint32_t seed = 1, in = 0;
	char note[60];
	double start = bench_cpu_us();

	if (nets_alloc(&nets))
		bench_die("no memory");
	for (uint32_t i = 0; i < NETS; i++) {
		struct cfg_cidr cidr = {.bits = (uint8_t)(12 + i % 17)};

		sa_set_in(&cidr.net,
			  (next(&seed) << 4) & UINT32_MAX << (32 - cidr.bits),
			  0);
		if (nets_add(nets, &cidr, i))
			bench_die("a network is refused");
	}
	nets_seal(nets);
	snprintf(note, sizeof(note), "%zu bytes each",
		 nets_bytes(nets) / NETS);
	BENCH("100,000 networks in order", (bench_cpu_us() - start) / 1000,
	      "ms", 0, note);
	start = bench_cpu_us();
	for (int i = 0; i < ASKED; i++) {
		struct sa sa;

		sa_set_in(&sa, next(&seed) << 4, 0);
		in += nets_find(nets, &sa) != NETS_NONE;
	}
	snprintf(note, sizeof(note), "%u%% are in one", in / (ASKED / 100));
	BENCH("the narrowest network of an address",
	      (bench_cpu_us() - start) / ASKED, "us", 1, note);
	mem_deref(nets);
}

static void bench_geo(void)
{
	static const struct mmdb_row rows[] = {
		{"192.0.2.0/24", "DE", "EU", NULL},
		{"198.51.100.0/24", "US", "NA", "CA"},
		{"203.0.113.0/24", "NP", "AS", NULL},
	};
	char path[40], why[200];
	struct geo *geo = NULL;
	struct geo_place place;
	uint32_t in = 0;
	double start;
	struct sa sa;

	(void)re_snprintf(path, sizeof(path), "/tmp/cordboard-bench-%d.mmdb",
			  getpid());
	if (!mmdb_write(path, rows, 3, "GeoLite2-City") ||
	    geo_open(&geo, path, NULL, why, sizeof(why)))
		bench_die("no database");
	(void)unlink(path);
	start = bench_cpu_us();
	for (uint32_t i = 0; i < ASKED; i++) {
		sa_set_in(&sa, 0xc6336400u + i % 256, 0);
		in += geo_find(geo, &sa, &place);
	}
	BENCH("country, continent and part of an address",
	      (bench_cpu_us() - start) / ASKED, "us", 0,
	      in == ASKED ? "in a tiny database" : "FAILED");
	mem_deref(geo);
}

static void bench_when(void)
{
	struct when_entry entry;
	struct zone *zone = NULL;
	char why[300];
	uint32_t in = 0;
	double start;

	if (zone_load(&zone, zone_dir, "Europe/Berlin", NULL, why,
		      sizeof(why)) ||
	    !when_weekly_read(&entry, "mon-fri 08:00-18:00", why, sizeof(why)))
		bench_die("%s", why);
	start = bench_cpu_us();
	for (int64_t i = 0; i < ASKED; i++) {
		const int64_t now = 1790000000 + i * 600;
		const int64_t there = now + zone_offset(zone, now);

		in += when_entry_has(&entry, there / 86400,
				     (unsigned)(there % 86400 / 60));
	}
	BENCH("the clock of a zone, and one line of a schedule",
	      (bench_cpu_us() - start) / ASKED, "us", 0,
	      in ? "Europe/Berlin, 19 years" : "FAILED");
	mem_deref(zone);
}

int main(void)
{
	bench_title("Where and when: what conditions of routes ask.\n");
	bench_nets();
	bench_geo();
	bench_when();
	return 0;
}
