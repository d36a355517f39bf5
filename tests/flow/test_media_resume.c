/*
 * test_media_resume.c  The worker dies, the calls live
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/session/state_file.h"
#include "mediad/sound/codec.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

static const char *const S = "00000000000000a1";

static const char *file(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	return path;
}

static void fault_free(const struct media_page *page)
{
	const char *fault = packet_check_fault(&page->check);

	if (!CHECK(fault == NULL))
		printf("# %s\n", fault);
	/* an index used twice is a replay to the browser */
	CHECK_INT(mock_media_stats(page->mock)->bad_srtp, 0);
}

static struct media_page *call_service(struct media_bed *bed, const char *id,
				       const char *service)
{
	struct media_page *page = media_page_open(bed);

	if (!CHECK(page != NULL))
		return NULL;
	CHECK_INT(media_page_calls(page, id, 1), 0);
	CHECK_INT(session_leg_join(bed->table, id, 1, 0, service), 0);
	CHECK(media_bed_ready(bed));
	return page;
}

static bool call_up(struct media_bed *bed, struct media_page **a,
		    struct media_page **b)
{
	*a = media_page_open(bed);
	*b = media_page_open(bed);
	if (!CHECK(*a && *b))
		return false;
	CHECK_INT(media_page_calls(*a, S, 1), 0);
	CHECK_INT(media_page_called(*b, S, 2), 0);
	CHECK_INT(session_leg_join(bed->table, S, 1, 2, NULL), 0);
	return CHECK(media_bed_ready(bed));
}

static void audio_is_back_and_nothing_was_used_twice(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("resume")) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 7000);
		CHECK_INT(media_bed_die(&bed, 150, &alive), 0);
		CHECK_INT(alive, 1);
		media_bed_run(&bed, 5000);
		fault_free(a);
		fault_free(b);
		CHECK(a->check.max_gap_ms <= 250);
		CHECK(b->check.max_gap_ms <= 250);
		CHECK_INT(packet_check_lost(&a->check), 0);
		CHECK(a->heard >= 590 && b->heard >= 590);
		CHECK_INT(bed.nlost, 0);
	}
	media_bed_close(&bed);
}

/* Both ways past a wrap: what the page sends, and what it hears. */
static void a_stream_past_its_wrap_goes_on(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("wrap")) == 0);
	a = media_page_open(&bed);
	REQUIRE(a != NULL);
	/* the sequence begins below 2^15, or the ROC cannot be guessed */
	CHECK_INT(mock_media_set_index(a->mock, 32000), 0);
	CHECK_INT(media_page_calls(a, S, 1), 0);
	b = media_page_open(&bed);
	REQUIRE(b != NULL);
	CHECK_INT(media_page_called(b, S, 2), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL), 0);
	CHECK(media_bed_ready(&bed));
	media_bed_run(&bed, 1500000);
	CHECK(b->check.high >> 16 >= 1 || a->check.high >> 16 >= 1);
	for (unsigned i = 0; i < 5; i++) {
		CHECK_INT(media_bed_die(&bed, 300, &alive), 0);
		CHECK_INT(alive, 1);
		media_bed_run(&bed, 10000);
	}
	fault_free(a);
	fault_free(b);
	CHECK(a->check.high >> 16 >= 1);
	CHECK(b->check.high >> 16 >= 1);
	CHECK(b->check.max_gap_ms <= 400);
	CHECK(a->bed->now_ms - a->heard_ms <= 40);
	media_bed_close(&bed);
}

/* A death in the middle of the wrap: the successor's first packet is of the
 * next ROC, on both directions. */
static void a_wrap_while_nobody_serves_is_survived(void)
{
	struct media_bed bed = {0};
	struct media_page *a;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("midwrap")) == 0);
	a = media_page_open(&bed);
	REQUIRE(a != NULL);
	CHECK_INT(mock_media_set_index(a->mock, 32767), 0);
	CHECK_INT(media_page_calls(a, S, 1), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
	CHECK(media_bed_ready(&bed));
	/* until the page is about to wrap */
	while (mock_media_stats(a->mock)->tx < 65536 - 32767 - 20)
		media_bed_run(&bed, 20);
	CHECK_INT(media_bed_die(&bed, 50, &alive), 0);
	for (unsigned i = 0; i < 50; i++) /* lost on the way */
		(void)mock_media_send(a->mock, a->pt, a->ts += 960, "x", 1);
	media_bed_run(&bed, 3000);
	fault_free(a);
	CHECK(a->bed->now_ms - a->heard_ms <= 40);
	CHECK_INT(bed.nlost, 0);
	media_bed_close(&bed);
}

