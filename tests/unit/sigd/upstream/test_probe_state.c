/*
 * test_probe_state.c  Is it there? Counted, and as text and back
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "sigd/upstream/probe_state.h"
#include "tests/lib/test.h"

static const struct probe_limits usual = {2, 1};

static bool counted(struct probe_state *state, uint16_t code, uint64_t now_ms)
{
	const struct probe_result result = {.code = code, .why = "x",
					    .now_ms = now_ms, .rtt_ms = 7};

	return probe_count(state, &result, &usual);
}

static void one_failure_is_no_outage_two_are(void)
{
	struct probe_state state = {.failures = 0};

	CHECK(counted(&state, 200, 10));
	CHECK_INT(state.phase, PROBE_UP);
	CHECK(!counted(&state, 0, 20));
	CHECK_INT(state.phase, PROBE_UP);
	CHECK_INT(state.since_ms, 10);
	CHECK(counted(&state, 0, 30));
	CHECK_INT(state.phase, PROBE_DOWN);
	CHECK_INT(state.since_ms, 30);
	CHECK(!counted(&state, 503, 40));
	CHECK_INT(state.since_ms, 30);
	CHECK_INT(state.code, 503);
	CHECK_INT(state.last_ms, 40);
	CHECK(counted(&state, 404, 50));
	CHECK_INT(state.phase, PROBE_UP);
}

static void failures_with_an_answer_between_are_none(void)
{
	struct probe_state state = {.failures = 0};

	for (unsigned i = 0; i < 5; i++) {
		(void)counted(&state, 0, 10);
		CHECK_INT(state.phase, i ? PROBE_UP : PROBE_UNKNOWN);
		(void)counted(&state, 200, 20);
		CHECK_INT(state.phase, PROBE_UP);
	}
}

static bool counted_by(struct probe_state *state, uint16_t code,
		       uint32_t down, uint32_t up)
{
	const struct probe_limits limits = {down, up};
	const struct probe_result result = {.code = code, .why = "x",
					    .now_ms = 1};

	return probe_count(state, &result, &limits);
}

static void so_many_as_are_asked_for(void)
{
	struct probe_state state = {.failures = 0};

	/* who was not down is up at once */
	CHECK(counted_by(&state, 200, 4, 3));
	for (unsigned i = 0; i < 3; i++) {
		CHECK(!counted_by(&state, 0, 4, 3));
		CHECK(probe_wavers(&state));
	}
	CHECK(counted_by(&state, 0, 4, 3));
	CHECK_INT(state.phase, PROBE_DOWN);
	CHECK(!probe_wavers(&state));
	CHECK(!counted_by(&state, 200, 4, 3));
	CHECK(probe_wavers(&state));
	CHECK(!counted_by(&state, 200, 4, 3));
	CHECK(!counted_by(&state, 503, 4, 3));
	for (unsigned i = 0; i < 2; i++)
		CHECK(!counted_by(&state, 200, 4, 3));
	CHECK_INT(state.phase, PROBE_DOWN);
	CHECK(counted_by(&state, 200, 4, 3));
	CHECK_INT(state.phase, PROBE_UP);
}

static void any_answer_is_one_but_two(void)
{
	CHECK(probe_answered(200) && probe_answered(401) &&
	      probe_answered(404) && probe_answered(405) &&
	      probe_answered(501));
	CHECK(!probe_answered(0) && !probe_answered(408) &&
	      !probe_answered(503));
}

static void a_state_reads_back(void)
{
	static const struct probe_state sample = {
		.phase = PROBE_DOWN, .code = 503,
		.why = "Go = away\r\n 1%", .since_ms = 1790000000000,
		.last_ms = 1790000000001, .rtt_ms = 12, .print = 4000000000u};
	struct probe_state back;
	char text[PROBE_STATE_MAX];
	struct pl pl;

	CHECK_INT(probe_state_print(text, &sample, "a1/2"), 0);
	CHECK(!strpbrk(text, "\r\n"));
	pl_set_str(&pl, text);
	CHECK_INT(probe_state_parse(&back, &pl), 0);
	CHECK(!memcmp(&back, &sample, sizeof(back)));
}

static void what_is_not_ours_is_refused(void)
{
	static const char *const bad[] = {
		"", "state=up", "state=off code=1 why=x since=1 last=1 rtt=1 print=1",
		"state=up code=700 why=x since=1 last=1 rtt=1 print=1",
		"state=up code=1 why=%0 since=1 last=1 rtt=1 print=1",
		"state=up code=1 why=x since=-1 last=1 rtt=1 print=1",
		"state=up code=1 why=x since=1 last=1 rtt=1 print=4294967296",
	};
	struct probe_state state;
	struct pl pl;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		pl_set_str(&pl, bad[i]);
		CHECK_INT(probe_state_parse(&state, &pl), EBADMSG);
	}
}

TEST_MAIN(TEST(one_failure_is_no_outage_two_are),
	  TEST(failures_with_an_answer_between_are_none),
	  TEST(so_many_as_are_asked_for),
	  TEST(any_answer_is_one_but_two), TEST(a_state_reads_back),
	  TEST(what_is_not_ours_is_refused))
