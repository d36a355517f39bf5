/*
 * cordctl_lists.c  Lists of a running Cordboard: calls, registrations,
 *                  connections, logs
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "common/countof.h"
#include "common/jsonr.h"
#include "sigd/cordctl/cordctl_api.h"

/* --- calls --------------------------------------------------------------------- */

/* A user, or number, and by which connection. */
static void party(char cell[CORDCTL_CELL_MAX], const struct jsonr_val *call,
		  const char *side)
{
	char user[CORDCTL_CELL_MAX], conn[CORDCTL_CELL_MAX], path[64];

	re_snprintf(path, sizeof(path), "%s.user", side);
	if (!*cordctl_text(user, call, path)) {
		re_snprintf(path, sizeof(path), "%s.service", side);
		if (!*cordctl_text(user, call, path)) {
			re_snprintf(path, sizeof(path), "%s.uri", side);
			(void)cordctl_text(user, call, path);
		}
	}
	re_snprintf(path, sizeof(path), "%s.connection", side);
	(void)cordctl_text(conn, call, path);
	if (re_snprintf(cell, CORDCTL_CELL_MAX, "%s%s%s", user,
			*conn ? " by " : "", conn) < 0)
		str_ncpy(cell, user, CORDCTL_CELL_MAX);
}

static void call_cells(char cells[][CORDCTL_CELL_MAX],
		       const struct jsonr_val *call)
{
	(void)cordctl_text(cells[0], call, "id");
	(void)cordctl_time(cells[1], call, "started");
	(void)cordctl_text(cells[2], call, "state");
	(void)cordctl_text(cells[3], call, "tenant");
	party(cells[4], call, "caller");
	party(cells[5], call, "callee");
	(void)cordctl_text(cells[6], call, "media_worker");
}

/* "1.5 s" */
static void lasted(char cell[CORDCTL_CELL_MAX], const struct jsonr_val *call)
{
	double ms;

	*cell = '\0';
	if (jsonr_num(jsonr_get(call, "duration_ms"), &ms))
		snprintf(cell, CORDCTL_CELL_MAX, "%.1f s", ms / 1000);
}

/* One that has ended, or may have. */
static void ended_cells(char cells[][CORDCTL_CELL_MAX],
			const struct jsonr_val *call)
{
	call_cells(cells, call);
	lasted(cells[6], call);
	(void)cordctl_text(cells[7], call, "reason");
	(void)cordctl_text(cells[8], call, "quality.mos");
	(void)cordctl_text(cells[9], call, "media_worker");
}

static const struct cordctl_form *calls_form(const char *state)
{
	static const char *const heads[] = {"CALL",   "STARTED", "STATE",
					    "TENANT", "CALLER",	 "CALLEE",
					    "LASTED", "REASON",	 "MOS",
					    "MEDIA"};
	static const char *const live_heads[] = {"CALL",   "STARTED", "STATE",
						 "TENANT", "CALLER",  "CALLEE",
						 "MEDIA"};
	static const struct cordctl_form live = {
		"calls", live_heads, COUNTOF(live_heads), call_cells};
	static const struct cordctl_form ended = {
		"calls", heads, COUNTOF(heads), ended_cells};

	return !state || !strcmp(state, "live") ? &live : &ended;
}

int cordctl_remote_calls(const struct cordctl_remote *remote)
{
	char path[CORDCTL_URL_MAX] = "/v1/calls";
	const struct cordctl_filter *filter = &remote->filter;
	const char *state = remote->recent ? "recent" : filter->state;

	if (remote->recent && filter->state) {
		fputs("cordctl: --recent is --state recent: one of them\n",
		      stderr);
		return CORDCTL_USAGE;
	}
	cordctl_query(path, "state", state);
	cordctl_query(path, "since", filter->since);
	cordctl_query(path, "until", filter->until);
	cordctl_query(path, "mos_below", filter->mos_below);
	cordctl_query(path, "number", filter->number);
	cordctl_query(path, "call_id", filter->call_id);
	cordctl_query(path, "reason", filter->reason);
	cordctl_query(path, "tenant", remote->tenant);
	cordctl_query(path, "user", remote->user);
	cordctl_query(path, "connection", remote->connection);
	return cordctl_pages(remote, path, calls_form(state));
}

