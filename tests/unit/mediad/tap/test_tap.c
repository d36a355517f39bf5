/*
 * test_tap.c  Recordings: as long as the call, both sides in step, whatever the
 *             clocks, the network and the disk do
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "common/fault.h"
#include "common/loop.h"
#include "common/wheel.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/pcm.h"
#include "mediad/tap/fork.h"
#include "mediad/tap/tap.h"
#include "tests/lib/test.h"

enum {
	RATE = 16000,
	BEGIN_MS = 1000,
	BURST_MS = 100, /* at the begin of each second of its sender */
	LATE_MS = 30,
	LATE_MOST = 15, /* of 597, with a loss of 2 % */
};

struct bed {
	char dir[64];
	struct wheel *wheel;
	struct recorder *recorder;
	struct tap *tap;
	struct recorder_cfg cfg;
	struct rec_report ended, lost, cut;
	unsigned nended, nlost;
	unsigned why; /* is something lost: a bit for each reason */
};

static void on_report(const struct rec_report *report, void *arg)
{
	struct bed *bed = arg;

	if (report->lost) {
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

static struct recorder_cfg usual(const struct bed *bed, enum rec_format format)
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

static bool bed_open(struct bed *bed, enum rec_format format)
{
	memset(bed, 0, sizeof(*bed));
	strcpy(bed->dir, "/tmp/cordboard-tap-XXXXXX");
	if (!mkdtemp(bed->dir) || wheel_alloc(&bed->wheel, BEGIN_MS))
		return false;
	bed->cfg = usual(bed, format);
	return true;
}

static const struct rec_name name = {
	.session = "00000000000000a1",
	.call = "00000000000000ca",
	.tenant = "te/st",
	.unix_s = 86400 * 365,
	.part = 1,
};

static bool tap_begin(struct bed *bed, const struct rec_name *of, bool before)
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
static void tap_end(struct bed *bed)
{
	bed->tap = mem_deref(bed->tap);
	bed->recorder = mem_deref(bed->recorder);
}

static void bed_close(struct bed *bed)
{
	char cmd[100];

	tap_end(bed);
	mem_deref(bed->wheel);
	re_snprintf(cmd, sizeof(cmd), "rm -rf %s", bed->dir);
	CHECK(!system(cmd));
}

static void path_of(char path[200], const struct bed *bed, const char *more)
{
	re_snprintf(path, 200, "%s/%s%s", bed->dir, bed->ended.file, more);
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

static uint32_t dice(struct sender *s)
{
	s->rnd = s->rnd * 1664525 + 1013904223;
	return s->rnd >> 16;
}

static double sent_ms(const struct sender *s)
{
	return s->k * 20.0 / (1 + s->ppm / 1e6);
}

static void sender_open(struct sender *s)
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

static void send_one(struct bed *bed, struct sender *s)
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

static void run(struct bed *bed, struct sender *s, size_t n, unsigned ms)
{
	for (unsigned t = 0; t < ms; t++) {
		wheel_advance(bed->wheel, BEGIN_MS + t);
		for (size_t i = 0; i < n; i++)
			while (s[i].next_ms <= t)
				send_one(bed, &s[i]);
	}
	wheel_advance(bed->wheel, BEGIN_MS + ms);
}

/* --- what is in a file ----------------------------------------------------------- */

/* The samples of a side from a second on: where the burst begins, ms behind
 * it; -1: there is none. */
static double onset(FILE *f, unsigned side, double from_s)
{
	const long first = (long)(from_s * RATE);
	int16_t pair[2];
	unsigned loud = 0;

	CHECK(!fseek(f, 44 + 4 * first, SEEK_SET));
	for (long i = 0; i < RATE; i++) {
		if (fread(pair, 4, 1, f) != 1)
			return -1;
		loud = abs(pair[side]) > 2000 ? loud + 1 : 0;
		if (loud)
			return i * 1000.0 / RATE;
	}
	return -1;
}

static bool have_sox(void)
{
	return !system("command -v soxi >/dev/null");
}

/* By another reader; -1: it cannot. */
static double length_by_sox(const char *path)
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
static double length_by_opusfile(const char *path)
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
static void fault_set(const char *spec)
{
	if (spec)
		CHECK(!setenv("CORDBOARD_FAULT", spec, 1));
	fault_process("t", 1);
	unsetenv("CORDBOARD_FAULT");
	if (!spec)
		fault_process("t", 1);
}

static bool there(const char *path)
{
	struct stat st;

	return !stat(path, &st);
}

/* --- tests ------------------------------------------------------------------------- */

/* How far the bursts of a side are from when they were sent, by our clock. */
struct steps {
	unsigned found, late;
	double worst; /* ms, of those that are not late */
	double sum;
};

static struct steps steps_of(FILE *f, const struct sender *s)
{
	struct steps st = {.found = 0};

	for (unsigned k = 1; k < 598; k++) {
		double off = onset(f, s->side,
				   k / (1 + s->ppm / 1e6) - 0.1);

		if (off < 0)
			continue;
		st.found++;
		off -= 100;
		/* a lost packet makes a burst begin later by its 20 ms */
		if (off > LATE_MS) {
			st.late++;
			continue;
		}
		st.sum += off;
		st.worst = fabs(off) > fabs(st.worst) ? off : st.worst;
	}
	return st;
}

static void ten_minutes_are_ten_minutes_and_in_step(void)
{
	struct sender s[2] = {
		{.side = 0, .ppm = 200, .loss = 2, .jitter_ms = 30},
		{.side = 1, .ppm = -200, .loss = 2, .jitter_ms = 30},
	};
	char path[200];
	struct bed bed;
	FILE *f;

	REQUIRE(bed_open(&bed, REC_WAV));
	sender_open(&s[0]);
	sender_open(&s[1]);
	REQUIRE(tap_begin(&bed, &name, false));
	run(&bed, s, 2, 600000);
	tap_end(&bed);
	CHECK_INT(bed.nended, 1);
	CHECK_INT(bed.nlost, 0);
	CHECK_INT(bed.ended.end, REC_WHOLE);
	CHECK_INT(bed.ended.ms, 600000);
	path_of(path, &bed, "");
	f = fopen(path, "rb");
	REQUIRE(f != NULL);
	for (unsigned side = 0; side < 2; side++) {
		const struct steps st = steps_of(f, &s[side]);

		re_printf("# side %u: %u found, %u late, %.1f ms at worst, "
			  "%.1f in the mean\n",
			  side, st.found, st.late, st.worst,
			  st.sum / st.found);
		CHECK(st.found > 590);
		CHECK(st.late <= LATE_MOST);
		CHECK(fabs(st.worst) < LATE_MS);
	}
	fclose(f);
	if (have_sox())
		CHECK(fabs(length_by_sox(path) - 600) < 0.02);
	bed_close(&bed);
}

static void an_ogg_file_plays_and_has_its_mode(void)
{
	struct sender s[2] = {{.side = 0}, {.side = 1}};
	struct timespec a, b;
	char path[200], part[200];
	struct stat st;
	struct bed bed;
	double ms;

	REQUIRE(bed_open(&bed, REC_OGG));
	sender_open(&s[0]);
	sender_open(&s[1]);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	REQUIRE(tap_begin(&bed, &name, false));
	run(&bed, s, 2, 60000);
	tap_end(&bed);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	ms = (double)(b.tv_sec - a.tv_sec) * 1e3 +
	     (double)(b.tv_nsec - a.tv_nsec) / 1e6;
	CHECK_STR(bed.ended.file, "te_st/1971-01-01/"
				  "00000000000000ca-00000000000000a1-1.ogg");
	path_of(path, &bed, "");
	path_of(part, &bed, ".part");
	REQUIRE(!stat(path, &st));
	CHECK(!there(part));
	CHECK_INT(st.st_mode & 07777, 0640);
	re_printf("# 60 s: %.1f ms of CPU, %lld bytes\n", ms,
		  (long long)st.st_size);
	CHECK(fabs(length_by_opusfile(path) - 60) < 0.001);
	bed_close(&bed);
}

/* What a recorded second costs, both threads together. */
static void the_price_is_told(void)
{
	static const char *const names[] = {"ogg", "wav"};

	for (unsigned i = 0; i < 2; i++) {
		struct sender s[2] = {{.side = 0}, {.side = 1}};
		struct timespec a, b;
		struct bed bed;

		REQUIRE(bed_open(&bed, i ? REC_WAV : REC_OGG));
		sender_open(&s[0]);
		sender_open(&s[1]);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		REQUIRE(tap_begin(&bed, &name, false));
		run(&bed, s, 2, 60000);
		tap_end(&bed);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
		re_printf("# %s: %.2f ms of CPU a second\n", names[i],
			  ((double)(b.tv_sec - a.tv_sec) * 1e3 +
			   (double)(b.tv_nsec - a.tv_nsec) / 1e6) /
				  60);
		bed_close(&bed);
	}
}

static void a_pause_is_silence(void)
{
	struct sender s = {.side = 1, .pause_s = 3, .resume_s = 7};
	char path[200];
	struct bed bed;
	FILE *f;

	REQUIRE(bed_open(&bed, REC_WAV));
	sender_open(&s);
	REQUIRE(tap_begin(&bed, &name, false));
	run(&bed, &s, 1, 10000);
	tap_end(&bed);
	path_of(path, &bed, "");
	f = fopen(path, "rb");
	REQUIRE(f != NULL);
	CHECK(fabs(onset(f, 1, 1.9) - 100) < 5);
	CHECK(onset(f, 1, 3) < 0 && onset(f, 1, 4) < 0 && onset(f, 1, 5.5) < 0);
	CHECK(fabs(onset(f, 1, 7.9) - 100) < 5);
	/* nothing came from the other side */
	CHECK(onset(f, 0, 0) < 0 && onset(f, 0, 5) < 0);
	fclose(f);
	CHECK_INT(bed.ended.ms, 10000);
	bed_close(&bed);
}

/* kill -9: what was written so far is kept, and the next part goes on. */
static void half_a_file_is_known_as_such_and_gets_its_name(void)
{
	static const char *const suffix[] = {"ogg", "wav"};

	for (unsigned i = 0; i < 2; i++) {
		struct sender s = {.side = 0};
		struct rec_name next = name;
		char path[200], part[200], cmd[500];
		struct bed bed;

		REQUIRE(bed_open(&bed, i ? REC_WAV : REC_OGG));
		sender_open(&s);
		REQUIRE(tap_begin(&bed, &name, false));
		run(&bed, &s, 1, 20000);
		while (!recorder_idle(bed.recorder))
			usleep(1000);
		re_snprintf(path, sizeof(path),
			    "%s/te_st/1971-01-01/00000000000000ca-"
			    "00000000000000a1-1.%s",
			    bed.dir, suffix[i]);
		re_snprintf(part, sizeof(part), "%s.part", path);
		CHECK(there(part) && !there(path));
		/* as it is now, once the process is gone */
		re_snprintf(cmd, sizeof(cmd), "cp %s %s/corpse", part, bed.dir);
		CHECK(!system(cmd));
		tap_end(&bed);
		re_snprintf(cmd, sizeof(cmd), "rm %s && mv %s/corpse %s", path,
			    bed.dir, part);
		CHECK(!system(cmd));

		next.part = 2;
		REQUIRE(tap_begin(&bed, &next, true));
		tap_end(&bed);
		CHECK(there(path) && !there(part));
		/* and told */
		CHECK(strstr(bed.cut.file, "-1."));
		CHECK(bed.cut.ms > 16000 && bed.cut.ms < 20000);
		if (i && have_sox())
			CHECK(fabs(length_by_sox(path) * 1000 -
				   (double)bed.cut.ms) < 2);
		else if (!i)
			CHECK(fabs(length_by_opusfile(path) * 1000 -
				   (double)bed.cut.ms) < 2);
		CHECK(strstr(bed.ended.file, "-2."));
		bed_close(&bed);
	}
}

static void a_full_disk_is_told_and_costs_nothing_else(void)
{
	struct sender s = {.side = 0};
	struct rlimit was, small;
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_WAV));
	bed.cfg.min_free = UINT64_MAX;
	sender_open(&s);
	REQUIRE(tap_begin(&bed, &name, false));
	run(&bed, &s, 1, 2000);
	tap_end(&bed);
	CHECK_INT(bed.nlost, 1);
	CHECK_INT(bed.lost.end, REC_DISK_FULL);
	CHECK_INT(bed.nended, 1);
	CHECK_INT(bed.ended.end, REC_DISK_FULL);

	/* in the middle: what fitted is whole */
	bed.cfg.min_free = 0;
	bed.nlost = bed.nended = 0;
	(void)signal(SIGXFSZ, SIG_IGN);
	CHECK(!getrlimit(RLIMIT_FSIZE, &was));
	small = was;
	small.rlim_cur = 300000;
	CHECK(!setrlimit(RLIMIT_FSIZE, &small));
	s.k = 0;
	s.next_ms = 0;
	mem_deref(bed.wheel);
	bed.wheel = NULL;
	REQUIRE(wheel_alloc(&bed.wheel, BEGIN_MS) == 0);
	REQUIRE(tap_begin(&bed, &(struct rec_name){.session = "s2",
						   .call = "c2",
						   .tenant = "t",
						   .part = 1},
			  false));
	run(&bed, &s, 1, 20000);
	tap_end(&bed);
	CHECK(!setrlimit(RLIMIT_FSIZE, &was));
	CHECK_INT(bed.nlost, 1);
	CHECK_INT(bed.lost.end, REC_DISK_FULL);
	CHECK_INT(bed.ended.end, REC_DISK_FULL);
	CHECK(bed.ended.ms > 3000 && bed.ended.ms < 6000);
	bed_close(&bed);
}

/* The last bytes of a file do not fit: no less is told of it. */
static void a_disk_that_is_full_at_the_end_is_told(void)
{
	static const struct {
		enum rec_format format;
		unsigned ms;
		const char *fault;
		enum rec_end end;
		bool named;
	} cases[] = {
		{REC_WAV, 1200, "tap.write=errno:ENOSPC@3", REC_DISK_FULL, 1},
		{REC_OGG, 3000, "tap.write=errno:ENOSPC@2", REC_DISK_FULL, 1},
		/* EDQUOT, EFBIG */
		{REC_WAV, 1200, "tap.write=errno:122@3", REC_DISK_FULL, 1},
		{REC_OGG, 3000, "tap.write=errno:27@2", REC_DISK_FULL, 1},
		/* nothing is in it */
		{REC_WAV, 300, "tap.write=errno:ENOSPC", REC_DISK_FULL, 0},
		{REC_OGG, 300, "tap.write=errno:ENOSPC", REC_DISK_FULL, 0},
		{REC_OGG, 300, "tap.write=errno:EIO", REC_FAILED, 0},
		{REC_WAV, 1200, "tap.write=errno:EIO@3", REC_FAILED, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sender s = {.side = 0};
		char path[200], part[200];
		struct bed bed;

		REQUIRE(bed_open(&bed, cases[i].format));
		sender_open(&s);
		fault_set(cases[i].fault);
		REQUIRE(tap_begin(&bed, &name, false));
		run(&bed, &s, 1, cases[i].ms);
		tap_end(&bed);
		fault_set(NULL);
		CHECK_INT(bed.nlost, 1);
		CHECK_INT(bed.lost.end, cases[i].end);
		CHECK_INT(bed.nended, 1);
		CHECK_INT(bed.ended.end, cases[i].end);
		path_of(path, &bed, "");
		path_of(part, &bed, ".part");
		CHECK(there(path) == cases[i].named);
		CHECK(there(part) != there(path));
		bed_close(&bed);
	}
}

static void what_a_slow_disk_does_not_take_is_silence(void)
{
	struct sender s = {.side = 0};
	struct recorder_figures figures;
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_WAV));
	bed.cfg.memory = 30000; /* two blocks */
	sender_open(&s);
	REQUIRE(tap_begin(&bed, &name, false));
	run(&bed, &s, 1, 60000);
	figures = recorder_figures(bed.recorder);
	CHECK(figures.waiting < 40000);
	tap_end(&bed);
	CHECK(figures.dropped > 0);
	CHECK_INT(bed.nlost, 1);
	CHECK_INT(bed.lost.end, REC_TOO_SLOW);
	CHECK(bed.ended.gap_ms > 0);
	/* and it is as long as it was */
	CHECK_INT(bed.ended.ms, 60000);
	bed_close(&bed);
}

