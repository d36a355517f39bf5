/*
 * offers.h  Offers as browsers write them, and helpers of the SDP tests
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_UNIT_MEDIAD_SDP_OFFERS_H
#define TESTS_UNIT_MEDIAD_SDP_OFFERS_H

#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/sdp/sdp_read.h"
#include "mediad/sdp/sdp_write.h"
#include "tests/lib/test.h"

#define PRINT_A                                            \
	"A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:" \
	"B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF"
#define PRINT_B                                            \
	"C0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:" \
	"B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF"

#define HEAD "v=0\r\no=- 71697211263271 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"

/* The way Chromium offers a microphone. */
#define CHROMIUM_AUDIO                                                    \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\n"         \
	"c=IN IP4 0.0.0.0\r\n"                                            \
	"a=rtcp:9 IN IP4 0.0.0.0\r\n"                                     \
	"a=candidate:1467250027 1 udp 2122260223 "                        \
	"3f1a7e66-65c1-4b8e-9d0f-0a8b6a3f8f3b.local 46243 typ host "      \
	"generation 0 network-id 1\r\n"                                   \
	"a=candidate:3 1 udp 1686052607 198.51.100.77 46243 typ srflx "   \
	"raddr 0.0.0.0 rport 0 generation 0\r\n"                          \
	"a=candidate:4 1 tcp 1518280447 192.0.2.7 9 typ host "            \
	"tcptype active generation 0\r\n"                                 \
	"a=ice-ufrag:nWnq\r\na=ice-pwd:DTdCVj00s9nGkNgWra0P30A2\r\n"      \
	"a=ice-options:trickle\r\n"                                       \
	"a=fingerprint:sha-256 " PRINT_A "\r\n"                           \
	"a=setup:actpass\r\na=mid:0\r\n"                                  \
	"a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"      \
	"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"              \
	"a=sendrecv\r\na=msid:- 06574f1e-f4bf-4b6d-b66c-3493cd7ab50f\r\n" \
	"a=rtcp-mux\r\n"                                                  \
	"a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n"     \
	"a=fmtp:111 minptime=10;useinbandfec=1\r\n"                       \
	"a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"                \
	"a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\n"                \
	"a=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\n"                 \
	"a=rtpmap:110 telephone-event/48000\r\n"                          \
	"a=rtpmap:126 telephone-event/8000\r\n"                           \
	"a=ssrc:3262661846 cname:yFbnkIWTHwPXy6MO\r\n"                    \
	"a=ssrc:3262661846 msid:- 06574f1e-f4bf-4b6d-b66c-3493cd7ab50f\r\n"

#define CHROMIUM                                            \
	HEAD "a=group:BUNDLE 0\r\na=extmap-allow-mixed\r\n" \
	     "a=msid-semantic: WMS\r\n" CHROMIUM_AUDIO

/* The way Firefox does: fingerprint in the session, pwd before ufrag. */
#define FIREFOX                                                           \
	"v=0\r\n"                                                         \
	"o=mozilla...THIS_IS_SDPARTA-99.0 4408209549129620304 0 "         \
	"IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=sendrecv\r\n"                \
	"a=fingerprint:sha-256 " PRINT_A "\r\n"                           \
	"a=group:BUNDLE 0\r\na=ice-options:trickle\r\n"                   \
	"a=msid-semantic:WMS *\r\n"                                       \
	"m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101\r\n"                   \
	"c=IN IP4 0.0.0.0\r\na=sendrecv\r\n"                              \
	"a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level" \
	"\r\n"                                                            \
	"a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1\r\n"    \
	"a=fmtp:101 0-15\r\n"                                             \
	"a=ice-pwd:59efe498b762e472067fa5e134df8722\r\n"                  \
	"a=ice-ufrag:6c0579ea\r\na=mid:0\r\n"                             \
	"a=msid:- {ba72adfe-d5b5-42bd-bf15-e8fcdcbb2ee1}\r\n"             \
	"a=rtcp-mux\r\na=rtpmap:109 opus/48000/2\r\n"                     \
	"a=rtpmap:9 G722/8000/1\r\na=rtpmap:0 PCMU/8000\r\n"              \
	"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000/1\r\n" \
	"a=setup:actpass\r\n"                                             \
	"a=ssrc:3772375965 cname:{b11da7a1-56f4-4fc1-a969-6d82236f494d}\r\n"

