/*
 * test_early.c  Before there is an answer: early dialogs, PRACK, UPDATE
 *
 * The call is set up by worker 0; what is asked within its dialogs comes to
 * worker 1.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/talk_bed.h"

#define CONTACT(name) "Contact: <sip:" name "@127.0.0.1:1>\r\n"
#define SDP(letter)                                                          \
	"Content-Type: application/sdp\r\nContent-Length: 6\r\n\r\nv=0\r\n" \
	letter
#define RELIABLE(num) "Require: 100rel\r\nRSeq: " num "\r\n"

/* The PBX says to the INVITE, in the dialog of this tag. */
static void invite_is(struct talk *talk, const char *tag, int code,
		      const char *extra)
{
	strcpy(talk->far->req, talk->invite);
	talk->far->tag = tag;
	talk->fix.alice.code = 0;
	ua_answers(&talk->fix, talk->far, code, extra);
}

static const char *body(const char *text)
{
	const char *p = strstr(text, "\r\n\r\n");

	return p ? p + 4 : "";
}

/* alice has called; the PBX was asked. */
static bool asked_with(struct talk *talk, bool offer)
{
	struct fixture *fix = &talk->fix;
	char auth[1024];

	if (!start_talk(talk, 500))
		return false;
	talk->far = &fix->pbx[0];
	if (offer) {
		call(fix, "0123");
	} else {
		put_invite_with(fix, &fix->alice, "0123", 1, "", "");
		CHECK_INT(answer(fix, &fix->alice), 407);
		credentials(&fix->alice, "INVITE", "sip:0123@demo.test",
			    "alice-secret", auth);
		put_ack_407(fix, &fix->alice, "0123", 1);
		put_invite_with(fix, &fix->alice, "0123", 2, auth, "");
	}
	if (!CHECK(expect(fix, talk->far, "INVITE")))
		return false;
	strcpy(talk->invite, talk->far->req);
	return true;
}

static bool asked(struct talk *talk)
{
	return asked_with(talk, true);
}

/* The 18x that alice gets is what she speaks in the dialog of. */
static bool rings_as(struct talk *talk, const char *tag, int code,
		     const char *extra)
{
	talk->fix.alice.provs = 0;
	invite_is(talk, tag, code, extra);
	if (!CHECK(rings(&talk->fix, &talk->fix.alice)))
		return false;
	strcpy(talk->resp, talk->fix.alice.prov);
	return true;
}

static void prack(struct talk *talk, unsigned cseq, const char *rack,
		  const char *sdp)
{
	char lines[64];

	snprintf(lines, sizeof(lines), "RAck: %s\r\n", rack);
	near_says(talk, &(struct say){.method = "PRACK", .cseq = cseq,
				      .worker = 1, .lines = lines,
				      .body = sdp});
}

/* alice asks within the dialog, and the PBX says yes to it. */
static bool agreed(struct talk *talk, const char *method, const char *extra)
{
	if (!CHECK(expect(&talk->fix, talk->far, method)))
		return false;
	ua_answers(&talk->fix, talk->far, 200, extra);
	return CHECK_INT(answer(&talk->fix, &talk->fix.alice), 200);
}

/* --- where it goes ------------------------------------------------------------- */