/* The first reason is not the only one to be told. */
static void slow_and_then_full_are_both_told(void)
{
	struct sender s = {.side = 0};
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_WAV));
	bed.cfg.memory = 30000; /* two blocks */
	sender_open(&s);
	fault_set("tap.write=delay:200@1,tap.write=errno:ENOSPC@3");
	REQUIRE(tap_begin(&bed, &name, false));
	run(&bed, &s, 1, 10000);
	tap_end(&bed);
	fault_set(NULL);
	CHECK_INT(bed.why, 1u << REC_TOO_SLOW | 1u << REC_DISK_FULL);
	CHECK_INT(bed.nlost, 2);
	/* one file */
	CHECK(bed.lost.again);
	CHECK_INT(bed.ended.end, REC_DISK_FULL);
	bed_close(&bed);
}

/* Another one fills it, while we write little. */
static void the_space_is_looked_at_each_ten_seconds(void)
{
	struct sender s = {.side = 0};
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_OGG));
	sender_open(&s);
	fault_set("tap.space=errno:ENOSPC@2");
	REQUIRE(tap_begin(&bed, &name, false));
	run(&bed, &s, 1, 60000);
	tap_end(&bed);
	fault_set(NULL);
	CHECK_INT(bed.ended.end, REC_DISK_FULL);
	CHECK_INT(bed.ended.ms, 10000);
	bed_close(&bed);
}

