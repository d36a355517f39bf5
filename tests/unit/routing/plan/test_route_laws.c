/*
 * test_route_laws.c  What holds for any table and any question
 *
 * Tables and questions are rolled from a seed, so that a failure comes again.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/plan/route_rule.h"
#include "routing/route_conn.h"
#include "tests/unit/routing/route_fixture.h"

enum {
	TABLES = 40,
	QUESTIONS = 60,
	RULES = 45, /* enough for a sieve */
	CONNS = 6,
	ROUNDS = 20000
};

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

/* --- a table --------------------------------------------------------------------- */

/* How the maps of a table, which have no order, are written down. */
struct way {
	bool turned; /* backwards */
	bool padded; /* between the rules stand some that match nothing */
};

static void put_map(struct mbuf *mb, const char *const *lines, unsigned n,
		    const struct way *way)
{
	for (unsigned i = 0; i < n; i++)
		mbuf_printf(mb, "%s\n", lines[way->turned ? n - 1 - i : i]);
}
#define PUT_MAP(mb, lines, way) \
	put_map(mb, lines, sizeof(lines) / sizeof(lines[0]), way)

static void put_shared(struct mbuf *mb, const struct way *way)
{
	static const char *const networks[] = {
		"  office: [192.0.2.0/25]", "  lab: ['192.0.2.0/24']",
		"  far: ['198.51.100.0/24']"};
	static const char *const regions[] = {
		"  here: {networks: [office]}", "  there: {networks: [far]}"};
	static const char *const schedules[] = {
		"  day: {timezone: UTC, weekly: ['mon-sun 08:00-18:00']}",
		"  night: {timezone: UTC, weekly: ['mon-sun 18:00-08:00']}"};
	static const char *const numbers[] = {
		"  rates: {prefixes: {'+1': {cost: 2, class: a}, '+10': "
		"{cost: 1, class: b}}}",
		"  other: {prefixes: {'+11': {class: a}}}"};

	mbuf_printf(mb, "networks:\n");
	PUT_MAP(mb, networks, way);
	mbuf_printf(mb, "regions:\n");
	PUT_MAP(mb, regions, way);
	mbuf_printf(mb, "schedules:\n");
	PUT_MAP(mb, schedules, way);
	mbuf_printf(mb, "numbers:\n");
	PUT_MAP(mb, numbers, way);
}

static void put_parties(struct mbuf *mb, const struct way *way)
{
	static const char *const users[] = {
		"      u0: {password: p, numbers: ['0', '01']}",
		"      u1: {password: p, numbers: '10'}",
		"      '11': {password: p}"};
	static const char *const conns[CONNS] = {
		"      c0: {kind: trunk, address: 192.0.2.1}",
		"      c1: {kind: trunk, address: 192.0.2.2}",
		"      c2: {kind: trunk, address: 192.0.2.3}",
		"      c3: {kind: trunk, address: 192.0.2.4}",
		"      c4: {kind: trunk, address: 192.0.2.5}",
		"      c5: {kind: trunk, address: 192.0.2.6}"};
	static const char *const groups[] = {
		"      w: {order: weight, members: [{connection: c0, weight: "
		"60}, {connection: c1, weight: 30}, {connection: c2, weight: "
		"10}, {connection: c3, priority: 1}]}",
		"      p: {order: priority, members: [{connection: c1}, "
		"{connection: c2, priority: 2}, {connection: c0}]}",
		"      n: {order: nearest, members: [{connection: c4, region: "
		"there}, {connection: c5, region: here}, {connection: c0}]}",
		"      l: {order: least-cost, members: [{connection: c2, "
		"rates: rates, attribute: cost}, {connection: c3, cost: "
		"1.5}]}",
		"      t: {order: round-robin, members: [{connection: c0}, "
		"{connection: c1}, {connection: c2}, {connection: c3}, "
		"{connection: c4}, {connection: c5}]}"};

	mbuf_printf(mb, "    users:\n");
	PUT_MAP(mb, users, way);
	mbuf_printf(mb, "    connections:\n");
	PUT_MAP(mb, conns, way);
	mbuf_printf(mb, "    groups:\n");
	PUT_MAP(mb, groups, way);
}

