/*
 * test_keyear.c  Keys are heard, voices and music are none
 *
 * SPDX-License-Identifier: MIT
 */
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "mediad/sound/keyear.h"
#include "tests/lib/test.h"

enum {
	SAMPLES = 16000 * 60,
	TALK_S = 600, /* of each voice */
};

static const uint16_t low_hz[16] = {941, 697, 697, 697, 770, 770, 770, 852,
				    852, 852, 941, 941, 697, 770, 852, 941};
static const uint16_t high_hz[16] = {1336, 1209, 1336, 1477, 1209, 1336,
				     1477, 1209, 1336, 1477, 1209, 1477,
				     1633, 1633, 1633, 1633};

static int16_t pcm[SAMPLES];

struct heard {
	struct keyear ear;
	char keys[256];
	unsigned n, ups;
	uint32_t shortest, longest;
};

static void on_key(uint8_t code, bool down, uint32_t ms, void *arg)
{
	struct heard *heard = arg;

	if (down && heard->n + 1 < sizeof(heard->keys)) {
		heard->keys[heard->n++] = "0123456789*#ABCD"[code];
		return;
	}
	heard->ups++;
	heard->shortest = min(heard->shortest, ms);
	heard->longest = max(heard->longest, ms);
}

static void begin(struct heard *heard, uint32_t rate)
{
	memset(heard, 0, sizeof(*heard));
	heard->shortest = UINT32_MAX;
	keyear_open(&heard->ear, rate, on_key, heard);
}

/* How the keys of a test sound. */
struct hand {
	uint32_t rate;
	unsigned on_ms, off_ms;
	double peak_low, peak_high; /* of 32768 */
	double off;                 /* factor of both frequencies */
	double noise;               /* peak */
};

static const struct hand usual = {8000, 80, 80, 4000, 5000, 1, 0};

/* All sixteen, each with other phases, and at another place in the block. */
static size_t dial(const struct hand *hand)
{
	size_t n = 0;
	uint32_t rnd = 1;

	for (unsigned code = 0; code < 16; code++) {
		const size_t on = hand->on_ms * hand->rate / 1000;
		const size_t off = hand->off_ms * hand->rate / 1000 + 7;

		for (size_t i = 0; i < on + off; i++, n++) {
			double t = 2 * M_PI * hand->off * (double)(i + code) /
				   hand->rate;
			double v = hand->peak_low * sin(t * low_hz[code]) +
				   hand->peak_high * sin(t * high_hz[code]);

			rnd = rnd * 1664525u + 1013904223u;
			pcm[n] = (int16_t)lrint(
				(i < on ? v : 0) +
				hand->noise * ((rnd >> 8) / 8388608.0 - 1));
		}
	}
	return n;
}

/* In packets of 20 ms. */
static void hear_all(struct heard *heard, size_t n)
{
	const size_t step = heard->ear.rate / 50;

	for (size_t at = 0; at < n; at += step)
		keyear_hear(&heard->ear, pcm + at, min(step, n - at));
}

static void all_are_heard(const struct hand *hand)
{
	struct heard heard;

	begin(&heard, hand->rate);
	hear_all(&heard, dial(hand));
	CHECK_STR(heard.keys, "0123456789*#ABCD");
	CHECK_INT(heard.ups, 16);
	CHECK(heard.shortest + 26 > hand->on_ms &&
	      heard.longest < hand->on_ms + 26);
}

static void none_is_heard(const struct hand *hand)
{
	struct heard heard;

	begin(&heard, hand->rate);
	hear_all(&heard, dial(hand));
	CHECK_STR(heard.keys, "");
}

static void sixteen_keys_are_heard_for_as_long_as_they_are_down(void)
{
	struct hand hand = usual;

	all_are_heard(&hand);
	hand.on_ms = 1500;
	all_are_heard(&hand);
	hand.on_ms = hand.off_ms = 40;
	all_are_heard(&hand);
	hand.rate = 16000;
	all_are_heard(&hand);
}

