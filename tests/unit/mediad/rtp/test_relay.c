/*
 * test_relay.c  The packet path, with a path that only remembers
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/rtp/relay.h"
#include "mediad/rtp/wire.h"
#include "mediad/transport/path.h"
#include "tests/lib/test.h"

enum {
	SENT_MAX = 64
};

/* What was sent of events. */
struct sent_event {
	struct digit digit;
	uint32_t ts;
	uint64_t index;
	bool marker;
};

/* In the place of the real one. */
struct path {
	bool ready;
	int err;
	unsigned sent;
	struct sent_event events[SENT_MAX];
	unsigned nevents;
	uint8_t pkt[PKT_MAX];
	size_t len;
	uint64_t index;
};

bool path_ready(const struct path *path)
{
	return path->ready;
}

int path_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
		  uint64_t index)
{
	struct sent_event *event = &path->events[path->nevents % SENT_MAX];

	if (path->err)
		return path->err;
	path->sent++;
	if ((pkt[1] & 0x7f) == 100) {
		CHECK_INT(digit_read(&event->digit, pkt + PKT_HDR,
				     len - PKT_HDR),
			  0);
		event->ts = wire_get32(pkt + 4);
		event->marker = pkt[1] >> 7;
		event->index = index;
		path->nevents++;
	}
	memcpy(path->pkt, pkt, len);
	path->len = len;
	path->index = index;
	return 0;
}

struct bed {
	struct path path;
	struct strm_in in;
	struct strm_out out;
	struct relay relay;
	uint64_t bad;
	uint8_t buf[PATH_HEADROOM + PKT_MAX];
};

static void bed_init(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	bed->path.ready = true;
	strm_in_init(&bed->in, 48000);
	bed->in.event = 126;
	strm_out_init(&bed->out, 0x11223344, 48000, 10, NULL);
	relay_open(&bed->relay, &bed->out, &bed->path);
	relay_pass(&bed->relay, 111, 96);
	relay_pass(&bed->relay, 126, 101);
}

static bool put(struct bed *bed, const uint8_t *data, size_t len)
{
	struct path_packet packet = {
		.pkt = bed->buf + PATH_HEADROOM,
		.len = len,
		.cap = PKT_MAX,
		.now_ms = 1000,
	};
	struct strm_pkt sp;
	unsigned sent = bed->path.sent;

	memcpy(packet.pkt, data, len);
	if (relay_read(&bed->in, &sp, &packet, &bed->bad))
		relay_forward(&bed->relay, &bed->in, &sp, packet.pkt);
	return bed->path.sent > sent;
}

static void payload_passes_under_a_header_of_ours(void)
{
	/* one CSRC, an extension of one word, 2 bytes of padding */
	static const uint8_t in[] = {0xb1, 111,  0,   5, 0,    0,    1, 0,
				     9,    9,    9,   9, 0xcc, 0xcc, 0, 0,
				     0xbe, 0xde, 0,   1, 1,    2,    3, 4,
				     'a',  'b',  'c', 0, 2};
	struct bed bed;

	bed_init(&bed);
	REQUIRE(put(&bed, in, sizeof(in)));
	CHECK_INT(bed.path.len, PKT_HDR + 3);
	CHECK_INT(bed.path.pkt[0], 0x80);
	CHECK_INT(bed.path.pkt[1], 0x80 | 96);
	CHECK_INT(wire_get16(bed.path.pkt + 2), 10);
	CHECK_INT(wire_get32(bed.path.pkt + 8), 0x11223344);
	CHECK(!memcmp(bed.path.pkt + PKT_HDR, "abc", 3));
	CHECK_INT(bed.path.index, 10);
	CHECK_INT(bed.out.packets, 1);
	CHECK_INT(bed.out.octets, 3);
	CHECK_INT(bed.out.first_ms, 1000);
}

