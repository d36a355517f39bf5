/*
 * test_transcode_pause.c  Pauses: comfort noise in and out, and Opus that
 *                         stops sending
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/rtp/wire.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/comfort.h"
#include "mediad/sound/packer.h"
#include "mediad/sound/transcode.h"
#include "mediad/transport/path.h"
#include "tests/lib/test.h"

enum {
	RATE = CODEC_VOICE_RATE,
	SAMPLES = 20 * RATE,
	SENT_MAX = 2000,
	PT = 96,
	NOISE_PT = 13,
};

struct sent {
	uint64_t at_ms;
	uint32_t ts;
	uint8_t pt;
	bool marker;
	uint16_t len;
	uint8_t head[COMFORT_LEN_MAX];
};

/* In the place of the real one. */
struct path {
	struct wheel *wheel;
	const struct codec *codec;
	struct codec_dec *dec;
	unsigned n;
	struct sent sent[SENT_MAX];
	int16_t pcm[SAMPLES + CODEC_VOICE_MAX];
	size_t end;
};

bool path_ready(const struct path *path)
{
	(void)path;
	return true;
}

int path_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
		  uint64_t index)
{
	struct sent *sent = &path->sent[path->n];
	struct pkt view;
	size_t n = 0, at;

	(void)index;
	CHECK_INT(pkt_read(&view, pkt, len), 0);
	if (!CHECK(path->n < SENT_MAX))
		return 0;
	*sent = (struct sent){.at_ms = wheel_now(path->wheel),
			      .ts = view.ts,
			      .pt = view.pt,
			      .marker = view.marker,
			      .len = view.paylen};
	memcpy(sent->head, pkt + view.hdr,
	       view.paylen < sizeof(sent->head) ? view.paylen
						: sizeof(sent->head));
	path->n++;
	if (view.pt == NOISE_PT)
		return 0;
	at = codec_samples(path->codec, RATE, view.ts - path->sent[0].ts);
	if (!CHECK(at + CODEC_VOICE_MAX <= SAMPLES))
		return 0;
	CHECK_INT(path->codec->decode(path->dec, pkt + view.hdr, view.paylen,
				      path->pcm + at, &n),
		  0);
	path->end = at + n;
	return 0;
}

struct bed {
	struct wheel *wheel;
	struct transcode *t;
	struct path path;
	struct strm_out out;
	struct strm_in in;
	const struct codec *from;
	struct codec_enc *enc;
	uint32_t ts;
	uint16_t seq;
	uint8_t ease;
	bool paused; /* the source of Opus */
	uint32_t seed;
	unsigned said; /* packets */
};

/* Opus pauses by itself, either way; noise: the receiver takes CN. */
static struct bed *bed_open(const struct codec *from, const struct codec *to,
			    bool noise)
{
	struct bed *bed = mem_zalloc(sizeof(*bed), NULL);
	const struct codec_voice voice = {.rate = RATE, .dtx = true};
	struct transcode_params params = {
		.from = {from, PT, TRANSCODE_NO_PT, from->clock, NOISE_PT + 1},
		.to = {to, PT, TRANSCODE_NO_PT, to->clock,
		       noise ? NOISE_PT + 1 : 0},
		.ptime = 20,
		.voice = voice,
	};
	int err;

	if (!CHECK(bed != NULL))
		abort();
	bed->from = from;
	bed->path.codec = to;
	bed->ts = 0xffffe000u;
	err = wheel_alloc(&bed->wheel, 1000);
	bed->path.wheel = bed->wheel;
	strm_in_init(&bed->in, from->clock);
	strm_out_init(&bed->out, 5, to->clock, 0, NULL);
	params.wheel = bed->wheel;
	params.out = &bed->out;
	params.path = &bed->path;
	params.ease = &bed->ease;
	err |= to->voice_dec_alloc(&bed->path.dec, RATE);
	err |= from->voice_enc_alloc(&bed->enc, &voice);
	err |= transcode_alloc(&bed->t, &params);
	CHECK_INT(err, 0);
	return bed;
}

