/*
 * test_media_keys.c  Keys from way to way: events, tones, words to signalling
 *
 * Two telephones: the first one presses keys, the second one is to hear each
 * of them once, in the way that it has.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdio.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/rtp/digit.h"
#include "mediad/rtp/pkt.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/keyear.h"
#include "mediad/sound/transcode.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";
static const char KEYS[] = "1123A4#*BC0D8879";

enum {
	FRAME = 160,
	EVENT_PT = 101,
	SAMPLES = 8000 * 12,
};

static const uint16_t low_hz[16] = {941, 697, 697, 697, 770, 770, 770, 852,
				    852, 852, 941, 941, 697, 770, 852, 941};
static const uint16_t high_hz[16] = {1336, 1209, 1336, 1477, 1209, 1336,
				     1477, 1209, 1336, 1477, 1209, 1477,
				     1633, 1633, 1633, 1633};

struct keys {
	struct media_bed bed; /* first: it is the handler's arg */
	struct media_phone *a, *b;
	const struct codec *says, *hears;
	struct codec_enc *enc;
	struct codec_dec *dec;
	struct keyear ear;
	uint32_t rnd;
	unsigned loss; /* percent of what a sends */
	/* how b has heard of keys */
	char events[64], tones[64], told[64];
	uint32_t told_ms, event_ts, longest;
	uint32_t want; /* the next timestamp of audio */
	bool begun;
	int16_t pcm[SAMPLES]; /* that a is about to say */
	size_t npcm;
};

static void note(char *keys, uint8_t code)
{
	size_t n = strlen(keys);

	if (n < 63)
		keys[n] = digit_char(code);
}

static void on_told(const struct session_heard *heard, void *arg)
{
	struct keys *k = arg;

	CHECK_INT(heard->leg, 2);
	note(k->told, heard->code);
	k->told_ms = heard->ms;
}

static void on_tone(uint8_t code, bool down, uint32_t ms, void *arg)
{
	struct keys *k = arg;

	(void)ms;
	if (down)
		note(k->tones, code);
}

/* What is not there is silence. */
static void hear_audio(struct keys *k, const struct pkt *pkt,
		       const int16_t *pcm, size_t n)
{
	static const int16_t silence[FRAME];
	uint32_t gap = k->begun ? pkt->ts - k->want : 0;

	for (; gap && gap < 8000; gap -= min(gap, FRAME))
		keyear_hear(&k->ear, silence, min(gap, FRAME));
	keyear_hear(&k->ear, pcm, n);
	k->begun = true;
	k->want = pkt->ts + (uint32_t)n;
}

static void hear(const uint8_t *data, size_t len, void *arg)
{
	struct keys *k = arg;
	int16_t pcm[CODEC_VOICE_MAX];
	struct digit digit;
	struct pkt pkt;
	size_t n;

	REQUIRE(pkt_read(&pkt, data, len) == 0);
	if (pkt.pt == EVENT_PT) {
		CHECK_INT(digit_read(&digit, data + pkt.hdr, pkt.paylen), 0);
		if (!k->events[0] || pkt.ts != k->event_ts)
			note(k->events, digit.code);
		k->event_ts = pkt.ts;
		k->longest = max(k->longest, digit.duration);
	} else if (!k->hears->decode(k->dec, data + pkt.hdr, pkt.paylen, pcm,
				     &n)) {
		hear_audio(k, &pkt, pcm, n);
	}
}

struct side {
	const char *formats;
	enum session_digits digits;
};

static const struct side inband = {"8", SESSION_DIGITS_TONES};
static const struct side events = {"8 101", SESSION_DIGITS_RTP};
static const struct side info = {"8 101", SESSION_DIGITS_TOLD};

static struct keys *keys_up(const struct side *a, const struct side *b)
{
	struct keys *k = mem_zalloc(sizeof(*k), NULL);

