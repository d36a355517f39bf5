/*
 * test_media_video_phone.c  Video between pages and telephones of plain RTP
 *                           and SRTP
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/session/state_file.h"
#include "mediad/transport/hub.h"
#include "tests/lib/media_cam.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/mock_dtls.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";

/* A telephone: its sound, and its pictures on another pair of ports. */
struct videophone {
	struct media_phone *sound, *sight;
	char lines[1024];
	const char *feedback;
	unsigned plis, firs;
};

static const char *file(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	return path;
}

static void videophone_open(struct videophone *vp, struct media_bed *bed,
			    const char *suite)
{
	memset(vp, 0, sizeof(*vp));
	vp->sound = media_phone_open(bed);
	vp->sight = media_phone_open(bed);
	REQUIRE(vp->sound && vp->sight);
	vp->sound->terms.video = true;
	vp->sound->keys.suite = vp->sight->keys.suite = suite;
	vp->sound->profile = suite ? SDPM_SDES : SDPM_RTP;
	if (suite)
		phone_keys_renew(&vp->sight->keys);
	vp->sight->sending = false;
	vp->sight->check.rate = 90000;
	vp->sight->check.ts_slack_ms = 0;
	vp->feedback = "a=rtcp-fb:* ccm fir\r\n";
}

/* With keys by DTLS: an association for each m-line, one certificate. */
static void videophone_shakes(struct videophone *vp, const char *setup,
			      bool mux)
{
	vp->sound->profile = SDPM_DTLS;
	vp->sound->dtls.setup = setup;
	vp->sound->dtls.mux = mux;
	CHECK_INT(phone_dtls_renew(vp->sound), 0);
	CHECK_INT(phone_dtls_share(vp->sight, vp->sound), 0);
}

static void lines_make(struct videophone *vp)
{
	const struct media_phone *sight = vp->sight;

	snprintf(vp->lines, sizeof(vp->lines),
		 "m=video %u %s 99\r\na=rtpmap:99 VP8/90000\r\n%s%s%s",
		 sa_port(&sight->addr[0]),
		 sight->dtls.setup   ? "UDP/TLS/RTP/SAVP"
		 : sight->keys.suite ? "RTP/SAVP"
				     : "RTP/AVP",
		 vp->feedback,
		 sight->dtls.setup ? "" : phone_keys_line(&vp->sight->keys),
		 phone_dtls_lines(vp->sight));
	vp->sound->extra = vp->lines;
}

/* Where the worker wants its pictures; false: nowhere. */
static bool taken(struct videophone *vp)
{
	const char *m = strstr(vp->sound->sdp, "m=video ");
	unsigned port = m ? (unsigned)atoi(m + 8) : 0, pt;

	if (!port)
		return false;
	vp->sight->peer[0] = vp->sight->peer[1] = vp->sound->peer[0];
	sa_set_port(&vp->sight->peer[0], (uint16_t)port);
	sa_set_port(&vp->sight->peer[1], (uint16_t)(port + 1));
	if (sscanf(m, "m=video %*u %*s %u", &pt) == 1)
		vp->sight->pt = (uint8_t)pt;
	if (vp->sight->dtls.setup) {
		CHECK_INT(phone_dtls_take(vp->sight, m), 0);
	} else if (vp->sight->keys.suite) {
		CHECK_INT(phone_keys_take(&vp->sight->keys, m), 0);
		phone_keys_settle(&vp->sight->keys);
	}
	return true;
}

static void videophone_send(struct videophone *vp)
{
	static const uint8_t picture[600] = {0x10};

	if (vp->sight->dtls.setup && !vp->sight->keys.tx)
		return;
	vp->sight->ts += 90 * MEDIA_CAM_MS;
	for (unsigned i = 0; i < MEDIA_CAM_PACKETS; i++)
		media_phone_send(vp->sight, vp->sight->pt, picture,
				 sizeof(picture));
}

static void run(struct media_bed *bed, struct media_cam *cam,
		struct videophone *vp, unsigned ms)
{
	for (unsigned t = 0; t < ms; t += MEDIA_CAM_MS) {
		videophone_send(vp);
		media_cam_run(bed, cam, 1, MEDIA_CAM_MS);
	}
}

