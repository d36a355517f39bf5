/*
 * test_sub_token.c  What the messages of a subscription carry
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/keyring.h"
#include "sigd/call/sub_token.h"
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

static const struct sub_dialog dialog = {
	.callid = {"3848276298220188511@example", 27},
	.subscriber_tag = {"9fxced76sl", 10}};

static const struct sub_cookie sample = {
	.to_subscriber = true,
	.tenant = "acme",
	.to = {.name = "alice", .device = 0xdeadbeef},
	.from = {.connection = true, .name = "office"},
	.flow = {1, 0, 255},
	.flow_len = 3,
};

static void a_cookie_comes_back_as_it_was(void)
{
	struct keyring *ring = ring_alloc();
	char text[SEAL_TEXT_MAX + 1];
	struct sub_cookie back;
	struct pl pl;

	REQUIRE(!sub_cookie_seal(text, ring, 1, &sample, &dialog));
	pl_set_str(&pl, text);
	REQUIRE(!sub_cookie_open(&back, ring, &dialog, &pl));
	CHECK(back.to_subscriber);
	CHECK_STR(back.tenant, "acme");
	CHECK_STR(back.to.name, "alice");
	CHECK(!back.to.connection);
	CHECK(back.to.device == 0xdeadbeef);
	CHECK_STR(back.from.name, "office");
	CHECK(back.from.connection);
	CHECK_INT(back.flow_len, 3);
	CHECK(!memcmp(back.flow, sample.flow, 3));
	mem_deref(ring);
}

static void it_is_good_for_its_dialogs_alone(void)
{
	struct keyring *ring = ring_alloc();
	char text[SEAL_TEXT_MAX + 1];
	struct sub_dialog other = dialog;
	struct sub_cookie back;
	struct pl pl;

	REQUIRE(!sub_cookie_seal(text, ring, 1, &sample, &dialog));
	pl_set_str(&pl, text);
	pl_set_str(&other.callid, "another");
	CHECK_INT(sub_cookie_open(&back, ring, &other, &pl), EBADMSG);
	other = dialog;
	pl_set_str(&other.subscriber_tag, "another");
	CHECK_INT(sub_cookie_open(&back, ring, &other, &pl), EBADMSG);
	text[12] = text[12] == 'A' ? 'B' : 'A';
	CHECK_INT(sub_cookie_open(&back, ring, &dialog, &pl), EBADMSG);
	mem_deref(ring);
}

/* First what is only a hint. */
static void what_does_not_fit_is_left_out(void)
{
	struct keyring *ring = ring_alloc();
	struct sub_cookie big = sample, back;
	char text[SEAL_TEXT_MAX + 1];
	struct pl pl;

	big.flow_len = 48;
	memset(big.tenant, 't', 8);
	memset(big.from.name, 'f', 32);
	REQUIRE(!sub_cookie_seal(text, ring, 1, &big, &dialog));
	pl_set_str(&pl, text);
	REQUIRE(!sub_cookie_open(&back, ring, &dialog, &pl));
	CHECK_INT(back.flow_len, 0);
	CHECK_STR(back.from.name, big.from.name);

	memset(big.tenant, 't', 32);
	memset(big.to.name, 'n', 40);
	REQUIRE(!sub_cookie_seal(text, ring, 1, &big, &dialog));
	pl_set_str(&pl, text);
	REQUIRE(!sub_cookie_open(&back, ring, &dialog, &pl));
	CHECK_STR(back.from.name, "");
	CHECK_STR(back.to.name, big.to.name);

	memset(big.to.name, 'n', 64);
	REQUIRE(!sub_cookie_seal(text, ring, 1, &big, &dialog));
	pl_set_str(&pl, text);
	REQUIRE(!sub_cookie_open(&back, ring, &dialog, &pl));
	CHECK_STR(back.to.name, "");
	CHECK(back.to.device == 0xdeadbeef);
	CHECK_STR(back.tenant, big.tenant);
	mem_deref(ring);
}

static void a_uri_is_sealed_for_its_call_id(void)
{
	static const char uri[] = "sip:k7@10.0.0.7:5060;transport=udp";
	struct keyring *ring = ring_alloc();
	char text[SEAL_TEXT_MAX + 1], back[SUB_URI_MAX + 1];
	const struct pl other = PL("another");
	char longer[SUB_URI_MAX + 2];
	struct pl pl;

	pl_set_str(&pl, uri);
	REQUIRE(!sub_uri_seal(text, ring, 1, &dialog.callid, &pl));
	CHECK(!strstr(text, "10.0.0.7"));
	pl_set_str(&pl, text);
	CHECK(!sub_uri_open(back, ring, &dialog.callid, &pl));
	CHECK_STR(back, uri);
	CHECK_INT(sub_uri_open(back, ring, &other, &pl), EBADMSG);

	memset(longer, 'x', sizeof(longer));
	pl.p = longer;
	pl.l = sizeof(longer);
	REQUIRE(!sub_uri_seal(text, ring, 1, &dialog.callid, &pl));
	pl_set_str(&pl, text);
	CHECK(!sub_uri_open(back, ring, &dialog.callid, &pl));
	CHECK_STR(back, "");
	mem_deref(ring);
}

TEST_MAIN(TEST(a_cookie_comes_back_as_it_was),
	  TEST(it_is_good_for_its_dialogs_alone),
	  TEST(what_does_not_fit_is_left_out),
	  TEST(a_uri_is_sealed_for_its_call_id))