	if (!k || !CHECK(media_bed_open(&k->bed, NULL) == 0))
		return mem_deref(k);
	session_on_heard(k->bed.table, on_told);
	k->rnd = 4711;
	k->a = media_phone_open(&k->bed);
	k->b = media_phone_open(&k->bed);
	if (!k->a || !k->b)
		return k;
	k->a->formats = a->formats;
	k->a->terms.digits = a->digits;
	k->b->formats = b->formats;
	k->b->terms.digits = b->digits;
	k->b->terms.codecs = (struct pl)PL("PCMA,G722,opus");
	k->a->terms.codecs = (struct pl)PL("PCMA");
	k->a->sending = k->b->sending = false;
	k->says = &codec_pcma;
	k->hears = b->formats[0] == '9' ? &codec_g722 : &codec_pcma;
	CHECK_INT(media_phone_calls(k->a, S, 1), 0);
	CHECK_INT(media_phone_called(k->b, S, 2), 0);
	CHECK_INT(session_leg_join(k->bed.table, S, 1, 2, NULL), 0);
	/* an event stays where it began */
	k->b->check.ts_slack_ms = 0;
	k->b->rtph = hear;
	k->b->arg = k;
	CHECK_INT(k->says->enc_alloc(&k->enc), 0);
	CHECK_INT(k->hears->voice_dec_alloc(&k->dec, CODEC_VOICE_RATE), 0);
	keyear_open(&k->ear, CODEC_VOICE_RATE, on_tone, k);
	return k;
}

static void hang_up(struct keys *k)
{
	const char *fault = packet_check_fault(&k->b->check);

	if (!CHECK(!fault))
		printf("# %s\n", fault);
	mem_deref(k->enc);
	mem_deref(k->dec);
	media_bed_close(&k->bed);
	mem_deref(k);
}

static bool lost(struct keys *k)
{
	k->rnd = k->rnd * 1664525u + 1013904223u;
	return (k->rnd >> 16) % 100 < k->loss;
}

static void send_packet(struct keys *k, uint8_t pt, const void *payload,
			size_t len)
{
	if (lost(k)) {
		k->a->seq++;
		if (pt != EVENT_PT)
			k->a->ts += FRAME;
	} else {
		media_phone_send(k->a, pt, payload, len);
	}
}

/* --- tones ------------------------------------------------------------------------ */

static void tone(struct keys *k, unsigned ms, int code)
{
	size_t n = ms * 8;

	for (size_t i = 0; i < n && k->npcm < SAMPLES; i++, k->npcm++) {
		double t = 2 * M_PI * (double)i / 8000;

		k->pcm[k->npcm] =
			code < 0 ? 0
				 : (int16_t)lrint(4000 * sin(t * low_hz[code]) +
						  5000 * sin(t * high_hz[code]));
	}
}

static int code_of(char key)
{
	static const char all[] = "0123456789*#ABCD";

	return (int)(strchr(all, key) - all);
}

static void dial(struct keys *k, const char *keys, unsigned on_ms,
		 unsigned off_ms)
{
	tone(k, 100, -1);
	for (; *keys; keys++) {
		tone(k, on_ms, code_of(*keys));
		tone(k, off_ms, -1);
	}
	tone(k, 60, -1);
}

/* Says what it has to say, in packets of 20 ms, and is silent for a while. */
static void say(struct keys *k, unsigned more_ms)
{
	uint8_t buf[FRAME];
	size_t len, at;

	tone(k, more_ms, -1);
	for (at = 0; at + FRAME <= k->npcm; at += FRAME) {
		len = 0;
		CHECK_INT(k->says->encode(k->enc, k->pcm + at, FRAME, buf, &len,
					  sizeof(buf)),
			  0);
		send_packet(k, k->a->pt, buf, len);
		media_bed_run(&k->bed, 20);
	}
	k->npcm = 0;
}

/* --- events ----------------------------------------------------------------------- */

