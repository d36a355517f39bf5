/*
 * rest.c  The routes of /v1, and what they share
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "common/countof.h"
#include "sigd/admin/page.h"
#include "sigd/admin/rest.h"
#include "sigd/admin/rest_priv.h"

enum { WORDS_MAX = 12 };

const struct admin_route rest_routes[] = {
	{"GET", "/openapi.json", rest_openapi, ADMIN_OPEN, NULL},
	{"GET", "/v1/nodes", rest_nodes, 0, "daemon state cursor limit"},
	{"GET", "/v1/nodes/{node}", rest_node, 0, ""},
	{"POST", "/v1/nodes/{node}/drain", rest_drain, ADMIN_WAITS,
	 "daemon move keep"},
	{"POST", "/v1/nodes/{node}/undrain", rest_undrain, ADMIN_WAITS,
	 "daemon"},
	{"POST", "/v1/nodes/{node}/reload", rest_node_reload, 0, "daemon"},
	{"GET", "/v1/log-levels", rest_levels, 0, ""},
	{"PUT", "/v1/log-levels", rest_levels_put, ADMIN_WAITS, ""},
	{"GET", "/v1/registrations", rest_registrations, ADMIN_TENANT,
	 "tenant user search device address agent cursor limit"},
	{"GET", "/v1/registrations/{tenant}/{user}/log", rest_log, ADMIN_TENANT,
	 "device limit"},
	{"GET", "/v1/registrations/{tenant}/{user}/latency", rest_latency,
	 ADMIN_TENANT, "device"},
	{"GET", "/v1/connections", rest_connections, ADMIN_TENANT,
	 "tenant kind state search cursor limit"},
	{"GET", "/v1/connections/{tenant}/{name}", rest_connection,
	 ADMIN_TENANT, ""},
	{"PATCH", "/v1/connections/{tenant}/{name}", rest_force, ADMIN_TENANT,
	 ""},
	{"POST", "/v1/connections/{tenant}/{name}/register", rest_register,
	 ADMIN_TENANT, ""},
	{"GET", "/v1/connections/{tenant}/{name}/log", rest_log, ADMIN_TENANT,
	 "device limit"},
	{"GET", "/v1/connections/{tenant}/{name}/latency", rest_latency,
	 ADMIN_TENANT, "device"},
	{"POST", "/v1/routes/explain", rest_routes_explain,
	 ADMIN_TENANT | ADMIN_ASKS, ""},
	{"POST", "/v1/routes/validate", rest_routes_validate,
	 ADMIN_ASKS | ADMIN_YAML, ""},
	{"POST", "/v1/routes/reload", rest_routes_reload, ADMIN_WAITS, ""},
	{"GET", "/v1/tenants", rest_tenants, ADMIN_TENANT, "cursor limit"},
	{"GET", "/v1/tenants/{tenant}", rest_one_tenant, ADMIN_TENANT, ""},
	{"GET", "/v1/alarms", rest_alarms, ADMIN_TENANT,
	 "tenant kind name source worker since until cursor limit"},
	{"GET", "/v1/refused", rest_refused, ADMIN_TENANT,
	 "tenant caller callee connection code call_id since until cursor "
	 "limit"},
	{"GET", "/v1/traces", rest_traces, ADMIN_TENANT,
	 "call call_id tenant user device connection since until cursor limit"},
	{"GET", "/v1/traces/messages", rest_trace_follow, ADMIN_TENANT,
	 "call tenant user device connection after limit"},
	{"GET", "/v1/traces/{id}", rest_trace, ADMIN_TENANT, ""},
	{"GET", "/v1/traces/{id}/pcap", rest_trace_pcap,
	 ADMIN_TENANT | ADMIN_OTHER, ""},
	{"GET", "/v1/token", rest_token, ADMIN_TENANT, ""},
	{"GET", "/dashboard", page_redirect, ADMIN_OPEN | ADMIN_OTHER, NULL},
	{"GET", "/dashboard/", page_handle, ADMIN_OPEN | ADMIN_OTHER, NULL},
	{"GET", "/dashboard/{file}", page_handle, ADMIN_OPEN | ADMIN_OTHER,
	 NULL},
	{"GET", "/v1/calls", rest_calls, ADMIN_TENANT,
	 "state tenant user connection number call_id reason mos_below since "
	 "until cursor limit"},
	{"GET", "/v1/calls/{id}", rest_call, ADMIN_TENANT, ""},
	{"GET", "/v1/calls/{id}/timeline", rest_timeline, ADMIN_TENANT, ""},
	{"DELETE", "/v1/calls/{id}", rest_hangup, ADMIN_TENANT | ADMIN_WAITS,
	 ""},
	{"POST", "/v1/calls/hangup", rest_hangup_many,
	 ADMIN_TENANT | ADMIN_WAITS, ""},
	{"DELETE", "/v1/registrations/{tenant}/{user}", rest_unregister,
	 ADMIN_TENANT | ADMIN_WAITS, "disconnect"},
	{"DELETE", "/v1/registrations/{tenant}/{user}/{device}",
	 rest_unregister, ADMIN_TENANT | ADMIN_WAITS, "disconnect"},
	{"POST", "/v1/registrations/{tenant}/{user}/{device}/disconnect",
	 rest_disconnect, ADMIN_TENANT | ADMIN_WAITS, ""},
	{"POST", "/v1/calls/{id}/recording/pause", rest_recording_pause,
	 ADMIN_TENANT | ADMIN_WAITS, ""},
	{"POST", "/v1/calls/{id}/recording/resume", rest_recording_resume,
	 ADMIN_TENANT | ADMIN_WAITS, ""},
};
const size_t rest_nroutes = COUNTOF(rest_routes);

bool rest_ask(const struct redis_val **valp, struct admin *admin,
	      struct admin_resp *resp, ...)
{
	struct redis_arg argv[WORDS_MAX];
	const char *word;
	size_t argc = 0;
	va_list ap;

	va_start(ap, resp);
	while (argc < WORDS_MAX && (word = va_arg(ap, const char *)))
		argv[argc++] = redis_str(word);
	va_end(ap);
	return rest_asked(valp, admin, resp, argv, argc);
}

static bool unasked(struct admin_resp *resp)
{
	admin_resp_problem(resp, 503, "Redis cannot be asked now.");
	admin_resp_header(resp, "Retry-After", "1");
	return false;
}

bool rest_asked(const struct redis_val **valp, struct admin *admin,
		struct admin_resp *resp, const struct redis_arg *argv,
		size_t argc)
{
	int err = redis_sync_send(admin_redis(admin), argv, argc, valp);

	return (!err && (*valp)->type != REDIS_ERR) || unasked(resp);
}

struct piped {
	redis_each_h *eachh;
	void *arg;
	bool refused;
};

static void on_each(size_t nr, const struct redis_val *val, void *arg)
{
	struct piped *piped = arg;

	if (val->type == REDIS_ERR)
		piped->refused = true;
	else
		piped->eachh(nr, val, piped->arg);
}

bool rest_piped(struct admin *admin, struct admin_resp *resp,
		const struct redis_pipe *pipe, redis_each_h *eachh, void *arg)
{
	struct piped piped = {eachh, arg, false};
	int err = redis_sync_pipe(admin_redis(admin), pipe, on_each, &piped);

	return (!err && !piped.refused) || unasked(resp);
}

bool rest_limit(size_t *limit, const struct admin_req *req,
		struct admin_resp *resp)
{
	const char *text = admin_req_query(req, "limit");
	struct pl pl;

	*limit = REST_LIMIT;
	if (!text)
		return true;

	pl_set_str(&pl, text);
	*limit = pl_u32(&pl);
	if (*limit >= 1 && *limit <= REST_LIMIT_MAX && pl.l <= 3 &&
	    strspn(text, "0123456789") == pl.l)
		return true;

	admin_resp_field(resp, 400, "limit", "A number from 1 to 500.");
	return false;
}

const char *rest_tenant_asked(const struct admin_req *req)
{
	const char *tenant = admin_req_query(req, "tenant");

	return tenant ? tenant : admin_req_tenant(req);
}

const char *rest_text(const struct redis_val *flat, const char *field)
{
	const struct redis_val *val = redis_field(flat, field);

	return val && val->type == REDIS_STR ? val->str : "";
}

void rest_done(struct jsonw *json, struct admin_resp *resp)
{
	if (jsonw_done(json))
		admin_resp_problem(resp, 500, "The answer was not written.");
}

/* The last digits of a number; where the next ones go. */
static char *digits(char *out, unsigned value, unsigned n, char behind)
{
	for (unsigned i = n; i-- > 0; value /= 10)
		out[i] = (char)('0' + value % 10);
	out[n] = behind;
	return out + n + 1;
}

