/*
 * wheel.c  Timer wheel: start and stop of a deadline in constant time
 *
 * Eight levels of 256 slots, one for each byte of a time in milliseconds. A
 * timer lies on the level of the highest byte in which its deadline differs
 * from the wheel's position, in the slot of that byte's value. So
 *
 * - level 0 holds what is due in the present block of 256 ms, one slot for
 *   each millisecond: the order of slots is the order of deadlines;
 * - whatever lies on a lower level is due before all that lies above;
 * - when the position comes to the begin of a slot on a higher level, its
 *   timers are spread over the levels below (each moves at most 7 times);
 * - the position may jump over empty slots, found in a bit map per level, so
 *   a day without deadlines costs as much as a millisecond.
 *
 * Timers of the same deadline run in the order in which they were started.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <re.h>

#include "common/wheel.h"

enum {
	LEVELS = 8,
	SLOTS = 256,
	WORDS = SLOTS / 64
};

struct wheel {
	struct list slot[LEVELS][SLOTS];
	uint64_t filled[LEVELS][WORDS]; /* a bit for each slot not empty */
	struct list late; /* started by a handler and due in the same breath */
	uint64_t now_ms;
	uint64_t pos_ms; /* behind now_ms only during wheel_advance() */
	uint32_t count;
	bool advancing;
};

static unsigned byte_of(uint64_t ms, unsigned level)
{
	return (unsigned)(ms >> (8 * level)) & (SLOTS - 1);
}

static void insert(struct wheel *wheel, struct wheel_timer *timer)
{
	uint64_t differ = timer->due_ms ^ wheel->pos_ms;
	unsigned level =
		differ ? (63 - (unsigned)__builtin_clzll(differ)) / 8 : 0;
	unsigned slot = byte_of(timer->due_ms, level);

	list_append(&wheel->slot[level][slot], &timer->le, timer);
	wheel->filled[level][slot / 64] |= 1ull << slot % 64;
}

static void remove_from(struct wheel *wheel, struct wheel_timer *timer)
{
	struct list *list = timer->le.list;
	size_t nr;

	list_unlink(&timer->le);
	if (list->head || list == &wheel->late)
		return;

	nr = (size_t)(list - wheel->slot[0]);
	wheel->filled[nr / SLOTS][nr % SLOTS / 64] &= ~(1ull << nr % 64);
}

static void wheel_destructor(void *data)
{
	struct wheel *wheel = data;
	struct le *le;

	assert(!wheel->advancing);
	for (size_t i = 0; i < LEVELS * SLOTS; i++) {
		while ((le = list_head(&wheel->slot[i / SLOTS][i % SLOTS])))
			wheel_stop(le->data);
	}
}

int wheel_alloc(struct wheel **wheelp, uint64_t now_ms)
{
	struct wheel *wheel;

	if (!wheelp)
		return EINVAL;

	wheel = mem_zalloc(sizeof(*wheel), wheel_destructor);
	if (!wheel)
		return ENOMEM;

	wheel->now_ms = wheel->pos_ms = now_ms;
	*wheelp = wheel;
	return 0;
}

void wheel_start(struct wheel *wheel, struct wheel_timer *timer,
		 uint64_t delay_ms, wheel_h *h, void *arg)
{
	assert(wheel && timer && h);

	wheel_stop(timer);
	timer->wheel = wheel;
	timer->h = h;
	timer->arg = arg;
	timer->due_ms = wheel->now_ms + delay_ms;
	if (timer->due_ms < delay_ms)
		timer->due_ms = UINT64_MAX;

	/* A handler that starts itself anew without delay waits for the next
	 * advance, or this one would never end. */
	if (wheel->advancing && timer->due_ms == wheel->now_ms)
		list_append(&wheel->late, &timer->le, timer);
	else
		insert(wheel, timer);
	wheel->count++;
}

void wheel_stop(struct wheel_timer *timer)
{
	if (!timer || !timer->wheel)
		return;

	remove_from(timer->wheel, timer);
	timer->wheel->count--;
	timer->wheel = NULL;
}

bool wheel_runs(const struct wheel_timer *timer)
{
	return timer && timer->wheel;
}

uint64_t wheel_now(const struct wheel *wheel)
{
	return wheel->now_ms;
}

uint32_t wheel_count(const struct wheel *wheel)
{
	return wheel->count;
}

/* The first filled slot of a level, or SLOTS. None before that of the position
 * can be filled. */
static unsigned first_filled(const struct wheel *wheel, unsigned level)
{
	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t bits = wheel->filled[level][i];

		if (bits)
			return i * 64 + (unsigned)__builtin_ctzll(bits);
	}
	return SLOTS;
}

/* The next time at which there is something to do, and on which level (LEVELS:
 * nothing). */
static uint64_t next_stop(const struct wheel *wheel, unsigned *level)
{
	for (unsigned i = 0; i < LEVELS; i++) {
		unsigned slot = first_filled(wheel, i);
		uint64_t above;

		if (slot == SLOTS)
			continue;

		above = i + 1 < LEVELS ? UINT64_MAX << 8 * (i + 1) : 0;
		*level = i;
		return (wheel->pos_ms & above) | (uint64_t)slot << 8 * i;
	}
	*level = LEVELS;
	return UINT64_MAX;
}

uint64_t wheel_next(const struct wheel *wheel)
{
	unsigned level;
	uint64_t stop;

	if (!wheel->count)
		return UINT64_MAX;
	stop = next_stop(wheel, &level);
	return stop > wheel->now_ms ? stop - wheel->now_ms : 0;
}

static void spread(struct wheel *wheel, unsigned level)
{
	unsigned slot = byte_of(wheel->pos_ms, level);
	struct list *list = &wheel->slot[level][slot];
	struct le *le;

	wheel->filled[level][slot / 64] &= ~(1ull << slot % 64);
	while ((le = list_head(list))) {
		list_unlink(le);
		insert(wheel, le->data);
	}
}

static void run_due(struct wheel *wheel)
{
	struct list *list = &wheel->slot[0][byte_of(wheel->pos_ms, 0)];
	struct le *le;

	while ((le = list_head(list))) {
		struct wheel_timer *timer = le->data;

		wheel_stop(timer);
		timer->h(timer->arg);
	}
}

static void insert_late(struct wheel *wheel)
{
	struct le *le;

	while ((le = list_head(&wheel->late))) {
		list_unlink(le);
		insert(wheel, le->data);
	}
}

void wheel_advance(struct wheel *wheel, uint64_t now_ms)
{
	unsigned level;

	assert(!wheel->advancing);
	wheel->advancing = true;
	if (now_ms > wheel->now_ms)
		wheel->now_ms = now_ms;

	for (;;) {
		uint64_t stop = next_stop(wheel, &level);

		if (level == LEVELS || stop > wheel->now_ms)
			break;
		wheel->pos_ms = stop;
		if (level)
			spread(wheel, level);
		else
			run_due(wheel);
	}
	wheel->pos_ms = wheel->now_ms;
	insert_late(wheel);
	wheel->advancing = false;
}
