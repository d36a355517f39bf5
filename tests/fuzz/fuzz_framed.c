/*
 * fuzz_framed.c  Bytes of a browser that comes over TCP
 *
 * Input: the bytes of a connection; the first byte says in how large pieces
 * they come. What the mux is handed out is checked, and ends as it would.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/transport/framed_priv.h"
#include "mediad/transport/lite.h"
#include "mediad/transport/pass.h"
#include "tests/lib/fuzz.h"

struct world {
	struct wheel *wheel;
	struct framed *framed;
	int listening;
	size_t bytes; /* handed out */
};

static enum framed_whose on_first(const uint8_t *frame, size_t len,
				  uint8_t *slot, void *arg)
{
	struct pl ufrag;
	int at;

	(void)arg;
	assert(len && len <= FRAMED_FRAME_MAX);
	if (lite_route(&ufrag, frame, len))
		return len & 1 ? FRAMED_OURS : FRAMED_NOBODYS;
	at = lite_slot(&ufrag);
	assert(at >= -1 && at <= 255);
	*slot = (uint8_t)at;
	return at < 0 ? FRAMED_OURS : FRAMED_SIBLINGS;
}

static void on_frame(uint8_t *frame, size_t len, const struct sa *src,
		     void *arg)
{
	struct world *world = arg;

	assert(len && len <= FRAMED_FRAME_MAX && sa_port(src) == 9);
	memset(frame - PATH_HEADROOM, 0, PATH_HEADROOM);
	memset(frame, 0, FRAMED_FRAME_MAX);
	world->bytes += len;
}

static bool on_claimed(const struct sa *src, void *arg)
{
	(void)src;
	(void)arg;
	return false;
}

static const struct framed_handlers handlers = {on_first, on_frame,
						on_claimed};

static void one(struct world *world, const uint8_t *data, size_t size)
{
	struct pass_msg msg = {.len = 0};
	size_t piece = 1u + data[0] * 8u, at = 1, n;
	int fds[2];

	sa_set_str(&msg.src, "192.0.2.1", 9);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds))
		abort();
	framed_adopt(world->framed, fds[0], &msg);
	while (at < size && framed_count(world->framed)) {
		n = size - at < piece ? size - at : piece;
		n = (size_t)send(fds[1], data + at, n, MSG_NOSIGNAL);
		at += n;
		framed_conn_read(list_head(&world->framed->fresh)->data);
	}
	assert(world->bytes <= size);
	close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct framed_params base = {.max = 4, .h = &handlers};
	struct framed_params params = base;
	struct world world = {.bytes = 0};

	if (!size || size > 65536)
		return 0;
	world.listening = socket(AF_INET, SOCK_STREAM, 0);
	params.fd = world.listening;
	params.arg = &world;
	if (!wheel_alloc(&world.wheel, 1)) {
		params.wheel = world.wheel;
		if (!framed_alloc(&world.framed, &params))
			one(&world, data, size);
	}
	mem_deref(world.framed);
	mem_deref(world.wheel);
	close(world.listening);
	return 0;
}
