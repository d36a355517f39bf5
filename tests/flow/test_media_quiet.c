/*
 * test_media_quiet.c  Who is not heard is named within 3 s, with the reason
 *
 * A page (leg 1) and a telephone (leg 2). For each reason just that is
 * broken; and what only looks like it is not named.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/session/leg_glimpse.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/meter.h"
#include "mediad/sound/transcode.h"
#include "tests/lib/loaded_codecs.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/red_packet.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";

enum {
	NAMED_MS = 3000,
	FRAME = 160,
};

struct call {
	struct media_bed bed; /* first: it is the handler's arg */
	struct media_page *page;
	struct media_phone *phone;
	char told[512];    /* "2:no-packets 2: " */
	uint64_t told_ms;
	uint8_t voice[FRAME], silence[FRAME];
};

static void on_quiet(const struct session_quiet *quiet, void *arg)
{
	struct call *call = arg;
	size_t n = strlen(call->told);

	(void)re_snprintf(call->told + n, sizeof(call->told) - n, "%u:%s ",
			  quiet->leg, quiet->why);
	call->told_ms = call->bed.now_ms;
}

static void make_voice(struct call *call, double peak)
{
	struct codec_enc *enc = NULL;
	int16_t pcm[FRAME];
	size_t len;

	for (unsigned i = 0; i < FRAME; i++)
		pcm[i] = (int16_t)lrint(
			fmax(-32767, fmin(32767, peak * sin(2 * M_PI * i / 16))));
	CHECK_INT(codec_pcma.enc_alloc(&enc), 0);
	CHECK_INT(codec_pcma.encode(enc, pcm, FRAME, call->voice, &len, FRAME),
		  0);
	memset(call->silence, 0xd5, FRAME);
	mem_deref(enc);
}

static void speak(struct call *call, const uint8_t *page, const uint8_t *phone)
{
	call->page->payload = page;
	call->phone->payload = phone;
	call->page->paylen = call->phone->paylen = FRAME;
}

struct setup {
	bool deaf;     /* the page never hears of our SDP */
	bool no_dtls;  /* it waits for our ClientHello, and we for its */
	bool opus;     /* it has Opus, and the telephone, too */
	struct codec_set *codecs; /* the telephone has the loaded one */
	bool red;      /* the telephone has redundant audio */
	bool keys;     /* the telephone has keys */
	bool ringing;  /* nobody has picked up yet */
};

static int signalling(struct call *call, const struct setup *setup)
{
	struct mbuf *mb = mbuf_alloc(4096);
	int err = mb ? 0 : ENOMEM;

	if (!err)
		err = media_remote(&call->bed, S, 1, false,
				   media_page_sdp(call->page, false), NULL);
	if (!err)
		err = media_phone_called(call->phone, S, 2);
	if (!err)
		err = session_leg_join(call->bed.table, S, 1, 2, NULL);
	if (!err)
		err = media_local(&call->bed, S, 1, true, mb, NULL);
	if (setup->no_dtls)
		mock_media_serve(call->page->mock);
	if (!err && !setup->deaf)
		err = media_page_take(call->page, (char *)mb->buf, mb->end);
	if (!err && !setup->ringing)
		err = session_answered(call->bed.table, S);
	mem_deref(mb);
	return err;
}

static struct call *call_up(const struct setup *setup)
{
	struct call *call = mem_zalloc(sizeof(*call), NULL);

	if (call)
		call->bed.codecs = setup->codecs;
	if (!call || !CHECK(!media_bed_open(&call->bed, NULL)))
		return mem_deref(call);
	session_on_quiet(call->bed.table, on_quiet);
	call->page = media_page_open(&call->bed);
	call->phone = media_phone_open(&call->bed);
	if (!CHECK(call->page && call->phone))
		return call;
	if (setup->opus) {
		call->phone->formats = "96";
		call->phone->extra = "a=rtpmap:96 opus/48000/2\r\n";
		call->phone->terms.codecs = (struct pl)PL("opus");
	} else {
		media_page_narrow(call->page);
	}
	if (setup->codecs) {
		call->phone->formats = "18 101";
		pl_set_str(&call->phone->terms.codecs, "G729,PCMA");
	}
	if (setup->red) {
		call->phone->formats = RED_FORMATS;
		call->phone->extra = RED_LINES;
		pl_set_str(&call->phone->terms.codecs, "red,PCMA");
	}
	if (setup->keys) {
		call->phone->profile = SDPM_SDES;
		call->phone->keys.suite = "AES_CM_128_HMAC_SHA1_80";
	}
	make_voice(call, 8000);
	speak(call, call->voice, call->voice);
	CHECK_INT(signalling(call, setup), 0);
	if (!setup->deaf && !setup->no_dtls)
		CHECK(media_bed_ready(&call->bed));
	return call;
}

