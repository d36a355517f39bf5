/*
 * test_pkt.c  The strict view of RTP headers
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/rtp/pkt.h"
#include "tests/lib/test.h"

static const uint8_t PLAIN[] = {0x80, 0xef, 0x12, 0x34, 1,    2,   3,
				4,    0xca, 0xfe, 0xba, 0xbe, 'a', 'b'};

static void plain_header_is_read_and_written_alike(void)
{
	uint8_t out[PKT_HDR];
	struct pkt pkt;

	REQUIRE(pkt_read(&pkt, PLAIN, sizeof(PLAIN)) == 0);
	CHECK(pkt.marker);
	CHECK_INT(pkt.pt, 0x6f);
	CHECK_INT(pkt.seq, 0x1234);
	CHECK_INT(pkt.ts, 0x01020304);
	CHECK_INT(pkt.ssrc, 0xcafebabe);
	CHECK_INT(pkt.hdr, 12);
	CHECK_INT(pkt.paylen, 2);
	pkt_write(out, &pkt);
	CHECK(!memcmp(out, PLAIN, sizeof(out)));
}

static void empty_payload_is_legal(void)
{
	struct pkt pkt;

	REQUIRE(pkt_read(&pkt, PLAIN, PKT_HDR) == 0);
	CHECK_INT(pkt.paylen, 0);
}

static void csrcs_and_extension_belong_to_the_header(void)
{
	uint8_t buf[12 + 8 + 4 + 8 + 3] = {0x92};
	struct pkt pkt;

	buf[12 + 8 + 3] = 2; /* words of extension */
	REQUIRE(pkt_read(&pkt, buf, sizeof(buf)) == 0);
	CHECK_INT(pkt.hdr, 12 + 8 + 4 + 8);
	CHECK_INT(pkt.paylen, 3);
	/* cut anywhere in the header, it is no packet */
	for (size_t len = 0; len < 12 + 8 + 4 + 8; len++)
		CHECK_INT(pkt_read(&pkt, buf, len), EBADMSG);
}

static void extension_without_words_is_legal(void)
{
	uint8_t buf[16] = {0x90};
	struct pkt pkt;

	REQUIRE(pkt_read(&pkt, buf, sizeof(buf)) == 0);
	CHECK_INT(pkt.hdr, 16);
}

static void extension_longer_than_the_packet_is_refused(void)
{
	uint8_t buf[20] = {0x90};
	struct pkt pkt;

	buf[14] = 0xff;
	buf[15] = 0xff;
	CHECK_INT(pkt_read(&pkt, buf, sizeof(buf)), EBADMSG);
	buf[14] = 0;
	buf[15] = 2;
	CHECK_INT(pkt_read(&pkt, buf, sizeof(buf)), EBADMSG);
	buf[15] = 1;
	CHECK_INT(pkt_read(&pkt, buf, sizeof(buf)), 0);
}

static void padding_is_taken_off_and_checked(void)
{
	uint8_t buf[20] = {0xa0};
	struct pkt pkt;

	CHECK_INT(pkt_read(&pkt, buf, sizeof(buf)), EBADMSG); /* of 0 */
	buf[19] = 3;
	REQUIRE(pkt_read(&pkt, buf, sizeof(buf)) == 0);
	CHECK_INT(pkt.paylen, 5);
	buf[19] = 8;
	REQUIRE(pkt_read(&pkt, buf, sizeof(buf)) == 0);
	CHECK_INT(pkt.paylen, 0);
	buf[19] = 9;
	CHECK_INT(pkt_read(&pkt, buf, sizeof(buf)), EBADMSG);
	/* padding said, but nothing behind the header */
	CHECK_INT(pkt_read(&pkt, buf, PKT_HDR), EBADMSG);
}

static void other_versions_are_refused(void)
{
	uint8_t buf[12] = {0x80};
	struct pkt pkt;

	for (unsigned v = 0; v < 4; v++) {
		buf[0] = (uint8_t)(v << 6);
		CHECK_INT(pkt_read(&pkt, buf, sizeof(buf)),
			  v == 2 ? 0 : EBADMSG);
	}
}

static void more_than_the_largest_packet_is_refused(void)
{
	static uint8_t buf[PKT_MAX + 1] = {0x80};
	struct pkt pkt;

	CHECK_INT(pkt_read(&pkt, buf, PKT_MAX), 0);
	CHECK_INT(pkt_read(&pkt, buf, PKT_MAX + 1), EMSGSIZE);
}

TEST_MAIN(TEST(plain_header_is_read_and_written_alike),
	  TEST(empty_payload_is_legal),
	  TEST(csrcs_and_extension_belong_to_the_header),
	  TEST(extension_without_words_is_legal),
	  TEST(extension_longer_than_the_packet_is_refused),
	  TEST(padding_is_taken_off_and_checked),
	  TEST(other_versions_are_refused),
	  TEST(more_than_the_largest_packet_is_refused))
