/*
 * test_sigd_nodes.c  Which event a change of a node's state is
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/sigd_nodes.h"
#include "tests/lib/test.h"

static void a_change_of_state_is_one_event(void)
{
	CHECK_STR(nodes_event("", "serving"), "node.joined");
	CHECK_STR(nodes_event("lost", "serving"), "node.joined");
	CHECK_STR(nodes_event("drained", "serving"), "node.joined");
	CHECK_STR(nodes_event("serving", "draining"), "node.draining");
	CHECK_STR(nodes_event("draining", "drained"), "node.drained");
	CHECK_STR(nodes_event("drained", "lost"), "node.left");
	CHECK_STR(nodes_event("draining", "lost"), "node.left");
	CHECK_STR(nodes_event("serving", "lost"), "node.lost");
	CHECK(!nodes_event("serving", "serving"));
}

TEST_MAIN(TEST(a_change_of_state_is_one_event))
