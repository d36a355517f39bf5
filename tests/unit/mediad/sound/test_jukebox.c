/*
 * test_jukebox.c  Sounds by name: tones of countries, and files of a folder
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "mediad/sound/jukebox.h"
#include "mediad/sound/ringtone.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

struct bed {
	char dir[200];
	struct jukebox *jb;
	unsigned said, loaded;
	char why[PCM_WHY_MAX], file[64];
};

static const struct jukebox_cfg defaults = {
	.max_bytes = 1000000, .max_s = 60, .max_memory = 10000000};

static void on_say(const char *file, const char *why, void *arg)
{
	struct bed *bed = arg;

	bed->said++;
	str_ncpy(bed->file, file, sizeof(bed->file));
	str_ncpy(bed->why, why, sizeof(bed->why));
}

static void on_loaded(const struct jukebox_figures *figures, void *arg)
{
	struct bed *bed = arg;

	(void)figures;
	bed->loaded++;
}

static int load(struct bed *bed, struct jukebox_cfg cfg)
{
	cfg.dir = bed->dir;
	return jukebox_load_now(bed->jb, &cfg);
}

static bool bed_open(struct bed *bed)
{
	const struct jukebox_handlers handlers = {
		.loadedh = on_loaded, .sayh = on_say, .arg = bed};

	memset(bed, 0, sizeof(*bed));
	re_snprintf(bed->dir, sizeof(bed->dir), "%s/XXXXXX", test_tmpdir());
	return mkdtemp(bed->dir) && !jukebox_alloc(&bed->jb, &handlers, NULL);
}

static void bed_close(struct bed *bed)
{
	mem_deref(bed->jb);
}

/* So many samples of 8 kHz, mu-law, of 250 Hz. */
static void put_file(const struct bed *bed, const char *name, uint32_t count)
{
	uint8_t head[44] = "RIFF....WAVEfmt ";
	char path[400];
	FILE *f;

	head[16] = 16;
	head[20] = 7;
	head[22] = 1;
	head[24] = 0x40, head[25] = 0x1f; /* 8000 */
	head[32] = 1;
	head[34] = 8;
	memcpy(head + 36, "data", 4);
	for (unsigned i = 0; i < 4; i++)
		head[40 + i] = (uint8_t)(count >> 8 * i);
	re_snprintf(path, sizeof(path), "%s/%s", bed->dir, name);
	f = fopen(path, "wb");
	if (!f)
		return;
	(void)!fwrite(head, 1, sizeof(head), f);
	for (uint32_t i = 0; i < count; i++)
		fputc(i % 32 < 16 ? 0x90 : 0x10, f);
	fclose(f);
}

static void a_folder_is_a_set_of_sounds(void)
{
	struct sound *kept;
	struct bed bed;

	REQUIRE(bed_open(&bed));
	put_file(&bed, "jazz.wav", 8000);
	put_file(&bed, "readme.txt", 100);
	CHECK(!jukebox_ready(bed.jb));
	CHECK_INT(load(&bed, defaults), 0);
	CHECK(jukebox_ready(bed.jb));
	CHECK_INT(jukebox_figures(bed.jb)->sounds, 1);
	CHECK_INT(bed.said, 0);
	kept = mem_ref(jukebox_find(bed.jb, "jazz"));
	REQUIRE(kept != NULL);
	CHECK_INT(kept->nframes, 50);
	CHECK(sound_clip_of(kept, &codec_pcma) != NULL);
	CHECK(sound_clip_of(kept, &codec_opus) != NULL);
	CHECK(!jukebox_find(bed.jb, "readme"));
	CHECK(!jukebox_find(bed.jb, NULL));

	/* another load; what plays plays on */
	put_file(&bed, "bach.wav", 4000);
	put_file(&bed, "jazz.wav", 1600);
	CHECK_INT(load(&bed, defaults), 0);
	CHECK_INT(jukebox_figures(bed.jb)->sounds, 2);
	CHECK_INT(jukebox_find(bed.jb, "jazz")->nframes, 10);
	CHECK_INT(kept->nframes, 50);
	mem_deref(kept);
	bed_close(&bed);
}

static void what_cannot_be_used_is_told(void)
{
	struct jukebox_cfg cfg = defaults;
	struct bed bed;

	REQUIRE(bed_open(&bed));
	put_file(&bed, "Good Morning.wav", 8000);
	CHECK_INT(load(&bed, cfg), 0);
	CHECK_INT(bed.said, 1);
	CHECK_STR(bed.file, "Good Morning.wav");
	CHECK(strstr(bed.why, "name"));
	CHECK_INT(jukebox_figures(bed.jb)->bad, 1);

	put_file(&bed, "a.ogg", 8000);
	CHECK_INT(load(&bed, cfg), 0);
	CHECK_STR(bed.file, "a.ogg");
	CHECK_STR(bed.why, "no Ogg Opus file");
	put_file(&bed, "b.wav", 16000);
	cfg.max_s = 1;
	CHECK_INT(load(&bed, cfg), 0);
	CHECK_STR(bed.why, "it is too long");
	cfg.max_s = 60;
	cfg.max_bytes = 16000;
	CHECK_INT(load(&bed, cfg), 0);
	CHECK(strstr(bed.why, "too large"));
	cfg.max_bytes = 1000000;
	cfg.max_memory = 50000;
	CHECK_INT(load(&bed, cfg), 0);
	CHECK(strstr(bed.why, "memory"));
	CHECK(!jukebox_find(bed.jb, "b"));
	cfg.max_memory = 10000000;
	CHECK_INT(load(&bed, cfg), 0);
	CHECK(jukebox_find(bed.jb, "b") != NULL);
	bed_close(&bed);
}

