/*
 * rtt_fold.c  Round trips of one minute, and their form in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/journal/rtt_fold.h"

enum { FORMAT = 1, UNIT_US = 100, MINUTE_MS = 60000 };

const char *rtt_kind_name(enum rtt_kind kind)
{
	static const char *const names[RTT_KINDS] = {
		[RTT_WEBSOCKET] = "websocket",
		[RTT_OPTIONS] = "options",
		[RTT_REGISTER] = "register",
		[RTT_RTCP] = "rtcp"};

	return (unsigned)kind < RTT_KINDS ? names[kind] : NULL;
}

/* --- a row ------------------------------------------------------------------- */

static uint8_t *put16(uint8_t *p, uint32_t num)
{
	num = min(num, (uint32_t)UINT16_MAX);
	*p++ = (uint8_t)(num >> 8);
	*p++ = (uint8_t)num;
	return p;
}

static uint8_t *put32(uint8_t *p, uint32_t num)
{
	return put16(put16(p, num >> 16), num & 0xffff);
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

void rtt_row_pack(uint8_t buf[RTT_ROW_LEN], const struct rtt_row *row)
{
	uint8_t *p = buf;

	*p++ = FORMAT;
	*p++ = (uint8_t)row->kind;
	p = put32(p, row->device);
	p = put32(p, row->minute);
	p = put16(p, row->min_us / UNIT_US);
	p = put16(p, row->mean_us / UNIT_US);
	p = put16(p, row->max_us / UNIT_US);
	(void)put16(p, row->count);
}

int rtt_row_unpack(struct rtt_row *row, const uint8_t *buf, size_t len)
{
	if (len != RTT_ROW_LEN || buf[0] != FORMAT || buf[1] >= RTT_KINDS)
		return EBADMSG;

	*row = (struct rtt_row){.kind = (enum rtt_kind)buf[1],
				.device = get32(buf + 2),
				.minute = get32(buf + 6),
				.min_us = get16(buf + 10) * UNIT_US,
				.mean_us = get16(buf + 12) * UNIT_US,
				.max_us = get16(buf + 14) * UNIT_US,
				.count = get16(buf + 16)};
	return row->count && row->min_us <= row->mean_us &&
			       row->mean_us <= row->max_us
		       ? 0
		       : EBADMSG;
}

void rtt_row_add(struct rtt_row *row, const struct rtt_row *other)
{
	const uint64_t sum = (uint64_t)row->mean_us * row->count +
			     (uint64_t)other->mean_us * other->count;

	row->count += other->count;
	row->mean_us = row->count ? (uint32_t)(sum / row->count) : 0;
	row->min_us = min(row->min_us, other->min_us);
	row->max_us = max(row->max_us, other->max_us);
}

/* --- a minute ------------------------------------------------------------------ */

bool rtt_fold_end(struct rtt_fold *fold, struct rtt_row *row)
{
	if (!fold->count)
		return false;
	*row = (struct rtt_row){
		.minute = fold->minute,
		.min_us = fold->min_us,
		.mean_us = (uint32_t)(fold->sum_us / fold->count),
		.max_us = fold->max_us,
		.count = fold->count};
	fold->count = 0;
	return true;
}

static void begin(struct rtt_fold *fold, uint32_t minute, uint32_t us)
{
	*fold = (struct rtt_fold){.minute = minute,
				  .min_us = us,
				  .max_us = us,
				  .sum_us = us,
				  .count = 1,
				  .begun = true};
}

bool rtt_fold_add(struct rtt_fold *fold, struct rtt_row *row, uint64_t unix_ms,
		  uint32_t us)
{
	const uint32_t minute = (uint32_t)(unix_ms / MINUTE_MS);
	const bool first = !fold->begun;
	bool out = false;

	if (!first && fold->count && minute == fold->minute) {
		fold->min_us = min(fold->min_us, us);
		fold->max_us = max(fold->max_us, us);
		fold->sum_us += us;
		++fold->count;
		return false;
	}
	out = rtt_fold_end(fold, row);
	begin(fold, minute, us);
	return first ? rtt_fold_end(fold, row) : out;
}
