/*
 * test_metric.c  Figures: counting, flat keys, the text of Prometheus
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <re.h>

#include "common/metric.h"
#include "tests/lib/test.h"

struct figures {
	uint64_t invite, other;
	int64_t open;
	struct metric_hist wait;
};

static const struct metric_bounds wait_bounds = {1000, 3, {5, 50, 2500}};

#define ROW(type, name, labels, help, member, bounds)                       \
	{                                                                   \
		type, name, labels, help, offsetof(struct figures, member), \
			bounds                                              \
	}

static const struct metric_desc rows[] = {
	ROW(METRIC_COUNTER, "cb_requests_total", "method=\"INVITE\"",
	    "Requests", invite, NULL),
	ROW(METRIC_COUNTER, "cb_requests_total", "method=\"other\"", "Requests",
	    other, NULL),
	ROW(METRIC_GAUGE, "cb_open", NULL, "Open\nnow", open, NULL),
	ROW(METRIC_HIST, "cb_wait_seconds", "q=\"1\"", "Wait", wait,
	    &wait_bounds),
};
enum {
	ROWS = sizeof(rows) / sizeof(rows[0])
};

static struct metric_set *set_of(struct figures *f)
{
	struct metric_set *set = NULL;

	if (!metric_set_alloc(&set) && metric_add(set, rows, ROWS, f))
		set = mem_deref(set);
	return set;
}

static char *printed_as(enum metric_form form,
			const struct metric_source *sources, size_t n)
{
	struct mbuf *mb = mbuf_alloc(64);
	char *text = NULL;

	if (mb && !metric_print(mb, form, sources, n)) {
		mb->pos = 0;
		(void)mbuf_strdup(mb, &text, mb->end);
	}
	mem_deref(mb);
	return text;
}

static char *printed(const struct metric_source *sources, size_t n)
{
	return printed_as(METRIC_TEXT, sources, n);
}

static void fill(struct figures *f)
{
	f->invite += 3;
	f->other++;
	f->open = -2;
	metric_observe(&f->wait, 0);
	metric_observe(&f->wait, 5);
	metric_observe(&f->wait, 6);
	metric_observe(&f->wait, 2501);
}

static void text_is_that_of_prometheus(void)
{
	struct figures f = {0};
	struct metric_set *set = set_of(&f);
	struct metric_source src = {set, NULL};
	char *text;

	REQUIRE(set);
	fill(&f);
	text = printed(&src, 1);
	CHECK_STR(text, "# HELP cb_requests_total Requests\n"
			"# TYPE cb_requests_total counter\n"
			"cb_requests_total{method=\"INVITE\"} 3\n"
			"cb_requests_total{method=\"other\"} 1\n"
			"# HELP cb_open Open\\nnow\n"
			"# TYPE cb_open gauge\n"
			"cb_open -2\n"
			"# HELP cb_wait_seconds Wait\n"
			"# TYPE cb_wait_seconds histogram\n"
			"cb_wait_seconds_bucket{q=\"1\",le=\"0.005\"} 2\n"
			"cb_wait_seconds_bucket{q=\"1\",le=\"0.05\"} 3\n"
			"cb_wait_seconds_bucket{q=\"1\",le=\"2.5\"} 3\n"
			"cb_wait_seconds_bucket{q=\"1\",le=\"+Inf\"} 4\n"
			"cb_wait_seconds_count{q=\"1\"} 4\n"
			"cb_wait_seconds_sum{q=\"1\"} 2.512\n");
	mem_deref(text);
	mem_deref(set);
}

static void sets_of_many_workers_are_one_document(void)
{
	struct figures f[2] = {{.invite = 1, .open = 4}, {.invite = 2}};
	struct metric_set *a = set_of(&f[0]), *b = set_of(&f[1]);
	struct metric_source src[] = {{a, "worker=\"a1/1\""},
				      {b, "worker=\"a1/2\""}};
	char *text;

	REQUIRE(a && b);
	text = printed(src, 2);
	REQUIRE(text);
	CHECK(strstr(text,
		     "# HELP cb_requests_total Requests\n"
		     "# TYPE cb_requests_total counter\n"
		     "cb_requests_total{worker=\"a1/1\",method=\"INVITE\"} 1\n"
		     "cb_requests_total{worker=\"a1/1\",method=\"other\"} 0\n"
		     "cb_requests_total{worker=\"a1/2\",method=\"INVITE\"} 2\n"
		     "cb_requests_total{worker=\"a1/2\",method=\"other\"} 0\n"
		     "# HELP cb_open ") == text);
	CHECK(strstr(text, "\ncb_open{worker=\"a1/1\"} 4\n"
			   "cb_open{worker=\"a1/2\"} 0\n"));
	mem_deref(text);
	mem_deref(a);
	mem_deref(b);
}

struct copy {
	struct metric_set *to;
	char keys[1024];
	int unknown;
};

static void on_number(const char *key, uint64_t value, void *arg)
{
	struct copy *copy = arg;
	size_t len = strlen(copy->keys);

	snprintf(copy->keys + len, sizeof(copy->keys) - len, "%s\n", key);
	copy->unknown += !!metric_merge(copy->to, key, strlen(key), value);
}

static void flat_numbers_add_up_in_another_set(void)
{
	struct figures f = {0}, g = {0};
	struct metric_set *from = set_of(&f);
	struct copy copy = {.to = set_of(&g)};

	if (!from || !copy.to)
		goto out;
	fill(&f);
	metric_each(from, on_number, &copy);
	CHECK_STR(copy.keys, "cb_requests_total{method=\"INVITE\"}\n"
			     "cb_requests_total{method=\"other\"}\n"
			     "cb_open\n"
			     "cb_wait_seconds{q=\"1\"}|5\n"
			     "cb_wait_seconds{q=\"1\"}|50\n"
			     "cb_wait_seconds{q=\"1\"}|2500\n"
			     "cb_wait_seconds{q=\"1\"}|+Inf\n"
			     "cb_wait_seconds{q=\"1\"}|sum\n");
	CHECK_INT(copy.unknown, 0);
	CHECK(!memcmp(&f, &g, sizeof(f)));
	metric_each(from, on_number, &copy);
	CHECK_INT(g.invite, 6);
	CHECK_INT(g.open, -4);
	CHECK_INT(g.wait.sum, 2 * f.wait.sum);
	metric_clear(copy.to);
	CHECK_INT(g.invite + (uint64_t)g.open + g.wait.count[0] + g.wait.sum,
		  0);
out:
	mem_deref(from);
	mem_deref(copy.to);
}

static void keys_of_another_version_are_passed_over(void)
{
	struct figures f = {0};
	struct metric_set *set = set_of(&f);
	char longer[400] = "cb_open";

	REQUIRE(set);
	CHECK_INT(metric_merge(set, "cb_closed", 9, 1), ENOENT);
	CHECK_INT(metric_merge(set, "cb_open", 6, 1), ENOENT);
	CHECK_INT(metric_merge(set, longer, sizeof(longer), 1), ENOENT);
	CHECK_INT(metric_merge(set, "cb_openX", 7, 1), 0);
	CHECK_INT(f.open, 1);
	mem_deref(set);
}

static void bad_tables_are_refused(void)
{
	static const struct metric_bounds down = {1, 2, {5, 5}};
	static const struct metric_bounds unit = {0, 1, {5}};
	static const struct metric_desc bad[] = {
		ROW(METRIC_COUNTER, "1abc", NULL, "x", invite, NULL),
		ROW(METRIC_COUNTER, "a-b", NULL, "x", invite, NULL),
		ROW(METRIC_COUNTER, "", NULL, "x", invite, NULL),
		ROW(METRIC_COUNTER, "a", NULL, "x", invite, NULL),
		ROW(METRIC_GAUGE, "a_total", NULL, "x", open, NULL),
		ROW(METRIC_INFO, "a", NULL, "x", open, NULL),
		ROW(METRIC_COUNTER, "a_total", NULL, NULL, invite, NULL),
		ROW(METRIC_HIST, "a", NULL, "x", wait, NULL),
		ROW(METRIC_HIST, "a", NULL, "x", wait, &down),
		ROW(METRIC_HIST, "a", NULL, "x", wait, &unit),
		ROW(METRIC_COUNTER, "a", NULL, "x", invite, &wait_bounds),
	};
	struct figures f = {0};
	struct metric_set *set = NULL;

	REQUIRE(!metric_set_alloc(&set));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(metric_add(set, &bad[i], 1, &f), EINVAL);
	CHECK_INT(metric_add(set, rows, ROWS, &f), 0);
	CHECK_INT(metric_add(set, &rows[2], 1, &f), EEXIST);
	CHECK_INT(metric_merge(NULL, "a", 1, 1), EINVAL);
	mem_deref(set);
}

/* Golden: what prometheus-openmetrics parsers read. */
static void text_is_that_of_openmetrics(void)
{
	static const struct metric_bounds milli = {.per_unit = 1000};
	static const struct metric_desc more[] = {
		{METRIC_INFO, "cb_build_info", "version=\"1\"", "Say \"it\"",
		 0, NULL},
		ROW(METRIC_GAUGE, "cb_share_ratio", NULL, "Share", open,
		    &milli),
		ROW(METRIC_COUNTER, "cb_cpu_seconds_total", NULL, "Time",
		    invite, &milli),
	};
	struct figures f = {.invite = 1500, .open = -250};
	struct metric_set *set = NULL;
	struct metric_source src;
	char *text;

	REQUIRE(!metric_set_alloc(&set));
	REQUIRE(!metric_add(set, rows, 2, &f));
	REQUIRE(!metric_add(set, more, 3, &f));
	src = (struct metric_source){set, NULL};
	text = printed_as(METRIC_OPEN, &src, 1);
	CHECK_STR(text, "# HELP cb_requests Requests\n"
			"# TYPE cb_requests counter\n"
			"cb_requests_total{method=\"INVITE\"} 1500\n"
			"cb_requests_total{method=\"other\"} 0\n"
			"# HELP cb_build Say \\\"it\\\"\n"
			"# TYPE cb_build info\n"
			"cb_build_info{version=\"1\"} 1\n"
			"# HELP cb_share_ratio Share\n"
			"# TYPE cb_share_ratio gauge\n"
			"# UNIT cb_share_ratio ratio\n"
			"cb_share_ratio -0.25\n"
			"# HELP cb_cpu_seconds Time\n"
			"# TYPE cb_cpu_seconds counter\n"
			"# UNIT cb_cpu_seconds seconds\n"
			"cb_cpu_seconds_total 1.5\n");
	mem_deref(text);
	mem_deref(set);
}

