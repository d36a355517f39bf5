/*
 * test_leg_form.c  A leg's form is read as it was written, or refused
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/session/leg_form.h"
#include "mediad/session/session.h"
#include "tests/lib/test.h"

struct bed {
	struct sdpm_local local, got_local;
	struct sdpm_choice choice, got;
	struct sdpm_video video, got_video;
	uint8_t hushed, got_hushed;
	char text[LEG_FORM_MAX];
};

static void bed_init(struct bed *bed)
{
	struct sdpm_choice *choice = &bed->choice;

	memset(bed, 0, sizeof(*bed));
	bed->local.sess_id = 4611686018427387903u;
	bed->local.version = 7;
	strcpy(bed->local.cname, "c+name");
	strcpy(bed->local.msid, "m s,id=%");
	choice->dir = SDPM_RECVONLY;
	choice->theirs = SDPM_SENDONLY;
	choice->rtcp_mux = true;
	choice->layout.bundle = true;
	choice->layout.nlines = 2;
	choice->layout.audio = 1;
	choice->layout.lines[0].kind = SDPM_VIDEO;
	strcpy(choice->layout.lines[0].type, "video");
	strcpy(choice->layout.lines[0].proto, "UDP/TLS/RTP/SAVPF");
	strcpy(choice->layout.lines[0].fmt, "96");
	choice->layout.lines[1].kind = SDPM_AUDIO;
	strcpy(choice->layout.lines[1].type, "audio");
	strcpy(choice->layout.lines[1].mid, "1");
	choice->layout.carrier.on = true;
	strcpy(choice->layout.carrier.rtpmap, "VP8/90000");
	choice->nmaps = 2;
	choice->maps[0] = (struct sdpm_map){SDPM_OPUS, 48000, 111, 96};
	choice->maps[1] = (struct sdpm_map){SDPM_EVENT, 8000, 101, 126};
	choice->codec = 0;
	choice->event = 1;
	bed->video = (struct sdpm_video){
		.line = 0,
		.dir = SDPM_SENDRECV,
		.theirs = SDPM_RECVONLY,
		.nformats = 2,
		.noffered = 1,
		.chosen = 1,
		.feedback = SDPM_FB_NACK | SDPM_FB_PLI,
		.ext = {3, 0, 5},
		.formats = {{.codec = SDPM_VP8, .rx_pt = 96, .tx_pt = 97},
			    {.codec = SDPM_H264,
			     .mode = 1,
			     .profile = {0x42, 0xe0, 0x1f},
			     .rx_pt = 102,
			     .tx_pt = 103}},
		.ssrc = 0x5ec8e7,
	};
	/* not for others */
	strcpy(choice->peer.ufrag, "secret-ufrag");
	strcpy(choice->peer.pwd, "secret-pwd");
	strcpy(bed->local.pwd, "secret-ours");
}

static int read_text(struct bed *bed, const char *text)
{
	const struct leg_form form = {&bed->got_local, &bed->got,
				      &bed->got_video, &bed->got_hushed};
	struct pl pl;

	memset(&bed->got_local, 0, sizeof(bed->got_local));
	memset(&bed->got, 0, sizeof(bed->got));
	memset(&bed->got_video, 0, sizeof(bed->got_video));
	bed->got_hushed = 0;
	pl_set_str(&pl, text);
	return leg_form_read(&form, &pl);
}

static int round_trip(struct bed *bed)
{
	const struct leg_form form = {&bed->local, &bed->choice, &bed->video,
				      &bed->hushed};

	if (re_snprintf(bed->text, sizeof(bed->text), "%H", leg_form_print,
			&form) < 0)
		return EOVERFLOW;
	return read_text(bed, bed->text);
}

