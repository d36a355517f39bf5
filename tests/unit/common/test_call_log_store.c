/*
 * test_call_log_store.c  How long logs of calls are kept, and how many
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "common/call_log_writer.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

enum { SHARD = 65536, DAY = 86400 };

struct fixture {
	struct redis_bed bed;
	struct call_log_writer *writer;
	uint64_t told;
};

static bool start(struct fixture *fix, const struct call_log_cfg *cfg)
{
	fix->writer = NULL;
	fix->told = 0;
	return redis_bed_start(&fix->bed) &&
	       CHECK(!call_log_writer_alloc(&fix->writer, cfg, fix->bed.link,
					    fix->bed.wheel, "s1/1"));
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->writer);
	redis_bed_stop(&fix->bed);
}

static bool is_settled(void *arg)
{
	const struct fixture *fix = arg;
	const struct call_log_counts *counts = call_log_counts(fix->writer);

	return counts->written + counts->dropped >= fix->told;
}

static void settle(struct fixture *fix)
{
	call_log_flush(fix->writer);
	CHECK(redis_test_until(fix->bed.wheel, 5000, is_settled, fix));
	CHECK_INT(call_log_counts(fix->writer)->dropped, 0);
}

static void tell(struct fixture *fix, unsigned nr, bool brief, const char *why)
{
	char call[ID_LEN + 1];
	const struct call_log_note note = {.call = call,
					   .kind = "call.begun",
					   .why = why,
					   .brief = brief};

	re_snprintf(call, sizeof(call), "4f%014x", nr);
	call_log_write(fix->writer, &note);
	fix->told++;
}

/* One after the other, as calls come. */
static void tell_all(struct fixture *fix, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		tell(fix, i, false, "so it is");
		settle(fix);
	}
}

static int64_t number(struct fixture *fix, const char *command)
{
	return redis_bed_say(&fix->bed, command).num;
}

static bool there(struct fixture *fix, const char *what, unsigned nr)
{
	char text[64];

	re_snprintf(text, sizeof(text), "EXISTS cb:{c:4}:%s:4f%014x", what, nr);
	return number(fix, text) == 1;
}

/* What stands beside the logs, added up: it is the total, and no more. */
static int64_t sum(struct fixture *fix)
{
	/* spaces part its words */
	static const char *const lua =
		"EVAL local\ts=0;for\ti,v\tin\t"
		"ipairs(redis.call('HVALS',KEYS[1]))do\ts=s+v\tend;local\tt="
		"redis.call('HGET',KEYS[1],'total');return\ts==2*t\tand\t"
		"tonumber(t)or-1 1 cb:{c:4}:log:sizes";

	return number(fix, lua);
}

static void the_oldest_give_way_and_the_newest_is_whole(void)
{
	const struct call_log_cfg cfg = {DAY, SHARD * CALL_LOG_SHARDS};
	struct fixture fix;
	unsigned left = 0;

	if (start(&fix, &cfg)) {
		tell_all(&fix, 0, 60);
		for (unsigned i = 0; i < 60; i++)
			left += there(&fix, "log", i);
		CHECK(left >= 8 && left < 20);
		for (unsigned i = 0; i < 60; i++) {
			CHECK(there(&fix, "log", i) == (i >= 60 - left));
			CHECK(there(&fix, "why", i) == (i >= 60 - left));
		}
		CHECK_INT(call_log_counts(fix.writer)->gone, 60 - left);
		CHECK_INT(number(&fix, "ZCARD cb:{c:4}:log:order"), left);
		CHECK_INT(number(&fix, "HLEN cb:{c:4}:log:sizes"),
			  2 * left + 1);
		CHECK(sum(&fix) > SHARD / 2 && sum(&fix) <= SHARD);
	}
	stop(&fix);
}

static void a_call_that_goes_on_keeps_its_log(void)
{
	const struct call_log_cfg cfg = {DAY, SHARD * CALL_LOG_SHARDS};
	struct fixture fix;

	if (start(&fix, &cfg)) {
		tell_all(&fix, 0, 3);
		(void)redis_bed_say(&fix.bed, "HSET cb:{c:4}:rec:4f"
					      "00000000000001 state up");
		tell_all(&fix, 3, 60);
		CHECK(!there(&fix, "log", 0));
		CHECK(there(&fix, "log", 1) && there(&fix, "why", 1));
		CHECK(!there(&fix, "log", 2));
		CHECK(sum(&fix) <= SHARD);
	}
	stop(&fix);
}

static void when_all_go_on_there_is_an_end_to_memory_still(void)
{
	const struct call_log_cfg cfg = {DAY, SHARD * CALL_LOG_SHARDS};
	struct fixture fix;
	char text[64];

	if (start(&fix, &cfg)) {
		for (unsigned i = 0; i < 60; i++) {
			re_snprintf(text, sizeof(text),
				    "HSET cb:{c:4}:rec:4f%014x state up", i);
			(void)redis_bed_say(&fix.bed, text);
			tell_all(&fix, i, 1);
		}
		CHECK(sum(&fix) > 0 && sum(&fix) <= SHARD);
		CHECK(there(&fix, "log", 59));
	}
	stop(&fix);
}

static void one_that_is_larger_than_all_room_stays(void)
{
	const struct call_log_cfg cfg = {DAY, 1};
	struct fixture fix;

	if (start(&fix, &cfg)) {
		tell_all(&fix, 0, 5);
		CHECK(there(&fix, "log", 4) && !there(&fix, "log", 3));
		CHECK_INT(number(&fix, "ZCARD cb:{c:4}:log:order"), 1);
	}
	stop(&fix);
}

