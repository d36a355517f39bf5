/*
 * tenant_calls.c  How many calls a tenant has, in all workers together
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/redis_link.h"
#include "routing/route.h"
#include "sigd/proxy/conn/conn_calls.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/tenant_calls.h"

enum {
	MARGIN_S = 60, /* behind the limit of a set-up, or of a call */
	KEY_MAX = 64,
};

struct tenant_calls_ask {
	struct proxy *px;
	tenant_calls_h *h;
	void *arg;
};

struct place {
	const struct route_tenant *tenant;
	const char *call;
	uint32_t life_s, max;
};

static void destructor(void *data)
{
	struct tenant_calls_ask *ask = data;

	redis_link_forget(ask->px->deps.redis, ask);
}

static void key_print(char key[KEY_MAX], const char *tenant)
{
	/* it holds nothing that would have to be encoded */
	re_snprintf(key, KEY_MAX, "cb:{m:%s}:calls", tenant);
}

static void on_reply(int err, const struct redis_val *val, void *arg)
{
	struct tenant_calls_ask *ask = arg;
	enum status code = STATUS_OK;

	if (err)
		code = STATUS_REDIS_DOWN;
	else if (val->type != REDIS_INT)
		code = STATUS_INTERNAL;
	else if (!val->num)
		code = STATUS_CALL_LIMIT;
	/* the owner may free the question in here */
	ask->h(code, ask->arg);
}

static void on_nothing(int err, const struct redis_val *val, void *arg)
{
	(void)err;
	(void)val;
	(void)arg;
}

static int place_ask(struct proxy *px, const struct place *place,
		     redis_reply_h *h, void *arg)
{
	char key[KEY_MAX], ms[24], most[16];
	struct redis_arg key_arg, argv[3];

	key_print(key, place->tenant->id);
	re_snprintf(ms, sizeof(ms), "%llu", 1000ull * place->life_s);
	re_snprintf(most, sizeof(most), "%u", place->max);
	key_arg = redis_str(key);
	argv[0] = redis_str(place->call);
	argv[1] = redis_str(ms);
	argv[2] = redis_str(most);
	return redis_link_eval(px->deps.redis, &conn_calls_script_take,
			       &key_arg, 1, argv, 3, h, arg);
}

int tenant_calls_take(struct tenant_calls_ask **askp, struct proxy *px,
		      const struct tenant_calls_of *of, tenant_calls_h *h,
		      void *arg)
{
	const struct place place = {of->tenant, of->call,
				    px->cfg.setup_ms / 1000 + MARGIN_S,
				    of->tenant->max_calls + of->instead};
	struct tenant_calls_ask *ask;
	int err;

	if (!of->tenant->max_calls)
		return 0;
	ask = mem_zalloc(sizeof(*ask), destructor);
	if (!ask)
		return ENOMEM;
	ask->px	 = px;
	ask->h	 = h;
	ask->arg = arg;
	err = place_ask(px, &place, on_reply, ask);
	if (err) {
		mem_deref(ask);
		return err;
	}
	*askp = ask;
	return EINPROGRESS;
}

/* Whose call it is: one tenant's, or one of each. */
static unsigned sides_of(const struct call_record *rec)
{
	return call_is_between(rec) ? CALL_SIDES : 1;
}

void tenant_calls_up(struct proxy *px, const struct call_record *rec)
{
	for (unsigned i = 0; i < sides_of(rec); i++) {
		const struct place place = {
			side_tenant(px->deps.routes, rec, i), rec->call,
			px->cfg.call_s + MARGIN_S, 0};

		if (place.tenant && place.tenant->max_calls)
			(void)place_ask(px, &place, on_nothing, NULL);
	}
}

/* With Redis away it ends by itself. */
void tenant_calls_leave(struct proxy *px, const struct route_tenant *tenant,
			const char *call)
{
	char key[KEY_MAX];
	struct redis_arg argv[3];

	if (!tenant || !tenant->max_calls)
		return;
	key_print(key, tenant->id);
	argv[0] = redis_str("ZREM");
	argv[1] = redis_str(key);
	argv[2] = redis_str(call);
	(void)redis_link_send(px->deps.redis, argv, 3, NULL, NULL);
}

void tenant_calls_ended(struct proxy *px, const struct call_record *rec)
{
	for (unsigned i = 0; i < sides_of(rec); i++)
		tenant_calls_leave(px, side_tenant(px->deps.routes, rec, i),
				   rec->call);
}
