/*
 * quality_conceal.c  What is made for lost packets, beside libspandsp and
 *                    libopus
 *
 * Frames of 20 ms of speech are lost, one by one or in bursts, and made up for
 * in several ways. Judged are those frames alone, beside the same codec
 * without loss: mean SNR, each from -10 to 15 dB; and the log-spectral distance
 * of 32 ms around them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include <spandsp/telephony.h>
#include <spandsp/plc.h>

#include "common/countof.h"
#include "mediad/sound/codec.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/corpus.h"

enum {
	PAYLOAD_MAX = 400,
	WINDOW = 256,
	SAID = 200,
	LEARN = 5 /* frames at the begin that come */
};

enum way {
	SILENCE,
	APPENDIX, /* libspandsp's form of G.711 Appendix I */
	ALONE,    /* the codec's, without the next packet */
	OURS,     /* with it */
	WAYS
};

static const struct subject {
	const char *name;
	const struct codec *codec;
	uint32_t rate;
	enum way way;
} subjects[] = {
	{"G.711, silence", &codec_pcmu, 8000, SILENCE},
	{"G.711, libspandsp (Appendix I)", &codec_pcmu, 8000, APPENDIX},
	{"G.711, the last period goes on", &codec_pcmu, 8000, ALONE},
	{"G.711, ours", &codec_pcmu, 8000, OURS},
	{"G.722, silence", &codec_g722, 16000, SILENCE},
	{"G.722, the last period goes on", &codec_g722, 16000, ALONE},
	{"G.722, ours", &codec_g722, 16000, OURS},
	{"Opus, libopus", &codec_opus, 16000, ALONE},
	{"Opus, libopus with LBRR", &codec_opus, 16000, OURS},
};

struct frame {
	size_t len;
	uint8_t data[PAYLOAD_MAX];
};

static struct corpus corpus;
static struct frame frames[CORPUS_FRAMES];
static int16_t clean[CORPUS_WIDE], made[CORPUS_WIDE];
static bool lost[CORPUS_FRAMES];

static void lose(double share, double burst)
{
	const double bad = 1 / burst, good = share * bad / (1 - share);
	uint32_t rnd = 77;

	for (unsigned n = 0; n < CORPUS_FRAMES; n++) {
		double dice;

		rnd = rnd * 1664525u + 1013904223u;
		dice = (rnd >> 8) / (double)(1 << 24);
		lost[n] = n >= LEARN && n + 2 < CORPUS_FRAMES &&
			  dice < (burst <= 1	 ? share
				  : lost[n - 1] ? 1 - bad
						: good);
	}
}

static void encode(const struct subject *s)
{
	const struct codec_voice voice = {
		.rate = s->rate, .bitrate = 32000, .complexity = 5, .fec = true};
	const int16_t *pcm = s->rate > 8000 ? corpus.wide : corpus.narrow;
	struct codec_enc *enc = NULL;

	if (s->codec->voice_enc_alloc(&enc, &voice))
		bench_die("no encoder");
	s->codec->voice_loss(enc, 10);
	for (unsigned n = 0; n < CORPUS_FRAMES; n++)
		(void)s->codec->encode(enc, pcm + n * (s->rate / 50),
				       s->rate / 50, frames[n].data,
				       &frames[n].len, PAYLOAD_MAX);
	mem_deref(enc);
}

static void conceal(const struct subject *s, struct codec_dec *dec,
		    plc_state_t *plc, unsigned n, unsigned count)
{
	const size_t frame = s->rate / 50;
	int16_t *pcm = made + n * frame;
	const struct frame *next = &frames[n + count];

	if (s->way == SILENCE)
		memset(pcm, 0, count * frame * sizeof(*pcm));
	else if (s->way == APPENDIX)
		(void)plc_fillin(plc, pcm, (int)(count * frame));
	else
		(void)s->codec->voice_conceal(
			dec, s->way == OURS ? next->data : NULL, next->len, pcm,
			count * frame);
}

/* As many frames at once as are lost, up to 100 ms; then silence. */
static void run(const struct subject *s, int16_t *out, bool faults)
{
	const size_t frame = s->rate / 50;
	struct codec_dec *dec = NULL;
	plc_state_t *plc = plc_init(NULL);
	size_t len;

	if (!plc || s->codec->voice_dec_alloc(&dec, s->rate))
		bench_die("no decoder");
	memset(out, 0, CORPUS_WIDE * sizeof(*out));
	for (unsigned n = 0; n < CORPUS_FRAMES; n++) {
		unsigned count = 0;

		while (faults && lost[n + count] && count < 5)
			count++;
		if (count) {
			conceal(s, dec, plc, n, count);
			n += count - 1;
			continue;
		}
		(void)s->codec->decode(dec, frames[n].data, frames[n].len,
				       out + n * frame, &len);
		(void)plc_rx(plc, out + n * frame, (int)frame);
	}
	mem_deref(dec);
	(void)plc_free(plc);
}

static double power_at(const int16_t *pcm, unsigned bin)
{
	double re = 0, im = 0;

	for (unsigned i = 0; i < WINDOW; i++) {
		const double w = 0.5 - 0.5 * cos(2 * M_PI * i / WINDOW);

		re += pcm[i] * w * cos(2 * M_PI * bin * i / WINDOW);
		im += pcm[i] * w * sin(2 * M_PI * bin * i / WINDOW);
	}
	return re * re + im * im;
}

static double distance(const int16_t *a, const int16_t *b)
{
	const unsigned from = 6, to = 110;
	double sum = 0;

	for (unsigned k = from; k < to; k++) {
		const double d = 10 * log10((power_at(a, k) + 1e6) /
					    (power_at(b, k) + 1e6));

		sum += d * d;
	}
	return sqrt(sum / (to - from));
}

static void judge_lost(const struct subject *s, double *snr, double *lsd)
{
	const size_t frame = s->rate / 50;
	unsigned said = 0;

	*snr = *lsd = 0;
	for (unsigned n = 2; n + 2 < CORPUS_FRAMES; n++) {
		const int16_t *a = clean + n * frame, *b = made + n * frame;
		double power = 1, noise = 1;

		for (size_t i = 0; i < frame; i++) {
			power += (double)a[i] * a[i];
			noise += ((double)b[i] - a[i]) * ((double)b[i] - a[i]);
		}
		if (!lost[n] || power < (double)SAID * SAID * (double)frame)
			continue;
		*snr += fmax(-10, fmin(15, 10 * log10(power / noise)));
		*lsd += distance(a + (long)frame / 2 - WINDOW / 2,
				 b + (long)frame / 2 - WINDOW / 2);
		said++;
	}
	*snr /= said + !said;
	*lsd /= said + !said;
}

int main(void)
{
	static const double nets[][2] = {{0.05, 1}, {0.10, 1}, {0.10, 2.5}};

	if (libre_init())
		return 1;
	corpus_load(&corpus);
	printf("lost frames of 20 ms: SNR / spectral distance, dB\n"
	       "| made by | 5 %% | 10 %% | 10 %% in bursts |\n|---|---|---|---|\n");
	for (size_t i = 0; i < COUNTOF(subjects); i++) {
		const struct subject *s = &subjects[i];

		encode(s);
		run(s, clean, false);
		printf("| %s |", s->name);
		for (unsigned k = 0; k < COUNTOF(nets); k++) {
			double snr, lsd;

			lose(nets[k][0], nets[k][1]);
			run(s, made, true);
			judge_lost(s, &snr, &lsd);
			printf(" %.1f / %.1f |", snr, lsd);
		}
		printf("\n");
	}
	libre_close();
	return 0;
}