/* As a telephone sends them: each 20 ms, the end three times. */
static void press(struct keys *k, char key, unsigned ms)
{
	uint8_t buf[DIGIT_LEN];
	struct digit digit = {.code = (uint8_t)code_of(key), .volume = 10};
	const uint32_t ts = k->a->ts;

	for (unsigned t = 20, ends = 0; ends < 3; t += 20) {
		digit.duration = (uint16_t)(min(t, ms) * 8);
		digit.end = t >= ms;
		ends += digit.end;
		digit_write(buf, &digit);
		k->a->ts = ts;
		send_packet(k, EVENT_PT, buf, DIGIT_LEN);
		media_bed_run(&k->bed, 20);
	}
	k->a->ts = ts + ms * 8 + 60 * 8;
}

static void press_all(struct keys *k)
{
	tone(k, 100, -1);
	say(k, 0);
	for (const char *key = KEYS; *key; key++) {
		press(k, *key, 100);
		tone(k, 80, -1);
		say(k, 0);
	}
	say(k, 2500);
}

/* --- the six ways ------------------------------------------------------------------- */

static void tones_become_events(void)
{
	static const struct side wide = {"9 101", SESSION_DIGITS_RTP};
	const struct side *sides[] = {&events, &wide};

	for (unsigned i = 0; i < 2; i++) {
		struct keys *k = keys_up(&inband, sides[i]);

		REQUIRE(k && k->a && k->b);
		CHECK_INT(session_sound(k->bed.table)->running, i ? 2 : 0);
		dial(k, KEYS, 80, 80);
		say(k, 2000);
		CHECK_STR(k->events, KEYS);
		/* what was not recognised yet is too short for others */
		CHECK_STR(k->tones, "");
		hang_up(k);
	}
}

static void short_tones_and_long_ones_become_events(void)
{
	struct keys *k = keys_up(&inband, &events);

	REQUIRE(k && k->a && k->b);
	dial(k, KEYS, 40, 40);
	say(k, 3000);
	CHECK_STR(k->events, KEYS);
	dial(k, "5", 5000, 100);
	say(k, 1000);
	CHECK_STR(k->events + strlen(KEYS), "5");
	CHECK(k->longest > 4900 * 8 && k->longest < 5100 * 8);
	CHECK_STR(k->tones, "");
	hang_up(k);
}

static void tones_are_told(void)
{
	struct keys *k = keys_up(&inband, &info);

	REQUIRE(k && k->a && k->b);
	dial(k, KEYS, 80, 80);
	say(k, 500);
	CHECK_STR(k->told, KEYS);
	CHECK(k->told_ms > 60 && k->told_ms < 110);
	CHECK_STR(k->events, "");
	hang_up(k);
}

static void events_become_tones(void)
{
	struct keys *k = keys_up(&events, &inband);

	REQUIRE(k && k->a && k->b);
	press_all(k);
	CHECK_STR(k->tones, KEYS);
	CHECK_STR(k->events, "");
	CHECK_STR(k->told, "");
	hang_up(k);
}

static void events_are_told(void)
{
	struct keys *k = keys_up(&events, &info);

	REQUIRE(k && k->a && k->b);
	press_all(k);
	CHECK_STR(k->told, KEYS);
	CHECK_INT(k->told_ms, 100);
	CHECK_STR(k->events, "");
	hang_up(k);
}

/* By leg.digit: what an INFO brings. */
static void what_is_told_becomes_events_or_tones(void)
{
	const struct side *sides[] = {&events, &inband};

	for (unsigned i = 0; i < 2; i++) {
		struct keys *k = keys_up(&info, sides[i]);
		struct session_digit digit = {S, 2, 0, 120, true};

		REQUIRE(k && k->a && k->b);
		for (const char *key = KEYS; *key; key++) {
			digit.code = (uint8_t)code_of(*key);
			CHECK_INT(session_leg_digit(k->bed.table, &digit), 0);
			say(k, 200);
		}
		say(k, 2000);
		CHECK_STR(i ? k->tones : k->events, KEYS);
		CHECK_STR(i ? k->events : k->tones, "");
		hang_up(k);
	}
}

/* --- and what must not be ------------------------------------------------------------ */

