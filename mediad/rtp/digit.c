/*
 * digit.c  Telephone-events (RFC 4733) and their way from clock to clock
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "mediad/rtp/digit.h"
#include "mediad/rtp/wire.h"

enum {
	BACK_MAX_S = 10, /* older than this: the source's clock was set */
};

int digit_read(struct digit *digit, const uint8_t *p, size_t len)
{
	if (len < DIGIT_LEN)
		return EBADMSG;

	*digit = (struct digit){
		.code = p[0],
		.end = p[1] >> 7,
		.volume = p[1] & 0x3f,
		.duration = wire_get16(p + 2),
	};
	return 0;
}

void digit_write(uint8_t p[DIGIT_LEN], const struct digit *digit)
{
	p[0] = digit->code;
	p[1] = (uint8_t)(digit->end << 7 | (digit->volume & 0x3f));
	wire_put16(p + 2, digit->duration);
}

char digit_char(uint8_t code)
{
	return code < DIGIT_CODES ? "0123456789*#ABCD"[code] : '?';
}

void digit_way_init(struct digit_way *way, const struct digit_clock *from,
		    const struct digit_clock *to, uint16_t takes)
{
	*way = (struct digit_way){.from = *from, .to = *to, .takes = takes};
}

void digit_way_anew(struct digit_way *way)
{
	way->known = false;
}

static uint32_t ratio(uint64_t ticks, uint32_t to, uint32_t from)
{
	return (uint32_t)(ticks * to / from);
}

/* The source's next segment: it begins where the one before it was full. */
static bool continues(const struct digit_way *way, uint32_t ts, uint8_t code)
{
	uint32_t full = ratio(DIGIT_SEGMENT, way->from.stream, way->from.event);

	return way->known && !way->over && code == way->code &&
	       ts - way->segment == full;
}

static void begin(struct digit_way *way, uint32_t ts, uint8_t code)
{
	way->known = true;
	way->over = false;
	way->code = code;
	way->begin = way->segment = ts;
	way->before = way->segments = 0;
}

static bool is_old(const struct digit_way *way, uint32_t ts)
{
	int32_t off = (int32_t)(ts - way->segment);

	return way->known && off < 0 &&
	       off > -(int32_t)(way->from.stream * BACK_MAX_S);
}

/* The whole event in our clock, and the segment of it that is to be told. */
static void fill(struct digit_way *way, const struct digit *in,
		 struct digit_step *step)
{
	uint32_t total = ratio((uint64_t)way->before + in->duration,
			       way->to.event, way->from.event);
	uint32_t told;

	/* of segments that were lost only the last is told */
	if (total / DIGIT_SEGMENT > way->segments + 1)
		way->segments = (total - 1) / DIGIT_SEGMENT - 1;
	told = way->segments * DIGIT_SEGMENT;
	step->age = ratio(total, way->to.stream, way->to.event);
	step->since = ratio(told, way->to.stream, way->to.event);
	step->digit = *in;
	if (total <= told + DIGIT_SEGMENT) {
		/* one that was overtaken by the segment after it */
		step->digit.duration =
			(uint16_t)(total > told ? total - told : 1);
		return;
	}
	/* RFC 4733, 2.5.1.3: first that it was full, without E */
	step->digit.duration = DIGIT_SEGMENT;
	step->digit.end = false;
	way->segments++;
}

bool digit_pass(struct digit_way *way, uint32_t ts, const struct digit *in,
		struct digit_step *step)
{
	if (in->code >= DIGIT_CODES || !(way->takes >> in->code & 1))
		return false;
	if (is_old(way, ts))
		return false;

	*step = (struct digit_step){0};
	if (continues(way, ts, in->code)) {
		way->segment = ts;
		way->before += DIGIT_SEGMENT;
	} else if (!way->known || ts != way->segment || in->code != way->code) {
		begin(way, ts, in->code);
		step->first = true;
	}
	way->over |= in->end;
	step->over = way->over;
	step->begin = way->begin;
	fill(way, in, step);
	return true;
}

size_t digit_pass_rest(const struct digit_way *way, uint8_t *p, size_t len)
{
	size_t pos = DIGIT_LEN;

	for (; pos + DIGIT_LEN <= len; pos += DIGIT_LEN) {
		struct digit digit;
		uint32_t ticks;

		(void)digit_read(&digit, p + pos, DIGIT_LEN);
		ticks = ratio(digit.duration, way->to.event, way->from.event);
		digit.duration =
			(uint16_t)(ticks > DIGIT_SEGMENT ? DIGIT_SEGMENT
							 : ticks + !ticks);
		digit_write(p + pos, &digit);
	}
	return pos;
}
