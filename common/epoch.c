/*
 * epoch.c  The number of one incarnation of a worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/epoch.h"
#include "common/redis_link.h"
#include "common/wheel.h"

enum {
	AGAIN_MS = 1000
};

struct epoch {
	struct redis_link *link;
	struct wheel *wheel;
	struct wheel_timer timer;
	epoch_h *epochh; /* NULL: answered */
	void *arg;
	char number[12]; /* then: what the answer was */
};

/* Never behind the time: a server that lost its data, or took over without the
 * last of it, does not give again what was given a second ago. */
static const struct redis_script script = {
	"epoch", "local n = math.max(redis.call('INCR', KEYS[1]), "
		 "tonumber(redis.call('TIME')[1])) "
		 "redis.call('SET', KEYS[1], string.format('%.0f', n)) "
		 "return n"};

/* Nor what was given ahead of the time, to many workers that began at once:
 * each that lives sees to it. None is used up by that: the key has the last one
 * that was given. */
static const struct redis_script script_hold = {
	"epoch-hold", "local n = math.max(tonumber(redis.call('GET', KEYS[1]) "
		      "or 0), tonumber(ARGV[1])) "
		      "redis.call('SET', KEYS[1], string.format('%.0f', n)) "
		      "return n"};

static void ask(void *arg);

static void epoch_destructor(void *arg)
{
	struct epoch *epoch = arg;

	wheel_stop(&epoch->timer);
	redis_link_forget(epoch->link, epoch);
	mem_deref(epoch->link);
	mem_deref(epoch->wheel);
}

static void on_number(int err, const struct redis_val *val, void *arg)
{
	struct epoch *epoch = arg;
	epoch_h *epochh = epoch->epochh;
	uint64_t number;

	if (err || !redis_num(val, &number) || !number || number > UINT32_MAX)
		return; /* the timer asks again */
	if (!epochh)
		return; /* asked twice */

	wheel_stop(&epoch->timer);
	epoch->epochh = NULL;
	(void)re_snprintf(epoch->number, sizeof(epoch->number), "%llu", number);
	epochh((uint32_t)number, epoch->arg);
}

static void ask(void *arg)
{
	struct epoch *epoch = arg;
	const struct redis_arg key = redis_str("cb:epoch");

	wheel_start(epoch->wheel, &epoch->timer, AGAIN_MS, ask, epoch);
	redis_link_eval(epoch->link, &script, &key, 1, NULL, 0, on_number,
			epoch);
}

static void on_held(int err, const struct redis_val *val, void *arg)
{
	(void)err;
	(void)val;
	(void)arg;
}

static void hold(struct epoch *epoch)
{
	const struct redis_arg key = redis_str("cb:epoch");
	const struct redis_arg number = redis_str(epoch->number);

	(void)redis_link_eval(epoch->link, &script_hold, &key, 1, &number, 1,
			      on_held, epoch);
}

static void on_state(bool up, void *arg)
{
	struct epoch *epoch = arg;

	if (up && epoch->epochh)
		ask(epoch);
	else if (up)
		hold(epoch);
}

int epoch_alloc(struct epoch **epochp, struct redis_link *link,
		struct wheel *wheel, epoch_h *epochh, void *arg)
{
	struct epoch *epoch = mem_zalloc(sizeof(*epoch), epoch_destructor);
	int err;

	if (!epoch)
		return ENOMEM;

	epoch->link = mem_ref(link);
	epoch->wheel = mem_ref(wheel);
	epoch->epochh = epochh;
	epoch->arg = arg;
	err = redis_link_observe(link, on_state, epoch);
	if (err) {
		mem_deref(epoch);
		return err;
	}
	wheel_start(wheel, &epoch->timer, 0, ask, epoch);
	*epochp = epoch;
	return 0;
}
