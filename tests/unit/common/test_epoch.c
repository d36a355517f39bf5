/*
 * test_epoch.c  An epoch is never given twice
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/epoch.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

struct asked {
	struct epoch *epoch;
	uint32_t number;
	int calls;
};

static void on_epoch(uint32_t number, void *arg)
{
	struct asked *asked = arg;

	asked->calls++;
	asked->number = number;
	asked->epoch = mem_deref(asked->epoch);
}

static bool is_answered(void *arg)
{
	return ((struct asked *)arg)->calls > 0;
}

static uint32_t get(struct redis_bed *bed)
{
	struct asked asked = {.calls = 0};

	CHECK(!epoch_alloc(&asked.epoch, bed->link, bed->wheel, on_epoch,
			   &asked));
	CHECK(redis_test_until(bed->wheel, 6000, is_answered, &asked));
	CHECK_INT(asked.calls, 1);
	return asked.number;
}

static void epochs_only_grow(void)
{
	struct redis_bed bed;
	uint32_t first, last;

	if (redis_bed_start(&bed)) {
		first = get(&bed);
		CHECK(first >= (uint32_t)time(NULL) - 5);
		CHECK_INT(redis_bed_say(&bed, "PTTL cb:epoch").num, -1);
		for (int i = 0; i < 20; i++) {
			last = get(&bed);
			CHECK(last > first);
			first = last;
		}
	}
	redis_bed_stop(&bed);
}

static void nor_do_they_repeat_when_the_data_was_lost(void)
{
	struct redis_bed bed;
	uint32_t first;

	if (redis_bed_start(&bed)) {
		first = get(&bed);
		redis_bed_restart(&bed);
		/* a second must have passed, as it would have in earnest */
		while ((uint32_t)time(NULL) <= first)
			redis_bed_idle(&bed, 20);
		CHECK(get(&bed) > first);
	}
	redis_bed_stop(&bed);
}

/* A replica that took over without the last second of its master. */
static void nor_when_a_server_takes_over_that_was_behind(void)
{
	struct redis_bed bed;
	uint32_t first;

	if (redis_bed_start(&bed)) {
		first = get(&bed);
		redis_bed_say(&bed, "DECRBY cb:epoch 5");
		while ((uint32_t)time(NULL) <= first)
			redis_bed_idle(&bed, 20);
		CHECK(get(&bed) > first);
	}
	redis_bed_stop(&bed);
}

static void keep(uint32_t number, void *arg)
{
	struct asked *asked = arg;

	asked->calls++;
	asked->number = number;
}

/* Many workers that begin at once take numbers ahead of the time. */
static void nor_those_ahead_of_the_time_while_one_who_has_it_lives(void)
{
	struct redis_bed bed;
	struct asked asked = {.calls = 0};

	if (redis_bed_start(&bed)) {
		redis_bed_say(&bed, "SET cb:epoch 4000000000");
		CHECK(!epoch_alloc(&asked.epoch, bed.link, bed.wheel, keep,
				   &asked));
		CHECK(redis_test_until(bed.wheel, 6000, is_answered, &asked));
		CHECK_INT(asked.number, 4000000001);
		redis_bed_restart(&bed);
		CHECK(get(&bed) > asked.number);
		CHECK_INT(asked.calls, 1);
		mem_deref(asked.epoch);
	}
	redis_bed_stop(&bed);
}

enum {
	HOLDERS = 3,
	BREAKS = 3
};

struct holder {
	struct redis_link *link;
	struct asked asked;
};

static bool holders_open(struct holder *holders, struct redis_bed *bed)
{
	bool ok = true;

	for (unsigned i = 0; i < HOLDERS; i++) {
		struct holder *h = &holders[i];

		ok = ok && CHECK(!redis_link_alloc(&h->link, &bed->cfg,
						   bed->wheel, NULL, NULL));
		ok = ok && CHECK(!epoch_alloc(&h->asked.epoch, h->link,
					      bed->wheel, keep, &h->asked));
		ok = ok && CHECK(redis_test_until(bed->wheel, 6000,
						  is_answered, &h->asked));
	}
	return ok;
}