static int answered(struct media_bed *bed, struct media_cam *cam)
{
	struct mbuf *mb = mbuf_alloc(4096);
	int err = mb ? media_local(bed, S, 1, true, mb, NULL) : ENOMEM;

	if (!err)
		err = media_page_take(cam->page, (char *)mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

/* A page calls a telephone. */
static bool call_up(struct media_bed *bed, struct media_cam *cam,
		    struct videophone *vp)
{
	media_page_narrow(cam->page);
	CHECK_INT(media_remote(bed, S, 1, false,
			       media_page_sdp(cam->page, false), NULL),
		  0);
	CHECK_INT(media_phone_gets(vp->sound, S, 2, false), 0);
	lines_make(vp);
	CHECK_INT(media_phone_answers(vp->sound, S, 2), 0);
	if (strstr(vp->sound->sdp, "m=video "))
		CHECK(taken(vp));
	CHECK_INT(session_leg_join(bed->table, S, 1, 2, NULL), 0);
	CHECK_INT(answered(bed, cam), 0);
	return CHECK(media_bed_ready(bed));
}

static void fault_free(const struct packet_check *check)
{
	const char *fault = packet_check_fault(check);

	if (!CHECK(fault == NULL))
		printf("# %s\n", fault);
}

static uint32_t ports_free(const struct media_bed *bed)
{
	uint32_t count, nfree;

	hub_ports(bed->rtp_env.hub, &count, &nfree);
	return nfree;
}

static void sight_both_ways(const char *suite)
{
	struct media_bed bed = {0};
	struct media_cam cam;
	struct videophone vp;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	media_cam_open(&cam, &bed);
	videophone_open(&vp, &bed, suite);
	if (call_up(&bed, &cam, &vp)) {
		run(&bed, &cam, &vp, 8000);
		CHECK(cam.page->vheard >= 590 && vp.sight->heard >= 590);
		CHECK(cam.page->heard >= 390 && vp.sound->heard >= 390);
		fault_free(&cam.page->vcheck);
		fault_free(&cam.page->check);
		fault_free(&vp.sight->check);
		fault_free(&vp.sound->check);
		CHECK_INT(packet_check_lost(&vp.sight->check), 0);
		CHECK_INT(packet_check_lost(&cam.page->vcheck), 0);
		CHECK_INT(vp.sight->check.last_pt, 99);
		CHECK_INT(vp.sight->foreign, 0);
		/* asked for when the call began, and told how it is doing */
		CHECK(cam.plis >= 1);
		CHECK(vp.sight->heard_rtcp >= 4);
		CHECK_INT(session_drop(bed.table, S), 0);
		CHECK_INT(ports_free(&bed), 200);
	}
	media_bed_close(&bed);
}

static void a_page_and_a_telephone_see_each_other(void)
{
	sight_both_ways(NULL);
}

static void pictures_have_keys_of_their_own(void)
{
	sight_both_ways("AES_CM_128_HMAC_SHA1_80");
}

/* Past a wrap of the pictures' sequence, by a camera that loses most of them. */
static void wrap(struct media_bed *bed, struct media_cam *cam)
{
	for (unsigned i = 0; i < 80; i++) {
		cam->seq += 1000;
		media_cam_run(bed, cam, 1, MEDIA_CAM_MS);
	}
}

/* Another one behind the PBX picks up, with the other suite of the offer: its
 * key begins where the stream is then. */
static void a_key_of_pictures_begins_when_it_is_taken(void)
{
	struct media_bed bed = {0};
	struct media_cam cam;
	struct videophone vp;
	uint32_t heard;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	media_cam_open(&cam, &bed);
	videophone_open(&vp, &bed, "AES_256_CM_HMAC_SHA1_80");
	vp.sight->keys.tag = 2; /* as they are offered */
	if (call_up(&bed, &cam, &vp)) {
		run(&bed, &cam, &vp, 1000);
		wrap(&bed, &cam);
		CHECK(vp.sight->heard >= 300);
		CHECK(vp.sight->keys.high >> 16 >= 1);
		vp.sight->keys.suite = "AES_CM_128_HMAC_SHA1_80";
		vp.sight->keys.tag = 1;
		phone_keys_renew(&vp.sight->keys);
		lines_make(&vp);
		CHECK_INT(media_phone_answers(vp.sound, S, 2), 0);
		CHECK(taken(&vp));
		heard = vp.sight->heard;
		run(&bed, &cam, &vp, 2000);
		CHECK(vp.sight->heard >= heard + 140);
	}
	media_bed_close(&bed);
}

struct shaking {
	const char *setup;
	bool mux;
};
static const struct shaking shakings[] = {
	{"active", true}, {"active", false}, {"passive", true}, {"passive", false}};

static bool both_see(struct media_bed *bed, struct media_cam *cam,
		     struct videophone *vp)
{
	uint32_t page, phone;

	run(bed, cam, vp, 1000);
	page = cam->page->vheard;
	phone = vp->sight->heard;
	run(bed, cam, vp, 2000);
	return CHECK(cam->page->vheard >= page + 140) &&
	       CHECK(vp->sight->heard >= phone + 140);
}

/* In each role, RTCP on the same port and on another; through a death of the
 * worker, and a re-offer. */
static void pictures_have_an_association_of_their_own(void)
{
	for (size_t i = 0; i < COUNTOF(shakings); i++) {
		struct media_bed bed = {0};
		struct media_cam cam;
		struct videophone vp;
		size_t alive = 0;

		REQUIRE(media_bed_open(&bed, file("shakes")) == 0);
		media_cam_open(&cam, &bed);
		videophone_open(&vp, &bed, NULL);
		videophone_shakes(&vp, shakings[i].setup, shakings[i].mux);
		if (call_up(&bed, &cam, &vp) && both_see(&bed, &cam, &vp)) {
			CHECK(cam.plis >= 1);
			CHECK(vp.sight->heard_rtcp >= 1);
			CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
			CHECK_INT(alive, 1);
			CHECK(both_see(&bed, &cam, &vp));
			/* the phone offers the same again */
			CHECK_INT(media_phone_calls(vp.sound, S, 2), 0);
			CHECK(taken(&vp));
			CHECK(both_see(&bed, &cam, &vp));
			CHECK_INT(vp.sight->dtls.handshakes, 1);
			CHECK_INT(vp.sound->dtls.handshakes, 1);
			CHECK_INT(vp.sight->foreign, 0);
			fault_free(&cam.page->vcheck);
			fault_free(&vp.sight->check);
			fault_free(&vp.sound->check);
			CHECK_INT(session_drop(bed.table, S), 0);
			CHECK_INT(state_file_used(bed.state), 0);
			CHECK_INT(ports_free(&bed), 200);
		}
		media_bed_close(&bed);
	}
}

/* The phone calls; and then another one, from another address, is there in its
 * place: associations are its own, and what we send goes on. */
static void another_telephone_brings_its_own_pictures(void)
{
	struct media_bed bed = {0};
	struct media_cam cam;
	struct videophone vp;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	media_cam_called(&cam, &bed);
	media_page_narrow(cam.page);
	videophone_open(&vp, &bed, NULL);
	videophone_shakes(&vp, "actpass", true);
	for (unsigned i = 0; i < 3; i++) {
		if (i) {
			CHECK_INT(media_phone_move(vp.sound), 0);
			CHECK_INT(media_phone_move(vp.sight), 0);
			videophone_shakes(&vp, i == 1 ? "passive" : "actpass",
					  i == 1);
		}
		lines_make(&vp);
		CHECK_INT(media_phone_offers(vp.sound, S, 1), 0);
		if (!i)
			CHECK_INT(media_page_called(cam.page, S, 2), 0);
		CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL), 0);
		CHECK_INT(media_phone_gets(vp.sound, S, 1, true), 0);
		CHECK(taken(&vp));
		CHECK(media_bed_ready(&bed));
		CHECK(both_see(&bed, &cam, &vp));
		CHECK_INT(vp.sight->dtls.handshakes, i + 1);
	}
	fault_free(&cam.page->vcheck);
	CHECK_INT(bed.nlost, 0);
	media_bed_close(&bed);
}

