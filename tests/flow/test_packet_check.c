/*
 * test_packet_check.c  The checker itself: it has to see what is wrong
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <re.h>

#include "tests/lib/packet_check.h"
#include "tests/lib/test.h"

struct sent {
	uint32_t ssrc, ts;
	uint16_t seq;
	uint64_t index, now_ms;
};

static void add(struct packet_check *pc, const struct sent *s)
{
	uint8_t pkt[20] = {0x80, 0, (uint8_t)(s->seq >> 8), (uint8_t)s->seq};

	for (unsigned i = 0; i < 4; i++) {
		pkt[4 + i] = (uint8_t)(s->ts >> (24 - 8 * i));
		pkt[8 + i] = (uint8_t)(s->ssrc >> (24 - 8 * i));
	}
	packet_check_add(pc, pkt, sizeof(pkt), s->index, s->now_ms);
}

static struct sent nth(unsigned n)
{
	uint64_t index = 65530 + n;

	return (struct sent){7, 160 * n, (uint16_t)index, index, 20 * n};
}

static void a_sound_stream_has_no_fault(void)
{
	struct packet_check pc;

	packet_check_open(&pc, 8000);
	pc.ts_slack_ms = 5;
	CHECK_STR(packet_check_fault(&pc), "nothing came");
	for (unsigned n = 0; n < 100; n++) {
		struct sent s = nth(n);

		if (n != 50)
			add(&pc, &s);
	}
	CHECK_STR(packet_check_fault(&pc), NULL);
	CHECK_INT(packet_check_lost(&pc), 1);
	CHECK_INT(pc.packets, 99);
	CHECK_INT(pc.max_gap_ms, 40);
	packet_check_close(&pc);
}

/* The first to come need not be the lowest, however high the ROC is. */
static void a_late_first_packet_hides_no_second_use(void)
{
	struct packet_check pc;
	static const unsigned order[] = {5, 6, 2, 6};

	packet_check_open(&pc, 8000);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t index = (1ull << 30) + order[i];

		add(&pc, &(struct sent){7, 160 * order[i], (uint16_t)index,
					index, 20 * i});
	}
	CHECK_INT(pc.duplicates, 1);
	CHECK_INT(pc.late, 1);
	CHECK_INT(packet_check_lost(&pc), 2);
	packet_check_close(&pc);
}

static const char *fault_with(void (*spoil)(struct sent *))
{
	struct packet_check pc;
	const char *fault;

	packet_check_open(&pc, 8000);
	pc.ts_slack_ms = 5;
	for (unsigned n = 0; n < 10; n++) {
		struct sent s = nth(n);

		if (n == 7)
			spoil(&s);
		add(&pc, &s);
	}
	fault = packet_check_fault(&pc);
	packet_check_close(&pc);
	return fault;
}

static void use_twice(struct sent *s)
{
	--s->index;
	--s->seq;
}

static void change_ssrc(struct sent *s)
{
	s->ssrc = 8;
}

static void wrong_seq(struct sent *s)
{
	s->seq += 3;
}

static void turn_back(struct sent *s)
{
	s->ts = 0;
}

static void jump(struct sent *s)
{
	s->ts += 800;
}

static void each_fault_is_seen(void)
{
	CHECK_STR(fault_with(use_twice), "an index was used twice");
	CHECK_STR(fault_with(change_ssrc), "the SSRC changed");
	CHECK_STR(fault_with(wrong_seq), "SEQ is not that of the index");
	CHECK_STR(fault_with(turn_back), "the timestamp went back");
	CHECK_STR(fault_with(jump), "the timestamp went back");
}

static void tone(int16_t *pcm, size_t n, double hz, double amp)
{
	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)lrint(amp * 32767 *
					sin(2 * M_PI * hz * (double)i / 8000));
}

static void tones_are_measured(void)
{
	static int16_t pcm[8000];

	tone(pcm, 8000, 440, 0.5);
	CHECK(fabs(sound_frequency(pcm, 8000, 8000) - 440) < 1);
	CHECK(fabs(sound_level(pcm, 8000) + 9.03) < 0.1);
	CHECK(fabs(sound_level_at(pcm, 8000, 8000, 440) + 9.03) < 0.1);
	CHECK(sound_level_at(pcm, 8000, 8000, 1004) < -60);
	tone(pcm, 1600, 1004, 1);
	CHECK(fabs(sound_frequency(pcm, 1600, 8000) - 1004) < 2);
	CHECK(fabs(sound_level(pcm, 1600) + 3.01) < 0.1);
	memset(pcm, 0, sizeof(pcm));
	CHECK(sound_level(pcm, 8000) < -190);
}

TEST_MAIN(TEST(a_sound_stream_has_no_fault), TEST(each_fault_is_seen),
	  TEST(a_late_first_packet_hides_no_second_use),
	  TEST(tones_are_measured))