static void bed_close(struct bed *bed)
{
	mem_deref(bed->t);
	mem_deref(bed->enc);
	mem_deref(bed->path.dec);
	mem_deref(bed->wheel);
	mem_deref(bed);
}

static void take(struct bed *bed, uint8_t *pkt, uint8_t pt, size_t len)
{
	struct strm_pkt sp = {.h = {.ssrc = 99,
				    .ts = bed->ts,
				    .seq = bed->seq++,
				    .pt = pt,
				    .hdr = PKT_HDR,
				    .paylen = (uint16_t)len},
			      .now_ms = wheel_now(bed->wheel)};

	bed->said++;
	if (strm_in_packet(&bed->in, &sp))
		transcode_take(&bed->in, &sp, pkt, bed->t);
}

static void pass(struct bed *bed, unsigned ms)
{
	while (ms--)
		wheel_advance(bed->wheel, wheel_now(bed->wheel) + 1);
}

static double rnd(struct bed *bed)
{
	bed->seed = bed->seed * 1664525u + 1013904223u;
	return (double)(int32_t)bed->seed / 2147483648.0;
}

/* A voice of sorts: a harmonic tone that comes and goes; else low noise. Opus
 * that pauses sends as browsers do: the first packet of nothing, then none. */
static void say(struct bed *bed, unsigned ms, bool voice, double noise)
{
	for (unsigned at = 0; at < ms; at += 20) {
		uint8_t buf[PATH_HEADROOM + PKT_MAX];
		uint8_t *pkt = buf + PATH_HEADROOM;
		int16_t pcm[RATE / 50];
		size_t len = 0;

		for (unsigned i = 0; i < RATE / 50; i++) {
			const double t = (at / 20 * 160 + i) / (double)RATE;
			double v = noise * rnd(bed);

			for (unsigned h = 1; voice && h < 12; h++)
				v += 6000.0 / h * (0.6 + 0.4 * sin(25 * t)) *
				     sin(2 * M_PI * 140 * h * t);
			pcm[i] = (int16_t)lrint(v);
		}
		CHECK_INT(bed->from->encode(bed->enc, pcm, RATE / 50,
					    pkt + PKT_HDR, &len,
					    CODEC_PAYLOAD_MAX),
			  0);
		if (len > 2 || !bed->paused)
			take(bed, pkt, PT, len);
		bed->paused = len <= 2;
		bed->ts += codec_ticks(bed->from, RATE, RATE / 50);
		pass(bed, 20);
	}
}

/* A packet of comfort noise, and silence behind it. */
static void pause_with(struct bed *bed, const uint8_t *payload, size_t len,
		       unsigned ms)
{
	uint8_t buf[PATH_HEADROOM + PKT_MAX];

	memcpy(buf + PATH_HEADROOM + PKT_HDR, payload, len);
	take(bed, buf + PATH_HEADROOM, NOISE_PT, len);
	bed->ts += codec_ticks(bed->from, RATE, ms * (RATE / 1000));
	pass(bed, ms);
}

/* dBov of the part that was heard, in ms. */
static double level(const struct bed *bed, unsigned from, unsigned to)
{
	double power = 0;

	for (size_t i = from * 8u; i < to * 8u; i++)
		power += (double)bed->path.pcm[i] * bed->path.pcm[i];
	return 10 * log10(power / ((to - from) * 8u) / 32768 / 32768 + 1e-12);
}

static unsigned count(const struct bed *bed, uint8_t pt)
{
	unsigned n = 0;

	for (unsigned i = 0; i < bed->path.n; i++)
		n += bed->path.sent[i].pt == pt;
	return n;
}

