/*
 * test_state_leg.c  A leg's record is read as it was written, or refused
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/session/state_file.h"
#include "mediad/session/state_leg.h"
#include "tests/lib/test.h"

struct bed {
	struct state_leg leg, got;
	uint8_t buf[STATE_LEG_MAX];
	size_t len;
};

static void bed_init(struct bed *bed)
{
	struct state_leg *leg = &bed->leg;
	struct sdpm_choice *choice = &leg->choice;

	memset(bed, 0, sizeof(*bed));
	strcpy(leg->session, "00000000000000a1");
	strcpy(leg->call, "00000000000000ca");
	strcpy(leg->tenant, "test");
	leg->leg = 2;
	leg->peer = 1;
	leg->resumable = 1;
	leg->ssrc = 0xcafe;
	leg->path.web.suite = CRYPT_AEAD_AES_128_GCM;
	leg->path.web.rx_key[15] = 9;
	choice->dir = SDPM_SENDRECV;
	choice->nmaps = 1;
	choice->event = choice->noise = choice->red = -1;
	choice->maps[0] = (struct sdpm_map){SDPM_OPUS, 48000, 111, 96};
	choice->layout.nlines = 1;
	strcpy(choice->layout.lines[0].type, "audio");
	choice->dtls = true;
	strcpy(choice->peer.ufrag, "abcd");
}

static int round_trip(struct bed *bed)
{
	bed->len = state_leg_pack(bed->buf, &bed->leg);
	return state_leg_unpack(&bed->got, bed->buf, bed->len);
}

static void what_was_packed_is_unpacked(void)
{
	struct bed bed;

	bed_init(&bed);
	REQUIRE(round_trip(&bed) == 0);
	CHECK(!memcmp(&bed.got.path, &bed.leg.path, sizeof(bed.leg.path)));
	CHECK_INT(bed.got.ssrc, 0xcafe);
	CHECK_INT(bed.got.peer, 1);
	CHECK_STR(bed.got.choice.layout.lines[0].type, "audio");
	CHECK_STR(bed.got.choice.peer.ufrag, "abcd");
	CHECK_INT(bed.got.choice.maps[0].tx_pt, 96);
	CHECK_INT(bed.got.local.nhosts, 0);
}

static void a_leg_with_keys_is_the_same(void)
{
	struct sdpm_sdes *sdes;
	struct bed bed;

	bed_init(&bed);
	sdes = &bed.leg.choice.peer.sdes;
	bed.leg.choice.profile = SDPM_SDES;
	bed.leg.choice.dtls = false;
	memset(sdes, 0xff, sizeof(*sdes));
	sdes->suite = sdes->ours.suite = SDPM_AEAD_AES_256_GCM;
	memset(&bed.leg.path, 0, sizeof(bed.leg.path));
	bed.leg.path.rtp.secure = 1;
	bed.leg.nsuites = 1;
	bed.leg.suites[0] = SDPM_AEAD_AES_256_GCM;
	REQUIRE(round_trip(&bed) == 0);
	CHECK(!memcmp(&bed.got.choice.peer.sdes, sdes, sizeof(*sdes)));
	CHECK_INT(bed.got.suites[0], SDPM_AEAD_AES_256_GCM);

	sdes->ours.suite = SDPM_AES_CM_128_SHA1_80;
	CHECK_INT(round_trip(&bed), EBADMSG);
	sdes->suite = sdes->ours.suite = SDPM_SUITES;
	CHECK_INT(round_trip(&bed), EBADMSG);
	sdes->suite = SDPM_NO_SUITE;
	CHECK_INT(round_trip(&bed), EBADMSG);
	bed.leg.choice.profile = SDPM_OSRTP;
	CHECK_INT(round_trip(&bed), 0);
	bed.leg.choice.profile = SDPM_DTLS;
	CHECK_INT(round_trip(&bed), EBADMSG);
	bed.leg.choice.profile = SDPM_RTP;
	sdes->suite = sdes->ours.suite = SDPM_AES_CM_128_SHA1_80;
	CHECK_INT(round_trip(&bed), EBADMSG);
}

static void a_leg_of_plain_rtp_is_the_same(void)
{
	struct bed bed;

	bed_init(&bed);
	bed.leg.choice.profile = SDPM_RTP;
	bed.leg.choice.dtls = false;
	bed.leg.choice.theirs = SDPM_SENDONLY;
	memset(&bed.leg.path, 0, sizeof(bed.leg.path));
	bed.leg.path.rtp.local.port = 30000;
	bed.leg.path.rtp.said[1].addr[15] = 7;
	bed.leg.ncodecs = 2;
	bed.leg.codecs[0] = SDPM_PCMA;
	bed.leg.codecs[1] = SDPM_OPUS;
	bed.leg.ptime = 30;
	bed.leg.digits = SESSION_DIGITS_TOLD;
	sa_set_str(&bed.leg.choice.peer.rtp, "192.0.2.1", 4000);
	REQUIRE(round_trip(&bed) == 0);
	CHECK(!memcmp(&bed.got.path, &bed.leg.path, sizeof(bed.leg.path)));
	CHECK_INT(bed.got.codecs[1], SDPM_OPUS);
	CHECK_INT(bed.got.ptime, 30);
	CHECK_INT(bed.got.choice.theirs, SDPM_SENDONLY);
	/* that comes from the path, which checks it */
	CHECK(!sa_isset(&bed.got.choice.peer.rtp, SA_ADDR));
}

