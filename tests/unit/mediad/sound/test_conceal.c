/*
 * test_conceal.c  What is heard when a packet of G.711 is lost
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <re.h>

#include "mediad/sound/conceal.h"
#include "tests/lib/speech.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

enum {
	RATE = 8000,
	FRAME = 160,
	SECONDS = 30,
	SAMPLES = RATE * SECONDS
};

static int16_t ref[SAMPLES], out[SAMPLES];

static void sine(int16_t *pcm, size_t count, double hz)
{
	for (size_t i = 0; i < count; i++)
		pcm[i] = (int16_t)lrint(8000 *
					sin(2 * M_PI * hz * (double)i / RATE));
}

static struct conceal silent(void)
{
	static int16_t room[CONCEAL_ROOM];
	struct conceal c;

	memset(room, 0, sizeof(room));
	conceal_open(&c, room, 1);
	return c;
}

/* Each frame through; lost(n) says which are not. */
static void run(bool (*lost)(unsigned n), bool silence)
{
	struct conceal c = silent();

	memcpy(out, ref, sizeof(out));
	for (unsigned n = 0; n < SAMPLES / FRAME; n++) {
		int16_t *frame = out + n * FRAME;

		if (!lost(n))
			conceal_heard(&c, frame, FRAME);
		else if (silence)
			memset(frame, 0, FRAME * sizeof(*frame));
		else
			conceal_make(&c, frame, FRAME);
	}
}

static bool none(unsigned n)
{
	(void)n;
	return false;
}

static bool one_of_ten(unsigned n)
{
	return n % 10 == 7;
}

static bool two_of_forty(unsigned n)
{
	return n % 40 >= 38;
}

static bool all_from_fifty(unsigned n)
{
	return n >= 50;
}

static void what_is_received_is_not_touched(void)
{
	struct speech sp = speech_begin(RATE);

	speech_make(&sp, ref, SAMPLES);
	run(none, false);
	CHECK(!memcmp(ref, out, sizeof(out)));
}

/* Largest step between two samples that a sine of this level has. */
static void a_tone_goes_on_without_an_edge(void)
{
	static const double tones[] = {130, 440, 697, 1004, 1633};

	for (unsigned i = 0; i < 5; i++) {
		double limit = 8000 * 2 * M_PI * tones[i] / RATE * 1.35 + 300;
		struct tone tone;
		int worst = 0;

		sine(ref, SAMPLES, tones[i]);
		run(one_of_ten, false);
		for (size_t n = 1; n < SAMPLES; n++)
			worst = abs(out[n] - out[n - 1]) > worst
					? abs(out[n] - out[n - 1])
					: worst;
		tone = tone_measure(out + RATE, SAMPLES - RATE, RATE);
		printf("# %.0f Hz: %.2f Hz, purity %.4f, step %d of %.0f\n",
		       tones[i], tone.hz, tone.purity, worst, limit);
		CHECK(worst < limit);
		CHECK(tone.purity > 0.95);
	}
}

static void compare(const char *name, bool (*lost)(unsigned n), double least)
{
	double made, silent;

	run(lost, false);
	made = speech_segsnr(ref, out, SAMPLES);
	run(lost, true);
	silent = speech_segsnr(ref, out, SAMPLES);
	printf("# %s: %.2f dB, with silence %.2f dB\n", name, made, silent);
	CHECK(made > silent + least);
}

static void speech_is_nearer_than_with_silence(void)
{
	struct speech sp = speech_begin(RATE);

	speech_make(&sp, ref, SAMPLES);
	compare("10 % single", one_of_ten, 0.15);
	compare("5 % in pairs", two_of_forty, 0.02);
}

/* Pitch, level and sound change all the time, as they do when somebody talks
 * fast. */
static void talk_fast(int16_t *pcm, size_t count)
{
	struct speech sp = speech_begin(RATE);
	double y[4] = {0}, phase = 0;

	for (size_t i = 0; i < count; i++) {
		double t = (double)i / RATE, in = 0.02 * speech_noise(&sp);
		double loud = 0.3 + fabs(sin(2 * M_PI * 4.1 * t));

		phase += (150 + 20 * sin(2 * M_PI * 1.1 * t)) / RATE;
		if (phase >= 1) {
			phase -= 1;
			in += 1;
		}
		in = speech_formant(in, y, 500 + 150 * sin(2 * M_PI * 3.1 * t),
				    RATE);
		in = speech_formant(in, y + 2,
				    1500 + 500 * sin(2 * M_PI * 3.7 * t), RATE);
		pcm[i] = (int16_t)fmax(-30000, fmin(30000, in * loud * 900));
	}
}

