/*
 * test_transcode.c  From codec to codec: what is heard, and when
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/rtp/report.h"
#include "mediad/rtp/wire.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/transcode.h"
#include "mediad/transport/path.h"
#include "tests/lib/speech.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

enum {
	RATE = CODEC_VOICE_RATE,
	SECONDS = 12,
	SAMPLES = RATE * SECONDS,
	FRAME = 160,
	EVENT_IN = 101,
	EVENT_OUT = 102,
	EVENTS_MAX = 400,
	BEGIN = 3000 /* ms */
};

struct sent_event {
	struct digit digit;
	uint32_t ts;
	bool marker;
	uint64_t at_ms;
};

/* In the place of the real one: what is heard, by its timestamps. */
struct path {
	const struct codec *codec;
	struct codec_dec *dec;
	struct wheel *wheel;
	bool ready;
	unsigned sent, audio, markers;
	size_t payload; /* bytes of audio */
	unsigned repairs; /* packets that hold the one before */
	struct pkt last;
	uint64_t last_ms;
	uint32_t first_ts;
	int16_t pcm[SAMPLES + 4000];
	size_t heard; /* samples that came */
	size_t end;   /* behind the latest of them */
	struct sent_event events[EVENTS_MAX];
	unsigned nevents;
	size_t least, most; /* samples of a packet */
};

bool path_ready(const struct path *path)
{
	return path->ready;
}

static void hear_event(struct path *path, const struct pkt *view,
		       const uint8_t *payload)
{
	struct sent_event *event = &path->events[path->nevents % EVENTS_MAX];

	CHECK_INT(digit_read(&event->digit, payload, view->paylen), 0);
	event->ts = view->ts;
	event->marker = view->marker;
	event->at_ms = wheel_now(path->wheel);
	path->nevents++;
}

static void hear_audio(struct path *path, const struct pkt *view,
		       const uint8_t *payload)
{
	uint32_t scale = path->codec->clock / RATE;
	int16_t pcm[CODEC_VOICE_MAX];
	size_t n = 0, at;

	CHECK_INT(path->codec->decode(path->dec, payload, view->paylen, pcm,
				      &n),
		  0);
	if (!path->audio++)
		path->first_ts = view->ts;
	path->markers += view->marker;
	path->payload += view->paylen;
	if (path->codec->voice_repairs)
		path->repairs +=
			path->codec->voice_repairs(payload, view->paylen);
	path->heard += n;
	path->least = !path->least || n < path->least ? n : path->least;
	path->most = n > path->most ? n : path->most;
	at = (view->ts - path->first_ts) / scale;
	CHECK_INT((view->ts - path->first_ts) % scale, 0);
	if (at + n > SAMPLES + 4000)
		return;
	memcpy(path->pcm + at, pcm, n * sizeof(*pcm));
	path->end = at + n;
}

int path_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
		  uint64_t index)
{
	struct pkt view;

	CHECK(pkt_read(&view, pkt, len) == 0);
	CHECK_INT((uint16_t)index, view.seq);
	CHECK_INT(view.ssrc, 5);
	if (path->sent++) {
		CHECK_INT((uint16_t)(view.seq - path->last.seq), 1);
		CHECK((int32_t)(view.ts - path->last.ts) >= 0);
	}
	path->last = view;
	path->last_ms = wheel_now(path->wheel);
	if (view.pt == EVENT_OUT)
		hear_event(path, &view, pkt + view.hdr);
	else
		hear_audio(path, &view, pkt + view.hdr);
	return 0;
}

/* --- a call of one direction -------------------------------------------------------- */

struct bed {
	struct wheel *wheel;
	struct transcode *t;
	struct transcode_stats total;
	struct report_far far;
	uint8_t ease;
	struct path path;
	struct strm_out out;
	struct strm_in in;
	const struct codec *from;
	struct codec_enc *enc;
	uint32_t ts; /* of the source */
	uint16_t seq;
	uint32_t ssrc;
	unsigned pt;
};

static struct transcode_params
params_of(struct bed *bed, const struct codec *from, const struct codec *to)
{
	return (struct transcode_params){
		.wheel = bed->wheel,
		.from = {from, 96, EVENT_IN, from->clock},
		.to = {to, 97, EVENT_OUT, to->clock},
		.ptime = 20,
		.takes = UINT16_MAX,
		.voice = {.fec = true},
		.out = &bed->out,
		.path = &bed->path,
		.far = &bed->far,
		.ease = &bed->ease,
		.totals = {NULL, &bed->total},
	};
}

static int bed_alloc(struct bed **bedp, const struct codec *from,
		     const struct codec *to, uint16_t ptime)
{
	const struct codec_voice voice = {.fec = true, .complexity = 5};
	struct transcode_params params;
	struct bed *bed = mem_zalloc(sizeof(*bed), NULL);
	int err;

	if (!bed)
		return ENOMEM;
	*bedp = bed;
	bed->from = from;
	bed->ssrc = 99;
	bed->seq = 65500;
	bed->ts = 0xfffff000u;
	err = wheel_alloc(&bed->wheel, BEGIN);
	if (err)
		return err;
	bed->path.wheel = bed->wheel;
	bed->path.ready = true;
	bed->path.codec = to;
	strm_in_init(&bed->in, from->clock);
	bed->in.event = EVENT_IN;
	strm_out_init(&bed->out, 5, to->clock, 0, NULL);
	params = params_of(bed, from, to);
	params.ptime = ptime;
	err = to->voice_dec_alloc(&bed->path.dec, CODEC_VOICE_RATE);
	if (!err)
		err = from->voice_enc_alloc(&bed->enc, &voice);
	if (!err)
		from->voice_loss(bed->enc, 10);
	return err ? err : transcode_alloc(&bed->t, &params);
}

