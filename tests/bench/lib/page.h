/*
 * page.h  What a page with WebRTC, and a phone, say and hear in SDP
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_PAGE_H
#define TESTS_BENCH_LIB_PAGE_H

#include <stdbool.h>
#include <stdint.h>

struct mock_media;

enum {
	PAGE_SDP = 4096,
	PAGE_OPUS = 111 /* payload type */
};

enum page_says {
	PAGE_OFFER,
	PAGE_ANSWER,
	PAGE_OFFER_PCMA /* of a page without Opus: its call is relayed */
};
void page_sdp(const struct mock_media *media, enum page_says what,
	      char sdp[PAGE_SDP]);
/* Text with the other side's SDP in it: ICE and DTLS begin. Ends the program
 * when something is missing. */
void page_takes(struct mock_media *media, const char *sdp);

/* A phone's, either: plain RTP on 127.0.0.1, Opus or PCMA. */
struct page_phone {
	uint16_t rtp, rtcp;
	bool opus;
};
void page_phone_sdp(const struct page_phone *phone, char sdp[PAGE_SDP]);

#endif
