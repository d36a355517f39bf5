/*
 * upstream_priv.h  Shards, and the registrations that are kept here
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_UPSTREAM_UPSTREAM_PRIV_H
#define SIGD_UPSTREAM_UPSTREAM_PRIV_H

#include "common/wheel.h"
#include "sigd/proxy/conn/shard.h"
#include "sigd/upstream/trunk_reg.h"
#include "sigd/upstream/upstream.h"

struct lease;
struct redis_val;

enum { UPSTREAM_KEY_MAX = 32 };

struct shard {
	struct upstream *upstream;
	char stem[UPSTREAM_KEY_MAX]; /* "cb:{u:<n>}" */
	char key[UPSTREAM_KEY_MAX];  /* ":reg" behind it */
	struct lease *lease;
	bool held;
	struct list regs; /* struct kept */
	struct probe_set *probes;
	struct wheel_timer news; /* is there any? (news.c) */
};

struct upstream {
	struct proxy *px;
	struct route_table *table; /* of the registrations */
	struct shard shards[UPSTREAM_SHARDS];
	struct hash *kept;   /* struct kept by name, but those that leave */
	struct list leaving; /* struct kept: unregistering */
	struct upstream_counts counts;
};

/* A registration that is ours now: of a connection, or a line. */
struct kept {
	struct le le, he;
	struct shard *shard;
	struct trunk_reg *reg;
	struct route_table *table; /* of one that leaves: it is of the past */
	struct wheel_timer unwanted; /* a line without devices from then on */
	bool registered;           /* counted so */
	bool routed;               /* Redis has a Service-Route of it */
};

/* --- kept.c --- */

struct kept *kept_find(const struct upstream *up, const struct pl *name);
/* known: the value of its field, or NULL. Begins within spread_ms. NULL: no
 * memory; it is tried at the next reload or REGISTER. */
struct kept *kept_add(struct shard *shard, const struct route_connection *conn,
		      const struct redis_val *known, uint32_t spread_ms);
/* Nobody's any more: it ends at the PBX, too, if it is in force there. Frees
 * it, now or then. */
void kept_leave(struct kept *kept);
/* Its devices are registered until then, unix ms. */
void kept_wanted(struct kept *kept, uint64_t until_ms);
/* All of a shard, without a word to the PBXs: another worker goes on. */
void kept_flush(struct shard *shard);

/* --- news.c --- */

/* The shard is ours: read its news from now on, until news_end(). */
void news_begin(struct shard *shard);
void news_end(struct shard *shard);

#endif
