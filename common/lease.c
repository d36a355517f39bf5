/*
 * lease.c  To be the only one, for as long as one lives
 *
 * One timer asks (take or renew); another one ends our time.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/id.h"
#include "common/lease.h"
#include "common/redis_link.h"
#include "common/wheel.h"

enum {
	TTL_MIN_MS = 100
};

struct lease {
	struct redis_link *link;
	struct wheel *wheel;
	char *key, *fence_key;
	char *owner; /* with an id of this lease behind it */
	char ttl[12];
	uint32_t ttl_ms;
	bool wait, held, asked;
	uint64_t fence;
	uint64_t asked_ms; /* when the question under way was sent */
	struct wheel_timer ask_timer;
	struct wheel_timer end_timer; /* runs while it is held */
	lease_h *leaseh;
	void *arg;
};

/* Who has it already has it still: an answer may have been lost. */
static const struct redis_script take_script = {
	"lease_take",
	"local v = redis.call('GET', KEYS[1]) "
	"if v then "
	"local cut = string.find(v, ' [0-9]+$') "
	"if not cut or string.sub(v, 1, cut - 1) ~= ARGV[1] then "
	"return 0 end "
	"redis.call('PEXPIRE', KEYS[1], ARGV[2]) "
	"return tonumber(string.sub(v, cut + 1)) end "
	"local t = redis.call('TIME') "
	"local now = t[1] * 1000 + math.floor(t[2] / 1000) "
	"local old = tonumber(redis.call('GET', KEYS[2]) or 0) "
	"local f = string.format('%.0f', math.max(old + 1, now)) "
	"redis.call('SET', KEYS[2], f, 'PX', 86400000) "
	"redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. f, 'PX', ARGV[2]) "
	"return tonumber(f)"};

static const struct redis_script renew_script = {
	"lease_renew",
	"if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ' ' .. ARGV[3] then "
	"return 0 end "
	"redis.call('PEXPIRE', KEYS[1], ARGV[2]) "
	"return 1"};

static const struct redis_script release_script = {
	"lease_release",
	"local v = redis.call('GET', KEYS[1]) "
	"if not v or string.sub(v, 1, #ARGV[1] + 1) ~= ARGV[1] .. ' ' then "
	"return 0 end "
	"return redis.call('DEL', KEYS[1])"};

static void ask(void *arg);

/* Also when it is not known to be held: a question may be under way. */
static void release(struct lease *lease)
{
	const struct redis_arg key = redis_str(lease->key);
	const struct redis_arg owner = redis_str(lease->owner);

	(void)redis_link_eval(lease->link, &release_script, &key, 1, &owner, 1,
			      NULL, NULL);
}

static void lease_destructor(void *arg)
{
	struct lease *lease = arg;

	wheel_stop(&lease->ask_timer);
	wheel_stop(&lease->end_timer);
	if (lease->link) {
		redis_link_forget(lease->link, lease);
		if (lease->asked)
			release(lease);
	}
	mem_deref(lease->link);
	mem_deref(lease->wheel);
	mem_deref(lease->key);
	mem_deref(lease->fence_key);
	mem_deref(lease->owner);
}

/* Workers that wait for the same lease do not ask in step. */
static void ask_later(struct lease *lease)
{
	uint32_t third = lease->ttl_ms / 3;

	wheel_start(lease->wheel, &lease->ask_timer,
		    lease->held ? third : third / 2 + rand_u32() % third, ask,
		    lease);
}

/* The last act of whoever calls it. */
static void not_held(struct lease *lease)
{
	bool tell = lease->held || !lease->wait;

	wheel_stop(&lease->end_timer);
	lease->held = false;
	if (lease->wait)
		ask_later(lease);
	else
		wheel_stop(&lease->ask_timer);
	if (tell)
		lease->leaseh(false, 0, lease->arg);
}

static void on_end(void *arg)
{
	not_held(arg);
}

static void our_time_begins(struct lease *lease)
{
	uint64_t spent = wheel_now(lease->wheel) - lease->asked_ms;

	wheel_start(lease->wheel, &lease->end_timer,
		    spent < lease->ttl_ms ? lease->ttl_ms - spent : 0, on_end,
		    lease);
}

