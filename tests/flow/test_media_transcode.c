/*
 * test_media_transcode.c  A browser with Opus and a PBX with G.711, through
 *                         the sessions of a worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/rtp/digit.h"
#include "mediad/rtp/pkt.h"
#include "mediad/session/state_file.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/transcode.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

static const char *const S = "00000000000000a1";

enum {
	EAR_SAMPLES = 60 * 8000,
	EAR_EVENTS = 2000
};

/* Hears a side at 8 kHz, each packet where its timestamp says. */
struct ear {
	const struct codec *codec;
	struct codec_dec *dec;
	uint8_t event; /* payload type */
	uint32_t first_ts, event_ts;
	unsigned audio, nevents, markers, ends;
	uint16_t longest; /* duration */
	char digits[64];  /* one for each event, by timestamp */
	int16_t pcm[EAR_SAMPLES];
	size_t end;
};

static void hear_event(struct ear *ear, const struct pkt *pkt,
		       const uint8_t *payload)
{
	size_t n = strlen(ear->digits);
	struct digit digit;

	CHECK_INT(digit_read(&digit, payload, pkt->paylen), 0);
	if ((!ear->nevents || pkt->ts != ear->event_ts) &&
	    n + 1 < sizeof(ear->digits))
		ear->digits[n] = digit_char(digit.code);
	ear->event_ts = pkt->ts;
	ear->nevents++;
	ear->markers += pkt->marker;
	ear->ends += digit.end;
	if (digit.duration > ear->longest)
		ear->longest = digit.duration;
}

static void hear(const uint8_t *data, size_t len, void *arg)
{
	struct ear *ear = arg;
	int16_t pcm[CODEC_VOICE_MAX];
	struct pkt pkt;
	size_t n = 0, at;

	REQUIRE(pkt_read(&pkt, data, len) == 0);
	if (pkt.pt == ear->event) {
		hear_event(ear, &pkt, data + pkt.hdr);
		return;
	}
	CHECK_INT(ear->codec->decode(ear->dec, data + pkt.hdr, pkt.paylen, pcm,
				     &n),
		  0);
	if (!ear->audio++)
		ear->first_ts = pkt.ts;
	at = (pkt.ts - ear->first_ts) / (ear->codec->clock / 8000);
	if (at + n > EAR_SAMPLES)
		return;
	memcpy(ear->pcm + at, pcm, n * sizeof(*pcm));
	ear->end = at + n;
}

/* A voice: a tone without end. */
struct mouth {
	const struct codec *codec;
	struct codec_enc *enc;
	double hz;
	size_t at;
};

static size_t say(struct mouth *mouth, uint8_t *payload, size_t cap)
{
	size_t count = mouth->codec->rate / 50, len = 0;
	int16_t pcm[48000 / 50];

	for (size_t i = 0; i < count; i++, mouth->at++)
		pcm[i] = (int16_t)lrint(
			7335 * sin(2 * M_PI * mouth->hz * (double)mouth->at /
				   mouth->codec->rate));
	CHECK_INT(mouth->codec->encode(mouth->enc, pcm, count, payload, &len,
				       cap),
		  0);
	return len;
}

/* A page (leg 1) that calls a phone (leg 2). */
struct call {
	struct media_bed bed;
	struct media_page *page;
	struct media_phone *phone;
	struct ear page_ear, phone_ear;
	struct mouth page_mouth, phone_mouth;
};

static const char *file(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	return path;
}

static void fault_free(const struct call *call)
{
	const char *page = packet_check_fault(&call->page->check);
	const char *phone = packet_check_fault(&call->phone->check);

	if (!CHECK(!page && !phone))
		printf("# page: %s, phone: %s\n", page ? page : "-",
		       phone ? phone : "-");
	CHECK_INT(mock_media_stats(call->page->mock)->bad_srtp, 0);
	CHECK_INT(call->phone->foreign, 0);
}

static const struct leg_figures *figures(const struct call *call, uint8_t leg)
{
	static struct session_figures figs;

	if (session_query(call->bed.table, S, &figs))
		return NULL;
	for (size_t i = 0; i < figs.nlegs; i++)
		if (figs.legs[i].leg == leg)
			return &figs.legs[i];
	return NULL;
}

