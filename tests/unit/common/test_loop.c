/*
 * test_loop.c  The event loop: watches, turns, what runs after them, time
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "tests/lib/test.h"

enum {
	GIVE_UP_MS = 5000,
	FDS = 4096
};

/* libre 1.1 asks this for the time: the wall clock is ours to set. */
static int64_t wall_shift_s;

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec ts;

	(void)tz;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec + wall_shift_s;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

struct end {
	struct loop_watch *watch;
	struct bench *bench;
	int fds[2];
	int served;
	int flags;
};

/* Two pipes, a wheel, and a deadline that ends what would hang. */
struct bench {
	struct wheel *wheel;
	struct wheel_timer give_up, timer;
	struct end a, b;
	char order[64];
	size_t n;
	bool gave_up;
};

static void note(struct bench *bench, char what)
{
	if (bench->n < sizeof(bench->order) - 1)
		bench->order[bench->n++] = what;
}

static void on_give_up(void *arg)
{
	struct bench *bench = arg;

	bench->gave_up = true;
	loop_stop();
}

static int bench_open(struct bench *bench)
{
	int err = loop_init(FDS);

	if (!err)
		err = wheel_alloc(&bench->wheel, loop_now_ms());
	if (err)
		return err;
	if (pipe2(bench->a.fds, O_NONBLOCK) || pipe2(bench->b.fds, O_NONBLOCK))
		return errno;

	bench->a.bench = bench->b.bench = bench;
	loop_drive(bench->wheel);
	wheel_start(bench->wheel, &bench->give_up, GIVE_UP_MS, on_give_up,
		    bench);
	return 0;
}

static void bench_close(struct bench *bench)
{
	CHECK(!bench->gave_up);
	mem_deref(bench->a.watch);
	mem_deref(bench->b.watch);
	loop_drive(NULL);
	mem_deref(bench->wheel);
	loop_close();
	for (int i = 0; i < 2; i++) {
		close(bench->a.fds[i]);
		close(bench->b.fds[i]);
	}
}

static void make_ready(struct end *end)
{
	CHECK_INT(write(end->fds[1], "x", 1), 1);
}

static void drain(struct end *end, int flags)
{
	char byte;

	end->flags = flags;
	end->served++;
	(void)!read(end->fds[0], &byte, 1);
}

static void on_stop(int flags, void *arg)
{
	drain(arg, flags);
	loop_stop();
}

static void readable_descriptor_is_served(void)
{
	struct bench t = {0};

	REQUIRE(!bench_open(&t));
	REQUIRE(!loop_watch_alloc(&t.a.watch, t.a.fds[0], LOOP_READ, on_stop,
				  &t.a));
	make_ready(&t.a);
	CHECK_INT(loop_run(), 0);
	CHECK_INT(t.a.served, 1);
	CHECK_INT(t.a.flags, LOOP_READ);
	bench_close(&t);
}

static void closed_other_end_is_told_as_an_error(void)
{
	struct bench t = {0};

	REQUIRE(!bench_open(&t));
	REQUIRE(!loop_watch_alloc(&t.a.watch, t.a.fds[0], LOOP_READ, on_stop,
				  &t.a));
	close(t.a.fds[1]);
	t.a.fds[1] = -1;
	CHECK_INT(loop_run(), 0);
	CHECK(t.a.flags & LOOP_ERROR);
	bench_close(&t);
}

static void watch_can_be_paused_and_changed(void)
{
	struct bench t = {0};

	REQUIRE(!bench_open(&t));
	REQUIRE(!loop_watch_alloc(&t.a.watch, t.a.fds[0], LOOP_READ, on_stop,
				  &t.a));
	REQUIRE(!loop_watch_alloc(&t.b.watch, t.b.fds[1], 0, on_stop, &t.b));
	make_ready(&t.a);
	CHECK_INT(loop_watch_set(t.a.watch, 0), 0);
	CHECK_INT(loop_watch_set(t.a.watch, 0), 0);
	CHECK_INT(loop_watch_set(t.b.watch, LOOP_WRITE), 0);
	CHECK_INT(loop_run(), 0);
	CHECK_INT(t.b.flags, LOOP_WRITE);
	CHECK_INT(t.a.served, 0);

	CHECK_INT(loop_watch_set(t.b.watch, 0), 0);
	CHECK_INT(loop_watch_set(t.a.watch, LOOP_READ), 0);
	CHECK_INT(loop_run(), 0);
	CHECK_INT(t.a.served, 1);
	CHECK_INT(t.b.served, 1);
	bench_close(&t);
}