/* --- registrations ----------------------------------------------------------------- */

static void registration_cells(char cells[][CORDCTL_CELL_MAX],
			       const struct jsonr_val *reg)
{
	(void)cordctl_text(cells[0], reg, "user");
	(void)cordctl_text(cells[1], reg, "contact");
	(void)cordctl_time(cells[2], reg, "expires");
	(void)cordctl_text(cells[3], reg, "flow");
	(void)cordctl_text(cells[4], reg, "agent");
}

/* Cells are cut, and two names may begin alike. */
static void registration_id(char id[CORDCTL_ID_MAX],
			    const struct jsonr_val *reg)
{
	const char *user = jsonr_str(jsonr_get(reg, "user"));
	const char *device = jsonr_str(jsonr_get(reg, "device"));

	(void)re_snprintf(id, CORDCTL_ID_MAX, "%s %s", user ? user : "",
			  device ? device : "");
}

static int needs_tenant(void)
{
	fputs("cordctl: --tenant is missing\n", stderr);
	return CORDCTL_USAGE;
}

int cordctl_remote_registrations(const struct cordctl_remote *remote)
{
	static const char *const heads[] = {"USER", "CONTACT", "EXPIRES",
					    "FLOW", "AGENT"};
	static const struct cordctl_form form = {"registrations", heads,
					      COUNTOF(heads),
					      registration_cells};
	char path[CORDCTL_URL_MAX] = "/v1/registrations";

	if (!remote->tenant)
		return needs_tenant();
	cordctl_query(path, "tenant", remote->tenant);
	cordctl_query(path, "user", remote->user);
	cordctl_query(path, "device", remote->device);
	cordctl_query(path, "search", remote->filter.search);
	cordctl_query(path, "address", remote->filter.address);
	cordctl_query(path, "agent", remote->filter.agent);
	return cordctl_pages_once(remote, path, &form, registration_id);
}

/* --- connections -------------------------------------------------------------------- */

static void connection_cells(char cells[][CORDCTL_CELL_MAX],
			     const struct jsonr_val *conn)
{
	(void)cordctl_text(cells[0], conn, "name");
	(void)cordctl_text(cells[1], conn, "kind");
	(void)cordctl_text(cells[2], conn, "state.state");
	(void)cordctl_text(cells[3], conn, "registration.state");
	(void)cordctl_text(cells[4], conn, "calls");
	(void)cordctl_text(cells[5], conn, "health.answer_ms");
	(void)cordctl_text(cells[6], conn, "address");
	(void)cordctl_text(cells[7], conn, "state.reason");
}

static const char *const connection_heads[] = {"CONNECTION", "KIND",	 "STATE",
					       "REGISTERED", "CALLS",	 "MS",
					       "ADDRESS",    "WHY"};
const struct cordctl_form cordctl_connection = {
	NULL, connection_heads, COUNTOF(connection_heads), connection_cells};

int cordctl_remote_connections(const struct cordctl_remote *remote)
{
	static const struct cordctl_form form = {
		"connections", connection_heads, COUNTOF(connection_heads),
		connection_cells};
	char path[CORDCTL_URL_MAX] = "/v1/connections";

	cordctl_query(path, "tenant", remote->tenant);
	cordctl_query(path, "kind", remote->filter.kind);
	cordctl_query(path, "state", remote->filter.state);
	cordctl_query(path, "search", remote->filter.search);
	return cordctl_pages(remote, path, &form);
}

/* --- logs ------------------------------------------------------------------------------- */

