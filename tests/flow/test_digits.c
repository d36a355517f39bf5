/*
 * test_digits.c  Keys between SIP INFO and RTP
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/proxy/invite/invite_priv.h"
#include "tests/lib/talk_bed.h"

static bool talk_as(struct talk *talk, const char *more)
{
	talk_more = more;
	return talk_pbx(talk, 500);
}

static void key(struct talk *talk, unsigned cseq)
{
	near_says(talk, &(struct say){.method = "INFO", .cseq = cseq,
				      .worker = 1,
				      .type = "application/dtmf-relay",
				      .body = "Signal=#\r\nDuration=250\r\n"});
}

static void a_key_becomes_rtp(void)
{
	struct talk talk;

	if (talk_as(&talk, "")) {
		key(&talk, 3);
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		CHECK_STR(talk.fix.media.digits, "2:11/250t ");
		CHECK_STR(talk.far->seen, "INVACK");
		/* and what is none goes on */
		near_says(&talk, &(struct say){.method = "INFO", .cseq = 4,
					       .type = "application/x",
					       .body = "5"});
		REQUIRE(expect(&talk.fix, talk.far, "INFO"));
		ua_answers(&talk.fix, talk.far, 200, "");
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
	}
	stop(&talk.fix);
}

static void a_key_stays_an_info_where_that_is_wanted(void)
{
	struct talk talk;

	if (talk_as(&talk, ", dtmf: info")) {
		key(&talk, 3);
		REQUIRE(expect(&talk.fix, talk.far, "INFO"));
		CHECK(strstr(talk.far->req, "Signal=#"));
		CHECK_STR(talk.fix.media.digits, "");
	}
	stop(&talk.fix);
}

static void a_key_becomes_a_tone_where_that_is_wanted(void)
{
	struct talk talk;

	if (talk_as(&talk, ", dtmf: inband")) {
		CHECK_INT(talk.fix.media.leg[2].digits, CTL_DIGITS_TONES);
		key(&talk, 3);
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		CHECK_STR(talk.fix.media.digits, "2:11/250t ");
		CHECK_STR(talk.far->seen, "INVACK");
	}
	stop(&talk.fix);
}

static void a_key_takes_the_way_that_there_is(void)
{
	struct talk talk;

	if (talk_as(&talk, ", dtmf: auto")) {
		key(&talk, 3);
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		CHECK_STR(talk.fix.media.digits, "2:11/250 ");
		talk.fix.media.no_digit = STATUS_NOT_ACCEPTABLE;
		key(&talk, 4);
		REQUIRE(expect(&talk.fix, talk.far, "INFO"));
		CHECK(strstr(talk.far->req, "Signal=#"));
	}
	stop(&talk.fix);
}

/* It hears of keys in no other way. */
static void a_device_gets_the_info(void)
{
	struct talk talk;

	if (talk_as(&talk, "")) {
		far_says(&talk, &(struct say){.method = "INFO", .cseq = 1,
					      .type = "application/dtmf",
					      .body = "5"});
		REQUIRE(expect(&talk.fix, &talk.fix.alice, "INFO"));
		CHECK_STR(talk.fix.media.digits, "");
	}
	stop(&talk.fix);
}

/* mediad has heard a key of hers: any worker tells the PBX. */
static void a_key_in_rtp_becomes_an_info(void)
{
	struct proxy_key heard = {.leg = 2, .code = 11, .ms = 120};
	struct talk talk;
	struct fixture *fix = &talk.fix;
	const struct invite *inv;
	char val[256], val2[256];

	if (talk_as(&talk, ", dtmf: info")) {
		CHECK_INT(fix->media.leg[2].digits, CTL_DIGITS_TOLD);
		inv = list_head(&fix->nodes[0].proxy->invites)->data;
		heard.call = inv->rec.call;
		proxy_key_heard(fix->nodes[1].proxy, &heard);
		REQUIRE(expect(fix, talk.far, "INFO sip:pbx@127.0.0.1:1"));
		CHECK(strstr(talk.far->req, "Signal=#\r\nDuration=120\r\n"));
		CHECK_STR(header(talk.far->req, "CSeq", val), "3 INFO");
		CHECK_STR(header(talk.far->req, "From", val),
			  header(talk.invite, "From", val2));
		CHECK(strstr(header(talk.far->req, "To", val), ";tag=bt"));
		ua_answers(fix, talk.far, 200, "");
		/* what she sends next comes behind it */
		near_says(&talk, &(struct say){.method = "BYE", .cseq = 3});
		REQUIRE(expect(fix, talk.far, "BYE"));
		CHECK_STR(header(talk.far->req, "CSeq", val), "4 BYE");
	}
	stop(fix);
}

/* ... again, with credentials and a CSeq of its own. */
static void a_pbx_that_asks_who_we_are_hears_of_the_key(void)
{
	struct proxy_key heard = {.leg = 2, .code = 5, .ms = 100};
	struct talk talk;
	struct fixture *fix = &talk.fix;
	const struct invite *inv;
	char val[512];

	if (talk_as(&talk, ", dtmf: info, username: gate, password: hush, "
			   "realm: pbx")) {
		inv = list_head(&fix->nodes[0].proxy->invites)->data;
		heard.call = inv->rec.call;
		proxy_key_heard(fix->nodes[1].proxy, &heard);
		REQUIRE(expect(fix, talk.far, "INFO"));
		CHECK_STR(header(talk.far->req, "CSeq", val), "3 INFO");
		ua_answers(fix, talk.far, 401,
			   "WWW-Authenticate: Digest realm=\"pbx\", "
			   "nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n");
		REQUIRE(expect(fix, talk.far, "INFO"));
		CHECK_STR(header(talk.far->req, "CSeq", val), "4 INFO");
		CHECK(strstr(header(talk.far->req, "Authorization", val),
			     "username=\"gate\"") != NULL);
		CHECK(strstr(talk.far->req, "Signal=5\r\n") != NULL);
		ua_answers(fix, talk.far, 200, "");
		near_says(&talk, &(struct say){.method = "BYE", .cseq = 3});
		REQUIRE(expect(fix, talk.far, "BYE"));
		CHECK_STR(header(talk.far->req, "CSeq", val), "5 BYE");
	}
	stop(fix);
}

TEST_MAIN(TEST(a_pbx_that_asks_who_we_are_hears_of_the_key),
	  TEST(a_key_in_rtp_becomes_an_info),
	  TEST(a_key_becomes_rtp),
	  TEST(a_key_stays_an_info_where_that_is_wanted),
	  TEST(a_key_takes_the_way_that_there_is),
	  TEST(a_key_becomes_a_tone_where_that_is_wanted),
	  TEST(a_device_gets_the_info))