static void a_fast_talker_is_nearer_than_with_silence(void)
{
	talk_fast(ref, SAMPLES);
	compare("fast, 10 % single", one_of_ten, 0);
}

static double power(size_t from, size_t count)
{
	double sum = 0;

	for (size_t i = from; i < from + count; i++)
		sum += (double)out[i] * out[i];
	return sum / (double)count;
}

static void a_long_loss_fades_to_silence_in_60_ms(void)
{
	size_t at = 50 * FRAME;

	sine(ref, SAMPLES, 440);
	run(all_from_fifty, false);
	CHECK(power(at, 80) > 0.9 * power(at - 80, 80));
	CHECK(power(at + 240, 80) < 0.6 * power(at, 80));
	CHECK(power(at + 240, 80) > 0.1 * power(at, 80));
	CHECK(power(at + 480, RATE) == 0);
}

static void the_way_back_is_smooth(void)
{
	sine(ref, SAMPLES, 440);
	for (unsigned n = 0; n < 60; n++) /* another tone after the loss */
		ref[50 * FRAME + n] = 0;
	run(two_of_forty, false);
	for (size_t n = 1; n < 49 * FRAME; n++)
		CHECK(abs(out[n] - out[n - 1]) < 4500);
}

static void any_history_and_any_length_will_do(void)
{
	static const size_t counts[] = {1, 20, 80, 159, 960};
	int16_t frame[960];
	struct conceal c = silent();

	for (unsigned round = 0; round < 200; round++) {
		size_t count = counts[round % 5];

		if (round % 3)
			conceal_make(&c, frame, count);
		for (size_t i = 0; i < count; i++)
			frame[i] = (int16_t)((round * 7919 + i * 104729) << 3 ^
					     (round & 1 ? 0x8000 : 0x7fff));
		conceal_heard(&c, frame, count);
	}
	CHECK_INT(c.lost, 0);
	c = silent();
	conceal_make(&c, frame, 960);
	for (unsigned i = 0; i < 960; i++)
		CHECK_INT(frame[i], 0);
}

/* At twice the rate the same sound is made as well. */
static void wide_sound_is_made_as_well(void)
{
	static int16_t wide[2 * SAMPLES], made[2 * SAMPLES];
	static int16_t room[2 * CONCEAL_ROOM];
	struct conceal c;
	struct tone tone;

	for (size_t i = 0; i < 2 * SAMPLES; i++)
		wide[i] = (int16_t)lrint(
			8000 * sin(2 * M_PI * 697 * (double)i / (2 * RATE)));
	memcpy(made, wide, sizeof(made));
	conceal_open(&c, room, 2);
	for (unsigned n = 0; n < SAMPLES / FRAME; n++) {
		if (one_of_ten(n))
			conceal_make(&c, made + 2 * n * FRAME, 2 * FRAME);
		else
			conceal_heard(&c, made + 2 * n * FRAME, 2 * FRAME);
	}
	tone = tone_measure(made + RATE, 2 * SAMPLES - RATE, 2 * RATE);
	CHECK(fabs(tone.hz - 697) < 0.5);
	CHECK(tone.purity > 0.95);
	for (size_t i = 1; i < 2 * SAMPLES; i++)
		CHECK(abs(made[i] - made[i - 1]) < 3500);
}

TEST_MAIN(TEST(wide_sound_is_made_as_well),
	  TEST(what_is_received_is_not_touched),
	  TEST(a_tone_goes_on_without_an_edge),
	  TEST(speech_is_nearer_than_with_silence),
	  TEST(a_fast_talker_is_nearer_than_with_silence),
	  TEST(a_long_loss_fades_to_silence_in_60_ms),
	  TEST(the_way_back_is_smooth),
	  TEST(any_history_and_any_length_will_do))