/* Twelve times five percent, each time other packets. */
static void losses_take_no_key_and_make_none(void)
{
	for (unsigned i = 0; i < 12; i++) {
		const struct side *a = i % 3 ? &events : &inband;
		const struct side *b = i % 3 == 1   ? &inband
				       : i % 3 == 2 ? &info
						    : &events;
		struct keys *k = keys_up(a, b);

		REQUIRE(k && k->a && k->b);
		k->loss = 5;
		k->rnd += i * 7919;
		if (a == &inband) {
			dial(k, KEYS, 100, 100);
			say(k, 2000);
		} else {
			press_all(k);
		}
		CHECK_STR(b == &events	 ? k->events
			  : b == &inband ? k->tones
					 : k->told,
			  KEYS);
		hang_up(k);
	}
}

/* A telephone without events that sends INFO and lets the key sound. */
static void a_key_that_comes_twice_is_heard_once(void)
{
	static const struct side either = {"8", SESSION_DIGITS_AUTO};
	struct session_digit digit = {S, 2, 5, 120, true};

	for (unsigned i = 0; i < 2; i++) {
		struct keys *k = keys_up(&either, &events);

		REQUIRE(k && k->a && k->b);
		if (i)
			CHECK_INT(session_leg_digit(k->bed.table, &digit), 0);
		dial(k, "5", 120, 100);
		say(k, 0);
		if (!i)
			CHECK_INT(session_leg_digit(k->bed.table, &digit), 0);
		say(k, 500);
		CHECK_STR(k->events, "5");
		/* the next one is another */
		dial(k, "5", 120, 100);
		say(k, 500);
		CHECK_STR(k->events, "55");
		hang_up(k);
	}
}

/* A telephone that lets its events sound, too. */
static void a_tone_beside_events_is_no_second_key(void)
{
	const struct side *sides[] = {&events, &info, &inband};

	for (unsigned i = 0; i < 3; i++) {
		struct keys *k = keys_up(&events, sides[i]);
		uint8_t buf[DIGIT_LEN], voice[FRAME];
		struct digit digit = {.code = 7, .volume = 10};
		uint32_t ts;

		REQUIRE(k && k->a && k->b);
		tone(k, 100, 7);
		ts = k->a->ts;
		for (unsigned t = 1; t <= 5; t++) {
			size_t len = 0;

			CHECK_INT(k->says->encode(k->enc,
						  k->pcm + (t - 1) * FRAME,
						  FRAME, voice, &len, FRAME),
				  0);
			digit.duration = (uint16_t)(t * FRAME);
			digit.end = t == 5;
			digit_write(buf, &digit);
			k->a->ts = ts;
			send_packet(k, EVENT_PT, buf, DIGIT_LEN);
			k->a->ts = ts + (t - 1) * FRAME;
			send_packet(k, k->a->pt, voice, len);
			media_bed_run(&k->bed, 20);
		}
		k->npcm = 0;
		say(k, 1000);
		CHECK_STR(k->events, i == 0 ? "7" : "");
		CHECK_STR(k->told, i == 1 ? "7" : "");
		if (i == 2)
			CHECK_STR(k->tones, "7");
		/* as it came: audio beside an event that stands still */
		if (!i)
			k->b->check.ts_back = 0;
		hang_up(k);
	}
}

/* It goes silent in the middle of a key. */
static void a_key_ends_when_nothing_comes_any_more(void)
{
	struct keys *k = keys_up(&inband, &events);

	REQUIRE(k && k->a && k->b);
	tone(k, 200, 3);
	say(k, 0);
	media_bed_run(&k->bed, 2000);
	CHECK_STR(k->events, "3");
	CHECK(k->longest < 1200 * 8);
	hang_up(k);
}

TEST_MAIN(TEST(tones_become_events),
	  TEST(short_tones_and_long_ones_become_events),
	  TEST(tones_are_told),
	  TEST(events_become_tones),
	  TEST(events_are_told),
	  TEST(what_is_told_becomes_events_or_tones),
	  TEST(losses_take_no_key_and_make_none),
	  TEST(a_key_that_comes_twice_is_heard_once),
	  TEST(a_tone_beside_events_is_no_second_key),
	  TEST(a_key_ends_when_nothing_comes_any_more))
