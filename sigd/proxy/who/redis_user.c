/*
 * redis_user.c  Users that stand in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <openssl/crypto.h>

#include "common/redis_link.h"
#include "routing/route.h"
#include "sigd/proxy/who/redis_user.h"

struct redis_user_ask {
	struct proxy *px;
	uint8_t algs; /* of the tenant */
	redis_user_h *h;
	void *arg;
	char name[ROUTE_USER_MAX + 1];
};

/* A user whose texts are its own. */
struct owned {
	struct route_user user; /* first */
	char name[ROUTE_USER_MAX + 1];
};

static void destructor(void *data)
{
	struct redis_user_ask *ask = data;

	redis_link_forget(ask->px->deps.redis, ask);
}

static void owned_destructor(void *data)
{
	struct owned *owned = data;

	OPENSSL_cleanse(owned->user.ha1_md5, sizeof(owned->user.ha1_md5));
	OPENSSL_cleanse(owned->user.ha1_sha256,
			sizeof(owned->user.ha1_sha256));
}

/* Hex of just this length, in lower case; else as if it were not there. */
static bool hex_read(char *to, size_t len, const struct redis_val *val)
{
	static const char digits[] = "0123456789abcdef";

	if (val->type != REDIS_STR || val->len != len ||
	    strspn(val->str, digits) != len)
		return false;
	memcpy(to, val->str, len + 1);
	return true;
}

/* Who has no hash shows a token, and no password is right for him. */
static bool is_there(const struct redis_val *fields)
{
	for (size_t i = 0; i < fields->len; i++) {
		if (fields->el[i].type == REDIS_STR)
			return true;
	}
	return false;
}

static struct route_user *user_read(const struct redis_user_ask *ask,
				    const struct redis_val *val)
{
	struct owned *owned;
	struct route_user *user;
	uint64_t devices = 0;

	if (val->type != REDIS_ARRAY || val->len != 3 || !is_there(val))
		return NULL;
	owned = mem_zalloc(sizeof(*owned), owned_destructor);
	if (!owned)
		return NULL;
	user = &owned->user;
	str_ncpy(owned->name, ask->name, sizeof(owned->name));
	user->name = owned->name;
	if (hex_read(user->ha1_md5, ROUTE_HA1_MD5_LEN, &val->el[0]))
		user->algs |= ROUTE_ALG_MD5;
	if (hex_read(user->ha1_sha256, ROUTE_HA1_SHA256_LEN, &val->el[1]))
		user->algs |= ROUTE_ALG_SHA256;
	user->algs &= ask->algs;
	if (redis_num(&val->el[2], &devices) && devices <= ROUTE_DEVICES_MAX)
		user->max_devices = (uint16_t)devices;
	return user;
}

static void on_reply(int err, const struct redis_val *val, void *arg)
{
	struct redis_user_ask *ask = arg;

	/* the owner may free the question in here */
	ask->h(err ? STATUS_REDIS_DOWN : STATUS_OK,
	       err ? NULL : user_read(ask, val), ask->arg);
}

int redis_user_find(struct redis_user_ask **askp, struct proxy *px,
		    const struct route_tenant *tenant, const struct pl *name,
		    redis_user_h *h, void *arg)
{
	struct redis_arg argv[5];
	struct redis_user_ask *ask;
	char key[BINDING_KEY_MAX];
	struct pl id, cut = *name;
	int err;

	/* a longer one is nobody's; that is not told sooner */
	cut.l = min(cut.l, (size_t)ROUTE_USER_MAX);
	pl_set_str(&id, tenant->id);
	err = binding_key(key, sizeof(key), &id, &cut, "user");
	if (err)
		return err;
	ask = mem_zalloc(sizeof(*ask), destructor);
	if (!ask)
		return ENOMEM;
	ask->px	  = px;
	ask->algs = tenant->auth.algs;
	ask->h	  = h;
	ask->arg  = arg;
	(void)pl_strcpy(&cut, ask->name, sizeof(ask->name));
	argv[0] = redis_str("HMGET");
	argv[1] = redis_str(key);
	argv[2] = redis_str("ha1_md5");
	argv[3] = redis_str("ha1_sha256");
	argv[4] = redis_str("max_devices");
	err = redis_link_send(px->deps.redis, argv, 5, on_reply, ask);
	if (err)
		mem_deref(ask);
	else
		*askp = ask;
	return err;
}
