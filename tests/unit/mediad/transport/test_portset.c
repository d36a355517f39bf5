/*
 * test_portset.c  Pairs of ports: taken in turn, shared out by slot
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/transport/portset.h"
#include "tests/lib/test.h"

static void pairs_are_even_and_come_in_order(void)
{
	struct portset *set = NULL;
	uint16_t port = 0;

	REQUIRE(portset_alloc(&set, 30001, 30008) == 0);
	CHECK_INT(portset_count(set), 3); /* 30008 has no neighbour */
	for (unsigned i = 0; i < 3; i++) {
		CHECK_INT(portset_take(set, &port), 0);
		CHECK_INT(port, 30002 + 2 * i);
	}
	CHECK_INT(portset_take(set, &port), ENOSPC);
	CHECK_INT(portset_free(set), 0);
	mem_deref(set);
}

static void who_was_freed_first_is_taken_first(void)
{
	struct portset *set = NULL;
	uint16_t port[4] = {0}, again = 0;

	REQUIRE(portset_alloc(&set, 4000, 4007) == 0);
	for (unsigned i = 0; i < 3; i++)
		CHECK_INT(portset_take(set, &port[i]), 0);
	portset_give(set, port[1]);
	portset_give(set, port[0]);
	CHECK_INT(portset_take(set, &again), 0);
	CHECK_INT(again, 4006); /* never used yet */
	CHECK_INT(portset_take(set, &again), 0);
	CHECK_INT(again, port[1]);
	CHECK_INT(portset_take(set, &again), 0);
	CHECK_INT(again, port[0]);
	CHECK_INT(portset_take(set, &again), ENOSPC);
	mem_deref(set);
}

static void a_certain_pair_can_be_taken_once(void)
{
	struct portset *set = NULL;
	uint16_t port = 0;

	REQUIRE(portset_alloc(&set, 4000, 4005) == 0);
	CHECK_INT(portset_take_this(set, 4002), 0);
	CHECK_INT(portset_take_this(set, 4002), EBUSY);
	CHECK_INT(portset_take_this(set, 4003), ENOENT);
	CHECK_INT(portset_take_this(set, 3998), ENOENT);
	CHECK_INT(portset_take_this(set, 4006), ENOENT);
	CHECK_INT(portset_free(set), 2);
	CHECK_INT(portset_take(set, &port), 0);
	CHECK_INT(port, 4000);
	CHECK_INT(portset_take(set, &port), 0);
	CHECK_INT(port, 4004);
	portset_give(set, 4002);
	CHECK_INT(portset_take(set, &port), 0);
	CHECK_INT(port, 4002);
	mem_deref(set);
}

static void slots_never_share_a_port(void)
{
	bool used[65536] = {0};

	for (unsigned slots = 1; slots <= 64; slots++) {
		memset(used, 0, sizeof(used));
		for (unsigned slot = 1; slot <= slots; slot++) {
			uint16_t lo = 30001, hi = 30999;

			CHECK_INT(portset_share(&lo, &hi, slot, slots), 0);
			CHECK(lo >= 30001 && hi <= 30999 && !(lo & 1));
			for (unsigned p = lo; p <= hi; p++) {
				CHECK(!used[p]);
				used[p] = true;
			}
		}
	}
}

static void shares_of_nothing_are_refused(void)
{
	uint16_t lo = 4000, hi = 4003;

	CHECK_INT(portset_share(&lo, &hi, 1, 3), ENOSPC);
	CHECK_INT(portset_share(&lo, &hi, 0, 1), ENOSPC);
	CHECK_INT(portset_share(&lo, &hi, 3, 2), ENOSPC);
	lo = hi = 4000;
	CHECK_INT(portset_share(&lo, &hi, 1, 1), ENOSPC);
	lo = 65535;
	hi = 65535;
	CHECK_INT(portset_share(&lo, &hi, 1, 1), ENOSPC);
	lo = 4001;
	hi = 4000;
	CHECK_INT(portset_share(&lo, &hi, 1, 1), ENOSPC);
}

static void the_whole_range_of_ports_will_do(void)
{
	struct portset *set = NULL;
	uint16_t port = 0;

	REQUIRE(portset_alloc(&set, 0, 65535) == 0);
	CHECK_INT(portset_count(set), 32768);
	for (unsigned i = 0; i < 32768; i++)
		CHECK_INT(portset_take(set, &port), 0);
	CHECK_INT(port, 65534);
	portset_give(set, 65534);
	CHECK_INT(portset_free(set), 1);
	mem_deref(set);
}

static void memory_may_run_out(void)
{
	struct portset *set = NULL;

	if (!portset_alloc(&set, 4000, 4099))
		mem_deref(set);
}

TEST_MAIN(TEST(pairs_are_even_and_come_in_order),
	  TEST(who_was_freed_first_is_taken_first),
	  TEST(a_certain_pair_can_be_taken_once),
	  TEST(slots_never_share_a_port), TEST(shares_of_nothing_are_refused),
	  TEST(the_whole_range_of_ports_will_do), TEST_OOM(memory_may_run_out))
