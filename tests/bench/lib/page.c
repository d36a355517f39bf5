/*
 * page.c  What a page with WebRTC, and a phone, say and hear in SDP
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/page.h"
#include "tests/lib/mock_media.h"

enum {
	VALUE_MAX = 400
};

void page_sdp(const struct mock_media *media, enum page_says what,
	      char sdp[PAGE_SDP])
{
	bool opus = what != PAGE_OFFER_PCMA;

	snprintf(sdp, PAGE_SDP,
		 "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\n"
		 "t=0 0\r\na=group:BUNDLE 0\r\n"
		 "m=audio %u UDP/TLS/RTP/SAVPF %s\r\n"
		 "c=IN IP4 127.0.0.1\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
		 "a=candidate:1 1 udp 2113937151 127.0.0.1 %u typ host\r\n"
		 "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=ice-options:trickle\r\n"
		 "a=fingerprint:%s\r\na=setup:%s\r\na=mid:0\r\na=sendrecv\r\n"
		 "a=rtcp-mux\r\n%sa=rtpmap:8 PCMA/8000\r\n"
		 "a=rtpmap:101 telephone-event/8000\r\n"
		 "a=ssrc:%u cname:page\r\n",
		 sa_port(mock_media_addr(media)),
		 opus ? "111 8 110 101" : "8 101",
		 sa_port(mock_media_addr(media)), mock_media_ufrag(media),
		 mock_media_pwd(media), mock_media_fingerprint(media),
		 what == PAGE_ANSWER ? "active" : "actpass",
		 opus ? "a=rtpmap:111 opus/48000/2\r\n"
			"a=fmtp:111 minptime=10;useinbandfec=1\r\n"
			"a=rtpmap:110 telephone-event/48000\r\n"
		      : "",
		 mock_media_ssrc(media));
}

static void line_of(const char *sdp, const char *start, char val[VALUE_MAX])
{
	const char *p = strstr(sdp, start);
	size_t n;

	if (!p)
		bench_die("SDP without %s: %s", start, sdp);
	p += strlen(start);
	n = strcspn(p, "\r\n");
	n = n < VALUE_MAX - 1 ? n : VALUE_MAX - 1;
	memcpy(val, p, n);
	val[n] = '\0';
}

void page_takes(struct mock_media *media, const char *sdp)
{
	char ufrag[VALUE_MAX], pwd[VALUE_MAX], fp[VALUE_MAX], cand[VALUE_MAX];
	struct mock_remote remote = {.ufrag = ufrag,
				     .pwd = pwd,
				     .fingerprint = fp};
	char ip[64] = "";
	unsigned port = 0;

	line_of(sdp, "a=ice-ufrag:", ufrag);
	line_of(sdp, "a=ice-pwd:", pwd);
	line_of(sdp, "a=fingerprint:", fp);
	line_of(sdp, "a=candidate:", cand);
	(void)sscanf(cand, "%*s %*s %*s %*s %63s %u", ip, &port);
	sa_set_str(&remote.addr, ip, (uint16_t)port);
	if (mock_media_connect(media, &remote))
		bench_die("a page cannot connect its media");
}

void page_phone_sdp(const struct page_phone *phone, char sdp[PAGE_SDP])
{
	snprintf(sdp, PAGE_SDP,
		 "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
		 "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		 "m=audio %u RTP/AVP %s\r\na=rtcp:%u\r\n"
		 "%sa=ptime:20\r\na=sendrecv\r\n",
		 phone->rtp, phone->opus ? "111 110" : "8 101", phone->rtcp,
		 phone->opus ? "a=rtpmap:111 opus/48000/2\r\n"
			       "a=rtpmap:110 telephone-event/48000\r\n"
			     : "a=rtpmap:8 PCMA/8000\r\n"
			       "a=rtpmap:101 telephone-event/8000\r\n");
}
