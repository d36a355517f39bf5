/*
 * packet_check.h  Is a received stream whole? Packets, indices, tones
 *
 * Knows nothing of the code under test: it is given decrypted packets with
 * the index under which they were decrypted, or samples.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_PACKET_CHECK_H
#define TESTS_LIB_PACKET_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One stream under one key. Zeroed by packet_check_open(); ended by
 * packet_check_close(). */
struct packet_check {
	uint32_t ssrc;
	uint32_t rate; /* RTP clock, Hz */
	uint64_t packets;
	uint64_t first, high;  /* lowest and highest index */
	uint64_t duplicates;   /* an index used twice: never allowed */
	uint64_t late;         /* below the highest, but new */
	uint64_t wrong_seq;    /* the header's SEQ is not the index' low half */
	uint64_t ssrc_changes; /* never allowed */
	uint64_t ts_back;      /* timestamp went back while the index rose */
	uint64_t ts_odd;       /* moved otherwise than the time did */
	uint64_t malformed;
	uint64_t max_gap_ms;  /* longest silence between two packets */
	uint64_t gap_from_ms; /* and when it began */
	uint64_t ts_slack_ms; /* for ts_odd; 0: not looked at */
	uint64_t last_ms;
	uint32_t last_ts;
	uint8_t last_pt;
	uint64_t *seen; /* bitmap of all indices from base on; */
	uint64_t base;
	size_t nseen, cap; /* nseen: bits set */
};

void packet_check_open(struct packet_check *pc, uint32_t rate);
void packet_check_close(struct packet_check *pc);
/* now_ms: any monotonic clock of the test. */
void packet_check_add(struct packet_check *pc, const uint8_t *pkt, size_t len,
		      uint64_t index, uint64_t now_ms);
/* Packets that should have come between the first and the highest index. */
uint64_t packet_check_lost(const struct packet_check *pc);
/* NULL when nothing that is never allowed was seen, else what. */
const char *packet_check_fault(const struct packet_check *pc);

/* --- sound: linear samples, full scale 32768 ------------------------------- */

/* Level of all of it, dBov: a full-scale square is 0, a full-scale sine
 * -3.01. -200 for silence. */
double sound_level(const int16_t *pcm, size_t n);
/* The strongest frequency between 50 Hz and rate/2, Hz, to about 1 %. */
double sound_frequency(const int16_t *pcm, size_t n, unsigned rate);
/* Level of one frequency alone, dBov (as a sine of that level). */
double sound_level_at(const int16_t *pcm, size_t n, unsigned rate, double hz);

#endif
