/*
 * test_media_video.c  Video through the sessions of a worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "mediad/session/state_file.h"
#include "mediad/transport/hub.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";

enum {
	PACKETS = 3, /* of a picture */
	FRAME_MS = 40,
	PT = 96,
};

/* A page's camera, and what it is told. */
struct cam {
	struct media_page *page;
	uint32_t ssrc, ts;
	uint16_t seq;
	bool covered, called;
	bool skips;          /* one packet is lost on its way to us */
	/* RTCP about what we send: */
	unsigned plis, firs, nacks, rembs, twccs;
	uint16_t nacked;
	uint32_t about;
	uint8_t exts[64]; /* header extension of the latest packet heard */
	unsigned markers;
};

static const char *file(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	return path;
}

static void put(uint8_t *p, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
}

static uint32_t get(const uint8_t *p, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

/* With TWCC as 3, an element that nobody agreed on, and an orientation as 5;
 * who was called has our numbers, 1 and 3. */
static void packet_send(struct cam *cam, bool last)
{
	uint8_t pkt[700] = {0x90, PT};

	pkt[1] |= last ? 0x80 : 0;
	put(pkt + 2, cam->seq, 2);
	put(pkt + 4, cam->ts, 4);
	put(pkt + 8, cam->ssrc, 4);
	put(pkt + 12, 0xbede0002, 4);
	put(pkt + 16, (cam->called ? 0x11000000u : 0x31000000u) | (uint32_t)cam->seq << 8 | 0x70, 4);
	put(pkt + 20, cam->called ? 0x99300100 : 0x99500100, 4);
	memset(pkt + 24, cam->seq & 0xff, sizeof(pkt) - 24);
	cam->seq++;
	if (cam->skips)
		cam->skips = false;
	else
		(void)mock_media_send_rtp(cam->page->mock, pkt, sizeof(pkt));
}

static void picture_send(struct cam *cam)
{
	cam->ts += 90 * FRAME_MS;
	if (cam->covered || !cam->page->vpt ||
	    !mock_media_ready(cam->page->mock))
		return;
	for (unsigned i = 1; i <= PACKETS; i++)
		packet_send(cam, i == PACKETS);
}

static void on_video(const uint8_t *pkt, size_t len, void *arg)
{
	struct cam *cam = arg;

	memset(cam->exts, 0, sizeof(cam->exts));
	if (pkt[0] & 0x10 && len >= 12 + sizeof(cam->exts))
		memcpy(cam->exts, pkt + 12, sizeof(cam->exts));
	cam->markers += pkt[1] >> 7;
}

static void part_seen(struct cam *cam, const uint8_t *p, size_t len)
{
	unsigned fmt = p[0] & 31;

	if (p[1] < 205 || p[1] > 206 || len < 12)
		return;
	cam->about = get(p + 8, 4);
	if (p[1] == 205 && fmt == 1) {
		cam->nacks++;
		cam->nacked = (uint16_t)get(p + 12, 2);
	} else if (p[1] == 205 && fmt == 15) {
		cam->twccs++;
	} else if (fmt == 1) {
		cam->plis++;
	} else if (fmt == 4) {
		cam->firs++;
		cam->about = get(p + 12, 4);
	} else if (fmt == 15) {
		cam->rembs++;
		cam->about = get(p + 20, 4);
	}
}

static void on_rtcp(const uint8_t *pkt, size_t len, void *arg)
{
	while (len >= 8) {
		size_t size = 4 * (get(pkt + 2, 2) + 1);

		if (size > len)
			return;
		part_seen(arg, pkt, size);
		pkt += size;
		len -= size;
	}
}

/* In its answer: the numbers of our offer. */
static const char called_extra[] =
	"a=rtcp-fb:* nack\r\na=rtcp-fb:* nack pli\r\n"
	"a=rtcp-fb:* ccm fir\r\na=rtcp-fb:* goog-remb\r\n"
	"a=rtcp-fb:* transport-cc\r\n"
	"a=extmap:1 http://www.ietf.org/id/draft-holmer-rmcat-"
	"transport-wide-cc-extensions-01\r\n"
	"a=extmap:3 urn:3gpp:video-orientation\r\n";

static void cam_open(struct cam *cam, struct media_bed *bed)
{
	memset(cam, 0, sizeof(*cam));
	cam->page = media_page_open(bed);
	REQUIRE(cam->page);
	cam->page->video = true;
	cam->page->videoh = on_video;
	cam->page->rtcph = on_rtcp;
	cam->page->arg = cam;
	cam->ssrc = mock_media_video_ssrc(cam->page->mock);
	cam->seq = 65500; /* wraps soon */
	cam->ts = 0xffff0000u;
}

static void called_open(struct cam *cam, struct media_bed *bed)
{
	cam_open(cam, bed);
	cam->called = true;
	cam->page->vextra = called_extra;
}

static void run(struct media_bed *bed, struct cam *cams, size_t n, unsigned ms)
{
	for (unsigned t = 0; t < ms; t += FRAME_MS) {
		for (size_t i = 0; i < n; i++)
			picture_send(&cams[i]);
		media_bed_run(bed, FRAME_MS);
	}
}

/* What is said about the stream that a page hears. */
static void feedback_send(struct cam *cam, uint8_t kind, uint8_t fmt,
			  const void *fci, size_t len)
{
	uint8_t pkt[200] = {0x80 | fmt, kind};

	put(pkt + 2, (uint32_t)(len / 4 + 2), 2);
	put(pkt + 4, cam->ssrc, 4);
	put(pkt + 8, cam->page->vcheck.ssrc, 4);
	if (len)
		memcpy(pkt + 12, fci, len);
	CHECK_INT(mock_media_send_rtcp(cam->page->mock, pkt, 12 + len), 0);
}

static void clear(struct cam *cam)
{
	cam->plis = cam->firs = cam->nacks = cam->rembs = cam->twccs = 0;
}

/* --- calls ------------------------------------------------------------------------ */

/* A page calls another one, as sigd has it: the caller is answered last. */
static int answered(struct media_bed *bed, struct cam *cam)
{
	struct mbuf *mb = mbuf_alloc(4096);
	int err = mb ? media_local(bed, S, 1, true, mb, NULL) : ENOMEM;

	if (!err)
		err = media_page_take(cam->page, (char *)mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

static int offers(struct media_bed *bed, struct cam *cam)
{
	return media_remote(bed, S, 1, false, media_page_sdp(cam->page, false),
			    NULL);
}

static bool call_up(struct media_bed *bed, struct cam cams[2])
{
	CHECK_INT(offers(bed, &cams[0]), 0);
	CHECK_INT(media_page_called(cams[1].page, S, 2), 0);
	CHECK_INT(session_leg_join(bed->table, S, 1, 2, NULL), 0);
	CHECK_INT(answered(bed, &cams[0]), 0);
	return CHECK(media_bed_ready(bed));
}

static bool open_call(struct media_bed *bed, struct cam cams[2],
		      const char *state)
{
	if (!CHECK_INT(media_bed_open(bed, state), 0))
		return false;
	cam_open(&cams[0], bed);
	called_open(&cams[1], bed);
	return call_up(bed, cams);
}

static void fault_free(const struct cam *cam)
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
	struct media_bed bed = {0};
	struct cam cams[2];

	if (open_call(&bed, cams, NULL)) {
		run(&bed, cams, 2, 8000);
		for (unsigned i = 0; i < 2; i++) {
			struct media_page *page = cams[i].page;

			fault_free(&cams[i]);
			CHECK(page->vheard >= 590 && page->heard >= 395);
			CHECK_INT(packet_check_lost(&page->vcheck), 0);
			CHECK_INT(packet_check_lost(&page->check), 0);
			CHECK(page->vcheck.ssrc != cams[!i].ssrc);
			CHECK(page->vcheck.ssrc != page->check.ssrc);
			/* the end of a picture is where it was */
			CHECK_INT(page->vheard / PACKETS, cams[i].markers);
			/* asked for when it began */
			CHECK(cams[i].plis >= 1 && cams[i].plis <= 3);
			CHECK_INT(cams[i].about, cams[i].ssrc);
		}
		/* the caller's numbers are its own, the called one's ours */
		CHECK_INT(get(cams[0].exts, 4), 0xbede0002);
		CHECK_INT(cams[0].exts[4], 0x31);
		CHECK_INT(cams[0].exts[7], 0x50);
		CHECK_INT(cams[1].exts[4], 0x11);
		CHECK_INT(cams[1].exts[7], 0x30);
		CHECK_INT(cams[1].exts[8], 1);
		CHECK_INT(session_drop(bed.table, S), 0);
	}
	media_bed_close(&bed);
}

static void an_echo_shows_the_page_itself(void)
{
	struct media_bed bed = {0};
	struct cam cam;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	cam_open(&cam, &bed);
	CHECK_INT(offers(&bed, &cam), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
	CHECK_INT(answered(&bed, &cam), 0);
	if (CHECK(media_bed_ready(&bed))) {
		run(&bed, &cam, 1, 2000);
		CHECK(cam.page->vheard >= 140);
		fault_free(&cam);
	}
	media_bed_close(&bed);
}

static void where_video_is_not_wanted_there_is_sound(void)
{
	struct media_bed bed = {.no_video = true};
	struct cam cams[2];

	if (open_call(&bed, cams, NULL)) {
		CHECK_INT(cams[0].page->vpt, 0);
		CHECK(strstr(cams[0].page->sdp, "m=video 0 "));
		CHECK(!strstr(cams[1].page->sdp, "m=video"));
		run(&bed, cams, 2, 1000);
		CHECK(cams[0].page->heard > 40 && cams[1].page->heard > 40);
	}
	media_bed_close(&bed);
}

/* --- feedback ------------------------------------------------------------------------- */

static void what_was_lost_behind_us_is_sent_again_by_us(void)
{
	struct media_bed bed = {0};
	struct cam cams[2];
	uint8_t fci[4] = {0};

	if (open_call(&bed, cams, NULL)) {
		run(&bed, cams, 2, 2000);
		clear(&cams[0]);
		cams[1].page->lose = (uint16_t)(cams[1].page->vcheck.high + 5);
		cams[1].page->losing = true;
		run(&bed, cams, 2, 200);
		CHECK_INT(packet_check_lost(&cams[1].page->vcheck), 1);
		put(fci, cams[1].page->lose, 2);
		feedback_send(&cams[1], 205, 1, fci, 4);
		run(&bed, cams, 2, 200);
		CHECK_INT(packet_check_lost(&cams[1].page->vcheck), 0);
		CHECK_INT(cams[0].nacks, 0);
		CHECK_INT(mock_media_stats(cams[1].page->mock)->bad_srtp, 0);
		fault_free(&cams[1]);
	}
	media_bed_close(&bed);
}

static void what_was_lost_before_us_is_asked_for(void)
{
	struct media_bed bed = {0};
	struct cam cams[2];
	uint8_t fci[4] = {0};
	uint16_t lost;

	if (open_call(&bed, cams, NULL)) {
		run(&bed, cams, 2, 2000);
		lost = cams[0].seq;
		put(fci, (uint16_t)(cams[1].page->vcheck.high + 1), 2);
		cams[0].skips = true;
		run(&bed, cams, 2, 200);
		CHECK_INT(packet_check_lost(&cams[1].page->vcheck), 1);
		feedback_send(&cams[1], 205, 1, fci, 4);
		run(&bed, cams, 2, 80);
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
	struct cam cams[2];
	uint8_t fir[8] = {0};

	if (open_call(&bed, cams, NULL)) {
		run(&bed, cams, 2, 2000);
		clear(&cams[0]);
		for (unsigned i = 0; i < 50; i++) {
			feedback_send(&cams[1], 206, 1, NULL, 0);
			run(&bed, cams, 2, FRAME_MS);
		}
		/* two seconds of asking */
		CHECK(cams[0].plis >= 3 && cams[0].plis <= 5);
		run(&bed, cams, 2, 1000);
		clear(&cams[0]);
		put(fir, cams[1].page->vcheck.ssrc, 4);
		feedback_send(&cams[1], 206, 4, fir, 8);
		run(&bed, cams, 2, 200);
		CHECK_INT(cams[0].plis, 1);
		/* about nobody's stream */
		run(&bed, cams, 2, 1000);
		put(fir, 4711, 4);
		feedback_send(&cams[1], 206, 4, fir, 8);
		run(&bed, cams, 2, 200);
		CHECK_INT(cams[0].plis, 1);
	}
	media_bed_close(&bed);
}

static void who_knows_fir_alone_is_asked_so(void)
{
	struct media_bed bed = {0};
	struct cam cams[2];

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	cam_open(&cams[0], &bed);
	called_open(&cams[1], &bed);
	cams[0].page->vextra = "a=rtcp-fb:* ccm fir\r\n";
	if (call_up(&bed, cams)) {
		run(&bed, cams, 2, 2000);
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
	struct cam cams[2];
	uint8_t remb[12] = {'R', 'E', 'M', 'B', 1, 0x12, 0x34, 0x56};

	if (open_call(&bed, cams, NULL)) {
		run(&bed, cams, 2, 2000);
		put(remb + 8, cams[1].page->vcheck.ssrc, 4);
		feedback_send(&cams[1], 206, 15, remb, 12);
		run(&bed, cams, 2, 200);
		CHECK_INT(cams[0].rembs, 1);
		CHECK_INT(cams[0].about, cams[0].ssrc);
		feedback_send(&cams[1], 205, 15, twcc, 12);
		run(&bed, cams, 2, 200);
		CHECK_INT(cams[0].twccs, 1);
		CHECK_INT(cams[0].about, cams[0].ssrc);
	}
	media_bed_close(&bed);
}

/* --- agreements change -------------------------------------------------------------------- */

/* An offer of the caller's goes to the called one and its answer back. */
static void renegotiate(struct media_bed *bed, struct cam cams[2])
{
	CHECK_INT(offers(bed, &cams[0]), 0);
	CHECK_INT(media_page_called(cams[1].page, S, 2), 0);
	CHECK_INT(answered(bed, &cams[0]), 0);
}

static void hold_stops_the_picture_and_it_comes_back_whole(void)
{
	struct media_bed bed = {0};
	struct cam cams[2];
	uint32_t heard;

	if (open_call(&bed, cams, NULL)) {
		run(&bed, cams, 2, 2000);
		cams[0].page->vdir = "sendonly";
		cams[1].page->vdir = "recvonly";
		renegotiate(&bed, cams);
		run(&bed, cams, 2, 200);
		heard = cams[0].page->vheard;
		run(&bed, cams, 2, 2000);
		CHECK_INT(cams[0].page->vheard, heard);
		cams[0].page->vdir = cams[1].page->vdir = NULL;
		clear(&cams[1]);
		renegotiate(&bed, cams);
		run(&bed, cams, 2, 2000);
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
	struct cam cams[2];
	uint32_t heard;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	cam_open(&cams[0], &bed);
	called_open(&cams[1], &bed);
	cams[0].page->video = cams[1].page->video = false;
	if (call_up(&bed, cams)) {
		run(&bed, cams, 2, 1000);
		CHECK_INT(cams[1].page->vheard, 0);
		cams[0].page->video = cams[1].page->video = true;
		renegotiate(&bed, cams);
		run(&bed, cams, 2, 2000);
		CHECK(cams[0].page->vheard > 100 &&
		      cams[1].page->vheard > 100);
		/* what still comes is no other source of sound */
		cams[0].page->video = cams[1].page->video = false;
		heard = cams[1].page->heard;
		CHECK_INT(offers(&bed, &cams[0]), EBADMSG); /* fewer m-lines */
		cams[0].page->vextra = "";
		run(&bed, cams, 2, 1000);
		CHECK(cams[1].page->heard >= heard + 45);
		fault_free(&cams[0]);
		fault_free(&cams[1]);
	}
	media_bed_close(&bed);
}

static void another_camera_takes_the_place_of_one(void)
{
	struct media_bed bed = {0};
	struct cam cams[3];

	if (open_call(&bed, cams, NULL)) {
		run(&bed, cams, 2, 2000);
		called_open(&cams[2], &bed);
		CHECK_INT(media_page_called(cams[2].page, S, 3), 0);
		CHECK(media_bed_ready(&bed));
		clear(&cams[2]);
		CHECK_INT(session_leg_join(bed.table, S, 1, 3, NULL), 0);
		run(&bed, cams, 3, 2000);
		CHECK(cams[2].plis >= 1);
		CHECK(cams[2].page->vheard > 100);
		CHECK(cams[0].page->vheard > 270);
		fault_free(&cams[0]);
		CHECK_INT(packet_check_lost(&cams[0].page->vcheck), 0);
	}
	media_bed_close(&bed);
}

/* --- death ------------------------------------------------------------------------------------ */

static void pictures_survive_the_workers_death(void)
{
	struct media_bed bed = {0};
	struct cam cams[2];
	uint32_t heard[2];
	size_t alive;

	if (open_call(&bed, cams, file("death"))) {
		run(&bed, cams, 2, 6000);
		CHECK_INT(state_file_used(bed.state), 4);
		heard[0] = cams[0].page->vheard;
		heard[1] = cams[1].page->vheard;
		clear(&cams[0]);
		clear(&cams[1]);
		CHECK_INT(media_bed_die(&bed, 150, &alive), 0);
		CHECK_INT(alive, 1);
		run(&bed, cams, 2, 3000);
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

/* --- strangers among the streams ----------------------------------------------------------------- */

static void layers_that_come_in_spite_of_us_do_not_mix(void)
{
	struct media_bed bed = {0};
	struct cam cams[2], layer;

	if (open_call(&bed, cams, NULL)) {
		layer = cams[0];
		/* the mock has keys for two streams: this one is its audio's */
		layer.ssrc = mock_media_ssrc(cams[0].page->mock);
		layer.seq = 30000;
		cams[0].page->sending = false;
		for (unsigned t = 0; t < 2000; t += FRAME_MS) {
			picture_send(&layer);
			run(&bed, cams, 2, FRAME_MS);
		}
		CHECK(cams[1].page->vheard >= 145 &&
		      cams[1].page->vheard <= 155);
		fault_free(&cams[1]);
	}
	media_bed_close(&bed);
}

TEST_MAIN(TEST(two_pages_see_each_other), TEST(an_echo_shows_the_page_itself),
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
