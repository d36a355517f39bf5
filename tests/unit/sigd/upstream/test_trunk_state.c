/*
 * test_trunk_state.c  The state of a registration, as text and back
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "sigd/upstream/trunk_state.h"
#include "tests/lib/test.h"

static const struct trunk_state sample = {
	.phase = TRUNK_FAILED,
	.callid = "0123456789abcdef",
	.cseq = 17,
	.ends_ms = 1790000000000,
	.code = 403,
	.why = "Not = here,\r\n 100%",
	.since_ms = 1789999999999,
	.print = 4000000000u,
};

static int parse(struct trunk_state *state, const char *text)
{
	struct pl pl;

	pl_set_str(&pl, text);
	return trunk_state_parse(state, &pl);
}

static void a_state_reads_back(void)
{
	struct trunk_state back;
	char text[TRUNK_STATE_MAX];

	CHECK_INT(trunk_state_print(text, &sample, "a1/2"), 0);
	CHECK(!strpbrk(text, "\r\n"));
	CHECK_INT(parse(&back, text), 0);
	CHECK(!memcmp(&back, &sample, sizeof(back)));
}

static void what_is_not_ours_is_refused(void)
{
	static const char *const bad[] = {
		"", "state=up", "state=failed",
		"state=failed callid= cseq=1 ends=0 code=0 why= since=0 print=0",
		"state=failed callid=a cseq=-1 ends=0 code=0 why= since=0 "
		"print=0",
		"state=failed callid=a%0 cseq=1 ends=0 code=0 why= since=0 "
		"print=0",
		"state=failed callid=a%00 cseq=1 ends=0 code=0 why= since=0 "
		"print=0",
		"state=failed callid=a cseq=1 ends=0 code=700 why= since=0 "
		"print=0",
		"state=failed callid=a cseq=1 ends=0 code=7 why= since=0 "
		"print=99999999999",
	};
	struct trunk_state state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(parse(&state, bad[i]), EBADMSG);
	CHECK_INT(parse(&state, "state=failed callid=a cseq=1 ends=0 code=7 "
				"why= since=0 print=9 more=x"), 0);
}

static void each_failure_doubles_the_wait_up_to_five_minutes(void)
{
	CHECK_INT(trunk_retry_ms(0, 5000, false), 5000);
	CHECK_INT(trunk_retry_ms(3, 5000, false), 40000);
	CHECK_INT(trunk_retry_ms(4000, 5000, false), 300000);
	CHECK_INT(trunk_retry_ms(1, 3600000, false), 3600000);
}

/* Who wants a minute's rest gets it, registered or not. */
static void a_registration_in_force_is_no_reason_to_hammer(void)
{
	CHECK_INT(trunk_retry_ms(7, 5000, true), 5000);
	CHECK_INT(trunk_retry_ms(0, 60000, true), 60000);
	CHECK_INT(trunk_retry_ms(9, 60000, true), 60000);
}

TEST_MAIN(TEST(each_failure_doubles_the_wait_up_to_five_minutes),
	  TEST(a_registration_in_force_is_no_reason_to_hammer),
	  TEST(a_state_reads_back), TEST(what_is_not_ours_is_refused))