/* Families of two kinds of sets stand together, too. */
static void a_family_of_two_tables_is_one(void)
{
	struct figures f = {.invite = 1, .open = 2}, g = {.open = 3};
	struct metric_set *a = set_of(&f), *b = NULL;
	struct metric_source src[2];
	char *text;
	const char *at;

	REQUIRE(a && !metric_set_alloc(&b));
	REQUIRE(!metric_add(b, &rows[2], 1, &g));
	src[0] = (struct metric_source){a, "w=\"1\""};
	src[1] = (struct metric_source){b, "w=\"2\""};
	text = printed(src, 2);
	REQUIRE(text);
	at = strstr(text, "# TYPE cb_open gauge\ncb_open{w=\"1\"} 2\n"
			  "cb_open{w=\"2\"} 3\n");
	CHECK(at);
	CHECK(!at || !strstr(at + 1, "# TYPE cb_open"));
	mem_deref(text);
	mem_deref(a);
	mem_deref(b);
}

static void histogram_that_was_not_added_counts_nothing(void)
{
	struct metric_hist hist = {0};

	metric_observe(&hist, 7);
	CHECK_INT(hist.sum, 0);
}

TEST_MAIN(TEST(text_is_that_of_prometheus),
	  TEST(text_is_that_of_openmetrics),
	  TEST(a_family_of_two_tables_is_one),
	  TEST(sets_of_many_workers_are_one_document),
	  TEST_OOM(flat_numbers_add_up_in_another_set),
	  TEST(keys_of_another_version_are_passed_over),
	  TEST(bad_tables_are_refused),
	  TEST(histogram_that_was_not_added_counts_nothing))
