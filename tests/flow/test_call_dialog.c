/*
 * test_call_dialog.c  Offers, refusals and transfers within a call
 *
 * Two workers, as in test_proxy.c: what belongs together comes to different
 * ones.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/talk_bed.h"

/* --- offers that do not become an agreement ------------------------------------- */

static void a_refused_offer_is_taken_back(void)
{
	struct talk talk;

	if (talk_pbx(&talk, 500)) {
		offer(&talk, 3, "");
		REQUIRE(expect(&talk.fix, talk.far, "INVITE"));
		CHECK(is_open(&talk));
		ua_answers(&talk.fix, talk.far, 488, "");
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 488);
		CHECK(!is_open(&talk));
		CHECK_INT(talk.fix.media.asked[CTL_LEG_ROLLBACK], 2);
		/* each of them can make the next one */
		offer(&talk, 4, "");
		REQUIRE(expect(&talk.fix, talk.far, "INVITE"));
		ua_answers(&talk.fix, talk.far, 200, PBX_2XX);
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		CHECK(!is_open(&talk));
		CHECK_INT(talk.fix.media.asked[CTL_LEG_ROLLBACK], 2);
		far_says(&talk, &(struct say){.method = "UPDATE", .cseq = 1,
					      .body = SDP_OFFER});
		REQUIRE(expect(&talk.fix, &talk.fix.alice, "UPDATE"));
		ua_answers(&talk.fix, &talk.fix.alice, 500, "");
		CHECK_INT(answer(&talk.fix, talk.far), 500);
		CHECK(!is_open(&talk));
	}
	stop(&talk.fix);
}

static void a_silent_side_has_its_offer_taken_back_and_the_call_ended(void)
{
	struct talk talk;

	if (talk_pbx(&talk, 10)) {
		offer(&talk, 3, "");
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 504);
		CHECK(!is_open(&talk));
		CHECK(expect(&talk.fix, &talk.fix.alice, "BYE"));
		ua_answers(&talk.fix, &talk.fix.alice, 200, "");
		CHECK(expect(&talk.fix, talk.far, "BYE"));
		ua_answers(&talk.fix, talk.far, 200, "");
		CHECK(redis_test_until(talk.fix.wheel, 5000, is_idle,
				       &talk.fix));
		CHECK_INT(talk.fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&talk.fix);
}

/* ... though it has waited no longer than we have. */
static void a_silent_side_ends_the_call_by_any_request(void)
{
	struct talk talk;

	if (talk_pbx(&talk, 10)) {
		near_says(&talk, &(struct say){.method = "INFO", .cseq = 3});
		CHECK(expect(&talk.fix, talk.far, "INFO"));
		CHECK(expect(&talk.fix, &talk.fix.alice, "BYE"));
		CHECK_INT(talk.fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&talk.fix);
}

static void who_hangs_up_is_answered_though_the_other_side_is_silent(void)
{
	enum { T1 = 20 };
	struct talk talk;

	if (talk_pbx(&talk, T1)) {
		const uint64_t begun = tmr_jiffies();

		near_says(&talk, &(struct say){.method = "BYE", .cseq = 3});
		CHECK(expect(&talk.fix, talk.far, "BYE"));
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		/* alice gives up after 64*T1 */
		CHECK(tmr_jiffies() - begun < 63 * T1);
	}
	stop(&talk.fix);
}

static void a_side_that_knows_no_such_call_ends_it(void)
{
	struct talk talk;

	if (talk_pbx(&talk, 500)) {
		near_says(&talk, &(struct say){.method = "INFO", .cseq = 3});
		REQUIRE(expect(&talk.fix, talk.far, "INFO"));
		ua_answers(&talk.fix, talk.far, 481, "");
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 481);
		CHECK(expect(&talk.fix, &talk.fix.alice, "BYE"));
		CHECK_INT(talk.fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&talk.fix);
}

static void a_subscription_that_is_over_ends_no_call(void)
{
	struct talk talk;

	if (talk_pbx(&talk, 500)) {
		near_says(&talk, &(struct say){.method = "NOTIFY", .cseq = 3,
					       .body = "SIP/2.0 200 OK\r\n"});
		REQUIRE(expect(&talk.fix, talk.far, "NOTIFY"));
		CHECK(strstr(talk.far->req, "\r\n\r\nSIP/2.0 200 OK\r\n"));
		ua_answers(&talk.fix, talk.far, 481, "");
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 481);
		round_trip(&talk.fix, &talk.fix.bob, 0);
		CHECK_INT(talk.fix.media.asked[CTL_SESSION_DROP], 0);
	}
	stop(&talk.fix);
}

