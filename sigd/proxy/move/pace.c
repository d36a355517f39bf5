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
	wheel_start(params.wheel, &pace->next,
		    PACE_GAP_MS + rand_u32() % (PACE_MORE_MS + 1), on_next,
		    pace);
	params.h(&waiting->item, params.arg);
	mem_deref(waiting);
}

void pace_run(struct pace *pace)
{
	wheel_start(pace->params.wheel, &pace->next, 0, on_next, pace);
}
