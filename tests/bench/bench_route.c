/*
 * bench_route.c  Cost of a decision among 10,000 patterns, of a user among
 *                100,000, and of their load
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <time.h>
#include <re.h>

#include "routing/route.h"

enum {
	RULES = 10000,
	USERS = 100000
};

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static struct route_table *load(const char *what, const struct mbuf *mb)
{
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;
	double start = now_us();

	if (!cfg_errors_alloc(&errs) &&
	    route_table_parse(&table, "bench", (char *)mb->buf, mb->end, errs))
		re_printf("%H", cfg_errors_print, errs);
	re_printf("route load %s: %zu KiB in %.0f ms\n", what, mb->end / 1024,
		  (now_us() - start) / 1e3);
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
	double start;

	pl_set_str(&query.callee, callee);
	start = now_us();
	for (int i = 0; i < rounds; i++)
		(void)route_decide(table, &query, &plan);
	re_printf("route %-34s %5u steps %8.2f us\n", what, plan.considered,
		  (now_us() - start) / rounds);
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

	mbuf_printf(mb, "tenants:\n  t:\n    domains: '*'\n    realm: r\n"
			"    users: {alice: {password: x}}\n    routes:\n");
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
	start = now_us();
	for (unsigned i = 0; i < USERS; i++) {
		char name[12];
		struct pl pl = {name, 7};

		(void)re_snprintf(name, sizeof(name), "u%06u",
				  i * 7919u % USERS);
		found += route_user_find(tenant, &pl) != NULL;
	}
	re_printf("route user of %u, %u found: %.3f us with making the name\n",
		  USERS, found, (now_us() - start) / USERS);
	mem_deref(table);
}

int main(void)
{
	bench_rules("10,000 patterns of numbers", put_number_rule);
	bench_rules("10,000 patterns of any start", put_open_rule);
	bench_users();
	return 0;
}
