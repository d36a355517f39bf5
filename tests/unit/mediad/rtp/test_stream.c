/*
 * test_stream.c  Streams in, out, and the mapping between them
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "mediad/rtp/stream.h"
#include "tests/lib/test.h"

enum {
	RATE = 48000,
	FRAME = 960
};

/* A source of packets, 20 ms apart. */
struct source {
	uint32_t ssrc, ts;
	uint16_t seq;
};

struct bed {
	struct strm_in in;
	struct strm_out out;
	struct strm_map map;
	struct strm_slot slot;
	uint64_t now;
	struct source src;
	struct strm_pkt sp;
};

static void bed_init(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	bed->now = 1000000;
	bed->src = (struct source){0xaaaa, 5000, 100};
	strm_in_init(&bed->in, RATE);
	strm_out_init(&bed->out, 0x0915, RATE, 70, &bed->slot);
}

/* One packet of the source as it stands; true when it goes out. */
static bool put(struct bed *bed)
{
	bed->sp = (struct strm_pkt){
		.h = {.ssrc = bed->src.ssrc,
		      .ts = bed->src.ts,
		      .seq = bed->src.seq,
		      .pt = 111,
		      .paylen = 80},
		.now_ms = bed->now,
	};
	if (!strm_in_packet(&bed->in, &bed->sp))
		return false;
	return strm_map_packet(&bed->map, &bed->out, &bed->in, &bed->sp);
}

static void step(struct bed *bed, int frames)
{
	bed->src.seq = (uint16_t)(bed->src.seq + frames);
	bed->src.ts += (uint32_t)(frames * FRAME);
	bed->now += (uint64_t)(frames * 20);
}

static bool next(struct bed *bed)
{
	step(bed, 1);
	return put(bed);
}

static void run(struct bed *bed, unsigned count)
{
	while (count--)
		CHECK(next(bed));
}

static void first_packet_begins_with_a_marker(void)
{
	struct bed bed;

	bed_init(&bed);
	REQUIRE(put(&bed));
	CHECK_INT(bed.sp.h.ssrc, 0x0915);
	CHECK_INT(bed.sp.index, 70);
	CHECK_INT(bed.sp.h.seq, 70);
	CHECK(bed.sp.h.marker);
	REQUIRE(next(&bed));
	CHECK(!bed.sp.h.marker);
	CHECK_INT(bed.sp.h.seq, 71);
}

static void loss_stays_a_gap_and_late_packets_fill_it(void)
{
	struct bed bed;
	uint64_t index;
	uint32_t ts;

	bed_init(&bed);
	put(&bed);
	index = bed.sp.index;
	ts = bed.sp.h.ts;
	step(&bed, 3);
	REQUIRE(put(&bed));
	CHECK_INT(bed.sp.index, index + 3);
	CHECK_INT(bed.sp.h.ts, ts + 3 * FRAME);
	CHECK_INT(strm_in_lost(&bed.in), 2);

	step(&bed, -1);
	REQUIRE(put(&bed));
	CHECK_INT(bed.sp.index, index + 2);
	CHECK_INT(bed.sp.h.ts, ts + 2 * FRAME);
	CHECK_INT(strm_in_lost(&bed.in), 1);
	CHECK(!put(&bed)); /* the same once more */
	CHECK_INT(bed.in.dups, 1);
	step(&bed, 2);
	REQUIRE(put(&bed));
	CHECK_INT(bed.sp.index, index + 4);
}

static void a_packet_before_the_first_has_no_place(void)
{
	struct bed bed;

	bed_init(&bed);
	put(&bed);
	step(&bed, -1);
	CHECK(!put(&bed));
	CHECK_INT(bed.slot.next, 71);
}

