/*
 * conn_calls.c  How many calls a connection has, in all workers together
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/redis_link.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/conn/conn_calls.h"
#include "sigd/proxy/conn/health.h"
#include "sigd/proxy/limit_note.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/place.h"
#include "sigd/proxy/who/tenant_calls.h"
#include "sigd/proxy/who/user_calls.h"

enum {
	MARGIN_S = 60,         /* behind the limit of a set-up, or of a call */
	TRIAL_SLACK_MS = 5000, /* ... of the time to answer a trial */
	KEY_MAX = 128,
	LEAVE_MAX = 1000, /* connections; with more, places end by themselves */
};

struct conn_calls_ask {
	struct proxy *px;
	const struct route_connection *conn;
	char call[17];
	conn_calls_h *h;
	void *arg;
	bool answered;
};

static int key_print(char key[KEY_MAX], const char *tenant, const char *conn,
		     const char *what)
{
	/* neither holds what would have to be encoded */
	return re_snprintf(key, KEY_MAX, "cb:{m:%s/%s}:%s", tenant, conn,
			   what) < 0
		       ? EOVERFLOW
		       : 0;
}

static void give_back(struct proxy *px, const char *tenant, const char *conn,
		      const char *call)
{
	char key[KEY_MAX];
	const struct place place = {key, call};

	if (!key_print(key, tenant, conn, "calls"))
		place_leave(px, &place);
}

static void destructor(void *data)
{
	struct conn_calls_ask *ask = data;

	redis_link_forget(ask->px->deps.redis, ask);
	/* the question may be on its way: this comes behind it */
	if (!ask->answered)
		conn_calls_leave(ask->px, ask->conn, ask->call);
}

static void on_reply(int err, const struct redis_val *val, void *arg)
{
	struct conn_calls_ask *ask = arg;
	enum status code = STATUS_OK;

	ask->answered = true;
	if (err)
		code = STATUS_REDIS_DOWN;
	else if (val->type != REDIS_INT)
		code = STATUS_INTERNAL;
	else if (!val->num)
		code = STATUS_CALL_LIMIT;
	else if (val->num == 2)
		code = STATUS_TARGET_DOWN;
	limit_note(ask->px, code, ask->conn->tenant->id, ask->conn->name);
	/* the owner may free the question in here */
	ask->h(code, ask->arg);
}

static void on_nothing(int err, const struct redis_val *val, void *arg)
{
	(void)err;
	(void)val;
	(void)arg;
}

struct conn_place {
	const char *tenant, *conn, *call;
	uint32_t life_s, max;
	uint32_t trial_ms; /* 0: it is none */
};

static int conn_place_ask(struct proxy *px, const struct conn_place *place,
			  redis_reply_h *h, void *arg)
{
	char key[KEY_MAX], trial[KEY_MAX], ms[24], most[16], trial_ms[16];
	struct redis_arg keys[2], argv[4];
	int err = key_print(key, place->tenant, place->conn, "calls");

	err = err ? err : key_print(trial, place->tenant, place->conn, "trial");
	if (err)
		return err;
	re_snprintf(ms, sizeof(ms), "%llu", 1000ull * place->life_s);
	re_snprintf(most, sizeof(most), "%u", place->max);
	re_snprintf(trial_ms, sizeof(trial_ms), "%u", place->trial_ms);
	keys[0] = redis_str(key);
	keys[1] = redis_str(trial);
	argv[0] = redis_str(place->call);
	argv[1] = redis_str(ms);
	argv[2] = redis_str(most);
	argv[3] = redis_str(trial_ms);
	return redis_link_eval(px->deps.redis, &place_script_take, keys,
			       place->trial_ms ? 2 : 1, argv, 4, h, arg);
}

/* It was broken, and one call may find out. */
static uint32_t trial_ms(const struct proxy *px, const struct conn_calls_of *of)
{
	struct route_health is;

	if (!of->to || of->only)
		return 0;
	health_of(&is, px->health, of->conn);
	return is.state == ROUTE_STATE_TRIAL
		       ? of->conn->times.answer + TRIAL_SLACK_MS
		       : 0;
}

int conn_calls_take(struct conn_calls_ask **askp, struct proxy *px,
		    const struct conn_calls_of *of, conn_calls_h *h, void *arg)
{
	const struct route_connection *conn = of->conn;
	const uint32_t most =
		conn->max_calls ? conn->max_calls + of->instead : 0;
	const struct conn_place place = {conn->tenant->id,
					 conn->name,
					 of->call,
					 px->cfg.setup_ms / 1000 + MARGIN_S,
					 most,
					 trial_ms(px, of)};
	struct conn_calls_ask *ask;
	int err;

	if (!conn->max_calls && !place.trial_ms)
		return conn_place_ask(px, &place, on_nothing, NULL);

	ask = mem_zalloc(sizeof(*ask), destructor);
	if (!ask)
		return ENOMEM;
	ask->px = px;
	ask->conn = conn;
	ask->h = h;
	ask->arg = arg;
	str_ncpy(ask->call, of->call, sizeof(ask->call));
	err = conn_place_ask(px, &place, on_reply, ask);
	if (err) {
		ask->answered = true;
		mem_deref(ask);
		return err;
	}
	*askp = ask;
	return EINPROGRESS;
}

/* Whoever it was; with Redis away it ends by itself. */
void conn_calls_trial_end(struct proxy *px, const struct route_connection *conn)
{
	struct redis_arg argv[2];
	char key[KEY_MAX];

	if (key_print(key, conn->tenant->id, conn->name, "trial"))
		return;
	argv[0] = redis_str("DEL");
	argv[1] = redis_str(key);
	(void)redis_link_send(px->deps.redis, argv, 2, NULL, NULL);
}

void conn_calls_up(struct proxy *px, const struct call_record *rec)
{
	user_calls_up(px, rec);
	tenant_calls_up(px, rec);
	for (unsigned i = 0; i < CALL_SIDES; i++) {
		const struct conn_place place = {call_tenant(rec, i),
						 rec->side[i].conn,
						 rec->call,
						 px->cfg.call_s + MARGIN_S,
						 0,
						 0};

		if (place.conn[0])
			(void)conn_place_ask(px, &place, on_nothing, NULL);
	}
}

/* A worker died while it set the call up: where it had asked by then is not
 * in the record. */
static void leave_all(struct proxy *px, const struct call_record *rec,
		      unsigned side)
{
	const struct route_tenant *tenant =
		side_tenant(px->deps.routes, rec, side);

	if (!tenant || tenant->nconnections > LEAVE_MAX)
		return;
	for (uint32_t i = 0; i < tenant->nconnections; i++)
		conn_calls_leave(px, &tenant->connections[i], rec->call);
}

void conn_calls_ended(struct proxy *px, const struct call_record *rec)
{
	user_calls_ended(px, rec);
	tenant_calls_ended(px, rec);
	if (rec->state == CALL_SETUP && strcmp(rec->at, px->at) != 0) {
		leave_all(px, rec, CALL_CALLER);
		if (call_is_between(rec))
			leave_all(px, rec, CALL_CALLEE);
	}
	for (unsigned i = 0; i < CALL_SIDES; i++) {
		if (rec->side[i].conn[0])
			give_back(px, call_tenant(rec, i), rec->side[i].conn,
				  rec->call);
	}
}

void conn_calls_leave(struct proxy *px, const struct route_connection *conn,
		      const char *call)
{
	give_back(px, conn->tenant->id, conn->name, call);
}
