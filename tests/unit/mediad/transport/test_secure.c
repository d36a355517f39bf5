/*
 * test_secure.c  SRTP by signalled keys: MKI, changes of key, replay
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/transport/secure.h"
#include "tests/lib/test.h"

static const enum crypt_suite suites[] = {CRYPT_AES_CM_128_SHA1_80,
					  CRYPT_AES_CM_128_SHA1_32,
					  CRYPT_AES_256_CM_SHA1_80,
					  CRYPT_AES_256_CM_SHA1_32,
					  CRYPT_AEAD_AES_128_GCM,
					  CRYPT_AEAD_AES_256_GCM};

static void keys_make(struct secure_keys *keys, enum crypt_suite suite)
{
	memset(keys, 0, sizeof(*keys));
	keys->suite = suite;
	rand_bytes(keys->rx, sizeof(keys->rx));
	rand_bytes(keys->tx, sizeof(keys->tx));
}

/* As the far side has them. */
static struct secure_keys mirror(const struct secure_keys *keys)
{
	struct secure_keys far = *keys;

	memcpy(far.rx, keys->tx, sizeof(far.rx));
	memcpy(far.tx, keys->rx, sizeof(far.tx));
	far.mki_len = 0;
	far.base = 0;
	return far;
}

struct packet {
	uint8_t buf[256];
	size_t len;
};

static void rtp_make(struct packet *packet, uint16_t seq)
{
	memset(packet, 0, sizeof(*packet));
	packet->len = 52;
	packet->buf[0] = 0x80;
	packet->buf[2] = (uint8_t)(seq >> 8);
	packet->buf[3] = (uint8_t)seq;
	memset(packet->buf + 12, 0xab, 40);
}

static void report_make(struct packet *packet)
{
	memset(packet, 0, sizeof(*packet));
	packet->len = 28;
	packet->buf[0] = 0x80;
	packet->buf[1] = 200;
}

static int opened(struct secure *s, const struct packet *packet, bool rtcp,
		  uint64_t now_ms)
{
	struct packet copy = *packet;
	struct path_packet out = {.pkt = copy.buf,
				  .len = copy.len,
				  .cap = sizeof(copy.buf),
				  .now_ms = now_ms};
	bool is_new;
	int err = secure_open(s, &out, rtcp, &is_new);

	if (!err && !rtcp)
		CHECK(out.len == 52 && out.pkt[12] == 0xab &&
		      out.pkt[51] == 0xab);
	if (!err && rtcp)
		CHECK_INT(out.len, 28);
	return err;
}

/* Put an MKI where RFC 3711 and RFC 7714 want it. */
static void mki_put(struct packet *packet, enum crypt_suite suite, bool rtcp,
		    const uint8_t *mki, size_t len)
{
	size_t tag = rtcp ? crypt_rtcp_end(suite) : crypt_tag_len(suite);

	if (!crypt_rtcp_end(suite))
		tag = 0;
	memmove(packet->buf + packet->len - tag + len,
		packet->buf + packet->len - tag, tag);
	memcpy(packet->buf + packet->len - tag, mki, len);
	packet->len += len;
}

static void an_mki_is_taken_off(void)
{
	static const uint8_t mki[4] = {0, 0, 4, 0x2a}, odd[4] = {0, 0, 4, 0x2b};

	for (size_t i = 0; i < COUNTOF(suites); i++) {
		struct secure *s = NULL, *far = NULL;
		struct secure_keys keys, theirs;

		keys_make(&keys, suites[i]);
		theirs = mirror(&keys);
		keys.mki = 1066;
		keys.mki_len = 4;
		REQUIRE(!secure_alloc(&s, NULL, &keys));
		REQUIRE(!secure_alloc(&far, &crypt_libsrtp, &theirs));
		for (unsigned n = 1; n <= 6; n++) {
			const bool rtcp = n & 1;
			struct packet packet, wrong;

			if (rtcp) {
				report_make(&packet);
				CHECK_INT(secure_close_rtcp(far, packet.buf,
							    &packet.len, 256,
							    n),
					  0);
			} else {
				rtp_make(&packet, (uint16_t)n);
				CHECK_INT(secure_close(far, packet.buf,
						       &packet.len, 256, n),
					  0);
			}
			wrong = packet;
			CHECK(opened(s, &packet, rtcp, 0) != 0);
			mki_put(&wrong, suites[i], rtcp, odd, 4);
			CHECK_INT(opened(s, &wrong, rtcp, 0), EBADE);
			mki_put(&packet, suites[i], rtcp, mki, 4);
			CHECK_INT(opened(s, &packet, rtcp, 0), 0);
			CHECK_INT(opened(s, &packet, rtcp, 0), EALREADY);
		}
		mem_deref(s);
		mem_deref(far);
	}
}

