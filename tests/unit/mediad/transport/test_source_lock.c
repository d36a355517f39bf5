/*
 * test_source_lock.c  Whose packets a leg of plain RTP takes
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "mediad/transport/source_lock.h"
#include "tests/lib/test.h"

struct bed {
	struct source_rule rule;
	struct source_lock rtp, rtcp;
	uint64_t now_ms;
	uint16_t seq;
	bool authentic;
};

static struct sa addr(const char *text)
{
	struct sa sa;

	sa_init(&sa, AF_UNSPEC);
	CHECK_INT(sa_decode(&sa, text, strlen(text)), 0);
	return sa;
}

static void bed_init(struct bed *bed, enum source_policy policy)
{
	struct sa rtp = addr("192.0.2.1:4000"), rtcp = addr("192.0.2.1:4001");

	memset(bed, 0, sizeof(*bed));
	bed->rule.policy = policy;
	bed->now_ms = 1000;
	source_lock_say(&bed->rtp, &bed->rule, &rtp);
	source_lock_say(&bed->rtcp, &bed->rule, &rtcp);
}

static void network(struct bed *bed, const char *text)
{
	CHECK(cfg_cidr_read(&bed->rule.nets[bed->rule.nnets++], text));
}

static enum source_verdict one(struct bed *bed, const char *from, uint32_t ssrc)
{
	struct sa src = addr(from);
	struct source_packet packet = {&src, bed->now_ms, ssrc, bed->seq++,
					bed->authentic};

	return source_lock_rtp(&bed->rtp, &bed->rule, &packet);
}

static enum source_verdict rtcp(struct bed *bed, const char *from)
{
	struct sa src = addr(from);
	struct source_packet packet = {.src = &src, .now_ms = bed->now_ms};

	return source_lock_rtcp(&bed->rtcp, &bed->rule, &bed->rtp, &packet);
}

static bool sends_to(const struct source_lock *lock, const char *text)
{
	struct sa dest, want = addr(text);

	return source_lock_dest(lock, &dest) && sa_cmp(&dest, &want, SA_ALL);
}

static void before_any_sdp_nobody_is_heard(void)
{
	struct source_lock lock = {0};
	struct sa src = addr("192.0.2.1:4000"), dest;
	struct source_packet packet = {.src = &src};

	for (int policy = 0; policy < SOURCE_POLICIES; policy++) {
		struct source_rule rule = {.policy =
						   (enum source_policy)policy};

		CHECK_INT(source_lock_rtp(&lock, &rule, &packet), SOURCE_DROP);
		CHECK_INT(source_lock_rtcp(&lock, &rule, &lock, &packet),
			  SOURCE_DROP);
		CHECK(!source_lock_dest(&lock, &dest));
	}
}

static void strict_takes_the_sdps_address_alone(void)
{
	struct bed bed;

	bed_init(&bed, SOURCE_STRICT);
	network(&bed, "0.0.0.0/0"); /* of no use here */
	CHECK_INT(one(&bed, "192.0.2.1:4000", 1), SOURCE_TAKE);
	for (unsigned i = 0; i < 10; i++) {
		bed.now_ms += 10000;
		/* nor when they come in a row */
		for (unsigned n = 0; n < 3; n++)
			CHECK_INT(one(&bed, "192.0.2.1:4002", 1), SOURCE_DROP);
		for (unsigned n = 0; n < 3; n++)
			CHECK_INT(one(&bed, "192.0.2.2:4000", 1), SOURCE_DROP);
		CHECK_INT(rtcp(&bed, "192.0.2.1:4003"), SOURCE_DROP);
	}
	CHECK_INT(rtcp(&bed, "192.0.2.1:4001"), SOURCE_TAKE);
	CHECK(sends_to(&bed.rtp, "192.0.2.1:4000"));
	CHECK(sends_to(&bed.rtcp, "192.0.2.1:4001"));
}

static void a_new_sdp_moves_the_strict_lock(void)
{
	struct sa moved = addr("192.0.2.9:5000");
	struct bed bed;

	bed_init(&bed, SOURCE_STRICT);
	source_lock_say(&bed.rtp, &bed.rule, &moved);
	CHECK_INT(one(&bed, "192.0.2.1:4000", 1), SOURCE_DROP);
	CHECK_INT(one(&bed, "192.0.2.9:5000", 1), SOURCE_TAKE);
	CHECK(sends_to(&bed.rtp, "192.0.2.9:5000"));
}

