/*
 * test_sdp_write.c  Session descriptions of ours: choice or offer to text
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>

#include "tests/unit/mediad/sdp/offers.h"

/* Our answer to an offer; NULL when memory failed. */
static struct mbuf *answer_to(const char *text, struct sdpm_choice *choice,
			      struct sdpm_local *local,
			      const struct sdpm_choice *prev)
{
	struct sdpm_desc *desc = must_read(text);
	struct mbuf *mb = mbuf_alloc(2048);
	struct sdpm_verdict verdict;
	struct sdpm_policy policy;
	int err = ENOMEM;

	sdpm_policy_init(&policy, SDPM_BROWSER);
	if (desc && mb)
		err = sdpm_decide_offer(choice, &verdict, desc, &policy, prev);
	if (!err)
		err = sdpm_write_answer(mb, local, choice);

	mem_deref(desc);
	return err ? mem_deref(mb) : mb;
}

static struct mbuf *offer_text(const struct sdpm_policy *policy,
			       struct sdpm_offer *offer,
			       struct sdpm_local *local,
			       const struct sdpm_choice *prev)
{
	struct mbuf *mb = mbuf_alloc(2048);

	if (!mb || sdpm_offer_make(offer, policy, prev) ||
	    sdpm_write_offer(mb, local, offer))
		return mem_deref(mb);

	return mb;
}

static void the_answer_to_chromium_is_this(void)
{
	static const char want[] =
		"v=0\r\n"
		"o=- 1234567890123456789 1 IN IP4 203.0.113.5\r\n"
		"s=-\r\n"
		"c=IN IP4 203.0.113.5\r\n"
		"t=0 0\r\n"
		"a=ice-lite\r\n"
		"a=group:BUNDLE 0\r\n"
		"m=audio 40000 UDP/TLS/RTP/SAVPF 111 110\r\n"
		"a=mid:0\r\n"
		"a=sendrecv\r\n"
		"a=rtpmap:111 opus/48000/2\r\n"
		"a=fmtp:111 minptime=10;useinbandfec=1\r\n"
		"a=rtpmap:110 telephone-event/48000\r\n"
		"a=fmtp:110 0-15\r\n"
		"a=ptime:20\r\n"
		"a=rtcp-mux\r\n"
		"a=fingerprint:sha-256 "
		"00:07:0E:15:1C:23:2A:31:38:3F:46:4D:54:5B:62:69:"
		"70:77:7E:85:8C:93:9A:A1:A8:AF:B6:BD:C4:CB:D2:D9\r\n"
		"a=setup:passive\r\n"
		"a=ice-ufrag:CbUf\r\n"
		"a=ice-pwd:CbPwCbPwCbPwCbPwCbPwCbPw\r\n"
		"a=candidate:1 1 udp 2130706431 203.0.113.5 40000 typ host"
		"\r\n"
		"a=end-of-candidates\r\n"
		"a=msid:ms0123456789 ms0123456789\r\n"
		"a=ssrc:305419896 cname:cn0123456789\r\n"
		"a=ssrc:305419896 msid:ms0123456789 ms0123456789\r\n";
	struct sdpm_choice choice;
	struct sdpm_local local;
	struct mbuf *mb;

	local_init(&local);
	mb = answer_to(CHROMIUM, &choice, &local, NULL);
	REQUIRE(mb);
	CHECK_STR(mbuf_text(mb), want);
	mem_deref(mb);
}

static void refused_lines_keep_their_places(void)
{
	struct sdpm_choice choice;
	struct sdpm_local local;
	struct mbuf *mb;
	const char *text;

	local_init(&local);
	mb = answer_to(SAFARI, &choice, &local, NULL);
	REQUIRE(mb);
	text = mbuf_text(mb);
	/* the first carries the bundle: refused, Chromium would not have the
	 * second one either */
	CHECK(strstr(text, "a=group:BUNDLE 0 1\r\n"
			   "m=video 40000 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n"
			   "a=inactive\r\na=rtpmap:96 H264/90000\r\n"
			   "a=rtcp-mux\r\na=fingerprint:"));
	CHECK(strstr(text, "a=end-of-candidates\r\n"
			   "m=audio 40000 UDP/TLS/RTP/SAVPF 111 110\r\n"
			   "a=mid:1\r\n"));
	CHECK(strstr(text, "m=application 0 UDP/DTLS/SCTP "
			   "webrtc-datachannel\r\na=mid:2\r\n"));
	CHECK(mb->end < 1500);
	mem_deref(mb);
}

