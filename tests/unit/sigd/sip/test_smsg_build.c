/*
 * test_smsg_build.c  Responses, ACK, CANCEL, requests of our own
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/sip/smsg_build.h"
#include "tests/unit/sigd/sip/view.h"

static const char invite[] =
	"INVITE sip:b@h.org SIP/2.0\r\n"
	"v: SIP/2.0/WSS x.invalid;branch=z9hG4bK1;rport, SIP/2.0/UDP two\r\n"
	"Via: SIP/2.0/UDP three\r\n"
	"Record-Route: <sip:p1;lr>\r\n"
	"Record-Route: <sip:p2;lr>\r\n"
	"Route: <sip:us;lr>, <sip:next;lr>\r\n"
	"Timestamp: 54\r\n"
	"f: <sip:a@h.org>;tag=1\r\n"
	"t : sip:b@h.org\r\n"
	"i: c1\r\n"
	"CSeq: 4 INVITE\r\n"
	"Content-Length: 0\r\n\r\n";

static char out[4096];

static const char *reply(const char *req, const struct smsg_reply *r)
{
	struct pl host = text("192.0.2.9");
	struct view v, w;
	size_t len = 0;

	view_text(&v, req);
	CHECK_INT(smsg_source_set(&v.msg, &host, 4000), 0);
	CHECK_INT(smsg_reply_write((uint8_t *)out, sizeof(out) - 1, &len,
				   &v.msg, r),
		  0);
	out[len] = 0;
	view_close(&v);
	view_bytes(&w, out, len);
	CHECK_INT(w.err, 0);
	view_close(&w);
	return out;
}

static void response_copies_what_it_must(void)
{
	const struct smsg_field field = {text("Allow"), text("INVITE, ACK")};
	const struct smsg_reply r = {
		.scode = 405,
		.to_tag = text("t9"),
		.fieldv = &field,
		.fieldc = 1,
	};

	CHECK_STR(reply(invite, &r),
		  "SIP/2.0 405 Method Not Allowed\r\n"
		  "Via: SIP/2.0/WSS x.invalid;branch=z9hG4bK1;"
		  "received=192.0.2.9;rport=4000, SIP/2.0/UDP two\r\n"
		  "Via: SIP/2.0/UDP three\r\n"
		  "From: <sip:a@h.org>;tag=1\r\n"
		  "To: sip:b@h.org;tag=t9\r\n"
		  "Call-ID: c1\r\n"
		  "CSeq: 4 INVITE\r\n"
		  "Allow: INVITE, ACK\r\n"
		  "Content-Length: 0\r\n\r\n");
}

static void a_100_has_no_tag_but_the_timestamp(void)
{
	const struct smsg_reply r = {.scode = 100, .to_tag = text("t9")};

	CHECK(!strstr(reply(invite, &r), "t9"));
	CHECK(strstr(out, "Timestamp: 54\r\n") != NULL);
}

static void answer_of_a_user_agent_has_the_route_set_and_a_body(void)
{
	const struct smsg_reply r = {
		.scode = 200,
		.reason = "Fine",
		.to_tag = text("t9"),
		.record_route = true,
		.ctype = text("application/sdp"),
		.body = text("v=0\r\n"),
	};

	CHECK(strstr(reply(invite, &r), "SIP/2.0 200 Fine\r\n") == out);
	CHECK(strstr(out, "Record-Route: <sip:p1;lr>\r\n"
			  "Record-Route: <sip:p2;lr>\r\n") != NULL);
	CHECK(strstr(out, "Content-Type: application/sdp\r\n"
			  "Content-Length: 5\r\n\r\nv=0\r\n") != NULL);
	CHECK(!strstr(out, "Timestamp"));
}

static void a_tag_that_is_there_stays(void)
{
	static const char bye[] =
		"BYE sip:b@h.org SIP/2.0\r\nv: SIP/2.0/UDP h\r\n"
		"f: <sip:a@h.org>;tag=1\r\nt: <sip:b@h.org>;tag=2\r\ni: c\r\n"
		"CSeq: 5 BYE\r\n\r\n";
	const struct smsg_reply r = {.scode = 200, .to_tag = text("t9")};

	CHECK(strstr(reply(bye, &r), "To: <sip:b@h.org>;tag=2\r\n") != NULL);
}

static void reason_cannot_break_the_line(void)
{
	struct smsg_reply r = {.scode = 200, .reason = "a\r\nb: c"};
	struct view v;
	size_t len;

	view_text(&v, invite);
	CHECK_INT(smsg_reply_write((uint8_t *)out, sizeof(out), &len, &v.msg,
				   &r),
		  EINVAL);
	r.reason = NULL;
	r.to_tag = text("x\r\n");
	CHECK_INT(smsg_reply_write((uint8_t *)out, sizeof(out), &len, &v.msg,
				   &r),
		  EINVAL);
	r.scode = 700;
	CHECK_INT(smsg_reply_write((uint8_t *)out, sizeof(out), &len, &v.msg,
				   &r),
		  EINVAL);
	r = (struct smsg_reply){.scode = 200};
	CHECK_INT(smsg_reply_write((uint8_t *)out, 100, &len, &v.msg, &r),
		  EOVERFLOW);
	view_close(&v);
}

static void ack_and_cancel(void)
{
	static const char resp[] =
		"SIP/2.0 486 Busy\r\nv: SIP/2.0/UDP us\r\n"
		"f: <sip:a@h.org>;tag=1\r\nt: <sip:b@h.org>;tag=9\r\ni: c1\r\n"
		"CSeq: 4 INVITE\r\n\r\n";
	struct pl reason = text("SIP;cause=200");
	struct view v, r;
	size_t len = 0;

	view_text(&v, invite);
	view_text(&r, resp);
	CHECK_INT(smsg_ack_write((uint8_t *)out, sizeof(out), &len, &v.msg,
				 &r.msg),
		  0);
	out[len] = 0;
	CHECK_STR(out, "ACK sip:b@h.org SIP/2.0\r\n"
		       "Via: SIP/2.0/WSS x.invalid;branch=z9hG4bK1;rport\r\n"
		       "Route: <sip:us;lr>, <sip:next;lr>\r\n"
		       "Max-Forwards: 70\r\n"
		       "From: <sip:a@h.org>;tag=1\r\n"
		       "To: <sip:b@h.org>;tag=9\r\n"
		       "Call-ID: c1\r\n"
		       "CSeq: 4 ACK\r\n"
		       "Content-Length: 0\r\n\r\n");
	CHECK_INT(smsg_cancel_write((uint8_t *)out, sizeof(out), &len, &v.msg,
				    &reason),
		  0);
	out[len] = 0;
	CHECK(strstr(out, "To: sip:b@h.org\r\n") != NULL);
	CHECK(strstr(out, "CSeq: 4 CANCEL\r\nReason: SIP;cause=200\r\n") !=
	      NULL);
	CHECK_INT(smsg_cancel_write((uint8_t *)out, sizeof(out), &len, &r.msg,
				    NULL),
		  EINVAL);
	CHECK_INT(smsg_ack_write((uint8_t *)out, sizeof(out), &len, &r.msg,
				 &r.msg),
		  EINVAL);
	view_close(&r);
	view_close(&v);
}

static void request_of_our_own(void)
{
	const struct pl routev[] = {text("<sip:p1;lr>"), text("<sip:p2;lr>")};
	const struct smsg_field field = {text("Reason"), text("SIP;cause=480")};
	const struct smsg_request r = {
		.method = "BYE",
		.uri = text("sip:b@1.2.3.4"),
		.via = text("SIP/2.0/UDP us;branch=z9hG4bKq"),
		.from = text("<sip:a@h>;tag=1"),
		.to = text("<sip:b@h>;tag=2"),
		.callid = text("c1"),
		.cseq = 65537,
		.routev = routev,
		.routec = 2,
		.fieldv = &field,
		.fieldc = 1,
	};
	struct view v;
	size_t len = 0;

	CHECK_INT(smsg_request_write((uint8_t *)out, sizeof(out), &len, &r), 0);
	out[len] = 0;
	CHECK_STR(out, "BYE sip:b@1.2.3.4 SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP us;branch=z9hG4bKq\r\n"
		       "Route: <sip:p1;lr>\r\n"
		       "Route: <sip:p2;lr>\r\n"
		       "Max-Forwards: 70\r\n"
		       "From: <sip:a@h>;tag=1\r\n"
		       "To: <sip:b@h>;tag=2\r\n"
		       "Call-ID: c1\r\n"
		       "CSeq: 65537 BYE\r\n"
		       "Reason: SIP;cause=480\r\n"
		       "Content-Length: 0\r\n\r\n");
	view_text(&v, out);
	CHECK_INT(v.err, 0);
	view_close(&v);
}

TEST_MAIN(TEST(response_copies_what_it_must),
	  TEST(a_100_has_no_tag_but_the_timestamp),
	  TEST(answer_of_a_user_agent_has_the_route_set_and_a_body),
	  TEST(a_tag_that_is_there_stays), TEST(reason_cannot_break_the_line),
	  TEST(ack_and_cancel), TEST(request_of_our_own))
