/*
 * kept.c  The registrations that this worker keeps: counted, found, written to
 *         Redis, given up
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/log.h"
#include "common/redis_link.h"
#include "routing/route.h"
#include "sigd/upstream/upstream_priv.h"

enum {
	KEEP_S = 7 * 86400, /* of a shard's hash, after its last write */
	GRACE_MS = 1000,    /* a device refreshes in its last moment */
};

static void registered_set(struct kept *kept, bool registered)
{
	struct upstream_counts *counts = &kept->shard->upstream->counts;

	counts->registered += (uint64_t)registered - kept->registered;
	kept->registered = registered;
}

static void destructor(void *data)
{
	struct kept *kept = data;

	wheel_stop(&kept->unwanted);
	if (kept->he.list) {
		registered_set(kept, false);
		--kept->shard->upstream->counts.kept;
	}
	hash_unlink(&kept->he);
	list_unlink(&kept->le);
	mem_deref(kept->reg);
	mem_deref(kept->table);
}

/* --- the state in Redis ------------------------------------------------------------ */

static void state_write(struct shard *shard,
			const struct route_connection *conn, const char *text)
{
	struct redis_link *link = shard->upstream->px->deps.redis;
	char name[TRUNK_NAME_MAX + 1], keep[16];

	trunk_reg_name(name, conn);
	re_snprintf(keep, sizeof(keep), "%d", KEEP_S);

	const struct redis_arg set[] = {redis_str("HSET"),
					redis_str(shard->key),
					redis_str(name), redis_str(text)};
	const struct redis_arg expire[] = {redis_str("EXPIRE"),
					   redis_str(shard->key),
					   redis_str(keep)};

	/* with Redis away it is written at the next change */
	if (!redis_link_send(link, set, 4, NULL, NULL))
		(void)redis_link_send(link, expire, 3, NULL, NULL);
}

static void state_remove(struct shard *shard,
			 const struct route_connection *conn)
{
	char name[TRUNK_NAME_MAX + 1];
	struct redis_arg del[] = {redis_str("HDEL"), redis_str(shard->key),
				  redis_str("")};

	trunk_reg_name(name, conn);
	del[2] = redis_str(name);
	(void)redis_link_send(shard->upstream->px->deps.redis, del, 3, NULL,
			      NULL);
}

/* --- what it tells ------------------------------------------------------------------ */

static void on_state(const struct trunk_reg *reg, void *arg)
{
	struct kept *kept = arg;
	struct upstream *up = kept->shard->upstream;
	char text[TRUNK_STATE_MAX];

	if (kept->table)
		return;
	if (!trunk_state_print(text, trunk_reg_state(reg), up->px->worker))
		state_write(kept->shard, trunk_reg_conn(reg), text);
	registered_set(kept, trunk_reg_state(reg)->phase == TRUNK_REGISTERED);
}

static void on_sent(void *arg)
{
	struct kept *kept = arg;

	++kept->shard->upstream->counts.sent;
}

static void on_answer(bool accepted, void *arg)
{
	struct kept *kept = arg;
	struct upstream_counts *counts = &kept->shard->upstream->counts;

	++*(accepted ? &counts->accepted : &counts->refused);
}

/* A former worker may have written one: the first answer says how it is. */
static void on_route(const struct trunk_reg *reg, const char *route, void *arg)
{
	struct kept *kept = arg;
	struct shard *shard = kept->shard;
	struct redis_link *link = shard->upstream->px->deps.redis;
	char key[UPSTREAM_KEY_MAX], name[TRUNK_NAME_MAX + 1], keep[16];

	if (kept->table || (!*route && !kept->routed))
		return;
	trunk_reg_name(name, trunk_reg_conn(reg));
	re_snprintf(key, sizeof(key), "%s:routes", shard->stem);
	re_snprintf(keep, sizeof(keep), "%d", KEEP_S);

	const struct redis_arg del[] = {redis_str("HDEL"), redis_str(key),
					redis_str(name)};
	const struct redis_arg set[] = {redis_str("HSET"), redis_str(key),
					redis_str(name), redis_str(route)};
	const struct redis_arg expire[] = {redis_str("EXPIRE"),
					   redis_str(key), redis_str(keep)};

	kept->routed = *route != '\0';
	if (!*route)
		(void)redis_link_send(link, del, 3, NULL, NULL);
	else if (!redis_link_send(link, set, 4, NULL, NULL))
		(void)redis_link_send(link, expire, 3, NULL, NULL);
}

