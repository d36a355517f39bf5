/*
 * bench_route.c  Cost of a decision among 10,000 patterns, of a user among
 *                100,000, and of their load
 *
 * SPDX-License-Identifier: MIT
 */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "routing/route.h"
#include "tests/bench/lib/bench.h"

enum {
	RULES = 10000,
	MIXED = 100000,
	USERS = 100000
};

static struct route_table *load(const char *what, const struct mbuf *mb)
{
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;
	double start = bench_cpu_us();
	char text[80], note[40];

	if (!cfg_errors_alloc(&errs) &&
	    route_table_parse(&table, "bench", (char *)mb->buf, mb->end, errs))
		re_printf("%H", cfg_errors_print, errs);
	snprintf(text, sizeof(text), "load %s", what);
	snprintf(note, sizeof(note), "%zu KiB of YAML", mb->end / 1024);
	BENCH(text, (bench_cpu_us() - start) / 1e6, "s", 5, note);
	mem_deref(errs);
	return table;
}

static void ask(const struct route_table *table, const char *what,
		const char *callee, int rounds)
{
	struct route_query query = {.tenant = route_tenant_at(table, 0),
				    .method = PL("INVITE"),
				    .caller = PL("alice")};
	struct route_plan plan;
	char note[40];
	double start;

	pl_set_str(&query.callee, callee);
	start = bench_cpu_us();
	for (int i = 0; i < rounds; i++)
		(void)route_decide(table, &query, &plan);
	snprintf(note, sizeof(note), "%u rules considered", plan.considered);
	BENCH(what, (bench_cpu_us() - start) / rounds, "us",
	      strncmp(what, "mixed", 5) ? 20 : 50, note);
}

/* What one rule of those costs. */
static void ask_each(const struct route_table *table, const char *what,
		     const char *callee)
{
	struct route_query query = {.tenant = route_tenant_at(table, 0),
				    .method = PL("INVITE"),
				    .caller = PL("alice")};
	struct route_plan plan;
	double start;

	pl_set_str(&query.callee, callee);
	start = bench_cpu_us();
	for (int i = 0; i < 200; i++)
		(void)route_decide(table, &query, &plan);
	BENCH(what, (bench_cpu_us() - start) * 1000 / 200 / plan.considered,
	      "ns", 0, "nothing is known of how its numbers look");
}

static void put_head(struct mbuf *mb)
{
	mbuf_printf(mb, "tenants:\n  t:\n    domains: '*'\n    realm: r\n"
			"    users: {alice: {password: x}}\n    routes:\n");
}

/* Patterns as they are written for numbers: by country, area and prefix. */
static void put_number_rule(struct mbuf *mb, int i)
{
	static const char *const form[] = {"\\+%d[0-9]+", "00(%d[0-9]{4,10})",
					   "(?:\\+|00)%d.*", "%d[0-9]*",
					   "^0%d([1-9][0-9]+)$"};

	mbuf_printf(mb, "      - {name: r%d, match: {callee: '", i);
	mbuf_printf(mb, form[i % 5], 100000 + i);
	mbuf_printf(mb, "'}, to: {user: alice}}\n");
}

static void bench_rules(const char *what, void (*put)(struct mbuf *, int))
{
	struct mbuf *mb = mbuf_alloc(1024 * 1024);
	struct route_table *table;

	put_head(mb);
	for (int i = 0; i < RULES; i++)
		put(mb, i);
	table = load(what, mb);
	if (table) {
		ask(table, "a name, 10,000 patterns passed by", "alice", 200);
		ask(table, "a number of none", "+4930123456", 200);
		ask(table, "00..., one rule in five looked at", "0044123456",
		    200);
		ask(table, "the rule in the middle", "00105001123456", 200);
		ask(table, "the first rule", "+1000001", 100000);
	}
	mem_deref(table);
	mem_deref(mb);
}

static void put_open_rule(struct mbuf *mb, int i)
{
	mbuf_printf(mb,
		    "      - {name: r%d, match: {callee: '.*[x-z]%d'}, to: "
		    "{user: alice}}\n",
		    i, i);
}

static void put_inner_rule(struct mbuf *mb, int i)
{
	mbuf_printf(mb,
		    "      - {name: r%d, match: {callee: '.*[x-z]%d[0-9]+'}, "
		    "to: {user: alice}}\n",
		    i, 10000 + i);
}

/* Of these each is tried. */
static void put_shapeless_rule(struct mbuf *mb, int i)
{
	mbuf_printf(mb,
		    "      - {name: r%d, match: {callee: '[0-9]{%d,%d}[a-f]'}, "
		    "to: {user: alice}}\n",
		    i, 1 + i % 100, 101 + i / 100);
}

