/*
 * test_reach.c  Networks that media may and may not be sent to
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/transport/reach.h"
#include "tests/lib/test.h"

static enum reach_word ask(const struct reach *reach, const char *ip)
{
	struct sa addr;

	CHECK_INT(sa_set_str(&addr, ip, 4000), 0);
	return reach_ask(reach, &addr);
}

static void what_is_allowed_counts_more(void)
{
	struct reach reach = {.ndeny = 2, .nallow = 1};

	CHECK(cfg_cidr_read(&reach.deny[0], "10.0.0.0/8"));
	CHECK(cfg_cidr_read(&reach.deny[1], "fd00::/8"));
	CHECK(cfg_cidr_read(&reach.allow[0], "10.1.0.0/16"));
	CHECK_INT(ask(&reach, "10.2.3.4"), REACH_DENIED);
	CHECK_INT(ask(&reach, "10.1.3.4"), REACH_ALLOWED);
	CHECK_INT(ask(&reach, "11.1.3.4"), REACH_UNSAID);
	CHECK_INT(ask(&reach, "fd00::7"), REACH_DENIED);
	CHECK_INT(ask(&reach, "2001:db8::7"), REACH_UNSAID);
	CHECK_INT(ask(NULL, "10.2.3.4"), REACH_UNSAID);
}

static void an_address_within_another_is_found(void)
{
	struct reach reach = {.ndeny = 1};

	CHECK(cfg_cidr_read(&reach.deny[0], "10.0.0.0/8"));
	CHECK_INT(ask(&reach, "::ffff:10.2.3.4"), REACH_DENIED);
	CHECK_INT(ask(&reach, "::10.2.3.4"), REACH_DENIED);
	CHECK_INT(ask(&reach, "64:ff9b::10.2.3.4"), REACH_DENIED);
	CHECK_INT(ask(&reach, "2002:a02:304::1"), REACH_DENIED);
	CHECK_INT(ask(&reach, "2002:b02:304::1"), REACH_UNSAID);
	CHECK_INT(ask(&reach, "::ffff:11.2.3.4"), REACH_UNSAID);
}

TEST_MAIN(TEST(what_is_allowed_counts_more),
	  TEST(an_address_within_another_is_found))