static void bed_free(struct bed *bed)
{
	if (!bed)
		return;
	mem_deref(bed->t);
	mem_deref(bed->enc);
	mem_deref(bed->path.dec);
	mem_deref(bed->wheel);
	mem_deref(bed);
}

/* A packet as it may come. */
static void bring(struct bed *bed, const struct pkt *h, const uint8_t *payload)
{
	uint8_t buf[PATH_HEADROOM + PKT_MAX];
	uint8_t *pkt = buf + PATH_HEADROOM;
	struct strm_pkt sp = {.h = *h, .now_ms = wheel_now(bed->wheel)};

	sp.h.hdr = PKT_HDR;
	memcpy(pkt + PKT_HDR, payload, h->paylen);
	if (strm_in_packet(&bed->in, &sp))
		transcode_take(&bed->in, &sp, pkt, bed->t);
}

struct packet {
	struct pkt h;
	uint8_t data[CODEC_PAYLOAD_MAX];
};

/* The source's next packet, not sent yet. */
static void make(struct bed *bed, const int16_t *pcm, size_t count,
		 struct packet *p)
{
	size_t len = 0;

	CHECK_INT(bed->from->encode(bed->enc, pcm, count, p->data, &len,
				    sizeof(p->data)),
		  0);
	p->h = (struct pkt){.ssrc = bed->ssrc,
			    .ts = bed->ts,
			    .seq = bed->seq++,
			    .pt = 96,
			    .paylen = (uint16_t)len};
	bed->ts += (uint32_t)count * (bed->from->clock / RATE);
}

static void pass(struct bed *bed, unsigned ms)
{
	for (unsigned i = 0; i < ms; i++)
		wheel_advance(bed->wheel, wheel_now(bed->wheel) + 1);
}

static int16_t source[SAMPLES];

static void say_speech(void)
{
	struct speech sp = speech_begin(RATE);

	speech_make(&sp, source, SAMPLES);
}

static void say_tone(double hz, double dbfs)
{
	double peak = 32768 * pow(10, dbfs / 20);

	for (size_t i = 0; i < SAMPLES; i++)
		source[i] = (int16_t)lrint(
			peak * sin(2 * M_PI * hz * (double)i / RATE));
}

/* All that is in source, in packets of `count` samples, each at its time;
 * lost(n) do not come. */
static void talk(struct bed *bed, size_t count, bool (*lost)(unsigned n))
{
	struct packet p;
	unsigned n = 0;

	for (size_t at = 0; at + count <= SAMPLES; at += count, n++) {
		make(bed, source + at, count, &p);
		if (!lost || !lost(n))
			bring(bed, &p.h, p.data);
		pass(bed, (unsigned)count / 8);
	}
}

/* How far the copy is behind. */
static size_t delay_of(const int16_t *ref, const int16_t *copy)
{
	size_t best = 0;
	double most = -1e9;

	for (size_t d = 0; d < 400; d++) {
		double snr = speech_snr(ref + RATE, copy + RATE + d,
					SAMPLES - 2 * RATE);

		if (snr > most) {
			most = snr;
			best = d;
		}
	}
	return best;
}

static bool lost_5(unsigned n)
{
	return n > 4 && n < 590 && (n * 2654435761u >> 16) % 100 < 5;
}

static bool lost_10(unsigned n)
{
	return n > 4 && n < 590 && (n * 2654435761u >> 16) % 100 < 10;
}

static bool lost_bursts(unsigned n)
{
	return n < 590 && n % 60 >= 47 && n % 60 < 50; /* 5 % */
}

/* --- signal --------------------------------------------------------------------- */

static void tone_through(const struct codec *from, const struct codec *to)
{
	struct bed *bed = NULL;
	struct tone tone;

	say_tone(1004, -13);
	REQUIRE(bed_alloc(&bed, from, to, 20) == 0);
	talk(bed, FRAME, NULL);
	tone = tone_measure(bed->path.pcm + RATE, 8 * RATE, RATE);
	printf("# %s to %s: %.2f Hz %.2f dBFS, purity %.5f\n", from->name,
	       to->name, tone.hz, tone.dbfs, tone.purity);
	CHECK(fabs(tone.hz - 1004) < 0.5);
	CHECK(fabs(tone.dbfs + 13) < 1);
	CHECK(tone.purity > 0.98);
	CHECK_INT(bed->path.audio, SECONDS * 50);
	bed_free(bed);
}

static void a_tone_keeps_level_and_frequency(void)
{
	tone_through(&codec_opus, &codec_pcmu);
	tone_through(&codec_opus, &codec_pcma);
	tone_through(&codec_pcmu, &codec_opus);
	tone_through(&codec_pcma, &codec_opus);
	tone_through(&codec_pcmu, &codec_pcma);
	tone_through(&codec_pcma, &codec_pcmu);
}

