/*
 * test_pcm.c  Sound files as samples, and samples as files
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "mediad/sound/ogg_file.h"
#include "mediad/sound/pcm.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

enum {
	MINUTE = 60
};

struct form {
	uint16_t tag, channels, bits;
	uint32_t rate;
};

static void put16(struct mbuf *mb, unsigned v)
{
	(void)mbuf_write_u16(mb, sys_htols((uint16_t)v));
}

static void put32(struct mbuf *mb, uint32_t v)
{
	(void)mbuf_write_u32(mb, sys_htoll(v));
}

static void put_head(struct mbuf *mb, const struct form *form, uint32_t len)
{
	(void)mbuf_write_str(mb, "RIFF");
	put32(mb, 36 + len);
	(void)mbuf_write_str(mb, "WAVEfmt ");
	put32(mb, 16);
	put16(mb, form->tag);
	put16(mb, form->channels);
	put32(mb, form->rate);
	put32(mb, form->rate * form->channels * form->bits / 8);
	put16(mb, form->channels * form->bits / 8u);
	put16(mb, form->bits);
	(void)mbuf_write_str(mb, "data");
	put32(mb, len);
}

/* Of one frequency alone, dB below full scale. */
static double level_at(const int16_t *pcm, size_t n, double rate, double hz)
{
	double re = 0, im = 0;

	for (size_t i = 0; i < n; i++) {
		re += pcm[i] * cos(2 * M_PI * hz * (double)i / rate);
		im += pcm[i] * sin(2 * M_PI * hz * (double)i / rate);
	}
	return 20 * log10(2 * hypot(re, im) / (double)n / 32768 + 1e-9);
}

static double sine(size_t i, uint32_t rate, double hz)
{
	return 10000 * sin(2 * M_PI * hz * (double)i / rate);
}

static void put_sample(struct mbuf *mb, const struct form *form, double v)
{
	if (form->bits == 8)
		(void)mbuf_write_u8(mb, (uint8_t)(lrint(v / 256) + 128));
	for (unsigned i = 16; i < form->bits; i += 8)
		(void)mbuf_write_u8(mb, 0);
	if (form->bits > 8)
		put16(mb, (uint16_t)(int16_t)lrint(v));
}

/* A second of 400 Hz. */
static struct mbuf *wav_make(const struct form *form)
{
	struct mbuf *mb = mbuf_alloc(1024);

	if (!mb)
		return NULL;
	put_head(mb, form,
		 form->rate * form->channels * form->bits / 8);
	for (size_t i = 0; i < form->rate; i++)
		for (unsigned c = 0; c < form->channels; c++)
			put_sample(mb, form, sine(i, form->rate, 400));
	return mb;
}

static void linear_files_of_any_width_are_read(void)
{
	static const struct form forms[] = {
		{1, 1, 16, 8000},  {1, 2, 16, 44100}, {1, 1, 8, 11025},
		{1, 2, 24, 48000}, {1, 1, 32, 16000},
	};

	for (size_t i = 0; i < 5; i++) {
		struct mbuf *mb = wav_make(&forms[i]);
		struct pcm_file file = {mb->buf, mb->end, MINUTE};
		char why[PCM_WHY_MAX] = "";
		struct pcm pcm = {0};
		struct tone tone;

		CHECK_INT(pcm_read_wav(&pcm, &file, why), 0);
		CHECK_STR(why, "");
		CHECK_INT(pcm.rate, forms[i].rate);
		CHECK_INT(pcm.count, forms[i].rate);
		if (pcm.samples) {
			tone = tone_measure(pcm.samples, pcm.count, pcm.rate);
			CHECK(fabs(tone.hz - 400) < 0.1);
			CHECK(fabs(tone.dbfs - 20 * log10(10000.0 / 32768)) <
			      0.1);
		}
		mem_deref(pcm.samples);
		mem_deref(mb);
	}
}

