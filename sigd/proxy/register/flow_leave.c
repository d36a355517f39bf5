/*
 * flow_leave.c  Connections of devices are closed, one after the other
 *
 * Rounds: all flows of the moment are listed, then looked at in steps; what
 * may not go yet is found again by the next round.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/register/flow_leave.h"
#include "sigd/proxy/register/flow_users.h"
#include "sigd/registrar/binding.h"

enum {
	STEP_MS = 100,
	STEPS = 600,     /* of a round: a minute */
	STEP_MIN = 5,    /* connections of a step */
	STEP_MAX = 20,   /* 200 a second come again elsewhere */
	ROUND_MS = 1000, /* between two rounds */
	GOING_AWAY = 1001,
};

struct flow_leave {
	struct proxy *px;
	bool now;
	struct wheel_timer timer;
	struct list asks; /* struct ask */
	struct flow_id *ids;
	size_t n, size, at;
};

/* Is one of the users of this flow in a call over it? */
struct ask {
	struct le le;
	struct flow_leave *leave;
	struct flow_id id;
	char hex[2 * FLOW_PACK_MAX + 1];
	unsigned open;
	bool busy;
};

static void ask_destructor(void *data)
{
	struct ask *ask = data;

	list_unlink(&ask->le);
	redis_link_forget(ask->leave->px->deps.redis, ask);
}

static void destructor(void *data)
{
	struct flow_leave *leave = data;

	wheel_stop(&leave->timer);
	list_flush(&leave->asks);
	mem_deref(leave->ids);
}

/* --- one flow ------------------------------------------------------------------- */

static void count_user(const char *tenant, const char *user, void *arg)
{
	unsigned *n = arg;
	(void)tenant;
	(void)user;

	++*n;
}

static bool is_device(const struct flow *flow)
{
	const uint8_t kind = flow_id_of(flow)->kind;
	unsigned n = 0;

	flow_users_each(flow, count_user, &n);
	return n || kind == FLOW_WSS || kind == FLOW_WS;
}

static void go(struct flow_leave *leave, const struct flow_id *id)
{
	struct transport *transport = leave->px->deps.transport;
	struct flow *flow = flow_table_find(transport_flows(transport), id);

	if (flow && !invite_on_flow(leave->px, id))
		transport_close(transport, flow, GOING_AWAY);
}

static void asked(struct ask *ask)
{
	if (--ask->open)
		return;
	if (!ask->busy)
		go(ask->leave, &ask->id);
	mem_deref(ask);
}

/* "<flow>", "!" behind it when it has ended, and the device
 * (registrar/aor_calls.h) */
static void on_calls(int err, const struct redis_val *val, void *arg)
{
	struct ask *ask = arg;
	const size_t len = strlen(ask->hex);

	ask->busy = ask->busy || err || val->type != REDIS_ARRAY;
	for (size_t i = 0; !ask->busy && i < val->len; i++)
		ask->busy = val->el[i].type == REDIS_STR &&
			    val->el[i].len >= len &&
			    !memcmp(val->el[i].str, ask->hex, len);
	asked(ask);
}

static void ask_user(const char *tenant, const char *user, void *arg)
{
	struct ask *ask = arg;
	char key[BINDING_KEY_MAX];
	struct redis_arg argv[2];
	struct pl t, u;

	pl_set_str(&t, tenant);
	pl_set_str(&u, user);
	if (binding_key(key, sizeof(key), &t, &u, "calls"))
		return;
	argv[0] = redis_str("HVALS");
	argv[1] = redis_str(key);
	++ask->open;
	if (redis_link_send(ask->leave->px->deps.redis, argv, 2, on_calls,
			    ask)) {
		--ask->open;
		ask->busy = true;
	}
}

static void ask_flow(struct flow_leave *leave, const struct flow *flow)
{
	struct ask *ask = mem_zalloc(sizeof(*ask), ask_destructor);
	uint8_t packed[FLOW_PACK_MAX];
	size_t len;

	if (!ask)
		return;
	ask->leave = leave;
	ask->id = *flow_id_of(flow);
	ask->open = 1; /* ours */
	list_append(&leave->asks, &ask->le, ask);
	if (flow_id_pack(&ask->id, packed, &len) ||
	    re_snprintf(ask->hex, sizeof(ask->hex), "%w", packed, len) < 0)
		ask->busy = true;
	else
		flow_users_each(flow, ask_user, ask);
	asked(ask);
}

/* It may ring, for another worker. */
static bool may_ring(const struct flow_leave *leave, const struct flow *flow)
{
	const uint64_t at = flow_asked_ms(flow);

	return at && loop_now_ms() - at < leave->px->cfg.setup_ms;
}

static void look_at(struct flow_leave *leave, const struct flow_id *id)
{
	const struct flow *flow = flow_table_find(
		transport_flows(leave->px->deps.transport), id);

	if (!flow)
		return;
	if (leave->now)
		go(leave, id);
	else if (!may_ring(leave, flow))
		ask_flow(leave, flow);
}

/* --- all of them ------------------------------------------------------------------ */

static bool list_one(struct flow *flow, void *arg)
{
	struct flow_leave *leave = arg;

	if (leave->n < leave->size && is_device(flow))
		leave->ids[leave->n++] = *flow_id_of(flow);
	return false;
}

static void list_all(struct flow_leave *leave)
{
	const struct flow_table *flows =
		transport_flows(leave->px->deps.transport);

	leave->n = leave->at = 0;
	leave->ids = mem_deref(leave->ids);
	leave->size = flow_table_count(flows);
	if (leave->size)
		leave->ids = mem_alloc(leave->size * sizeof(*leave->ids), NULL);
	if (leave->ids)
		flow_table_each(flows, list_one, leave);
}

static void on_step(void *arg)
{
	struct flow_leave *leave = arg;
	size_t n = leave->n / STEPS;
	uint32_t wait = STEP_MS;

	n = min(max(n, (size_t)STEP_MIN), (size_t)STEP_MAX);
	for (; n && leave->at < leave->n; n--)
		look_at(leave, &leave->ids[leave->at++]);
	if (leave->at == leave->n) {
		wait = ROUND_MS;
		list_all(leave);
	}
	wheel_start(leave->px->deps.wheel, &leave->timer, wait, on_step,
		    leave);
}

int flow_leave_alloc(struct flow_leave **leavep, struct proxy *px, bool now)
{
	struct flow_leave *leave = mem_zalloc(sizeof(*leave), destructor);

	if (!leave)
		return ENOMEM;
	leave->px = px;
	leave->now = now;
	list_all(leave);
	log_info(NULL, "devices are told to go", "count=%zu", leave->n);
	wheel_start(px->deps.wheel, &leave->timer, STEP_MS, on_step, leave);
	*leavep = leave;
	return 0;
}

static bool count_one(struct flow *flow, void *arg)
{
	uint32_t *n = arg;

	*n += is_device(flow);
	return false;
}

uint32_t flow_leave_left(const struct flow_leave *leave)
{
	uint32_t n = 0;

	flow_table_each(transport_flows(leave->px->deps.transport), count_one,
			&n);
	return n;
}
