/*
 * route_regex.h  Patterns of routes: PCRE2 with JIT, in bounded time
 *
 * A pattern matches the whole text ("echo" does not match "echoes"); "." is
 * any byte; texts are bytes, not UTF-8. A match that costs more than its
 * limits gives up: nobody can spend our time with a text for `(a+)+$`.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_REGEX_H
#define ROUTING_ROUTE_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct route_engine;
struct route_regex;

enum {
	ROUTE_GROUPS_MAX = 10, /* the whole and nine captures */
	ROUTE_PATTERN_MAX = 1024,
	ROUTE_MATCH_LIMIT = 10000, /* steps back of a match */
	ROUTE_DEPTH_LIMIT = 1000,
	ROUTE_HEAP_LIMIT_K = 256, /* KiB, without JIT */
};

enum route_hit {
	ROUTE_MISS,
	ROUTE_HIT,
	ROUTE_GAVE_UP
};

/* What patterns captured from a text; a group without part in the match is
 * empty. Borrowed from the text. */
struct route_captures {
	struct pl group[ROUTE_GROUPS_MAX];
	unsigned count;
};

/* Room and limits for matching; one thread. mem_deref() frees. */
int route_engine_alloc(struct route_engine **engp);

/* EINVAL: why says what is wrong with the pattern, which is borrowed.
 * mem_deref() frees. */
int route_regex_alloc(struct route_regex **rxp,
		      const struct route_engine *engine, const char *pattern,
		      char *why, size_t size);

/* Captures are written on ROUTE_HIT; NULL when nobody wants them. */
enum route_hit route_regex_match(const struct route_regex *rx,
				 const struct route_engine *engine,
				 const struct pl *text,
				 struct route_captures *captures);

/* False: it does not match, and to know that cost next to nothing. */
bool route_regex_can(const struct route_regex *rx, const struct pl *text);

/*
 * What the texts that it matches begin with: each turn the next one, from
 * *head unset on; false behind the last. None at all: anything
 * (route_head.h). Borrowed.
 */
bool route_regex_head(const struct route_regex *rx, struct pl *head);
/* ... and end with; empty: anything. */
struct pl route_regex_tail(const struct route_regex *rx);

/* ... and hold somewhere; empty: anything. */
struct pl route_regex_core(const struct route_regex *rx);

/* As it was written: borrowed from who had it made. */
const char *route_regex_text(const struct route_regex *rx);
/* How many captures the pattern has. */
unsigned route_regex_groups(const struct route_regex *rx);

#endif
