/*
 * test_trace_said.c  As much of what was said as there is room for
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/trace/trace_said.h"
#include "tests/lib/test.h"

enum { ROOM = 20000, TEXT = 3000 };

static char text[TEXT];

static struct trace_msg msg_at(uint64_t us)
{
	struct trace_msg msg = {.us = us, .text = {text, sizeof(text)}};

	pl_set_str(&msg.worker, "a1/2");
	return msg;
}

static struct trace_said *said_from(uint64_t after_us)
{
	const struct trace_said_cfg cfg = {.after_us = after_us,
					   .until_us = 1000,
					   .messages = 100,
					   .bytes = ROOM};
	struct trace_said *said = NULL;

	CHECK(!trace_said_alloc(&said, &cfg));
	return said;
}

static size_t count(const struct trace_said *said)
{
	size_t n = 0;

	while (trace_said_at(said, n))
		++n;
	return n;
}

/* Of 100 large messages, in no order. */
static struct trace_said *asked(uint64_t after_us)
{
	struct trace_said *said = said_from(after_us);

	for (unsigned i = 0; said && i < 100; i++) {
		struct trace_msg msg = msg_at(1 + i * 37 % 100);

		CHECK(!trace_said_take(said, &msg, "trace"));
		CHECK(count(said) * TEXT <= ROOM + TEXT);
	}
	if (said)
		trace_said_sort(said);
	return said;
}

static void what_there_is_no_room_for_comes_with_the_next_question(void)
{
	uint64_t after_us = 0, want = 1;
	unsigned questions = 0;

	while (after_us < 1000 && questions++ < 100) {
		struct trace_said *said = asked(after_us);

		REQUIRE(said);
		for (size_t i = 0; i < count(said); i++)
			CHECK_INT(trace_said_at(said, i)->msg.us, want++);
		CHECK(!trace_said_gap(said));
		CHECK(trace_said_until(said) > after_us);
		after_us = trace_said_until(said);
		mem_deref(said);
	}
	CHECK_INT(want, 101);
	CHECK(questions > 10 && questions < 100);
}

static void of_one_moment_too_much_is_a_gap(void)
{
	struct trace_said *said = said_from(4);
	struct trace_msg msg = msg_at(5);

	REQUIRE(said);
	for (unsigned i = 0; i < 100; i++)
		CHECK(!trace_said_take(said, &msg, "trace"));
	CHECK(count(said) > 0 && count(said) * TEXT <= ROOM);
	CHECK(trace_said_gap(said));
	CHECK_INT(trace_said_until(said), 5);
	mem_deref(said);
}

static void what_is_kept_is_a_copy(void)
{
	struct trace_said *said = said_from(0);
	char own[] = "OPTIONS sip:a SIP/2.0";
	struct trace_msg msg = msg_at(5), late = msg_at(1001), old = msg_at(0);

	REQUIRE(said);
	pl_set_str(&msg.text, own);
	CHECK(!trace_said_take(said, &msg, "0123"));
	CHECK(!trace_said_take(said, &late, "0123"));
	CHECK(!trace_said_take(said, &old, "0123"));
	memset(own, 'x', sizeof(own) - 1);
	REQUIRE(count(said) == 1);
	CHECK(!pl_strcmp(&trace_said_at(said, 0)->msg.text,
			 "OPTIONS sip:a SIP/2.0"));
	CHECK(!pl_strcmp(&trace_said_at(said, 0)->msg.worker, "a1/2"));
	CHECK_STR(trace_said_at(said, 0)->trace, "0123");
	CHECK_INT(trace_said_until(said), 1000);
	CHECK(!trace_said_gap(said));
	trace_said_miss(said);
	CHECK(trace_said_gap(said));
	mem_deref(said);
}

TEST_MAIN(TEST(what_there_is_no_room_for_comes_with_the_next_question),
	  TEST(of_one_moment_too_much_is_a_gap),
	  TEST(what_is_kept_is_a_copy))
