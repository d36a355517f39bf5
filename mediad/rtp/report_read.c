/*
 * report_read.c  What the far side reports
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "mediad/rtp/pkt.h"
#include "mediad/rtp/report.h"
#include "mediad/rtp/report_priv.h"
#include "mediad/rtp/wire.h"

bool report_next_part(struct report_part *part, const uint8_t *buf, size_t len)
{
	size_t size, pad = 0;

	if (len < 4 || buf[0] >> 6 != 2)
		return false;
	size = 4u * (wire_get16(buf + 2) + 1u);
	if (size > len)
		return false;
	if (buf[0] & 0x20) {
		/* only behind the last packet (RFC 3550, 6.4.1) */
		pad = buf[size - 1];
		if (size != len || !pad || pad % 4 || pad > size - 4)
			return false;
	}
	*part = (struct report_part){buf, size - pad, buf[1], buf[0] & 0x1f};
	return true;
}

/* RFC 3550, 6.5: chunks of items, each list ended by a null octet and filled
 * up to a word. */
static bool sdes_sound(const struct report_part *part)
{
	size_t pos = 4;

	for (unsigned n = 0; n < part->count; n++) {
		pos += 4;
		while (pos < part->len && part->p[pos]) {
			if (pos + 2 > part->len)
				return false;
			pos += 2u + part->p[pos + 1];
		}
		if (pos >= part->len)
			return false;
		pos = (pos + 4) & ~(size_t)3;
	}
	return pos <= part->len;
}

static bool bye_sound(const struct report_part *part)
{
	size_t pos = 4 + 4u * part->count;

	if (pos > part->len)
		return false;
	return pos == part->len || pos + 1 + part->p[pos] <= part->len;
}

static bool part_sound(const struct report_part *part)
{
	size_t blocks = (size_t)REPORT_BLOCK * part->count;

	switch (part->kind) {
	case REPORT_KIND_SR:
		return part->len >= 8 + REPORT_SENDER + blocks;
	case REPORT_KIND_RR:
		return part->len >= 8 + blocks;
	case REPORT_KIND_SDES:
		return sdes_sound(part);
	case REPORT_KIND_BYE:
		return bye_sound(part);
	case REPORT_KIND_APP:
	case REPORT_KIND_RTPFB:
	case REPORT_KIND_PSFB:
		return part->len >= 12;
	case REPORT_KIND_XR:
		return report_xr_sound(part);
	default:
		return true; /* RFC 3550, 6.1: unknown types are skipped */
	}
}

static bool compound_sound(const uint8_t *buf, size_t len)
{
	struct report_part part;

	if (!len || len > PKT_MAX)
		return false;
	for (; len; buf += part.len, len -= part.len) {
		if (!report_next_part(&part, buf, len) || !part_sound(&part))
			return false;
		if (part.p[0] & 0x20)
			break;
	}
	return true;
}

/* RFC 3550, 6.4.1: A - LSR - DLSR */
static uint32_t round_trip_us(const uint8_t *block,
			      const struct report_time *now)
{
	uint32_t lsr = wire_get32(block + 16);
	uint32_t dlsr = wire_get32(block + 20);
	uint32_t units =
		(uint32_t)(report_ntp(now->wall_ms) >> 16) - lsr - dlsr;

	if (!lsr)
		return 0;
	if (units >> 31) /* clocks of different grain */
		units = 0;
	if (units > 60u << 16)
		return 0;
	/* known, if only to be less than our clock shows */
	return units ? (uint32_t)((uint64_t)units * 1000000 >> 16) : 1;
}

static void take_blocks(struct report *rep, const struct report_part *part, size_t pos,
			const struct report_time *now)
{
	for (unsigned n = 0; n < part->count; n++, pos += REPORT_BLOCK) {
		const uint8_t *b = part->p + pos;
		uint32_t rtt = round_trip_us(b, now);

		if (wire_get32(b) != rep->ssrc)
			continue;
		rep->far = (struct report_far){
			.at_ms = now->now_ms,
			.fraction = b[4],
			.lost = (int32_t)(wire_get32(b + 4) << 8) / 256,
			.high = wire_get32(b + 8),
			.jitter = wire_get32(b + 12),
			.rtt_us = rtt ? rtt : rep->far.rtt_us,
		};
	}
}

static void take_part(struct report *rep, const struct report_part *part,
		      const struct report_time *now)
{
	switch (part->kind) {
	case REPORT_KIND_SR:
		rep->counts.sr++;
		if (!rep->theirs || wire_get32(part->p + 4) == rep->theirs) {
			rep->lsr = wire_get32(part->p + 10);
			rep->lsr_ms = now->now_ms;
		}
		take_blocks(rep, part, 8 + REPORT_SENDER, now);
		break;
	case REPORT_KIND_RR:
		rep->counts.rr++;
		take_blocks(rep, part, 8, now);
		break;
	case REPORT_KIND_SDES:
		rep->counts.sdes++;
		break;
	case REPORT_KIND_BYE:
		rep->counts.bye++;
		break;
	case REPORT_KIND_RTPFB:
	case REPORT_KIND_PSFB:
		rep->counts.feedback++;
		break;
	case REPORT_KIND_XR:
		rep->counts.xr++;
		report_xr_read(&rep->xr, rep->ssrc, part, now);
		break;
	default:
		rep->counts.other++;
	}
}

int report_read(struct report *rep, const uint8_t *buf, size_t len,
		const struct report_time *now)
{
	struct report_part part;

	if (!compound_sound(buf, len)) {
		rep->counts.refused++;
		return EBADMSG;
	}
	while (len && report_next_part(&part, buf, len)) {
		size_t size = 4u * (wire_get16(buf + 2) + 1u);

		take_part(rep, &part, now);
		buf += size;
		len -= size;
	}
	return 0;
}
