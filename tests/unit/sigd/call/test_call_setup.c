/*
 * test_call_setup.c  The head of an INVITE, from which its transaction can be
 *                    made again
 *
 * The scripts are tested with a real Redis in tests/flow/test_call_life.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/call/call_setup.h"
#include "sigd/sip/smsg.h"
#include "tests/lib/test.h"

static const char invite[] =
	"INVITE sip:bob@demo.test SIP/2.0\r\n"
	"Via: SIP/2.0/WSS a.invalid;branch=z9hG4bK1\r\n"
	"v: SIP/2.0/WSS b.invalid;branch=z9hG4bK2\r\n"
	"Record-Route: <sip:p;lr>\r\n"
	"Max-Forwards: 70\r\nFrom: \"A\" <sip:alice@demo.test>;tag=af\r\n"
	"To: <sip:bob@demo.test>\r\ni: call-1\r\nCSeq: 7 INVITE\r\n"
	"Contact: <sip:alice@a.invalid>\r\nProxy-Authorization: Digest x=y\r\n"
	"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n";

static int decode(struct smsg *msg, char *text)
{
	struct smsg_err why;

	return smsg_decode(msg, (uint8_t *)text, strlen(text), NULL, &why);
}

static void a_head_has_what_an_answer_needs_and_no_secret(void)
{
	char text[sizeof(invite)], head[CALL_HEAD_MAX + 1];
	struct smsg msg, again;
	size_t len;

	strcpy(text, invite);
	REQUIRE(!decode(&msg, text));
	CHECK(!call_head_write(head, CALL_HEAD_MAX, &len, &msg));
	head[len] = '\0';
	REQUIRE(!decode(&again, head));
	CHECK_INT(smsg_count(&again, SHDR_VIA), 2);
	CHECK_INT(smsg_count(&again, SHDR_RECORD_ROUTE), 1);
	CHECK(!pl_cmp(&again.via.branch, &msg.via.branch));
	CHECK(!pl_cmp(&again.from.val, &msg.from.val));
	CHECK(!pl_cmp(&again.callid, &msg.callid));
	CHECK_INT(again.cseq.num, 7);
	CHECK_INT(again.body.l, 0);
	CHECK(!strstr(head, "Authorization"));
	CHECK(!strstr(head, "v=0"));
}

static void a_head_has_a_limit(void)
{
	char text[sizeof(invite)], head[64];
	struct smsg msg;
	size_t len;

	strcpy(text, invite);
	REQUIRE(!decode(&msg, text));
	CHECK_INT(call_head_write(head, sizeof(head), &len, &msg), EOVERFLOW);
}

TEST_MAIN(TEST(a_head_has_what_an_answer_needs_and_no_secret),
	  TEST(a_head_has_a_limit))