static void put_condition(struct mbuf *mb)
{
	static const char *const conds[] = {
		"callee: '0.*'", "callee: '1[01]+'", "callee: '.*101.*'",
		"callee: '[01]*11'", "callee: '(0|1)(0|1)'", "caller: '1.*'",
		"caller: u0", "prefix: ['10', '+']", "prefix: '0'",
		"from: users", "from: [c0, c1]", "from: tenants",
		"method: INVITE", "method: [MESSAGE, REFER]",
		"number: '\\+1.*'", "table: {rates: {class: a}}",
		"source: office", "source: [far, lab]", "region: here",
		"schedule: day", "schedule: [day, night]",
		"header: {X-Any: '1.*'}",
		"any: [{callee: '00.*'}, {schedule: night}, {caller: '0'}]",
		"not: {callee: '0.*', source: lab}",
		"all: [{any: [{callee: '1.*'}]}, {not: {caller: u1}}]"};

	mbuf_printf(mb, "%s", ONE_OF(conds));
}

static void put_rule(struct mbuf *mb, unsigned nr)
{
	static const char *const targets[] = {
		"{service: echo}", "{connection: c3}",
		"{connections: [c2, c4, c0]}", "{group: w}", "{group: p}",
		"{group: n}", "{group: l}", "{group: t}", "{continue: true}",
		"{continue: true}", "{tenant: {id: b}}", "{reject: {}}",
		"{tenant: {id: a, number: '1${0}'}}", "{user: u1}",
		"{user: '${0}'}", "{redirect: {contact: 'sip:${0}@x'}}"};
	static const char *const rewrites[] = {
		"", "", "", "rewrite: {callee: {cut: 1}}, ",
		"rewrite: {callee: {add: '0'}}, ",
		"rewrite: {callee: {set: '1${0}'}, caller: {add: '1'}}, "};
	static const char *const froms[] = {"", "from: [users, tenants, c0], "};
	static char seen[64];

	mbuf_printf(mb, "      - {name: r%u, match: {", nr);
	/* a key may stand there once: the second is nested */
	re_snprintf(seen, sizeof(seen), "%s", roll(3) ? "" : ONE_OF(froms));
	if (seen[0])
		mbuf_printf(mb, "%sall: [{", seen);
	put_condition(mb);
	if (seen[0])
		mbuf_printf(mb, "}]");
	mbuf_printf(mb, "}, %sto: %s}\n", ONE_OF(rewrites), ONE_OF(targets));
}

static void put_tenant(struct mbuf *mb, const char *id, const struct way *way)
{
	mbuf_printf(mb,
		    "  %s:\n    domains: %s.example\n    realm: r\n"
		    "    dialing: {country_code: '1', national_prefix: '0'}\n",
		    id, id);
	put_parties(mb, way);
	mbuf_printf(mb, "    routes:\n");
	for (unsigned i = 0; i < RULES; i++) {
		if (way->padded && i % 3 == 0)
			mbuf_printf(mb,
				    "      - {name: pad%u, match: {callee: "
				    "'%s'}, to: {reject: {}}}\n",
				    i, i % 2 ? "z[0-9]*" : ".*zzz[a-z]");
		put_rule(mb, i);
	}
}

static struct route_table *table_of(uint32_t seed, const struct way *way)
{
	struct mbuf *mb = mbuf_alloc(65536);
	struct route_table *table;

	state = seed;
	put_shared(mb, way);
	mbuf_printf(mb, "tenants:\n");
	put_tenant(mb, "a", way);
	put_tenant(mb, "b", way);
	(void)mbuf_write_u8(mb, 0);
	table = fixture_table((char *)mb->buf);
	if (!table)
		printf("# %s\n", fixture_errors);
	mem_deref(mb);
	return table;
}

/* --- a question -------------------------------------------------------------------- */

struct question {
	char caller[10], callee[10], method[10];
	struct sa source;
	uint32_t seed, from, health, turns;
	uint64_t now;
	unsigned notes;
	struct route_note last;
};

static void random_digits(char *text, size_t size)
{
	static const char letters[] = "000111+u";
	const size_t n = roll((uint32_t)size);

	for (size_t i = 0; i < n; i++)
		text[i] = letters[roll(sizeof(letters) - 1)];
	text[n] = '\0';
}

static void question_roll(struct question *q)
{
	static const char *const methods[] = {"INVITE", "INVITE", "MESSAGE"};
	static const char *const callers[] = {"u0", "u1", "0", "101", "x"};

	memset(q, 0, sizeof(*q));
	str_ncpy(q->method, ONE_OF(methods), sizeof(q->method));
	str_ncpy(q->caller, ONE_OF(callers), sizeof(q->caller));
	random_digits(q->callee, sizeof(q->callee));
	sa_set_in(&q->source, (roll(2) ? 0xc0000200u : 0xc6336400u) + roll(256),
		  5060);
	q->seed = roll(1u << 20);
	q->from = roll(2 * CONNS);
	q->health = roll(2) ? 0 : roll(1u << 20);
	q->now = 1790000000u + roll(86400);
}