static void what_was_written_is_read(void)
{
	struct bed bed;

	bed_init(&bed);
	REQUIRE(round_trip(&bed) == 0);
	CHECK(bed.got_local.sess_id == bed.local.sess_id);
	CHECK_INT(bed.got_local.version, 7);
	CHECK_STR(bed.got_local.cname, "c+name");
	CHECK_STR(bed.got_local.msid, "m s,id=%");
	CHECK_INT(bed.got.dir, SDPM_RECVONLY);
	CHECK_INT(bed.got.theirs, SDPM_SENDONLY);
	CHECK(bed.got.held);
	CHECK(bed.got.rtcp_mux);
	CHECK(!memcmp(&bed.got.layout, &bed.choice.layout,
		      sizeof(bed.got.layout)));
	CHECK(!memcmp(&bed.got.maps, &bed.choice.maps, sizeof(bed.got.maps)));
	CHECK_INT(bed.got.codec, 0);
	CHECK_INT(bed.got.event, 1);
}

/* A card number must not be heard again because a box has died. */
static void a_recording_that_is_paused_stays_so(void)
{
	struct bed bed;

	bed_init(&bed);
	REQUIRE(round_trip(&bed) == 0);
	CHECK(!bed.got_hushed);
	for (bed.hushed = 1; bed.hushed <= SESSION_HUSHERS; bed.hushed++) {
		REQUIRE(round_trip(&bed) == 0);
		CHECK_INT(bed.got_hushed, bed.hushed);
	}
	CHECK_INT(read_text(&bed, "hushed=2"), EBADMSG);
	CHECK_INT(read_text(&bed, "hushed-by=0"), EBADMSG);
	CHECK_INT(read_text(&bed, "hushed-by=8"), EBADMSG);
	/* as workers of former versions say it, and hear it */
	(void)read_text(&bed, "hushed=1");
	CHECK_INT(bed.got_hushed, SESSION_HUSH_CALLER);
	CHECK(strstr(bed.text, " hushed=1 "));
}

static void video_is_written_and_read_too(void)
{
	struct bed bed;

	bed_init(&bed);
	REQUIRE(round_trip(&bed) == 0);
	CHECK_INT(bed.got_video.line, 0);
	CHECK_INT(bed.got_video.dir, SDPM_SENDRECV);
	CHECK_INT(bed.got_video.theirs, SDPM_RECVONLY);
	CHECK_INT(bed.got_video.feedback, SDPM_FB_NACK | SDPM_FB_PLI);
	CHECK_INT(bed.got_video.chosen, 1);
	CHECK_INT(bed.got_video.nformats, 2);
	CHECK(!memcmp(bed.got_video.formats, bed.video.formats,
		      sizeof(bed.video.formats)));
	CHECK(!memcmp(bed.got_video.ext, bed.video.ext,
		      sizeof(bed.video.ext)));
	/* another worker has another one, or hears of it anew */
	CHECK_INT(bed.got_video.ssrc, 0);
	bed.video.nformats = 0;
	REQUIRE(round_trip(&bed) == 0);
	CHECK(!strstr(bed.text, " video="));
	CHECK_INT(bed.got_video.nformats, 0);
}

static void it_holds_no_secret(void)
{
	struct bed bed;

	bed_init(&bed);
	REQUIRE(round_trip(&bed) == 0);
	CHECK(!strstr(bed.text, "secret"));
	CHECK_STR(bed.got.peer.ufrag, "");
}

static void what_is_not_known_is_passed_over(void)
{
	char text[LEG_FORM_MAX + 64];
	struct bed bed;

	bed_init(&bed);
	REQUIRE(round_trip(&bed) == 0);
	re_snprintf(text, sizeof(text), "%s later=1,2 map=later,8000,99,99",
		    bed.text);
	CHECK_INT(read_text(&bed, text), 0);
	CHECK_INT(bed.got.nmaps, 2);
}

/* codec= and event= count what this build does not know, too. */
static void what_is_not_known_moves_no_place(void)
{
	char text[LEG_FORM_MAX + 64];
	struct bed bed;
	char *at;

	bed_init(&bed);
	REQUIRE(round_trip(&bed) == 0);
	at = strstr(bed.text, " map=");
	REQUIRE(at != NULL);
	*at = '\0';
	re_snprintf(text, sizeof(text),
		    "%s map=later,8000,99,99 map=opus,48000,111,96 "
		    "map=later,8000,98,98 map=telephone-event,8000,101,126 "
		    "codec=2 event=4",
		    bed.text);
	CHECK_INT(read_text(&bed, text), 0);
	CHECK_INT(bed.got.nmaps, 2);
	CHECK_INT(bed.got.codec, 0);
	CHECK_INT(bed.got.event, 1);
	/* the one that counts is not known */
	strcpy(strstr(text, "codec="), "codec=1 event=4");
	CHECK_INT(read_text(&bed, text), EBADMSG);
	strcpy(strstr(text, "codec="), "codec=2 event=3");
	CHECK_INT(read_text(&bed, text), 0);
	CHECK_INT(bed.got.event, -1);
	strcpy(strstr(text, "codec="), "codec=2 event=5");
	CHECK_INT(read_text(&bed, text), EBADMSG);
}

