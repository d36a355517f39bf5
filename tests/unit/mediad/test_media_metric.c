/*
 * test_media_metric.c  The figures of a mediad worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/publish.h"
#include "mediad/media_metric.h"
#include "tests/lib/test.h"

static void on_number(const char *key, uint64_t value, void *arg)
{
	size_t *n = arg;

	(void)key;
	(void)value;
	++*n;
}

static void all_rows_are_sound_and_few_enough_to_publish(void)
{
	struct media_figures figures = {0};
	struct metric_set *set = NULL;
	size_t n = 0;

	CHECK_INT(media_metric_alloc(&set, &figures), 0);
	REQUIRE(set);
	metric_each(set, on_number, &n);
	CHECK(n > 40 && n < PUBLISH_MAX);
	mem_deref(set);
}

static void a_row_shows_its_own_number(void)
{
	struct media_figures figures = {.sessions = 7};
	struct metric_set *set = NULL;
	struct metric_source source;
	struct mbuf *mb = mbuf_alloc(4096);

	figures.ctl.refused[CTL_BAD_MAC] = 5;
	figures.commands.failed[CTL_LEG_JOIN] = 3;
	figures.mux.no_tuple = 11;
	figures.late = 250;
	figures.missed = 875;
	figures.queued = 125;
	figures.rtp_queued = 375;
	CHECK_INT(media_metric_alloc(&set, &figures), 0);
	REQUIRE(set && mb);
	source = (struct metric_source){set, "worker=\"a1/1\""};
	CHECK_INT(metric_print(mb, METRIC_TEXT, &source, 1), 0);
	mbuf_write_u8(mb, 0);
	CHECK(strstr((char *)mb->buf, "sessions{worker=\"a1/1\"} 7\n"));
	CHECK(strstr((char *)mb->buf, "reason=\"bad-mac\"} 5\n"));
	CHECK(strstr((char *)mb->buf, "verb=\"leg.join\"} 3\n"));
	CHECK(strstr((char *)mb->buf, "reason=\"unknown-source\"} 11\n"));
	CHECK(strstr((char *)mb->buf, "_late_ratio{worker=\"a1/1\"} 0.25\n"));
	CHECK(strstr((char *)mb->buf,
		     "_missed_ratio{worker=\"a1/1\"} 0.875\n"));
	CHECK(strstr((char *)mb->buf,
		     "media_receive_queue_ratio{worker=\"a1/1\"} 0.125\n"));
	CHECK(strstr((char *)mb->buf,
		     "_rtp_receive_queue_ratio{worker=\"a1/1\"} 0.375\n"));
	mem_deref(mb);
	mem_deref(set);
}

static void the_page_is_what_the_tables_say(void)
{
	uint8_t *page = test_read_file("docs/metrics-mediad.md", NULL);
	struct mbuf *mb = mbuf_alloc(4096);

	REQUIRE(page && mb);
	CHECK_INT(media_metric_reference(mb), 0);
	mbuf_write_u8(mb, 0);
	/* mediad --metrics > docs/metrics-mediad.md */
	CHECK_STR((const char *)page, (const char *)mb->buf);
	mem_deref(mb);
	mem_deref(page);
}

TEST_MAIN(TEST(the_page_is_what_the_tables_say),
	  TEST(all_rows_are_sound_and_few_enough_to_publish),
	  TEST(a_row_shows_its_own_number))
