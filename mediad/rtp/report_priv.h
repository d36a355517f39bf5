/*
 * report_priv.h  Shared by the files that write and read RTCP
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_REPORT_PRIV_H
#define MEDIAD_RTP_REPORT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report;

enum report_kind {
	REPORT_KIND_SR = 200,
	REPORT_KIND_RR,
	REPORT_KIND_SDES,
	REPORT_KIND_BYE,
	REPORT_KIND_APP,
	REPORT_KIND_RTPFB, /* RFC 4585 */
	REPORT_KIND_PSFB,
	REPORT_KIND_XR, /* RFC 3611 */
};

enum {
	REPORT_BLOCK = 24,
	REPORT_SENDER = 20
};

/* One packet of a compound, its length checked against the whole. */
struct report_part {
	const uint8_t *p;
	size_t len; /* without padding */
	uint8_t kind;
	uint8_t count; /* or the format, of feedback */
};

/* The first of what is left of a compound; false: it is not sound. */
bool report_next_part(struct report_part *part, const uint8_t *buf, size_t len);
/* A report about nothing, and our name: what has to stand before feedback
 * (RFC 4585, 3.1). Its length, under REPORT_SIZE_MAX. */
size_t report_write_empty(const struct report *rep, uint8_t *buf);

/* NTP format (RFC 3550, 4): seconds since 1900, 32.32. */
static inline uint64_t report_ntp(uint64_t wall_ms)
{
	uint64_t s = wall_ms / 1000 + 2208988800u;

	return s << 32 | ((wall_ms % 1000) << 32) / 1000;
}

#endif