static void without_memory_a_file_has_its_end(void)
{
	struct sender s = {.side = 0};
	char path[200];
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_WAV));
	sender_open(&s);
	fault_set("tap.job=errno:ENOMEM");
	CHECK(!tap_begin(&bed, &name, false));
	fault_set(NULL);
	REQUIRE(tap_begin(&bed, &name, false));
	run(&bed, &s, 1, 1000);
	while (!recorder_idle(bed.recorder))
		usleep(1000);
	fault_set("tap.job=errno:ENOMEM");
	for (unsigned t = 1000; t < 3000; t++)
		wheel_advance(bed.wheel, BEGIN_MS + t);
	tap_end(&bed);
	fault_set(NULL);
	CHECK_INT(bed.ended.end, REC_TOO_SLOW);
	path_of(path, &bed, "");
	CHECK(there(path));
	bed_close(&bed);
}

static void a_file_has_limits(void)
{
	static const struct {
		uint32_t max_s;
		uint64_t max_bytes;
		enum rec_end end;
	} cases[] = {{5, 1 << 30, REC_TOO_LONG}, {60, 200000, REC_TOO_LARGE}};

	for (unsigned i = 0; i < 2; i++) {
		struct sender s = {.side = 0};
		struct bed bed;

		REQUIRE(bed_open(&bed, REC_WAV));
		bed.cfg.max_s = cases[i].max_s;
		bed.cfg.max_bytes = cases[i].max_bytes;
		sender_open(&s);
		REQUIRE(tap_begin(&bed, &name, false));
		run(&bed, &s, 1, 10000);
		tap_end(&bed);
		CHECK_INT(bed.nlost, 1);
		CHECK_INT(bed.ended.end, cases[i].end);
		CHECK(bed.ended.ms >= 3000 && bed.ended.ms <= 5000);
		bed_close(&bed);
	}
}

