/*
 * test_sdp_decide.c  Offer and answer: what one leg agrees with its peer
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>

#include "tests/unit/mediad/sdp/offers.h"

struct deal {
	struct sdpm_policy policy;
	struct sdpm_choice choice;
	struct sdpm_verdict verdict;
};

/* Decides an offer with the policy in deal. */
static int decide(struct deal *deal, const char *text,
		  const struct sdpm_choice *prev)
{
	struct sdpm_desc *desc = must_read(text);
	int err;

	if (!desc)
		return ENOMEM;

	err = sdpm_decide_offer(&deal->choice, &deal->verdict, desc,
				&deal->policy, prev);
	mem_deref(desc);
	return err;
}

static int decide_first(struct deal *deal, const char *text)
{
	sdpm_policy_init(&deal->policy, SDPM_BROWSER);
	return decide(deal, text, NULL);
}

static int answer(struct deal *deal, const char *text,
		  const struct sdpm_offer *offer,
		  const struct sdpm_choice *prev)
{
	struct sdpm_desc *desc = must_read(text);
	int err;

	if (!desc)
		return ENOMEM;

	err = sdpm_decide_answer(&deal->choice, &deal->verdict, desc, offer,
				 prev);
	mem_deref(desc);
	return err;
}

static const struct sdpm_map *codec_of(const struct sdpm_choice *choice)
{
	return &choice->maps[choice->codec];
}

static const struct sdpm_map *event_of(const struct sdpm_choice *choice)
{
	return choice->event < 0 ? NULL : &choice->maps[choice->event];
}

static void opus_and_its_events_are_taken_from_chromium(void)
{
	struct deal deal;

	REQUIRE(decide_first(&deal, CHROMIUM) == 0);
	CHECK_INT(codec_of(&deal.choice)->codec, SDPM_OPUS);
	CHECK_INT(codec_of(&deal.choice)->rx_pt, 111);
	CHECK_INT(codec_of(&deal.choice)->tx_pt, 111);
	REQUIRE(event_of(&deal.choice));
	CHECK_INT(event_of(&deal.choice)->tx_pt, 110);
	CHECK_INT(event_of(&deal.choice)->clock, 48000);
	CHECK_INT(deal.choice.events, 0xffff);
	CHECK_INT(deal.choice.dir, SDPM_SENDRECV);
	CHECK(!deal.choice.held);
	CHECK(deal.choice.rtcp_mux);
	CHECK(deal.choice.layout.bundle);
	CHECK_INT(deal.choice.ptime, 20);
	CHECK(deal.choice.opus.fec);
	CHECK_INT(deal.choice.opus.min_ptime, 10);
	CHECK_STR(deal.choice.peer.ufrag, "nWnq");
	CHECK_STR(deal.choice.peer.pwd, "DTdCVj00s9nGkNgWra0P30A2");
	CHECK_INT(deal.choice.peer.nprints, 1);
	CHECK_INT(deal.choice.peer.ssrc, 3262661846);
	CHECK(!deal.choice.change.ice_restart && !deal.choice.change.codec);
}

/* Firefox has no other events than those at 8000 Hz */
static void firefox_gets_events_at_8000_beside_opus(void)
{
	struct deal deal;

	REQUIRE(decide_first(&deal, FIREFOX) == 0);
	CHECK_INT(codec_of(&deal.choice)->tx_pt, 109);
	REQUIRE(event_of(&deal.choice));
	CHECK_INT(event_of(&deal.choice)->tx_pt, 101);
	CHECK_INT(event_of(&deal.choice)->clock, 8000);
	CHECK(deal.choice.opus.stereo);
	CHECK_INT(deal.choice.opus.max_playback_rate, 48000);
	CHECK_INT(deal.choice.peer.nprints, 1);
}

static void safaris_audio_is_found_behind_video(void)
{
	struct deal deal;

	REQUIRE(decide_first(&deal, SAFARI) == 0);
	CHECK_INT(deal.choice.layout.nlines, 3);
	CHECK_INT(deal.choice.layout.audio, 1);
	CHECK_STR(deal.choice.layout.lines[0].mid, "0");
	CHECK_STR(deal.choice.layout.lines[2].fmt, "webrtc-datachannel");
	CHECK_STR(deal.choice.layout.lines[2].proto, "UDP/DTLS/SCTP");
}

