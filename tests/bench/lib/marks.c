/*
 * marks.c  How long sound was under way, through whatever codecs
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "tests/bench/lib/marks.h"

enum {
	BUCKET_US = 100
};

int marks_ear_open(struct marks_ear *ear, const struct codec *codec)
{
	*ear = (struct marks_ear){.codec = codec};
	return codec->dec_alloc(&ear->dec);
}

void marks_ear_close(struct marks_ear *ear)
{
	mem_deref(ear->dec);
	*ear = (struct marks_ear){.dec = NULL};
}

void marks_hear(struct marks *marks, struct marks_ear *ear, uint64_t now_us,
		const uint8_t *payload, size_t len)
{
	int16_t pcm[CODEC_SAMPLES_MAX];
	size_t count = 0, at = 0;
	uint64_t bucket;

	if (ear->codec->decode(ear->dec, payload, len, pcm, &count) ||
	    !ear->sent_us)
		return;
	while (at < count && abs(pcm[at]) < MARKS_LOUD)
		at++;
	if (at == count)
		return;

	bucket = (now_us - ear->sent_us + at * 1000000 / ear->codec->rate) /
		 BUCKET_US;
	++marks->delays[bucket < MARKS_BUCKETS ? bucket : MARKS_BUCKETS - 1];
	++marks->count;
	ear->sent_us = 0;
}

double marks_percentile(const struct marks *marks, double share)
{
	const double want = share * marks->count;
	unsigned i, n = 0;

	if (!marks->count)
		return 0;
	for (i = 0; i < MARKS_BUCKETS - 1 && n + marks->delays[i] < want; i++)
		n += marks->delays[i];
	return (double)(i + 1) * BUCKET_US / 1000;
}
