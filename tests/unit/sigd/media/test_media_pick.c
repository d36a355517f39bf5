/*
 * test_media_pick.c  The choice of a media worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/media/media_pick.h"
#include "tests/lib/test.h"

static void nobody_is_up_nobody_is_picked(void)
{
	struct ctl_node nodes[2] = {{.state = CTL_NODE_DRAIN},
				    {.state = CTL_NODE_FULL}};

	CHECK(!media_pick(nodes, 2, 7, NULL));
	CHECK(!media_pick(nodes, 0, 7, NULL));
}

static void only_those_that_are_up_are_picked(void)
{
	struct ctl_node nodes[3] = {{.state = CTL_NODE_DRAIN},
				    {.state = CTL_NODE_UP, .load = 900},
				    {.state = CTL_NODE_FULL}};

	for (uint32_t r = 0; r < 100; r++)
		CHECK(media_pick(nodes, 3, r * 2654435761u, NULL) == &nodes[1]);
}

static void of_two_the_less_loaded_is_picked(void)
{
	struct ctl_node nodes[2] = {{.load = 500}, {.load = 100}};

	for (uint32_t r = 0; r < 100; r++)
		CHECK(media_pick(nodes, 2, r * 2654435761u, NULL) == &nodes[1]);
	nodes[0].load	  = 100;
	nodes[1].sessions = 5;
	CHECK(media_pick(nodes, 2, 1, NULL) == &nodes[0]);
}

static void who_is_late_has_enough_to_do(void)
{
	struct ctl_node nodes[2] = {{.load = 100, .lag_ms = 45},
				    {.load = 500, .lag_ms = 3}};

	CHECK(media_pick(nodes, 2, 1, NULL) == &nodes[1]);
	/* the chance of a moment */
	nodes[0].lag_ms = 15;
	CHECK(media_pick(nodes, 2, 1, NULL) == &nodes[0]);
}

static void the_most_loaded_of_many_is_never_picked(void)
{
	struct ctl_node nodes[5] = {{.load = 10}, {.load = 20}, {.load = 30},
				    {.load = 40}, {.load = 50}};
	unsigned hits[5] = {0};

	for (uint32_t r = 0; r < 10000; r++)
		hits[media_pick(nodes, 5, r * 2654435761u, NULL) - nodes]++;
	CHECK_INT(hits[4], 0);
	/* and the others all get some */
	for (unsigned i = 0; i < 4; i++)
		CHECK(hits[i] > 100);
}

static void the_one_that_refused_is_not_picked_again(void)
{
	struct ctl_node nodes[3] = {{.addr = "m1/1"}, {.addr = "m2/1"},
				    {.addr = "m3/1", .state = CTL_NODE_FULL}};

	for (uint32_t r = 0; r < 100; r++)
		CHECK(media_pick(nodes, 3, r * 2654435761u, "m2/1") ==
		      &nodes[0]);
	CHECK(!media_pick(nodes, 1, 7, "m1/1"));
}

static void no_worker_of_a_node_is_picked_that_is_left(void)
{
	struct ctl_node nodes[3] = {
		{.addr = "m1/1"}, {.addr = "m1/2"}, {.addr = "m11/1"}};

	for (uint32_t r = 0; r < 100; r++)
		CHECK(media_pick(nodes, 3, r * 2654435761u, "m1") == &nodes[2]);
	CHECK(!media_pick(nodes, 2, 7, "m1"));
}

TEST_MAIN(TEST(who_is_late_has_enough_to_do),
	  TEST(the_one_that_refused_is_not_picked_again),
	  TEST(no_worker_of_a_node_is_picked_that_is_left),
	  TEST(nobody_is_up_nobody_is_picked),
	  TEST(only_those_that_are_up_are_picked),
	  TEST(of_two_the_less_loaded_is_picked),
	  TEST(the_most_loaded_of_many_is_never_picked))
