/*
 * meter.c  How loud a voice is, whether it clips, since when it is silent
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <re.h>
#include <rem_g711.h>

#include "mediad/sound/meter.h"

enum {
	FULL = 32000,    /* G.711's largest are 32124 and 32256 */
	FLAT = 3,        /* of them in a row are a wave that is cut off */
	QUIET_PEAK = 25, /* of a sine of METER_QUIET */
};

void meter_open(struct meter *meter)
{
	*meter = (struct meter){.level = METER_NONE, .top = METER_NONE};
}

/* Kept apart from the struct while it runs over samples. */
struct tally {
	uint64_t sum;
	uint32_t peak, clipped, flat;
};

static inline void count(struct tally *tally, int sample)
{
	uint32_t magnitude = (uint32_t)(sample < 0 ? -sample : sample);

	tally->sum += magnitude * magnitude;
	tally->peak = magnitude > tally->peak ? magnitude : tally->peak;
	tally->flat = magnitude >= FULL ? tally->flat + 1 : 0;
	tally->clipped += tally->flat == FLAT;
}

static void add(struct meter *meter, const struct tally *tally, size_t n)
{
	meter->sum += tally->sum;
	meter->n += (uint32_t)n;
	meter->clipped += tally->clipped;
	if (tally->peak > meter->peak)
		meter->peak = (uint16_t)tally->peak;
}

static void take(struct meter *meter, const struct tally *tally, size_t n,
		 uint64_t now_ms)
{
	add(meter, tally, n);
	meter->known = true;
	meter->holds = false;
	meter->flat = (uint8_t)min(tally->flat, FLAT);
	if (tally->peak > QUIET_PEAK)
		meter->sound_ms = now_ms;
}

void meter_samples(struct meter *meter, const int16_t *pcm, size_t n,
		   uint64_t now_ms)
{
	struct tally tally = {.flat = meter->flat};

	for (size_t i = 0; i < n; i++)
		count(&tally, pcm[i]);
	take(meter, &tally, n, now_ms);
}

static void opaque(struct meter *meter, size_t len, uint64_t now_ms)
{
	meter->known = true;
	if (len > METER_FEW)
		meter->sound_ms = now_ms;
}

void meter_payload(struct meter *meter, enum meter_kind kind,
		   const uint8_t *payload, size_t len, uint64_t now_ms)
{
	struct tally tally = {0};
	size_t n = kind == METER_LINEAR ? len / 2 : len;

	switch (kind) {
	case METER_ULAW:
		for (size_t i = 0; i < n; i++)
			count(&tally, g711_ulaw2pcm(payload[i]));
		break;
	case METER_ALAW:
		for (size_t i = 0; i < n; i++)
			count(&tally, g711_alaw2pcm(payload[i]));
		break;
	case METER_LINEAR:
		for (size_t i = 0; i < n; i++)
			count(&tally, (int16_t)(payload[2 * i] << 8 |
						payload[2 * i + 1]));
		break;
	case METER_OPAQUE:
		opaque(meter, len, now_ms);
		return;
	case METER_BLIND:
	default:
		return;
	}
	take(meter, &tally, n, now_ms);
}

static int8_t dbov(double square)
{
	double db = square > 0 ? 10 * log10(square / (32768.0 * 32768)) : -127;

	return (int8_t)lrint(db < -127 ? -127 : db > 0 ? 0 : db);
}

void meter_glimpse(struct meter *meter, const int16_t *pcm, size_t n)
{
	struct tally tally = {0};

	for (size_t i = 0; i < n; i++)
		count(&tally, pcm[i]);
	add(meter, &tally, n);
	meter->holds = true;
}

void meter_forget(struct meter *meter)
{
	meter->holds = false;
}

void meter_read(struct meter *meter)
{
	if (meter->holds && !meter->n)
		return;
	meter->level = meter->top = METER_NONE;
	if (meter->n) {
		meter->level = dbov((double)meter->sum / meter->n);
		meter->top = dbov((double)meter->peak * meter->peak);
	}
	meter->sum = meter->n = meter->peak = 0;
}