/* The order is that of the session: so it stays when we offer. */
static void our_offer_keeps_the_carrier(void)
{
	struct sdpm_policy policy;
	struct sdpm_choice choice;
	struct sdpm_offer offer;
	struct sdpm_local local;
	struct mbuf *mb;
	const char *text;

	local_init(&local);
	mb = answer_to(SAFARI, &choice, &local, NULL);
	REQUIRE(mb);
	mem_deref(mb);
	sdpm_policy_init(&policy, SDPM_BROWSER);
	mb = offer_text(&policy, &offer, &local, &choice);
	REQUIRE(mb);
	text = mbuf_text(mb);
	CHECK(strstr(text, "a=group:BUNDLE 0 1\r\n"
			   "m=video 40000 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n"
			   "a=inactive\r\na=rtpmap:96 H264/90000\r\n"));
	mem_deref(mb);
}

static void without_mid_and_bundle_neither_is_written(void)
{
	struct sdpm_choice choice;
	struct sdpm_local local;
	struct mbuf *mb;

	local_init(&local);
	mb = answer_to(HEAD
		       "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtcp-mux\r\n" SECURE,
		       &choice, &local, NULL);
	REQUIRE(mb);
	CHECK(!strstr(mbuf_text(mb), "a=mid"));
	CHECK(!strstr(mbuf_text(mb), "BUNDLE"));
	mem_deref(mb);
}

/* RFC 8842 5.3 */
static void tls_id_is_answered_only_to_who_said_one(void)
{
	struct sdpm_choice choice;
	struct sdpm_local local;
	struct mbuf *mb;

	local_init(&local);
	mb = answer_to(HEAD SMALL_AUDIO SECURE
		       "a=tls-id:abcdefghijklmnopqrst\r\n",
		       &choice, &local, NULL);
	REQUIRE(mb);
	CHECK(strstr(mbuf_text(mb), "a=tls-id:0123456789abcdef01234567\r\n"));
	mem_deref(mb);
}

/* With hosts of its own, of which there is one. */
static void hosts_init(struct sdpm_local *local, struct sdpm_hosts *hosts)
{
	local_init(local);
	hosts->n = 1;
	hosts->host[0] = local->hosts[0];
	local->hosts = hosts->host;
}

/* RFC 6544 4.2, 4.5 */
static void those_of_tcp_are_below_all_of_udp(void)
{
	struct sdpm_choice choice;
	struct sdpm_hosts hosts;
	struct sdpm_local local;
	struct mbuf *mb;
	struct sa addr;

	hosts_init(&local, &hosts);
	sa_set_str(&addr, "203.0.113.5", 443);
	CHECK_INT(sdpm_host_add_tcp(&hosts, &addr), 0);
	local.nhosts = hosts.n;
	mb = answer_to(CHROMIUM, &choice, &local, NULL);
	REQUIRE(mb);
	CHECK(strstr(mbuf_text(mb), "a=candidate:2 1 tcp 1520434943 "
				    "203.0.113.5 443 typ host tcptype passive"
				    "\r\na=end-of-candidates"));
	CHECK(strstr(mbuf_text(mb), "m=audio 40000 "));
	mem_deref(mb);
	CHECK(hosts.host[0].priority > hosts.host[1].priority);

	while (hosts.n < 2 * SDPM_HOSTS_MAX)
		CHECK_INT(sdpm_host_add_tcp(&hosts, &addr), 0);
	CHECK_INT(sdpm_host_add_tcp(&hosts, &addr), ENOSPC);
	CHECK_INT(sdpm_host_add(&hosts, &addr), ENOSPC);
}

static void several_hosts_descend_in_priority(void)
{
	struct sdpm_choice choice;
	struct sdpm_hosts hosts;
	struct sdpm_local local;
	struct mbuf *mb;
	struct sa addr;

	hosts_init(&local, &hosts);
	sa_set_str(&addr, "2001:db8::5", 40001);
	CHECK_INT(sdpm_host_add(&hosts, &addr), 0);
	local.nhosts = hosts.n;
	mb = answer_to(CHROMIUM, &choice, &local, NULL);
	REQUIRE(mb);
	CHECK(strstr(mbuf_text(mb), "a=candidate:2 1 udp 2130706175 "
				    "2001:db8::5 40001 typ host\r\n"));
	mem_deref(mb);

	while (hosts.n < SDPM_HOSTS_MAX)
		CHECK_INT(sdpm_host_add(&hosts, &addr), 0);
	CHECK_INT(sdpm_host_add(&hosts, &addr), ENOSPC);
}