/* What is not of the endpoint that audio is of is no picture of this call. */
static void pictures_by_another_certificate_are_refused(void)
{
	struct media_bed bed = {0};
	struct media_cam cam;
	struct videophone vp;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	media_cam_open(&cam, &bed);
	videophone_open(&vp, &bed, NULL);
	videophone_shakes(&vp, "active", true);
	CHECK_INT(phone_dtls_renew(vp.sight), 0);
	if (call_up(&bed, &cam, &vp)) {
		CHECK(strstr(cam.page->sdp, "m=video 0 "));
		run(&bed, &cam, &vp, 2000);
		CHECK(cam.page->heard > 90 && vp.sound->heard > 90);
		CHECK_INT(vp.sight->heard, 0);
		CHECK_INT(bed.nlost, 0);
	}
	media_bed_close(&bed);
}

/* A handshake that comes to nothing takes the picture, not the call. */
static void a_call_goes_on_without_pictures_that_fail(void)
{
	struct media_bed bed = {0};
	struct media_cam cam;
	struct videophone vp;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	media_cam_open(&cam, &bed);
	videophone_open(&vp, &bed, NULL);
	videophone_shakes(&vp, "active", true);
	vp.sight->dtls.mute = true;
	if (call_up(&bed, &cam, &vp)) {
		run(&bed, &cam, &vp, 20000);
		CHECK(cam.page->heard > 900 && vp.sound->heard > 900);
		CHECK_INT(vp.sight->heard, 0);
		CHECK_INT(bed.nlost, 0);
		vp.sight->dtls.mute = false;
		CHECK(both_see(&bed, &cam, &vp));
	}
	media_bed_close(&bed);
}

