/*
 * test_crypt.c  SRTP: vectors of RFC 3711, 6188, 7714, libsrtp; both
 *               implementations against each other
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/transport/crypt.h"
#include "mediad/transport/crypt_priv.h"
#include "tests/lib/test.h"

enum {
	CAP = 2048
};

static const struct crypt_impl *const impls[] = {&crypt_openssl,
						 &crypt_libsrtp};
static const enum crypt_suite suites[] = {CRYPT_AES_CM_128_SHA1_80,
					  CRYPT_AES_CM_128_SHA1_32,
					  CRYPT_AES_256_CM_SHA1_80,
					  CRYPT_AES_256_CM_SHA1_32,
					  CRYPT_AEAD_AES_128_GCM,
					  CRYPT_AEAD_AES_256_GCM};
enum {
	SUITES = COUNTOF(suites)
};

/* Spaces are for the eye. */
static size_t hex(uint8_t *out, const char *text)
{
	size_t n = 0;
	unsigned v;

	while (*text) {
		if (*text == ' ') {
			++text;
			continue;
		}
		if (sscanf(text, "%2x", &v) != 1)
			break;
		out[n++] = (uint8_t)v;
		text += 2;
	}
	return n;
}

static bool same_hex(const uint8_t *data, size_t len, const char *text)
{
	uint8_t want[CAP];

	return hex(want, text) == len && !memcmp(data, want, len);
}

/* --- vectors --------------------------------------------------------------- */

static bool derives(const char *key, const char *salt, enum crypt_label label,
		    const char *want)
{
	uint8_t k[32], s[16], out[32], w[32];
	struct crypt_master master = {.key = k, .salt = s};
	size_t len = hex(w, want);

	master.keylen = hex(k, key);
	master.saltlen = hex(s, salt);
	return !crypt_derive(out, len, &master, label) && !memcmp(out, w, len);
}

