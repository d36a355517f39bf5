/*
 * admin_http.h  The HTTP server of an admin process: libmicrohttpd behind the
 *               loop, without threads
 *
 * One request is served at a time; a handler may block for the time of a few
 * questions to Redis, and what takes longer is answered later
 * (admin_later.h). In the order
 * in which they are cheap to refuse: length, route, method, who asks and how
 * often (admin_access.h), body. Answers carry `Cache-Control: no-store` and
 * what keeps browsers from making something else of them; errors are
 * application/problem+json (RFC 9457) and repeat nothing of the request.
 *
 * Tokens come as `Authorization: Bearer` (RFC 6750), so no page of somebody
 * else can use one that a browser has; there are no cookies, and no CORS.
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

struct admin_conf;
struct admin_http;
struct admin_later;
struct admin_stream;
struct wheel;

enum {
	ADMIN_HEADERS_MAX = 8,
	ADMIN_HEADER_MAX = 512, /* bytes of a value, and 0 */
};

/* Something was changed, or was to be. Valid during the handler. */
struct admin_change {
	const char *by;     /* name of the token */
	const char *tenant; /* the only one that it opens, or NULL */
	const char *method;
	const char *path; /* as it was asked for, without the query */
	const struct sa *source;
	unsigned status; /* of the answer */
};

/* All may be NULL. */
struct admin_http_events {
	void (*changeh)(const struct admin_change *change, void *arg);
	/* wrong tokens from there, again and again */
	void (*guessh)(const struct sa *source, void *arg);
	void *arg;
};

struct admin_http_cfg {
	int fd;                           /* a listening TCP socket, borrowed */
	const struct admin_route *routes; /* borrowed */
	size_t nroutes;
	const struct admin_conf *conf; /* borrowed till admin_http_set() */
	const char *cert, *key;        /* PEM; NULL: without TLS */
	struct admin_http_events events;
	uint32_t conns_max;        /* 0: 128 */
	uint32_t conns_per_source_max; /* of IPv6 a /64; 0: 32 */
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

/* The figures are borrowed (NULL: none). EINVAL: the certificate is of no use.
 * mem_deref() ends all connections; not in a handler. */
int admin_http_alloc(struct admin_http **httpp,
		     const struct admin_http_cfg *cfg, struct wheel *wheel,
		     struct admin_figures *figures, void *arg);

/*
 * Other tokens and limits; and, when the certificate is another one than
 * before, that: those who are connected go on for a while as they are. Not
 * from TLS to plain, or back (EINVAL). An error changes nothing.
 */
int admin_http_set(struct admin_http *http, const struct admin_conf *conf,
		   const char *cert, const char *key);

/* Who waits for an answer that comes later gets a 503, which is told of as all
 * answers are. For the end: then mem_deref(), which tells nobody. */
void admin_http_end(struct admin_http *http);

/* --- a request, valid during the handler, and until its answer is there ------ */

const char *admin_req_method(const struct admin_req *req);
/* Decoded; NULL when there is none of that name. */
const char *admin_req_param(const struct admin_req *req, const char *name);
const char *admin_req_query(const struct admin_req *req, const char *name);
/* As sent; names without regard to case. */
const char *admin_req_header(const struct admin_req *req, const char *name);
const struct pl *admin_req_body(const struct admin_req *req);
/* The name of the token that it came with; NULL: a route that is open was
 * asked without. */
const char *admin_req_by(const struct admin_req *req);
/* The only tenant that the token opens; NULL: all of them. */
const char *admin_req_tenant(const struct admin_req *req);
/* Whether the token has scope `write`. */
bool admin_req_may_write(const struct admin_req *req);
/* Whether the token opens this tenant. */
bool admin_req_may_see(const struct admin_req *req, const char *tenant);
const struct sa *admin_req_source(const struct admin_req *req);

/* --- a response: 200, empty, application/json until said otherwise ----------- */

struct admin_resp {
	unsigned status;
	const char *type; /* constant */
	struct mbuf *mb;  /* the body: write at its end */
	struct admin_stream *stream; /* instead of it (admin_stream.h) */
	struct admin_later *later;   /* instead of all (admin_later.h) */
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
/* The same, of one thing that is wrong with the request: field is the name of
 * a parameter, `path`, `query` or `header`, or a JSON pointer into the body ("#/state",
 * "#": all of it). */
void admin_resp_field(struct admin_resp *resp, unsigned status,
		      const char *field, const char *detail);

#endif