static void hang_up(struct call *call)
{
	media_bed_close(&call->bed);
	mem_deref(call);
}

static const struct leg_voice *voice(struct call *call, uint8_t leg)
{
	static struct session_figures figs;

	CHECK_INT(session_query(call->bed.table, S, &figs), 0);
	for (size_t i = 0; i < figs.nlegs; i++)
		if (figs.legs[i].leg == leg)
			return &figs.legs[i].voice;
	return NULL;
}

/* Something has just been broken: it is named, and nothing else is. */
static void is_named(struct call *call, const char *want)
{
	uint64_t from_ms = call->bed.now_ms;

	call->told[0] = '\0';
	media_bed_run(&call->bed, NAMED_MS);
	CHECK_STR(call->told, want);
	if (call->told_ms > from_ms)
		printf("# %s after %u ms\n", want,
		       (unsigned)(call->told_ms - from_ms));
}

static void nothing_is_named(struct call *call, unsigned ms)
{
	call->told[0] = '\0';
	media_bed_run(&call->bed, ms);
	CHECK_STR(call->told, "");
}

/* --- reasons ----------------------------------------------------------------------- */

static void who_sends_nothing_is_named_and_heard_again(void)
{
	struct call *call = call_up(&(struct setup){0});

	REQUIRE(call && call->phone);
	nothing_is_named(call, 10000);
	call->phone->sending = false;
	is_named(call, "2:no-packets ");
	CHECK_STR(voice(call, 2)->quiet, "no-packets");
	CHECK_STR(voice(call, 1)->quiet, "");
	nothing_is_named(call, 5000);
	call->phone->sending = true;
	is_named(call, "2: ");
	CHECK_STR(voice(call, 2)->quiet, "");
	CHECK(voice(call, 2)->quiet_ms > 5000 &&
	      voice(call, 2)->quiet_ms < 9000);
	/* and the page, whose checks still come */
	call->page->sending = false;
	media_bed_run(&call->bed, 5000);
	CHECK(strstr(call->told, "1:no-packets ") != NULL);
	hang_up(call);
}

static void who_never_sent_anything_is_named(void)
{
	struct call *call = call_up(&(struct setup){.ringing = true});

	REQUIRE(call && call->phone);
	call->phone->sending = false;
	nothing_is_named(call, 20000);
	CHECK_INT(session_answered(call->bed.table, S), 0);
	is_named(call, "2:no-packets ");
	hang_up(call);
}

static void a_dead_microphone_is_named(void)
{
	struct call *call = call_up(&(struct setup){0});

	REQUIRE(call && call->phone);
	nothing_is_named(call, 2000);
	call->phone->payload = call->silence;
	is_named(call, "2:silence ");
	call->phone->payload = call->voice;
	is_named(call, "2: ");
	CHECK_INT(voice(call, 2)->quiet_ms, 0);
	/* people are silent now and then */
	call->phone->payload = call->silence;
	nothing_is_named(call, 4000);
	is_named(call, "2:silence ");
	hang_up(call);
}

static void silence_in_opus_that_is_passed_on_is_named(void)
{
	static const uint8_t quiet[] = {0xfc, 0xff, 0xfe};
	struct call *call = call_up(&(struct setup){.opus = true});

	REQUIRE(call && call->phone);
	CHECK_INT(session_sound(call->bed.table)->running, 0);
	nothing_is_named(call, 5000);
	call->page->payload = quiet;
	call->page->paylen = sizeof(quiet);
	is_named(call, "1:silence ");
	hang_up(call);
}

static void a_browser_that_is_gone_is_named(void)
{
	struct call *call = call_up(&(struct setup){0});

	REQUIRE(call && call->page);
	nothing_is_named(call, 2000);
	call->page->sending = false;
	mock_media_silence(call->page->mock);
	is_named(call, "1:ice-gone ");
	hang_up(call);
}

static void a_browser_that_never_came_is_named(void)
{
	struct call *call = call_up(&(struct setup){.deaf = true});

	REQUIRE(call && call->page);
	is_named(call, "1:no-ice ");
	hang_up(call);
	call = call_up(&(struct setup){.no_dtls = true});
	REQUIRE(call && call->page);
	is_named(call, "1:no-dtls ");
	hang_up(call);
}

static void who_sends_from_elsewhere_is_named(void)
{
	struct call *call = call_up(&(struct setup){0});

	REQUIRE(call && call->phone);
	nothing_is_named(call, 2000);
	/* with a port of its own that no SDP has told of */
	CHECK_INT(media_phone_move(call->phone), 0);
	is_named(call, "2:wrong-source ");
	hang_up(call);
}

static void who_sends_what_was_not_agreed_on_is_named(void)
{
	struct call *call = call_up(&(struct setup){0});

	REQUIRE(call && call->phone);
	nothing_is_named(call, 2000);
	call->phone->pt = 97;
	is_named(call, "2:wrong-payload-type ");
	hang_up(call);
}

