/*
 * fuzz_sip_stream.c  A stream, cut at fuzzed places, gives the same pieces as
 *                    the stream in one
 *
 * The first byte seeds the cuts. A framed message that decodes has exactly the
 * body that the frame gave it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "sigd/sip/smsg.h"
#include "sigd/sip/smsg_frame.h"
#include "tests/lib/fuzz.h"

struct pieces {
	uint8_t *buf;
	size_t len;
	const char *why;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_message(const struct smsg_piece *piece)
{
	uint8_t *buf = malloc(piece->len);
	struct smsg_err why;
	struct smsg msg;

	must(buf != NULL);
	memcpy(buf, piece->data, piece->len);
	if (!smsg_decode(&msg, buf, piece->len, NULL, &why))
		must(msg.raw.l == piece->len);
	free(buf);
}

static void drain(struct smsg_frame *frame, struct pieces *all)
{
	struct smsg_piece piece;
	int err;

	while (!(err = smsg_frame_next(frame, &piece))) {
		all->buf[all->len++] = (uint8_t)piece.kind;
		memcpy(all->buf + all->len, piece.data, piece.len);
		all->len += piece.len;
		if (piece.kind == SMSG_PIECE_MSG)
			check_message(&piece);
	}
	must(err == EAGAIN || err == EBADMSG);
	if (err == EBADMSG)
		all->why = piece.why;
}

/* seed 0: in one part. */
static struct pieces run(const uint8_t *data, size_t size, uint32_t seed)
{
	struct pieces all = {malloc(2 * size + 1), 0, NULL};
	struct smsg_frame *frame;
	size_t at = 0;

	must(all.buf && !smsg_frame_alloc(&frame, 0));
	while (at < size && !all.why) {
		size_t n = size - at;

		seed = seed * 1664525 + 1013904223 * (seed != 0);
		if (seed && n > 1)
			n = 1 + (seed >> 16) % (n < 64 ? n : 64);
		must(!smsg_frame_put(frame, data + at, n));
		drain(frame, &all);
		at += n;
	}
	mem_deref(frame);
	return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pieces one, many;

	if (size < 2)
		return 0;
	one = run(data + 1, size - 1, 0);
	many = run(data + 1, size - 1, data[0] + 1u);
	must(one.len == many.len && !memcmp(one.buf, many.buf, one.len));
	must(one.why == many.why);
	free(one.buf);
	free(many.buf);
	return 0;
}
