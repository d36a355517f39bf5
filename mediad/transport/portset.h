/*
 * portset.h  The UDP ports of a worker for plain RTP, in pairs
 *
 * RTP has an even port, RTCP the next one (RFC 3550, 11). A pair that was
 * given back is taken again last, so that late packets of the call before
 * meet nobody. Pure, constant time. One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_PORTSET_H
#define MEDIAD_PORTSET_H

#include <stdint.h>

struct portset;

/*
 * The share of slot 1..slots in a range of ports, both ends included: narrows
 * lo and hi. The shares of two slots have no port in common. ENOSPC: not a
 * pair for each.
 */
int portset_share(uint16_t *lo, uint16_t *hi, unsigned slot, unsigned slots);

/* The pairs within lo..hi; the caller owns *setp. ENOSPC: none. */
int portset_alloc(struct portset **setp, uint16_t lo, uint16_t hi);

/* The pair that is free for the longest time; *rtp is even. ENOSPC: none. */
int portset_take(struct portset *set, uint16_t *rtp);
/* This very pair. ENOENT: not of the set; EBUSY: taken. */
int portset_take_this(struct portset *set, uint16_t rtp);
/* A pair that was taken. */
void portset_give(struct portset *set, uint16_t rtp);

uint32_t portset_count(const struct portset *set);
uint32_t portset_free(const struct portset *set);

#endif
