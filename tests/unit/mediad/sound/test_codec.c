/*
 * test_codec.c  Codecs and their levels
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

static int16_t decode_one(const struct codec *codec, uint8_t code)
{
	struct codec_dec *dec = NULL;
	int16_t pcm[1] = {0};
	size_t count = 0;

	CHECK(codec->dec_alloc(&dec) == 0);
	CHECK(codec->decode(dec, &code, 1, pcm, &count) == 0);
	mem_deref(dec);
	return pcm[0];
}

static uint8_t encode_one(const struct codec *codec, int16_t sample)
{
	struct codec_enc *enc = NULL;
	uint8_t code = 0;
	size_t len = 0;

	CHECK(codec->enc_alloc(&enc) == 0);
	CHECK(codec->encode(enc, &sample, 1, &code, &len, 1) == 0);
	mem_deref(enc);
	return code;
}

static void every_code_of_g711_survives_a_round_trip(void)
{
	for (unsigned code = 0; code < 256; code++) {
		/* 0x7f is -0 in u-law, and comes back as +0 */
		if (code != 0x7f)
			CHECK_INT(encode_one(&codec_pcmu,
					     decode_one(&codec_pcmu,
							(uint8_t)code)),
				  code);
		CHECK_INT(encode_one(&codec_pcma,
				     decode_one(&codec_pcma, (uint8_t)code)),
			  code);
	}
}

static void known_values_of_g711_are_met(void)
{
	CHECK_INT(encode_one(&codec_pcmu, 0), 0xff);
	CHECK_INT(encode_one(&codec_pcmu, 32767), 0x80);
	CHECK_INT(encode_one(&codec_pcmu, -32768), 0x00);
	CHECK_INT(decode_one(&codec_pcmu, 0x80), 32124);
	CHECK_INT(decode_one(&codec_pcmu, 0x00), -32124);
	CHECK_INT(encode_one(&codec_pcma, 0), 0xd5);
	CHECK_INT(encode_one(&codec_pcma, -1), 0x55);
	CHECK_INT(encode_one(&codec_pcma, 32767), 0xaa);
	CHECK_INT(encode_one(&codec_pcma, -32768), 0x2a);
	CHECK_INT(decode_one(&codec_pcma, 0xaa), 32256);
	CHECK_INT(decode_one(&codec_pcma, 0x2a), -32256);
}

/* G.711, tables 5 and 6: these sequences are 1 kHz at 0 dBm0. */
static void dbm0_is_that_of_the_digital_milliwatt(void)
{
	static const uint8_t ulaw[] = {0x1e, 0x0b, 0x0b, 0x1e,
				       0x9e, 0x8b, 0x8b, 0x9e};
	static const uint8_t alaw[] = {0x34, 0x21, 0x21, 0x34,
				       0xb4, 0xa1, 0xa1, 0xb4};
	double mu = 0, a = 0;

	for (unsigned i = 0; i < 8; i++) {
		mu += pow(decode_one(&codec_pcmu, ulaw[i]), 2) / 8;
		a += pow(decode_one(&codec_pcma, alaw[i]), 2) / 8;
	}
	mu = 10 * log10(mu * 2) - 20 * log10(codec_pcmu.dbm0_peak);
	a = 10 * log10(a * 2) - 20 * log10(codec_pcma.dbm0_peak);
	if (!CHECK(fabs(mu) < 0.05 && fabs(a) < 0.05))
		printf("# off by %.3f and %.3f dB\n", mu, a);
}

static void codecs_are_found_in_any_case(void)
{
	CHECK(codec_find("OPUS") == &codec_opus);
	CHECK(codec_find("pcmu") == &codec_pcmu);
	CHECK(codec_find("PCMA") == &codec_pcma);
	CHECK(codec_find("") == NULL);
	CHECK(codec_find("g722") == &codec_g722);
	CHECK(codec_find("L16") == &codec_l16);
	CHECK(codec_find("G729") == NULL);
	CHECK(codec_nth(4) == &codec_pcma);
	CHECK(codec_nth(5) == NULL);
}

static void opus_carries_a_tone(void)
{
	static int16_t in[48000], out[48000 + CODEC_SAMPLES_MAX];
	struct codec_enc *enc = NULL;
	struct codec_dec *dec = NULL;
	struct tone tone;

	for (unsigned i = 0; i < 48000; i++)
		in[i] = (int16_t)(8000 * sin(2 * M_PI * 700 * i / 48000));
	if (codec_opus.enc_alloc(&enc) || codec_opus.dec_alloc(&dec))
		goto out;
	for (unsigned i = 0; i < 48000; i += 960) {
		uint8_t buf[CODEC_PAYLOAD_MAX];
		size_t len, count;

		CHECK(!codec_opus.encode(enc, in + i, 960, buf, &len,
					 sizeof(buf)));
		CHECK_INT(len, 160);
		CHECK(!codec_opus.decode(dec, buf, len, out + i, &count));
		CHECK_INT(count, 960);
	}
	tone = tone_measure(out + 9600, 38400, 48000);
	CHECK(fabs(tone.hz - 700) < 0.1);
	CHECK(fabs(tone.dbfs - 20 * log10(8000 / 32768.0)) < 0.1);
	CHECK(tone.purity > 0.999);
out:
	mem_deref(enc);
	mem_deref(dec);
}

