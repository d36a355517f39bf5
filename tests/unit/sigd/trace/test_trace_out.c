/*
 * test_trace_out.c  Traces for others: HEP packets and capture files
 *
 * Both are read here by the words of their specifications; kamailio reads HEP
 * and tshark the files in tests/system/trace.test.mjs.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/trace/trace_hep.h"
#include "sigd/trace/trace_pcap.h"
#include "tests/lib/test.h"

static struct trace_msg sample(const char *local, const char *remote, bool out)
{
	struct trace_msg msg = {.us = 1763700000123456ull,
				.out = out,
				.kind = FLOW_TLS};

	if (local)
		(void)sa_set_str(&msg.local, local, 5061);
	(void)sa_set_str(&msg.remote, remote, 40000);
	pl_set_str(&msg.text, "BYE sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\n");
	return msg;
}

/* The value of this chunk, and its length; NULL: there is none. */
static const uint8_t *chunk(const struct mbuf *mb, uint16_t type, size_t *len)
{
	const uint8_t *p = mb->buf + 6, *end = mb->buf + mb->end;

	while (p + 6 <= end) {
		size_t n = (size_t)(p[4] << 8 | p[5]);

		if (n < 6 || p + n > end || p[0] || p[1])
			return NULL;
		if ((p[2] << 8 | p[3]) == type) {
			*len = n - 6;
			return p + 6;
		}
		p += n;
	}
	return NULL;
}

static void is_chunk(const struct mbuf *mb, uint16_t type, const void *want,
		     size_t want_len)
{
	size_t len = 0;
	const uint8_t *value = chunk(mb, type, &len);

	CHECK(value && len == want_len && !memcmp(value, want, len));
}

static void a_hep_packet_says_what_went_where(void)
{
	const struct trace_hep_agent agent = {2001, "key"};
	const struct trace_msg out = sample("192.0.2.1", "192.0.2.9", true);
	struct mbuf *mb = mbuf_alloc(16);
	const struct pl id = PL("1");

	CHECK(!trace_hep_write(mb, &agent, &out, &id));
	CHECK(!memcmp(mb->buf, "HEP3", 4));
	CHECK_INT(mb->buf[4] << 8 | mb->buf[5], mb->end);
	is_chunk(mb, 1, "\x02", 1);
	is_chunk(mb, 2, "\x06", 1);
	is_chunk(mb, 3, "\xc0\0\2\1", 4);
	is_chunk(mb, 4, "\xc0\0\2\x09", 4);
	is_chunk(mb, 7, "\x13\xc5", 2);
	is_chunk(mb, 8, "\x9c\x40", 2);
	is_chunk(mb, 9, "\x69\x1f\xed\x20", 4);
	is_chunk(mb, 10, "\x00\x01\xe2\x40", 4);
	is_chunk(mb, 11, "\x01", 1);
	is_chunk(mb, 12, "\0\0\x07\xd1", 4);
	is_chunk(mb, 14, "key", 3);
	is_chunk(mb, 15, out.text.p, out.text.l);
	is_chunk(mb, 17, "1", 1);
	mem_deref(mb);
}

static void what_comes_has_the_addresses_the_other_way_round(void)
{
	const struct trace_hep_agent agent = {1, NULL};
	const struct trace_msg in = sample(NULL, "2001:db8::9", false);
	struct mbuf *mb = mbuf_alloc(16);
	const struct pl none = PL("");
	static const uint8_t zero[16];
	size_t len;

	CHECK(!trace_hep_write(mb, &agent, &in, &none));
	is_chunk(mb, 1, "\x0a", 1);
	is_chunk(mb, 5, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09", 16);
	is_chunk(mb, 6, zero, 16);
	is_chunk(mb, 7, "\x9c\x40", 2);
	CHECK(!chunk(mb, 14, &len));
	CHECK(!chunk(mb, 17, &len));
	mem_deref(mb);
}

static void what_fits_no_packet_is_not_begun(void)
{
	const struct trace_hep_agent agent = {1, NULL};
	struct trace_msg msg = sample(NULL, "192.0.2.9", false);
	char *text = mem_zalloc(65530, NULL);
	struct mbuf *mb = mbuf_alloc(16);
	const struct pl none = PL("");

	msg.text = (struct pl){text, 65530};
	CHECK_INT(trace_hep_write(mb, &agent, &msg, &none), EINVAL);
	CHECK_INT(mb->end, 0);
	sa_init(&msg.remote, AF_UNSPEC);
	CHECK_INT(trace_hep_write(mb, &agent, &msg, &none), EINVAL);
	mem_deref(mb);
	mem_deref(text);
}

static void a_capture_file_has_packets_with_right_sums(void)
{
	const struct trace_msg out = sample("192.0.2.1", "192.0.2.9", true);
	const struct trace_msg in = sample("2001:db8::1", "2001:db8::9", false);
	struct mbuf *mb = mbuf_alloc(16);
	uint32_t sum = 0, size;
	const uint8_t *p;

	CHECK(!trace_pcap_begin(mb));
	CHECK_INT(mb->end, 24);
	CHECK(!trace_pcap_write(mb, &out));
	CHECK(!trace_pcap_write(mb, &in));
	p = mb->buf + 24 + 16;
	for (unsigned i = 0; i < 20; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	CHECK_INT((sum & 0xffff) + (sum >> 16), 0xffff); /* RFC 1071 */
	memcpy(&size, mb->buf + 24 + 8, sizeof(size));
	CHECK_INT(size, 20 + 8 + out.text.l);
	CHECK_INT(p[2] << 8 | p[3], size);
	CHECK_INT(p[20] << 8 | p[21], 5060); /* ours, as if in clear */
	CHECK_INT(p[22] << 8 | p[23], 40000);
	CHECK(!memcmp(p + 28, out.text.p, out.text.l));
	p += size + 16;
	CHECK_INT(p[0] >> 4, 6);
	CHECK_INT(p[40] << 8 | p[41], 40000);
	CHECK_INT(p[42] << 8 | p[43], 5060);
	CHECK_INT(p + 48 + in.text.l - mb->buf, mb->end);
	mem_deref(mb);
}

TEST_MAIN(TEST(a_hep_packet_says_what_went_where),
	  TEST(what_comes_has_the_addresses_the_other_way_round),
	  TEST(what_fits_no_packet_is_not_begun),
	  TEST(a_capture_file_has_packets_with_right_sums))
