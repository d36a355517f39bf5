/*
 * admin_http.h  The HTTP server of an admin process: libmicrohttpd behind the
 *               loop, without threads
 *
 * One request is served at a time; a handler may block (Redis). In the order
 * in which they are cheap to refuse: length, route, method, throttle, token,
 * body. Answers carry `Cache-Control: no-store` and `nosniff`; errors are
 * application/problem+json (RFC 9457) and repeat nothing of the request.
 *
 * Tokens come as `Authorization: Bearer` (RFC 6750) and are compared in a time
 * that does not depend on them. A source that fails waits longer and longer
 * (throttle.h): 429 with Retry-After.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_HTTP_H
#define COMMON_ADMIN_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/admin_route.h"
#include "common/metric.h"

struct admin_http;
struct admin_stream;
struct wheel;

enum {
	ADMIN_HEADERS_MAX = 8,
	ADMIN_HEADER_MAX = 512, /* bytes of a value, and 0 */
};

/* Copied, but for the routes. */
struct admin_http_cfg {
	int fd; /* a listening TCP socket, borrowed */
	const struct admin_route *routes;
	size_t nroutes;
	const char *const *tokens; /* bearer.h says how many, how long; none:
				      whatever needs a token is 403 */
	size_t ntokens;
	uint32_t conns_max;        /* 0: 128 */
	uint32_t conns_per_ip_max; /* 0: 32 */
	uint32_t timeout_s;        /* of a connection that is idle, and until a
				      whole request is there; an answer is given
				      four times that; 0: 15 */
	uint32_t body_max;         /* bytes; 0: 65536 */
};

/* What was refused, and why; for metric_add(). */
struct admin_figures {
	uint64_t served, refused, unauthorized, throttled, failed;
};
extern const struct metric_desc admin_http_metrics[];
extern const size_t admin_http_nmetrics;

/* The figures are borrowed (NULL: none). EINVAL, ENOSPC: a token that
 * bearer_add() refuses. mem_deref() ends all connections; not in a handler. */
int admin_http_alloc(struct admin_http **httpp,
		     const struct admin_http_cfg *cfg, struct wheel *wheel,
		     struct admin_figures *figures, void *arg);

/* --- a request, valid during the handler ------------------------------------ */

const char *admin_req_method(const struct admin_req *req);
/* Decoded; NULL when there is none of that name. */
const char *admin_req_param(const struct admin_req *req, const char *name);
const char *admin_req_query(const struct admin_req *req, const char *name);
/* As sent; names without regard to case. */
const char *admin_req_header(const struct admin_req *req, const char *name);
const struct pl *admin_req_body(const struct admin_req *req);
/* It came with a good token (a route that is open may be asked without). */
bool admin_req_known(const struct admin_req *req);
const struct sa *admin_req_source(const struct admin_req *req);

/* --- a response: 200, empty, application/json until said otherwise ----------- */

struct admin_resp {
	unsigned status;
	const char *type; /* constant */
	struct mbuf *mb;  /* the body: write at its end */
	struct admin_stream *stream; /* instead of it (admin_stream.h) */
	size_t nheaders;
	struct {
		const char *name; /* constant */
		char value[ADMIN_HEADER_MAX];
	} headers[ADMIN_HEADERS_MAX];
};

/* One more header; what is longer than ADMIN_HEADER_MAX or holds a control character
 * is left out. */
void admin_resp_header(struct admin_resp *resp, const char *name,
		       const char *value);
/* Make it an error: status 400..599, detail a constant sentence or NULL. What
 * was written to the body is dropped. */
void admin_resp_problem(struct admin_resp *resp, unsigned status,
			const char *detail);

#endif