static void services_play_on(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	size_t alive = 0;
	struct tone tone;

	REQUIRE(media_bed_open(&bed, file("tone")) == 0);
	page = call_service(&bed, S, "tone");
	media_bed_run(&bed, 6000);
	CHECK_INT(media_bed_die(&bed, 200, &alive), 0);
	CHECK_INT(alive, 1);
	media_bed_run(&bed, 500);
	CHECK_INT(media_page_record(page, &codec_opus, 3), 0);
	media_bed_run(&bed, 3000);
	fault_free(page);
	CHECK_INT(page->undecodable, 0);
	CHECK(page->npcm > 2 * 48000);
	tone = tone_measure(page->pcm + 24000, 48000, 48000);
	CHECK(fabs(tone.hz - 440) < 0.5);
	CHECK(fabs(tone.dbfs + 13.14) < 0.2);
	media_bed_close(&bed);
}

/* Ten deaths, each after more than the time that counts as survival. */
static void ten_deaths_are_survived(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("ten")) == 0);
	if (call_up(&bed, &a, &b)) {
		for (unsigned i = 0; i < 10; i++) {
			media_bed_run(&bed, 6000 + i * 35);
			CHECK_INT(media_bed_die(&bed, 100 + i * 37, &alive), 0);
			CHECK_INT(alive, 1);
		}
		media_bed_run(&bed, 1000);
		fault_free(a);
		fault_free(b);
		CHECK(a->bed->now_ms - a->heard_ms <= 40);
		CHECK(a->bed->now_ms - b->heard_ms <= 40);
	}
	media_bed_close(&bed);
}

/* A record is of the call, not of one process: but for what came in the last
 * seconds before a death. */
static void figures_go_on_after_a_death(void)
{
	struct media_bed bed = {0};
	struct session_figures figs;
	struct media_page *a;
	size_t alive = 0;
	uint64_t sent;

	REQUIRE(media_bed_open(&bed, file("figures")) == 0);
	a = call_service(&bed, S, "echo");
	REQUIRE(a != NULL);
	for (unsigned i = 0; i < 2; i++) {
		media_bed_run(&bed, 20000);
		CHECK_INT(media_bed_die(&bed, 50, &alive), 0);
	}
	media_bed_run(&bed, 1000);
	CHECK_INT(session_query(bed.table, S, &figs), 0);
	sent = mock_media_stats(a->mock)->tx;
	CHECK_INT(figs.legs[0].resumes, 2);
	CHECK(figs.legs[0].stats.packets_in + 2 * 256 >= sent);
	CHECK(figs.legs[0].stats.packets_in <= sent);
	CHECK_INT(figs.legs[0].stats.octets_in,
		  80 * figs.legs[0].stats.packets_in);
	CHECK_INT(figs.legs[0].stats.lost_in, 0);
	media_bed_close(&bed);
}

static void signalling_goes_on_after_a_death(void)
{
	struct media_bed bed = {0};
	struct session_figures figs;
	struct media_page *a, *b;
	struct mbuf *mb = mbuf_alloc(2048);
	size_t alive = 0;
	char sdp[sizeof(a->sdp)];

	REQUIRE(mb && media_bed_open(&bed, file("signal")) == 0);
	if (call_up(&bed, &a, &b)) {
		memcpy(sdp, a->sdp, sizeof(sdp));
		media_bed_run(&bed, 1000);
		CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
		/* the answer may still be asked for, and is the same */
		CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
		CHECK_INT(mb->end, strlen(sdp));
		CHECK(!memcmp(mb->buf, sdp, mb->end));
		CHECK_INT(media_remote(&bed, S, 2, true,
				       media_page_sdp(b, true), NULL),
			  0);

		/* an ICE restart */
		mbuf_rewind(mb);
		mock_media_restart(a->mock);
		CHECK_INT(media_remote(&bed, S, 1, false,
				       media_page_sdp(a, false), NULL),
			  0);
		CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
		CHECK_INT(media_page_take(a, (char *)mb->buf, mb->end), 0);
		media_bed_run(&bed, 2000);
		fault_free(a);
		fault_free(b);
		CHECK(b->bed->now_ms - b->heard_ms <= 40);

		CHECK_INT(session_query(bed.table, S, &figs), 0);
		CHECK_INT(figs.nlegs, 2);
		CHECK_INT(figs.legs[0].resumes, 1);
		CHECK_STR(figs.legs[0].chosen, "opus/48000/2");
		CHECK_STR(figs.tenant, "test");
		CHECK(figs.legs[0].at_ms[LEG_MADE] > 0);
		CHECK(figs.legs[0].stats.packets_out >= a->heard);
		CHECK_INT(session_drop(bed.table, S), 0);
		CHECK_INT(state_file_used(bed.state), 0);
	}
	mem_deref(mb);
	media_bed_close(&bed);
}