/* The same for a connection wherever it stands. */
static void on_health(struct route_health *health,
		      const struct route_connection *conn, void *arg)
{
	static const enum route_state states[] = {
		ROUTE_STATE_UP, ROUTE_STATE_DOWN, ROUTE_STATE_BROKEN,
		ROUTE_STATE_UP};
	const struct question *q = arg;
	const unsigned nr = (unsigned)(conn->name[1] - '0');

	health->state = states[q->health >> 2 * nr & 3];
}

static bool on_header(const char *name, unsigned nr, struct pl *value,
		      void *arg)
{
	const struct question *q = arg;

	(void)name;
	pl_set_str(value, q->caller);
	return nr == 0;
}

static uint32_t on_turn(const struct route_group *group, void *arg)
{
	const struct question *q = arg;

	(void)group;
	return q->seed;
}

static void on_note(const struct route_note *note, void *arg)
{
	struct question *q = arg;

	++q->notes;
	q->last = *note;
}

static void decide(struct route_plan *plan, const struct route_table *table,
		   struct question *q, bool noted)
{
	const struct pl conn = {"c0\0c1\0c2\0c3\0c4\0c5" + 3 * (q->from % 6),
				2};
	struct route_query query = {
		.tenant = route_tenant_at(table, 0),
		.source = &q->source, .now = q->now, .seed = q->seed,
		.headerh = on_header, .healthh = on_health,
		.turnh = q->seed & 1 ? on_turn : NULL,
		.noteh = noted ? on_note : NULL, .arg = q};

	q->notes = 0;
	pl_set_str(&query.method, q->method);
	pl_set_str(&query.caller, q->caller);
	pl_set_str(&query.callee, q->callee);
	if (q->from < CONNS)
		query.from = route_connection_find(query.tenant, &conn);
	CHECK(!route_decide(table, &query, plan));
}

/* All that is said of it but the steps on the way there. */
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

static void check_same(const struct route_plan *a, const struct route_plan *b)
{
	char *ta = outcome(a), *tb = outcome(b);

	CHECK_STR(ta, tb);
	mem_deref(ta);
	mem_deref(tb);
}

/* --- laws -------------------------------------------------------------------------- */

static struct route_plan one, two;

static void check_tables_agree(const struct way *way)
{
	const struct way plain = {false, false};

	for (uint32_t seed = 1; seed <= TABLES; seed++) {
		struct route_table *a = table_of(seed, &plain);
		struct route_table *b = table_of(seed, way);

		for (unsigned i = 0; i < QUESTIONS && a && b; i++) {
			struct question q;

			question_roll(&q);
			decide(&one, a, &q, false);
			decide(&two, b, &q, false);
			check_same(&one, &two);
		}
		CHECK(a && b);
		mem_deref(a);
		mem_deref(b);
	}
}

static void the_same_question_has_the_same_plan(void)
{
	const struct way way = {false, false};

	check_tables_agree(&way);
}

static void what_has_no_order_may_stand_in_any(void)
{
	const struct way way = {.turned = true};

	check_tables_agree(&way);
}

static void rules_that_match_nothing_change_nothing(void)
{
	const struct way way = {.padded = true};

	check_tables_agree(&way);
}

/* Also when a rule is passed by without a look at it. */
static void explain_tells_what_is_decided(void)
{
	const struct way way = {false, false};
	unsigned rules = 0, all = 0;

	for (uint32_t seed = 1; seed <= TABLES; seed++) {
		struct route_table *table = table_of(seed, &way);

		for (unsigned i = 0; i < QUESTIONS && table; i++) {
			struct question q;
			char *told = NULL, *said = NULL;

			question_roll(&q);
			decide(&one, table, &q, false);
			decide(&two, table, &q, true);
			check_same(&one, &two);
			CHECK_INT(q.notes, two.considered);
			CHECK(q.last.rule == two.rule);
			CHECK(q.last.why != ROUTE_WHY_NOT &&
			      q.last.why != ROUTE_WHY_CONTINUE);
			/* "result: ..." */
			CHECK(!re_sdprintf(&told, "%H", route_plan_explain,
					   &one) &&
			      !re_sdprintf(&said, "%H", route_plan_explain,
					   &two));
			if (told && said &&
			    CHECK(strstr(told, "result: ")))
				CHECK_STR(strstr(told, "result: "),
					  strstr(said, "result: "));
			mem_deref(told);
			mem_deref(said);
			rules += two.rule != NULL;
			++all;
		}
		mem_deref(table);
	}
	printf("# %u of %u decided by a rule\n", rules, all);
	CHECK(rules > all / 4 && rules < all);
}

