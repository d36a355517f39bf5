/*
 * loop_test.h  Runs the loop in a test until something has happened
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_LOOP_TEST_H
#define TESTS_LIB_LOOP_TEST_H

#include <stdbool.h>
#include <re.h>

#include "common/loop.h"
#include "common/wheel.h"

typedef bool(loop_test_h)(void *arg);

struct loop_test {
	struct wheel *wheel;
	struct wheel_timer tick;
	loop_test_h *condh;
	void *arg;
	uint64_t end_ms;
	bool met;
};

static inline bool loop_test_open_for(struct loop_test *lt, uint32_t fds)
{
	*lt = (struct loop_test){.wheel = NULL};
	if (loop_init(fds))
		return false;
	if (wheel_alloc(&lt->wheel, loop_now_ms())) {
		loop_close();
		return false;
	}
	loop_drive(lt->wheel);
	return true;
}

static inline bool loop_test_open(struct loop_test *lt)
{
	return loop_test_open_for(lt, 4096);
}

static inline void loop_test_close(struct loop_test *lt)
{
	wheel_stop(&lt->tick);
	loop_drive(NULL);
	lt->wheel = mem_deref(lt->wheel);
	loop_close();
}

static inline void loop_test_tick(void *arg)
{
	struct loop_test *lt = arg;

	lt->met = lt->condh(lt->arg);
	if (lt->met || loop_now_ms() >= lt->end_ms)
		loop_stop();
	else
		wheel_start(lt->wheel, &lt->tick, 1, loop_test_tick, lt);
}

/* True as soon as cond(arg) is, false after ms. */
static inline bool loop_test_until(struct loop_test *lt, loop_test_h *condh,
				   void *arg, uint32_t ms)
{
	lt->condh = condh;
	lt->arg = arg;
	lt->met = false;
	lt->end_ms = loop_now_ms() + ms;
	wheel_start(lt->wheel, &lt->tick, 0, loop_test_tick, lt);
	(void)loop_run();
	wheel_stop(&lt->tick);
	return lt->met;
}

#endif
