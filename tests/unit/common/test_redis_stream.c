/*
 * test_redis_stream.c  Readers, groups and writers against a real Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <re.h>

#include "common/loop.h"
#include "common/redis_group.h"
#include "common/redis_stream.h"
#include "common/wheel.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

enum {
	SEEN_MAX = 512
};

struct seen {
	int n, want;
	int values[SEEN_MAX];
	char ids[SEEN_MAX][44];
	struct redis_group *acks; /* acknowledge what is seen */
	struct redis_stream **let_go;
};

struct fixture {
	struct redis_bed bed;
	struct redis_writer *writer;
};

static void on_entry(const struct redis_entry *entry, void *arg)
{
	const struct redis_val *val = redis_field(entry->fields, "n");
	struct seen *seen = arg;
	int i = seen->n++;

	if (i >= SEEN_MAX || !CHECK(val != NULL))
		return;
	seen->values[i] = atoi(val->str);
	(void)pl_strcpy(&entry->id, seen->ids[i], sizeof(seen->ids[i]));
	if (seen->acks)
		CHECK(!redis_group_ack(seen->acks, &entry->id));
	if (seen->let_go)
		*seen->let_go = mem_deref(*seen->let_go);
}

static bool has_all(void *arg)
{
	const struct seen *seen = arg;

	return seen->n >= seen->want;
}

static bool is_ready(void *arg)
{
	return redis_stream_ready(arg);
}

static bool is_not_ready(void *arg)
{
	return !redis_stream_ready(arg);
}

static bool start(struct fixture *fix)
{
	fix->writer = NULL;
	if (!redis_bed_start(&fix->bed))
		return false;

	return CHECK(!redis_writer_alloc(&fix->writer, fix->bed.link,
					 fix->bed.wheel, "s", 1000, 60000));
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->writer);
	redis_bed_stop(&fix->bed);
}

static bool run(struct fixture *fix, struct seen *seen, int want)
{
	seen->want = want;
	return redis_test_until(fix->bed.wheel, 6000, has_all, seen);
}

static void idle(struct fixture *fix, uint64_t ms)
{
	redis_bed_idle(&fix->bed, ms);
}

static void add(struct fixture *fix, int value)
{
	char num[12];
	struct redis_arg fields[] = {redis_str("n"), {num, 0}};

	fields[1].len = (size_t)snprintf(num, sizeof(num), "%d", value);
	CHECK(!redis_writer_add(fix->writer, fields, 2, NULL, NULL));
}

static struct redis_stream *follow(struct fixture *fix, struct seen *seen,
				   const char *after)
{
	struct redis_stream_params params = {.cfg = &fix->bed.cfg,
					     .wheel = fix->bed.wheel,
					     .key = "s",
					     .after = after,
					     .entryh = on_entry,
					     .arg = seen};
	struct redis_stream *stream = NULL;

	CHECK(!redis_stream_alloc(&stream, &params));
	CHECK(redis_test_until(fix->bed.wheel, 5000, is_ready, stream));
	return stream;
}

static struct redis_group *join(struct fixture *fix, struct seen *seen,
				const char *consumer, uint32_t claim_ms)
{
	struct redis_group_params params = {.cfg = &fix->bed.cfg,
					    .link = fix->bed.link,
					    .wheel = fix->bed.wheel,
					    .key = "s",
					    .group = "g",
					    .consumer = consumer,
					    .claim_ms = claim_ms,
					    .entryh = on_entry,
					    .arg = seen};
	struct redis_group *group = NULL;

	CHECK(!redis_group_alloc(&group, &params));
	return group;
}

static void a_reader_sees_what_comes_after_its_start(void)
{
	struct fixture fix;
	struct seen seen = {.n = 0};
	struct redis_stream *stream;

	if (start(&fix)) {
		add(&fix, 1);
		idle(&fix, 20);
		stream = follow(&fix, &seen, NULL);
		for (int i = 2; i < 202; i++)
			add(&fix, i);
		CHECK(run(&fix, &seen, 200));
		idle(&fix, 1100); /* over an empty XREAD */
		add(&fix, 202);
		CHECK(run(&fix, &seen, 201));
		for (int i = 0; i < 201; i++)
			CHECK_INT(seen.values[i], i + 2);
		mem_deref(stream);
	}
	stop(&fix);
}

static void a_reader_goes_on_behind_a_given_id(void)
{
	struct fixture fix;
	struct seen all = {.n = 0}, rest = {.n = 0};
	struct redis_stream *stream;

	if (start(&fix)) {
		for (int i = 0; i < 5; i++)
			add(&fix, i);
		stream = follow(&fix, &all, "0-0");
		CHECK(run(&fix, &all, 5));
		mem_deref(stream);
		stream = follow(&fix, &rest, all.ids[2]);
		CHECK(run(&fix, &rest, 2));
		CHECK_INT(rest.values[0], 3);
		mem_deref(stream);
	}
	stop(&fix);
}

