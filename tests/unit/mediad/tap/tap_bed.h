/*
 * tap_bed.h  For tests of taps and recordings: a worker's clock, a folder,
 *            senders of tones, and readers of what was written
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_UNIT_MEDIAD_TAP_TAP_BED_H
#define TESTS_UNIT_MEDIAD_TAP_TAP_BED_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <re.h>

#include "common/fault.h"
#include "common/loop.h"
#include "common/wheel.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/pcm.h"
#include "mediad/tap/tap.h"
#include "tests/lib/test.h"

enum {
	RATE = 16000,
	BEGIN_MS = 1000,
	BURST_MS = 100, /* at the begin of each second of its sender */
};

struct bed {
	char dir[200];
	struct wheel *wheel;
	struct recorder *recorder;
	struct tap *tap;
	struct recorder_cfg cfg;
	struct rec_report ended, lost, cut;
	struct rec_report hushed[2]; /* paused, resumed */
	unsigned nended, nlost, nhushed[2];
	unsigned why; /* is something lost: a bit for each reason */
};

static inline void on_report(const struct rec_report *report, void *arg)
{
	struct bed *bed = arg;

	if (report->news == REC_PAUSED || report->news == REC_RESUMED) {
		bed->hushed[report->news == REC_RESUMED] = *report;
		bed->nhushed[report->news == REC_RESUMED]++;
	} else if (report->news == REC_LOST) {
		bed->lost = *report;
		bed->nlost++;
		bed->why |= 1u << report->end;
	} else if (report->end == REC_CUT) {
		bed->cut = *report;
	} else {
		bed->ended = *report;
		bed->nended++;
	}
}

static inline struct recorder_cfg usual(const struct bed *bed, enum rec_format format)
{
	return (struct recorder_cfg){
		.dir = bed->dir,
		.format = format,
		.rate = RATE,
		.bitrate = 32000,
		.max_bytes = 1ull << 30,
		.max_s = 3600,
		.memory = 1 << 28,
	};
}

static inline bool bed_open(struct bed *bed, enum rec_format format)
{
	memset(bed, 0, sizeof(*bed));
	re_snprintf(bed->dir, sizeof(bed->dir), "%s/XXXXXX", test_tmpdir());
	if (!mkdtemp(bed->dir) || wheel_alloc(&bed->wheel, BEGIN_MS))
		return false;
	bed->cfg = usual(bed, format);
	return true;
}

static const struct rec_name tap_name = {
	.session = "00000000000000a1",
	.call = "00000000000000ca",
	.tenant = "te/st",
	.unix_s = 86400 * 365,
	.part = 1,
};

static inline bool tap_begin(struct bed *bed, const struct rec_name *of,
			     bool before)
{
	const struct tap_params params = {
		.wheel = bed->wheel, .name = *of, .before = before};
	struct tap_params all = params;

	if (!bed->recorder &&
	    recorder_alloc(&bed->recorder, &bed->cfg, on_report, bed))
		return false;
	all.recorder = bed->recorder;
	return !tap_alloc(&bed->tap, &all);
}

/* The end of the worker: all that was handed over is written. */
static inline void tap_end(struct bed *bed)
{
	bed->tap = mem_deref(bed->tap);
	bed->recorder = mem_deref(bed->recorder);
}

static inline void bed_close(struct bed *bed)
{
	tap_end(bed);
	mem_deref(bed->wheel);
}

static inline void path_of(char path[400], const struct bed *bed, const char *more)
{
	re_snprintf(path, 400, "%s/%s%s", bed->dir, bed->ended.file, more);
}

/* --- senders ---------------------------------------------------------------------- */

/* A side: a burst of a tone each second, by its own clock. */
struct sender {
	unsigned side;
	double ppm;
	unsigned loss;      /* percent */
	unsigned jitter_ms; /* at most */
	double pause_s;     /* sends nothing between this second of its own */
	double resume_s;    /* and this one */
	uint32_t k;         /* packet */
	uint32_t rnd;
	double next_ms; /* when it comes */
	uint8_t burst[160], quiet[160];
};

static inline uint32_t dice(struct sender *s)
{
	s->rnd = s->rnd * 1664525 + 1013904223;
	return s->rnd >> 16;
}

