/*
 * test_codec_set.c  Codecs from shared objects: found, refused, used
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "mediad/sound/codec_set.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

/* Beside this binary, where make puts them; "g729" only after `make g729`. */
static const char *module(const char *name)
{
	static char path[4200];
	char self[4096] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return "";
	snprintf(path, sizeof(path), "%s/../../../../module/%s.so", dirname(self),
		 name);
	return path;
}

static void refused(const char *path, int want, const char *why)
{
	struct codec_set *set = NULL;
	char said[256] = "";

	REQUIRE(codec_set_alloc(&set) == 0);
	CHECK_INT(codec_set_load(set, path, said, sizeof(said)), want);
	if (!CHECK(strstr(said, why) != NULL))
		printf("# %s\n", said);
	CHECK(!codec_set_find(set, "G729"));
	CHECK(codec_set_find(set, "pcmu") == &codec_pcmu);
	mem_deref(set);
}

static void what_is_no_module_for_us_is_refused_with_the_reason(void)
{
	refused("/nonexistent/codec.so", ENOENT, "No such file");
	refused("/proc/self/cmdline", ENOENT, "");
	refused(module("old"), EBADMSG, "another version");
	refused(module("other"), EBADMSG, "no codec module");
	refused(module("half"), EBADMSG, "not whole");
}

static void a_module_is_a_codec_like_the_others(void)
{
	struct codec_set *set = NULL;
	const struct codec *codec;
	struct codec_enc *enc = NULL;
	struct codec_dec *dec = NULL;
	const int16_t pcm[80] = {256, -512, 1024};
	int16_t out[80];
	uint8_t buf[80];
	char why[256] = "";
	size_t len = 0, n = 0;

	REQUIRE(codec_set_alloc(&set) == 0);
	if (!CHECK_INT(codec_set_load(set, module("good"), why, sizeof(why)),
		       0))
		printf("# %s\n", why);
	codec = codec_set_find(set, "g729");
	REQUIRE(codec != NULL);
	CHECK(!codec_find("G729"));
	CHECK(!codec_set_find(NULL, "G729"));
	CHECK_INT(codec->enc_alloc(&enc), 0);
	CHECK_INT(codec->dec_alloc(&dec), 0);
	CHECK_INT(codec->encode(enc, pcm, 80, buf, &len, sizeof(buf)), 0);
	CHECK_INT(codec->decode(dec, buf, len, out, &n), 0);
	CHECK_INT(n, 80);
	CHECK(!memcmp(pcm, out, sizeof(pcm)));
	/* twice is once too often */
	CHECK_INT(codec_set_load(set, module("good"), why, sizeof(why)),
		  EEXIST);
	mem_deref(enc);
	mem_deref(dec);
	mem_deref(set);
}

static void g729_says_what_it_hears(void)
{
	struct codec_set *set = NULL;
	const struct codec *codec;
	struct codec_enc *enc = NULL;
	struct codec_dec *dec = NULL;
	static int16_t heard[16000];
	struct tone tone;
	char why[256];
	size_t at = 0;

	if (access(module("g729"), R_OK)) {
		test_skip("there is no libbcg729 (make g729)");
		return;
	}
	REQUIRE(codec_set_alloc(&set) == 0);
	CHECK_INT(codec_set_load(set, module("g729"), why, sizeof(why)), 0);
	codec = codec_set_find(set, "G729");
	REQUIRE(codec != NULL);
	REQUIRE(!codec->enc_alloc(&enc) && !codec->dec_alloc(&dec));
	for (unsigned ms = 10; ms <= 60; ms += 10)
		CHECK_INT(codec->voice_frame(ms), ms);
	CHECK_INT(codec->voice_frame(25), 20);
	CHECK_INT(codec->voice_span(NULL, 25, 8000), 0);
	CHECK_INT(codec->voice_span(NULL, 22, 8000), 240);
	CHECK(codec->voice_pauses(NULL, 22) && !codec->voice_pauses(NULL, 20));
	while (at + 160 <= 16000) {
		int16_t pcm[160];
		uint8_t buf[CODEC_PAYLOAD_MAX];
		size_t len = 0, n = 0;

		for (unsigned i = 0; i < 160; i++)
			pcm[i] = (int16_t)lrint(
				8000 * sin(2 * M_PI * 600 * (double)(at + i) /
					   8000));
		CHECK_INT(codec->encode(enc, pcm, 160, buf, &len, sizeof(buf)),
			  0);
		CHECK_INT(len, 20);
		CHECK_INT(codec->decode(dec, buf, len, heard + at, &n), 0);
		CHECK_INT(n, 160);
		at += 160;
	}
	tone = tone_measure(heard + 8000, 8000, 8000);
	CHECK(fabs(tone.hz - 600) < 2 && fabs(tone.dbfs + 12.2) < 1.5);
	mem_deref(enc);
	mem_deref(dec);
	mem_deref(set);
}

TEST_MAIN(TEST(what_is_no_module_for_us_is_refused_with_the_reason),
	  TEST(a_module_is_a_codec_like_the_others),
	  TEST(g729_says_what_it_hears))
