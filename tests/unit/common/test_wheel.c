/*
 * test_wheel.c  Timer wheel: order, time, stops, and a model to compare with
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <re.h>

#include "common/wheel.h"
#include "tests/lib/test.h"

enum {
	DAY_MS = 86400000
};

struct note {
	struct wheel_timer timer;
	struct run *run;
	uint64_t due_ms;
	int nr;
	int fired;
};

/* What fired, in its order. */
struct run {
	struct wheel *wheel;
	uint64_t last_due_ms;
	int order[64];
	size_t n;
	size_t early;
	size_t disorder;
};

static void on_note(void *arg)
{
	struct note *note = arg;
	struct run *run = note->run;

	note->fired++;
	run->early += wheel_now(run->wheel) < note->due_ms;
	run->disorder += note->due_ms < run->last_due_ms;
	run->last_due_ms = note->due_ms;
	if (run->n < 64)
		run->order[run->n] = note->nr;
	run->n++;
}

static void start(struct run *run, struct note *note, uint64_t delay_ms)
{
	note->run = run;
	note->due_ms = wheel_now(run->wheel) + delay_ms;
	wheel_start(run->wheel, &note->timer, delay_ms, on_note, note);
}

static void deadline_never_fires_early(void)
{
	static const uint64_t delays[] = {1,
					  2,
					  255,
					  256,
					  257,
					  511,
					  65535,
					  65536,
					  65537,
					  16777215,
					  16777216,
					  4294967295ull,
					  4294967296ull,
					  1099511627776ull};
	struct run run = {0};

	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		struct note note = {0};
		uint64_t begin = 1000003 * (i + 1);

		REQUIRE(!wheel_alloc(&run.wheel, begin));
		start(&run, &note, delays[i]);
		wheel_advance(run.wheel, begin + delays[i] - 1);
		CHECK_INT(note.fired, 0);
		CHECK(wheel_runs(&note.timer));
		CHECK_INT(wheel_next(run.wheel), 1);
		wheel_advance(run.wheel, begin + delays[i]);
		CHECK_INT(note.fired, 1);
		CHECK(!wheel_runs(&note.timer));
		run.wheel = mem_deref(run.wheel);
		run.last_due_ms = 0;
	}
	CHECK_INT(run.early, 0);
}

static void order_is_that_of_deadlines_in_one_advance(void)
{
	static const uint64_t delay[] = {70000, 3, 300, 256, 255, 3, 70000, 1};
	static const int want[] = {7, 1, 5, 4, 3, 2, 0, 6};
	struct note note[8] = {0};
	struct run run = {0};

	REQUIRE(!wheel_alloc(&run.wheel, 77));
	for (int i = 0; i < 8; i++) {
		note[i].nr = i;
		start(&run, &note[i], delay[i]);
	}
	CHECK_INT(wheel_count(run.wheel), 8);
	wheel_advance(run.wheel, 77 + 100000);
	CHECK_INT(run.n, 8);
	CHECK(!memcmp(run.order, want, sizeof(want)));
	CHECK_INT(wheel_count(run.wheel), 0);
	CHECK(wheel_next(run.wheel) == UINT64_MAX);
	mem_deref(run.wheel);
}

static void equal_deadlines_run_in_the_order_of_their_start(void)
{
	struct note note[3] = {{.nr = 0}, {.nr = 1}, {.nr = 2}};
	struct run run = {0};

	/* the first lies on a high level and comes down, the last does not */
	REQUIRE(!wheel_alloc(&run.wheel, 0));
	start(&run, &note[0], 1000);
	wheel_advance(run.wheel, 500);
	start(&run, &note[1], 500);
	wheel_advance(run.wheel, 999);
	start(&run, &note[2], 1);
	wheel_advance(run.wheel, 5000);
	CHECK_INT(run.n, 3);
	CHECK(run.order[0] == 0 && run.order[1] == 1 && run.order[2] == 2);
	mem_deref(run.wheel);
}

