/*
 * test_sdp_keys.c  Offer and answer with keys of SRTP (RFC 4568, 8643)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>

#include "mediad/sdp/sdp_sdes.h"
#include "tests/unit/mediad/sdp/offers.h"
#include "tests/unit/mediad/sdp/pbx.h"

#define ONE "YUJDZGVmZ2hpSktMbW9QUXJzVHVWd3l6MTIzNDU2"
#define TWO "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
#define LONG                               \
	"8PBJFLUT8nY6Gx+hMPEOKZj25uQ+QwnR" \
	"5iKg4zK58bY7BIA95R7nyWQjq1t40g=="
#define CM80(tag, key) \
	"a=crypto:" #tag " AES_CM_128_HMAC_SHA1_80 inline:" key "\r\n"
#define CM32(tag, key) \
	"a=crypto:" #tag " AES_CM_128_HMAC_SHA1_32 inline:" key "\r\n"
#define CM256(tag) \
	"a=crypto:" #tag " AES_256_CM_HMAC_SHA1_80 inline:" LONG "\r\n"
#define PHONE(proto)                  \
	HEAD "c=IN IP4 192.0.2.1\r\n" \
	     "m=audio 4000 " proto " 8 0\r\n"

struct deal {
	struct sdpm_policy policy;
	struct sdpm_offer offer;
	struct sdpm_choice choice;
	struct sdpm_verdict verdict;
	struct sdpm_local local;
	struct mbuf *mb; /* what we wrote last */
};

/* Other keys each time, as a leg asks for them. */
static void new_keys(struct deal *deal)
{
	for (size_t i = 0; i < deal->policy.nown; i++) {
		rand_bytes(deal->policy.own[i].secret, SDPM_SECRET_MAX);
		deal->policy.own[i].base += 65536;
	}
}

static void deal_open(struct deal *deal, enum sdpm_profile profile)
{
	memset(deal, 0, sizeof(*deal));
	sdpm_policy_init(&deal->policy, profile);
	deal->policy.codecs[0] = SDPM_PCMA;
	deal->policy.ncodecs = 1;
	deal->policy.nown = 2;
	deal->policy.own[0].suite = SDPM_AES_CM_128_SHA1_80;
	deal->policy.own[1].suite = SDPM_AES_256_CM_SHA1_80;
	new_keys(deal);
	local_init(&deal->local);
	deal->mb = mbuf_alloc(1024);
}

static void deal_close(struct deal *deal)
{
	deal->mb = mem_deref(deal->mb);
}

static int offered(struct deal *deal, const char *text)
{
	struct sdpm_choice prev = deal->choice;
	struct sdpm_desc *desc = must_read(text);
	int err;

	if (!desc)
		return ENOMEM;
	new_keys(deal);
	err = sdpm_decide_offer(&deal->choice, &deal->verdict, desc,
				&deal->policy, prev.nmaps ? &prev : NULL);
	mem_deref(desc);
	if (err) {
		deal->choice = prev;
		return err;
	}
	mbuf_rewind(deal->mb);
	return sdpm_write_answer(deal->mb, &deal->local, &deal->choice);
}

static int offering(struct deal *deal)
{
	int err;

	new_keys(deal);
	err = sdpm_offer_make(&deal->offer, &deal->policy,
			      deal->choice.nmaps ? &deal->choice : NULL);
	mbuf_rewind(deal->mb);
	return err ? err
		   : sdpm_write_offer(deal->mb, &deal->local, &deal->offer);
}

static int answered(struct deal *deal, const char *text)
{
	struct sdpm_choice prev = deal->choice;
	struct sdpm_desc *desc = must_read(text);
	int err;

	if (!desc)
		return ENOMEM;
	err = sdpm_decide_answer(&deal->choice, &deal->verdict, desc,
				 &deal->offer, prev.nmaps ? &prev : NULL);
	mem_deref(desc);
	if (err)
		deal->choice = prev;
	return err;
}

static bool has(struct deal *deal, const char *part)
{
	struct pl text;

	pl_set_mbuf(&text, deal->mb);
	text.p = (const char *)deal->mb->buf;
	text.l = deal->mb->end;
	for (size_t n = strlen(part); text.l >= n; pl_advance(&text, 1))
		if (!memcmp(text.p, part, n))
			return true;
	return false;
}

static size_t count(struct deal *deal, const char *part)
{
	size_t found = 0, n = strlen(part);

	for (size_t i = 0; i + n <= deal->mb->end; i++)
		found += !memcmp(deal->mb->buf + i, part, n);
	return found;
}

