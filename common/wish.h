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
 *   drain.at, drain.by    for people
 *   reload     a time (unix ms): when it changes the parent gets SIGHUP, from
 *              the first of its workers
 *   log        "<until> <level> [<area>=<level> ..] [call=<id>]": what the
 *              log says until then (unix ms by Redis' clock; 0: without end)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_WISH_H
#define COMMON_WISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/log.h"

struct pl;
struct redis_link;
struct redis_val;
struct wish_watch;
struct worker;

enum {
	WISH_KEEP_S = 30 * 86400, /* after it was written last */
	WISH_KEY_MAX = 64,
	WISH_LOG_MAX = 511, /* bytes of the field `log` */
	WISH_SUM_LEN = 16,
};

/* Plain data; zero: nothing is wanted. */
struct wish {
	bool drain; /* take nothing new */
	bool now;   /* and move what there is, do not wait for its end */
	bool log;   /* what is said is another plan */
	uint64_t log_until_ms;
	struct log_plan plan;
};

/* "cb:{n:<node>}:wish:<daemon>" */
void wish_key(char key[WISH_KEY_MAX], const char *daemon, const char *node);
/* Of a hash, as HGETALL gives it, for this life of the node. */
void wish_read(struct wish *wish, const struct redis_val *flat,
	       uint64_t born_ms);

/* Whether it drains has changed, or is known for the first time. */
typedef void(wish_h)(const struct wish *wish, void *arg);

/* worker, daemon and link outlive it. The caller owns *watchp. */
int wish_watch_alloc(struct wish_watch **watchp, const struct worker *worker,
		     const char *daemon, struct redis_link *link, wish_h *wishh,
		     void *arg);

/* What is wanted of the log has changed, and is so. */
typedef void(wish_log_h)(void *arg);
void wish_on_log(struct wish_watch *watch, wish_log_h *logh);
/* wish_log_sum() of the field `log` that is in force; "": none. */
const char *wish_log(const struct wish_watch *watch);
/* What a worker tells of a field `log`, which is too long for it: 64 bits of
 * FNV-1a. "" of "". */
void wish_log_sum(char sum[WISH_SUM_LEN + 1], const char *text);
/* Of a field `log`. False: it is none. */
bool wish_log_read(struct wish *wish, const char *text, size_t len);

#endif