static void what_is_no_payload_is_refused(void)
{
	static int16_t pcm[CODEC_SAMPLES_MAX];
	static uint8_t long_one[CODEC_SAMPLES_MAX + 1];
	/* code 3, 48 frames of 20 ms: more than 120 ms */
	static const uint8_t many[] = {0xff, 48, 0, 0};
	const struct codec *codec;
	uint8_t buf[10];
	size_t n;

	for (size_t i = 0; (codec = codec_nth(i)) != NULL; i++) {
		struct codec_dec *dec = NULL;
		struct codec_enc *enc = NULL;

		REQUIRE(codec->dec_alloc(&dec) == 0);
		REQUIRE(codec->enc_alloc(&enc) == 0);
		CHECK_INT(codec->decode(dec, many, 0, pcm, &n), EBADMSG);
		if (codec != &codec_opus)
			CHECK_INT(codec->decode(dec, long_one, sizeof(long_one),
						pcm, &n),
				  EBADMSG);
		else
			CHECK_INT(codec->decode(dec, many, sizeof(many), pcm,
						&n),
				  EBADMSG);
		/* Opus shrinks to a byte, if need be */
		CHECK_INT(codec->encode(enc, pcm, codec->rate / 50, buf, &n, 1),
			  codec == &codec_opus ? 0 : EOVERFLOW);
		mem_deref(dec);
		mem_deref(enc);
	}
}

/* What there is at a rate, in frames of 20 ms and back. */
static struct tone voice_of(const struct codec *codec, uint32_t rate,
			    uint32_t heard, double hz)
{
	static int16_t in[2 * CODEC_WIDE_RATE];
	static int16_t out[2 * CODEC_WIDE_RATE + CODEC_VOICE_MAX];
	const struct codec_voice voice = {
		.rate = rate, .bitrate = 32000, .complexity = 5};
	const struct tone nothing = {.hz = 0};
	struct codec_enc *enc = NULL;
	struct codec_dec *dec = NULL;
	size_t got = 0;

	for (unsigned i = 0; i < 2 * rate; i++)
		in[i] = (int16_t)(8000 * sin(2 * M_PI * hz * i / rate));
	if (codec->voice_enc_alloc(&enc, &voice) ||
	    codec->voice_dec_alloc(&dec, heard))
		goto out;
	for (unsigned i = 0; i < 2 * rate; i += rate / 50) {
		uint8_t buf[CODEC_PAYLOAD_MAX];
		size_t len = 0, count = 0;

		CHECK_INT(codec->encode(enc, in + i, rate / 50, buf, &len,
					sizeof(buf)),
			  0);
		CHECK_INT(codec->voice_span(buf, len, heard), heard / 50);
		CHECK_INT(codec->decode(dec, buf, len, out + got, &count), 0);
		CHECK_INT(count, heard / 50);
		got += count;
	}
	mem_deref(enc);
	mem_deref(dec);
	return tone_measure(out + heard, heard, heard);
out:
	mem_deref(enc);
	mem_deref(dec);
	return nothing;
}

static void wide_codecs_carry_what_narrow_ones_cannot(void)
{
	static const struct codec *const wide[] = {&codec_g722, &codec_l16,
						   &codec_opus};

	for (unsigned i = 0; i < 3; i++) {
		struct tone t = voice_of(wide[i], 16000, 16000, 5200);

		CHECK_INT(wide[i]->voice_rate, CODEC_WIDE_RATE);
		CHECK(fabs(t.hz - 5200) < 3);
		CHECK(t.purity > (wide[i] == &codec_opus ? 0.9 : 0.99));
		CHECK(fabs(t.dbfs - 20 * log10(8000 / 32768.0)) < 1);
	}
}

/* One side of a call is wide and the other is not: each says and hears at its
 * own rate. */
static void wide_codecs_speak_with_narrow_sides(void)
{
	static const uint32_t rates[][2] = {
		{8000, 8000}, {8000, 16000}, {16000, 8000}};
	static const struct codec *const wide[] = {&codec_g722, &codec_l16};

	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = 0; k < 3; k++) {
			struct tone t = voice_of(wide[i], rates[k][0],
						 rates[k][1], 1000);

			CHECK(fabs(t.hz - 1000) < 1);
			CHECK(t.purity > 0.98);
			CHECK(fabs(t.dbfs - 20 * log10(8000 / 32768.0)) < 0.5);
		}
}

static void odd_lengths_of_wide_codecs_are_refused(void)
{
	static const uint8_t buf[2000];
	int16_t pcm[CODEC_VOICE_MAX];
	struct codec_dec *dec = NULL;
	size_t n;

	REQUIRE(codec_l16.voice_dec_alloc(&dec, CODEC_VOICE_RATE) == 0);
	CHECK_INT(codec_l16.decode(dec, buf, 3, pcm, &n), EBADMSG);
	CHECK_INT(codec_l16.decode(dec, buf, 2, pcm, &n), EBADMSG);
	CHECK_INT(codec_l16.voice_span(buf, 4000, CODEC_WIDE_RATE), 0);
	mem_deref(dec);
	dec = NULL;
	REQUIRE(codec_g722.voice_dec_alloc(&dec, CODEC_WIDE_RATE) == 0);
	CHECK_INT(codec_g722.decode(dec, buf, 961, pcm, &n), EBADMSG);
	CHECK_INT(codec_g722.decode(dec, buf, 960, pcm, &n), 0);
	CHECK_INT(n, CODEC_VOICE_MAX);
	mem_deref(dec);
}

TEST_MAIN(TEST(every_code_of_g711_survives_a_round_trip),
	  TEST(known_values_of_g711_are_met),
	  TEST(dbm0_is_that_of_the_digital_milliwatt),
	  TEST(codecs_are_found_in_any_case), TEST_OOM(opus_carries_a_tone),
	  TEST(what_is_no_payload_is_refused),
	  TEST_OOM(wide_codecs_carry_what_narrow_ones_cannot),
	  TEST(wide_codecs_speak_with_narrow_sides),
	  TEST(odd_lengths_of_wide_codecs_are_refused))
