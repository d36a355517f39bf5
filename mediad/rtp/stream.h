/*
 * stream.h  RTP streams: what comes in, what goes out, and how one becomes
 *           the other
 *
 * Pure; time is an argument (monotonic milliseconds, one value per batch).
 * Plain data to embed in a leg; no allocation.
 *
 * An outgoing stream is ours for as long as the leg lives: one SSRC, and a
 * packet index (RFC 3711, 3.3.1: 2^16 * ROC + SEQ) that never goes back and is
 * never used twice, whatever source stands behind it. A source is mapped to
 * it by two offsets, one for the index and one for the timestamp. They are
 * chosen anew when the source changes (another leg or service, another SSRC, a
 * restart of its sequence, a resume of ours): the sequence then goes on
 * with the next number, the timestamp with the time that has passed, and the
 * marker bit is set. Inside a source, loss and reordering stay as they are.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_STREAM_H
#define MEDIAD_RTP_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "mediad/rtp/pkt.h"

/* A packet on its way through. */
struct strm_pkt {
	struct pkt h;
	uint64_t now_ms; /* when it came: the caller's */
	bool steady;     /* strm_in_packet(): its timestamp runs with the
			    media clock; false for telephone-event, which
			    carries the time of the event's begin */
	uint32_t age;    /* of an event: ticks since it began */
	uint8_t code;    /* of an event */
	uint64_t ext;    /* strm_in_packet(): extended sequence number */
	uint64_t index;  /* strm_map_packet(): index to send it under */
};

/* --- coming in ---------------------------------------------------------- */

struct strm_in {
	uint32_t ssrc;
	uint32_t rate;      /* RTP clock, Hz */
	int16_t event;      /* payload type of telephone-event, -1: none */
	uint32_t gen;       /* counts sources; 0: none was heard yet */
	uint64_t base;      /* first and highest extended sequence number of */
	uint64_t high;      /* this source; 2^32 added, so that a packet */
			    /* before the first one is a number too */
	uint64_t seen;      /* bit n: high - n was received */
	uint32_t cand_ssrc; /* a source that may replace this one when it */
	int32_t cand_seq;   /* sends this number next; -1: none */
	bool anew;          /* whatever comes next is a new source */
	uint64_t got;       /* packets of this source, without duplicates */
	uint64_t lost_before;                    /* lost of earlier sources */
	uint64_t packets, octets, dups, refused; /* of all sources */
	uint32_t jitter; /* RFC 3550 A.8, in 1/16 of a clock tick */
	uint32_t transit;
	uint64_t first_ms, last_ms; /* arrival; 0: none yet */
};

/* rate: Hz, over 0. No telephone-event. */
void strm_in_init(struct strm_in *in, uint32_t rate);
/* Another rate: jitter begins anew, and the next packet a new source. */
void strm_in_set_rate(struct strm_in *in, uint32_t rate);

/*
 * Count a packet. True when it is to be used; ext is then set and belongs to
 * the present source (in->gen). False for a duplicate, for one 64 or more
 * behind, and for the first packet of a jump: the source is only replaced when
 * the next one follows it (RFC 3550, A.1); by one a little behind of the same
 * SSRC, which may be what was sent again, only when it is silent.
 */
bool strm_in_packet(struct strm_in *in, struct strm_pkt *sp);

/* Packets expected but not received, all sources together; duplicates and
 * late ones do not make it negative. */
uint64_t strm_in_lost(const struct strm_in *in);
/* Mean deviation of the arrival, microseconds. */
uint32_t strm_in_jitter_us(const struct strm_in *in);

/* --- going out ---------------------------------------------------------- */

/* What a successor needs to go on, kept in shared memory by the owner.
 * Written before every packet that moves it; each field by one store. */
struct strm_slot {
	uint64_t next;  /* lowest index never used */
	uint64_t mark;  /* latest timestamp << 32 | low half of its time, ms */
	uint64_t rtcp;  /* lowest SRTCP index never used (report.h) */
	uint64_t event; /* struct strm_event, packed; 0: none */
};

/* The telephone-event that is on, or the last one. */
struct strm_event {
	uint8_t code;
	uint8_t volume;
	bool on;     /* its end was not sent */
	bool known;  /* there was one */
	bool before; /* it is from before the resume */
	uint32_t ts; /* of its segment */
};

struct strm_out {
	uint32_t ssrc;
	uint32_t rate;  /* RTP clock, Hz */
	uint64_t next;  /* lowest index never used, under 2^48 */
	uint64_t floor; /* lower ones belong to a former source */
	uint64_t used;  /* bit n: next - 1 - n was used */
	uint32_t ts;    /* the latest timestamp */
	uint64_t ts_ms; /* and when it was used */
	bool begun;     /* a packet was sent, or one before us did */
	struct strm_event event;
	struct strm_slot *slot;   /* NULL: nobody will go on */
	uint64_t packets, octets; /* sent; the sender counts, */
	uint64_t first_ms;        /* and notes the first; 0: none yet */
	uint32_t switches;        /* changes of source */
	const void *solo;         /* the one source that is heard for the
				     moment (its map); NULL: any */
};

/* first: of the sequence numbers; taken modulo 2^15, so that a receiver that
 * lost the first packets guesses the ROC right (RFC 3711, 3.3.1). slot may be
 * NULL, else it is written and stays the caller's. */
void strm_out_init(struct strm_out *out, uint32_t ssrc, uint32_t rate,
		   uint32_t first, struct strm_slot *slot);
/* Go on where another incarnation of us stood, from what it left in slot. */
void strm_out_resume(struct strm_out *out, uint32_t ssrc, uint32_t rate,
		     struct strm_slot *slot, uint64_t now_ms);
/* The clock rate changes with the codec; timestamps go on. */
void strm_out_set_rate(struct strm_out *out, uint32_t rate, uint64_t now_ms);
/* An event went out: what is on, and what is over, outlives us. */
void strm_out_event(struct strm_out *out, const struct strm_event *event);
/* Did the process before us begin to tell of the event that sp is of? */
bool strm_out_told(const struct strm_out *out, const struct strm_pkt *sp);
/* The next index, for a packet that belongs to no source; all that are mapped
 * have to be mapped anew. False: there is none left. */
bool strm_out_take(struct strm_out *out, uint64_t *index);
/* The timestamp that stands for now. */
uint32_t strm_out_ts(const struct strm_out *out, uint64_t now_ms);

/* --- from one to the other ------------------------------------------------ */

/* Zeroed memory is a mapping that begins with the next packet. */
struct strm_map {
	uint32_t gen;      /* of the source it was made for; 0: none */
	uint32_t turn;     /* out->switches: nobody else came between */
	uint64_t delta;    /* added to the extended sequence number */
	uint32_t ts_delta; /* added to the timestamp */
	uint32_t ts;       /* the source's latest timestamp */
	uint64_t ts_ms;    /* and when it came */
};

/* Will the next packet of this source go on where the one before it was? */
bool strm_map_goes_on(const struct strm_map *map, const struct strm_out *out,
		      const struct strm_in *in);
/*
 * Rewrites SSRC, sequence, timestamp and marker of a packet that
 * strm_in_packet() let pass, claims its index and stores it in the slot: the
 * packet may be sent under sp->index, once. False: it has no place in the
 * outgoing stream (from before the switch, used already) and is dropped.
 */
bool strm_map_packet(struct strm_map *map, struct strm_out *out,
		     const struct strm_in *in, struct strm_pkt *sp);

#endif