static void learn_once_follows_the_host_to_its_port(void)
{
	struct sa same = addr("192.0.2.1:4000"), other = addr("192.0.2.7:4000");
	struct bed bed;

	bed_init(&bed, SOURCE_LEARN_ONCE);
	CHECK(sends_to(&bed.rtp, "192.0.2.1:4000"));
	CHECK_INT(one(&bed, "192.0.2.2:7000", 1), SOURCE_DROP);
	CHECK_INT(one(&bed, "192.0.2.2:7000", 1), SOURCE_DROP);
	/* two in a row */
	CHECK_INT(one(&bed, "192.0.2.1:7000", 1), SOURCE_DROP);
	CHECK_INT(one(&bed, "192.0.2.1:7000", 1), SOURCE_LOCKED);
	CHECK_INT(one(&bed, "192.0.2.1:7000", 1), SOURCE_TAKE);
	CHECK(sends_to(&bed.rtp, "192.0.2.1:7000"));
	/* for good, even against the SDP's own */
	bed.now_ms += 100000;
	for (unsigned i = 0; i < 3; i++) {
		CHECK_INT(one(&bed, "192.0.2.1:7001", 1), SOURCE_DROP);
		CHECK_INT(one(&bed, "192.0.2.1:4000", 1), SOURCE_DROP);
	}
	/* the same again is no new agreement */
	source_lock_say(&bed.rtp, &bed.rule, &same);
	CHECK(sends_to(&bed.rtp, "192.0.2.1:7000"));
	source_lock_say(&bed.rtp, &bed.rule, &other);
	CHECK(sends_to(&bed.rtp, "192.0.2.7:4000"));
	CHECK_INT(one(&bed, "192.0.2.1:7000", 1), SOURCE_DROP);
	CHECK_INT(one(&bed, "192.0.2.7:4000", 1), SOURCE_LOCKED);
}

static void the_address_of_the_sdp_needs_no_second_packet(void)
{
	struct bed bed;

	bed_init(&bed, SOURCE_LEARN_ONCE);
	CHECK_INT(one(&bed, "192.0.2.1:7000", 1), SOURCE_DROP);
	CHECK_INT(one(&bed, "192.0.2.1:4000", 2), SOURCE_LOCKED);
	CHECK_INT(one(&bed, "192.0.2.1:7000", 1), SOURCE_DROP);
	CHECK_INT(one(&bed, "192.0.2.1:7000", 1), SOURCE_DROP);
}

static void single_packets_of_many_lock_nothing(void)
{
	struct bed bed;
	struct sa src;

	bed_init(&bed, SOURCE_LEARN_ONCE);
	network(&bed, "198.51.100.0/24");
	for (unsigned i = 0; i < 1000; i++) {
		struct source_packet packet = {&src, bed.now_ms, i, 7, false};

		src = addr("198.51.100.1:1000");
		sa_set_port(&src, (uint16_t)(1000 + i));
		CHECK_INT(source_lock_rtp(&bed.rtp, &bed.rule, &packet),
			  SOURCE_DROP);
	}
	/* the same packet over and over */
	for (unsigned i = 0; i < 10; i++) {
		struct source_packet packet = {&src, bed.now_ms, 5, 7, false};

		CHECK_INT(source_lock_rtp(&bed.rtp, &bed.rule, &packet),
			  SOURCE_DROP);
	}
	CHECK(sends_to(&bed.rtp, "192.0.2.1:4000"));
}

static void learn_once_may_have_networks(void)
{
	struct bed bed;

	bed_init(&bed, SOURCE_LEARN_ONCE);
	network(&bed, "198.51.100.0/24");
	(void)one(&bed, "198.51.101.1:7000", 1);
	CHECK_INT(one(&bed, "198.51.101.1:7000", 1), SOURCE_DROP);
	(void)one(&bed, "198.51.100.200:7000", 1);
	CHECK_INT(one(&bed, "198.51.100.200:7000", 1), SOURCE_LOCKED);
	CHECK(sends_to(&bed.rtp, "198.51.100.200:7000"));
}

/* It may be alone, but not from anywhere. */
static void authentic_packets_need_no_second_one(void)
{
	struct bed bed;

	bed_init(&bed, SOURCE_LEARN_ONCE);
	network(&bed, "198.51.100.0/24");
	bed.authentic = true;
	CHECK_INT(one(&bed, "198.51.101.1:7000", 1), SOURCE_DROP);
	CHECK_INT(one(&bed, "198.51.100.200:7000", 1), SOURCE_LOCKED);
	CHECK_INT(one(&bed, "198.51.100.201:7000", 1), SOURCE_DROP);

	bed_init(&bed, SOURCE_STRICT);
	bed.authentic = true;
	CHECK_INT(one(&bed, "192.0.2.1:7000", 1), SOURCE_DROP);
}

