/*
 * test_conceal_between.c  What is heard between two packets when those between
 *                         them are lost
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/sound/conceal.h"
#include "tests/lib/speech.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

enum {
	RATE = 8000,
	FRAME = 160,
	SECONDS = 20,
	SAMPLES = RATE * SECONDS
};

static int16_t ref[2 * SAMPLES], out[2 * SAMPLES];

static void sine(double hz, unsigned times)
{
	for (size_t i = 0; i < times * SAMPLES; i++)
		ref[i] = (int16_t)lrint(8000 * sin(2 * M_PI * hz * (double)i /
						   (RATE * times)));
}

/* `burst` of every `of` frames are lost. */
static void run(unsigned burst, unsigned of, unsigned times, bool between)
{
	static int16_t room[2 * CONCEAL_ROOM];
	const size_t frame = FRAME * times;
	struct conceal c;

	memset(room, 0, sizeof(room));
	conceal_open(&c, room, times);
	memcpy(out, ref, sizeof(out));
	for (unsigned n = 0; n + of < SAMPLES / FRAME; n++) {
		int16_t *pcm = out + n * frame;

		if (n % of != of - burst) {
			conceal_heard(&c, pcm, frame);
			continue;
		}
		if (between)
			conceal_between(&c, pcm, burst * frame,
					ref + (n + burst) * frame, frame);
		else
			conceal_make(&c, pcm, burst * frame);
		n += burst - 1;
	}
}

static int worst_step(size_t count)
{
	int worst = 0;

	for (size_t i = 1; i < count; i++)
		worst = abs(out[i] - out[i - 1]) > worst
				? abs(out[i] - out[i - 1])
				: worst;
	return worst;
}

static void a_tone_goes_on_as_it_was(void)
{
	static const double tones[] = {130, 311, 440, 697, 1004, 1633};

	for (unsigned i = 0; i < 12; i++) {
		const unsigned times = 1 + i % 2;
		const double hz = tones[i / 2];
		const double most = 8000 * 2 * M_PI * hz / RATE / times;
		struct tone tone;

		sine(hz, times);
		run(1, 10, times, true);
		tone = tone_measure(out, times * SAMPLES, RATE * times);
		printf("# %.0f Hz at %u kHz: %.2f Hz, purity %.4f\n", hz,
		       8 * times, tone.hz, tone.purity);
		CHECK(tone.purity > 0.99);
		CHECK(worst_step(times * SAMPLES) < 1.1 * most + 100);
	}
}

static void compare(const char *name, unsigned burst, unsigned of, double least)
{
	struct speech sp = speech_begin(RATE);
	double alone, between;

	speech_make(&sp, ref, SAMPLES);
	run(burst, of, 1, false);
	alone = speech_segsnr(ref, out, SAMPLES);
	run(burst, of, 1, true);
	between = speech_segsnr(ref, out, SAMPLES);
	printf("# %s: %.2f dB, without what follows %.2f dB\n", name, between,
	       alone);
	CHECK(between > alone + least);
}

static void speech_is_nearer_than_without_what_follows(void)
{
	compare("10 % single", 1, 10, 0.3);
	compare("10 % in threes", 3, 30, 0.1);
}

static void what_is_far_from_both_sides_is_silent(void)
{
	static int16_t room[CONCEAL_ROOM];
	struct conceal c;

	sine(440, 1);
	conceal_open(&c, room, 1);
	conceal_heard(&c, ref, RATE);
	conceal_between(&c, out, 1920, ref + 4 * RATE, FRAME);
	CHECK(abs(out[10]) + abs(out[11]) + abs(out[15]) > 1000);
	for (unsigned i = 500; i < 1400; i++)
		CHECK_INT(out[i], 0);
	CHECK(worst_step(1920) < 3300);
}

/* The sound before is remembered, and so is what was made. */
static void a_second_loss_follows_the_first(void)
{
	static int16_t room[CONCEAL_ROOM];
	struct conceal c;
	struct tone tone;

	sine(440, 1);
	memcpy(out, ref, sizeof(out));
	conceal_open(&c, room, 1);
	conceal_heard(&c, out, 4 * FRAME);
	for (unsigned n = 4; n < 16; n += 2) {
		conceal_between(&c, out + n * FRAME, FRAME,
				ref + (n + 1) * FRAME, 80);
		conceal_heard(&c, out + (n + 1) * FRAME, FRAME);
		CHECK(!memcmp(out + (n + 1) * FRAME, ref + (n + 1) * FRAME,
			      FRAME * sizeof(*ref)));
	}
	tone = tone_measure(out, 16 * FRAME, RATE);
	CHECK(tone.purity > 0.98);
}

static void any_sound_and_any_length_will_do(void)
{
	static const size_t counts[] = {1, 20, 80, 159, 960, 1920};
	static const int16_t edges[] = {INT16_MIN, INT16_MAX, 0, -1, 1};
	static int16_t room[2 * CONCEAL_ROOM];
	int16_t pcm[2 * 1920], ahead[320];
	struct conceal c;

	for (unsigned round = 0; round < 300; round++) {
		const unsigned times = 1 + round % 2;
		const size_t n = times * (CONCEAL_AHEAD_MIN + round * 7 % 81);
		uint32_t rnd = round;

		memset(room, 0, sizeof(room));
		conceal_open(&c, room, times);
		for (size_t i = 0; i < COUNTOF(pcm); i++) {
			rnd = rnd * 1664525u + 1013904223u;
			pcm[i] = round % 7 < 5 ? edges[round % 7 == 4
							       ? rnd >> 8 & 1
							       : round % 7]
					       : (int16_t)(rnd >> 16);
		}
		memcpy(ahead, pcm, sizeof(ahead));
		conceal_heard(&c, pcm, times * (round % 4) * 120);
		conceal_between(&c, pcm, times * counts[round % 6], ahead, n);
		conceal_heard(&c, pcm, 1);
	}
}

TEST_MAIN(TEST(a_tone_goes_on_as_it_was),
	  TEST(speech_is_nearer_than_without_what_follows),
	  TEST(what_is_far_from_both_sides_is_silent),
	  TEST(a_second_loss_follows_the_first),
	  TEST(any_sound_and_any_length_will_do))