static void comfort_noise_is_heard_as_noise_of_its_level(void)
{
	static const uint8_t payload[] = {48, 100, 140};
	struct bed *bed = bed_open(&codec_pcma, &codec_pcmu, false);

	say(bed, 1000, true, 0);
	pause_with(bed, payload, sizeof(payload), 3000);
	say(bed, 1000, true, 0);
	if (!CHECK(fabs(level(bed, 1200, 3800) + 48) < 1.5))
		printf("# %.1f dBov\n", level(bed, 1200, 3800));
	CHECK(level(bed, 4200, 4800) > -25);
	/* one stream without a hole, and no time was made or lost */
	CHECK_INT(count(bed, NOISE_PT), 0);
	for (unsigned i = 1; i < bed->path.n; i++)
		CHECK_INT(bed->path.sent[i].ts - bed->path.sent[i - 1].ts, 160);
	CHECK_INT(bed->path.n, 250);
	CHECK_INT(transcode_stats(bed->t)->concealed, 0);
	CHECK_INT(transcode_stats(bed->t)->unusable, 0);
	bed_close(bed);
}

static void who_takes_comfort_noise_is_told_of_it_as_it_came(void)
{
	static const uint8_t payload[] = {52, 90, 130}, other[] = {60};
	struct bed *bed = bed_open(&codec_pcma, &codec_pcmu, true);
	const struct sent *sent = bed->path.sent;

	say(bed, 500, true, 0);
	pause_with(bed, payload, sizeof(payload), 1000);
	pause_with(bed, other, sizeof(other), 1500);
	say(bed, 500, true, 0);
	CHECK_INT(count(bed, NOISE_PT), 2);
	CHECK_INT(bed->path.n, 25 + 2 + 25);
	CHECK_INT(sent[25].pt, NOISE_PT);
	CHECK_INT(sent[25].len, 3);
	CHECK(!memcmp(sent[25].head, payload, 3));
	/* RFC 3389 4: no marker, and the time of the noise itself */
	CHECK(!sent[25].marker && !sent[26].marker);
	CHECK_INT(sent[25].ts - sent[24].ts, 160);
	CHECK_INT(sent[26].ts - sent[25].ts, 8000);
	/* RFC 3551 4.1: the first of a talkspurt */
	CHECK(sent[27].marker && !sent[28].marker);
	CHECK_INT(sent[27].ts - sent[26].ts, 12000);
	bed_close(bed);
}

static void silence_of_opus_becomes_comfort_noise(void)
{
	struct bed *bed = bed_open(&codec_opus, &codec_pcma, true);
	const struct sent *noise = NULL;
	unsigned said, heard, i;

	say(bed, 2000, true, 30);
	said = bed->said;
	heard = bed->path.n;
	say(bed, 4000, false, 30);
	/* it does pause: 200 packets would it be */
	CHECK(bed->said - said < 60);
	printf("# %u packets of Opus became %u, %u of them CN\n",
	       bed->said - said, bed->path.n - heard, count(bed, NOISE_PT));
	CHECK(count(bed, NOISE_PT) >= 1);
	CHECK(bed->path.n - heard < 60);
	for (i = 0; i < bed->path.n && !noise; i++)
		if (bed->path.sent[i].pt == NOISE_PT)
			noise = &bed->path.sent[i];
	REQUIRE(noise);
	CHECK_INT(noise->len, 1 + COMFORT_ORDER);
	CHECK(!noise->marker);
	/* noise of 30 of 32768 at its peak: -65.5 dBov */
	if (!CHECK(abs(noise->head[0] - 66) <= 8))
		printf("# level %u\n", noise->head[0]);
	heard = bed->path.n;
	say(bed, 1000, true, 30);
	CHECK(bed->path.n - heard >= 48);
	bed_close(bed);
}

static void silence_of_opus_is_low_noise_for_who_takes_none(void)
{
	struct bed *bed = bed_open(&codec_opus, &codec_pcma, false);

	say(bed, 2000, true, 30);
	say(bed, 4000, false, 30);
	say(bed, 1000, true, 30);
	CHECK_INT(count(bed, NOISE_PT), 0);
	CHECK(bed->path.n >= 340);
	CHECK(transcode_stats(bed->t)->filled > 100);
	if (!CHECK(fabs(level(bed, 3000, 5500) + 66) < 8))
		printf("# %.1f dBov\n", level(bed, 3000, 5500));
	bed_close(bed);
}

