/*
 * test_sdp_video.c  Video between two legs: what both agree on
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>

#include "mediad/sdp/sdp_text.h"
#include "mediad/sdp/sdp_video_priv.h"
#include "tests/unit/mediad/sdp/offers.h"

#define TWCC_URI                                                  \
	"http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-" \
	"cc-extensions-01"
#define FB(pt)                                                       \
	"a=rtcp-fb:" pt " goog-remb\r\na=rtcp-fb:" pt                \
	" transport-cc\r\na=rtcp-fb:" pt " ccm fir\r\na=rtcp-fb:" pt \
	" nack\r\na=rtcp-fb:" pt " nack pli\r\n"
#define CAMERA                                                               \
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 106 98 45\r\n"            \
	"c=IN IP4 0.0.0.0\r\na=ice-ufrag:nWnq\r\n"                           \
	"a=ice-pwd:DTdCVj00s9nGkNgWra0P30A2\r\n"                             \
	"a=fingerprint:sha-256 " PRINT_A "\r\na=setup:actpass\r\na=mid:1\r\n" \
	"a=extmap:3 " TWCC_URI "\r\na=extmap:13 urn:3gpp:video-orientation"  \
	"\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"             \
	"a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"      \
	"a=sendrecv\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"                       \
	"a=rtpmap:96 VP8/90000\r\n" FB("96") "a=rtpmap:97 rtx/90000\r\n"     \
	"a=fmtp:97 apt=96\r\na=rtpmap:102 H264/90000\r\n" FB("102")          \
	"a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;"         \
	"profile-level-id=42001f\r\na=rtpmap:103 rtx/90000\r\n"              \
	"a=fmtp:103 apt=102\r\na=rtpmap:106 H264/90000\r\n" FB("106")        \
	"a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;"         \
	"profile-level-id=42e01f\r\na=rtpmap:98 VP9/90000\r\n" FB("98")      \
	"a=fmtp:98 profile-id=0\r\na=rtpmap:45 AV1/90000\r\n" FB("45")       \
	"a=rid:hi send\r\na=rid:lo send\r\na=simulcast:send hi;lo\r\n"       \
	"a=ssrc-group:FID 1111 2222\r\na=ssrc:1111 cname:c\r\n"              \
	"a=ssrc:2222 cname:c\r\n"
#define ANSWERING                                                  \
	"a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n" \
	"a=fingerprint:sha-256 " PRINT_A "\r\na=setup:active\r\n"
#define CHROMIUM_CAMERA                                   \
	HEAD "a=group:BUNDLE 0 1\r\n" CHROMIUM_AUDIO CAMERA
#define PBX_HEAD                                             \
	"v=0\r\no=pbx 1 1 IN IP4 192.0.2.10\r\ns=-\r\n"      \
	"c=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n" \
	"a=rtpmap:101 telephone-event/8000\r\n"

struct deal {
	enum sdpm_profile profile;
	struct sdpm_local local;
	struct sdpm_choice choice;
	struct sdpm_video video;
	bool agreed, has_video;
	struct sdpm_offer offer;
	struct sdpm_voffer voffer;
	struct mbuf *mb;
};

static void open_deal(struct deal *deal, enum sdpm_profile profile)
{
	memset(deal, 0, sizeof(*deal));
	deal->profile = profile;
	deal->mb = mbuf_alloc(4096);
	local_init(&deal->local);
}

static struct sdpm_vlocal ours(const struct deal *deal,
			       const struct sdpm_video *video)
{
	struct sdpm_vlocal vlocal = {.video = video, .ssrc = 4711};

	(void)deal;
	sa_set_str(&vlocal.addr, "203.0.113.5", 40002);
	return vlocal;
}

static const char *text_of(struct deal *deal)
{
	return mbuf_text(deal->mb);
}

/* The peer offers; what we answer. */
static const char *offered(struct deal *deal, const char *text,
			   const struct sdpm_vpolicy *want)
{
	struct sdpm_desc *desc = must_read(text);
	struct sdpm_verdict verdict;
	struct sdpm_choice next;
	struct sdpm_video video;
	struct sdpm_vlocal vlocal;

	if (!desc)
		return "";
	mbuf_reset(deal->mb);
	if (sdpm_decide_offer(&next, &verdict, desc, &want->line,
			      deal->agreed ? &deal->choice : NULL)) {
		mem_deref(desc);
		return "refused";
	}
	deal->has_video = sdpm_video_offered(
		&video, desc, &next, want,
		deal->has_video ? &deal->video : NULL);
	deal->choice = next;
	deal->agreed = true;
	deal->video = video;
	vlocal = ours(deal, &deal->video);
	CHECK_INT(sdpm_write_answer_video(deal->mb, &deal->local, &deal->choice,
					  deal->has_video ? &vlocal : NULL),
		  0);
	mem_deref(desc);
	return text_of(deal);
}