static void a_telephones_fir_becomes_a_pages_pli(void)
{
	uint8_t fir[20] = {0x84, 206, 0, 4};
	struct media_bed bed = {0};
	struct media_cam cam;
	struct videophone vp;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	media_cam_open(&cam, &bed);
	cam.page->vextra = "a=rtcp-fb:* nack pli\r\n";
	videophone_open(&vp, &bed, NULL);
	if (call_up(&bed, &cam, &vp)) {
		run(&bed, &cam, &vp, 2000);
		media_cam_clear(&cam);
		media_put(fir + 4, vp.sight->ssrc, 4);
		media_put(fir + 12, vp.sight->check.ssrc, 4);
		media_phone_report(vp.sight, fir, sizeof(fir));
		run(&bed, &cam, &vp, 200);
		CHECK_INT(cam.plis, 1);
		CHECK_INT(cam.firs, 0);
		/* and the other way round */
		vp.sight->lastlen = 0;
		media_cam_tell(&cam, 206, 1, NULL, 0);
		run(&bed, &cam, &vp, 40);
		CHECK(vp.sight->lastlen >= 20);
		CHECK_INT(vp.sight->last[vp.sight->lastlen - 19], 206);
		CHECK_INT(vp.sight->last[vp.sight->lastlen - 20], 0x84);
	}
	media_bed_close(&bed);
}

/* What comes to the audio's port is of the audio's source and keys: no picture,
 * whatever its payload type says; and counted there. */
static void the_port_of_audio_feeds_no_video(void)
{
	static const uint8_t forged[600] = {0x10};
	static struct session_figures figs;
	struct media_bed bed = {0};
	struct media_cam cam;
	struct videophone vp;
	uint32_t heard;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	media_cam_open(&cam, &bed);
	videophone_open(&vp, &bed, NULL);
	if (call_up(&bed, &cam, &vp)) {
		media_cam_run(&bed, &cam, 1, 500);
		heard = cam.page->vheard;
		for (unsigned i = 0; i < 50; i++) {
			/* comfort noise (RFC 3389), and what poses as video */
			media_phone_send(vp.sound, 13, "x", 1);
			media_phone_send(vp.sound, vp.sight->pt, forged,
					 sizeof(forged));
			media_cam_run(&bed, &cam, 1, MEDIA_CAM_MS);
		}
		CHECK_INT(cam.page->vheard, heard);
		CHECK_INT(session_query(bed.table, S, &figs), 0);
		CHECK_INT(figs.legs[1].video.packets_in, 0);
		CHECK_INT(figs.legs[1].stats.lost_in, 0);
		fault_free(&cam.page->check);
	}
	media_bed_close(&bed);
}

static void a_pbx_of_audio_alone_gets_audio_alone(void)
{
	struct media_bed bed = {0};
	struct media_cam cam;
	struct videophone vp;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	media_cam_open(&cam, &bed);
	videophone_open(&vp, &bed, NULL);
	vp.sound->terms.video = false;
	media_page_narrow(cam.page);
	CHECK_INT(media_remote(&bed, S, 1, false,
			       media_page_sdp(cam.page, false), NULL),
		  0);
	CHECK_INT(media_phone_called(vp.sound, S, 2), 0);
	CHECK(!strstr(vp.sound->sdp, "m=video"));
	CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL), 0);
	CHECK_INT(answered(&bed, &cam), 0);
	CHECK(strstr(cam.page->sdp, "m=video 0 "));
	CHECK_INT(ports_free(&bed), 199);
	media_bed_close(&bed);
}

