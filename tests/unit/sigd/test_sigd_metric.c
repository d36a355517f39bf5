/*
 * test_sigd_metric.c  The figures of a worker, and their page
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/publish.h"
#include "sigd/sigd_metric.h"
#include "sigd/sse/sse_priv.h"
#include "tests/lib/test.h"

static void on_number(const char *key, uint64_t value, void *arg)
{
	(void)key;
	(void)value;
	++*(size_t *)arg;
}

static void all_rows_are_sound_and_few_enough_to_publish(void)
{
	struct sigd_figures *figures = mem_zalloc(sizeof(*figures), NULL);
	struct metric_set *set = NULL;
	size_t n = 0;

	REQUIRE(figures && !sigd_metric_alloc(&set, figures));
	metric_each(set, on_number, &n);
	CHECK(n > 200 && n < PUBLISH_MAX);
	mem_deref(set);
	mem_deref(figures);
}

/* Else the dashboard shows 0, and nobody is told. */
static void what_the_stream_asks_for_is_published(void)
{
	struct sigd_figures *figures = mem_zalloc(sizeof(*figures), NULL);
	struct metric_set *set = NULL;
	const char *field;
	size_t i = 0;

	REQUIRE(figures && !sigd_metric_alloc(&set, figures));
	for (; (field = sse_figures_field(i)); i++)
		CHECK_INT(metric_merge(set, field, strlen(field), 0), 0);
	CHECK_INT(i, 5);
	mem_deref(set);
	mem_deref(figures);
}

static void each_method_has_the_row_of_its_name(void)
{
	struct sigd_figures *figures = mem_zalloc(sizeof(*figures), NULL);
	struct metric_set *set = NULL;
	struct mbuf *mb = mbuf_alloc(4096);
	struct metric_source source;
	char want[128];

	REQUIRE(figures && mb && !sigd_metric_alloc(&set, figures));
	for (unsigned i = 0; i < TALLY_METHODS; i++)
		figures->trace.tally.requests[TALLY_OUT][i] = 100 + i;
	source = (struct metric_source){set, NULL};
	CHECK_INT(metric_print(mb, METRIC_TEXT, &source, 1), 0);
	mbuf_write_u8(mb, 0);
	for (unsigned i = 0; i < TALLY_METHODS; i++) {
		snprintf(want, sizeof(want),
			 "_requests_total{direction=\"out\",method=\"%s\"} "
			 "%u\n",
			 trace_tally_methods[i], 100 + i);
		CHECK(strstr((char *)mb->buf, want));
	}
	mem_deref(mb);
	mem_deref(set);
	mem_deref(figures);
}

/* Each end is in one row, and none in two. */
static void ends_of_calls_without_a_row_are_other(void)
{
	struct sigd_figures *figures = mem_zalloc(sizeof(*figures), NULL);
	struct metric_set *set = NULL;
	struct mbuf *mb = mbuf_alloc(4096);
	struct metric_source source;

	REQUIRE(figures && mb && !sigd_metric_alloc(&set, figures));
	figures->proxy.ended[STATUS_BUSY] = 3;
	figures->proxy.ended[STATUS_BAD_REQUEST] = 4;
	figures->proxy.ended[STATUS_BAD_URI_SCHEME] = 1;
	sigd_metric_ends_fill(figures);
	source = (struct metric_source){set, NULL};
	CHECK_INT(metric_print(mb, METRIC_TEXT, &source, 1), 0);
	mbuf_write_u8(mb, 0);
	CHECK(strstr((char *)mb->buf,
		     "cordboard_sig_calls_ended_total{reason=\"busy\"} 3\n"));
	CHECK(strstr((char *)mb->buf,
		     "cordboard_sig_calls_ended_total{reason=\"other\"} 5\n"));
	mem_deref(mb);
	mem_deref(set);
	mem_deref(figures);
}

static void the_page_is_what_the_tables_say(void)
{
	uint8_t *page = test_read_file("docs/metrics-sigd.md", NULL);
	struct mbuf *mb = mbuf_alloc(4096);

	REQUIRE(page && mb);
	CHECK_INT(sigd_metric_reference(mb), 0);
	mbuf_write_u8(mb, 0);
	/* sigd --metrics > docs/metrics-sigd.md */
	CHECK_STR((const char *)page, (const char *)mb->buf);
	mem_deref(mb);
	mem_deref(page);
}

TEST_MAIN(TEST(each_method_has_the_row_of_its_name),
	  TEST(all_rows_are_sound_and_few_enough_to_publish),
	  TEST(what_the_stream_asks_for_is_published),
	  TEST(ends_of_calls_without_a_row_are_other),
	  TEST(the_page_is_what_the_tables_say))
