/*
 * pace.c  The calls of a lost media worker, one after the other
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/wheel.h"
#include "sigd/proxy/move/pace.h"

struct pace {
	struct pace_params params;
	struct wheel_timer next;
	struct list items;
	uint32_t gap_us; /* on average */
	uint64_t due_us; /* the next one; the wheel has whole ms */
};

struct waiting {
	struct le le;
	struct pace_item item;
};

static void destructor(void *data)
{
	struct pace *pace = data;

	wheel_stop(&pace->next);
	list_flush(&pace->items);
}

static void waiting_destructor(void *data)
{
	struct waiting *waiting = data;

	list_unlink(&waiting->le);
}

int pace_alloc(struct pace **pacep, const struct pace_params *params)
{
	struct pace *pace = mem_zalloc(sizeof(*pace), destructor);

	if (!pace)
		return ENOMEM;
	pace->params = *params;
	*pacep = pace;
	return 0;
}

static uint64_t deadline_of(const struct le *le)
{
	const struct waiting *waiting = le->data;

	return waiting->item.deadline;
}

int pace_add(struct pace *pace, const struct pace_item *item)
{
	struct waiting *waiting =
		mem_zalloc(sizeof(*waiting), waiting_destructor);
	struct le *le = list_tail(&pace->items);

	if (!waiting)
		return ENOMEM;
	waiting->item = *item;
	while (le && deadline_of(le) > item->deadline)
		le = le->prev;
	if (le)
		list_insert_after(&pace->items, le, &waiting->le, waiting);
	else
		list_prepend(&pace->items, &waiting->le, waiting);
	return 0;
}

void pace_clear(struct pace *pace)
{
	list_flush(&pace->items);
}

static void on_next(void *arg);

/* Counted from when this one was due, not from when it came: a loop that is
 * somewhat late costs no time. */
static void next_start(struct pace *pace)
{
	const uint64_t now_us = wheel_now(pace->params.wheel) * 1000;
	const uint64_t least_us = now_us - PACE_CATCH_UP_MS * 1000;

	if (pace->due_us < least_us)
		pace->due_us = least_us;
	pace->due_us += pace->gap_us / 2 + rand_u32() % pace->gap_us;
	wheel_start(pace->params.wheel, &pace->next,
		    pace->due_us > now_us ? (pace->due_us - now_us) / 1000 : 0,
		    on_next, pace);
}

static void on_next(void *arg)
{
	struct pace *pace = arg;
	const struct pace_params params = pace->params;
	struct waiting *waiting = list_ledata(list_head(&pace->items));

	if (!waiting) {
		params.endh(params.arg);
		return;
	}
	list_unlink(&waiting->le);
	next_start(pace);
	params.h(&waiting->item, params.arg);
	mem_deref(waiting);
}

void pace_run(struct pace *pace)
{
	const uint32_t n = list_count(&pace->items) + 1;
	const uint32_t gap_us = PACE_ALL_MS * 1000u / n;

	pace->gap_us = gap_us < PACE_GAP_MIN_US ? PACE_GAP_MIN_US
		       : gap_us > PACE_GAP_US	? PACE_GAP_US
						: gap_us;
	pace->due_us = wheel_now(pace->params.wheel) * 1000;
	wheel_start(pace->params.wheel, &pace->next, 0, on_next, pace);
}
