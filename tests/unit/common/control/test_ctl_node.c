/*
 * test_ctl_node.c  Heartbeats over real Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_node.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

struct fixture {
	struct redis_bed bed;
	struct ctl_nodes *nodes;
	enum ctl_node_state state;
	size_t want;
};

static void on_beat(struct ctl_node *node, void *arg)
{
	const struct fixture *fix = arg;

	node->state = fix->state;
	node->sessions = 17;
	node->lag_ms = 3;
	node->load = 250;
	strcpy(node->ip, "192.0.2.7");
}

static bool has_nodes(void *arg)
{
	const struct fixture *fix = arg;
	size_t count;

	(void)ctl_nodes_list(fix->nodes, &count);
	return count == fix->want;
}

static bool is_draining(void *arg)
{
	const struct fixture *fix = arg;
	const struct ctl_node *node = ctl_nodes_find(fix->nodes, "m1/2");

	return node && node->state == CTL_NODE_DRAIN;
}

static bool start(struct fixture *fix)
{
	memset(fix, 0, sizeof(*fix));
	if (!redis_bed_start(&fix->bed))
		return false;

	CHECK(!ctl_nodes_alloc(&fix->nodes, fix->bed.link, fix->bed.wheel));
	return true;
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->nodes);
	redis_bed_stop(&fix->bed);
}

static struct ctl_beat *beat(struct fixture *fix, const char *addr,
			     uint32_t epoch)
{
	struct ctl_peer peer = {.addr = addr,
				.epoch = epoch,
				.link = fix->bed.link,
				.cfg = &fix->bed.cfg,
				.wheel = fix->bed.wheel};
	struct ctl_beat *made = NULL;

	CHECK(!ctl_beat_alloc(&made, &peer, on_beat, fix));
	return made;
}

static bool wait_nodes(struct fixture *fix, size_t want, uint64_t ms)
{
	fix->want = want;
	return redis_test_until(fix->bed.wheel, ms, has_nodes, fix);
}

static void living_workers_are_seen_with_all_they_say(void)
{
	const struct ctl_node *list;
	struct ctl_beat *a, *b;
	struct fixture fix;
	size_t count = 0;

	if (start(&fix)) {
		b = beat(&fix, "m1/2", 7);
		a = beat(&fix, "m1/1", 8);
		CHECK(wait_nodes(&fix, 2, 3000));
		list = ctl_nodes_list(fix.nodes, &count);
		REQUIRE(list && count == 2);
		CHECK_STR(list[0].addr, "m1/1");
		CHECK_STR(list[1].addr, "m1/2");
		CHECK_INT(list[0].epoch, 8);
		CHECK_INT(list[1].epoch, 7);
		CHECK_INT(list[1].state, CTL_NODE_UP);
		CHECK_INT(list[1].sessions, 17);
		CHECK_INT(list[1].lag_ms, 3);
		CHECK_INT(list[1].load, 250);
		CHECK_STR(list[1].ip, "192.0.2.7");
		CHECK(ctl_nodes_find(fix.nodes, "m1/1") == &list[0]);
		CHECK(!ctl_nodes_find(fix.nodes, "m1/3"));
		CHECK(!ctl_nodes_find(fix.nodes, "a name that is too long"));
		mem_deref(a);
		mem_deref(b);
	}
	stop(&fix);
}

static void a_worker_that_leaves_is_gone_soon(void)
{
	struct ctl_beat *one;
	struct fixture fix;

	if (start(&fix)) {
		one = beat(&fix, "m1/2", 7);
		CHECK(wait_nodes(&fix, 1, 3000));
		mem_deref(one);
		CHECK(wait_nodes(&fix, 0, 1500));
		redis_bed_idle(&fix.bed, 50);
		CHECK_INT(redis_bed_say(&fix.bed, "SCARD cb:media").num, 0);
	}
	stop(&fix);
}

static void a_worker_that_died_is_gone_when_its_beat_expires(void)
{
	struct fixture fix;
	uint64_t begin;

	if (start(&fix)) {
		/* as if written by one that was killed since */
		redis_bed_say(&fix.bed,
			      "HSET cb:{n:m1/2}:media epoch 7 state up "
			      "sessions 0 lag_ms 0 load 0 ip -");
		redis_bed_say(&fix.bed, "PEXPIRE cb:{n:m1/2}:media 1500");
		redis_bed_say(&fix.bed, "SADD cb:media m1/2");
		begin = loop_now_ms();
		CHECK(wait_nodes(&fix, 1, 1500));
		CHECK(wait_nodes(&fix, 0, 3000));
		CHECK(loop_now_ms() - begin < 3000);
	}
	stop(&fix);
}

