/*
 * route_auth.h  What proves who somebody is, as a tenant wants it
 *
 * Part of a table (route.h): const after the load, and borrowed from it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_AUTH_H
#define ROUTING_ROUTE_AUTH_H

#include <stdint.h>

struct cfg_field;

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

/* Of a tenant. */
struct route_auth {
	struct route_algs given;
	uint8_t algs; /* of its challenges, bits */
};

/* for lists in descriptions (common/cfg_schema.h) */
extern const struct cfg_field route_alg_item;

/* The list as bits; none given: of `other`. */
uint8_t route_algs_of(const struct route_algs *given, uint8_t other);

#endif
