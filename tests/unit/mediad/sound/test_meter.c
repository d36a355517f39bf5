/*
 * test_meter.c  Levels, clipping and silence
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "mediad/sound/meter.h"
#include "tests/lib/test.h"

enum {
	N = 8000
};

static int16_t pcm[N];

static void sine(double peak)
{
	for (unsigned i = 0; i < N; i++)
		pcm[i] = (int16_t)lrint(
			fmax(-32768, fmin(32767, peak * sin(i * 0.39))));
}

static struct meter hear(enum meter_kind kind, const uint8_t *p, size_t len)
{
	struct meter meter;

	meter_open(&meter);
	if (p)
		meter_payload(&meter, kind, p, len, 5);
	else
		meter_samples(&meter, pcm, N, 5);
	meter_read(&meter);
	return meter;
}

/* A sine of full scale is -3 dBov. */
static void levels_are_those_of_rfc_6464(void)
{
	struct meter meter;

	for (int db = 0; db >= -60; db -= 10) {
		sine(32767 * pow(10, db / 20.0));
		meter = hear(METER_BLIND, NULL, 0);
		CHECK(abs(meter.level - (db - 3)) <= 1);
		CHECK(abs(meter.top - db) <= 1);
		CHECK_INT(meter.sound_ms, 5);
		CHECK_INT(meter.clipped, 0);
	}
	meter_read(&meter);
	CHECK_INT(meter.level, METER_NONE);
}

static void payloads_are_as_loud_as_samples(void)
{
	static const struct {
		enum meter_kind kind;
		const struct codec *codec;
	} cases[] = {{METER_ULAW, &codec_pcmu}, {METER_ALAW, &codec_pcma}};
	uint8_t buf[N * 2];
	struct meter meter;

	sine(3000);
	for (unsigned i = 0; i < 2; i++) {
		struct codec_enc *enc = NULL;
		size_t len = 0;

		CHECK_INT(cases[i].codec->enc_alloc(&enc), 0);
		CHECK_INT(cases[i].codec->encode(enc, pcm, N, buf, &len,
						 sizeof(buf)),
			  0);
		meter = hear(cases[i].kind, buf, len);
		CHECK(abs(meter.level + 24) <= 1);
		mem_deref(enc);
	}
	for (unsigned i = 0; i < N; i++) {
		buf[2 * i] = (uint8_t)((uint16_t)pcm[i] >> 8);
		buf[2 * i + 1] = (uint8_t)pcm[i];
	}
	meter = hear(METER_LINEAR, buf, sizeof(buf) - 1); /* odd: cut */
	CHECK(abs(meter.level + 24) <= 1);
}

static void digital_silence_is_silence_and_a_soft_voice_is_not(void)
{
	static uint8_t idle[160];
	struct meter meter;

	memset(idle, 0xff, sizeof(idle));
	CHECK_INT(hear(METER_ULAW, idle, 160).sound_ms, 0);
	memset(idle, 0xd5, sizeof(idle));
	CHECK_INT(hear(METER_ALAW, idle, 160).sound_ms, 0);
	sine(20);
	CHECK_INT(hear(METER_BLIND, NULL, 0).sound_ms, 0);
	sine(40);
	CHECK_INT(hear(METER_BLIND, NULL, 0).sound_ms, 5);
	/* Opus by its length */
	meter = hear(METER_OPAQUE, idle, 3);
	CHECK(meter.known && !meter.sound_ms);
	meter = hear(METER_OPAQUE, idle, 60);
	CHECK(meter.known && meter.sound_ms == 5);
	CHECK_INT(meter.level, METER_NONE);
	CHECK(!hear(METER_BLIND, idle, 160).known);
}

static void a_wave_that_is_cut_off_clips(void)
{
	sine(32767);
	CHECK_INT(hear(METER_BLIND, NULL, 0).clipped, 0);
	sine(60000);
	CHECK(hear(METER_BLIND, NULL, 0).clipped > 500);
	pcm[0] = INT16_MIN;
	CHECK(hear(METER_BLIND, NULL, 0).level <= 0);
}

/* The fourth packet for a decoder that knows nothing of those before. */
static int glimpse_of(const struct codec *codec, double peak, unsigned hz)
{
	const size_t frame = codec->rate / 50;
	struct codec_enc *enc = NULL;
	struct codec_dec *dec = NULL;
	struct meter meter;
	uint8_t buf[CODEC_PAYLOAD_MAX];
	int16_t in[960], out[CODEC_VOICE_MAX];
	size_t len, n = 0;

	meter_open(&meter);
	CHECK_INT(codec->enc_alloc(&enc), 0);
	CHECK_INT(codec->voice_dec_alloc(&dec, CODEC_VOICE_RATE), 0);
	for (size_t f = 0; f < 29; f++) {
		for (size_t i = 0; i < frame; i++)
			in[i] = (int16_t)lrint(peak * sin(2 * M_PI * hz *
							  (double)(f * frame + i) /
							  codec->rate));
		CHECK_INT(codec->encode(enc, in, frame, buf, &len,
					sizeof(buf)),
			  0);
		if (f >= 25)
			CHECK_INT(codec->decode(dec, buf, len, out, &n), 0);
	}
	meter_glimpse(&meter, out, n);
	meter_read(&meter);
	CHECK(!meter.known);
	CHECK_INT(meter.sound_ms, 0);
	mem_deref(enc);
	mem_deref(dec);
	return meter.level;
}

static void a_glimpse_is_near_the_level(void)
{
	static const struct codec *const codecs[] = {&codec_opus, &codec_g722};

	for (size_t c = 0; c < 2; c++)
		for (int db = -6; db >= -46; db -= 10)
			for (unsigned hz = 300; hz <= 2400; hz *= 2) {
				int got = glimpse_of(codecs[c],
						     32767 * pow(10, db / 20.0),
						     hz);

				if (!CHECK(abs(got - (db - 3)) <= 3))
					printf("# %s %u Hz: %d of %d\n",
					       codecs[c]->name, hz, got,
					       db - 3);
			}
}

static void a_glimpse_holds_until_the_next_one(void)
{
	struct meter meter;

	meter_open(&meter);
	sine(8000);
	meter_glimpse(&meter, pcm, 160);
	for (unsigned i = 0; i < 4; i++) {
		meter_read(&meter);
		CHECK(abs(meter.level - -15) <= 1);
	}
	sine(80);
	meter_glimpse(&meter, pcm, 160);
	meter_read(&meter);
	CHECK(abs(meter.level - -55) <= 1);
	meter_forget(&meter);
	meter_read(&meter);
	CHECK_INT(meter.level, METER_NONE);
	/* what is decoded as a whole says it for its second alone */
	meter_glimpse(&meter, pcm, 160);
	meter_samples(&meter, pcm, 160, 5);
	meter_read(&meter);
	meter_read(&meter);
	CHECK_INT(meter.level, METER_NONE);
}

TEST_MAIN(TEST(a_glimpse_is_near_the_level),
	  TEST(a_glimpse_holds_until_the_next_one),
	  TEST(levels_are_those_of_rfc_6464),
	  TEST(payloads_are_as_loud_as_samples),
	  TEST(digital_silence_is_silence_and_a_soft_voice_is_not),
	  TEST(a_wave_that_is_cut_off_clips))