static void a_telephone_that_has_no_camera_refuses_and_is_heard(void)
{
	struct media_bed bed = {0};
	struct media_cam cam;
	struct videophone vp;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	media_cam_open(&cam, &bed);
	videophone_open(&vp, &bed, NULL);
	media_page_narrow(cam.page);
	CHECK_INT(media_remote(&bed, S, 1, false,
			       media_page_sdp(cam.page, false), NULL),
		  0);
	CHECK_INT(media_phone_gets(vp.sound, S, 2, false), 0);
	vp.sound->extra = "m=video 0 RTP/AVP 96\r\n";
	CHECK_INT(media_phone_answers(vp.sound, S, 2), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL), 0);
	CHECK_INT(answered(&bed, &cam), 0);
	CHECK(strstr(cam.page->sdp, "m=video 0 "));
	if (CHECK(media_bed_ready(&bed))) {
		media_cam_run(&bed, &cam, 1, 2000);
		CHECK(cam.page->heard > 90 && vp.sound->heard > 90);
	}
	media_bed_close(&bed);
}

static void pictures_of_a_telephone_survive_the_workers_death(void)
{
	struct media_bed bed = {0};
	struct media_cam cam;
	struct videophone vp;
	uint32_t heard[2];
	size_t alive;

	REQUIRE(media_bed_open(&bed, file("death")) == 0);
	media_cam_open(&cam, &bed);
	videophone_open(&vp, &bed, "AES_CM_128_HMAC_SHA1_80");
	if (call_up(&bed, &cam, &vp)) {
		run(&bed, &cam, &vp, 6000);
		heard[0] = cam.page->vheard;
		heard[1] = vp.sight->heard;
		media_cam_clear(&cam);
		CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
		CHECK_INT(alive, 1);
		run(&bed, &cam, &vp, 3000);
		CHECK(cam.page->vheard > heard[0] + 200);
		CHECK(vp.sight->heard > heard[1] + 200);
		CHECK(cam.plis >= 1);
		fault_free(&cam.page->vcheck);
		fault_free(&vp.sight->check);
		CHECK_INT(session_drop(bed.table, S), 0);
		CHECK_INT(state_file_used(bed.state), 0);
		CHECK_INT(ports_free(&bed), 200);
	}
	media_bed_close(&bed);
}

/* What has failed goes out by no successor, whether or not it was refused, too. */
static void pictures_that_failed_stay_off_over_a_death(void)
{
	for (unsigned refused = 0; refused < 2; refused++) {
		struct media_bed bed = {0};
		struct media_cam cam;
		struct videophone vp;
		size_t alive = 0;
		uint32_t heard;

		REQUIRE(media_bed_open(&bed, file("off")) == 0);
		media_cam_open(&cam, &bed);
		videophone_open(&vp, &bed, NULL);
		videophone_shakes(&vp, "active", true);
		if (call_up(&bed, &cam, &vp) && both_see(&bed, &cam, &vp)) {
			mock_dtls_close(vp.sight->dtls.end[0]);
			run(&bed, &cam, &vp, 1000);
			if (refused) {
				vp.sound->extra =
					"m=video 0 UDP/TLS/RTP/SAVP 99\r\n";
				CHECK_INT(media_phone_calls(vp.sound, S, 2), 0);
			}
			CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
			CHECK_INT(alive, 1);
			heard = vp.sight->heard;
			run(&bed, &cam, &vp, 2000);
			CHECK_INT(vp.sight->heard - heard, 0);
			CHECK_INT(bed.nlost, 0);
		}
		media_bed_close(&bed);
	}
}

/* Off, and on again from another port: another association, of the same
 * certificate. */
static void pictures_that_come_back_have_keys(void)
{
	for (unsigned die = 0; die < 2; die++) {
		struct media_bed bed = {0};
		struct media_cam cam;
		struct videophone vp;
		size_t alive = 0;

		REQUIRE(media_bed_open(&bed, file("back")) == 0);
		media_cam_open(&cam, &bed);
		videophone_open(&vp, &bed, NULL);
		videophone_shakes(&vp, "active", true);
		if (call_up(&bed, &cam, &vp) && both_see(&bed, &cam, &vp)) {
			vp.sound->extra = "m=video 0 UDP/TLS/RTP/SAVP 99\r\n";
			CHECK_INT(media_phone_calls(vp.sound, S, 2), 0);
			CHECK(!taken(&vp));
			if (die)
				CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
			CHECK_INT(media_phone_move(vp.sight), 0);
			CHECK_INT(phone_dtls_restart(vp.sight), 0);
			lines_make(&vp);
			CHECK_INT(media_phone_calls(vp.sound, S, 2), 0);
			CHECK(taken(&vp));
			run(&bed, &cam, &vp, 1000);
			CHECK_INT(vp.sight->dtls.handshakes, 2);
			CHECK(both_see(&bed, &cam, &vp));
			CHECK_INT(bed.nlost, 0);
		}
		media_bed_close(&bed);
	}
}

