/*
 * ctl_beat.c  The heartbeat of a media worker (ctl_node.h)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/control/ctl_node.h"
#include "common/control/ctl_node_priv.h"
#include "common/control/ctl_peer_priv.h"
#include "common/wheel.h"

struct ctl_beat {
	struct ctl_own own;
	char key[CTL_KEY_MAX], moved_key[CTL_KEY_MAX];
	struct wheel_timer timer;
	bool fenced;
	ctl_moved_h *movedh;
	ctl_beat_h *beath;
	void *arg;
};

/* One step, so that it never stays without its expiry. A former life of this
 * worker that still runs does not overwrite the present one. 0: it is that;
 * else one more than there are sessions that were moved away from it. */
static const struct redis_script beat_script = {
	"ctl_beat",
	"local old = tonumber(redis.call('HGET', KEYS[1], 'epoch') or 0) "
	"if old > tonumber(ARGV[2]) then return 0 end "
	"redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'state', ARGV[3], "
	"'sessions', ARGV[4], 'lag_ms', ARGV[5], 'load', ARGV[6], "
	"'ip', ARGV[7], 'leaves', ARGV[8]) "
	"redis.call('PEXPIRE', KEYS[1], ARGV[1]) "
	"return 1 + redis.call('SCARD', KEYS[2])"};

static const struct redis_script leave_script = {
	"ctl_leave",
	"if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end "
	"return redis.call('DEL', KEYS[1])"};

struct number {
	char text[12];
};

static struct redis_arg number(struct number *num, uint32_t value)
{
	(void)re_snprintf(num->text, sizeof(num->text), "%u", value);
	return redis_str(num->text);
}

static void leave(const struct ctl_beat *beat)
{
	const struct redis_arg key = redis_str(beat->key);
	struct number num;
	const struct redis_arg epoch = number(&num, beat->own.epoch);

	const struct redis_arg member[] = {redis_str("SREM"),
					   redis_str(CTL_MEDIA_KEY),
					   redis_str(beat->own.addr)};

	(void)redis_link_eval(beat->own.link, &leave_script, &key, 1, &epoch, 1,
			      NULL, NULL);
	/* nobody need bury it (ctl_gone.h) */
	if (!beat->fenced)
		(void)redis_link_send(beat->own.link, member, 3, NULL, NULL);
}

static void beat_destructor(void *arg)
{
	struct ctl_beat *beat = arg;

	wheel_stop(&beat->timer);
	if (beat->own.link) {
		redis_link_forget(beat->own.link, beat);
		leave(beat);
	}
	ctl_own_drop(&beat->own);
}

static void on_beaten(int err, const struct redis_val *val, void *arg)
{
	struct ctl_beat *beat = arg;

	if (err || val->type != REDIS_INT)
		return;
	beat->fenced = !val->num;
	if (val->num > 1 && beat->movedh)
		beat->movedh(beat->arg);
}

static void send_beat(struct ctl_beat *beat, const struct ctl_node *node)
{
	const struct redis_arg keys[] = {redis_str(beat->key),
					 redis_str(beat->moved_key)};
	const struct redis_arg member[] = {redis_str("SADD"),
					   redis_str(CTL_MEDIA_KEY),
					   redis_str(beat->own.addr)};
	struct number ttl, epoch, sessions, lag, load;
	const struct redis_arg args[] = {number(&ttl, CTL_BEAT_TTL_MS),
					 number(&epoch, beat->own.epoch),
					 redis_str(
						 ctl_node_states[node->state]),
					 number(&sessions, node->sessions),
					 number(&lag, node->lag_ms),
					 number(&load, node->load),
					 redis_str(node->ip),
					 redis_str(node->leaves ? "1" : "0")};

	(void)redis_link_eval(beat->own.link, &beat_script, keys, 2, args, 8,
			      on_beaten, beat);
	(void)redis_link_send(beat->own.link, member, 3, NULL, NULL);
}

static void on_beat(void *arg)
{
	struct ctl_beat *beat = arg;
	struct ctl_node node = {.epoch = beat->own.epoch};

	wheel_start(beat->own.wheel, &beat->timer, CTL_BEAT_MS, on_beat, beat);
	if (!redis_link_up(beat->own.link))
		return;

	str_ncpy(node.addr, beat->own.addr, sizeof(node.addr));
	beat->beath(&node, beat->arg);
	send_beat(beat, &node);
}

static void on_state(bool up, void *arg)
{
	if (up)
		on_beat(arg);
}

int ctl_beat_alloc(struct ctl_beat **beatp, const struct ctl_peer *peer,
		   ctl_beat_h *beath, void *arg)
{
	struct ctl_beat *beat;
	int err;

	beat = mem_zalloc(sizeof(*beat), beat_destructor);
	if (!beat)
		return ENOMEM;

	beat->beath = beath;
	beat->arg = arg;
	err = ctl_own_init(&beat->own, peer);
	if (!err)
		err = redis_link_observe(beat->own.link, on_state, beat);
	if (err) {
		mem_deref(beat);
		return err;
	}
	ctl_stream_key(beat->key, beat->own.addr, "media");
	ctl_stream_key(beat->moved_key, beat->own.addr, CTL_MOVED);
	wheel_start(beat->own.wheel, &beat->timer, 0, on_beat, beat);
	*beatp = beat;
	return 0;
}

void ctl_beat_now(struct ctl_beat *beat)
{
	wheel_start(beat->own.wheel, &beat->timer, 0, on_beat, beat);
}

void ctl_beat_on_moved(struct ctl_beat *beat, ctl_moved_h *movedh)
{
	beat->movedh = movedh;
}

bool ctl_beat_fenced(const struct ctl_beat *beat)
{
	return beat->fenced;
}