static void on_left(void *arg)
{
	mem_deref(arg);
}

/* --- life ---------------------------------------------------------------------------- */

static bool is_name(struct le *le, void *arg)
{
	const struct kept *kept = le->data;
	char name[TRUNK_NAME_MAX + 1];

	trunk_reg_name(name, trunk_reg_conn(kept->reg));
	return !pl_strcmp(arg, name);
}

struct kept *kept_find(const struct upstream *up, const struct pl *name)
{
	return list_ledata(hash_lookup(up->kept, hash_joaat_pl(name), is_name,
				       (void *)(uintptr_t)name));
}

/* One that is about to leave stays: what it would say now would be too late. */
static void leaving_stop(struct upstream *up, const struct pl *name)
{
	struct le *le = list_head(&up->leaving);

	while (le) {
		struct kept *kept = le->data;

		le = le->next;
		if (is_name(&kept->le, (void *)(uintptr_t)name))
			mem_deref(kept);
	}
}

struct kept *kept_add(struct shard *shard, const struct route_connection *conn,
		      const struct redis_val *known, uint32_t spread_ms)
{
	struct trunk_reg_handlers h = {on_state, on_sent, on_answer, on_route,
				       on_left, NULL};
	struct upstream *up = shard->upstream;
	char name[TRUNK_NAME_MAX + 1];
	struct trunk_state was;
	struct kept *kept;
	struct pl pl;

	kept = mem_zalloc(sizeof(*kept), destructor);
	if (!kept)
		return NULL;

	kept->shard  = shard;
	kept->routed = known != NULL;
	h.arg	    = kept;
	trunk_reg_name(name, conn);
	pl_set_str(&pl, name);
	leaving_stop(up, &pl);
	if (known && known->type == REDIS_STR) {
		const struct pl text = {known->str, known->len};

		if (trunk_state_parse(&was, &text))
			known = NULL;
	} else {
		known = NULL;
	}
	if (trunk_reg_alloc(&kept->reg, up->px, conn, known ? &was : NULL,
			    spread_ms, &h)) {
		mem_deref(kept);
		return NULL;
	}
	list_append(&shard->regs, &kept->le, kept);
	hash_append(up->kept, hash_joaat_pl(&pl), &kept->he, kept);
	++up->counts.kept;
	registered_set(kept, trunk_reg_state(kept->reg)->phase ==
				     TRUNK_REGISTERED);
	return kept;
}

void kept_leave(struct kept *kept)
{
	struct upstream *up = kept->shard->upstream;

	state_remove(kept->shard, trunk_reg_conn(kept->reg));
	on_route(kept->reg, "", kept);
	if (!trunk_reg_is_in_force(kept->reg)) {
		mem_deref(kept);
		return;
	}
	wheel_stop(&kept->unwanted);
	registered_set(kept, false);
	--up->counts.kept;
	hash_unlink(&kept->he);
	list_unlink(&kept->le);
	kept->table = mem_ref(up->table);
	list_append(&up->leaving, &kept->le, kept);
	trunk_reg_leave(kept->reg);
}

static void on_unwanted(void *arg)
{
	kept_leave(arg);
}

void kept_wanted(struct kept *kept, uint64_t until_ms)
{
	struct proxy *px = kept->shard->upstream->px;
	const uint64_t now = proxy_unix_ms();
	const uint64_t left = until_ms > now ? until_ms - now : 0;

	wheel_start(px->deps.wheel, &kept->unwanted,
		    (uint32_t)min(left + GRACE_MS, (uint64_t)INT32_MAX),
		    on_unwanted, kept);
}

void kept_flush(struct shard *shard)
{
	list_flush(&shard->regs);
}
