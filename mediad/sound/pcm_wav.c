/*
 * pcm_wav.c  A WAV file as samples
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "mediad/sound/pcm.h"

enum {
	TAG_PCM = 1,
	TAG_ALAW = 6,
	TAG_ULAW = 7,
	TAG_MORE = 0xfffe, /* WAVE_FORMAT_EXTENSIBLE: it stands further on */
	FMT_LEN = 16,
	FMT_MORE = 26, /* up to the first bytes of its sub-format */
	CHUNK_HEAD = 8,
	RIFF_HEAD = 12,
	PIECE = 800, /* bytes of G.711 at a time */
};

struct wav {
	uint16_t tag, channels, bits;
	uint32_t rate;
	const uint8_t *data;
	size_t len;
};

static uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static int refuse(char why[PCM_WHY_MAX], int err, const char *text)
{
	str_ncpy(why, text, PCM_WHY_MAX);
	return err;
}

static bool read_fmt(struct wav *wav, const uint8_t *p, size_t len)
{
	if (len < FMT_LEN)
		return false;
	wav->tag = le16(p);
	wav->channels = le16(p + 2);
	wav->rate = le32(p + 4);
	wav->bits = le16(p + 14);
	if (wav->tag == TAG_MORE && len >= FMT_MORE)
		wav->tag = le16(p + 24);
	return true;
}

/* Chunks in any order; the first data behind a fmt is taken. A file that was
 * cut off has what there is of it. */
static bool read_chunks(struct wav *wav, const struct pcm_file *file)
{
	size_t at = RIFF_HEAD;
	bool fmt = false;

	while (file->len - at >= CHUNK_HEAD) {
		const uint8_t *head = file->data + at;
		size_t len = le32(head + 4), left = file->len - at - CHUNK_HEAD;

		if (len > left)
			len = left;
		if (!memcmp(head, "fmt ", 4))
			fmt = read_fmt(wav, head + CHUNK_HEAD, len);
		if (fmt && !memcmp(head, "data", 4)) {
			wav->data = head + CHUNK_HEAD;
			wav->len = len;
			return true;
		}
		/* chunks begin at even places */
		at += CHUNK_HEAD + len;
		if (len & 1 && at < file->len)
			at++;
	}
	return false;
}

static bool format_known(const struct wav *wav)
{
	if (wav->tag == TAG_ALAW || wav->tag == TAG_ULAW)
		return wav->bits == 8;
	return wav->tag == TAG_PCM && wav->bits && wav->bits <= 32 &&
	       wav->bits % 8 == 0;
}

/* --- samples -------------------------------------------------------------------- */

/* One sample as 16 bits; 8 bits are unsigned. */
static int16_t sample_at(const uint8_t *p, unsigned bytes)
{
	if (bytes == 1)
		return (int16_t)((p[0] - 128) * 256);
	return (int16_t)le16(p + bytes - 2);
}

static void put_linear(int16_t *to, const struct wav *wav, size_t count)
{
	const unsigned bytes = wav->bits / 8;
	const uint8_t *p = wav->data;

	for (size_t i = 0; i < count; i++) {
		int32_t sum = 0;

		for (unsigned c = 0; c < wav->channels; c++, p += bytes)
			sum += sample_at(p, bytes);
		to[i] = (int16_t)(sum / wav->channels);
	}
}

static int put_law(int16_t *to, const struct wav *wav, size_t count)
{
	const struct codec *codec =
		wav->tag == TAG_ALAW ? &codec_pcma : &codec_pcmu;
	const size_t step = PIECE / wav->channels;
	int16_t pcm[CODEC_SAMPLES_MAX];
	struct codec_dec *dec = NULL;
	int err = codec->dec_alloc(&dec);

	for (size_t at = 0; !err && at < count; at += step) {
		size_t n = min(step, count - at), got = 0;

		err = codec->decode(dec, wav->data + at * wav->channels,
				    n * wav->channels, pcm, &got);
		for (size_t i = 0; !err && i < n; i++)
			to[at + i] = wav->channels == 1
					     ? pcm[i]
					     : (int16_t)((pcm[2 * i] +
							  pcm[2 * i + 1]) /
							 2);
	}
	mem_deref(dec);
	return err;
}

int pcm_read_wav(struct pcm *pcm, const struct pcm_file *file,
		 char why[PCM_WHY_MAX])
{
	struct wav wav = {0};
	int err = 0;

	if (file->len < RIFF_HEAD || memcmp(file->data, "RIFF", 4) ||
	    memcmp(file->data + 8, "WAVE", 4))
		return refuse(why, EBADMSG, "no WAV file");
	if (!read_chunks(&wav, file))
		return refuse(why, EBADMSG, "no format and data in it");
	if (!format_known(&wav))
		return refuse(why, EBADMSG,
			      "neither PCM nor G.711 (A-law, u-law)");
	if (!wav.channels || wav.channels > 2)
		return refuse(why, EBADMSG, "neither mono nor stereo");
	if (wav.rate < PCM_RATE_MIN || wav.rate > PCM_RATE_MAX)
		return refuse(why, EBADMSG,
			      "its sample rate is not 8000 to 48000 Hz");

	pcm->rate = wav.rate;
	pcm->count = wav.len / (wav.channels * (wav.bits / 8u));
	if (!pcm->count)
		return refuse(why, EBADMSG, "there is no sound in it");
	if (pcm->count / wav.rate >= file->max_s)
		return refuse(why, EFBIG, "it is too long");
	pcm->samples =
		mem_alloc(pcm->count * sizeof(pcm->samples[0]), NULL);
	if (!pcm->samples)
		return refuse(why, ENOMEM, "out of memory");
	if (wav.tag == TAG_PCM)
		put_linear(pcm->samples, &wav, pcm->count);
	else
		err = put_law(pcm->samples, &wav, pcm->count);
	if (err)
		pcm->samples = mem_deref(pcm->samples);
	return err;
}
