/*
 * line_news.c  Word to who keeps the registrations at PBXs
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/redis_link.h"
#include "routing/route.h"
#include "routing/route_line.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/register/line_news.h"
#include "sigd/registrar/registrar.h"

enum { KEY_MAX = 32 };

/* 1 lines, 2 news; 1 line, 2 until. Who is to read the news may be away: they
 * are but so many, and the set says the same. */
static const struct redis_script script = {
	"line-news",
	"if ARGV[2] == '0' then redis.call('ZREM', KEYS[1], ARGV[1])\n"
	"else redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])\n"
	"redis.call('EXPIRE', KEYS[1], 604800) end\n"
	"redis.call('RPUSH', KEYS[2], ARGV[1] .. ' ' .. ARGV[2])\n"
	"redis.call('LTRIM', KEYS[2], -20000, -1)\n"
	"redis.call('EXPIRE', KEYS[2], 60)\n"
	"return 1\n"};

static void on_done(int err, const struct redis_val *val, void *arg)
{
	(void)err;
	(void)val;
	(void)arg;
}

void line_news_devices(struct proxy *px, const struct route_user *user,
		       const struct registrar_list *list)
{
	char name[TRUNK_NAME_MAX + 1], lines[KEY_MAX], news[KEY_MAX], text[24];
	struct redis_arg keys[2], args[2];
	uint64_t until = 0;
	unsigned shard;

	if (!user || !user->line || user->line->when != ROUTE_LINE_DEVICES)
		return;
	for (size_t i = 0; i < list->n; i++)
		until = max(until, list->bindings[i].ends_ms);
	shard = upstream_shard(user->line->as);
	trunk_reg_name(name, user->line->as);
	re_snprintf(lines, sizeof(lines), "cb:{u:%u}:lines", shard);
	re_snprintf(news, sizeof(news), "cb:{u:%u}:news", shard);
	re_snprintf(text, sizeof(text), "%llu", until);
	keys[0] = redis_str(lines);
	keys[1] = redis_str(news);
	args[0] = redis_str(name);
	args[1] = redis_str(text);
	(void)redis_link_eval(px->deps.redis, &script, keys, 2, args, 2,
			      on_done, NULL);
}