static void on_taken(int err, const struct redis_val *val, void *arg)
{
	struct lease *lease = arg;
	uint64_t fence;

	if (err || !redis_num(val, &fence) || !fence) {
		not_held(lease);
		return;
	}
	lease->held = true;
	lease->fence = fence;
	our_time_begins(lease);
	ask_later(lease);
	lease->leaseh(true, fence, lease->arg);
}

/* An error is not a loss yet: it is asked again until the time is up. */
static void on_renewed(int err, const struct redis_val *val, void *arg)
{
	struct lease *lease = arg;
	uint64_t ours;

	if (!lease->held)
		return; /* too late: our time was up before the answer */
	if (err || !redis_num(val, &ours)) {
		ask_later(lease);
		return;
	}
	if (!ours) {
		not_held(lease);
		return;
	}
	our_time_begins(lease);
	ask_later(lease);
}

static int take(struct lease *lease)
{
	const struct redis_arg keys[] = {redis_str(lease->key),
					 redis_str(lease->fence_key)};
	const struct redis_arg args[] = {redis_str(lease->owner),
					 redis_str(lease->ttl)};

	return redis_link_eval(lease->link, &take_script, keys, 2, args, 2,
			       on_taken, lease);
}

static int renew(struct lease *lease)
{
	char fence[24];
	const struct redis_arg key = redis_str(lease->key);
	struct redis_arg args[] = {redis_str(lease->owner),
				   redis_str(lease->ttl),
				   {fence, 0}};
	int n = re_snprintf(fence, sizeof(fence), "%llu",
			    (unsigned long long)lease->fence);

	args[2].len = (size_t)n;
	return redis_link_eval(lease->link, &renew_script, &key, 1, args, 3,
			       on_renewed, lease);
}

static void ask(void *arg)
{
	struct lease *lease = arg;
	uint64_t now = wheel_now(lease->wheel);

	if (!(lease->held ? renew(lease) : take(lease))) {
		lease->asked = true;
		lease->asked_ms = now;
	} else if (lease->held)
		ask_later(lease);
	else
		not_held(lease);
}

/* The server may have lost its data: see at once whether it is still ours. */
static void on_state(bool up, void *arg)
{
	struct lease *lease = arg;

	if (up && lease->held)
		wheel_start(lease->wheel, &lease->ask_timer, 0, ask, lease);
}

static int lease_init(struct lease *lease, const struct lease_params *params)
{
	char id[ID_LEN + 1];
	int err;

	id_make(id);
	lease->link = mem_ref(params->link);
	lease->wheel = mem_ref(params->wheel);
	lease->ttl_ms = params->ttl_ms;
	lease->wait = params->wait;
	(void)re_snprintf(lease->ttl, sizeof(lease->ttl), "%u", params->ttl_ms);
	err = re_sdprintf(&lease->key, "%s:lease", params->stem);
	err |= re_sdprintf(&lease->fence_key, "%s:fence", params->stem);
	err |= re_sdprintf(&lease->owner, "%s#%s", params->owner, id);
	if (!err)
		err = redis_link_observe(lease->link, on_state, lease);
	return err ? ENOMEM : 0;
}

int lease_alloc(struct lease **leasep, const struct lease_params *params,
		lease_h *leaseh, void *arg)
{
	struct lease *lease;
	int err;

	if (params->ttl_ms < TTL_MIN_MS)
		return EINVAL;

	lease = mem_zalloc(sizeof(*lease), lease_destructor);
	if (!lease)
		return ENOMEM;

	lease->leaseh = leaseh;
	lease->arg = arg;
	err = lease_init(lease, params);
	if (err) {
		mem_deref(lease);
		return err;
	}
	wheel_start(lease->wheel, &lease->ask_timer, 0, ask, lease);
	*leasep = lease;
	return 0;
}

bool lease_held(const struct lease *lease)
{
	return lease && lease->held;
}

uint64_t lease_fence(const struct lease *lease)
{
	return lease->fence;
}