static void no_host_no_description(void)
{
	struct sdpm_policy policy;
	struct sdpm_offer offer;
	struct sdpm_local local;
	struct mbuf *mb = mbuf_alloc(64);

	REQUIRE(mb);
	local_init(&local);
	local.nhosts = 0;
	sdpm_policy_init(&policy, SDPM_BROWSER);
	REQUIRE(sdpm_offer_make(&offer, &policy, NULL) == 0);
	CHECK_INT(sdpm_write_offer(mb, &local, &offer), EINVAL);
	CHECK_INT(mb->end, 0);
	mem_deref(mb);
}

/* RFC 3264 8: the version counts descriptions that differ, and only them. */
static void the_version_grows_only_with_a_change(void)
{
	struct sdpm_choice first, again;
	struct sdpm_local local;
	struct mbuf *one, *two, *three;

	local_init(&local);
	one = answer_to(CHROMIUM, &first, &local, NULL);
	two = answer_to(CHROMIUM, &again, &local, &first);
	REQUIRE(one && two);
	CHECK_INT(local.version, 1);
	CHECK_STR(mbuf_text(two), mbuf_text(one));

	str_ncpy(local.ufrag, "CbU2", sizeof(local.ufrag));
	three = answer_to(CHROMIUM, &first, &local, &again);
	REQUIRE(three);
	CHECK_INT(local.version, 2);
	CHECK(strstr(mbuf_text(three), " 2 IN IP4 203.0.113.5\r\n"));
	mem_deref(one);
	mem_deref(two);
	mem_deref(three);
}

static void offers_leave_the_role_open_and_demand_mux(void)
{
	struct sdpm_policy policy;
	struct sdpm_offer offer;
	struct sdpm_local local;
	struct mbuf *mb;
	const char *text;

	local_init(&local);
	sdpm_policy_init(&policy, SDPM_BROWSER);
	policy.dir = SDPM_SENDONLY;
	mb = offer_text(&policy, &offer, &local, NULL);
	REQUIRE(mb);
	text = mbuf_text(mb);
	CHECK(strstr(text, "m=audio 40000 UDP/TLS/RTP/SAVPF 111 0 8 110 101"));
	CHECK(strstr(text, "a=setup:actpass\r\n"));
	CHECK(strstr(text, "a=rtcp-mux\r\na=rtcp-mux-only\r\n"));
	CHECK(strstr(text, "a=tls-id:"));
	CHECK(strstr(text, "a=sendonly\r\n"));
	CHECK(strstr(text, "a=ice-lite\r\n"));
	CHECK(strstr(text, "a=group:BUNDLE 0\r\n"));
	CHECK(mb->end < 1500);
	mem_deref(mb);
}

static void plain_rtp_is_written_plainly(void)
{
	static const char want[] =
		"v=0\r\no=- 1234567890123456789 1 IN IP4 203.0.113.5\r\n"
		"s=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\n"
		"m=audio 40000 RTP/AVP 0 8 101\r\na=sendrecv\r\n"
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
		"a=ptime:20\r\n";
	struct sdpm_policy policy;
	struct sdpm_offer offer;
	struct sdpm_local local;
	struct mbuf *mb;

	local_init(&local);
	sdpm_policy_init(&policy, SDPM_RTP);
	policy.codecs[0] = SDPM_PCMU;
	policy.codecs[1] = SDPM_PCMA;
	policy.codecs[2] = SDPM_EVENT;
	policy.ncodecs = 3;
	mb = offer_text(&policy, &offer, &local, NULL);
	REQUIRE(mb);
	CHECK_STR(mbuf_text(mb), want);
	mem_deref(mb);
}

static void all_opus_wishes_are_written(void)
{
	struct sdpm_policy policy;
	struct sdpm_offer offer;
	struct sdpm_local local;
	struct mbuf *mb;

	local_init(&local);
	sdpm_policy_init(&policy, SDPM_BROWSER);
	policy.opus = (struct sdpm_opus){.max_playback_rate = 16000,
					 .max_bitrate = 24000,
					 .min_ptime = 20,
					 .stereo = true,
					 .dtx = true,
					 .cbr = true};
	mb = offer_text(&policy, &offer, &local, NULL);
	REQUIRE(mb);
	CHECK(strstr(mbuf_text(mb),
		     "a=fmtp:111 minptime=20;useinbandfec=0;stereo=1;"
		     "usedtx=1;cbr=1;maxplaybackrate=16000;"
		     "maxaveragebitrate=24000\r\n"));
	mem_deref(mb);
}

/*
 * Property: an offer of ours, with any policy, is read by ourselves, and is
 * agreed on with the codec that we put first, whoever is ICE-lite.
 */