static void time_never_goes_back(void)
{
	struct note note = {0};
	struct run run = {0};

	REQUIRE(!wheel_alloc(&run.wheel, 1000));
	start(&run, &note, 10);
	wheel_advance(run.wheel, 5);
	CHECK_INT(wheel_now(run.wheel), 1000);
	CHECK_INT(note.fired, 0);
	wheel_advance(run.wheel, 1010);
	CHECK_INT(note.fired, 1);
	mem_deref(run.wheel);
}

static void start_of_a_running_timer_starts_it_anew(void)
{
	struct note note = {0};
	struct run run = {0};

	REQUIRE(!wheel_alloc(&run.wheel, 0));
	start(&run, &note, 10);
	wheel_advance(run.wheel, 9);
	start(&run, &note, 10);
	wheel_advance(run.wheel, 18);
	CHECK_INT(note.fired, 0);
	CHECK_INT(wheel_count(run.wheel), 1);
	wheel_advance(run.wheel, 19);
	CHECK_INT(note.fired, 1);
	mem_deref(run.wheel);
}

static void endless_delay_does_not_wrap_around(void)
{
	struct note note = {0};
	struct run run = {0};

	REQUIRE(!wheel_alloc(&run.wheel, 1000));
	start(&run, &note, UINT64_MAX);
	wheel_advance(run.wheel, 1000ull * DAY_MS);
	CHECK_INT(note.fired, 0);
	CHECK(wheel_runs(&note.timer));
	mem_deref(run.wheel);
}

static void stopped_timer_does_not_fire(void)
{
	struct note note = {0};
	struct run run = {0};

	REQUIRE(!wheel_alloc(&run.wheel, 0));
	wheel_stop(&note.timer);
	start(&run, &note, 300);
	wheel_stop(&note.timer);
	wheel_stop(&note.timer);
	wheel_stop(NULL);
	CHECK(wheel_next(run.wheel) == UINT64_MAX);
	wheel_advance(run.wheel, 1000);
	CHECK_INT(note.fired, 0);
	mem_deref(run.wheel);
}

static void free_of_the_wheel_stops_its_timers(void)
{
	struct note note[3] = {0};
	struct run run = {0};

	REQUIRE(!wheel_alloc(&run.wheel, 0));
	start(&run, &note[0], 0);
	start(&run, &note[1], 300);
	start(&run, &note[2], DAY_MS);
	mem_deref(run.wheel);
	for (int i = 0; i < 3; i++) {
		CHECK(!wheel_runs(&note[i].timer));
		wheel_stop(&note[i].timer);
	}
}

/* --- handlers that change the wheel ------------------------------------- */

struct meddler {
	struct wheel_timer timer;
	struct wheel *wheel;
	struct meddler *other;
	int fired;
};

static void on_stop_other(void *arg)
{
	struct meddler *m = arg;

	m->fired++;
	wheel_stop(&m->other->timer);
}

static void handler_may_stop_a_timer_due_with_it(void)
{
	struct meddler a = {0}, b = {.other = &a};
	struct wheel *wheel;

	a.other = &b;
	REQUIRE(!wheel_alloc(&wheel, 0));
	wheel_start(wheel, &a.timer, 5, on_stop_other, &a);
	wheel_start(wheel, &b.timer, 5, on_stop_other, &b);
	wheel_advance(wheel, 5);
	CHECK_INT(a.fired, 1);
	CHECK_INT(b.fired, 0);

	wheel_start(wheel, &a.timer, 5, on_stop_other, &a);
	wheel_start(wheel, &b.timer, 900, on_stop_other, &b);
	wheel_advance(wheel, 2000);
	CHECK_INT(a.fired, 2);
	CHECK_INT(b.fired, 0);
	CHECK_INT(wheel_count(wheel), 0);
	mem_deref(wheel);
}

static void meddler_destructor(void *data)
{
	struct meddler *m = data;

	wheel_stop(&m->timer);
	mem_deref(m->other);
}

static void on_free_owner(void *arg)
{
	mem_deref(arg);
}