static void only_regular_files_are_read(void)
{
	char path[400];
	struct bed bed;

	REQUIRE(bed_open(&bed));
	re_snprintf(path, sizeof(path), "%s/a.wav", bed.dir);
	REQUIRE(mkfifo(path, 0600) == 0);
	re_snprintf(path, sizeof(path), "%s/b.wav", bed.dir);
	REQUIRE(mkdir(path, 0700) == 0);
	put_file(&bed, "c.wav", 8000);
	CHECK_INT(load(&bed, defaults), 0);
	CHECK_INT(bed.said, 2);
	CHECK_STR(bed.file, "b.wav");
	CHECK(strstr(bed.why, "no file"));
	CHECK(jukebox_find(bed.jb, "c") != NULL);
	bed_close(&bed);
}

static bool are_loaded(void *arg)
{
	const struct bed *bed = arg;

	return bed->loaded >= 2;
}

static bool is_never(void *arg)
{
	(void)arg;
	return false;
}

/* Nobody waits for the thread of the first. */
static void a_load_begins_behind_the_one_under_way(void)
{
	struct jukebox_cfg cfg = defaults, none = defaults;
	struct loop_test lt;
	struct bed bed;

	REQUIRE(bed_open(&bed) && loop_test_open(&lt));
	put_file(&bed, "jazz.wav", 160000);
	cfg.dir = bed.dir;
	CHECK_INT(jukebox_load(bed.jb, &none), 0);
	CHECK_INT(jukebox_load(bed.jb, &none), 0);
	CHECK_INT(jukebox_load(bed.jb, &cfg), 0);
	CHECK_INT(bed.loaded, 0);
	CHECK(loop_test_until(&lt, are_loaded, &bed, 30000));
	CHECK(jukebox_find(bed.jb, "jazz") != NULL);
	/* the one that waited was the latest alone */
	CHECK(!loop_test_until(&lt, is_never, NULL, 100));
	CHECK_INT(bed.loaded, 2);

	/* and so again; both end with the jukebox */
	CHECK_INT(jukebox_load(bed.jb, &none), 0);
	CHECK_INT(jukebox_load(bed.jb, &cfg), 0);
	bed_close(&bed);
	loop_test_close(&lt);
}

static void countries_ring_as_they_do(void)
{
	static const struct {
		const char *country;
		double s, tone_s, hz;
	} cases[] = {{"de", 5, 1, 425}, {"fr", 5, 1.5, 440},
		     {"se", 6, 1, 425}, {"ru", 4, .8, 425}};
	struct pcm pcm;
	struct bed bed;

	for (size_t i = 0; i < 4; i++) {
		const size_t tone = (size_t)(cases[i].tone_s * 16000);

		REQUIRE(ringtone_make(&pcm, cases[i].country) == 0);
		CHECK_INT(pcm.count, (size_t)(cases[i].s * 16000));
		CHECK(fabs(tone_hz(pcm.samples, tone, 16000) - cases[i].hz) <
		      0.5);
		for (size_t k = tone; k < pcm.count; k++)
			if (pcm.samples[k])
				CHECK_INT(k, pcm.count);
		mem_deref(pcm.samples);
	}
	CHECK_INT(ringtone_make(&pcm, "xx"), ENOENT);

	REQUIRE(bed_open(&bed));
	CHECK(!jukebox_find(bed.jb, "ring-de"));
	CHECK(!jukebox_tone(bed.jb, "ring-xx"));
	for (size_t i = 0; ringtone_country(i); i++) {
		char name[20];

		re_snprintf(name, sizeof(name), "ring-%s", ringtone_country(i));
		CHECK(!jukebox_find(bed.jb, name));
		if (i % 5 == 0)
			jukebox_tone_now(bed.jb, name);
		CHECK(!jukebox_find(bed.jb, name) == (i % 5 != 0));
	}
	jukebox_tone_now(bed.jb, "ring-de");
	jukebox_tone_now(bed.jb, "ring-us");
	jukebox_tone_now(bed.jb, "ring-xx");
	CHECK(!jukebox_find(bed.jb, "ring-xx"));
	CHECK(jukebox_find(bed.jb, "ring-de") !=
	      jukebox_find(bed.jb, "ring-us"));
	re_printf("# tones: %llu bytes\n",
		  (unsigned long long)jukebox_figures(bed.jb)->tones);
	bed_close(&bed);
}

static bool rings_in_norway(void *arg)
{
	const struct bed *bed = arg;

	return jukebox_find(bed->jb, "ring-no") != NULL;
}

static void a_tone_at_once_holds_up_no_other(void)
{
	struct loop_test lt;
	struct bed bed;

	REQUIRE(bed_open(&bed) && loop_test_open(&lt));
	CHECK(jukebox_tone(bed.jb, "ring-se"));
	CHECK(jukebox_tone(bed.jb, "ring-no"));
	jukebox_tone_now(bed.jb, "ring-de");
	CHECK(jukebox_find(bed.jb, "ring-se") != NULL);
	CHECK(jukebox_find(bed.jb, "ring-de") != NULL);
	CHECK(loop_test_until(&lt, rings_in_norway, &bed, 30000));
	bed_close(&bed);
	loop_test_close(&lt);
}

TEST_MAIN(TEST(a_folder_is_a_set_of_sounds),
	  TEST(what_cannot_be_used_is_told), TEST(only_regular_files_are_read),
	  TEST(a_load_begins_behind_the_one_under_way),
	  TEST(countries_ring_as_they_do),
	  TEST(a_tone_at_once_holds_up_no_other))
