/*
 * rest.h  What the admin process of sigd tells over HTTP: /v1
 *
 * All of it is read from Redis, but which connections there are, which stands
 * in routing.yaml. docs/openapi.yaml has the forms. Every route of /v1 needs a
 * token; that page itself and the dashboard's files do not.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_H
#define SIGD_ADMIN_REST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/admin.h"
#include "sigd/admin/rest_follow_work.h"

struct rest_load;
struct sse;
struct route_table;
struct web_files;

/* For admin_cfg.arg. */
struct rest_root {
	const struct route_table *routes;
	const char *path; /* of routing.yaml */
	struct rest_load *load; /* of that, under way (rest_load.h); or NULL */
	const char *keys; /* the file of the cluster's keys */
	struct sse *sse; /* sigd/sse/sse.h */
	const struct web_files *page; /* the dashboard; NULL: none */
	struct rest_follow_work follow; /* of late */
	bool call_logs; /* they are kept */
};

enum {
	REST_BODY_MAX = 1024 * 1024, /* a table to be checked */
};

/* For admin_cfg.routes. */
extern const struct admin_route rest_routes[];
extern const size_t rest_nroutes;

#endif