static inline double sent_ms(const struct sender *s)
{
	return s->k * 20.0 / (1 + s->ppm / 1e6);
}

static inline void sender_open(struct sender *s)
{
	struct codec_enc *enc = NULL;
	int16_t pcm[160];
	size_t len;

	s->rnd = s->side + 7;
	REQUIRE(codec_pcma.enc_alloc(&enc) == 0);
	for (int i = 0; i < 160; i++)
		pcm[i] = (int16_t)lrint(8000 * sin(2 * M_PI * i / 8));
	CHECK_INT(codec_pcma.encode(enc, pcm, 160, s->burst, &len, 160), 0);
	memset(s->quiet, 0xd5, sizeof(s->quiet));
	mem_deref(enc);
	s->next_ms = dice(s) % (s->jitter_ms + 1);
}

static inline void send_one(struct bed *bed, struct sender *s)
{
	const double at_s = s->k * 0.02;
	const bool burst = s->k % 50 < BURST_MS / 20;
	const struct tap_pkt pkt = {
		.codec = &codec_pcma,
		.now_ms = wheel_now(bed->wheel),
		.ext = (1ull << 32) + s->k,
		.gen = 1,
		.ts = 0xffffff00u + s->k * 160,
		.data = burst ? s->burst : s->quiet,
		.len = 160,
	};
	double next;

	if (dice(s) % 100 >= s->loss && (at_s < s->pause_s ||
					 at_s >= s->resume_s))
		tap_put(bed->tap, s->side, &pkt);
	s->k++;
	next = sent_ms(s) + dice(s) % (s->jitter_ms + 1);
	s->next_ms = next > s->next_ms ? next : s->next_ms;
}

static inline void run(struct bed *bed, struct sender *s, size_t n, unsigned ms)
{
	for (unsigned t = 0; t < ms; t++) {
		wheel_advance(bed->wheel, BEGIN_MS + t);
		for (size_t i = 0; i < n; i++)
			while (s[i].next_ms <= t)
				send_one(bed, &s[i]);
	}
	wheel_advance(bed->wheel, BEGIN_MS + ms);
}

/* --- what is there ------------------------------------------------------------ */

static inline bool have_sox(void)
{
	return !system("command -v soxi >/dev/null");
}

/* By another reader; -1: it cannot. */
static inline double length_by_sox(const char *path)
{
	char cmd[300];
	double s = -1;
	FILE *f;

	re_snprintf(cmd, sizeof(cmd), "soxi -D %s", path);
	f = popen(cmd, "r");
	if (f) {
		if (fscanf(f, "%lf", &s) != 1)
			s = -1;
		pclose(f);
	}
	return s;
}

/* By libopusfile; -1: it cannot. */
static inline double length_by_opusfile(const char *path)
{
	static uint8_t data[1 << 20];
	struct pcm pcm = {.samples = NULL};
	struct pcm_file file = {.data = data, .max_s = 1000};
	char why[PCM_WHY_MAX];
	double s = -1;
	FILE *f = fopen(path, "rb");

	if (!f)
		return -1;
	file.len = fread(data, 1, sizeof(data), f);
	fclose(f);
	if (!pcm_read_ogg(&pcm, &file, why))
		s = (double)pcm.count / pcm.rate;
	mem_deref(pcm.samples);
	return s;
}

/* NULL: none from now on. */
static inline void fault_set(const char *spec)
{
	if (spec)
		CHECK(!setenv("CORDBOARD_FAULT", spec, 1));
	fault_process("t", 1);
	unsetenv("CORDBOARD_FAULT");
	if (!spec)
		fault_process("t", 1);
}

static inline bool there(const char *path)
{
	struct stat st;

	return !stat(path, &st);
}

/* -1: they cannot be counted. */
static inline int files_in(const char *dir)
{
	char cmd[300];
	int count = -1;
	FILE *f;

	re_snprintf(cmd, sizeof(cmd), "find %s -type f | wc -l", dir);
	f = popen(cmd, "r");
	if (f) {
		if (fscanf(f, "%d", &count) != 1)
			count = -1;
		pclose(f);
	}
	return count;
}

/* The first test of a program. */
static inline void main_loop(void)
{
	CHECK_INT(loop_init(256), 0);
}

#endif