/* The answer of before is none to the offer that was open at the death. */
static void an_open_offer_dies_with_the_worker(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	struct mbuf *mb = mbuf_alloc(2048);
	size_t alive = 0;

	REQUIRE(mb && media_bed_open(&bed, file("open")) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 500);
		str_ncpy(a->extra, "a=inactive\r\n", sizeof(a->extra));
		CHECK_INT(media_remote(&bed, S, 1, false,
				       media_page_sdp(a, false), NULL),
			  0);
		CHECK_INT(media_bed_die(&bed, 50, &alive), 0);
		CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), EPROTO);
		CHECK_INT(media_remote(&bed, S, 1, false,
				       media_page_sdp(a, false), NULL),
			  0);
		CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
		CHECK(strstr((char *)mb->buf, "a=inactive") != NULL);

		/* but the answer given to one that was taken back stands */
		CHECK_INT(media_remote(&bed, S, 1, false,
				       media_page_sdp(a, false), NULL),
			  0);
		CHECK_INT(session_leg_rollback(bed.table, S, 1), 0);
		CHECK_INT(media_bed_die(&bed, 50, &alive), 0);
		CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
	}
	mem_deref(mb);
	media_bed_close(&bed);
}

static void what_was_not_set_up_is_reported_lost(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	size_t alive = 9;

	REQUIRE(media_bed_open(&bed, file("early")) == 0);
	a = media_page_open(&bed);
	b = media_page_open(&bed);
	REQUIRE(a && b);
	/* one session with nothing, another with one leg of two */
	CHECK_INT(media_remote(&bed, media_id(7), 1, false,
			       media_page_sdp(b, false), NULL),
		  0);
	b->sending = false;
	CHECK_INT(media_page_calls(a, S, 1), 0);
	CHECK_INT(media_page_called(b, S, 2), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL), 0);
	mock_media_silence(b->mock);
	media_bed_run(&bed, 1000);
	CHECK_INT(session_count(bed.table), 2);

	CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
	CHECK_INT(alive, 1);
	CHECK_INT(session_count(bed.table), 1);
	CHECK_INT(bed.nlost, 2);
	for (unsigned i = 0; i < 2; i++) {
		bool other = strcmp(bed.lost[i].session, S) != 0;

		CHECK_INT(bed.lost[i].leg, other ? 0 : 2);
		CHECK_INT(bed.lost[i].cause, SESSION_TOO_EARLY);
	}
	CHECK_INT(state_file_used(bed.state), 1);
	media_bed_close(&bed);
}

static void a_lost_leg_stays_lost(void)
{
	struct media_bed bed = {0};
	struct session_figures figs;
	struct media_page *a, *b;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("lost")) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 500);
		mock_media_close(b->mock);
		media_bed_run(&bed, 500);
		CHECK_INT(bed.nlost, 1);
		CHECK_INT(media_bed_die(&bed, 50, &alive), 0);
		CHECK_INT(alive, 1);
		CHECK_INT(bed.nlost, 2);
		CHECK_INT(bed.lost[1].leg, 2);
		CHECK_INT(session_query(bed.table, S, &figs), 0);
		CHECK_INT(figs.nlegs, 1);
		CHECK_INT(figs.legs[0].leg, 1);
	}
	media_bed_close(&bed);
}