static const struct sdpm_sdes *keys(const struct deal *deal)
{
	return &deal->choice.peer.sdes;
}

static bool is_ours(const struct deal *deal, const struct sdpm_own *own)
{
	const struct sdpm_own *ours = &deal->choice.peer.sdes.ours;

	return ours->suite == own->suite && ours->base == own->base &&
	       !memcmp(ours->secret, own->secret, SDPM_SECRET_MAX);
}

/* --- their offer ------------------------------------------------------------- */

static void the_first_suite_that_is_allowed_is_taken(void)
{
	struct deal deal;

	deal_open(&deal, SDPM_SDES);
	CHECK_INT(offered(&deal,
			  PHONE("RTP/SAVP") "a=crypto:1 F8_128_HMAC_SHA1_80 "
					    "inline:" ONE "\r\n" CM32(2, ONE)
						    CM80(5, TWO) CM256(9)),
		  0);
	CHECK_INT(keys(&deal)->suite, SDPM_AES_CM_128_SHA1_80);
	CHECK_INT(keys(&deal)->tag, 5);
	CHECK(!memcmp(keys(&deal)->theirs, "wDfvg&T+)xG7@fb5jU,RaA", 22));
	CHECK(is_ours(&deal, &deal.policy.own[0]));
	CHECK(has(&deal, "m=audio 40000 RTP/SAVP 8\r\n"));
	CHECK(has(&deal, "a=crypto:5 AES_CM_128_HMAC_SHA1_80 inline:"));
	CHECK_INT(count(&deal, "a=crypto"), 1);
	CHECK_INT(count(&deal, "fingerprint"), 0);
	deal_close(&deal);

	deal_open(&deal, SDPM_SDES);
	CHECK_INT(offered(&deal, PHONE("RTP/SAVPF") CM256(1) CM80(2, ONE)), 0);
	CHECK_INT(keys(&deal)->suite, SDPM_AES_256_CM_SHA1_80);
	CHECK(has(&deal, "m=audio 40000 RTP/SAVPF 8\r\n"));
	CHECK(has(&deal, "a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:"));
	deal_close(&deal);
}

static void without_a_key_that_can_be_used_it_is_refused(void)
{
	static const struct {
		const char *sdp;
		enum sdpm_why why;
	} cases[] = {
		{PHONE("RTP/SAVP"), SDPM_NO_CRYPTO},
		{PHONE("RTP/AVP"), SDPM_NO_CRYPTO},
		{PHONE("RTP/SAVP") CM32(1, ONE), SDPM_NO_CRYPTO},
		{PHONE("RTP/SAVP") "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
				   "inline:" ONE " UNENCRYPTED_SRTP\r\n",
		 SDPM_NO_CRYPTO},
		{PHONE("UDP/TLS/RTP/SAVP") CM80(1, ONE), SDPM_BAD_PROTO},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct deal deal;

		deal_open(&deal, SDPM_SDES);
		CHECK_INT(offered(&deal, cases[i].sdp), ENOTSUP);
		CHECK_INT(deal.verdict.error.cause, cases[i].why);
		CHECK_INT(deal.verdict.error.sip, 488);
		deal_close(&deal);
	}
}