static void descriptor_above_1024_can_be_watched(void)
{
	struct rlimit was, more;
	struct bench t = {0};
	int high;

	REQUIRE(!getrlimit(RLIMIT_NOFILE, &was));
	more = was;
	more.rlim_cur = more.rlim_max < FDS ? more.rlim_max : FDS;
	REQUIRE(!setrlimit(RLIMIT_NOFILE, &more));
	REQUIRE(!bench_open(&t));
	high = fcntl(t.a.fds[0], F_DUPFD_CLOEXEC, 2000);
	REQUIRE(high >= 2000);
	CHECK(!loop_watch_alloc(&t.a.watch, high, LOOP_READ, on_stop, &t.a));
	make_ready(&t.a);
	CHECK_INT(loop_run(), 0);
	CHECK_INT(t.a.served, 1);
	t.a.watch = mem_deref(t.a.watch);
	close(high);
	bench_close(&t);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &was), 0);
}

static void bad_descriptor_is_refused(void)
{
	struct loop_watch *watch = NULL;
	struct bench t = {0};

	REQUIRE(!bench_open(&t));
	CHECK(loop_watch_alloc(&watch, -1, LOOP_READ, on_stop, NULL));
	CHECK(loop_watch_alloc(&watch, 3999, LOOP_READ, on_stop, NULL));
	CHECK(!watch);
	bench_close(&t);
}

/* --- handlers that free watches -------------------------------------------- */

static void on_free_both(int flags, void *arg)
{
	struct end *end = arg;
	struct bench *t = end->bench;

	drain(end, flags);
	t->a.watch = mem_deref(t->a.watch);
	t->b.watch = mem_deref(t->b.watch);
	loop_stop();
}

static void handler_may_free_its_watch_and_another_that_is_ready(void)
{
	struct bench t = {0};

	REQUIRE(!bench_open(&t));
	REQUIRE(!loop_watch_alloc(&t.a.watch, t.a.fds[0], LOOP_READ,
				  on_free_both, &t.a));
	REQUIRE(!loop_watch_alloc(&t.b.watch, t.b.fds[0], LOOP_READ,
				  on_free_both, &t.b));
	make_ready(&t.a);
	make_ready(&t.b);
	CHECK_INT(loop_run(), 0);
	CHECK_INT(t.a.served + t.b.served, 1);
	bench_close(&t);
}

static void on_free_a(void *arg)
{
	struct bench *t = arg;

	t->a.watch = mem_deref(t->a.watch);
	loop_stop();
}

static void deadline_may_free_the_watch_whose_event_begins_the_turn(void)
{
	struct timespec ms = {.tv_nsec = 3000000};
	struct bench t = {0};

	REQUIRE(!bench_open(&t));
	REQUIRE(!loop_watch_alloc(&t.a.watch, t.a.fds[0], LOOP_READ, on_stop,
				  &t.a));
	wheel_start(t.wheel, &t.timer, 1, on_free_a, &t);
	make_ready(&t.a);
	nanosleep(&ms, NULL);
	CHECK_INT(loop_run(), 0);
	CHECK_INT(t.a.served, 0);
	CHECK(!t.a.watch);
	bench_close(&t);
}

static void on_pause_a(void *arg)
{
	struct bench *t = arg;

	loop_watch_set(t->a.watch, 0);
	loop_stop();
}

