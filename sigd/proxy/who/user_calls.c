/*
 * user_calls.c  How many calls a user has, in all workers together
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/redis_link.h"
#include "routing/route.h"
#include "sigd/proxy/conn/conn_calls.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/user_calls.h"

enum {
	MARGIN_S = 60, /* behind the limit of a set-up, or of a call */
};

struct user_calls_ask {
	struct proxy *px;
	user_calls_h *h;
	void *arg;
};

static void destructor(void *data)
{
	struct user_calls_ask *ask = data;

	redis_link_forget(ask->px->deps.redis, ask);
}

static int key_print(char key[BINDING_KEY_MAX], const char *tenant,
		     const char *user)
{
	struct pl t, u;

	pl_set_str(&t, tenant);
	pl_set_str(&u, user);
	return binding_key(key, BINDING_KEY_MAX, &t, &u, "places");
}

static void on_reply(int err, const struct redis_val *val, void *arg)
{
	struct user_calls_ask *ask = arg;
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

struct place {
	uint32_t life_s, max;
	redis_reply_h *h;
	void *arg;
};

static int ask_place(struct proxy *px, const struct user_calls_of *of,
		     const struct place *place)
{
	char key[BINDING_KEY_MAX], ms[24], most[16];
	struct redis_arg key_arg, argv[3];
	int err = key_print(key, of->tenant, of->user->name);

	if (err)
		return err;
	re_snprintf(ms, sizeof(ms), "%llu", 1000ull * place->life_s);
	re_snprintf(most, sizeof(most), "%u", place->max);
	key_arg = redis_str(key);
	argv[0] = redis_str(of->call);
	argv[1] = redis_str(ms);
	argv[2] = redis_str(most);
	return redis_link_eval(px->deps.redis, &conn_calls_script_take,
			       &key_arg, 1, argv, 3, place->h, place->arg);
}

int user_calls_take(struct user_calls_ask **askp, struct proxy *px,
		    const struct user_calls_of *of, user_calls_h *h, void *arg)
{
	struct place place = {px->cfg.setup_ms / 1000 + MARGIN_S, 0, on_reply,
			      NULL};
	struct user_calls_ask *ask;
	int err;

	if (!of->user || !of->user->max_calls)
		return 0;
	ask = mem_zalloc(sizeof(*ask), destructor);
	if (!ask)
		return ENOMEM;
	ask->px	  = px;
	ask->h	  = h;
	ask->arg  = arg;
	place.max = of->user->max_calls + of->instead;
	place.arg = ask;
	err = ask_place(px, of, &place);
	if (err) {
		mem_deref(ask);
		return err;
	}
	*askp = ask;
	return EINPROGRESS;
}

/* Of a side with a limit; else NULL. */
static const struct route_user *limited(const struct proxy *px,
					const struct call_record *rec,
					unsigned side)
{
	const struct route_user *user;
	struct pl name;

	if (rec->side[side].conn[0])
		return NULL;
	pl_set_str(&name, rec->side[side].user);
	user = route_user_find(side_tenant(px->deps.routes, rec, side), &name);
	return user && user->max_calls ? user : NULL;
}

void user_calls_up(struct proxy *px, const struct call_record *rec)
{
	const struct place place = {px->cfg.call_s + MARGIN_S, 0, on_nothing,
				    NULL};

	for (unsigned i = 0; i < CALL_SIDES; i++) {
		const struct user_calls_of of = {call_tenant(rec, i),
						 limited(px, rec, i),
						 rec->call, false};

		if (of.user)
			(void)ask_place(px, &of, &place);
	}
}

/* With Redis away it ends by itself. */
static void leave(struct proxy *px, const char *tenant, const char *user,
		  const char *call)
{
	char key[BINDING_KEY_MAX];
	struct redis_arg argv[3];

	if (key_print(key, tenant, user))
		return;
	argv[0] = redis_str("ZREM");
	argv[1] = redis_str(key);
	argv[2] = redis_str(call);
	(void)redis_link_send(px->deps.redis, argv, 3, NULL, NULL);
}

void user_calls_ended(struct proxy *px, const struct call_record *rec)
{
	for (unsigned i = 0; i < CALL_SIDES; i++) {
		const struct route_user *user = limited(px, rec, i);

		if (user)
			leave(px, call_tenant(rec, i), user->name, rec->call);
	}
}

void user_calls_diverted(struct proxy *px, const struct call_record *rec)
{
	const struct route_user *user = limited(px, rec, CALL_CALLEE);

	/* who called himself has it as the caller */
	if (user && user != limited(px, rec, CALL_CALLER))
		leave(px, call_tenant(rec, CALL_CALLEE), user->name,
		      rec->call);
}
