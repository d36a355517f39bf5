/*
 * video.c  The packet path of video
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/rtp/past.h"
#include "mediad/rtp/video.h"
#include "mediad/rtp/wire.h"
#include "mediad/transport/path.h"

enum {
	ONE_BYTE = 0xbede,    /* RFC 8285, 4.2 */
	TWO_BYTE = 0x1000,    /* 4.3, lower 4 bits: anything */
	HEAD = 4,             /* profile and length */
	ROOM = HEAD + VIDEO_EXTS * (1 + VIDEO_EXT_LEN_MAX) + 3,
	ASKS_MS = 100,     /* VIDEO_ASKS within so much */
	ASK_AGAIN_MS = 20, /* for the same one not sooner */
};

/* --- header extensions ------------------------------------------------------ */

/* Where the elements of a packet's extension stand. */
struct elements {
	const uint8_t *p;
	size_t len;
	bool two; /* bytes before each */
};

static bool elements_find(struct elements *els, const uint8_t *pkt,
			  const struct pkt *h)
{
	size_t at = PKT_HDR + 4u * (pkt[0] & 0x0f);
	uint16_t profile;

	if (!(pkt[0] & 0x10) || at + HEAD > h->hdr)
		return false;
	profile = wire_get16(pkt + at);
	els->two = (profile & 0xfff0) == TWO_BYTE;
	els->p = pkt + at + HEAD;
	els->len = h->hdr - at - HEAD;
	return els->two || profile == ONE_BYTE;
}

/* The next one; false: no more. */
static bool element_next(struct elements *els, uint8_t *id, const uint8_t **val,
			 size_t *len)
{
	size_t head = els->two ? 2 : 1;

	while (els->len && !*els->p) { /* padding */
		els->p++;
		els->len--;
	}
	if (els->len < head)
		return false;
	*id = els->two ? els->p[0] : els->p[0] >> 4;
	*len = els->two ? els->p[1] : (els->p[0] & 15) + 1u;
	if (*len > els->len - head || (!els->two && *id == 15))
		return false;
	*val = els->p + head;
	els->p += head + *len;
	els->len -= head + *len;
	return true;
}

static uint8_t id_out(const struct video_way *way, uint8_t id)
{
	for (unsigned i = 0; i < VIDEO_EXTS; i++)
		if (id && way->in_exts.id[i] == id)
			return way->out_exts.id[i];
	return 0;
}

/* Those that pass, as a whole extension; its length, 0: none. */
static size_t exts_copy(uint8_t *buf, const struct video_way *way,
			const uint8_t *pkt, const struct pkt *h)
{
	const uint8_t *val;
	struct elements els;
	size_t at = HEAD, len;
	unsigned n = 0;
	uint8_t id;

	if (!elements_find(&els, pkt, h))
		return 0;
	while (n < VIDEO_EXTS && element_next(&els, &id, &val, &len)) {
		uint8_t out = id_out(way, id);

		if (!out || !len || len > VIDEO_EXT_LEN_MAX)
			continue;
		buf[at] = (uint8_t)(out << 4 | (len - 1));
		memcpy(buf + at + 1, val, len);
		at += 1 + len;
		n++;
	}
	if (!n)
		return 0;
	while (at % 4)
		buf[at++] = 0;
	wire_put16(buf, ONE_BYTE);
	wire_put16(buf + 2, (uint16_t)(at / 4 - 1));
	return at;
}

/* --- one packet ---------------------------------------------------------------- */

static bool send_on(struct video_way *way, const struct strm_pkt *sp,
		    uint8_t *head, size_t len)
{
	struct strm_out *out = way->out;

	if (way->past)
		past_add(way->past, sp->index, head, len);
	if (path_send_rtp(way->to, head, len, sp->index))
		return false;
	if (!out->packets)
		out->first_ms = sp->now_ms;
	out->packets++;
	out->octets += sp->h.paylen;
	return true;
}

static bool forward(struct video_way *way, const struct strm_in *in,
		    struct strm_pkt *sp, uint8_t *pkt)
{
	const bool marker = sp->h.marker;
	uint8_t exts[ROOM];
	uint8_t *head;
	size_t len;

	if (!way->out || sp->h.pt != way->in_pt || !path_ready(way->to))
		return false;
	len = exts_copy(exts, way, pkt, &sp->h);
	if (!strm_map_packet(&way->map, way->out, in, sp))
		return false;

	sp->h.pt = way->out_pt;
	sp->h.marker = marker;
	/* what passes came in as much room or more, and before that there is
	 * PATH_HEADROOM */
	head = pkt + sp->h.hdr - len - PKT_HDR;
	pkt_write(head, &sp->h);
	if (len) {
		head[0] |= 0x10;
		memcpy(head + PKT_HDR, exts, len);
	}
	return send_on(way, sp, head, PKT_HDR + len + sp->h.paylen);
}

bool video_forward(struct video_way *way, const struct strm_in *in,
		   struct strm_pkt *sp, uint8_t *pkt)
{
	bool sent = forward(way, in, sp, pkt);

	way->dropped += !sent;
	return sent;
}

/* --- numbers ---------------------------------------------------------------------- */

uint64_t video_index(const struct strm_out *out, uint16_t seq)
{
	uint64_t last = out->next - 1;

	return last - (uint16_t)((uint16_t)last - seq);
}

bool video_source_seq(const struct video_way *way, const struct strm_in *in,
		      uint64_t index, uint16_t *seq)
{
	if (!way->out || !strm_map_goes_on(&way->map, way->out, in) ||
	    index < way->out->floor)
		return false;
	*seq = (uint16_t)(index - way->map.delta);
	return true;
}

bool video_may_ask(struct video_asks *asks, const struct strm_in *in,
		   uint16_t seq, uint64_t now_ms)
{
	const uint16_t back = (uint16_t)((uint16_t)in->high - seq);
	const unsigned i = seq % VIDEO_ASKS;

	if (back >= VIDEO_ASKS || in->seen >> back & 1)
		return false;
	if (asks->at_ms[i] && asks->seq[i] == seq &&
	    now_ms - asks->at_ms[i] < ASK_AGAIN_MS)
		return false;
	if (now_ms - asks->from_ms >= ASKS_MS) {
		asks->from_ms = now_ms;
		asks->n = 0;
	}
	if (asks->n == VIDEO_ASKS)
		return false;
	asks->n++;
	asks->at_ms[i] = now_ms;
	asks->seq[i] = seq;
	return true;
}
