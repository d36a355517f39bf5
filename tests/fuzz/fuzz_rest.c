/*
 * fuzz_rest.c  A question to /v1, and what Redis says to it: whatever either
 *              holds, the answer is whole JSON, and a 400 names a field
 *
 * The first line is the target of a GET, "/v1/calls?cursor=1-2-3"; the second
 * the only tenant that the token opens, or empty; each other one a value of
 * Redis, in the order in which they are asked for: *n (as many of the next
 * ones), $text, :number, -error, _ (nil). Behind the last one Redis is away.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/admin_http_priv.h"
#include "common/jsonr.h"
#include "routing/route.h"
#include "sigd/admin/rest.h"
#include "tests/lib/fuzz.h"

enum {
	INPUT_MAX = 65536,
	VALUES_MAX = 4096,
	ELEMENTS_MAX = 600,
	DEPTH_MAX = 6,
};

/* --- Redis ------------------------------------------------------------------- */

/* What it is going to say. */
static struct {
	char *at, *end; /* lines, each 0-terminated */
	struct redis_val pool[VALUES_MAX];
	size_t used;
	struct redis_val said;
} redis;

static char *line(void)
{
	char *text = redis.at;

	if (text >= redis.end)
		return NULL;
	redis.at += strlen(text) + 1;
	return text;
}

static void array_read(struct redis_val *val, const char *count,
		       unsigned depth);

/* False: there is none left. */
static bool value_read(struct redis_val *val, unsigned depth)
{
	const char *text = line();

	*val = (struct redis_val){.type = REDIS_NIL};
	if (!text)
		return false;
	switch (*text) {

	case '*':
		array_read(val, text + 1, depth);
		break;

	case ':':
		val->type = REDIS_INT;
		val->num = strtoll(text + 1, NULL, 10);
		break;

	case '$':
	case '-':
		val->type = *text == '$' ? REDIS_STR : REDIS_ERR;
		val->str = text + 1;
		val->len = strlen(val->str);
		break;
	}
	return true;
}

static void array_read(struct redis_val *val, const char *count,
		       unsigned depth)
{
	size_t n = strtoul(count, NULL, 10);
	struct redis_val *el = &redis.pool[redis.used];

	val->type = REDIS_ARRAY;
	if (n > ELEMENTS_MAX || n > VALUES_MAX - redis.used ||
	    depth == DEPTH_MAX)
		return;
	redis.used += n;
	val->el = el;
	while (val->len < n && value_read(&el[val->len], depth + 1))
		++val->len;
}

/* Instead of common/redis_sync.c, as the next ones of common/admin.c. */
int redis_sync_send(struct redis_sync *sync, const struct redis_arg *argv,
		    size_t argc, const struct redis_val **valp)
{
	(void)sync;
	for (size_t i = 0; i < argc; i++) {
		if (!argv[i].data && argv[i].len)
			abort();
	}
	redis.used = 0;
	if (!value_read(&redis.said, 0))
		return ENOTCONN;
	*valp = &redis.said;
	return 0;
}

int redis_sync_pipe(struct redis_sync *sync, const struct redis_pipe *pipe,
		    redis_each_h *eachh, void *arg)
{
	const struct redis_val *val;
	int err = 0;

	if (pipe->n > REDIS_PIPE_MAX)
		abort();
	for (size_t i = 0; i < pipe->n && !err; i++) {
		err = redis_sync_send(sync, &pipe->argv[i * pipe->argc],
				      pipe->argc, &val);
		if (!err)
			eachh(i, val, arg);
	}
	return err;
}

/* --- the admin process --------------------------------------------------------- */

static const char yaml[] =
	"tenants:\n"
	"  t0:\n"
	"    domains: [t0.test]\n"
	"    realm: r\n"
	"    users: {alice: {password: a}}\n"
	"    connections:\n"
	"      pbx: {kind: trunk, address: 192.0.2.1}\n"
	"      line: {kind: register, address: 192.0.2.1, username: u, "
	"password: p}\n"
	"  t1: {domains: [t1.test], realm: r}\n";

static struct rest_root root;

void *admin_arg(const struct admin *admin)
{
	(void)admin;
	return &root;
}

struct redis_sync *admin_redis(const struct admin *admin)
{
	(void)admin;
	return NULL;
}

bool admin_worker(const struct admin *admin, unsigned nr,
		  char addr[NODE_ADDR_MAX + 1])
{
	(void)admin;
	if (nr > 1)
		return false;
	str_ncpy(addr, nr ? "s1/2" : "s1/1", NODE_ADDR_MAX + 1);
	return true;
}

static void root_make(void)
{
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;

	if (cfg_errors_alloc(&errs) ||
	    route_table_parse(&table, "t", yaml, strlen(yaml), errs))
		abort();
	mem_deref(errs);
	root.routes = table;
}

/* --- question and answer ------------------------------------------------------- */

static bool req_make(struct admin_req *req, char *target, const char *tenant)
{
	const size_t len = strcspn(target, "?");
	const char *query = target + len + (target[len] == '?');

	if (admin_route_find(&req->route, &req->params, rest_routes,
			     rest_nroutes, "GET", target, len) != ADMIN_FOUND ||
	    admin_query_read(&req->query, query, strlen(query)))
		return false;
	req->method = "GET";
	req->uri = target;
	str_ncpy(req->by, "fuzz", sizeof(req->by));
	req->of_tenant = tenant && *tenant;
	str_ncpy(req->tenant, tenant, sizeof(req->tenant));
	return !req->of_tenant ||
	       (req->route->flags & ADMIN_TENANT &&
		admin_req_names_its_own(req));
}

/* Our reader takes no text with a 0 byte; one is written for one of Redis. */
static void zeros_away(struct mbuf *mb)
{
	char *p = (char *)mb->buf, *end = p + mb->end;

	while ((p = memmem(p, (size_t)(end - p), "\\u0000", 6)))
		p[5] = '1';
}

static void names_a_field(const struct jsonr_val *doc)
{
	const struct jsonr_val *error = jsonr_at(jsonr_get(doc, "errors"), 0);

	if (!jsonr_str(jsonr_get(error, "field")) ||
	    !jsonr_str(jsonr_get(error, "detail")))
		abort();
}

static void check(const struct admin_resp *resp)
{
	const bool none = resp->status == 304 || resp->status == 308;
	struct jsonr *doc = NULL;

	/* 500: an answer that could not be written */
	if (resp->status < 200 || resp->status == 500 || resp->status > 504)
		abort();
	if (none || !strstr(resp->type, "json"))
		return;
	zeros_away(resp->mb);
	if (jsonr_parse(&doc, (char *)resp->mb->buf, resp->mb->end))
		abort();
	if (resp->status == 400)
		names_a_field(jsonr_root(doc));
	mem_deref(doc);
}

static void ask(char *target, const char *tenant)
{
	static struct admin_req req;
	struct admin_resp resp = {.status = 200, .type = "application/json"};

	memset(&req, 0, sizeof(req));
	if (!req_make(&req, target, tenant))
		return;
	resp.mb = mbuf_alloc(512);
	if (!resp.mb)
		return;
	req.route->handle(&req, &resp, NULL);
	check(&resp);
	mem_deref(resp.mb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *target, *tenant;

	if (!root.routes)
		root_make();
	if (size > INPUT_MAX)
		return 0;
	text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\n';
	for (size_t i = 0; i <= size; i++) {
		if (text[i] == '\n')
			text[i] = '\0';
	}
	redis.at = text;
	redis.end = text + size + 1;
	target = line();
	tenant = line();
	ask(target, tenant);
	free(text);
	return 0;
}