static void log_cells(char cells[][CORDCTL_CELL_MAX],
		      const struct jsonr_val *entry)
{
	char code[CORDCTL_CELL_MAX], why[CORDCTL_CELL_MAX];

	(void)cordctl_time(cells[0], entry, "time");
	(void)cordctl_text(cells[1], entry, "event");
	(void)cordctl_text(cells[2], entry, "count");
	(void)cordctl_text(code, entry, "code");
	(void)cordctl_text(why, entry, "reason");
	if (re_snprintf(cells[3], CORDCTL_CELL_MAX, "%s%s%s", code,
			*code && *why ? " " : "", why) < 0)
		str_ncpy(cells[3], why, CORDCTL_CELL_MAX);
	(void)cordctl_text(cells[4], entry, "device");
	(void)cordctl_text(cells[5], entry, "transport");
	(void)cordctl_text(cells[6], entry, "address");
	(void)cordctl_text(cells[7], entry, "worker");
	(void)cordctl_text(cells[8], entry, "agent");
}

/* "/v1/registrations/T/U/log", or of a connection. */
static bool whose(char path[CORDCTL_URL_MAX],
		  const struct cordctl_remote *remote, const char *what)
{
	const char *name = remote->user ? remote->user : remote->connection;

	if (!remote->tenant || !remote->user == !remote->connection) {
		fputs("cordctl: --tenant is needed, and --user or "
		      "--connection\n", stderr);
		return false;
	}
	cordctl_path(path, "/v1/%s/%H/%H/%s",
		     remote->user ? "registrations" : "connections",
		    cordctl_escape, remote->tenant, cordctl_escape, name, what);
	cordctl_query(path, "device", remote->device);
	return true;
}

int cordctl_remote_log(const struct cordctl_remote *remote)
{
	static const char *const heads[] = {"TIME",   "EVENT",	   "TIMES",
					    "WHY",    "DEVICE",	   "OVER",
					    "ADDRESS", "WORKER", "AGENT"};
	static const struct cordctl_form form = {"entries", heads, COUNTOF(heads),
					      log_cells};
	char path[CORDCTL_URL_MAX];

	if (!whose(path, remote, "log"))
		return CORDCTL_USAGE;
	return cordctl_pages(remote, path, &form);
}

/* --- round trips -------------------------------------------------------------------------- */

static int series_rows(struct cordctl_table *table,
		       const struct jsonr_val *series)
{
	const struct jsonr_val *minutes = jsonr_get(series, "minutes");
	char cells[7][CORDCTL_CELL_MAX];
	const char *row[7];
	int err = 0;

	for (size_t i = 0; !err && i < jsonr_count(minutes); i++) {
		const struct jsonr_val *minute = jsonr_at(minutes, i);

		row[0] = cordctl_time(cells[0], minute, "time");
		row[1] = cordctl_text(cells[1], series, "kind");
		row[2] = cordctl_text(cells[2], minute, "min_ms");
		row[3] = cordctl_text(cells[3], minute, "avg_ms");
		row[4] = cordctl_text(cells[4], minute, "max_ms");
		row[5] = cordctl_text(cells[5], minute, "count");
		row[6] = cordctl_text(cells[6], series, "device");
		err = cordctl_table_row(table, row);
	}
	return err;
}

int cordctl_remote_latency(const struct cordctl_remote *remote)
{
	static const char *const heads[] = {"MINUTE", "OF",    "MIN", "AVG",
					    "MAX",    "COUNT", "DEVICE"};
	struct cordctl_table *table = NULL;
	struct cordctl_answer answer;
	char path[CORDCTL_URL_MAX];
	const struct jsonr_val *all;
	int code;

	if (!whose(path, remote, "latency"))
		return CORDCTL_USAGE;
	answer = cordctl_ask(remote, "GET", path, NULL);
	code = answer.code;
	if (code == CORDCTL_OK && remote->json) {
		cordctl_raw(&answer);
	} else if (code == CORDCTL_OK) {
		all = cordctl_list(&answer, "series");
		if (cordctl_table_alloc(&table, heads, COUNTOF(heads)))
			code = CORDCTL_SYSTEM;
		for (size_t i = 0; table && i < jsonr_count(all); i++)
			(void)series_rows(table, jsonr_at(all, i));
		if (table)
			cordctl_table_print(table, cordctl_width());
	}
	mem_deref(table);
	cordctl_answer_close(&answer);
	return code;
}