/* Allowed, it goes first: Chromium makes redundant audio only then. */
static void redundancy_is_taken_where_it_is_allowed(void)
{
	struct sdpm_local local;
	struct mbuf *mb = mbuf_alloc(2048);
	struct sdpm_offer offer;
	struct deal deal;

	local_init(&local);
	REQUIRE(mb && decide_first(&deal, CHROMIUM) == 0);
	CHECK_INT(deal.choice.red, -1);
	deal.policy.codecs[deal.policy.ncodecs++] = SDPM_RED;
	REQUIRE(decide(&deal, CHROMIUM, NULL) == 0);
	REQUIRE(deal.choice.red >= 0);
	CHECK_INT(deal.choice.maps[deal.choice.red].rx_pt, 63);
	CHECK_INT(deal.verdict.items[2].why, SDPM_CHOSEN);
	CHECK_INT(codec_of(&deal.choice)->codec, SDPM_OPUS);
	CHECK_INT(sdpm_write_answer(mb, &local, &deal.choice), 0);
	CHECK(mbuf_write_u8(mb, 0) == 0);
	CHECK(strstr((char *)mb->buf, "SAVPF 63 111 110\r\n"));
	CHECK(strstr((char *)mb->buf, "a=rtpmap:63 red/48000/2\r\n"
				      "a=fmtp:63 111/111\r\n"));

	REQUIRE(sdpm_offer_make(&offer, &deal.policy, NULL) == 0);
	CHECK_INT(offer.maps[0].codec, SDPM_RED);
	CHECK_INT(offer.maps[0].clock, 48000);
	sdpm_policy_prefer(&deal.policy, SDPM_PCMU);
	REQUIRE(sdpm_offer_make(&offer, &deal.policy, NULL) == 0);
	CHECK_INT(offer.maps[0].clock, 8000);
	CHECK_INT(offer.maps[0].rx_pt, 121);
	mem_deref(mb);
}

static void the_verdict_tells_every_format(void)
{
	struct deal deal;
	const struct sdpm_item *items = deal.verdict.items;

	REQUIRE(decide_first(&deal, CHROMIUM) == 0);
	REQUIRE(deal.verdict.nitems == 9);
	CHECK_INT(items[0].pt, -1);
	CHECK_INT(items[0].why, SDPM_CHOSEN);
	CHECK_INT(items[1].why, SDPM_CHOSEN);
	CHECK_STR(items[2].name, "red");
	CHECK_INT(items[2].why, SDPM_NOT_ALLOWED);
	CHECK_INT(items[4].why, SDPM_NOT_PREFERRED);
	CHECK_INT(items[7].why, SDPM_CHOSEN);
	CHECK_INT(items[8].why, SDPM_OTHER_CLOCK);
	for (int why = SDPM_CHOSEN; why <= SDPM_NO_CODEC; why++)
		CHECK(strlen(sdpm_why_text((enum sdpm_why)why)) > 4);
}

static void our_order_of_codecs_decides(void)
{
	struct deal deal;

	sdpm_policy_init(&deal.policy, SDPM_BROWSER);
	sdpm_policy_prefer(&deal.policy, SDPM_PCMA);
	REQUIRE(decide(&deal, CHROMIUM, NULL) == 0);
	CHECK_INT(codec_of(&deal.choice)->codec, SDPM_PCMA);
	CHECK_INT(codec_of(&deal.choice)->rx_pt, 8);
	REQUIRE(event_of(&deal.choice));
	CHECK_INT(event_of(&deal.choice)->tx_pt, 126);
	CHECK_INT(event_of(&deal.choice)->clock, 8000);
}

static void preferring_what_is_not_allowed_changes_nothing(void)
{
	struct sdpm_policy policy, same;

	sdpm_policy_init(&policy, SDPM_BROWSER);
	policy.ncodecs = 1;
	same = policy;
	sdpm_policy_prefer(&policy, SDPM_PCMA);
	CHECK(!memcmp(&policy, &same, sizeof(policy)));
}

static void events_are_refused_when_not_allowed(void)
{
	struct deal deal;

	sdpm_policy_init(&deal.policy, SDPM_BROWSER);
	deal.policy.ncodecs = 3;
	REQUIRE(decide(&deal, CHROMIUM, NULL) == 0);
	CHECK(!event_of(&deal.choice));
}

static void direction_is_mirrored_within_policy(void)
{
	static const struct {
		const char *line;
		enum sdpm_dir most, want;
		bool held;
	} cases[] = {
		{"a=sendrecv\r\n", SDPM_SENDRECV, SDPM_SENDRECV, false},
		{"", SDPM_SENDRECV, SDPM_SENDRECV, false},
		{"a=sendonly\r\n", SDPM_SENDRECV, SDPM_RECVONLY, true},
		{"a=recvonly\r\n", SDPM_SENDRECV, SDPM_SENDONLY, false},
		{"a=inactive\r\n", SDPM_SENDRECV, SDPM_INACTIVE, true},
		{"a=sendrecv\r\n", SDPM_RECVONLY, SDPM_RECVONLY, false},
		{"a=recvonly\r\n", SDPM_RECVONLY, SDPM_INACTIVE, false},
		{"a=sendrecv\r\n", SDPM_INACTIVE, SDPM_INACTIVE, false},
	};
	char text[2048];

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct deal deal;

		re_snprintf(text, sizeof(text), HEAD SMALL_AUDIO SECURE "%s",
			    cases[i].line);
		sdpm_policy_init(&deal.policy, SDPM_BROWSER);
		deal.policy.dir = cases[i].most;
		REQUIRE(decide(&deal, text, NULL) == 0);
		CHECK_INT(deal.choice.dir, cases[i].want);
		CHECK_INT(deal.choice.held, cases[i].held);
	}
}

