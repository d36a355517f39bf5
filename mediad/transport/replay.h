/*
 * replay.h  SRTP index estimate and replay protection of one receive key
 *
 * RFC 3711, 3.3.1, 3.3.2 and appendix A; one window per SSRC, and another for
 * its SRTCP. Pure plain data. Nothing changes before a packet was found
 * authentic: estimate -> unprotect -> accept.
 *
 * An SSRC, once heard, is kept as long as the key is (else its packets
 * could be replayed); the table is bounded, and the peer, who alone can fill
 * it, is refused further ones. It has room for a page that shares its screen
 * anew some times, with an SSRC for each, and for their repairs; and with it a
 * leg takes one page of the state file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_REPLAY_H
#define MEDIAD_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	REPLAY_SSRCS = 16,
	REPLAY_WINDOW = 128
};

struct replay_win {
	uint64_t high;    /* highest index accepted, plus 1; 0: none */
	uint64_t bits[2]; /* bit n: high - 1 - n was accepted */
};

struct replay_src {
	uint32_t ssrc;
	uint32_t used; /* 0 or 1 */
	struct replay_win rtp, rtcp;
};

/* Zeroed memory is an empty table. Plain data for the state file. */
struct replay_state {
	struct replay_src src[REPLAY_SSRCS];
};

/*
 * The index of a packet with this sequence number. EALREADY: seen, or older
 * than the window; ENOSPC: a further SSRC than the table holds. An
 * unknown SSRC begins at ROC 0.
 */
int replay_rtp_check(const struct replay_state *st, uint32_t ssrc, uint16_t seq,
		     uint64_t *index);
/* For SRTCP the packet says its index. */
int replay_rtcp_check(const struct replay_state *st, uint32_t ssrc,
		      uint32_t index);

/* Only for an authentic packet that passed the check. True when the SSRC is
 * new. */
bool replay_rtp_accept(struct replay_state *st, uint32_t ssrc, uint64_t index);
bool replay_rtcp_accept(struct replay_state *st, uint32_t ssrc, uint32_t index);

/* Used counters in range, no SSRC twice. */
bool replay_sound(const struct replay_state *st);

#endif