static void a_lost_connection_neither_repeats_nor_skips(void)
{
	const struct redis_arg cut[] = {redis_str("CLIENT"), redis_str("KILL"),
					redis_str("TYPE"), redis_str("normal")};
	struct fixture fix;
	struct seen seen = {.n = 0};
	struct redis_stream *stream;

	if (start(&fix)) {
		stream = follow(&fix, &seen, NULL);
		add(&fix, 1);
		CHECK(run(&fix, &seen, 1));
		CHECK(!redis_link_send(fix.bed.link, cut, 4, NULL, NULL));
		CHECK(redis_test_until(fix.bed.wheel, 5000, is_not_ready,
				       stream));
		redis_test_until(fix.bed.wheel, 5000, redis_test_is_up,
				 fix.bed.link);
		add(&fix, 2); /* most likely before the reader is back */
		CHECK(redis_test_until(fix.bed.wheel, 5000, is_ready, stream));
		add(&fix, 3);
		CHECK(run(&fix, &seen, 3));
		idle(&fix, 50);
		CHECK_INT(seen.n, 3);
		CHECK_INT(seen.values[1], 2);
		CHECK_INT(seen.values[2], 3);
		mem_deref(stream);
	}
	stop(&fix);
}

static void a_stream_begun_anew_with_lower_ids_is_followed(void)
{
	const struct redis_arg ahead[] = {redis_str("XADD"), redis_str("s"),
					  redis_str("9999999999999-7"),
					  redis_str("n"), redis_str("1")};
	struct fixture fix;
	struct seen seen = {.n = 0};
	struct redis_stream *stream;

	if (start(&fix)) {
		stream = follow(&fix, &seen, NULL);
		CHECK(!redis_link_send(fix.bed.link, ahead, 5, NULL, NULL));
		CHECK(run(&fix, &seen, 1));
		redis_server_kill(&fix.bed.server);
		CHECK(redis_test_until(fix.bed.wheel, 5000, is_not_ready,
				       stream));
		CHECK(redis_server_start(&fix.bed.server));
		CHECK(redis_test_until(fix.bed.wheel, 6000, is_ready, stream));
		redis_test_until(fix.bed.wheel, 5000, redis_test_is_up,
				 fix.bed.link);
		add(&fix, 2);
		CHECK(run(&fix, &seen, 2));
		CHECK_INT(seen.values[1], 2);
		mem_deref(stream);
	}
	stop(&fix);
}

static void a_frozen_server_is_noticed_by_a_reader(void)
{
	struct fixture fix;
	struct seen seen = {.n = 0};
	struct redis_stream *stream;

	if (start(&fix)) {
		stream = follow(&fix, &seen, NULL);
		redis_server_freeze(&fix.bed.server);
		CHECK(redis_test_until(fix.bed.wheel, 4500, is_not_ready,
				       stream));
		redis_server_thaw(&fix.bed.server);
		CHECK(redis_test_until(fix.bed.wheel, 5000, is_ready, stream));
		redis_test_until(fix.bed.wheel, 5000, redis_test_is_up,
				 fix.bed.link);
		add(&fix, 5);
		CHECK(run(&fix, &seen, 1));
		mem_deref(stream);
	}
	stop(&fix);
}

static void a_reader_may_be_freed_by_its_entry(void)
{
	struct fixture fix;
	struct redis_stream *stream;
	struct seen seen = {.let_go = &stream};

	if (start(&fix)) {
		stream = follow(&fix, &seen, NULL);
		add(&fix, 1);
		add(&fix, 2);
		CHECK(run(&fix, &seen, 1));
		idle(&fix, 20);
		CHECK_INT(seen.n, 1);
	}
	stop(&fix);
}

static void on_number(int err, const struct redis_val *val, void *arg)
{
	if (!err)
		*(int64_t *)arg = val->num;
}

static void a_stream_is_bounded_and_expires(void)
{
	const struct redis_arg len[] = {redis_str("XLEN"), redis_str("s")};
	const struct redis_arg ttl[] = {redis_str("PTTL"), redis_str("s")};
	struct fixture fix;
	int64_t left = -5, count = -5;

	if (start(&fix)) {
		for (int i = 0; i < 3000; i++)
			add(&fix, i);
		CHECK(!redis_link_send(fix.bed.link, len, 2, on_number,
				       &count));
		CHECK(!redis_link_send(fix.bed.link, ttl, 2, on_number, &left));
		idle(&fix, 300);
		CHECK(count >= 1000 && count < 1300);
		CHECK(left > 50000 && left <= 60000);
	}
	stop(&fix);
}

