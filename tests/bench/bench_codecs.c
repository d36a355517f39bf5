/*
 * bench_codecs.c  CPU time of a second of a call, from each codec to each other
 *
 * One direction each, 20 ms packets of speech, mediad/sound with streams and
 * headers, to a path that drops; complexity 0, 24 kbit/s. Then what a second
 * of a pause costs, by whose it is.
 *
 * SPDX-License-Identifier: MIT
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/codec_set.h"
#include "mediad/sound/halfband.h"
#include "mediad/sound/transcode.h"
#include "mediad/transport/path_priv.h"
#include "tests/bench/lib/voice.h"

enum {
	SECONDS = 10,
	FRAMES = SECONDS * 50,
	FRAME = CODEC_VOICE_RATE / 50,
	RUNS = 3,
	CODECS_MAX = 6,
	PT = 96,
	NOISE_PT = 13,
};

struct frame {
	size_t len;
	uint8_t data[CODEC_PAYLOAD_MAX];
};

static int16_t speech[FRAMES * FRAME];
static struct frame frames[FRAMES];

static double cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int sink_rtp(struct path *path, const uint8_t *pkt, size_t len,
		    uint64_t index)
{
	(void)path;
	(void)pkt;
	(void)len;
	(void)index;
	return 0;
}

static int sink_rtcp(struct path *path, const uint8_t *pkt, size_t len,
		     uint32_t index)
{
	(void)path;
	(void)pkt;
	(void)len;
	(void)index;
	return 0;
}

static bool sink_ready(const struct path *path)
{
	(void)path;
	return true;
}

static const struct path_ops sink_ops = {"sink", sink_rtp, sink_rtcp,
					 sink_ready};

static int make_speech(void)
{
	static struct voice_frame said[FRAMES];
	struct codec_dec *dec = NULL;
	int err = voice_pcmu(said, FRAMES);

	if (!err)
		err = codec_pcmu.dec_alloc(&dec);
	for (unsigned i = 0; i < FRAMES && !err; i++) {
		int16_t pcm[CODEC_VOICE_MAX];
		size_t n = 0;

		err = codec_pcmu.decode(dec, said[i].data, said[i].len, pcm,
					&n);
		memcpy(speech + i * FRAME, pcm, sizeof(*pcm) * FRAME);
	}
	mem_deref(dec);
	return err;
}

static int make_frames(const struct codec *codec, uint32_t rate, bool silent)
{
	const struct codec_voice voice = {
		.rate = rate, .bitrate = 24000, .dtx = silent};
	struct halfband half = {0};
	struct codec_enc *enc = NULL;
	int err = codec->voice_enc_alloc(&enc, &voice);

	for (unsigned i = 0; i < FRAMES && !err; i++) {
		int16_t pcm[2 * FRAME];

		if (rate == CODEC_VOICE_RATE)
			memcpy(pcm, speech + i * FRAME, sizeof(*pcm) * FRAME);
		else
			halfband_up(&half, pcm, speech + i * FRAME, FRAME);
		for (unsigned k = 0; silent && k < rate / 50; k++)
			pcm[k] = (int16_t)(rand() % 61 - 30);
		err = codec->encode(enc, pcm, rate / 50, frames[i].data,
				    &frames[i].len, CODEC_PAYLOAD_MAX);
	}
	mem_deref(enc);
	return err;
}

struct bench {
	struct wheel *wheel;
	struct transcode *t;
	struct path path;
	struct strm_in in;
	struct strm_out out;
	const struct codec *from;
	uint16_t seq;
};

static int bench_open(struct bench *b, const struct codec *from,
		      const struct codec *to, bool pauses)
{
	struct transcode_params params = {
		.from = {from, PT, TRANSCODE_NO_PT, from->clock, NOISE_PT + 1},
		.to = {to, PT, TRANSCODE_NO_PT, to->clock,
		       pauses ? NOISE_PT + 1 : 0},
		.ptime = 20,
		.voice = {.bitrate = 24000, .fec = true, .dtx = true},
		.out = &b->out,
		.path = &b->path,
	};
	int err;

	memset(b, 0, sizeof(*b));
	b->from = from;
	b->path.ops = &sink_ops;
	strm_in_init(&b->in, from->clock);
	strm_out_init(&b->out, 1, to->clock, 0, NULL);
	err = wheel_alloc(&b->wheel, 1000);
	params.wheel = b->wheel;
	return err ? err : transcode_alloc(&b->t, &params);
}

static void bench_close(struct bench *b)
{
	mem_deref(b->t);
	mem_deref(b->wheel);
}

static void take(struct bench *b, const struct frame *f, uint8_t pt, unsigned i)
{
	uint8_t buf[PKT_HDR + CODEC_PAYLOAD_MAX];
	struct strm_pkt sp = {
		.h = {.ssrc = 9,
		      .ts = i * (b->from->clock / 50),
		      .seq = b->seq++,
		      .pt = pt,
		      .hdr = PKT_HDR,
		      .paylen = (uint16_t)f->len},
		.now_ms = wheel_now(b->wheel),
	};

	memcpy(buf + PKT_HDR, f->data, f->len);
	if (strm_in_packet(&b->in, &sp))
		transcode_take(&b->in, &sp, buf, b->t);
}

static double run(const struct codec *from, const struct codec *to, bool silent,
		  bool told)
{
	struct bench b;
	double best = 1e12;

	for (unsigned r = 0; r < RUNS; r++) {
		bool rests = false;
		double us;

		if (bench_open(&b, from, to, told))
			return -1;
		us = cpu_us();
		for (unsigned i = 0; i < FRAMES; i++) {
			/* as browsers pause: the first packet of nothing */
			if (!silent || frames[i].len > 2 || !rests)
				take(&b, &frames[i], PT, i);
			rests = frames[i].len <= 2;
			wheel_advance(b.wheel, wheel_now(b.wheel) + 20);
		}
		us = (cpu_us() - us) / SECONDS;
		best = us < best ? us : best;
		bench_close(&b);
	}
	return best;
}

