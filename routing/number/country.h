/*
 * country.h  Whose number is it: from E.164 to a country
 *
 * By country calling codes (ITU-T E.164, list of assigned codes), and within
 * those that several countries share by what their plans say of them: area
 * codes of North America (NANPA), +7, +39, +44, +47, +61, +212, +262, +358,
 * +599. Pure, a const table.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_NUMBER_COUNTRY_H
#define ROUTING_NUMBER_COUNTRY_H

#include <stddef.h>

/*
 * The country (ISO 3166-1 alpha-2; XK is Kosovo) of a number like
 * "+4930123". NULL: of none, as freephone (+800, +1 800), satellites and
 * networks (+870, +881 to +883), or it is no such number. An area code of
 * North America that is in nobody's list is taken for one of the USA.
 */
const char *number_country(const char *e164);

/* The table, for tests: digits without +, and the country ("" for none). */
struct number_area {
	const char *digits, *country;
};
const struct number_area *number_areas(size_t *count);

#endif
