/*
 * service.c  What a leg may be joined with instead of another leg
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/sound/bank.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/service.h"

/* A stream settles within a few frames; the loop begins after these. */
enum {
	SETTLE_FRAMES = 10,
	CODECS_MAX = 4,
	SERVICES = 3
};

static const struct service services[SERVICES] = {
	{.name = "echo", .reflects = true},
	{.name = "tone", .hz = 440, .dbm0 = -10},
	{.name = "milliwatt", .hz = 1004, .dbm0 = 0},
};

struct sound_bank {
	struct sound_loop loops[SERVICES][CODECS_MAX];
};

const struct service *service_find(const char *name)
{
	for (size_t i = 0; i < COUNTOF(services); i++)
		if (!strcmp(services[i].name, name))
			return &services[i];

	return NULL;
}

const struct sound_loop *sound_bank_loop(const struct sound_bank *bank,
					 const struct service *service,
					 const struct codec *codec)
{
	size_t row = (size_t)(service - services);

	for (size_t i = 0; i < CODECS_MAX; i++)
		if (bank->loops[row][i].codec == codec)
			return &bank->loops[row][i];

	return NULL;
}

static void sine(int16_t *pcm, size_t count, const struct service *service,
		 const struct codec *codec, size_t from)
{
	double peak = codec->dbm0_peak * pow(10, service->dbm0 / 20.0);
	double step = 2 * M_PI * service->hz / codec->rate;

	for (size_t i = 0; i < count; i++) {
		/* whole periods in a second: keeps the argument small */
		size_t n = (from + i) % codec->rate;

		pcm[i] = (int16_t)lrint(peak * sin(step * (double)n));
	}
}

static int render(struct sound_loop *loop, const struct service *service,
		  const struct codec *codec)
{
	size_t count = codec->rate * CODEC_FRAME_MS / 1000;
	int16_t pcm[48000 * CODEC_FRAME_MS / 1000];
	struct codec_enc *enc = NULL;
	int err = codec->enc_alloc(&enc);

	for (size_t i = 0; !err && i < SETTLE_FRAMES + SERVICE_FRAMES; i++) {
		size_t n = i < SETTLE_FRAMES ? 0 : i - SETTLE_FRAMES;

		sine(pcm, count, service, codec, i * count);
		err = codec->encode(enc, pcm, count, loop->frames[n].data,
				    &loop->frames[n].len, SERVICE_FRAME_MAX);
	}
	mem_deref(enc);
	loop->codec = codec;
	return err;
}

int sound_bank_alloc(struct sound_bank **bankp)
{
	struct sound_bank *bank = mem_zalloc(sizeof(*bank), NULL);
	const struct codec *codec;
	int err = 0;

	if (!bank)
		return ENOMEM;

	for (size_t row = 0; row < COUNTOF(services); row++)
		for (size_t i = 0; !err && (codec = codec_nth(i)) != NULL; i++)
			if (!services[row].reflects)
				err = render(&bank->loops[row][i],
					     &services[row], codec);
	if (err) {
		mem_deref(bank);
		return err;
	}
	*bankp = bank;
	return 0;
}
