/*
 * stream_out.c  Our stream towards a leg, and the mapping of a source to it
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>

#include "mediad/rtp/stream.h"

enum {
	WINDOW = 64,    /* bits in strm_out.used */
	TS_SLACK_S = 5, /* more than this off the clock is a jump */
	SAME_EVENT_MS = 80,
	EVENT_KNOWN = 1,
	EVENT_ON = 2,
};

/* Written with one store each, and before what follows in program order: all
 * that a reader after SIGKILL needs, no fence between processors. */
static void save_next(struct strm_out *out)
{
	if (out->slot)
		__atomic_store_n(&out->slot->next, out->next, __ATOMIC_RELEASE);
}

static void save_ts(struct strm_out *out)
{
	uint64_t mark = (uint64_t)out->ts << 32 | (uint32_t)out->ts_ms;

	if (out->slot)
		__atomic_store_n(&out->slot->mark, mark, __ATOMIC_RELEASE);
}

static uint64_t event_pack(const struct strm_event *event)
{
	return (uint64_t)event->ts << 32 | (uint64_t)event->code << 16 |
	       (uint64_t)event->volume << 8 | (event->on ? EVENT_ON : 0) |
	       (event->known ? EVENT_KNOWN : 0);
}

static struct strm_event event_unpack(uint64_t packed)
{
	return (struct strm_event){
		.ts = (uint32_t)(packed >> 32),
		.code = (uint8_t)(packed >> 16),
		.volume = (uint8_t)(packed >> 8),
		.on = packed & EVENT_ON,
		.known = packed & EVENT_KNOWN,
		.before = true,
	};
}

void strm_out_event(struct strm_out *out, const struct strm_event *event)
{
	out->event = *event;
	if (out->slot)
		__atomic_store_n(&out->slot->event, event_pack(event),
				 __ATOMIC_RELEASE);
}

void strm_out_init(struct strm_out *out, uint32_t ssrc, uint32_t rate,
		   uint32_t first, struct strm_slot *slot)
{
	*out = (struct strm_out){
		.ssrc = ssrc,
		.rate = rate,
		.next = first & 0x7fff,
		.slot = slot,
	};
	out->floor = out->next;
	if (slot)
		*slot = (struct strm_slot){.next = out->next};
}

void strm_out_resume(struct strm_out *out, uint32_t ssrc, uint32_t rate,
		     struct strm_slot *slot, uint64_t now_ms)
{
	uint32_t ago = (uint32_t)now_ms - (uint32_t)slot->mark;

	*out = (struct strm_out){
		.ssrc = ssrc,
		.rate = rate,
		.next = slot->next,
		.floor = slot->next,
		.ts = (uint32_t)(slot->mark >> 32),
		.ts_ms = now_ms - ago,
		.begun = slot->mark != 0,
		.event = event_unpack(slot->event),
		.slot = slot,
	};
}

uint32_t strm_out_ts(const struct strm_out *out, uint64_t now_ms)
{
	return out->ts + (uint32_t)((now_ms - out->ts_ms) * out->rate / 1000);
}

void strm_out_set_rate(struct strm_out *out, uint32_t rate, uint64_t now_ms)
{
	if (rate == out->rate)
		return;

	if (out->begun) {
		out->ts = strm_out_ts(out, now_ms);
		out->ts_ms = now_ms;
		save_ts(out);
	}
	out->rate = rate;
}

static bool claim(struct strm_out *out, uint64_t index)
{
	uint64_t ahead;

	if (index < out->floor || index >> 48)
		return false;

	if (index < out->next) {
		uint64_t back = out->next - 1 - index;

		if (back >= WINDOW || out->used >> back & 1)
			return false;
		out->used |= 1ull << back;
		return true;
	}
	ahead = index - out->next + 1;
	out->used = ahead < WINDOW ? out->used << ahead | 1 : 1;
	out->next = index + 1;
	save_next(out);
	return true;
}

bool strm_out_take(struct strm_out *out, uint64_t *index)
{
	*index = out->next;
	if (!claim(out, out->next))
		return false;

	out->floor = out->next;
	return true;
}

