/*
 * report_xr.h  Extended reports (RFC 3611): VoIP metrics, and the round trip
 *              of who sends nothing
 *
 * What the far side says it hears (VoIP Metrics, 4.7) is noted, its time
 * (RRTR, 4.4) is answered (DLRR, 4.5), and an answer to ours tells the round
 * trip. Bursts are not told apart from gaps in what we say: all loss is the
 * gap's (4.7.2 with no burst). Pure plain data.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_REPORT_XR_H
#define MEDIAD_RTP_REPORT_XR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report_part;
struct report_time;

enum {
	REPORT_XR_SIZE = 8 + 12 + 16 + 36, /* what we write, at most */
	REPORT_XR_NONE = 127,
};

/* VoIP Metrics of the far side about our stream. */
struct report_voip {
	bool known;
	uint8_t loss, discard;     /* of 256 */
	uint8_t burst, gap;        /* density of loss in each, of 256 */
	uint16_t burst_ms, gap_ms; /* mean length */
	uint16_t rtt_ms, end_ms;   /* end system delay */
	uint8_t r;                 /* 0..100; REPORT_XR_NONE: not said */
	uint8_t mos_lq, mos_cq;    /* times 10, 10..50; REPORT_XR_NONE */
};

/* Of a leg. */
struct report_xr {
	bool heard;      /* the far side sends them */
	uint32_t lrr;    /* middle of the NTP time of its latest RRTR, */
	uint64_t lrr_ms; /* when that came; 0: none did */
	uint32_t theirs; /* and whose it was */
	uint32_t rtt_us; /* by DLRR; 0: not known */
	struct report_voip voip;
};

/* What we say of its stream. */
struct report_xr_own {
	uint32_t ssrc;  /* of us */
	uint32_t about; /* its; 0: nothing was heard, no metrics */
	uint8_t loss, discard;
	uint16_t rtt_ms, buffer_ms;
	uint32_t heard_ms; /* for how long */
	unsigned r, mos;   /* as quality.h; mos 0: not known */
};

/* False: blocks do not fit. */
bool report_xr_sound(const struct report_part *part);
/* ssrc: of our stream. Blocks of other kinds are passed over. */
void report_xr_read(struct report_xr *xr, uint32_t ssrc,
		    const struct report_part *part,
		    const struct report_time *now);
/* Appended behind the SDES of a compound; its length. */
size_t report_xr_write(const struct report_xr *xr,
		       const struct report_xr_own *own,
		       const struct report_time *now,
		       uint8_t buf[REPORT_XR_SIZE]);

#endif
