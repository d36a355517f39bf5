/*
 * test_feed_read.c  What is new is read and printed once for all that ask
 *
 * Here is a feed_event_read() of our own, which counts, and has no memory now
 * and then.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/feed/feed.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

enum { EVENTS = 20, ROOM = 4 * EVENTS };

static unsigned printed; /* or tried */
static bool scarce;      /* there is no memory for the second and the fifth */

void feed_source_key(char key[FEED_KEY_MAX + 1], unsigned source)
{
	re_snprintf(key, FEED_KEY_MAX + 1, source == FEED_NEWS ? "cb:news"
							       : "cb:none:%u",
		    source);
}

const char *feed_event_fields(unsigned source)
{
	(void)source;
	return "";
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

	++printed;
	if (scarce && (printed == 2 || printed == 5))
		return ENOMEM;
	if (redis_is(&entry->el[1].el[1], "none"))
		return EBADMSG;
	event = mem_zalloc(sizeof(*event), NULL);
	if (!event)
		return ENOMEM;
	event->source = source;
	str_ncpy(event->entry, entry->el[0].str, sizeof(event->entry));
	str_ncpy(event->id, entry->el[1].el[1].str, sizeof(event->id));
	*eventp = event;
	return 0;
}

/* --- the reader alone ------------------------------------------------------- */

struct asking {
	struct feed_reader *reader;
	const struct asking *forget; /* when its page comes */
	unsigned pages, failed;
	size_t n;
	char got[ROOM];
	int64_t added;
};

static void on_page(const struct feed_page *page, void *arg)
{
	struct asking *who = arg;

	++who->pages;
	if (!page) {
		++who->failed;
		return;
	}
	who->n = page->n;
	who->added = page->stream.added;
	for (size_t i = 0; i < page->n; i++)
		strcat(who->got, page->entries[i].event
					 ? page->entries[i].event->id
					 : "-");
	if (who->forget)
		feed_reader_forget(who->reader, who->forget);
}

static bool has_page(void *arg)
{
	return ((const struct asking *)arg)->pages > 0;
}

static void say(struct redis_bed *bed, const char *what)
{
	char line[64];

	re_snprintf(line, sizeof(line), "XADD cb:news * n %s", what);
	redis_bed_say(bed, line);
}

static int ask(struct asking *who, const char *behind, int64_t nr)
{
	struct feed_place place = {.nr = nr};

	str_ncpy(place.id, behind, sizeof(place.id));
	return feed_reader_ask(who->reader, FEED_NEWS, &place, 8, on_page,
			       who);
}

static void reader_with(void (*act)(struct redis_bed *bed,
				    struct feed_reader *reader))
{
	struct feed_reader *reader = NULL;
	struct redis_bed bed;

	printed = 0;
	if (redis_bed_start(&bed) &&
	    !feed_reader_alloc(&reader, bed.link)) {
		say(&bed, "1");
		say(&bed, "none");
		say(&bed, "2");
		act(&bed, reader);
	}
	mem_deref(reader);
	redis_bed_stop(&bed);
}

static void same(struct redis_bed *bed, struct feed_reader *reader)
{
	struct asking a = {.reader = reader}, b = a, other = a;

	CHECK(!ask(&a, "0-0", 0));
	CHECK(!ask(&b, "0-0", 0));
	/* who does not know its number may have another answer */
	CHECK(!ask(&other, "0-0", FEED_NR_UNKNOWN));
	CHECK(redis_test_until(bed->wheel, 8000, has_page, &other));
	CHECK_INT(a.pages, 1);
	CHECK_INT(b.pages, 1);
	CHECK_STR(a.got, "1-2");
	CHECK_STR(b.got, "1-2");
	CHECK_STR(other.got, "1-2");
	CHECK_INT(a.added, 3);
	CHECK_INT(printed, 2 * 3);
	/* a question that has its answer is asked anew */
	CHECK(!ask(&a, "0-0", 0));
	a.pages = 0;
	CHECK(redis_test_until(bed->wheel, 8000, has_page, &a));
	CHECK_INT(printed, 3 * 3);
}

static void who_ask_for_the_same_share_one_answer(void)
{
	reader_with(same);
}

static void forgotten(struct redis_bed *bed, struct feed_reader *reader)
{
	struct asking a = {.reader = reader}, b = a, c = a;

	CHECK(!ask(&a, "0-0", 0));
	CHECK(!ask(&b, "0-0", 0));
	CHECK(!ask(&c, "0-0", 0));
	feed_reader_forget(reader, &a);
	/* one goes while the answer is given out */
	b.forget = &c;
	CHECK(redis_test_until(bed->wheel, 8000, has_page, &b));
	CHECK_INT(a.pages, 0);
	CHECK_INT(c.pages, 0);
	CHECK_STR(b.got, "1-2");
	CHECK_INT(printed, 3);
	/* nobody waits any more: it is not read */
	CHECK(!ask(&a, "0-0", 0));
	feed_reader_forget(reader, &a);
	b.forget = NULL;
	b.pages = 0;
	CHECK(!ask(&b, "0-0", FEED_NR_UNKNOWN));
	CHECK(redis_test_until(bed->wheel, 8000, has_page, &b));
	CHECK_INT(a.pages, 0);
	CHECK_INT(printed, 6);
}

