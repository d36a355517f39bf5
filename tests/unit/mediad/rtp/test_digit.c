/*
 * test_digit.c  Telephone-events from clock to clock
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/rtp/digit.h"
#include "tests/lib/test.h"

static const struct digit_clock wide = {48000, 48000};
static const struct digit_clock narrow = {8000, 8000};
/* what some browsers send: events of 8000 Hz in a stream of 48000 */
static const struct digit_clock mixed = {48000, 8000};

static struct digit_way way_of(const struct digit_clock *from,
			       const struct digit_clock *to)
{
	struct digit_way way;

	digit_way_init(&way, from, to, 0xffff);
	return way;
}

static bool pass(struct digit_way *way, uint32_t ts, uint16_t duration,
		 struct digit_step *step)
{
	struct digit digit = {.code = 5, .volume = 10, .duration = duration};

	return digit_pass(way, ts, &digit, step);
}

static bool pass_end(struct digit_way *way, uint32_t ts, uint16_t duration,
		     struct digit_step *step)
{
	struct digit digit = {.code = 5,
			      .volume = 10,
			      .end = true,
			      .duration = duration};

	return digit_pass(way, ts, &digit, step);
}

static void a_payload_is_read_and_written(void)
{
	static const uint8_t in[] = {11, 0x8a, 0x03, 0x20};
	uint8_t out[DIGIT_LEN];
	struct digit digit;

	REQUIRE(digit_read(&digit, in, sizeof(in)) == 0);
	CHECK_INT(digit.code, 11);
	CHECK_INT(digit.volume, 10);
	CHECK(digit.end);
	CHECK_INT(digit.duration, 800);
	CHECK_INT(digit_char(digit.code), '#');
	digit_write(out, &digit);
	CHECK(!memcmp(in, out, sizeof(in)));
	for (size_t len = 0; len < DIGIT_LEN; len++)
		CHECK_INT(digit_read(&digit, in, len), EBADMSG);
	CHECK_INT(digit_char(16), '?');
}

static void durations_are_those_of_the_receivers_clock(void)
{
	struct digit_way way = way_of(&wide, &narrow);
	struct digit_step step;

	REQUIRE(pass(&way, 1000, 960, &step));
	CHECK_INT(step.digit.duration, 160);
	CHECK_INT(step.age, 160);
	CHECK(step.first);
	REQUIRE(pass(&way, 1000, 1920, &step));
	CHECK_INT(step.digit.duration, 320);
	CHECK(!step.first);

	way = way_of(&narrow, &wide);
	REQUIRE(pass(&way, 1000, 160, &step));
	CHECK_INT(step.digit.duration, 960);
	way = way_of(&mixed, &narrow);
	REQUIRE(pass(&way, 1000, 160, &step));
	CHECK_INT(step.digit.duration, 160);
	way = way_of(&narrow, &mixed);
	REQUIRE(pass(&way, 1000, 160, &step));
	CHECK_INT(step.digit.duration, 160);
	CHECK_INT(step.age, 960);
	/* never none: that would be for ever (RFC 4733, 2.3.5) */
	way = way_of(&wide, &narrow);
	REQUIRE(pass(&way, 1000, 0, &step));
	CHECK_INT(step.digit.duration, 1);
}

static void every_end_stays_an_end(void)
{
	struct digit_way way = way_of(&wide, &narrow);
	struct digit_step step;

	CHECK(pass(&way, 0, 4800, &step));
	CHECK(!step.over);
	for (unsigned i = 0; i < 3; i++) {
		REQUIRE(pass_end(&way, 0, 5760, &step));
		CHECK(step.digit.end && step.over && !step.first);
		CHECK_INT(step.digit.duration, 960);
	}
	REQUIRE(pass(&way, 0, 4800, &step)); /* overtaken */
	CHECK(step.over && !step.first);
}

/* 3 s at 8000 Hz: one segment there, three at 48000. */
static void a_long_event_is_cut_where_it_does_not_fit(void)
{
	struct digit_way way = way_of(&narrow, &wide);
	struct digit_step step;
	uint32_t end = 0, full = 0;

	for (unsigned ticks = 400; ticks <= 24000; ticks += 400) {
		REQUIRE(pass(&way, 77, (uint16_t)ticks, &step));
		CHECK_INT(step.begin, 77);
		CHECK(step.since % DIGIT_SEGMENT == 0);
		CHECK(step.since + step.digit.duration >= end);
		CHECK(step.since <= end); /* no gap */
		full += step.digit.duration == DIGIT_SEGMENT;
		end = step.since + step.digit.duration;
	}
	CHECK_INT(full, 2);
	for (unsigned i = 0; i < 3; i++)
		REQUIRE(pass_end(&way, 77, 24000, &step));
	CHECK(step.digit.end);
	CHECK_INT(step.since + step.digit.duration, 144000);
}

