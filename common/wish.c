/*
 * wish.c  What operators want of a node, until they want something else
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/redis_link.h"
#include "common/wheel.h"
#include "common/wish.h"
#include "common/worker.h"

enum { LOOK_MS = 1000, FIRST_MS = 20 };

struct wish_watch {
	const struct worker *worker;
	struct redis_link *link;
	struct wheel_timer timer;
	char key[WISH_KEY_MAX];
	struct wish wish;
	bool known;
	bool asked; /* and not answered yet */
	wish_h *wishh;
	void *arg;
};

static void destructor(void *data)
{
	struct wish_watch *watch = data;

	wheel_stop(&watch->timer);
	redis_link_forget(watch->link, watch);
}

void wish_key(char key[WISH_KEY_MAX], const char *daemon, const char *node)
{
	(void)re_snprintf(key, WISH_KEY_MAX, "cb:{n:%s}:wish:%s", node,
			  daemon);
}

static void drain_read(struct wish *wish, const struct redis_val *val,
		       uint64_t born_ms)
{
	struct pl born, move;
	bool ours;

	if (!val || val->type != REDIS_STR ||
	    re_regex(val->str, val->len, "[0-9*]+ [a-z]+", &born, &move))
		return;
	ours = !pl_strcmp(&born, "*") || pl_u64(&born) == born_ms;
	wish->drain = ours;
	wish->now = ours && !pl_strcmp(&move, "now");
}

void wish_read(struct wish *wish, const struct redis_val *flat,
	       uint64_t born_ms)
{
	*wish = (struct wish){.drain = false};
	if (flat->type == REDIS_ARRAY)
		drain_read(wish, redis_field(flat, "drain"), born_ms);
}

static void on_look(void *arg);

static void again(struct wish_watch *watch, uint32_t ms)
{
	wheel_start(watch->worker->wheel, &watch->timer, ms, on_look, watch);
}

static void on_wish(int err, const struct redis_val *val, void *arg)
{
	struct wish_watch *watch = arg;
	struct wish wish;
	bool changed;

	watch->asked = false;
	again(watch, LOOK_MS);
	if (err || val->type == REDIS_ERR)
		return;
	wish_read(&wish, val, watch->worker->born_ms);
	changed = !watch->known || wish.drain != watch->wish.drain ||
		  wish.now != watch->wish.now;
	watch->known = true;
	watch->wish = wish;
	if (changed)
		watch->wishh(&wish, watch->arg);
}

static void on_look(void *arg)
{
	struct wish_watch *watch = arg;
	const struct redis_arg argv[] = {redis_str("HGETALL"),
					 redis_str(watch->key)};

	if (watch->asked)
		return;
	watch->asked = true;
	if (redis_link_send(watch->link, argv, 2, on_wish, watch)) {
		watch->asked = false;
		again(watch, watch->known ? LOOK_MS : FIRST_MS);
	}
}

int wish_watch_alloc(struct wish_watch **watchp, const struct worker *worker,
		     const char *daemon, struct redis_link *link, wish_h *wishh,
		     void *arg)
{
	struct wish_watch *watch = mem_zalloc(sizeof(*watch), destructor);

	if (!watch)
		return ENOMEM;
	watch->worker = worker;
	watch->link = link;
	watch->wishh = wishh;
	watch->arg = arg;
	wish_key(watch->key, daemon, worker->node);
	again(watch, 0);
	*watchp = watch;
	return 0;
}
