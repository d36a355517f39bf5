/*
 * test_feed_place.c  What a receiver has missed is counted
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/feed/feed_place.h"
#include "tests/lib/test.h"

static void what_has_gone_behind_the_place_is_lost_once(void)
{
	struct feed_place place = {"7-0", 10};
	/* of 30 the first 16 are no more; 8 of the others have been read */
	const struct feed_stream stream = {.added = 30, .gone = 16, .n = 8};

	CHECK_INT(feed_place_look(&place, &stream), 6);
	CHECK_INT(place.nr, 16);
	CHECK_INT(feed_place_look(&place, &stream), 0);
}

static void what_was_delivered_may_go(void)
{
	struct feed_place place = {"7-0", 10};
	const struct feed_stream stream = {.added = 13, .gone = 10, .n = 3,
					   .all = true};

	CHECK_INT(feed_place_look(&place, &stream), 0);
	CHECK_INT(place.nr, 10);
}

static void a_place_that_is_not_known_is_when_all_is_read(void)
{
	struct feed_place place = {"7-0", FEED_NR_UNKNOWN};
	struct feed_stream stream = {.added = 30, .gone = 16, .n = 8};

	CHECK_INT(feed_place_look(&place, &stream), 0);
	CHECK_INT(place.nr, FEED_NR_UNKNOWN);
	stream.all = true;
	CHECK_INT(feed_place_look(&place, &stream), 0);
	CHECK_INT(place.nr, 22);
}

static void a_stream_that_begins_anew_is_counted_from_there(void)
{
	struct feed_place place = {"7-0", 100};
	const struct feed_stream stream = {.added = 5, .gone = 2, .n = 3};

	CHECK_INT(feed_place_look(&place, &stream), 2);
	CHECK_INT(place.nr, 2);
}

static void nothing_is_known_of_what_was_not_looked_at(void)
{
	struct feed_place place = {"7-0", 10};
	const struct feed_stream stream = {.added = FEED_NR_UNKNOWN,
					   .all = true};

	CHECK_INT(feed_place_look(&place, &stream), 0);
	CHECK_INT(place.nr, 10);
}

static void a_number_is_of_its_id_alone(void)
{
	static const char *const bad[] = {
		"7-1 12", "7-0", "7-0 ", "7-0 x", "7-0 -1", "7-0 1 2",
		"7-0 99999999999999999999", "", "7-01 2"};
	struct feed_place place = {"7-0", 12}, other;
	char text[FEED_PLACE_MAX + 1];

	feed_place_print(text, &place);
	CHECK_STR(text, "7-0 12");
	feed_place_read(&other, "7-0", text);
	CHECK_STR(other.id, "7-0");
	CHECK_INT(other.nr, 12);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		feed_place_read(&other, "7-0", bad[i]);
		CHECK_STR(other.id, "7-0");
		CHECK_INT(other.nr, FEED_NR_UNKNOWN);
	}
	feed_place_read(&other, "7-0", NULL);
	CHECK_INT(other.nr, FEED_NR_UNKNOWN);
}

TEST_MAIN(TEST(what_has_gone_behind_the_place_is_lost_once),
	  TEST(what_was_delivered_may_go),
	  TEST(a_place_that_is_not_known_is_when_all_is_read),
	  TEST(a_stream_that_begins_anew_is_counted_from_there),
	  TEST(nothing_is_known_of_what_was_not_looked_at),
	  TEST(a_number_is_of_its_id_alone))