static void payload_types_are_mapped_or_dropped(void)
{
	uint8_t in[16] = {0x80, 0};
	struct bed bed;

	bed_init(&bed);
	for (unsigned pt = 0; pt < 128; pt++) {
		in[1] = (uint8_t)pt;
		in[3]++;
		CHECK_INT(put(&bed, in, sizeof(in)), pt == 111 || pt == 126);
	}
	CHECK_INT(bed.path.pkt[1], 101);
	CHECK_INT(bed.relay.dropped, 126);
	CHECK_INT(bed.in.packets, 128);
}

static void an_event_keeps_no_marker_but_its_own(void)
{
	uint8_t in[16] = {0x80, 126};
	struct bed bed;

	bed_init(&bed);
	CHECK(put(&bed, in, sizeof(in)));
	CHECK_INT(bed.path.pkt[1], 101); /* the first packet of ours */
	in[3] = 1;
	in[1] |= 0x80;
	CHECK(put(&bed, in, sizeof(in)));
	CHECK_INT(bed.path.pkt[1], 0x80 | 101);
}

static void nothing_goes_to_nobody(void)
{
	uint8_t in[16] = {0x80, 111};
	struct bed bed;

	bed_init(&bed);
	relay_close(&bed.relay);
	CHECK(!put(&bed, in, sizeof(in)));
	CHECK_INT(bed.in.packets, 1);
}

static void a_path_that_is_not_ready_costs_no_index(void)
{
	uint8_t in[16] = {0x80, 111};
	struct bed bed;

	bed_init(&bed);
	bed.path.ready = false;
	CHECK(!put(&bed, in, sizeof(in)));
	CHECK_INT(bed.out.next, 10);
	bed.path.ready = true;
	bed.path.err = ENOTCONN;
	in[3]++;
	CHECK(!put(&bed, in, sizeof(in)));
	CHECK_INT(bed.out.packets, 0);
	CHECK_INT(bed.out.next, 11); /* it may have been used */
}

static void what_is_no_packet_is_counted(void)
{
	uint8_t in[11] = {0x80, 111};
	struct bed bed;

	bed_init(&bed);
	CHECK(!put(&bed, in, sizeof(in)));
	CHECK_INT(bed.bad, 1);
	CHECK_INT(bed.in.packets, 0);
}

static void reopening_goes_on_in_the_same_stream(void)
{
	uint8_t in[16] = {0x80, 111};
	struct bed bed;
	uint64_t index;

	bed_init(&bed);
	CHECK(put(&bed, in, sizeof(in)));
	index = bed.path.index;
	relay_close(&bed.relay);
	for (unsigned n = 0; n < 50; n++) {
		in[3]++;
		CHECK(!put(&bed, in, sizeof(in)));
	}
	relay_open(&bed.relay, &bed.out, &bed.path);
	relay_pass(&bed.relay, 111, 111);
	in[3]++;
	CHECK(put(&bed, in, sizeof(in)));
	CHECK_INT(bed.path.index, index + 1);
	CHECK_INT(bed.path.pkt[1], 0x80 | 111);
}

/* --- events ------------------------------------------------------------------ */

struct call {
	struct bed bed;
	struct strm_slot slot;
	uint64_t now;
	uint32_t ts;
	uint16_t seq;
	uint32_t ssrc;
};

static void call_open(struct call *call, uint32_t event_from, uint32_t event_to)
{
	const struct digit_clock from = {48000, event_from};
	const struct digit_clock to = {48000, event_to};
	struct digit_way way;

	memset(call, 0, sizeof(*call));
	call->bed.path.ready = true;
	call->now = 10000;
	call->ssrc = 77;
	strm_in_init(&call->bed.in, 48000);
	call->bed.in.event = 126;
	strm_out_init(&call->bed.out, 1, 48000, 10, &call->slot);
	relay_open(&call->bed.relay, &call->bed.out, &call->bed.path);
	relay_pass(&call->bed.relay, 111, 96);
	digit_way_init(&way, &from, &to, 0xffff);
	relay_pass_event(&call->bed.relay, 126, 100, &way);
}