/* Then it began at the same time, as far as one can tell from when its packets
 * come. */
bool strm_out_told(const struct strm_out *out, const struct strm_pkt *sp)
{
	const struct strm_event *event = &out->event;
	int32_t slack = (int32_t)(out->rate / 1000 * SAME_EVENT_MS);
	int32_t off =
		(int32_t)(strm_out_ts(out, sp->now_ms) - sp->age - event->ts);

	return !sp->steady && event->known && event->before &&
	       event->code == sp->code && off < slack && off > -slack;
}

/* The timestamp for a source's first packet: what stands for now, at least a
 * frame later than the one before. An event began some time ago. */
static uint32_t join_ts(const struct strm_out *out, const struct strm_pkt *sp)
{
	uint32_t ts = strm_out_ts(out, sp->now_ms);
	uint32_t least = out->ts + out->rate / 50;

	if (!out->begun)
		return sp->h.ts;
	if (strm_out_told(out, sp))
		return out->event.ts;
	if (!sp->steady)
		ts -= sp->age;
	return (int32_t)(ts - least) < 0 ? least : ts;
}

/* The source's next packet takes our next index. */
static void join(struct strm_map *map, struct strm_out *out,
		 const struct strm_in *in, struct strm_pkt *sp)
{
	map->gen = in->gen;
	map->delta = out->next - sp->ext;
	map->ts_delta = join_ts(out, sp) - sp->h.ts;
	out->floor = out->next;
	sp->h.marker |= sp->steady;
	map->turn = ++out->switches;
}

/* Has the source's timestamp left its clock (RFC 3550, 5.1)? Silence moves
 * both; a device that stops its clock on hold, or sets it, does not. */
static bool clock_jumped(const struct strm_map *map, const struct strm_out *out,
			 const struct strm_pkt *sp)
{
	uint32_t passed =
		(uint32_t)((sp->now_ms - map->ts_ms) * out->rate / 1000);
	int32_t off = (int32_t)(sp->h.ts - map->ts - passed);
	int32_t slack = (int32_t)(out->rate * TS_SLACK_S);

	return off > slack || off < -slack;
}

static void follow_clock(struct strm_map *map, struct strm_out *out,
			 struct strm_pkt *sp)
{
	uint32_t ts;

	if (sp->steady) {
		map->ts = sp->h.ts;
		map->ts_ms = sp->now_ms;
	}
	ts = sp->h.ts + map->ts_delta;
	/* unless it says that it lasts longer than it can */
	if ((int32_t)(ts + sp->age - strm_out_ts(out, sp->now_ms)) <
	    (int32_t)out->rate)
		ts += sp->age;
	if (out->begun && (int32_t)(ts - out->ts) <= 0)
		return;

	out->ts = ts;
	out->ts_ms = sp->now_ms;
	out->begun = true;
	save_ts(out);
}

bool strm_map_goes_on(const struct strm_map *map, const struct strm_out *out,
		      const struct strm_in *in)
{
	return map->gen == in->gen && map->turn == out->switches;
}

bool strm_map_packet(struct strm_map *map, struct strm_out *out,
		     const struct strm_in *in, struct strm_pkt *sp)
{
	uint64_t index;

	assert(in->gen);
	if (out->solo && out->solo != map)
		return false;
	if (!strm_map_goes_on(map, out, in)) {
		join(map, out, in, sp);
		map->ts = sp->h.ts;
		map->ts_ms = sp->now_ms;
	}
	index = sp->ext + map->delta;
	if (sp->steady && index >= out->next && clock_jumped(map, out, sp))
		join(map, out, in, sp);
	if (!claim(out, sp->ext + map->delta))
		return false;

	if (sp->ext + map->delta + 1 == out->next)
		follow_clock(map, out, sp);
	sp->index = sp->ext + map->delta;
	sp->h.ts += map->ts_delta;
	sp->h.seq = (uint16_t)sp->index;
	sp->h.ssrc = out->ssrc;
	return true;
}