static void a_bye_at_another_worker_stops_the_ringing(void)
{
	struct talk talk;

	if (talk_rings(&talk)) {
		near_says(&talk, &(struct say){.method = "BYE", .cseq = 3,
					       .worker = 1});
		CHECK(expect(&talk.fix, talk.far, "CANCEL"));
		CHECK(redis_test_until(talk.fix.wheel, 5000, is_terminated,
				       &talk.fix.alice) ||
		      strstr(talk.fix.alice.resp, "BYE"));
		CHECK_INT(talk.fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&talk.fix);
}

static void a_bye_after_the_death_of_who_rings_is_heard(void)
{
	struct talk talk;

	if (talk_rings(&talk)) {
		node_kill(&talk.fix, 0);
		near_says(&talk, &(struct say){.method = "BYE", .cseq = 3,
					       .worker = 1});
		CHECK(expect(&talk.fix, talk.far, "CANCEL"));
		CHECK_INT(talk.fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&talk.fix);
}

static void what_is_asked_of_no_dialog_is_481(void)
{
	struct talk talk;
	char *tag;

	if (asked(&talk)) {
		REQUIRE(rings_as(&talk, "one", 180, CONTACT("one")));
		tag = strstr(talk.resp, ";tag=one");
		REQUIRE(tag != NULL);
		memcpy(tag, ";tag=two", 8);
		prack(&talk, 3, "1 2 INVITE", NULL);
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 481);
		CHECK_STR(talk.far->seen, "INV");
	}
	stop(&talk.fix);
}

static void digits_reach_who_speaks_early(void)
{
	struct talk talk;

	if (asked(&talk)) {
		REQUIRE(rings_as(&talk, "one", 183, CONTACT("one") SDP("a")));
		near_says(&talk, &(struct say){.method = "INFO", .cseq = 3,
					       .worker = 1,
					       .type = "application/x",
					       .body = "5"});
		CHECK(agreed(&talk, "INFO sip:one@", ""));
		CHECK_STR(body(talk.far->req), "5");
	}
	stop(&talk.fix);
}

/* --- PRACK ------------------------------------------------------------------------- */

static void what_is_said_reliably_is_acknowledged_end_to_end(void)
{
	struct talk talk;
	char val[256];

	if (asked(&talk)) {
		header(talk.invite, "Supported", val);
		CHECK(strstr(talk.invite, "100rel"));
		REQUIRE(rings_as(&talk, "one", 183,
				 RELIABLE("7") CONTACT("one") SDP("a")));
		CHECK_STR(header(talk.resp, "RSeq", val), "7");
		CHECK_STR(header(talk.resp, "Require", val), "100rel");
		CHECK(strstr(body(talk.resp), "s=leg 1"));
		prack(&talk, 3, "7 2 INVITE", NULL);
		CHECK(agreed(&talk, "PRACK sip:one@127.0.0.1:1", ""));
		CHECK_STR(header(talk.far->req, "RAck", val), "7 2 INVITE");
		CHECK_STR(header(talk.far->req, "To", val),
			  "<sip:0123@pbx.test>;tag=one");
		/* its 2xx needs no description, and neither has ours */
		invite_is(&talk, "one", 200, CONTACT("one"));
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		CHECK_STR(body(talk.fix.alice.resp), "");
		CHECK_INT(talk.fix.media.leg[1].peer, 2);
		near_says(&talk, &(struct say){.method = "ACK", .cseq = 2});
		CHECK(expect(&talk.fix, talk.far, "ACK sip:one@"));
		near_says(&talk, &(struct say){.method = "BYE", .cseq = 4,
					       .worker = 1});
		CHECK(agreed(&talk, "BYE", ""));
	}
	stop(&talk.fix);
}

static void one_that_comes_again_is_told_again(void)
{
	struct talk talk;
	char first[TEXT_MAX];

	if (asked(&talk)) {
		REQUIRE(rings_as(&talk, "one", 183,
				 RELIABLE("7") CONTACT("one") SDP("a")));
		strcpy(first, body(talk.resp));
		REQUIRE(rings_as(&talk, "one", 183,
				 RELIABLE("7") CONTACT("one") SDP("a")));
		CHECK_STR(body(talk.resp), first);
		/* the next one says nothing new */
		REQUIRE(rings_as(&talk, "one", 180,
				 RELIABLE("8") CONTACT("one") SDP("a")));
		CHECK_STR(body(talk.resp), "");
	}
	stop(&talk.fix);
}

static void who_cannot_acknowledge_is_not_asked_to(void)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_dialog};
	struct talk talk = {.far = NULL};
	struct fixture *fix = &talk.fix;

	if (start_cfg(fix, &cfg)) {
		talk.far = &fix->pbx[0];
		/* a call of the PBX to the echo needs no password */
		put(fix, talk.far, 0,
		    "INVITE sip:alice@demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKp;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:1@pbx.test>;tag=pf\r\n"
		    "To: <sip:alice@demo.test>\r\nCall-ID: call-p\r\n"
		    "CSeq: 7 INVITE\r\nContact: <sip:c@127.0.0.1:1>\r\n"
		    "Content-Type: application/sdp\r\nContent-Length: 0\r\n"
		    "\r\n",
		    sa_port(&talk.far->addr));
		CHECK_INT(answer(fix, talk.far), 480);
		CHECK_INT(register_user(fix, &fix->alice, 1, "alice-secret"),
			  200);
		talk.far->code = 0;
		put(fix, talk.far, 0,
		    "INVITE sip:alice@demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKq;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:1@pbx.test>;tag=pf\r\n"
		    "To: <sip:alice@demo.test>\r\nCall-ID: call-q\r\n"
		    "CSeq: 7 INVITE\r\nContact: <sip:c@127.0.0.1:1>\r\n"
		    "\r\n",
		    sa_port(&talk.far->addr));
		REQUIRE(expect(fix, &fix->alice, "INVITE"));
		CHECK(!strstr(fix->alice.req, "100rel"));
		ua_answers(fix, &fix->alice, 180,
			   RELIABLE("1") CONTACT("alice"));
		REQUIRE(rings(fix, talk.far));
		CHECK(!strstr(talk.far->prov, "100rel"));
		CHECK(!strstr(talk.far->prov, "RSeq"));
	}
	stop(fix);
}

