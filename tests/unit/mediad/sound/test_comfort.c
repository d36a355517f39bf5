/*
 * test_comfort.c  Comfort noise: its level, its spectrum, its packets
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "mediad/sound/comfort.h"
#include "tests/lib/test.h"

enum {
	RATE = 8000,
	SECOND = RATE,
	FRAME = 160,
};

static double level(const int16_t *pcm, size_t count)
{
	double power = 0;

	for (size_t i = 0; i < count; i++)
		power += (double)pcm[i] * pcm[i];
	return 10 * log10(power / (double)count / 32768 / 32768 + 1e-12);
}

/* Power below 1 kHz to that above 3 kHz, dB, by a transform of blocks. */
static double tilt(const int16_t *pcm, size_t count)
{
	double low = 0, high = 0;

	for (size_t at = 0; at + FRAME <= count; at += FRAME) {
		for (unsigned k = 2; k < FRAME / 2; k++) {
			double re = 0, im = 0, power;

			for (unsigned i = 0; i < FRAME; i++) {
				re += pcm[at + i] * cos(2 * M_PI * k * i / FRAME);
				im += pcm[at + i] * sin(2 * M_PI * k * i / FRAME);
			}
			power = re * re + im * im;
			if (k < FRAME / 8)
				low += power;
			else if (k > FRAME * 3 / 8)
				high += power;
		}
	}
	return 10 * log10(low / high);
}

static void make(struct comfort *noise, int16_t *pcm)
{
	for (size_t at = 0; at < SECOND; at += FRAME)
		comfort_make(noise, pcm + at, FRAME);
}

static void noise_is_as_loud_as_it_says(void)
{
	static const uint8_t levels[] = {20, 40, 55, 70};
	int16_t pcm[SECOND];

	for (unsigned i = 0; i < 4; i++) {
		struct comfort noise = {0};

		CHECK_INT(comfort_read(&noise, &levels[i], 1, true), 0);
		make(&noise, pcm);
		if (!CHECK(fabs(level(pcm, SECOND) + levels[i]) < 1))
			printf("# %u: %.2f\n", levels[i], level(pcm, SECOND));
	}
}

static void silence_is_silent(void)
{
	static const uint8_t none[] = {COMFORT_QUIET};
	struct comfort noise = {0};
	int16_t pcm[SECOND];

	CHECK_INT(comfort_read(&noise, none, 1, true), 0);
	make(&noise, pcm);
	for (unsigned i = 0; i < SECOND; i++)
		CHECK(!pcm[i]);
}

/* RFC 3389, 3.2: 127 is none, below it k < 0: what is correlated, and so low. */
static void noise_has_the_colour_of_its_packet(void)
{
	static const uint8_t low[] = {40, 127 - 90}, high[] = {40, 127 + 90},
			     flat[] = {40, 127};
	struct comfort noise = {0};
	int16_t pcm[SECOND];

	CHECK_INT(comfort_read(&noise, low, sizeof(low), true), 0);
	make(&noise, pcm);
	CHECK(tilt(pcm, SECOND) > 10);
	CHECK(fabs(level(pcm, SECOND) + 40) < 1.5);
	CHECK_INT(comfort_read(&noise, high, sizeof(high), true), 0);
	make(&noise, pcm);
	make(&noise, pcm);
	CHECK(tilt(pcm, SECOND) < -10);
	CHECK(fabs(level(pcm, SECOND) + 40) < 1.5);
	CHECK_INT(comfort_read(&noise, flat, sizeof(flat), true), 0);
	make(&noise, pcm);
	CHECK(fabs(tilt(pcm, SECOND)) < 1.5);
	/* of another rate: the level alone */
	CHECK_INT(comfort_read(&noise, low, sizeof(low), false), 0);
	CHECK_INT(noise.order, 0);
}

static void what_is_heard_is_written_and_made(void)
{
	static const uint8_t said[] = {48, 127 - 70, 127 + 40, 127 - 20};
	uint8_t buf[COMFORT_LEN_MAX];
	struct comfort from = {0}, ear = {0}, to = {0};
	int16_t pcm[SECOND], again[SECOND];
	size_t len;

	CHECK_INT(comfort_read(&from, said, sizeof(said), true), 0);
	make(&from, pcm);
	for (size_t at = 0; at < SECOND; at += FRAME)
		comfort_listen(&ear, pcm + at, FRAME);
	CHECK_INT(comfort_write(&ear, buf, false), 1);
	len = comfort_write(&ear, buf, true);
	CHECK_INT(len, 1 + COMFORT_ORDER);
	CHECK(abs((int)buf[0] - 48) <= 2);
	CHECK_INT(comfort_read(&to, buf, len, true), 0);
	make(&to, again);
	CHECK(fabs(level(again, SECOND) - level(pcm, SECOND)) < 2);
	CHECK(fabs(tilt(again, SECOND) - tilt(pcm, SECOND)) < 2);
}

static void a_change_is_no_jump(void)
{
	static const uint8_t loud[] = {30}, soft[] = {60};
	struct comfort noise = {0};
	int16_t pcm[SECOND];

	CHECK_INT(comfort_read(&noise, loud, 1, true), 0);
	make(&noise, pcm);
	CHECK_INT(comfort_read(&noise, soft, 1, true), 0);
	make(&noise, pcm);
	CHECK(level(pcm, FRAME) > -40);
	CHECK(fabs(level(pcm + SECOND / 2, SECOND / 2) + 60) < 1);
}

static void odd_packets_do_no_harm(void)
{
	static const uint8_t loud[] = {128};
	uint8_t wild[40] = {0};
	struct comfort noise = {0};
	int16_t pcm[SECOND];

	CHECK_INT(comfort_read(&noise, wild, 0, true), EBADMSG);
	CHECK_INT(comfort_read(&noise, loud, 1, true), EBADMSG);
	memset(wild, 255, sizeof(wild));
	wild[0] = 0;
	CHECK_INT(comfort_read(&noise, wild, sizeof(wild), true), 0);
	CHECK_INT(noise.order, COMFORT_ORDER_MAX);
	make(&noise, pcm);
	CHECK(level(pcm, SECOND) <= 0);
	/* of all numbers there are */
	for (unsigned n = 0; n < 256; n++) {
		memset(wild + 1, (int)n, sizeof(wild) - 1);
		CHECK_INT(comfort_read(&noise, wild, sizeof(wild), true), 0);
		make(&noise, pcm);
	}
	memset(pcm, 0, sizeof(pcm));
	comfort_anew(&noise);
	comfort_listen(&noise, pcm, SECOND);
	CHECK_INT(noise.level, COMFORT_QUIET);
	make(&noise, pcm);
	CHECK(level(pcm, SECOND) < -90);
}

TEST_MAIN(TEST(noise_is_as_loud_as_it_says), TEST(silence_is_silent),
	  TEST(noise_has_the_colour_of_its_packet),
	  TEST(what_is_heard_is_written_and_made), TEST(a_change_is_no_jump),
	  TEST(odd_packets_do_no_harm))
