/*
 * test_replay.c  SRTP index estimate and replay window, against a model
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "mediad/transport/replay.h"
#include "tests/lib/test.h"

enum {
	SSRC = 0xcafe
};

/* A fixed generator: a failure comes again. */
static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 33);
}

/* What a receiver does with a packet that is authentic under `truth`. */
static int receive(struct replay_state *st, uint64_t truth)
{
	uint64_t index = 0;
	int err = replay_rtp_check(st, SSRC, (uint16_t)truth, &index);

	if (err)
		return err;
	if (index != truth)
		return EBADE;
	replay_rtp_accept(st, SSRC, index);
	return 0;
}

static void a_packet_passes_once(void)
{
	struct replay_state st = {0};

	CHECK_INT(receive(&st, 100), 0);
	CHECK_INT(receive(&st, 100), EALREADY);
	CHECK_INT(receive(&st, 99), 0);
	CHECK_INT(receive(&st, 99), EALREADY);
	CHECK_INT(receive(&st, 103), 0);
	CHECK_INT(receive(&st, 102), 0);
	CHECK_INT(receive(&st, 101), 0);
	CHECK_INT(receive(&st, 101), EALREADY);
}

static void the_window_is_128_wide(void)
{
	struct replay_state st = {0};

	CHECK_INT(receive(&st, 1000), 0);
	CHECK_INT(receive(&st, 1000 - 127), 0);
	CHECK_INT(receive(&st, 1000 - 128), EALREADY);
	CHECK_INT(receive(&st, 1064), 0);
	CHECK_INT(receive(&st, 1000), EALREADY);
	CHECK_INT(receive(&st, 1128), 0);
	CHECK_INT(receive(&st, 1064), EALREADY);
	CHECK_INT(receive(&st, 5000), 0);
	CHECK_INT(receive(&st, 4999), 0);
}

static void the_roc_counts_on_each_wrap(void)
{
	struct replay_state st = {0};

	for (uint64_t i = 30000; i < 5 * 65536ull; i += 7)
		REQUIRE(receive(&st, i) == 0);
	CHECK_INT(receive(&st, 5 * 65536ull - 3), 0);
}

static void a_late_packet_belongs_to_the_roc_before_the_wrap(void)
{
	struct replay_state st = {0};

	CHECK_INT(receive(&st, 0x7000), 0);
	CHECK_INT(receive(&st, 0xe000), 0);
	CHECK_INT(receive(&st, 0xfffe), 0);
	CHECK_INT(receive(&st, 0x10001), 0);
	CHECK_INT(receive(&st, 0xffff), 0);
	CHECK_INT(receive(&st, 0xfffe), EALREADY);
	CHECK_INT(receive(&st, 0x10000), 0);
}

static void a_gap_of_almost_half_the_range_is_bridged(void)
{
	struct replay_state st = {0};

	CHECK_INT(receive(&st, 0x0010), 0);
	CHECK_INT(receive(&st, 0x8010), 0);
	CHECK_INT(receive(&st, 0x1000f), 0);
	CHECK_INT(receive(&st, 0x1800e), 0);
	CHECK_INT(receive(&st, 0x2000d), 0);
}

static void nothing_changes_before_accept(void)
{
	struct replay_state st = {0}, before;
	uint64_t index;

	CHECK_INT(receive(&st, 500), 0);
	before = st;
	CHECK_INT(replay_rtp_check(&st, SSRC, 60000, &index), 0);
	CHECK_INT(replay_rtp_check(&st, 77, 1, &index), 0);
	CHECK_INT(replay_rtcp_check(&st, SSRC, 9), 0);
	CHECK(!memcmp(&st, &before, sizeof(st)));
}