#define AUDIO_WITH(proto, lines) \
	HEAD "m=audio 9 " proto " 0\r\nc=IN IP4 192.0.2.1\r\n" lines
#define ICE     "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
#define FPRINT  "a=fingerprint:sha-256 " PRINT_A "\r\n"
#define TLS     "UDP/TLS/RTP/SAVPF"
#define MUX     "a=rtcp-mux\r\n"
#define SHA1_20 "A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3"

static void offers_that_browsers_cannot_mean_are_refused(void)
{
	static const struct {
		const char *text;
		enum sdpm_why why;
	} cases[] = {
		{HEAD, SDPM_NOT_AUDIO},
		{HEAD "m=video 9 " TLS " 96\r\n", SDPM_NOT_AUDIO},
		{HEAD "m=audio 0 " TLS " 0\r\n", SDPM_DISABLED},
		{AUDIO_WITH("RTP/AVP", ICE FPRINT MUX), SDPM_BAD_PROTO},
		{AUDIO_WITH("UDP/TLS/UDPTL", ICE FPRINT MUX), SDPM_BAD_PROTO},
		{AUDIO_WITH(TLS, FPRINT MUX), SDPM_NO_ICE},
		{AUDIO_WITH(TLS, "a=ice-ufrag:abcd\r\n" FPRINT MUX),
		 SDPM_NO_ICE},
		{AUDIO_WITH("RTP/SAVPF", ICE MUX), SDPM_NO_FINGERPRINT},
		{AUDIO_WITH(TLS, ICE MUX "a=fingerprint:sha-1 " SHA1_20 "\r\n"),
		 SDPM_NO_FINGERPRINT},
		{AUDIO_WITH(TLS, ICE FPRINT), SDPM_NO_RTCP_MUX},
		{AUDIO_WITH(TLS, ICE FPRINT MUX "a=setup:holdconn\r\n"),
		 SDPM_BAD_SETUP},
		{HEAD "a=group:BUNDLE v a\r\nm=video 0 " TLS
		      " 96\r\na=mid:v\r\n" ICE FPRINT MUX "m=audio 0 " TLS
		      " 0\r\na=mid:a\r\na=bundle-only\r\n",
		 SDPM_BUNDLE_ONLY},
		{HEAD "m=video 9 " TLS " 96\r\n" ICE FPRINT MUX "m=audio 0 " TLS
		      " 0\r\na=bundle-only\r\n",
		 SDPM_BUNDLE_ONLY},
		{HEAD "a=ice-lite\r\nm=audio 9 " TLS " 0\r\n" ICE FPRINT MUX,
		 SDPM_NO_ICE},
		{HEAD "m=audio 9 " TLS " 9 13 101\r\n"
		      "a=rtpmap:101 telephone-event/8000\r\n" ICE FPRINT MUX,
		 SDPM_NO_CODEC},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct deal deal;

		CHECK_INT(decide_first(&deal, cases[i].text), ENOTSUP);
		CHECK_INT(deal.verdict.error.sip, 488);
		CHECK(deal.verdict.error.why[0] != '\0');
		if (deal.verdict.error.cause != cases[i].why)
			printf("# case %zu\n", i);
		CHECK_INT(deal.verdict.error.cause, cases[i].why);
	}
}

/* As RFC 8829, 5.2.1 has it with max-bundle, and as Chromium writes it. */
static void audio_may_live_on_another_line(void)
{
	static const char *const audio[] = {
		"m=audio 0 " TLS " 0\r\na=mid:a\r\na=bundle-only\r\n",
		"m=audio 9 " TLS " 0\r\na=mid:a\r\n" ICE FPRINT MUX};
	char text[2048];

	for (size_t i = 0; i < COUNTOF(audio); i++) {
		struct deal deal;

		snprintf(text, sizeof(text), "%s%s",
			 HEAD
			 "a=group:BUNDLE v a\r\nm=video 9 " TLS
			 " 96 97\r\na=mid:v\r\na=rtpmap:96 VP8/90000\r\n"
			 "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n" ICE
				 FPRINT MUX,
			 audio[i]);
		CHECK_INT(decide_first(&deal, text), 0);
		CHECK_INT(deal.choice.layout.audio, 1);
		CHECK(deal.choice.layout.carrier.on);
		CHECK_INT(deal.choice.layout.carrier.line, 0);
		CHECK_STR(deal.choice.layout.carrier.rtpmap, "VP8/90000");
		CHECK_STR(deal.choice.layout.carrier.fmtp, "");
		CHECK_STR(deal.choice.peer.ufrag, "abcd");
	}
}