static void handler_may_free_its_owner_and_others(void)
{
	struct meddler *owner, *other;
	struct wheel *wheel;

	REQUIRE(!wheel_alloc(&wheel, 0));
	owner = mem_zalloc(sizeof(*owner), meddler_destructor);
	other = mem_zalloc(sizeof(*other), meddler_destructor);
	REQUIRE(owner && other);
	owner->other = other;
	wheel_start(wheel, &owner->timer, 5, on_free_owner, owner);
	wheel_start(wheel, &other->timer, 5, on_free_owner, other);
	wheel_advance(wheel, 10);
	CHECK_INT(wheel_count(wheel), 0);
	mem_deref(wheel);
}

static void on_again(void *arg)
{
	struct meddler *m = arg;

	m->fired++;
	wheel_start(m->wheel, &m->timer, 0, on_again, m);
}

static void start_without_delay_in_a_handler_waits_for_the_next_advance(void)
{
	struct meddler m = {0};

	REQUIRE(!wheel_alloc(&m.wheel, 0));
	wheel_start(m.wheel, &m.timer, 10, on_again, &m);
	wheel_advance(m.wheel, 10);
	CHECK_INT(m.fired, 1);
	CHECK(wheel_runs(&m.timer));
	CHECK_INT(wheel_next(m.wheel), 0);
	wheel_advance(m.wheel, 10);
	CHECK_INT(m.fired, 2);
	wheel_advance(m.wheel, 100000);
	CHECK_INT(m.fired, 3);
	wheel_stop(&m.timer);
	CHECK(wheel_next(m.wheel) == UINT64_MAX);
	mem_deref(m.wheel);
}

static void on_stop_self(void *arg)
{
	struct meddler *m = arg;

	m->fired++;
	wheel_start(m->wheel, &m->timer, 0, on_stop_self, m);
	wheel_stop(&m->timer);
}

static void late_timer_can_be_stopped_in_its_handler(void)
{
	struct meddler m = {0};

	REQUIRE(!wheel_alloc(&m.wheel, 0));
	wheel_start(m.wheel, &m.timer, 10, on_stop_self, &m);
	wheel_advance(m.wheel, 20);
	wheel_advance(m.wheel, 30);
	CHECK_INT(m.fired, 1);
	CHECK_INT(wheel_count(m.wheel), 0);
	mem_deref(m.wheel);
}

static void on_period(void *arg)
{
	struct meddler *m = arg;

	m->fired++;
	wheel_start(m->wheel, &m->timer, 20, on_period, m);
}

static void jump_of_a_day_does_not_repeat_what_was_missed(void)
{
	struct meddler m = {0};

	REQUIRE(!wheel_alloc(&m.wheel, 0));
	wheel_start(m.wheel, &m.timer, 20, on_period, &m);
	wheel_advance(m.wheel, DAY_MS);
	CHECK_INT(m.fired, 1);
	CHECK_INT(wheel_next(m.wheel), 20);
	wheel_stop(&m.timer);
	mem_deref(m.wheel);
}