/* --- several dialogs ------------------------------------------------------------------ */

static void each_phone_behind_a_pbx_is_a_dialog(void)
{
	struct talk talk;
	char one[TEXT_MAX], two[TEXT_MAX];

	if (asked(&talk)) {
		REQUIRE(rings_as(&talk, "one", 180,
				 RELIABLE("1") CONTACT("one")));
		strcpy(one, talk.resp);
		REQUIRE(rings_as(&talk, "two", 180,
				 RELIABLE("1") CONTACT("two")));
		strcpy(two, talk.resp);
		CHECK(strstr(one, ";tag=one\r\n") && strstr(two, ";tag=two\r\n"));
		strcpy(talk.resp, one);
		prack(&talk, 3, "1 2 INVITE", NULL);
		CHECK(agreed(&talk, "PRACK sip:one@", ""));
		strcpy(talk.resp, two);
		prack(&talk, 4, "1 2 INVITE", NULL);
		CHECK(agreed(&talk, "PRACK sip:two@", ""));
		/* the first one picks up: in its dialog there was no answer */
		invite_is(&talk, "one", 200, CONTACT("one") SDP("b"));
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		CHECK(strstr(talk.fix.alice.resp, ";tag=one\r\n"));
		CHECK(strstr(body(talk.fix.alice.resp), "s=leg 1"));
		/* the other one knows no call any more */
		prack(&talk, 5, "2 2 INVITE", NULL);
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 481);
	}
	stop(&talk.fix);
}

static void who_picks_up_is_heard_whoever_was_before(void)
{
	struct talk talk;

	if (asked(&talk)) {
		REQUIRE(rings_as(&talk, "one", 183,
				 RELIABLE("1") CONTACT("one") SDP("a")));
		CHECK_STR(talk.fix.media.leg[2].sdp, "v=0\r\na");
		REQUIRE(rings_as(&talk, "two", 183,
				 RELIABLE("1") CONTACT("two") SDP("b")));
		CHECK_STR(talk.fix.media.leg[2].sdp, "v=0\r\nb");
		/* reliably said: no need to say it again */
		invite_is(&talk, "one", 200, CONTACT("one"));
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		CHECK_STR(talk.fix.media.leg[2].sdp, "v=0\r\na");
		CHECK_STR(body(talk.fix.alice.resp), "");
	}
	stop(&talk.fix);
}

/* --- offers before the answer ----------------------------------------------------------- */

