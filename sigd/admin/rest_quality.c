/*
 * rest_quality.c  How a call sounded, in two numbers: the worst of its legs
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/pairs.h"
#include "sigd/admin/rest_calls.h"

enum {
	LEGS_MAX = 16,
	NUMBER_MAX = 24,
	KEY_MAX = 40,
	WORDS = 2 /* HGETALL, key */
};

/* A count; RTCP's of lost packets may be negative (RFC 3550 6.4.1): 0 then. */
static uint64_t number(const struct pl *pairs, const char *key)
{
	char text[NUMBER_MAX];
	struct pl pl;

	if (pairs_text(text, sizeof(text), pairs, key))
		return 0;
	pl_set_str(&pl, text);
	return text[0] == '-' ? 0 : pl_u64(&pl);
}

static void mos_take(struct rest_quality *quality, uint64_t mos)
{
	if (mos && mos <= 500 && (!quality->mos || mos < quality->mos))
		quality->mos = (unsigned)mos;
}

static void loss_take(struct rest_quality *quality, uint64_t lost,
		      uint64_t packets)
{
	const uint64_t all = lost + packets;
	const uint64_t of = all && lost < UINT64_MAX / 1000 ? lost * 1000 / all
							    : 0;

	quality->loss = max(quality->loss, (unsigned)min(of, 1000ull));
}

void rest_quality_read(struct rest_quality *quality,
		       const struct redis_val *flat)
{
	char name[16];

	*quality = (struct rest_quality){.known = false};
	for (unsigned nr = 1; nr <= LEGS_MAX; nr++) {
		const struct redis_val *val;
		uint64_t sent, lost;
		struct pl leg;

		re_snprintf(name, sizeof(name), "leg.%u", nr);
		val = redis_field(flat, name);
		if (!val || val->type != REDIS_STR)
			continue;
		leg = (struct pl){val->str, val->len};
		quality->known = true;
		mos_take(quality, number(&leg, "in-mos"));
		mos_take(quality, number(&leg, "far-mos"));
		loss_take(quality, number(&leg, "in-lost"),
			  number(&leg, "in-packets"));
		sent = number(&leg, "out-packets");
		lost = min(number(&leg, "far-lost"), sent);
		loss_take(quality, lost, sent - lost);
	}
}

/* Those of the calls that have an id, and so a hash. */
struct asked {
	char key[REDIS_PIPE_MAX][KEY_MAX];
	struct redis_arg argv[REDIS_PIPE_MAX * WORDS];
	struct rest_quality *quality[REDIS_PIPE_MAX];
	size_t n;
};

static void asked_add(struct asked *asked, const struct rest_quality_of *of)
{
	char *key = asked->key[asked->n];
	struct redis_arg *argv = &asked->argv[asked->n * WORDS];

	*of->quality = (struct rest_quality){.known = false};
	if (!id_valid(of->call, strlen(of->call)))
		return;
	re_snprintf(key, KEY_MAX, "cb:{c:%c}:media:%s", of->call[0], of->call);
	argv[0] = redis_str("HGETALL");
	argv[1] = redis_str(key);
	asked->quality[asked->n++] = of->quality;
}

static void on_media(size_t nr, const struct redis_val *flat, void *arg)
{
	struct asked *asked = arg;

	if (flat->type == REDIS_ARRAY)
		rest_quality_read(asked->quality[nr], flat);
}

bool rest_quality_ask(const struct rest_quality_of *of, size_t n,
		      struct admin *admin, struct admin_resp *resp)
{
	struct redis_pipe pipe = {.argc = WORDS};
	struct asked asked;

	asked.n = 0;
	for (size_t i = 0; i < min(n, (size_t)REDIS_PIPE_MAX); i++)
		asked_add(&asked, &of[i]);
	pipe.argv = asked.argv;
	pipe.n = asked.n;
	return rest_piped(admin, resp, &pipe, on_media, &asked);
}

void rest_quality_write(struct jsonw *json, const struct rest_quality *quality)
{
	if (!quality->known) {
		jsonw_null(json, "quality");
		return;
	}
	jsonw_object(json, "quality");
	if (quality->mos)
		jsonw_fixed(json, "mos", quality->mos, 2);
	else
		jsonw_null(json, "mos");
	jsonw_fixed(json, "loss_percent", quality->loss, 1);
	jsonw_end(json);
}
