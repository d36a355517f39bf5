/*
 * test_nonce.c  Sealed nonces: time, realm and source count
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/keyring.h"
#include "sigd/auth/nonce.h"
#include "tests/lib/test.h"

#define T0 UINT64_C(1790000000000)

static struct keyring *ring_alloc(void)
{
	static const char text[] = "1 - 000102030405060708090a0b0c0d0e0f\n";
	struct keyring *ring = NULL;
	char why[128];

	CHECK_INT(keyring_parse(&ring, text, strlen(text), why, sizeof(why)),
		  0);
	return ring;
}

static const struct nonce_bound bound = {
	.realm = {"cordboard", 9}, .source = {"a1/1:7:12", 9}};

static void a_nonce_is_good_for_its_life(void)
{
	struct keyring *ring = ring_alloc();
	char text[SEAL_TEXT_MAX + 1];
	struct nonce nonce;
	struct pl pl;

	REQUIRE(!nonce_make(text, ring, T0, &bound));
	pl_set_str(&pl, text);
	CHECK_INT(nonce_open(&nonce, ring, T0, 60000, &bound, &pl), 0);
	CHECK(nonce.made_ms == T0);
	CHECK_INT(strlen(nonce.id), NONCE_ID_LEN);
	CHECK_INT(nonce_open(&nonce, ring, T0 + 60000, 60000, &bound, &pl), 0);
	CHECK_INT(nonce_open(&nonce, ring, T0 + 60001, 60000, &bound, &pl),
		  ESTALE);
	CHECK_INT(nonce_open(&nonce, ring, T0 - 60001, 60000, &bound, &pl),
		  ESTALE);
	mem_deref(ring);
}

static void a_nonce_is_good_for_its_realm_and_source_alone(void)
{
	const struct nonce_bound other_realm = {
		.realm = {"elsewhere", 9}, .source = {"a1/1:7:12", 9}};
	const struct nonce_bound other_source = {
		.realm = {"cordboard", 9}, .source = {"a1/1:7:13", 9}};
	struct keyring *ring = ring_alloc();
	char text[SEAL_TEXT_MAX + 1];
	struct nonce nonce;
	struct pl pl;

	REQUIRE(!nonce_make(text, ring, T0, &bound));
	pl_set_str(&pl, text);
	CHECK_INT(nonce_open(&nonce, ring, T0, 60000, &other_realm, &pl),
		  EBADMSG);
	CHECK_INT(nonce_open(&nonce, ring, T0, 60000, &other_source, &pl),
		  EBADMSG);
	mem_deref(ring);
}

static void two_nonces_of_one_moment_differ(void)
{
	struct keyring *ring = ring_alloc();
	char a[SEAL_TEXT_MAX + 1], b[SEAL_TEXT_MAX + 1];

	REQUIRE(!nonce_make(a, ring, T0, &bound));
	REQUIRE(!nonce_make(b, ring, T0, &bound));
	CHECK(strcmp(a, b));
	mem_deref(ring);
}

TEST_MAIN(TEST(a_nonce_is_good_for_its_life),
	  TEST(a_nonce_is_good_for_its_realm_and_source_alone),
	  TEST(two_nonces_of_one_moment_differ))
