/*
 * service_route.c  The way through a PBX's network that it told when we
 *                  registered (RFC 3608)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/redis_link.h"
#include "sigd/proxy/conn/shard.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/register/service_route.h"

enum { KEY_MAX = 32 };

struct service_ask {
	struct redis_link *link;
	service_route_h *h;
	void *arg;
};

static void destructor(void *data)
{
	struct service_ask *ask = data;

	redis_link_forget(ask->link, ask);
}

static void on_route(int err, const struct redis_val *val, void *arg)
{
	struct service_ask *ask = arg;
	struct pl route = PL("");

	if (!err && val->type == REDIS_STR && val->len <= SERVICE_ROUTE_MAX)
		route = (struct pl){val->str, val->len};
	/* the owner may free the question in here */
	ask->h(&route, ask->arg);
}

int service_route_find(struct service_ask **askp, struct proxy *px,
		       const struct route_connection *conn,
		       service_route_h *h, void *arg)
{
	struct service_ask *ask;
	char key[KEY_MAX], name[TRUNK_NAME_MAX + 1];
	int err;

	if (conn->kind != ROUTE_REGISTER)
		return ENOENT;
	ask = mem_zalloc(sizeof(*ask), destructor);
	if (!ask)
		return ENOMEM;

	ask->link = px->deps.redis;
	ask->h	  = h;
	ask->arg  = arg;
	trunk_reg_name(name, conn);
	re_snprintf(key, sizeof(key), "cb:{u:%u}:routes",
		    upstream_shard(conn));

	const struct redis_arg get[] = {redis_str("HGET"), redis_str(key),
					redis_str(name)};

	err = redis_link_send(ask->link, get, 3, on_route, ask);
	if (err)
		mem_deref(ask);
	else
		*askp = ask;
	return err;
}
