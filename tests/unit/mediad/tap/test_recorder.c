/*
 * test_recorder.c  Recordings: what is told of them is what is on disk, when
 *                  that is full, slow or broken, or a process has died
 *
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <sys/resource.h>

#include "tests/unit/mediad/tap/tap_bed.h"

/* kill -9: what was written so far is kept, and the next part goes on. */
static void half_a_file_is_known_as_such_and_gets_its_name(void)
{
	static const char *const suffix[] = {"ogg", "wav"};

	for (unsigned i = 0; i < 2; i++) {
		struct sender s = {.side = 0};
		struct rec_name next = tap_name;
		char path[400], part[400], cmd[900];
		struct bed bed;

		REQUIRE(bed_open(&bed, i ? REC_WAV : REC_OGG));
		sender_open(&s);
		REQUIRE(tap_begin(&bed, &tap_name, false));
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

static bool is_part(const char *file)
{
	const char *suffix = strrchr(file, '.');

	return suffix && !strcmp(suffix, ".part");
}

static void a_full_disk_is_told_and_costs_nothing_else(void)
{
	struct sender s = {.side = 0};
	struct rlimit was, small;
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_WAV));
	bed.cfg.min_free = UINT64_MAX;
	sender_open(&s);
	REQUIRE(tap_begin(&bed, &tap_name, false));
	run(&bed, &s, 1, 2000);
	tap_end(&bed);
	CHECK_INT(bed.nlost, 1);
	CHECK_INT(bed.lost.end, REC_DISK_FULL);
	CHECK_INT(bed.nended, 1);
	CHECK_INT(bed.ended.end, REC_DISK_FULL);
	CHECK_STR(bed.lost.file, "");
	CHECK_STR(bed.ended.file, "");
	CHECK_INT(files_in(bed.dir), 0);

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
	CHECK(is_part(bed.lost.file) && !is_part(bed.ended.file));
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
		/* in the middle of the call */
		{REC_WAV, 6000, "tap.write=errno:EIO@2", REC_FAILED, 0},
		{REC_OGG, 9000, "tap.write=errno:EIO@2", REC_FAILED, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sender s = {.side = 0};
		char path[400];
		struct bed bed;

		REQUIRE(bed_open(&bed, cases[i].format));
		sender_open(&s);
		fault_set(cases[i].fault);
		REQUIRE(tap_begin(&bed, &tap_name, false));
		run(&bed, &s, 1, cases[i].ms);
		tap_end(&bed);
		fault_set(NULL);
		CHECK_INT(bed.nlost, 1);
		CHECK_INT(bed.lost.end, cases[i].end);
		CHECK_INT(bed.nended, 1);
		CHECK_INT(bed.ended.end, cases[i].end);
		path_of(path, &bed, "");
		CHECK(there(path));
		CHECK(is_part(bed.ended.file) == !cases[i].named);
		CHECK_INT(files_in(bed.dir), 1);
		bed_close(&bed);
	}
}

/* The first write ends when the folder `hold` does. */
static void hold_writing(const struct bed *bed, char hold[300],
			 const char *more)
{
	char fault[400];

	re_snprintf(hold, 300, "%s/hold", bed->dir);
	re_snprintf(fault, sizeof(fault), "tap.write=hold:%s@1%s", hold, more);
	REQUIRE(!mkdir(hold, 0700));
	fault_set(fault);
}

static void what_a_slow_disk_does_not_take_is_silence(void)
{
	struct sender s = {.side = 0};
	struct recorder_figures figures;
	char hold[300];
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_WAV));
	bed.cfg.memory = 30000; /* two blocks */
	sender_open(&s);
	hold_writing(&bed, hold, "");
	REQUIRE(tap_begin(&bed, &tap_name, false));
	run(&bed, &s, 1, 60000);
	figures = recorder_figures(bed.recorder);
	CHECK(figures.waiting < 40000);
	CHECK(!rmdir(hold));
	tap_end(&bed);
	fault_set(NULL);
	/* all but those two, and those that it had when it came to write */
	CHECK(figures.dropped > 280);
	CHECK_INT(bed.nlost, 1);
	CHECK_INT(bed.lost.end, REC_TOO_SLOW);
	CHECK(bed.ended.gap_ms > 56000 && bed.ended.gap_ms < 60000);
	/* and it is as long as it was */
	CHECK_INT(bed.ended.ms, 60000);
	bed_close(&bed);
}

/* The first reason is not the only one to be told. */
static void slow_and_then_full_are_both_told(void)
{
	struct sender s = {.side = 0};
	char hold[300];
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_WAV));
	bed.cfg.memory = 30000; /* two blocks */
	sender_open(&s);
	hold_writing(&bed, hold, ",tap.write=errno:ENOSPC@3");
	REQUIRE(tap_begin(&bed, &tap_name, false));
	run(&bed, &s, 1, 10000);
	CHECK(!rmdir(hold));
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
	REQUIRE(tap_begin(&bed, &tap_name, false));
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
	char path[400];
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_WAV));
	sender_open(&s);
	fault_set("tap.job=errno:ENOMEM");
	CHECK(!tap_begin(&bed, &tap_name, false));
	fault_set(NULL);
	REQUIRE(tap_begin(&bed, &tap_name, false));
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
		REQUIRE(tap_begin(&bed, &tap_name, false));
		run(&bed, &s, 1, 10000);
		tap_end(&bed);
		CHECK_INT(bed.nlost, 1);
		CHECK_INT(bed.ended.end, cases[i].end);
		CHECK(bed.ended.ms >= 3000 && bed.ended.ms <= 5000);
		bed_close(&bed);
	}
}

/* Its process died before a sample of it was on disk. */
static void a_part_without_sound_is_told_as_what_it_is(void)
{
	struct rec_name next = tap_name;
	char cmd[900];
	struct bed bed;

	REQUIRE(bed_open(&bed, REC_WAV));
	re_snprintf(cmd, sizeof(cmd),
		    "mkdir -p %s/te_st/1971-01-01 && : >%s/te_st/1971-01-01/"
		    "00000000000000ca-00000000000000a1-1.wav.part",
		    bed.dir, bed.dir);
	CHECK(!system(cmd));
	next.part = 2;
	REQUIRE(tap_begin(&bed, &next, true));
	tap_end(&bed);
	CHECK_STR(bed.cut.file,
		  "te_st/1971-01-01/"
		  "00000000000000ca-00000000000000a1-1.wav.part");
	CHECK_INT(bed.cut.ms, 0);
	bed_close(&bed);
}

TEST_MAIN(TEST(main_loop), TEST(half_a_file_is_known_as_such_and_gets_its_name),
	  TEST(a_full_disk_is_told_and_costs_nothing_else),
	  TEST(a_disk_that_is_full_at_the_end_is_told),
	  TEST(what_a_slow_disk_does_not_take_is_silence),
	  TEST(slow_and_then_full_are_both_told),
	  TEST(the_space_is_looked_at_each_ten_seconds),
	  TEST(without_memory_a_file_has_its_end),
	  TEST(a_file_has_limits),
	  TEST(a_part_without_sound_is_told_as_what_it_is))
