/*
 * load.c  How busy this worker is, as one number, and how much to refuse
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/guard/load.h"

enum {
	WHOLE = 1000,
	STEP_UP_LEAST = 20,  /* per sample and beyond a load of 1 */
	STEP_UP_MOST = 150,
	STEP_DOWN = 25,      /* from all to nothing in 4 s */
	CPU_MOST = 2000,     /* a clock that jumped counts as no more */
};

/* `part` as a share of what is too much of it. */
static uint32_t against(uint64_t part, uint32_t high)
{
	return (uint32_t)min(part * LOAD_FULL / high, (uint64_t)WHOLE * WHOLE);
}

static uint32_t cpu_share(const struct load *load,
			  const struct load_sample *sample)
{
	const uint64_t wall = sample->now_us - load->now_us;
	const uint64_t cpu  = sample->cpu_us - load->cpu_us;

	if (!load->now_us || sample->now_us <= load->now_us ||
	    sample->cpu_us < load->cpu_us)
		return 0;
	return (uint32_t)min(cpu * WHOLE / wall, (uint64_t)CPU_MOST);
}

/* Of the time that it had: what it was late is not among it. */
static uint32_t own_share(const struct load *load,
			  const struct load_sample *sample)
{
	const uint64_t wall = sample->now_us - load->now_us;
	const uint64_t late = min(wall, (uint64_t)sample->lag_ms * 1000);
	const uint64_t had = max(wall - late, (uint64_t)LOAD_SAMPLE_MS * 1000);

	return (uint32_t)(cpu_share(load, sample) * wall / had);
}

static uint32_t worst(const struct load *load, const struct load_sample *s)
{
	uint32_t value = against(cpu_share(load, s), LOAD_CPU_HIGH);

	/* what did not last is no overload, however late it was */
	if (own_share(load, s) >= LOAD_LAG_OWN)
		value = max(value, against(min(s->lag_ms, load->lag_ms),
					   LOAD_LAG_HIGH_MS));
	value = max(value, against(s->queue, LOAD_QUEUE_HIGH));
	return max(value, against(s->txns, LOAD_TXNS_HIGH));
}

static uint32_t redis_share(uint32_t waited_ms)
{
	const uint32_t over = waited_ms - min(waited_ms,
					      (uint32_t)LOAD_REDIS_HIGH_MS);

	return min(over * WHOLE / (LOAD_REDIS_ALL_MS - LOAD_REDIS_HIGH_MS),
		   (uint32_t)WHOLE);
}

uint32_t load_share(const struct load *load)
{
	return max(load->share, load->redis_share);
}

void load_sample(struct load *load, const struct load_sample *sample)
{
	const uint32_t now = worst(load, sample);
	uint32_t step;

	/* half of the past: one slow turn is no overload */
	load->value  = (load->value + now) / 2;
	load->now_us = sample->now_us;
	load->cpu_us = sample->cpu_us;
	load->lag_ms = sample->lag_ms;
	load->redis_share = redis_share(min(sample->redis_ms, 60000u));
	if (load->value > LOAD_FULL) {
		step = STEP_UP_LEAST + (load->value - LOAD_FULL) / 10;
		load->share += min(step, (uint32_t)STEP_UP_MOST);
		load->share = min(load->share, (uint32_t)WHOLE);
	} else {
		load->share -= min(load->share, (uint32_t)STEP_DOWN);
	}
	if (!load_share(load))
		load->owed = 0;
}

bool load_refuses(struct load *load)
{
	load->owed += load_share(load);
	if (load->owed < WHOLE)
		return false;
	load->owed -= WHOLE;
	return true;
}
