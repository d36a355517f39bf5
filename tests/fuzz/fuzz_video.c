/*
 * fuzz_video.c  Video through the relay, and its feedback: no index goes out
 *               twice with other bytes, and what we write we understand
 *
 * Input: packets, each behind a byte of length and a byte of what it is.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/rtp/feedback.h"
#include "mediad/rtp/past.h"
#include "mediad/rtp/relay.h"
#include "mediad/rtp/report.h"
#include "mediad/rtp/video.h"
#include "mediad/transport/path.h"
#include "tests/lib/fuzz.h"

enum {
	SENT_MAX = 512,
	SSRC = 7,
	FAR = 0x01020304,
	RTCP = 0x80, /* of the byte: it is a compound */
	SWITCH = 0x40,
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
	assert(view.ssrc == SSRC && view.seq == (uint16_t)index);
	assert(view.pt == 97 && view.paylen == len - view.hdr);
	assert(index < path->slot->next);
	for (size_t i = 0; i < path->count; i++)
		assert(path->sent[i] != index);
	path->sent[path->count++] = index;
	return 0;
}

struct rig {
	struct path path;
	struct strm_slot slot;
	struct strm_out out;
	struct strm_in in;
	struct video_way way;
	struct report rep;
	uint64_t now_ms;
};

static void packet(struct rig *rig, const uint8_t *data, size_t len)
{
	uint8_t buf[PATH_HEADROOM + 256];
	uint8_t *pkt = buf + PATH_HEADROOM;
	struct strm_pkt sp = {.now_ms = rig->now_ms};

	memcpy(pkt, data, len);
	if (!pkt_read(&sp.h, pkt, len) && strm_in_packet(&rig->in, &sp))
		(void)video_forward(&rig->way, &rig->in, &sp, pkt);
}

static void passed(struct rig *rig, const struct feedback *fb)
{
	const struct feedback_pen pen = {
		.rep = &rig->rep, .about = FAR, .rsize = rig->now_ms & 1};
	uint8_t buf[FEEDBACK_SIZE_MAX];
	uint16_t lost[FEEDBACK_NACKS], again[FEEDBACK_NACKS];
	struct report_time now = {1000, 1790000000000};
	struct report far;
	struct feedback mine[FEEDBACK_MAX];
	size_t n, len;

	if (fb->kind == FEEDBACK_NACK) {
		n = feedback_lost(lost, FEEDBACK_NACKS, fb);
		len = feedback_write_nack(&pen, buf, lost, n);
	} else if (fb->kind == FEEDBACK_PLI) {
		len = feedback_write_pli(&pen, buf);
	} else if (fb->kind == FEEDBACK_FIR) {
		len = feedback_write_fir(&pen, buf, 3);
	} else {
		len = feedback_write_passed(&pen, buf, fb);
	}
	assert(len <= sizeof(buf));
	if (!len)
		return;
	report_init(&far, FAR, "far", NULL);
	assert(!report_read(&far, buf, len, &now));
	assert(feedback_read(mine, FAR, buf, len) == 1);
	assert(mine[0].kind == fb->kind);
	if (fb->kind != FEEDBACK_NACK)
		return;
	assert(feedback_lost(again, FEEDBACK_NACKS, &mine[0]) >= 1);
	assert(again[0] == lost[0]);
}

static void compound(struct rig *rig, const uint8_t *data, size_t len)
{
	struct report_time now = {rig->now_ms, 1790000000000};
	struct feedback fbs[FEEDBACK_MAX];
	uint16_t lost[FEEDBACK_NACKS], seq;
	size_t n;

	if (report_read(&rig->rep, data, len, &now))
		return;
	n = feedback_read(fbs, SSRC, data, len);
	for (size_t i = 0; i < n; i++) {
		passed(rig, &fbs[i]);
		if (fbs[i].kind != FEEDBACK_NACK)
			continue;
		for (size_t k = feedback_lost(lost, FEEDBACK_NACKS, &fbs[i]);
		     k; k--) {
			uint64_t index = video_index(&rig->out, lost[k - 1]);
			const uint8_t *pkt;
			size_t plen;

			(void)video_source_seq(&rig->way, &rig->in, index,
					       &seq);
			if (past_find(rig->way.past, index, rig->now_ms, &pkt,
				      &plen))
				continue;
			assert(plen >= PKT_HDR && plen <= PKT_MAX);
			assert((pkt[2] << 8 | pkt[3]) == (uint16_t)index);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig rig = {.now_ms = 1};

	rig.path.slot = &rig.slot;
	strm_in_init(&rig.in, VIDEO_CLOCK);
	strm_out_init(&rig.out, SSRC, VIDEO_CLOCK, 65535, &rig.slot);
	report_init(&rig.rep, SSRC, "fuzz", NULL);
	rig.way = (struct video_way){
		.out = &rig.out,
		.to = &rig.path,
		.in_exts = {{1, 2, 3}},
		.out_exts = {{3, 0, 14}},
		.in_pt = 96,
		.out_pt = 97,
	};
	assert(!past_alloc(&rig.way.past));
	while (size >= 2) {
		size_t len = data[0] < size - 2 ? data[0] : size - 2;

		rig.now_ms += data[1] & 0x3f;
		if (data[1] & SWITCH)
			rig.way.map = (struct strm_map){0};
		if (data[1] & RTCP)
			compound(&rig, data + 2, len);
		else
			packet(&rig, data + 2, len);
		data += 2 + len;
		size -= 2 + len;
	}
	mem_deref(rig.way.past);
	return 0;
}
