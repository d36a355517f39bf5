/*
 * test_media_move.c  A call at another worker: legs that go on as the form of
 *                    the former ones says
 *
 * The pages are new ones behind the same numbers: what is looked at is what
 * they are offered, and that it flows.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <re.h>

#include "mediad/session/leg_form.h"
#include "tests/lib/media_cam.h"
#include "tests/lib/test.h"

static const char *const OLD = "00000000000000a1", *const NEW =
							    "00000000000000a2";

struct moved {
	struct media_bed bed;
	struct media_cam was[2], cams[2];
	char form[2][LEG_FORM_MAX + 1];
	bool late; /* what a page answers comes when it has its keys */
};

static int answered(struct media_bed *bed, struct media_page *page)
{
	struct mbuf *mb = mbuf_alloc(4096);
	int err = mb ? media_local(bed, OLD, 1, true, mb, NULL) : ENOMEM;

	if (!err)
		err = media_page_take(page, (char *)mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

static bool call_up(struct moved *m, const char *service)
{
	struct media_bed *bed = &m->bed;

	*m = (struct moved){.form = {""}};
	if (!CHECK_INT(media_bed_open(bed, NULL), 0))
		return false;
	media_cam_open(&m->was[0], bed);
	CHECK_INT(media_remote(bed, OLD, 1, false,
			       media_page_sdp(m->was[0].page, false), NULL),
		  0);
	if (!service) {
		media_cam_called(&m->was[1], bed);
		CHECK_INT(media_page_called(m->was[1].page, OLD, 2), 0);
	}
	CHECK_INT(session_leg_join(bed->table, OLD, 1, service ? 0 : 2,
				   service),
		  0);
	CHECK_INT(answered(bed, m->was[0].page), 0);
	return CHECK(media_bed_ready(bed));
}

static void form_take(struct moved *m, uint8_t leg)
{
	struct mbuf *mb = mbuf_alloc(LEG_FORM_MAX);

	CHECK_INT(session_form(m->bed.table, OLD, leg, mb), 0);
	if (CHECK(mb->end <= LEG_FORM_MAX))
		memcpy(m->form[leg - 1], mb->buf, mb->end);
	mem_deref(mb);
}

static int offered(struct moved *m, uint8_t leg, struct mbuf *mb)
{
	struct session_local local = {
		.session = NEW,
		.call = "00000000000000ca",
		.tenant = "test",
		.leg = leg,
		.create = true,
		.terms = {.video = true},
	};

	pl_set_str(&local.form, m->form[leg - 1]);
	return session_leg_local(m->bed.table, &local, mb, NULL);
}

/* As sigd does before the first side is told (move_leg_prepare()). */
static void prepare(struct moved *m, uint8_t leg)
{
	struct mbuf *mb = mbuf_alloc(4096);

	CHECK_INT(offered(m, leg, mb), 0);
	CHECK_INT(session_leg_rollback(m->bed.table, NEW, leg), 0);
	mem_deref(mb);
}

/* A side gets its offer, and answers. */
static void invite(struct moved *m, uint8_t leg)
{
	struct media_page *page = m->cams[leg - 1].page;
	struct mbuf *mb = mbuf_alloc(4096);

	CHECK_INT(offered(m, leg, mb), 0);
	CHECK_INT(media_page_take(page, (char *)mb->buf, mb->end), 0);
	for (unsigned i = 0; m->late && i < 400; i++)
		if (!mock_media_ready(page->mock))
			media_bed_run(&m->bed, MEDIA_STEP_MS);
	if (m->late)
		CHECK(mock_media_ready(page->mock));
	CHECK_INT(media_remote(&m->bed, NEW, leg, true,
			       media_page_sdp(page, true), NULL),
		  0);
	mem_deref(mb);
}

/* The page that comes after the one of this leg: its numbers are the same. */
static void succeed(struct moved *m, uint8_t leg)
{
	struct media_cam *was = &m->was[leg - 1], *cam = &m->cams[leg - 1];

	if (was->called)
		media_cam_called(cam, &m->bed);
	else
		media_cam_open(cam, &m->bed);
	cam->page->vdir = was->page->vdir;
	was->page->sending = false;
}

static void move(struct moved *m)
{
	for (uint8_t leg = 1; leg <= 2; leg++) {
		form_take(m, leg);
		succeed(m, leg);
	}
	CHECK_INT(session_drop(m->bed.table, OLD), 0);
	prepare(m, 1);
	invite(m, 2);
	invite(m, 1);
	CHECK_INT(session_leg_join(m->bed.table, NEW, 1, 2, NULL), 0);
}

static void sees(struct moved *m, unsigned i, unsigned source)
{
	const struct media_page *page = m->cams[i].page;
	const char *fault = packet_check_fault(&page->vcheck);

	CHECK(page->vheard >= 140 && page->heard >= 90);
	if (!CHECK(fault == NULL))
		printf("# video: %s\n", fault);
	/* the first picture cannot be seen without being whole */
	CHECK(m->cams[source].plis >= 1);
}

static void video_goes_along(void)
{
	static struct moved m;

	if (call_up(&m, NULL)) {
		media_cam_run(&m.bed, m.was, 2, 1000);
		CHECK(m.was[0].page->vheard > 40 && m.was[1].page->vheard > 40);
		move(&m);
		CHECK(strstr(m.form[0], " video=1,3,3,"));
		for (unsigned i = 0; i < 2; i++) {
			CHECK_INT(m.cams[i].page->vpt, m.was[i].page->vpt);
			CHECK(!strstr(m.cams[i].page->sdp, "m=video 0 "));
			CHECK(strstr(m.cams[i].page->sdp, "BUNDLE 0 "));
		}
		media_cam_run(&m.bed, m.cams, 2, 3000);
		sees(&m, 0, 1);
		sees(&m, 1, 0);
		/* numbers of header extensions are those of before */
		CHECK_INT(m.cams[0].exts[4], 0x31);
		CHECK_INT(m.cams[1].exts[4], 0x11);
	}
	media_bed_close(&m.bed);
}

/* A browser begins with DTLS before its 200 is here: that association is the
 * one, and it will not begin another. */
static void an_answer_may_come_after_the_keys(void)
{
	static struct moved m;

	if (call_up(&m, NULL)) {
		m.late = true;
		move(&m);
		media_cam_run(&m.bed, m.cams, 2, 3000);
		sees(&m, 0, 1);
		sees(&m, 1, 0);
		CHECK_INT(m.bed.nlost, 0);
	}
	media_bed_close(&m.bed);
}

/* Who had its camera off is not made to turn it on, and the other way. */
static void a_camera_that_was_off_stays_off(void)
{
	static struct moved m;

	if (call_up(&m, NULL)) {
		m.was[0].page->vdir = "recvonly";
		CHECK_INT(media_remote(&m.bed, OLD, 1, false,
				       media_page_sdp(m.was[0].page, false),
				       NULL),
			  0);
		CHECK_INT(media_page_called(m.was[1].page, OLD, 2), 0);
		CHECK_INT(answered(&m.bed, m.was[0].page), 0);
		m.was[1].page->vdir = "sendonly";
		move(&m);
		m.cams[0].covered = true;
		media_cam_run(&m.bed, m.cams, 2, 3000);
		sees(&m, 0, 1);
		CHECK_INT(m.cams[1].page->vheard, 0);
		CHECK(strstr(strstr(m.cams[1].page->sdp, "m=video "),
			     "a=sendonly") ||
		      strstr(strstr(m.cams[1].page->sdp, "m=video "),
			     "a=recvonly"));
	}
	media_bed_close(&m.bed);
}

static void the_mirror_of_a_service_goes_along(void)
{
	static struct moved m;

	if (call_up(&m, "echo")) {
		media_cam_run(&m.bed, m.was, 1, 1000);
		form_take(&m, 1);
		succeed(&m, 1);
		CHECK_INT(session_drop(m.bed.table, OLD), 0);
		invite(&m, 1);
		CHECK_INT(session_leg_join(m.bed.table, NEW, 1, 0, "echo"), 0);
		media_cam_run(&m.bed, m.cams, 1, 3000);
		sees(&m, 0, 0);
	}
	media_bed_close(&m.bed);
}

/* Without forms, or by those of an older worker: a call of audio. */
static void without_its_form_a_call_is_one_of_audio(void)
{
	static struct moved m;

	if (call_up(&m, NULL)) {
		media_cam_run(&m.bed, m.was, 2, 500);
		for (uint8_t leg = 1; leg <= 2; leg++) {
			form_take(&m, leg);
			succeed(&m, leg);
			*strstr(m.form[leg - 1], " video=") = '\0';
		}
		CHECK_INT(session_drop(m.bed.table, OLD), 0);
		prepare(&m, 1);
		invite(&m, 2);
		invite(&m, 1);
		CHECK_INT(session_leg_join(m.bed.table, NEW, 1, 2, NULL), 0);
		media_cam_run(&m.bed, m.cams, 2, 1000);
		for (unsigned i = 0; i < 2; i++) {
			CHECK_INT(m.cams[i].page->vpt, 0);
			CHECK(m.cams[i].page->heard >= 40);
		}
	}
	media_bed_close(&m.bed);
}

TEST_MAIN(TEST(video_goes_along),
	  TEST(an_answer_may_come_after_the_keys),
	  TEST(a_camera_that_was_off_stays_off),
	  TEST(the_mirror_of_a_service_goes_along),
	  TEST(without_its_form_a_call_is_one_of_audio))