/* The same the other way round: three segments are one event again. */
static void segments_of_the_source_are_one_event(void)
{
	struct digit_way way = way_of(&wide, &narrow);
	struct digit_step step;
	uint32_t ts = 0xffff0000u; /* wraps */

	REQUIRE(pass(&way, ts, 2400, &step));
	REQUIRE(pass(&way, ts, DIGIT_SEGMENT, &step));
	CHECK_INT(step.digit.duration, 10922);
	ts += DIGIT_SEGMENT;
	REQUIRE(pass(&way, ts, 2400, &step));
	CHECK(!step.first);
	CHECK_INT(step.begin, 0xffff0000u);
	CHECK_INT(step.since, 0);
	CHECK_INT(step.digit.duration, (65535 + 2400) / 6);
	CHECK(!pass(&way, ts - DIGIT_SEGMENT, 2400, &step)); /* overtaken */
	REQUIRE(pass(&way, ts, DIGIT_SEGMENT, &step));
	ts += DIGIT_SEGMENT;
	REQUIRE(pass_end(&way, ts, 600, &step));
	CHECK_INT(step.digit.duration, (2 * 65535 + 600) / 6);
}

/* Whole segments lost on the way to us cost no end. */
static void an_end_comes_through_when_segments_were_lost(void)
{
	struct digit_way way = way_of(&narrow, &wide);
	struct digit_step step;

	REQUIRE(pass(&way, 0, 400, &step));
	REQUIRE(pass_end(&way, 0, 60000, &step));
	CHECK_INT(step.digit.duration, DIGIT_SEGMENT);
	CHECK(!step.digit.end);
	REQUIRE(pass_end(&way, 0, 60000, &step));
	CHECK(step.digit.end);
	CHECK_INT(step.since + step.digit.duration, 360000);
}

static void the_next_event_is_another_one(void)
{
	struct digit_way way = way_of(&wide, &narrow);
	struct digit_step step;

	REQUIRE(pass_end(&way, 5000, 4800, &step));
	REQUIRE(pass(&way, 15000, 960, &step));
	CHECK(step.first && !step.over);
	CHECK_INT(step.begin, 15000);
	CHECK(!pass(&way, 5000, 4800, &step)); /* of the one before */
	/* begins where a segment would, but after an end */
	REQUIRE(pass_end(&way, 15000, DIGIT_SEGMENT, &step));
	REQUIRE(pass(&way, 15000 + DIGIT_SEGMENT, 960, &step));
	CHECK(step.first);
	digit_way_anew(&way);
	CHECK(pass(&way, 5000, 4800, &step) && step.first);
	/* half a circle away is neither before nor behind */
	CHECK(pass(&way, 5000 + 0x80000000u, 4800, &step) && step.first);
}

static void what_the_receiver_does_not_take_is_not_sent(void)
{
	struct digit_way way;
	struct digit_step step;
	struct digit digit = {.duration = 160};

	digit_way_init(&way, &narrow, &narrow, 1u << 11 | 1u << 3);
	for (unsigned code = 0; code < 256; code++) {
		digit.code = (uint8_t)code;
		CHECK_INT(digit_pass(&way, code * 1000, &digit, &step),
			  code == 3 || code == 11);
	}
}

static void events_packed_together_keep_their_place(void)
{
	uint8_t p[14] = {1,    0x8a, 0x12, 0xc0, 2, 0x0a, 0x06,
			 0x00, 3,    0x0a, 0,    1, 9,    9};
	struct digit_way way = way_of(&wide, &narrow);
	struct digit digit;

	CHECK_INT(digit_pass_rest(&way, p, sizeof(p)), 12);
	CHECK_INT(digit_read(&digit, p + 4, 4), 0);
	CHECK_INT(digit.code, 2);
	CHECK_INT(digit.duration, 256);
	CHECK_INT(digit_read(&digit, p + 8, 4), 0);
	CHECK_INT(digit.duration, 1);
	CHECK_INT(digit_pass_rest(&way, p, 4), 4);
}

TEST_MAIN(TEST(a_payload_is_read_and_written),
	  TEST(durations_are_those_of_the_receivers_clock),
	  TEST(every_end_stays_an_end),
	  TEST(a_long_event_is_cut_where_it_does_not_fit),
	  TEST(segments_of_the_source_are_one_event),
	  TEST(an_end_comes_through_when_segments_were_lost),
	  TEST(the_next_event_is_another_one),
	  TEST(what_the_receiver_does_not_take_is_not_sent),
	  TEST(events_packed_together_keep_their_place))