static void many_lines_are_stored(void)
{
	struct sdpm_choice *choice;
	struct bed bed;

	bed_init(&bed);
	choice = &bed.leg.choice;
	choice->layout.nlines = SDPM_MEDIA_MAX;
	strcpy(choice->layout.lines[SDPM_MEDIA_MAX - 1].mid, "last");
	choice->nmaps = 2;
	choice->maps[1] = (struct sdpm_map){SDPM_PCMA, 8000, 8, 8};
	choice->peer.nprints = SDPM_PRINTS_MAX;
	choice->peer.prints[SDPM_PRINTS_MAX - 1].len = 32;
	choice->peer.ssrc = 0xbeef;
	CHECK_INT(round_trip(&bed), 0);
	CHECK(bed.len <= STATE_SHORT_MAX);
	CHECK(!memcmp(&bed.got.choice.layout, &choice->layout,
		      sizeof(choice->layout)));
	CHECK(!memcmp(&bed.got.choice.maps, &choice->maps,
		      sizeof(choice->maps)));
	CHECK(!memcmp(&bed.got.choice.peer.prints, &choice->peer.prints,
		      sizeof(choice->peer.prints)));
	CHECK_INT(bed.got.choice.peer.ssrc, 0xbeef);
}

static void the_fullest_leg_fits(void)
{
	struct bed bed;

	memset(&bed.leg, 0xff, sizeof(bed.leg));
	CHECK(state_leg_pack(bed.buf, &bed.leg) <= STATE_LEG_MAX);
}

static void other_lengths_are_refused(void)
{
	struct bed bed;

	bed_init(&bed);
	CHECK_INT(round_trip(&bed), 0);
	for (size_t len = 0; len < bed.len; len++)
		CHECK_INT(state_leg_unpack(&bed.got, bed.buf, len), EBADMSG);
}

static void a_leg_without_media_needs_only_its_ids(void)
{
	struct bed bed;

	bed_init(&bed);
	bed.leg.resumable = 0;
	memset(&bed.leg.choice, 0, sizeof(bed.leg.choice));
	CHECK_INT(round_trip(&bed), 0);
	CHECK_STR(bed.got.session, "00000000000000a1");
	bed.leg.resumable = 1;
	CHECK_INT(round_trip(&bed), EBADMSG);
}

