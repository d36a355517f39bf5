/*
 * test_trace_mask.c  What nobody may read in a trace
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/trace/trace_mask.h"
#include "tests/lib/test.h"

static void same(const char *sip, const char *want, bool keys)
{
	struct mbuf *mb = mbuf_alloc(64);
	struct pl pl;

	pl_set_str(&pl, sip);
	CHECK(!trace_mask(mb, &pl, keys));
	CHECK(!mbuf_write_u8(mb, 0));
	CHECK_STR((char *)mb->buf, want);
	mem_deref(mb);
}

static void what_is_no_secret_stays_as_it_is(void)
{
	static const char plain[] =
		"INVITE sip:bob@example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport\r\n"
		"WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n"
		"Subject: response=open\r\n"
		"Content-Type: application/sdp\r\n\r\n"
		"v=0\r\na=fingerprint:sha-256 AA:BB\r\n";

	same(plain, plain, false);
	same("", "", false);
	same("no line end", "no line end", false);
	same("c ", "c ", false);
	same("Authorization", "Authorization", false);
	same("\n\nbare\nlines", "\n\nbare\nlines", false);
}

static void credentials_cannot_be_tried_against(void)
{
	same("Authorization: Digest username=\"bob\", realm=\"r\", "
	     "response=\"00ff\", cnonce=\"c\"\r\n",
	     "Authorization: Digest username=\"bob\", realm=\"r\", "
	     "response=***, cnonce=\"c\"\r\n",
	     false);
	same("PROXY-authorization :  digest response=00ff,uri=\"x\"\n",
	     "PROXY-authorization :  digest response=***,uri=\"x\"\n", false);
	same("Authorization: Digest response=\"a\\\"b\", x=\"1\"\r\n",
	     "Authorization: Digest response=***, x=\"1\"\r\n", false);
	same("Authorization: Digest username=\"bob\",\r\n"
	     " response=\"00ff\"\r\nCSeq: 1 INVITE\r\n",
	     "Authorization: Digest username=\"bob\",\r\n***\r\n"
	     "CSeq: 1 INVITE\r\n",
	     false);
	same("Authentication-Info: qop=auth, rspauth=\"77\"\r\n",
	     "Authentication-Info: qop=auth, rspauth=***\r\n", false);
}

static void tokens_are_not_shown(void)
{
	same("Authorization: Bearer eyJ.a.b\r\n",
	     "Authorization: Bearer ***\r\n", false);
	same("Authorization: eyJ.a.b\r\n", "Authorization: ***\r\n", false);
	same("Proxy-Authorization: Basic Ym9iOnB3\r\n",
	     "Proxy-Authorization: Basic ***\r\n", false);
	same("REGISTER sip:a?access_token=eyJ&x=1 SIP/2.0\r\n",
	     "REGISTER sip:a?access_token=***&x=1 SIP/2.0\r\n", false);
	same("Contact: <sip:b@x;pn-provider=fcm;pn-prid=ab:cd;q=1>\r\n",
	     "Contact: <sip:b@x;pn-provider=fcm;pn-prid=***;q=1>\r\n", false);
}

static void keys_of_media_are_not_shown(void)
{
	same("A: b\r\n\r\n"
	     "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AbC+/=|2^20 X=1\r\n"
	     "a=ice-ufrag:abcd\r\na=ice-pwd:secret\r\nm=audio 1\r\n",
	     "A: b\r\n\r\n"
	     "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:*** X=1\r\n"
	     "a=ice-ufrag:abcd\r\na=ice-pwd:***\r\nm=audio 1\r\n",
	     false);
}

static void pressed_keys_are_shown_only_where_they_may_be(void)
{
	static const char info[] = "INFO sip:a SIP/2.0\r\n"
				   "Content-Type: application/dtmf-relay\r\n"
				   "\r\nSignal=5\r\nDuration=160\r\n";

	same(info,
	     "INFO sip:a SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n"
	     "\r\n***\r\n***\r\n",
	     false);
	same(info, info, true);
	same("c:application/dtmf\r\n\r\n7", "c:application/dtmf\r\n\r\n***",
	     false);
	same("Content-Type: multipart/mixed\r\n\r\n--b\r\n"
	     "Content-Type: application/dtmf-relay\r\n\r\nSignal=5\r\n",
	     "Content-Type: multipart/mixed\r\n\r\n--b\r\n"
	     "Content-Type: application/dtmf-relay\r\n\r\n***\r\n",
	     false);
}

TEST_MAIN(TEST(what_is_no_secret_stays_as_it_is),
	  TEST(credentials_cannot_be_tried_against), TEST(tokens_are_not_shown),
	  TEST(keys_of_media_are_not_shown),
	  TEST(pressed_keys_are_shown_only_where_they_may_be))
