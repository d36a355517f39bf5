/*
 * test_load.c  One number for how busy a worker is, and what it refuses
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/guard/load.h"
#include "tests/lib/test.h"

/* A worker whose thread ran for `busy` per mille of each 100 ms. */
static void run(struct load *load, unsigned samples, uint32_t busy,
		struct load_sample s)
{
	s.now_us = load->now_us ? load->now_us : 1000000;
	s.cpu_us = load->cpu_us;
	while (samples--) {
		s.now_us += LOAD_SAMPLE_MS * 1000;
		s.cpu_us += busy * LOAD_SAMPLE_MS;
		load_sample(load, &s);
	}
}

static unsigned refused_of(struct load *load, unsigned n)
{
	unsigned refused = 0;

	while (n--)
		refused += load_refuses(load);
	return refused;
}

static void an_idle_worker_refuses_nothing(void)
{
	struct load load = {.share = 0};

	run(&load, 100, 850, (struct load_sample){.lag_ms = 5});
	CHECK(load.value < LOAD_FULL);
	CHECK_INT(refused_of(&load, 1000), 0);
}

static void each_part_alone_is_an_overload(void)
{
	const struct load_sample parts[] = {
		{.lag_ms = 2 * LOAD_LAG_HIGH_MS},
		{.queue = 999},
		{.txns = 999},
	};

	for (unsigned i = 0; i < 3; i++) {
		struct load load = {.share = 0};

		run(&load, 20, LOAD_LAG_OWN, parts[i]);
		CHECK(load.value > LOAD_FULL);
		CHECK(refused_of(&load, 1000) > 0);
	}
}

static void while_redis_owes_an_answer_new_work_is_refused(void)
{
	struct load load = {.share = 0};

	run(&load, 1, 100, (struct load_sample){.redis_ms = 400});
	CHECK_INT(refused_of(&load, 1000), 0);
	run(&load, 1, 100, (struct load_sample){.redis_ms = 1000});
	CHECK_INT(refused_of(&load, 1000), 500);
	run(&load, 30, 100, (struct load_sample){.redis_ms = 2000});
	CHECK_INT(refused_of(&load, 1000), 1000);
	/* it answers again: so do we */
	run(&load, 1, 100, (struct load_sample){.redis_ms = 0});
	CHECK_INT(refused_of(&load, 1000), 0);
}

static void one_slow_turn_is_no_overload(void)
{
	struct load load = {.share = 0};

	run(&load, 50, 300, (struct load_sample){.lag_ms = 0});
	run(&load, 1, 300, (struct load_sample){.lag_ms = 150});
	CHECK_INT(refused_of(&load, 1000), 0);
	/* however slow: files were read anew, or nobody gave us the
	 * processor */
	for (unsigned i = 0; i < 10; i++) {
		run(&load, 1, 900, (struct load_sample){.lag_ms = 5000});
		CHECK_INT(refused_of(&load, 1000), 0);
		run(&load, 1, 300, (struct load_sample){.lag_ms = 10});
		CHECK_INT(refused_of(&load, 1000), 0);
	}
	/* but two in a row are one */
	run(&load, 2, 600, (struct load_sample){.lag_ms = 500});
	CHECK(refused_of(&load, 1000) > 0);
}

/* Samples that come late, of a thread that ran for cpu_us in each. */
static void late(struct load *load, unsigned samples, uint32_t lag_ms,
		 uint64_t cpu_us)
{
	struct load_sample s = {.lag_ms = lag_ms};

	s.now_us = load->now_us ? load->now_us : 1000000;
	s.cpu_us = load->cpu_us;
	while (samples--) {
		s.now_us += (LOAD_SAMPLE_MS + lag_ms) * 1000;
		s.cpu_us += cpu_us;
		load_sample(load, &s);
	}
}

/* The machine works for others, or stands still: nobody is served sooner. */
static void who_is_late_with_little_to_do_refuses_nothing(void)
{
	struct load load = {.share = 0};

	late(&load, 100, 900, 45000);
	CHECK_INT(refused_of(&load, 1000), 0);
	late(&load, 100, 10000, 1000);
	CHECK_INT(refused_of(&load, 1000), 0);
}

/* A tenth of a processor is all that it gets. */
static void who_uses_all_of_the_little_that_it_gets_refuses(void)
{
	struct load load = {.share = 0};

	late(&load, 20, 900, 100000);
	CHECK(refused_of(&load, 1000) > 0);
}

static void refusals_grow_while_it_lasts_and_end_after_it(void)
{
	struct load load = {.share = 0};
	uint32_t early;

	run(&load, 5, 1000, (struct load_sample){.lag_ms = 0});
	early = load.share;
	CHECK(early > 0 && early < 500);
	run(&load, 100, 1000, (struct load_sample){.lag_ms = 0});
	CHECK(load.share > early);
	/* back to normal within 10 s (RFC 5390 REQ 21) */
	run(&load, 60, 200, (struct load_sample){.lag_ms = 0});
	CHECK_INT(load.share, 0);
	CHECK_INT(refused_of(&load, 1000), 0);
}

static void refusals_are_spread_evenly(void)
{
	struct load load = {.share = 300};
	unsigned run_length = 0, longest = 0;

	for (unsigned i = 0; i < 1000; i++) {
		run_length = load_refuses(&load) ? run_length + 1 : 0;
		longest = max(longest, run_length);
	}
	CHECK_INT(longest, 1);
	load.owed = 0;
	CHECK_INT(refused_of(&load, 1000), 300);
}

/* A work load that shrinks as it is refused settles where it can be served:
 * most of it is done, and it does not swing to nothing. */
static void at_five_times_what_it_can_it_goes_on_serving(void)
{
	struct load load = {.share = 0};
	struct load_sample s = {.now_us = 1000000};
	uint32_t least = UINT32_MAX;

	for (unsigned i = 0; i < 600; i++) {
		/* 5 cores' worth is asked for; a refusal costs a twentieth */
		uint32_t asked = 5000 * (1000 - load.share) / 1000 +
				 250 * load.share / 1000;
		uint32_t served = asked > 1000 ? 1000 : asked;

		s.now_us += LOAD_SAMPLE_MS * 1000;
		s.cpu_us += served * LOAD_SAMPLE_MS;
		load_sample(&load, &s);
		if (i > 100)
			least = min(least, 1000 - load.share);
	}
	/* 150 of 1000 would fill the rest of the core exactly */
	CHECK(least >= 50);
	CHECK(load.share > 500 && load.share < 1000);
}

static void a_clock_that_jumps_back_changes_nothing(void)
{
	struct load load = {.share = 0};

	run(&load, 10, 100, (struct load_sample){.lag_ms = 0});
	load_sample(&load, &(struct load_sample){.now_us = 1, .cpu_us = 1});
	CHECK(load.value < LOAD_FULL);
}

TEST_MAIN(TEST(an_idle_worker_refuses_nothing),
	  TEST(each_part_alone_is_an_overload),
	  TEST(while_redis_owes_an_answer_new_work_is_refused),
	  TEST(one_slow_turn_is_no_overload),
	  TEST(who_is_late_with_little_to_do_refuses_nothing),
	  TEST(who_uses_all_of_the_little_that_it_gets_refuses),
	  TEST(refusals_grow_while_it_lasts_and_end_after_it),
	  TEST(refusals_are_spread_evenly),
	  TEST(at_five_times_what_it_can_it_goes_on_serving),
	  TEST(a_clock_that_jumps_back_changes_nothing))