/* Each of these alone makes the record unsound. */
static void every_field_is_checked(void)
{
	struct bed bed;
	struct state_leg *leg = &bed.leg;

#define REFUSED(change)                               \
	do {                                          \
		bed_init(&bed);                       \
		change;                               \
		CHECK_INT(round_trip(&bed), EBADMSG); \
	} while (0)

	REFUSED(leg->session[3] = 'x');
	REFUSED(leg->session[16] = 'a');
	REFUSED(leg->call[0] = '\0');
	REFUSED(memset(leg->tenant, 'a', sizeof(leg->tenant)));
	REFUSED(memset(leg->service, 'a', sizeof(leg->service)));
	REFUSED(memset(leg->offered, 'a', sizeof(leg->offered)));
	REFUSED(leg->leg = 0);
	REFUSED(leg->leg = 17);
	REFUSED(leg->peer = 17);
	REFUSED(leg->resumable = 2);
	REFUSED(leg->answered = 2);
	REFUSED(memset(leg->local.ufrag, 'a', sizeof(leg->local.ufrag)));
	REFUSED(memset(leg->local.cname, 'a', sizeof(leg->local.cname)));
	REFUSED(leg->local.print.len = 65);
	REFUSED(leg->choice.profile = SDPM_PROFILES);
	REFUSED(leg->choice.theirs = 4);
	REFUSED(leg->ncodecs = SDPM_CODECS + 1);
	REFUSED(leg->nsuites = SDPM_SUITES + 1);
	REFUSED(leg->nsuites = 1; leg->suites[0] = SDPM_SUITES);
	REFUSED(leg->nsuites = 1; leg->suites[0] = SDPM_NO_SUITE);
	REFUSED(leg->digits = SESSION_DIGITS_TONES + 1);
	REFUSED(leg->ncodecs = 1; leg->codecs[0] = SDPM_CODECS);
	REFUSED(leg->choice.dir = 4);
	REFUSED(leg->choice.layout.nlines = 0);
	REFUSED(leg->choice.layout.nlines = SDPM_MEDIA_MAX + 1);
	REFUSED(leg->choice.layout.nlines = 255);
	REFUSED(leg->choice.layout.audio = 1);
	REFUSED(leg->choice.layout.lines[0].kind = 9);
	REFUSED(memset(leg->choice.layout.lines[0].mid, 'a', SDPM_MID_MAX + 1));
	REFUSED(leg->choice.nmaps = SDPM_MAPS_MAX + 1);
	REFUSED(leg->choice.codec = 1);
	REFUSED(leg->choice.codec = -1);
	REFUSED(leg->choice.event = 1);
	REFUSED(leg->choice.event = -2);
	REFUSED(leg->choice.noise = 1);
	REFUSED(leg->choice.noise = -2);
	REFUSED(memset(leg->policy, 'a', sizeof(leg->policy)));
	REFUSED(leg->hushed = SESSION_HUSHERS + 1);
	REFUSED(memset(leg->owner, 'a', sizeof(leg->owner)));
	REFUSED(leg->order = SESSION_ORDER_LISTED + 1);
	REFUSED(leg->dtx = SESSION_DTX_NEVER + 1);
	REFUSED(leg->effort = 12);
	REFUSED(leg->noise = 2);
	REFUSED(leg->choice.maps[0].codec = SDPM_CODEC_NONE);
	REFUSED(leg->choice.maps[0].codec = SDPM_CODECS);
	REFUSED(leg->choice.maps[0].clock = 0);
	REFUSED(leg->choice.maps[0].rx_pt = 128);
	REFUSED(leg->choice.maps[0].tx_pt = 128);
	REFUSED(leg->choice.peer.nprints = SDPM_PRINTS_MAX + 1);
	REFUSED(leg->choice.peer.nprints = 1;
		leg->choice.peer.prints[0].len = 65);
	REFUSED(memset(leg->choice.peer.pwd, 'a', SDPM_PWD_MAX + 1));
	REFUSED(memset(&leg->choice.rtcp_mux, 2, 1));
	REFUSED(memset(&leg->choice.opus.dtx, 0xff, 1));
	REFUSED(memset(&leg->choice.change.dir, 3, 1));
#undef REFUSED
}

static void layout_is_that_of_this_build(void)
{
	CHECK(state_layout() != 0);
	CHECK_INT(state_layout(), state_layout());
}

TEST_MAIN(TEST(what_was_packed_is_unpacked),
	  TEST(a_leg_of_plain_rtp_is_the_same),
	  TEST(a_leg_with_keys_is_the_same), TEST(many_lines_are_stored),
	  TEST(the_fullest_leg_fits),
	  TEST(other_lengths_are_refused),
	  TEST(a_leg_without_media_needs_only_its_ids),
	  TEST(every_field_is_checked), TEST(layout_is_that_of_this_build))