static void packets_that_are_not_authentic_are_named(void)
{
	uint8_t pkt[12 + FRAME + 10] = {0x80, 8};
	struct call *call = call_up(&(struct setup){.keys = true});

	REQUIRE(call && call->phone);
	nothing_is_named(call, 2000);
	call->phone->sending = false;
	call->told[0] = '\0';
	for (unsigned i = 0; i < NAMED_MS / 20; i++) {
		pkt[2] = (uint8_t)(i >> 8);
		pkt[3] = (uint8_t)i;
		media_phone_send_raw(call->phone, false, pkt, sizeof(pkt));
		media_bed_run(&call->bed, 20);
	}
	CHECK_STR(call->told, "2:not-authentic ");
	hang_up(call);
}

/* --- and what only looks like it ------------------------------------------------------ */

static void nobody_is_named_before_the_call_is_answered(void)
{
	struct call *call = call_up(&(struct setup){.ringing = true});

	REQUIRE(call && call->phone);
	call->phone->payload = call->silence;
	nothing_is_named(call, 5000);
	call->phone->sending = call->page->sending = false;
	nothing_is_named(call, 20000);
	hang_up(call);
}

static void who_holds_or_is_held_is_not_named(void)
{
	static const char *const dirs[] = {"sendonly", "inactive", "recvonly"};

	for (unsigned i = 0; i < 3; i++) {
		struct call *call = call_up(&(struct setup){0});

		REQUIRE(call && call->phone);
		nothing_is_named(call, 1000);
		call->phone->dir = dirs[i];
		CHECK_INT(media_phone_calls(call->phone, S, 2), 0);
		call->phone->sending = false;
		nothing_is_named(call, 10000);
		/* back again */
		call->phone->dir = NULL;
		CHECK_INT(media_phone_calls(call->phone, S, 2), 0);
		call->phone->sending = true;
		nothing_is_named(call, 5000);
		hang_up(call);
	}
}

static void who_pauses_is_not_named(void)
{
	static const uint8_t dtx[] = {0xf8}, noise[] = {70};
	static const uint8_t update[] = {0xfc, 0xff, 0xfe};
	struct call *call = call_up(&(struct setup){.opus = true});

	REQUIRE(call && call->page);
	nothing_is_named(call, 1000);
	call->page->sending = false;
	for (unsigned i = 0; i < 50; i++) {
		(void)mock_media_send(call->page->mock, call->page->pt,
				      call->page->ts, i % 2 ? dtx : update,
				      i % 2 ? sizeof(dtx) : sizeof(update));
		call->page->ts += 19200;
		media_bed_run(&call->bed, 400);
	}
	CHECK_STR(call->told, "");
	hang_up(call);

	/* comfort noise, and then nothing for as long as they listen */
	call = call_up(&(struct setup){0});
	REQUIRE(call && call->phone);
	nothing_is_named(call, 1000);
	call->phone->sending = false;
	media_phone_send(call->phone, 13, noise, sizeof(noise));
	nothing_is_named(call, 40000);
	hang_up(call);
}

/* As the worker's offer has it. */
static uint8_t red_pt(const struct call *call)
{
	const char *name = strstr(call->phone->sdp, " red/8000");

	if (!CHECK(name != NULL))
		return RED_PT;
	while (name[-1] != ':')
		name--;
	return (uint8_t)atoi(name);
}

static void who_pauses_in_a_loaded_codec_is_not_named(void)
{
	static const uint8_t sid[2] = {1, 2};
	struct codec_set *set = loaded_codecs();
	struct call *call = call_up(&(struct setup){.codecs = set});

	REQUIRE(set && call && call->phone);
	call->phone->pt = 18;
	nothing_is_named(call, 5000);
	call->phone->sending = false;
	media_phone_send(call->phone, 18, sid, sizeof(sid));
	nothing_is_named(call, 40000);
	/* who just stops is */
	call->phone->sending = true;
	nothing_is_named(call, 1000);
	call->phone->sending = false;
	is_named(call, "2:no-packets ");
	hang_up(call);
	mem_deref(set);
}

static void redundant_audio_is_looked_into(void)
{
	uint8_t voice_red[RED_SIZE], silence_red[RED_SIZE];
	struct call *call = call_up(&(struct setup){.red = true});

	REQUIRE(call && call->phone);
	red_packet(voice_red, call->silence, call->voice);
	red_packet(silence_red, call->voice, call->silence);
	nothing_is_named(call, 5000);
	call->phone->pt = red_pt(call);
	call->phone->payload = voice_red;
	call->phone->paylen = RED_SIZE;
	nothing_is_named(call, 10000);
	CHECK(voice(call, 2)->level >= -16);
	call->phone->payload = silence_red;
	is_named(call, "2:silence ");
	hang_up(call);
}

