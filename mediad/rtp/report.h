/*
 * report.h  RTCP of one leg: what we tell about it, and what it tells us
 *
 * RFC 3550, section 6. A relay does not pass RTCP on: each leg is an RTP
 * session of its own between us and the far side. Pure plain data; time is
 * an argument.
 *
 * Parsing is strict: a compound is understood as a whole or refused as a
 * whole, and then changes nothing. It need not begin with SR or RR: what has
 * reduced size (RFC 5506) is taken, though our SDP never asks for it. A BYE is
 * noted and never ends anything: the end of a call is signalling's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_REPORT_H
#define MEDIAD_RTP_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/rtp/report_xr.h"

struct strm_in;
struct strm_out;
struct strm_slot;

enum {
	REPORT_CNAME_MAX = 32,
	REPORT_SIZE_MAX =
		28 + 24 + 8 + 2 + REPORT_CNAME_MAX + 4 + REPORT_XR_SIZE,
};

/* Now, twice: by the worker's wheel (monotonic), and as milliseconds since
 * 1970 by a clock that runs with it; the latter need only be about right. */
struct report_time {
	uint64_t now_ms;
	uint64_t wall_ms;
};

/* What the far side last said about our stream. */
struct report_far {
	uint64_t at_ms;   /* 0: nothing yet */
	int32_t lost;     /* cumulative, 24 bit, may be negative */
	uint8_t fraction; /* lost since its report before, of 256 */
	uint32_t jitter;  /* ticks of our clock rate */
	uint32_t high;    /* extended highest sequence number received */
	uint32_t rtt_us;  /* 0: not known */
};

/* Packets received, by kind. */
struct report_counts {
	uint32_t sr, rr, sdes, bye, feedback, xr, other;
	uint32_t refused; /* compounds */
};

struct report {
	uint32_t ssrc; /* of our stream */
	uint32_t theirs; /* of the far side's, when there are several on the
			    path; 0: any */
	char cname[REPORT_CNAME_MAX + 1];
	struct strm_slot *slot; /* keeps the SRTCP index, NULL: nobody does */
	uint64_t next;          /* lowest SRTCP index never used */
	uint32_t gen;           /* source that the following are about */
	uint32_t expected, got; /* at our latest report (A.3) */
	uint64_t sent[2];       /* out->packets at the latest two reports */
	uint32_t lsr;           /* middle of the latest SR's NTP time */
	uint64_t lsr_ms;        /* when it came */
	struct report_far far;
	struct report_xr xr;
	struct report_counts counts;
};

/* cname: cut at REPORT_CNAME_MAX. The SRTCP index goes on from slot->rtcp; 0
 * without slot. */
void report_init(struct report *rep, uint32_t ssrc, const char *cname,
		 struct strm_slot *slot);

/* Milliseconds to the next report: uniform in 0.5 to 1.5 times min_ms, the
 * first one after half of it (RFC 3550, 6.2 and 6.3.1: two members never reach
 * the bandwidth limit, and without reconsideration nothing is to be
 * compensated). rnd: any random number. */
uint32_t report_interval(const struct report *rep, uint32_t min_ms,
			 uint32_t rnd);

/* A compound of SR or RR and SDES; claims *index for it, and stores that in
 * the slot before. Its length; 0 when no index is left (2^31). */
size_t report_write(struct report *rep, const struct strm_in *in,
		    const struct strm_out *out, const struct report_time *now,
		    uint8_t buf[REPORT_SIZE_MAX], uint32_t *index);

/* An index for a packet of RTCP that is written otherwise; stored as above.
 * False: none is left. */
bool report_claim(struct report *rep, uint32_t *index);

/* Take in a compound in clear; EBADMSG (counted): not understood. */
int report_read(struct report *rep, const uint8_t *buf, size_t len,
		const struct report_time *now);

#endif
