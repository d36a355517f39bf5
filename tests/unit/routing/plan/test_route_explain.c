/*
 * test_route_explain.c  A decision in words and as JSON
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/unit/routing/route_fixture.h"

static const char demo[] =
	"tenants:\n"
	"  demo:\n"
	"    domains: \"*\"\n"
	"    realm: demo\n"
	"    users: {alice: {password: a}}\n"
	"    routes:\n"
	"      - {name: im, match: {method: MESSAGE}, to: {user: alice}}\n"
	"      - name: 'the \"echo\"'\n"
	"        match: {callee: echo}\n"
	"        to: {service: echo}\n"
	"      - {name: no, match: {callee: '0.*'}, to: {reject: {code: "
	"404}}}\n"
	"      - {name: x, match: {callee: 'x(.*)'}, to: {user: \"${1}\"}}\n";

/* Who wants to be told of each step gets each step. */
static void on_note(const struct route_note *note, void *arg)
{
	(void)note;
	(void)arg;
}

/* The caller frees. */
static char *print(const struct route_table *table, const struct pl *callee,
		   int (*printh)(struct re_printf *, const struct route_plan *))
{
	struct route_query query = {.tenant = route_tenant_at(table, 0),
				    .method = PL("INVITE"),
				    .caller = PL("bob"),
				    .callee = *callee,
				    .noteh = on_note};
	struct route_plan plan;
	char *out = NULL;

	CHECK(!route_decide(table, &query, &plan));
	if (re_sdprintf(&out, "%H", printh, &plan))
		out = NULL;
	return out;
}

static void check_words(const struct route_table *table, struct pl callee,
			const char *want)
{
	char *out = print(table, &callee, route_plan_explain);

	CHECK_STR(out, want);
	mem_deref(out);
}

static void each_step_says_why(void)
{
	struct route_table *table = fixture_table(demo);

	REQUIRE(table);
	check_words(table, (struct pl)PL("echo"),
		    "INVITE from \"bob\" to \"echo\", tenant \"demo\"\n"
		    "  1. route \"im\" (r.yaml:7): the method \"INVITE\" is not "
		    "MESSAGE\n"
		    "  2. route \"the \"echo\"\" (r.yaml:8): matches\n"
		    "  result: service echo\n");
	check_words(table, (struct pl)PL("alice"),
		    "INVITE from \"bob\" to \"alice\", tenant \"demo\"\n"
		    "  1. route \"im\" (r.yaml:7): the method \"INVITE\" is not "
		    "MESSAGE\n"
		    "  2. route \"the \"echo\"\" (r.yaml:8): the callee "
		    "\"alice\" does not match 'echo'\n"
		    "  3. route \"no\" (r.yaml:11): the callee \"alice\" does "
		    "not match '0.*'\n"
		    "  4. route \"x\" (r.yaml:12): the callee \"alice\" does "
		    "not match 'x(.*)'\n"
		    "  5. users: the callee is a user\n"
		    "  result: user \"alice\"\n");
	mem_deref(table);
}

static void rejections_are_told(void)
{
	struct route_table *table = fixture_table(demo);

	REQUIRE(table);
	check_words(table, (struct pl)PL("xnobody"),
		    "INVITE from \"bob\" to \"xnobody\", tenant \"demo\"\n"
		    "  1. route \"im\" (r.yaml:7): the method \"INVITE\" is not "
		    "MESSAGE\n"
		    "  2. route \"the \"echo\"\" (r.yaml:8): the callee "
		    "\"xnobody\" does not match 'echo'\n"
		    "  3. route \"no\" (r.yaml:11): the callee \"xnobody\" does "
		    "not match '0.*'\n"
		    "  4. route \"x\" (r.yaml:12): matches\n"
		    "  5. route \"x\" (r.yaml:12): leads to a user who is not "
		    "there\n"
		    "  result: 404 Not Found (unknown-user)\n");
	mem_deref(table);
}

static void hostile_numbers_stay_in_their_place(void)
{
	struct route_table *table = fixture_table(demo);
	char *out;

	REQUIRE(table);
	out = print(table, &(struct pl)PL("a\n\x1b[2J\"\xff"),
		    route_plan_explain);
	CHECK(out && strstr(out, "to \"a??[2J\"?\", tenant"));
	mem_deref(out);
	mem_deref(table);
}

static bool is_json(const char *text)
{
	struct odict *dict = NULL;
	int err = json_decode_odict(&dict, 32, text, strlen(text), 16);

	mem_deref(dict);
	return !err;
}

