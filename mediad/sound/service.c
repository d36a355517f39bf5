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
	CODECS_MAX = 5,
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

/* The frame behind those that there are. */
static int keep(struct sound_loop *loop, size_t nr, const uint8_t *buf,
		size_t len)
{
	/* what services encode are frames of one length: CBR */
	if (!loop->bytes)
		loop->bytes = mem_alloc(len * SERVICE_FRAMES, NULL);
	if (!loop->bytes)
		return ENOMEM;
	if (nr && len != loop->frames[0].len)
		return EINVAL;
	memcpy(loop->bytes + nr * len, buf, len);
	loop->frames[nr] = (struct sound_frame){loop->bytes + nr * len, len};
	return 0;
}

static int render(struct sound_loop *loop, const struct service *service,
		  const struct codec *codec)
{
	size_t count = codec->rate * CODEC_FRAME_MS / 1000;
	int16_t pcm[48000 * CODEC_FRAME_MS / 1000];
	uint8_t buf[SERVICE_FRAME_MAX];
	struct codec_enc *enc = NULL;
	int err = codec->enc_alloc(&enc);

	for (size_t i = 0; !err && i < SETTLE_FRAMES + SERVICE_FRAMES; i++) {
		size_t len = 0;

		sine(pcm, count, service, codec, i * count);
		err = codec->encode(enc, pcm, count, buf, &len, sizeof(buf));
		if (!err && i >= SETTLE_FRAMES)
			err = keep(loop, i - SETTLE_FRAMES, buf, len);
	}
	mem_deref(enc);
	loop->codec = codec;
	return err;
}

static void bank_destructor(void *data)
{
	struct sound_bank *bank = data;

	for (size_t row = 0; row < SERVICES; row++)
		for (size_t i = 0; i < CODECS_MAX; i++)
			mem_deref(bank->loops[row][i].bytes);
}

int sound_bank_alloc(struct sound_bank **bankp)
{
	struct sound_bank *bank = mem_zalloc(sizeof(*bank), bank_destructor);
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