static void silence_of_g711_is_not_sent_as_opus(void)
{
	struct bed *bed = bed_open(&codec_pcma, &codec_opus, false);
	const struct sent *sent = bed->path.sent;
	unsigned talking, i;

	say(bed, 2000, true, 20);
	talking = bed->path.n;
	CHECK(talking >= 98);
	say(bed, 4000, false, 20);
	printf("# 200 packets of silence became %u\n", bed->path.n - talking);
	CHECK(bed->path.n - talking < 60);
	say(bed, 500, true, 20);
	/* RFC 3551 4.1: behind each gap the marker, and nowhere else */
	for (i = 1; i < bed->path.n; i++)
		CHECK_INT(sent[i].marker, sent[i].ts - sent[i - 1].ts != 960);
	/* the time of what was not sent has passed */
	CHECK(bed->path.sent[bed->path.n - 1].ts - bed->path.sent[0].ts >
	      48 * 6300);
	bed_close(bed);
}

/* What is known to be noise costs an encoder of Opus next to nothing. */
static void comfort_noise_makes_opus_pause(void)
{
	static const uint8_t payload[] = {50, 100, 140};
	struct bed *bed = bed_open(&codec_pcma, &codec_opus, false);
	const struct sent *sent = bed->path.sent;
	unsigned talking, rests = 0;

	say(bed, 1000, true, 20);
	talking = bed->path.n;
	pause_with(bed, payload, sizeof(payload), 8000);
	printf("# 8 s of noise are %u packets of Opus\n",
	       bed->path.n - talking);
	CHECK(bed->path.n - talking >= 30 && bed->path.n - talking <= 70);
	for (unsigned i = talking; i < bed->path.n; i++)
		rests += sent[i].len == 1;
	CHECK(rests >= 10);
	say(bed, 500, true, 20);
	for (unsigned i = 1; i < bed->path.n; i++)
		CHECK((int32_t)(sent[i].ts - sent[i - 1].ts) > 0);
	CHECK_INT(transcode_stats(bed->t)->unusable, 0);
	bed_close(bed);
}

static void a_worker_under_load_tries_less_hard(void)
{
	struct bed *bed = bed_open(&codec_pcma, &codec_opus, false);
	const struct sent *sent = bed->path.sent;
	uint32_t bits[6] = {0};

	/* it goes on, whatever it is told */
	for (unsigned i = 0; i < 6; i++) {
		const unsigned from = bed->path.n;

		bed->ease = (uint8_t)(i % 3);
		say(bed, 1000, true, 20);
		CHECK(bed->path.n - from >= 48);
		for (unsigned k = from; k < bed->path.n; k++)
			bits[i] += sent[k].len * 8u;
	}
	/* fewer bits before calls are refused, and as many as before again */
	printf("# %u, %u, %u, then %u bit/s\n", bits[0], bits[1], bits[2],
	       bits[3]);
	CHECK(bits[0] > 14000 && bits[1] > 14000 && bits[3] > 14000);
	CHECK(bits[2] < 14000 && bits[2] < bits[0] * 3 / 4);
	CHECK(bits[5] < 14000);
	bed_close(bed);
}

static void odd_noise_is_counted(void)
{
	static const uint8_t wild[] = {200, 1, 2};
	struct bed *bed = bed_open(&codec_pcma, &codec_pcmu, false);

	say(bed, 200, true, 0);
	pause_with(bed, wild, sizeof(wild), 20);
	CHECK_INT(transcode_stats(bed->t)->unusable, 1);
	say(bed, 200, true, 0);
	bed_close(bed);
}

TEST_MAIN(TEST(comfort_noise_is_heard_as_noise_of_its_level),
	  TEST(who_takes_comfort_noise_is_told_of_it_as_it_came),
	  TEST(silence_of_opus_becomes_comfort_noise),
	  TEST(silence_of_opus_is_low_noise_for_who_takes_none),
	  TEST(silence_of_g711_is_not_sent_as_opus),
	  TEST(comfort_noise_makes_opus_pause),
	  TEST(a_worker_under_load_tries_less_hard),
	  TEST(odd_noise_is_counted))
