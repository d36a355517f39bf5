/*
 * sound.c  A sound, encoded for every codec
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/sound/bank.h"
#include "mediad/sound/codec.h"

enum {
	RATE_MAX = 48000,
	FRAMES_S = 1000 / CODEC_FRAME_MS,
};

static void sound_destructor(void *data)
{
	struct sound *sound = data;

	for (size_t i = 0; i < SOUND_CODECS_MAX; i++) {
		mem_deref(sound->clips[i].at);
		mem_deref(sound->clips[i].bytes);
	}
}

/* What is being encoded. */
struct render {
	struct sound_clip *clip;
	const struct pcm *pcm; /* at the codec's rate */
	uint32_t settle;
	size_t room, used; /* bytes */
};

static int put_frame(struct render *r, uint32_t nr, const uint8_t *buf,
		     size_t len)
{
	if (r->used + len > r->room) {
		size_t room = 2 * r->room + SERVICE_FRAME_MAX;
		uint8_t *bytes = mem_realloc(r->clip->bytes, room);

		if (!bytes)
			return ENOMEM;
		r->clip->bytes = bytes;
		r->room = room;
	}
	memcpy(r->clip->bytes + r->used, buf, len);
	r->clip->at[nr] = (uint32_t)r->used;
	r->used += len;
	return 0;
}

static int encode_frame(struct render *r, struct codec_enc *enc, uint32_t nr)
{
	const struct codec *codec = r->clip->codec;
	const size_t count = codec->rate / FRAMES_S;
	int16_t pcm[RATE_MAX / FRAMES_S] = {0};
	uint8_t buf[SERVICE_FRAME_MAX];
	size_t at = (size_t)nr * count, len = 0;
	int err;

	if (at < r->pcm->count)
		memcpy(pcm, r->pcm->samples + at,
		       min(count, r->pcm->count - at) * sizeof(pcm[0]));
	err = codec->encode(enc, pcm, count, buf, &len, sizeof(buf));
	if (err || nr < r->settle)
		return err;
	return put_frame(r, nr - r->settle, buf, len);
}

static int render_frames(struct render *r, uint32_t nframes)
{
	struct codec_enc *enc = NULL;
	int err = r->clip->codec->enc_alloc(&enc);

	for (uint32_t i = 0; !err && i < nframes + r->settle; i++)
		err = encode_frame(r, enc, i);
	mem_deref(enc);
	return err;
}

static int render(struct sound *sound, struct render *r)
{
	struct sound_clip *clip = r->clip;
	uint8_t *fit;
	int err;

	clip->nframes = sound->nframes;
	clip->at = mem_zalloc((sound->nframes + 1) * sizeof(clip->at[0]),
			      NULL);
	clip->bytes = mem_alloc(SERVICE_FRAME_MAX, NULL);
	if (!clip->at || !clip->bytes)
		return ENOMEM;
	r->room = SERVICE_FRAME_MAX;
	err = render_frames(r, sound->nframes);
	if (err)
		return err;
	clip->at[sound->nframes] = (uint32_t)r->used;
	fit = mem_realloc(clip->bytes, r->used + 1);
	if (fit)
		clip->bytes = fit;
	return 0;
}

int sound_add(struct sound *sound, const struct codec *codec,
	      const struct pcm *pcm, uint32_t settle)
{
	struct render r = {.pcm = pcm, .settle = settle};
	int err;

	for (size_t i = 0; i < SOUND_CODECS_MAX && !r.clip; i++)
		if (!sound->clips[i].codec)
			r.clip = &sound->clips[i];
	if (!r.clip || pcm->rate != codec->rate)
		return EINVAL;
	r.clip->codec = codec;
	err = render(sound, &r);
	if (err) {
		mem_deref(r.clip->at);
		mem_deref(r.clip->bytes);
		*r.clip = (struct sound_clip){.codec = NULL};
	}
	return err;
}

static int convert_add(struct sound *sound, const struct codec *codec,
		       const struct pcm *pcm)
{
	struct pcm own;
	int err = pcm_convert(&own, pcm, codec->rate);

	if (err)
		return err;
	err = sound_add(sound, codec, &own, 0);
	mem_deref(own.samples);
	return err;
}

int sound_alloc(struct sound **soundp, uint32_t nframes)
{
	struct sound *sound;

	if (!nframes || nframes > UINT32_MAX / SERVICE_FRAME_MAX)
		return EINVAL;
	sound = mem_zalloc(sizeof(*sound), sound_destructor);
	if (!sound)
		return ENOMEM;
	sound->nframes = nframes;
	*soundp = sound;
	return 0;
}

int sound_make(struct sound **soundp, const struct pcm *pcm,
	       const struct codec_set *codecs)
{
	struct sound *sound;
	const struct codec *codec;
	const uint64_t frames =
		((uint64_t)pcm->count * FRAMES_S + pcm->rate - 1) / pcm->rate;
	int err = frames && frames < UINT32_MAX
			  ? sound_alloc(&sound, (uint32_t)frames)
			  : EINVAL;

	if (err)
		return err;
	for (size_t i = 0; !err && (codec = codec_set_nth(codecs, i)); i++) {
		err = convert_add(sound, codec, pcm);
		/* others play it */
		if (i >= CODEC_BUILT_IN && err != ENOMEM)
			err = 0;
	}
	if (err)
		mem_deref(sound);
	else
		*soundp = sound;
	return err;
}

const struct sound_clip *sound_clip_of(const struct sound *sound,
				       const struct codec *codec)
{
	for (size_t i = 0; i < SOUND_CODECS_MAX; i++)
		if (sound->clips[i].codec && sound->clips[i].codec == codec)
			return &sound->clips[i];
	return NULL;
}

size_t sound_size(const struct sound *sound)
{
	size_t size = sizeof(*sound);

	for (size_t i = 0; i < SOUND_CODECS_MAX; i++) {
		const struct sound_clip *clip = &sound->clips[i];

		if (clip->codec)
			size += (clip->nframes + 1) * sizeof(clip->at[0]) +
				clip->at[clip->nframes];
	}
	return size;
}
