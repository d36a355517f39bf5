/*
 * rest_trace_follow.c  GET /v1/traces/messages: what is said, as it is said
 *
 *   ?call=ID, ?tenant=T&user=U ..   as of /v1/traces
 *   &after=CURSOR                   from there on; absent: from now on
 *
 * Workers write what was said in batches, and each has its own clock: what is
 * younger than a second is left for the next question, so that nothing comes
 * late and in front of what was told.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "sigd/admin/rest_trace.h"

enum {
	SETTLE_US = 1000000,
	TOLDS_MAX = 64, /* traces at once: of more the last ones */
	CURSOR_MAX = 19,
};

struct said {
	const struct trace_msg *msg;
	const char *id;
};

struct follow {
	uint64_t after_us, until_us;
	struct rest_knowns knowns;
	struct rest_told *told[TOLDS_MAX];
	size_t ntold;
	struct said said[REST_MESSAGES_MAX];
	size_t n;
};

static void destructor(void *data)
{
	struct follow *follow = data;

	for (size_t i = 0; i < follow->ntold; i++)
		mem_deref(follow->told[i]);
}

static int by_time(const void *pa, const void *pb)
{
	const struct said *a = pa, *b = pb;

	return a->msg->us < b->msg->us ? -1 : a->msg->us > b->msg->us;
}

static bool cursor_read(struct follow *follow, const struct admin_req *req)
{
	const char *text = admin_req_query(req, "after");
	struct pl pl;

	follow->until_us = rest_now_ms() * 1000 - SETTLE_US;
	follow->after_us = follow->until_us;
	if (!text)
		return true;
	pl_set_str(&pl, text);
	follow->after_us = pl_u64(&pl);
	return pl.l && pl.l <= CURSOR_MAX &&
	       strspn(text, "0123456789") == pl.l;
}

static void take(struct follow *follow, const struct rest_told *told,
		 const char *id)
{
	for (size_t i = 0; i < told->n && follow->n < REST_MESSAGES_MAX; i++) {
		const struct trace_msg *msg = told->msgs[i];

		if (msg->us > follow->after_us && msg->us <= follow->until_us)
			follow->said[follow->n++] = (struct said){msg, id};
	}
}

/* Whether the token opens it. False: resp is an error. */
static bool is_mine(bool *mine, const struct admin_req *req,
		    struct admin *admin, struct admin_resp *resp,
		    const char *id)
{
	const struct redis_val *of;
	char key[REST_KEY_MAX];

	*mine = true;
	if (!admin_req_tenant(req) || !rest_trace_key(key, id, "of"))
		return true;
	if (!rest_ask(&of, admin, resp, "HGETALL", key, NULL))
		return false;
	*mine = rest_trace_may_see(req, of);
	return true;
}

/* The latest traces first: the others have said nothing since. */
static bool gather(struct follow *follow, const struct admin_req *req,
		   struct admin *admin, struct admin_resp *resp)
{
	for (size_t i = 0;
	     i < follow->knowns.n && follow->ntold < TOLDS_MAX; i++) {
		const struct rest_known *known = &follow->knowns.list[i];
		struct rest_told *told;
		bool mine;

		if (known->last_ms * 1000 + 2 * SETTLE_US < follow->after_us)
			break;
		if (!is_mine(&mine, req, admin, resp, known->id))
			return false;
		if (!mine)
			continue;
		told = rest_told_read(admin, resp, known->id);
		if (!told)
			return false;
		follow->told[follow->ntold++] = told;
		take(follow, told, known->id);
	}
	qsort(follow->said, follow->n, sizeof(follow->said[0]), by_time);
	return true;
}

/* As many as were asked for; all of one microsecond. */
static void said_write(const struct follow *follow, size_t limit,
		       struct admin_resp *resp)
{
	uint64_t next_us = max(follow->after_us, follow->until_us);
	struct jsonw json;
	char next[24];

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_array(&json, "messages");
	for (size_t i = 0; i < follow->n; i++) {
		const struct said *said = &follow->said[i];

		if (i >= limit && said->msg->us != follow->said[i - 1].msg->us) {
			next_us = follow->said[i - 1].msg->us;
			break;
		}
		rest_trace_message(&json, said->msg, said->msg->us, said->id);
	}
	jsonw_end(&json);
	re_snprintf(next, sizeof(next), "%llu", next_us);
	jsonw_str(&json, "next", next);
	jsonw_end(&json);
	rest_done(&json, resp);
}

void rest_trace_follow(const struct admin_req *req, struct admin_resp *resp,
		       void *arg)
{
	char label[TRACE_LABEL_MAX + 1];
	struct follow *follow;
	size_t limit;

	if (!rest_limit(&limit, req, resp))
		return;
	if (!rest_trace_label(label, req)) {
		admin_resp_problem(resp, 400,
				   "Say whose: call, or tenant with user "
				   "(and device) or connection.");
		return;
	}
	follow = mem_zalloc(sizeof(*follow), destructor);
	if (!follow)
		admin_resp_problem(resp, 503, "Out of memory.");
	else if (!cursor_read(follow, req))
		admin_resp_problem(resp, 400,
				   "after is the `next` of another answer.");
	else if (rest_trace_by_label(&follow->knowns, arg, resp, label) &&
		 gather(follow, req, arg, resp))
		said_write(follow, limit, resp);
	mem_deref(follow);
}
