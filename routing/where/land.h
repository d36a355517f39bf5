/*
 * land.h  Countries (ISO 3166-1) and their continents
 *
 * A const table of public facts: codes and names of ISO 3166-1 as of 2026,
 * continents as MaxMind and GeoNames count them, and XK, which the EU and the
 * ITU use for Kosovo.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_WHERE_LAND_H
#define ROUTING_WHERE_LAND_H

#include <stdbool.h>
#include <stddef.h>

struct land {
	const char code[3];      /* "DE" */
	const char continent[3]; /* "EU" */
	const char *name;        /* "Germany" */
};

/* NULL: none has this code. */
const struct land *land_find(const char *code);
const struct land *lands(size_t *count);

/* For descriptions: "AF", "AN", "AS", "EU", "NA", "OC", "SA"; a country; a
 * country and its part, "US-CA" (ISO 3166-2, the part as it is written). */
bool land_check_continent(const char *text, char *why, size_t size);
bool land_check_country(const char *text, char *why, size_t size);
bool land_check_subdivision(const char *text, char *why, size_t size);

#endif
