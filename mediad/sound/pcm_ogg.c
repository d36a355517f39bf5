/*
 * pcm_ogg.c  An Ogg Opus file as samples, by libopusfile
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <opus/opusfile.h>

#include "mediad/sound/pcm.h"

enum {
	RATE = 48000,      /* of all that libopusfile decodes */
	PIECE_MAX = 11520, /* samples of all channels: 120 ms of stereo */
	ROOM_FIRST = RATE * 10,
};

static int refuse(char why[PCM_WHY_MAX], int err, const char *text)
{
	str_ncpy(why, text, PCM_WHY_MAX);
	return err;
}

static int make_room(struct pcm *pcm, size_t *room, size_t more)
{
	int16_t *grown;
	size_t want = *room;

	while (want < pcm->count + more)
		want = want ? 2 * want : ROOM_FIRST;
	if (want == *room)
		return 0;
	grown = mem_reallocarray(pcm->samples, want, sizeof(*grown), NULL);
	if (!grown)
		return ENOMEM;
	pcm->samples = grown;
	*room = want;
	return 0;
}

static void mix(int16_t *to, const opus_int16 *from, size_t count,
		int channels)
{
	for (size_t i = 0; i < count; i++) {
		int32_t sum = 0;

		for (int c = 0; c < channels; c++)
			sum += *from++;
		to[i] = (int16_t)(sum / channels);
	}
}

/* The bound is on what comes out: a file may say what it likes. */
static int read_all(struct pcm *pcm, OggOpusFile *of, uint32_t max_s,
		    char why[PCM_WHY_MAX])
{
	opus_int16 piece[PIECE_MAX];
	size_t room = 0;

	for (;;) {
		int link, channels, n = op_read(of, piece, PIECE_MAX, &link);

		if (n == OP_HOLE)
			continue;
		if (n < 0)
			return refuse(why, EBADMSG, "it is damaged");
		if (!n)
			break;
		channels = op_channel_count(of, link);
		if (channels < 1 || channels > 2)
			return refuse(why, EBADMSG, "neither mono nor stereo");
		if (pcm->count + (size_t)n > (size_t)max_s * RATE)
			return refuse(why, EFBIG, "it is too long");
		if (make_room(pcm, &room, (size_t)n))
			return refuse(why, ENOMEM, "out of memory");
		mix(pcm->samples + pcm->count, piece, (size_t)n, channels);
		pcm->count += (size_t)n;
	}
	return pcm->count ? 0
			  : refuse(why, EBADMSG, "there is no sound in it");
}

int pcm_read_ogg(struct pcm *pcm, const struct pcm_file *file,
		 char why[PCM_WHY_MAX])
{
	int code = 0, err;
	OggOpusFile *of = op_open_memory(file->data, file->len, &code);

	*pcm = (struct pcm){.rate = RATE};
	if (!of)
		return refuse(why, code == OP_EFAULT ? ENOMEM : EBADMSG,
			      "no Ogg Opus file");
	err = read_all(pcm, of, file->max_s, why);
	op_free(of);
	if (err)
		pcm->samples = mem_deref(pcm->samples);
	return err;
}