/* What the two codecs alone would make of it, frame after frame. */
static void ideal(const struct codec *from, const struct codec *to,
		  unsigned complexity, int16_t *pcm)
{
	const struct codec_voice voice = {.fec = true};
	const struct codec_voice best = {.fec = true,
					 .complexity = (uint8_t)complexity};
	struct codec_enc *enc[2] = {NULL, NULL};
	struct codec_dec *dec[2] = {NULL, NULL};
	uint8_t buf[CODEC_PAYLOAD_MAX];
	int16_t frame[CODEC_VOICE_MAX];
	size_t len, n;

	(void)voice;
	CHECK_INT(from->voice_enc_alloc(&enc[0],
					&(struct codec_voice){.fec = true,
							      .complexity = 5}),
		  0);
	from->voice_loss(enc[0], 10);
	CHECK_INT(to->voice_enc_alloc(&enc[1], &best), 0);
	to->voice_loss(enc[1], 3);
	CHECK_INT(from->voice_dec_alloc(&dec[0], CODEC_VOICE_RATE), 0);
	CHECK_INT(to->voice_dec_alloc(&dec[1], CODEC_VOICE_RATE), 0);
	for (size_t at = 0; at + FRAME <= SAMPLES; at += FRAME) {
		(void)from->encode(enc[0], source + at, FRAME, buf, &len,
				   sizeof(buf));
		(void)from->decode(dec[0], buf, len, frame, &n);
		(void)to->encode(enc[1], frame, FRAME, buf, &len, sizeof(buf));
		(void)to->decode(dec[1], buf, len, pcm + at, &n);
	}
	for (unsigned i = 0; i < 2; i++) {
		mem_deref(enc[i]);
		mem_deref(dec[i]);
	}
}

static void compare_ideal(const struct codec *from, const struct codec *to)
{
	static int16_t want[SAMPLES], best[SAMPLES];
	struct bed *bed = NULL;
	double ours, theirs;
	size_t delay;

	REQUIRE(bed_alloc(&bed, from, to, 20) == 0);
	talk(bed, FRAME, NULL);
	ideal(from, to, 0, want);
	CHECK(!memcmp(want, bed->path.pcm, sizeof(want)));
	ideal(from, to, 10, best);
	delay = delay_of(source, bed->path.pcm);
	ours = speech_snr(source, bed->path.pcm + delay, SAMPLES - 400);
	theirs = speech_snr(source, best + delay_of(source, best),
			    SAMPLES - 400);
	printf("# %s to %s: SNR %.2f dB, ideal %.2f dB, codec delay %.2f ms, "
	       "%zu bytes a packet\n",
	       from->name, to->name, ours, theirs, (double)delay / 8,
	       bed->path.payload / bed->path.audio);
	CHECK(ours > theirs - 0.5);
	bed_free(bed);
}

static void speech_is_what_the_codecs_make_of_it(void)
{
	say_speech();
	compare_ideal(&codec_opus, &codec_pcmu);
	compare_ideal(&codec_opus, &codec_pcma);
	compare_ideal(&codec_pcmu, &codec_opus);
	compare_ideal(&codec_pcma, &codec_opus);
	compare_ideal(&codec_pcmu, &codec_pcma);
}

/* --- loss ------------------------------------------------------------------------- */

/* As a transcoder that puts silence in the place of what is lost. */
static void with_silence(const struct codec *from, const struct codec *to,
			 bool (*lost)(unsigned n), int16_t *pcm)
{
	struct bed *bed = NULL;
	struct codec_enc *enc = NULL;
	struct codec_dec *dec[2] = {NULL, NULL};
	uint8_t buf[CODEC_PAYLOAD_MAX];
	size_t len, n;

	REQUIRE(bed_alloc(&bed, from, to, 20) == 0);
	CHECK_INT(to->voice_enc_alloc(&enc, &(struct codec_voice){.fec = true}),
		  0);
	to->voice_loss(enc, 3);
	CHECK_INT(from->voice_dec_alloc(&dec[0], CODEC_VOICE_RATE), 0);
	CHECK_INT(to->voice_dec_alloc(&dec[1], CODEC_VOICE_RATE), 0);
	for (unsigned i = 0; i < SAMPLES / FRAME; i++) {
		int16_t frame[CODEC_VOICE_MAX] = {0};
		struct packet p;

		make(bed, source + i * FRAME, FRAME, &p);
		if (!lost(i))
			(void)from->decode(dec[0], p.data, p.h.paylen, frame,
					   &n);
		(void)to->encode(enc, frame, FRAME, buf, &len, sizeof(buf));
		(void)to->decode(dec[1], buf, len, pcm + i * FRAME, &n);
	}
	mem_deref(enc);
	mem_deref(dec[0]);
	mem_deref(dec[1]);
	bed_free(bed);
}

static void compare_loss(const struct codec *from, const struct codec *to,
			 const char *name, bool (*lost)(unsigned n))
{
	static int16_t whole[SAMPLES], silent[SAMPLES];
	struct bed *bed = NULL;
	double ours, theirs;

	ideal(from, to, 0, whole);
	with_silence(from, to, lost, silent);
	REQUIRE(bed_alloc(&bed, from, to, 20) == 0);
	talk(bed, FRAME, lost);
	ours = speech_segsnr(whole, bed->path.pcm, SAMPLES - FRAME);
	theirs = speech_segsnr(whole, silent, SAMPLES - FRAME);
	printf("# %s to %s, %s: segmental SNR %.2f dB, with silence %.2f dB; "
	       "concealed %llu, of these repaired %llu\n",
	       from->name, to->name, name, ours, theirs,
	       (unsigned long long)transcode_stats(bed->t)->concealed,
	       (unsigned long long)transcode_stats(bed->t)->repaired);
	CHECK(ours > theirs);
	CHECK(transcode_stats(bed->t)->concealed > 20);
	CHECK_INT(bed->path.heard, SAMPLES);
	CHECK_INT(bed->path.end, SAMPLES);
	CHECK_INT(bed->path.markers, 1);
	bed_free(bed);
}

