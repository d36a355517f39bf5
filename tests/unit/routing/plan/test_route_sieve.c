/*
 * test_route_sieve.c  The way through many rules: passing by those that cannot
 *                     match changes nothing
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_conn.h"
#include "tests/unit/routing/route_fixture.h"

enum {
	TABLES = 40,
	RULES = 60,
	QUESTIONS = 200
};

/* Deterministic, so that a failure comes again. */
static uint32_t state;

static uint32_t roll(uint32_t n)
{
	state = state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(state >> 8) * n >> 24);
}

static const char *one_of(const char *const *list, size_t n)
{
	return list[roll((uint32_t)n)];
}
#define ONE_OF(list) one_of(list, sizeof(list) / sizeof(list[0]))

/* Patterns over few characters, so that much matches. */
static void put_pattern(struct mbuf *mb)
{
	static const char *const parts[] = {
		"0", "1", "01", "10", "[01]", "[0-9]", ".", "\\d", "(0|1)",
		"(?:0|10)", "0?", "1*", "0+", "(1)?", "[^0]", "0{2}", "1{0,2}",
		"a", "\\+", "(?i:a)", "(?=0)", "(01|1(0|1))", "\\w",
		"010", "1101", ".*"};
	const unsigned n = 1 + roll(4);

	mbuf_printf(mb, "%s", roll(8) ? "" : "^");
	for (unsigned i = 0; i < n; i++)
		mbuf_printf(mb, "%s", ONE_OF(parts));
	if (!roll(5))
		mbuf_printf(mb, "|%s%s", ONE_OF(parts), ONE_OF(parts));
	mbuf_printf(mb, "%s", roll(4) ? "[01]*" : "$");
}

static void put_match(struct mbuf *mb, unsigned depth)
{
	static const char *const methods[] = {"INVITE", "MESSAGE",
					      "[INVITE, REFER]"};
	static const char *const froms[] = {"users", "c1", "[c2, users]",
					    "tenants"};
	static const char *const prefixes[] = {"'0'", "'01'", "['1', '10', a]",
					       "'+'"};

	mbuf_printf(mb, "{");
	if (!roll(4))
		mbuf_printf(mb, "method: %s, ", ONE_OF(methods));
	if (!roll(4))
		mbuf_printf(mb, "from: %s, ", ONE_OF(froms));
	if (!roll(5))
		mbuf_printf(mb, "prefix: %s, ", ONE_OF(prefixes));
	if (roll(3)) {
		mbuf_printf(mb, "callee: '");
		put_pattern(mb);
		mbuf_printf(mb, "', ");
	}
	if (!roll(4)) {
		mbuf_printf(mb, "caller: '");
		put_pattern(mb);
		mbuf_printf(mb, "', ");
	}
	if (!roll(6)) {
		mbuf_printf(mb, "number: '");
		put_pattern(mb);
		mbuf_printf(mb, "', ");
	}
	if (!depth && !roll(6)) {
		mbuf_printf(mb, "not: ");
		put_match(mb, 1);
		mbuf_printf(mb, ", ");
	}
	mbuf_printf(mb, "schedule: always}");
}

static void put_rule(struct mbuf *mb, unsigned nr)
{
	static const char *const targets[] = {
		"{service: echo}", "{connection: c1}", "{group: g}",
		"{continue: true}", "{continue: true}", "{continue: true}",
		"{tenant: {id: b}}", "{reject: {}}", "{user: '${0}'}"};
	static const char *const rewrites[] = {
		"", "", "rewrite: {callee: {cut: 1}}, ",
		"rewrite: {callee: {add: '0'}}, ",
		"rewrite: {callee: {set: '1${0}'}, caller: {add: '1'}}, "};

	mbuf_printf(mb, "      - {name: r%u, match: ", nr);
	put_match(mb, 0);
	mbuf_printf(mb, ", %sto: %s}\n", ONE_OF(rewrites), ONE_OF(targets));
}

static void put_tenant(struct mbuf *mb, const char *id)
{
	mbuf_printf(mb,
		    "  %s:\n    domains: %s.example\n    realm: r\n"
		    "    users: {u: {password: p, numbers: '0'}}\n"
		    "    dialing: {country_code: '1', national_prefix: '0'}\n"
		    "    connections:\n"
		    "      c1: {kind: trunk, address: 192.0.2.1}\n"
		    "      c2: {kind: trunk, address: 192.0.2.2}\n"
		    "    groups: {g: {order: weight, members: [{connection: "
		    "c1}, {connection: c2}]}}\n    routes:\n",
		    id, id);
	for (unsigned i = 0; i < RULES; i++)
		put_rule(mb, i);
}