/* Years are counted from a March, 400 of them in a round of 146,097 days: what
 * a leap year has more is then the last day of its year, and months are 153 days
 * in five. 1970 began 719,468 days behind the March of year 0. */
static char *date_put(char *at, uint64_t unix_days)
{
	const uint64_t days = unix_days + 719468;
	const unsigned day = (unsigned)(days % 146097);
	const unsigned year =
		(day - day / 1460 + day / 36524 - day / 146096) / 365;
	const unsigned of_year = day - (365 * year + year / 4 - year / 100);
	const unsigned month = (5 * of_year + 2) / 153; /* from March, 0 */

	at = digits(at, (unsigned)(days / 146097 * 400) + year + (month > 9), 4,
		    '-');
	at = digits(at, month > 9 ? month - 9 : month + 3, 2, '-');
	return digits(at, of_year - (153 * month + 2) / 5 + 1, 2, 'T');
}

/* RFC 3339; years have four digits there. By hand, as each event and each row
 * of a list has several. */
void rest_time(struct jsonw *json, const char *key, uint64_t unix_ms)
{
	const uint64_t s = unix_ms / 1000;
	char text[32], *at = text;

	if (!unix_ms) {
		jsonw_null(json, key);
		return;
	}
	at = date_put(at, s / 86400);
	at = digits(at, (unsigned)(s / 3600 % 24), 2, ':');
	at = digits(at, (unsigned)(s / 60 % 60), 2, ':');
	at = digits(at, (unsigned)(s % 60), 2, '.');
	at = digits(at, (unsigned)(unix_ms % 1000), 3, 'Z');
	jsonw_strn(json, key, text, (size_t)(at - text));
}

uint64_t rest_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

void rest_unescape(char *out, size_t size, const struct pl *value)
{
	size_t n = 0;

	for (size_t i = 0; i < value->l && n < size - 1; i++) {
		const char *p = value->p + i;

		if (*p == '%' && i + 2 < value->l && hex(p[1]) >= 0 &&
		    hex(p[2]) >= 0) {
			out[n++] = (char)(hex(p[1]) << 4 | hex(p[2]));
			i += 2;
		} else {
			out[n++] = *p;
		}
	}
	out[n] = '\0';
}
