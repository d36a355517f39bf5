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
#include "sigd/cordctl/cordctl_shown.h"

/* As cordctl_text(), for people. */
static const char *shown(char buf[CORDCTL_CELL_MAX],
			 const struct jsonr_val *val, const char *path)
{
	char text[CORDCTL_CELL_MAX];

	re_snprintf(buf, CORDCTL_CELL_MAX, "%H", cordctl_shown,
		    cordctl_text(text, val, path));
	return buf;
}

/* One line: "name: value"; nothing when there is none. */
static void line(const char *name, const struct jsonr_val *val,
		 const char *path)
{
	char text[CORDCTL_CELL_MAX];

	if (*shown(text, val, path))
		printf("%-12s %s\n", name, text);
}

static void side(const char *name, const struct jsonr_val *call,
		 const char *key)
{
	static const char *const parts[] = {"user", "uri", "connection",
					    "service", "flow"};
	const struct jsonr_val *val = jsonr_get(call, key);
	char text[CORDCTL_CELL_MAX];

	printf("%-12s", name);
	for (size_t i = 0; i < COUNTOF(parts); i++) {
		if (*shown(text, val, parts[i]))
			printf(" %s=%s", parts[i], text);
	}
	putchar('\n');
}

static void record(const struct jsonr_val *call)
{
	line("call", call, "id");
	line("tenant", call, "tenant");
	line("Call-ID", call, "call_id");
	line("state", call, "state");
	line("started", call, "started");
	line("answered", call, "answered");
	line("ended", call, "ended");
	line("reason", call, "reason");
	if (jsonr_get(call, "caller"))
		side("caller", call, "caller");
	if (jsonr_get(call, "callee"))
		side("callee", call, "callee");
	line("media", call, "media_worker");
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

/* --- the ladder --------------------------------------------------------------------- */

static void verdict(const struct jsonr_val *timeline)
{
	const struct jsonr_val *val = jsonr_get(timeline, "verdict");
	const char *sentence = jsonr_str(jsonr_get(val, "sentence"));
	const char *advice = jsonr_str(jsonr_get(val, "advice"));
	char code[CORDCTL_CELL_MAX];

	if (!val)
		return;
	(void)re_printf("\nverdict      %s: %H\n", shown(code, val, "code"),
			cordctl_shown, sentence);
	if (advice)
		(void)re_printf("             %H\n", cordctl_shown, advice);
}

/* A message comes from the far side, or goes there; all else stands between. */
static void item(const struct jsonr_val *val)
{
	char time[CORDCTL_CELL_MAX], what[CORDCTL_CELL_MAX],
		who[CORDCTL_CELL_MAX], over[CORDCTL_CELL_MAX];
	const char *direction = jsonr_str(jsonr_get(val, "direction"));
	const char *begin = time;

	if (strlen(shown(time, val, "time")) >= 23)
		begin = time + 11;
	time[strcspn(time, "Z")] = '\0';
	(void)shown(who, val, "worker");
	if (direction) {
		(void)shown(what, val, "line");
		(void)shown(over, val, "remote");
		printf("%-12s  %s %-22s %s\n", begin,
		       strcmp(direction, "in") ? "-->" : "<--", over, what);
	} else {
		(void)shown(what, val, "kind");
		(void)shown(over, val, "leg");
		printf("%-12s   |  %s%s%s  [%s]\n", begin, what,
		       *over ? " leg " : "", over, who);
	}
}

static void ladder(const struct jsonr_val *timeline)
{
	const struct jsonr_val *items = jsonr_get(timeline, "items");

	putchar('\n');
	for (size_t i = 0; i < jsonr_count(items); i++)
		item(jsonr_at(items, i));
}

/* --- the commands ---------------------------------------------------------------------- */

static const char *call_of(const struct cordctl_remote *remote)
{
	if (remote->nwords == 1)
		return remote->word[0];
	fputs("cordctl: one call ID is needed\n", stderr);
	return NULL;
}

int cordctl_remote_call(const struct cordctl_remote *remote)
{
	const char *id = call_of(remote);
	struct cordctl_answer call, timeline;
	char path[CORDCTL_URL_MAX];
	int code;

	if (!id)
		return CORDCTL_USAGE;
	re_snprintf(path, sizeof(path), "/v1/calls/%H%s", cordctl_escape, id,
		    remote->json ? "/timeline" : "");
	call = cordctl_ask(remote, "GET", path, NULL);
	code = call.code;
	if (code == CORDCTL_OK && remote->json)
		cordctl_raw(&call);
	if (code != CORDCTL_OK || remote->json) {
		cordctl_answer_close(&call);
		return code;
	}
	record(jsonr_root(call.doc));
	re_snprintf(path, sizeof(path), "/v1/calls/%H/timeline",
		    cordctl_escape, id);
	timeline = cordctl_ask(remote, "GET", path, NULL);
	if (timeline.code == CORDCTL_OK)
		verdict(jsonr_root(timeline.doc));
	legs(jsonr_root(call.doc));
	if (timeline.code == CORDCTL_OK)
		ladder(jsonr_root(timeline.doc));
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

/* All of a tenant, or of one of its users or connections. */
static int hangup_many(const struct cordctl_remote *remote)
{
	static const char *const heads[] = {"ENDING", "WITHIN MS", "MORE"};
	static const struct cordctl_form form = {NULL, heads, COUNTOF(heads),
						 ended_cells};
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
		code = cordctl_do(remote, "POST", "/v1/calls/hangup",
				  (const char *)body->buf, &form);
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
	re_snprintf(path, sizeof(path), "/v1/calls/%H", cordctl_escape, id);
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
	re_snprintf(path, sizeof(path), "/v1/calls/%H/recording/%s",
		    cordctl_escape, id, what);
	answer = cordctl_ask(remote, "POST", path, NULL);
	code = answer.code;
	if (code == CORDCTL_OK && remote->json)
		cordctl_raw(&answer);
	else if (code == CORDCTL_OK)
		printf("%s recording %s\n", id,
		       shown(is, jsonr_root(answer.doc), "recording"));
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
