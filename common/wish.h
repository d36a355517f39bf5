/*
 * wish.h  What operators want of a node, until they want something else
 *
 * The hash `cb:{n:<node>}:wish:<daemon>`, written by any admin process, read
 * by each worker of the node once a second: so a worker that begins anew finds
 * it. While Redis is away what was read last holds.
 *
 *   drain      "<born> <move>"   no new work. born: the life of the node that
 *                                is meant (struct worker), `*`: any; move:
 *                                `now` or `idle`
 *   drain.at, drain.by, drain.why    for people
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_WISH_H
#define COMMON_WISH_H

#include <stdbool.h>
#include <stdint.h>

struct pl;
struct redis_link;
struct redis_val;
struct wish_watch;
struct worker;

enum {
	WISH_KEEP_S = 30 * 86400, /* after it was written last */
	WISH_KEY_MAX = 64,
};

/* Plain data; zero: nothing is wanted. */
struct wish {
	bool drain; /* take nothing new */
	bool now;   /* and move what there is, do not wait for its end */
};

/* "cb:{n:<node>}:wish:<daemon>" */
void wish_key(char key[WISH_KEY_MAX], const char *daemon, const char *node);
/* Of a hash, as HGETALL gives it, for this life of the node. */
void wish_read(struct wish *wish, const struct redis_val *flat,
	       uint64_t born_ms);

/* It has changed, or is known for the first time. */
typedef void(wish_h)(const struct wish *wish, void *arg);

/* worker, daemon and link outlive it. The caller owns *watchp. */
int wish_watch_alloc(struct wish_watch **watchp, const struct worker *worker,
		     const char *daemon, struct redis_link *link, wish_h *wishh,
		     void *arg);

#endif
