/*
 * edge_loop.h  A libuv loop as one descriptor of ours
 *
 * libwebsockets 4.1.6 has no external poll; it runs on libuv, whose epoll
 * descriptor and next timer are served here from common/loop and the wheel.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_EDGE_LOOP_H
#define SIGD_TRANSPORT_EDGE_LOOP_H

struct edge_loop;
struct wheel;

/* Called after each turn of it. */
typedef void(edge_loop_turn_h)(void *arg);

/* loop_init() came before; mem_deref() when all that ran on it is closed. */
int edge_loop_alloc(struct edge_loop **loopp, struct wheel *wheel,
		    edge_loop_turn_h *turnh, void *arg);
/* The uv_loop_t. */
void *edge_loop_uv(struct edge_loop *loop);
/* Something was changed from outside of libuv's callbacks: serve it at the
 * end of this turn. libuv tells epoll of changes only when it runs. */
void edge_loop_kick(struct edge_loop *loop);
/* Run until nothing is left, at most a second: for the end of what was
 * served here. */
void edge_loop_finish(struct edge_loop *loop);

#endif
