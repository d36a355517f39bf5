/*
 * redis_user.h  Users that stand in Redis, beside those of routing.yaml
 *
 * For tenants with `users_in_redis`: the hash `cb:{a:<tenant>/<user>}:user`,
 * written by whoever provisions users, with the fields `ha1_md5`, `ha1_sha256`
 * (as in routing.yaml) and `max_devices`. A user of routing.yaml, or a
 * connection that registers here, with the same name goes first; but the
 * question is asked for each name, so that all take the same time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_WHO_REDIS_USER_H
#define SIGD_PROXY_WHO_REDIS_USER_H

#include "common/status.h"
#include "sigd/proxy/proxy_priv.h"

struct redis_user_ask;
struct route_tenant;
struct route_user;

/* user: NULL when there is none (none of its fields); else the caller's, freed
 * with mem_deref(). STATUS_OK, STATUS_REDIS_DOWN. */
typedef void(redis_user_h)(enum status code, struct route_user *user,
			   void *arg);

/* name: %-decoded. The caller owns *askp; h is called once, later, unless the
 * caller ends it before with mem_deref(). */
int redis_user_find(struct redis_user_ask **askp, struct proxy *px,
		    const struct route_tenant *tenant, const struct pl *name,
		    redis_user_h *h, void *arg);

#endif