static bool rtp_waits;

static void on_late(const uint8_t *pkt, size_t len, void *arg)
{
	if (!rtp_waits)
		media_phone_send_raw(arg, false, pkt, len);
}

static void rtp_anew(struct media_phone *phone)
{
	struct mock_dtls *was = phone->dtls.end[0];

	CHECK_INT(mock_dtls_again(&phone->dtls.end[0], was, on_late, phone), 0);
	mem_deref(was);
}

/* RTCP has its keys, and the worker dies: with those of RTP pictures begin, and
 * a whole one is asked for. */
static void pictures_begin_with_the_keys_of_rtp(void)
{
	for (unsigned die = 0; die < 2; die++) {
		struct media_bed bed = {0};
		struct media_cam cam;
		struct videophone vp;
		size_t alive = 0;

		REQUIRE(media_bed_open(&bed, file("first")) == 0);
		media_cam_open(&cam, &bed);
		videophone_open(&vp, &bed, NULL);
		videophone_shakes(&vp, "active", false);
		rtp_anew(vp.sight);
		rtp_waits = true;
		if (call_up(&bed, &cam, &vp)) {
			run(&bed, &cam, &vp, 2000);
			CHECK(!vp.sight->dtls.shaken[0]);
			CHECK(vp.sight->dtls.shaken[1]);
			if (die)
				CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
			run(&bed, &cam, &vp, 2000);
			media_cam_clear(&cam);
			rtp_waits = false;
			rtp_anew(vp.sight);
			run(&bed, &cam, &vp, 3000);
			CHECK(vp.sight->dtls.shaken[0]);
			CHECK(both_see(&bed, &cam, &vp));
			CHECK(cam.plis >= 1);
		}
		media_bed_close(&bed);
	}
}

static void memory_runs_out_anywhere(void)
{
	struct media_bed bed = {0};
	struct media_cam cam = {0};
	struct media_phone *phone;

	if (!media_bed_open(&bed, file("oom"))) {
		cam.page = media_page_open(&bed);
		phone = media_phone_open(&bed);
		if (cam.page && phone) {
			cam.page->video = true;
			phone->terms.video = true;
			(void)media_remote(&bed, S, 1, false,
					   media_page_sdp(cam.page, false),
					   NULL);
			phone->extra = "m=video 4002 RTP/AVP 96\r\n"
				       "a=rtpmap:96 VP8/90000\r\n";
			(void)media_phone_called(phone, S, 2);
			(void)session_leg_join(bed.table, S, 1, 2, NULL);
			(void)answered(&bed, &cam);
		}
		(void)session_drop(bed.table, S);
	}
	media_bed_close(&bed);
}

TEST_MAIN(TEST(a_page_and_a_telephone_see_each_other),
	  TEST(pictures_have_keys_of_their_own),
	  TEST(a_key_of_pictures_begins_when_it_is_taken),
	  TEST(pictures_have_an_association_of_their_own),
	  TEST(another_telephone_brings_its_own_pictures),
	  TEST(pictures_by_another_certificate_are_refused),
	  TEST(a_call_goes_on_without_pictures_that_fail),
	  TEST(a_telephones_fir_becomes_a_pages_pli),
	  TEST(the_port_of_audio_feeds_no_video),
	  TEST(a_pbx_of_audio_alone_gets_audio_alone),
	  TEST(a_telephone_that_has_no_camera_refuses_and_is_heard),
	  TEST(pictures_that_failed_stay_off_over_a_death),
	  TEST(pictures_that_come_back_have_keys),
	  TEST(pictures_begin_with_the_keys_of_rtp),
	  TEST(pictures_of_a_telephone_survive_the_workers_death),
	  TEST_OOM(memory_runs_out_anywhere))