static void hostile_fields_arrive_as_they_were(void)
{
	static const char evil[] = "1\r\n*1\r\n\0DEL";
	const struct redis_arg fields[] = {redis_str("n"),
					   {evil, 5},
					   {evil, sizeof(evil)},
					   {evil, sizeof(evil)}};
	struct fixture fix;
	struct seen seen = {.n = 0};
	struct redis_stream *stream;

	if (start(&fix)) {
		stream = follow(&fix, &seen, NULL);
		CHECK(!redis_writer_add(fix.writer, fields, 4, NULL, NULL));
		CHECK(run(&fix, &seen, 1));
		CHECK_INT(redis_writer_add(fix.writer, fields, 3, NULL, NULL),
			  EINVAL);
		mem_deref(stream);
	}
	stop(&fix);
}

static void a_group_gives_each_entry_to_one_member(void)
{
	struct fixture fix;
	struct seen a = {.n = 0}, b = {.n = 0};

	if (start(&fix)) {
		add(&fix, 0); /* before there is a group */
		a.acks = join(&fix, &a, "a", 0);
		b.acks = join(&fix, &b, "b", 0);
		for (int i = 1; i < 100; i++) {
			add(&fix, i);
			if (i % 10 == 0)
				idle(&fix, 5);
		}
		for (int i = 0; i < 200 && a.n + b.n < 100; i++)
			idle(&fix, 20);
		CHECK_INT(a.n + b.n, 100);
		idle(&fix, 50);
		CHECK_INT(a.n + b.n, 100);
		mem_deref(a.acks);
		mem_deref(b.acks);
	}
	stop(&fix);
}

static void what_a_dead_member_left_is_claimed(void)
{
	struct fixture fix;
	struct seen dead = {.n = 0}, live = {.n = 0};
	struct redis_group *group;

	if (start(&fix)) {
		group = join(&fix, &dead, "dead", 0);
		add(&fix, 1);
		add(&fix, 2);
		CHECK(run(&fix, &dead, 2)); /* never acknowledged */
		mem_deref(group);
		live.acks = join(&fix, &live, "live", 300);
		CHECK(run(&fix, &live, 2));
		idle(&fix, 600);
		CHECK_INT(live.n, 2);
		mem_deref(live.acks);
	}
	stop(&fix);
}

static void a_member_finds_its_own_leftovers(void)
{
	struct fixture fix;
	struct seen first = {.n = 0}, second = {.n = 0};
	struct redis_group *group;

	if (start(&fix)) {
		group = join(&fix, &first, "a", 0);
		for (int i = 0; i < 40; i++)
			add(&fix, i);
		CHECK(run(&fix, &first, 40));
		mem_deref(group);
		second.acks = join(&fix, &second, "a", 0);
		CHECK(run(&fix, &second, 40));
		add(&fix, 40);
		CHECK(run(&fix, &second, 41));
		for (int i = 0; i <= 40; i++)
			CHECK_INT(second.values[i], i);
		mem_deref(second.acks);
	}
	stop(&fix);
}

static void a_group_is_made_again_after_the_data_was_lost(void)
{
	struct fixture fix;
	struct seen seen = {.n = 0};

	if (start(&fix)) {
		seen.acks = join(&fix, &seen, "a", 0);
		add(&fix, 1);
		CHECK(run(&fix, &seen, 1));
		redis_server_kill(&fix.bed.server);
		redis_test_until(fix.bed.wheel, 5000, redis_test_is_down,
				 fix.bed.link);
		CHECK(redis_server_start(&fix.bed.server));
		redis_test_until(fix.bed.wheel, 5000, redis_test_is_up,
				 fix.bed.link);
		add(&fix, 2);
		CHECK(run(&fix, &seen, 2));
		mem_deref(seen.acks);
	}
	stop(&fix);
}

static void a_group_is_made_again_after_its_stream_expired(void)
{
	const struct redis_arg del[] = {redis_str("DEL"), redis_str("s")};
	struct fixture fix;
	struct seen seen = {.n = 0};

	if (start(&fix)) {
		seen.acks = join(&fix, &seen, "a", 0);
		add(&fix, 1);
		CHECK(run(&fix, &seen, 1));
		CHECK(!redis_link_send(fix.bed.link, del, 2, NULL, NULL));
		idle(&fix, 20);
		add(&fix, 2);
		CHECK(run(&fix, &seen, 2));
		mem_deref(seen.acks);
	}
	stop(&fix);
}

TEST_MAIN(TEST(a_reader_sees_what_comes_after_its_start),
	  TEST(a_reader_goes_on_behind_a_given_id),
	  TEST(a_lost_connection_neither_repeats_nor_skips),
	  TEST(a_stream_begun_anew_with_lower_ids_is_followed),
	  TEST(a_frozen_server_is_noticed_by_a_reader),
	  TEST(a_reader_may_be_freed_by_its_entry),
	  TEST(a_stream_is_bounded_and_expires),
	  TEST(hostile_fields_arrive_as_they_were),
	  TEST(a_group_gives_each_entry_to_one_member),
	  TEST(what_a_dead_member_left_is_claimed),
	  TEST(a_member_finds_its_own_leftovers),
	  TEST(a_group_is_made_again_after_the_data_was_lost),
	  TEST(a_group_is_made_again_after_its_stream_expired))