static void who_is_served_at_two_deaths_does_not_come_back(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("poison")) == 0);
	a = call_service(&bed, media_id(1), "echo");
	b = call_service(&bed, media_id(2), "echo");
	REQUIRE(a && b);
	media_bed_run(&bed, 1000);
	CHECK_INT(media_bed_die_serving(&bed, 0, &alive), 0);
	CHECK_INT(alive, 2);
	media_bed_run(&bed, 500);
	CHECK_INT(media_bed_die_serving(&bed, 0, &alive), 0);
	CHECK_INT(alive, 1);
	CHECK_INT(bed.nlost, 1);
	CHECK_STR(bed.lost[0].session, media_id(1));
	CHECK_INT(bed.lost[0].cause, SESSION_POISON);
	media_bed_run(&bed, 500);
	CHECK(bed.now_ms - b->heard_ms <= 40);
	CHECK_INT(state_file_used(bed.state), 1);
	media_bed_close(&bed);
}

static void who_lives_long_enough_is_not_to_blame(void)
{
	struct media_bed bed = {0};
	struct media_page *a;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("blame")) == 0);
	a = call_service(&bed, S, "echo");
	REQUIRE(a != NULL);
	for (unsigned i = 0; i < 6; i++) {
		media_bed_run(&bed, 5100);
		CHECK_INT(media_bed_die_serving(&bed, 0, &alive), 0);
		CHECK_INT(alive, 1);
	}
	CHECK_INT(bed.nlost, 0);
	media_bed_close(&bed);
}

static void a_row_of_deaths_without_a_culprit_ends_all(void)
{
	struct media_bed bed = {0};
	struct media_page *a;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("row")) == 0);
	a = call_service(&bed, S, "echo");
	REQUIRE(a != NULL);
	for (unsigned i = 1; i <= 5; i++) {
		media_bed_run(&bed, 1000);
		CHECK_INT(media_bed_die(&bed, 50, &alive), 0);
		CHECK_INT(alive, i < 5);
	}
	CHECK_INT(bed.nlost, 1);
	CHECK_INT(bed.lost[0].cause, SESSION_POISON);
	media_bed_close(&bed);
}

static void damage(struct media_bed *bed, size_t at)
{
	uint8_t byte = 0;
	int fd = open(bed->state_path, O_RDWR);

	CHECK_INT(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= 1;
	CHECK_INT(pwrite(fd, &byte, 1, (off_t)at), 1);
	close(fd);
}

/* The hot part has no checksum: what it says is behind the record is wrong. */
static void no_index_is_used_twice_whatever_the_hot_part_says(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("behind")) == 0);
	a = call_service(&bed, media_id(1), "echo");
	b = call_service(&bed, media_id(2), "echo");
	REQUIRE(a && b);
	media_bed_run(&bed, 6000);
	state_rec_hot(bed.state, 0)->slot.next = 3;
	CHECK_INT(media_bed_die(&bed, 50, &alive), 0);
	CHECK_INT(alive, 1);
	media_bed_run(&bed, 500);
	CHECK(bed.now_ms - a->heard_ms > 500);
	CHECK(bed.now_ms - b->heard_ms <= 40);
	fault_free(a);
	fault_free(b);
	CHECK_INT(state_file_used(bed.state), 1);
	media_bed_close(&bed);
}

static void a_damaged_record_takes_no_other_along(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("damaged")) == 0);
	a = call_service(&bed, media_id(1), "echo");
	b = call_service(&bed, media_id(2), "echo");
	REQUIRE(a && b);
	media_bed_run(&bed, 1000);
	/* the journal holds the second one, and would heal that */
	damage(&bed, (off_t)state_image_rec_at(0) + 500);
	CHECK_INT(media_bed_die(&bed, 50, &alive), 0);
	CHECK_INT(alive, 1);
	media_bed_run(&bed, 500);
	CHECK(bed.now_ms - b->heard_ms <= 40);
	CHECK_INT(state_file_used(bed.state), 1);
	media_bed_close(&bed);
}

