/*
 * test_service.c  Tones as they are heard, and the pace they are sent at
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <time.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/rtp/stream.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/bank.h"
#include "mediad/sound/service.h"
#include "mediad/transport/path.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

enum {
	SECONDS = 4,
	SAMPLES = 48000 * SECONDS
};

/* In the place of the real one: decodes what it is sent. */
struct path {
	bool ready;
	const struct codec *codec;
	struct codec_dec *dec;
	int16_t pcm[SAMPLES + CODEC_SAMPLES_MAX];
	size_t count;
	unsigned sent;
	struct pkt first, last;
};

bool path_ready(const struct path *path)
{
	return path->ready;
}

int path_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
		  uint64_t index)
{
	struct pkt view;
	size_t n = 0;

	CHECK(pkt_read(&view, pkt, len) == 0);
	CHECK_INT((uint16_t)index, view.seq);
	if (path->sent) {
		CHECK_INT((uint16_t)(view.seq - path->last.seq), 1);
		CHECK(view.ts - path->last.ts >= path->codec->clock / 50);
	}
	if (!path->sent++)
		path->first = view;
	path->last = view;
	if (path->dec && path->count < SAMPLES)
		CHECK(!path->codec->decode(path->dec, pkt + view.hdr,
					   view.paylen, path->pcm + path->count,
					   &n));
	path->count += n;
	return 0;
}

struct bed {
	struct wheel *wheel;
	struct sound_bank *bank;
	struct player *player;
	struct strm_out out;
	struct path path;
};

static int bed_alloc(struct bed **bedp, const char *service,
		     const struct codec *codec)
{
	struct bed *bed = mem_zalloc(sizeof(*bed), NULL);
	struct player_params params;
	int err;

	if (!bed)
		return ENOMEM;
	*bedp = bed;
	bed->path.ready = true;
	bed->path.codec = codec;
	strm_out_init(&bed->out, 5, codec->clock, 0, NULL);
	err = wheel_alloc(&bed->wheel, 1000);
	if (!err)
		err = sound_bank_alloc(&bed->bank, NULL);
	if (!err)
		err = codec->dec_alloc(&bed->path.dec);
	if (err)
		return err;
	params = (struct player_params){
		.wheel = bed->wheel,
		.sound = sound_bank_of(bed->bank, service_find(service)),
		.codec = codec,
		.pt = 96,
		.out = &bed->out,
		.path = &bed->path,
	};
	return player_alloc(&bed->player, &params);
}

static void bed_free(struct bed *bed)
{
	if (!bed)
		return;
	mem_deref(bed->player);
	mem_deref(bed->path.dec);
	mem_deref(bed->bank);
	mem_deref(bed->wheel);
	mem_deref(bed);
}

static void advance(struct bed *bed, unsigned ms, unsigned step)
{
	for (unsigned t = 0; t < ms; t += step)
		wheel_advance(bed->wheel, wheel_now(bed->wheel) + step);
}

static void heard(const char *service, const struct codec *codec, double hz,
		  double dbfs)
{
	struct bed *bed = NULL;
	struct tone tone;

	REQUIRE(bed_alloc(&bed, service, codec) == 0);
	advance(bed, SECONDS * 1000, 5);
	CHECK_INT(bed->path.sent, SECONDS * 50);
	/* three seconds: over the seam of the loop */
	tone = tone_measure(bed->path.pcm + codec->rate / 2, 3 * codec->rate,
			    codec->rate);
	printf("# %s %s: %.3f Hz %.3f dBFS purity %.6f\n", service, codec->name,
	       tone.hz, tone.dbfs, tone.purity);
	CHECK(fabs(tone.hz - hz) < 0.1);
	CHECK(fabs(tone.dbfs - dbfs) < 0.1);
	CHECK(tone.purity > 0.998);
	bed_free(bed);
}

static void tone_is_440_hz_at_minus_10_dbm0(void)
{
	heard("tone", &codec_opus, 440, -13.14);
	heard("tone", &codec_pcma, 440, -13.14);
	heard("tone", &codec_pcmu, 440, -13.21);
}

static void milliwatt_is_1004_hz_at_0_dbm0(void)
{
	heard("milliwatt", &codec_opus, 1004, -3.14);
	heard("milliwatt", &codec_pcma, 1004, -3.14);
	heard("milliwatt", &codec_pcmu, 1004, -3.21);
}

