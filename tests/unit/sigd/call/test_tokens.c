/*
 * test_tokens.c  The tokens in our Via and Contact
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/keyring.h"
#include "sigd/call/branch_token.h"
#include "sigd/call/contact_token.h"
#include "sigd/call/device_token.h"
#include "tests/lib/test.h"

static struct keyring *ring_alloc(void)
{
	static const char text[] = "1 - 000102030405060708090a0b0c0d0e0f\n";
	struct keyring *ring = NULL;
	char why[128];

	CHECK_INT(keyring_parse(&ring, text, strlen(text), why, sizeof(why)),
		  0);
	return ring;
}

static void a_branch_names_its_owner(void)
{
	const struct branch_owner owner = {
		.node = "edge-west-1", .slot = 3, .epoch = 0xfffffffe,
		.num = 77};
	const struct pl callid = PL("a@b"), other = PL("a@c");
	struct keyring *ring = ring_alloc();
	char text[BRANCH_TEXT_MAX + 1];
	struct branch_owner back;
	struct pl pl;

	REQUIRE(!branch_token_make(text, ring, 1, &owner, &callid));
	CHECK(!strncmp(text, "z9hG4bK", 7));
	pl_set_str(&pl, text);
	REQUIRE(!branch_token_open(&back, ring, &callid, &pl));
	CHECK_STR(back.node, owner.node);
	CHECK_INT(back.slot, 3);
	CHECK_INT(back.epoch, owner.epoch);
	CHECK_INT(back.num, 77);
	CHECK_INT(branch_token_open(&back, ring, &other, &pl), EBADMSG);
	mem_deref(ring);
}

static void another_ones_branch_is_refused(void)
{
	const struct pl callid = PL("a@b");
	static const char *const bad[] = {"", "z9hG4bK", "z9hG4bKabc",
					  "1234567890"};
	struct keyring *ring = ring_alloc();
	struct branch_owner back;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pl pl;

		pl_set_str(&pl, bad[i]);
		CHECK_INT(branch_token_open(&back, ring, &callid, &pl),
			  EBADMSG);
	}
	mem_deref(ring);
}

static void a_contact_holds_a_target_that_fits(void)
{
	const struct pl target =
		PL("sip:u9v0k2hf@df7jal23ls0d.invalid;transport=ws");
	struct keyring *ring = ring_alloc();
	char text[SEAL_TEXT_MAX + 1];
	struct contact_token back;
	struct pl pl;

	REQUIRE(!contact_token_make(text, ring, 1, "0123456789abcdef", 1,
				    &target));
	pl_set_str(&pl, text);
	REQUIRE(!contact_token_open(&back, ring, &pl));
	CHECK_STR(back.call, "0123456789abcdef");
	CHECK_INT(back.side, 1);
	CHECK(!pl_strcmp(&target, back.target));
	mem_deref(ring);
}

static void a_longer_target_is_left_out(void)
{
	char uri[CONTACT_TARGET_MAX + 2];
	struct pl target = {uri, sizeof(uri) - 1};
	struct keyring *ring = ring_alloc();
	char text[SEAL_TEXT_MAX + 1];
	struct contact_token back;
	struct pl pl;

	memset(uri, 'x', sizeof(uri));
	REQUIRE(!contact_token_make(text, ring, 1, "0123456789abcdef", 0,
				    &target));
	pl_set_str(&pl, text);
	REQUIRE(!contact_token_open(&back, ring, &pl));
	CHECK_STR(back.target, "");
	mem_deref(ring);
}

static void a_device_has_one_name_at_its_pbx(void)
{
	const struct device_token alice = {
		.tenant = "demo", .user = "alice", .device = 0xdeadbeef};
	struct keyring *ring = ring_alloc();
	char text[SEAL_TEXT_MAX + 1], again[SEAL_TEXT_MAX + 1];
	struct device_token back;
	struct pl pl;

	CHECK_INT(device_token_make(text, ring, 1, &alice), 0);
	CHECK_INT(device_token_make(again, ring, 9, &alice), 0);
	CHECK_STR(again, text);
	pl_set_str(&pl, text);
	CHECK_INT(device_token_open(&back, ring, &pl), 0);
	CHECK_STR(back.tenant, "demo");
	CHECK_STR(back.user, "alice");
	CHECK_INT(back.device, 0xdeadbeef);
	text[3] = text[3] == 'a' ? 'b' : 'a';
	CHECK_INT(device_token_open(&back, ring, &pl), EBADMSG);
	mem_deref(ring);
}

/* The longest names that the configuration allows. */
static void the_longest_names_make_a_token(void)
{
	const struct pl none = PL("");
	struct keyring *ring = ring_alloc();
	struct device_token big = {.device = 1}, back;
	char text[SEAL_TEXT_MAX + 1];
	struct pl pl;

	memset(big.tenant, 't', DEVICE_TENANT_MAX);
	memset(big.user, 'u', DEVICE_USER_MAX);
	CHECK_INT(device_token_make(text, ring, 1, &big), 0);
	pl_set_str(&pl, text);
	CHECK_INT(device_token_open(&back, ring, &pl), 0);
	CHECK_STR(back.user, big.user);
	/* a Contact of a call is none of a device */
	CHECK_INT(contact_token_make(text, ring, 1, "0123456789abcdef", 0,
				     &none), 0);
	pl_set_str(&pl, text);
	CHECK_INT(device_token_open(&back, ring, &pl), EBADMSG);
	mem_deref(ring);
}

TEST_MAIN(TEST(a_device_has_one_name_at_its_pbx),
	  TEST(the_longest_names_make_a_token),
	  TEST(a_branch_names_its_owner),
	  TEST(another_ones_branch_is_refused),
	  TEST(a_contact_holds_a_target_that_fits),
	  TEST(a_longer_target_is_left_out))