static struct route_table *random_table(uint32_t seed)
{
	struct mbuf *mb = mbuf_alloc(65536);
	struct route_table *table;

	state = seed;
	mbuf_printf(mb, "schedules: {always: {timezone: UTC, weekly: "
			"['mon-sun 00:00-24:00']}}\ntenants:\n");
	put_tenant(mb, "a");
	put_tenant(mb, "b");
	mbuf_write_u8(mb, 0);
	table = fixture_table((char *)mb->buf);
	if (!table)
		printf("# %s\n", fixture_errors);
	mem_deref(mb);
	return table;
}

static void random_text(char *text, size_t size)
{
	static const char letters[] = "00000111111a+9";
	const size_t n = roll((uint32_t)size);

	for (size_t i = 0; i < n; i++)
		text[i] = letters[roll(sizeof(letters) - 1)];
	text[n] = '\0';
}

static void random_query(struct route_query *query,
			 const struct route_table *table, char caller[9],
			 char callee[9])
{
	static const char *const methods[] = {"INVITE", "INVITE", "MESSAGE",
					      "FOO"};
	const struct route_tenant *tenant = route_tenant_at(table, 0);
	const uint32_t who = roll(4);

	*query = (struct route_query){.tenant = tenant,
				       .now = 1700000000,
				       .seed = roll(1000)};
	query->from = who < 2 ? NULL : &tenant->connections[who - 2];
	pl_set_str(&query->method, ONE_OF(methods));
	random_text(caller, 9);
	random_text(callee, 9);
	pl_set_str(&query->caller, caller);
	pl_set_str(&query->callee, callee);
}

static void on_note(const struct route_note *note, void *arg)
{
	unsigned *count = arg;

	(void)note;
	++*count;
}

/* All but the steps. */
static char *outcome(const struct route_plan *plan)
{
	char *text = NULL, *steps, *targets;

	if (re_sdprintf(&text, "%H %s", route_plan_json, plan,
			route_rule_name(plan->rule)))
		return NULL;
	steps = strstr(text, "\"considered\"");
	targets = strstr(text, "\"targets\"");
	memmove(steps, targets, strlen(targets) + 1);
	return text;
}

static void both_ways_make_the_same_plan(void)
{
	static struct route_plan fast, slow;
	unsigned hits = 0, all = 0, saved = 0;

	for (uint32_t seed = 1; seed <= TABLES; seed++) {
		struct route_table *table = random_table(seed);

		REQUIRE(table);
		for (unsigned i = 0; i < QUESTIONS; i++) {
			char caller[9], callee[9], *a, *b;
			struct route_query query;
			unsigned notes = 0;

			random_query(&query, table, caller, callee);
			CHECK(!route_decide(table, &query, &fast));
			query.noteh = on_note;
			query.arg = &notes;
			CHECK(!route_decide(table, &query, &slow));
			CHECK_INT(notes, slow.considered);
			CHECK(fast.rule == slow.rule);
			a = outcome(&fast);
			b = outcome(&slow);
			CHECK_STR(a, b);
			hits += fast.rule != NULL;
			++all;
			saved += slow.considered - fast.considered;
			mem_deref(a);
			mem_deref(b);
		}
		mem_deref(table);
	}
	/* else this would show nothing */
	printf("# %u of %u decided by a rule\n", hits, all);
	CHECK(hits > all / 20);
	CHECK(saved > all);
}

/* What a number holds again and again is looked up once; and all that it holds
 * has room. */
static void longest_numbers_are_decided_alike(void)
{
	static struct route_plan fast, slow;
	struct mbuf *mb = mbuf_alloc(65536);
	struct route_query query = {.method = PL("INVITE")};
	char callee[ROUTE_NUMBER_MAX];
	struct route_table *table;
	unsigned notes = 0;

	mbuf_printf(mb, "tenants:\n  t:\n    domains: '*'\n    realm: r\n"
			"    routes:\n");
	for (unsigned i = 0; i < 1200; i++)
		mbuf_printf(mb, "      - {name: r%u, match: {callee: '.*[%u]%03u"
				".*[a-z]'}, to: {service: echo}}\n",
			    i, i / 1000, i % 1000);
	mbuf_write_u8(mb, 0);
	table = fixture_table((char *)mb->buf);
	REQUIRE(table);
	query.tenant = route_tenant_at(table, 0);
	state = 7;
	for (unsigned turn = 0; turn < 50; turn++) {
		for (unsigned i = 0; i < sizeof(callee); i++)
			callee[i] = (char)('0' + (turn ? roll(10) : 0));
		if (turn % 2)
			callee[sizeof(callee) - 1] = 'x';
		query.callee = (struct pl){callee, sizeof(callee)};
		query.noteh = NULL;
		CHECK(!route_decide(table, &query, &fast));
		query.noteh = on_note;
		query.arg = &notes;
		CHECK(!route_decide(table, &query, &slow));
		CHECK(fast.rule == slow.rule);
		CHECK(fast.considered <= 300);
	}
	mem_deref(table);
	mem_deref(mb);
}

