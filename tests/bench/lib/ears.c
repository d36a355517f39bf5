/*
 * ears.c  A receiver: what it heard of a stream, and when, as sound
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include <spandsp/telephony.h>
#include <spandsp/plc.h>

#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/ears.h"

enum {
	FRAME_US = 20000,
	AGAIN_US = 40000,
	LATE_MAX = 3
};

struct hearing {
	const struct codec *codec;
	struct codec_dec *dec;
	plc_state_t *plc; /* NULL: the codec has its own */
	int16_t *pcm;
	size_t at, count, frame;
	double first_us, shift_us;
	unsigned late; /* in a row */
};

static int by_time(const void *a, const void *b)
{
	const struct ears_packet *x = a, *y = b;
	int32_t d = (int32_t)(x->ts - y->ts);

	return d < 0 ? -1 : d > 0;
}

/* When the first one would have come if none had been delayed. */
static double quickest(const struct ears *ears, uint32_t clock)
{
	double least = 1e30;

	for (unsigned i = 0; i < ears->count; i++)
		least = fmin(least,
			     ears->packets[i].at_us -
				     (int32_t)(ears->packets[i].ts -
					       ears->packets[0].ts) *
					     1e6 / clock);
	return least;
}

/* Up to a packet that is next. */
static void make_up(struct hearing *h, size_t to,
		    const struct ears_packet *next)
{
	if (to > h->count)
		to = h->count;
	if (to - h->at > 50 * h->frame)
		h->at = to - 50 * h->frame;
	h->at += (to - h->at) % h->frame;
	for (; h->at < to; h->at += h->frame) {
		bool last = h->at + h->frame == to;

		if (h->plc)
			(void)plc_fillin(h->plc, h->pcm + h->at, (int)h->frame);
		else
			(void)h->codec->voice_conceal(
				h->dec, last ? next->data : NULL,
				last ? next->len : 0, h->pcm + h->at, h->frame);
	}
}

static void take(struct hearing *h, size_t at, const struct ears_packet *p)
{
	int16_t pcm[CODEC_VOICE_MAX];
	size_t n = 0;

	if (at + CODEC_VOICE_MAX > h->count ||
	    h->codec->decode(h->dec, p->data, p->len, pcm, &n))
		return;
	if (h->plc)
		(void)plc_rx(h->plc, pcm, (int)n);
	memcpy(h->pcm + at, pcm, n * sizeof(*pcm));
	h->at = at + n;
}

/* Its place in what is played; false: it is too late. */
static bool place(struct ears *ears, struct hearing *h, uint32_t rate,
		  const struct ears_packet *p, size_t *at)
{
	const uint32_t ticks = p->ts - ears->packets[0].ts;
	const double slot_us = ticks * 1e6 / h->codec->clock + h->shift_us;
	const double late_us = p->at_us - h->first_us - slot_us;

	*at = codec_samples(h->codec, rate, ticks) +
	      (size_t)(h->shift_us / 1e6 * rate + 0.5);
	if (late_us <= EARS_BUFFER_US) {
		h->late = 0;
		return true;
	}
	ears->late++;
	if (++h->late < LATE_MAX)
		return false;
	/* whole frames: what goes on does so in step */
	h->shift_us += FRAME_US * ceil((late_us - EARS_BUFFER_US + AGAIN_US) /
				       FRAME_US);
	h->late = 0;
	return place(ears, h, rate, p, at);
}

void ears_sound(struct ears *ears, const struct codec *codec, uint32_t rate,
		int16_t *pcm, size_t count)
{
	struct hearing h = {.codec = codec,
			    .pcm = pcm,
			    .count = count,
			    .frame = rate / 50};

	memset(pcm, 0, count * sizeof(*pcm));
	if (!ears->count || codec->voice_dec_alloc(&h.dec, rate))
		bench_die("nothing was heard");
	if (codec != &codec_opus)
		h.plc = plc_init(NULL);
	qsort(ears->packets, ears->count, sizeof(ears->packets[0]), by_time);
	h.first_us = quickest(ears, codec->clock);
	ears->missing = ears->late = 0;
	for (unsigned i = 0; i < ears->count; i++) {
		const struct ears_packet *p = &ears->packets[i];
		size_t at;

		if (!place(ears, &h, rate, p, &at))
			continue;
		if (at > h.at) {
			ears->missing += (unsigned)((at - h.at) / h.frame);
			make_up(&h, at, p);
		}
		take(&h, at, p);
	}
	mem_deref(h.dec);
	if (h.plc)
		(void)plc_free(h.plc);
}
