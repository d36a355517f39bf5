/*
 * fuzz_rtp.c  RTP packets through the relay: whatever comes in, no index
 *             goes out twice
 *
 * Input: packets, each behind a byte of length and a byte of time passed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>

#include "mediad/rtp/relay.h"
#include "mediad/transport/path.h"
#include "tests/lib/fuzz.h"

enum {
	SENT_MAX = 1024
};

/* In the place of the real one. */
struct path {
	uint64_t sent[SENT_MAX];
	size_t count;
	const struct strm_slot *slot;
};

bool path_ready(const struct path *path)
{
	return path->count < SENT_MAX;
}

int path_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
		  uint64_t index)
{
	struct pkt view;

	assert(pkt_read(&view, pkt, len) == 0);
	assert(view.ssrc == 7 && view.seq == (uint16_t)index);
	assert(view.hdr == PKT_HDR && view.paylen == len - PKT_HDR);
	assert(index < path->slot->next);
	for (size_t i = 0; i < path->count; i++)
		assert(path->sent[i] != index);
	path->sent[path->count++] = index;
	return 0;
}

static void one(struct relay *relay, struct strm_in *in, const uint8_t *data,
		size_t len, uint64_t now_ms)
{
	uint8_t buf[PATH_HEADROOM + 256];
	struct path_packet packet = {
		.pkt = buf + PATH_HEADROOM,
		.len = len,
		.cap = 256,
		.now_ms = now_ms,
	};
	struct strm_pkt sp;
	uint64_t bad = 0;

	memcpy(packet.pkt, data, len);
	if (relay_read(in, &sp, &packet, &bad))
		relay_forward(relay, in, &sp, packet.pkt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct digit_clock from = {48000, 8000}, to = {48000, 48000};
	struct path path = {.count = 0};
	struct digit_way way;
	struct strm_slot slot;
	struct strm_out out;
	struct strm_in in;
	struct relay relay;
	uint64_t now_ms = 1;

	path.slot = &slot;
	strm_in_init(&in, 48000);
	in.event = 101;
	strm_out_init(&out, 7, 48000, 65535, &slot);
	relay_open(&relay, &out, &path);
	for (uint8_t pt = 0; pt < RELAY_PTS; pt += 2)
		relay_pass(&relay, pt, pt);
	digit_way_init(&way, &from, &to, UINT16_MAX);
	relay_pass_event(&relay, 101, 101, &way);
	relay_pass_red(&relay, 63, size % 2 ? 62 : RELAY_NO_PT);

	while (size >= 2) {
		size_t len = data[0] < size - 2 ? data[0] : size - 2;

		now_ms += data[1];
		if (data[1] == 0xff) /* the worker died */
			strm_out_resume(&out, 7, 48000, &slot, now_ms);
		if (data[1] >= 0xfe)
			relay.map = (struct strm_map){0};
		if (data[1] == 0xfd)
			relay_end_event(&relay, now_ms);
		one(&relay, &in, data + 2, len, now_ms);
		data += 2 + len;
		size -= 2 + len;
	}
	return 0;
}