/* What has a transport of its own, or is the first itself, needs nobody. */
static void audio_on_its_own_needs_no_carrier(void)
{
	static const char *const texts[] = {
		HEAD "a=group:BUNDLE v a\r\nm=video 9 " TLS
		     " 96\r\na=mid:v\r\na=rtpmap:96 VP8/90000\r\n" FPRINT MUX
		     "a=ice-ufrag:efgh\r\na=ice-pwd:efghijklmnopqrstuvwxyz\r\n"
		     "m=audio 9 " TLS " 0\r\na=mid:a\r\n" ICE FPRINT MUX,
		HEAD
		"a=group:BUNDLE a v\r\nm=video 9 " TLS
		" 96\r\na=mid:v\r\na=rtpmap:96 VP8/90000\r\n" ICE FPRINT MUX
		"m=audio 9 " TLS " 0\r\na=mid:a\r\n" ICE FPRINT MUX,
		HEAD
		"a=group:BUNDLE v a\r\nm=video 0 " TLS
		" 96\r\na=mid:v\r\na=rtpmap:96 VP8/90000\r\n" ICE FPRINT MUX
		"m=audio 9 " TLS " 0\r\na=mid:a\r\n" ICE FPRINT MUX,
		HEAD "m=video 9 " TLS
		     " 96\r\na=rtpmap:96 VP8/90000\r\n" ICE FPRINT MUX
		     "m=audio 9 " TLS " 0\r\n" ICE FPRINT MUX,
	};

	for (size_t i = 0; i < COUNTOF(texts); i++) {
		struct deal deal;

		CHECK_INT(decide_first(&deal, texts[i]), 0);
		CHECK(!deal.choice.layout.carrier.on);
	}
}

static void active_and_unsaid_setup_are_welcome(void)
{
	struct deal deal;

	CHECK_INT(decide_first(&deal, AUDIO_WITH(TLS, ICE FPRINT MUX)), 0);
	CHECK_INT(decide_first(&deal, AUDIO_WITH("RTP/SAVPF", ICE FPRINT MUX
						 "a=setup:active\r\n")),
		  0);
}

static void we_begin_dtls_with_who_insists(void)
{
	static const struct {
		const char *first, *then;
		bool client, anew;
	} cases[] = {
		{"passive", "passive", true, false},
		/* the role stays while the association does */
		{"passive", "actpass", true, false},
		{"passive", "active", false, true},
		{"actpass", "actpass", false, false},
		{"actpass", "passive", true, true},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct sdpm_choice prev;
		struct deal deal;
		char text[1024];

		snprintf(text, sizeof(text),
			 AUDIO_WITH(TLS, ICE FPRINT MUX "a=setup:%s\r\n"),
			 cases[i].first);
		REQUIRE(!decide_first(&deal, text));
		prev = deal.choice;
		CHECK(!prev.change.dtls_restart);
		snprintf(text, sizeof(text),
			 AUDIO_WITH(TLS, ICE FPRINT MUX "a=setup:%s\r\n"),
			 cases[i].then);
		REQUIRE(!decide(&deal, text, &prev));
		CHECK_INT(deal.choice.dtls_client, cases[i].client);
		CHECK_INT(deal.choice.change.dtls_restart, cases[i].anew);
	}
}

static void only_the_strongest_fingerprints_count(void)
{
	struct deal deal;

	REQUIRE(decide_first(&deal,
			     AUDIO_WITH(TLS, ICE MUX
					"a=fingerprint:sha-1 " SHA1_20 "\r\n"
					"a=fingerprint:sha-384 " PRINT_A
					":C0:C1:C2:C3:C4:C5:C6:C7:C8:C9:CA:CB"
					":CC:CD:CE:CF\r\n" FPRINT)) == 0);
	REQUIRE(deal.choice.peer.nprints == 1);
	CHECK_INT(deal.choice.peer.prints[0].hash, SDPM_SHA384);
	CHECK_INT(deal.choice.peer.prints[0].len, 48);
}

static void the_second_audio_line_is_not_needed(void)
{
	struct deal deal;

	REQUIRE(decide_first(&deal, HEAD SMALL_AUDIO SECURE
			     "m=audio 9 " TLS
			     " 0\r\na=mid:1\r\n" MUX SECURE) == 0);
	CHECK_INT(deal.choice.layout.audio, 0);
	CHECK_INT(deal.verdict.items[1].why, SDPM_SECOND_AUDIO);
}

/* --- plain RTP ------------------------------------------------------------ */

