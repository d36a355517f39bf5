/*
 * edge_loop.c  A libuv loop as one descriptor of ours
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdint.h>
#include <time.h>
#include <uv.h>
#include <re.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "sigd/transport/edge_loop.h"

/* Rounds of libuv in one turn of ours: what is left waits for the next, so
 * that a busy edge cannot starve the rest. */
enum {
	ROUNDS = 4,
	FINISH_ROUNDS = 1000
};

struct edge_loop {
	uv_loop_t uv;
	bool open;
	struct loop_watch *watch;
	struct wheel *wheel;
	struct wheel_timer timer;
	edge_loop_turn_h *turnh;
	void *arg;
};

static void serve(void *arg)
{
	struct edge_loop *loop = arg;
	int ms = 0;

	wheel_stop(&loop->timer);
	for (int i = 0; i < ROUNDS && !ms; i++) {
		(void)uv_run(&loop->uv, UV_RUN_NOWAIT);
		ms = uv_backend_timeout(&loop->uv);
	}
	loop->turnh(loop->arg);
	if (!ms)
		(void)loop_after(serve, loop);
	else if (ms > 0)
		wheel_start(loop->wheel, &loop->timer, (uint64_t)ms, serve,
			    loop);
}

static void on_ready(int flags, void *arg)
{
	(void)flags;
	serve(arg);
}

static void loop_destructor(void *data)
{
	struct edge_loop *loop = data;

	loop_after_cancel(serve, loop);
	wheel_stop(&loop->timer);
	mem_deref(loop->watch);
	if (loop->open)
		(void)uv_loop_close(&loop->uv);
}

int edge_loop_alloc(struct edge_loop **loopp, struct wheel *wheel,
		    edge_loop_turn_h *turnh, void *arg)
{
	struct edge_loop *loop;
	int err;

	if (!loopp || !wheel || !turnh)
		return EINVAL;

	loop = mem_zalloc(sizeof(*loop), loop_destructor);
	if (!loop)
		return ENOMEM;

	loop->wheel = wheel;
	loop->turnh = turnh;
	loop->arg = arg;
	err = -uv_loop_init(&loop->uv);
	if (!err) {
		loop->open = true;
		err = loop_watch_alloc(&loop->watch, uv_backend_fd(&loop->uv),
				       LOOP_READ, on_ready, loop);
	}
	if (err)
		mem_deref(loop);
	else
		*loopp = loop;
	return err;
}

void *edge_loop_uv(struct edge_loop *loop)
{
	return &loop->uv;
}

void edge_loop_kick(struct edge_loop *loop)
{
	(void)loop_after(serve, loop);
}

void edge_loop_finish(struct edge_loop *loop)
{
	const struct timespec ms = {0, 1000000};

	for (int i = 0; i < FINISH_ROUNDS; i++) {
		if (!uv_run(&loop->uv, UV_RUN_NOWAIT))
			break;
		if (uv_backend_timeout(&loop->uv))
			nanosleep(&ms, NULL);
	}
}
