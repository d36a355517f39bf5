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
	SERVICES = 4,
};

static const struct service services[SERVICES] = {
	{.name = "echo", .reflects = true},
	{.name = "tone", .hz = 440, .dbm0 = -10},
	{.name = "milliwatt", .hz = 1004, .dbm0 = 0},
	{.name = "sound", .named = true},
};

struct sound_bank {
	struct sound *sounds[SERVICES];
};

const struct service *service_find(const char *name)
{
	for (size_t i = 0; i < COUNTOF(services); i++)
		if (!strcmp(services[i].name, name))
			return &services[i];

	return NULL;
}

struct sound *sound_bank_of(const struct sound_bank *bank,
			    const struct service *service)
{
	return bank->sounds[service - services];
}

static void sine(struct pcm *pcm, const struct service *service,
		 const struct codec *codec)
{
	double peak = codec->dbm0_peak * pow(10, service->dbm0 / 20.0);
	double step = 2 * M_PI * service->hz / codec->rate;

	for (size_t i = 0; i < pcm->count; i++)
		/* whole periods in a second: keeps the argument small */
		pcm->samples[i] = (int16_t)lrint(
			peak * sin(step * (double)(i % codec->rate)));
}

static int render(struct sound *sound, const struct service *service,
		  const struct codec *codec)
{
	struct pcm pcm = {
		.count = codec->rate * CODEC_FRAME_MS / 1000 *
			 (SETTLE_FRAMES + SERVICE_FRAMES),
		.rate = codec->rate,
	};
	int err;

	pcm.samples = mem_alloc(pcm.count * sizeof(pcm.samples[0]), NULL);
	if (!pcm.samples)
		return ENOMEM;
	sine(&pcm, service, codec);
	err = sound_add(sound, codec, &pcm, SETTLE_FRAMES);
	mem_deref(pcm.samples);
	return err;
}

static int render_all(struct sound_bank *bank, size_t nr,
		      const struct codec_set *codecs)
{
	const struct codec *codec;
	int err = sound_alloc(&bank->sounds[nr], SERVICE_FRAMES);

	for (size_t i = 0; !err && (codec = codec_set_nth(codecs, i)); i++) {
		err = render(bank->sounds[nr], &services[nr], codec);
		if (i >= CODEC_BUILT_IN && err != ENOMEM)
			err = 0;
	}
	return err;
}

static void bank_destructor(void *data)
{
	struct sound_bank *bank = data;

	for (size_t i = 0; i < SERVICES; i++)
		mem_deref(bank->sounds[i]);
}

int sound_bank_alloc(struct sound_bank **bankp,
		     const struct codec_set *codecs)
{
	struct sound_bank *bank = mem_zalloc(sizeof(*bank), bank_destructor);
	int err = 0;

	if (!bank)
		return ENOMEM;

	for (size_t i = 0; !err && i < COUNTOF(services); i++)
		if (services[i].hz)
			err = render_all(bank, i, codecs);
	if (err) {
		mem_deref(bank);
		return err;
	}
	*bankp = bank;
	return 0;
}