static void who_has_gone_gets_nothing(void)
{
	reader_with(forgotten);
}

static void of_another_kind(struct redis_bed *bed, struct feed_reader *reader)
{
	struct asking a = {.reader = reader}, b = a;

	redis_bed_say(bed, "DEL cb:news");
	redis_bed_say(bed, "SET cb:news text");
	CHECK(!ask(&a, "0-0", 0));
	CHECK(!ask(&b, "0-0", 0));
	CHECK(redis_test_until(bed->wheel, 8000, has_page, &b));
	CHECK_INT(a.failed, 1);
	CHECK_INT(b.failed, 1);
}

static void what_cannot_be_read_fails_for_all(void)
{
	reader_with(of_another_kind);
}

/* --- two feeds -------------------------------------------------------------- */

struct sink {
	size_t n;
	char got[ROOM];
};

static void deliver(void *arg, struct feed_event *const *events, size_t n,
		    feed_done_h *doneh, void *done_arg)
{
	struct sink *sink = arg;

	sink->n += n;
	for (size_t i = 0; i < n && strlen(sink->got) + 2 < ROOM; i++)
		strcat(sink->got, events[i]->id);
	doneh(n, done_arg);
}

static struct sink sinks[2];

static bool both_have_all(void *arg)
{
	const size_t *n = arg;

	return sinks[0].n == *n && sinks[1].n == *n;
}

static bool has_four(void *arg)
{
	return ((const struct sink *)arg)->n >= 4;
}

static bool have_places(struct redis_bed *bed)
{
	return redis_bed_say(bed, "EXISTS cb:{h:0}:places cb:{h:1}:places").num ==
	       2;
}

/* Each comes alone: two that look at different moments would print each twice. */
static void two_feeds_print_once(void)
{
	struct feed_params params = {.deliverh = deliver};
	struct feed *feeds[2] = {NULL, NULL};
	struct redis_bed bed;
	char stem[16];
	size_t want = 0;

	printed = 0;
	if (redis_bed_start(&bed)) {
		params.redis = bed.link;
		params.wheel = bed.wheel;
		params.stem = stem;
		CHECK(!feed_reader_alloc(&params.reader, bed.link));
		for (int i = 0; i < 2; i++) {
			re_snprintf(stem, sizeof(stem), "cb:{h:%d}", i);
			params.sink = &sinks[i];
			CHECK(!feed_alloc(&feeds[i], &params));
			/* they begin at different moments */
			redis_bed_idle(&bed, 90);
		}
		for (int i = 0; i < 100 && !have_places(&bed); i++)
			redis_bed_idle(&bed, 50);
		for (int i = 0; i < EVENTS; i++) {
			say(&bed, "1");
			++want;
			CHECK(redis_test_until(bed.wheel, 8000, both_have_all,
					       &want));
		}
		CHECK(printed >= EVENTS);
		/* one whose look was late reads by itself, now and then */
		CHECK(printed < EVENTS + EVENTS / 2);
		mem_deref(feeds[0]);
		mem_deref(feeds[1]);
		mem_deref(params.reader);
	}
	redis_bed_stop(&bed);
}

static void what_there_was_no_memory_for_comes_once(void)
{
	struct sink sink = {.n = 0};
	struct feed_params params = {.deliverh = deliver, .sink = &sink,
				     .stem = "cb:{h:0}"};
	struct feed *feed = NULL;
	struct redis_bed bed;

	printed = 0;
	if (redis_bed_start(&bed)) {
		params.redis = bed.link;
		params.wheel = bed.wheel;
		CHECK(!feed_reader_alloc(&params.reader, bed.link));
		/* it begins with what comes behind its first look */
		CHECK(!feed_alloc(&feed, &params));
		for (int i = 0; i < 100 &&
		     !redis_bed_say(&bed, "EXISTS cb:{h:0}:places").num; i++)
			redis_bed_idle(&bed, 50);
		feed = mem_deref(feed);
		scarce = true;
		say(&bed, "1");
		say(&bed, "2");
		say(&bed, "3");
		say(&bed, "4");
		CHECK(!feed_alloc(&feed, &params));
		CHECK(redis_test_until(bed.wheel, 8000, has_four, &sink));
		scarce = false;
		CHECK_STR(sink.got, "1234");
		CHECK(printed > 5);
		mem_deref(feed);
		mem_deref(params.reader);
	}
	redis_bed_stop(&bed);
}

TEST_MAIN(TEST(who_ask_for_the_same_share_one_answer),
	  TEST(who_has_gone_gets_nothing),
	  TEST(what_cannot_be_read_fails_for_all), TEST(two_feeds_print_once),
	  TEST(what_there_was_no_memory_for_comes_once))