static void put_packet(struct call *call, uint8_t pt, uint32_t ts,
		       const void *data, size_t len)
{
	uint8_t buf[PATH_HEADROOM + 64];
	struct path_packet packet = {.pkt = buf + PATH_HEADROOM,
				     .len = PKT_HDR + len,
				     .cap = 64,
				     .now_ms = call->now};
	struct pkt h = {.ssrc = call->ssrc,
			.ts = ts,
			.seq = call->seq++,
			.pt = pt};
	struct strm_pkt sp;

	pkt_write(packet.pkt, &h);
	memcpy(packet.pkt + PKT_HDR, data, len);
	if (relay_read(&call->bed.in, &sp, &packet, &call->bed.bad))
		relay_forward(&call->bed.relay, &call->bed.in, &sp, packet.pkt);
}

static void tick(struct call *call)
{
	call->now += 20;
	call->ts += 960;
}

static void audio(struct call *call, unsigned count)
{
	while (count--) {
		tick(call);
		put_packet(call, 111, call->ts, "audio", 5);
	}
}

/* Packets of an event that began at `begin`; the last three are its end. */
static void event(struct call *call, uint8_t code, uint32_t begin,
		  unsigned count, bool end)
{
	uint32_t scale = 48000 / call->bed.relay.event.way.from.event;

	for (unsigned n = 0; n < count; n++) {
		struct digit digit = {.code = code, .volume = 10};
		uint8_t p[DIGIT_LEN];

		tick(call);
		digit.duration = (uint16_t)((call->ts - begin) / scale);
		digit.end = end && n + 3 >= count;
		digit_write(p, &digit);
		put_packet(call, 126, begin, p, sizeof(p));
	}
}

static const struct sent_event *last_event(const struct call *call)
{
	return &call->bed.path.events[call->bed.path.nevents - 1];
}

static void an_event_goes_from_clock_to_clock(void)
{
	struct call call;
	uint32_t begin;

	call_open(&call, 48000, 8000);
	audio(&call, 5);
	begin = call.ts;
	event(&call, 5, begin, 8, true);
	CHECK_INT(call.bed.path.nevents, 8);
	for (unsigned i = 0; i < 8; i++) {
		const struct sent_event *sent = &call.bed.path.events[i];

		CHECK_INT(sent->digit.code, 5);
		CHECK_INT(sent->digit.volume, 10);
		CHECK_INT(sent->digit.duration, 160 * (i + 1));
		CHECK_INT(sent->digit.end, i >= 5);
		CHECK_INT(sent->marker, i == 0);
		CHECK_INT(sent->ts, call.bed.path.events[0].ts);
	}
	CHECK(!call.bed.out.event.on);
	audio(&call, 3);
	CHECK_INT(call.bed.path.sent, 5 + 8 + 3);
	CHECK_INT(call.bed.relay.dropped, 0);
}

/* The far side would wait for the end of a digit that nobody ends. */
static void a_new_source_ends_the_event_of_the_former_one(void)
{
	struct call call;
	uint64_t index;
	uint32_t ts;

	call_open(&call, 48000, 48000);
	audio(&call, 5);
	event(&call, 7, call.ts, 4, false);
	ts = last_event(&call)->ts;
	index = last_event(&call)->index;
	CHECK(call.bed.out.event.on);

	call.ssrc = 78; /* two in a row, until it is believed */
	call.seq = 5000;
	call.ts += 123456;
	audio(&call, 3);
	CHECK_INT(call.bed.path.nevents, 7);
	for (unsigned i = 4; i < 7; i++) {
		const struct sent_event *sent = &call.bed.path.events[i];

		CHECK_INT(sent->digit.code, 7);
		CHECK(sent->digit.end && !sent->marker);
		CHECK_INT(sent->ts, ts);
		CHECK(sent->digit.duration >= 4 * 960);
		CHECK_INT(sent->index, index + i - 3);
	}
	CHECK_INT(call.bed.path.index, index + 5);
	CHECK(!call.bed.out.event.on);
}