static void a_worker_is_found_when_redis_comes_back_without_its_data(void)
{
	struct fixture fix;
	size_t count;

	if (start(&fix)) {
		redis_bed_say(&fix.bed,
			      "HSET cb:{n:m1/2}:media epoch 7 state up "
			      "sessions 0 lag_ms 0 load 0 ip -");
		redis_bed_say(&fix.bed, "SADD cb:media m1/2");
		CHECK(wait_nodes(&fix, 1, 1500));
		redis_bed_restart(&fix.bed);
		redis_bed_idle(&fix.bed, 100);
		/* not to be chosen, but to be spoken to */
		(void)ctl_nodes_list(fix.nodes, &count);
		CHECK_INT(count, 0);
		CHECK(ctl_nodes_find(fix.nodes, "m1/2") &&
		      ctl_nodes_find(fix.nodes, "m1/2")->epoch == 7);
		redis_bed_idle(&fix.bed, 2200);
		CHECK(!ctl_nodes_find(fix.nodes, "m1/2"));
	}
	stop(&fix);
}

static void a_former_life_does_not_overwrite_the_present_one(void)
{
	struct ctl_beat *old, *new;
	struct fixture fix;

	if (start(&fix)) {
		new = beat(&fix, "m1/2", 8);
		CHECK(wait_nodes(&fix, 1, 3000));
		old = beat(&fix, "m1/2", 7);
		redis_bed_idle(&fix.bed, 1100);
		CHECK(ctl_nodes_find(fix.nodes, "m1/2") &&
		      ctl_nodes_find(fix.nodes, "m1/2")->epoch == 8);
		/* and it knows: two boxes of one name would fight else */
		CHECK(ctl_beat_fenced(old));
		CHECK(!ctl_beat_fenced(new));
		mem_deref(old); /* nor does it take it off the list */
		redis_bed_idle(&fix.bed, 100);
		CHECK_INT(
			redis_bed_say(&fix.bed, "EXISTS cb:{n:m1/2}:media").num,
			1);
		mem_deref(new);
	}
	stop(&fix);
}

static void a_change_can_be_told_at_once(void)
{
	struct ctl_beat *one;
	struct fixture fix;

	if (start(&fix)) {
		one = beat(&fix, "m1/2", 8);
		CHECK(wait_nodes(&fix, 1, 3000));
		fix.state = CTL_NODE_DRAIN;
		ctl_beat_now(one);
		CHECK(redis_test_until(fix.bed.wheel, 1500, is_draining, &fix));
		mem_deref(one);
	}
	stop(&fix);
}

static void without_redis_no_worker_is_known_and_then_all_again(void)
{
	struct ctl_beat *one;
	struct fixture fix;

	if (start(&fix)) {
		one = beat(&fix, "m1/2", 8);
		CHECK(wait_nodes(&fix, 1, 3000));
		redis_server_freeze(&fix.bed.server);
		CHECK(wait_nodes(&fix, 0, 4000));
		redis_server_thaw(&fix.bed.server);
		CHECK(wait_nodes(&fix, 1, 5000));
		redis_bed_restart(&fix.bed);
		CHECK(wait_nodes(&fix, 1, 3000));
		mem_deref(one);
	}
	stop(&fix);
}

static void strange_entries_are_passed_over(void)
{
	struct ctl_beat *one;
	struct fixture fix;

	if (start(&fix)) {
		redis_bed_say(&fix.bed, "SADD cb:media }:x /1 m1/0 M1/1 m2/1 "
					"m2/2 m2/3 m2/4 aaaaaaaaaaaaaaaaa/1");
		redis_bed_say(&fix.bed, "SET cb:{n:m2/1}:media text");
		redis_bed_say(&fix.bed, "HSET cb:{n:m2/2}:media epoch -1");
		redis_bed_say(&fix.bed,
			      "HSET cb:{n:m2/3}:media epoch 7 state on fire");
		redis_bed_say(&fix.bed,
			      "HSET cb:{n:m2/4}:media epoch 7 state up "
			      "sessions 99999999999 lag_ms 0 load 0");
		one = beat(&fix, "m1/2", 8);
		CHECK(wait_nodes(&fix, 1, 3000));
		redis_bed_idle(&fix.bed, 1100);
		CHECK(wait_nodes(&fix, 1, 10));
		mem_deref(one);
	}
	stop(&fix);
}

TEST_MAIN(TEST(living_workers_are_seen_with_all_they_say),
	  TEST(a_worker_that_leaves_is_gone_soon),
	  TEST(a_worker_that_died_is_gone_when_its_beat_expires),
	  TEST(a_worker_is_found_when_redis_comes_back_without_its_data),
	  TEST(a_former_life_does_not_overwrite_the_present_one),
	  TEST(a_change_can_be_told_at_once),
	  TEST(without_redis_no_worker_is_known_and_then_all_again),
	  TEST(strange_entries_are_passed_over))
