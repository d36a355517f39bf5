/*
 * edge_guard.c  Ends connections whose input libwebsockets leaves unread
 *
 * While it waits to write the rest of an answer, or of what goes before a
 * goodbye, libwebsockets does not read; but it goes on to wait for input. A
 * client that does not read and goes on to write then keeps the loop awake
 * until that wait is over, for seconds. So, when the loop turns that often,
 * we look: a connection with input in the kernel that was there at the last
 * look, too, and of which nothing has been heard between, is ended.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/ioctl.h>
#include <libwebsockets.h>
#include <re.h>

#include "common/loop.h"
#include "sigd/transport/edge_priv.h"

/* An idle edge turns some 10 times a second, one that is kept awake 100,000
 * times. Looking at 10,000 connections takes some milliseconds. */
enum {
	TURNS = 1000,
	LOOK_MS = 100
};

static bool has_input(const struct edge_conn *conn)
{
	int fd = lws_get_socket_fd(conn->wsi);
	int n = 0;

	return fd >= 0 && !ioctl(fd, FIONREAD, &n) && n > 0;
}

static void look_at(struct edge_conn *conn)
{
	bool input = conn->wsi && conn->state != CONN_ENDED && has_input(conn);

	if (input && conn->was_unread && !conn->heard) {
		++conn->on->edge->p.counts->limit_unread;
		edge_conn_kill(conn);
	}
	conn->was_unread = input;
	conn->heard = false;
}

static void look(struct list *list)
{
	struct le *le = list->head;

	while (le) {
		struct edge_conn *conn = le->data;

		le = le->next;
		look_at(conn);
	}
}

void edge_guard_turn(void *arg)
{
	struct edge *edge = arg;
	uint32_t turns = ++edge->turns;
	uint64_t now_ms;

	if (turns < TURNS)
		return;

	/* Many in a long time are work, not a loop kept awake */
	now_ms = loop_now_ms();
	if (now_ms - edge->looked_ms < LOOK_MS)
		return;

	turns /= (uint32_t)((now_ms - edge->looked_ms) / LOOK_MS);
	edge->turns = 0;
	edge->looked_ms = now_ms;
	if (turns < TURNS)
		return;
	look(&edge->opening);
	look(&edge->open);
}
