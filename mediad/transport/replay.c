/*
 * replay.c  SRTP index estimate and replay protection of one receive key
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stddef.h>

#include "mediad/transport/replay.h"

enum {
	GONE_EACH = 4
};

static const uint64_t INDEX_END = 1ull << 48;

static const struct replay_src *find(const struct replay_state *st,
				     uint32_t ssrc)
{
	for (unsigned i = 0; i < REPLAY_SSRCS && st->src[i].used; i++) {
		if (st->src[i].ssrc == ssrc)
			return &st->src[i];
	}
	return NULL;
}

/* --- who had to go: a filter of four bits each (Bloom, 1970) ---------------- */

static unsigned gone_bit(uint32_t ssrc, unsigned nr)
{
	uint64_t mix = (ssrc + 1ull) * 0x9e3779b97f4a7c15ull;

	mix ^= mix >> 29;
	mix *= 0xbf58476d1ce4e5b9ull;
	return (unsigned)(mix >> (4 + 15 * nr)) % REPLAY_GONE_BITS;
}

static bool is_gone(const struct replay_state *st, uint32_t ssrc)
{
	for (unsigned i = 0; i < GONE_EACH; i++) {
		unsigned bit = gone_bit(ssrc, i);

		if (!(st->gone[bit / 64] >> (bit % 64) & 1))
			return false;
	}
	return true;
}

static void let_go(struct replay_state *st, uint32_t ssrc)
{
	for (unsigned i = 0; i < GONE_EACH; i++) {
		unsigned bit = gone_bit(ssrc, i);

		st->gone[bit / 64] |= 1ull << (bit % 64);
	}
	++st->ngone;
}

/* --- who is there -------------------------------------------------------------- */

/* Where a new one goes: behind the others, or in the place of who was silent
 * for the longest time. */
static struct replay_src *room(struct replay_state *st)
{
	struct replay_src *src = &st->src[0];

	for (unsigned i = 0; i < REPLAY_SSRCS; i++) {
		if (!st->src[i].used)
			return &st->src[i];
		if (st->src[i].used < src->used)
			src = &st->src[i];
	}
	let_go(st, src->ssrc);
	return src;
}

static uint32_t next_turn(struct replay_state *st)
{
	if (++st->turn)
		return st->turn;
	/* once in four thousand million packets the order is lost */
	for (unsigned i = 0; i < REPLAY_SSRCS; i++)
		st->src[i].used = st->src[i].used != 0;
	return st->turn = 1;
}

static struct replay_src *find_or_take(struct replay_state *st, uint32_t ssrc,
				       bool *is_new)
{
	struct replay_src *src = NULL;

	for (unsigned i = 0; i < REPLAY_SSRCS && st->src[i].used; i++) {
		if (st->src[i].ssrc == ssrc)
			src = &st->src[i];
	}
	*is_new = !src;
	if (!src) {
		src = room(st);
		*src = (struct replay_src){.ssrc = ssrc};
	}
	src->used = next_turn(st);
	return src;
}

/* Nothing of it is heard any more. */
static const struct replay_win rtp_shut = {1ull << 48, {~0ull, ~0ull}};
static const struct replay_win rtcp_shut = {1ull << 31, {~0ull, ~0ull}};

static void join_src(struct replay_state *st, const struct replay_src *from)
{
	const bool was_gone = is_gone(st, from->ssrc);
	struct replay_src *src;
	bool is_new;

	if (!find(st, from->ssrc) && st->src[REPLAY_SSRCS - 1].used) {
		let_go(st, from->ssrc);
		return;
	}
	src = find_or_take(st, from->ssrc, &is_new);
	src->rtcp = from->rtcp;
	if (is_new && was_gone)
		src->rtp = rtp_shut;
}

