/*
 * test_conn_metric.c  What connections have done, as /metrics shows it
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/countof.h"
#include "sigd/proxy/conn/conn_figures.h"
#include "sigd/sigd_metric.h"
#include "tests/lib/test.h"

static struct redis_val text(const char *s)
{
	return (struct redis_val){.type = REDIS_STR,
				  .str = s,
				  .len = strlen(s)};
}

static int parse(uint64_t nums[CONN_EVENTS], const char *s)
{
	struct pl pl;

	pl_set_str(&pl, s);
	return conn_figures_parse(nums, &pl);
}

static void a_value_is_six_numbers(void)
{
	uint64_t nums[CONN_EVENTS];

	CHECK_INT(parse(nums, "1 22 333 0 5 18446744073709551615"), 0);
	CHECK(nums[CONN_TRY] == 1 && nums[CONN_ANSWERED] == 22 &&
	      nums[CONN_CALL_IN] == UINT64_MAX);
	CHECK_INT(parse(nums, ""), EBADMSG);
	CHECK_INT(parse(nums, "1 2 3 4 5"), EBADMSG);
	CHECK_INT(parse(nums, "1 2 3 4 5 6 7"), EBADMSG);
	CHECK_INT(parse(nums, "1 2 3 4 5 6 "), EBADMSG);
	CHECK_INT(parse(nums, "1 2 3 4  5 6"), EBADMSG);
	CHECK_INT(parse(nums, "1 2 3 4 5 x"), EBADMSG);
	CHECK_INT(parse(nums, "-1 2 3 4 5 6"), EBADMSG);
}

static void families_stand_together(void)
{
	struct redis_val one[] = {text("demo/pbx"), text("1 2 3 4 5 6"),
				  text("demo/b"),   text("7 0 0 0 0 0"),
				  text("de\"mo/x"), text("1 2 3 4 5 6"),
				  text("demo"),     text("1 2 3 4 5 6"),
				  text("demo/"),    text("1 2 3 4 5 6"),
				  text("demo/c"),   text("rubbish")};
	struct redis_val two[] = {text("demo/pbx"), text("9 0 0 0 0 0")};
	const struct redis_val a = {.type = REDIS_ARRAY,
				    .el = one,
				    .len = COUNTOF(one)};
	const struct redis_val b = {.type = REDIS_ARRAY,
				    .el = two,
				    .len = COUNTOF(two)};
	const struct redis_val none = {.type = REDIS_INT};
	struct mbuf *mb = mbuf_alloc(64);
	struct conn_page *page = NULL;

	if (!mb || conn_page_alloc(&page)) {
		CHECK(test_oom_hit());
		mem_deref(mb);
		return;
	}
	conn_page_add(page, "a1/1", &a);
	conn_page_add(page, "a1/2", &b);
	conn_page_add(page, "a1/3", &none);
	conn_page_print(page, mb, METRIC_TEXT);
	(void)mbuf_write_u8(mb, 0);
	if (!test_oom_hit()) {
		CHECK(strstr((char *)mb->buf,
			     "# TYPE cordboard_sig_connection_tries_total "
			     "counter\n"
			     "cordboard_sig_connection_tries_total{worker=\"a1/"
			     "1\",tenant=\"demo\",connection=\"b\"} 7\n"
			     "cordboard_sig_connection_tries_total{worker=\"a1/"
			     "1\",tenant=\"demo\",connection=\"pbx\"} 1\n"
			     "cordboard_sig_connection_tries_total{worker=\"a1/"
			     "2\",tenant=\"demo\",connection=\"pbx\"} 9\n"
			     "# HELP "));
		CHECK(strstr((char *)mb->buf,
			     "_calls_in_total{worker=\"a1/1\",tenant=\"demo\","
			     "connection=\"pbx\"} 6\n"));
		CHECK(!strstr((char *)mb->buf, "de\"mo"));
		CHECK(!strstr((char *)mb->buf, "connection=\"\""));
		CHECK(!strstr((char *)mb->buf, "\"c\""));
	}
	mem_deref(page);
	mem_deref(mb);
}

static void nothing_counted_is_nothing_shown(void)
{
	struct mbuf *mb = mbuf_alloc(64);
	struct conn_page *page = NULL;

	REQUIRE(mb && !conn_page_alloc(&page));
	conn_page_print(page, mb, METRIC_TEXT);
	CHECK_INT(mb->end, 0);
	mem_deref(page);
	mem_deref(mb);
}

/* However many there are, a worker has 201 samples at most. */
static void those_beyond_a_limit_are_summed_up(void)
{
	enum { N = CONN_SHOWN_MAX + 3 };
	struct redis_val all[2 * N];
	char names[N][16];
	const struct redis_val hash = {.type = REDIS_ARRAY,
				       .el = all,
				       .len = COUNTOF(all)};
	struct mbuf *mb = mbuf_alloc(64);
	struct conn_page *page = NULL;
	const char *p;
	unsigned n = 0;

	REQUIRE(mb && !conn_page_alloc(&page));
	for (unsigned i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "t/c%03u", N - 1 - i);
		all[2 * i] = text(names[i]);
		all[2 * i + 1] = text("1 0 0 0 0 2");
	}
	conn_page_add(page, "a1/1", &hash);
	conn_page_print(page, mb, METRIC_OPEN);
	(void)mbuf_write_u8(mb, 0);
	for (p = (char *)mb->buf; (p = strstr(p, "tries_total{")); p++)
		n++;
	CHECK_INT(n, CONN_SHOWN_MAX + 1);
	CHECK(strstr((char *)mb->buf,
		     "# TYPE cordboard_sig_connection_tries counter\n"));
	CHECK(strstr((char *)mb->buf, "\"c199\"} 1\n"));
	CHECK(!strstr((char *)mb->buf, "\"c200\""));
	CHECK(strstr((char *)mb->buf,
		     "tenant=\"other\",connection=\"other\"} 3\n"));
	CHECK(strstr((char *)mb->buf,
		     "tenant=\"other\",connection=\"other\"} 6\n"));
	mem_deref(page);
	mem_deref(mb);
}

TEST_MAIN(TEST(those_beyond_a_limit_are_summed_up), TEST(a_value_is_six_numbers), TEST_OOM(families_stand_together),
	  TEST(nothing_counted_is_nothing_shown))
