/*
 * rest_trace_gather.c  What is said, read from all the traces that are followed
 *
 * The batches of a trace are in order of time but for what workers keep back,
 * which is a few seconds when Redis was away. So the place from which to read
 * is found by halving, and nobody who follows has all that was said before
 * unpacked.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/admin/rest_trace_follow.h"
#include "sigd/trace/trace_pack.h"

enum {
	LATE_US = 10000000, /* a batch may come so late */
	CHUNK = 4,	    /* batches that are asked for at once */
};

struct gather {
	struct trace_said *said;
	size_t *left;
	struct admin *admin;
	struct admin_resp *resp;
	uint64_t after_us;
	const char *id; /* of the trace that is read */
	struct trace_owners owners; /* what may be read of it */
	char key[REST_KEY_MAX];
};

/* Some times of a batch; it was read, and what fits was taken. */
struct seen {
	uint64_t first_us, last_us; /* 0: it has none */
};

/* Whether there is anything left to do it with; *seen: of the batch. What is no
 * batch is passed over: another version may have written it. */
static bool batch_read(struct gather *g, struct seen *seen,
		       const struct redis_val *val, bool take)
{
	struct trace_msg msg;
	struct mbuf *mb;

	memset(seen, 0, sizeof(*seen));
	if (val->type != REDIS_STR ||
	    trace_unpack(&mb, (const uint8_t *)val->str, val->len))
		return true;
	*g->left -= min(*g->left, mb->end);
	while (!trace_msg_read(&msg, mb)) {
		if (!seen->last_us || msg.us < seen->first_us)
			seen->first_us = msg.us;
		seen->last_us = max(seen->last_us, msg.us);
		if (take && trace_owners_may_read(&g->owners, &msg.text))
			(void)trace_said_take(g->said, &msg, g->id);
	}
	mem_deref(mb);
	return *g->left > 0;
}

/* --- one trace ------------------------------------------------------------------ */

static bool length(struct gather *g, uint64_t *len)
{
	const struct redis_val *val;

	*len = 0;
	if (!rest_ask(&val, g->admin, g->resp, "LLEN", g->key, NULL))
		return false;
	(void)redis_num(val, len);
	return true;
}

/* The first batch that may have something new; all before it is older. */
static bool begin(struct gather *g, uint64_t *at, uint64_t len)
{
	uint64_t low = 0, high = len;
	const struct redis_val *val;
	struct seen seen;
	char nr[24];

	while (low < high && *g->left && g->after_us > LATE_US) {
		const uint64_t mid = low + (high - low) / 2;

		re_snprintf(nr, sizeof(nr), "%llu", mid);
		if (!rest_ask(&val, g->admin, g->resp, "LINDEX", g->key, nr,
			      NULL))
			return false;
		(void)batch_read(g, &seen, val, false);
		if (seen.last_us + LATE_US < g->after_us)
			low = mid + 1;
		else
			high = mid;
	}
	*at = low;
	return true;
}

/* False: Redis did not answer. *over: the rest is of no use, or too much. */
static bool chunk_read(struct gather *g, uint64_t at, bool *over)
{
	const struct redis_val *list;
	char from[24], to[24];
	struct seen seen;

	re_snprintf(from, sizeof(from), "%llu", at);
	re_snprintf(to, sizeof(to), "%llu", at + CHUNK - 1);
	if (!rest_ask(&list, g->admin, g->resp, "LRANGE", g->key, from, to,
		      NULL))
		return false;
	for (size_t i = 0; list->type == REDIS_ARRAY && i < list->len && !*over;
	     i++) {
		if (!batch_read(g, &seen, &list->el[i], true)) {
			trace_said_miss(g->said);
			*over = true;
		}
		if (seen.first_us > trace_said_until(g->said) + LATE_US)
			*over = true;
	}
	return true;
}

static bool trace_read(struct gather *g, const char *id)
{
	uint64_t at, len;
	bool over = false, ok;

	g->id = id;
	if (!rest_trace_key(g->key, id, "sip"))
		return true;
	ok = length(g, &len) && begin(g, &at, len);
	for (; ok && at < len && !over; at += CHUNK)
		ok = chunk_read(g, at, &over);
	return ok;
}

/* --- all of them ------------------------------------------------------------------ */

/* Whether the token opens it, and what of it. False: resp is an error. */
static bool is_mine(bool *mine, struct gather *g, const struct admin_req *req,
		    const char *id)
{
	const struct redis_val *of;
	char key[REST_KEY_MAX];

	*mine = true;
	memset(&g->owners, 0, sizeof(g->owners));
	if (!admin_req_tenant(req) || !rest_trace_key(key, id, "of"))
		return true;
	if (!rest_ask(&of, g->admin, g->resp, "HGETALL", key, NULL))
		return false;
	rest_trace_owners(&g->owners, of, admin_req_tenant(req));
	*mine = rest_trace_may_see(req, of);
	return true;
}

/* The latest traces first: the others have said nothing since. */
static bool each(struct gather *g, const struct rest_knowns *knowns,
		 const struct admin_req *req)
{
	size_t n = 0;
	bool mine;

	for (size_t i = 0; i < knowns->n; i++) {
		const struct rest_known *known = &knowns->list[i];

		if (known->last_ms * 1000 + LATE_US < g->after_us)
			break;
		if (!is_mine(&mine, g, req, known->id))
			return false;
		if (!mine)
			continue;
		if (n++ == FOLLOW_TRACES || !*g->left) {
			trace_said_miss(g->said);
			break;
		}
		if (!trace_read(g, known->id))
			return false;
	}
	return true;
}

bool rest_trace_gather(struct trace_said *said, size_t *left,
		       const struct admin_req *req, struct admin_resp *resp,
		       struct admin *admin, const char *label,
		       uint64_t after_us)
{
	struct rest_knowns *knowns = mem_zalloc(sizeof(*knowns), NULL);
	struct gather g = {.said = said,
			   .left = left,
			   .admin = admin,
			   .resp = resp,
			   .after_us = after_us};
	bool ok;

	if (!knowns) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return false;
	}
	ok = rest_trace_by_label(knowns, admin, resp, label) &&
	     each(&g, knowns, req);
	mem_deref(knowns);
	return ok;
}