static void what_we_offer_we_would_agree_to(void)
{
	struct sdpm_policy policy;
	struct sdpm_offer offer;
	struct sdpm_local local;

	for (unsigned bits = 1; bits < 8; bits++) {
		struct sdpm_desc *desc;
		struct sdpm_verdict verdict;
		struct sdpm_choice choice;
		struct mbuf *mb;

		local_init(&local);
		sdpm_policy_init(&policy, SDPM_BROWSER);
		policy.ncodecs = 0;
		for (unsigned i = 0; i < 3; i++) {
			if (bits & 1u << i)
				policy.codecs[policy.ncodecs++] =
					(enum sdpm_codec)(SDPM_OPUS + i);
		}
		policy.codecs[policy.ncodecs++] = SDPM_EVENT;
		mb = offer_text(&policy, &offer, &local, NULL);
		REQUIRE(mb);
		desc = must_read(mbuf_text(mb));
		REQUIRE(desc);
		CHECK_INT(sdpm_decide_offer(&choice, &verdict, desc, &policy,
					    NULL),
			  0);
		CHECK(desc->ice_lite);
		desc->ice_lite = false;
		CHECK_INT(sdpm_decide_offer(&choice, &verdict, desc, &policy,
					    NULL),
			  0);
		CHECK_INT(choice.maps[choice.codec].codec, policy.codecs[0]);
		CHECK(choice.event >= 0);
		CHECK_STR(choice.peer.tls_id, local.tls_id);
		CHECK(!memcmp(choice.peer.prints[0].bytes, local.print.bytes,
			      32));
		mem_deref(desc);
		mem_deref(mb);
	}
}

/*
 * Property: whatever was agreed, our next offer has the same lines in the
 * same order with the same mids, one of them on, and the same transport.
 */
static void our_next_offer_keeps_the_layout(void)
{
	static const char *const offers[] = {CHROMIUM, FIREFOX, SAFARI};

	for (size_t i = 0; i < COUNTOF(offers); i++) {
		struct sdpm_choice choice;
		struct sdpm_local local;
		struct sdpm_policy policy;
		struct sdpm_offer offer;
		struct sdpm_desc *before, *after;
		struct mbuf *answer, *mb;

		local_init(&local);
		sdpm_policy_init(&policy, SDPM_BROWSER);
		answer = answer_to(offers[i], &choice, &local, NULL);
		REQUIRE(answer);
		mb = offer_text(&policy, &offer, &local, &choice);
		REQUIRE(mb);
		before = must_read(mbuf_text(answer));
		after = must_read(mbuf_text(mb));
		REQUIRE(before && after);
		REQUIRE(before->nmedia == after->nmedia);
		CHECK(!pl_cmp(&before->origin.id, &after->origin.id));
		CHECK(pl_u32(&after->origin.version) ==
		      pl_u32(&before->origin.version) + 1);
		for (size_t k = 0; k < after->nmedia; k++) {
			struct sdpm_media *x = &before->media[k];
			struct sdpm_media *y = &after->media[k];

			CHECK_INT(x->kind, y->kind);
			CHECK(!pl_cmp(&x->mid, &y->mid));
			CHECK_INT(x->port, y->port);
			CHECK(!pl_cmp(&x->transport.ufrag,
				      &y->transport.ufrag));
		}
		CHECK(pl_cmp(&after->media[choice.layout.audio].mid, &pl_null));
		mem_deref(before);
		mem_deref(after);
		mem_deref(answer);
		mem_deref(mb);
	}
}

static void writing_survives_lack_of_memory(void)
{
	struct sdpm_choice choice;
	struct sdpm_local local;
	struct mbuf *mb;

	local_init(&local);
	mb = answer_to(CHROMIUM, &choice, &local, NULL);
	CHECK(mb != NULL);
	mem_deref(mb);
}

TEST_MAIN(TEST(the_answer_to_chromium_is_this),
	  TEST(refused_lines_keep_their_places),
	  TEST(our_offer_keeps_the_carrier),
	  TEST(without_mid_and_bundle_neither_is_written),
	  TEST(tls_id_is_answered_only_to_who_said_one),
	  TEST(several_hosts_descend_in_priority),
	  TEST(those_of_tcp_are_below_all_of_udp), TEST(no_host_no_description),
	  TEST(the_version_grows_only_with_a_change),
	  TEST(offers_leave_the_role_open_and_demand_mux),
	  TEST(plain_rtp_is_written_plainly), TEST(all_opus_wishes_are_written),
	  TEST(what_we_offer_we_would_agree_to),
	  TEST(our_next_offer_keeps_the_layout),
	  TEST_OOM(writing_survives_lack_of_memory))