static void network_changes_after_silence_alone(void)
{
	struct bed bed;

	bed_init(&bed, SOURCE_NETWORK);
	network(&bed, "198.51.100.0/24");
	(void)one(&bed, "198.51.100.1:7000", 1);
	CHECK_INT(one(&bed, "198.51.100.1:7000", 1), SOURCE_LOCKED);
	for (unsigned i = 0; i < 100; i++) {
		bed.now_ms += SOURCE_SILENT_MS - 1;
		CHECK_INT(one(&bed, "198.51.100.2:8000", 2), SOURCE_DROP);
		CHECK_INT(one(&bed, "198.51.100.2:8000", 2), SOURCE_DROP);
		CHECK_INT(one(&bed, "192.0.2.1:4000", 2), SOURCE_DROP);
		CHECK_INT(one(&bed, "198.51.100.1:7000", 1), SOURCE_TAKE);
	}
	bed.now_ms += SOURCE_SILENT_MS;
	CHECK_INT(one(&bed, "203.0.113.1:8000", 2), SOURCE_DROP);
	CHECK_INT(one(&bed, "203.0.113.1:8000", 2), SOURCE_DROP);
	CHECK_INT(one(&bed, "198.51.100.2:8000", 2), SOURCE_DROP);
	CHECK_INT(one(&bed, "198.51.100.2:8000", 2), SOURCE_LOCKED);
	CHECK(sends_to(&bed.rtp, "198.51.100.2:8000"));
	CHECK_INT(one(&bed, "198.51.100.1:7000", 1), SOURCE_DROP);
	/* the SDP's own address is one of them, wherever it is */
	bed.now_ms += SOURCE_SILENT_MS;
	CHECK_INT(one(&bed, "192.0.2.1:4000", 3), SOURCE_LOCKED);
}

static void rtcp_follows_the_rtp(void)
{
	struct bed bed;

	bed_init(&bed, SOURCE_LEARN_ONCE);
	CHECK_INT(rtcp(&bed, "192.0.2.1:7001"), SOURCE_DROP);
	(void)one(&bed, "192.0.2.1:7000", 1);
	CHECK_INT(one(&bed, "192.0.2.1:7000", 1), SOURCE_LOCKED);
	CHECK_INT(rtcp(&bed, "192.0.2.2:7001"), SOURCE_DROP);
	CHECK_INT(rtcp(&bed, "192.0.2.1:7009"), SOURCE_LOCKED);
	CHECK_INT(rtcp(&bed, "192.0.2.1:7009"), SOURCE_TAKE);
	CHECK_INT(rtcp(&bed, "192.0.2.1:7001"), SOURCE_DROP);
	CHECK(sends_to(&bed.rtcp, "192.0.2.1:7009"));
}

static void addresses_of_six_work_as_well(void)
{
	struct sa said = addr("[2001:db8::1]:4000");
	struct bed bed;

	bed_init(&bed, SOURCE_NETWORK);
	network(&bed, "2001:db8:7::/48");
	source_lock_say(&bed.rtp, &bed.rule, &said);
	(void)one(&bed, "[2001:db8:8::1]:7000", 1);
	CHECK_INT(one(&bed, "[2001:db8:8::1]:7000", 1), SOURCE_DROP);
	(void)one(&bed, "[2001:db8:7::1]:7000", 1);
	CHECK_INT(one(&bed, "[2001:db8:7::1]:7000", 1), SOURCE_LOCKED);
	CHECK(sends_to(&bed.rtp, "[2001:db8:7::1]:7000"));
}

TEST_MAIN(TEST(before_any_sdp_nobody_is_heard),
	  TEST(strict_takes_the_sdps_address_alone),
	  TEST(a_new_sdp_moves_the_strict_lock),
	  TEST(learn_once_follows_the_host_to_its_port),
	  TEST(the_address_of_the_sdp_needs_no_second_packet),
	  TEST(single_packets_of_many_lock_nothing),
	  TEST(learn_once_may_have_networks),
	  TEST(authentic_packets_need_no_second_one),
	  TEST(network_changes_after_silence_alone), TEST(rtcp_follows_the_rtp),
	  TEST(addresses_of_six_work_as_well))