/* A packet of comfort noise, and ten seconds of it. */
static double run_noise(const struct codec *from, const struct codec *to,
			bool told)
{
	static const struct frame noise = {3, {50, 100, 140}};
	struct bench b;
	double us;

	if (bench_open(&b, from, to, told))
		return -1;
	us = cpu_us();
	take(&b, &noise, NOISE_PT, 0);
	for (unsigned i = 0; i < FRAMES; i++)
		wheel_advance(b.wheel, wheel_now(b.wheel) + 20);
	us = (cpu_us() - us) / SECONDS;
	bench_close(&b);
	return us;
}

static size_t codecs(const struct codec **list, const struct codec_set *set)
{
	static const char *const names[CODECS_MAX] = {"opus", "G722", "L16",
						      "PCMU", "PCMA", "G729"};
	size_t n = 0;

	for (size_t i = 0; i < CODECS_MAX; i++) {
		list[n] = codec_set_find(set, names[i]);
		n += list[n] != NULL;
	}
	return n;
}

/* Beside this binary, when its library is there. */
static void load_g729(struct codec_set *set)
{
	char self[4096] = "", path[4200], why[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	snprintf(path, sizeof(path), "%s/../../module/g729.so",
		 n < 0 ? "." : dirname(self));
	if (codec_set_load(set, path, why, sizeof(why)))
		printf("# no G.729: %s\n", why);
}

static void pairs(const struct codec *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n; k++) {
			const uint32_t rate =
				list[i]->voice_rate < list[k]->voice_rate
					? list[i]->voice_rate
					: list[k]->voice_rate;

			if (i == k || make_frames(list[i], rate, false))
				continue;
			printf("codecs from=%s to=%s rate=%u second=%.3f ms\n",
			       list[i]->name, list[k]->name, rate,
			       run(list[i], list[k], false, false) / 1000);
		}
	}
}

static void pauses(void)
{
	if (make_frames(&codec_opus, CODEC_VOICE_RATE, true))
		return;
	printf("codecs pause of=opus to=PCMA noise second=%.3f ms\n",
	       run(&codec_opus, &codec_pcma, true, false) / 1000);
	printf("codecs pause of=opus to=PCMA CN second=%.3f ms\n",
	       run(&codec_opus, &codec_pcma, true, true) / 1000);
	printf("codecs pause of=CN to=PCMA noise second=%.3f ms\n",
	       run_noise(&codec_pcmu, &codec_pcma, false) / 1000);
	printf("codecs pause of=CN to=opus second=%.3f ms\n",
	       run_noise(&codec_pcmu, &codec_opus, false) / 1000);
	if (make_frames(&codec_pcma, CODEC_VOICE_RATE, true))
		return;
	printf("codecs pause of=PCMA to=opus DTX second=%.3f ms\n",
	       run(&codec_pcma, &codec_opus, true, true) / 1000);
}

int main(void)
{
	const struct codec *list[CODECS_MAX];
	struct codec_set *set = NULL;

	if (codec_set_alloc(&set) || make_speech())
		return 1;
	load_g729(set);
	pairs(list, codecs(list, set));
	pauses();
	mem_deref(set);
	return 0;
}
