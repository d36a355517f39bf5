/*
 * replay.c  SRTP index estimate and replay protection of one receive key
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stddef.h>

#include "mediad/transport/replay.h"

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

static struct replay_src *find_or_take(struct replay_state *st, uint32_t ssrc,
				       bool *is_new)
{
	unsigned i;

	*is_new = false;
	for (i = 0; i < REPLAY_SSRCS && st->src[i].used; i++) {
		if (st->src[i].ssrc == ssrc)
			return &st->src[i];
	}
	if (i == REPLAY_SSRCS)
		return NULL;

	*is_new = true;
	st->src[i] = (struct replay_src){.ssrc = ssrc, .used = 1};
	return &st->src[i];
}

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
		return st->src[REPLAY_SSRCS - 1].used ? ENOSPC : 0;
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
		return st->src[REPLAY_SSRCS - 1].used ? ENOSPC : 0;
	return window_check(&src->rtcp, index);
}

bool replay_rtp_accept(struct replay_state *st, uint32_t ssrc, uint64_t index)
{
	bool is_new;
	struct replay_src *src = find_or_take(st, ssrc, &is_new);

	if (src)
		window_accept(&src->rtp, index);
	return is_new;
}

bool replay_rtcp_accept(struct replay_state *st, uint32_t ssrc, uint32_t index)
{
	bool is_new;
	struct replay_src *src = find_or_take(st, ssrc, &is_new);

	if (src)
		window_accept(&src->rtcp, index);
	return is_new;
}

static bool src_sound(const struct replay_state *st, unsigned i)
{
	const struct replay_src *src = &st->src[i];

	if (!src->used)
		return i + 1 == REPLAY_SSRCS || !st->src[i + 1].used;
	if (src->used != 1 || src->rtp.high > INDEX_END ||
	    src->rtcp.high > 1u << 31)
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
