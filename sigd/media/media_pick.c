/*
 * media_pick.c  Which media worker takes a new session
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/media/media_pick.h"

enum {
	LAG_STEP_MS = 20 /* less is the chance of a moment */
};

static bool fits(const struct ctl_node *node, const char *but)
{
	const size_t len = but ? strlen(but) : 0;
	const bool is_it = but && !strncmp(node->addr, but, len) &&
			   (!node->addr[len] || node->addr[len] == '/');

	return node->state == CTL_NODE_UP && !is_it;
}

static size_t up_count(const struct ctl_node *list, size_t count,
		       const char *but)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += fits(&list[i], but);
	return n;
}

static const struct ctl_node *up_at(const struct ctl_node *list, size_t count,
				    size_t nth, const char *but)
{
	for (size_t i = 0; i < count; i++) {
		if (fits(&list[i], but) && !nth--)
			return &list[i];
	}
	return NULL;
}

static const struct ctl_node *better(const struct ctl_node *a,
				     const struct ctl_node *b)
{
	/* who is late, whatever makes it so, has enough to do */
	if (a->lag_ms / LAG_STEP_MS != b->lag_ms / LAG_STEP_MS)
		return a->lag_ms < b->lag_ms ? a : b;
	if (a->load != b->load)
		return a->load < b->load ? a : b;
	return a->sessions <= b->sessions ? a : b;
}

const struct ctl_node *media_pick(const struct ctl_node *list, size_t count,
				  uint32_t random, const char *but)
{
	size_t n = up_count(list, count, but), first, second;

	if (!n)
		return NULL;
	if (n == 1)
		return up_at(list, count, 0, but);

	/* two different ones */
	first  = (random & 0xffff) % n;
	second = (first + 1 + (random >> 16) % (n - 1)) % n;
	return better(up_at(list, count, first, but),
		      up_at(list, count, second, but));
}
