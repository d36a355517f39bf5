/*
 * test_strain.c  When a worker is late for the calls that it has
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/control/strain.h"
#include "tests/lib/test.h"

/* Of a worker that works for four fifths of the time. */
static bool sample(struct strain *strain, uint64_t late_ms)
{
	const uint64_t passed_ms = STRAIN_SAMPLE_MS + (late_ms % 60000);

	return strain_sample(strain, late_ms, passed_ms * 800);
}

/* How many samples of this until it changes; most: it does not. */
static unsigned until(struct strain *strain, uint64_t late_ms, unsigned most)
{
	unsigned n = 0;

	while (n < most && !sample(strain, late_ms))
		n++;
	return n;
}

static void one_slow_turn_is_none(void)
{
	struct strain strain = {0};

	CHECK(!sample(&strain, 3000));
	CHECK_INT(until(&strain, 0, 1000), 1000);
	/* nor are some, of a host that stands still now and then */
	for (unsigned i = 0; i < 100; i++)
		CHECK(!sample(&strain, i % 8 ? 2 : 100));
	/* nor long ones, once in a while */
	strain = (struct strain){0};
	for (unsigned i = 0; i < 1000; i++)
		CHECK(!sample(&strain, i % 120 ? 2 : 900));
	CHECK(!strain.on);
}

/* A third to a fifth of the time has gone, in pieces as a busy host takes it. */
static void a_host_that_takes_its_part_is_none(void)
{
	struct strain strain = {0};

	for (unsigned i = 0; i < 1000; i++)
		CHECK(!sample(&strain, i % 6 ? 3 : 150));
	for (unsigned i = 0; i < 1000; i++)
		CHECK(!sample(&strain, i % 2 ? 3 : 30));
}

/* It has more to do than it can: no deadline is far off, but none is met. */
static void who_is_never_in_time_is_late(void)
{
	struct strain strain = {0};

	CHECK_INT(until(&strain, STRAIN_PACKET_MS - 1, 1000), 1000);
	CHECK(until(&strain, STRAIN_PACKET_MS, 1000) *
		      (STRAIN_SAMPLE_MS + STRAIN_PACKET_MS) <=
	      2000);
	CHECK(strain.on);
	/* which rule it was can be told */
	CHECK(strain_often(&strain) >= STRAIN_OFTEN_ON);
	CHECK(strain_often(&strain) <= 1000);
	CHECK(strain_share(&strain) < STRAIN_ON);
	CHECK(until(&strain, 2, 1000) * STRAIN_SAMPLE_MS <= 1000);
	CHECK(!strain.on);
	CHECK(strain_often(&strain) <= STRAIN_OFTEN_OFF);
}

/* Of two seconds it has one. */
static void who_stands_still_for_long_again_is_late(void)
{
	struct strain strain = {0};
	unsigned on = 0;

	for (unsigned i = 0; i < 10; i++) {
		(void)sample(&strain, 1000);
		CHECK(strain.on == (i > 0));
		for (unsigned k = 0; k < 20; k++) {
			(void)sample(&strain, 0);
			on += strain.on;
		}
	}
	CHECK(on > 9 * 15);
}

static void what_lasts_is_one_within_half_a_second(void)
{
	struct strain strain = {0};
	unsigned n = until(&strain, 100, 1000);

	CHECK(strain.on);
	CHECK(n >= 2 && n * STRAIN_SAMPLE_MS <= 500);
}

/* Of three seconds it has less than one. */
static void who_is_stopped_again_and_again_is_late(void)
{
	struct strain strain = {0};
	unsigned n = 0;

	while (n < 100 && !sample(&strain, n % 2 ? 200 : 2))
		n++;
	CHECK(strain.on && n < 10);
}

static void it_ends_when_all_is_well_and_not_before(void)
{
	struct strain strain = {0};

	(void)until(&strain, 100, 1000);
	REQUIRE(strain.on);
	CHECK_INT(until(&strain, 40, 1000), 1000);
	CHECK(strain.on);
	CHECK(until(&strain, 2, 1000) * STRAIN_SAMPLE_MS <= 1000);
	CHECK(!strain.on);
}

