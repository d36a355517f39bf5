/*
 * rest_state.h  How a connection is doing, as the workers see it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_STATE_H
#define SIGD_ADMIN_REST_STATE_H

#include <stdbool.h>

#include "routing/route_health.h"
#include "sigd/proxy/conn/health_row.h"

struct admin;
struct admin_resp;
struct route_connection;

struct rest_state {
	enum route_state state; /* what counts for calls */
	bool forced;            /* an operator has said so */
	bool known;             /* else it is up, as far as anybody knows */
	struct health_row row;  /* who says so, since when and why */
};

/* False: Redis did not answer, and resp is a 503. */
bool rest_state(struct rest_state *is, struct admin *admin,
		struct admin_resp *resp, const struct route_connection *conn);

#endif
