/*
 * test_lb_header.c  PROXY protocol: which headers are read, which are none
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/transport/lb_header.h"
#include "tests/lib/test.h"

#define SIG     "\r\n\r\n\0\r\nQUIT\n"
#define B(text) text, sizeof(text) - 1

static void headers_are_read(void)
{
	static const struct {
		const char *data;
		size_t len;
		const char *remote; /* NULL: not told */
	} cases[] = {
		{B("PROXY TCP4 192.0.2.1 198.51.100.9 51234 443\r\n"),
		 "192.0.2.1:51234"},
		{B("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535"
		   "\r\n"),
		 "255.255.255.255:65535"},
		{B("PROXY TCP6 2001:db8::1 2001:db8::2 1 0\r\n"),
		 "[2001:db8::1]:1"},
		{B("PROXY UNKNOWN\r\n"), NULL},
		{B("PROXY UNKNOWN ffff:f...f:ffff whatever 1 2\r\n"), NULL},
		{B(SIG
		   "\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\x09\xc8\x22\1\xbb"),
		 "192.0.2.1:51234"},
		/* two TLVs behind the addresses */
		{B(SIG "\x21\x11\0\x16\xc0\0\2\1\xc6\x33\x64\x09\xc8\x22\1\xbb"
		       "\1\0\2h2\4\0\2\0\0"),
		 "192.0.2.1:51234"},
		{B(SIG "\x21\x21\0\x24"
		       "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
		       "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\0\1\0\2"),
		 "[2001:db8::1]:1"},
		/* IPv4 at a balancer that listens on both (RFC 4291 2.5.5.2) */
		{B("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.9 51234 443"
		   "\r\n"),
		 "192.0.2.1:51234"},
		{B(SIG "\x21\x21\0\x24"
		       "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1"
		       "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\x09\xc8\x22"
		       "\1\xbb"),
		 "192.0.2.1:51234"},
		/* LOCAL: whatever stands there is passed over */
		{B(SIG "\x20\0\0\0"), NULL},
		{B(SIG "\x20\x11\0\x0c\1\2\3\4\5\6\7\x08\x09\1\2\3"), NULL},
		{B(SIG "\x20\xff\0\1\1"), NULL},
		{B(SIG "\x21\0\0\3abc"), NULL}, /* unspecified */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t buf[300];
		struct lb_header header;
		char text[64] = "";

		/* what follows is not ours */
		memcpy(buf, cases[i].data, cases[i].len);
		memset(buf + cases[i].len, '\n', sizeof(buf) - cases[i].len);
		CHECK_INT(lb_header_decode(&header, buf, sizeof(buf)), 0);
		CHECK_INT(header.used, cases[i].len);
		CHECK_INT(header.known, cases[i].remote != NULL);
		if (header.known)
			re_snprintf(text, sizeof(text), "%J", &header.remote);
		CHECK_STR(text, cases[i].remote ? cases[i].remote : "");
		for (size_t len = 0; len < cases[i].len; len++)
			CHECK_INT(lb_header_decode(&header, buf, len), EAGAIN);
	}
}

static void what_is_none_is_known_at_once(void)
{
	static const struct {
		const char *data;
		size_t len;
	} cases[] = {
		{B("G")},
		{B("\x16\3\1")},
		{B("PROXYTCP4")},
		{B("proxy ")},
		{B("PROXY \r\n")},
		{B("PROXY TCP4\r\n")},
		{B("PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n")},
		{B("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n")},
		{B("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n")},
		{B("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n")},
		{B("PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n")},
		{B("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n")},
		{B("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n")},
		{B("PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n")},
		{B("PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n")},
		{B("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n")},
		{B("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n")},
		{B("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n")},
		{B("PROXY TCP6 fe80::1%eth0 2001:db8::2 1 2\r\n")},
		{B("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n")},
		{B("PROXY TCP6 :: 2001:db8::1 1 2\r\n")},
		{B(SIG "\x21\x11\0\x0c\0\0\0\0abcdefgh")},
		{B(SIG "\x31")},
		{B(SIG "\x22")},
		{B(SIG "\x21\x11\0\x0b"
		       "abcdefghijk")},
		{B(SIG "\x21\x21\0\x0c"
		       "abcdefghijkl")},
		{B(SIG "\x21\x12\0\x0c"
		       "abcdefghijkl")}, /* datagrams */
		{B(SIG "\x21\x77\0\0")},
		{B(SIG "\x20\0\x08\0")}, /* longer than we read */
	};
	struct lb_header header;
	char line[200];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_INT(lb_header_decode(&header,
					   (const uint8_t *)cases[i].data,
					   cases[i].len),
			  EBADMSG);
	memset(line, 'x', sizeof(line));
	memcpy(line, "PROXY UNKNOWN ", 14);
	CHECK_INT(lb_header_decode(&header, (uint8_t *)line, 106), EAGAIN);
	CHECK_INT(lb_header_decode(&header, (uint8_t *)line, 107), EBADMSG);
	memcpy(line + 105, "\r\n", 2);
	CHECK_INT(lb_header_decode(&header, (uint8_t *)line, 107), 0);
}

TEST_MAIN(TEST(headers_are_read), TEST(what_is_none_is_known_at_once))
