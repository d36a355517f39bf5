/*
 * talk_page.h  RTP of a page whose media is up, at little cost
 *
 * Libsrtp2 of Debian takes 0.8 to 2 us a packet, and with 400 calls most of
 * what the far ends have. ICE and DTLS stay the mock's; packets go by OpenSSL
 * and a connected socket. That both agree on every byte is for other tests.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_TALK_PAGE_H
#define TESTS_BENCH_LIB_TALK_PAGE_H

#include <stddef.h>
#include <stdint.h>

struct mock_media;
struct talk_page;

enum {
	TALK_PAGE_ROOM = 32 /* bytes that a packet may grow by */
};

/* media is ready, and outlives *pagep, which the caller owns. */
int talk_page_alloc(struct talk_page **pagep, const struct mock_media *media);
/* A packet in clear, with room; its SSRC is filled in. The sequence number
 * never wraps. */
void talk_page_send(struct talk_page *page, uint8_t *pkt, size_t len);
/* What came, into out of size bytes; its length, 0: it is not sound. */
size_t talk_page_open(struct talk_page *page, uint8_t *out, size_t size,
		      const uint8_t *pkt, size_t len);

#endif
