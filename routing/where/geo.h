/*
 * geo.h  In which country is an address: the operator's MaxMind database
 *
 * A country or a city database in MaxMind's format (GeoLite2, GeoIP2, DB-IP),
 * or one with the same keys at its top (country_code, continent_code).
 * Const when it was opened, for any thread. No other file includes
 * libmaxminddb.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_WHERE_GEO_H
#define ROUTING_WHERE_GEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct fingerprint;
struct geo;

/*
 * Opens a database. It is copied to memory, so that who writes over the file
 * does not pull it from under us; what was read is added to print (may be
 * NULL). EINVAL: why says what is wrong. mem_deref() frees.
 */
int geo_open(struct geo **geop, const char *path, struct fingerprint *print,
	     char *why, size_t size);

/* "": not known. */
struct geo_place {
	char country[3];     /* ISO 3166-1 alpha-2: "DE" */
	char continent[3];   /* "EU" */
	char subdivision[7]; /* ISO 3166-2: "US-CA"; the largest */
};

/* false: the address is not in it. */
bool geo_find(const struct geo *geo, const struct sa *addr,
	      struct geo_place *place);

/* When it was made: unix seconds. */
uint64_t geo_built(const struct geo *geo);
/* What it calls itself: "GeoLite2-Country". */
const char *geo_type(const struct geo *geo);

#endif