static void laws_of_telephony_are_read(void)
{
	for (unsigned law = 6; law <= 7; law++) {
		const struct codec *codec = law == 6 ? &codec_pcma
						     : &codec_pcmu;
		const struct form form = {(uint16_t)law, 1, 8, 8000};
		struct mbuf *mb = mbuf_alloc(1024);
		struct codec_enc *enc = NULL;
		char why[PCM_WHY_MAX] = "";
		struct pcm pcm = {0};
		struct pcm_file file;

		REQUIRE(mb && codec->enc_alloc(&enc) == 0);
		put_head(mb, &form, 8000);
		for (size_t i = 0; i < 50; i++) {
			uint8_t buf[160];
			int16_t in[160];
			size_t len;

			for (size_t k = 0; k < 160; k++)
				in[k] = (int16_t)sine(i * 160 + k, 8000, 400);
			CHECK_INT(codec->encode(enc, in, 160, buf, &len, 160),
				  0);
			(void)mbuf_write_mem(mb, buf, len);
		}
		file = (struct pcm_file){mb->buf, mb->end, MINUTE};
		CHECK_INT(pcm_read_wav(&pcm, &file, why), 0);
		CHECK_INT(pcm.count, 8000);
		if (pcm.samples)
			CHECK(fabs(tone_hz(pcm.samples, pcm.count, 8000) -
				   400) < 0.2);
		mem_deref(pcm.samples);
		mem_deref(enc);
		mem_deref(mb);
	}
}

static int refused(struct mbuf *mb, size_t len, uint32_t max_s)
{
	const struct pcm_file file = {mb->buf, len, max_s};
	char why[PCM_WHY_MAX] = "";
	struct pcm pcm = {0};
	int err = pcm_read_wav(&pcm, &file, why);

	CHECK(!err || (why[0] && !pcm.samples));
	mem_deref(pcm.samples);
	return err;
}

static void what_is_no_sound_is_refused_in_words(void)
{
	static const struct form good = {1, 1, 16, 8000};
	static const struct form bad[] = {
		{3, 1, 32, 8000},  {1, 0, 16, 8000},  {1, 3, 16, 8000},
		{1, 1, 12, 8000},  {1, 1, 16, 7999},  {1, 1, 16, 96000},
		{2, 1, 4, 8000},   {1, 1, 64, 8000},  {7, 1, 16, 8000},
	};
	struct mbuf *mb = wav_make(&good);

	CHECK_INT(refused(mb, mb->end, 1), EFBIG);
	CHECK_INT(refused(mb, mb->end, 2), 0);
	CHECK_INT(refused(mb, 0, 2), EBADMSG);
	CHECK_INT(refused(mb, 43, 2), EBADMSG);
	CHECK_INT(refused(mb, 44, 2), EBADMSG);
	CHECK_INT(refused(mb, 46, 2), 0); /* one sample */
	mb->buf[0] = 'X';
	CHECK_INT(refused(mb, mb->end, 2), EBADMSG);
	mem_deref(mb);
	for (size_t i = 0; i < 9; i++) {
		mb = mbuf_alloc(100);
		REQUIRE(mb != NULL);
		put_head(mb, &bad[i], 1000);
		(void)mbuf_fill(mb, 0, 1000);
		CHECK_INT(refused(mb, mb->end, 60), EBADMSG);
		mem_deref(mb);
	}
}

static void a_tone_stays_one_at_any_rate(void)
{
	static const uint32_t rates[] = {8000, 11025, 16000, 22050, 44100,
					 48000};

	for (size_t i = 0; i < 6; i++) {
		for (size_t k = 0; k < 6; k++) {
			struct pcm from = {.count = rates[i], .rate = rates[i]};
			struct pcm to = {0};
			struct tone tone;

			from.samples = mem_alloc(from.count * 2, NULL);
			REQUIRE(from.samples != NULL);
			for (size_t n = 0; n < from.count; n++)
				from.samples[n] = (int16_t)lrint(
					sine(n, rates[i], 1000));
			CHECK_INT(pcm_convert(&to, &from, rates[k]), 0);
			CHECK_INT(to.count, rates[k]);
			/* not the edges */
			tone = tone_measure(to.samples + rates[k] / 10,
					    rates[k] * 8 / 10, rates[k]);
			CHECK(fabs(tone.hz - 1000) < 0.2);
			CHECK(tone.purity > 0.9999);
			CHECK(fabs(tone.dbfs - 20 * log10(10000.0 / 32768)) <
			      0.05);
			mem_deref(to.samples);
			mem_deref(from.samples);
		}
	}
}

/* What 8 kHz cannot hold is not folded down into it. */
static void nothing_is_mirrored(void)
{
	struct pcm from = {.count = 48000, .rate = 48000}, to = {0};

	from.samples = mem_alloc(from.count * 2, NULL);
	REQUIRE(from.samples != NULL);
	for (size_t n = 0; n < from.count; n++)
		from.samples[n] = (int16_t)lrint(sine(n, 48000, 5000));
	CHECK_INT(pcm_convert(&to, &from, 8000), 0);
	for (double hz = 100; hz < 4000; hz += 50)
		CHECK(level_at(to.samples + 800, 6400, 8000, hz) < -80);
	mem_deref(to.samples);
	mem_deref(from.samples);
}

