/*
 * rest_calls.c  GET /v1/calls: what is asked for
 *
 *   ?state=live      (the default) those that are being set up or are up
 *   ?state=recent    those that have ended, the latest first
 *   ?state=all       the ones, then the others
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/admin/rest_calls.h"

/* The user part of a URI, as it stands there. */
static bool is_number(const char *uri, const char *number)
{
	const char *colon = strchr(uri, ':');
	size_t len = strlen(number);

	return colon && !strncmp(colon + 1, number, len) &&
	       (!colon[1 + len] || strchr("@;>", colon[1 + len]));
}

/* NULL: any; one of two. */
static bool either(const char *wanted, const char *const have[2])
{
	return !wanted || !strcmp(wanted, have[0]) || !strcmp(wanted, have[1]);
}

bool rest_calls_fit(const struct rest_calls_filter *filter,
		    const struct rest_calls_facts *facts)
{
	const char *number = filter->number;

	return rest_call_is_of(filter->tenant, facts->tenant, facts->there) &&
	       either(filter->user, facts->user) &&
	       either(filter->connection, facts->conn) &&
	       (!number || is_number(facts->uri[0], number) ||
		is_number(facts->uri[1], number)) &&
	       (!filter->callid || !strcmp(filter->callid, facts->callid));
}

bool rest_calls_sounds(const struct rest_calls_filter *filter,
		       const struct rest_quality *quality)
{
	return !filter->mos_below ||
	       (quality->mos && quality->mos < filter->mos_below);
}

/* "3.6", "4": from 1 to 5, of which two decimals count. */
static bool mos_read(unsigned *mos, const char *text)
{
	const size_t whole = strspn(text, "0123456789");
	const char *p = text + whole;
	unsigned cents = 0, unit = 10;

	if (whole != 1)
		return false;
	if (*p == '.') {
		for (++p; *p >= '0' && *p <= '9'; p++, unit /= 10)
			cents += (unsigned)(*p - '0') * unit;
	}
	*mos = (unsigned)(*text - '0') * 100 + cents;
	return !*p && *mos >= 100 && *mos <= 500;
}

/* False: resp is a 400. */
static bool ask_read(struct rest_calls_ask *ask, const struct admin_req *req,
		     struct admin_resp *resp)
{
	const char *mos = admin_req_query(req, "mos_below");

	*ask = (struct rest_calls_ask){
		.filter = {.tenant = rest_tenant_asked(req),
			   .user = admin_req_query(req, "user"),
			   .connection = admin_req_query(req, "connection"),
			   .number = admin_req_query(req, "number"),
			   .callid = admin_req_query(req, "call_id"),
			   .reason = admin_req_query(req, "reason")},
		.cursor = admin_req_query(req, "cursor")};
	if (!rest_limit(&ask->limit, req, resp) ||
	    !rest_list_span(&ask->filter.span, req, resp))
		return false;
	if (!mos || mos_read(&ask->filter.mos_below, mos))
		return true;
	admin_resp_field(resp, 400, "mos_below", "A number from 1 to 5.");
	return false;
}

/* The first letter of a cursor says where it goes on. */
static void all(struct rest_calls_ask *ask, struct admin *admin,
		struct admin_resp *resp)
{
	const char *cursor = ask->cursor;
	const char where = cursor ? *cursor : REST_CALLS_LIVE;

	ask->all = true;
	ask->cursor = cursor && *cursor && cursor[1] ? cursor + 1 : NULL;
	if (where == REST_CALLS_ENDED)
		rest_calls_recent(ask, admin, resp);
	else if (where == REST_CALLS_LIVE)
		rest_calls_live(ask, admin, resp);
	else
		rest_list_no_cursor(resp);
}

void rest_calls(const struct admin_req *req, struct admin_resp *resp,
		void *arg)
{
	const char *state = admin_req_query(req, "state");
	struct rest_calls_ask ask;

	if (!ask_read(&ask, req, resp))
		return;
	if (ask.filter.tenant && !rest_tenant(arg, ask.filter.tenant))
		admin_resp_problem(resp, 404, "There is no such tenant.");
	else if (!state || !strcmp(state, "live"))
		rest_calls_live(&ask, arg, resp);
	else if (!strcmp(state, "recent"))
		rest_calls_recent(&ask, arg, resp);
	else if (!strcmp(state, "all"))
		all(&ask, arg, resp);
	else
		admin_resp_field(resp, 400, "state", "live, recent or all.");
}
