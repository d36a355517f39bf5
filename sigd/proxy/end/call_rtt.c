/*
 * call_rtt.c  Round trips of a call's media, into the logs of its sides
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/pairs.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "sigd/journal/journal.h"
#include "sigd/proxy/conn/conn_rtt.h"
#include "sigd/proxy/end/call_rtt.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/register/flow_users.h"

enum {
	KEY_MAX = 64,
	FIELD_MAX = 16,
	OVER_MAX = 2, /* looks at what has ended: it may be on its way to
			 another media worker */
};

struct side {
	uint8_t leg;
	bool conn;
	uint32_t device;
	char *tenant, *name; /* name NULL: a service of ours */
};

struct call_rtt {
	struct le le;
	struct proxy *px;
	struct wheel_timer timer;
	struct side side[CALL_SIDES];
	char call[17];
	bool once;
	uint8_t over;
};

static void destructor(void *data)
{
	struct call_rtt *rtt = data;

	list_unlink(&rtt->le);
	rtt->px->rtt_watched -= !rtt->once;
	wheel_stop(&rtt->timer);
	redis_link_forget(rtt->px->deps.redis, rtt);
	for (unsigned i = 0; i < CALL_SIDES; i++) {
		mem_deref(rtt->side[i].tenant);
		mem_deref(rtt->side[i].name);
	}
}

/* --- what there is ------------------------------------------------------------- */

static void side_told(const struct call_rtt *rtt, const struct side *side,
		      const struct redis_val *val)
{
	struct journal_of of = {.whose = JOURNAL_USER};
	struct rtt_fold fold = {.begun = false};
	struct rtt_row row;
	struct pl text;
	uint64_t us;

	if (!side->name || val->type != REDIS_STR)
		return;
	text = (struct pl){val->str, val->len};
	if (pairs_num(&us, &text, "rtt-us", UINT32_MAX) || !us)
		return;
	if (side->conn) {
		conn_rtts_add(rtt->px->conn_rtts, side->tenant, side->name,
			      (uint32_t)us);
		return;
	}
	if (!rtt_fold_add(&fold, &row, proxy_unix_ms(), (uint32_t)us))
		return;
	row.kind = RTT_RTCP;
	row.device = side->device;
	pl_set_str(&of.tenant, side->tenant);
	pl_set_str(&of.name, side->name);
	journal_rtt(rtt->px->journal, &of, &row);
}

static void on_time(void *arg);

static void again(struct call_rtt *rtt)
{
	wheel_start(rtt->px->deps.wheel, &rtt->timer, rtt->px->cfg.rtt_ms,
		    on_time, rtt);
}

/* [state, leg of the caller, of the callee] */
static void on_media(int err, const struct redis_val *val, void *arg)
{
	struct call_rtt *rtt = arg;
	const bool known = !err && val->type == REDIS_ARRAY &&
			   val->len == 1 + CALL_SIDES;

	/* what it said last is told by whoever ends it */
	if (known && !redis_is(&val->el[0], "up"))
		++rtt->over;
	else
		rtt->over = 0;
	for (unsigned i = 0; known && (rtt->once || !rtt->over) &&
			     i < CALL_SIDES; i++)
		side_told(rtt, &rtt->side[i], &val->el[1 + i]);
	if (rtt->once || rtt->over >= OVER_MAX)
		mem_deref(rtt);
	else
		again(rtt);
}

static int look(struct call_rtt *rtt)
{
	char key[KEY_MAX], leg[CALL_SIDES][FIELD_MAX];

	re_snprintf(key, sizeof(key), "cb:{c:%c}:media:%s", rtt->call[0],
		    rtt->call);
	for (unsigned i = 0; i < CALL_SIDES; i++)
		re_snprintf(leg[i], sizeof(leg[i]), "leg.%u",
			    rtt->side[i].leg);

	const struct redis_arg ask[] = {
		redis_str("HMGET"), redis_str(key), redis_str("state"),
		redis_str(leg[CALL_CALLER]), redis_str(leg[CALL_CALLEE])};

	return redis_link_send(rtt->px->deps.redis, ask, 5, on_media, rtt);
}

static void on_time(void *arg)
{
	struct call_rtt *rtt = arg;

	/* with Redis away the next time may do */
	if (look(rtt))
		again(rtt);
}

/* --- whose it is ------------------------------------------------------------------ */

static int side_note(struct call_rtt *rtt, const struct call_record *rec,
		     unsigned nr)
{
	const struct call_side *from = &rec->side[nr];
	struct side *side = &rtt->side[nr];
	struct flow_id flow;
	int err;

	side->leg = nr == CALL_CALLER ? 1 : rec->leg;
	side->conn = from->conn[0] != '\0';
	if (!from->flow_len)
		return 0;
	err = str_dup(&side->tenant, call_tenant(rec, nr));
	err = err ? err
		  : str_dup(&side->name, side->conn ? from->conn : from->user);
	if (!err && !flow_id_unpack(&flow, from->flow, from->flow_len))
		side->device = flow_users_device_of(rtt->px, &flow,
						    side->tenant, side->name);
	return err;
}

static struct call_rtt *call_rtt_new(struct proxy *px, bool once,
				     const struct call_record *rec)
{
	struct call_rtt *rtt = mem_zalloc(sizeof(*rtt), destructor);
	int err = 0;

	if (!rtt)
		return NULL;
	rtt->px = px;
	rtt->once = once;
	px->rtt_watched += !once;
	str_ncpy(rtt->call, rec->call, sizeof(rtt->call));
	list_append(once ? &px->rtt_asks : &px->rtt_calls, &rtt->le, rtt);
	for (unsigned i = 0; i < CALL_SIDES && !err; i++)
		err = side_note(rtt, rec, i);
	return err ? mem_deref(rtt) : rtt;
}

void call_rtt_watch(struct proxy *px, const struct call_record *rec)
{
	struct call_rtt *rtt;

	if (!px->deps.redis || px->rtt_watched >= CALL_RTT_MAX)
		return;
	rtt = call_rtt_new(px, false, rec);
	if (rtt)
		again(rtt);
}

void call_rtt_note(struct proxy *px, const struct call_record *rec)
{
	struct call_rtt *rtt = call_rtt_new(px, true, rec);

	if (rtt && look(rtt))
		mem_deref(rtt);
}