static void plain_rtp_says_where_to_send(void)
{
	struct deal deal;
	struct sa rtp;

	sdpm_policy_init(&deal.policy, SDPM_RTP);
	REQUIRE(decide(&deal,
		       HEAD "c=IN IP4 192.0.2.1\r\n"
			    "m=audio 4000 RTP/AVP 8 0 101\r\n"
			    "a=rtpmap:101 telephone-event/8000\r\n"
			    "a=fmtp:101 0-11\r\na=ptime:30\r\n"
			    "a=maxptime:10\r\n",
		       NULL) == 0);
	CHECK_INT(codec_of(&deal.choice)->codec, SDPM_PCMU);
	sa_set_str(&rtp, "192.0.2.1", 4000);
	CHECK(sa_cmp(&deal.choice.peer.rtp, &rtp, SA_ALL));
	CHECK_INT(sa_port(&deal.choice.peer.rtcp), 4001);
	CHECK_INT(deal.choice.events, 0x0fff);
	CHECK_INT(deal.choice.ptime, 10);
	CHECK(!deal.choice.rtcp_mux);
}

static void rtcp_may_live_elsewhere(void)
{
	struct deal deal;
	struct sa rtcp;

	sdpm_policy_init(&deal.policy, SDPM_RTP);
	REQUIRE(decide(&deal,
		       HEAD "c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n"
			    "a=rtcp:5001 IN IP4 192.0.2.2\r\n",
		       NULL) == 0);
	sa_set_str(&rtcp, "192.0.2.2", 5001);
	CHECK(sa_cmp(&deal.choice.peer.rtcp, &rtcp, SA_ALL));
	REQUIRE(decide(&deal,
		       HEAD "c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n"
			    "a=rtcp-mux\r\n",
		       NULL) == 0);
	CHECK_INT(sa_port(&deal.choice.peer.rtcp), 4000);
}

static void address_zero_is_a_hold(void)
{
	struct deal deal;

	sdpm_policy_init(&deal.policy, SDPM_RTP);
	REQUIRE(decide(&deal,
		       HEAD "c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\n",
		       NULL) == 0);
	CHECK(deal.choice.held);
	CHECK_INT(deal.choice.dir, SDPM_RECVONLY);
	CHECK(!sa_isset(&deal.choice.peer.rtp, SA_ADDR));
}

static void plain_rtp_needs_a_unicast_address(void)
{
	static const char *const addrs[] = {"", "c=IN IP4 224.2.1.1/127\r\n",
					    "c=IN IP6 ff02::1\r\n",
					    "c=IN IP4 pbx.example.com\r\n"};
	char text[512];

	for (size_t i = 0; i < COUNTOF(addrs); i++) {
		struct deal deal;

		re_snprintf(text, sizeof(text),
			    HEAD "%sm=audio 4000 RTP/AVP 0\r\n", addrs[i]);
		sdpm_policy_init(&deal.policy, SDPM_RTP);
		CHECK_INT(decide(&deal, text, NULL), ENOTSUP);
		CHECK_INT(deal.verdict.error.cause, SDPM_NO_ADDRESS);
	}
}

/* RFC 3605: what c= may not say a=rtcp may not either. */
static void rtcp_needs_a_unicast_address_too(void)
{
	static const char *const addrs[] = {"IN IP4 224.2.1.1",
					    "IN IP4 255.255.255.255",
					    "IN IP6 ff02::1"};
	char text[512];

	for (size_t i = 0; i < COUNTOF(addrs); i++) {
		struct deal deal;

		re_snprintf(text, sizeof(text),
			    HEAD "c=IN IP4 192.0.2.1\r\n"
				 "m=audio 4000 RTP/AVP 0\r\na=rtcp:5001 %s\r\n",
			    addrs[i]);
		sdpm_policy_init(&deal.policy, SDPM_RTP);
		CHECK_INT(decide(&deal, text, NULL), ENOTSUP);
		CHECK_INT(deal.verdict.error.cause, SDPM_NO_ADDRESS);
	}
}

/* --- again ---------------------------------------------------------------- */

#define REOFFER(ufrag, print, more)                                       \
	HEAD "m=audio 9 " TLS " 111 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n" \
	     "a=rtpmap:111 opus/48000/2\r\n" MUX "a=ice-ufrag:" ufrag     \
	     "\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"                   \
	     "a=fingerprint:sha-256 " print "\r\n" more

static void a_repeated_offer_changes_nothing(void)
{
	static const struct sdpm_change none;
	struct deal first, again;

	REQUIRE(decide_first(&first, REOFFER("abcd", PRINT_A, "")) == 0);
	again.policy = first.policy;
	REQUIRE(decide(&again, REOFFER("abcd", PRINT_A, ""), &first.choice) ==
		0);
	CHECK(!memcmp(&again.choice.change, &none, sizeof(none)));
	CHECK(!memcmp(&again.choice, &first.choice, sizeof(first.choice)));
}