/* As baresip and others write it (mediaenc=srtp). */
static void keys_below_rtp_avp_make_it_encrypted(void)
{
	struct deal deal;

	deal_open(&deal, SDPM_SDES);
	CHECK_INT(offered(&deal, PHONE("RTP/AVP") CM80(1, ONE)), 0);
	CHECK(has(&deal, "m=audio 40000 RTP/AVP 8\r\n"));
	CHECK(has(&deal, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"));
	deal_close(&deal);
}

static void the_same_key_again_leaves_ours_as_it_is(void)
{
	struct deal deal;
	struct sdpm_own first;

	deal_open(&deal, SDPM_SDES);
	CHECK_INT(offered(&deal, PHONE("RTP/SAVP") CM80(1, ONE)), 0);
	first = keys(&deal)->ours;
	CHECK_INT(offered(&deal,
			  PHONE("RTP/SAVP") CM80(1, ONE) "a=sendonly\r\n"),
		  0);
	CHECK(is_ours(&deal, &first));
	CHECK_INT(deal.choice.dir, SDPM_RECVONLY);
	/* it may have another number */
	CHECK_INT(offered(&deal, PHONE("RTP/SAVP") CM80(3, ONE)), 0);
	CHECK(is_ours(&deal, &first));
	CHECK(has(&deal, "a=crypto:3 "));
	/* and a refused offer changes nothing (RFC 4568, 7.1.4) */
	CHECK_INT(offered(&deal, PHONE("RTP/SAVP")), ENOTSUP);
	CHECK(is_ours(&deal, &first));
	deal_close(&deal);
}

static void another_key_has_ours_change(void)
{
	struct deal deal;

	deal_open(&deal, SDPM_SDES);
	CHECK_INT(offered(&deal, PHONE("RTP/SAVP") CM80(1, ONE)), 0);
	CHECK_INT(offered(&deal, PHONE("RTP/SAVP") CM80(1, TWO)), 0);
	CHECK(is_ours(&deal, &deal.policy.own[0]));
	CHECK_INT(keys(&deal)->ours.base, 3 * 65536);
	CHECK_INT(offered(&deal, PHONE("RTP/SAVP") CM256(1)), 0);
	CHECK(is_ours(&deal, &deal.policy.own[1]));
	/* also with another MKI */
	CHECK_INT(offered(&deal, PHONE("RTP/SAVP") CM80(1, TWO "|1:4")), 0);
	CHECK_INT(keys(&deal)->mki_len, 4);
	CHECK(is_ours(&deal, &deal.policy.own[0]));
	deal_close(&deal);
}

/* --- our offer ------------------------------------------------------------------ */

static void each_suite_is_offered_with_a_key_of_its_own(void)
{
	struct deal deal;

	deal_open(&deal, SDPM_SDES);
	CHECK_INT(offering(&deal), 0);
	CHECK(has(&deal, "m=audio 40000 RTP/SAVP 8\r\n"));
	CHECK(has(&deal, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"));
	CHECK(has(&deal, "a=crypto:2 AES_256_CM_HMAC_SHA1_80 inline:"));
	CHECK_INT(answered(&deal, PHONE("RTP/SAVP") CM256(2)), 0);
	CHECK_INT(keys(&deal)->suite, SDPM_AES_256_CM_SHA1_80);
	CHECK(is_ours(&deal, &deal.offer.policy.own[1]));

	/* behind a PBX another one picks up, with another suite */
	CHECK_INT(answered(&deal, PHONE("RTP/SAVP") CM80(1, ONE)), 0);
	CHECK(is_ours(&deal, &deal.offer.policy.own[0]));
	deal_close(&deal);
}

static void an_answer_has_a_tag_of_ours_and_its_suite(void)
{
	static const char *const bad[] = {
		PHONE("RTP/SAVP"),
		PHONE("RTP/AVP"),
		PHONE("RTP/SAVP") CM80(2, ONE),
		PHONE("RTP/SAVP") CM80(3, ONE),
		PHONE("RTP/SAVP") CM80(0, ONE),
		PHONE("RTP/SAVP") CM32(1, ONE),
		PHONE("RTP/SAVP") CM256(1),
	};

	for (size_t i = 0; i < COUNTOF(bad); i++) {
		struct deal deal;

		deal_open(&deal, SDPM_SDES);
		CHECK_INT(offering(&deal), 0);
		CHECK_INT(answered(&deal, bad[i]), ENOTSUP);
		CHECK_INT(deal.verdict.error.cause, SDPM_NO_CRYPTO);
		deal_close(&deal);
	}
}

/* Both would use one key stream. */
static void our_own_key_is_no_answer(void)
{
	struct deal deal;
	struct sdpm_desc *desc;
	struct sdpm_choice none;

	deal_open(&deal, SDPM_SDES);
	deal.policy.nown = 1;
	CHECK_INT(offering(&deal), 0);
	mbuf_write_u8(deal.mb, 0);
	desc = must_read((char *)deal.mb->buf);
	REQUIRE(desc != NULL);
	CHECK_INT(sdpm_decide_answer(&none, &deal.verdict, desc, &deal.offer,
				     NULL),
		  ENOTSUP);
	mem_deref(desc);
	deal_close(&deal);
}

static void what_is_in_use_is_offered_again(void)
{
	struct deal deal;
	struct sdpm_own first, other;

	deal_open(&deal, SDPM_SDES);
	CHECK_INT(offering(&deal), 0);
	other = deal.offer.policy.own[1];
	CHECK_INT(answered(&deal, PHONE("RTP/SAVP") CM80(1, ONE)), 0);
	first = keys(&deal)->ours;
	CHECK_INT(offering(&deal), 0);
	CHECK(!memcmp(&deal.offer.policy.own[0], &first, sizeof(first)));
	/* what was offered and not used is not trusted any more */
	CHECK(memcmp(deal.offer.policy.own[1].secret, other.secret, 46));
	CHECK_INT(answered(&deal, PHONE("RTP/SAVP") CM80(1, TWO)), 0);
	CHECK(is_ours(&deal, &first));
	deal_close(&deal);
}

static void a_stream_that_is_off_keeps_its_keys(void)
{
	struct deal deal;
	struct sdpm_own first;

	deal_open(&deal, SDPM_SDES);
	CHECK_INT(offered(&deal, PHONE("RTP/SAVP") CM80(1, ONE)), 0);
	first = keys(&deal)->ours;
	CHECK_INT(offered(&deal, HEAD "m=audio 0 RTP/SAVP 8\r\n"), 0);
	CHECK(deal.choice.off);
	CHECK_INT(count(&deal, "a=crypto"), 0);
	CHECK_INT(offered(&deal, PHONE("RTP/SAVP") CM80(1, ONE)), 0);
	CHECK(is_ours(&deal, &first));
	deal_close(&deal);
}

/* --- both, or none (RFC 8643) ------------------------------------------------------- */

static void keys_may_be_taken(void)
{
	struct deal deal;

	deal_open(&deal, SDPM_OSRTP);
	CHECK_INT(offering(&deal), 0);
	CHECK(has(&deal, "m=audio 40000 RTP/AVP 8\r\n"));
	CHECK_INT(count(&deal, "a=crypto"), 2);
	CHECK_INT(answered(&deal, PHONE("RTP/AVP")), 0);
	CHECK_INT(keys(&deal)->suite, SDPM_NO_SUITE);
	CHECK_INT(answered(&deal, PHONE("RTP/AVP") CM80(1, ONE)), 0);
	CHECK_INT(keys(&deal)->suite, SDPM_AES_CM_128_SHA1_80);
	/* who answers with keys uses them */
	CHECK_INT(answered(&deal, PHONE("RTP/AVP") CM32(1, ONE)), ENOTSUP);
	deal_close(&deal);
}

static void an_offer_may_have_keys(void)
{
	static const struct {
		const char *sdp;
		int err;
		enum sdpm_suite suite;
	} cases[] = {
		{PHONE("RTP/AVP"), 0, SDPM_NO_SUITE},
		{PHONE("RTP/AVP") CM32(1, ONE), 0, SDPM_NO_SUITE},
		{PHONE("RTP/AVP") CM80(1, ONE), 0, SDPM_AES_CM_128_SHA1_80},
		{PHONE("RTP/SAVP") CM80(1, ONE), 0, SDPM_AES_CM_128_SHA1_80},
		{PHONE("RTP/SAVP"), ENOTSUP, SDPM_NO_SUITE},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct deal deal;

		deal_open(&deal, SDPM_OSRTP);
		CHECK_INT(offered(&deal, cases[i].sdp), cases[i].err);
		if (!cases[i].err)
			CHECK_INT(count(&deal, "a=crypto"),
				  cases[i].suite != SDPM_NO_SUITE);
		deal_close(&deal);
	}
}

static void of_two_lines_the_one_with_keys_is_taken(void)
{
	struct deal deal;

	deal_open(&deal, SDPM_SDES);
	CHECK_INT(offered(&deal,
			  PHONE("RTP/AVP") "m=audio 4002 RTP/SAVP 8\r\n" CM80(
				  1, ONE)),
		  0);
	CHECK_INT(deal.choice.layout.audio, 1);
	CHECK(has(&deal, "m=audio 0 RTP/AVP 8\r\n"));
	deal_close(&deal);
}

TEST_MAIN(TEST(the_first_suite_that_is_allowed_is_taken),
	  TEST(without_a_key_that_can_be_used_it_is_refused),
	  TEST(keys_below_rtp_avp_make_it_encrypted),
	  TEST(the_same_key_again_leaves_ours_as_it_is),
	  TEST(another_key_has_ours_change),
	  TEST(each_suite_is_offered_with_a_key_of_its_own),
	  TEST(an_answer_has_a_tag_of_ours_and_its_suite),
	  TEST(our_own_key_is_no_answer), TEST(what_is_in_use_is_offered_again),
	  TEST(a_stream_that_is_off_keeps_its_keys), TEST(keys_may_be_taken),
	  TEST(an_offer_may_have_keys),
	  TEST(of_two_lines_the_one_with_keys_is_taken))
