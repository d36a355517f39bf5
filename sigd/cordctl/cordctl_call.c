/*
 * cordctl_call.c  One call of a running Cordboard: its record, what came of it,
 *                 and its ladder; how it is ended, and its recording paused
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "common/countof.h"
#include "common/jsonr.h"
#include "common/jsonw.h"
#include "sigd/cordctl/cordctl_api.h"
#include "sigd/cordctl/cordctl_timeline.h"

static void side(const char *name, const struct jsonr_val *call,
		 const char *key)
{
	static const char *const parts[] = {"user", "uri", "connection",
					    "service", "flow"};
	const struct jsonr_val *val = jsonr_get(call, key);
	char text[CORDCTL_CELL_MAX];

	printf("%-12s", name);
	for (size_t i = 0; i < COUNTOF(parts); i++) {
		if (*cordctl_shown_text(text, val, parts[i]))
			printf(" %s=%s", parts[i], text);
	}
	putchar('\n');
}

/* Of one that has ended the timeline alone knows who it was. */
static void record(const struct jsonr_val *call,
		   const struct jsonr_val *timeline)
{
	const bool there = jsonr_get(call, "tenant") ||
			   jsonr_get(call, "caller");
	const struct jsonr_val *of = there ? call : timeline;

	cordctl_line("call", of, "id");
	cordctl_line("tenant", of, "tenant");
	cordctl_line("Call-ID", of, "call_id");
	cordctl_line("state", of, "state");
	cordctl_line("started", of, there ? "started" : "began");
	cordctl_line("answered", of, "answered");
	cordctl_line("ended", of, "ended");
	if (there) {
		side("caller", call, "caller");
		side("callee", call, "callee");
	} else {
		cordctl_line("caller", of, "caller");
		cordctl_line("callee", of, "callee");
	}
	cordctl_line("media", call, "media_worker");
}

/* --- figures of its legs ---------------------------------------------------------- */

static void legs(const struct jsonr_val *call)
{
	static const char *const heads[] = {"LEG", "PROFILE", "CODEC", "WAY",
					    "IN",  "LOST",    "OUT",   "RTT",
					    "MOS"};
	static const char *const paths[] = {
		"leg",		    "profile",	     "codec.chosen",
		"codec.way",	    "received.packets", "received.lost",
		"sent.packets",	    "rtt_ms",	     "received.mos"};
	const struct jsonr_val *all =
		jsonr_get(jsonr_get(call, "media"), "legs");
	char cells[COUNTOF(paths)][CORDCTL_CELL_MAX];
	const char *row[COUNTOF(paths)];
	struct cordctl_table *table = NULL;

	if (!jsonr_count(all) ||
	    cordctl_table_alloc(&table, heads, COUNTOF(heads)))
		return;
	for (size_t i = 0; i < jsonr_count(all); i++) {
		for (size_t k = 0; k < COUNTOF(paths); k++)
			row[k] = cordctl_text(cells[k], jsonr_at(all, i),
					      paths[k]);
		(void)cordctl_table_row(table, row);
	}
	putchar('\n');
	cordctl_table_print(table, cordctl_width());
	mem_deref(table);
}

/* --- the commands ---------------------------------------------------------------------- */

static const char *call_of(const struct cordctl_remote *remote)
{
	if (remote->nwords == 1)
		return remote->word[0];
	fputs("cordctl: one call ID is needed\n", stderr);
	return NULL;
}

static void call_print(const struct jsonr_val *call,
		       const struct jsonr_val *timeline)
{
	record(call, timeline);
	cordctl_timeline_top(timeline);
	legs(call);
	cordctl_timeline_items(timeline);
}

/* The record has figures that the timeline has not, and is asked by its id
 * alone; what has no timeline has no record either. */
int cordctl_remote_call(const struct cordctl_remote *remote)
{
	const char *id = call_of(remote), *found;
	struct cordctl_answer call = {.body = NULL}, timeline;
	char path[CORDCTL_URL_MAX];
	int code;

	if (!id)
		return CORDCTL_USAGE;
	cordctl_path(path, "/v1/calls/%H/timeline", cordctl_escape, id);
	timeline = cordctl_ask(remote, "GET", path, NULL);
	code = timeline.code;
	if (code == CORDCTL_OK && remote->json)
		cordctl_raw(&timeline);
	if (!remote->json && (code == CORDCTL_OK || timeline.http == 503)) {
		found = jsonr_str(jsonr_get(jsonr_root(timeline.doc), "id"));
		cordctl_path(path, "/v1/calls/%H", cordctl_escape,
			     code == CORDCTL_OK && found ? found : id);
		call = cordctl_ask(remote, "GET", path, NULL);
		if (code == CORDCTL_OK || call.code == CORDCTL_OK)
			call_print(call.code ? NULL : jsonr_root(call.doc),
				   code ? NULL : jsonr_root(timeline.doc));
		code = code ? code : call.code;
	}
	cordctl_answer_close(&timeline);
	cordctl_answer_close(&call);
	return code;
}