static void losses_are_made_up_for(void)
{
	say_speech();
	compare_loss(&codec_opus, &codec_pcmu, "5 %", lost_5);
	compare_loss(&codec_opus, &codec_pcmu, "10 %", lost_10);
	compare_loss(&codec_opus, &codec_pcmu, "bursts", lost_bursts);
	compare_loss(&codec_pcma, &codec_opus, "5 %", lost_5);
	compare_loss(&codec_pcma, &codec_opus, "10 %", lost_10);
	compare_loss(&codec_pcma, &codec_opus, "bursts", lost_bursts);
	compare_loss(&codec_pcmu, &codec_pcma, "10 %", lost_10);
}

/* How near the frames are that were lost, when every tenth is. */
static double repaired_snr(bool lbrr)
{
	static int16_t whole[SAMPLES], got[SAMPLES];
	const struct codec_voice voice = {.fec = lbrr, .complexity = 5};
	double sum = 0;
	unsigned n = 0;

	for (unsigned lossy = 0; lossy < 2; lossy++) {
		struct bed *bed = NULL;
		struct packet p;

		CHECK_INT(bed_alloc(&bed, &codec_opus, &codec_pcma, 20), 0);
		mem_deref(bed->enc);
		CHECK_INT(codec_opus.voice_enc_alloc(&bed->enc, &voice), 0);
		codec_opus.voice_loss(bed->enc, 10);
		for (unsigned i = 0; i < SAMPLES / FRAME; i++) {
			make(bed, source + i * FRAME, FRAME, &p);
			if (!lossy || i % 10 != 5)
				bring(bed, &p.h, p.data);
			pass(bed, 20);
		}
		memcpy(lossy ? got : whole, bed->path.pcm, sizeof(got));
		if (lossy)
			CHECK_INT(transcode_stats(bed->t)->repaired > 20, lbrr);
		bed_free(bed);
	}
	for (unsigned i = 5; i + 1 < SAMPLES / FRAME; i += 10, n++)
		sum += speech_segsnr(whole + i * FRAME, got + i * FRAME, FRAME);
	return sum / n;
}

static void what_lbrr_repairs_is_nearer_than_a_guess(void)
{
	double with, without;

	say_speech();
	with = repaired_snr(true);
	without = repaired_snr(false);
	printf("# lost frames: %.2f dB with LBRR, %.2f dB without\n", with,
	       without);
	CHECK(with > without + 1);
}

/* --- the order of packets ------------------------------------------------------------ */

/* Pairs change places now and then, some come twice. */
static void what_comes_in_disorder_is_put_right(void)
{
	static int16_t want[SAMPLES];
	struct bed *bed = NULL;
	struct packet p, q;

	say_speech();
	ideal(&codec_opus, &codec_pcmu, 0, want);
	REQUIRE(bed_alloc(&bed, &codec_opus, &codec_pcmu, 20) == 0);
	for (size_t at = 0; at + FRAME <= SAMPLES; at += FRAME) {
		make(bed, source + at, FRAME, &p);
		pass(bed, 20);
		if (at / FRAME % 7 == 3 && at + 2 * FRAME <= SAMPLES) {
			at += FRAME;
			make(bed, source + at, FRAME, &q);
			bring(bed, &q.h, q.data);
			bring(bed, &q.h, q.data);
			pass(bed, 4);
		}
		bring(bed, &p.h, p.data);
	}
	CHECK(!memcmp(want, bed->path.pcm, sizeof(want)));
	CHECK(transcode_stats(bed->t)->reordered >= 80);
	CHECK_INT(transcode_stats(bed->t)->concealed, 0);
	CHECK_INT(transcode_stats(bed->t)->late, 0);
	CHECK_INT(bed->total.reordered, transcode_stats(bed->t)->reordered);
	bed_free(bed);
}

static void a_packet_in_order_goes_out_at_once(void)
{
	struct bed *bed = NULL;
	struct packet p;

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_opus, &codec_pcmu, 20) == 0);
	for (unsigned n = 0; n < 100; n++) {
		make(bed, source + n * FRAME, FRAME, &p);
		bring(bed, &p.h, p.data);
		CHECK_INT(bed->path.sent, n + 1);
		CHECK_INT(bed->path.last_ms, wheel_now(bed->wheel));
		pass(bed, 20);
	}
	bed_free(bed);
}

/* The packet behind a gap waits, the others go on at once. */
static void a_gap_delays_only_what_is_behind_it(void)
{
	struct bed *bed = NULL;
	struct packet p;
	uint64_t worst = 0;
	unsigned waited = 0;

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_opus, &codec_pcmu, 20) == 0);
	for (unsigned n = 0; n < 500; n++) {
		unsigned sent = bed->path.sent;

		make(bed, source + n * FRAME, FRAME, &p);
		if (n % 20 != 7)
			bring(bed, &p.h, p.data);
		waited += n % 20 != 7 && bed->path.sent == sent;
		for (unsigned ms = 0; ms < 20; ms++) {
			pass(bed, 1);
			if (n % 20 == 8 && bed->path.sent == sent)
				worst = ms + 1 > worst ? ms + 1 : worst;
		}
	}
	printf("# waited %u times, at most %llu ms\n", waited,
	       (unsigned long long)worst);
	CHECK_INT(waited, 25);
	CHECK(worst <= 20);
	CHECK_INT(bed->path.sent, 500);
	bed_free(bed);
}

