/*
 * media_watch.c  A media worker is gone: its calls are moved, or end
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/control/ctl_gone.h"
#include "common/lease.h"
#include "common/log.h"
#include "common/node.h"
#include "common/wheel.h"
#include "sigd/call/call_sweep.h"
#include "sigd/media/media_client.h"
#include "sigd/proxy/move/media_watch.h"
#include "sigd/proxy/move/move.h"
#include "sigd/proxy/move/pace.h"
#include "sigd/proxy/proxy_priv.h"

enum {
	T1_MS = 500,
	LEASE_MS = 4000,
	AGAIN_MS = 2500,  /* to the second look */
	LIVES_MS = 2500,  /* not said to be gone for so long: it is back */
	RETRY_MS = 500,
	LEAVING_MS = 1000, /* between two looks for who wants to be empty */
	ATONCE_MAX = 20,   /* its calls on their way: the rest has time */
};

struct media_watch {
	struct proxy *px;
	struct ctl_gone *gone;
	struct wheel_timer leaving;
	struct list burials;
};

/* Of one media worker. */
struct burial {
	struct le le;
	struct media_watch *watch;
	char addr[NODE_ADDR_MAX + 1];
	bool alive; /* it is not gone, but wants to be empty */
	struct lease *lease;
	struct call_sweep *sweep;
	struct pace *pace; /* its calls, when it is gone */
	struct wheel_timer again;
	uint64_t said_ms; /* when it was gone still */
	unsigned looks, found;
};

static void burial_destructor(void *data)
{
	struct burial *burial = data;

	list_unlink(&burial->le);
	wheel_stop(&burial->again);
	mem_deref(burial->sweep);
	mem_deref(burial->pace);
	mem_deref(burial->lease);
}

static void destructor(void *data)
{
	struct media_watch *watch = data;

	wheel_stop(&watch->leaving);
	list_flush(&watch->burials);
	mem_deref(watch->gone);
}

/* --- its calls -------------------------------------------------------------------- */

static void look(void *arg);

static void call_move_away(const struct burial *burial, const char *call,
			   const char *session)
{
	const struct move_params params = {.call = call,
					   .session = session,
					   .media = burial->addr,
					   .alive = burial->alive};

	move_start(burial->watch->px, &params);
}

static bool is_back(const struct burial *burial)
{
	return wheel_now(burial->watch->px->deps.wheel) - burial->said_ms >
	       LIVES_MS;
}

/* All of them take seconds. Whose turn had not come stays; the next look ends
 * the burial. */
static void on_turn(const struct pace_item *item, void *arg)
{
	const struct burial *burial = arg;

	if (!is_back(burial))
		call_move_away(burial, item->call, item->session);
}

static void on_call(const struct call_swept *swept, void *arg)
{
	struct burial *burial = arg;
	struct pace_item item = {.deadline = swept->expires};

	++burial->found;
	if (burial->alive) {
		if (move_count(burial->watch->px) < ATONCE_MAX)
			call_move_away(burial, swept->call, swept->session);
		return;
	}
	str_ncpy(item.call, swept->call, sizeof(item.call));
	str_ncpy(item.session, swept->session, sizeof(item.session));
	/* one that is not taken is found again */
	(void)pace_add(burial->pace, &item);
}

/* All that were found are on their way. */
static void on_begun(void *arg)
{
	struct burial *burial = arg;
	struct media_watch *watch = burial->watch;

	if (burial->alive || ++burial->looks == 1 || burial->found) {
		burial->found = 0;
		wheel_start(watch->px->deps.wheel, &burial->again,
			    burial->alive ? LEAVING_MS : AGAIN_MS, look,
			    burial);
		return;
	}
	ctl_gone_bury(watch->gone, burial->addr);
	mem_deref(burial);
}

static void on_all(int err, void *arg)
{
	struct burial *burial = arg;

	burial->sweep = mem_deref(burial->sweep);
	if (err) {
		/* what it has found the next one finds again */
		pace_clear(burial->pace);
		burial->found = 0;
		wheel_start(burial->watch->px->deps.wheel, &burial->again,
			    RETRY_MS, look, burial);
	} else if (burial->alive) {
		on_begun(burial);
	} else {
		pace_run(burial->pace);
	}
}

