/*
 * route_index.h  From a name to what has it, in constant time
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_INDEX_H
#define ROUTING_ROUTE_INDEX_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

struct route_index;

/* Room for exactly `room` names. fold: ASCII case does not count. */
int route_index_alloc(struct route_index **indexp, uint32_t room, bool fold);

/* name and value are borrowed. EEXIST: the name is there (*value is not
 * replaced); ENOSPC: more than room. */
int route_index_add(struct route_index *index, const char *name, void *value);

/* NULL when absent. */
void *route_index_find(const struct route_index *index, const struct pl *name);

#endif
