/*
 * report_write.c  Sender and receiver reports of ours
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/rtp/report.h"
#include "mediad/rtp/report_priv.h"
#include "mediad/rtp/stream.h"
#include "mediad/rtp/wire.h"

void report_init(struct report *rep, uint32_t ssrc, const char *cname,
		 struct strm_slot *slot)
{
	*rep = (struct report){
		.ssrc = ssrc,
		.slot = slot,
		.next = slot ? slot->rtcp : 0,
	};
	strncpy(rep->cname, cname, REPORT_CNAME_MAX);
}

uint32_t report_interval(const struct report *rep, uint32_t min_ms,
			 uint32_t rnd)
{
	uint64_t ms = (uint64_t)min_ms * (0x80000000ull + rnd) >> 32;

	return (uint32_t)(rep->sent[0] || rep->expected ? ms : ms / 2);
}

static void put_head(uint8_t *p, enum report_kind kind, size_t count,
		     size_t len)
{
	p[0] = (uint8_t)(0x80 | count);
	p[1] = (uint8_t)kind;
	wire_put16(p + 2, (uint16_t)(len / 4 - 1));
}

/* RFC 3550, 6.4.1 */
static size_t put_sender(uint8_t *p, const struct strm_out *out,
			 const struct report_time *now)
{
	uint64_t ntp = report_ntp(now->wall_ms);

	wire_put32(p, (uint32_t)(ntp >> 32));
	wire_put32(p + 4, (uint32_t)ntp);
	wire_put32(p + 8, strm_out_ts(out, now->now_ms));
	wire_put32(p + 12, (uint32_t)out->packets);
	wire_put32(p + 16, (uint32_t)out->octets);
	return REPORT_SENDER;
}

/* Lost of 256 since the report before (RFC 3550, A.3). */
static uint8_t fraction_lost(struct report *rep, uint32_t expected,
			     uint32_t got)
{
	uint32_t exp_now = expected - rep->expected;
	uint32_t got_now = got - rep->got;
	uint64_t share;

	rep->expected = expected;
	rep->got = got;
	if (!exp_now || got_now >= exp_now)
		return 0;
	share = ((uint64_t)(exp_now - got_now) << 8) / exp_now;
	return share > 255 ? 255 : (uint8_t)share;
}

static int32_t clamp24(int64_t lost)
{
	if (lost > 0x7fffff)
		return 0x7fffff;
	return lost < -0x800000 ? -0x800000 : (int32_t)lost;
}

static size_t put_block(uint8_t *p, struct report *rep,
			const struct strm_in *in, const struct report_time *now)
{
	uint32_t expected = (uint32_t)(in->high - in->base + 1);
	uint32_t got = (uint32_t)in->got;
	uint32_t ago = (uint32_t)((now->now_ms - rep->lsr_ms) * 65536 / 1000);
	int32_t lost = clamp24((int64_t)expected - got);

	if (rep->gen != in->gen) {
		rep->gen = in->gen;
		rep->expected = 0;
		rep->got = 0;
	}
	wire_put32(p, in->ssrc);
	wire_put32(p + 4, (uint32_t)lost & 0xffffff);
	p[4] = fraction_lost(rep, expected, got);
	wire_put32(p + 8, (uint32_t)in->high);
	wire_put32(p + 12, in->jitter >> 4);
	wire_put32(p + 16, rep->lsr);
	wire_put32(p + 20, rep->lsr ? ago : 0);
	return REPORT_BLOCK;
}

static size_t put_sdes(uint8_t *p, const struct report *rep)
{
	size_t n = strlen(rep->cname);
	size_t len = (4 + 4 + 2 + n + 1 + 3) & ~(size_t)3;

	memset(p, 0, len);
	put_head(p, REPORT_KIND_SDES, 1, len);
	wire_put32(p + 4, rep->ssrc);
	p[8] = 1; /* CNAME; a null item ends the list */
	p[9] = (uint8_t)n;
	memcpy(p + 10, rep->cname, n);
	return len;
}

bool report_claim(struct report *rep, uint32_t *index)
{
	if (rep->next >> 31)
		return false;

	*index = (uint32_t)rep->next++;
	if (rep->slot)
		__atomic_store_n(&rep->slot->rtcp, rep->next, __ATOMIC_RELEASE);
	return true;
}

size_t report_write(struct report *rep, const struct strm_in *in,
		    const struct strm_out *out, const struct report_time *now,
		    uint8_t buf[REPORT_SIZE_MAX], uint32_t *index)
{
	/* sender: RTP since the report before the last (RFC 3550, 6.3.8) */
	bool sender = out->packets != rep->sent[1];
	bool heard = in->gen &&
		     (rep->gen != in->gen || rep->got != (uint32_t)in->got);
	size_t len = 8;

	if (!report_claim(rep, index))
		return 0;

	if (sender)
		len += put_sender(buf + len, out, now);
	if (heard)
		len += put_block(buf + len, rep, in, now);
	put_head(buf, sender ? REPORT_KIND_SR : REPORT_KIND_RR, heard, len);
	wire_put32(buf + 4, rep->ssrc);
	rep->sent[1] = rep->sent[0];
	rep->sent[0] = out->packets;
	return len + put_sdes(buf + len, rep);
}

size_t report_write_empty(const struct report *rep, uint8_t *buf)
{
	put_head(buf, REPORT_KIND_RR, 0, 8);
	wire_put32(buf + 4, rep->ssrc);
	return 8 + put_sdes(buf + 8, rep);
}
