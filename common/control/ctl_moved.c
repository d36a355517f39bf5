/*
 * ctl_moved.c  Which sessions of a media worker are somebody else's now
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_moved.h"
#include "common/control/ctl_msg.h"
#include "common/control/ctl_node_priv.h"
#include "common/control/ctl_peer_priv.h"
#include "common/id.h"
#include "common/wheel.h"

enum {
	RETRY_MS = 200
};

struct ctl_moved {
	struct redis_link *link;
	struct wheel *wheel;
	struct wheel_timer retry;
	char key[CTL_KEY_MAX];
	ctl_moved_session_h *sessionh;
	void *arg;
};

static void destructor(void *arg)
{
	struct ctl_moved *moved = arg;

	wheel_stop(&moved->retry);
	redis_link_forget(moved->link, moved);
	mem_deref(moved->link);
	mem_deref(moved->wheel);
}

static void ask(void *arg);

static void again(struct ctl_moved *moved)
{
	wheel_start(moved->wheel, &moved->retry, RETRY_MS, ask, moved);
}

static void acknowledge(const struct ctl_moved *moved, const char *session)
{
	const struct redis_arg argv[] = {redis_str("SREM"),
					 redis_str(moved->key),
					 redis_str(session)};

	(void)redis_link_send(moved->link, argv, 3, NULL, NULL);
}

/* False: nobody asks any more. */
static bool tell(struct ctl_moved *moved, const struct redis_val *val)
{
	for (size_t i = 0; i < val->len; i++) {
		const struct redis_val *el = &val->el[i];

		if (el->type == REDIS_STR && id_valid(el->str, el->len))
			moved->sessionh(el->str, moved->arg);
		if (mem_nrefs(moved) == 1)
			return false;
	}
	return true;
}

static void on_members(int err, const struct redis_val *val, void *arg)
{
	struct ctl_moved *moved = arg;

	if (err || val->type != REDIS_ARRAY) {
		again(moved);
		return;
	}
	mem_ref(moved); /* a handler may free us */
	if (tell(moved, val)) {
		moved->sessionh(NULL, moved->arg);
		/* who dies before it has let go of them is told again */
		for (size_t i = 0; i < val->len; i++)
			if (val->el[i].type == REDIS_STR)
				acknowledge(moved, val->el[i].str);
	}
	mem_deref(moved);
}

static void ask(void *arg)
{
	struct ctl_moved *moved = arg;
	const struct redis_arg argv[] = {redis_str("SMEMBERS"),
					 redis_str(moved->key)};

	if (redis_link_send(moved->link, argv, 2, on_members, moved))
		again(moved);
}

int ctl_moved_ask(struct ctl_moved **movedp, struct redis_link *link,
		  struct wheel *wheel, const char *addr,
		  ctl_moved_session_h *sessionh, void *arg)
{
	struct ctl_moved *moved = mem_zalloc(sizeof(*moved), destructor);

	if (!moved)
		return ENOMEM;
	moved->link = mem_ref(link);
	moved->wheel = mem_ref(wheel);
	moved->sessionh = sessionh;
	moved->arg = arg;
	ctl_stream_key(moved->key, addr, CTL_MOVED);
	*movedp = moved;
	ask(moved);
	return 0;
}
