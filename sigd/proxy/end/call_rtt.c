/*
 * call_rtt.c  Round trips of a call's media, into the logs of its sides
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/pairs.h"
#include "common/redis_link.h"
#include "sigd/journal/journal.h"
#include "sigd/proxy/end/call_rtt.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/register/flow_users.h"

enum { KEY_MAX = 64, TENANT_MAX = COOKIE_TENANT_MAX + 1 };

/* One question under way; frees itself. */
struct asked {
	struct le le;
	struct proxy *px;
	uint8_t leg[CALL_SIDES];
	uint32_t device[CALL_SIDES];
	char tenant[CALL_SIDES][TENANT_MAX];
	char name[CALL_SIDES][CALL_TEXT_MAX];
	bool conn[CALL_SIDES];
};

static void destructor(void *data)
{
	struct asked *asked = data;

	list_unlink(&asked->le);
	redis_link_forget(asked->px->deps.redis, asked);
}

static void side_told(const struct asked *asked, unsigned side,
		      const struct redis_val *flat)
{
	struct journal_of of = {.whose = asked->conn[side] ? JOURNAL_CONNECTION
							   : JOURNAL_USER};
	const struct redis_val *val;
	struct rtt_fold fold = {.begun = false};
	struct rtt_row row;
	char leg[16];
	struct pl text;
	uint64_t us;

	re_snprintf(leg, sizeof(leg), "leg.%u", asked->leg[side]);
	val = redis_field(flat, leg);
	if (!asked->name[side][0] || !val || val->type != REDIS_STR)
		return;
	text = (struct pl){val->str, val->len};
	if (pairs_num(&us, &text, "rtt-us", UINT32_MAX) || !us ||
	    !rtt_fold_add(&fold, &row, proxy_unix_ms(), (uint32_t)us))
		return;
	row.kind = RTT_RTCP;
	row.device = asked->device[side];
	pl_set_str(&of.tenant, asked->tenant[side]);
	pl_set_str(&of.name, asked->name[side]);
	journal_rtt(asked->px->journal, &of, &row);
}

static void on_media(int err, const struct redis_val *val, void *arg)
{
	struct asked *asked = arg;

	for (unsigned i = 0; !err && val->type == REDIS_ARRAY && i < CALL_SIDES;
	     i++)
		side_told(asked, i, val);
	mem_deref(asked);
}

static void side_note(struct asked *asked, const struct call_record *rec,
		      unsigned nr)
{
	const struct call_side *side = &rec->side[nr];
	struct flow_id flow;

	asked->leg[nr] = nr == CALL_CALLER ? 1 : rec->leg;
	asked->conn[nr] = side->conn[0] != '\0';
	str_ncpy(asked->tenant[nr], call_tenant(rec, nr), TENANT_MAX);
	str_ncpy(asked->name[nr], asked->conn[nr] ? side->conn : side->user,
		 CALL_TEXT_MAX);
	if (!side->flow_len)
		asked->name[nr][0] = '\0'; /* a service of ours */
	else if (!flow_id_unpack(&flow, side->flow, side->flow_len))
		asked->device[nr] = flow_users_device_of(
			asked->px, &flow, asked->tenant[nr], asked->name[nr]);
}

void call_rtt_note(struct proxy *px, const struct call_record *rec)
{
	struct asked *asked = mem_zalloc(sizeof(*asked), destructor);
	char key[KEY_MAX];

	if (!asked)
		return;
	asked->px = px;
	list_append(&px->rtt_asks, &asked->le, asked);
	for (unsigned i = 0; i < CALL_SIDES; i++)
		side_note(asked, rec, i);
	re_snprintf(key, sizeof(key), "cb:{c:%c}:media:%s", rec->call[0],
		    rec->call);

	const struct redis_arg ask[] = {redis_str("HGETALL"), redis_str(key)};

	if (redis_link_send(px->deps.redis, ask, 2, on_media, asked))
		mem_deref(asked);
}
