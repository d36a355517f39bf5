/*
 * test_cookie.c  The cookie of a dialog
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/keyring.h"
#include "sigd/call/cookie.h"
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

static const struct cookie_dialog dialog = {
	.callid = {"3848276298220188511@example", 27},
	.caller_tag = {"9fxced76sl", 10}};

static const struct cookie sample = {
	.direction = COOKIE_TO_CALLEE,
	.call = "0123456789abcdef",
	.session = "fedcba9876543210",
	.leg = 2,
	.shift = 3,
	.tenant = "acme",
	.media = "media-1/2",
	.flow = {1, 0, 255},
	.flow_len = 3,
};

static void a_cookie_comes_back_as_it_was(void)
{
	struct keyring *ring = ring_alloc();
	char text[SEAL_TEXT_MAX + 1];
	struct cookie back;
	struct pl pl;

	REQUIRE(!cookie_seal(text, ring, 1, &sample, &dialog));
	CHECK(strlen(text) <= 160);
	pl_set_str(&pl, text);
	REQUIRE(!cookie_open(&back, ring, &dialog, &pl));
	CHECK_INT(back.direction, COOKIE_TO_CALLEE);
	CHECK_STR(back.call, sample.call);
	CHECK_STR(back.session, sample.session);
	CHECK_INT(back.leg, 2);
	CHECK_INT(back.shift, 3);
	CHECK_STR(back.tenant, "acme");
	CHECK_STR(back.media, "media-1/2");
	CHECK_INT(back.flow_len, 3);
	CHECK(!memcmp(back.flow, sample.flow, 3));
	mem_deref(ring);
}

static void a_cookie_is_good_for_its_dialog_alone(void)
{
	const struct cookie_dialog other_id = {
		.callid = {"other@example", 13},
		.caller_tag = {"9fxced76sl", 10}};
	const struct cookie_dialog other_tag = {
		.callid = {"3848276298220188511@example", 27},
		.caller_tag = {"9fxced76sm", 10}};
	struct keyring *ring = ring_alloc();
	char text[SEAL_TEXT_MAX + 1];
	struct cookie back;
	struct pl pl;

	REQUIRE(!cookie_seal(text, ring, 1, &sample, &dialog));
	pl_set_str(&pl, text);
	CHECK_INT(cookie_open(&back, ring, &other_id, &pl), EBADMSG);
	CHECK_INT(cookie_open(&back, ring, &other_tag, &pl), EBADMSG);
	mem_deref(ring);
}

static void hints_give_way_when_the_token_would_be_too_long(void)
{
	struct keyring *ring = ring_alloc();
	struct cookie big = sample, back;
	char text[SEAL_TEXT_MAX + 1];
	struct pl pl;

	memset(big.tenant, 't', COOKIE_TENANT_MAX);
	memset(big.flow, 7, COOKIE_FLOW_MAX);
	big.flow_len = COOKIE_FLOW_MAX;
	REQUIRE(!cookie_seal(text, ring, 1, &big, &dialog));
	CHECK(strlen(text) <= 160);
	pl_set_str(&pl, text);
	REQUIRE(!cookie_open(&back, ring, &dialog, &pl));
	CHECK_STR(back.tenant, big.tenant);
	CHECK_STR(back.media, "media-1/2");
	CHECK_INT(back.flow_len, 0);
	mem_deref(ring);
}

static void an_id_that_is_none_is_refused(void)
{
	struct keyring *ring = ring_alloc();
	struct cookie bad = sample;
	char text[SEAL_TEXT_MAX + 1];

	bad.call[3] = 'x';
	CHECK_INT(cookie_seal(text, ring, 1, &bad, &dialog), EINVAL);
	bad = sample;
	bad.session[8] = '\0';
	CHECK_INT(cookie_seal(text, ring, 1, &bad, &dialog), EINVAL);
	mem_deref(ring);
}

TEST_MAIN(TEST(a_cookie_comes_back_as_it_was),
	  TEST(a_cookie_is_good_for_its_dialog_alone),
	  TEST(hints_give_way_when_the_token_would_be_too_long),
	  TEST(an_id_that_is_none_is_refused))