static void json_holds_the_same(void)
{
	struct route_table *table = fixture_table(demo);
	char *out;

	REQUIRE(table);
	out = print(table, &(struct pl)PL("echo"), route_plan_json);
	CHECK(out && is_json(out));
	CHECK_STR(out, "{\"tenant\":\"demo\",\"method\":\"INVITE\",\"caller\":"
		       "\"bob\",\"callee\":\"echo\",\"from\":\"users\","
		       "\"considered\":2,"
		       "\"steps\":[{\"step\":1,\"route\":\"im\",\"file\":"
		       "\"r.yaml\",\"line\":7,\"why\":\"method\",\"text\":\"the "
		       "method \\\"INVITE\\\" is not MESSAGE\"},{\"step\":2,"
		       "\"route\":\"the \\\"echo\\\"\",\"file\":\"r.yaml\","
		       "\"line\":8,\"why\":\"match\"}],\"targets\":["
		       "{\"service\":\"echo\"}]}");
	mem_deref(out);
	out = print(table, &(struct pl)PL("\"\\\n"), route_plan_json);
	CHECK(out && is_json(out));
	CHECK(out && strstr(out, "\"callee\":\"\\\"\\\\?\""));
	CHECK(out && strstr(out, "{\"step\":5,\"why\":\"nobody\"}],"
				 "\"targets\":[{\"code\":404,\"phrase\":\"Not "
				 "Found\",\"status\":\"no-route\"}]}"));
	mem_deref(out);
	out = print(table, &(struct pl)PL("alice"), route_plan_json);
	CHECK(out && strstr(out, "\"targets\":[{\"user\":\"alice\"}]}"));
	mem_deref(out);
	mem_deref(table);
}

/* n rules, none of which is for "x". */
static struct route_table *many(unsigned n)
{
	struct mbuf *mb = mbuf_alloc(4096);
	struct route_table *table;

	mbuf_printf(mb, "tenants:\n  t:\n    domains: \"*\"\n"
			"    realm: r\n    routes:\n");
	for (unsigned i = 0; i < n; i++)
		mbuf_printf(mb,
			    "      - {name: r%u, match: {callee: '%u'}, to: "
			    "{service: echo}}\n",
			    i, i);
	mbuf_write_u8(mb, 0);
	table = fixture_table((char *)mb->buf);
	mem_deref(mb);
	return table;
}

static char *all_of(const struct route_table *table)
{
	const struct route_query query = {.tenant = route_tenant_at(table, 0),
					  .method = PL("INVITE"),
					  .callee = PL("x")};
	struct route_plan plan;
	struct mbuf *mb = mbuf_alloc(4096);
	char *text = NULL;

	CHECK(!route_decide_json(mb, table, &query, &plan));
	mb->pos = 0;
	CHECK(!mbuf_strdup(mb, &text, mb->end));
	mem_deref(mb);
	return text;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text++)
		++n;
	return n;
}

static void json_of_a_decision_has_every_step(void)
{
	struct route_table *table = many(41);
	char *out;

	REQUIRE(table);
	out = all_of(table);
	CHECK(out && is_json(out));
	CHECK_INT(count(out, "\"step\":"), 42);
	CHECK(strstr(out, "\"considered\":42,\"steps\":[{\"step\":1,\"route\":"
			  "\"r0\""));
	CHECK(strstr(out, "{\"step\":42,\"why\":\"nobody\"}],"));
	mem_deref(out);
	mem_deref(table);

	table = many(1500);
	REQUIRE(table);
	out = all_of(table);
	CHECK(out && is_json(out));
	CHECK_INT(count(out, "\"step\":"), ROUTE_STEPS_MAX);
	CHECK(strstr(out, "\"considered\":1501,\"unlisted\":501,"));
	CHECK(strstr(out, "{\"step\":968,\"route\":\"r967\""));
	CHECK(strstr(out, "{\"step\":1470,\"route\":\"r1469\""));
	mem_deref(out);
	mem_deref(table);
}

static void steps_that_were_dropped_are_counted(void)
{
	struct mbuf *mb = mbuf_alloc(4096);
	struct route_table *table;
	char *out;

	mbuf_printf(mb, "tenants:\n  t:\n    domains: \"*\"\n"
			"    realm: r\n    routes:\n");
	for (int i = 0; i < 50; i++)
		mbuf_printf(mb,
			    "      - {name: r%d, match: {callee: n%d}, to: "
			    "{service: echo}}\n",
			    i, i);
	mbuf_write_u8(mb, 0);
	table = fixture_table((char *)mb->buf);
	REQUIRE(table);
	out = print(table, &(struct pl)PL("n49"), route_plan_explain);
	CHECK(out && strstr(out, "\n  18 steps before did not match\n  19. "
				 "route \"r18\" (r.yaml:24)"));
	CHECK(out && strstr(out, "\n  50. route \"r49\" (r.yaml:55): "
				 "matches\n"));
	mem_deref(out);
	mem_deref(table);
	mem_deref(mb);
}

static void plan_without_tenant_prints(void)
{
	struct route_table *table = fixture_table(demo);
	struct route_query query = {.method = PL("INVITE")};
	struct route_plan plan;
	char text[300];

	REQUIRE(table);
	CHECK(route_decide(table, &query, &plan));
	re_snprintf(text, sizeof(text), "%H", route_plan_explain, &plan);
	CHECK_STR(text, "INVITE from \"\" to \"\", tenant \"\"\n"
			"  result: 404 Not Found (unknown-domain)\n");
	re_snprintf(text, sizeof(text), "%H", route_plan_json, &plan);
	CHECK(is_json(text));
	mem_deref(table);
}

TEST_MAIN(TEST(each_step_says_why), TEST(rejections_are_told),
	  TEST(hostile_numbers_stay_in_their_place), TEST(json_holds_the_same), TEST(json_of_a_decision_has_every_step),
	  TEST(steps_that_were_dropped_are_counted),
	  TEST(plan_without_tenant_prints))