static void sequence_wraps_into_the_next_roc(void)
{
	struct bed bed;

	bed_init(&bed);
	bed.src.seq = 65000;
	strm_out_init(&bed.out, 1, RATE, 0, &bed.slot);
	bed.out.next = bed.out.floor = 65530;
	put(&bed);
	run(&bed, 1000);
	CHECK_INT(bed.sp.index, 65530 + 1000);
	CHECK_INT(bed.sp.h.seq, (uint16_t)(65530 + 1000));
	CHECK_INT(strm_in_lost(&bed.in), 0);
	CHECK_INT(bed.slot.next, 66531);
}

static void slot_is_ahead_of_every_packet_sent(void)
{
	struct bed bed;

	bed_init(&bed);
	put(&bed);
	for (unsigned i = 0; i < 500; i++) {
		step(&bed, (int)(i % 7) - 2);
		if (put(&bed))
			CHECK(bed.slot.next > bed.sp.index);
	}
	CHECK_INT(bed.slot.next, bed.out.next);
}

static void another_ssrc_waits_for_its_second_packet(void)
{
	struct bed bed;
	uint64_t index;
	uint32_t ts;

	bed_init(&bed);
	put(&bed);
	run(&bed, 10);
	index = bed.sp.index;
	ts = bed.sp.h.ts;
	bed.src = (struct source){0xbbbb, 77, 40000};
	bed.now += 20;
	CHECK(!put(&bed));
	REQUIRE(next(&bed));
	CHECK_INT(bed.sp.index, index + 1);
	CHECK_INT(bed.sp.h.ts, ts + 2 * FRAME);
	CHECK(bed.sp.h.marker);
	CHECK_INT(bed.in.refused, 1);
}

static void a_stranger_between_changes_nothing(void)
{
	struct bed bed;
	struct source own;

	bed_init(&bed);
	put(&bed);
	for (unsigned i = 0; i < 100; i++) {
		CHECK(next(&bed));
		own = bed.src;
		bed.src = (struct source){0xbad, i * FRAME, (uint16_t)i};
		CHECK(!put(&bed));
		bed.src = own;
	}
	CHECK_INT(bed.out.switches, 1);
	CHECK_INT(bed.in.refused, 100);
}

/* Two that were sent again, in a row, and long overtaken. */
static void what_comes_again_too_late_is_no_other_source(void)
{
	struct bed bed;
	struct source own;

	bed_init(&bed);
	put(&bed);
	run(&bed, 300);
	own = bed.src;
	bed.src.seq = (uint16_t)(own.seq - 100);
	bed.src.ts = own.ts - 100 * FRAME;
	for (unsigned i = 0; i < 5; i++) {
		CHECK(!put(&bed));
		bed.src.seq++;
	}
	CHECK_INT(bed.in.gen, 1);
	CHECK_INT(bed.in.refused, 5);
	bed.src = own;
	run(&bed, 10);
	CHECK_INT(bed.out.switches, 1);
	/* nothing else comes for a while: it has begun anew there */
	bed.src.seq = (uint16_t)(bed.src.seq - 100);
	bed.now += 500;
	CHECK(!put(&bed));
	CHECK(next(&bed));
	CHECK_INT(bed.in.gen, 2);
}

static void a_source_that_restarts_goes_on_without_a_gap(void)
{
	struct bed bed;
	uint64_t index;
	uint32_t ts;

	bed_init(&bed);
	put(&bed);
	run(&bed, 10);
	index = bed.sp.index;
	ts = bed.sp.h.ts;
	bed.src.seq = 30000;
	bed.src.ts = 12;
	bed.now += 1000;
	CHECK(!put(&bed));
	REQUIRE(next(&bed));
	CHECK_INT(bed.sp.index, index + 1);
	CHECK_INT(bed.sp.h.ts, ts + 51 * FRAME);
}

static void clock_that_stood_still_on_hold_is_caught_up(void)
{
	struct bed bed;
	uint32_t ts;

	bed_init(&bed);
	put(&bed);
	run(&bed, 10);
	ts = bed.sp.h.ts;
	bed.now += 60000; /* and the source's timestamp does not move */
	REQUIRE(next(&bed));
	CHECK_INT(bed.sp.h.ts, ts + 3001 * FRAME);
	CHECK(bed.sp.h.marker);
	CHECK_INT(bed.sp.index, bed.out.next - 1);
}

