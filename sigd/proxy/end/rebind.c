/*
 * rebind.c  A device in a call loses its connection, and comes back, or not
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/due.h"
#include "common/id.h"
#include "common/log.h"
#include "sigd/call/call_dialog.h"
#include "sigd/proxy/diary.h"
#include "sigd/proxy/end/hangup.h"
#include "sigd/proxy/end/rebind.h"
#include "sigd/registrar/registrar.h"

/* LEASE_MS: for one record to be read. */
enum { REBINDS_MAX = 10000, LEASE_MS = 5000, NAME_LEN = 18 };

/* --- which calls ---------------------------------------------------------------- */

static bool aor_of(struct registrar_aor *aor, const struct call_record *rec,
		   unsigned nr)
{
	const struct call_side *side = &rec->side[nr];

	pl_set_str(&aor->tenant, call_tenant(rec, nr));
	pl_set_str(&aor->user, side->user);
	return !side->conn[0] && side->user[0] && side->flow_len;
}

static struct aor_call call_of(const struct call_record *rec, unsigned nr)
{
	struct aor_call call = {.side = (uint8_t)nr};

	str_ncpy(call.call, rec->call, sizeof(call.call));
	return call;
}

void rebind_up(struct proxy *px, const struct call_record *rec)
{
	for (unsigned i = 0; i < CALL_SIDES; i++) {
		const struct call_side *side = &rec->side[i];
		const struct aor_flow flow = {side->flow, side->flow_len};
		const struct aor_call call = call_of(rec, i);
		struct registrar_aor aor = {.connection = false};

		if (aor_of(&aor, rec, i))
			(void)aor_calls_add(px->deps.redis, &aor, &call, &flow,
					    px->cfg.call_s + CALL_KEEP_S);
	}
}

static void name_print(char name[NAME_LEN + 1], const struct aor_call *call)
{
	re_snprintf(name, NAME_LEN + 1, "%s/%u", call->call, call->side);
}

static void not_due(struct proxy *px, const struct aor_call *call)
{
	char name[NAME_LEN + 1];
	struct pl id;

	name_print(name, call);
	pl_set_str(&id, name);
	(void)due_cancel(px->losses, &id, NULL, NULL);
}

void rebind_ended(struct proxy *px, const struct call_record *rec)
{
	for (unsigned i = 0; i < CALL_SIDES; i++) {
		const struct aor_call call = call_of(rec, i);
		struct registrar_aor aor = {.connection = false};

		/* a flow's loss that is due still finds no call */
		if (rec->state == CALL_UP && aor_of(&aor, rec, i))
			(void)aor_calls_drop(px->deps.redis, &aor, &call);
	}
}

/* --- gone, and back --------------------------------------------------------------- */

struct rebind {
	struct le le;
	struct proxy *px;
	struct aor_calls_ask *ask;
	uint8_t flow[COOKIE_FLOW_MAX]; /* the new one */
	size_t flow_len;
};

static void destructor(void *data)
{
	struct rebind *rb = data;

	list_unlink(&rb->le);
	mem_deref(rb->ask);
}

static struct rebind *rebind_new(struct proxy *px, const struct aor_flow *flow)
{
	struct rebind *rb;

	if (list_count(&px->rebinds) >= REBINDS_MAX ||
	    flow->len > sizeof(rb->flow))
		return NULL;
	rb = mem_zalloc(sizeof(*rb), destructor);
	if (!rb)
		return NULL;
	rb->px	     = px;
	rb->flow_len = flow->len;
	memcpy(rb->flow, flow->p, flow->len);
	list_append(&px->rebinds, &rb->le, rb);
	return rb;
}

void rebind_grace(struct proxy *px, const struct aor_call *call,
		  const struct aor_flow *flow)
{
	const struct pl data = {(const char *)flow->p, flow->len};
	char name[NAME_LEN + 1];
	struct pl id;

	log_info(call->call, "a device has lost its connection",
		 "side=%u grace_ms=%u", call->side, px->cfg.flow_grace_ms);
	diary_side(px, call->call, "flow.lost", call->side, NULL);
	name_print(name, call);
	pl_set_str(&id, name);
	(void)due_schedule(px->losses, &id, &data, px->cfg.flow_grace_ms, NULL,
			   NULL);
}

static void on_lost(const struct aor_call *calls, size_t n,
		    const struct aor_flow *flow, void *arg)
{
	struct rebind *rb = arg;

	for (size_t i = 0; i < n; i++)
		rebind_grace(rb->px, &calls[i], flow);
	mem_deref(rb);
}

void rebind_lost(struct proxy *px, const struct registrar_aor *aor,
		 const struct aor_flow *flow)
{
	struct rebind *rb = rebind_new(px, flow);

	if (rb && aor_calls_on(&rb->ask, px->deps.redis, aor, flow, on_lost,
			       rb))
		mem_deref(rb);
}