/* RFC 3261 14.1 */
static void of_two_offers_that_cross_one_is_491(void)
{
	struct talk talk;

	if (talk_pbx(&talk, 500)) {
		offer(&talk, 3, "");
		REQUIRE(expect(&talk.fix, talk.far, "INVITE"));
		far_says(&talk, &(struct say){.method = "INVITE", .cseq = 1,
					      .worker = 1,
					      .body = SDP_OFFER});
		CHECK_INT(answer(&talk.fix, talk.far), 491);
		/* the first one goes on */
		CHECK(is_open(&talk));
		CHECK_INT(talk.fix.media.asked[CTL_LEG_ROLLBACK], 0);
	}
	stop(&talk.fix);
}

/* As JsSIP does it. The PBX has seen that CSeq, and must not see it again. */
static void a_491_is_repeated_with_the_same_cseq(void)
{
	struct talk talk;

	if (talk_pbx(&talk, 500)) {
		offer(&talk, 3, "");
		REQUIRE(expect(&talk.fix, talk.far, "INVITE"));
		CHECK_STR(cseq_of(talk.far->req), "3 INVITE");
		ua_answers(&talk.fix, talk.far, 491, "");
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 491);
		offer(&talk, 3, "again");
		REQUIRE(expect(&talk.fix, talk.far, "INVITE"));
		CHECK_STR(cseq_of(talk.far->req), "4 INVITE");
		ua_answers(&talk.fix, talk.far, 200, PBX_2XX);
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		CHECK_STR(cseq_of(talk.fix.alice.resp), "3 INVITE");
		near_says(&talk, &(struct say){.method = "ACK", .cseq = 3,
					       .worker = 1});
		REQUIRE(expect(&talk.fix, talk.far, "ACK"));
		CHECK_STR(cseq_of(talk.far->req), "4 ACK");
		near_says(&talk, &(struct say){.method = "BYE", .cseq = 4});
		REQUIRE(expect(&talk.fix, talk.far, "BYE"));
		CHECK_STR(cseq_of(talk.far->req), "5 BYE");
	}
	stop(&talk.fix);
}

/* --- INVITEs without an offer ----------------------------------------------------- */

/* RFC 3261 14.2: as a PBX does that takes a call from hold. */
static void an_invite_without_offer_is_one_to_the_other_side(void)
{
	struct talk talk;
	struct fixture *fix = &talk.fix;

	if (talk_pbx(&talk, 500)) {
		far_says(&talk, &(struct say){.method = "INVITE", .cseq = 1});
		REQUIRE(expect(fix, &fix->alice, "INVITE"));
		CHECK(!strstr(fix->alice.req, "v=0"));
		ua_answers(fix, &fix->alice, 200,
			   "Contact: <sip:alice@127.0.0.1:1>\r\n"
			   "Content-Type: application/sdp\r\n"
			   "Content-Length: 10\r\n\r\nv=0\r\nhers\n");
		CHECK_INT(answer(fix, talk.far), 200);
		CHECK(strstr(talk.far->resp, "s=leg 2"));
		CHECK_STR(fix->media.leg[1].sdp, "v=0\r\nhers\n");
		CHECK(is_open(&talk));
		/* at the other worker */
		far_says(&talk, &(struct say){.method = "ACK", .cseq = 1,
					      .worker = 1,
					      .body = "v=0\r\ns=in ack\r\n"});
		REQUIRE(expect(fix, &fix->alice, "ACK"));
		CHECK(strstr(fix->alice.req, "s=leg 1"));
		CHECK(strstr(fix->media.leg[2].sdp, "s=in ack"));
		CHECK(!is_open(&talk));
		/* and the next one the other way */
		near_says(&talk, &(struct say){.method = "INVITE", .cseq = 3,
					       .worker = 1});
		REQUIRE(expect(fix, talk.far, "INVITE"));
		ua_answers(fix, talk.far, 200, PBX_2XX);
		CHECK_INT(answer(fix, &fix->alice), 200);
		CHECK(strstr(fix->alice.resp, "s=leg 1"));
		near_says(&talk, &(struct say){.method = "ACK", .cseq = 3,
					       .body = "v=0\r\nnear\r\n"});
		REQUIRE(expect(fix, talk.far, "ACK"));
		CHECK(strstr(talk.far->req, "s=leg 2"));
		CHECK(!is_open(&talk));
	}
	stop(fix);
}

