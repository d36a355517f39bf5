/*
 * report_xr.c  Extended reports (RFC 3611)
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/rtp/report.h"
#include "mediad/rtp/report_priv.h"
#include "mediad/rtp/report_xr.h"
#include "mediad/rtp/wire.h"

enum {
	HEAD = 8,
	BLOCK_HEAD = 4,
	BLOCK_RRTR = 4,
	BLOCK_DLRR = 5,
	BLOCK_VOIP = 7,
	RRTR_SIZE = 12,
	DLRR_SUB = 12,
	VOIP_SIZE = 36,
	GMIN = 16,
	PLC_STANDARD = 3 << 6, /* RX config: concealment; buffer adaptive */
	BUFFER_ADAPTIVE = 3 << 4,
	RTT_MAX_S = 60,
};

/* --- reading ------------------------------------------------------------------- */

static size_t block_size(const uint8_t *p)
{
	return BLOCK_HEAD + 4u * wire_get16(p + 2);
}

bool report_xr_sound(const struct report_part *part)
{
	size_t pos = HEAD;

	if (part->len < HEAD)
		return false;
	while (pos < part->len) {
		if (pos + BLOCK_HEAD > part->len)
			return false;
		pos += block_size(part->p + pos);
	}
	return pos == part->len;
}

/* RFC 3611, 4.5: A - LRR - DLRR, in 1/65536 s */
static void take_dlrr(struct report_xr *xr, uint32_t ssrc, const uint8_t *p,
		      size_t len, const struct report_time *now)
{
	for (size_t pos = BLOCK_HEAD; pos + DLRR_SUB <= len; pos += DLRR_SUB) {
		uint32_t lrr = wire_get32(p + pos + 4);
		uint32_t units = (uint32_t)(report_ntp(now->wall_ms) >> 16) -
				 lrr - wire_get32(p + pos + 8);

		if (wire_get32(p + pos) != ssrc || !lrr)
			continue;
		if (units >> 31) /* clocks of different grain */
			units = 0;
		if (units <= RTT_MAX_S << 16)
			xr->rtt_us = units ? (uint32_t)((uint64_t)units *
								1000000 >>
							16)
					   : 1;
	}
}

static uint8_t score(uint8_t is, uint8_t lo, uint8_t hi)
{
	return is >= lo && is <= hi ? is : REPORT_XR_NONE;
}

static void take_voip(struct report_voip *voip, const uint8_t *p)
{
	*voip = (struct report_voip){
		.known = true,
		.loss = p[8],
		.discard = p[9],
		.burst = p[10],
		.gap = p[11],
		.burst_ms = wire_get16(p + 12),
		.gap_ms = wire_get16(p + 14),
		.rtt_ms = wire_get16(p + 16),
		.end_ms = wire_get16(p + 18),
		.r = score(p[24], 0, 100),
		.mos_lq = score(p[26], 10, 50),
		.mos_cq = score(p[27], 10, 50),
	};
}

void report_xr_read(struct report_xr *xr, uint32_t ssrc,
		    const struct report_part *part,
		    const struct report_time *now)
{
	size_t len;

	xr->heard = true;
	for (size_t pos = HEAD; pos < part->len; pos += len) {
		const uint8_t *p = part->p + pos;

		len = block_size(p);
		if (p[0] == BLOCK_RRTR && len == RRTR_SIZE) {
			xr->theirs = wire_get32(part->p + 4);
			xr->lrr = wire_get32(p + 6);
			xr->lrr_ms = now->now_ms;
		} else if (p[0] == BLOCK_DLRR) {
			take_dlrr(xr, ssrc, p, len, now);
		} else if (p[0] == BLOCK_VOIP && len == VOIP_SIZE &&
			   wire_get32(p + 4) == ssrc) {
			take_voip(&xr->voip, p);
		}
	}
}

/* --- writing -------------------------------------------------------------------- */

static void put_block(uint8_t *p, uint8_t kind, size_t len)
{
	memset(p, 0, len);
	p[0] = kind;
	wire_put16(p + 2, (uint16_t)(len / 4 - 1));
}

static size_t put_rrtr(uint8_t *p, const struct report_time *now)
{
	uint64_t ntp = report_ntp(now->wall_ms);

	put_block(p, BLOCK_RRTR, RRTR_SIZE);
	wire_put32(p + 4, (uint32_t)(ntp >> 32));
	wire_put32(p + 8, (uint32_t)ntp);
	return RRTR_SIZE;
}

static size_t put_dlrr(uint8_t *p, const struct report_xr *xr,
		       const struct report_time *now)
{
	put_block(p, BLOCK_DLRR, BLOCK_HEAD + DLRR_SUB);
	wire_put32(p + 4, xr->theirs);
	wire_put32(p + 8, xr->lrr);
	wire_put32(p + 12,
		   (uint32_t)((now->now_ms - xr->lrr_ms) * 65536 / 1000));
	return BLOCK_HEAD + DLRR_SUB;
}

static uint8_t tenths(unsigned mos)
{
	return mos ? (uint8_t)((mos + 5) / 10) : REPORT_XR_NONE;
}

/* RFC 3611, 4.7 */
static size_t put_voip(uint8_t *p, const struct report_xr_own *own)
{
	const uint16_t heard_ms =
		own->heard_ms > UINT16_MAX ? UINT16_MAX
					   : (uint16_t)own->heard_ms;

	put_block(p, BLOCK_VOIP, VOIP_SIZE);
	wire_put32(p + 4, own->about);
	p[8] = own->loss;
	p[9] = own->discard;
	p[11] = own->loss;
	wire_put16(p + 14, heard_ms);
	wire_put16(p + 16, own->rtt_ms);
	wire_put16(p + 18, own->buffer_ms);
	p[20] = p[21] = p[22] = REPORT_XR_NONE; /* levels, echo */
	p[23] = GMIN;
	p[24] = own->mos ? (uint8_t)(own->r > 100 ? 100 : own->r)
			 : REPORT_XR_NONE;
	p[25] = REPORT_XR_NONE;
	p[26] = p[27] = tenths(own->mos);
	p[28] = PLC_STANDARD | BUFFER_ADAPTIVE;
	wire_put16(p + 30, own->buffer_ms);
	wire_put16(p + 32, own->buffer_ms);
	wire_put16(p + 34, own->buffer_ms);
	return VOIP_SIZE;
}

size_t report_xr_write(const struct report_xr *xr,
		       const struct report_xr_own *own,
		       const struct report_time *now,
		       uint8_t buf[REPORT_XR_SIZE])
{
	size_t len = HEAD;

	len += put_rrtr(buf + len, now);
	if (xr->lrr_ms)
		len += put_dlrr(buf + len, xr, now);
	if (own->about)
		len += put_voip(buf + len, own);
	buf[0] = 0x80;
	buf[1] = REPORT_KIND_XR;
	wire_put16(buf + 2, (uint16_t)(len / 4 - 1));
	wire_put32(buf + 4, own->ssrc);
	return len;
}
