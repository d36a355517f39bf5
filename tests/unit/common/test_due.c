/*
 * test_due.c  Deadlines fire although workers die, and are done once
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/due.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

enum {
	SEEN_MAX = 600
};

struct worker_of {
	struct due *due;
	bool leave; /* act, but die before saying so */
	bool let_go;
	int fired;
	char ids[SEEN_MAX][16];
	char data[64];
	size_t data_len;
	uint32_t tries;
	uint64_t token, due_ms;
};

struct fixture {
	struct redis_bed bed;
	struct worker_of a, b;
	int want;
};

static void on_due(const struct due_item *item, void *arg)
{
	struct worker_of *worker = arg;
	int i = worker->fired++;

	(void)pl_strcpy(&item->id, worker->ids[i % SEEN_MAX], 16);
	if (item->data.l <= sizeof(worker->data))
		memcpy(worker->data, item->data.p, item->data.l);
	worker->data_len = item->data.l;
	worker->tries = item->tries;
	worker->token = item->token;
	worker->due_ms = item->due_ms;
	if (!worker->leave)
		CHECK(!due_done(worker->due, &item->id, item->token));
	if (worker->let_go)
		worker->due = mem_deref(worker->due);
}

static bool has_fired(void *arg)
{
	const struct fixture *fix = arg;

	return fix->a.fired + fix->b.fired >= fix->want;
}

static void work(struct fixture *fix, struct worker_of *worker,
		 uint32_t lease_ms)
{
	struct due_params params = {.link = fix->bed.link,
				    .wheel = fix->bed.wheel,
				    .kind = "test",
				    .poll_ms = 50,
				    .lease_ms = lease_ms,
				    .fireh = on_due,
				    .arg = worker};

	CHECK(!due_alloc(&worker->due, &params));
}

static bool start(struct fixture *fix)
{
	memset(fix, 0, sizeof(*fix));
	return redis_bed_start(&fix->bed);
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->a.due);
	mem_deref(fix->b.due);
	redis_bed_stop(&fix->bed);
}

static bool wait_fired(struct fixture *fix, int want)
{
	fix->want = want;
	return redis_test_until(fix->bed.wheel, 5000, has_fired, fix);
}

static void schedule(struct fixture *fix, const char *id, const char *data,
		     uint32_t delay_ms)
{
	struct redis_said said = {.done = false};
	struct pl pl_id, pl_data;

	pl_set_str(&pl_id, id);
	pl_set_str(&pl_data, data);
	CHECK(!due_schedule(fix->a.due, &pl_id, &pl_data, delay_ms,
			    redis_on_said, &said));
	CHECK(redis_test_until(fix->bed.wheel, 5000, redis_is_said, &said));
	CHECK(strlen(said.text) == 13); /* ms of this century */
}

/* Entries left. */
static int64_t left(struct fixture *fix)
{
	return redis_bed_say(&fix->bed, "ZCARD cb:{due}:test").num +
	       redis_bed_say(&fix->bed, "HLEN cb:{due}:test:data").num;
}

/* Scripts run so far. */
static int64_t calls_of(struct fixture *fix)
{
	struct redis_said said = redis_bed_say(&fix->bed, "INFO commandstats");
	const char *p = strstr(said.text, "cmdstat_evalsha:calls=");

	return p ? strtoll(p + strlen("cmdstat_evalsha:calls="), NULL, 10) : 0;
}

static void a_deadline_fires_when_its_time_has_come(void)
{
	struct fixture fix;
	uint64_t begin;

	if (start(&fix)) {
		work(&fix, &fix.a, 1000);
		begin = loop_now_ms();
		schedule(&fix, "x", "payload", 300);
		CHECK(wait_fired(&fix, 1));
		CHECK(loop_now_ms() - begin >= 299);
		CHECK(loop_now_ms() - begin < 600);
		CHECK_STR(fix.a.ids[0], "x");
		CHECK_INT(fix.a.data_len, 7);
		CHECK(!memcmp(fix.a.data, "payload", 7));
		CHECK_INT(fix.a.tries, 1);
		redis_bed_idle(&fix.bed, 200);
		CHECK_INT(fix.a.fired, 1);
		CHECK_INT(left(&fix), 0);
	}
	stop(&fix);
}

static void each_of_many_fires_at_one_worker(void)
{
	struct fixture fix;
	char id[16];

	if (start(&fix)) {
		work(&fix, &fix.a, 2000);
		work(&fix, &fix.b, 2000);
		for (int i = 0; i < 500; i++) {
			struct pl pl_id, data = PL("");

			snprintf(id, sizeof(id), "%d", i);
			pl_set_str(&pl_id, id);
			CHECK(!due_schedule(fix.a.due, &pl_id, &data, 20, NULL,
					    NULL));
		}
		CHECK(wait_fired(&fix, 500));
		redis_bed_idle(&fix.bed, 200);
		CHECK_INT(fix.a.fired + fix.b.fired, 500);
		CHECK_INT(left(&fix), 0);
	}
	stop(&fix);
}

