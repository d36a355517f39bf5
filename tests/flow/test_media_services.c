/*
 * test_media_services.c  Announcements and music on hold, through the sessions
 *                        of a worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <re.h>

#include "mediad/rtp/pkt.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/codec_set.h"
#include "mediad/sound/jukebox.h"
#include "tests/lib/loaded_codecs.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/sound_files.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

static const char *const S = "00000000000000a1";

enum {
	EAR = 8000 * 10
};

/* What a phone hears, in the order in which it comes. */
struct ear {
	int16_t pcm[EAR];
	size_t count;
	const struct codec *codec;
	struct codec_dec *dec;
};

static void hear(const uint8_t *data, size_t len, void *arg)
{
	struct ear *ear = arg;
	int16_t pcm[CODEC_SAMPLES_MAX];
	struct pkt pkt;
	size_t n = 0;

	REQUIRE(pkt_read(&pkt, data, len) == 0);
	CHECK_INT(ear->codec->decode(ear->dec, data + pkt.hdr, pkt.paylen, pcm,
				    &n),
		  0);
	if (ear->count + n > EAR)
		return;
	memcpy(ear->pcm + ear->count, pcm, n * sizeof(pcm[0]));
	ear->count += n;
}

/* Two phones; the first one's leg is 1. */
struct call {
	struct media_bed bed;
	struct media_phone *a, *b;
	struct ear ear; /* b's */
	char dir[200];
	uint8_t quiet[160];
};

/* In all codecs of a set, or not. */
struct setup {
	struct codec_set *codecs;
	bool built_in; /* sounds are not in those that were loaded */
};

static int own_jukebox(struct call *c)
{
	const struct jukebox_cfg cfg = {.dir = c->dir,
					.max_bytes = 1000000,
					.max_s = 60,
					.max_memory = 10000000};
	int err = jukebox_alloc(&c->bed.jukebox, NULL, NULL);

	return err ? err : jukebox_load_now(c->bed.jukebox, &cfg);
}

static bool call_open_with(struct call *c, const struct setup *setup)
{
	char path[260];

	memset(c, 0, sizeof(*c));
	c->bed.codecs = setup->codecs;
	c->ear.codec = &codec_pcma;
	if (!sound_dir(c->dir, sizeof(c->dir)))
		return false;
	sound_file(c->dir, "jazz", 700, 1500);
	sound_file(c->dir, "closed", 1100, 1000);
	c->bed.sounds = c->dir;
	if (setup->built_in && own_jukebox(c))
		return false;
	snprintf(path, sizeof(path), "%s/state", c->dir);
	if (media_bed_open(&c->bed, path) ||
	    codec_pcma.dec_alloc(&c->ear.dec) ||
	    !(c->a = media_phone_open(&c->bed)) ||
	    !(c->b = media_phone_open(&c->bed)))
		return false;
	memset(c->quiet, 0xd5, sizeof(c->quiet));
	c->a->payload = c->b->payload = c->quiet;
	c->a->paylen = c->b->paylen = sizeof(c->quiet);
	return true;
}

static bool call_open(struct call *c)
{
	return call_open_with(c, &(struct setup){NULL});
}

static void call_close(struct call *c)
{
	CHECK_STR(packet_check_fault(&c->a->check)
			  ? packet_check_fault(&c->a->check)
			  : "",
		  "");
	if (c->b->heard)
		CHECK_STR(packet_check_fault(&c->b->check)
				  ? packet_check_fault(&c->b->check)
				  : "",
			  "");
	mem_deref(c->ear.dec);
	media_bed_close(&c->bed);
}

static bool call_join(struct call *c, const char *music)
{
	if (music)
		pl_set_str(&c->a->terms.music, music);
	CHECK_INT(media_phone_offers(c->a, S, 1), 0);
	CHECK_INT(media_phone_called(c->b, S, 2), 0);
	CHECK_INT(media_phone_gets(c->a, S, 1, true), 0);
	CHECK_INT(session_leg_join(c->bed.table, S, 1, 2, NULL), 0);
	c->b->rtph = hear;
	c->b->arg = &c->ear;
	media_bed_run(&c->bed, 500);
	CHECK(c->a->heard > 20 && c->b->heard > 20);
	return true;
}

/* a's holds are heard as this sound. */
static bool call_up(struct call *c, const char *music)
{
	return call_open(c) && call_join(c, music);
}

/* A re-INVITE of a, with what b answers to it. */
static void a_says(struct call *c, const char *dir, const char *b_dir)
{
	c->a->dir = dir;
	c->b->dir = b_dir;
	CHECK_INT(media_phone_offers(c->a, S, 1), 0);
	CHECK_INT(media_phone_gets(c->b, S, 2, false), 0);
	CHECK_INT(media_phone_answers(c->b, S, 2), 0);
	CHECK_INT(media_phone_gets(c->a, S, 1, true), 0);
}

