/*
 * rest_timeline.c  GET /v1/calls/{id}/timeline: what happened to a call, and
 *                  what came of it
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/call_log.h"
#include "sigd/admin/rest_timeline.h"

/* --- what came of it ---------------------------------------------------------------- */

static void verdict(struct jsonw *json, const struct timeline *tl)
{
	const struct callv *is = &tl->verdict;
	const struct callv_info *info = callv_info(is->code);

	jsonw_object(json, "verdict");
	jsonw_str(json, "code", info->text);
	jsonw_str(json, "sentence", is->text);
	jsonw_str(json, "meaning", info->meaning);
	jsonw_str(json, "advice", info->advice[0] ? info->advice : NULL);
	if (is->leg)
		jsonw_uint(json, "leg",
			   (uint64_t)(is->leg - tl->facts.out.legs));
	else
		jsonw_null(json, "leg");
	jsonw_end(json);
}

static const char *state(const struct timeline *tl)
{
	const struct callv_facts *facts = &tl->facts.out;

	if (facts->ended)
		return facts->answered ? "ended" : "refused";
	if (tl->there)
		return tl->rec.state == CALL_UP ? "up" : "setup";
	/* its end was not told: its worker, or Redis, was gone */
	return "ended";
}

static void head(struct jsonw *json, const struct timeline *tl)
{
	const struct callv_facts *facts = &tl->facts.out;
	const char *tenant = timeline_tenant(tl);

	jsonw_str(json, "id", tl->call);
	jsonw_str(json, "call_id", tl->callid[0] ? tl->callid : NULL);
	jsonw_str(json, "tenant", tenant[0] ? tenant : NULL);
	jsonw_str(json, "state", state(tl));
	jsonw_str(json, "caller", facts->caller[0] ? facts->caller : NULL);
	jsonw_str(json, "callee", facts->callee[0] ? facts->callee : NULL);
	rest_time(json, "began", tl->facts.first_ms);
	rest_time(json, "answered", tl->facts.up_ms);
	rest_time(json, "ended", tl->facts.end_ms);
	verdict(json, tl);
	jsonw_str(json, "log", tl->nentries ? "kept" : tl->off ? "off" : "gone");
	jsonw_str(json, "decision", tl->why[0] ? tl->why : NULL);
}

/* --- clocks --------------------------------------------------------------------------- */

static void clocks(struct jsonw *json, const struct timeline *tl)
{
	jsonw_array(json, "clocks");
	for (size_t i = 0; i < tl->nclocks; i++) {
		const struct timeline_clock *clock = &tl->clocks[i];

		jsonw_object(json, NULL);
		jsonw_str(json, "worker", clock->by);
		if (clock->known)
			jsonw_int(json, "ahead_ms", -clock->later_ms);
		else
			jsonw_null(json, "ahead_ms");
		jsonw_end(json);
	}
	jsonw_end(json);
}

/* --- items ---------------------------------------------------------------------------- */

static void data(struct jsonw *json, const struct call_log_entry *entry)
{
	struct call_log_pair pair;
	struct pl rest = entry->data;
	int err;

	jsonw_object(json, "data");
	while ((err = call_log_next(&pair, &rest)) != ENOENT)
		if (!err)
			jsonw_str(json, pair.name, pair.value);
	jsonw_end(json);
}

static void entry_write(struct jsonw *json, const struct call_log_entry *entry)
{
	jsonw_str(json, "what", "log");
	jsonw_str(json, "kind", entry->kind);
	jsonw_str(json, "worker", entry->by);
	if (entry->leg)
		jsonw_uint(json, "leg", entry->leg);
	if (entry->session[0])
		jsonw_str(json, "session", entry->session);
	data(json, entry);
}

struct written {
	size_t left_out, texts, texts_left_out;
	uint64_t first_us;
};

static void item_write(struct jsonw *json, const struct timeline_item *item,
		       struct written *written)
{
	const struct trace_msg *msg = item->msg;
	const bool text = msg && written->texts + msg->text.l <= TIMELINE_TEXTS;

	jsonw_object(json, NULL);
	rest_time(json, "time", item->us / 1000);
	jsonw_uint(json, "us", item->us - written->first_us);
	if (msg) {
		jsonw_str(json, "what", "sip");
		rest_told_write(json, msg, text);
		written->texts += text ? msg->text.l : 0;
		written->texts_left_out += !text;
	} else {
		entry_write(json, &item->entry->entry);
	}
	jsonw_end(json);
}

static void items(struct jsonw *json, const struct timeline *tl,
		  struct written *written)
{
	const size_t half = TIMELINE_ITEMS / 2;

	jsonw_array(json, "items");
	for (size_t i = 0; i < tl->nitems; i++) {
		if (tl->nitems > TIMELINE_ITEMS && i >= half &&
		    i < tl->nitems - half) {
			++written->left_out;
			continue;
		}
		item_write(json, &tl->items[i], written);
	}
	jsonw_end(json);
}

/* What is not there, and why. */
static void cuts(struct jsonw *json, const struct timeline *tl,
		 const struct written *written)
{
	jsonw_object(json, "cut");
	jsonw_uint(json, "items", written->left_out);
	jsonw_uint(json, "texts", written->texts_left_out);
	jsonw_uint(json, "messages", tl->messages_cut);
	jsonw_bool(json, "begin", tl->nentries && tl->facts.out.cut);
	jsonw_end(json);
}

void rest_timeline(const struct admin_req *req, struct admin_resp *resp,
		   void *arg)
{
	const char *id = admin_req_param(req, "id");
	const char *only = admin_req_tenant(req);
	struct timeline *tl = id ? timeline_read(arg, resp, id, only) : NULL;
	struct written written = {0};
	struct jsonw json;

	if (!tl)
		return;
	written.first_us = tl->nitems ? tl->items[0].us : 0;
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	head(&json, tl);
	clocks(&json, tl);
	items(&json, tl, &written);
	cuts(&json, tl, &written);
	jsonw_end(&json);
	mem_deref(tl);
	rest_done(&json, resp);
}
