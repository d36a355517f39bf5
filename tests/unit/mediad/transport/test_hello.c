/*
 * test_hello.c  A ClientHello of DTLS, before OpenSSL has it
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "mediad/transport/hello.h"
#include "tests/lib/test.h"

enum {
	HDRS = 13 + 12,
	AT_RANDOM = HDRS + 2,
	AT_SESSION = AT_RANDOM + HELLO_RANDOM_LEN,
	REST = 8 /* suites, compressions */
};

static const uint8_t cookie[HELLO_COOKIE_LEN] = "the one that we sent";

/* Its length; of the whole one this is the first piece. */
static size_t make(uint8_t *pkt, uint8_t session, uint8_t ncookie)
{
	const size_t body =
		2 + HELLO_RANDOM_LEN + 1 + session + 1u + ncookie + REST;
	uint8_t *p = pkt + AT_SESSION;

	memset(pkt, 0, HDRS + body);
	memcpy(pkt, "\x16\xfe\xfd\0\0\1\2\3\4\5\6", 11);
	pkt[12] = (uint8_t)(12 + body);
	pkt[13] = 1;
	pkt[15] = 7; /* 1,792 bytes and some */
	pkt[24] = (uint8_t)body;
	memset(pkt + AT_RANDOM, 'r', HELLO_RANDOM_LEN);
	*p = session;
	p += 1 + session;
	*p++ = ncookie;
	memcpy(p, cookie, ncookie < sizeof(cookie) ? ncookie : sizeof(cookie));
	return HDRS + body;
}

static void its_first_piece_is_read(void)
{
	static const uint8_t sessions[] = {0, 32};
	struct hello hello;
	uint8_t pkt[256];

	for (unsigned i = 0; i < 2; i++) {
		size_t len = make(pkt, sessions[i], 0);

		CHECK(hello_is(pkt, len));
		REQUIRE(hello_read(&hello, pkt, len));
		CHECK(hello.random == pkt + AT_RANDOM);
		CHECK_INT(hello.cookie_len, 0);
		CHECK(!hello_brings(&hello, cookie));

		len = make(pkt, sessions[i], sizeof(cookie));
		REQUIRE(hello_read(&hello, pkt, len));
		CHECK(hello_brings(&hello, cookie));
		/* another record behind it is none of its */
		pkt[len] = 22;
		CHECK(hello_read(&hello, pkt, len + 1));
		pkt[len - REST - 1] ^= 1;
		CHECK(!hello_brings(&hello, cookie));
	}
}

static void what_is_cut_or_a_later_piece_is_not(void)
{
	struct hello hello;
	uint8_t pkt[256];
	const size_t len = make(pkt, 4, sizeof(cookie));
	const size_t read = len - REST - HDRS;

	for (size_t n = 0; n < len; n++)
		CHECK(!hello_read(&hello, pkt, n));
	/* a piece that ends before its cookie does */
	for (size_t n = 0; n <= len - HDRS; n++) {
		pkt[24] = (uint8_t)n;
		CHECK(hello_read(&hello, pkt, len) == (n >= read));
	}
	pkt[24] = (uint8_t)(len - HDRS + 1); /* more than its record */
	CHECK(!hello_read(&hello, pkt, len));
	make(pkt, 4, sizeof(cookie));
	pkt[21] = 1; /* it begins further back */
	CHECK(hello_is(pkt, len));
	CHECK(!hello_read(&hello, pkt, len));
	make(pkt, 33, sizeof(cookie)); /* no session has such an id */
	CHECK(!hello_read(&hello, pkt, sizeof(pkt)));
	make(pkt, 4, sizeof(cookie));
	pkt[4] = 1; /* sealed: it only looks like one */
	CHECK(!hello_read(&hello, pkt, len));
	make(pkt, 4, sizeof(cookie));
	pkt[13] = 2;
	CHECK(!hello_is(pkt, len));
	CHECK(!hello_read(&hello, pkt, len));
}

/* RFC 6347, 4.2.1. */
static void it_is_answered_with_less_than_it_is(void)
{
	uint8_t pkt[256], out[HELLO_VERIFY_LEN];
	const size_t len = make(pkt, 0, 0);

	CHECK(len > sizeof(out));
	/* whatever number it has: that one may be forged */
	hello_verify(out, cookie);
	CHECK(!memcmp(out, "\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x23", 13));
	CHECK(!memcmp(out + 13, "\3\0\0\x17\0\0\0\0\0\0\0\x17", 12));
	CHECK(!memcmp(out + 25, "\xfe\xff\x14", 3));
	CHECK(!memcmp(out + 28, cookie, sizeof(cookie)));
}

TEST_MAIN(TEST(its_first_piece_is_read),
	  TEST(what_is_cut_or_a_later_piece_is_not),
	  TEST(it_is_answered_with_less_than_it_is))