/* ITU-T Q.24: 1.5 % off, and 8 dB of twist. Levels: -36 dBov a tone. */
static void keys_of_bad_telephones_are_heard(void)
{
	struct hand hand = usual;

	hand.off = 1.015;
	all_are_heard(&hand);
	hand.off = 0.985;
	all_are_heard(&hand);
	hand.off = 1;
	hand.peak_low = 8000;
	hand.peak_high = 8000 * 0.4;
	all_are_heard(&hand);
	hand.peak_low = 8000 * 0.4;
	hand.peak_high = 8000;
	all_are_heard(&hand);
	hand.peak_low = hand.peak_high = 520;
	all_are_heard(&hand);
	hand.peak_low = hand.peak_high = 15000;
	all_are_heard(&hand);
	hand = usual;
	hand.noise = 1100; /* 15 dB under the tones */
	all_are_heard(&hand);
}

static void what_is_no_key_is_not_heard(void)
{
	struct hand hand = usual;

	hand.on_ms = 23; /* too short */
	none_is_heard(&hand);
	hand = usual;
	hand.off = 1.035; /* other tones */
	none_is_heard(&hand);
	hand.off = 0.965;
	none_is_heard(&hand);
	hand = usual;
	hand.peak_high = 0; /* one tone alone */
	none_is_heard(&hand);
	hand = usual;
	hand.peak_low = hand.peak_high = 150; /* too quiet */
	none_is_heard(&hand);
	hand = usual;
	hand.noise = 9000;
	none_is_heard(&hand);
}

/* ITU-T Q.24: an interruption of 10 ms is none. */
static void a_dip_makes_no_second_key(void)
{
	struct hand hand = usual;
	struct heard heard;
	size_t n;

	hand.on_ms = 160;
	n = dial(&hand);
	for (unsigned key = 0; key < 16; key++)
		memset(pcm + n / 16 * key + 500 + 7 * key, 0,
		       80 * sizeof(*pcm));
	begin(&heard, 8000);
	hear_all(&heard, n);
	CHECK_STR(heard.keys, "0123456789*#ABCD");
}

/* A packet of 20 ms is missing: it neither ends a key nor begins another. */
static void losses_part_no_key(void)
{
	struct hand hand = usual;
	struct heard heard;
	size_t n;

	hand.on_ms = 200;
	n = dial(&hand);
	begin(&heard, 8000);
	for (size_t at = 0; at < n; at += 160) {
		if (at / 160 % 7 == 3)
			keyear_miss(&heard.ear, 160);
		else
			keyear_hear(&heard.ear, pcm + at, min(160, n - at));
	}
	CHECK_STR(heard.keys, "0123456789*#ABCD");
	CHECK_INT(heard.ups, 16);
}

static void nothing_comes_any_more_and_the_key_is_up(void)
{
	struct heard heard;

	begin(&heard, 8000);
	(void)dial(&usual);
	keyear_hear(&heard.ear, pcm, 480);
	CHECK(keyear_down(&heard.ear));
	keyear_miss(&heard.ear, 8000);
	CHECK(!keyear_down(&heard.ear));
	CHECK_INT(heard.ups, 1);
	keyear_hear(&heard.ear, pcm, 480);
	keyear_anew(&heard.ear);
	CHECK_INT(heard.ups, 2);
	CHECK_STR(heard.keys, "00");
}

/* --- talk-off --------------------------------------------------------------------- */

static void not_a_key(struct heard *heard, const char *who, unsigned seconds)
{
	if (!CHECK(!heard->n))
		printf("# %s: keys %s\n", who, heard->keys);
	printf("# %s: %u s, %u keys\n", who, seconds, heard->n);
}