/* --- many -------------------------------------------------------------- */

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint32_t dice(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void hundred_thousand_timers_over_a_day(void)
{
	enum {
		N = 100000
	};
	struct note *notes = mem_zalloc(N * sizeof(*notes), NULL);
	struct run run = {0};
	uint32_t seed = 1;
	double t[4];
	int fired = 0;

	REQUIRE(notes && !wheel_alloc(&run.wheel, 12345));
	t[0] = seconds();
	for (int i = 0; i < N; i++)
		start(&run, &notes[i], dice(&seed) % DAY_MS);
	t[1] = seconds();
	for (int i = 0; i < N; i += 2)
		wheel_stop(&notes[i].timer);
	t[2] = seconds();
	wheel_advance(run.wheel, 12345 + DAY_MS);
	t[3] = seconds();

	for (int i = 0; i < N; i++)
		fired += notes[i].fired;
	CHECK_INT(fired, N / 2);
	CHECK_INT(run.early + run.disorder, 0);
	/* a bound for a loaded machine with sanitizers, not a measurement */
	CHECK(t[3] - t[0] < 10);
	re_printf("# start %.0f ns, stop %.0f ns, run %.0f ns each\n",
		  (t[1] - t[0]) * 1e9 / N, (t[2] - t[1]) * 2e9 / N,
		  (t[3] - t[2]) * 2e9 / N);
	mem_deref(run.wheel);
	mem_deref(notes);
}

static void empty_years_are_jumped_over(void)
{
	struct note note = {0};
	struct run run = {0};
	uint64_t stops = 0;

	REQUIRE(!wheel_alloc(&run.wheel, 0));
	start(&run, &note, 400ull * 365 * DAY_MS);
	while (!note.fired && stops++ < 10)
		wheel_advance(run.wheel,
			      wheel_now(run.wheel) + wheel_next(run.wheel));
	CHECK_INT(note.fired, 1);
	CHECK(wheel_now(run.wheel) == 400ull * 365 * DAY_MS);
	mem_deref(run.wheel);
}

/* --- a sorted list says the same ------------------------------------------ */

enum {
	MODEL_N = 200
};

static void model_check(struct run *run, struct note *notes, uint64_t to)
{
	uint64_t next = UINT64_MAX, told = wheel_next(run->wheel);

	for (int i = 0; i < MODEL_N; i++) {
		if (wheel_runs(&notes[i].timer) && notes[i].due_ms < next)
			next = notes[i].due_ms;
	}
	if (next < UINT64_MAX)
		CHECK(told <= next - wheel_now(run->wheel));
	else
		CHECK(told == UINT64_MAX);

	run->last_due_ms = 0;
	wheel_advance(run->wheel, to);
	for (int i = 0; i < MODEL_N; i++)
		CHECK(wheel_runs(&notes[i].timer) ==
		      (!notes[i].fired && notes[i].due_ms > to));
}

static void random_use_agrees_with_a_plain_model(void)
{
	static const uint32_t spans[] = {2, 300, 70000, 20000000};
	struct note notes[MODEL_N] = {0};
	struct run run = {0};
	uint32_t seed = 20;
	uint64_t now = 1;

	REQUIRE(!wheel_alloc(&run.wheel, now));
	for (int i = 0; i < MODEL_N; i++)
		notes[i].fired = 1; /* not running */
	for (int round = 0; round < 3000; round++) {
		for (int k = 0; k < 8; k++) {
			struct note *note = &notes[dice(&seed) % MODEL_N];

			if (dice(&seed) % 4) {
				note->fired = 0;
				start(&run, note,
				      dice(&seed) % spans[dice(&seed) % 4]);
			} else {
				wheel_stop(&note->timer);
				note->fired = 1;
			}
		}
		now += dice(&seed) % spans[dice(&seed) % 4];
		model_check(&run, notes, now);
	}
	CHECK_INT(run.early, 0);
	CHECK_INT(run.disorder, 0);
	CHECK(run.n > 5000);
	mem_deref(run.wheel);
}

static void allocation_failure_is_reported(void)
{
	struct wheel *wheel = NULL;

	CHECK(!wheel_alloc(&wheel, 0));
	mem_deref(wheel);
}

TEST_MAIN(TEST(deadline_never_fires_early),
	  TEST(order_is_that_of_deadlines_in_one_advance),
	  TEST(equal_deadlines_run_in_the_order_of_their_start),
	  TEST(time_never_goes_back),
	  TEST(start_of_a_running_timer_starts_it_anew),
	  TEST(endless_delay_does_not_wrap_around),
	  TEST(stopped_timer_does_not_fire),
	  TEST(free_of_the_wheel_stops_its_timers),
	  TEST(handler_may_stop_a_timer_due_with_it),
	  TEST(handler_may_free_its_owner_and_others),
	  TEST(start_without_delay_in_a_handler_waits_for_the_next_advance),
	  TEST(late_timer_can_be_stopped_in_its_handler),
	  TEST(jump_of_a_day_does_not_repeat_what_was_missed),
	  TEST(hundred_thousand_timers_over_a_day),
	  TEST(empty_years_are_jumped_over),
	  TEST(random_use_agrees_with_a_plain_model),
	  TEST_OOM(allocation_failure_is_reported))