static void a_claim_that_came_to_nothing_fires_again(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.a.leave = true;
		work(&fix, &fix.a, 300);
		schedule(&fix, "x", "p", 0);
		CHECK(wait_fired(&fix, 1));
		fix.a.due = mem_deref(fix.a.due); /* it dies */
		work(&fix, &fix.b, 300);
		CHECK(wait_fired(&fix, 2));
		CHECK_INT(fix.b.tries, 2);
		CHECK(fix.b.due_ms == fix.a.token);
		CHECK_INT(fix.b.data_len, 1);
		redis_bed_idle(&fix.bed, 50);
		CHECK_INT(left(&fix), 0);
	}
	stop(&fix);
}

static void scheduling_anew_moves_it(void)
{
	struct fixture fix;

	if (start(&fix)) {
		work(&fix, &fix.a, 1000);
		schedule(&fix, "x", "old", 100);
		schedule(&fix, "x", "new", 400);
		redis_bed_idle(&fix.bed, 250);
		CHECK_INT(fix.a.fired, 0);
		CHECK(wait_fired(&fix, 1));
		CHECK(!memcmp(fix.a.data, "new", 3));
		redis_bed_idle(&fix.bed, 100);
		CHECK_INT(fix.a.fired, 1);
	}
	stop(&fix);
}

static void what_was_scheduled_anew_is_not_done_by_the_old_claim(void)
{
	const struct pl id = PL("x");
	struct fixture fix;

	if (start(&fix)) {
		fix.a.leave = true;
		work(&fix, &fix.a, 5000);
		schedule(&fix, "x", "old", 0);
		CHECK(wait_fired(&fix, 1));
		schedule(&fix, "x", "new", 60000);
		CHECK(!due_done(fix.a.due, &id, fix.a.token));
		redis_bed_idle(&fix.bed, 50);
		CHECK_INT(left(&fix), 2);
	}
	stop(&fix);
}

static void one_that_is_due_again_keeps_its_data(void)
{
	const struct pl id = PL("x");
	struct fixture fix;

	if (start(&fix)) {
		fix.a.leave = true;
		work(&fix, &fix.a, 5000);
		schedule(&fix, "x", "p 1", 0);
		CHECK(wait_fired(&fix, 1));
		CHECK(!due_again(fix.a.due, &id, fix.a.token, 100));
		CHECK(wait_fired(&fix, 2));
		CHECK_INT(fix.a.tries, 1);
		CHECK_INT(fix.a.data_len, 3);
		CHECK(!memcmp(fix.a.data, "p 1", 3));
		/* who has scheduled it meanwhile knows better */
		schedule(&fix, "x", "q", 60000);
		CHECK(!due_again(fix.a.due, &id, fix.a.token, 0));
		redis_bed_idle(&fix.bed, 200);
		CHECK_INT(fix.a.fired, 2);
		CHECK_INT(due_again(fix.a.due, &id, 1, DUE_DELAY_MAX_MS + 1),
			  EINVAL);
	}
	stop(&fix);
}

static void a_cancelled_one_never_fires(void)
{
	const struct pl id = PL("x");
	struct redis_said said = {.done = false};
	struct fixture fix;

	if (start(&fix)) {
		work(&fix, &fix.a, 1000);
		schedule(&fix, "x", "p", 150);
		CHECK(!due_cancel(fix.a.due, &id, redis_on_said, &said));
		CHECK(redis_test_until(fix.bed.wheel, 5000, redis_is_said,
				       &said));
		CHECK_INT(said.num, 1);
		redis_bed_idle(&fix.bed, 400);
		CHECK_INT(fix.a.fired, 0);
		CHECK_INT(left(&fix), 0);
	}
	stop(&fix);
}

static void any_bytes_may_be_id_and_data(void)
{
	static const char evil[] = "a\r\nDEL x \0 {}*%s";
	const struct pl id = {evil, sizeof(evil)};
	const struct pl data = {evil, sizeof(evil)};
	struct fixture fix;

	if (start(&fix)) {
		work(&fix, &fix.a, 1000);
		CHECK(!due_schedule(fix.a.due, &id, &data, 0, NULL, NULL));
		CHECK(wait_fired(&fix, 1));
		CHECK_INT(fix.a.data_len, sizeof(evil));
		CHECK(!memcmp(fix.a.data, evil, sizeof(evil)));
		redis_bed_idle(&fix.bed, 50);
		CHECK_INT(left(&fix), 0);
	}
	stop(&fix);
}