static void a_receiver_may_want_longer_packets(void)
{
	static const struct {
		uint16_t ptime;
		unsigned frames;
	} cases[] = {{0, 1}, {10, 1}, {30, 1}, {40, 2}, {60, 3}, {200, 3}};
	struct bed *bed = NULL;

	for (unsigned i = 0; i < 6; i++) {
		struct player_params params;
		struct tone tone;

		REQUIRE(bed_alloc(&bed, "tone", &codec_pcma) == 0);
		params = (struct player_params){
			.wheel = bed->wheel,
			.sound = sound_bank_of(bed->bank,
					       service_find("tone")),
			.codec = &codec_pcma,
			.ptime = cases[i].ptime,
			.pt = 8,
			.out = &bed->out,
			.path = &bed->path,
		};
		mem_deref(bed->player);
		bed->player = NULL;
		REQUIRE(player_alloc(&bed->player, &params) == 0);
		advance(bed, 3600, 5);
		CHECK_INT(bed->path.sent, 180 / cases[i].frames);
		CHECK_INT(bed->path.last.paylen, 160 * cases[i].frames);
		CHECK_INT(bed->path.last.ts - bed->path.first.ts,
			  (180 - cases[i].frames) * 160);
		tone = tone_measure(bed->path.pcm + 4000, 20000, 8000);
		CHECK(fabs(tone.hz - 440) < 0.1 && tone.purity > 0.998);
		bed_free(bed);
	}
}

/* 100 s by a wheel that is always late by up to 9 ms. */
static void pace_does_not_drift(void)
{
	struct bed *bed = NULL;
	uint32_t rnd = 1;

	REQUIRE(bed_alloc(&bed, "tone", &codec_pcmu) == 0);
	bed->path.dec = mem_deref(bed->path.dec);
	while (wheel_now(bed->wheel) < 101000) {
		rnd = rnd * 1664525 + 1013904223;
		wheel_advance(bed->wheel,
			      wheel_now(bed->wheel) + 1 + (rnd >> 16) % 9);
	}
	CHECK_INT(bed->path.sent,
		  (wheel_now(bed->wheel) - 1000) / CODEC_FRAME_MS);
	CHECK_INT(bed->path.last.ts - bed->path.first.ts,
		  (bed->path.sent - 1) * 160);
	bed_free(bed);
}

static void a_short_stall_is_caught_up_a_long_one_left_out(void)
{
	struct bed *bed = NULL;

	REQUIRE(bed_alloc(&bed, "tone", &codec_pcmu) == 0);
	bed->path.dec = mem_deref(bed->path.dec);
	advance(bed, 100, 20);
	CHECK_INT(bed->path.sent, 5);
	wheel_advance(bed->wheel, wheel_now(bed->wheel) + 100);
	CHECK_INT(bed->path.sent, 10);
	wheel_advance(bed->wheel, wheel_now(bed->wheel) + 5000);
	CHECK_INT(bed->path.sent, 11);
	CHECK_INT(bed->path.last.ts - bed->path.first.ts, (9 + 250) * 160);
	CHECK(bed->path.last.marker);
	advance(bed, 100, 20);
	CHECK_INT(bed->path.sent, 16);
	bed_free(bed);
}

static void nothing_is_used_up_before_the_path_is_ready(void)
{
	struct bed *bed = NULL;

	REQUIRE(bed_alloc(&bed, "tone", &codec_pcmu) == 0);
	bed->path.dec = mem_deref(bed->path.dec);
	bed->path.ready = false;
	advance(bed, 1000, 20);
	CHECK_INT(bed->path.sent, 0);
	CHECK_INT(bed->out.next, 0);
	bed->path.ready = true;
	advance(bed, 20, 20);
	CHECK_INT(bed->path.sent, 1);
	CHECK(bed->path.last.marker);
	bed_free(bed);
}

static void only_known_services_play(void)
{
	struct bed *bed = NULL;

	CHECK(service_find("") == NULL);
	CHECK(service_find("ECHO") == NULL);
	CHECK(service_find("echo")->reflects);
	CHECK_INT(bed_alloc(&bed, "echo", &codec_opus), EINVAL);
	bed_free(bed);
}

static void memory_runs_out_anywhere(void)
{
	struct bed *bed = NULL;
	int err = bed_alloc(&bed, "milliwatt", &codec_pcmu);

	CHECK_INT(err, 0);
	bed_free(bed);
}

static void bank_is_made_in_no_time(void)
{
	struct sound_bank *bank = NULL;
	struct timespec a, b;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	REQUIRE(sound_bank_alloc(&bank, NULL) == 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	printf("# %.1f ms\n", (double)(b.tv_sec - a.tv_sec) * 1e3 +
				      (double)(b.tv_nsec - a.tv_nsec) / 1e6);
	mem_deref(bank);
}

TEST_MAIN(TEST(tone_is_440_hz_at_minus_10_dbm0),
	  TEST(milliwatt_is_1004_hz_at_0_dbm0),
	  TEST(a_receiver_may_want_longer_packets), TEST(pace_does_not_drift),
	  TEST(a_short_stall_is_caught_up_a_long_one_left_out),
	  TEST(nothing_is_used_up_before_the_path_is_ready),
	  TEST(only_known_services_play), TEST_OOM(memory_runs_out_anywhere),
	  TEST(bank_is_made_in_no_time))
