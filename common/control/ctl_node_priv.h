/*
 * ctl_node_priv.h  Between writer and reader of heartbeats
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CONTROL_CTL_NODE_PRIV_H
#define COMMON_CONTROL_CTL_NODE_PRIV_H

/* The set of the addresses of all media workers. */
#define CTL_MEDIA_KEY "cb:media"
/* `cb:{n:<node>/<slot>}:moved`: sessions that are not its any more. */
#define CTL_MOVED "moved"

/* "up", "drain", "full", NULL */
extern const char *const ctl_node_states[];

#endif