static void ice_restart_and_new_certificate_are_seen(void)
{
	struct deal first, again;

	REQUIRE(decide_first(&first, REOFFER("abcd", PRINT_A, "")) == 0);
	again.policy = first.policy;
	REQUIRE(decide(&again, REOFFER("abce", PRINT_A, ""), &first.choice) ==
		0);
	CHECK(again.choice.change.ice_restart);
	CHECK(!again.choice.change.dtls_restart);
	REQUIRE(decide(&again, REOFFER("abcd", PRINT_B, ""), &first.choice) ==
		0);
	CHECK(!again.choice.change.ice_restart);
	CHECK(again.choice.change.dtls_restart);
	REQUIRE(decide(&again,
		       REOFFER("abcd", PRINT_A,
			       "a=tls-id:01234567890123456789\r\n"),
		       &first.choice) == 0);
	CHECK(again.choice.change.dtls_restart);
}

static void hold_and_resume_are_changes_of_direction(void)
{
	struct deal first, held, back;

	REQUIRE(decide_first(&first, REOFFER("abcd", PRINT_A, "")) == 0);
	held.policy = back.policy = first.policy;
	REQUIRE(decide(&held, REOFFER("abcd", PRINT_A, "a=sendonly\r\n"),
		       &first.choice) == 0);
	CHECK(held.choice.change.dir);
	CHECK(held.choice.held);
	CHECK_INT(held.choice.dir, SDPM_RECVONLY);
	REQUIRE(decide(&back, REOFFER("abcd", PRINT_A, ""), &held.choice) == 0);
	CHECK(back.choice.change.dir);
	CHECK_INT(back.choice.dir, SDPM_SENDRECV);
}

static void m_lines_never_become_fewer(void)
{
	struct deal first, again;

	REQUIRE(decide_first(&first, SAFARI) == 0);
	again.policy = first.policy;
	CHECK_INT(decide(&again, CHROMIUM, &first.choice), EBADMSG);
	CHECK_INT(again.verdict.error.sip, 400);
}

static void the_line_in_use_is_kept_when_one_comes_before_it(void)
{
	struct deal first, again;
	const char *two = HEAD "m=audio 0 " TLS " 0\r\na=mid:0\r\n"
			       "m=audio 9 " TLS " 0\r\na=mid:1\r\n" MUX SECURE;
	const char *both = HEAD "m=audio 9 " TLS " 0\r\na=mid:0\r\n" MUX SECURE
				"m=audio 9 " TLS " 0\r\na=mid:1\r\n" MUX SECURE;

	REQUIRE(decide_first(&first, two) == 0);
	CHECK_INT(first.choice.layout.audio, 1);
	again.policy = first.policy;
	REQUIRE(decide(&again, both, &first.choice) == 0);
	CHECK_INT(again.choice.layout.audio, 1);
}

/* --- our offers ------------------------------------------------------------ */

#define ANSWER(pts, more)                                                   \
	HEAD "m=audio 9 " TLS " " pts "\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n" \
	     "a=rtpmap:111 opus/48000/2\r\na=rtpmap:96 opus/48000/2\r\n"    \
	     "a=rtpmap:101 telephone-event/8000\r\n"                        \
	     "a=rtpmap:110 telephone-event/48000\r\n" MUX ICE FPRINT more
#define ACTIVE "a=setup:active\r\n"

static int offer_first(struct sdpm_offer *offer)
{
	struct sdpm_policy policy;

	sdpm_policy_init(&policy, SDPM_BROWSER);
	return sdpm_offer_make(offer, &policy, NULL);
}

static void the_first_offer_has_all_we_know(void)
{
	struct sdpm_offer offer;

	REQUIRE(offer_first(&offer) == 0);
	REQUIRE(offer.noffered == 5);
	CHECK_INT(offer.maps[0].codec, SDPM_OPUS);
	CHECK_INT(offer.maps[0].rx_pt, 111);
	CHECK_INT(offer.maps[1].rx_pt, 0);
	CHECK_INT(offer.maps[2].rx_pt, 8);
	CHECK_INT(offer.maps[3].clock, 48000);
	CHECK_INT(offer.maps[4].clock, 8000);
	CHECK(offer.maps[3].rx_pt != offer.maps[4].rx_pt);
	CHECK(offer.layout.bundle);
}

static void events_of_no_offered_clock_are_not_offered(void)
{
	struct sdpm_policy policy;
	struct sdpm_offer offer;

	sdpm_policy_init(&policy, SDPM_BROWSER);
	policy.codecs[0] = SDPM_PCMA;
	policy.codecs[1] = SDPM_EVENT;
	policy.ncodecs = 2;
	REQUIRE(sdpm_offer_make(&offer, &policy, NULL) == 0);
	REQUIRE(offer.noffered == 2);
	CHECK_INT(offer.maps[1].clock, 8000);

	policy.codecs[0] = SDPM_EVENT;
	policy.ncodecs = 1;
	CHECK_INT(sdpm_offer_make(&offer, &policy, NULL), ENOTSUP);
}

