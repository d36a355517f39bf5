/*
 * proxy_look.h  What the workers of proxy_bed.h left in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_PROXY_LOOK_H
#define TESTS_LIB_PROXY_LOOK_H

#include "tests/lib/proxy_bed.h"

struct look {
	char text[TEXT_MAX];
	int64_t num;
	bool done;
};

static inline void flatten(struct look *look, const struct redis_val *val)
{
	size_t len = strlen(look->text);

	if (val->type == REDIS_ARRAY) {
		for (size_t i = 0; i < val->len; i++)
			flatten(look, &val->el[i]);
	} else if (val->str) {
		snprintf(look->text + len, sizeof(look->text) - len, "%s\n",
			 val->str);
	}
}

static inline void on_looked(int err, const struct redis_val *val, void *arg)
{
	struct look *look = arg;

	look->done = true;
	if (CHECK(!err)) {
		look->num = val->num;
		flatten(look, val);
	}
}

static inline bool has_looked(void *arg)
{
	return ((struct look *)arg)->done;
}

/* Through worker 1: in these tests the other one dies. */
static inline const char *ask_redis(struct fixture *fix, struct look *look,
			     const char *script)
{
	const struct redis_arg argv[] = {redis_str("EVAL"), redis_str(script),
					 redis_str("0")};

	memset(look, 0, sizeof(*look));
	CHECK(!redis_link_send(fix->nodes[1].redis, argv, COUNTOF(argv),
			       on_looked, look));
	CHECK(redis_test_until(fix->wheel, 5000, has_looked, look));
	return look->text;
}

/* Of all calls. */
static inline const char *records(struct fixture *fix, struct look *look)
{
	return ask_redis(fix, look,
			 "local out = {} "
			 "for _, k in ipairs(redis.call('KEYS', "
			 "  'cb:{c:?}:rec:*')) do "
			 "  local h = redis.call('HGETALL', k) "
			 "  for i = 1, #h, 2 do "
			 "    out[#out + 1] = h[i] .. '=' .. h[i + 1] end "
			 "end return out");
}

static inline const char *cdrs(struct fixture *fix, struct look *look)
{
	return ask_redis(fix, look,
			 "local out = {} "
			 "for _, k in ipairs(redis.call('KEYS', "
			 "  'cb:{c:?}:cdr')) do "
			 "  for _, e in ipairs(redis.call('XRANGE', k, '-', '+')) "
			 "  do local h = e[2] for i = 1, #h, 2 do "
			 "    out[#out + 1] = h[i] .. '=' .. h[i + 1] end end "
			 "end return out");
}

static inline int64_t number_of(struct fixture *fix, const char *pattern)
{
	char script[256];
	struct look look;

	snprintf(script, sizeof(script),
		 "return #redis.call('KEYS', '%s')", pattern);
	(void)ask_redis(fix, &look, script);
	return look.num;
}

static inline bool has_cdr(struct fixture *fix, const char *reason)
{
	struct look look;

	for (unsigned i = 0; i < 200; i++) {
		if (strstr(cdrs(fix, &look), reason))
			return true;
		pass(fix, 20);
	}
	return false;
}

static inline bool start_life(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 100, .takeover = 500,
					.grace = 400};

	return start_cfg(fix, &cfg);
}

/* A connection that is not there any more, as it stands in Redis. */
static inline void conn_hex(char hex[2 * FLOW_PACK_MAX + 1], uint8_t slot,
			    uint32_t epoch)
{
	const struct flow_id id = {.node = "s1", .slot = slot,
				   .kind = FLOW_WSS, .epoch = epoch,
				   .num = 9};
	uint8_t packed[FLOW_PACK_MAX];
	size_t len = 0;

	CHECK(!flow_id_pack(&id, packed, &len));
	re_snprintf(hex, 2 * FLOW_PACK_MAX + 1, "%w", packed, len);
}

static inline void gone_hex(char hex[2 * FLOW_PACK_MAX + 1])
{
	conn_hex(hex, 2, 101);
}

/* The callee's device of the one call is over this connection. */
static inline void callee_over(struct fixture *fix, uint8_t slot,
			       uint32_t epoch)
{
	char hex[2 * FLOW_PACK_MAX + 1], script[512];
	struct look look;

	conn_hex(hex, slot, epoch);
	snprintf(script, sizeof(script),
		 "local k = redis.call('KEYS', 'cb:{c:?}:rec:*')[1] "
		 "return redis.call('HSET', k, 'b.flow', '%s')", hex);
	(void)ask_redis(fix, &look, script);
}

static inline void check_nothing_left(struct fixture *fix)
{
	CHECK(redis_test_until(fix->wheel, 5000, is_idle, fix));
	for (unsigned i = 0; i < 200 && number_of(fix, "cb:{due}:[c-v]*"); i++)
		pass(fix, 20);
	CHECK_INT(number_of(fix, "cb:{due}:[c-v]*"), 0);
	CHECK_INT(number_of(fix, "cb:{c:?}:rec:*"), 0);
	CHECK_INT(number_of(fix, "cb:{a:*}:calls"), 0);
}

#endif
