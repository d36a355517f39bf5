/*
 * replay.h  SRTP index estimate and replay protection of one receive key
 *
 * RFC 3711, 3.3.1, 3.3.2 and appendix A; one window per SSRC, and another for
 * its SRTCP. Pure plain data. Nothing changes before a packet was found
 * authentic: estimate -> unprotect -> accept.
 *
 * An SSRC that was heard is known as long as the key is, else its packets could
 * be replayed (RFC 3711, 3.3.2, 9.1): the latest REPLAY_SSRCS have their
 * windows. A further one, which the peer alone can begin, takes the place of
 * who was silent for the longest time, and who had to go never comes back under
 * this key. Those are kept in a filter of fixed size that forgets none: the
 * more there are, the likelier it takes a new one for one of them (a hundred:
 * one in a hundred). So a page may share its screen anew as often as it likes,
 * and a leg still takes one page of the state file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_REPLAY_H
#define MEDIAD_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	REPLAY_SSRCS = 16,
	REPLAY_WINDOW = 128,
	REPLAY_GONE_BITS = 1024,
};

struct replay_win {
	uint64_t high;    /* highest index accepted, plus 1; 0: none */
	uint64_t bits[2]; /* bit n: high - 1 - n was accepted */
};

struct replay_src {
	uint32_t ssrc;
	uint32_t used; /* 0: none; the higher, the later it was heard */
	struct replay_win rtp, rtcp;
};

/* Zeroed memory is an empty table. Plain data for the state file. */
struct replay_state {
	struct replay_src src[REPLAY_SSRCS];
	uint64_t gone[REPLAY_GONE_BITS / 64];
	uint32_t turn; /* of the latest that was heard */
	uint32_t ngone;
};

/*
 * The index of a packet with this sequence number. EALREADY: seen, or older
 * than the window; ENOSPC: its SSRC had to go, or looks so. An unknown one
 * begins at ROC 0.
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

/* What `other` has heard of RTCP, and whom it let go, under keys of its own. */
void replay_join_rtcp(struct replay_state *st,
		      const struct replay_state *other);

/* Used counters in range, no SSRC twice. */
bool replay_sound(const struct replay_state *st);

#endif
