/*
 * voice.c  The same speech for all that is measured, encoded beforehand
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <opus.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "tests/bench/lib/marks.h"
#include "tests/bench/lib/voice.h"
#include "tests/lib/speech.h"

/* Frame nr of 20 ms. */
static void mark(int16_t *pcm, size_t count, unsigned nr)
{
	for (size_t i = 0; i < count; i++) {
		const double turn = 2 * M_PI * 20 * (double)i / (double)count;

		pcm[i] = nr % MARKS_EACH ? pcm[i] / 8
					 : (int16_t)(MARKS_TONE * sin(turn));
	}
}

static int opus(struct voice_frame *frames, unsigned count, bool marked)
{
	struct speech sp = speech_begin(48000);
	int code;
	OpusEncoder *enc =
		opus_encoder_create(48000, 1, OPUS_APPLICATION_VOIP, &code);
	int16_t pcm[960];

	if (!enc)
		return ENOMEM;
	opus_encoder_ctl(enc, OPUS_SET_BITRATE(32000));
	opus_encoder_ctl(enc, OPUS_SET_INBAND_FEC(1));
	opus_encoder_ctl(enc, OPUS_SET_PACKET_LOSS_PERC(1));
	for (unsigned i = 0; i < count; i++) {
		int n;

		speech_make(&sp, pcm, 960);
		if (marked)
			mark(pcm, 960, i);
		n = opus_encode(enc, pcm, 960, frames[i].data, VOICE_MAX);
		frames[i].len = n > 0 ? (size_t)n : 1;
	}
	opus_encoder_destroy(enc);
	return 0;
}

static int pcmu(struct voice_frame *frames, unsigned count, bool marked)
{
	struct speech sp = speech_begin(8000);
	struct codec_enc *enc = NULL;
	int16_t pcm[160];
	int err = codec_pcmu.enc_alloc(&enc);

	for (unsigned i = 0; i < count && !err; i++) {
		speech_make(&sp, pcm, 160);
		if (marked)
			mark(pcm, 160, i);
		err = codec_pcmu.encode(enc, pcm, 160, frames[i].data,
					&frames[i].len, VOICE_MAX);
	}
	mem_deref(enc);
	return err;
}

int voice_opus(struct voice_frame *frames, unsigned count)
{
	return opus(frames, count, false);
}

int voice_pcmu(struct voice_frame *frames, unsigned count)
{
	return pcmu(frames, count, false);
}

int voice_opus_marked(struct voice_frame *frames, unsigned count)
{
	return opus(frames, count, true);
}

int voice_pcmu_marked(struct voice_frame *frames, unsigned count)
{
	return pcmu(frames, count, true);
}
