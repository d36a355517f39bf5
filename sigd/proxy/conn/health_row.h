/*
 * health_row.h  What is known of a connection's health, as text in Redis
 *
 *   state=down since=1764000000000 until=1764000070000 times=0 by=a1/2
 *   why=no%20answer for=anna
 *
 * Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_HEALTH_ROW_H
#define SIGD_PROXY_CONN_HEALTH_ROW_H

#include <stdint.h>
#include <re.h>

#include "routing/route_health.h"

enum { HEALTH_BY_MAX = 64, HEALTH_ROW_MAX = 768 };

/* Plain data. */
struct health_row {
	enum route_state state;
	uint64_t since_ms; /* unix, by Redis' clock */
	uint64_t until_ms; /* it counts so long; 0: until it is taken away */
	uint32_t times;    /* broken: so many trials have failed */
	char by[HEALTH_BY_MAX + 1]; /* the worker, or the operator's token */
	char whom[HEALTH_BY_MAX + 1]; /* ... and for whom, as that one says;
					 empty: it did not say */
	char why[ROUTE_HEALTH_TEXT];
};

/* EOVERFLOW. */
int health_row_print(char text[HEALTH_ROW_MAX], const struct health_row *row);
/* EBADMSG: not one of ours. */
int health_row_parse(struct health_row *row, const struct pl *text);

#endif
