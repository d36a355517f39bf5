/*
 * test_media_onward.c  Numbers that never go back, whatever becomes of a call
 *
 * A page and a PBX, with plain RTP, keys in SDP or DTLS-SRTP, whose streams
 * begin just before the sequence number wraps; or two pages with video. Through
 * holds, re-offers, restarts of ICE, deaths of the worker, changes of address,
 * services in between and transfers, each far side hears one stream: one SSRC,
 * no index twice, no timestamp that goes back. At another worker a stream is
 * another one, by another SSRC, in a dialog whose versions go on.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/session/leg_form.h"
#include "mediad/session/state_file.h"
#include "tests/lib/media_cam.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/test.h"

enum {
	FIRST = 65530, /* sequence number of both */
	ROUNDS = 12,
	FEWER = 5,
	STEP_MS = 5000,
	LONG_MS = 200000 * 20,
	LONG_PARTS = 4,
	LONG_LOST = 100,
	SEEN = STEP_MS / MEDIA_CAM_MS * MEDIA_CAM_PACKETS - 30,
	SILENT_MS = 400, /* between what a step does to a stream, at most */
};

struct call {
	struct media_bed bed;
	enum sdpm_profile profile; /* of the phones */
	char id[17];
	unsigned moves;
	struct media_page *page;
	struct media_phone *phone; /* that the page is joined with */
	uint8_t leg;               /* of the phone: 2 or 3 */
	unsigned phones;
};

static void fault_free(const struct packet_check *check, const char *who)
{
	const char *fault = packet_check_fault(check);

	if (!CHECK(fault == NULL))
		printf("# %s: %s\n", who, fault);
}

