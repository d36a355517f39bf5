/*
 * fuzz_transcode.c  Packets, payloads and events through a transcode: one
 *                   stream comes out, bounded, decodable, that never goes back
 *
 * Input: a byte that chooses codecs, packet time and how digits pass; then
 * packets, each behind five bytes: length, time passed, sequence step,
 * timestamp step (in 2.5 ms), kind (audio, event, comfort noise). Events are made from their payload.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/comfort.h"
#include "mediad/sound/keytone.h"
#include "mediad/sound/transcode.h"
#include "mediad/transport/path.h"
#include "tests/lib/fuzz.h"

enum {
	AUDIO = 96,
	EVENT = 101,
	NOISE = 13,
	PACKETS_MAX = 300,
	BURST_MAX = 2000, /* packets out for one in, or 255 ms */
};

/* In the place of the real one. */
struct path {
	const struct codec *codec;
	struct codec_dec *dec;
	struct pkt last;
	uint64_t count, index;
};

bool path_ready(const struct path *path)
{
	return path->codec != NULL;
}

int path_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
		  uint64_t index)
{
	int16_t pcm[CODEC_VOICE_MAX];
	struct pkt view;
	size_t n = 0;

	assert(pkt_read(&view, pkt, len) == 0);
	assert(view.ssrc == 7 && view.seq == (uint16_t)index);
	assert(view.hdr == PKT_HDR && view.paylen == len - PKT_HDR);
	if (path->count++) {
		assert(index > path->index);
		assert((int32_t)(view.ts - path->last.ts) >= 0);
	}
	path->index = index;
	path->last = view;
	if (view.pt == EVENT) {
		assert(view.paylen % DIGIT_LEN == 0 && view.paylen);
		assert(pkt[view.hdr + 2] || pkt[view.hdr + 3]);
		return 0;
	}
	if (view.pt == NOISE) {
		assert(view.paylen && view.paylen <= COMFORT_LEN_MAX);
		/* the first of another source may have the marker, too */
		assert(pkt[view.hdr] <= COMFORT_QUIET);
		return 0;
	}
	assert(path->codec->voice_span(pkt + view.hdr, view.paylen,
					CODEC_VOICE_RATE) <= 480);
	assert(!path->codec->decode(path->dec, pkt + view.hdr, view.paylen, pcm,
				    &n));
	return 0;
}

struct bed {
	struct wheel *wheel;
	struct transcode *t;
	struct keytone *kt;
	struct path path;
	struct strm_in in;
	struct strm_out out;
	uint32_t ts;
	uint16_t seq;
	uint32_t ssrc;
};

static int bed_open(struct bed *bed, uint8_t how)
{
	static const struct codec *const pairs[4][2] = {
		{&codec_opus, &codec_pcmu},
		{&codec_pcma, &codec_opus},
		{&codec_pcmu, &codec_pcma},
		{&codec_opus, &codec_pcma},
	};
	static const uint16_t ptimes[4] = {20, 10, 30, 60};
	const struct codec *from = pairs[how & 3][0], *to = pairs[how & 3][1];
	struct transcode_params params = {
		.from = {from, AUDIO, EVENT, how & 64 ? 8000 : from->clock,
			 NOISE + 1},
		.to = {to, AUDIO, how & 16 ? TRANSCODE_NO_PT : EVENT,
		       how & 32 ? 8000 : to->clock, how & 128 ? NOISE + 1 : 0},
		.ptime = ptimes[how >> 2 & 3],
		.takes = UINT16_MAX,
		.voice = {.bitrate = 24000, .fec = true, .dtx = how & 128},
		.out = &bed->out,
		.path = &bed->path,
	};
	const struct keytone_params kp = {
		.codec = to,
		.pt = AUDIO,
		.from = {from->clock, params.from.event_clock},
		.out = &bed->out,
		.path = &bed->path,
	};
	struct keytone_params kp2 = kp;
	int err = wheel_alloc(&bed->wheel, 1000);

	bed->path.codec = to;
	strm_in_init(&bed->in, from->clock);
	bed->in.event = EVENT;
	strm_out_init(&bed->out, 7, to->clock, 65000, NULL);
	if (!err)
		err = to->voice_dec_alloc(&bed->path.dec, CODEC_VOICE_RATE);
	kp2.wheel = params.wheel = bed->wheel;
	if (!err && how & 16)
		err = keytone_alloc(&bed->kt, &kp2);
	params.keytone = bed->kt;
	return err ? err : transcode_alloc(&bed->t, &params);
}

static void one(struct bed *bed, const uint8_t *data, size_t len)
{
	uint8_t buf[PATH_HEADROOM + PKT_HDR + 256];
	uint8_t *pkt = buf + PATH_HEADROOM;
	struct strm_pkt sp = {
		.h = {.hdr = PKT_HDR, .paylen = (uint16_t)len},
	};
	uint64_t before = bed->path.count;

	wheel_advance(bed->wheel, wheel_now(bed->wheel) + data[1]);
	bed->seq = (uint16_t)(bed->seq + (int8_t)data[2]);
	bed->ts += (uint32_t)((int8_t)data[3] * 120);
	if ((data[4] & 0xf0) == 0xf0)
		bed->ssrc++;
	sp.h.ssrc = bed->ssrc;
	sp.h.seq = bed->seq;
	sp.h.ts = bed->ts;
	sp.h.pt = data[4] & 1 ? EVENT : data[4] & 2 ? NOISE : AUDIO;
	sp.now_ms = wheel_now(bed->wheel);
	memcpy(pkt + PKT_HDR, data + 5, len);
	if (strm_in_packet(&bed->in, &sp))
		transcode_take(&bed->in, &sp, pkt, bed->t);
	assert(bed->path.count - before < BURST_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bed bed = {.ssrc = 1};
	unsigned n = 0;

	if (!size)
		return 0;
	if (!bed_open(&bed, data[0])) {
		data++;
		size--;
		while (size >= 5 && n++ < PACKETS_MAX) {
			size_t len = data[0] < size - 5 ? data[0] : size - 5;

			one(&bed, data, len);
			data += 5 + len;
			size -= 5 + len;
		}
		/* what waits for another packet, then what that begins */
		for (n = 0; n < 4000; n++)
			wheel_advance(bed.wheel, wheel_now(bed.wheel) + 20);
		assert(wheel_count(bed.wheel) == 0);
	}
	mem_deref(bed.t);
	mem_deref(bed.kt);
	mem_deref(bed.path.dec);
	mem_deref(bed.wheel);
	return 0;
}
