/*
 * route_auth.h  What proves who somebody is, as a tenant wants it
 *
 * Part of a table (route.h): const after the load, and borrowed from it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_AUTH_H
#define ROUTING_ROUTE_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cfg_error.h"

struct cfg_field;
struct cfg_table;

/* Bits, for sets of them. */
enum route_alg {
	ROUTE_ALG_MD5 = 1 << 0,
	ROUTE_ALG_SHA256 = 1 << 1,
};

/* A list as it stands in the file. */
struct route_algs {
	enum route_alg *item;
	uint32_t count; /* 0: none given */
};

/* Tokens of a tenant's users (RFC 7519): who signs them, and what they must
 * say. */
struct route_jwt {
	struct cfg_pos pos;
	const char *keys; /* file with a JWK Set, relative to that of pos; or */
	const char *url;  /* where it is fetched from */
	const char *issuer, *audience;
	const char *claim;  /* that has the user */
	const char *server; /* authz_server of RFC 8898; NULL: none */
	uint32_t skew_ms, refresh_ms;
};

/* Of a tenant. */
struct route_auth {
	struct route_algs given;
	uint8_t algs; /* of its challenges, bits */
	struct route_jwt *jwt; /* NULL: no tokens */
	bool users_in_redis;
};

/* for lists in descriptions (common/cfg_schema.h) */
extern const struct cfg_field route_alg_item;
extern const struct cfg_table route_jwt_table;

/* What the fields alone cannot say; adds to errs. EINVAL. */
int route_jwt_check(const struct route_jwt *jwt, struct cfg_errors *errs);

/* The list as bits; none given: of `other`. */
uint8_t route_algs_of(const struct route_algs *given, uint8_t other);

#endif
