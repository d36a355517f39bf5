/*
 * test_feed_memory.c  An event for which there is no memory comes later
 *
 * Here is a feed_event_read() of our own, which has none now and then.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/feed/feed.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

enum { EVENTS = 4 };

/* How often an event was to be read, and those that came. */
static struct {
	unsigned asked;
	char got[2 * EVENTS + 1];
} bed;

void feed_source_key(char key[FEED_KEY_MAX + 1], unsigned source)
{
	re_snprintf(key, FEED_KEY_MAX + 1, source == FEED_NEWS ? "cb:news"
							       : "cb:none:%u",
		    source);
}

bool feed_event_is_for(const struct feed_event *event, const char *only)
{
	(void)event;
	(void)only;
	return true;
}

/* [id, [n, <digit>], []] */
int feed_event_read(struct feed_event **eventp, unsigned source,
		    const struct redis_val *entry)
{
	struct feed_event *event;

	if (++bed.asked == 2 || bed.asked == 5)
		return ENOMEM;
	event = mem_zalloc(sizeof(*event), NULL);
	if (!event)
		return ENOMEM;
	event->source = source;
	str_ncpy(event->entry, entry->el[0].str, sizeof(event->entry));
	str_ncpy(event->id, entry->el[1].el[1].str, sizeof(event->id));
	*eventp = event;
	return 0;
}

static void deliver(void *sink, struct feed_event *const *events, size_t n,
		    feed_done_h *doneh, void *arg)
{
	(void)sink;
	for (size_t i = 0; i < n; i++)
		if (strlen(bed.got) < sizeof(bed.got) - 1)
			strcat(bed.got, events[i]->id);
	doneh(n, arg);
}

static bool has_place(void *arg)
{
	return redis_bed_say(arg, "EXISTS cb:{h:test}:places").num == 1;
}

static bool got_last(void *arg)
{
	(void)arg;
	return strchr(bed.got, '4') != NULL;
}

static void none_is_left_out_and_none_comes_twice(void)
{
	struct feed_params params = {.stem = "cb:{h:test}",
				     .deliverh = deliver};
	struct feed *feed = NULL;
	struct redis_bed rb;
	char line[64];

	if (redis_bed_start(&rb)) {
		params.redis = rb.link;
		params.wheel = rb.wheel;
		CHECK(!feed_reader_alloc(&params.reader, rb.link));
		CHECK(!feed_alloc(&feed, &params));
		for (int i = 0; i < 100 && !has_place(&rb); i++)
			redis_bed_idle(&rb, 50);
		mem_deref(feed);
		feed = NULL;
		for (int i = 1; i <= EVENTS; i++) {
			re_snprintf(line, sizeof(line), "XADD cb:news * n %d",
				    i);
			redis_bed_say(&rb, line);
		}
		CHECK(!feed_alloc(&feed, &params));
		CHECK(redis_test_until(rb.wheel, 8000, got_last, NULL));
		CHECK_STR(bed.got, "1234");
		CHECK(bed.asked > 5);
		mem_deref(feed);
		mem_deref(params.reader);
	}
	redis_bed_stop(&rb);
}

TEST_MAIN(TEST(none_is_left_out_and_none_comes_twice))