/* Each of these instead of what it begins with. */
static void what_is_unsound_is_refused(void)
{
	static const char *const bad[] = {
		"origin=1",
		"origin=0,1",
		"origin=x,1",
		"origin=99999999999999999999,1",
		"cname=a%0Ab",
		"cname=%4",
		"cname=",
		"dir=4,1",
		"dir=1",
		"mux=2",
		"bundle=yes",
		"audio=0",
		"audio=2",
		"audio=16",
		"line=9,a,b,c,d",
		"line=0,a,b,c",
		"line=0,a,b,c,d,e",
		"line=0,a%0D%0A,b,c,d",
		"carrier=5,,",
		"map=opus,0,1,1",
		"map=opus,48000,128,1",
		"map=opus,48000,1",
		"codec=0",
		"codec=9",
		"event=3",
		"codec=13",
		"video=1,3,3,0,0",
		"video=0,4,3,0,0",
		"video=0,3,3,32,0",
		"video=0,3,3,0,2",
		"video=0,3,3,0",
		"vformat=9,0,0,96,96",
		"vformat=1,0,16777216,96,96",
		"vformat=1,0,0,128,96",
		"vformat=1,0,0,96",
		"vext=15,0,0",
		"vext=1,2",
	};
	char text[LEG_FORM_MAX + 128];
	struct bed bed;

	bed_init(&bed);
	REQUIRE(round_trip(&bed) == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		re_snprintf(text, sizeof(text), "%s %s", bed.text, bad[i]);
		if (!CHECK_INT(read_text(&bed, text), EBADMSG))
			re_printf("# %s\n", bad[i]);
	}
	CHECK_INT(read_text(&bed, ""), EBADMSG);
	CHECK_INT(read_text(&bed, "origin=1,1"), EBADMSG);
}

static void only_so_many_lines_and_payload_types_are_taken(void)
{
	char text[LEG_FORM_MAX];
	struct mbuf *mb = mbuf_alloc(512);
	struct bed bed;

	bed_init(&bed);
	for (unsigned i = 0; i <= SDPM_MEDIA_MAX; i++)
		mbuf_printf(mb, "line=0,a,b,c,d ");
	mbuf_write_u8(mb, 0);
	str_ncpy(text, (char *)mb->buf, sizeof(text));
	CHECK_INT(read_text(&bed, text), EBADMSG);
	mbuf_rewind(mb);
	for (unsigned i = 0; i <= SDPM_MAPS_MAX; i++)
		mbuf_printf(mb, "map=opus,48000,%u,1 ", i);
	mbuf_write_u8(mb, 0);
	str_ncpy(text, (char *)mb->buf, sizeof(text));
	CHECK_INT(read_text(&bed, text), EBADMSG);
	mbuf_rewind(mb);
	for (unsigned i = 0; i <= SDPM_VFORMATS_MAX; i++)
		mbuf_printf(mb, "vformat=1,0,0,%u,1 ", i);
	mbuf_write_u8(mb, 0);
	str_ncpy(text, (char *)mb->buf, sizeof(text));
	CHECK_INT(read_text(&bed, text), EBADMSG);
	mem_deref(mb);
}

TEST_MAIN(TEST(what_was_written_is_read),
	  TEST(a_recording_that_is_paused_stays_so),
	  TEST(video_is_written_and_read_too), TEST(it_holds_no_secret),
	  TEST(what_is_not_known_is_passed_over),
	  TEST(what_is_not_known_moves_no_place),
	  TEST(what_is_unsound_is_refused),
	  TEST(only_so_many_lines_and_payload_types_are_taken))