/* As an operator with many customers and carriers has them. */
static void put_mixed_rule(struct mbuf *mb, int i)
{
	static const char *const form[] = {
		"callee: '00%d[0-9]{3,9}'", "prefix: '+%d'",
		"callee: '\\+?%d([1-9][0-9]+)', from: users",
		"caller: '%d[0-9]*', callee: '.*'", "callee: '.*x%d'",
		"prefix: ['0%d', '7%d'], method: INVITE",
		"number: '\\+%d[0-9]+'", "callee: u%d, from: c1"};

	mbuf_printf(mb, "      - {name: r%d, match: {", i);
	mbuf_printf(mb, form[i % 8], 100000 + i, 100000 + i);
	mbuf_printf(mb, "}, rewrite: {callee: {add: '9'}}, to: {connection: "
			"c%d}}\n",
		    1 + i % 2);
}

/* Bytes of the heap. */
static size_t heap(void)
{
	return mallinfo2().uordblks + mallinfo2().hblkhd;
}

static void bench_shapeless(void)
{
	struct mbuf *mb = mbuf_alloc(1024 * 1024);
	struct route_table *table;

	put_head(mb);
	for (int i = 0; i < RULES; i++)
		put_shapeless_rule(mb, i);
	table = load("10,000 patterns that tell nothing", mb);
	mem_deref(mb);
	if (!table)
		return;
	ask_each(table, "... each that is passed by at its first byte",
		 "alice");
	ask_each(table, "... each that is tried", "0044123456");
	mem_deref(table);
}

static void bench_mixed(void)
{
	struct mbuf *mb = mbuf_alloc(16 * 1024 * 1024);
	struct route_table *table;
	size_t before;

	mbuf_printf(mb, "tenants:\n  t:\n    domains: '*'\n    realm: r\n"
			"    dialing: {country_code: '49', national_prefix: "
			"'0', international_prefix: ['00']}\n"
			"    users: {alice: {password: x}}\n"
			"    connections:\n"
			"      c1: {kind: trunk, address: 192.0.2.1}\n"
			"      c2: {kind: trunk, address: 192.0.2.2}\n"
			"    routes:\n");
	for (int i = 0; i < MIXED; i++)
		put_mixed_rule(mb, i);
	before = heap();
	table = load("100,000 rules of mixed kind", mb);
	mem_deref(mb);
	if (!table)
		return;
	BENCH("memory of a rule, without JIT code",
	      ((double)heap() - (double)before) / MIXED / 1024, "KiB", 0,
	      "with its configuration, as it is printed");
	ask(table, "mixed: a name, none fits", "alice", 1000);
	ask(table, "mixed: a number, none fits", "+4930123456", 1000);
	ask(table, "mixed: a number of the last rules", "00199992123", 1000);
	ask(table, "mixed: by its end", "ax199996", 1000);
	mem_deref(table);
}

static void bench_users(void)
{
	struct mbuf *mb = mbuf_alloc(8 * 1024 * 1024);
	struct route_table *table;
	const struct route_tenant *tenant;
	unsigned found = 0;
	double start;

	mbuf_printf(mb, "tenants:\n  t:\n    domains: '*'\n    realm: r\n"
			"    users:\n");
	for (int i = 0; i < USERS; i++)
		mbuf_printf(mb, "      u%06d: {password: p%d, display: U}\n", i,
			    i);
	table = load("100,000 users", mb);
	mem_deref(mb);
	tenant = route_tenant_at(table, 0);
	start = bench_cpu_us();
	for (unsigned i = 0; i < USERS; i++) {
		char name[12];
		struct pl pl = {name, 7};

		(void)re_snprintf(name, sizeof(name), "u%06u",
				  i * 7919u % USERS);
		found += route_user_find(tenant, &pl) != NULL;
	}
	BENCH("a user among 100,000", (bench_cpu_us() - start) / USERS, "us", 0,
	      found == USERS ? "with making the name" : "FAILED");
	mem_deref(table);
}

int main(void)
{
	bench_title("A routing decision among 10,000 rules, each a regular "
		    "expression for the\ncallee, and what loading them "
		    "takes.\n");
	bench_rules("10,000 patterns of numbers", put_number_rule);
	bench_rules("10,000 patterns of any start", put_open_rule);
	bench_rules("10,000 patterns of what stands inside", put_inner_rule);
	bench_shapeless();
	bench_mixed();
	bench_users();
	return 0;
}