static void a_long_loss_is_skipped_in_the_timestamp(void)
{
	struct bed *bed = NULL;
	struct packet p;
	uint32_t ts = 0;

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_pcma, &codec_opus, 20) == 0);
	for (unsigned n = 0; n < 100; n++) {
		make(bed, source + n * FRAME, FRAME, &p);
		if (n < 40 || n >= 70)
			bring(bed, &p.h, p.data);
		if (n == 39)
			ts = bed->path.last.ts;
		pass(bed, 20);
		CHECK(bed->path.sent <= n + 1);
		if (n == 70)
			CHECK_INT(bed->path.last.ts - ts, 31 * 960);
	}
	CHECK_INT(bed->path.sent, 70);
	CHECK_INT(bed->path.markers, 2);
	CHECK_INT(transcode_stats(bed->t)->skipped, 30);
	CHECK_INT(bed->total.skipped, 30);
	bed_free(bed);
}

/* --- packet times ---------------------------------------------------------------------- */

static void times(const struct codec *from, const struct codec *to,
		  size_t count, uint16_t ptime)
{
	static int16_t want[SAMPLES];
	size_t frame = to->voice_frame(ptime) * 8u;
	struct bed *bed = NULL;

	REQUIRE(bed_alloc(&bed, from, to, ptime) == 0);
	talk(bed, count, NULL);
	CHECK_INT(bed->path.least, frame);
	CHECK_INT(bed->path.most, frame);
	CHECK(bed->path.heard + frame > SAMPLES / count * count);
	CHECK_INT(bed->path.end, bed->path.heard); /* no hole */
	CHECK_INT(bed->path.markers, 1);
	if (from != &codec_opus && to != &codec_opus) {
		ideal(from, to, 0, want);
		CHECK(!memcmp(want, bed->path.pcm, bed->path.end * 2));
	}
	bed_free(bed);
}

static void packet_times_are_those_of_the_receiver(void)
{
	static const size_t g711[] = {80, 160, 240, 320, 480};
	static const size_t opus[] = {20, 40, 80, 160, 320, 480, 640, 960};

	say_speech();
	for (unsigned i = 0; i < 5; i++)
		for (unsigned k = 0; k < 5; k++) {
			times(&codec_pcmu, &codec_pcma, g711[i],
			      (uint16_t)(g711[k] / 8));
			times(&codec_pcmu, &codec_opus, g711[i],
			      (uint16_t)(g711[k] / 8));
		}
	for (unsigned i = 0; i < 8; i++)
		for (unsigned k = 0; k < 5; k++)
			times(&codec_opus, &codec_pcmu, opus[i],
			      (uint16_t)(g711[k] / 8));
}

/* --- pauses ------------------------------------------------------------------------------ */

/* A sender with DTX says so in a packet of one byte, and then now and then
 * sends another. */
static void a_pause_of_the_sender_is_filled(void)
{
	static const uint8_t pause[1] = {0x08};
	struct bed *bed = NULL;
	struct packet p;
	uint64_t last, gap = 0;

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_opus, &codec_pcmu, 20) == 0);
	last = BEGIN;
	for (unsigned n = 0; n < 500; n++) {
		bool paused = n % 100 >= 40;

		make(bed, source + n * FRAME, FRAME, &p);
		if (paused) {
			memcpy(p.data, pause, 1);
			p.h.paylen = 1;
		}
		/* what is not sent has no number */
		if (paused && (n % 100 - 40) % 20)
			bed->seq--;
		else
			bring(bed, &p.h, p.data);
		for (unsigned ms = 0; ms < 20; ms++) {
			pass(bed, 1);
			if (bed->path.last_ms != last &&
			    bed->path.last_ms - last > gap)
				gap = bed->path.last_ms - last;
			last = bed->path.last_ms;
		}
	}
	printf("# longest gap %llu ms, filled %llu, markers %u\n",
	       (unsigned long long)gap,
	       (unsigned long long)transcode_stats(bed->t)->filled,
	       bed->path.markers);
	CHECK(gap <= 40);
	CHECK(transcode_stats(bed->t)->filled > 200);
	CHECK_INT(transcode_stats(bed->t)->concealed, 0);
	CHECK(bed->path.heard + 2 * FRAME >= 500 * FRAME);
	CHECK_INT(bed->path.heard, bed->path.end);
	CHECK_INT(bed->path.markers, 1);
	bed_free(bed);
}

static void a_sender_that_vanishes_in_a_pause_is_not_filled_for_ever(void)
{
	struct pkt h = {.ssrc = 99, .pt = 96, .paylen = 1};
	static const uint8_t pause[1] = {0x08};
	struct bed *bed = NULL;

	REQUIRE(bed_alloc(&bed, &codec_opus, &codec_pcmu, 20) == 0);
	bring(bed, &h, pause);
	pass(bed, 10000);
	CHECK(bed->path.sent >= 95 && bed->path.sent <= 101);
	CHECK_INT(wheel_count(bed->wheel), 0);
	bed_free(bed);
}