/* --- Ogg Opus --------------------------------------------------------------------- */

static int on_write(const void *data, size_t len, void *arg)
{
	return mbuf_write_mem(arg, data, len);
}

/* Left 500 Hz, right 1500 Hz, in uneven pieces. */
static struct mbuf *ogg_make(size_t count, uint32_t rate, bool end)
{
	struct mbuf *mb = mbuf_alloc(1024);
	const struct oggfile_params params = {.rate = rate,
					      .bitrate = 64000,
					      .channels = 2,
					      .serial = 7,
					      .title = "a call",
					      .writeh = on_write,
					      .arg = mb};
	struct oggfile *of = NULL;
	int16_t pcm[2 * 777];

	CHECK_INT(oggfile_alloc(&of, &params), 0);
	for (size_t at = 0; of && at < count;) {
		size_t n = min(count - at, 777);

		for (size_t i = 0; i < n; i++) {
			pcm[2 * i] = (int16_t)sine(at + i, rate, 500);
			pcm[2 * i + 1] = (int16_t)sine(at + i, rate, 1500);
		}
		CHECK_INT(oggfile_put(of, pcm, n), 0);
		at += n;
	}
	if (of && end)
		CHECK_INT(oggfile_end(of), 0);
	mem_deref(of);
	return mb;
}

static void an_ogg_file_is_as_long_as_what_was_put(void)
{
	static const size_t counts[] = {1, 319, 320, 16000, 16001, 99999};

	for (size_t i = 0; i < 6; i++) {
		struct mbuf *mb = ogg_make(counts[i], 16000, true);
		const struct pcm_file file = {mb->buf, mb->end, MINUTE};
		char why[PCM_WHY_MAX] = "";
		struct pcm pcm = {0};

		CHECK_INT(pcm_read_ogg(&pcm, &file, why), 0);
		CHECK_STR(why, "");
		CHECK_INT(pcm.rate, 48000);
		CHECK_INT(pcm.count, 3 * counts[i]);
		if (counts[i] >= 16000) {
			/* both channels, mixed */
			CHECK(level_at(pcm.samples + 4800, 38400, 48000, 500) >
			      -18);
			CHECK(level_at(pcm.samples + 4800, 38400, 48000, 1500) >
			      -18);
		}
		mem_deref(pcm.samples);
		mem_deref(mb);
	}
}

static void an_ogg_file_that_was_cut_off_is_heard_until_there(void)
{
	struct mbuf *mb = ogg_make(16000 * 10, 16000, false);
	struct pcm_file file = {mb->buf, mb->end, MINUTE};
	char why[PCM_WHY_MAX];
	struct pcm pcm = {0};

	CHECK_INT(pcm_read_ogg(&pcm, &file, why), 0);
	CHECK(pcm.count >= 48000 * 9);
	pcm.samples = mem_deref(pcm.samples);
	file.len = mb->end / 2;
	CHECK_INT(pcm_read_ogg(&pcm, &file, why), 0);
	CHECK(pcm.count > 48000 * 3 && pcm.count < 48000 * 6);
	mem_deref(pcm.samples);
	mem_deref(mb);
}

static void an_ogg_file_has_bounds(void)
{
	struct mbuf *mb = ogg_make(16000 * 3, 16000, true);
	struct pcm_file file = {mb->buf, mb->end, 2};
	char why[PCM_WHY_MAX] = "";
	struct pcm pcm = {0};

	CHECK_INT(pcm_read_ogg(&pcm, &file, why), EFBIG);
	CHECK(why[0] && !pcm.samples);
	mb->buf[30] ^= 0x55;
	file.max_s = MINUTE;
	CHECK_INT(pcm_read_ogg(&pcm, &file, why), EBADMSG);
	CHECK(!pcm.samples);
	mem_deref(mb);
}

TEST_MAIN(TEST(linear_files_of_any_width_are_read),
	  TEST(laws_of_telephony_are_read),
	  TEST(what_is_no_sound_is_refused_in_words),
	  TEST(a_tone_stays_one_at_any_rate), TEST(nothing_is_mirrored),
	  TEST(an_ogg_file_is_as_long_as_what_was_put),
	  TEST(an_ogg_file_that_was_cut_off_is_heard_until_there),
	  TEST(an_ogg_file_has_bounds))
