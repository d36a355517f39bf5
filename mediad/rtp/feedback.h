/*
 * feedback.h  RTCP feedback of video: read, and written
 *
 * RFC 4585 (NACK, PLI), RFC 5104 (FIR), and what browsers estimate bandwidth
 * by: REMB (draft-alvestrand-rmcat-remb) and transport-wide congestion control
 * (draft-holmer-rmcat-transport-wide-cc-extensions). The latter two are only
 * looked at as far as they are passed on. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_FEEDBACK_H
#define MEDIAD_RTP_FEEDBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report;

enum feedback_kind {
	FEEDBACK_NACK, /* fci: pairs of a number and a mask of the next 16 */
	FEEDBACK_PLI,
	FEEDBACK_FIR,
	FEEDBACK_REMB, /* fci: four bytes, of which three are the bit rate */
	FEEDBACK_TWCC,
};

enum {
	FEEDBACK_MAX = 8,        /* messages of a compound that are looked at */
	FEEDBACK_NACKS = 64,     /* packets that one message of ours asks for */
	FEEDBACK_SIZE_MAX = 1400 /* of a compound that we write */
};

struct feedback {
	enum feedback_kind kind;
	const uint8_t *fci; /* points into the compound */
	size_t len;
};

/* Those that are about the stream ssrc; TWCC, which is about all of a
 * transport, whatever it names. Only of what report_read() took. */
size_t feedback_read(struct feedback fbs[FEEDBACK_MAX], uint32_t ssrc,
		     const uint8_t *buf, size_t len);

/* The packets of a NACK, in its order; at most max. */
size_t feedback_lost(uint16_t *seqs, size_t max, const struct feedback *fb);

/* What to write: by our stream, about the far side's. */
struct feedback_pen {
	struct report *rep; /* our stream's: SSRC and CNAME */
	uint32_t about;
	bool rsize; /* the far side takes it without a report before it */
};

/* Each writes a whole compound into FEEDBACK_SIZE_MAX bytes; its length. */
size_t feedback_write_pli(const struct feedback_pen *pen, uint8_t *buf);
size_t feedback_write_fir(const struct feedback_pen *pen, uint8_t *buf,
			  uint8_t seq);
/* seqs: in order of their age, at most FEEDBACK_NACKS. */
size_t feedback_write_nack(const struct feedback_pen *pen, uint8_t *buf,
			   const uint16_t *seqs, size_t n);
/* Passes REMB or TWCC on; 0 when it is too long. */
size_t feedback_write_passed(const struct feedback_pen *pen, uint8_t *buf,
			     const struct feedback *fb);

#endif
