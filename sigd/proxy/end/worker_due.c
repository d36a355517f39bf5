/*
 * worker_due.c  A worker died: its connections are gone, and nobody has said so
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/due.h"
#include "common/log.h"
#include "common/node.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "sigd/call/call_sweep.h"
#include "sigd/proxy/end/rebind.h"
#include "sigd/proxy/end/worker_due.h"
#include "sigd/proxy/proxy_priv.h"

enum { RETRY_MS = 1000 };

struct worker_due {
	struct proxy *px;
	struct due *due;
	struct wheel_timer renew; /* of ours; before that: of the sweep */
	struct call_sweep *sweep; /* for what we were before */
	struct list funerals;
};

/* Another one has died. */
struct funeral {
	struct le le;
	struct worker_due *wd;
	struct call_sweep *sweep;
	char who[NODE_ADDR_MAX + 1];
	uint64_t token;
};

static void funeral_destructor(void *data)
{
	struct funeral *fu = data;

	list_unlink(&fu->le);
	mem_deref(fu->sweep);
}

static void destructor(void *data)
{
	struct worker_due *wd = data;

	redis_link_forget(wd->px->deps.redis, wd);
	wheel_stop(&wd->renew);
	list_flush(&wd->funerals);
	mem_deref(wd->sweep);
	mem_deref(wd->due);
}

static void on_swept(const struct call_swept *swept, struct proxy *px)
{
	const struct aor_flow flow = {swept->flow, swept->flow_len};
	struct aor_call call = {.side = (uint8_t)swept->side};

	str_ncpy(call.call, swept->call, sizeof(call.call));
	rebind_grace(px, &call, &flow);
}

enum { KIND_LEN = 1, EPOCH_LEN = 4, NUM_LEN = 4 };

static int sweep(struct call_sweep **sweepp, struct call_sweep_params *params,
		 const struct node_id *worker)
{
	struct flow_id conn = {.slot = worker->slot, .kind = FLOW_WSS,
			       .epoch = 1, .num = 1};
	uint8_t packed[FLOW_PACK_MAX];
	size_t len;
	int err;

	str_ncpy(conn.node, worker->node, sizeof(conn.node));
	err = flow_id_pack(&conn, packed, &len);
	if (err)
		return err;
	params->place	  = packed + KIND_LEN;
	params->place_len = len - KIND_LEN - EPOCH_LEN - NUM_LEN;
	return call_sweep(sweepp, params);
}

/* --- we live -------------------------------------------------------------------- */

static void renew(void *arg)
{
	struct worker_due *wd = arg;
	struct proxy *px = wd->px;
	struct pl id, data;
	char epoch[16];

	re_snprintf(epoch, sizeof(epoch), "%u", px->deps.epoch);
	pl_set_str(&id, px->worker);
	pl_set_str(&data, epoch);
	/* claimed twice before somebody acts; with Redis away the next one
	 * says it */
	(void)due_schedule(wd->due, &id, &data, px->cfg.takeover_ms * 3 / 10,
			   NULL, NULL);
	wheel_start(px->deps.wheel, &wd->renew, px->cfg.takeover_ms / 5, renew,
		    wd);
}

static void on_link(bool up, void *arg)
{
	struct worker_due *wd = arg;

	if (up && !wd->sweep)
		renew(wd);
}

/* --- we were here before ------------------------------------------------------------- */

static void look_back(void *arg);

static void on_own(const struct call_swept *swept, void *arg)
{
	const struct worker_due *wd = arg;

	on_swept(swept, wd->px);
}

/* Only then does our own epoch stand instead of the former one. */
static void on_looked_back(int err, void *arg)
{
	struct worker_due *wd = arg;

	wd->sweep = mem_deref(wd->sweep);
	if (err)
		wheel_start(wd->px->deps.wheel, &wd->renew, RETRY_MS, look_back,
			    wd);
	else
		renew(wd);
}

static void look_back(void *arg)
{
	struct worker_due *wd = arg;
	const struct proxy_deps *deps = &wd->px->deps;
	struct node_id self = {.slot = deps->slot};
	struct call_sweep_params params = {
		.link = deps->redis, .epoch = deps->epoch - 1,
		.swepth = on_own, .endh = on_looked_back, .arg = wd};

	str_ncpy(self.node, deps->node, sizeof(self.node));
	if (sweep(&wd->sweep, &params, &self))
		wheel_start(deps->wheel, &wd->renew, RETRY_MS, look_back, wd);
}

/* --- another one has died -------------------------------------------------------------- */

static void on_theirs(const struct call_swept *swept, void *arg)
{
	const struct funeral *fu = arg;

	on_swept(swept, fu->wd->px);
}

static void on_buried(int err, void *arg)
{
	struct funeral *fu = arg;
	struct pl id;

	pl_set_str(&id, fu->who);
	/* else it comes again */
	if (!err)
		(void)due_done(fu->wd->due, &id, fu->token);
	mem_deref(fu);
}

static void bury(struct worker_due *wd, const struct due_item *item,
		 const struct node_id *worker)
{
	struct funeral *fu = mem_zalloc(sizeof(*fu), funeral_destructor);
	struct call_sweep_params params = {
		.link = wd->px->deps.redis, .epoch = pl_u32(&item->data), .swepth = on_theirs,
		.endh = on_buried, .arg = fu};

	if (!fu)
		return;
	fu->wd	  = wd;
	fu->token = item->token;
	(void)pl_strcpy(&item->id, fu->who, sizeof(fu->who));
	list_append(&wd->funerals, &fu->le, fu);
	log_warn(NULL, "a worker is gone", "worker=%s epoch=%u", fu->who,
		 params.epoch);
	if (sweep(&fu->sweep, &params, worker))
		mem_deref(fu);
}

static void on_due(const struct due_item *item, void *arg)
{
	struct worker_due *wd = arg;
	struct node_id worker;

	if (node_addr_parse(&worker, item->id.p, item->id.l))
		(void)due_done(wd->due, &item->id, item->token);
	/* who lives says so between two claims */
	else if (item->tries >= 2 && pl_strcmp(&item->id, wd->px->worker))
		bury(wd, item, &worker);
}

/* --- life ----------------------------------------------------------------------------- */

int worker_due_start(struct proxy *px)
{
	const uint32_t ms = px->cfg.takeover_ms;
	struct worker_due *wd = mem_zalloc(sizeof(*wd), destructor);
	struct due_params params = {
		.link = px->deps.redis, .wheel = px->deps.wheel,
		.poll = px->poll, .kind = "worker", .lease_ms = ms * 3 / 5,
		.fireh = on_due, .arg = wd};
	int err;

	if (!wd)
		return ENOMEM;
	wd->px = px;
	err = due_alloc(&wd->due, &params);
	err = err ? err : redis_link_observe(px->deps.redis, on_link, wd);
	if (err) {
		mem_deref(wd);
		return err;
	}
	px->life = wd;
	look_back(wd);
	return 0;
}

void worker_due_stop(struct proxy *px)
{
	px->life = mem_deref(px->life);
}