static void ssrcs_are_kept_apart(void)
{
	struct replay_state st = {0};
	uint64_t index;

	for (uint32_t i = 0; i < REPLAY_SSRCS; i++) {
		CHECK_INT(replay_rtp_check(&st, i, 7, &index), 0);
		CHECK(replay_rtp_accept(&st, i, index));
		CHECK(!replay_rtcp_accept(&st, i, 7));
	}
	CHECK_INT(replay_rtp_check(&st, 0, 8, &index), 0);
	CHECK_INT(replay_rtcp_check(&st, 0, 7), EALREADY);
	CHECK_INT(replay_rtcp_check(&st, 0, 8), 0);
	CHECK(replay_sound(&st));
}

/* One that is heard all the time, and new ones one after the other. */
static void the_silent_make_room_and_never_come_back(void)
{
	struct replay_state st = {0};
	uint64_t index;

	for (uint32_t i = 1; i <= 100; i++) {
		CHECK_INT(replay_rtp_check(&st, 1000 * i, 7, &index), 0);
		CHECK(replay_rtp_accept(&st, 1000 * i, index));
		CHECK_INT(receive(&st, i), 0);
		CHECK_INT(receive(&st, i), EALREADY);
		if (i < REPLAY_SSRCS)
			continue;
		/* what they sent, and what they never sent */
		for (uint32_t k = 1; k < i - REPLAY_SSRCS + 2; k++) {
			CHECK_INT(replay_rtp_check(&st, 1000 * k, 7, &index),
				  ENOSPC);
			CHECK_INT(replay_rtcp_check(&st, 1000 * k, 9), ENOSPC);
		}
		CHECK_INT(replay_rtp_check(&st, 1000 * i, 7, &index),
			  EALREADY);
	}
	CHECK_INT(st.ngone, 100 - (REPLAY_SSRCS - 1));
	CHECK(replay_sound(&st));
}

static void few_new_ones_are_taken_for_those_who_went(void)
{
	struct replay_state st = {0};
	uint64_t index, rnd = 9;
	unsigned refused = 0;

	for (uint32_t i = 0; i < REPLAY_SSRCS + 100; i++)
		replay_rtp_accept(&st, next_random(&rnd), 7);
	for (uint32_t i = 0; i < 10000; i++)
		refused += replay_rtp_check(&st, next_random(&rnd), 7,
					    &index) != 0;
	CHECK(refused < 200);
}

static void the_order_may_be_lost_but_nobody_is(void)
{
	struct replay_state st = {0};

	for (uint32_t i = 0; i < 3; i++)
		replay_rtp_accept(&st, i, 7);
	st.turn = UINT32_MAX;
	CHECK(!replay_rtp_accept(&st, 1, 8));
	CHECK(replay_rtp_accept(&st, 3, 7));
	CHECK(!replay_rtp_accept(&st, 0, 8));
	CHECK(replay_sound(&st));
}

static void of_two_keys_both_windows_are_kept(void)
{
	struct replay_state st = {0}, rtcp = {0};
	uint64_t index;

	CHECK_INT(receive(&st, 7000), 0);
	CHECK(replay_rtp_accept(&st, 0, 7));
	for (uint32_t i = 0; i < REPLAY_SSRCS + 1; i++)
		replay_rtcp_accept(&rtcp, i, 7);
	replay_rtcp_accept(&rtcp, SSRC, 8);
	replay_join_rtcp(&st, &rtcp);
	CHECK(replay_sound(&st));
	CHECK_INT(receive(&st, 7000), EALREADY);
	CHECK_INT(receive(&st, 7001), 0);
	CHECK_INT(replay_rtcp_check(&st, SSRC, 8), EALREADY);
	CHECK_INT(replay_rtcp_check(&st, 5, 7), EALREADY);
	CHECK_INT(replay_rtcp_check(&st, 5, 8), 0);
	/* its RTCP had to go, not its RTP */
	CHECK_INT(replay_rtcp_check(&st, 0, 7), EALREADY);
	CHECK_INT(replay_rtcp_check(&st, 0, 9), EALREADY);
	CHECK_INT(replay_rtp_check(&st, 0, 8, &index), 0);
	/* there was no room for all of them */
	CHECK_INT(replay_rtcp_check(&st, REPLAY_SSRCS - 1, 9), ENOSPC);
}

