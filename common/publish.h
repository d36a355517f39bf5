/*
 * publish.h  A worker's figures in Redis, for the admin process
 *
 * The hash `cb:{n:<node>/<slot>}:figures:<daemon>`, one field for each number of a
 * metric set (common/metric.h), written every PUBLISH_MS; it expires
 * PUBLISH_TTL_MS after the last time. The sorted set PUBLISH_WORKERS lists all
 * workers, "<daemon> <addr>", by when they published last (unix s).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_PUBLISH_H
#define COMMON_PUBLISH_H

struct metric_set;
struct publish;
struct redis_link;
struct redis_sync;
struct wheel;

#define PUBLISH_WORKERS "cb:workers"

enum {
	PUBLISH_MS = 2000,
	PUBLISH_TTL_MS = 10000,
	PUBLISH_MAX = 640, /* numbers; more are left out */
	PUBLISH_TEXT_MAX = 63,
	PUBLISH_TEXTS = 24,
};

/* Bring the figures of the set up to date. */
typedef void(publish_fill_h)(void *arg);

/* What is pointed to outlives it, but for addr. The caller owns *publishp.
 * daemon: "sigd" or "mediad": both may have workers of one node and slot. */
int publish_alloc(struct publish **publishp, const char *daemon,
		  const char *addr, struct redis_link *link,
		  struct wheel *wheel, const struct metric_set *set);
void publish_filler(struct publish *publish, publish_fill_h *fillh, void *arg);
/* A text, in the field `name` (constant, borrowed), with the next figures; cut
 * at PUBLISH_TEXT_MAX bytes. Up to PUBLISH_TEXTS of them, more are left out. */
void publish_note(struct publish *publish, const char *name, const char *text);
/* The same, and at once; not from the filler. */
void publish_text(struct publish *publish, const char *name, const char *text);
/* All of it at once; not from the filler. */
void publish_now(struct publish *publish);

/* 0: the worker at addr has published its figures lately; else as below. */
int publish_seen(struct redis_sync *sync, const char *daemon, const char *addr);
/* Add what the worker at addr has published to the set. ENOENT: nothing;
 * ENOTCONN, ETIMEDOUT: Redis is away. */
int publish_read(struct metric_set *set, struct redis_sync *sync,
		 const char *daemon, const char *addr);

#endif
