/*
 * sse.h  What happens, to who looks on: GET /v1/stream, server-sent events
 *
 * Each who asks gets the events of docs/events.md as they come, and once a
 * second figures of the cluster. While nobody looks nothing is read. A reader
 * that is too slow is dropped; nothing waits for it. Runs in the admin
 * process.
 *
 * A token of a tenant gets that tenant's events, and no figures. How many
 * look on is bounded: in all, and by token, tenant and address (admin_conf.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SSE_SSE_H
#define SIGD_SSE_SSE_H

#include "common/admin.h"

struct admin_conf;
struct sse;
struct wheel;

enum {
	SSE_CLIENTS_MAX = 64,
	SSE_WAIT_MAX = 256 * 1024, /* bytes that wait for one of them */
	SSE_LIFE_MS = 600000, /* then who looks on shows the token again */
	SSE_BEAT_MS = 1000,	    /* a comment, and figures */
	SSE_POLL_MS = 250,
	SSE_BATCH = 64,   /* entries of a stream in one go */
	SSE_REPLAY = 200, /* of each stream, for who comes back ... */
	SSE_BACKLOG_MAX = 96 * 1024, /* ... bytes of all, below SSE_WAIT_MAX */
};

/* redis: as of the other parts of the admin process. The caller owns
 * *ssep. */
int sse_alloc(struct sse **ssep, const struct redis_cfg *redis,
	       struct wheel *wheel);

/* Other bounds, for those who come from now on; none before that may look on.
 * What it needs of conf is copied. */
void sse_set(struct sse *sse, const struct admin_conf *conf);

/* For admin_cfg.more: admin_arg() is a struct rest_root. */
extern const struct admin_route sse_routes[];
extern const size_t sse_nroutes;

#endif