static const char *we_offer(struct deal *deal, const struct sdpm_vpolicy *want)
{
	struct sdpm_vlocal vlocal;
	bool video;

	mbuf_reset(deal->mb);
	CHECK_INT(sdpm_offer_make(&deal->offer, &want->line,
				  deal->agreed ? &deal->choice : NULL),
		  0);
	video = sdpm_video_offer(&deal->voffer, &deal->offer, want,
				 deal->has_video ? &deal->video : NULL);
	vlocal = ours(deal, &deal->voffer.video);
	CHECK_INT(sdpm_write_offer_video(deal->mb, &deal->local, &deal->offer,
					 video ? &vlocal : NULL),
		  0);
	return text_of(deal);
}

static bool answered(struct deal *deal, const char *text)
{
	struct sdpm_desc *desc = must_read(text);
	struct sdpm_verdict verdict;
	struct sdpm_choice next;

	if (!desc)
		return false;
	CHECK_INT(sdpm_decide_answer(&next, &verdict, desc, &deal->offer,
				     deal->agreed ? &deal->choice : NULL),
		  0);
	deal->choice = next;
	deal->agreed = true;
	deal->has_video = sdpm_video_answered(&deal->video, desc, &next,
					      &deal->voffer);
	mem_deref(desc);
	return deal->has_video;
}

static bool has(const char *text, const char *part)
{
	if (strstr(text, part))
		return true;
	printf("# no %s in\n%s\n", part, text);
	return false;
}

/* --- between browsers ---------------------------------------------------------- */

static void both_browsers_get_the_codec_that_the_called_one_prefers(void)
{
	struct sdpm_vpolicy want;
	struct deal a, b;
	struct sdpm_desc *desc = must_read(CHROMIUM_CAMERA);
	const char *text;

	REQUIRE(desc);
	open_deal(&a, SDPM_BROWSER);
	open_deal(&b, SDPM_BROWSER);
	sdpm_vpolicy_init(&want, SDPM_BROWSER);
	sdpm_vpolicy_like(&want, desc, SDPM_BROWSER);
	CHECK_INT(want.nformats, 5);
	CHECK_INT(want.feedback, SDPM_FB_ALL);
	text = we_offer(&b, &want);
	CHECK(has(text, "a=group:BUNDLE 0 v1\r\n"));
	CHECK(has(text, "m=video 40000 UDP/TLS/RTP/SAVPF 96 102 106 98 45"));
	CHECK(has(text, "profile-level-id=42e01f"));
	CHECK(has(text, "a=rtcp-fb:* nack pli\r\n"));
	CHECK(has(text, "a=extmap:1 " TWCC_URI));
	CHECK(!strstr(text, "rtx"));
	CHECK(!strstr(text, "sdes:mid"));

	/* Firefox' numbers, another first one */
	CHECK(answered(&b, HEAD
		       "a=group:BUNDLE 0 v1\r\n" SMALL_AUDIO ANSWERING
		       "m=video 9 UDP/TLS/RTP/SAVPF 126 120\r\n"
		       "c=IN IP4 0.0.0.0\r\na=mid:v1\r\na=rtcp-mux\r\n"
		       ANSWERING "a=rtpmap:126 H264/90000\r\n"
		       "a=fmtp:126 profile-level-id=42e014;"
		       "packetization-mode=1\r\na=rtpmap:120 VP8/90000\r\n"
		       "a=rtcp-fb:126 nack pli\r\na=rtcp-fb:126 goog-remb\r\n"
		       "a=ssrc:77 cname:x\r\n"));
	CHECK_INT(sdpm_video_format(&b.video)->codec, SDPM_H264);
	CHECK_INT(sdpm_video_format(&b.video)->tx_pt, 126);
	CHECK_INT(sdpm_video_format(&b.video)->rx_pt, 106);
	CHECK_INT(b.video.feedback, SDPM_FB_PLI | SDPM_FB_REMB);
	CHECK_INT(b.video.ext[SDPM_EXT_TWCC], 0);
	CHECK_INT(b.video.ssrc, 77);

	sdpm_vpolicy_init(&want, SDPM_BROWSER);
	sdpm_vpolicy_match(&want, &b.video);
	text = offered(&a, CHROMIUM_CAMERA, &want);
	CHECK(a.has_video);
	CHECK(has(text, "a=group:BUNDLE 0 1\r\n"));
	CHECK(has(text, "m=video 40000 UDP/TLS/RTP/SAVPF 106\r\na=mid:1\r\n"
			"a=sendrecv\r\n"));
	/* the level that the other one asked for */
	CHECK(has(text, "profile-level-id=42e014"));
	CHECK(has(text, "a=rtcp-fb:* nack\r\n"));
	CHECK(!strstr(text, "transport-cc"));
	CHECK(!strstr(text, TWCC_URI));
	CHECK(!strstr(text, "simulcast"));
	CHECK_INT(a.video.ssrc, 1111);
	CHECK(sdpm_video_sound(&a.video) && sdpm_video_sound(&b.video));
	mem_deref(a.mb);
	mem_deref(b.mb);
	mem_deref(desc);
}