static void an_event_whose_end_was_lost_is_not_ended_later(void)
{
	struct call call;

	call_open(&call, 48000, 48000);
	audio(&call, 5);
	event(&call, 7, call.ts, 4, false);
	audio(&call, 5);
	CHECK(!call.bed.out.event.on);
	relay_end_event(&call.bed.relay, call.now);
	CHECK_INT(call.bed.path.nevents, 4);

	event(&call, 7, call.ts, 4, false);
	call.now += 5000;
	relay_end_event(&call.bed.relay, call.now); /* the far side gave up */
	CHECK_INT(call.bed.path.nevents, 8);
}

/* A successor knows what the slot holds, and nothing else. */
static void die(struct call *call, unsigned ms)
{
	struct call old = *call;

	call_open(call, old.bed.relay.event.way.from.event,
		  old.bed.relay.event.way.to.event);
	call->bed.path = old.bed.path;
	call->slot = old.slot;
	call->now = old.now;
	call->ts = old.ts;
	call->seq = old.seq;
	for (unsigned t = 0; t < ms; t += 20, call->seq++)
		tick(call);
	strm_out_resume(&call->bed.out, 1, 48000, &call->slot, call->now);
}

static void an_event_goes_on_after_a_death(void)
{
	struct call call;
	uint32_t begin, ts;

	call_open(&call, 48000, 48000);
	audio(&call, 50);
	begin = call.ts;
	event(&call, 9, begin, 4, false);
	ts = last_event(&call)->ts;
	die(&call, 300);
	event(&call, 9, begin, 6, true);
	CHECK_INT(call.bed.path.nevents, 10);
	CHECK_INT(last_event(&call)->ts, ts);
	CHECK(last_event(&call)->digit.end);
	for (unsigned i = 1; i < 10; i++)
		CHECK(!call.bed.path.events[i].marker);
	audio(&call, 2);
	CHECK_INT(call.bed.path.nevents, 10);

	/* once it is over, its repeats are no other event */
	event(&call, 1, call.ts, 6, true);
	ts = last_event(&call)->ts;
	begin = call.ts - 6 * 960;
	die(&call, 100);
	event(&call, 1, begin, 1, true);
	CHECK_INT(last_event(&call)->ts, ts);
	CHECK(!last_event(&call)->marker);
}

static void an_event_that_ended_during_a_death_is_ended(void)
{
	struct call call;
	uint32_t ts;

	call_open(&call, 8000, 8000);
	audio(&call, 50);
	event(&call, 9, call.ts, 4, false);
	ts = last_event(&call)->ts;
	die(&call, 400);
	audio(&call, 1);
	CHECK_INT(call.bed.path.nevents, 7);
	CHECK_INT(last_event(&call)->ts, ts);
	CHECK(last_event(&call)->digit.end);
	CHECK(last_event(&call)->digit.duration >= 8 * (80 + 400));
	/* the same digit again is another one */
	event(&call, 9, call.ts, 4, true);
	CHECK(last_event(&call)->ts != ts);
	CHECK(call.bed.path.events[7].marker);
}

TEST_MAIN(TEST(payload_passes_under_a_header_of_ours),
	  TEST(payload_types_are_mapped_or_dropped),
	  TEST(an_event_keeps_no_marker_but_its_own),
	  TEST(nothing_goes_to_nobody),
	  TEST(a_path_that_is_not_ready_costs_no_index),
	  TEST(what_is_no_packet_is_counted),
	  TEST(reopening_goes_on_in_the_same_stream),
	  TEST(an_event_goes_from_clock_to_clock),
	  TEST(a_new_source_ends_the_event_of_the_former_one),
	  TEST(an_event_whose_end_was_lost_is_not_ended_later),
	  TEST(an_event_goes_on_after_a_death),
	  TEST(an_event_that_ended_during_a_death_is_ended))