void replay_join_rtcp(struct replay_state *st, const struct replay_state *other)
{
	for (unsigned i = 0; i < REPLAY_SSRCS && st->src[i].used; i++) {
		if (is_gone(other, st->src[i].ssrc))
			st->src[i].rtcp = rtcp_shut;
	}
	for (unsigned i = 0; i < REPLAY_SSRCS && other->src[i].used; i++)
		join_src(st, &other->src[i]);
	for (unsigned i = 0; i < REPLAY_GONE_BITS / 64; i++)
		st->gone[i] |= other->gone[i];
	st->ngone += other->ngone;
}

/* --- indices ---------------------------------------------------------------------- */

/* RFC 3711, appendix A: the ROC that puts the sequence number nearest to the
 * highest one seen. */
static uint64_t estimate(uint64_t high, uint16_t seq)
{
	uint64_t roc = high >> 16;
	uint16_t top = (uint16_t)high;

	if (top < 0x8000) {
		if (seq > top + 0x8000 && roc)
			--roc;
	} else if (seq < top - 0x8000) {
		++roc;
	}
	return roc << 16 | seq;
}

static int window_check(const struct replay_win *win, uint64_t index)
{
	uint64_t age;

	if (index >= win->high)
		return 0;

	age = win->high - 1 - index;
	if (age >= REPLAY_WINDOW)
		return EALREADY;
	return win->bits[age / 64] >> (age % 64) & 1 ? EALREADY : 0;
}

static void window_shift(struct replay_win *win, uint64_t by)
{
	if (by >= REPLAY_WINDOW) {
		win->bits[0] = win->bits[1] = 0;
	} else if (by >= 64) {
		win->bits[1] = win->bits[0] << (by - 64);
		win->bits[0] = 0;
	} else if (by) {
		win->bits[1] = win->bits[1] << by | win->bits[0] >> (64 - by);
		win->bits[0] <<= by;
	}
}

static void window_accept(struct replay_win *win, uint64_t index)
{
	uint64_t age;

	if (index >= win->high) {
		window_shift(win, index + 1 - win->high);
		win->high = index + 1;
	}
	age = win->high - 1 - index;
	if (age < REPLAY_WINDOW)
		win->bits[age / 64] |= 1ull << (age % 64);
}

int replay_rtp_check(const struct replay_state *st, uint32_t ssrc, uint16_t seq,
		     uint64_t *index)
{
	const struct replay_src *src = find(st, ssrc);

	if (!src) {
		*index = seq;
		return is_gone(st, ssrc) ? ENOSPC : 0;
	}
	*index = src->rtp.high ? estimate(src->rtp.high - 1, seq) : seq;
	/* a key ends with its 2^48 packets (RFC 3711, 9.2) */
	if (*index >= INDEX_END)
		return EALREADY;
	return window_check(&src->rtp, *index);
}

int replay_rtcp_check(const struct replay_state *st, uint32_t ssrc,
		      uint32_t index)
{
	const struct replay_src *src = find(st, ssrc);

	if (!src)
		return is_gone(st, ssrc) ? ENOSPC : 0;
	return window_check(&src->rtcp, index);
}

bool replay_rtp_accept(struct replay_state *st, uint32_t ssrc, uint64_t index)
{
	bool is_new;
	struct replay_src *src = find_or_take(st, ssrc, &is_new);

	window_accept(&src->rtp, index);
	return is_new;
}

bool replay_rtcp_accept(struct replay_state *st, uint32_t ssrc, uint32_t index)
{
	bool is_new;
	struct replay_src *src = find_or_take(st, ssrc, &is_new);

	window_accept(&src->rtcp, index);
	return is_new;
}

static bool src_sound(const struct replay_state *st, unsigned i)
{
	const struct replay_src *src = &st->src[i];

	if (!src->used)
		return i + 1 == REPLAY_SSRCS || !st->src[i + 1].used;
	if (src->rtp.high > INDEX_END || src->rtcp.high > 1u << 31)
		return false;
	return find(st, src->ssrc) == src;
}

bool replay_sound(const struct replay_state *st)
{
	for (unsigned i = 0; i < REPLAY_SSRCS; i++) {
		if (!src_sound(st, i))
			return false;
	}
	return true;
}