static void the_answerers_first_codec_and_numbers_count(void)
{
	struct sdpm_offer offer;
	struct deal deal;

	REQUIRE(offer_first(&offer) == 0);
	REQUIRE(answer(&deal, ANSWER("96 0 101 110", ACTIVE), &offer, NULL) ==
		0);
	CHECK_INT(codec_of(&deal.choice)->codec, SDPM_OPUS);
	CHECK_INT(codec_of(&deal.choice)->rx_pt, 111);
	CHECK_INT(codec_of(&deal.choice)->tx_pt, 96);
	REQUIRE(event_of(&deal.choice));
	CHECK_INT(event_of(&deal.choice)->clock, 48000);

	REQUIRE(answer(&deal, ANSWER("8 111 101", ACTIVE), &offer, NULL) == 0);
	CHECK_INT(codec_of(&deal.choice)->codec, SDPM_PCMA);
	REQUIRE(event_of(&deal.choice));
	CHECK_INT(event_of(&deal.choice)->clock, 8000);
}

static void answers_that_do_not_fit_are_refused(void)
{
	static const struct {
		const char *text;
		int err;
		enum sdpm_why why;
	} cases[] = {
		{HEAD, EBADMSG, SDPM_CHOSEN},
		{ANSWER("111", ACTIVE) "m=video 0 x 0\r\n", EBADMSG,
		 SDPM_CHOSEN},
		{HEAD "m=video 9 " TLS " 96\r\n", EBADMSG, SDPM_CHOSEN},
		{HEAD "m=audio 0 " TLS " 111\r\n", ENOTSUP, SDPM_DISABLED},
		{HEAD "m=audio 9 " TLS " 111\r\na=mid:9\r\n", EBADMSG,
		 SDPM_CHOSEN},
		{ANSWER("111", "a=setup:actpass\r\n"), ENOTSUP, SDPM_BAD_SETUP},
		{ANSWER("9 101", ACTIVE), ENOTSUP, SDPM_NO_CODEC},
		{AUDIO_WITH(TLS, ICE FPRINT ACTIVE), ENOTSUP, SDPM_NO_RTCP_MUX},
	};
	struct sdpm_offer offer;

	REQUIRE(offer_first(&offer) == 0);
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct deal deal;

		CHECK_INT(answer(&deal, cases[i].text, &offer, NULL),
			  cases[i].err);
		CHECK_INT(deal.verdict.error.cause, cases[i].why);
		CHECK_INT(deal.verdict.error.sip,
			  cases[i].err == EBADMSG ? 400 : 488);
	}
}

static void the_answers_direction_is_turned_round(void)
{
	struct sdpm_offer offer;
	struct deal deal;

	REQUIRE(offer_first(&offer) == 0);
	REQUIRE(answer(&deal, ANSWER("111", ACTIVE "a=recvonly\r\n"), &offer,
		       NULL) == 0);
	CHECK_INT(deal.choice.dir, SDPM_SENDONLY);
	CHECK(!deal.choice.held);
}

/* Numbers once given stay; new ones keep away from them (RFC 3264 8.3.2). */
static void numbers_of_the_peers_offer_are_used_in_ours(void)
{
	struct sdpm_offer offer;
	struct deal deal;

	sdpm_policy_init(&deal.policy, SDPM_BROWSER);
	REQUIRE(decide(&deal,
		       HEAD "m=audio 9 " TLS " 101 110\r\na=mid:x\r\n"
			    "a=rtpmap:101 opus/48000/2\r\n"
			    "a=rtpmap:110 telephone-event/8000\r\n" MUX SECURE,
		       NULL) == 0);
	REQUIRE(sdpm_offer_make(&offer, &deal.policy, &deal.choice) == 0);
	CHECK_STR(offer.layout.lines[0].mid, "x");
	CHECK(!offer.layout.bundle);
	REQUIRE(offer.noffered == 5);
	CHECK_INT(offer.maps[0].rx_pt, 101);
	CHECK_INT(offer.maps[3].clock, 48000);
	CHECK(offer.maps[3].rx_pt != 101 && offer.maps[3].rx_pt != 110);
	CHECK_INT(offer.maps[4].rx_pt, 110);
}

/* --- two legs --------------------------------------------------------------- */