/* Without a word of it (G.711): the receiver's matter. */
static void a_silence_without_packets_is_a_new_talkspurt(void)
{
	struct bed *bed = NULL;
	struct packet p;

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_pcmu, &codec_opus, 20) == 0);
	for (unsigned n = 0; n < 100; n++) {
		make(bed, source + n * FRAME, FRAME, &p);
		if (n >= 30 && n < 60)
			bed->seq--;
		else
			bring(bed, &p.h, p.data);
		pass(bed, 20);
	}
	CHECK_INT(bed->path.sent, 70);
	CHECK_INT(bed->path.markers, 2);
	CHECK_INT(bed->path.end, 100 * FRAME);
	CHECK_INT(transcode_stats(bed->t)->concealed, 0);
	bed_free(bed);
}

/* --- sources -------------------------------------------------------------------------------- */

/* SSRC, sequence and timestamp change at once: the far side hears one stream
 * (path_send_rtp() checks it). */
static void another_source_goes_on_in_the_same_stream(void)
{
	struct bed *bed = NULL;
	struct packet p;
	unsigned sent;

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_opus, &codec_pcmu, 20) == 0);
	for (unsigned round = 0; round < 20; round++) {
		bed->ssrc += 17;
		bed->seq = (uint16_t)(bed->seq + 30000);
		bed->ts += 0x70000000u;
		sent = bed->path.sent;
		for (unsigned n = 0; n < 20; n++) {
			make(bed, source + n * FRAME, FRAME, &p);
			bring(bed, &p.h, p.data);
			pass(bed, 20);
		}
		/* the first of another source is not believed yet */
		CHECK_INT(bed->path.sent - sent, round ? 19 : 20);
	}
	CHECK_INT(transcode_stats(bed->t)->concealed, 0);
	bed_free(bed);
}

static void a_clock_that_is_set_back_makes_no_hole(void)
{
	struct bed *bed = NULL;
	struct packet p;

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_pcmu, &codec_opus, 20) == 0);
	for (unsigned n = 0; n < 100; n++) {
		if (n == 50)
			bed->ts -= 100000;
		if (n == 75)
			bed->ts += 4000000;
		make(bed, source + n * FRAME, FRAME, &p);
		bring(bed, &p.h, p.data);
		pass(bed, 20);
	}
	CHECK_INT(bed->path.sent, 100);
	CHECK(bed->path.last.ts - bed->path.first_ts < 102 * 960);
	bed_free(bed);
}

/* --- what the receiver tells ------------------------------------------------------------------- */

static void loss_at_the_receiver_makes_lbrr(void)
{
	struct bed *bed = NULL;
	struct packet p;
	size_t before, after;

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_pcmu, &codec_opus, 20) == 0);
	talk(bed, FRAME, NULL);
	before = bed->path.payload;
	bed->far = (struct report_far){.at_ms = 5, .fraction = 51};
	bed->path.payload = 0;
	talk(bed, FRAME, NULL);
	after = bed->path.payload;
	printf("# %zu bytes without loss, %zu with 20 %%\n", before, after);
	CHECK(after > before);
	CHECK(codec_opus.voice_repairs != NULL);
	make(bed, source, FRAME, &p);
	bed_free(bed);
}

/* A worker that is late spares bits, but not those that repeat what the
 * receiver loses. */
static void loss_at_the_receiver_makes_lbrr_under_load(void)
{
	struct bed *bed = NULL;
	unsigned usual;
	size_t bytes;

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_pcmu, &codec_opus, 20) == 0);
	bed->far = (struct report_far){.at_ms = 5, .fraction = 51};
	talk(bed, FRAME, NULL);
	usual = bed->path.repairs;
	bytes = bed->path.payload;
	bed->ease = 2;
	bed->path.repairs = 0;
	talk(bed, FRAME, NULL);
	printf("# %u packets with LBRR, %u under load\n", usual,
	       bed->path.repairs);
	CHECK(usual > 100);
	CHECK(bed->path.repairs > usual * 9 / 10);
	/* nothing is lost any more: the bits are spared */
	for (unsigned n = 6; n < 30; n++) {
		bed->far = (struct report_far){.at_ms = n};
		talk(bed, FRAME, NULL);
	}
	bed->path.payload = 0;
	talk(bed, FRAME, NULL);
	CHECK(bed->path.payload < bytes * 3 / 4);
	bed_free(bed);
}

/* --- digits --------------------------------------------------------------------------------------- */

static const char all_digits[] = "0123456789*#";

static uint8_t code_of(char c)
{
	return (uint8_t)(strchr("0123456789*#ABCD", c) - "0123456789*#ABCD");
}

static void bring_event(struct bed *bed, uint8_t code, uint32_t begin,
			uint32_t ticks, bool end)
{
	struct digit digit = {.code = code,
			      .volume = 10,
			      .end = end,
			      .duration = (uint16_t)ticks};
	struct pkt h = {.ssrc = bed->ssrc,
			.ts = begin,
			.seq = bed->seq++,
			.pt = EVENT_IN,
			.paylen = DIGIT_LEN};
	uint8_t p[DIGIT_LEN];

	digit_write(p, &digit);
	bring(bed, &h, p);
}

/* As browsers do it: packets of the event instead of audio, each 20 ms, then
 * three of its end. lost: number of the packet that does not come. */
static void press(struct bed *bed, char c, unsigned packets, int lost)
{
	uint32_t scale = bed->from->clock / RATE;
	uint32_t begin = bed->ts;

	for (unsigned n = 1; n <= packets + 2; n++) {
		unsigned told = n < packets ? n : packets;

		if ((int)n - 1 == lost)
			bed->seq++;
		else
			bring_event(bed, code_of(c), begin,
				    told * FRAME * scale, n >= packets);
		bed->ts += FRAME * scale;
		pass(bed, 20);
	}
}