static void on_back(const struct aor_call *calls, size_t n,
		    const struct aor_flow *flow, void *arg)
{
	struct rebind *rb = arg;
	struct proxy *px = rb->px;
	(void)flow;

	for (size_t i = 0; i < n; i++) {
		log_info(calls[i].call, "a device is back", "side=%u",
			 calls[i].side);
		diary_side(px, calls[i].call, "flow.back", calls[i].side,
			   NULL);
		call_flow(px->deps.redis, calls[i].call, calls[i].side,
			  rb->flow, rb->flow_len);
		not_due(px, &calls[i]);
	}
	mem_deref(rb);
}

void rebind_back(struct proxy *px, const struct registrar_aor *aor,
		 const char *devices, const struct aor_flow *flow)
{
	struct rebind *rb = rebind_new(px, flow);

	if (rb && aor_calls_move(&rb->ask, px->deps.redis, aor, devices, flow,
				 on_back, rb))
		mem_deref(rb);
}

char *rebind_devices(const struct reg_request *req)
{
	struct mbuf *mb = mbuf_alloc(BINDING_DEVICE_MAX + 2);
	char *devices = NULL;
	int err = mb ? 0 : ENOMEM;

	for (size_t i = 0; i < req->nc && !err; i++) {
		if (req->contacts[i].expires)
			err = mbuf_printf(mb, "%s\n",
					  req->contacts[i].device);
	}
	if (!err && mb->end) {
		mbuf_set_pos(mb, 0);
		(void)mbuf_strdup(mb, &devices, mb->end);
	}
	mem_deref(mb);
	return devices;
}

/* --- not back in time --------------------------------------------------------------- */

struct loss {
	struct le le;
	struct proxy *px;
	struct call_ask *ask;
	uint64_t token;
	struct aor_call call;
	uint8_t flow[COOKIE_FLOW_MAX]; /* that was lost */
	size_t flow_len;
};

static void loss_destructor(void *data)
{
	struct loss *loss = data;

	list_unlink(&loss->le);
	mem_deref(loss->ask);
}

static bool still_lost(const struct loss *loss, const struct call_record *rec)
{
	const struct call_side *side = &rec->side[loss->call.side];

	return rec->state == CALL_UP && side->flow_len == loss->flow_len &&
	       !memcmp(side->flow, loss->flow, loss->flow_len);
}

static void loss_done(const struct loss *loss)
{
	char name[NAME_LEN + 1];
	struct pl id;

	name_print(name, &loss->call);
	pl_set_str(&id, name);
	(void)due_done(loss->px->losses, &id, loss->token);
}

static void on_record(enum status code, const struct call_record *rec,
		      void *arg)
{
	struct loss *loss = arg;

	if (code == STATUS_OK && still_lost(loss, rec)) {
		hangup_sides(loss->px, rec,
			     loss->call.side == CALL_CALLER ? HANGUP_CALLEE
							    : HANGUP_CALLER,
			     STATUS_FLOW_LOST);
	}
	/* with Redis away it comes again */
	if (code != STATUS_REDIS_DOWN)
		loss_done(loss);
	mem_deref(loss);
}

static bool read_item(struct loss *loss, const struct due_item *item)
{
	const char *p = item->id.p;

	if (item->id.l != NAME_LEN || !id_valid(p, 16) || p[16] != '/' ||
	    (p[17] != '0' && p[17] != '1') ||
	    item->data.l > sizeof(loss->flow))
		return false;

	memcpy(loss->call.call, p, 16);
	loss->call.side = (uint8_t)(p[17] - '0');
	loss->flow_len	= item->data.l;
	memcpy(loss->flow, item->data.p, item->data.l);
	loss->token = item->token;
	return true;
}

static void on_due(const struct due_item *item, void *arg)
{
	struct proxy *px = arg;
	struct loss *loss;

	if (list_count(&px->tasks) >= REBINDS_MAX)
		return;
	loss = mem_zalloc(sizeof(*loss), loss_destructor);
	if (!loss)
		return;
	loss->px = px;
	list_append(&px->tasks, &loss->le, loss);
	if (!read_item(loss, item)) {
		(void)due_done(px->losses, &item->id, item->token);
		mem_deref(loss);
	} else if (call_record_load(&loss->ask, px->deps.redis,
				    loss->call.call, on_record, loss)) {
		mem_deref(loss);
	}
}

int rebind_start(struct proxy *px)
{
	const struct due_params params = {
		.link = px->deps.redis, .wheel = px->deps.wheel,
		.poll = px->poll, .kind = "flow-loss",
		.lease_ms = LEASE_MS, .fireh = on_due, .arg = px};

	return due_alloc(&px->losses, &params);
}