/* A clock that jumped is no reason to refuse calls for long. */
static void a_jump_is_soon_forgotten(void)
{
	struct strain strain = {0};

	CHECK(!sample(&strain, UINT64_MAX));
	CHECK(sample(&strain, UINT64_MAX));
	CHECK(until(&strain, 0, 1000) * STRAIN_SAMPLE_MS <= 1500);
	CHECK(!strain.on);
}

static void it_is_eased_before_it_refuses(void)
{
	struct strain strain = {0};
	uint8_t ease = 0;

	CHECK_INT(strain_ease(&strain), 0);
	for (unsigned i = 0; i < 100 && !strain.on; i++) {
		(void)sample(&strain, 100);
		CHECK(strain_ease(&strain) >= ease);
		ease = strain_ease(&strain);
		CHECK(strain_share(&strain) < STRAIN_LEAST || ease == 2);
	}
	CHECK(strain.on);
	for (unsigned i = 0; i < 100; i++)
		(void)sample(&strain, 0);
	CHECK_INT(strain_ease(&strain), 0);
	/* also where each deadline is missed by little */
	for (ease = 0; !strain.on && ease < 2; ease = strain_ease(&strain))
		(void)sample(&strain, STRAIN_PACKET_MS);
	CHECK(!strain.on);
	for (unsigned i = 0; i < 100; i++)
		(void)sample(&strain, 0);
	CHECK_INT(strain_ease(&strain), 0);
}

/* A machine with more to do than it can, and not for this worker's calls. */
static void who_is_late_with_little_to_do_is_starved_and_refuses_nobody(void)
{
	struct strain strain = {0};
	unsigned n = 0;

	while (n < 100 && !strain_sample(&strain, 100, 5000))
		n++;
	CHECK(strain.starved && !strain.on && n < 10);
	CHECK(strain_busy(&strain) < STRAIN_OWN);
	/* calls come, and it has enough to do */
	n = 0;
	while (n < 100 && !strain_sample(&strain, 100, 60000))
		n++;
	CHECK(strain.on && !strain.starved && n < 20);
	/* they end, and only the machine is left */
	n = 0;
	while (n < 100 && !strain_sample(&strain, 100, 0))
		n++;
	CHECK(strain.starved && !strain.on && n < 100);
	CHECK(until(&strain, 0, 1000) < 1000);
	CHECK(!strain.starved && !strain.on);
	CHECK_INT(until(&strain, 0, 1000), 1000);
}

/* A twentieth of the time is enough for it; of 310 ms it is stopped for 250. */
static void who_is_stopped_with_little_to_do_refuses_nobody(void)
{
	struct strain strain = {0};

	for (unsigned i = 0; i < 100; i++) {
		(void)strain_sample(&strain, 220, 15500);
		(void)strain_sample(&strain, 1, 500);
		CHECK(!strain.on);
	}
	CHECK(strain.starved);
}

/* A tenth of a processor is all that it gets. */
static void who_uses_all_of_the_little_that_it_gets_refuses(void)
{
	struct strain strain = {0};
	unsigned n = 0;

	while (n < 20 && !strain.on) {
		(void)strain_sample(&strain, 450, 50000);
		n++;
	}
	CHECK(strain.on);
}

static void no_more_than_all_of_the_time_is_its_own(void)
{
	struct strain strain = {0};

	for (unsigned i = 0; i < 100; i++)
		(void)strain_sample(&strain, i % 3 * 200, UINT64_MAX / 2);
	CHECK(strain_busy(&strain) <= 1000);
	(void)strain_sample(&strain, 0, UINT64_MAX);
	CHECK(strain_busy(&strain) <= 1000);
}

TEST_MAIN(TEST(it_is_eased_before_it_refuses),
	  TEST(one_slow_turn_is_none),
	  TEST(a_host_that_takes_its_part_is_none),
	  TEST(who_is_never_in_time_is_late),
	  TEST(who_stands_still_for_long_again_is_late),
	  TEST(what_lasts_is_one_within_half_a_second),
	  TEST(who_is_stopped_again_and_again_is_late),
	  TEST(it_ends_when_all_is_well_and_not_before),
	  TEST(a_jump_is_soon_forgotten),
	  TEST(who_is_late_with_little_to_do_is_starved_and_refuses_nobody),
	  TEST(who_is_stopped_with_little_to_do_refuses_nobody),
	  TEST(who_uses_all_of_the_little_that_it_gets_refuses),
	  TEST(no_more_than_all_of_the_time_is_its_own))