static void an_agreement_may_change_before_the_answer(void)
{
	struct talk talk;

	if (asked(&talk)) {
		REQUIRE(rings_as(&talk, "one", 183,
				 RELIABLE("1") CONTACT("one") SDP("a")));
		prack(&talk, 3, "1 2 INVITE", NULL);
		CHECK(agreed(&talk, "PRACK", ""));
		near_says(&talk, &(struct say){.method = "UPDATE", .cseq = 4,
					       .worker = 1,
					       .body = SDP_OFFER});
		CHECK(agreed(&talk, "UPDATE",
			     CONTACT("one") "Content-Type: application/sdp\r\n"
					    "Content-Length: 6\r\n\r\nv=0\r\nu"));
		CHECK(strstr(body(talk.far->req), "s=leg 2"));
		CHECK(strstr(body(talk.fix.alice.resp), "s=leg 1"));
		CHECK(!is_open(&talk));
		/* and so the other way */
		talk.far->code = 0;
		far_says(&talk, &(struct say){.method = "UPDATE", .cseq = 1,
					      .worker = 1,
					      .body = "v=0\r\nfar"});
		REQUIRE(expect(&talk.fix, &talk.fix.alice, "UPDATE"));
		ua_answers(&talk.fix, &talk.fix.alice, 200,
			   CONTACT("alice") SDP("w"));
		CHECK_INT(answer(&talk.fix, talk.far), 200);
		CHECK(strstr(body(talk.far->resp), "s=leg 2"));
		CHECK_STR(talk.fix.media.leg[1].sdp, "v=0\r\nw");
		/* the 2xx changes nothing of that */
		talk.fix.alice.code = 0;
		invite_is(&talk, "one", 200, CONTACT("one") SDP("a"));
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		CHECK_STR(body(talk.fix.alice.resp), "");
		CHECK_STR(talk.fix.media.leg[2].sdp, "v=0\r\nfar");
	}
	stop(&talk.fix);
}

static void a_prack_may_offer(void)
{
	struct talk talk;

	if (asked(&talk)) {
		REQUIRE(rings_as(&talk, "one", 183,
				 RELIABLE("1") CONTACT("one") SDP("a")));
		prack(&talk, 3, "1 2 INVITE", SDP_OFFER);
		CHECK(agreed(&talk, "PRACK", SDP("p")));
		CHECK(strstr(body(talk.far->req), "s=leg 2"));
		CHECK(strstr(body(talk.fix.alice.resp), "s=leg 1"));
		CHECK_STR(talk.fix.media.leg[2].sdp, "v=0\r\np");
		CHECK(!is_open(&talk));
	}
	stop(&talk.fix);
}

/* RFC 3311 5.2 */
static void what_is_not_agreed_on_cannot_change(void)
{
	struct talk talk;
	char val[64];

	if (asked(&talk)) {
		REQUIRE(rings_as(&talk, "one", 180, CONTACT("one")));
		near_says(&talk, &(struct say){.method = "UPDATE", .cseq = 3,
					       .worker = 1,
					       .body = SDP_OFFER});
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 500);
		CHECK_STR(header(talk.fix.alice.resp, "Retry-After", val), "1");
		/* without a description it is for who it is for */
		near_says(&talk, &(struct say){.method = "UPDATE", .cseq = 4,
					       .worker = 1});
		CHECK(agreed(&talk, "UPDATE", CONTACT("one")));
		near_says(&talk, &(struct say){.method = "INVITE", .cseq = 5,
					       .worker = 1,
					       .body = SDP_OFFER});
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 491);
	}
	stop(&talk.fix);
}

/* --- who calls without an offer -------------------------------------------------------- */

static void the_first_reliable_18x_offers_and_its_prack_answers(void)
{
	struct talk talk;

	if (asked_with(&talk, false)) {
		CHECK(strstr(body(talk.invite), "s=leg 2"));
		REQUIRE(rings_as(&talk, "one", 183,
				 RELIABLE("1") CONTACT("one") SDP("a")));
		CHECK(strstr(body(talk.resp), "s=leg 1"));
		CHECK_INT(talk.fix.media.leg[1].peer, 0);
		prack(&talk, 3, "1 2 INVITE", "v=0\r\nin prack");
		CHECK(agreed(&talk, "PRACK", ""));
		CHECK_STR(body(talk.far->req), "");
		CHECK_STR(talk.fix.media.leg[1].sdp, "v=0\r\nin prack");
		CHECK_STR(talk.fix.media.leg[2].sdp, "v=0\r\na");
		CHECK_INT(talk.fix.media.leg[1].peer, 2);
		invite_is(&talk, "one", 200, CONTACT("one"));
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		CHECK_STR(body(talk.fix.alice.resp), "");
		strcpy(talk.resp, talk.fix.alice.resp);
		near_says(&talk, &(struct say){.method = "ACK", .cseq = 2,
					       .worker = 1});
		CHECK(expect(&talk.fix, talk.far, "ACK"));
		pass(&talk.fix, 100);
		CHECK_INT(talk.fix.media.asked[CTL_SESSION_DROP], 0);
	}
	stop(&talk.fix);
}

