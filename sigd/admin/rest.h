/*
 * rest.h  What the admin process of sigd tells over HTTP: /v1
 *
 * All of it is read from Redis, but which connections there are, which stands
 * in routing.yaml. docs/openapi.yaml has the forms. Every route
 * needs the token.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_H
#define SIGD_ADMIN_REST_H

#include <stddef.h>

#include "common/admin.h"

struct route_table;

/* For admin_cfg.arg. */
struct rest_root {
	const struct route_table *routes;
	const char *path; /* of routing.yaml */
};

enum {
	REST_BODY_MAX = 1024 * 1024, /* a table to be checked */
};

/* For admin_cfg.routes. */
extern const struct admin_route rest_routes[];
extern const size_t rest_nroutes;

#endif
