/*
 * sigd_nodes.h  Nodes that come, go and are emptied, told as events
 *
 * The admin process of each sigd node looks every NODES_LOOK_MS; whoever finds
 * a change first says so, in `cb:news`: `node.joined` (it is there, or serves
 * again), `node.draining`, `node.drained`, `node.left` (it has gone after
 * that), `node.lost` (it has gone without). Data: node, daemon, was.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIGD_NODES_H
#define SIGD_SIGD_NODES_H

struct admin;
struct nodes_watch;
struct wheel;

enum { NODES_LOOK_MS = 2000 };

/* What was told of each last: a hash, "<daemon> <node>" -> state. */
#define NODES_TOLD_KEY "cb:nodes"

/* Both outlive it. The caller owns *watchp. */
int nodes_watch_alloc(struct nodes_watch **watchp, struct admin *admin,
		      struct wheel *wheel);

/* The event for a node that was in one state and is in another one, "": none
 * was told of; NULL: there is nothing to tell. Pure. */
const char *nodes_event(const char *was, const char *is);

#endif