static unsigned count_of(const struct route_plan *plan,
			 const struct route_connection *conn)
{
	unsigned n = 0;

	for (unsigned i = 0; i < plan->ntargets; i++)
		n += plan->targets[i].kind == ROUTE_TO_CONNECTION &&
		     plan->targets[i].connection == conn;
	for (unsigned i = 0; i < plan->nleft; i++)
		n += plan->left[i].connection == conn;
	return n;
}

static unsigned members_checked;

static void check_members(const struct route_plan *plan)
{
	const struct route_rule *rule = plan->rule;
	const struct route_note *last =
		&plan->notes[(plan->considered - 1) % ROUTE_NOTES_MAX];
	unsigned n = 0;

	/* of a number that cannot be said nobody is looked at */
	if (!rule || last->why == ROUTE_WHY_BAD_FORM ||
	    (!rule->group && !rule->ntargets))
		return;
	++members_checked;
	for (uint32_t i = 0; rule->group && i < rule->group->nmembers; i++)
		n += CHECK_INT(count_of(plan, rule->group->members[i].conn), 1);
	for (uint32_t i = 0; i < rule->ntargets; i++)
		n += CHECK_INT(count_of(plan, rule->targets[i]), 1);
	CHECK_INT(plan->nleft + (route_target_answers(&plan->targets[0])
					 ? 0
					 : plan->ntargets),
		  n);
	for (unsigned i = 0; i < plan->ntargets; i++)
		CHECK(plan->targets[i].kind != ROUTE_TO_CONNECTION ||
		      route_state_takes(plan->targets[i].health) ||
		      plan->targets[i].limits.doubtful ||
		      /* it alone is left */
		      route_state_last_resort(plan->targets[i].health));
}

/* Tried or left out, and nobody else. */
static void each_of_those_that_are_named_is_there_once(void)
{
	const struct way way = {false, false};

	for (uint32_t seed = 1; seed <= TABLES; seed++) {
		struct route_table *table = table_of(seed, &way);

		for (unsigned i = 0; i < QUESTIONS && table; i++) {
			struct question q;

			question_roll(&q);
			decide(&one, table, &q, false);
			check_members(&one);
		}
		mem_deref(table);
	}
	CHECK(members_checked > TABLES * QUESTIONS / 10);
}

static void weights_are_shares_of_the_calls(void)
{
	static const char text[] =
		"tenants:\n  t:\n    domains: '*'\n    realm: r\n"
		"    connections:\n"
		"      c0: {kind: trunk, address: 192.0.2.1}\n"
		"      c1: {kind: trunk, address: 192.0.2.2}\n"
		"      c2: {kind: trunk, address: 192.0.2.3}\n"
		"    groups: {w: {order: weight, members: [{connection: c0, "
		"weight: 60}, {connection: c1, weight: 30}, {connection: c2, "
		"weight: 10}]}}\n"
		"    routes: [{name: w, to: {group: w}}]\n";
	struct route_table *table = fixture_table(text);
	unsigned counts[3] = {0, 0, 0};

	REQUIRE(table);
	for (uint32_t seed = 0; seed < ROUNDS; seed++) {
		struct question q = {.method = "INVITE", .caller = "u",
				     .callee = "1", .seed = 2 * seed,
				     .from = CONNS};

		decide(&one, table, &q, false);
		counts[one.targets[0].connection->name[1] - '0']++;
		CHECK_INT(one.ntargets, 3);
	}
	/* five standard deviations are below 2 % */
	CHECK(counts[0] > ROUNDS * 0.58 && counts[0] < ROUNDS * 0.62);
	CHECK(counts[1] > ROUNDS * 0.28 && counts[1] < ROUNDS * 0.32);
	CHECK(counts[2] > ROUNDS * 0.08 && counts[2] < ROUNDS * 0.12);
	mem_deref(table);
}

TEST_MAIN(TEST(the_same_question_has_the_same_plan),
	  TEST(what_has_no_order_may_stand_in_any),
	  TEST(rules_that_match_nothing_change_nothing),
	  TEST(explain_tells_what_is_decided),
	  TEST(each_of_those_that_are_named_is_there_once),
	  TEST(weights_are_shares_of_the_calls))
