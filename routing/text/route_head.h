/*
 * route_head.h  What every text that a pattern matches begins and ends with, or
 *               holds
 *
 * So that of many patterns only those are tried that can match. What is not
 * understood is taken for anything: never is a text ruled out that the pattern
 * would match (the whole of it, as route_regex.h does).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_TEXT_ROUTE_HEAD_H
#define ROUTING_TEXT_ROUTE_HEAD_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

enum {
	ROUTE_HEADS_MAX = 64,
	ROUTE_HEAD_LEN = 24, /* bytes; a longer one is cut */
};

struct route_head {
	uint8_t len;
	char text[ROUTE_HEAD_LEN];
};

/* None is the begin of another one. */
struct route_heads {
	unsigned n; /* 0: anything */
	struct route_head head[ROUTE_HEADS_MAX];
};

/* One of these begins it. */
void route_heads_find(struct route_heads *heads, const char *pattern);
/* It ends so; len 0: however. Not when a match may end before the pattern. */
void route_tail_find(struct route_head *tail, const char *pattern);
/* It holds this somewhere; len 0: whatever. */
void route_core_find(struct route_head *core, const char *pattern);

#endif