static int signalling(struct call *call)
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
	if (!err)
		err = media_page_take(call->page, (char *)mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

static int voices(struct call *call, const struct codec *codec)
{
	const struct codec *own =
		call->page->narrow ? &codec_pcma : &codec_opus;
	int err;

	call->page_ear.codec = call->page_mouth.codec = own;
	call->phone_ear.codec = call->phone_mouth.codec = codec;
	call->page_mouth.hz = 1004;
	call->phone_mouth.hz = 602;
	call->page_ear.event = call->page->event;
	call->phone_ear.event = call->phone->event;
	call->page->rtph = call->phone->rtph = hear;
	call->page->arg = &call->page_ear;
	call->phone->arg = &call->phone_ear;
	call->page->sending = call->phone->sending = false;
	call->phone->pt = codec == &codec_pcmu ? 0 : 8;
	err = own->voice_dec_alloc(&call->page_ear.dec, CODEC_VOICE_RATE);
	err |= own->enc_alloc(&call->page_mouth.enc);
	err |= codec->voice_dec_alloc(&call->phone_ear.dec, CODEC_VOICE_RATE);
	err |= codec->enc_alloc(&call->phone_mouth.enc);
	return err;
}

static struct call *call_open(const char *state)
{
	struct call *call = mem_zalloc(sizeof(*call), NULL);

	if (!call || !CHECK(media_bed_open(&call->bed, state) == 0))
		return mem_deref(call);
	call->page = media_page_open(&call->bed);
	call->phone = media_phone_open(&call->bed);
	return call;
}

/* formats: of the phone's m-line; codec: the first of them. */
static void call_begin(struct call *call, const char *formats,
		       const struct codec *codec)
{
	REQUIRE(call->page && call->phone);
	call->phone->formats = formats;
	call->phone->sending = false;
	CHECK_INT(signalling(call), 0);
	CHECK(media_bed_ready(&call->bed));
	CHECK_INT(voices(call, codec), 0);
}

/* NULL when it failed. */
static struct call *call_up(const char *formats, const struct codec *codec,
			    const char *state)
{
	struct call *call = call_open(state);

	if (call)
		call_begin(call, formats, codec);
	return call;
}

static void hang_up(struct call *call)
{
	if (!call)
		return;
	mem_deref(call->page_ear.dec);
	mem_deref(call->page_mouth.enc);
	mem_deref(call->phone_ear.dec);
	mem_deref(call->phone_mouth.enc);
	media_bed_close(&call->bed);
	mem_deref(call);
}

/* Both speak, each 20 ms. */
static void talk(struct call *call, unsigned ms)
{
	uint8_t payload[CODEC_PAYLOAD_MAX];

	for (unsigned t = 0; t < ms; t += 20) {
		size_t len = say(&call->page_mouth, payload, sizeof(payload));

		(void)mock_media_send(call->page->mock, call->page->pt,
				      call->page->ts, payload, len);
		len = say(&call->phone_mouth, payload, sizeof(payload));
		media_phone_send(call->phone, call->phone->pt, payload, len);
		media_bed_run(&call->bed, 20);
	}
}

/* What the ear has heard since it had so many samples. */
static struct tone heard_since(const struct ear *ear, size_t from)
{
	size_t n = ear->end > from ? ear->end - from : 0;

	return tone_measure(ear->pcm + from, n, 8000);
}

static void expect_tone(const char *who, const struct ear *ear, size_t from,
			double hz)
{
	struct tone tone = heard_since(ear, from);

	printf("# %s hears %.2f Hz %.2f dBFS, purity %.4f\n", who, tone.hz,
	       tone.dbfs, tone.purity);
	CHECK(fabs(tone.hz - hz) < 1);
	CHECK(fabs(tone.dbfs + 13) < 1);
	CHECK(tone.purity > 0.95);
}

/* --- sound ----------------------------------------------------------------------- */

static void hear_each_other(const char *formats, const struct codec *codec)
{
	struct call *call = call_up(formats, codec, NULL);
	const struct leg_figures *leg;

	if (!call)
		return;
	talk(call, 5000);
	fault_free(call);
	CHECK_INT(call->phone_ear.audio, 250);
	CHECK_INT(call->page_ear.audio, 250);
	CHECK_INT(packet_check_lost(&call->page->check), 0);
	CHECK_INT(packet_check_lost(&call->phone->check), 0);
	expect_tone("phone", &call->phone_ear, 8000, 1004);
	expect_tone("page", &call->page_ear, 8000, 602);
	leg = figures(call, 1);
	CHECK_STR(leg->chosen, "opus/48000/2");
	CHECK_INT(leg->stats.concealed, 0);
	CHECK_INT(session_sound(call->bed.table)->running, 2);
	CHECK_INT(session_sound(call->bed.table)->unusable, 0);
	hang_up(call);
}

static void a_page_with_opus_and_a_pbx_with_g711_hear_each_other(void)
{
	hear_each_other("0 101", &codec_pcmu);
	hear_each_other("8 101", &codec_pcma);
}

/* Bytes of Opus that go to the page in two seconds. */
static uint64_t octets_of_two_seconds(struct call *call)
{
	uint64_t before;

	/* the encoder is as it was told to be */
	talk(call, 500);
	before = figures(call, 1)->stats.octets_out;
	talk(call, 2000);
	return figures(call, 1)->stats.octets_out - before;
}

/* What the worker's encoders do is what its table was told: 24 kbit/s, 12 at
 * most when it is very late. */
static void a_worker_that_is_late_spends_less_on_opus(void)
{
	struct call *call = call_up("8 101", &codec_pcma, NULL);
	uint64_t usual, half, least, again;

	if (!call)
		return;
	usual = octets_of_two_seconds(call);
	session_ease(call->bed.table, 1);
	half = octets_of_two_seconds(call);
	session_ease(call->bed.table, 2);
	least = octets_of_two_seconds(call);
	session_ease(call->bed.table, 0);
	again = octets_of_two_seconds(call);
	printf("# two seconds: %u bytes, %u, %u, and %u again\n",
	       (unsigned)usual, (unsigned)half, (unsigned)least,
	       (unsigned)again);
	CHECK(usual > 4000 && half > 4000 && again > 4000);
	CHECK(least > 500 && least < 3300);
	fault_free(call);
	CHECK_INT(call->page_ear.audio, 500);
	hang_up(call);
}

/* RFC 3264, 6.1: of the formats that it answered with it should send the
 * first, and may send any. */
static void what_a_pbx_sends_instead_of_its_first_codec_is_heard(void)
{
	struct call *call = call_up("8 0 101", &codec_pcmu, NULL);

	if (!call)
		return;
	CHECK_STR(figures(call, 2)->chosen, "PCMA/8000/1");
	call->phone_ear.codec = &codec_pcma;
	talk(call, 3000);
	fault_free(call);
	expect_tone("page", &call->page_ear, 8000, 602);
	expect_tone("phone", &call->phone_ear, 8000, 1004);
	CHECK(figures(call, 1)->stats.packets_out >= 147);
	hang_up(call);
}

/* The same beside a page with the one G.711 alone, and back again. */
static void a_relay_becomes_a_transcoder_and_a_relay_again(void)
{
	struct call *call = call_open(NULL);

	if (!call)
		return;
	REQUIRE(call->page);
	media_page_narrow(call->page);
	call_begin(call, "8 0 101", &codec_pcma);
	talk(call, 500);
	CHECK_INT(session_sound(call->bed.table)->running, 0);
	call->phone->pt = 0;
	call->phone_mouth.codec = &codec_pcmu;
	talk(call, 2000);
	CHECK_INT(session_sound(call->bed.table)->running, 1);
	expect_tone("page", &call->page_ear, 8000, 602);
	call->phone->pt = 8;
	call->phone_mouth.codec = &codec_pcma;
	talk(call, 500);
	CHECK_INT(session_sound(call->bed.table)->running, 0);
	fault_free(call);
	hang_up(call);
}

/* What the PBX's network loses and turns round is made up for: the page hears
 * a stream without a hole. */
static void losses_of_the_pbx_are_made_up_for(void)
{
	struct call *call = call_up("8 101", &codec_pcma, NULL);
	const struct leg_figures *leg;
	struct tone tone;

	if (!call)
		return;
	for (unsigned n = 0; n < 250; n++) {
		talk(call, 20);
		if (n % 20 != 7)
			continue;
		call->phone->seq++;
		call->phone->ts += 160;
		call->page->ts += 960;
		call->phone_mouth.at += 160;
		media_bed_run(&call->bed, 20);
	}
	talk(call, 100);
	fault_free(call);
	CHECK_INT(packet_check_lost(&call->page->check), 0);
	CHECK(call->page_ear.audio >= 265);
	tone = heard_since(&call->page_ear, 8000);
	printf("# page hears %.2f Hz %.2f dBFS, purity %.4f\n", tone.hz,
	       tone.dbfs, tone.purity);
	CHECK(fabs(tone.hz - 602) < 1 && tone.purity > 0.9);
	leg = figures(call, 2);
	CHECK_INT(leg->stats.concealed, 13);
	CHECK_INT(leg->stats.lost_in, 13);
	CHECK_INT(session_sound(call->bed.table)->concealed, 13);
	hang_up(call);
}

static void nothing_is_left_of_a_call(void)
{
	struct call *call = call_up("0 101", &codec_pcmu, NULL);

	if (!call)
		return;
	talk(call, 100);
	CHECK_INT(session_leg_drop(call->bed.table, S, 2), 0);
	CHECK_INT(session_sound(call->bed.table)->running, 0);
	talk(call, 100);
	CHECK_INT(session_drop(call->bed.table, S), 0);
	CHECK_INT(wheel_count(call->bed.wheel) < 10, 1);
	hang_up(call);
}

/* The phone's leg goes from service to service to the page, and back. */
static void switches_keep_one_stream(void)
{
	static const char *const services[] = {"echo", "tone", "milliwatt"};
	struct call *call = call_up("0 101", &codec_pcmu, NULL);

	if (!call)
		return;
	for (unsigned i = 0; i < 12; i++) {
		CHECK_INT(session_leg_join(call->bed.table, S, 1 + i % 2, 0,
					   services[i % 3]),
			  0);
		talk(call, 220);
		CHECK_INT(session_leg_join(call->bed.table, S, 2 - i % 2, 0,
					   services[(i + 1) % 3]),
			  0);
		talk(call, 180);
		CHECK_INT(session_leg_join(call->bed.table, S, 1, 2, NULL), 0);
		talk(call, 400);
	}
	fault_free(call);
	CHECK_INT(packet_check_lost(&call->page->check), 0);
	CHECK_INT(packet_check_lost(&call->phone->check), 0);
	CHECK(figures(call, 2)->stats.switches >= 24);
	hang_up(call);
}

static void play(struct call *call, const char *service, double hz, double dbfs)
{
	struct ear *ear = &call->phone_ear;
	struct tone tone;
	size_t from;

	CHECK_INT(session_leg_join(call->bed.table, S, 2, 0, service), 0);
	media_bed_run(&call->bed, 500);
	from = ear->end;
	media_bed_run(&call->bed, 2000);
	tone = heard_since(ear, from);
	printf("# %s: %.2f Hz %.2f dBFS\n", service, tone.hz, tone.dbfs);
	CHECK(fabs(tone.hz - hz) < 0.5);
	CHECK(fabs(tone.dbfs - dbfs) < 0.2);
	CHECK(tone.purity > 0.99);
}

static void services_play_to_a_pbx(void)
{
	struct call *call = call_up("8 101", &codec_pcma, NULL);
	size_t from;

	if (!call)
		return;
	play(call, "tone", 440, -13.14);
	play(call, "milliwatt", 1004, -3.14);
	CHECK_INT(session_leg_join(call->bed.table, S, 2, 0, "echo"), 0);
	talk(call, 200);
	from = call->phone_ear.end;
	talk(call, 1000);
	expect_tone("phone, of itself", &call->phone_ear, from, 602);
	CHECK(packet_check_fault(&call->phone->check) == NULL);
	hang_up(call);
}

/* --- agreements change --------------------------------------------------------------- */

static void reoffer(struct call *call, const char *formats, const char *dir)
{
	struct mbuf *mb = mbuf_alloc(4096);

	call->phone->formats = formats;
	call->phone->dir = dir;
	REQUIRE(mb != NULL);
	CHECK_INT(media_phone_offers(call->phone, S, 2), 0);
	CHECK_INT(media_local(&call->bed, S, 1, false, mb, NULL), 0);
	CHECK_INT(media_page_take(call->page, (char *)mb->buf, mb->end), 0);
	CHECK_INT(media_remote(&call->bed, S, 1, true,
			       media_page_sdp(call->page, true), NULL),
		  0);
	CHECK_INT(media_phone_gets(call->phone, S, 2, true), 0);
	mem_deref(mb);
}

static void use(struct call *call, const struct codec *codec)
{
	mem_deref(call->phone_ear.dec);
	mem_deref(call->phone_mouth.enc);
	call->phone_ear.codec = call->phone_mouth.codec = codec;
	call->phone->pt = codec == &codec_pcmu ? 0 : 8;
	CHECK_INT(codec->voice_dec_alloc(&call->phone_ear.dec, CODEC_VOICE_RATE), 0);
	CHECK_INT(codec->enc_alloc(&call->phone_mouth.enc), 0);
}

static void a_codec_may_change_in_a_call(void)
{
	struct call *call = call_up("0 101", &codec_pcmu, NULL);
	size_t from;

	if (!call)
		return;
	for (unsigned i = 0; i < 6; i++) {
		const struct codec *codec = i % 2 ? &codec_pcmu : &codec_pcma;

		talk(call, 500);
		reoffer(call, i % 2 ? "0 101" : "8 101", NULL);
		use(call, codec);
		talk(call, 200);
		from = call->phone_ear.end;
		talk(call, 800);
		CHECK_STR(figures(call, 2)->chosen,
			  i % 2 ? "PCMU/8000/1" : "PCMA/8000/1");
		expect_tone(codec->name, &call->phone_ear, from, 1004);
	}
	expect_tone("page", &call->page_ear, 8000, 602);
	fault_free(call);
	hang_up(call);
}

static void two_hundred_holds_leave_no_trace(void)
{
	struct call *call = call_up("0 101", &codec_pcmu, NULL);
	unsigned page, phone;
	size_t from;

	if (!call)
		return;
	talk(call, 200);
	for (unsigned i = 0; i < 200; i++) {
		reoffer(call, "0 101", "inactive");
		page = call->page_ear.audio;
		phone = call->phone_ear.audio;
		talk(call, 40);
		CHECK_INT(call->page_ear.audio, page);
		CHECK_INT(call->phone_ear.audio, phone);
		CHECK_INT(session_sound(call->bed.table)->running, 0);
		reoffer(call, "0 101", NULL);
		talk(call, 60);
	}
	talk(call, 200);
	from = call->page_ear.end;
	talk(call, 2000);
	expect_tone("page", &call->page_ear, from, 602);
	fault_free(call);
	CHECK_INT(packet_check_lost(&call->page->check), 0);
	CHECK_INT(packet_check_lost(&call->phone->check), 0);
	CHECK_INT(session_sound(call->bed.table)->concealed, 0);
	hang_up(call);
}

/* A leg may get the other's codec, and the transcoder goes. */
static void a_transcoded_call_may_become_a_relay(void)
{
	struct call *call = call_up("0 101", &codec_pcmu, NULL);
	size_t from;

	if (!call)
		return;
	talk(call, 500);
	for (unsigned i = 0; i < 4; i++) {
		CHECK_INT(session_leg_join(call->bed.table, S, 1, 0, "echo"),
			  0);
		CHECK_INT(session_sound(call->bed.table)->running, 0);
		talk(call, 300);
		from = call->page_ear.end;
		talk(call, 500);
		expect_tone("page, of itself", &call->page_ear, from, 1004);
		CHECK_INT(session_leg_join(call->bed.table, S, 1, 2, NULL), 0);
		CHECK_INT(session_sound(call->bed.table)->running, 2);
		talk(call, 300);
		from = call->page_ear.end;
		talk(call, 500);
		expect_tone("page", &call->page_ear, from, 602);
	}
	fault_free(call);
	hang_up(call);
}

/* --- digits ---------------------------------------------------------------------------- */

/* Timestamps of events stand still. */
static void expect_events(struct call *call)
{
	call->page->check.ts_slack_ms = call->phone->check.ts_slack_ms = 0;
}

static uint8_t code_of(char c)
{
	return (uint8_t)(strchr("0123456789*#ABCD", c) - "0123456789*#ABCD");
}

/* One packet of an event in the place of each packet of audio. */
static void event_packet(struct call *call, bool from_page, char c,
			 uint32_t *begin, unsigned nr, unsigned count)
{
	unsigned told = nr + 1 < count - 2 ? nr + 1 : count - 2;
	uint32_t now = from_page ? call->page->ts : call->phone->ts;
	struct digit digit = {
		.code = code_of(c),
		.volume = 10,
		.end = nr + 3 >= count,
		.duration = (uint16_t)(told * (from_page ? 960 : 160)),
	};
	uint8_t p[DIGIT_LEN];

	if (!nr)
		*begin = now;
	digit_write(p, &digit);
	if (from_page) {
		(void)mock_media_send(call->page->mock, call->page->event,
				      *begin, p, sizeof(p));
	} else {
		call->phone->ts = *begin;
		media_phone_send(call->phone, call->phone->event, p, sizeof(p));
		call->phone->ts = now;
	}
	media_bed_run(&call->bed, 20);
}

static void press(struct call *call, bool from_page, char c)
{
	uint32_t begin = 0;

	for (unsigned nr = 0; nr < 8; nr++)
		event_packet(call, from_page, c, &begin, nr, 8);
}

static const char all[] = "0123456789*#";
static bool sounds(const struct ear *ear, size_t at, double low, double high);

static void digits_come_exactly_once_both_ways(void)
{
	struct call *call = call_up("0 101", &codec_pcmu, NULL);

	if (!call)
		return;
	expect_events(call);
	for (const char *c = all; *c; c++) {
		talk(call, 100);
		press(call, true, *c);
		talk(call, 100);
		press(call, false, *c);
	}
	talk(call, 500);
	CHECK_STR(call->phone_ear.digits, all);
	CHECK_STR(call->page_ear.digits, all);
	CHECK_INT(call->phone_ear.markers, 12);
	CHECK_INT(call->page_ear.markers, 12);
	CHECK_INT(call->phone_ear.ends, 36);
	CHECK_INT(call->page_ear.ends, 36);
	CHECK_INT(call->phone_ear.longest, 6 * 160);
	CHECK_INT(call->page_ear.longest, 6 * 960);
	fault_free(call);
	hang_up(call);
}

/* By SIP INFO: mediad makes the events, to one side or the other. */
static void press_for(struct call *call, uint8_t leg, char c, uint32_t ms)
{
	const struct session_digit digit = {.session = S, .leg = leg,
					    .code = code_of(c), .ms = ms};

	CHECK_INT(session_leg_digit(call->bed.table, &digit), 0);
}

static void keys_that_we_press_are_heard_exactly_once(void)
{
	struct call *call = call_up("0 101", &codec_pcmu, NULL);
	size_t from;

	if (!call)
		return;
	expect_events(call);
	talk(call, 200);
	for (const char *c = all; *c; c++)
		press_for(call, 2, *c, 100);
	for (const char *c = all; *c; c++)
		press_for(call, 1, *c, 100);
	talk(call, 4000);
	CHECK_STR(call->phone_ear.digits, all);
	CHECK_STR(call->page_ear.digits, all);
	CHECK_INT(call->phone_ear.ends, 36);
	CHECK_INT(call->page_ear.ends, 36);
	CHECK_INT(call->phone_ear.longest, 800);
	CHECK_INT(call->page_ear.longest, 4800);
	from = call->phone_ear.end;
	talk(call, 500);
	expect_tone("phone", &call->phone_ear, from, 1004);
	fault_free(call);
	hang_up(call);
}

static void a_key_that_we_press_may_be_a_tone(void)
{
	struct call *call = call_up("0", &codec_pcmu, NULL);
	struct session_digit digit = {.session = S, .leg = 2, .code = 8,
				      .ms = 160};
	size_t from;

	if (!call)
		return;
	call->phone_ear.event = 0xff;
	expect_events(call);
	talk(call, 500);
	CHECK_INT(session_leg_digit(call->bed.table, &digit), ENOTSUP);
	digit.tones = true;
	from = call->phone_ear.end;
	CHECK_INT(session_leg_digit(call->bed.table, &digit), 0);
	talk(call, 400);
	CHECK(sounds(&call->phone_ear, from + 160, 852, 1336));
	from = call->phone_ear.end;
	talk(call, 500);
	expect_tone("phone", &call->phone_ear, from, 1004);
	fault_free(call);
	hang_up(call);
}

static char told[64];

static void on_heard(const struct session_heard *heard, void *arg)
{
	size_t n = strlen(told);
	(void)arg;

	re_snprintf(told + n, sizeof(told) - n, "%u:%c/%u ", heard->leg,
		    digit_char(heard->code), heard->ms);
}

/* Its PBX hears of keys by SIP INFO: neither events nor tones are in its
 * RTP. */
static void keys_are_told_to_who_wants_them_so(void)
{
	struct call *call = call_open(NULL);

	if (!call)
		return;
	told[0] = '\0';
	session_on_heard(call->bed.table, on_heard);
	call->phone->terms.digits = SESSION_DIGITS_TOLD;
	call_begin(call, "0", &codec_pcmu);
	expect_events(call);
	CHECK(!strstr(call->phone->sdp, "telephone-event"));
	call->phone_ear.event = 0xff;
	talk(call, 500);
	press(call, true, '5');
	talk(call, 200);
	press(call, true, '#');
	talk(call, 500);
	CHECK_STR(told, "2:5/120 2:#/120 ");
	fault_free(call);
	hang_up(call);
}

static void keys_are_told_when_there_is_no_other_way(void)
{
	struct call *call = call_open(NULL);

	if (!call)
		return;
	told[0] = '\0';
	session_on_heard(call->bed.table, on_heard);
	call->phone->terms.digits = SESSION_DIGITS_AUTO;
	call_begin(call, "0 101", &codec_pcmu);
	expect_events(call);
	talk(call, 200);
	press(call, true, '5');
	talk(call, 300);
	CHECK_STR(told, "");
	CHECK_STR(call->phone_ear.digits, "5");
	fault_free(call);
	hang_up(call);
}

/* From whoever the audio comes then. */
static void a_switch_in_an_event_ends_it(void)
{
	struct call *call = call_up("0 101", &codec_pcmu, NULL);
	uint32_t begin = 0;

	if (!call)
		return;
	expect_events(call);
	talk(call, 500);
	for (unsigned nr = 0; nr < 5; nr++)
		event_packet(call, true, '5', &begin, nr, 50);
	CHECK_INT(call->phone_ear.ends, 0);
	CHECK_INT(session_leg_join(call->bed.table, S, 2, 0, "tone"), 0);
	talk(call, 300);
	CHECK_STR(call->phone_ear.digits, "5");
	CHECK_INT(call->phone_ear.ends, 3);
	fault_free(call);
	hang_up(call);
}

/* ITU-T Q.23: the two tones of a digit and no others. */
static bool sounds(const struct ear *ear, size_t at, double low, double high)
{
	double a = sound_level_at(ear->pcm + at, 640, 8000, low);
	double b = sound_level_at(ear->pcm + at, 640, 8000, high);
	double all_of = sound_level(ear->pcm + at, 640);

	printf("# %.0f Hz %.1f, %.0f Hz %.1f of %.1f dBov\n", low, a, high, b,
	       all_of);
	return fabs(10 * log10(pow(10, a / 10) + pow(10, b / 10)) - all_of) <
	       1.5;
}

static void a_phone_without_events_hears_tones(void)
{
	struct call *call = call_up("0", &codec_pcmu, NULL);
	size_t from;

	if (!call)
		return;
	CHECK(strstr(call->phone->sdp, "telephone-event") != NULL);
	call->phone_ear.event = 0xff;
	expect_events(call);
	talk(call, 500);
	from = call->phone_ear.end;
	press(call, true, '8');
	talk(call, 400);
	CHECK(sounds(&call->phone_ear, from + 160, 852, 1336));
	from = call->phone_ear.end;
	talk(call, 500);
	expect_tone("phone", &call->phone_ear, from, 1004);
	fault_free(call);
	hang_up(call);
}

/* The same without a transcoder. */
static void a_relayed_phone_without_events_hears_tones(void)
{
	struct call *call = call_open(NULL);
	size_t from;

	if (!call)
		return;
	media_page_narrow(call->page);
	call_begin(call, "8", &codec_pcma);
	expect_events(call);
	call->phone_ear.event = 0xff;
	talk(call, 500);
	CHECK_INT(session_sound(call->bed.table)->running, 0);
	from = call->phone_ear.end;
	for (unsigned nr = 0, begin = 0; nr < 8; nr++) {
		struct digit digit = {.code = 4,
				      .volume = 10,
				      .end = nr > 4,
				      .duration = (uint16_t)(160 * (nr + 1))};
		uint8_t p[DIGIT_LEN];

		begin = nr ? begin : call->page->ts;
		digit_write(p, &digit);
		(void)mock_media_send(call->page->mock, call->page->event,
				      begin, p, sizeof(p));
		media_bed_run(&call->bed, 20);
	}
	talk(call, 400);
	CHECK(sounds(&call->phone_ear, from + 160, 770, 1209));
	from = call->phone_ear.end;
	talk(call, 500);
	expect_tone("phone", &call->phone_ear, from, 1004);
	fault_free(call);
	hang_up(call);
}

/* --- death -------------------------------------------------------------------------------- */

static void a_death_is_survived(void)
{
	struct call *call = call_up("0 101", &codec_pcmu, file("death"));
	size_t alive = 0, page, phone;

	if (!call)
		return;
	talk(call, 6000);
	CHECK_INT(media_bed_die(&call->bed, 200, &alive), 0);
	CHECK_INT(alive, 1);
	talk(call, 500);
	page = call->page_ear.end;
	phone = call->phone_ear.end;
	talk(call, 3000);
	expect_tone("page", &call->page_ear, page, 602);
	expect_tone("phone", &call->phone_ear, phone, 1004);
	fault_free(call);
	CHECK(call->page->check.max_gap_ms < 400);
	CHECK(call->phone->check.max_gap_ms < 400);
	CHECK_INT(session_sound(call->bed.table)->running, 2);
	hang_up(call);
}

static void die_in_event(bool from_page, unsigned at, unsigned count)
{
	struct call *call = call_up("0 101", &codec_pcmu, file("event"));
	struct ear *ear;
	size_t alive = 0;
	uint32_t begin = 0;

	if (!call)
		return;
	ear = from_page ? &call->phone_ear : &call->page_ear;
	expect_events(call);
	talk(call, 6000);
	for (unsigned nr = 0; nr < at; nr++)
		event_packet(call, from_page, '7', &begin, nr, count);
	CHECK_INT(media_bed_die(&call->bed, 200, &alive), 0);
	call->page->ts += 10 * 960; /* the time that passed */
	call->phone->ts += 10 * 160;
	for (unsigned nr = at + 10; nr < count; nr++)
		event_packet(call, from_page, '7', &begin, nr, count);
	talk(call, 1000);
	printf("# died at %u of %u: %s, %u ends\n", at, count, ear->digits,
	       ear->ends);
	CHECK_STR(ear->digits, "7");
	CHECK_INT(ear->markers, 1);
	CHECK(ear->ends >= 1);
	press(call, from_page, '7');
	talk(call, 500);
	CHECK_STR(ear->digits, "77");
	fault_free(call);
	hang_up(call);
}

static void a_digit_pressed_at_a_death_is_one(void)
{
	die_in_event(true, 5, 30);
	die_in_event(false, 5, 30);
	die_in_event(true, 5, 15); /* its end is lost */
	die_in_event(false, 5, 15);
	die_in_event(true, 22, 24); /* between its ends */
}

/* --- scarce ---------------------------------------------------------------------------------- */

static void memory_runs_out_anywhere(void)
{
	struct call *call = mem_zalloc(sizeof(*call), NULL);
	int err = call ? media_bed_open(&call->bed, NULL) : ENOMEM;

	if (!err) {
		call->page = media_page_open(&call->bed);
		call->phone = media_phone_open(&call->bed);
		err = call->page && call->phone ? 0 : ENOMEM;
	}
	if (!err) {
		call->phone->formats = "0 101";
		err = signalling(call);
	}
	CHECK_INT(err, 0);
	if (!err)
		media_bed_run(&call->bed, 100);
	if (call)
		media_bed_close(&call->bed);
	mem_deref(call);
}

TEST_MAIN(TEST(a_page_with_opus_and_a_pbx_with_g711_hear_each_other),
	  TEST(a_worker_that_is_late_spends_less_on_opus),
	  TEST(what_a_pbx_sends_instead_of_its_first_codec_is_heard),
	  TEST(a_relay_becomes_a_transcoder_and_a_relay_again),
	  TEST(losses_of_the_pbx_are_made_up_for),
	  TEST(nothing_is_left_of_a_call), TEST(switches_keep_one_stream),
	  TEST(services_play_to_a_pbx), TEST(a_codec_may_change_in_a_call),
	  TEST(two_hundred_holds_leave_no_trace),
	  TEST(a_transcoded_call_may_become_a_relay),
	  TEST(digits_come_exactly_once_both_ways),
	  TEST(keys_that_we_press_are_heard_exactly_once),
	  TEST(a_key_that_we_press_may_be_a_tone),
	  TEST(keys_are_told_to_who_wants_them_so),
	  TEST(keys_are_told_when_there_is_no_other_way),
	  TEST(a_switch_in_an_event_ends_it),
	  TEST(a_phone_without_events_hears_tones),
	  TEST(a_relayed_phone_without_events_hears_tones),
	  TEST(a_death_is_survived), TEST(a_digit_pressed_at_a_death_is_one),
	  TEST_OOM(memory_runs_out_anywhere))