static void keys_derive_as_in_rfc3711(void)
{
	const char *key = "E1F97A0D3E018BE0D64FA32C06DE4139";
	const char *salt = "0EC675AD498AFEEBB6960B3AABE6";

	CHECK(derives(key, salt, CRYPT_RTP_KEY,
		      "C61E7A93744F39EE10734AFE3FF7A087"));
	CHECK(derives(key, salt, CRYPT_RTP_SALT,
		      "30CBBC08863D8C85D49DB34A9AE1"));
	CHECK(derives(key, salt, CRYPT_RTP_AUTH,
		      "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
}

static void keys_derive_as_in_rfc6188(void)
{
	const char *k256 = "f0f04914b513f2763a1b1fa130f10e29"
			   "98f6f6e43e4309d1e622a0e332b9f1b6";
	const char *s256 = "3b04803de51ee7c96423ab5b78d2";
	const char *k192 = "73edc66c4fa15776fb57f9505c171365"
			   "50ffda71f3e8e5f1";
	const char *s192 = "c8522f3acd4ce86d5add78edbb11";

	CHECK(derives(k256, s256, CRYPT_RTP_KEY,
		      "5ba1064e30ec51613cad926c5a28ef73"
		      "1ec7fb397f70a960653caf06554cd8c4"));
	CHECK(derives(k256, s256, CRYPT_RTP_SALT,
		      "fa31791685ca444a9e07c6c64e93"));
	CHECK(derives(k256, s256, CRYPT_RTP_AUTH,
		      "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"));
	CHECK(derives(k192, s192, CRYPT_RTP_KEY,
		      "31874736a8f1143870c26e4857d8a5b2c4a354407faadabb"));
	CHECK(derives(k192, s192, CRYPT_RTP_SALT,
		      "2372b82d639b6d8503a47adc0a6c"));
	CHECK(derives(k192, s192, CRYPT_RTP_AUTH,
		      "355b10973cd95b9eacf4061c7e1a7151e7cfbfcb"));
}

static struct crypt *with_session(enum crypt_suite suite, const char *key,
				  const char *salt)
{
	uint8_t k[32], s[16] = {0};
	struct crypt *c = NULL;

	hex(k, key);
	hex(s, salt);
	if (!crypt_alloc(&c, &crypt_openssl, suite, k, s))
		crypt_openssl_session(c, k, s);
	return c;
}

/* RFC 3711, B.2: a payload of zeros shows the key stream. */
static void the_key_stream_is_that_of_rfc3711(void)
{
	struct crypt *c = with_session(CRYPT_AES_CM_128_SHA1_80,
				       "2B7E151628AED2A6ABF7158809CF4F3C",
				       "F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
	uint8_t pkt[12 + 48 + 20] = {0x80};
	size_t len = 12 + 48;

	REQUIRE(c);
	CHECK_INT(crypt_rtp_protect(c, pkt, &len, sizeof(pkt), 0), 0);
	CHECK(same_hex(pkt + 12, 48,
		       "E03EAD0935C95E80E166B16DD92B4EB4"
		       "D23513162B02D0F72A43A2FE4A5F97AB"
		       "41E95B3BB0A2E8DD477901E4FCA894C0"));
	mem_deref(c);
}

static const char gallia[] = "8040f17b 8041f8d3 5501a0b2 47616c6c"
			     "69612065 7374206f 6d6e6973 20646976"
			     "69736120 696e2070 61727465 73207472 6573";
static const char gallia_gcm[] =
	"8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca"
	"be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1"
	"6a9152cf 765ee439 0cce";
static const char report[] = "81c8000d 4d617273 4e545031 4e545032"
			     "52545020 0000042a 0000e930 4c756e61"
			     "deadbeef deadbeef deadbeef deadbeef deadbeef";
static const char report_gcm[] =
	"81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7"
	"6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458"
	"96cf4d2f c5abf872 45d9eade 800005d4";

/* RFC 7714, 16.2 */
static const char gallia_256[] =
	"8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa"
	"b1801238 9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff"
	"d6b0f9bb 7878d7a7 6c13";

static void gcm_of_256_bits_is_that_of_rfc7714(void)
{
	struct crypt *c = with_session(CRYPT_AEAD_AES_256_GCM,
				       "000102030405060708090a0b0c0d0e0f"
				       "101112131415161718191a1b1c1d1e1f",
				       "51756964 2070726f 2071756f");
	uint8_t pkt[CAP];
	size_t len = hex(pkt, gallia);

	REQUIRE(c);
	CHECK_INT(crypt_rtp_protect(c, pkt, &len, CAP, 0xf17b), 0);
	CHECK(same_hex(pkt, len, gallia_256));
	CHECK_INT(crypt_rtp_unprotect(c, pkt, &len, 0xf17b), 0);
	CHECK(same_hex(pkt, len, gallia));
	mem_deref(c);
}

static struct crypt *quid_pro_quo(void)
{
	return with_session(CRYPT_AEAD_AES_128_GCM,
			    "000102030405060708090a0b0c0d0e0f",
			    "51756964 2070726f 2071756f");
}

static void gcm_is_that_of_rfc7714(void)
{
	struct crypt *c = quid_pro_quo();
	uint8_t pkt[CAP];
	size_t len = hex(pkt, gallia);
	uint32_t index = 0;

	REQUIRE(c);
	CHECK_INT(crypt_rtp_protect(c, pkt, &len, CAP, 0xf17b), 0);
	CHECK(same_hex(pkt, len, gallia_gcm));
	CHECK_INT(crypt_rtp_unprotect(c, pkt, &len, 0xf17b), 0);
	CHECK(same_hex(pkt, len, gallia));

	len = hex(pkt, report);
	CHECK_INT(crypt_rtcp_protect(c, pkt, &len, CAP, 0x5d4), 0);
	CHECK(same_hex(pkt, len, report_gcm));
	CHECK_INT(crypt_rtcp_unprotect(c, pkt, &len, &index), 0);
	CHECK_INT(index, 0x5d4);
	CHECK(same_hex(pkt, len, report));
	mem_deref(c);
}

/* Whole packets of libsrtp 2.5.0's test/srtp_driver.c (BSD-3-Clause). */
struct whole {
	enum crypt_suite suite;
	const char *key, *salt, *rtp, *rtcp;
};

static const struct whole wholes[] = {
	{CRYPT_AES_CM_128_SHA1_80, "e1f97a0d3e018be0d64fa32c06de4139",
	 "0ec675ad498afeebb6960b3aabe6",
	 "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402"
	 "b78d6acc99ea179b8dbb",
	 "81c8000bcafebabe7128035be487b9bdbef89041f977a5a8"
	 "80000001993e08cd54d6c1230798"},
	{CRYPT_AEAD_AES_128_GCM, "000102030405060708090a0b0c0d0e0f",
	 "a0a1a2a3a4a5a6a7a8a9aaab",
	 "800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06e"
	 "d2976826f796b201df3131a127e8a392",
	 "81c8000bcafebabec98b8b5df0392a55852b6c21ac8e7025"
	 "c52c6fbea2b3b446ea31123ba88ce61e80000001"},
};
/* Here libsrtp's driver has no SRTCP. */
static const struct whole whole_256 = {
	CRYPT_AES_256_CM_SHA1_80,
	"f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
	"3b04803de51ee7c96423ab5b78d2",
	"800f1234decafbadcafebabef1d9de17ff251ff1aa007774b0b4b40da08d9d9a"
	"5b3a55d8873b",
	NULL};
static const char whole_rtp[] =
	"800f1234decafbadcafebabeabababababababababababababababab";
static const char whole_rtcp[] =
	"81c8000bcafebabeabababababababababababababababab";

static void check_whole(const struct whole *w, const struct crypt_impl *impl)
{
	uint8_t key[32], salt[16], pkt[CAP];
	struct crypt *c = NULL;
	uint32_t index = 0;
	size_t len;

	hex(key, w->key);
	hex(salt, w->salt);
	REQUIRE(!crypt_alloc(&c, impl, w->suite, key, salt));
	len = hex(pkt, whole_rtp);
	CHECK_INT(crypt_rtp_protect(c, pkt, &len, CAP, 0x1234), 0);
	CHECK(same_hex(pkt, len, w->rtp));
	CHECK_INT(crypt_rtp_unprotect(c, pkt, &len, 0x1234), 0);
	CHECK(same_hex(pkt, len, whole_rtp));

	len = hex(pkt, whole_rtcp);
	CHECK_INT(crypt_rtcp_protect(c, pkt, &len, CAP, 1), 0);
	CHECK(!w->rtcp || same_hex(pkt, len, w->rtcp));
	CHECK_INT(crypt_rtcp_unprotect(c, pkt, &len, &index), 0);
	CHECK_INT(index, 1);
	CHECK(same_hex(pkt, len, whole_rtcp));
	mem_deref(c);
}

static void whole_packets_are_those_of_libsrtp(void)
{
	for (unsigned i = 0; i < 2; i++) {
		check_whole(&wholes[i], impls[0]);
		check_whole(&wholes[i], impls[1]);
		check_whole(&whole_256, impls[i]);
	}
}

/* RFC 6188, table 4: the tag of SRTCP is always the long one. */
static void the_short_tag_is_that_of_rtp_alone(void)
{
	for (unsigned i = 0; i < 4; i++) {
		const enum crypt_suite suite = i % 2 ? CRYPT_AES_CM_128_SHA1_32
						     : CRYPT_AES_256_CM_SHA1_32;
		uint8_t key[32] = {1}, salt[14] = {2}, pkt[CAP];
		struct crypt *c = NULL;
		size_t len = hex(pkt, whole_rtp), clear = len;

		REQUIRE(!crypt_alloc(&c, impls[i / 2], suite, key, salt));
		CHECK_INT(crypt_rtp_protect(c, pkt, &len, CAP, 0x1234), 0);
		CHECK_INT(len, clear + 4);
		clear = len = hex(pkt, whole_rtcp);
		CHECK_INT(crypt_rtcp_protect(c, pkt, &len, CAP, 1), 0);
		CHECK_INT(len, clear + 4 + 10);
		mem_deref(c);
	}
}

/* --- one against the other --------------------------------------------------- */

struct pair {
	struct crypt *a, *b;
};

static bool pair_alloc(struct pair *p, const struct crypt_impl *a,
		       const struct crypt_impl *b, enum crypt_suite suite)
{
	uint8_t key[32], salt[14];

	rand_bytes(key, sizeof(key));
	rand_bytes(salt, sizeof(salt));
	return !crypt_alloc(&p->a, a, suite, key, salt) &&
	       !crypt_alloc(&p->b, b, suite, key, salt);
}

static void pair_free(struct pair *p)
{
	mem_deref(p->a);
	mem_deref(p->b);
}

/* CSRCs, header extension, odd lengths, also no payload at all. */
static size_t random_rtp(uint8_t *pkt, uint16_t seq)
{
	size_t csrcs = rand_u16() % 4, ext = rand_u16() % 3;
	size_t hdr = 12 + 4 * csrcs, len;

	rand_bytes(pkt, 400);
	pkt[0] = (uint8_t)(0x80 | csrcs);
	pkt[2] = (uint8_t)(seq >> 8);
	pkt[3] = (uint8_t)seq;
	memset(pkt + 8, 0x11, 4);
	if (ext) {
		pkt[0] |= 0x10;
		pkt[hdr + 2] = 0;
		pkt[hdr + 3] = (uint8_t)(ext - 1);
		hdr += 4 + 4 * (ext - 1);
	}
	len = hdr + rand_u16() % 300;
	return len;
}

static bool rtp_there_and_back(const struct pair *p, uint64_t index)
{
	uint8_t one[CAP], two[CAP], clear[CAP];
	size_t len = random_rtp(one, (uint16_t)index), n1 = len, n2 = len;

	memcpy(two, one, len);
	memcpy(clear, one, len);
	if (crypt_rtp_protect(p->a, one, &n1, CAP, index) ||
	    crypt_rtp_protect(p->b, two, &n2, CAP, index) || n1 != n2 ||
	    memcmp(one, two, n1))
		return false;
	return !crypt_rtp_unprotect(p->a, one, &n1, index) &&
	       !crypt_rtp_unprotect(p->b, two, &n2, index) && n1 == len &&
	       n2 == len && !memcmp(one, clear, len) &&
	       !memcmp(two, clear, len);
}

static void both_agree_on_random_rtp_at_any_index(void)
{
	for (unsigned s = 0; s < SUITES; s++) {
		struct pair p = {0};
		uint64_t index = 0;

		REQUIRE(pair_alloc(&p, impls[0], impls[1], suites[s]));
		for (unsigned i = 0; i < 600; i++) {
			if (i % 50 == 49) /* a jump, ahead or back */
				index = rand_u64() & ((1ull << 48) - 1);
			else
				index += rand_u16() % 200;
			index &= (1ull << 48) - 1;
			CHECK(rtp_there_and_back(&p, index));
			CHECK(rtp_there_and_back(&p, index));
		}
		pair_free(&p);
	}
}

static bool rtcp_there_and_back(const struct pair *p, uint32_t index)
{
	uint8_t one[CAP], two[CAP], clear[CAP];
	size_t len = 8 + 4 * (rand_u16() % 60), n1 = len, n2 = len;
	uint32_t i1 = 0, i2 = 0;

	rand_bytes(one, len);
	one[0] = 0x80;
	memset(one + 4, 0x22, 4);
	memcpy(two, one, len);
	memcpy(clear, one, len);
	if (crypt_rtcp_protect(p->a, one, &n1, CAP, index) ||
	    crypt_rtcp_protect(p->b, two, &n2, CAP, index) || n1 != n2 ||
	    memcmp(one, two, n1))
		return false;
	return !crypt_rtcp_unprotect(p->a, one, &n1, &i1) &&
	       !crypt_rtcp_unprotect(p->b, two, &n2, &i2) && i1 == index &&
	       i2 == index && n1 == len && n2 == len &&
	       !memcmp(one, clear, len) && !memcmp(two, clear, len);
}

static void both_agree_on_random_rtcp(void)
{
	for (unsigned s = 0; s < SUITES; s++) {
		struct pair p = {0};
		uint32_t index = 1;

		REQUIRE(pair_alloc(&p, impls[0], impls[1], suites[s]));
		for (unsigned i = 0; i < 200; i++) {
			CHECK(rtcp_there_and_back(&p, index));
			index += 1 + rand_u16() % 20;
		}
		CHECK(rtcp_there_and_back(&p, 7));
		pair_free(&p);
	}
}

static void rtp_and_rtcp_mix_in_one_object(void)
{
	for (unsigned i = 0; i < 2 * SUITES; i++) {
		struct pair p = {0};

		REQUIRE(pair_alloc(&p, impls[i % 2], impls[i % 2],
				   suites[i / 2]));
		for (uint32_t n = 1; n < 20; n++) {
			CHECK(rtp_there_and_back(&p, n));
			CHECK(rtcp_there_and_back(&p, n));
		}
		pair_free(&p);
	}
}

/* --- what is not authentic, not sound, not in range ----------------------------- */

static void any_flipped_bit_is_not_authentic(void)
{
	for (unsigned i = 0; i < 2 * SUITES; i++) {
		struct pair p = {0};
		uint8_t pkt[64] = {0x80, 96, 0, 5}, good[64], bad[64];
		size_t len = 40, n;

		REQUIRE(pair_alloc(&p, impls[i % 2], impls[i % 2],
				   suites[i / 2]));
		CHECK(!crypt_rtp_protect(p.a, pkt, &len, sizeof(pkt), 5));
		for (size_t bit = 0; bit < len * 8; bit++) {
			/* V, X and CC may make it malformed, SEQ is given by
			 * the index */
			if (bit < 8 || (bit >= 16 && bit < 32))
				continue;
			memcpy(bad, pkt, len);
			bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
			n = len;
			CHECK_INT(crypt_rtp_unprotect(p.b, bad, &n, 5), EBADE);
		}
		memcpy(good, pkt, len);
		n = len;
		CHECK_INT(crypt_rtp_unprotect(p.b, good, &n, 5), 0);
		memcpy(good, pkt, len);
		n = len;
		CHECK_INT(crypt_rtp_unprotect(p.b, good, &n, 65536 + 5), EBADE);
		pair_free(&p);
	}
}

static void a_flipped_bit_in_rtcp_is_not_authentic(void)
{
	for (unsigned i = 0; i < 2 * SUITES; i++) {
		struct pair p = {0};
		uint8_t pkt[64] = {0x80, 200}, bad[64];
		size_t len = 28, n;
		uint32_t index;

		REQUIRE(pair_alloc(&p, impls[i % 2], impls[i % 2],
				   suites[i / 2]));
		CHECK(!crypt_rtcp_protect(p.a, pkt, &len, sizeof(pkt), 3));
		for (size_t bit = 8; bit < len * 8; bit++) {
			memcpy(bad, pkt, len);
			bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
			n = len;
			CHECK_INT(crypt_rtcp_unprotect(p.b, bad, &n, &index),
				  EBADE);
		}
		pair_free(&p);
	}
}

static void lengths_are_checked_first(void)
{
	for (unsigned i = 0; i < 2 * SUITES; i++) {
		struct pair p = {0};
		uint8_t pkt[128];
		uint32_t index;

		REQUIRE(pair_alloc(&p, impls[i % 2], impls[i % 2],
				   suites[i / 2]));
		for (size_t len = 0; len < 64; len++) {
			size_t n = len;

			memset(pkt, 0, sizeof(pkt));
			pkt[0] = 0xbf; /* 15 CSRCs and an extension */
			CHECK_INT(crypt_rtp_unprotect(p.a, pkt, &n, 0),
				  EBADMSG);
			n = len;
			CHECK_INT(crypt_rtp_protect(p.a, pkt, &n, 128, 0),
				  EBADMSG);
		}
		for (size_t len = 0; len < 22; len++) {
			size_t n = len;

			CHECK_INT(crypt_rtcp_unprotect(p.a, pkt, &n, &index),
				  EBADMSG);
		}
		pair_free(&p);
	}
}

static void ranges_are_checked(void)
{
	struct pair p = {0};
	uint8_t pkt[64] = {0x80, 96, 0, 5};
	size_t len = 20;

	REQUIRE(pair_alloc(&p, impls[0], impls[0], CRYPT_AEAD_AES_128_GCM));
	CHECK_INT(crypt_rtp_protect(p.a, pkt, &len, 35, 5), ENOBUFS);
	CHECK_INT(crypt_rtp_protect(p.a, pkt, &len, 36, 6), ERANGE);
	CHECK_INT(crypt_rtp_protect(p.a, pkt, &len, 36, 5 + (1ull << 48)),
		  ERANGE);
	CHECK_INT(crypt_rtp_protect(p.a, pkt, &len, 36, 5), 0);
	len = 20;
	CHECK_INT(crypt_rtcp_protect(p.a, pkt, &len, 39, 5), ENOBUFS);
	CHECK_INT(crypt_rtcp_protect(p.a, pkt, &len, 40, 0), ERANGE);
	CHECK_INT(crypt_rtcp_protect(p.a, pkt, &len, 40, 1u << 31), ERANGE);
	pair_free(&p);
}

/* RFC 3711, 3.4: E = 0 is SRTCP without encryption. */
static void unencrypted_rtcp_is_refused(void)
{
	struct pair p = {0};
	uint8_t pkt[64] = {0x80, 200};
	size_t len = 28;
	uint32_t index;

	REQUIRE(pair_alloc(&p, impls[0], impls[0], CRYPT_AEAD_AES_128_GCM));
	CHECK(!crypt_rtcp_protect(p.a, pkt, &len, sizeof(pkt), 3));
	pkt[len - 4] &= 0x7f;
	CHECK_INT(crypt_rtcp_unprotect(p.a, pkt, &len, &index), EBADE);
	pair_free(&p);
}

static void libsrtp_catches_up_with_a_resumed_rtcp_index(void)
{
	struct pair p = {0};

	REQUIRE(pair_alloc(&p, impls[0], impls[1], CRYPT_AEAD_AES_128_GCM));
	CHECK(rtcp_there_and_back(&p, 5000));
	CHECK(!rtcp_there_and_back(&p, 1 << 20));
	pair_free(&p);
}

static void alloc_survives_a_lack_of_memory(void)
{
	for (unsigned i = 0; i < 2 * SUITES; i++) {
		struct pair p = {0};

		(void)!pair_alloc(&p, impls[i % 2], impls[i % 2],
				  suites[i / 2]);
		pair_free(&p);
	}
}

static void names_are_found(void)
{
	struct crypt *c = NULL;
	uint8_t key[16] = {0};

	CHECK_STR(crypt_impl_name(&crypt_libsrtp), "libsrtp");
	CHECK_STR(crypt_suite_name(CRYPT_AEAD_AES_128_GCM), "AEAD_AES_128_GCM");
	CHECK_INT(crypt_alloc(&c, &crypt_openssl, CRYPT_NONE, key, key),
		  EINVAL);
}

TEST_MAIN(TEST(keys_derive_as_in_rfc3711), TEST(keys_derive_as_in_rfc6188),
	  TEST(the_key_stream_is_that_of_rfc3711), TEST(gcm_is_that_of_rfc7714),
	  TEST(gcm_of_256_bits_is_that_of_rfc7714),
	  TEST(the_short_tag_is_that_of_rtp_alone),
	  TEST(whole_packets_are_those_of_libsrtp),
	  TEST(both_agree_on_random_rtp_at_any_index),
	  TEST(both_agree_on_random_rtcp), TEST(rtp_and_rtcp_mix_in_one_object),
	  TEST(any_flipped_bit_is_not_authentic),
	  TEST(a_flipped_bit_in_rtcp_is_not_authentic),
	  TEST(lengths_are_checked_first), TEST(ranges_are_checked),
	  TEST(unencrypted_rtcp_is_refused),
	  TEST(libsrtp_catches_up_with_a_resumed_rtcp_index),
	  TEST_OOM(alloc_survives_a_lack_of_memory), TEST(names_are_found))
