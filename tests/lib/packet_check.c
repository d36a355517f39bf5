/*
 * packet_check.c  Is a received stream whole? Packets, indices, tones
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/packet_check.h"

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

void packet_check_open(struct packet_check *pc, uint32_t rate)
{
	memset(pc, 0, sizeof(*pc));
	pc->rate = rate;
}

void packet_check_close(struct packet_check *pc)
{
	free(pc->seen);
	pc->seen = NULL;
}

/* Every index ever used, in a bitmap: a day of packets is half a megabyte. */
static bool mark(struct packet_check *pc, uint64_t index)
{
	uint64_t bit = index - pc->base;
	size_t word = (size_t)(bit / 64);
	uint64_t one = 1ull << bit % 64;

	if (index < pc->base || bit > 1ull << 32)
		return false;
	if (word >= pc->cap) {
		size_t cap = word + 1024;
		uint64_t *more = realloc(pc->seen, cap * sizeof(*more));

		if (!more)
			abort();
		memset(more + pc->cap, 0, (cap - pc->cap) * sizeof(*more));
		pc->seen = more;
		pc->cap = cap;
	}
	if (pc->seen[word] & one)
		return false;
	pc->seen[word] |= one;
	++pc->nseen;
	return true;
}

static void check_time(struct packet_check *pc, uint32_t ts, uint64_t now_ms)
{
	int32_t moved = (int32_t)(ts - pc->last_ts);
	int64_t want = (int64_t)((now_ms - pc->last_ms) * pc->rate / 1000);
	int64_t slack = (int64_t)(pc->ts_slack_ms * pc->rate / 1000);

	if (moved < 0)
		++pc->ts_back;
	else if (slack && llabs(moved - want) > slack)
		++pc->ts_odd;
	if (now_ms - pc->last_ms > pc->max_gap_ms) {
		pc->max_gap_ms = now_ms - pc->last_ms;
		pc->gap_from_ms = pc->last_ms;
	}
}

void packet_check_add(struct packet_check *pc, const uint8_t *pkt, size_t len,
		      uint64_t index, uint64_t now_ms)
{
	uint32_t ssrc, ts;

	if (len < 12 || pkt[0] >> 6 != 2) {
		++pc->malformed;
		return;
	}
	ssrc = get32(pkt + 8);
	ts = get32(pkt + 4);
	if (!pc->packets) {
		pc->ssrc = ssrc;
		pc->first = pc->high = index;
		/* 2^24 indices below: late ones, and a stream that a test
		 * starts anywhere */
		pc->base = index > (1u << 24) ? index - (1u << 24) : 0;
	} else if (ssrc != pc->ssrc) {
		++pc->ssrc_changes;
		pc->ssrc = ssrc;
	}
	if ((get32(pkt) & 0xffff) != (index & 0xffff))
		++pc->wrong_seq;
	if (!mark(pc, index))
		++pc->duplicates;
	else if (pc->packets && index < pc->high)
		++pc->late;
	else if (pc->packets)
		check_time(pc, ts, now_ms);
	if (index < pc->first)
		pc->first = index;
	if (index >= pc->high) {
		pc->high = index;
		pc->last_ts = ts;
		pc->last_ms = now_ms;
	}
	pc->last_pt = pkt[1] & 0x7f;
	++pc->packets;
}

uint64_t packet_check_lost(const struct packet_check *pc)
{
	return pc->packets ? pc->high - pc->first + 1 - pc->nseen : 0;
}

const char *packet_check_fault(const struct packet_check *pc)
{
	if (!pc->packets)
		return "nothing came";
	if (pc->malformed)
		return "malformed RTP";
	if (pc->duplicates)
		return "an index was used twice";
	if (pc->wrong_seq)
		return "SEQ is not that of the index";
	if (pc->ssrc_changes)
		return "the SSRC changed";
	if (pc->ts_back)
		return "the timestamp went back";
	if (pc->ts_odd)
		return "the timestamp jumped";
	return NULL;
}

/* --- sound ------------------------------------------------------------------ */

static double to_db(double mean_square)
{
	return mean_square > 0 ? 10 * log10(mean_square) : -200;
}

double sound_level(const int16_t *pcm, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)pcm[i] * pcm[i];
	return n ? to_db(sum / (double)n / (32768.0 * 32768.0)) : -200;
}

/* Mean square of one frequency: Goertzel under a Hann window, whose amplitude
 * is halved by it. */
static double power_at(const int16_t *pcm, size_t n, double cycles)
{
	double w = 2 * M_PI * cycles, c = 2 * cos(w), s1 = 0, s2 = 0, amp;

	for (size_t i = 0; i < n; i++) {
		double hann =
			0.5 - 0.5 * cos(2 * M_PI * (double)i / (double)(n - 1));
		double s0 = pcm[i] / 32768.0 * hann + c * s1 - s2;

		s2 = s1;
		s1 = s0;
	}
	amp = 4 * sqrt(fabs(s1 * s1 + s2 * s2 - c * s1 * s2)) / (double)n;
	return amp * amp / 2;
}

double sound_level_at(const int16_t *pcm, size_t n, unsigned rate, double hz)
{
	return n > 1 ? to_db(power_at(pcm, n, hz / rate)) : -200;
}

double sound_frequency(const int16_t *pcm, size_t n, unsigned rate)
{
	double best = 0, best_hz = 0, width;

	if (n > rate) /* a second is fine enough */
		n = rate;
	if (n < 64)
		return 0;
	width = (double)rate / (double)n;
	for (double hz = 50; hz < rate / 2.0; hz += width) {
		double p = power_at(pcm, n, hz / rate);

		if (p > best) {
			best = p;
			best_hz = hz;
		}
	}
	/* between the two neighbours, ever finer */
	for (double step = width / 2; step > width / 64; step /= 2) {
		double up = power_at(pcm, n, (best_hz + step) / rate);
		double down = power_at(pcm, n, (best_hz - step) / rate);

		if (up > best && up >= down)
			best = up, best_hz += step;
		else if (down > best)
			best = down, best_hz -= step;
	}
	return best_hz;
}