static void limits_are_kept(void)
{
	static char big[DUE_DATA_MAX + 1];
	const struct pl fine = PL("x"), empty = {NULL, 0};
	const struct pl id = {big, DUE_ID_MAX + 1};
	const struct pl data = {big, DUE_DATA_MAX + 1};
	struct due_params params = {.kind = "Wrong Kind"};
	struct due *due = NULL;
	struct fixture fix;

	if (start(&fix)) {
		work(&fix, &fix.a, 1000);
		CHECK_INT(due_schedule(fix.a.due, &id, &fine, 1, NULL, NULL),
			  EINVAL);
		CHECK_INT(due_schedule(fix.a.due, &empty, &fine, 1, NULL, NULL),
			  EINVAL);
		CHECK_INT(due_schedule(fix.a.due, &fine, &data, 1, NULL, NULL),
			  EINVAL);
		CHECK_INT(due_schedule(fix.a.due, &fine, &fine,
				       DUE_DELAY_MAX_MS + 1, NULL, NULL),
			  EINVAL);
		CHECK_INT(due_alloc(&due, &params), EINVAL);
	}
	stop(&fix);
}

static void the_keys_expire_a_day_after_the_last_deadline(void)
{
	struct fixture fix;
	int64_t ttl;

	if (start(&fix)) {
		work(&fix, &fix.a, 1000);
		schedule(&fix, "x", "p", 3600000);
		ttl = redis_bed_say(&fix.bed, "PTTL cb:{due}:test").num;
		CHECK(ttl > 86400000 + 3590000 && ttl <= 86400000 + 3600000);
	}
	stop(&fix);
}

static void it_goes_on_after_redis_was_away(void)
{
	struct fixture fix;

	if (start(&fix)) {
		work(&fix, &fix.a, 1000);
		schedule(&fix, "x", "p", 100);
		redis_server_freeze(&fix.bed.server);
		CHECK(redis_test_until(fix.bed.wheel, 5000, redis_test_is_down,
				       fix.bed.link));
		CHECK_INT(fix.a.fired, 0);
		redis_server_thaw(&fix.bed.server);
		CHECK(wait_fired(&fix, 1));
	}
	stop(&fix);
}

static void it_may_be_freed_when_it_fires(void)
{
	struct fixture fix;

	if (start(&fix)) {
		work(&fix, &fix.a, 1000);
		schedule(&fix, "x", "p", 100);
		schedule(&fix, "y", "p", 0);
		fix.a.let_go = true;
		CHECK(wait_fired(&fix, 1));
		redis_bed_idle(&fix.bed, 200);
		CHECK_INT(fix.a.fired, 1);
	}
	stop(&fix);
}

/* One question for all kinds; each has its own lease and handler. */
static void kinds_share_a_poll(void)
{
	struct fixture fix;
	struct due_poll *poll = NULL;
	struct due_params params = {.kind = "test", .lease_ms = 1000,
				    .fireh = on_due};
	int64_t before, after;

	if (start(&fix)) {
		CHECK(!due_poll_alloc(&poll, fix.bed.link, fix.bed.wheel, 100));
		params.link = fix.bed.link;
		params.poll = poll;
		params.arg  = &fix.a;
		CHECK(!due_alloc(&fix.a.due, &params));
		params.kind = "other";
		params.arg  = &fix.b;
		CHECK(!due_alloc(&fix.b.due, &params));
		mem_deref(poll);
		schedule(&fix, "x", "one", 0);
		CHECK(wait_fired(&fix, 1));
		CHECK_INT(fix.b.fired, 0);
		before = calls_of(&fix);
		(void)redis_test_until(fix.bed.wheel, 1000, redis_test_never,
				       NULL);
		after = calls_of(&fix);
		CHECK(after - before >= 6 && after - before <= 15);
		/* who goes takes its kind along, and not the other's */
		fix.a.due = mem_deref(fix.a.due);
		CHECK(!due_schedule(fix.b.due, &(struct pl)PL("y"),
				    &(struct pl)PL("two"), 0, NULL, NULL));
		CHECK(wait_fired(&fix, 2));
		CHECK_INT(fix.b.fired, 1);
	}
	stop(&fix);
}

TEST_MAIN(TEST(kinds_share_a_poll),
	  TEST(a_deadline_fires_when_its_time_has_come),
	  TEST(each_of_many_fires_at_one_worker),
	  TEST(a_claim_that_came_to_nothing_fires_again),
	  TEST(scheduling_anew_moves_it),
	  TEST(what_was_scheduled_anew_is_not_done_by_the_old_claim),
	  TEST(one_that_is_due_again_keeps_its_data),
	  TEST(a_cancelled_one_never_fires), TEST(any_bytes_may_be_id_and_data),
	  TEST(limits_are_kept),
	  TEST(the_keys_expire_a_day_after_the_last_deadline),
	  TEST(it_goes_on_after_redis_was_away),
	  TEST(it_may_be_freed_when_it_fires))