static void clock_that_ran_on_in_silence_is_left_alone(void)
{
	struct bed bed;
	uint32_t ts;

	bed_init(&bed);
	put(&bed);
	run(&bed, 10);
	ts = bed.sp.h.ts;
	bed.now += 3600000;
	bed.src.ts += 180000u * FRAME;
	REQUIRE(next(&bed));
	CHECK_INT(bed.sp.h.ts, ts + 180001u * FRAME);
	CHECK(!bed.sp.h.marker);
	CHECK_INT(bed.out.switches, 1);
}

static void event_packets_keep_the_time_of_their_begin(void)
{
	struct bed bed;
	uint32_t begin;

	bed_init(&bed);
	put(&bed);
	run(&bed, 5);
	begin = bed.sp.h.ts + FRAME;
	bed.in.event = 110;
	step(&bed, 1);
	for (unsigned i = 0; i < 500; i++) { /* 10 s of one key */
		bed.sp = (struct strm_pkt){
			.h = {.ssrc = bed.src.ssrc,
			      .ts = bed.src.ts,
			      .seq = bed.src.seq,
			      .pt = 110},
			.now_ms = bed.now,
		};
		REQUIRE(strm_in_packet(&bed.in, &bed.sp));
		REQUIRE(strm_map_packet(&bed.map, &bed.out, &bed.in, &bed.sp));
		CHECK_INT(bed.sp.h.ts, begin);
		bed.src.seq++;
		bed.now += 20;
	}
	bed.src.ts += 500 * FRAME;
	REQUIRE(put(&bed));
	CHECK_INT(bed.sp.h.ts, begin + 500 * FRAME);
	CHECK_INT(bed.out.switches, 1);
}

static void switching_sources_never_goes_back(void)
{
	struct bed bed;
	struct strm_in other;
	uint64_t index;
	uint32_t ts;

	bed_init(&bed);
	put(&bed);
	run(&bed, 10);
	index = bed.sp.index;
	ts = bed.sp.h.ts;

	/* another leg is joined: its stream, a new mapping */
	strm_in_init(&other, RATE);
	bed.in = other;
	bed.map = (struct strm_map){0};
	bed.src = (struct source){0xcccc, 4000000000u, 9};
	bed.now += 5; /* within the frame that was sent */
	REQUIRE(put(&bed));
	CHECK_INT(bed.sp.index, index + 1);
	CHECK_INT(bed.sp.h.ts, ts + FRAME);
}

static void successor_goes_on_above_the_slot(void)
{
	struct bed bed;
	struct strm_out second;
	uint64_t index;
	uint32_t ts;

	bed_init(&bed);
	bed.out.next = bed.out.floor = 3 * 65536 - 4;
	put(&bed);
	run(&bed, 10); /* past a wrap */
	index = bed.sp.index;
	ts = bed.sp.h.ts;

	bed.now += 400;
	strm_out_resume(&second, 0x0915, RATE, &bed.slot, bed.now);
	bed.out = second;
	bed.map = (struct strm_map){0};
	strm_in_init(&bed.in, RATE);
	step(&bed, 1);
	bed.src.ts += 20 * FRAME;
	bed.src.seq = (uint16_t)(bed.src.seq + 20);
	REQUIRE(put(&bed));
	CHECK_INT(bed.sp.index, index + 1);
	CHECK_INT(bed.sp.index >> 16, 3);
	CHECK_INT(bed.sp.h.ts, ts + 21 * FRAME);
	/* what the dead one may have sent is below the floor */
	step(&bed, -1);
	CHECK(!put(&bed));
}

static void index_has_an_end(void)
{
	struct bed bed;

	bed_init(&bed);
	bed.out.next = bed.out.floor = (1ull << 48) - 1;
	CHECK(put(&bed));
	CHECK(!next(&bed));
	CHECK_INT(bed.out.next, 1ll << 48);
}