static void joins_between_services_and_peers_come_back(void)
{
	struct media_bed bed = {0};
	struct session_figures figs;
	struct media_page *a, *b;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("joins")) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 500);
		session_leg_join(bed.table, S, 2, 0, "echo");
		media_bed_run(&bed, 500);
		CHECK_INT(media_bed_die(&bed, 50, &alive), 0);
		CHECK_INT(session_query(bed.table, S, &figs), 0);
		CHECK_INT(figs.legs[0].peer, 0);
		CHECK_STR(figs.legs[1].service, "echo");
		session_leg_join(bed.table, S, 2, 1, NULL);
		media_bed_run(&bed, 500);
		CHECK_INT(media_bed_die(&bed, 50, &alive), 0);
		CHECK_INT(session_query(bed.table, S, &figs), 0);
		CHECK_INT(figs.legs[0].peer, 2);
		CHECK_INT(figs.legs[1].peer, 1);
		fault_free(b);
	}
	media_bed_close(&bed);
}

/* Who frees its sessions to leave them to a successor ends no join. */
static void an_end_in_order_leaves_the_joins(void)
{
	struct media_bed bed = {0};
	struct session_figures figs;
	struct media_page *a, *b;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("order")) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 500);
		CHECK_INT(media_bed_succeed(&bed, &alive), 0);
		CHECK_INT(alive, 1);
		CHECK_INT(session_query(bed.table, S, &figs), 0);
		CHECK_INT(figs.nlegs, 2);
		CHECK_INT(figs.legs[0].peer, 2);
		CHECK_INT(figs.legs[1].peer, 1);
		media_bed_run(&bed, 500);
		CHECK(bed.now_ms - a->heard_ms <= 40);
		CHECK(bed.now_ms - b->heard_ms <= 40);
		fault_free(a);
		fault_free(b);
	}
	media_bed_close(&bed);
}

/* A worker with 100 calls: how long its successor takes. */
static void a_hundred_calls_are_back_at_once(void)
{
	struct media_bed *bed = mem_zalloc(sizeof(*bed), NULL);
	uint64_t begin, took;
	size_t alive = 0;

	REQUIRE(bed && media_bed_open(bed, file("hundred")) == 0);
	for (unsigned i = 1; i <= 100; i++) {
		struct media_page *page = media_page_open(bed);

		REQUIRE(page != NULL);
		CHECK_INT(media_page_calls(page, media_id(i), 1), 0);
		CHECK_INT(session_leg_join(bed->table, media_id(i), 1, 0,
					   "echo"),
			  0);
	}
	CHECK(media_bed_ready(bed));
	media_bed_run(bed, 500);
	begin = tmr_jiffies();
	CHECK_INT(media_bed_die(bed, 50, &alive), 0);
	took = tmr_jiffies() - begin;
	printf("# %zu calls, file copied and read again in %u ms\n", alive,
	       (unsigned)took);
	CHECK_INT(alive, 100);
	media_bed_run(bed, 500);
	for (unsigned i = 0; i < 100; i++) {
		fault_free(bed->pages[i]);
		CHECK(bed->now_ms - bed->pages[i]->heard_ms <= 40);
	}
	media_bed_close(bed);
	mem_deref(bed);
}

static void memory_runs_out_anywhere(void)
{
	struct media_bed bed = {0};
	struct media_page *a;
	size_t alive = 0;

	if (!media_bed_open(&bed, file("oom"))) {
		a = media_page_open(&bed);
		if (a && !media_page_calls(a, S, 1) && media_bed_ready(&bed))
			(void)media_bed_die(&bed, 50, &alive);
	}
	media_bed_close(&bed);
}

TEST_MAIN(TEST(audio_is_back_and_nothing_was_used_twice),
	  TEST(no_index_is_used_twice_whatever_the_hot_part_says),
	  TEST(a_stream_past_its_wrap_goes_on),
	  TEST(a_wrap_while_nobody_serves_is_survived), TEST(services_play_on),
	  TEST(ten_deaths_are_survived), TEST(figures_go_on_after_a_death),
	  TEST(signalling_goes_on_after_a_death),
	  TEST(an_open_offer_dies_with_the_worker),
	  TEST(what_was_not_set_up_is_reported_lost),
	  TEST(a_lost_leg_stays_lost),
	  TEST(who_is_served_at_two_deaths_does_not_come_back),
	  TEST(who_lives_long_enough_is_not_to_blame),
	  TEST(a_row_of_deaths_without_a_culprit_ends_all),
	  TEST(a_damaged_record_takes_no_other_along),
	  TEST(joins_between_services_and_peers_come_back),
	  TEST(an_end_in_order_leaves_the_joins),
	  TEST(a_hundred_calls_are_back_at_once),
	  TEST_OOM(memory_runs_out_anywhere))