static void the_former_key_is_heard_until_the_new_one_is(void)
{
	for (size_t i = 0; i < COUNTOF(suites); i++) {
		struct secure *s = NULL, *old = NULL, *next = NULL;
		struct secure_keys keys, theirs;
		struct packet a, b, c, d;

		keys_make(&keys, suites[i]);
		theirs = mirror(&keys);
		REQUIRE(!secure_alloc(&s, NULL, &keys));
		REQUIRE(!secure_alloc(&old, NULL, &theirs));
		keys_make(&keys, suites[(i + 1) % COUNTOF(suites)]);
		theirs = mirror(&keys);
		REQUIRE(!secure_alloc(&next, NULL, &theirs));
		rtp_make(&a, 1);
		rtp_make(&b, 2);
		rtp_make(&c, 3);
		rtp_make(&d, 4);
		CHECK(!secure_close(old, a.buf, &a.len, 256, 1));
		CHECK(!secure_close(old, b.buf, &b.len, 256, 2));
		CHECK(!secure_close(next, c.buf, &c.len, 256, 3));
		CHECK(!secure_close(old, d.buf, &d.len, 256, 4));
		CHECK_INT(opened(s, &a, false, 1000), 0);
		CHECK_INT(secure_change(s, &keys, 1000), 0);
		CHECK_INT(opened(s, &b, false, 1001), 0);
		CHECK_INT(opened(s, &a, false, 1001), EALREADY);
		CHECK_INT(opened(s, &c, false, 1002), 0);
		CHECK_INT(opened(s, &d, false, 1003), EBADE);
		mem_deref(s);
		mem_deref(old);
		mem_deref(next);
	}
}

static void the_former_key_ends_with_its_time(void)
{
	struct secure *s = NULL, *old = NULL;
	struct secure_keys keys, theirs;
	struct packet a, b;

	keys_make(&keys, suites[0]);
	theirs = mirror(&keys);
	REQUIRE(!secure_alloc(&s, NULL, &keys));
	REQUIRE(!secure_alloc(&old, NULL, &theirs));
	rtp_make(&a, 1);
	rtp_make(&b, 2);
	CHECK(!secure_close(old, a.buf, &a.len, 256, 1));
	CHECK(!secure_close(old, b.buf, &b.len, 256, 2));
	keys_make(&keys, suites[0]);
	CHECK_INT(secure_change(s, &keys, 1000), 0);
	CHECK_INT(opened(s, &a, false, 1000 + SECURE_WAS_MS - 1), 0);
	CHECK_INT(opened(s, &b, false, 1000 + SECURE_WAS_MS), EBADE);
	mem_deref(s);
	mem_deref(old);
}

/* Each key has its own ROC 0, and what was before it is never sent. */
static void a_key_counts_from_its_base(void)
{
	struct secure *s = NULL, *far = NULL;
	struct secure_keys keys, theirs;
	struct packet a, b;

	keys_make(&keys, suites[0]);
	theirs = mirror(&keys);
	keys.base = 3 << 16;
	REQUIRE(!secure_alloc(&s, NULL, &keys));
	REQUIRE(!secure_alloc(&far, NULL, &theirs));
	rtp_make(&a, 5);
	CHECK_INT(secure_close(s, a.buf, &a.len, 256, 3 << 16 | 5), 0);
	CHECK_INT(opened(far, &a, false, 0), 0);
	rtp_make(&b, 6);
	CHECK_INT(secure_close(s, b.buf, &b.len, 256, 2 << 16 | 6), ERANGE);
	CHECK_INT(b.len, 52);
	keys.base = 1;
	CHECK_INT(secure_change(s, &keys, 0), EINVAL);
	mem_deref(s);
	mem_deref(far);
}

static void what_is_no_key_is_refused(void)
{
	struct secure *s = NULL;
	struct secure_keys keys;

	keys_make(&keys, CRYPT_NONE);
	CHECK_INT(secure_alloc(&s, NULL, &keys), EINVAL);
	keys_make(&keys, suites[0]);
	keys.mki_len = SECURE_MKI_MAX + 1;
	CHECK_INT(secure_alloc(&s, NULL, &keys), EINVAL);
}

static void short_packets_are_refused(void)
{
	struct secure *s = NULL;
	struct secure_keys keys;
	struct packet packet;

	keys_make(&keys, suites[0]);
	keys.mki_len = 8;
	REQUIRE(!secure_alloc(&s, NULL, &keys));
	for (size_t len = 0; len < 40; len++) {
		rtp_make(&packet, 1);
		packet.len = len;
		CHECK(opened(s, &packet, false, 0) != 0);
		CHECK(opened(s, &packet, true, 0) != 0);
	}
	mem_deref(s);
}

static void a_lack_of_memory_leaves_the_former_keys(void)
{
	struct secure *s = NULL;
	struct secure_keys keys;

	keys_make(&keys, suites[0]);
	if (secure_alloc(&s, NULL, &keys))
		return;
	keys_make(&keys, suites[4]);
	(void)!secure_change(s, &keys, 0);
	mem_deref(s);
}

TEST_MAIN(TEST(an_mki_is_taken_off),
	  TEST(the_former_key_is_heard_until_the_new_one_is),
	  TEST(the_former_key_ends_with_its_time),
	  TEST(a_key_counts_from_its_base), TEST(what_is_no_key_is_refused),
	  TEST(short_packets_are_refused),
	  TEST_OOM(a_lack_of_memory_leaves_the_former_keys))