static void holders_close(struct holder *holders)
{
	for (unsigned i = 0; i < HOLDERS; i++) {
		mem_deref(holders[i].asked.epoch);
		mem_deref(holders[i].link);
	}
}

static bool all_down(void *arg)
{
	const struct holder *holders = arg;
	unsigned n = 0;

	for (unsigned i = 0; i < HOLDERS; i++)
		n += !redis_link_up(holders[i].link);
	return n == HOLDERS;
}

/* Up, and what each says then has been said: replies come in order. */
static void all_say(struct holder *holders, struct redis_bed *bed)
{
	for (unsigned i = 0; i < HOLDERS; i++) {
		struct redis_bed at = *bed;

		at.link = holders[i].link;
		CHECK(redis_test_until(bed->wheel, 5000, redis_test_is_up,
				       at.link));
		CHECK_STR(redis_bed_say(&at, "PING").text, "PONG");
	}
}

/* A connection breaks, nothing is lost: all tell their numbers again. */
static void who_comes_back_uses_no_number_up(void)
{
	struct redis_bed bed;
	struct holder holders[HOLDERS] = {{.link = NULL}};
	char last[12];
	const char *kill = "CLIENT KILL TYPE normal";

	if (redis_bed_start(&bed) && holders_open(holders, &bed)) {
		re_snprintf(last, sizeof(last), "%u",
			    holders[HOLDERS - 1].asked.number);
		for (unsigned n = 0; n < BREAKS; n++) {
			CHECK(redis_bed_say(&bed, kill).num >= HOLDERS);
			CHECK(redis_test_until(bed.wheel, 5000, all_down,
					       holders));
			all_say(holders, &bed);
			CHECK_STR(redis_bed_say(&bed, "GET cb:epoch").text,
				  last);
		}
	}
	holders_close(holders);
	redis_bed_stop(&bed);
}

static void redis_is_waited_for(void)
{
	struct redis_bed bed;
	struct asked asked = {.calls = 0};

	if (redis_bed_start(&bed)) {
		redis_server_kill(&bed.server);
		CHECK(redis_test_until(bed.wheel, 3000, redis_test_is_down,
				       bed.link));
		CHECK(!epoch_alloc(&asked.epoch, bed.link, bed.wheel, on_epoch,
				   &asked));
		redis_bed_idle(&bed, 50);
		CHECK_INT(asked.calls, 0);
		CHECK(redis_server_start(&bed.server));
		CHECK(redis_test_until(bed.wheel, 6000, is_answered, &asked));
	}
	redis_bed_stop(&bed);
}

static void strange_counters_are_no_epoch(void)
{
	struct redis_bed bed;
	struct asked asked = {.calls = 0};

	if (redis_bed_start(&bed)) {
		redis_bed_say(&bed, "SET cb:epoch 4294967295");
		CHECK(!epoch_alloc(&asked.epoch, bed.link, bed.wheel, on_epoch,
				   &asked));
		redis_bed_idle(&bed, 100);
		redis_bed_say(&bed, "SET cb:epoch text");
		redis_bed_idle(&bed, 1100);
		CHECK_INT(asked.calls, 0);
		mem_deref(asked.epoch);
	}
	redis_bed_stop(&bed);
}

TEST_MAIN(TEST(epochs_only_grow),
	  TEST(nor_do_they_repeat_when_the_data_was_lost),
	  TEST(nor_when_a_server_takes_over_that_was_behind),
	  TEST(nor_those_ahead_of_the_time_while_one_who_has_it_lives),
	  TEST(who_comes_back_uses_no_number_up), TEST(redis_is_waited_for), TEST(strange_counters_are_no_epoch))
