/*
 * bench_ears.c  What it costs to measure a voice, and to hear keys in it
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdint.h>
#include <re.h>

#include "mediad/session/leg_glimpse.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/keyear.h"
#include "mediad/sound/meter.h"
#include "tests/bench/lib/bench.h"
#include "tests/lib/speech.h"

enum {
	RATE = 8000,
	SECONDS = 30,
	SAMPLES = RATE * SECONDS,
	FRAME = 160,
	RUNS = 15,
};

static int16_t pcm[SAMPLES];
static uint8_t payload[SAMPLES];

static void on_key(uint8_t code, bool down, uint32_t ms, void *arg)
{
	unsigned *keys = arg;

	(void)code;
	(void)ms;
	*keys += down;
}

/* The best of several runs, of all samples: others are on the machine. */
static double best_us(void (*run)(unsigned *keys), unsigned *keys)
{
	double best = 1e12;

	for (unsigned i = 0; i < RUNS; i++) {
		double t0 = bench_cpu_us();

		run(keys);
		best = fmin(best, bench_cpu_us() - t0);
	}
	return best;
}

static void run_samples(unsigned *keys)
{
	struct meter meter;

	meter_open(&meter);
	for (unsigned at = 0; at < SAMPLES; at += FRAME)
		meter_samples(&meter, pcm + at, FRAME, at);
	*keys += meter.n == 0;
}

static void run_payload(unsigned *keys)
{
	struct meter meter;

	meter_open(&meter);
	for (unsigned at = 0; at < SAMPLES; at += FRAME * METER_SPARSE)
		meter_payload(&meter, METER_ULAW, payload + at, FRAME, at);
	*keys += meter.n == 0;
}

static uint8_t opus[SAMPLES / FRAME][CODEC_PAYLOAD_MAX];
static size_t opus_len[SAMPLES / FRAME];

static void encode_all(void)
{
	const struct codec_voice voice = {.complexity = 10, .fec = true};
	struct codec_enc *enc = NULL;

	if (codec_opus.voice_enc_alloc(&enc, &voice))
		return;
	for (unsigned i = 0; i < SAMPLES / FRAME; i++)
		(void)codec_opus.encode(enc, pcm + i * FRAME, FRAME, opus[i],
					&opus_len[i], CODEC_PAYLOAD_MAX);
	mem_deref(enc);
}

/* As leg_glimpse.c does it: one each second here. */
static void run_glimpse(unsigned *keys)
{
	int16_t out[CODEC_VOICE_MAX];
	struct meter meter;
	size_t n = 0;

	meter_open(&meter);
	for (unsigned at = 0; at < SAMPLES / FRAME; at += 50) {
		struct codec_dec *dec = NULL;

		if (codec_opus.voice_dec_alloc(&dec, RATE))
			return;
		for (unsigned i = 0; i <= LEG_GLIMPSE_FIRST; i++)
			(void)codec_opus.decode(dec, opus[at + i],
						opus_len[at + i], out, &n);
		meter_glimpse(&meter, out, n);
		mem_deref(dec);
	}
	*keys += meter.n == 0;
}

static void run_ear(unsigned *keys)
{
	struct keyear ear;

	keyear_open(&ear, RATE, on_key, keys);
	for (unsigned at = 0; at < SAMPLES; at += FRAME)
		keyear_hear(&ear, pcm + at, FRAME);
}

int main(void)
{
	const double packets = SAMPLES / FRAME;
	struct speech speech = speech_begin(RATE);
	unsigned keys = 0;

	bench_title("The meter of a voice, and the ear for keys (tones), of "
		    "speech at 8 kHz, 20 ms\npackets, the best of 15 runs. "
		    "Relayed G.711: one packet in four is looked into.\n");
	speech_make(&speech, pcm, SAMPLES);
	for (unsigned i = 0; i < SAMPLES; i++)
		payload[i] = (uint8_t)(i * 7 + (uint16_t)pcm[i] / 64);
	BENCH("meter, decoded voice, a packet",
	      best_us(run_samples, &keys) / packets * 1000, "ns", 0, NULL);
	BENCH("meter, relayed G.711, a packet",
	      best_us(run_payload, &keys) / packets * 1000, "ns", 0, NULL);
	encode_all();
	BENCH("meter, a glimpse of relayed Opus",
	      best_us(run_glimpse, &keys) / SECONDS, "us", 0,
	      "one each 5 s of a leg");
	BENCH("ear for keys, a second of speech",
	      best_us(run_ear, &keys) / SECONDS, "us", 0,
	      keys ? "HEARS KEYS" : "where somebody needs it alone");
	return 0;
}