static void what_went_of_rtp_does_not_come_back_by_rtcp(void)
{
	struct replay_state st = {0}, rtcp = {0};
	uint64_t index;

	for (uint32_t i = 0; i < REPLAY_SSRCS + 1; i++)
		replay_rtp_accept(&st, i, 7);
	st.src[REPLAY_SSRCS - 1] = (struct replay_src){0};
	replay_rtcp_accept(&rtcp, 0, 7);
	replay_join_rtcp(&st, &rtcp);
	CHECK(replay_sound(&st));
	CHECK_INT(replay_rtp_check(&st, 0, 7, &index), EALREADY);
	CHECK_INT(replay_rtp_check(&st, 0, 0xffff, &index), EALREADY);
	CHECK_INT(replay_rtcp_check(&st, 0, 8), 0);
}

static void an_index_never_passes_its_end(void)
{
	struct replay_state st = {0};
	uint64_t index;

	replay_rtp_accept(&st, SSRC, (1ull << 48) - 2);
	CHECK_INT(replay_rtp_check(&st, SSRC, 0xffff, &index), 0);
	CHECK_INT(replay_rtp_check(&st, SSRC, 3, &index), EALREADY);
}

static void an_unsound_state_is_refused(void)
{
	struct replay_state st = {0};

	CHECK(replay_sound(&st));
	st.src[1].used = 1;
	CHECK(!replay_sound(&st));
	st.src[0] = (struct replay_src){.ssrc = 5, .used = 1};
	CHECK(replay_sound(&st));
	st.src[1].ssrc = 5;
	CHECK(!replay_sound(&st));
	st.src[1].ssrc = 6;
	st.src[1].rtp.high = 1ull << 49;
	CHECK(!replay_sound(&st));
	st.src[1].rtp.high = 1;
	st.src[1].rtcp.high = 1ull << 33;
	CHECK(!replay_sound(&st));
}

/* The model remembers every index that it took. */
enum {
	MODEL_LEN = 1 << 20
};

static void random_streams_agree_with_a_model(void)
{
	static uint8_t seen[MODEL_LEN];
	struct replay_state st = {0};
	uint64_t rnd = 1, high = 20000;

	memset(seen, 0, sizeof(seen));
	for (unsigned n = 0; n < 200000 && high < MODEL_LEN - 2000; n++) {
		uint32_t r = next_random(&rnd);
		uint64_t i =
			r >> 20 & 1 ? high + 1 + (r & 15) : high - (r & 255);
		bool fresh = !n || i > high ||
			     (high - i < REPLAY_WINDOW && !seen[i]);

		if (!(r >> 8 & 1023)) { /* a gap */
			i = high + 1 + (r >> 18 & 1023);
			fresh = true;
		}
		REQUIRE(receive(&st, i) == (fresh ? 0 : EALREADY));
		seen[i] = 1;
		if (i > high || !n)
			high = i;
	}
	CHECK(high > 4 * 65536);
}

TEST_MAIN(TEST(a_packet_passes_once), TEST(the_window_is_128_wide),
	  TEST(the_roc_counts_on_each_wrap),
	  TEST(a_late_packet_belongs_to_the_roc_before_the_wrap),
	  TEST(a_gap_of_almost_half_the_range_is_bridged),
	  TEST(nothing_changes_before_accept),
	  TEST(ssrcs_are_kept_apart),
	  TEST(the_silent_make_room_and_never_come_back),
	  TEST(few_new_ones_are_taken_for_those_who_went),
	  TEST(the_order_may_be_lost_but_nobody_is),
	  TEST(of_two_keys_both_windows_are_kept),
	  TEST(what_went_of_rtp_does_not_come_back_by_rtcp),
	  TEST(an_index_never_passes_its_end),
	  TEST(an_unsound_state_is_refused),
	  TEST(random_streams_agree_with_a_model))