static void deadline_may_pause_the_watch_whose_event_begins_the_turn(void)
{
	struct timespec ms = {.tv_nsec = 3000000};
	struct bench t = {0};

	REQUIRE(!bench_open(&t));
	REQUIRE(!loop_watch_alloc(&t.a.watch, t.a.fds[0], LOOP_READ, on_stop,
				  &t.a));
	wheel_start(t.wheel, &t.timer, 1, on_pause_a, &t);
	make_ready(&t.a);
	nanosleep(&ms, NULL);
	CHECK_INT(loop_run(), 0);
	CHECK_INT(t.a.served, 0);
	bench_close(&t);
}

/* --- after a turn ----------------------------------------------------------- */

static void on_after(void *arg)
{
	note(arg, '.');
	loop_stop();
}

static void on_never(void *arg)
{
	note(arg, '!');
}

static void on_ask_after(int flags, void *arg)
{
	struct end *end = arg;

	drain(end, flags);
	note(end->bench, 'e');
	CHECK_INT(loop_after(on_after, end->bench), 0);
	CHECK_INT(loop_after(on_never, end->bench), 0);
	loop_after_cancel(on_never, end->bench);
}

static void after_runs_once_behind_all_events_of_the_turn(void)
{
	struct bench t = {0};

	REQUIRE(!bench_open(&t));
	REQUIRE(!loop_watch_alloc(&t.a.watch, t.a.fds[0], LOOP_READ,
				  on_ask_after, &t.a));
	REQUIRE(!loop_watch_alloc(&t.b.watch, t.b.fds[0], LOOP_READ,
				  on_ask_after, &t.b));
	make_ready(&t.a);
	make_ready(&t.b);
	CHECK_INT(loop_run(), 0);
	CHECK_STR(t.order, "ee.");
	bench_close(&t);
}

static void after_asked_for_outside_a_turn_runs_too(void)
{
	struct bench t = {0};

	REQUIRE(!bench_open(&t));
	CHECK_INT(loop_after(on_after, &t), 0);
	CHECK_INT(loop_run(), 0);
	CHECK_STR(t.order, ".");
	bench_close(&t);
}

static void on_after_again(void *arg)
{
	struct bench *t = arg;

	note(t, '.');
	if (t->a.served < 5)
		CHECK_INT(loop_after(on_after_again, t), 0);
	else
		loop_stop();
}

static void on_count(int flags, void *arg)
{
	struct end *end = arg;

	drain(end, flags);
	note(end->bench, 'e');
}

static void after_that_asks_again_does_not_starve_the_events(void)
{
	struct bench t = {0};

	REQUIRE(!bench_open(&t));
	REQUIRE(!loop_watch_alloc(&t.a.watch, t.a.fds[0], LOOP_READ, on_count,
				  &t.a));
	for (int i = 0; i < 5; i++)
		make_ready(&t.a);
	CHECK_INT(loop_after(on_after_again, &t), 0);
	CHECK_INT(loop_run(), 0);
	CHECK_STR(t.order, "e.e.e.e.e.");
	bench_close(&t);
}

static void on_cancel_next(void *arg)
{
	note(arg, 'c');
	loop_after_cancel(on_never, arg);
}

/* As when the first frees the owner of the second. */
static void after_may_cancel_another_of_the_same_turn(void)
{
	struct bench t = {0};

	REQUIRE(!bench_open(&t));
	CHECK_INT(loop_after(on_cancel_next, &t), 0);
	CHECK_INT(loop_after(on_never, &t), 0);
	CHECK_INT(loop_after(on_after, &t), 0);
	CHECK_INT(loop_run(), 0);
	CHECK_STR(t.order, "c.");
	bench_close(&t);
}

static void after_list_is_bounded(void)
{
	struct bench t = {0};
	char args[65];

	REQUIRE(!bench_open(&t));
	for (int i = 0; i < 64; i++)
		CHECK_INT(loop_after(on_never, &args[i]), 0);
	CHECK_INT(loop_after(on_never, &args[0]), 0);
	CHECK_INT(loop_after(on_never, &args[64]), ENOSPC);
	for (int i = 0; i < 64; i++)
		loop_after_cancel(on_never, &args[i]);
	CHECK_INT(loop_after(on_after, &t), 0);
	CHECK_INT(loop_run(), 0);
	CHECK_STR(t.order, ".");
	bench_close(&t);
}