static void an_ack_without_the_answer_leaves_nothing_open(void)
{
	struct talk talk;
	struct fixture *fix = &talk.fix;

	if (talk_pbx(&talk, 500)) {
		far_says(&talk, &(struct say){.method = "INVITE", .cseq = 1});
		REQUIRE(expect(fix, &fix->alice, "INVITE"));
		ua_answers(fix, &fix->alice, 200, PBX_2XX);
		CHECK_INT(answer(fix, talk.far), 200);
		CHECK(is_open(&talk));
		far_says(&talk, &(struct say){.method = "ACK", .cseq = 1,
					      .worker = 1});
		REQUIRE(expect(fix, &fix->alice, "ACK"));
		CHECK(!is_open(&talk));
	}
	stop(fix);
}

static void an_invite_without_offer_may_be_refused(void)
{
	struct talk talk;
	struct fixture *fix = &talk.fix;

	if (talk_pbx(&talk, 500)) {
		far_says(&talk, &(struct say){.method = "INVITE", .cseq = 1});
		REQUIRE(expect(fix, &fix->alice, "INVITE"));
		ua_answers(fix, &fix->alice, 488, "");
		CHECK_INT(answer(fix, talk.far), 488);
		CHECK(!is_open(&talk));
		/* an answer without an offer cannot be answered */
		far_says(&talk, &(struct say){.method = "INVITE", .cseq = 2});
		REQUIRE(expect(fix, &fix->alice, "INVITE"));
		ua_answers(fix, &fix->alice, 200,
			   "Contact: <sip:alice@127.0.0.1:1>\r\n");
		CHECK(expect(fix, &fix->alice, "ACK"));
		CHECK(answer(fix, talk.far) >= 400);
	}
	stop(fix);
}

static void the_ack_of_a_service_counts_at_any_worker(void)
{
	struct talk talk;
	struct fixture *fix = &talk.fix;

	if (start_talk(&talk, 50)) {
		call(fix, "echo");
		CHECK_INT(answer(fix, &fix->alice), 200);
		strcpy(talk.resp, fix->alice.resp);
		put_in_dialog(fix, talk.resp, "ACK", 2, 1);
		pass(fix, 100);
		fix->alice.code = 0;
		/* 64 * T1 and more: it neither repeats nor hangs up */
		pass(fix, 4000);
		CHECK_INT(fix->alice.code, 0);
		CHECK_STR(fix->alice.seen, "");
	}
	stop(fix);
}

/* --- where it goes ------------------------------------------------------------------ */

static void a_new_contact_is_where_requests_go(void)
{
	struct talk talk;

	if (talk_pbx(&talk, 500)) {
		offer(&talk, 3, "");
		REQUIRE(expect(&talk.fix, talk.far, "INVITE"));
		ua_answers(&talk.fix, talk.far, 200,
			   "Contact: <sip:moved@127.0.0.1:2>\r\n"
			   "Content-Type: application/sdp\r\n"
			   "Content-Length: 5\r\n\r\nv=0\r\n");
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		near_says(&talk, &(struct say){.method = "INFO", .cseq = 4,
					       .worker = 1});
		CHECK(expect(&talk.fix, talk.far, "INFO sip:moved@127.0.0.1"));
		far_says(&talk, &(struct say){.method = "INFO", .cseq = 1,
					      .worker = 1});
		CHECK(expect(&talk.fix, &talk.fix.alice, "INFO sip:new@127"));
	}
	stop(&talk.fix);
}

/* RFC 3261 8.1.1.5 */
static void a_bye_of_ours_has_a_cseq_that_may_be(void)
{
	struct talk talk;
	char val[64];

	if (talk_pbx(&talk, 500)) {
		near_says(&talk, &(struct say){.method = "INFO",
					       .cseq = 2147483600});
		REQUIRE(expect(&talk.fix, talk.far, "INFO"));
		ua_answers(&talk.fix, talk.far, 481, "");
		REQUIRE(expect(&talk.fix, talk.far, "BYE"));
		CHECK_STR(header(talk.far->req, "CSeq", val),
			  "2147483647 BYE");
	}
	stop(&talk.fix);
}

/* With Redis away nobody knows what stands there; what a sender says of it is
 * not obeyed. */