/* Of a program that writes samples of 8 kHz; how many seconds. */
static unsigned listen_to(const char *who, const char *command)
{
	struct heard heard;
	int16_t part[800];
	size_t n, all = 0;
	FILE *f = popen(command, "r");

	begin(&heard, 8000);
	while (f && all < TALK_S * 8000 &&
	       (n = fread(part, sizeof(*part), 800, f)) > 0) {
		keyear_hear(&heard.ear, part, n);
		all += n;
	}
	if (f)
		(void)pclose(f);
	not_a_key(&heard, who, (unsigned)(all / 8000));
	return (unsigned)(all / 8000);
}

/* Two men and two women read our own pages. */
static void a_voice_is_no_key(void)
{
	static const char *const voices[] = {"en-us", "en-us+f3", "de",
					     "fr+f2"};
	char command[256];
	unsigned seconds = 0;

	if (system("command -v espeak-ng sox >/dev/null 2>&1")) {
		test_skip("espeak-ng and sox are not there");
		return;
	}
	for (size_t i = 0; i < 4; i++) {
		snprintf(command, sizeof(command),
			 "head -c 6000 docs/operations.md | tr -d '|`_#*-' | "
			 "espeak-ng -v %s --stdout 2>/dev/null | "
			 "sox -q -t wav - -t raw -r 8000 -b 16 -e signed -c 1 "
			 "- 2>/dev/null",
			 voices[i]);
		seconds += listen_to(voices[i], command);
	}
	CHECK(seconds > 600);
}

/* Prompts that a person has spoken, from the packages of Asterisk. */
static void a_person_is_no_key(void)
{
	const char *pattern = "/usr/share/asterisk/sounds/??_??_?_*/*.g722";
	struct codec_dec *dec = NULL;
	struct heard heard;
	uint8_t buf[160];
	glob_t found;
	size_t n, count, all = 0;

	if (glob(pattern, 0, NULL, &found)) {
		test_skip("asterisk-core-sounds-en-g722 is not there");
		return;
	}
	REQUIRE(codec_g722.voice_dec_alloc(&dec, 8000) == 0);
	begin(&heard, 8000);
	for (size_t i = 0; i < found.gl_pathc && all < TALK_S * 8000; i++) {
		FILE *f = fopen(found.gl_pathv[i], "rb");

		while (f && (n = fread(buf, 1, sizeof(buf), f)) > 0) {
			if (codec_g722.decode(dec, buf, n, pcm, &count))
				break;
			keyear_hear(&heard.ear, pcm, count);
			all += count;
		}
		if (f)
			fclose(f);
	}
	not_a_key(&heard, "a person", (unsigned)(all / 8000));
	CHECK(all > 60 * 8000);
	globfree(&found);
	mem_deref(dec);
}

/* Chords of plucked and blown notes, as music on hold has. */
static void music_is_no_key(void)
{
	struct heard heard;
	uint32_t rnd = 7;

	begin(&heard, 8000);
	for (unsigned bar = 0; bar < 600; bar++) {
		double hz[3];

		for (unsigned i = 0; i < 3; i++) {
			rnd = rnd * 1664525u + 1013904223u;
			hz[i] = 110 * pow(2, (rnd >> 16) % 36 / 12.0);
		}
		for (unsigned i = 0; i < 4000; i++) {
			double v = 0;

			for (unsigned k = 0; k < 9; k++)
				v += sin(2 * M_PI * hz[k / 3] * (k % 3 + 1) *
					 i / 8000.0) /
				     (k % 3 + 1);
			pcm[i] = (int16_t)lrint(2500 * v * exp(-i / 3000.0));
		}
		hear_all(&heard, 4000);
	}
	not_a_key(&heard, "music", 300);
}

TEST_MAIN(TEST(sixteen_keys_are_heard_for_as_long_as_they_are_down),
	  TEST(keys_of_bad_telephones_are_heard),
	  TEST(what_is_no_key_is_not_heard),
	  TEST(a_dip_makes_no_second_key),
	  TEST(losses_part_no_key),
	  TEST(nothing_comes_any_more_and_the_key_is_up),
	  TEST(a_voice_is_no_key),
	  TEST(a_person_is_no_key),
	  TEST(music_is_no_key))