static void speak(struct bed *bed, unsigned packets)
{
	struct packet p;

	for (unsigned n = 0; n < packets; n++) {
		make(bed, source + n * FRAME, FRAME, &p);
		bring(bed, &p.h, p.data);
		pass(bed, 20);
	}
}

/* Events as the far side understands them: by their timestamps. */
static unsigned digits_of(const struct path *path, char *text, size_t size,
			  unsigned *ends)
{
	unsigned n = 0;
	uint32_t ts = 0;

	*ends = 0;
	for (unsigned i = 0; i < path->nevents && i < EVENTS_MAX; i++) {
		const struct sent_event *event = &path->events[i];
		bool other = !i || event->ts != ts;

		if (other && n + 1 < size)
			text[n++] = digit_char(event->digit.code);
		CHECK_INT(event->marker, other);
		*ends += event->digit.end;
		ts = event->ts;
	}
	text[n] = '\0';
	return n;
}

static void digits_through(const struct codec *from, const struct codec *to,
			   int lost)
{
	unsigned ends, sent, scale = to->clock / RATE;
	struct bed *bed = NULL;
	char text[40];

	say_speech();
	REQUIRE(bed_alloc(&bed, from, to, 20) == 0);
	for (const char *c = all_digits; *c; c++) {
		speak(bed, 5);
		press(bed, *c, 6, lost);
	}
	speak(bed, 5);
	sent = bed->path.nevents;
	digits_of(&bed->path, text, sizeof(text), &ends);
	CHECK_STR(text, all_digits);
	CHECK_INT(sent, 12 * (lost < 0 ? 8 : 7));
	CHECK_INT(ends, 12 * (lost < 5 ? 3 : 2));
	for (unsigned i = 0; i < sent; i++) {
		const struct sent_event *event = &bed->path.events[i];
		unsigned nr = i / (sent / 12);
		/* 5 frames of audio before each, 8 of each one before */
		uint32_t at = (nr * 13 + 5) * FRAME * scale;

		CHECK_INT(event->ts - bed->path.first_ts, at);
		CHECK(event->digit.duration <= 6 * FRAME * scale);
		if (event->digit.end)
			CHECK_INT(event->digit.duration, 6 * FRAME * scale);
	}
	/* audio is where it was */
	CHECK_INT(bed->path.end, (12 * 13 + 5) * FRAME);
	CHECK_INT(bed->path.heard, 13 * 5 * FRAME);
	CHECK_INT(transcode_stats(bed->t)->concealed, 0);
	bed_free(bed);
}

static void digits_come_exactly_once(void)
{
	digits_through(&codec_opus, &codec_pcmu, -1);
	digits_through(&codec_pcma, &codec_opus, -1);
	digits_through(&codec_pcmu, &codec_pcma, -1);
}

static void a_lost_packet_loses_no_digit(void)
{
	for (int lost = 0; lost < 8; lost++) {
		digits_through(&codec_opus, &codec_pcmu, lost);
		digits_through(&codec_pcmu, &codec_opus, lost);
	}
}

/* All of its ends are lost, and audio goes on. */
static void an_event_without_end_is_ended(void)
{
	struct bed *bed = NULL;
	unsigned ends;
	char text[8];

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_opus, &codec_pcmu, 20) == 0);
	speak(bed, 5);
	for (unsigned n = 1; n <= 5; n++) {
		bring_event(bed, 4, bed->ts, n * 960, false);
		pass(bed, 20);
	}
	bed->seq += 3;
	bed->ts += 8 * 960;
	pass(bed, 60);
	speak(bed, 20);
	digits_of(&bed->path, text, sizeof(text), &ends);
	CHECK_STR(text, "4");
	CHECK_INT(ends, 3);
	CHECK(bed->path.audio >= 15);
	/* one of its packets after that is none any more */
	ends = bed->path.nevents;
	bring_event(bed, 4, bed->path.last.ts, 0, false);
	bed_free(bed);
}

static void a_digit_of_any_length_is_one(void)
{
	struct bed *bed = NULL;
	unsigned ends, full = 0;
	uint32_t begin, first, end = 0;
	char text[8];

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_pcmu, &codec_opus, 20) == 0);
	speak(bed, 5);
	begin = bed->ts;
	for (unsigned n = 1; n <= 150; n++) {
		bring_event(bed, 1, begin, n * FRAME, n >= 148);
		bed->ts += FRAME;
		pass(bed, 20);
	}
	first = bed->path.events[0].ts;
	for (unsigned i = 0; i < bed->path.nevents; i++) {
		const struct sent_event *event = &bed->path.events[i];

		CHECK(event->ts - first <= end);
		full += event->digit.duration == DIGIT_SEGMENT;
		CHECK_INT(event->marker, i == 0);
		end = event->ts - first + event->digit.duration;
		(void)ends;
	}
	CHECK_INT(full, 2);
	CHECK_INT(end, 150 * 960);
	CHECK(bed->path.events[bed->path.nevents - 1].digit.end);
	(void)text;
	bed_free(bed);
}

/* Some send audio as well: only the event is told. */
static void audio_beside_an_event_waits(void)
{
	struct bed *bed = NULL;
	struct packet p;
	uint32_t begin;
	unsigned audio;

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_pcmu, &codec_opus, 20) == 0);
	speak(bed, 10);
	begin = bed->ts;
	audio = bed->path.audio;
	for (unsigned n = 1; n <= 8; n++) {
		bring_event(bed, 1, begin, n * FRAME, n >= 6);
		make(bed, source + n * FRAME, FRAME, &p);
		if (n < 6)
			CHECK(bed->path.audio == audio);
		bring(bed, &p.h, p.data);
		pass(bed, 20);
	}
	speak(bed, 10);
	CHECK_INT(bed->path.nevents, 8);
	CHECK_INT(bed->path.audio, 10 + 1 + 10);
	CHECK_INT(bed->path.end, 28 * FRAME);
	bed_free(bed);
}