static void who_has_no_size_counts_and_leaves_all(void)
{
	const struct call_log_cfg cfg = {DAY, 0};
	struct fixture fix;

	if (start(&fix, &cfg)) {
		tell_all(&fix, 0, 40);
		CHECK(there(&fix, "log", 0));
		CHECK_INT(number(&fix, "ZCARD cb:{c:4}:log:order"), 40);
		CHECK(sum(&fix) > 40 * 4000);
		CHECK_INT(call_log_counts(fix.writer)->gone, 0);
	}
	stop(&fix);
}

static void what_is_too_old_goes_from_the_list_and_the_sum(void)
{
	const struct call_log_cfg cfg = {DAY, 1 << 30};
	struct fixture fix;
	int64_t one;

	if (start(&fix, &cfg)) {
		tell_all(&fix, 0, 1);
		one = sum(&fix);
		tell(&fix, 1, true, "none takes it");
		settle(&fix);
		/* as if that were long ago: what has ended by itself is not
		 * one that gave way */
		(void)redis_bed_say(&fix.bed, "ZADD cb:{c:4}:log:order 1 "
					      "4f00000000000000");
		(void)redis_bed_say(&fix.bed, "ZADD cb:{c:4}:log:brief 1 "
					      "4f00000000000001");
		tell_all(&fix, 2, 1);
		CHECK_INT(sum(&fix), one);
		CHECK_INT(number(&fix, "HLEN cb:{c:4}:log:sizes"), 3);
		CHECK(!there(&fix, "log", 0) && !there(&fix, "why", 1));
		CHECK_INT(call_log_counts(fix.writer)->gone, 0);
	}
	stop(&fix);
}

/* As where media alone has logs: nobody else would. */
static void who_has_no_size_forgets_what_has_ended(void)
{
	const struct call_log_cfg cfg = {DAY, 0};
	struct fixture fix;
	int64_t one;

	if (start(&fix, &cfg)) {
		tell_all(&fix, 0, 1);
		one = sum(&fix);
		tell_all(&fix, 1, 2);
		/* long ago: Redis has ended one, the other one is kept for
		 * longer by who has a size */
		(void)redis_bed_say(&fix.bed, "ZADD cb:{c:4}:log:order 1 "
					      "4f00000000000000 1 "
					      "4f00000000000001");
		(void)redis_bed_say(&fix.bed, "DEL cb:{c:4}:log:4f"
					      "00000000000000 cb:{c:4}:why:4f"
					      "00000000000000");
		tell_all(&fix, 3, 1);
		CHECK_INT(number(&fix, "ZCARD cb:{c:4}:log:order"), 3);
		CHECK_INT(number(&fix, "HLEN cb:{c:4}:log:sizes"), 7);
		CHECK_INT(sum(&fix), 3 * one);
		CHECK(there(&fix, "log", 1) && there(&fix, "why", 1));
	}
	stop(&fix);
}

/* Of calls that were refused at once, too, the oldest go, be they kept for as
 * little as they are. */
static void brief_ones_go_by_their_age(void)
{
	const struct call_log_cfg cfg = {DAY, SHARD * CALL_LOG_SHARDS};
	struct fixture fix;

	if (start(&fix, &cfg)) {
		tell_all(&fix, 0, 30);
		tell(&fix, 30, true, NULL);
		settle(&fix);
		CHECK(there(&fix, "log", 30));
		tell_all(&fix, 31, 4);
		CHECK(there(&fix, "log", 30));
		tell_all(&fix, 35, 30);
		CHECK(!there(&fix, "log", 30));
		CHECK_INT(number(&fix, "EXISTS cb:{c:4}:log:brief"), 0);
		CHECK(sum(&fix) <= SHARD);
	}
	stop(&fix);
}

static void all_keys_end(void)
{
	static const char *const names[] = {
		"TTL cb:{c:4}:log:4f00000000000000",
		"TTL cb:{c:4}:why:4f00000000000000",
		"TTL cb:{c:4}:log:order",
		"TTL cb:{c:4}:log:brief",
		"TTL cb:{c:4}:log:sizes",
	};
	const struct call_log_cfg cfg = {100, 1 << 30}, shorter = {10, 1 << 30};
	struct call_log_writer *other = NULL;
	struct fixture fix;

	if (start(&fix, &cfg)) {
		tell_all(&fix, 0, 1);
		tell(&fix, 1, true, NULL);
		settle(&fix);
		for (size_t i = 0; i < 5; i++) {
			const int64_t ttl = number(&fix, names[i]);

			CHECK(ttl > (i < 2 ? 90 : 190) &&
			      ttl <= (i < 2 ? 100 : 200));
		}
		/* who keeps less does not forget what others keep */
		CHECK(!call_log_writer_alloc(&other, &shorter, fix.bed.link,
					     fix.bed.wheel, "m1/1"));
		mem_deref(fix.writer);
		fix.writer = other;
		fix.told = 0;
		tell_all(&fix, 2, 1);
		CHECK(number(&fix, "TTL cb:{c:4}:log:sizes") > 190);
		CHECK(number(&fix, "TTL cb:{c:4}:log:4f00000000000002") <= 10);
	}
	stop(&fix);
}

TEST_MAIN(TEST(the_oldest_give_way_and_the_newest_is_whole),
	  TEST(a_call_that_goes_on_keeps_its_log),
	  TEST(when_all_go_on_there_is_an_end_to_memory_still),
	  TEST(one_that_is_larger_than_all_room_stays),
	  TEST(who_has_no_size_counts_and_leaves_all),
	  TEST(what_is_too_old_goes_from_the_list_and_the_sum),
	  TEST(who_has_no_size_forgets_what_has_ended),
	  TEST(brief_ones_go_by_their_age), TEST(all_keys_end))