static void ended_cells(char cells[][CORDCTL_CELL_MAX],
			const struct jsonr_val *many)
{
	(void)cordctl_text(cells[0], many, "calls");
	(void)cordctl_text(cells[1], many, "within_ms");
	(void)cordctl_text(cells[2], many, "more");
}

/* Asks, and tells. Not all that was asked for is done while there are more. */
static int many_end(const struct cordctl_remote *remote, const char *body)
{
	static const char *const heads[] = {"ENDING", "WITHIN MS", "MORE"};
	static const struct cordctl_form form = {NULL, heads, COUNTOF(heads),
						 ended_cells};
	struct cordctl_answer answer =
		cordctl_ask(remote, "POST", "/v1/calls/hangup", body);
	int code = answer.code;
	bool more;

	if (code == CORDCTL_OK && remote->json)
		cordctl_raw(&answer);
	else if (code == CORDCTL_OK)
		code = cordctl_page_print(&answer, &form);
	if (code == CORDCTL_OK &&
	    jsonr_bool(jsonr_get(jsonr_root(answer.doc), "more"), &more) &&
	    more) {
		fputs("cordctl: there are more calls: ask again\n", stderr);
		code = CORDCTL_WRONG;
	}
	cordctl_answer_close(&answer);
	return code;
}

/* All of a tenant, or of one of its users or connections. */
static int hangup_many(const struct cordctl_remote *remote)
{
	struct mbuf *body = mbuf_alloc(256);
	struct jsonw json;
	int code = CORDCTL_SYSTEM;

	if (!body)
		return code;
	jsonw_init(&json, body);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "tenant", remote->tenant);
	if (remote->user)
		jsonw_str(&json, "user", remote->user);
	if (remote->connection)
		jsonw_str(&json, "connection", remote->connection);
	jsonw_end(&json);
	if (!jsonw_done(&json) && !mbuf_write_u8(body, 0))
		code = many_end(remote, (const char *)body->buf);
	mem_deref(body);
	return code;
}

int cordctl_remote_hangup(const struct cordctl_remote *remote)
{
	const char *id;
	struct cordctl_answer answer;
	char path[CORDCTL_URL_MAX];
	int code;

	if (!remote->nwords && remote->tenant)
		return hangup_many(remote);
	id = call_of(remote);
	if (!id)
		return CORDCTL_USAGE;
	cordctl_path(path, "/v1/calls/%H", cordctl_escape, id);
	answer = cordctl_ask(remote, "DELETE", path, NULL);
	code = answer.code;
	if (code == CORDCTL_OK && remote->json)
		cordctl_raw(&answer);
	else if (code == CORDCTL_OK)
		printf("%s ends\n", id);
	cordctl_answer_close(&answer);
	return code;
}

/* --- its recording ------------------------------------------------------------------- */

static int record_set(const struct cordctl_remote *remote, const char *what)
{
	const char *id = call_of(remote);
	struct cordctl_answer answer;
	char path[CORDCTL_URL_MAX], is[CORDCTL_CELL_MAX];
	int code;

	if (!id)
		return CORDCTL_USAGE;
	cordctl_path(path, "/v1/calls/%H/recording/%s",
		    cordctl_escape, id, what);
	answer = cordctl_ask(remote, "POST", path, NULL);
	code = answer.code;
	if (code == CORDCTL_OK && remote->json)
		cordctl_raw(&answer);
	else if (code == CORDCTL_OK)
		printf("%s recording %s\n", id,
		       cordctl_shown_text(is, jsonr_root(answer.doc), "recording"));
	cordctl_answer_close(&answer);
	return code;
}

int cordctl_remote_pause(const struct cordctl_remote *remote)
{
	return record_set(remote, "pause");
}

int cordctl_remote_resume(const struct cordctl_remote *remote)
{
	return record_set(remote, "resume");
}
