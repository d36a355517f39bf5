/*
 * rest_nodes.h  The workers of both daemons on all nodes, as Redis knows them
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_NODES_H
#define SIGD_ADMIN_REST_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/node.h"
#include "common/publish.h"
#include "common/standing.h"
#include "common/wish.h"

struct admin;
struct admin_resp;
struct jsonw;

enum { REST_DAEMON_MAX = 15 };

/* Plain data. */
struct rest_worker {
	char daemon[REST_DAEMON_MAX + 1];
	char node[NODE_NAME_MAX + 1];
	char addr[NODE_ADDR_MAX + 1];
	unsigned slot;
	uint64_t seen_ms;
	bool alive; /* it has told of itself lately */
	char state[16]; /* serving, full, draining, drained, lost */
	char told[STANDINGS][PUBLISH_TEXT_MAX + 1];
	char routes[PUBLISH_TEXT_MAX + 1]; /* version, and when (unix ms) */
	char ip[64];                       /* of mediad */
};

/* By daemon, node and slot. */
struct rest_workers {
	struct rest_worker *list;
	size_t n;
};

/* All that were seen within the hour. The caller owns workers->list. False: resp
 * is a 503. */
bool rest_workers_load(struct rest_workers *workers, struct admin *admin,
		       struct admin_resp *resp);
/* How this one is doing now. False: resp is a 503. */
bool rest_worker_renew(struct rest_worker *worker, struct admin *admin,
		       struct admin_resp *resp);
/* The node at i, and how many workers it has from there on. */
size_t rest_node_len(const struct rest_workers *workers, size_t i);
/* Is it this node, and this daemon (NULL: any)? */
bool rest_node_is(const struct rest_worker *worker, const char *node,
		  const char *daemon);
/* serving, draining, drained, lost: of all its n workers. */
const char *rest_node_state(const struct rest_worker *workers, size_t n);
/* The life of the node that its workers tell of; 0: none does. */
uint64_t rest_node_born(const struct rest_worker *workers, size_t n);

/* All nodes of this name and daemon (NULL: any) into an array. */
bool rest_nodes_write(struct jsonw *json, const struct rest_workers *workers,
		      const char *node, const char *daemon, struct admin *admin,
		      struct admin_resp *resp);

#endif
