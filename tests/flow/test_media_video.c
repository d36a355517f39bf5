/*
 * test_media_video.c  Video through the sessions of a worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "mediad/session/state_file.h"
#include "mediad/session/state_video.h"
#include "mediad/transport/hub.h"
#include "tests/lib/media_cam.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";

static const char *file(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	return path;
}

/* --- calls ------------------------------------------------------------------------ */

/* A page calls another one, as sigd has it: the caller is answered last. */
static int answered(struct media_bed *bed, struct media_cam *cam)
{
	struct mbuf *mb = mbuf_alloc(4096);
	int err = mb ? media_local(bed, S, 1, true, mb, NULL) : ENOMEM;

	if (!err)
		err = media_page_take(cam->page, (char *)mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

static int offers(struct media_bed *bed, struct media_cam *cam)
{
	return media_remote(bed, S, 1, false, media_page_sdp(cam->page, false),
			    NULL);
}

static bool call_up(struct media_bed *bed, struct media_cam cams[2])
{
	CHECK_INT(offers(bed, &cams[0]), 0);
	CHECK_INT(media_page_called(cams[1].page, S, 2), 0);
	CHECK_INT(session_leg_join(bed->table, S, 1, 2, NULL), 0);
	CHECK_INT(answered(bed, &cams[0]), 0);
	return CHECK(media_bed_ready(bed));
}

static bool open_call(struct media_bed *bed, struct media_cam cams[2],
		      const char *state)
{
	if (!CHECK_INT(media_bed_open(bed, state), 0))
		return false;
	media_cam_open(&cams[0], bed);
	media_cam_called(&cams[1], bed);
	return call_up(bed, cams);
}

static void fault_free(const struct media_cam *cam)
{
	const char *fault = packet_check_fault(&cam->page->vcheck);

	if (!CHECK(fault == NULL))
		printf("# video: %s\n", fault);
	fault = packet_check_fault(&cam->page->check);
	if (!CHECK(fault == NULL))
		printf("# audio: %s\n", fault);
}

static void two_pages_see_each_other(void)
{
	static struct session_figures figs;
	struct media_bed bed = {0};
	struct media_cam cams[2];

	if (open_call(&bed, cams, NULL)) {
		media_cam_run(&bed, cams, 2, 8000);
		for (unsigned i = 0; i < 2; i++) {
			struct media_page *page = cams[i].page;

			fault_free(&cams[i]);
			CHECK(page->vheard >= 590 && page->heard >= 395);
			CHECK_INT(packet_check_lost(&page->vcheck), 0);
			CHECK_INT(packet_check_lost(&page->check), 0);
			CHECK(page->vcheck.ssrc != cams[!i].ssrc);
			CHECK(page->vcheck.ssrc != page->check.ssrc);
			/* the end of a picture is where it was */
			CHECK_INT(page->vheard / MEDIA_CAM_PACKETS, cams[i].markers);
			/* asked for when it began */
			CHECK(cams[i].plis >= 1 && cams[i].plis <= 3);
			CHECK_INT(cams[i].about, cams[i].ssrc);
		}
		/* the caller's numbers are its own, the called one's ours */
		CHECK_INT(media_get(cams[0].exts, 4), 0xbede0002);
		CHECK_INT(cams[0].exts[4], 0x31);
		CHECK_INT(cams[0].exts[7], 0x50);
		CHECK_INT(cams[1].exts[4], 0x11);
		CHECK_INT(cams[1].exts[7], 0x30);
		CHECK_INT(cams[1].exts[8], 1);
		CHECK_INT(session_query(bed.table, S, &figs), 0);
		CHECK_STR(figs.legs[1].video.codec, "VP8");
		CHECK(figs.legs[1].video.packets_in >= 590);
		CHECK(figs.legs[1].video.packets_out >= 590);
		CHECK_INT(figs.legs[1].video.lost_in, 0);
		CHECK_INT(figs.legs[1].video.pictures, cams[1].plis);
		CHECK_INT(session_drop(bed.table, S), 0);
	}
	media_bed_close(&bed);
}

static void an_echo_shows_the_page_itself(void)
{
	struct media_bed bed = {0};
	struct media_cam cam;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	media_cam_open(&cam, &bed);
	CHECK_INT(offers(&bed, &cam), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
	CHECK_INT(answered(&bed, &cam), 0);
	if (CHECK(media_bed_ready(&bed))) {
		media_cam_run(&bed, &cam, 1, 2000);
		CHECK(cam.page->vheard >= 140);
		fault_free(&cam);
	}
	media_bed_close(&bed);
}

static void where_video_is_not_wanted_there_is_sound(void)
{
	struct media_bed bed = {.no_video = true};
	struct media_cam cams[2];

	if (open_call(&bed, cams, NULL)) {
		CHECK_INT(cams[0].page->vpt, 0);
		CHECK(strstr(cams[0].page->sdp, "m=video 0 "));
		CHECK(!strstr(cams[1].page->sdp, "m=video"));
		media_cam_run(&bed, cams, 2, 1000);
		CHECK(cams[0].page->heard > 40 && cams[1].page->heard > 40);
	}
	media_bed_close(&bed);
}

/* --- feedback ------------------------------------------------------------------------- */

static void what_was_lost_behind_us_is_sent_again_by_us(void)
{
	static struct session_figures figs;
	struct media_bed bed = {0};
	struct media_cam cams[2];
	uint8_t fci[4] = {0};

	if (open_call(&bed, cams, NULL)) {
		media_cam_run(&bed, cams, 2, 2000);
		media_cam_clear(&cams[0]);
		cams[1].page->lose = (uint16_t)(cams[1].page->vcheck.high + 5);
		cams[1].page->losing = true;
		media_cam_run(&bed, cams, 2, 200);
		CHECK_INT(packet_check_lost(&cams[1].page->vcheck), 1);
		media_put(fci, cams[1].page->lose, 2);
		media_cam_tell(&cams[1], 205, 1, fci, 4);
		media_cam_run(&bed, cams, 2, 200);
		CHECK_INT(packet_check_lost(&cams[1].page->vcheck), 0);
		CHECK_INT(cams[0].nacks, 0);
		CHECK_INT(mock_media_stats(cams[1].page->mock)->bad_srtp, 0);
		CHECK_INT(session_query(bed.table, S, &figs), 0);
		CHECK_INT(figs.legs[1].video.resent, 1);
		fault_free(&cams[1]);
	}
	media_bed_close(&bed);
}

static void what_was_lost_before_us_is_asked_for(void)
{
	struct media_bed bed = {0};
	struct media_cam cams[2];
	uint8_t fci[4] = {0};
	uint16_t lost;

	if (open_call(&bed, cams, NULL)) {
		media_cam_run(&bed, cams, 2, 2000);
		lost = cams[0].seq;
		media_put(fci, (uint16_t)(cams[1].page->vcheck.high + 1), 2);
		cams[0].skips = true;
		media_cam_run(&bed, cams, 2, 200);
		CHECK_INT(packet_check_lost(&cams[1].page->vcheck), 1);
		/* whoever asks again and again does not have it asked so */
		for (unsigned i = 0; i < 8; i++)
			media_cam_tell(&cams[1], 205, 1, fci, 4);
		media_cam_run(&bed, cams, 2, 80);
		CHECK_INT(cams[0].nacks, 1);
		CHECK_INT(cams[0].nacked, lost);
		CHECK_INT(cams[0].about, cams[0].ssrc);
		fault_free(&cams[1]);
	}
	media_bed_close(&bed);
}

static void whole_pictures_are_asked_for_and_not_too_often(void)
{
	struct media_bed bed = {0};
	struct media_cam cams[2];
	uint8_t fir[8] = {0};

	if (open_call(&bed, cams, NULL)) {
		media_cam_run(&bed, cams, 2, 2000);
		media_cam_clear(&cams[0]);
		for (unsigned i = 0; i < 50; i++) {
			media_cam_tell(&cams[1], 206, 1, NULL, 0);
			media_cam_run(&bed, cams, 2, MEDIA_CAM_MS);
		}
		/* two seconds of asking */
		CHECK(cams[0].plis >= 3 && cams[0].plis <= 5);
		media_cam_run(&bed, cams, 2, 1000);
		media_cam_clear(&cams[0]);
		media_put(fir, cams[1].page->vcheck.ssrc, 4);
		media_cam_tell(&cams[1], 206, 4, fir, 8);
		media_cam_run(&bed, cams, 2, 200);
		CHECK_INT(cams[0].plis, 1);
		/* about nobody's stream */
		media_cam_run(&bed, cams, 2, 1000);
		media_put(fir, 4711, 4);
		media_cam_tell(&cams[1], 206, 4, fir, 8);
		media_cam_run(&bed, cams, 2, 200);
		CHECK_INT(cams[0].plis, 1);
	}
	media_bed_close(&bed);
}

static void who_knows_fir_alone_is_asked_so(void)
{
	struct media_bed bed = {0};
	struct media_cam cams[2];

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	media_cam_open(&cams[0], &bed);
	media_cam_called(&cams[1], &bed);
	cams[0].page->vextra = "a=rtcp-fb:* ccm fir\r\n";
	if (call_up(&bed, cams)) {
		media_cam_run(&bed, cams, 2, 2000);
		CHECK(cams[0].firs >= 1);
		CHECK_INT(cams[0].plis, 0);
		CHECK_INT(cams[0].about, cams[0].ssrc);
	}
	media_bed_close(&bed);
}

static void estimates_of_bandwidth_pass(void)
{
	static const uint8_t twcc[12] = {0, 1, 0, 2, 0, 0, 1, 7, 0x20, 2, 4, 4};
	struct media_bed bed = {0};
	struct media_cam cams[2];
	uint8_t remb[12] = {'R', 'E', 'M', 'B', 1, 0x12, 0x34, 0x56};

	if (open_call(&bed, cams, NULL)) {
		media_cam_run(&bed, cams, 2, 2000);
		media_put(remb + 8, cams[1].page->vcheck.ssrc, 4);
		media_cam_tell(&cams[1], 206, 15, remb, 12);
		media_cam_run(&bed, cams, 2, 200);
		CHECK_INT(cams[0].rembs, 1);
		CHECK_INT(cams[0].about, cams[0].ssrc);
		media_cam_tell(&cams[1], 205, 15, twcc, 12);
		media_cam_run(&bed, cams, 2, 200);
		CHECK_INT(cams[0].twccs, 1);
		CHECK_INT(cams[0].about, cams[0].ssrc);
	}
	media_bed_close(&bed);
}

/* --- agreements change -------------------------------------------------------------------- */

/* An offer of the caller's goes to the called one and its answer back. */
static void renegotiate(struct media_bed *bed, struct media_cam cams[2])
{
	CHECK_INT(offers(bed, &cams[0]), 0);
	CHECK_INT(media_page_called(cams[1].page, S, 2), 0);
	CHECK_INT(answered(bed, &cams[0]), 0);
}

static void hold_stops_the_picture_and_it_comes_back_whole(void)
{
	struct media_bed bed = {0};
	struct media_cam cams[2];
	uint32_t heard;

	if (open_call(&bed, cams, NULL)) {
		media_cam_run(&bed, cams, 2, 2000);
		cams[0].page->vdir = "sendonly";
		cams[1].page->vdir = "recvonly";
		renegotiate(&bed, cams);
		media_cam_run(&bed, cams, 2, 200);
		heard = cams[0].page->vheard;
		media_cam_run(&bed, cams, 2, 2000);
		CHECK_INT(cams[0].page->vheard, heard);
		cams[0].page->vdir = cams[1].page->vdir = NULL;
		media_cam_clear(&cams[1]);
		renegotiate(&bed, cams);
		media_cam_run(&bed, cams, 2, 2000);
		CHECK(cams[0].page->vheard > heard + 100);
		CHECK(cams[1].plis >= 1);
		fault_free(&cams[0]);
		fault_free(&cams[1]);
	}
	media_bed_close(&bed);
}

static void a_camera_is_switched_on_and_off_within_a_call(void)
{
	struct media_bed bed = {0};
	struct media_cam cams[2];
	uint32_t heard;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	media_cam_open(&cams[0], &bed);
	media_cam_called(&cams[1], &bed);
	cams[0].page->video = cams[1].page->video = false;
	if (call_up(&bed, cams)) {
		media_cam_run(&bed, cams, 2, 1000);
		CHECK_INT(cams[1].page->vheard, 0);
		cams[0].page->video = cams[1].page->video = true;
		renegotiate(&bed, cams);
		media_cam_run(&bed, cams, 2, 2000);
		CHECK(cams[0].page->vheard > 100 &&
		      cams[1].page->vheard > 100);
		/* what still comes is no other source of sound */
		cams[0].page->video = cams[1].page->video = false;
		heard = cams[1].page->heard;
		CHECK_INT(offers(&bed, &cams[0]), EBADMSG); /* fewer m-lines */
		cams[0].page->vextra = "";
		media_cam_run(&bed, cams, 2, 1000);
		CHECK(cams[1].page->heard >= heard + 45);
		fault_free(&cams[0]);
		fault_free(&cams[1]);
	}
	media_bed_close(&bed);
}

static void another_camera_takes_the_place_of_one(void)
{
	struct media_bed bed = {0};
	struct media_cam cams[3];

	if (open_call(&bed, cams, NULL)) {
		media_cam_run(&bed, cams, 2, 2000);
		media_cam_called(&cams[2], &bed);
		CHECK_INT(media_page_called(cams[2].page, S, 3), 0);
		CHECK(media_bed_ready(&bed));
		media_cam_clear(&cams[2]);
		CHECK_INT(session_leg_join(bed.table, S, 1, 3, NULL), 0);
		media_cam_run(&bed, cams, 3, 2000);
		CHECK(cams[2].plis >= 1);
		CHECK(cams[2].page->vheard > 100);
		CHECK(cams[0].page->vheard > 270);
		fault_free(&cams[0]);
		CHECK_INT(packet_check_lost(&cams[0].page->vcheck), 0);
	}
	media_bed_close(&bed);
}

/* The page comes anew, with another association: to it both streams begin at
 * ROC 0, wherever each of them is by then. */
static void pictures_go_on_to_a_page_that_was_loaded_again(void)
{
	struct media_bed bed = {0};
	struct media_cam cams[3];

	if (open_call(&bed, cams, NULL)) {
		while (!(cams[0].page->vcheck.high >> 16))
			media_cam_run(&bed, cams, 2, 10000);
		cams[0].page->sending = false;
		mock_media_silence(cams[0].page->mock);
		media_cam_open(&cams[2], &bed);
		CHECK_INT(offers(&bed, &cams[2]), 0);
		CHECK_INT(answered(&bed, &cams[2]), 0);
		media_cam_run(&bed, &cams[1], 2, 3000);
		CHECK(cams[2].page->heard > 100);
		CHECK(cams[2].page->vheard > 150);
		CHECK_INT(mock_media_stats(cams[2].page->mock)->bad_srtp, 0);
		CHECK_INT(cams[2].page->vcheck.high >> 16, 0);
		fault_free(&cams[2]);
	}
	media_bed_close(&bed);
}

/* --- death ------------------------------------------------------------------------------------ */

static void pictures_survive_the_workers_death(void)
{
	struct media_bed bed = {0};
	struct media_cam cams[2];
	uint32_t heard[2];
	size_t alive;

	if (open_call(&bed, cams, file("death"))) {
		media_cam_run(&bed, cams, 2, 6000);
		CHECK_INT(state_file_used(bed.state), 4);
		heard[0] = cams[0].page->vheard;
		heard[1] = cams[1].page->vheard;
		media_cam_clear(&cams[0]);
		media_cam_clear(&cams[1]);
		CHECK_INT(media_bed_die(&bed, 150, &alive), 0);
		CHECK_INT(alive, 1);
		media_cam_run(&bed, cams, 2, 3000);
		for (unsigned i = 0; i < 2; i++) {
			CHECK(cams[i].page->vheard > heard[i] + 200);
			CHECK(cams[i].plis >= 1);
			fault_free(&cams[i]);
		}
		CHECK_INT(session_drop(bed.table, S), 0);
		CHECK_INT(state_file_used(bed.state), 0);
	}
	media_bed_close(&bed);
}

/* The hot part says less than the record: the call goes on as one of audio. */
static void no_index_of_a_picture_is_used_twice(void)
{
	struct media_bed bed = {0};
	struct media_cam cams[2];
	uint32_t heard[2], rec = 0;
	size_t alive, left;

	if (open_call(&bed, cams, file("behind"))) {
		media_cam_run(&bed, cams, 2, 6000);
		for (; !state_rec_next(bed.state, &rec); rec++) {
			const uint8_t *data;

			REQUIRE(!state_rec_read(bed.state, rec, &data, &left));
			if (state_video_is(data, left))
				state_rec_hot(bed.state, rec)->slot.next = 3;
		}
		heard[0] = cams[0].page->vheard;
		heard[1] = cams[1].page->vheard;
		CHECK_INT(media_bed_die(&bed, 150, &alive), 0);
		CHECK_INT(alive, 1);
		media_cam_run(&bed, cams, 2, 1000);
		for (unsigned i = 0; i < 2; i++) {
			CHECK_INT(cams[i].page->vheard, heard[i]);
			CHECK(bed.now_ms - cams[i].page->heard_ms <= 40);
			fault_free(&cams[i]);
		}
		CHECK_INT(state_file_used(bed.state), 2);
		CHECK_INT(session_drop(bed.table, S), 0);
		CHECK_INT(state_file_used(bed.state), 0);
	}
	media_bed_close(&bed);
}

/* --- strangers among the streams ----------------------------------------------------------------- */

static void layers_that_come_in_spite_of_us_do_not_mix(void)
{
	struct media_bed bed = {0};
	struct media_cam cams[2], layer;

	if (open_call(&bed, cams, NULL)) {
		layer = cams[0];
		/* the mock has keys for two streams: this one is its audio's */
		layer.ssrc = mock_media_ssrc(cams[0].page->mock);
		layer.seq = 30000;
		cams[0].page->sending = false;
		for (unsigned t = 0; t < 2000; t += MEDIA_CAM_MS) {
			media_cam_send(&layer);
			media_cam_run(&bed, cams, 2, MEDIA_CAM_MS);
		}
		CHECK(cams[1].page->vheard >= 145 &&
		      cams[1].page->vheard <= 155);
		fault_free(&cams[1]);
	}
	media_bed_close(&bed);
}

TEST_MAIN(TEST(pictures_go_on_to_a_page_that_was_loaded_again),
	  TEST(no_index_of_a_picture_is_used_twice),
	  TEST(two_pages_see_each_other), TEST(an_echo_shows_the_page_itself),
	  TEST(where_video_is_not_wanted_there_is_sound),
	  TEST(what_was_lost_behind_us_is_sent_again_by_us),
	  TEST(what_was_lost_before_us_is_asked_for),
	  TEST(whole_pictures_are_asked_for_and_not_too_often),
	  TEST(who_knows_fir_alone_is_asked_so),
	  TEST(estimates_of_bandwidth_pass),
	  TEST(hold_stops_the_picture_and_it_comes_back_whole),
	  TEST(a_camera_is_switched_on_and_off_within_a_call),
	  TEST(another_camera_takes_the_place_of_one),
	  TEST(pictures_survive_the_workers_death),
	  TEST(layers_that_come_in_spite_of_us_do_not_mix))
