/*
 * test_digits.c  Keys between SIP INFO and RTP
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

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

TEST_MAIN(TEST(a_key_becomes_rtp),
	  TEST(a_key_stays_an_info_where_that_is_wanted),
	  TEST(a_key_takes_the_way_that_there_is),
	  TEST(a_device_gets_the_info))