static void codecs_may_change(void)
{
	static const uint8_t rubbish[] = {0xff, 1, 2, 3};
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_WAV));
	REQUIRE(tap_begin(&bed, &name, false));
	for (unsigned k = 0; k < 500; k++) {
		const struct codec *codec = codec_nth(k / 100);
		const struct tap_pkt pkt = {
			.codec = codec ? codec : &codec_pcmu,
			.now_ms = BEGIN_MS + 20 * k,
			.ext = k % 7 ? k : 0,
			.gen = k / 50,
			.ts = k % 11 ? k * 160 : 0x7fffffffu * k,
			.data = rubbish,
			.len = k % 5,
		};

		wheel_advance(bed.wheel, BEGIN_MS + 20 * k);
		tap_put(bed.tap, k & 1, &pkt);
	}
	tap_end(&bed);
	CHECK_INT(bed.ended.ms, 499 * 20);
	bed_close(&bed);
}

static void main_loop(void)
{
	CHECK_INT(loop_init(256), 0);
}

TEST_MAIN(TEST(main_loop), TEST(ten_minutes_are_ten_minutes_and_in_step),
	  TEST(an_ogg_file_plays_and_has_its_mode), TEST(the_price_is_told), TEST(a_pause_is_silence),
	  TEST(half_a_file_is_known_as_such_and_gets_its_name),
	  TEST(a_full_disk_is_told_and_costs_nothing_else),
	  TEST(a_disk_that_is_full_at_the_end_is_told),
	  TEST(what_a_slow_disk_does_not_take_is_silence),
	  TEST(slow_and_then_full_are_both_told),
	  TEST(the_space_is_looked_at_each_ten_seconds),
	  TEST(without_memory_a_file_has_its_end),
	  TEST(a_file_has_limits), TEST(codecs_may_change))
