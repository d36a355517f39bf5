/*
 * bench_ears.c  What it costs to measure a voice, and to hear keys in it
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdint.h>
#include <re.h>

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
	BENCH("ear for keys, a second of speech",
	      best_us(run_ear, &keys) / SECONDS, "us", 0,
	      keys ? "HEARS KEYS" : "where somebody needs it alone");
	return 0;
}
