/*
 * test_classify.c  What a datagram is, by its first bytes
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/transport/classify.h"
#include "tests/lib/test.h"

static enum classify first_byte(uint8_t first)
{
	uint8_t pkt[32] = {first};

	return classify_packet(pkt, sizeof(pkt));
}

static void every_first_byte_has_its_kind(void)
{
	for (unsigned i = 0; i < 256; i++) {
		enum classify want = CLASSIFY_OTHER;

		if (i <= 3)
			want = CLASSIFY_STUN;
		else if (i >= 20 && i <= 63)
			want = CLASSIFY_DTLS;
		else if (i >= 128 && i <= 191)
			want = CLASSIFY_RTP;
		CHECK_INT(first_byte((uint8_t)i), want);
	}
}

static void rtcp_is_told_from_rtp_by_its_type(void)
{
	for (unsigned i = 0; i < 256; i++) {
		uint8_t pkt[12] = {0x80, (uint8_t)i};

		CHECK_INT(classify_packet(pkt, sizeof(pkt)),
			  i >= 192 && i <= 223 ? CLASSIFY_RTCP : CLASSIFY_RTP);
	}
}

static void shorter_than_its_header_is_nothing(void)
{
	uint8_t pkt[32] = {0};

	CHECK_INT(classify_packet(pkt, 0), CLASSIFY_OTHER);
	CHECK_INT(classify_packet(pkt, 19), CLASSIFY_OTHER);
	CHECK_INT(classify_packet(pkt, 20), CLASSIFY_STUN);
	pkt[0] = 22;
	CHECK_INT(classify_packet(pkt, 12), CLASSIFY_OTHER);
	CHECK_INT(classify_packet(pkt, 13), CLASSIFY_DTLS);
	pkt[0] = 0x80;
	CHECK_INT(classify_packet(pkt, 11), CLASSIFY_OTHER);
	CHECK_INT(classify_packet(pkt, 12), CLASSIFY_RTP);
	pkt[1] = 200;
	CHECK_INT(classify_packet(pkt, 7), CLASSIFY_OTHER);
	CHECK_INT(classify_packet(pkt, 8), CLASSIFY_RTCP);
}

static void every_kind_has_a_name(void)
{
	CHECK_STR(classify_name(CLASSIFY_DTLS), "dtls");
	CHECK_STR(classify_name(CLASSIFY_N), "?");
}

TEST_MAIN(TEST(every_first_byte_has_its_kind),
	  TEST(rtcp_is_told_from_rtp_by_its_type),
	  TEST(shorter_than_its_header_is_nothing), TEST(every_kind_has_a_name))
