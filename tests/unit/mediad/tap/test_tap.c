/*
 * test_tap.c  Taps: as long as the call, both sides in step, whatever clocks
 *             and the network do
 *
 * SPDX-License-Identifier: MIT
 */
#include <time.h>

#include "tests/unit/mediad/tap/tap_bed.h"

enum {
	LATE_MS = 30,
	LATE_MOST = 15, /* of 597, with a loss of 2 % */
};

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
	char path[400];
	struct bed bed;
	FILE *f;

	REQUIRE(bed_open(&bed, REC_WAV));
	sender_open(&s[0]);
	sender_open(&s[1]);
	REQUIRE(tap_begin(&bed, &tap_name, false));
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
	char path[400], part[400];
	struct stat st;
	struct bed bed;
	double ms;

	REQUIRE(bed_open(&bed, REC_OGG));
	sender_open(&s[0]);
	sender_open(&s[1]);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	REQUIRE(tap_begin(&bed, &tap_name, false));
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
		REQUIRE(tap_begin(&bed, &tap_name, false));
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
	char path[400];
	struct bed bed;
	FILE *f;

	REQUIRE(bed_open(&bed, REC_WAV));
	sender_open(&s);
	REQUIRE(tap_begin(&bed, &tap_name, false));
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

/* The burst of each second in it is heard, or not. */
static void check_bursts(const struct bed *bed, const bool heard[],
			 unsigned seconds)
{
	char path[400];
	FILE *f;

	path_of(path, bed, "");
	f = fopen(path, "rb");
	REQUIRE(f != NULL);
	for (unsigned s = 1; s < seconds; s++)
		CHECK_INT(onset(f, 1, s - 0.1) >= 0 &&
				  onset(f, 1, s - 0.1) < 200,
			  heard[s]);
	fclose(f);
}

/* A card number is said between 3.5 and 6.5 s. */
static void what_is_said_while_paused_is_silent_to_the_moment(void)
{
	static const bool heard[] = {1, 1, 1, 1, 0, 0, 0, 1, 1, 1};
	struct sender s = {.side = 1};
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_WAV));
	sender_open(&s);
	REQUIRE(tap_begin(&bed, &tap_name, false));
	for (unsigned t = 0; t < 10000; t++) {
		wheel_advance(bed.wheel, BEGIN_MS + t);
		if (t == 3500 || t == 6500)
			tap_hush(bed.tap, t == 3500);
		while (s.next_ms <= t)
			send_one(&bed, &s);
	}
	wheel_advance(bed.wheel, BEGIN_MS + 10000);
	tap_end(&bed);
	check_bursts(&bed, heard, 10);
	CHECK_INT(bed.ended.end, REC_WHOLE);
	CHECK_INT(bed.ended.ms, 10000);
	for (unsigned i = 0; i < 2; i++) {
		CHECK_INT(bed.nhushed[i], 1);
		CHECK_INT(bed.hushed[i].ms, i ? 6500 : 3500);
		CHECK(strstr(bed.hushed[i].file, "-1.wav.part"));
	}
	bed_close(&bed);
}

/* A side speaks until the end of a pause at END_MS, and again from 8 s on; its
 * packets come `early` ms before their time, and those of the last `stall` ms
 * of the pause behind it. */
struct speaker {
	unsigned early, stall, gen;
};

enum {
	END_MS = 6500,
};

static void speak(struct bed *bed, const struct sender *s, unsigned k,
		  const struct speaker *sp, bool voice)
{
	const struct tap_pkt pkt = {
		.codec = &codec_pcma,
		.now_ms = wheel_now(bed->wheel),
		.ext = k,
		.gen = wheel_now(bed->wheel) < BEGIN_MS + END_MS ? 0 : sp->gen,
		.ts = k * 160,
		.data = voice ? s->burst : s->quiet,
		.len = 160,
	};

	tap_put(bed->tap, 1, &pkt);
}