static void rate_changes_keep_time(void)
{
	struct bed bed;
	uint32_t ts;

	bed_init(&bed);
	put(&bed);
	run(&bed, 10);
	ts = bed.sp.h.ts;
	bed.now += 1000;
	strm_out_set_rate(&bed.out, 8000, bed.now);
	CHECK_INT(bed.out.ts, ts + 48000);
	CHECK_INT(strm_out_ts(&bed.out, bed.now + 1000), ts + 56000);
}

static void jitter_is_that_of_rfc_3550(void)
{
	struct bed bed;
	uint32_t want = 0; /* 1/16 ticks */

	bed_init(&bed);
	put(&bed);
	for (unsigned i = 0; i < 200; i++) {
		uint32_t late = i % 2 ? 0 : 4;
		uint32_t d = 4 * 48; /* each step is 4 ms off */

		step(&bed, 1);
		bed.now += late;
		CHECK(put(&bed));
		bed.now -= late;
		want += d - ((want + 8) >> 4);
	}
	CHECK(bed.in.jitter + 16 >= want && bed.in.jitter <= want + 16);
	CHECK(strm_in_jitter_us(&bed.in) > 3900 &&
	      strm_in_jitter_us(&bed.in) <= 4000);
}

/* 200,000 packets with loss, reordering, duplicates and restarts: no index
 * twice, and what is new is later. */
static void no_index_is_used_twice_in_200000_packets(void)
{
	enum {
		N = 200000
	};
	uint8_t *used = mem_zalloc(N * 4, NULL);
	struct bed bed;
	uint32_t rnd = 1, ts = 0;
	uint64_t high = 0;
	unsigned sent = 0, twice = 0, back = 0;

	REQUIRE(used != NULL);
	bed_init(&bed);
	for (unsigned i = 0; i < N; i++) {
		uint64_t ms = bed.now;

		rnd = rnd * 1664525 + 1013904223;
		if (rnd >> 20 == 0)
			bed.src = (struct source){rnd, rnd * 7,
						  (uint16_t)(rnd * 3)};
		step(&bed,
		     (rnd >> 8) % 100 < 90 ? 1 : (int)(rnd >> 10) % 9 - 4);
		if (bed.now < ms + 20)
			bed.now = ms + 20;
		if (!put(&bed))
			continue;
		sent++;
		REQUIRE(bed.sp.index < N * 4);
		twice += used[bed.sp.index];
		used[bed.sp.index] = 1;
		if (bed.sp.index > high) {
			back += high && (int32_t)(bed.sp.h.ts - ts) <= 0;
			high = bed.sp.index;
			ts = bed.sp.h.ts;
		}
	}
	CHECK_INT(twice, 0);
	CHECK_INT(back, 0);
	CHECK(sent > N * 8 / 10);
	mem_deref(used);
}

TEST_MAIN(TEST(first_packet_begins_with_a_marker),
	  TEST(loss_stays_a_gap_and_late_packets_fill_it),
	  TEST(a_packet_before_the_first_has_no_place),
	  TEST(sequence_wraps_into_the_next_roc),
	  TEST(slot_is_ahead_of_every_packet_sent),
	  TEST(another_ssrc_waits_for_its_second_packet),
	  TEST(a_stranger_between_changes_nothing),
	  TEST(what_comes_again_too_late_is_no_other_source),
	  TEST(a_source_that_restarts_goes_on_without_a_gap),
	  TEST(clock_that_stood_still_on_hold_is_caught_up),
	  TEST(clock_that_ran_on_in_silence_is_left_alone),
	  TEST(event_packets_keep_the_time_of_their_begin),
	  TEST(switching_sources_never_goes_back),
	  TEST(successor_goes_on_above_the_slot), TEST(index_has_an_end),
	  TEST(rate_changes_keep_time), TEST(jitter_is_that_of_rfc_3550),
	  TEST(no_index_is_used_twice_in_200000_packets))