/* --- time ------------------------------------------------------------------- */

static uint64_t real_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void on_timer_stop(void *arg)
{
	note(arg, 't');
	loop_stop();
}

static void deadline_of_the_wheel_wakes_the_loop_and_not_early(void)
{
	struct bench t = {0};
	uint64_t began;

	REQUIRE(!bench_open(&t));
	began = real_ms();
	wheel_start(t.wheel, &t.timer, 30, on_timer_stop, &t);
	CHECK_INT(loop_run(), 0);
	CHECK_STR(t.order, "t");
	CHECK(real_ms() - began >= 30 - 1); /* the wheel began earlier */
	bench_close(&t);
}

static void on_start_timer(int flags, void *arg)
{
	struct end *end = arg;

	end->flags = flags;
	loop_watch_set(end->watch, 0);
	CHECK_INT(wheel_now(end->bench->wheel), loop_now_ms());
	CHECK(real_ms() - loop_now_ms() < 1000);
	wheel_start(end->bench->wheel, &end->bench->timer, 2, on_timer_stop,
		    end->bench);
}

static void deadline_started_after_a_long_sleep_counts_from_now(void)
{
	struct itimerspec in = {.it_value.tv_nsec = 40000000};
	struct bench t = {0};
	uint64_t began;

	REQUIRE(!bench_open(&t));
	close(t.a.fds[0]);
	t.a.fds[0] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	REQUIRE(!loop_watch_alloc(&t.a.watch, t.a.fds[0], LOOP_READ,
				  on_start_timer, &t.a));
	began = real_ms();
	timerfd_settime(t.a.fds[0], 0, &in, NULL);
	CHECK_INT(loop_run(), 0);
	CHECK(real_ms() - began >= 40);
	bench_close(&t);
}

static void on_sleep(int flags, void *arg)
{
	struct timespec ms = {.tv_nsec = 5000000};
	struct end *end = arg;
	uint64_t now = loop_now_ms();

	drain(end, flags);
	nanosleep(&ms, NULL);
	CHECK_INT(loop_now_ms(), now);
	loop_stop();
}

static void time_stands_still_within_a_turn_and_goes_on_outside(void)
{
	struct bench t = {0};

	REQUIRE(!bench_open(&t));
	REQUIRE(!loop_watch_alloc(&t.a.watch, t.a.fds[0], LOOP_READ, on_sleep,
				  &t.a));
	make_ready(&t.a);
	CHECK_INT(loop_run(), 0);
	CHECK(real_ms() - loop_now_ms() <= 1);
	bench_close(&t);
}

static void on_set_wall_back(int flags, void *arg)
{
	struct end *end = arg;

	drain(end, flags);
	wall_shift_s -= 3600;
	CHECK_INT(loop_after(on_never, end->bench), 0);
}

static void wall_clock_set_back_holds_nothing_up(void)
{
	struct bench t = {0};

	REQUIRE(!bench_open(&t));
	REQUIRE(!loop_watch_alloc(&t.a.watch, t.a.fds[0], LOOP_READ,
				  on_set_wall_back, &t.a));
	make_ready(&t.a);
	wheel_start(t.wheel, &t.timer, 20, on_timer_stop, &t);
	CHECK_INT(loop_run(), 0);
	CHECK_STR(t.order, "!t");
	wall_shift_s = 0;
	bench_close(&t);
}

static void allocation_failure_is_reported(void)
{
	struct bench t = {0};

	if (bench_open(&t)) {
		mem_deref(t.wheel);
		loop_close();
		return;
	}
	(void)loop_watch_alloc(&t.a.watch, t.a.fds[0], LOOP_READ, on_stop,
			       &t.a);
	bench_close(&t);
}

static uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

struct paced {
	struct loop_watch *watch;
	int fds[2];
	unsigned turns;
};

enum {
	PACED_TURNS = 20
};

/* Always ready: turn follows turn. */
static void on_paced(int flags, void *arg)
{
	struct paced *paced = arg;

	(void)flags;
	if (++paced->turns == PACED_TURNS)
		loop_stop();
}

