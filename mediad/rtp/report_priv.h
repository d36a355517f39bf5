/*
 * report_priv.h  Shared by the files that write and read RTCP
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_REPORT_PRIV_H
#define MEDIAD_RTP_REPORT_PRIV_H

#include <stdint.h>

enum report_kind {
	REPORT_KIND_SR = 200,
	REPORT_KIND_RR,
	REPORT_KIND_SDES,
	REPORT_KIND_BYE,
	REPORT_KIND_APP,
	REPORT_KIND_RTPFB, /* RFC 4585 */
	REPORT_KIND_PSFB,
};

enum {
	REPORT_BLOCK = 24,
	REPORT_SENDER = 20
};

/* NTP format (RFC 3550, 4): seconds since 1900, 32.32. */
static inline uint64_t report_ntp(uint64_t wall_ms)
{
	uint64_t s = wall_ms / 1000 + 2208988800u;

	return s << 32 | ((wall_ms % 1000) << 32) / 1000;
}

#endif