/* Whatever a source says of when its events were: path_send_rtp() sees that no
 * timestamp goes back. */
static void events_out_of_place_turn_no_time_back(void)
{
	static const int32_t offs[] = {-4000, -100, 0, 100, 7000, 90000};
	struct bed *bed = NULL;

	say_speech();
	for (unsigned i = 0; i < 6; i++)
		for (unsigned ticks = 100; ticks < 65536; ticks += 30000) {
			REQUIRE(bed_alloc(&bed, &codec_pcmu, &codec_pcma, 30) ==
				0);
			speak(bed, 10);
			bring_event(bed, 1, bed->ts + (uint32_t)offs[i], ticks,
				    false);
			speak(bed, 5);
			bring_event(bed, 1, bed->ts + (uint32_t)offs[i], ticks,
				    true);
			speak(bed, 20);
			bed->ssrc++;
			speak(bed, 20);
			CHECK(bed->path.audio > 20);
			mem_deref(bed->t);
			bed->t = NULL;
			bed_free(bed);
			bed = NULL;
		}
}

/* --- bad and scarce ------------------------------------------------------------------------------ */

static void what_is_no_payload_is_lost_audio(void)
{
	static const uint8_t bad[] = {0xff, 0xff, 0xff};
	struct bed *bed = NULL;
	struct packet p;

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_opus, &codec_pcmu, 20) == 0);
	for (unsigned n = 0; n < 100; n++) {
		make(bed, source + n * FRAME, FRAME, &p);
		if (n % 10 == 5) {
			memcpy(p.data, bad, sizeof(bad));
			p.h.paylen = n % 20 == 5 ? sizeof(bad) : 0;
		}
		if (n % 10 == 8)
			p.h.pt = 13;
		bring(bed, &p.h, p.data);
		pass(bed, 20);
	}
	CHECK_INT(transcode_stats(bed->t)->unusable, 20);
	CHECK_INT(transcode_stats(bed->t)->concealed, 10);
	CHECK_INT(bed->path.end, 100 * FRAME);
	bed_free(bed);
}

/* Packets that are sent faster than they can be heard. */
static void a_flood_is_not_transcoded(void)
{
	struct bed *bed = NULL;
	struct packet p;

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_opus, &codec_pcmu, 20) == 0);
	for (unsigned n = 0; n < 2000; n++) {
		make(bed, source + n % 100 * FRAME, FRAME, &p);
		bring(bed, &p.h, p.data);
		if (n % 10 == 0)
			pass(bed, 1);
	}
	CHECK(bed->path.sent < 200);
	CHECK(transcode_stats(bed->t)->unusable > 1500);
	bed_free(bed);
}

static void a_path_that_is_not_ready_costs_nothing(void)
{
	struct bed *bed = NULL;

	say_speech();
	REQUIRE(bed_alloc(&bed, &codec_opus, &codec_pcmu, 20) == 0);
	bed->path.ready = false;
	speak(bed, 50);
	CHECK_INT(bed->out.next, 0);
	bed->path.ready = true;
	speak(bed, 50);
	CHECK_INT(bed->path.sent, 50);
	CHECK(bed->path.markers >= 1);
	bed_free(bed);
}

static void memory_runs_out_anywhere(void)
{
	struct bed *bed = NULL;
	int err = bed_alloc(&bed, &codec_opus, &codec_pcmu, 20);

	CHECK_INT(err, 0);
	bed_free(bed);
}

TEST_MAIN(TEST(a_tone_keeps_level_and_frequency),
	  TEST(speech_is_what_the_codecs_make_of_it),
	  TEST(losses_are_made_up_for),
	  TEST(what_lbrr_repairs_is_nearer_than_a_guess),
	  TEST(what_comes_in_disorder_is_put_right),
	  TEST(a_packet_in_order_goes_out_at_once),
	  TEST(a_gap_delays_only_what_is_behind_it),
	  TEST(a_long_loss_is_skipped_in_the_timestamp),
	  TEST(packet_times_are_those_of_the_receiver),
	  TEST(a_pause_of_the_sender_is_filled),
	  TEST(a_sender_that_vanishes_in_a_pause_is_not_filled_for_ever),
	  TEST(a_silence_without_packets_is_a_new_talkspurt),
	  TEST(another_source_goes_on_in_the_same_stream),
	  TEST(a_clock_that_is_set_back_makes_no_hole),
	  TEST(loss_at_the_receiver_makes_lbrr),
	  TEST(loss_at_the_receiver_makes_lbrr_under_load),
	  TEST(digits_come_exactly_once),
	  TEST(a_lost_packet_loses_no_digit),
	  TEST(an_event_without_end_is_ended),
	  TEST(a_digit_of_any_length_is_one), TEST(audio_beside_an_event_waits),
	  TEST(events_out_of_place_turn_no_time_back),
	  TEST(what_is_no_payload_is_lost_audio),
	  TEST(a_flood_is_not_transcoded),
	  TEST(a_path_that_is_not_ready_costs_nothing),
	  TEST_OOM(memory_runs_out_anywhere))
