/*
 * stream_in.c  What a source sends: order, loss, jitter
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/rtp/stream.h"

enum {
	BEHIND_MAX = 64,  /* bits in strm_in.seen */
	AHEAD_MAX = 3000, /* RFC 3550, A.1: MAX_DROPOUT */
	LATE_MAX = 3000,  /* behind: what was sent again too late, */
	LATE_MS = 500,    /* of a source that was heard since then */
};

static const uint64_t EXT_BASE = 1ull << 32;

void strm_in_init(struct strm_in *in, uint32_t rate)
{
	*in = (struct strm_in){.rate = rate, .event = -1, .cand_seq = -1};
}

void strm_in_set_rate(struct strm_in *in, uint32_t rate)
{
	if (rate == in->rate)
		return;

	in->rate = rate;
	in->jitter = 0;
	in->anew = true;
}

static uint64_t lost_here(const struct strm_in *in)
{
	uint64_t expected = in->high - in->base + 1;

	return in->gen && expected > in->got ? expected - in->got : 0;
}

static void begin_source(struct strm_in *in, struct strm_pkt *sp)
{
	in->lost_before += lost_here(in);
	in->gen++;
	in->ssrc = sp->h.ssrc;
	in->high = EXT_BASE | sp->h.seq;
	in->base = in->high;
	in->seen = 1;
	in->got = 1;
	in->cand_seq = -1;
	in->anew = false;
	in->transit = (uint32_t)(sp->now_ms * in->rate / 1000) - sp->h.ts;
	sp->ext = in->high;
}

/* A packet that does not go on where the source stands: true when it is the
 * second of a row, and the source is to be replaced. */
static bool candidate_follows(struct strm_in *in, const struct strm_pkt *sp)
{
	bool follows = in->cand_seq == sp->h.seq && in->cand_ssrc == sp->h.ssrc;

	in->cand_ssrc = sp->h.ssrc;
	in->cand_seq = (uint16_t)(sp->h.seq + 1);
	return follows;
}

/* RFC 3550, A.8 */
static void count_jitter(struct strm_in *in, const struct strm_pkt *sp)
{
	uint32_t transit = (uint32_t)(sp->now_ms * in->rate / 1000) - sp->h.ts;
	int32_t diff = (int32_t)(transit - in->transit);

	in->transit = transit;
	if (diff < 0)
		diff = -(diff + 1);
	/* a jump of the source's clock is no jitter */
	if ((uint32_t)diff > in->rate)
		return;
	in->jitter += (uint32_t)diff - ((in->jitter + 8) >> 4);
}

static bool count_ahead(struct strm_in *in, struct strm_pkt *sp, uint32_t step)
{
	in->seen = step < BEHIND_MAX ? in->seen << step | 1 : 1;
	in->high += step;
	in->got++;
	sp->ext = in->high;
	if (sp->steady)
		count_jitter(in, sp);
	return true;
}

static bool count_behind(struct strm_in *in, struct strm_pkt *sp, uint32_t back)
{
	if (in->seen >> back & 1) {
		in->dups++;
		return false;
	}
	in->seen |= 1ull << back;
	sp->ext = in->high - back;
	if (sp->ext < in->base)
		in->base = sp->ext;
	in->got++;
	return true;
}

/* Sent again, it comes in a row, too, and the source goes on all the same. */
static bool is_late(const struct strm_in *in, const struct strm_pkt *sp,
		    uint16_t back)
{
	return back < LATE_MAX && sp->now_ms - in->last_ms < LATE_MS;
}

static bool place(struct strm_in *in, struct strm_pkt *sp)
{
	uint16_t step = (uint16_t)(sp->h.seq - (uint16_t)in->high);
	uint16_t back = (uint16_t)-step;
	bool same = in->gen && !in->anew && sp->h.ssrc == in->ssrc;

	if (same && back < BEHIND_MAX) {
		in->cand_seq = -1;
		return count_behind(in, sp, back);
	}
	if (same && step < AHEAD_MAX) {
		in->cand_seq = -1;
		return count_ahead(in, sp, step);
	}
	if ((same && is_late(in, sp, back)) ||
	    (in->gen && !in->anew && !candidate_follows(in, sp))) {
		in->refused++;
		return false;
	}
	begin_source(in, sp);
	return true;
}

bool strm_in_packet(struct strm_in *in, struct strm_pkt *sp)
{
	sp->steady = sp->h.pt != in->event;
	if (!place(in, sp))
		return false;

	if (!in->packets)
		in->first_ms = sp->now_ms;
	in->packets++;
	in->octets += sp->h.paylen;
	in->last_ms = sp->now_ms;
	return true;
}

uint64_t strm_in_lost(const struct strm_in *in)
{
	return in->lost_before + lost_here(in);
}

uint32_t strm_in_jitter_us(const struct strm_in *in)
{
	return (uint32_t)((uint64_t)(in->jitter >> 4) * 1000000 / in->rate);
}