static void without_one_it_is_the_2xx_and_its_ack(void)
{
	struct talk talk;

	if (asked_with(&talk, false)) {
		REQUIRE(rings_as(&talk, "one", 183, CONTACT("one") SDP("a")));
		CHECK_STR(body(talk.resp), "");
		invite_is(&talk, "one", 200, CONTACT("one") SDP("a"));
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 200);
		CHECK(strstr(body(talk.fix.alice.resp), "s=leg 1"));
		strcpy(talk.resp, talk.fix.alice.resp);
		near_says(&talk, &(struct say){.method = "ACK", .cseq = 2,
					       .worker = 1,
					       .body = "v=0\r\nin ack"});
		CHECK(expect(&talk.fix, talk.far, "ACK"));
		CHECK_STR(body(talk.far->req), "");
		CHECK_STR(talk.fix.media.leg[1].sdp, "v=0\r\nin ack");
	}
	stop(&talk.fix);
}

/* --- bodies ------------------------------------------------------------------------------ */

static void a_body_that_is_no_description_is_415(void)
{
	struct talk talk;
	char val[128];

	if (talk_pbx(&talk, 500)) {
		near_says(&talk, &(struct say){.method = "INVITE", .cseq = 3,
					       .type = "text/plain",
					       .body = "v=0\r\n"});
		CHECK_INT(answer(&talk.fix, &talk.fix.alice), 415);
		CHECK_STR(header(talk.fix.alice.resp, "Accept", val),
			  "application/sdp, multipart/mixed");
		far_says(&talk, &(struct say){.method = "UPDATE", .cseq = 1,
					      .type = "text/plain",
					      .body = "v=0\r\n"});
		CHECK_INT(answer(&talk.fix, talk.far), 415);
		CHECK_STR(talk.far->seen, "INVACK");
		near_says(&talk,
			  &(struct say){.method = "INVITE", .cseq = 4,
					.type = "multipart/mixed;boundary=b",
					.body = "--b\r\nContent-Type: a/b\r\n"
						"\r\nx\r\n--b\r\nContent-Type: "
						"application/sdp\r\n\r\n"
						"v=0\r\nmulti\r\n--b--\r\n"});
		REQUIRE(expect(&talk.fix, talk.far, "INVITE"));
		CHECK_STR(talk.fix.media.leg[1].sdp, "v=0\r\nmulti");
	}
	stop(&talk.fix);
}

TEST_MAIN(TEST(a_bye_at_another_worker_stops_the_ringing),
	  TEST(a_bye_after_the_death_of_who_rings_is_heard),
	  TEST(what_is_asked_of_no_dialog_is_481),
	  TEST(digits_reach_who_speaks_early),
	  TEST(what_is_said_reliably_is_acknowledged_end_to_end),
	  TEST(one_that_comes_again_is_told_again),
	  TEST(who_cannot_acknowledge_is_not_asked_to),
	  TEST(each_phone_behind_a_pbx_is_a_dialog),
	  TEST(who_picks_up_is_heard_whoever_was_before),
	  TEST(an_agreement_may_change_before_the_answer),
	  TEST(a_prack_may_offer), TEST(what_is_not_agreed_on_cannot_change),
	  TEST(the_first_reliable_18x_offers_and_its_prack_answers),
	  TEST(without_one_it_is_the_2xx_and_its_ack),
	  TEST(a_body_that_is_no_description_is_415))
