/*
 * test_verdict.c  What a refusal is worth
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/countof.h"
#include "sigd/proxy/verdict.h"
#include "tests/lib/test.h"

/* RFC 3261 16.7 step 6 */
static void the_best_of_several_comes_first(void)
{
	static const uint16_t order[] = {600, 603, 302, 484, 401, 404, 486,
					 408, 480, 503, 500, 504};

	for (unsigned i = 1; i < COUNTOF(order); i++) {
		if (!CHECK(verdict_rank(order[i - 1]) <
			   verdict_rank(order[i])))
			re_printf("# %u before %u\n", order[i - 1], order[i]);
	}
}

static void only_who_cannot_is_passed_by(void)
{
	CHECK(verdict_elsewhere(503));
	CHECK(verdict_elsewhere(408));
	CHECK(verdict_elsewhere(430));
	CHECK(!verdict_elsewhere(404));
	CHECK(!verdict_elsewhere(603));
}

static void a_refusal_has_a_reason(void)
{
	CHECK_INT(verdict_reason(486), STATUS_BUSY);
	CHECK_INT(verdict_reason(404), STATUS_UNKNOWN_USER);
	CHECK_INT(verdict_reason(502), STATUS_TARGET_DOWN);
}

TEST_MAIN(TEST(the_best_of_several_comes_first),
	  TEST(only_who_cannot_is_passed_by), TEST(a_refusal_has_a_reason))