/* Rules for numbers that differ from the first digits on: their order is of no
 * matter. */
static void order_is_of_no_matter_where_no_two_match(void)
{
	static struct route_plan plan;
	struct route_table *table[2];

	for (unsigned turn = 0; turn < 2; turn++) {
		struct mbuf *mb = mbuf_alloc(65536);

		mbuf_printf(mb, "tenants:\n  t:\n    domains: '*'\n    realm: "
				"r\n    routes:\n");
		for (unsigned i = 0; i < 200; i++) {
			const unsigned nr = turn ? i * 77 % 200 : i;

			mbuf_printf(mb,
				    "      - {name: r%u, match: {callee: "
				    "'(?:\\+|00)%u[0-9]*'}, to: {reject: "
				    "{code: %u}}}\n",
				    nr, 100 + nr, 500 + nr);
		}
		mbuf_write_u8(mb, 0);
		table[turn] = fixture_table((char *)mb->buf);
		CHECK_STR(fixture_errors, "");
		mem_deref(mb);
	}
	for (unsigned i = 0; i < 400 && table[0] && table[1]; i++) {
		struct route_query query = {.method = PL("INVITE")};
		char callee[16];

		re_snprintf(callee, sizeof(callee), "%s%u7",
			    i % 2 ? "+" : "00", 50 + i);
		pl_set_str(&query.callee, callee);
		for (unsigned turn = 0; turn < 2; turn++) {
			query.tenant = route_tenant_at(table[turn], 0);
			CHECK(!route_decide(table[turn], &query, &plan));
			CHECK_INT(plan.targets[0].code,
				  i >= 50 && i < 250 ? 450 + i : 404);
			CHECK(plan.considered <= 2);
		}
	}
	mem_deref(table[0]);
	mem_deref(table[1]);
}

static void a_pattern_that_gives_up_is_no_other_way(void)
{
	static struct route_plan fast, slow;
	struct mbuf *mb = mbuf_alloc(65536);
	struct route_query query = {
		.method = PL("INVITE"),
		.caller = PL("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
		.callee = PL("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")};
	struct route_table *table;
	unsigned notes = 0;

	mbuf_printf(mb, "tenants:\n  t:\n    domains: '*'\n    realm: r\n"
			"    routes:\n"
			"      - {name: a, match: {caller: '(a+)+$', callee: "
			"'00.*'}, to: {service: tone}}\n"
			"      - {name: b, match: {callee: '(a+)+c99'}, to: "
			"{service: tone}}\n"
			"      - {name: c, match: {callee: 'x(a+)+$'}, to: "
			"{service: tone}}\n");
	for (unsigned i = 0; i < 50; i++)
		mbuf_printf(mb, "      - {name: r%u, match: {callee: 'n%u'}, "
				"to: {service: echo}}\n", i, i);
	mbuf_printf(mb, "      - {name: z, match: {callee: 'a.*b'}, to: "
			"{reject: {code: 486}}}\n");
	mbuf_write_u8(mb, 0);
	table = fixture_table((char *)mb->buf);
	REQUIRE(table);
	query.tenant = route_tenant_at(table, 0);
	CHECK(!route_decide(table, &query, &fast));
	query.noteh = on_note;
	query.arg = &notes;
	CHECK(!route_decide(table, &query, &slow));
	CHECK_INT(fast.targets[0].code, 486);
	CHECK_INT(slow.targets[0].code, 486);
	CHECK_INT(notes, 54);
	mem_deref(table);
	mem_deref(mb);
}

static void tables_are_freed_at_any_failure(void)
{
	struct mbuf *mb = mbuf_alloc(4096);

	if (!mb)
		return;
	(void)mbuf_printf(mb, "tenants:\n  t:\n    domains: '*'\n    realm: "
			      "r\n    routes:\n");
	for (unsigned i = 0; i < 33; i++)
		(void)mbuf_printf(mb, "      - {name: r%u, to: {service: "
				      "echo}}\n", i);
	if (!mbuf_write_u8(mb, 0))
		mem_deref(fixture_table((char *)mb->buf));
	mem_deref(mb);
}

TEST_MAIN(TEST(both_ways_make_the_same_plan),
	  TEST(longest_numbers_are_decided_alike),
	  TEST(order_is_of_no_matter_where_no_two_match),
	  TEST(a_pattern_that_gives_up_is_no_other_way),
	  TEST_OOM(tables_are_freed_at_any_failure))
