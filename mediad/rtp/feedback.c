/*
 * feedback.c  RTCP feedback of video: read, and written
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/rtp/feedback.h"
#include "mediad/rtp/report.h"
#include "mediad/rtp/report_priv.h"
#include "mediad/rtp/wire.h"

/* Formats of RTPFB and PSFB. */
enum {
	FMT_NACK = 1,
	FMT_TWCC = 15,
	FMT_PLI = 1,
	FMT_FIR = 4,
	FMT_AFB = 15, /* application layer: REMB by its first four bytes */
	HEAD = 12,
	FIR_ENTRY = 8,
	REMB_HEAD = 8, /* "REMB", count, bit rate */
};

/* --- read ------------------------------------------------------------------- */

static bool about_us(const uint8_t *ssrcs, size_t n, size_t step, uint32_t ssrc)
{
	for (size_t i = 0; i < n; i++)
		if (wire_get32(ssrcs + i * step) == ssrc)
			return true;
	return false;
}

static bool read_rtpfb(struct feedback *fb, const struct report_part *part,
		       uint32_t ssrc)
{
	fb->fci = part->p + HEAD;
	fb->len = part->len - HEAD;
	if (part->count == FMT_NACK) {
		fb->kind = FEEDBACK_NACK;
		fb->len &= ~(size_t)3;
		return fb->len && wire_get32(part->p + 8) == ssrc;
	}
	fb->kind = FEEDBACK_TWCC;
	/* base, count, time, and a chunk at least */
	return part->count == FMT_TWCC && fb->len >= 12;
}

static bool read_psfb(struct feedback *fb, const struct report_part *part,
		      uint32_t ssrc)
{
	const uint8_t *fci = part->p + HEAD;
	size_t len = part->len - HEAD;

	fb->fci = fci;
	fb->len = len;
	switch (part->count) {
	case FMT_PLI:
		fb->kind = FEEDBACK_PLI;
		return wire_get32(part->p + 8) == ssrc;
	case FMT_FIR:
		fb->kind = FEEDBACK_FIR;
		return about_us(fci, len / FIR_ENTRY, FIR_ENTRY, ssrc);
	case FMT_AFB:
		fb->kind = FEEDBACK_REMB;
		fb->fci = fci + 4;
		fb->len = 4;
		return len >= REMB_HEAD && !memcmp(fci, "REMB", 4) &&
		       fci[4] <= (len - REMB_HEAD) / 4 &&
		       about_us(fci + REMB_HEAD, fci[4], 4, ssrc);
	default:
		return false;
	}
}

size_t feedback_read(struct feedback fbs[FEEDBACK_MAX], uint32_t ssrc,
		     const uint8_t *buf, size_t len)
{
	struct report_part part;
	size_t n = 0;

	while (n < FEEDBACK_MAX && len && report_next_part(&part, buf, len)) {
		size_t size = 4u * (wire_get16(buf + 2) + 1u);

		if (part.len >= HEAD && part.kind == REPORT_KIND_RTPFB)
			n += read_rtpfb(&fbs[n], &part, ssrc);
		else if (part.len >= HEAD && part.kind == REPORT_KIND_PSFB)
			n += read_psfb(&fbs[n], &part, ssrc);
		buf += size;
		len -= size;
	}
	return n;
}

size_t feedback_lost(uint16_t *seqs, size_t max, const struct feedback *fb)
{
	size_t n = 0;

	for (size_t at = 0; at + 4 <= fb->len; at += 4) {
		uint16_t pid = wire_get16(fb->fci + at);
		uint32_t mask = wire_get16(fb->fci + at + 2) * 2u + 1u;

		for (unsigned i = 0; i <= 16; i++) {
			if (!(mask >> i & 1))
				continue;
			if (n == max)
				return n;
			seqs[n++] = (uint16_t)(pid + i);
		}
	}
	return n;
}

/* --- written ------------------------------------------------------------------ */

/* RFC 4585, 3.1: behind a report and a name, unless both sides have said that
 * it may be less (RFC 5506). */
static size_t begin(const struct feedback_pen *pen, uint8_t *buf)
{
	return pen->rsize ? 0 : report_write_empty(pen->rep, buf);
}

static size_t finish(const struct feedback_pen *pen, uint8_t *p, uint8_t kind,
		     uint8_t fmt, size_t fci)
{
	p[0] = (uint8_t)(0x80 | fmt);
	p[1] = kind;
	wire_put16(p + 2, (uint16_t)((HEAD + fci) / 4 - 1));
	wire_put32(p + 4, pen->rep->ssrc);
	return HEAD + fci;
}

size_t feedback_write_pli(const struct feedback_pen *pen, uint8_t *buf)
{
	size_t at = begin(pen, buf);

	wire_put32(buf + at + 8, pen->about);
	return at + finish(pen, buf + at, REPORT_KIND_PSFB, FMT_PLI, 0);
}

size_t feedback_write_fir(const struct feedback_pen *pen, uint8_t *buf,
			  uint8_t seq)
{
	size_t at = begin(pen, buf);
	uint8_t *p = buf + at;

	memset(p + 8, 0, 4 + FIR_ENTRY); /* RFC 5104, 4.3.1.2: no media SSRC */
	wire_put32(p + HEAD, pen->about);
	p[HEAD + 4] = seq;
	return at + finish(pen, p, REPORT_KIND_PSFB, FMT_FIR, FIR_ENTRY);
}

size_t feedback_write_nack(const struct feedback_pen *pen, uint8_t *buf,
			   const uint16_t *seqs, size_t n)
{
	size_t at = begin(pen, buf), fci = 0;
	uint8_t *p = buf + at;

	wire_put32(p + 8, pen->about);
	for (size_t i = 0; i < n && i < FEEDBACK_NACKS; fci += 4) {
		uint16_t pid = seqs[i++], mask = 0;

		while (i < n && (uint16_t)(seqs[i] - pid - 1) < 16)
			mask |= (uint16_t)(1u << (uint16_t)(seqs[i++] - pid -
							    1));
		wire_put16(p + HEAD + fci, pid);
		wire_put16(p + HEAD + fci + 2, mask);
	}
	return at + finish(pen, p, REPORT_KIND_RTPFB, FMT_NACK, fci);
}

size_t feedback_write_passed(const struct feedback_pen *pen, uint8_t *buf,
			     const struct feedback *fb)
{
	size_t at = begin(pen, buf);
	uint8_t *p = buf + at;

	if (fb->kind == FEEDBACK_REMB) {
		wire_put32(p + 8, 0);
		memcpy(p + HEAD, "REMB", 4);
		memcpy(p + HEAD + 4, fb->fci, 4);
		p[HEAD + 4] = 1;
		wire_put32(p + HEAD + REMB_HEAD, pen->about);
		return at + finish(pen, p, REPORT_KIND_PSFB, FMT_AFB,
				   REMB_HEAD + 4);
	}
	if (fb->len % 4 || at + HEAD + fb->len > FEEDBACK_SIZE_MAX)
		return 0;
	wire_put32(p + 8, pen->about);
	memcpy(p + HEAD, fb->fci, fb->len);
	return at + finish(pen, p, REPORT_KIND_RTPFB, FMT_TWCC, fb->len);
}