/* Of a second that b hears now, Hz and dBov. */
static double b_hears(struct call *c, double *level)
{
	c->ear.count = 0;
	media_bed_run(&c->bed, 1200);
	CHECK(c->ear.count >= 9000 && c->ear.count <= 9800);
	*level = sound_level(c->ear.pcm + 800, 8000);
	return tone_hz(c->ear.pcm + 800, 8000, 8000);
}

static void b_hears_music(struct call *c)
{
	double level, hz = b_hears(c, &level);

	CHECK(fabs(hz - 700) < 8);
	/* 8000 of 32768, as a sine */
	CHECK(fabs(level - -15.3) < 0.5);
}

static void who_is_on_hold_hears_music(void)
{
	static const char *const holds[] = {"sendonly", "inactive"};
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	double level;

	REQUIRE(c && call_up(c, "jazz"));
	for (unsigned i = 0; i < 4; i++) {
		const uint32_t switches = c->b->heard;

		a_says(c, holds[i % 2], "recvonly");
		/* it may hear us whatever a does */
		CHECK(strstr(c->b->sdp, "a=sendonly") != NULL);
		b_hears_music(c);
		CHECK(c->b->heard > switches);

		a_says(c, NULL, NULL);
		CHECK(strstr(c->b->sdp, "a=sendrecv") != NULL);
		(void)b_hears(c, &level);
		CHECK(level < -60); /* a's silence */
	}
	CHECK_INT(packet_check_lost(&c->b->check), 0);
	call_close(c);
	mem_deref(c);
}

static void music_survives_its_worker(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	size_t alive = 0;

	REQUIRE(c && call_up(c, "jazz"));
	a_says(c, "inactive", "recvonly");
	b_hears_music(c);
	CHECK_INT(media_bed_die(&c->bed, 100, &alive), 0);
	CHECK_INT(alive, 1);
	b_hears_music(c);
	CHECK(c->b->check.max_gap_ms <= 250);
	a_says(c, NULL, NULL);
	media_bed_run(&c->bed, 200);
	call_close(c);
	mem_deref(c);
}

static void without_music_hold_is_what_the_holder_sends(void)
{
	static const char *const names[] = {NULL, "nosuch"};
	struct call *c = mem_zalloc(sizeof(*c), NULL);

	REQUIRE(c != NULL);
	for (unsigned i = 0; i < 2; i++) {
		double level;

		REQUIRE(call_up(c, names[i]));
		a_says(c, "sendonly", "recvonly");
		(void)b_hears(c, &level);
		CHECK(level < -60);
		call_close(c);
	}
	mem_deref(c);
}

static void music_stops_with_another_join(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	double level;

	REQUIRE(c && call_up(c, "jazz"));
	a_says(c, "inactive", "recvonly");
	b_hears_music(c);
	CHECK_INT(session_leg_drop(c->bed.table, S, 1), 0);
	c->ear.count = 0;
	media_bed_run(&c->bed, 500);
	CHECK(c->ear.count < 400);
	(void)level;
	call_close(c);
	mem_deref(c);
}

/* --- announcements ----------------------------------------------------------------- */

static int play(struct call *c, const char *name, uint32_t times, uint32_t *ms)
{
	struct session_play what = {.times = times};

	pl_set_str(&what.name, name);
	return session_leg_play(c->bed.table, S, 1, &what, ms);
}

static void an_announcement_is_played_and_ends(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	uint32_t ms = 0;

	REQUIRE(c && call_open(c));
	c->a->rtph = hear;
	c->a->arg = &c->ear;
	CHECK_INT(media_phone_calls(c->a, S, 1), 0);
	CHECK_INT(play(c, "nosuch", 1, &ms), ESRCH);
	CHECK_INT(play(c, "../closed", 1, &ms), ESRCH);
	CHECK_INT(session_leg_join(c->bed.table, S, 1, 0, "sound"), EINVAL);
	CHECK_INT(play(c, "closed", 2, &ms), 0);
	CHECK_INT(ms, 2000);
	/* again is no error, and nothing begins anew */
	media_bed_run(&c->bed, 1000);
	CHECK_INT(play(c, "closed", 2, &ms), 0);
	CHECK_INT(c->bed.nplayed, 0);
	media_bed_run(&c->bed, 1500);
	CHECK_INT(c->bed.nplayed, 1);
	CHECK_INT(c->ear.count, 16000);
	CHECK(fabs(tone_hz(c->ear.pcm + 800, 8000, 8000) - 1100) < 12);
	media_bed_run(&c->bed, 1000);
	CHECK_INT(c->bed.nplayed, 1);
	CHECK_INT(c->ear.count, 16000);
	call_close(c);
	mem_deref(c);
}

