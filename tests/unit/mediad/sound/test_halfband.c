/*
 * test_halfband.c  From 16 kHz to 8 and back
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mediad/sound/halfband.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

enum {
	WIDE = 16000,
	NARROW = 8000
};

static int16_t wide[WIDE], narrow[NARROW];

static void sine(int16_t *pcm, unsigned rate, double hz, double peak)
{
	for (unsigned i = 0; i < rate; i++)
		pcm[i] = (int16_t)lrint(peak * sin(2 * M_PI * hz * i / rate));
}

static double power(const int16_t *pcm, unsigned from, unsigned to)
{
	double sum = 1e-9;

	for (unsigned i = from; i < to; i++)
		sum += (double)pcm[i] * pcm[i] / (to - from);
	return 10 * log10(sum);
}

static void what_8_khz_can_have_stays(void)
{
	static const double tones[] = {50, 300, 1000, 2000, 3000, 3400, 3600};

	for (unsigned i = 0; i < 7; i++) {
		struct halfband hb = {.at = 0};
		struct tone t;

		sine(wide, WIDE, tones[i], 16000);
		halfband_down(&hb, narrow, wide, NARROW);
		CHECK(fabs(power(narrow, 800, NARROW) -
			   power(wide, 1600, WIDE)) < 0.05);
		/* the measure counts crossings, which few samples blur */
		t = tone_measure(narrow + 800, NARROW - 800, NARROW);
		CHECK(tones[i] > 2000 || t.purity > 0.999);
	}
}

static void what_it_cannot_is_no_other_sound(void)
{
	for (double hz = 4400; hz < 8000; hz += 150) {
		struct halfband hb = {.at = 0};

		sine(wide, WIDE, hz, 16000);
		halfband_down(&hb, narrow, wide, NARROW);
		CHECK(power(narrow, 800, NARROW) <
		      power(wide, 800, WIDE) - 50);
	}
}

static void up_is_the_same_sound_and_no_other(void)
{
	static const double tones[] = {300, 1000, 2000, 3400, 3600};

	for (unsigned i = 0; i < 5; i++) {
		struct halfband hb = {.at = 0};
		struct tone t;

		sine(narrow, NARROW, tones[i], 16000);
		halfband_up(&hb, wide, narrow, NARROW);
		t = tone_measure(wide + 800, WIDE - 800, WIDE);
		CHECK(fabs(t.hz - tones[i]) < 0.5);
		CHECK(fabs(t.dbfs - 20 * log10(16000 / 32768.0)) < 0.05);
		CHECK(t.purity > 0.999);
	}
}

static void loud_sound_is_clipped_and_does_not_wrap(void)
{
	struct halfband hb = {.at = 0};

	for (unsigned i = 0; i < NARROW; i++)
		narrow[i] = i / 4 % 2 ? INT16_MAX : INT16_MIN;
	halfband_up(&hb, wide, narrow, NARROW);
	for (unsigned i = 100; i + 1 < WIDE; i++)
		CHECK(abs(wide[i + 1] - wide[i]) < 45000);
	halfband_down(&hb, narrow, wide, NARROW);
	for (unsigned i = 100; i + 1 < NARROW; i++)
		CHECK(abs(narrow[i + 1] - narrow[i]) <= 65535);
}

static void pieces_make_the_same_as_the_whole(void)
{
	static int16_t other[WIDE];
	struct halfband a = {.at = 0}, b = {.at = 0};

	for (unsigned i = 0; i < WIDE; i++)
		wide[i] = (int16_t)(i * 2654435761u >> 17);
	halfband_down(&a, narrow, wide, NARROW);
	for (unsigned at = 0, n = 1; at < NARROW; at += n, n = n % 97 + 1) {
		n = n < NARROW - at ? n : NARROW - at;
		halfband_down(&b, other + at, wide + 2 * at, n);
	}
	CHECK(!memcmp(narrow, other, sizeof(narrow)));
	/* in place */
	b = (struct halfband){.at = 0};
	halfband_down(&b, wide, wide, NARROW);
	CHECK(!memcmp(narrow, wide, sizeof(narrow)));
}

TEST_MAIN(TEST(what_8_khz_can_have_stays),
	  TEST(what_it_cannot_is_no_other_sound),
	  TEST(up_is_the_same_sound_and_no_other),
	  TEST(loud_sound_is_clipped_and_does_not_wrap),
	  TEST(pieces_make_the_same_as_the_whole))