static void with_redis_away_no_route_is_obeyed(void)
{
	struct talk talk;
	char val[512];

	if (talk_pbx(&talk, 500)) {
		redis_server_kill(&talk.fix.server);
		for (unsigned i = 0; i < WORKERS; i++)
			CHECK(redis_test_until(talk.fix.wheel, 5000,
					       redis_test_is_down,
					       talk.fix.nodes[i].redis));
		near_says(&talk, &(struct say){
					 .method = "INFO", .cseq = 3,
					 .lines = "Route: <sip:10.0.0.9;lr>"
						  "\r\n"});
		REQUIRE(expect(&talk.fix, talk.far, "INFO"));
		CHECK_STR(header(talk.far->req, "Route", val), "");
	}
	stop(&talk.fix);
}

static void refer(struct talk *talk, unsigned cseq, const char *to)
{
	char lines[1024];

	snprintf(lines, sizeof(lines), "Refer-To: <%s>\r\n", to);
	near_says(talk, &(struct say){.method = "REFER", .cseq = cseq,
				      .worker = cseq % 2, .lines = lines});
}

static void a_transfer_names_whom_the_pbx_can_reach(void)
{
	struct talk talk;
	char contact[600], to[700], val[600];

	if (talk_pbx(&talk, 500)) {
		refer(&talk, 3, "sip:0456@demo.test");
		REQUIRE(expect(&talk.fix, talk.far, "REFER"));
		CHECK_STR(header(talk.far->req, "Refer-To", val),
			  "<sip:0456@pbx.test>");
		refer(&talk, 4, "sip:0456@demo.test;method=BYE?Route=x&"
				"From=sip:y&Replaces=z");
		REQUIRE(expect(&talk.fix, talk.far, "REFER"));
		CHECK_STR(header(talk.far->req, "Refer-To", val),
			  "<sip:0456@pbx.test?Replaces=z>");
		/* a party of a call of hers, here of this one */
		header(talk.resp, "Contact", contact);
		contact[strcspn(contact, ">;")] = '\0';
		snprintf(to, sizeof(to), "%s?Replaces=x%%3Bto-tag%%3D1",
			 contact + 1);
		refer(&talk, 5, to);
		REQUIRE(expect(&talk.fix, talk.far, "REFER"));
		CHECK_STR(header(talk.far->req, "Refer-To", val),
			  "<sip:pbx@127.0.0.1:1?Replaces=x%3Bto-tag%3D1>");
		/* herself: a number at us */
		header(talk.invite, "Contact", contact);
		contact[strcspn(contact, ">;")] = '\0';
		refer(&talk, 6, contact + 1);
		REQUIRE(expect(&talk.fix, talk.far, "REFER"));
		CHECK_STR(header(talk.far->req, "Refer-To", val),
			  "<sip:alice@127.0.0.1:9>");
		ua_answers(&talk.fix, talk.far, 202, "");
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 202);
	}
	stop(&talk.fix);
}

/* RFC 3323: not by way of a transfer either. */
static void a_transfer_does_not_tell_who_is_anonymous(void)
{
	struct talk talk;
	char contact[600];

	if (talk_pbx_lines(&talk, 500, "Privacy: id\r\n")) {
		header(talk.invite, "Contact", contact);
		contact[strcspn(contact, ">;")] = '\0';
		talk.fix.alice.code = 0;
		refer(&talk, 3, contact + 1);
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 404);
		CHECK(!strstr(talk.far->req, "alice"));
	}
	stop(&talk.fix);
}

/* Who may not call a number may not have it called either. */
static void a_transfer_goes_where_the_routes_lead(void)
{
	static const struct {
		const char *to;
		int code;
	} refused[] = {
		{"sip:0456@example.net", 403}, {"sip:demo.test", 403},
		{"sip:0900@demo.test", 403},   {"sip:123@pbx.test", 404},
		{"tel:0900", 403},	       {"http://example.net/", 403},
	};
	struct talk talk;
	char val[600];
	unsigned i;

	if (talk_pbx(&talk, 500)) {
		for (i = 0; i < COUNTOF(refused); i++) {
			refer(&talk, 3 + i, refused[i].to);
			if (!CHECK_INT(answer(&talk.fix, &talk.fix.alice),
				       refused[i].code))
				re_printf("# %s\n", refused[i].to);
		}
		CHECK_STR(talk.far->seen, "INVACK");
		/* what does not lead to that PBX is to be called at us */
		refer(&talk, 3 + i, "sip:echo@demo.test");
		REQUIRE(expect(&talk.fix, talk.far, "REFER"));
		CHECK_STR(header(talk.far->req, "Refer-To", val),
			  "<sip:echo@127.0.0.1:9>");
		refer(&talk, 4 + i, "tel:0123");
		REQUIRE(expect(&talk.fix, talk.far, "REFER"));
		CHECK_STR(header(talk.far->req, "Refer-To", val),
			  "<sip:0123@pbx.test>");
	}
	stop(&talk.fix);
}