static void an_announcement_goes_on_after_a_death(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	size_t alive = 0;
	uint32_t ms;

	REQUIRE(c && call_open(c));
	c->a->rtph = hear;
	c->a->arg = &c->ear;
	CHECK_INT(media_phone_calls(c->a, S, 1), 0);
	CHECK_INT(play(c, "closed", 3, &ms), 0);
	media_bed_run(&c->bed, 1000);
	CHECK_INT(media_bed_die(&c->bed, 500, &alive), 0);
	media_bed_run(&c->bed, 1700);
	/* 3 s without the 0.5 that nobody was there */
	CHECK_INT(c->bed.nplayed, 1);
	CHECK(c->ear.count >= 19000 && c->ear.count <= 20500);
	call_close(c);
	mem_deref(c);
}

static void ringing_has_no_end(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	uint32_t ms = 1;

	REQUIRE(c && call_open(c));
	c->a->rtph = hear;
	c->a->arg = &c->ear;
	jukebox_tone_now(c->bed.jukebox, "ring-de");
	CHECK_INT(media_phone_calls(c->a, S, 1), 0);
	CHECK_INT(play(c, "ring-de", 0, &ms), 0);
	CHECK_INT(ms, 0);
	media_bed_run(&c->bed, 6020);
	CHECK(fabs(tone_hz(c->ear.pcm + 400, 7200, 8000) - 425) < 5);
	CHECK(sound_level(c->ear.pcm + 9000, 30000) < -60);
	CHECK(fabs(tone_hz(c->ear.pcm + 40400, 7000, 8000) - 425) < 5);
	CHECK_INT(c->bed.nplayed, 0);
	call_close(c);
	mem_deref(c);
}

/* --- codecs that were loaded -------------------------------------------------------- */

/* b speaks G.729, or what stands in for it. */
static bool b_has_module(struct call *c, const struct setup *setup)
{
	if (!call_open_with(c, setup))
		return false;
	pl_set_str(&c->a->terms.codecs, "G729,PCMA");
	pl_set_str(&c->b->terms.codecs, "G729,PCMA");
	c->b->formats = "18 101";
	c->ear.codec = codec_set_find(setup->codecs, "G729");
	c->ear.dec = mem_deref(c->ear.dec);
	return c->ear.codec && !c->ear.codec->dec_alloc(&c->ear.dec) &&
	       call_join(c, "jazz");
}

static void music_is_in_loaded_codecs_too(void)
{
	struct setup setup = {.codecs = loaded_codecs()};
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	double level;

	REQUIRE(c && setup.codecs && b_has_module(c, &setup));
	a_says(c, "sendonly", "recvonly");
	b_hears_music(c);
	a_says(c, NULL, NULL);
	(void)b_hears(c, &level);
	CHECK(level < -60);
	CHECK_INT(packet_check_lost(&c->b->check), 0);
	call_close(c);
	mem_deref(c);
	mem_deref(setup.codecs);
}

static void a_sound_that_a_codec_lacks_is_none(void)
{
	struct setup setup = {.codecs = loaded_codecs(), .built_in = true};
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	uint32_t ms;
	double level;

	REQUIRE(c && setup.codecs && b_has_module(c, &setup));
	/* b_hears() sees that what a sends goes on */
	a_says(c, "sendonly", "recvonly");
	(void)b_hears(c, &level);
	CHECK(level < -60);
	a_says(c, NULL, NULL);

	/* who waits for the end of one has it, when the codec changes */
	CHECK_INT(play(c, "closed", 5, &ms), 0);
	media_bed_run(&c->bed, 500);
	CHECK_INT(c->bed.nplayed, 0);
	c->a->formats = "18 101";
	CHECK_INT(media_phone_calls(c->a, S, 1), 0);
	media_bed_run(&c->bed, 100);
	CHECK_INT(c->bed.nplayed, 1);
	CHECK_INT(play(c, "jazz", 1, &ms), ESRCH);
	media_bed_run(&c->bed, 1000);
	CHECK_INT(c->bed.nplayed, 1);
	call_close(c);
	mem_deref(c);
	mem_deref(setup.codecs);
}

TEST_MAIN(TEST(who_is_on_hold_hears_music), TEST(music_survives_its_worker),
	  TEST(without_music_hold_is_what_the_holder_sends),
	  TEST(music_stops_with_another_join),
	  TEST(an_announcement_is_played_and_ends),
	  TEST(an_announcement_goes_on_after_a_death),
	  TEST(ringing_has_no_end), TEST(music_is_in_loaded_codecs_too),
	  TEST(a_sound_that_a_codec_lacks_is_none))
