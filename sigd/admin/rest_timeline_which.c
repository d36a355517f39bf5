/*
 * rest_timeline_which.c  Which call is meant by a Call-ID of SIP
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/admin/rest_calls.h"
#include "sigd/admin/rest_timeline.h"

enum { CALLS_MAX = 8 }; /* with one Call-ID */

/* The calls that were said to be of a trace, the last ones. */
struct calls {
	char list[CALLS_MAX][ID_LEN + 1];
	size_t n;
};

static void calls_of_trace(struct calls *calls, const struct redis_val *val)
{
	const char *p = val->type == REDIS_STR ? val->str : "";

	calls->n = 0;
	while ((p = strstr(p, "call:"))) {
		p += 5;
		if (strlen(p) < ID_LEN || !id_valid(p, ID_LEN))
			continue;
		if (calls->n == CALLS_MAX)
			memmove(calls->list[0], calls->list[1],
				--calls->n * sizeof(calls->list[0]));
		str_ncpy(calls->list[calls->n++], p, ID_LEN + 1);
	}
}

/* False: resp is an error. */
static bool may_see(bool *may, struct admin *admin, struct admin_resp *resp,
		    const char *call, const char *only)
{
	struct timeline_end *end = NULL;
	struct call_record rec;
	bool there;

	*may = !only;
	if (*may)
		return true;
	if (!rest_call_load(&rec, &there, admin, resp, call))
		return false;
	if (there) {
		*may = rest_call_is_of(only, rec.tenant, rec.there);
		return true;
	}
	end = mem_zalloc(sizeof(*end), NULL);
	*may = end && timeline_end(end, admin, call) &&
	       rest_call_is_of(only, end->tenant, end->there);
	mem_deref(end);
	return true;
}

bool timeline_by_callid(char call[ID_LEN + 1], struct admin *admin,
			struct admin_resp *resp, const char *callid,
			const char *only)
{
	char id[REST_TRACE_ID_LEN + 1], key[REST_KEY_MAX];
	const struct redis_val *labels;
	struct calls calls;
	struct pl pl;
	bool may;

	pl_set_str(&pl, callid);
	rest_trace_id(id, &pl);
	if (!rest_trace_key(key, id, "of") ||
	    !rest_ask(&labels, admin, resp, "HGET", key, "labels", NULL))
		return false;
	calls_of_trace(&calls, labels);
	while (calls.n--) {
		if (!may_see(&may, admin, resp, calls.list[calls.n], only))
			return false;
		if (!may)
			continue;
		str_ncpy(call, calls.list[calls.n], ID_LEN + 1);
		return true;
	}
	admin_resp_problem(resp, 404, "There is no such call.");
	return false;
}
