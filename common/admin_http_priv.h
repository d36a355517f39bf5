/*
 * admin_http_priv.h  What the parts of the admin's HTTP server share
 *
 * The engine (libmicrohttpd behind the loop) reads requests and writes
 * answers; admin_request.c judges and serves them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_HTTP_PRIV_H
#define COMMON_ADMIN_HTTP_PRIV_H

#include "common/admin_http.h"
#include "common/admin_later_priv.h"
#include "common/bearer.h"
#include "common/wheel.h"

struct MHD_Connection;
struct admin_access;
struct admin_engine;
struct admin_park;

enum {
	ADMIN_URI_MAX = ADMIN_PATH_MAX + 1 + ADMIN_QUERY_MAX,
};

struct admin_req {
	struct MHD_Connection *conn;
	const char *method;
	char *uri; /* NULL: too long */
	const struct admin_route *route;
	struct admin_params params;
	struct admin_params query;
	struct mbuf *body;
	struct pl body_pl;
	size_t over; /* bytes of a body that is too long, not kept */
	struct sa source;
	/* Of its token, as it was when it came; no name: without one. */
	char by[BEARER_NAME_MAX + 1];
	bool of_tenant; /* of one alone, whatever stands in `tenant` */
	char tenant[BEARER_NAME_MAX + 1];
	bool write;
	bool begun; /* the headers were looked at */
	struct admin_later *later; /* NULL: it does not wait */
};

/* All return false when the connection is to be dropped. */
struct admin_engine_events {
	/* line and headers are here; may answer already */
	bool (*beginh)(struct admin_req *req, void *arg);
	/* not after an answer */
	bool (*bodyh)(struct admin_req *req, const char *data, size_t len,
		      void *arg);
	/* again, when its connection has rested */
	bool (*serveh)(struct admin_req *req, void *arg);
	void *arg;
};

struct admin_engine_cfg {
	int fd; /* a listening TCP socket, borrowed */
	uint32_t conns_max, conns_per_source_max;
	uint32_t timeout_ms;    /* admin_http.h */
	const char *cert, *key; /* PEM, borrowed; NULL: without TLS */
};

/* The caller owns *enginep and ends it, with all its connections, by
 * mem_deref(); not in a handler. */
int admin_engine_alloc(struct admin_engine **enginep,
		       const struct admin_engine_cfg *cfg, struct wheel *wheel,
		       const struct admin_engine_events *events);
/* Takes no more connections; those there are may go on. */
void admin_engine_quit(struct admin_engine *engine);

struct admin_http {
	struct admin_engine *engine;
	struct admin_engine *before; /* with the certificate of before */
	struct wheel_timer grace;
	struct admin_access *access;
	struct wheel *wheel;
	struct admin_figures *figures;
	struct admin_figures own; /* when the caller keeps none */
	const struct admin_route *routes;
	size_t nroutes;
	struct admin_engine_cfg cfg; /* but for cert and key */
	struct admin_http_events events;
	struct admin_laters laters;
	char *cert, *key; /* NULL: without TLS */
	uint32_t body_max;
	void *arg;
};

/* --- admin_request.c ------------------------------------------------------------ */

/* For the engine; arg: struct admin_http. */
bool admin_request_begin(struct admin_req *req, void *arg);
bool admin_request_body(struct admin_req *req, const char *data, size_t size,
			void *arg);
bool admin_request_serve(struct admin_req *req, void *arg);
/* Counted and told of. */
void admin_request_over(const struct admin_req *req,
			const struct admin_resp *resp, void *arg);

/* --- admin_req.c --------------------------------------------------------------- */

/* Path and query name no tenant but that of the token: what another one has does
 * not exist for it. */
bool admin_req_names_its_own(const struct admin_req *req);

/* --- admin_media.c ------------------------------------------------------------- */

/* The asker can take what the route answers. */
bool admin_accepts_json(const struct admin_req *req);
/* Headers that count are there once, and it is told in one way how long the
 * body is (RFC 9112 sections 3.2, 6.3): what stands before us may have taken it
 * otherwise. */
bool admin_is_clear(const struct admin_req *req);
/* There is no body, or it is of the type that the route reads. */
bool admin_body_fits(const struct admin_req *req);

/* --- admin_engine.c ------------------------------------------------------------ */

/* How many headers of this name there are. */
size_t admin_req_headers(const struct admin_req *req, const char *name);
/* Once for each request. False: no memory, drop the connection. */
bool admin_engine_send(const struct admin_req *req,
		       const struct admin_resp *resp);
/* In serveh, instead of an answer: the connection rests until it is woken,
 * without a deadline. False: it cannot. */
bool admin_engine_rest(const struct admin_req *req, struct admin_park *park);
bool admin_engine_has(const struct admin_engine *engine,
		      const struct admin_req *req);
/* Send at once what can be sent. */
void admin_engine_push(struct admin_engine *engine);

#endif