static void music_and_soft_voices_are_not_named(void)
{
	struct call *call = call_up(&(struct setup){0});

	REQUIRE(call && call->phone);
	make_voice(call, 60);
	nothing_is_named(call, 20000);
	make_voice(call, 32000);
	nothing_is_named(call, 20000);
	hang_up(call);
}

static void a_bad_network_is_not_silence(void)
{
	struct call *call = call_up(&(struct setup){0});

	REQUIRE(call && call->phone);
	call->told[0] = '\0';
	for (unsigned i = 0; i < 20; i++) {
		call->phone->sending = call->page->sending = i % 2;
		media_bed_run(&call->bed, 1000);
	}
	CHECK_STR(call->told, "");
	hang_up(call);
}

static void levels_and_clipping_are_shown(void)
{
	struct call *call = call_up(&(struct setup){0});

	REQUIRE(call && call->phone);
	media_bed_run(&call->bed, 3000);
	/* a sine of 8000 is -15.3 dBov */
	CHECK(voice(call, 2)->level <= -15 && voice(call, 2)->level >= -16);
	CHECK(voice(call, 2)->top <= -12 && voice(call, 2)->top >= -13);
	CHECK_INT(voice(call, 2)->clipped, 0);
	make_voice(call, 90000);
	media_bed_run(&call->bed, 3000);
	CHECK(voice(call, 2)->level >= -1);
	CHECK(voice(call, 2)->clipped > 100);
	hang_up(call);
}

/* A frame of a sine, the fifth one, to be sent again and again. */
static void opus_frame(uint8_t *buf, size_t *len, double peak)
{
	struct codec_enc *enc = NULL;
	int16_t pcm[960];

	CHECK_INT(codec_opus.enc_alloc(&enc), 0);
	for (unsigned f = 0; f < 5; f++) {
		for (unsigned i = 0; i < 960; i++)
			pcm[i] = (int16_t)lrint(peak *
						sin(2 * M_PI * i / 48));
		CHECK_INT(codec_opus.encode(enc, pcm, 960, buf, len,
					    CODEC_PAYLOAD_MAX),
			  0);
	}
	mem_deref(enc);
}

static void level_of_opus_that_is_passed_on_is_shown(void)
{
	uint8_t loud[CODEC_PAYLOAD_MAX], soft[CODEC_PAYLOAD_MAX];
	size_t nloud, nsoft;
	struct call *call = call_up(&(struct setup){.opus = true});

	REQUIRE(call && call->phone);
	opus_frame(loud, &nloud, 8000);
	opus_frame(soft, &nsoft, 800);
	call->page->payload = loud;
	call->page->paylen = nloud;
	media_bed_run(&call->bed, LEG_GLIMPSE_MS + 2000);
	CHECK_INT(session_sound(call->bed.table)->running, 0);
	CHECK(abs(voice(call, 1)->level - -15) <= 3);
	call->page->payload = soft;
	call->page->paylen = nsoft;
	media_bed_run(&call->bed, LEG_GLIMPSE_MS + 2000);
	CHECK(abs(voice(call, 1)->level - -35) <= 3);
	/* nothing comes */
	call->page->sending = false;
	media_bed_run(&call->bed, 3000);
	CHECK_INT(voice(call, 1)->level, METER_NONE);
	/* a worker that is late listens to nobody */
	session_ease(call->bed.table, 1);
	call->page->sending = true;
	media_bed_run(&call->bed, LEG_GLIMPSE_MS + 2000);
	CHECK_INT(voice(call, 1)->level, METER_NONE);
	hang_up(call);
}

TEST_MAIN(TEST(level_of_opus_that_is_passed_on_is_shown),
	  TEST(who_sends_nothing_is_named_and_heard_again),
	  TEST(who_never_sent_anything_is_named),
	  TEST(a_dead_microphone_is_named),
	  TEST(silence_in_opus_that_is_passed_on_is_named),
	  TEST(a_browser_that_is_gone_is_named),
	  TEST(a_browser_that_never_came_is_named),
	  TEST(who_sends_from_elsewhere_is_named),
	  TEST(who_sends_what_was_not_agreed_on_is_named),
	  TEST(packets_that_are_not_authentic_are_named),
	  TEST(nobody_is_named_before_the_call_is_answered),
	  TEST(who_holds_or_is_held_is_not_named),
	  TEST(who_pauses_is_not_named),
	  TEST(who_pauses_in_a_loaded_codec_is_not_named),
	  TEST(redundant_audio_is_looked_into),
	  TEST(music_and_soft_voices_are_not_named),
	  TEST(a_bad_network_is_not_silence),
	  TEST(levels_and_clipping_are_shown))
