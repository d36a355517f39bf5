/*
 * admin_route.h  Finds the route of a request in the admin's HTTP server
 *
 * Pure. Paths are compared segment by segment before they are decoded, so an
 * encoded slash is a character of its segment.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_ROUTE_H
#define COMMON_ADMIN_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

struct admin_req;
struct admin_resp;

/* Fills in the response. May block for a few questions to Redis: the admin
 * process serves one request at a time (admin_later.h). */
typedef void(admin_handle_h)(const struct admin_req *req,
			     struct admin_resp *resp, void *arg);

/*
 * What a route needs. 0: a token, of scope `write` unless it is a GET, and not
 * one of a single tenant.
 */
enum {
	ADMIN_OPEN = 1 << 0,    /* no token */
	ADMIN_ASKS = 1 << 1,    /* scope `read`, though it is no GET */
	ADMIN_TENANT = 1 << 2,  /* of a tenant, too: the handler shows and
				   touches what admin_req_may_see() alone;
				   another one's `{tenant}` or `?tenant=` does
				   not come to it */
	ADMIN_METRICS = 1 << 3, /* as the configuration has it */
	ADMIN_FREE = 1 << 4,    /* as often as one likes */
	ADMIN_OTHER = 1 << 5,   /* it answers something else than JSON */
	ADMIN_YAML = 1 << 6,    /* its body is YAML, not JSON */
	ADMIN_WAITS = 1 << 7,   /* it may answer later (admin_later.h) */
};

/* A row of a const table. */
struct admin_route {
	const char *method; /* "GET" (serves HEAD as well), "POST", ... */
	const char *path;   /* "/v1/tenants/{tenant}/users/{user}" */
	admin_handle_h *handle;
	unsigned flags;
	/* The names that its query may have, with a space between. A name
	 * mistyped is a filter left out. NULL: nobody looks. */
	const char *query;
};

enum {
	ADMIN_PARAMS_MAX = 16,
	ADMIN_PATH_MAX = 1024,
	ADMIN_QUERY_MAX = 1024,
};

/* Names and decoded values of `{name}` segments or of a query; 0-terminated,
 * within buf. */
struct admin_params {
	size_t n;
	size_t used;
	const char *name[ADMIN_PARAMS_MAX];
	const char *value[ADMIN_PARAMS_MAX];
	char buf[ADMIN_PATH_MAX + ADMIN_QUERY_MAX];
};

enum admin_found {
	ADMIN_FOUND,
	ADMIN_NO_PATH,     /* 404 */
	ADMIN_NO_METHOD,   /* 405; *routep is a route of that path */
	ADMIN_BAD_REQUEST, /* 400: encoding, or too long */
};

/* The first row that fits. path: of len bytes, as received, without query. */
enum admin_found admin_route_find(const struct admin_route **routep,
				  struct admin_params *params,
				  const struct admin_route *routes, size_t n,
				  const char *method, const char *path,
				  size_t len);

/* "GET, HEAD, POST": what the path of this route can be asked, for Allow. */
void admin_route_allow(char *out, size_t size, const struct admin_route *routes,
		       size_t n, const struct admin_route *route);

/* Reads `a=b&c=%20d&e+f`: EBADMSG for bad encoding, E2BIG for more than
 * ADMIN_PARAMS_MAX, EMSGSIZE for too long. '+' is a space. */
int admin_query_read(struct admin_params *params, const char *query,
		     size_t len);

/* The first name that is none of these (see struct admin_route); NULL: all
 * are. */
const char *admin_params_other(const struct admin_params *params,
			       const char *names);

/* NULL when there is none; the first of several. */
const char *admin_params_get(const struct admin_params *params,
			     const char *name);

#endif