/* The way Safari does with camera and data: video first. */
#define SAFARI                                                                \
	HEAD "a=group:BUNDLE 0 1 2\r\na=msid-semantic: WMS\r\n"               \
	     "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\n"      \
	     "a=ice-ufrag:tPim\r\na=ice-pwd:Jcd6kb0MxzrIFwHHgNzy2fkO\r\n"     \
	     "a=fingerprint:sha-256 " PRINT_A "\r\na=setup:actpass\r\n"       \
	     "a=mid:0\r\na=recvonly\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"        \
	     "a=rtpmap:96 H264/90000\r\na=rtpmap:97 rtx/90000\r\n"            \
	     "a=fmtp:97 apt=96\r\n"                                           \
	     "m=audio 9 UDP/TLS/RTP/SAVPF 111 103 0 8 110 113 126\r\n"        \
	     "c=IN IP4 0.0.0.0\r\n"                                           \
	     "a=ice-ufrag:tPim\r\na=ice-pwd:Jcd6kb0MxzrIFwHHgNzy2fkO\r\n"     \
	     "a=fingerprint:sha-256 " PRINT_A "\r\na=setup:actpass\r\n"       \
	     "a=mid:1\r\na=sendrecv\r\na=rtcp-mux\r\n"                        \
	     "a=rtpmap:111 opus/48000/2\r\n"                                  \
	     "a=fmtp:111 minptime=10;useinbandfec=1\r\n"                      \
	     "a=rtpmap:103 ISAC/16000\r\na=rtpmap:0 PCMU/8000\r\n"            \
	     "a=rtpmap:8 PCMA/8000\r\na=rtpmap:110 telephone-event/48000\r\n" \
	     "a=rtpmap:113 telephone-event/16000\r\n"                         \
	     "a=rtpmap:126 telephone-event/8000\r\n"                          \
	     "a=ssrc:2805193976 cname:7QoBnlnTDjko/niB\r\n"                   \
	     "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"           \
	     "c=IN IP4 0.0.0.0\r\n"                                           \
	     "a=ice-ufrag:tPim\r\na=ice-pwd:Jcd6kb0MxzrIFwHHgNzy2fkO\r\n"     \
	     "a=fingerprint:sha-256 " PRINT_A "\r\na=setup:actpass\r\n"       \
	     "a=mid:2\r\na=sctp-port:5000\r\n"

/* Small enough to vary. */
#define SMALL_AUDIO                                                 \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\n" \
	"a=mid:0\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
#define SECURE                                                     \
	"a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n" \
	"a=fingerprint:sha-256 " PRINT_A "\r\na=setup:actpass\r\n"

/* The description, or NULL and a failed check. Freed by the caller. */
static inline struct sdpm_desc *must_read(const char *text)
{
	struct sdpm_desc *desc = NULL;
	struct sdpm_error error;

	if (sdpm_read(&desc, text, strlen(text), &error) && !test_oom_hit())
		test_check_str(error.why, "", text, __FILE__, __LINE__);

	return desc;
}

/* Who we are in the tests. */
static inline void local_init(struct sdpm_local *local)
{
	static struct sdpm_hosts hosts;
	struct sa addr;

	memset(local, 0, sizeof(*local));
	local->sess_id = 1234567890123456789u;
	local->ssrc = 305419896;
	str_ncpy(local->ufrag, "CbUf", sizeof(local->ufrag));
	str_ncpy(local->pwd, "CbPwCbPwCbPwCbPwCbPwCbPw", sizeof(local->pwd));
	str_ncpy(local->tls_id, "0123456789abcdef01234567",
		 sizeof(local->tls_id));
	str_ncpy(local->cname, "cn0123456789", sizeof(local->cname));
	str_ncpy(local->msid, "ms0123456789", sizeof(local->msid));
	local->print.hash = SDPM_SHA256;
	local->print.len = 32;
	for (size_t i = 0; i < 32; i++)
		local->print.bytes[i] = (uint8_t)(i * 7);

	sa_set_str(&addr, "203.0.113.5", 40000);
	hosts.n = 0;
	(void)sdpm_host_add(&hosts, &addr);
	local->nhosts = hosts.n;
	local->hosts = hosts.host;
}

/* Text of mb with a 0 behind it, from start. */
static inline const char *mbuf_text(struct mbuf *mb)
{
	mbuf_write_u8(mb, 0);
	--mb->end;
	mb->pos = mb->end;
	return (const char *)mb->buf;
}

#endif