/* Chromium calls Firefox: what leg 2 agrees on, leg 1 is answered with. */
static void a_relayed_call_needs_no_transcoding(void)
{
	struct sdpm_desc *caller = must_read(CHROMIUM);
	struct deal far, near;
	struct sdpm_policy policy;
	struct sdpm_offer offer;

	REQUIRE(caller);
	sdpm_policy_init(&policy, SDPM_BROWSER);
	sdpm_policy_limit(&policy, caller);
	CHECK_INT(policy.ncodecs, 4);
	REQUIRE(sdpm_offer_make(&offer, &policy, NULL) == 0);
	REQUIRE(answer(&far, ANSWER("0 111 101", ACTIVE), &offer, NULL) == 0);

	sdpm_policy_init(&near.policy, SDPM_BROWSER);
	sdpm_policy_match(&near.policy, &far.choice);
	REQUIRE(sdpm_decide_offer(&near.choice, &near.verdict, caller,
				  &near.policy, NULL) == 0);
	CHECK_INT(codec_of(&near.choice)->codec, SDPM_PCMU);
	REQUIRE(event_of(&near.choice));
	CHECK_INT(event_of(&near.choice)->clock, event_of(&far.choice)->clock);
	CHECK_INT(event_of(&near.choice)->tx_pt, 126);
	mem_deref(caller);
}

static void events_stay_at_the_clock_that_both_legs_have(void)
{
	struct sdpm_desc *caller = must_read(CHROMIUM);
	struct deal far, near;
	struct sdpm_offer offer;

	REQUIRE(caller);
	REQUIRE(offer_first(&offer) == 0);
	REQUIRE(answer(&far, ANSWER("111 101", ACTIVE), &offer, NULL) == 0);
	sdpm_policy_init(&near.policy, SDPM_BROWSER);
	sdpm_policy_match(&near.policy, &far.choice);
	REQUIRE(sdpm_decide_offer(&near.choice, &near.verdict, caller,
				  &near.policy, NULL) == 0);
	CHECK_INT(codec_of(&near.choice)->codec, SDPM_OPUS);
	REQUIRE(event_of(&near.choice));
	CHECK_INT(event_of(&near.choice)->clock, 8000);

	REQUIRE(answer(&far, ANSWER("111", ACTIVE), &offer, NULL) == 0);
	sdpm_policy_match(&near.policy, &far.choice);
	REQUIRE(sdpm_decide_offer(&near.choice, &near.verdict, caller,
				  &near.policy, NULL) == 0);
	CHECK(!event_of(&near.choice));
	mem_deref(caller);
}

static void what_the_caller_lacks_is_not_offered_to_the_callee(void)
{
	struct sdpm_desc *caller =
		must_read(HEAD "m=audio 9 " TLS " 8\r\n"
			       "m=audio 0 " TLS " 0\r\n" SECURE);
	struct sdpm_policy policy;

	REQUIRE(caller);
	sdpm_policy_init(&policy, SDPM_BROWSER);
	sdpm_policy_limit(&policy, caller);
	CHECK_INT(policy.ncodecs, 1);
	CHECK_INT(policy.codecs[0], SDPM_PCMA);
	CHECK_INT(policy.event_clocks, 0);
	mem_deref(caller);
}

TEST_MAIN(TEST(opus_and_its_events_are_taken_from_chromium),
	  TEST(firefox_gets_events_at_8000_beside_opus),
	  TEST(safaris_audio_is_found_behind_video),
	  TEST(redundancy_is_taken_where_it_is_allowed),
	  TEST(the_verdict_tells_every_format),
	  TEST(our_order_of_codecs_decides),
	  TEST(preferring_what_is_not_allowed_changes_nothing),
	  TEST(events_are_refused_when_not_allowed),
	  TEST(direction_is_mirrored_within_policy),
	  TEST(offers_that_browsers_cannot_mean_are_refused),
	  TEST(audio_may_live_on_another_line),
	  TEST(audio_on_its_own_needs_no_carrier),
	  TEST(active_and_unsaid_setup_are_welcome),
	  TEST(we_begin_dtls_with_who_insists),
	  TEST(only_the_strongest_fingerprints_count),
	  TEST(the_second_audio_line_is_not_needed),
	  TEST(plain_rtp_says_where_to_send), TEST(rtcp_may_live_elsewhere),
	  TEST(address_zero_is_a_hold), TEST(rtcp_needs_a_unicast_address_too),
	  TEST(plain_rtp_needs_a_unicast_address),
	  TEST(a_repeated_offer_changes_nothing),
	  TEST(ice_restart_and_new_certificate_are_seen),
	  TEST(hold_and_resume_are_changes_of_direction),
	  TEST(m_lines_never_become_fewer),
	  TEST(the_line_in_use_is_kept_when_one_comes_before_it),
	  TEST(the_first_offer_has_all_we_know),
	  TEST(events_of_no_offered_clock_are_not_offered),
	  TEST(the_answerers_first_codec_and_numbers_count),
	  TEST(answers_that_do_not_fit_are_refused),
	  TEST(the_answers_direction_is_turned_round),
	  TEST(numbers_of_the_peers_offer_are_used_in_ours),
	  TEST(a_relayed_call_needs_no_transcoding),
	  TEST(events_stay_at_the_clock_that_both_legs_have),
	  TEST(what_the_caller_lacks_is_not_offered_to_the_callee))
