/*
 * rest_order.h  Orders to one worker of sigd, and what came of them
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_ORDER_H
#define SIGD_ADMIN_REST_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/id.h"
#include "common/node.h"

struct admin;
struct admin_resp;

enum {
	REST_ORDER_MS = 3000, /* for an answer */
	REST_ORDER_LOOK_MS = 30,
	REST_OUTCOME_MAX = 15,
};

/* Plain data. What it means is in sigd/proxy/orders.h. */
struct rest_order {
	char worker[NODE_ADDR_MAX + 1];
	const char *verb;
	const char *word[3]; /* NULL: none */
	char id[17];
	char outcome[REST_OUTCOME_MAX + 1]; /* "": not known yet */
};

/* To order->worker. One that is dead has nothing any more: its outcome is
 * `gone`. False: resp is a 503. */
bool rest_order_send(struct rest_order *order, struct admin *admin,
		     struct admin_resp *resp);
/* What came of it so far. False: resp is a 503. */
bool rest_order_look(struct rest_order *order, struct admin *admin,
		     struct admin_resp *resp);
enum rest_looked {
	REST_LOOKED_ALL,
	REST_LOOKED_SOME,    /* and the others may come */
	REST_LOOKED_PROBLEM, /* resp is a 503, or a 504 that names a worker */
};

/* What came of all of them so far; those that are known are not asked for
 * again. late: no others will come. */
enum rest_looked rest_orders_look(struct rest_order *orders, size_t n,
				  bool late, struct admin *admin,
				  struct admin_resp *resp);

#endif
