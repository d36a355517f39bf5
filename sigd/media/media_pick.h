/*
 * media_pick.h  Which media worker takes a new session: a pure choice
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_MEDIA_MEDIA_PICK_H
#define SIGD_MEDIA_MEDIA_PICK_H

#include <stddef.h>
#include <stdint.h>

#include "common/control/ctl_node.h"

/*
 * Two workers at random among those that are up, and of them the one with the
 * smaller load, sessions deciding ties (Mitzenmacher, "The Power of Two
 * Choices in Randomized Load Balancing", 2001): all sigd workers see the same
 * heartbeats, and the least loaded of all would get everything at once until
 * the next one. but: an address, or a node, that is not to be picked, or NULL. NULL: none
 * is up.
 */
const struct ctl_node *media_pick(const struct ctl_node *list, size_t count,
				  uint32_t random, const char *but);

#endif
