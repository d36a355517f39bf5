/*
 * ctl_node.h  Which media workers live: heartbeats, written and read
 *
 * A media worker writes the hash `cb:{n:<node>/<slot>}:media` each second; it
 * expires 3.5 s after the last one. The set `cb:media` says where to look.
 * Each sigd worker reads them all each second, so that choosing a worker is a
 * local decision.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CONTROL_CTL_NODE_H
#define COMMON_CONTROL_CTL_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/control/ctl_peer.h"
#include "common/node.h"

enum {
	CTL_BEAT_MS = 1000,
	CTL_BEAT_TTL_MS = 3500,
	CTL_NODES_MAX = 1024, /* read; more are not seen */
	CTL_NODE_IP_MAX = 45,
};

enum ctl_node_state {
	CTL_NODE_UP,
	CTL_NODE_DRAIN, /* serves what it has, takes no new session */
	CTL_NODE_FULL,  /* takes no new session now */
};

struct ctl_node {
	char addr[NODE_ADDR_MAX + 1]; /* node/slot */
	uint32_t epoch;
	enum ctl_node_state state;
	bool leaves;       /* with CTL_NODE_DRAIN: what it has is to be moved */
	uint32_t sessions; /* that it has */
	uint32_t lag_ms;   /* its loop's delay, worst of the last second */
	uint32_t load;     /* 1/1000 of one core, over the last second */
	char ip[CTL_NODE_IP_MAX + 1]; /* advertised to browsers; may be "" */
};

/* ---- the media worker ------------------------------------------------------ */

struct ctl_beat;

/* Fill in state, sessions, lag_ms, load and ip; the rest is given. Called
 * before each heartbeat. */
typedef void(ctl_beat_h)(struct ctl_node *node, void *arg);

/* The first heartbeat leaves at once, or as soon as Redis is up. mem_deref()
 * takes the worker off the list (when Redis is up). */
int ctl_beat_alloc(struct ctl_beat **beatp, const struct ctl_peer *peer,
		   ctl_beat_h *beath, void *arg);
/* Sessions of ours are somebody else's (ctl_moved.h); said with each heartbeat
 * until they are acknowledged. arg is that of ctl_beat_alloc(). */
typedef void(ctl_moved_h)(void *arg);
void ctl_beat_on_moved(struct ctl_beat *beat, ctl_moved_h *movedh);
/* Something changed that should be seen at once (drain). */
void ctl_beat_now(struct ctl_beat *beat);
/* A later epoch of this address beats: we are a former life that still runs,
 * or two boxes have one name. */
bool ctl_beat_fenced(const struct ctl_beat *beat);

/* ---- who chooses among them ------------------------------------------------ */

struct ctl_nodes;

int ctl_nodes_alloc(struct ctl_nodes **nodesp, struct redis_link *link,
		    struct wheel *wheel);
/* The list in the order of the addresses, and its length; valid until the
 * loop goes on. A worker without a heartbeat for CTL_BEAT_TTL_MS is not in
 * it; while Redis is away, none is. */
const struct ctl_node *ctl_nodes_list(const struct ctl_nodes *nodes,
				      size_t *count);
/*
 * NULL when it does not live. One that was there at the last look but one is
 * found still, and while Redis is away any that was there before: a server
 * that comes back without its data hears of each only with its next heartbeat.
 */
const struct ctl_node *ctl_nodes_find(const struct ctl_nodes *nodes,
				      const char *addr);

#endif
