/*
 * cordctl_events.c  Lists of what happened at a running Cordboard: alarms, calls
 *                   that were refused, traces; and its tenants
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
#include "common/jsonr.h"
#include "sigd/cordctl/cordctl_api.h"

static void span(char path[CORDCTL_URL_MAX], const struct cordctl_remote *remote)
{
	cordctl_query(path, "tenant", remote->tenant);
	cordctl_query(path, "since", remote->filter.since);
	cordctl_query(path, "until", remote->filter.until);
}

/* --- alarms --------------------------------------------------------------------- */

static void alarm_cells(char cells[][CORDCTL_CELL_MAX],
			const struct jsonr_val *alarm)
{
	(void)cordctl_time(cells[0], alarm, "time");
	(void)cordctl_text(cells[1], alarm, "kind");
	(void)cordctl_text(cells[2], alarm, "tenant");
	(void)cordctl_text(cells[3], alarm, "name");
	(void)cordctl_text(cells[4], alarm, "source");
	(void)cordctl_text(cells[5], alarm, "worker");
	(void)cordctl_text(cells[6], alarm, "why");
}

int cordctl_remote_alarms(const struct cordctl_remote *remote)
{
	static const char *const heads[] = {"TIME",   "KIND",	"TENANT", "NAME",
					    "SOURCE", "WORKER", "WHY"};
	static const struct cordctl_form form = {
		"alarms", heads, COUNTOF(heads), alarm_cells};
	char path[CORDCTL_URL_MAX] = "/v1/alarms";

	span(path, remote);
	cordctl_query(path, "kind", remote->filter.kind);
	cordctl_query(path, "name", remote->filter.name);
	cordctl_query(path, "source", remote->filter.source);
	cordctl_query(path, "worker", remote->filter.worker);
	return cordctl_pages(remote, path, &form);
}

/* --- calls that a table answered itself ---------------------------------------------- */

static void refused_cells(char cells[][CORDCTL_CELL_MAX],
			  const struct jsonr_val *call)
{
	(void)cordctl_time(cells[0], call, "time");
	(void)cordctl_text(cells[1], call, "code");
	(void)cordctl_text(cells[2], call, "caller");
	(void)cordctl_text(cells[3], call, "callee");
	(void)cordctl_text(cells[4], call, "from");
	(void)cordctl_text(cells[5], call, "worker");
	(void)cordctl_text(cells[6], call, "callid");
}

int cordctl_remote_refused(const struct cordctl_remote *remote)
{
	static const char *const heads[] = {"TIME",   "CODE", "CALLER",
					    "CALLEE", "BY",   "WORKER",
					    "CALL-ID"};
	static const struct cordctl_form form = {
		"refused", heads, COUNTOF(heads), refused_cells};
	char path[CORDCTL_URL_MAX] = "/v1/refused";

	span(path, remote);
	cordctl_query(path, "caller", remote->filter.caller);
	cordctl_query(path, "callee", remote->filter.callee);
	cordctl_query(path, "connection", remote->connection);
	cordctl_query(path, "code", remote->filter.code);
	cordctl_query(path, "call_id", remote->filter.call_id);
	return cordctl_pages(remote, path, &form);
}

/* --- traces --------------------------------------------------------------------------- */

/* "acme/alice, acme/pbx" */
static void parties(char cell[CORDCTL_CELL_MAX], const struct jsonr_val *trace)
{
	const struct jsonr_val *all = jsonr_get(trace, "parties");
	char tenant[CORDCTL_CELL_MAX], name[CORDCTL_CELL_MAX];
	size_t used = 0;

	*cell = '\0';
	for (size_t i = 0; i < jsonr_count(all); i++) {
		const struct jsonr_val *party = jsonr_at(all, i);
		int n;

		if (!*cordctl_text(name, party, "user"))
			(void)cordctl_text(name, party, "connection");
		n = re_snprintf(cell + used, CORDCTL_CELL_MAX - used,
				"%s%s/%s", used ? ", " : "",
				cordctl_text(tenant, party, "tenant"), name);
		if (n < 0) {
			cell[used] = '\0';
			return;
		}
		used += (size_t)n;
	}
}

static void trace_cells(char cells[][CORDCTL_CELL_MAX],
			const struct jsonr_val *trace)
{
	(void)cordctl_text(cells[0], trace, "id");
	(void)cordctl_time(cells[1], trace, "first");
	(void)cordctl_time(cells[2], trace, "last");
	(void)cordctl_text(cells[3], trace, "messages_kept");
	(void)cordctl_text(cells[4], trace, "call");
	parties(cells[5], trace);
	(void)cordctl_text(cells[6], trace, "call_id");
}

int cordctl_remote_traces(const struct cordctl_remote *remote)
{
	static const char *const heads[] = {"TRACE",	"BEGAN", "LAST",
					    "MESSAGES", "CALL",	 "OF",
					    "CALL-ID"};
	static const struct cordctl_form form = {
		"traces", heads, COUNTOF(heads), trace_cells};
	char path[CORDCTL_URL_MAX] = "/v1/traces";

	span(path, remote);
	cordctl_query(path, "user", remote->user);
	cordctl_query(path, "device", remote->device);
	cordctl_query(path, "connection", remote->connection);
	cordctl_query(path, "call", remote->call);
	cordctl_query(path, "call_id", remote->filter.call_id);
	return cordctl_pages(remote, path, &form);
}

/* --- tenants --------------------------------------------------------------------------- */

/* "0" is no limit. */
static void limit(char cell[CORDCTL_CELL_MAX], const struct jsonr_val *tenant,
		  const char *path)
{
	if (!strcmp(cordctl_text(cell, tenant, path), "0"))
		*cell = '\0';
}

static void tenant_cells(char cells[][CORDCTL_CELL_MAX],
			 const struct jsonr_val *tenant)
{
	(void)cordctl_text(cells[0], tenant, "tenant");
	(void)cordctl_text(cells[1], tenant, "users");
	(void)cordctl_text(cells[2], tenant, "connections");
	(void)cordctl_text(cells[3], tenant, "routes");
	(void)cordctl_text(cells[4], tenant, "used.calls");
	limit(cells[5], tenant, "limits.calls");
	(void)cordctl_text(cells[6], tenant, "used.calls_per_second");
	limit(cells[7], tenant, "limits.calls_per_second");
}

int cordctl_remote_tenants(const struct cordctl_remote *remote)
{
	static const char *const heads[] = {"TENANT", "USERS", "CONNECTIONS",
					    "ROUTES", "CALLS", "OF",
					    "PER SECOND", "OF"};
	static const struct cordctl_form form = {
		"tenants", heads, COUNTOF(heads), tenant_cells};

	return cordctl_pages(remote, "/v1/tenants", &form);
}
