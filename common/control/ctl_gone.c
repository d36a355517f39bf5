/*
 * ctl_gone.c  Which media workers have died, or are cut off
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_gone.h"
#include "common/control/ctl_node.h"
#include "common/control/ctl_node_priv.h"
#include "common/control/ctl_peer_priv.h"
#include "common/wheel.h"

enum {
	LATE_MS = 500,     /* an answer after this tells nothing */
	SUSPECT_MS = 1500, /* silent at the look before */
	NO_KEY = -2,       /* PTTL */
};

struct silent {
	char addr[NODE_ADDR_MAX + 1];
};

/* Those that were silent at one look. */
struct look {
	struct ctl_gone *owner;
	size_t asked, answers;
	uint64_t at_ms;
	bool late;
	struct ask {
		char addr[NODE_ADDR_MAX + 1];
		int64_t left_ms;
	} list[];
};

struct ctl_gone {
	struct redis_link *link;
	struct wheel *wheel;
	struct wheel_timer timer;
	struct look *look;     /* under way, or the last one */
	struct silent *before; /* suspects of the one before */
	size_t nbefore;
	uint64_t steady_ms; /* since then Redis answers at once */
	uint32_t patience_ms;
	ctl_gone_h *goneh;
	void *arg;
};

static void look_destructor(void *arg)
{
	struct look *look = arg;

	redis_link_forget(look->owner->link, look);
}

static void destructor(void *arg)
{
	struct ctl_gone *gone = arg;

	wheel_stop(&gone->timer);
	redis_link_forget(gone->link, gone);
	mem_deref(gone->look);
	mem_deref(gone->before);
	mem_deref(gone->link);
	mem_deref(gone->wheel);
}

static void unsteady(struct ctl_gone *gone)
{
	gone->steady_ms = wheel_now(gone->wheel);
	gone->before = mem_deref(gone->before);
	gone->nbefore = 0;
}

static bool is_suspect(const struct ctl_gone *gone, const char *addr)
{
	for (size_t i = 0; i < gone->nbefore; i++)
		if (!strcmp(gone->before[i].addr, addr))
			return true;
	return false;
}

static bool is_silent(const struct ask *ask, int64_t ms)
{
	return ask->left_ms == NO_KEY ||
	       (ask->left_ms >= 0 && ask->left_ms <= CTL_BEAT_TTL_MS - ms);
}

static void suspects_keep(struct ctl_gone *gone, const struct look *look)
{
	struct silent *list =
		mem_zalloc((look->asked + 1) * sizeof(*list), NULL);
	size_t n = 0;

	for (size_t i = 0; list && i < look->asked; i++)
		if (is_silent(&look->list[i], SUSPECT_MS))
			str_ncpy(list[n++].addr, look->list[i].addr,
				 sizeof(list[0].addr));
	mem_deref(gone->before);
	gone->before = list;
	gone->nbefore = n;
}

static void judge(struct ctl_gone *gone, struct look *look)
{
	const bool steady =
		wheel_now(gone->wheel) - gone->steady_ms >= gone->patience_ms;

	mem_ref(gone);
	mem_ref(look);
	for (size_t i = 0; i < look->asked; i++) {
		const struct ask *ask = &look->list[i];

		if (steady && is_silent(ask, CTL_GONE_MS) &&
		    is_suspect(gone, ask->addr) && mem_nrefs(gone) > 1)
			gone->goneh(ask->addr, gone->arg);
	}
	suspects_keep(gone, look);
	mem_deref(look);
	mem_deref(gone);
}

static void on_left(int err, const struct redis_val *val, void *arg)
{
	struct look *look = arg;
	struct ctl_gone *gone = look->owner;

	look->list[look->answers++].left_ms =
		!err && val->type == REDIS_INT ? val->num : INT64_MAX;
	if (err || wheel_now(gone->wheel) - look->at_ms > LATE_MS)
		look->late = true;
	if (look->answers < look->asked)
		return;
	if (look->late)
		unsteady(gone);
	else
		judge(gone, look);
}

static void ask_member(struct look *look, const struct redis_val *member)
{
	struct ask *ask = &look->list[look->asked];
	struct redis_arg argv[2];
	char key[CTL_KEY_MAX];
	struct node_id id;

	if (member->type != REDIS_STR ||
	    node_addr_parse(&id, member->str, member->len))
		return;
	node_addr_format(ask->addr, &id);
	ctl_stream_key(key, ask->addr, "media");
	argv[0] = redis_str("PTTL");
	argv[1] = redis_str(key);
	if (!redis_link_send(look->owner->link, argv, 2, on_left, look))
		look->asked++;
}

static void on_members(int err, const struct redis_val *val, void *arg)
{
	struct ctl_gone *gone = arg;
	struct look *look;
	size_t n;

	if (err || val->type != REDIS_ARRAY)
		return;
	n = val->len < CTL_NODES_MAX ? val->len : CTL_NODES_MAX;
	look = mem_zalloc(sizeof(*look) + n * sizeof(look->list[0]),
			  look_destructor);
	if (!look)
		return;
	look->owner = gone;
	look->at_ms = wheel_now(gone->wheel);
	/* the one before has not been answered for a second */
	if (gone->look && gone->look->answers < gone->look->asked)
		unsteady(gone);
	mem_deref(gone->look);
	gone->look = look;
	for (size_t i = 0; i < n; i++)
		ask_member(look, &val->el[i]);
}

static void on_poll(void *arg)
{
	struct ctl_gone *gone = arg;
	const struct redis_arg argv[] = {redis_str("SMEMBERS"),
					 redis_str(CTL_MEDIA_KEY)};

	wheel_start(gone->wheel, &gone->timer, CTL_BEAT_MS, on_poll, gone);
	if (redis_link_send(gone->link, argv, 2, on_members, gone))
		unsteady(gone);
}

static void on_state(bool up, void *arg)
{
	struct ctl_gone *gone = arg;

	(void)up;
	gone->look = mem_deref(gone->look);
	unsteady(gone);
}

int ctl_gone_alloc(struct ctl_gone **gonep,
		   const struct ctl_gone_params *params)
{
	struct ctl_gone *gone = mem_zalloc(sizeof(*gone), destructor);
	int err;

	if (!gone)
		return ENOMEM;
	gone->link = mem_ref(params->link);
	gone->wheel = mem_ref(params->wheel);
	gone->patience_ms = params->steady_ms;
	gone->goneh = params->goneh;
	gone->arg = params->arg;
	unsteady(gone);
	err = redis_link_observe(gone->link, on_state, gone);
	if (err) {
		mem_deref(gone);
		return err;
	}
	wheel_start(gone->wheel, &gone->timer, 0, on_poll, gone);
	*gonep = gone;
	return 0;
}

void ctl_gone_bury(struct ctl_gone *gone, const char *addr)
{
	const struct redis_arg argv[] = {redis_str("SREM"),
					 redis_str(CTL_MEDIA_KEY),
					 redis_str(addr)};

	(void)redis_link_send(gone->link, argv, 3, NULL, NULL);
}

void ctl_gone_fence(struct redis_link *link, const char *addr,
		    const char *session)
{
	char key[CTL_KEY_MAX];
	struct redis_arg argv[3];

	ctl_stream_key(key, addr, CTL_MOVED);
	argv[0] = redis_str("SADD");
	argv[1] = redis_str(key);
	argv[2] = redis_str(session);
	(void)redis_link_send(link, argv, 3, NULL, NULL);
	argv[0] = redis_str("EXPIRE");
	argv[2] = redis_str("86400");
	(void)redis_link_send(link, argv, 3, NULL, NULL);
}