static void what_was_said_before_the_end_of_a_pause_is_not_heard(void)
{
	static const struct speaker speakers[] = {
		{0, 0, 0},   {100, 0, 0}, {280, 0, 0}, {0, 100, 0},
		{0, 500, 0}, {0, 15, 1},  {60, 60, 0},
	};
	const size_t n = sizeof(speakers) / sizeof(speakers[0]);

	for (size_t i = 0; i < n; i++) {
		const struct speaker *sp = &speakers[i];
		struct sender s = {.side = 1};
		unsigned k = 0, said;
		char path[400];
		struct bed bed;
		FILE *f;

		REQUIRE(bed_open(&bed, REC_WAV));
		sender_open(&s);
		REQUIRE(tap_begin(&bed, &tap_name, false));
		for (unsigned t = 0; t < 9500; t++) {
			wheel_advance(bed.wheel, BEGIN_MS + t);
			if (t == 3500 || t == END_MS)
				tap_hush(bed.tap, t == 3500);
			if (t > END_MS - sp->stall && t < END_MS + 3)
				continue;
			while ((said = k * 20 + 7) <=
			       t + (t < 1000 ? 0 : sp->early)) {
				said -= said < 1000 ? 0 : sp->early;
				speak(&bed, &s, k++, sp,
				      said < END_MS || said > 8000);
			}
		}
		wheel_advance(bed.wheel, BEGIN_MS + 9500);
		tap_end(&bed);
		path_of(path, &bed, "");
		f = fopen(path, "rb");
		REQUIRE(f != NULL);
		if (!CHECK(onset(f, 1, 6) < 0 && onset(f, 1, 6.7) < 0))
			re_printf("# %u: early %u, stall %u: %.1f %.1f\n",
				  (unsigned)i, sp->early, sp->stall,
				  onset(f, 1, 6), onset(f, 1, 6.7));
		CHECK(onset(f, 1, 2.4) >= 0);
		CHECK(onset(f, 1, 7.9) >= 100 && onset(f, 1, 7.9) < 450);
		fclose(f);
		bed_close(&bed);
	}
}

/* Of a process that died while it was paused. */
static void a_part_may_begin_in_a_pause(void)
{
	static const bool heard[] = {0, 0, 0, 1, 1};
	struct sender s = {.side = 1};
	struct tap_params params = {.name = tap_name, .hushed = true};
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_WAV));
	sender_open(&s);
	REQUIRE(!recorder_alloc(&bed.recorder, &bed.cfg, on_report, &bed));
	params.wheel = bed.wheel;
	params.recorder = bed.recorder;
	REQUIRE(!tap_alloc(&bed.tap, &params));
	run(&bed, &s, 1, 2500);
	tap_hush(bed.tap, false);
	for (unsigned t = 2500; t < 5000; t++) {
		wheel_advance(bed.wheel, BEGIN_MS + t);
		while (s.next_ms <= t)
			send_one(&bed, &s);
	}
	tap_end(&bed);
	check_bursts(&bed, heard, 5);
	CHECK_INT(bed.hushed[0].ms, 0);
	CHECK_INT(bed.hushed[1].ms, 2500);
	bed_close(&bed);
}

static void codecs_may_change(void)
{
	static const uint8_t rubbish[] = {0xff, 1, 2, 3};
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_WAV));
	REQUIRE(tap_begin(&bed, &tap_name, false));
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

TEST_MAIN(TEST(main_loop), TEST(ten_minutes_are_ten_minutes_and_in_step),
	  TEST(an_ogg_file_plays_and_has_its_mode),
	  TEST(the_price_is_told),
	  TEST(a_pause_is_silence),
	  TEST(what_is_said_while_paused_is_silent_to_the_moment),
	  TEST(what_was_said_before_the_end_of_a_pause_is_not_heard),
	  TEST(a_part_may_begin_in_a_pause), TEST(codecs_may_change))
