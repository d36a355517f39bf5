/*
 * test_sdp_pbx.c  Offer and answer with PBXs of plain RTP
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>

#include "tests/unit/mediad/sdp/offers.h"
#include "tests/unit/mediad/sdp/pbx.h"

struct deal {
	struct sdpm_policy policy;
	struct sdpm_choice choice;
	struct sdpm_verdict verdict;
	struct sdpm_local local;
	struct mbuf *mb; /* what we wrote last */
};

static void deal_open(struct deal *deal)
{
	memset(deal, 0, sizeof(*deal));
	sdpm_policy_init(&deal->policy, SDPM_RTP);
	deal->policy.codecs[0] = SDPM_PCMA;
	deal->policy.codecs[1] = SDPM_PCMU;
	deal->policy.codecs[2] = SDPM_EVENT;
	deal->policy.ncodecs = 3;
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

static const struct sdpm_map *codec_of(const struct deal *deal)
{
	return &deal->choice.maps[deal->choice.codec];
}

static const struct sdpm_map *event_of(const struct deal *deal)
{
	return deal->choice.event < 0 ? NULL
				      : &deal->choice.maps[deal->choice.event];
}

static bool peer_is(const struct deal *deal, const char *ip, uint16_t rtp,
		    uint16_t rtcp)
{
	struct sa want;

	sa_set_str(&want, ip, rtp);
	if (!sa_cmp(&want, &deal->choice.peer.rtp, SA_ALL))
		return false;
	sa_set_port(&want, rtcp);
	return sa_cmp(&want, &deal->choice.peer.rtcp, SA_ALL);
}

static bool has(struct deal *deal, const char *part)
{
	return strstr(mbuf_text(deal->mb), part) != NULL;
}

static void asterisk_gets_this(void)
{
	struct deal deal;

	deal_open(&deal);
	CHECK_INT(offered(&deal, ASTERISK), 0);
	CHECK_INT(codec_of(&deal)->codec, SDPM_PCMA);
	REQUIRE(event_of(&deal));
	CHECK_INT(event_of(&deal)->tx_pt, 101);
	CHECK(peer_is(&deal, "192.0.2.10", 14236, 14237));
	CHECK_INT(deal.choice.ptime, 20);
	CHECK_STR(mbuf_text(deal.mb),
		  "v=0\r\n"
		  "o=- 1234567890123456789 1 IN IP4 203.0.113.5\r\n"
		  "s=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\n"
		  "m=audio 40000 RTP/AVP 8 101\r\n"
		  "a=sendrecv\r\n"
		  "a=rtpmap:8 PCMA/8000\r\n"
		  "a=rtpmap:101 telephone-event/8000\r\n"
		  "a=fmtp:101 0-15\r\n"
		  "a=ptime:20\r\n");
	deal_close(&deal);
}

static void policy_decides_between_opus_and_g711(void)
{
	struct deal deal;

	deal_open(&deal);
	CHECK_INT(offered(&deal, ASTERISK_OPUS), 0);
	CHECK_INT(codec_of(&deal)->codec, SDPM_PCMA);
	CHECK_INT(event_of(&deal)->clock, 8000);
	deal_close(&deal);

	deal_open(&deal);
	deal.policy.codecs[0] = SDPM_OPUS;
	CHECK_INT(offered(&deal, ASTERISK_OPUS), 0);
	CHECK_INT(codec_of(&deal)->codec, SDPM_OPUS);
	CHECK_INT(codec_of(&deal)->rx_pt, 107);
	CHECK_INT(event_of(&deal)->clock, 48000);
	CHECK_INT(event_of(&deal)->rx_pt, 110);
	CHECK(has(&deal, "m=audio 40000 RTP/AVP 107 110\r\n"));
	CHECK(has(&deal, "a=rtpmap:107 opus/48000/2\r\n"));
	deal_close(&deal);
}

static void freeswitch_says_rtcp_where_it_is_anyway(void)
{
	struct deal deal;

	deal_open(&deal);
	CHECK_INT(offered(&deal, FREESWITCH), 0);
	CHECK_INT(codec_of(&deal)->codec, SDPM_PCMA);
	CHECK(peer_is(&deal, "198.51.100.5", 27410, 27411));
	CHECK(!has(&deal, "a=rtcp"));
	CHECK(!has(&deal, " 13"));
	deal_close(&deal);
}

static void ciscos_own_words_are_passed_over(void)
{
	struct deal deal;

	deal_open(&deal);
	sdpm_policy_prefer(&deal.policy, SDPM_PCMU);
	CHECK_INT(offered(&deal, CISCO), 0);
	CHECK_INT(codec_of(&deal)->codec, SDPM_PCMU);
	CHECK(peer_is(&deal, "203.0.113.9", 18060, 18061));
	deal_close(&deal);
}

static void baresip_is_understood(void)
{
	struct deal deal;

	deal_open(&deal);
	CHECK_INT(offered(&deal, BARESIP), 0);
	CHECK(peer_is(&deal, "127.0.0.1", 20582, 20583));
	CHECK_INT(deal.choice.peer.ssrc, 1827466364);
	CHECK(!deal.choice.rtcp_mux);
	deal_close(&deal);
}

static void an_old_phone_is_understood(void)
{
	struct sdpm_desc *desc = must_read(OLD_PHONE);
	struct deal deal;

	deal_open(&deal);
	REQUIRE(desc != NULL);
	CHECK(!pl_strcmp(&desc->origin.user, "Front Desk 2"));
	CHECK(!pl_strcmp(&desc->origin.id, "8000"));
	CHECK(!pl_strcmp(&desc->origin.addr, "10.0.0.77"));
	CHECK_INT(desc->media[0].dir, SDPM_SENDRECV);
	mem_deref(desc);
	CHECK_INT(offered(&deal, OLD_PHONE), 0);
	CHECK_INT(codec_of(&deal)->codec, SDPM_PCMA);
	CHECK(!event_of(&deal));
	CHECK(peer_is(&deal, "10.0.0.77", 5004, 5005));
	CHECK(has(&deal, "m=audio 40000 RTP/AVP 8\r\n"));
	deal_close(&deal);
}

static void other_lines_keep_their_places(void)
{
	struct deal deal;

	deal_open(&deal);
	CHECK_INT(offered(&deal, MANY_LINES), 0);
	CHECK_INT(deal.choice.layout.audio, 1);
	CHECK_INT(deal.choice.dir, SDPM_RECVONLY);
	CHECK(has(&deal, "m=video 0 RTP/AVP 34\r\na=inactive\r\n"
			 "m=audio 40000 RTP/AVP 8 101\r\na=recvonly\r\n"));
	CHECK(has(&deal, "m=image 0 udptl t38\r\n"));
	CHECK(has(&deal, "m=audio 0 RTP/AVP 0\r\n"));
	deal_close(&deal);
}

/* Nothing of a PBX lives on another m-line: each has a port of its own, and no
 * group is answered (RFC 9143, 7.3.2). */
#define BUNDLED(port, more)                                               \
	HEAD "c=IN IP4 192.0.2.1\r\na=group:BUNDLE v a\r\n"               \
	     "m=video 4002 RTP/AVP 96\r\na=mid:v\r\n"                     \
	     "a=rtpmap:96 VP8/90000\r\na=ice-ufrag:abcd\r\n"              \
	     "a=ice-pwd:abcdefghijklmnopqrstuv\r\n"                       \
	     "m=audio " port " RTP/AVP 8\r\na=mid:a\r\n" more

static void a_bundle_of_a_pbx_is_taken_apart(void)
{
	struct deal deal;

	deal_open(&deal);
	CHECK_INT(offered(&deal, BUNDLED("4000", "")), 0);
	CHECK(!deal.choice.layout.bundle);
	CHECK(!deal.choice.layout.carrier.on);
	CHECK(!has(&deal, "a=group:"));
	CHECK(has(&deal, "m=video 0 RTP/AVP 96\r\na=mid:v\r\n"));
	CHECK(has(&deal, "m=audio 40000 RTP/AVP 8\r\n"));
	/* and a re-offer that would have audio there leaves all as it is */
	CHECK_INT(offered(&deal, BUNDLED("0", "a=bundle-only\r\n")), ENOTSUP);
	CHECK_INT(deal.verdict.error.cause, SDPM_BUNDLE_ONLY);
	CHECK(!deal.choice.off);
	/* whatever stands on other lines: it is its own that counts */
	CHECK_INT(offered(&deal, BUNDLED("0", "a=bundle-only\r\n")
			 "m=audio 4004 RTP/SAVP 8\r\n"), ENOTSUP);
	CHECK(!deal.choice.off);
	CHECK_INT(offered(&deal, BUNDLED("0", "")), 0);
	CHECK(deal.choice.off);
	deal_close(&deal);

	deal_open(&deal);
	CHECK_INT(offered(&deal, BUNDLED("0", "a=bundle-only\r\n")), ENOTSUP);
	CHECK_INT(deal.verdict.error.sip, 488);
	CHECK_INT(deal.verdict.error.cause, SDPM_BUNDLE_ONLY);
	deal_close(&deal);
}

static void the_hold_of_2543_is_one(void)
{
	struct deal deal;

	deal_open(&deal);
	CHECK_INT(offered(&deal, ASTERISK), 0);
	CHECK_INT(offered(&deal, HOLD_2543), 0);
	CHECK_INT(deal.choice.dir, SDPM_RECVONLY);
	CHECK_INT(deal.choice.theirs, SDPM_SENDONLY);
	CHECK(deal.choice.held);
	CHECK(!sa_isset(&deal.choice.peer.rtp, SA_ADDR));
	CHECK(has(&deal, "a=recvonly\r\n"));
	CHECK_INT(offered(&deal, ASTERISK), 0);
	CHECK_INT(deal.choice.dir, SDPM_SENDRECV);
	CHECK(deal.choice.change.address);
	deal_close(&deal);
}

/* RFC 3264, 8.2 */
static void a_stream_is_turned_off_and_on(void)
{
	struct sdpm_offer offer;
	struct sdpm_choice prev;
	struct sdpm_desc *desc;
	struct deal deal;

	deal_open(&deal);
	CHECK_INT(offered(&deal, HEAD "m=audio 0 RTP/AVP 8\r\n"), ENOTSUP);
	CHECK_INT(deal.verdict.error.cause, SDPM_DISABLED);
	CHECK_INT(offered(&deal, ASTERISK), 0);
	CHECK_INT(offered(&deal, HEAD "m=audio 0 RTP/AVP 0 8\r\n"), 0);
	CHECK(deal.choice.off);
	CHECK_INT(deal.choice.dir, SDPM_INACTIVE);
	CHECK_INT(codec_of(&deal)->codec, SDPM_PCMA);
	CHECK(has(&deal, "m=audio 0 RTP/AVP 0\r\na=inactive\r\n"));
	CHECK(!has(&deal, "rtpmap"));

	/* we ask for it again */
	prev = deal.choice;
	CHECK_INT(sdpm_offer_make(&offer, &deal.policy, &prev), 0);
	mbuf_rewind(deal.mb);
	CHECK_INT(sdpm_write_offer(deal.mb, &deal.local, &offer), 0);
	CHECK(has(&deal, "m=audio 40000 RTP/AVP 8 0 101\r\n"));
	desc = must_read(HEAD "m=audio 0 RTP/AVP 8\r\n");
	CHECK_INT(sdpm_decide_answer(&deal.choice, &deal.verdict, desc, &offer,
				     &prev),
		  0);
	CHECK(deal.choice.off);
	mem_deref(desc);

	CHECK_INT(offered(&deal, ASTERISK), 0);
	CHECK(!deal.choice.off);
	CHECK_INT(deal.choice.dir, SDPM_SENDRECV);
	CHECK(peer_is(&deal, "192.0.2.10", 14236, 14237));
	deal_close(&deal);
}

#define LINE(proto)                                               \
	HEAD "c=IN IP4 192.0.2.1\r\nm=audio 4000 " proto " 8\r\n" \
	     "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\r\n"

static void other_protocols_are_taken_as_the_rfcs_say(void)
{
	static const struct {
		const char *sdp;
		enum sdpm_why why;
	} cases[] = {
		{LINE("RTP/AVP"), SDPM_CHOSEN},
		{LINE("rtp/avp"), SDPM_CHOSEN},
		{LINE("RTP/AVPF"), SDPM_CHOSEN},
		{LINE("RTP/SAVP"), SDPM_NOT_PLAIN},
		{LINE("RTP/SAVPF"), SDPM_NOT_PLAIN},
		{LINE("UDP/TLS/RTP/SAVPF"), SDPM_NOT_PLAIN},
		{LINE("TCP/RTP/AVP"), SDPM_NOT_PLAIN},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct deal deal;
		int err;

		deal_open(&deal);
		err = offered(&deal, cases[i].sdp);
		CHECK_INT(err, cases[i].why ? ENOTSUP : 0);
		CHECK_INT(deal.verdict.error.cause, cases[i].why);
		CHECK_INT(deal.verdict.error.sip, err ? 488 : 0);
		deal_close(&deal);
	}
}

/* The answer has the offer's protocol (RFC 3264, 6), and no feedback. */
static void avpf_is_answered_by_avpf(void)
{
	struct deal deal;

	deal_open(&deal);
	CHECK_INT(offered(&deal, HEAD "c=IN IP4 192.0.2.1\r\n"
				      "m=audio 4000 RTP/AVPF 8\r\n"
				      "a=rtcp-fb:8 nack\r\na=rtcp-mux\r\n"),
		  0);
	CHECK(has(&deal, "m=audio 40000 RTP/AVPF 8\r\n"));
	CHECK(!has(&deal, "rtcp-fb"));
	/* what was offered, too, was agreed on */
	CHECK(has(&deal, "a=rtcp-mux\r\n"));
	CHECK(peer_is(&deal, "192.0.2.1", 4000, 4000));
	deal_close(&deal);
}

/* Encrypted and not, for us to choose: best-effort encryption of old. */
static void the_plain_line_of_two_is_taken(void)
{
	struct deal deal;

	deal_open(&deal);
	CHECK_INT(offered(&deal, HEAD "c=IN IP4 192.0.2.1\r\n"
				      "m=audio 4000 RTP/SAVP 8\r\n"
				      "m=audio 4002 RTP/AVP 8\r\n"),
		  0);
	CHECK(has(&deal, "m=audio 0 RTP/SAVP 8\r\n"));
	CHECK(has(&deal, "m=audio 40000 RTP/AVP 8\r\n"));
	deal_close(&deal);
}

static void names_and_groups_are_no_addresses(void)
{
	static const char *const bad[] = {
		"c=IN IP4 pbx.example.com\r\n",
		"c=IN IP4 239.1.2.3/127\r\n",
		"c=IN IP6 ff15::101\r\n",
		"",
	};

	for (size_t i = 0; i < COUNTOF(bad); i++) {
		struct deal deal;
		char text[400];

		snprintf(text, sizeof(text),
			 HEAD "%sm=audio 4000 RTP/AVP 8\r\n", bad[i]);
		deal_open(&deal);
		CHECK_INT(offered(&deal, text), ENOTSUP);
		CHECK_INT(deal.verdict.error.cause, SDPM_NO_ADDRESS);
		deal_close(&deal);
	}
}

static void packet_times_are_heard_and_said(void)
{
	static const struct {
		const char *lines;
		uint16_t ptime;
	} cases[] = {
		{"", 20},
		{"a=ptime:30\r\n", 30},
		{"a=ptime:60\r\na=maxptime:40\r\n", 40},
		{"a=maxptime:10\r\n", 10},
		{"a=ptime:0\r\n", 20},
		{"a=ptime:99999\r\n", 20},
		{"a=ptime:-20\r\n", 20},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct deal deal;
		char text[400];

		snprintf(text, sizeof(text),
			 HEAD "c=IN IP4 192.0.2.1\r\n"
			      "m=audio 4000 RTP/AVP 8\r\n%s",
			 cases[i].lines);
		deal_open(&deal);
		deal.policy.ptime = 30;
		CHECK_INT(offered(&deal, text), 0);
		CHECK_INT(deal.choice.ptime, cases[i].ptime);
		CHECK(has(&deal, "a=ptime:30\r\n"));
		deal_close(&deal);
	}
}

static void what_we_offer_is_short(void)
{
	static const char *const answers[] = {
		HEAD "c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n",
		HEAD "c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0 101\r\n"
		     "a=rtpmap:101 telephone-event/8000\r\n",
	};
	struct sdpm_offer offer;
	struct deal deal;

	deal_open(&deal);
	deal.policy.codecs[3] = SDPM_OPUS;
	deal.policy.ncodecs = 4;
	CHECK_INT(sdpm_offer_make(&offer, &deal.policy, NULL), 0);
	CHECK_INT(sdpm_write_offer(deal.mb, &deal.local, &offer), 0);
	CHECK_STR(mbuf_text(deal.mb),
		  "v=0\r\n"
		  "o=- 1234567890123456789 1 IN IP4 203.0.113.5\r\n"
		  "s=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\n"
		  "m=audio 40000 RTP/AVP 8 0 111 110 101\r\n"
		  "a=sendrecv\r\n"
		  "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
		  "a=rtpmap:111 opus/48000/2\r\n"
		  "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
		  "a=rtpmap:110 telephone-event/48000\r\n"
		  "a=fmtp:110 0-15\r\n"
		  "a=rtpmap:101 telephone-event/8000\r\n"
		  "a=fmtp:101 0-15\r\n"
		  "a=ptime:20\r\n");
	CHECK(deal.mb->end < 800);
	for (size_t i = 0; i < COUNTOF(answers); i++) {
		struct sdpm_desc *desc = must_read(answers[i]);

		CHECK_INT(sdpm_decide_answer(&deal.choice, &deal.verdict, desc,
					     &offer, NULL),
			  0);
		CHECK_INT(codec_of(&deal)->codec, SDPM_PCMU);
		CHECK_INT(event_of(&deal) != NULL, i);
		mem_deref(desc);
	}
	deal_close(&deal);
}

/* The longest that we may say: IPv6, all codecs, 16 m-lines of theirs. */
static void nothing_that_we_say_is_long(void)
{
	char text[2000];
	struct sdpm_host host;
	struct deal deal;
	struct sa six;
	int len;

	deal_open(&deal);
	sa_set_str(&six, "2001:db8:1234:5678:9abc:def0:1234:5678", 65534);
	host = (struct sdpm_host){.addr = six};
	deal.local.hosts = &host;
	deal.local.sess_id = UINT64_MAX >> 1;
	deal.local.version = UINT64_MAX >> 2;
	len = snprintf(text, sizeof(text),
		       HEAD "c=IN IP6 2001:db8::1\r\n"
			    "m=audio 4000 RTP/AVP 8 101\r\n"
			    "a=rtpmap:101 telephone-event/8000\r\n");
	for (unsigned i = 1; i < SDPM_MEDIA_MAX; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				"m=video 4000 RTP/AVP 96\r\n");
	CHECK_INT(offered(&deal, text), 0);
	CHECK(deal.mb->end < 800);
	printf("# %zu bytes\n", deal.mb->end);
	deal_close(&deal);
}

static void the_version_rises_with_a_change_alone(void)
{
	struct deal deal;

	deal_open(&deal);
	CHECK_INT(offered(&deal, ASTERISK), 0);
	CHECK_INT(deal.local.version, 1);
	CHECK_INT(offered(&deal, ASTERISK), 0);
	CHECK_INT(deal.local.version, 1);
	CHECK_INT(offered(&deal, HOLD_2543), 0);
	CHECK_INT(deal.local.version, 2);
	CHECK_INT(offered(&deal, HOLD_2543), 0);
	CHECK_INT(deal.local.version, 2);
	CHECK_INT(offered(&deal, ASTERISK), 0);
	CHECK_INT(deal.local.version, 3);
	deal_close(&deal);
}

static void what_the_caller_has_goes_first(void)
{
	struct sdpm_desc *desc = must_read(CISCO);
	struct sdpm_policy policy;

	sdpm_policy_init(&policy, SDPM_RTP);
	REQUIRE(desc != NULL);
	sdpm_policy_lean(&policy, desc);
	CHECK_INT(policy.ncodecs, 4);
	CHECK_INT(policy.codecs[0], SDPM_PCMU);
	CHECK_INT(policy.codecs[1], SDPM_PCMA);
	CHECK_INT(policy.codecs[2], SDPM_EVENT);
	CHECK_INT(policy.codecs[3], SDPM_OPUS);
	mem_deref(desc);
}

TEST_MAIN(TEST(asterisk_gets_this), TEST(policy_decides_between_opus_and_g711),
	  TEST(freeswitch_says_rtcp_where_it_is_anyway),
	  TEST(ciscos_own_words_are_passed_over), TEST(baresip_is_understood),
	  TEST(an_old_phone_is_understood), TEST(other_lines_keep_their_places),
	  TEST(a_bundle_of_a_pbx_is_taken_apart),
	  TEST(the_hold_of_2543_is_one), TEST(a_stream_is_turned_off_and_on),
	  TEST(other_protocols_are_taken_as_the_rfcs_say),
	  TEST(avpf_is_answered_by_avpf), TEST(the_plain_line_of_two_is_taken),
	  TEST(names_and_groups_are_no_addresses),
	  TEST(packet_times_are_heard_and_said), TEST(what_we_offer_is_short),
	  TEST(nothing_that_we_say_is_long),
	  TEST(the_version_rises_with_a_change_alone),
	  TEST(what_the_caller_has_goes_first))