/* How long PACED_TURNS take. */
static uint64_t paced_us(uint32_t pace_us)
{
	struct paced paced = {.turns = 0};
	uint64_t begin_us = clock_us();

	if (loop_init(0) || pipe(paced.fds) ||
	    write(paced.fds[1], "x", 1) != 1 ||
	    loop_watch_alloc(&paced.watch, paced.fds[0], LOOP_READ, on_paced,
			     &paced))
		return 0;
	loop_pace(pace_us);
	(void)loop_run();
	mem_deref(paced.watch);
	close(paced.fds[0]);
	close(paced.fds[1]);
	loop_close();
	return clock_us() - begin_us;
}

static void paced_turns_begin_so_long_after_one_another(void)
{
	uint64_t least = (PACED_TURNS - 1) * LOOP_PACE_MAX;

	CHECK(paced_us(LOOP_PACE_MAX) >= least);
	/* not for longer, whatever is asked for: it ends */
	CHECK(paced_us(UINT32_MAX) >= least);
}

/* The process stands still in its second turn, and its third is late: that is
 * told before the third is served. */
struct stood {
	struct loop_watch *watch;
	int fds[2];
	unsigned turns, told, told_at;
	uint64_t ms;
};

static void on_stood(uint64_t ms, void *arg)
{
	struct stood *stood = arg;

	stood->told++;
	stood->told_at = stood->turns;
	stood->ms = ms;
}

static void on_standing(int flags, void *arg)
{
	const struct timespec pause = {.tv_nsec = 60000000};
	struct stood *stood = arg;
	(void)flags;

	if (++stood->turns == 2)
		nanosleep(&pause, NULL);
	if (stood->turns == 3)
		loop_stop();
}

static unsigned stood_ms(struct stood *stood, uint32_t ms)
{
	*stood = (struct stood){.turns = 0};
	if (loop_init(0) || pipe(stood->fds) ||
	    write(stood->fds[1], "x", 1) != 1 ||
	    loop_watch_alloc(&stood->watch, stood->fds[0], LOOP_READ,
			     on_standing, stood))
		return 0;
	loop_on_stood(ms, on_stood, stood);
	(void)loop_run();
	mem_deref(stood->watch);
	close(stood->fds[0]);
	close(stood->fds[1]);
	loop_close();
	return stood->told;
}

static void a_process_that_stood_still_is_told_before_it_serves(void)
{
	struct stood stood;

	CHECK_INT(stood_ms(&stood, 50), 1);
	CHECK_INT(stood.told_at, 2);
	CHECK(stood.ms >= 50);
	CHECK_INT(stood_ms(&stood, 60000), 0);
	CHECK_INT(stood_ms(&stood, 0), 0);
}

TEST_MAIN(TEST(a_process_that_stood_still_is_told_before_it_serves),
	  TEST(paced_turns_begin_so_long_after_one_another),
	  TEST(readable_descriptor_is_served),
	  TEST(closed_other_end_is_told_as_an_error),
	  TEST(watch_can_be_paused_and_changed),
	  TEST(descriptor_above_1024_can_be_watched),
	  TEST(bad_descriptor_is_refused),
	  TEST(handler_may_free_its_watch_and_another_that_is_ready),
	  TEST(deadline_may_free_the_watch_whose_event_begins_the_turn),
	  TEST(deadline_may_pause_the_watch_whose_event_begins_the_turn),
	  TEST(after_runs_once_behind_all_events_of_the_turn),
	  TEST(after_asked_for_outside_a_turn_runs_too),
	  TEST(after_that_asks_again_does_not_starve_the_events),
	  TEST(after_may_cancel_another_of_the_same_turn),
	  TEST(after_list_is_bounded),
	  TEST(deadline_of_the_wheel_wakes_the_loop_and_not_early),
	  TEST(deadline_started_after_a_long_sleep_counts_from_now),
	  TEST(time_stands_still_within_a_turn_and_goes_on_outside),
	  TEST(wall_clock_set_back_holds_nothing_up),
	  TEST_OOM(allocation_failure_is_reported))