static void a_transfer_to_a_name_of_nobody_goes_on_as_it_is(void)
{
	struct talk talk;
	char val[600];

	if (talk_pbx(&talk, 500)) {
		far_says(&talk, &(struct say){
					.method = "REFER", .cseq = 1,
					.lines = "Refer-To: <sip:7@a.test>\r\n"
						 "Replaces: y\r\n"});
		REQUIRE(expect(&talk.fix, &talk.fix.alice, "REFER"));
		CHECK_STR(header(talk.fix.alice.req, "Refer-To", val),
			  "<sip:7@a.test>");
		CHECK_STR(header(talk.fix.alice.req, "Replaces", val), "y");
		near_says(&talk, &(struct say){.method = "REFER", .cseq = 3});
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 400);
	}
	stop(&talk.fix);
}

/* Nobody knows then what its sender may call. */
static void with_redis_away_nobody_is_transferred(void)
{
	struct talk talk;

	if (talk_pbx(&talk, 500)) {
		redis_server_kill(&talk.fix.server);
		for (unsigned i = 0; i < WORKERS; i++)
			CHECK(redis_test_until(talk.fix.wheel, 5000,
					       redis_test_is_down,
					       talk.fix.nodes[i].redis));
		refer(&talk, 3, "sip:0900@pbx.test");
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 503);
		CHECK_STR(talk.far->seen, "INVACK");
	}
	stop(&talk.fix);
}

/* --- before there is an answer ------------------------------------------------------ */

/* RFC 3261 15: the callee has no BYE before its 2xx. */
static void who_rings_cannot_end_the_call(void)
{
	struct talk talk;

	if (talk_rings(&talk)) {
		far_says(&talk, &(struct say){.method = "BYE", .cseq = 1});
		CHECK_INT(answer(&talk.fix, talk.far), 481);
		CHECK_INT(talk.fix.media.asked[CTL_SESSION_DROP], 0);
		talk.fix.alice.code = 0;
		strcpy(talk.far->req, talk.invite);
		ua_answers(&talk.fix, talk.far, 200, PBX_2XX);
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		CHECK_INT(talk.fix.media.asked[CTL_SESSION_DROP], 0);
	}
	stop(&talk.fix);
}

/* As its CANCEL would. */
static void a_bye_of_the_caller_stops_the_ringing(void)
{
	struct talk talk;

	if (talk_rings(&talk)) {
		near_says(&talk, &(struct say){.method = "BYE", .cseq = 3});
		CHECK(expect(&talk.fix, talk.far, "CANCEL"));
		CHECK_INT(talk.fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&talk.fix);
}

TEST_MAIN(TEST(who_rings_cannot_end_the_call),
	  TEST(a_bye_of_the_caller_stops_the_ringing),
	  TEST(a_refused_offer_is_taken_back),
	  TEST(a_silent_side_has_its_offer_taken_back_and_the_call_ended),
	  TEST(a_silent_side_ends_the_call_by_any_request),
	  TEST(who_hangs_up_is_answered_though_the_other_side_is_silent),
	  TEST(a_side_that_knows_no_such_call_ends_it),
	  TEST(a_subscription_that_is_over_ends_no_call),
	  TEST(of_two_offers_that_cross_one_is_491),
	  TEST(a_491_is_repeated_with_the_same_cseq),
	  TEST(an_invite_without_offer_is_one_to_the_other_side),
	  TEST(an_ack_without_the_answer_leaves_nothing_open),
	  TEST(an_invite_without_offer_may_be_refused),
	  TEST(the_ack_of_a_service_counts_at_any_worker),
	  TEST(a_new_contact_is_where_requests_go),
	  TEST(a_transfer_names_whom_the_pbx_can_reach),
	  TEST(a_transfer_does_not_tell_who_is_anonymous),
	  TEST(a_transfer_goes_where_the_routes_lead),
	  TEST(a_transfer_to_a_name_of_nobody_goes_on_as_it_is),
	  TEST(a_bye_of_ours_has_a_cseq_that_may_be),
	  TEST(with_redis_away_no_route_is_obeyed),
	  TEST(with_redis_away_nobody_is_transferred))
