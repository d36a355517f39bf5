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
#include <string.h>

#include "sigd/admin/rest.h"
#include "sigd/admin/rest_trace_follow.h"

enum {
	SETTLE_US = 1000000,
	CURSOR_MAX = 19,
};

/* False: resp is a 400. */
static bool cursor_read(struct trace_said_cfg *cfg, const struct admin_req *req,
			struct admin_resp *resp)
{
	const char *text = admin_req_query(req, "after");
	struct pl pl;

	cfg->until_us = rest_now_ms() * 1000 - SETTLE_US;
	cfg->after_us = cfg->until_us;
	if (!text)
		return true;
	pl_set_str(&pl, text);
	cfg->after_us = pl_u64(&pl);
	if (pl.l && pl.l <= CURSOR_MAX && strspn(text, "0123456789") == pl.l)
		return true;
	admin_resp_field(resp, 400, "after",
			 "It is the `next` of another answer.");
	return false;
}

/* Whose share there is something left of in this second; NULL: resp is a 429. */
static struct rest_follow_share *share_of(struct rest_follow_work *all,
					  const struct admin_req *req,
					  struct admin_resp *resp)
{
	struct rest_follow_share *share =
		rest_follow_share(all, rest_now_ms() / 1000, admin_req_by(req),
				  admin_req_tenant(req));
	const char *why = rest_follow_wait(all, share);

	if (!why)
		return share;
	admin_resp_problem(resp, 429, why);
	admin_resp_header(resp, "Retry-After", "1");
	return NULL;
}

/* As many as were asked for; all of one microsecond. */
static void said_write(const struct trace_said *said, uint64_t after_us,
		       size_t limit, struct admin_resp *resp)
{
	uint64_t next_us = max(after_us, trace_said_until(said));
	const struct trace_said_one *one, *before = NULL;
	struct jsonw json;
	char next[24];

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_array(&json, "messages");
	for (size_t i = 0; (one = trace_said_at(said, i)); i++) {
		if (i >= limit && one->msg.us != before->msg.us) {
			next_us = before->msg.us;
			break;
		}
		rest_trace_message(&json, &one->msg, one->msg.us, one->trace);
		before = one;
	}
	jsonw_end(&json);
	rest_time(&json, "gap",
		  trace_said_gap(said) ? trace_said_until(said) / 1000 : 0);
	re_snprintf(next, sizeof(next), "%llu", next_us);
	jsonw_str(&json, "next", next);
	jsonw_end(&json);
	rest_done(&json, resp);
}

/* What is answered waits for who asked: so that is bounded, too. */
static void follow(const struct admin_req *req, struct admin_resp *resp,
		   struct admin *admin, const char *label, size_t limit)
{
	struct rest_root *root = admin_arg(admin);
	struct trace_said_cfg cfg = {.messages = FOLLOW_MESSAGES,
				     .bytes = FOLLOW_BYTES};
	struct rest_follow_share *share;
	struct trace_said *said = NULL;
	size_t left = FOLLOW_WORK;

	if (!cursor_read(&cfg, req, resp))
		return;
	share = share_of(&root->follow, req, resp);
	if (!share)
		return;
	if (trace_said_alloc(&said, &cfg)) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	if (rest_trace_gather(said, &left, req, resp, admin, label,
			      cfg.after_us)) {
		trace_said_sort(said);
		said_write(said, cfg.after_us, limit, resp);
	}
	rest_follow_worked(&root->follow, share, FOLLOW_WORK - left);
	mem_deref(said);
}

void rest_trace_follow(const struct admin_req *req, struct admin_resp *resp,
		       void *arg)
{
	char label[TRACE_LABEL_MAX + 1];
	size_t limit;

	if (!rest_limit(&limit, req, resp))
		return;
	if (rest_trace_label(label, req, resp,
			     "Say whose: call, or tenant with user (and "
			     "device) or connection."))
		follow(req, resp, arg, label, limit);
}
