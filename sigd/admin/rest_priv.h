/*
 * rest_priv.h  What the files of /v1 share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_PRIV_H
#define SIGD_ADMIN_REST_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/admin.h"
#include "common/fingerprint.h"
#include "common/jsonw.h"
#include "common/redis_link.h"

struct call_record;
struct jsonr;
struct route_tenant;

enum {
	REST_LIMIT = 100, /* entries of one answer, unless asked for */
	REST_LIMIT_MAX = 500,
	REST_KEY_MAX = 256,
};

admin_handle_h rest_openapi, rest_tenants, rest_one_tenant;
admin_handle_h rest_nodes, rest_node, rest_drain, rest_undrain;
admin_handle_h rest_node_reload, rest_levels, rest_levels_put;
admin_handle_h rest_hangup, rest_hangup_many, rest_unregister, rest_disconnect;
admin_handle_h rest_token;
admin_handle_h rest_registrations, rest_calls, rest_call;
admin_handle_h rest_recording_pause, rest_recording_resume;
admin_handle_h rest_routes_explain, rest_routes_validate, rest_routes_reload;
admin_handle_h rest_refused, rest_traces, rest_trace, rest_trace_pcap;
admin_handle_h rest_log, rest_latency, rest_trace_follow;
admin_handle_h rest_connections, rest_connection, rest_alarms, rest_register,
	rest_force, rest_timeline;

/* Which table a worker has (rest_routes_reload.c). False: resp is a 503. */
struct rest_version {
	char version[FINGERPRINT_LEN + 1]; /* "": none is known */
	uint64_t at_ms;                    /* when it was loaded */
};
bool rest_version(struct rest_version *is, struct admin *admin,
		  struct admin_resp *resp, const char *addr);

/* Whose things are asked for: `tenant` of the query, else the token's own;
 * NULL: of all. */
const char *rest_tenant_asked(const struct admin_req *req);
/* A call that has not ended; rec is untouched when it is not there. False: resp
 * is a 503. */
bool rest_call_load(struct call_record *rec, bool *there, struct admin *admin,
		    struct admin_resp *resp, const char *call);
/* NULL: none of this name. */
const struct route_tenant *rest_tenant(struct admin *admin, const char *id);

/*
 * One command, its words given one by one; NULL ends them. False: Redis did
 * not answer, or refused; resp is a 503 then. *valp is valid until the next.
 */
bool rest_ask(const struct redis_val **valp, struct admin *admin,
	      struct admin_resp *resp, ...) __attribute__((sentinel));
/* The same of words with a length. */
bool rest_asked(const struct redis_val **valp, struct admin *admin,
		struct admin_resp *resp, const struct redis_arg *argv,
		size_t argc);
/* Several at once (redis_sync_pipe()). A refusal of one is one of all. */
bool rest_piped(struct admin *admin, struct admin_resp *resp,
		const struct redis_pipe *pipe, redis_each_h *eachh, void *arg);
/* `limit` of the query; false: not a number from 1 to REST_LIMIT_MAX, and
 * resp is a 400 then. */
bool rest_limit(size_t *limit, const struct admin_req *req,
		struct admin_resp *resp);
/* The body, as JSON; the caller owns *docp. members: those it may have, the
 * last of them NULL; NULL: any. False: it is no JSON, and resp is a 400 that
 * says where, or it has others, and resp is a 422 that names the first. */
bool rest_body(struct jsonr **docp, const char *const *members,
	       const struct admin_req *req, struct admin_resp *resp);
/* The text of a flat hash's field, "" when absent. */
const char *rest_text(const struct redis_val *flat, const char *field);
/* Undoes redis_key_part(); what does not fit is cut. */
void rest_unescape(char *out, size_t size, const struct pl *value);
/* Writes the body to its end; a failure is a 500. */
void rest_done(struct jsonw *json, struct admin_resp *resp);
/* A member with a time: RFC 3339 in UTC with milliseconds; null for 0. */
void rest_time(struct jsonw *json, const char *key, uint64_t unix_ms);
uint64_t rest_now_ms(void);

/* The member "media" of a call, from the hash that mediad wrote; null when
 * there is none. */
void rest_media(struct jsonw *json, const struct redis_val *flat);

#endif
