/*
 * jitter.h  Packets in the order of their sequence numbers, as soon as can be
 *
 * No playout clock: a packet in order is not held at all. Behind a gap packets
 * wait for what is missing, for as long as packets of this stream have lately
 * been late, JITTER_WAIT_MAX at most; a stream that loses packets but keeps
 * their order soon waits for next to nothing. Pure; time is an argument.
 * Nothing is allocated: packets are copied into a bounded store.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_JITTER_H
#define MEDIAD_SOUND_JITTER_H

#include <stdbool.h>
#include <stdint.h>

enum {
	JITTER_PACKETS = 32,
	JITTER_BYTES = 6144,
	JITTER_WAIT_MAX = 60, /* ms */
	JITTER_WAIT_MIN = 5,
	JITTER_WAIT_FIRST = 20,
	JITTER_GAP_MAX = 32, /* more missing at once are not waited for */
	JITTER_GAPS = 4,     /* given up lately, to know who is late */
};

struct jitter_pkt {
	uint64_t ext; /* extended sequence number */
	uint64_t at_ms;
	uint32_t ts;
	uint8_t pt;
	uint16_t len;
	const uint8_t *data;
};

struct jitter_gap {
	uint64_t from, to; /* missing; to is the first that is not */
	uint64_t since_ms;
};

struct jitter_stats {
	uint64_t reordered; /* came late, but in time */
	uint64_t late;      /* came too late */
};

struct jitter {
	uint64_t next; /* is due */
	uint32_t wait_ms;
	uint32_t worst_ms; /* of late, fading with each gap */
	bool hurry; /* no room: nothing is waited for */
	uint8_t count;
	uint16_t used; /* of store */
	uint8_t gap;   /* next of gaps */
	struct jitter_stats stats;
	struct jitter_gap gaps[JITTER_GAPS];
	struct jitter_pkt held[JITTER_PACKETS]; /* in order */
	uint8_t store[JITTER_BYTES];
};

enum jitter_verdict {
	JITTER_NOW,  /* its turn: use it, then ask jitter_next() */
	JITTER_HELD, /* copied */
	JITTER_LATE, /* of no use any more */
	JITTER_FULL, /* ask jitter_next() until it has none, then again */
};

/* Nothing held; `next` is the first packet that is due. */
void jitter_init(struct jitter *jitter, uint64_t next);
/* Another source: as above, but what was learnt stays. */
void jitter_anew(struct jitter *jitter, uint64_t next);

/* No packet is put twice (strm_in_packet() sees to it). */
enum jitter_verdict jitter_put(struct jitter *jitter,
			       const struct jitter_pkt *pkt);
/* The next packet whose turn it is; *lost are missing before it. pkt->data is
 * valid until the next jitter_put(). */
bool jitter_next(struct jitter *jitter, uint64_t now_ms, struct jitter_pkt *pkt,
		 uint64_t *lost);
/* When to ask jitter_next() if nothing comes; UINT64_MAX: never. */
uint64_t jitter_due(const struct jitter *jitter);

#endif
