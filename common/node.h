/*
 * node.h  Who a worker is: node, slot and epoch
 *
 * A node is a box or container with a name of its own in the cluster, a slot
 * a worker's place in it (1..), an epoch one incarnation of that worker (from
 * INCR, never repeated). The address of a worker is written `node/slot`, e.g.
 * `a1/2`; whoever sends to it learns its epoch from its heartbeat.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_NODE_H
#define COMMON_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NODE_NAME_MAX = 16,
	NODE_SLOT_MAX = 255,
	NODE_ADDR_MAX = NODE_NAME_MAX + 4, /* "name/255" */
};

/* Plain data; epoch 0: not known. */
struct node_id {
	char node[NODE_NAME_MAX + 1];
	uint8_t slot;
	uint32_t epoch;
};

/* 1 to 16 characters of [a-z0-9-], with a letter or digit at both ends. */
bool node_name_valid(const char *name, size_t len);

/* A valid name made from the name of this host: its first label, other
 * characters as '-', the end cut; "node" when nothing is left. */
void node_name_default(char name[NODE_NAME_MAX + 1]);
/* The same from any text; pure. */
void node_name_from(char name[NODE_NAME_MAX + 1], const char *text);

/* Writes `node/slot`. */
void node_addr_format(char addr[NODE_ADDR_MAX + 1], const struct node_id *id);
/* Reads `node/slot`, all of len bytes, the only spelling that is written;
 * the epoch becomes 0. EINVAL. */
int node_addr_parse(struct node_id *id, const char *text, size_t len);

/* The same place, in whatever incarnation. */
bool node_same_place(const struct node_id *a, const struct node_id *b);
/* The same incarnation of the same place; epochs not known are not equal. */
bool node_same(const struct node_id *a, const struct node_id *b);
/* <0, 0, >0 by node, slot, epoch: an order for tables. */
int node_compare(const struct node_id *a, const struct node_id *b);

#endif