static int page_takes(struct call *c, bool connects)
{
	struct mbuf *mb = mbuf_alloc(2048);
	int err = mb ? media_local(&c->bed, c->id, 1, true, mb, NULL) : ENOMEM;

	if (!err && connects)
		err = media_page_take(c->page, (char *)mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

/* The page offers, the phone is offered the same, both answers follow. */
static void reoffer(struct call *c, bool connects)
{
	CHECK_INT(media_remote(&c->bed, c->id, 1, false,
			       media_page_sdp(c->page, false), NULL),
		  0);
	CHECK_INT(media_phone_called(c->phone, c->id, c->leg), 0);
	CHECK_INT(page_takes(c, connects), 0);
}

static struct media_phone *phone_new(struct call *c)
{
	struct media_phone *phone = media_phone_open(&c->bed);

	if (CHECK(phone != NULL)) {
		phone->seq = FIRST;
		phone->profile = c->profile;
		if (c->profile == SDPM_SDES)
			phone->keys.suite = "AES_CM_128_HMAC_SHA1_80";
		else if (c->profile == SDPM_DTLS)
			phone->dtls.setup = "active";
		c->phones++;
	}
	return phone;
}

static bool call_up(struct call *c, enum sdpm_profile profile)
{
	char path[300];

	*c = (struct call){.leg = 2, .profile = profile};
	str_ncpy(c->id, media_id(0xa1), sizeof(c->id));
	snprintf(path, sizeof(path), "%s/onward%d", test_tmpdir(),
		 (int)profile);
	if (!CHECK_INT(media_bed_open(&c->bed, path), 0))
		return false;
	c->page = media_page_open(&c->bed);
	c->phone = phone_new(c);
	if (!CHECK(c->page && c->phone))
		return false;
	media_page_narrow(c->page);
	CHECK_INT(mock_media_set_index(c->page->mock, FIRST), 0);
	CHECK_INT(media_remote(&c->bed, c->id, 1, false,
			       media_page_sdp(c->page, false), NULL),
		  0);
	CHECK_INT(media_phone_called(c->phone, c->id, 2), 0);
	CHECK_INT(session_leg_join(c->bed.table, c->id, 1, 2, NULL), 0);
	CHECK_INT(page_takes(c, true), 0);
	return CHECK(media_bed_ready(&c->bed));
}

/* --- what becomes of a call ---------------------------------------------------- */

static void nothing(struct call *c)
{
	(void)c;
}

static void page_holds(struct call *c)
{
	str_ncpy(c->page->extra, "a=sendonly\r\n", sizeof(c->page->extra));
	c->phone->dir = "recvonly";
	reoffer(c, false);
	media_bed_run(&c->bed, 1000);
	c->page->extra[0] = '\0';
	c->phone->dir = NULL;
	reoffer(c, false);
}

static void phone_holds(struct call *c)
{
	for (unsigned i = 0; i < 2; i++) {
		c->phone->dir = i ? NULL : "inactive";
		CHECK_INT(media_phone_offers(c->phone, c->id, c->leg), 0);
		CHECK_INT(media_phone_gets(c->phone, c->id, c->leg, true), 0);
		media_bed_run(&c->bed, 1000);
	}
}

static void page_reoffers(struct call *c)
{
	reoffer(c, false);
}

static void ice_restarts(struct call *c)
{
	mock_media_restart(c->page->mock);
	reoffer(c, true);
}

static void page_roams(struct call *c)
{
	CHECK_INT(mock_media_roam(c->page->mock), 0);
}

static void worker_dies(struct call *c)
{
	size_t alive = 0;

	CHECK_INT(media_bed_die(&c->bed, 200, &alive), 0);
	CHECK_INT(alive, 1);
}

static void music_plays(struct call *c)
{
	static const char *const services[] = {"tone", "echo", "milliwatt"};

	for (unsigned i = 0; i < COUNTOF(services); i++) {
		CHECK_INT(session_leg_join(c->bed.table, c->id, 1, 0, services[i]),
			  0);
		media_bed_run(&c->bed, 515);
	}
	CHECK_INT(session_leg_join(c->bed.table, c->id, 1, c->leg, NULL), 0);
}

/* Another phone takes the place of this one, which is dropped. */
static void is_transferred(struct call *c)
{
	struct media_phone *former = c->phone;
	uint8_t leg = c->leg;

	c->phone = phone_new(c);
	c->leg = leg == 2 ? 3 : 2;
	CHECK_INT(media_phone_called(c->phone, c->id, c->leg), 0);
	CHECK_INT(session_leg_join(c->bed.table, c->id, 1, c->leg, NULL), 0);
	CHECK_INT(session_leg_drop(c->bed.table, c->id, leg), 0);
	fault_free(&former->check, "former phone");
	mem_deref(former);
}

static void form_of(struct call *c, uint8_t leg, char text[LEG_FORM_MAX + 1])
{
	struct mbuf *mb = mbuf_alloc(LEG_FORM_MAX);

	CHECK_INT(session_form(c->bed.table, c->id, leg, mb), 0);
	memcpy(text, mb->buf, min(mb->end, (size_t)LEG_FORM_MAX));
	text[min(mb->end, (size_t)LEG_FORM_MAX)] = '\0';
	mem_deref(mb);
}

static unsigned version_of(const char *sdp)
{
	unsigned n = 0;

	(void)sscanf(sdp, "v=0\r\no=- %*s %u", &n);
	return n;
}

/* The page at the new worker: another association, so another mock. */
static void page_follows(struct call *c, const char *form)
{
	const unsigned version = version_of(c->page->sdp);
	struct mbuf *mb = mbuf_alloc(4096);
	struct session_local local = {
		.session = c->id,
		.call = "00000000000000ca",
		.tenant = "test",
		.leg = 1,
		.create = true,
	};

	pl_set_str(&local.form, form);
	fault_free(&c->page->check, "former page");
	c->bed.pages[0] = mem_deref(c->page);
	c->page = media_page_open(&c->bed);
	REQUIRE(c->page != NULL);
	media_page_narrow(c->page);
	CHECK_INT(session_leg_local(c->bed.table, &local, mb, NULL), 0);
	CHECK_INT(media_page_take(c->page, (char *)mb->buf, mb->end), 0);
	CHECK_INT(media_remote(&c->bed, c->id, 1, true,
			       media_page_sdp(c->page, true), NULL),
		  0);
	CHECK(version_of(c->page->sdp) > version);
	mem_deref(mb);
}

/* Level 2: another worker has made a new session from the forms (the same
 * worker here). What is heard there is another stream, not an older one. */
static void moves_elsewhere(struct call *c)
{
	char page[LEG_FORM_MAX + 1], form[LEG_FORM_MAX + 1];
	const uint32_t ssrcs[] = {c->page->check.ssrc, c->phone->check.ssrc};
	struct media_phone *former = c->phone;
	const uint8_t leg = c->leg;

	form_of(c, 1, page);
	form_of(c, leg, form);
	CHECK_INT(session_drop(c->bed.table, c->id), 0);
	str_ncpy(c->id, media_id(0xb000 + ++c->moves), sizeof(c->id));
	c->phone = phone_new(c);
	c->phone->form = form;
	CHECK_INT(media_phone_called(c->phone, c->id, leg), 0);
	c->phone->form = NULL;
	CHECK(version_of(c->phone->sdp) > version_of(former->sdp));
	page_follows(c, page);
	CHECK_INT(session_leg_join(c->bed.table, c->id, 1, leg, NULL), 0);
	CHECK(media_bed_ready(&c->bed));
	media_bed_run(&c->bed, 200);
	CHECK(c->page->check.ssrc != ssrcs[0]);
	CHECK(c->phone->check.ssrc != ssrcs[1]);
	fault_free(&former->check, "former phone");
	mem_deref(former);
}

static const struct {
	const char *name;
	void (*happens)(struct call *c);
} steps[] = {
	{"nothing", nothing},
	{"the page holds", page_holds},
	{"the phone holds", phone_holds},
	{"the page offers again", page_reoffers},
	{"ICE restarts", ice_restarts},
	{"the worker dies", worker_dies},
	{"services play", music_plays},
	{"the page has another address", page_roams},
	{"the call is transferred", is_transferred},
	{"the call goes to another worker", moves_elsewhere},
};

/* Both hear each other, and what they hear is one stream. */
static void flows(struct call *c, const char *after)
{
	const uint32_t page = c->page->heard, phone = c->phone->heard;
	bool ok;

	media_bed_run(&c->bed, STEP_MS);
	ok = CHECK(c->bed.now_ms - c->page->heard_ms <= SILENT_MS) &&
	     CHECK(c->bed.now_ms - c->phone->heard_ms <= SILENT_MS) &&
	     CHECK(c->page->heard - page >= STEP_MS / 20 - 50) &&
	     CHECK(c->phone->heard - phone >= STEP_MS / 20 - 50);
	if (!ok)
		printf("# after: %s\n", after);
	fault_free(&c->page->check, "page");
	fault_free(&c->phone->check, "phone");
}

/* Each step comes after each other one, in the end. */
static void walk(enum sdpm_profile profile, unsigned rounds)
{
	struct call c;

	if (call_up(&c, profile)) {
		for (unsigned i = 0; i < rounds * COUNTOF(steps); i++) {
			unsigned k = (i * 7 + i / COUNTOF(steps)) %
				     COUNTOF(steps);

			steps[k].happens(&c);
			flows(&c, steps[k].name);
		}
		CHECK_INT(mock_media_stats(c.page->mock)->bad_srtp, 0);
		CHECK(c.phones > rounds / 2);
		CHECK(c.moves > rounds / 2);
		CHECK_INT(c.bed.nlost, 0);
		CHECK_INT(session_drop(c.bed.table, c.id), 0);
		CHECK_INT(state_file_used(c.bed.state), 0);
	}
	media_bed_close(&c.bed);
}

static void numbers_never_go_back(void)
{
	walk(SDPM_RTP, ROUNDS);
}

static void nor_with_keys_in_sdp(void)
{
	walk(SDPM_SDES, FEWER);
}

static void nor_with_dtls_at_a_pbx(void)
{
	walk(SDPM_DTLS, FEWER);
}

/* --- length --------------------------------------------------------------------- */

/* 200,000 packets each way: three wraps, past which an index is more than a
 * sequence number, with deaths in between. */
static void two_hundred_thousand_packets_are_one_stream(void)
{
	struct call c;

	if (call_up(&c, SDPM_SDES)) {
		for (unsigned i = 0; i < LONG_PARTS; i++) {
			media_bed_run(&c.bed, LONG_MS / LONG_PARTS);
			worker_dies(&c);
		}
		flows(&c, "200,000 packets");
		CHECK(c.page->heard >= LONG_MS / 20 - LONG_LOST);
		CHECK(c.phone->heard >= LONG_MS / 20 - LONG_LOST);
		CHECK(c.page->check.high >> 16 >= 3);
		CHECK(c.phone->check.high >> 16 >= 3);
		CHECK_INT(c.phone->keys.unreadable, 0);
		CHECK_INT(mock_media_stats(c.page->mock)->bad_srtp, 0);
	}
	media_bed_close(&c.bed);
}

/* --- video ---------------------------------------------------------------------- */

struct show {
	struct media_bed bed;
	struct media_cam cams[2];
};

static const char *const SHOW = "00000000000000c1";

static int show_answered(struct show *s, bool connects)
{
	struct mbuf *mb = mbuf_alloc(4096);
	int err = media_local(&s->bed, SHOW, 1, true, mb, NULL);

	if (!err && connects)
		err = media_page_take(s->cams[0].page, (char *)mb->buf,
				      mb->end);
	mem_deref(mb);
	return err;
}

static void show_offers(struct show *s, bool connects)
{
	CHECK_INT(media_remote(&s->bed, SHOW, 1, false,
			       media_page_sdp(s->cams[0].page, false), NULL),
		  0);
	CHECK_INT(media_page_called(s->cams[1].page, SHOW, 2), 0);
	CHECK_INT(show_answered(s, connects), 0);
}

static bool show_up(struct show *s)
{
	char path[300];

	*s = (struct show){.bed = {0}};
	snprintf(path, sizeof(path), "%s/show", test_tmpdir());
	if (!CHECK_INT(media_bed_open(&s->bed, path), 0))
		return false;
	media_cam_open(&s->cams[0], &s->bed);
	media_cam_called(&s->cams[1], &s->bed);
	show_offers(s, true);
	CHECK_INT(session_leg_join(s->bed.table, SHOW, 1, 2, NULL), 0);
	return CHECK(media_bed_ready(&s->bed));
}

static void camera_off_and_on(struct show *s)
{
	s->cams[0].page->vdir = "recvonly";
	s->cams[1].page->vdir = "sendonly";
	s->cams[0].covered = true;
	show_offers(s, false);
	media_cam_run(&s->bed, s->cams, 2, 1000);
	s->cams[0].covered = false;
	s->cams[0].page->vdir = s->cams[1].page->vdir = NULL;
	show_offers(s, false);
}

static void show_restarts(struct show *s)
{
	mock_media_restart(s->cams[0].page->mock);
	show_offers(s, true);
}

static void show_roams(struct show *s)
{
	CHECK_INT(mock_media_roam(s->cams[1].page->mock), 0);
}

static void show_dies(struct show *s)
{
	size_t alive = 0;

	CHECK_INT(media_bed_die(&s->bed, 200, &alive), 0);
	CHECK_INT(alive, 1);
}

static void show_is_mirrored(struct show *s)
{
	CHECK_INT(session_leg_join(s->bed.table, SHOW, 1, 0, "echo"), 0);
	media_cam_run(&s->bed, s->cams, 2, 1000);
	CHECK_INT(session_leg_join(s->bed.table, SHOW, 1, 2, NULL), 0);
}

static void (*const scenes[])(struct show *s) = {
	camera_off_and_on, show_restarts, show_roams, show_dies,
	show_is_mirrored,
};

static void pictures_flow(struct show *s, unsigned scene)
{
	for (unsigned i = 0; i < 2; i++)
		s->cams[i].page->vheard = 0;
	media_cam_run(&s->bed, s->cams, 2, STEP_MS);
	for (unsigned i = 0; i < 2; i++) {
		const struct media_page *page = s->cams[i].page;
		bool ok = CHECK(page->vheard >= SEEN);

		fault_free(&page->check, "page");
		fault_free(&page->vcheck, "picture");
		if (!ok)
			printf("# page %u after scene %u: %u packets\n", i,
			       scene, page->vheard);
	}
}

static void nor_those_of_pictures(void)
{
	static struct show s;

	if (show_up(&s)) {
		for (unsigned i = 0; i < FEWER * COUNTOF(scenes); i++) {
			unsigned k = (i * 3 + i / COUNTOF(scenes)) %
				     COUNTOF(scenes);

			scenes[k](&s);
			pictures_flow(&s, k);
		}
		for (unsigned i = 0; i < 2; i++)
			CHECK_INT(mock_media_stats(s.cams[i].page->mock)
					  ->bad_srtp,
				  0);
		CHECK_INT(s.bed.nlost, 0);
	}
	media_bed_close(&s.bed);
}

TEST_MAIN(TEST(numbers_never_go_back), TEST(nor_with_keys_in_sdp),
	  TEST(nor_with_dtls_at_a_pbx), TEST(nor_those_of_pictures),
	  TEST(two_hundred_thousand_packets_are_one_stream))
