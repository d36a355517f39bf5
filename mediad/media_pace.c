/*
 * media_pace.c  How long a worker with many packets waits for more of them
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/media_pace.h"

enum {
	LOOK_MS = 100
};

struct media_pace {
	struct media_pace_params params;
	struct wheel_timer timer;
	uint64_t seen, seen_ms;
	bool waits;
};

static void on_look(void *arg)
{
	struct media_pace *pace = arg;
	const struct media_pace_params *params = &pace->params;
	uint64_t now = wheel_now(params->wheel);
	uint64_t count = params->counth(params->arg), rate;
	bool waits;

	/* the wheel may be late, never early */
	rate = (count - pace->seen) * 1000 / (now - pace->seen_ms);
	waits = rate >= (pace->waits ? MEDIA_PACE_OFF : MEDIA_PACE_ON);
	if (waits != pace->waits)
		params->seth(waits ? params->wait_us : 0);
	pace->waits = waits;
	pace->seen = count;
	pace->seen_ms = now;
	wheel_start(params->wheel, &pace->timer, LOOK_MS, on_look, pace);
}

static void destructor(void *arg)
{
	struct media_pace *pace = arg;

	wheel_stop(&pace->timer);
	if (pace->waits)
		pace->params.seth(0);
}

int media_pace_alloc(struct media_pace **pacep,
		     const struct media_pace_params *params)
{
	struct media_pace *pace = mem_zalloc(sizeof(*pace), destructor);

	if (!pace)
		return ENOMEM;
	pace->params = *params;
	pace->seen = params->counth(params->arg);
	pace->seen_ms = wheel_now(params->wheel);
	if (params->wait_us)
		wheel_start(params->wheel, &pace->timer, LOOK_MS, on_look,
			    pace);
	*pacep = pace;
	return 0;
}