static void without_a_wish_video_is_refused_and_audio_is_not(void)
{
	struct sdpm_vpolicy want;
	const char *text;
	struct deal a;

	open_deal(&a, SDPM_BROWSER);
	sdpm_vpolicy_init(&want, SDPM_BROWSER);
	text = offered(&a, CHROMIUM_CAMERA, &want);
	CHECK(!a.has_video);
	CHECK(has(text, "a=group:BUNDLE 0\r\n"));
	CHECK(has(text, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n"));
	mem_deref(a.mb);
}

static void video_in_front_is_no_mere_carrier_when_it_is_wanted(void)
{
	struct sdpm_vpolicy want;
	const char *text;
	struct deal a;

	open_deal(&a, SDPM_BROWSER);
	sdpm_vpolicy_init(&want, SDPM_BROWSER);
	sdpm_vpolicy_all(&want);
	want.formats[0] = want.formats[5]; /* as Safari has it below */
	memcpy(want.formats[0].profile, "\x42\0\x0a", 3);
	text = offered(&a, SAFARI, &want);
	CHECK(a.has_video);
	CHECK(has(text, "a=group:BUNDLE 0 1\r\n"));
	CHECK(has(text, "m=video 40000 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n"
			"a=sendonly\r\n"));
	CHECK(has(text, "m=application 0 "));
	mem_deref(a.mb);
}

static void each_m_line_is_refused_for_its_own_faults(void)
{
	static const struct {
		const char *from, *to;
	} faults[] = {
		{"a=group:BUNDLE 0 1", "a=group:BUNDLE 0"},
		{"m=video 9 ", "m=video 0 "},
		{"SAVPF 96 97 102 103 106 98 45", "SAVPF 97 103"},
		{"m=video 9 UDP/TLS/RTP/SAVPF", "m=video 9 UDP/DTLS/SCTP"},
	};

	for (size_t i = 0; i < COUNTOF(faults); i++) {
		static char text[16384];
		struct sdpm_vpolicy want;
		const char *at = strstr(CHROMIUM_CAMERA, faults[i].from);
		struct deal a;

		REQUIRE(at);
		snprintf(text, sizeof(text), "%.*s%s%s",
			 (int)(at - CHROMIUM_CAMERA), CHROMIUM_CAMERA,
			 faults[i].to, at + strlen(faults[i].from));
		open_deal(&a, SDPM_BROWSER);
		sdpm_vpolicy_init(&want, SDPM_BROWSER);
		sdpm_vpolicy_all(&want);
		CHECK(has(offered(&a, text, &want), "m=video 0 "));
		CHECK(!a.has_video);
		mem_deref(a.mb);
	}
}

static void video_comes_goes_and_comes_again(void)
{
	struct sdpm_vpolicy want, none;
	struct deal a;

	open_deal(&a, SDPM_BROWSER);
	sdpm_vpolicy_init(&want, SDPM_BROWSER);
	sdpm_vpolicy_all(&want);
	sdpm_vpolicy_init(&none, SDPM_BROWSER);
	CHECK(has(offered(&a, CHROMIUM, &none), "m=audio 40000 "));
	/* the other side has a camera now */
	CHECK(has(we_offer(&a, &want), "a=group:BUNDLE 0 v1\r\n"));
	CHECK_INT(a.offer.layout.nlines, 2);
	CHECK(!strstr(text_of(&a), "SAVPF 111 103 "));
	/* which is refused; the next time it is another m-line in its place */
	CHECK(!answered(&a, HEAD "a=group:BUNDLE 0\r\n" SMALL_AUDIO ANSWERING
				 "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"
				 "a=mid:v1\r\n"));
	CHECK(has(we_offer(&a, &want), "a=group:BUNDLE 0 v2\r\n"));
	CHECK_INT(a.offer.layout.nlines, 2);
	/* and when nobody has one any more, it is refused */
	CHECK(has(we_offer(&a, &none), "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"));
	mem_deref(a.mb);
}

/* --- phones ------------------------------------------------------------------------ */

static void a_phone_is_offered_what_the_browser_has(void)
{
	struct sdpm_desc *desc = must_read(CHROMIUM_CAMERA);
	struct sdpm_vpolicy want;
	struct deal b;

	REQUIRE(desc);
	open_deal(&b, SDPM_RTP);
	sdpm_vpolicy_init(&want, SDPM_RTP);
	sdpm_vpolicy_like(&want, desc, SDPM_BROWSER);
	CHECK(has(we_offer(&b, &want), "m=video 40002 RTP/AVP 96 102 106 98 45"
				       "\r\n"));
	CHECK(!strstr(text_of(&b), "BUNDLE"));
	CHECK(answered(&b, PBX_HEAD "m=video 4002 RTP/AVP 97\r\n"
				    "a=rtpmap:97 H264/90000\r\n"
				    "a=fmtp:97 profile-level-id=42801e;"
				    "packetization-mode=1\r\n"
				    "a=rtcp-fb:* ccm fir\r\na=sendonly\r\n"));
	CHECK_INT(sdpm_video_format(&b.video)->rx_pt, 102);
	CHECK_INT(sdpm_video_format(&b.video)->tx_pt, 97);
	CHECK_INT(b.video.feedback, SDPM_FB_FIR);
	CHECK_INT(b.video.dir, SDPM_RECVONLY);
	CHECK_INT(sa_port(&b.video.rtp), 4002);
	CHECK_INT(sa_port(&b.video.rtcp), 4003);
	mem_deref(b.mb);
	mem_deref(desc);
}

#define DTLS_HEAD                                                       \
	"v=0\r\no=pbx 1 1 IN IP4 192.0.2.10\r\ns=-\r\n"                   \
	"c=IN IP4 192.0.2.10\r\nt=0 0\r\n"                               \
	"m=audio 4000 UDP/TLS/RTP/SAVP 8\r\na=rtcp-mux\r\n"              \
	"a=fingerprint:sha-256 " PRINT_A "\r\na=setup:active\r\n"
#define DTLS_CAMERA(print, setup)                                     \
	"m=video 4002 UDP/TLS/RTP/SAVP 96\r\na=rtpmap:96 VP8/90000\r\n" \
	"a=fingerprint:sha-256 " print "\r\na=setup:" setup "\r\n"

/* Each m-line has an association of its own, and they share a certificate. */
static void a_phones_video_has_an_association_of_its_own(void)
{
	static const struct {
		const char *answer;
		bool agreed, client, mux;
	} cases[] = {
		{DTLS_HEAD DTLS_CAMERA(PRINT_A, "active"), true, false, false},
		{DTLS_HEAD DTLS_CAMERA(PRINT_A, "passive") "a=rtcp-mux\r\n",
		 true, true, true},
		{DTLS_HEAD DTLS_CAMERA(PRINT_B, "active"), false, false, false},
		{DTLS_HEAD DTLS_CAMERA(PRINT_A, "actpass"), false, false, false},
		{DTLS_HEAD "m=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n",
		 false, false, false},
	};
	struct sdpm_desc *desc = must_read(CHROMIUM_CAMERA);

	REQUIRE(desc);
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct sdpm_vpolicy want;
		const char *line;
		struct deal b;

		open_deal(&b, SDPM_DTLS);
		sdpm_vpolicy_init(&want, SDPM_DTLS);
		sdpm_vpolicy_like(&want, desc, SDPM_BROWSER);
		line = strstr(we_offer(&b, &want), "m=video 40002 "
						   "UDP/TLS/RTP/SAVP ");
		REQUIRE(line);
		CHECK(strstr(line, "a=setup:actpass\r\n"));
		CHECK(strstr(line, "a=fingerprint:sha-256 "));
		CHECK(strstr(line, "a=rtcp-mux\r\n"));
		CHECK(!strstr(line, "a=tls-id:"));
		CHECK_INT(answered(&b, cases[i].answer), cases[i].agreed);
		if (cases[i].agreed) {
			CHECK(b.video.dtls);
			CHECK_INT(b.video.client, cases[i].client);
			CHECK_INT(b.video.mux, cases[i].mux);
			CHECK(!b.video.anew);
		}
		mem_deref(b.mb);
	}
	mem_deref(desc);
}

static void a_phone_that_has_something_else_gets_audio(void)
{
	static const char *const lines[] = {
		"m=video 4002 RTP/AVP 34\r\n",
		"m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n",
		"m=video 4002 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n"
		"a=fmtp:97 profile-level-id=64001f;packetization-mode=1\r\n",
		"m=video 4002 RTP/SAVP 96\r\na=rtpmap:96 VP8/90000\r\n",
	};
	struct sdpm_desc *desc = must_read(CHROMIUM_CAMERA);

	REQUIRE(desc);
	for (size_t i = 0; i < COUNTOF(lines); i++) {
		struct sdpm_vpolicy want;
		char text[1024];
		struct deal b;

		open_deal(&b, SDPM_RTP);
		sdpm_vpolicy_init(&want, SDPM_RTP);
		sdpm_vpolicy_like(&want, desc, SDPM_BROWSER);
		(void)we_offer(&b, &want);
		snprintf(text, sizeof(text), "%s%s", PBX_HEAD, lines[i]);
		CHECK(!answered(&b, text));
		CHECK(b.agreed);
		mem_deref(b.mb);
	}
	mem_deref(desc);
}

static void a_camera_that_is_covered_is_heard_of(void)
{
	struct sdpm_vpolicy want;
	struct deal b;

	open_deal(&b, SDPM_RTP);
	sdpm_vpolicy_init(&want, SDPM_RTP);
	sdpm_vpolicy_all(&want);
	CHECK(has(offered(&b,
			  PBX_HEAD "m=video 4002 RTP/AVPF 96\r\n"
				   "a=rtpmap:96 VP8/90000\r\n",
			  &want),
		  "m=video 40002 RTP/AVPF 96\r\na=sendrecv\r\n"));
	want.line.dir = SDPM_RECVONLY;
	CHECK(has(offered(&b,
			  PBX_HEAD "m=video 4002 RTP/AVPF 96\r\n"
				   "c=IN IP4 0.0.0.0\r\n"
				   "a=rtpmap:96 VP8/90000\r\n",
			  &want),
		  "m=video 40002 RTP/AVPF 96\r\na=recvonly\r\n"));
	CHECK_INT(b.video.theirs, SDPM_SENDONLY);
	CHECK(!sa_isset(&b.video.rtp, SA_ADDR));
	mem_deref(b.mb);
}

/* --- formats ------------------------------------------------------------------------ */

static bool same(const char *a, const char *b)
{
	struct sdpm_format one = {.clock = 90000, .pt = 96}, two = one;
	struct sdpm_vformat x, y;
	const char *sa = strchr(a, ' '), *sb = strchr(b, ' ');

	one.name = (struct pl){a, (size_t)(sa - a)};
	two.name = (struct pl){b, (size_t)(sb - b)};
	pl_set_str(&one.fmtp, sa + 1);
	pl_set_str(&two.fmtp, sb + 1);
	return sdpm_vformat_read(&x, &one) && sdpm_vformat_read(&y, &two) &&
	       sdpm_vformat_same(&x, &y);
}

/* One that would bundle: it has two ports of us, and is told so by an answer
 * without a group (RFC 9143, 7.3.2). */
static void video_of_a_phone_is_not_bundled(void)
{
	struct sdpm_vpolicy want;
	struct deal b;
	const char *text;

	open_deal(&b, SDPM_RTP);
	sdpm_vpolicy_init(&want, SDPM_RTP);
	sdpm_vpolicy_all(&want);
	text = offered(&b, "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\n"
			     "c=IN IP4 192.0.2.10\r\nt=0 0\r\n"
			     "a=group:BUNDLE a v\r\nm=audio 4000 RTP/AVP 8\r\n"
			     "a=mid:a\r\na=rtcp-mux\r\n"
			     "m=video 4002 RTP/AVP 96\r\n"
			     "a=mid:v\r\na=rtpmap:96 VP8/90000\r\n",
			 &want);
	CHECK(!strstr(text, "a=group:"));
	/* RFC 5761, 5.1.1: not for a line that did not offer it */
	CHECK(!strstr(strstr(text, "m=video"), "a=rtcp-mux"));
	CHECK(has(text, "m=audio 40000 RTP/AVP 8\r\n"));
	CHECK(has(text, "m=video 40002 RTP/AVP 96\r\n"));
	/* and no group of ours either */
	CHECK(!strstr(we_offer(&b, &want), "a=group:"));
	mem_deref(b.mb);
}

#define PBX_BUNDLE(proto, video)                                          \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\n"                     \
	"c=IN IP4 192.0.2.10\r\nt=0 0\r\na=group:BUNDLE a v\r\n"          \
	"m=audio 4000 " proto " 8\r\na=mid:a\r\na=rtcp-mux\r\n"           \
	"a=fingerprint:sha-256 " PRINT_A "\r\na=setup:actpass\r\n"        \
	"m=video 0 " video " 96\r\na=mid:v\r\na=bundle-only\r\n"          \
	"a=rtpmap:96 VP8/90000\r\n"

/* It lives on audio's port or not at all, and a telephone's has none there:
 * refused, it is not offered to the other side either. */
static void bundle_only_video_of_a_phone_is_refused(void)
{
	static const struct {
		enum sdpm_profile profile;
		const char *text;
	} cases[] = {
		{SDPM_RTP, PBX_BUNDLE("RTP/AVP", "RTP/AVP")},
		{SDPM_RTP, PBX_BUNDLE("RTP/AVP", "UDP/TLS/RTP/SAVPF")},
		{SDPM_OSRTP, PBX_BUNDLE("RTP/AVP", "RTP/AVP")},
		{SDPM_DTLS, PBX_BUNDLE("UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVP")},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct sdpm_desc *desc = must_read(cases[i].text);
		struct sdpm_vpolicy want;
		const char *text;
		struct deal b;

		REQUIRE(desc);
		open_deal(&b, cases[i].profile);
		sdpm_vpolicy_init(&want, cases[i].profile);
		sdpm_vpolicy_all(&want);
		text = offered(&b, cases[i].text, &want);
		CHECK(has(text, "m=audio 40000 "));
		CHECK(has(text, "m=video 0 "));
		CHECK(!strstr(text, "a=group:"));
		CHECK(!b.has_video);
		sdpm_vpolicy_init(&want, SDPM_BROWSER);
		sdpm_vpolicy_like(&want, desc, cases[i].profile);
		CHECK_INT(want.nformats, 0);
		CHECK_INT(sdpm_video_said(desc, cases[i].profile),
			  SDPM_INACTIVE);
		mem_deref(b.mb);
		mem_deref(desc);
	}
}

/* A page's is taken, when it is one of SRTP. */
static void bundle_only_video_of_a_page_is_taken(void)
{
	static const char *const protos[] = {"UDP/TLS/RTP/SAVPF",
					     "RTP/AVP"};

	for (size_t i = 0; i < COUNTOF(protos); i++) {
		struct sdpm_vpolicy want;
		char text[4096];
		struct deal a;

		snprintf(text, sizeof(text),
			 HEAD "a=group:BUNDLE 0 1\r\n" SMALL_AUDIO ANSWERING
			      "m=video 0 %s 96\r\na=mid:1\r\n"
			      "a=bundle-only\r\na=rtpmap:96 VP8/90000\r\n",
			 protos[i]);
		open_deal(&a, SDPM_BROWSER);
		sdpm_vpolicy_init(&want, SDPM_BROWSER);
		sdpm_vpolicy_all(&want);
		CHECK(has(offered(&a, text, &want),
			  i ? "m=video 0 " : "m=video 40000 "));
		CHECK_INT(a.has_video, !i);
		mem_deref(a.mb);
	}
}

static void formats_are_the_same_when_one_decodes_the_other(void)
{
	CHECK(same("VP8 ", "vp8 max-fr=30"));
	CHECK(same("VP9 ", "VP9 profile-id=0"));
	CHECK(!same("VP9 ", "VP9 profile-id=2"));
	CHECK(same("AV1 ", "AV1 level-idx=5;profile=0;tier=0"));
	CHECK(same("H264 profile-level-id=42001f;packetization-mode=1",
		   "H264 packetization-mode=1; profile-level-id=428014"));
	CHECK(same("H264 profile-level-id=42e01f", "H264 "
		   "profile-level-id=42C00d;packetization-mode=0"));
	CHECK(same("H264 profile-level-id=42e01f", "H264 "
		   "profile-level-id=4d801f"));
	CHECK(!same("H264 profile-level-id=42e01f", "H264 "
		    "profile-level-id=42001f"));
	CHECK(!same("H264 profile-level-id=42e01f", "H264 "
		    "profile-level-id=42e01f;packetization-mode=1"));
	CHECK(!same("H264 profile-level-id=64001f", "H264 "
		    "profile-level-id=640c1f"));
	CHECK(same("H264 ", "H264 profile-level-id=42000a"));
	CHECK(!same("H264 profile-level-id=42e0", "H264 "
		    "profile-level-id=42e0"));
	CHECK(!same("H264 packetization-mode=2", "H264 packetization-mode=2"));
	CHECK(!same("VP9 profile-id=9", "VP9 profile-id=9"));
	CHECK(!same("rtx apt=96", "rtx apt=96"));
}

/* --- offers of others ------------------------------------------------------------------ */

/* What is common to two legs never needs to be transcoded: same format, at
 * numbers that both know. */
static void suite_file(const char *name, enum sdpm_profile profile)
{
	static char text[SDPM_TEXT_MAX];
	struct sdpm_vpolicy want;
	char full[256];
	const char *path;
	struct deal a, b;
	size_t len;
	FILE *file;
	struct sdpm_desc *desc = NULL;

	snprintf(full, sizeof(full), "sdp/%s", name);
	path = test_suite_path(full);
	file = path ? fopen(path, "rb") : NULL;
	if (!file)
		return;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	desc = must_read(text);
	REQUIRE(desc);
	open_deal(&a, SDPM_BROWSER);
	open_deal(&b, profile);
	sdpm_vpolicy_init(&want, profile);
	sdpm_vpolicy_like(&want, desc, SDPM_BROWSER);
	(void)we_offer(&b, &want);
	/* what we offer to one is what the same one could answer */
	for (unsigned i = 0; i < b.voffer.video.noffered; i++) {
		sdpm_vpolicy_init(&want, SDPM_BROWSER);
		b.voffer.video.chosen = (uint8_t)i;
		sdpm_vpolicy_match(&want, &b.voffer.video);
		a.has_video = a.agreed = false;
		CHECK(!strstr(offered(&a, text, &want), "m=video 0"));
		CHECK(a.has_video);
		CHECK(sdpm_vformat_same(
			sdpm_video_format(&a.video),
			sdpm_video_format(&b.voffer.video)));
	}
	CHECK(b.voffer.video.noffered > 0);
	mem_deref(desc);
	mem_deref(a.mb);
	mem_deref(b.mb);
}

static void video_of_real_browsers_is_agreed_on(void)
{
	static const char *const names[] = {
		"ex_webrtc/chromium_audio_video_sdp.txt",
		"ex_webrtc/firefox_audio_video_sdp.txt",
		"kvs-webrtc-sdk-c/1v1a1d-safari-mac.sdp",
	};

	if (!test_suite_path("sdp")) {
		test_skip("suites/sdp is not here");
		return;
	}
	for (size_t i = 0; i < COUNTOF(names); i++) {
		suite_file(names[i], SDPM_BROWSER);
		suite_file(names[i], SDPM_RTP);
	}
}

TEST_MAIN(TEST(video_of_a_phone_is_not_bundled),
	  TEST(bundle_only_video_of_a_phone_is_refused),
	  TEST(bundle_only_video_of_a_page_is_taken),
	  TEST(both_browsers_get_the_codec_that_the_called_one_prefers),
	  TEST(without_a_wish_video_is_refused_and_audio_is_not),
	  TEST(video_in_front_is_no_mere_carrier_when_it_is_wanted),
	  TEST(each_m_line_is_refused_for_its_own_faults),
	  TEST(video_comes_goes_and_comes_again),
	  TEST(a_phone_is_offered_what_the_browser_has),
	  TEST(a_phones_video_has_an_association_of_its_own),
	  TEST(a_phone_that_has_something_else_gets_audio),
	  TEST(a_camera_that_is_covered_is_heard_of),
	  TEST(formats_are_the_same_when_one_decodes_the_other),
	  TEST(video_of_real_browsers_is_agreed_on))