static void look(void *arg)
{
	struct burial *burial = arg;
	const struct proxy_deps *deps = &burial->watch->px->deps;
	const struct call_sweep_params params = {
		.link = deps->redis, .media = burial->addr,
		.swepth = on_call, .endh = on_all, .arg = burial};

	if (is_back(burial)) {
		log_info(NULL, burial->alive ? "a media worker has left"
					     : "a media worker is back",
			 "worker=%s", burial->addr);
		mem_deref(burial);
	} else if (call_sweep(&burial->sweep, &params)) {
		wheel_start(deps->wheel, &burial->again, RETRY_MS, look,
			    burial);
	}
}

/* --- who sees to them ------------------------------------------------------------- */

static void on_lease(bool held, uint64_t fence, void *arg)
{
	struct burial *burial = arg;
	(void)fence;

	if (!held) {
		mem_deref(burial);
		return;
	}
	if (burial->alive)
		log_info(NULL, "a media worker wants to be empty", "worker=%s",
			 burial->addr);
	else
		log_warn(NULL, "a media worker is gone", "worker=%s",
			 burial->addr);
	look(burial);
}

static struct burial *find(const struct media_watch *watch, const char *addr)
{
	struct le *le;

	LIST_FOREACH(&watch->burials, le) {
		struct burial *burial = le->data;

		if (!strcmp(burial->addr, addr))
			return burial;
	}
	return NULL;
}

static void bury(struct media_watch *watch, const char *addr, bool alive)
{
	const struct proxy *px = watch->px;
	char stem[64];
	const struct lease_params params = {.link = px->deps.redis,
					    .wheel = px->deps.wheel,
					    .stem = stem,
					    .owner = px->at,
					    .ttl_ms = LEASE_MS};
	struct burial *burial = mem_zalloc(sizeof(*burial), burial_destructor);

	if (!burial)
		return;
	burial->watch = watch;
	burial->alive = alive;
	burial->said_ms = wheel_now(px->deps.wheel);
	str_ncpy(burial->addr, addr, sizeof(burial->addr));
	list_append(&watch->burials, &burial->le, burial);
	re_snprintf(stem, sizeof(stem), "cb:{n:%s}:gone", addr);
	if (pace_alloc(&burial->pace, &(struct pace_params){
					      .wheel = px->deps.wheel,
					      .h = on_turn,
					      .endh = on_begun,
					      .arg = burial}) ||
	    lease_alloc(&burial->lease, &params, on_lease, burial))
		mem_deref(burial);
}

static void see_to(struct media_watch *watch, const char *addr, bool alive)
{
	struct burial *burial = find(watch, addr);

	/* it has died before it was empty */
	if (burial && burial->alive != alive)
		burial = mem_deref(burial);
	if (burial)
		burial->said_ms = wheel_now(watch->px->deps.wheel);
	else
		bury(watch, addr, alive);
}

static void on_gone(const char *addr, void *arg)
{
	see_to(arg, addr, false);
}

static void on_leaving(void *arg)
{
	struct media_watch *watch = arg;
	const struct proxy_deps *deps = &watch->px->deps;
	const char *addr;
	size_t at = 0;

	wheel_start(deps->wheel, &watch->leaving, LEAVING_MS, on_leaving,
		    watch);
	while ((addr = media_client_leaving(deps->media, &at)))
		see_to(watch, addr, true);
}

int media_watch_alloc(struct media_watch **watchp, struct proxy *px)
{
	struct media_watch *watch = mem_zalloc(sizeof(*watch), destructor);
	const uint32_t t1 = px->cfg.txn.t1 ? px->cfg.txn.t1 : T1_MS;
	const struct ctl_gone_params params = {
		.link = px->deps.redis, .wheel = px->deps.wheel,
		.steady_ms = CTL_GONE_STEADY_MS / T1_MS * t1,
		.goneh = on_gone, .arg = watch};
	int err;

	if (!watch)
		return ENOMEM;
	watch->px = px;
	err = ctl_gone_alloc(&watch->gone, &params);
	if (err) {
		mem_deref(watch);
		return err;
	}
	wheel_start(px->deps.wheel, &watch->leaving, LEAVING_MS, on_leaving,
		    watch);
	*watchp = watch;
	return 0;
}
