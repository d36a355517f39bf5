/*
 * news.c  What others say about the registrations of a shard (line_news.h)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/redis_link.h"
#include "routing/route.h"
#include "routing/route_line.h"
#include "sigd/upstream/upstream_priv.h"

enum {
	READ_MS = 500,
	AT_ONCE = 256,         /* read in one go */
	SPREAD_MS = 20,        /* for each that is to be registered anew ... */
	SPREAD_MAX_MS = 60000, /* ... not all at once */
};

/* --- a line ---------------------------------------------------------------------------- */

static void line_said(struct shard *shard, const struct pl *name,
		      uint64_t until_ms)
{
	struct upstream *up = shard->upstream;
	const struct route_connection *line = trunk_reg_find(up->table, name);
	struct kept *kept = kept_find(up, name);

	/* a reload may have taken it away, or made it lasting */
	if (!line || !line->user ||
	    line->user->line->when != ROUTE_LINE_DEVICES)
		return;
	if (until_ms <= proxy_unix_ms()) {
		if (kept)
			kept_leave(kept);
		return;
	}
	if (!kept && &up->shards[upstream_shard(line)] == shard)
		kept = kept_add(shard, line, NULL, 0);
	if (kept)
		kept_wanted(kept, until_ms);
}

/* --- all anew ------------------------------------------------------------------------- */

/* "tenant/connection", and its lines. */
static bool is_of(const struct kept *kept, const struct pl *of)
{
	char name[TRUNK_NAME_MAX + 1];

	trunk_reg_name(name, trunk_reg_conn(kept->reg));
	return strlen(name) >= of->l && !memcmp(name, of->p, of->l) &&
	       (!name[of->l] || name[of->l] == '/');
}

static void anew(struct shard *shard, const struct pl *of)
{
	const uint32_t n = list_count(&shard->regs);
	const uint32_t spread = min(n * SPREAD_MS, (uint32_t)SPREAD_MAX_MS);
	unsigned count = 0;
	struct le *le;

	LIST_FOREACH(&shard->regs, le) {
		struct kept *kept = le->data;

		if (!is_of(kept, of))
			continue;
		trunk_reg_renew(kept->reg, spread);
		++count;
	}
	if (count)
		log_info(NULL, "registrations are made anew, as was asked",
			 "shard=%s count=%u within_ms=%u", shard->stem, count,
			 spread);
}

/* --- reading --------------------------------------------------------------------------- */

static void item_read(struct shard *shard, const struct redis_val *val)
{
	struct pl name = {val->str, val->len}, until;
	const char *space;

	if (val->type != REDIS_STR || !val->len)
		return;
	if (*val->str == '!') {
		pl_advance(&name, 1);
		anew(shard, &name);
		return;
	}
	space = pl_strrchr(&name, ' ');
	if (!space)
		return;
	until.p = space + 1;
	until.l = name.l - (size_t)(until.p - name.p);
	name.l	= (size_t)(space - name.p);
	line_said(shard, &name, pl_u64(&until));
}

static void on_due(void *arg);

static void on_read(int err, const struct redis_val *val, void *arg)
{
	struct shard *shard = arg;
	const bool list = !err && val->type == REDIS_ARRAY;

	if (!shard->held)
		return;
	for (size_t i = 0; list && i < val->len; i++)
		item_read(shard, &val->el[i]);
	wheel_start(shard->upstream->px->deps.wheel, &shard->news,
		    list && val->len == AT_ONCE ? 0 : READ_MS, on_due, shard);
}

static void on_due(void *arg)
{
	struct shard *shard = arg;
	char key[UPSTREAM_KEY_MAX], most[16];

	re_snprintf(key, sizeof(key), "%s:news", shard->stem);
	re_snprintf(most, sizeof(most), "%d", AT_ONCE);

	const struct redis_arg ask[] = {redis_str("LPOP"), redis_str(key),
					redis_str(most)};

	if (redis_link_send(shard->upstream->px->deps.redis, ask, 3, on_read,
			    shard))
		on_read(ENOTCONN, NULL, shard);
}

void news_begin(struct shard *shard)
{
	/* not all shards at the same moment */
	wheel_start(shard->upstream->px->deps.wheel, &shard->news,
		    rand_u32() % READ_MS, on_due, shard);
}

void news_end(struct shard *shard)
{
	wheel_stop(&shard->news);
}
