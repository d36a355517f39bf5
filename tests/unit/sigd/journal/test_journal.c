/*
 * test_journal.c  Logs in a real Redis: bounded, counted, never waited for
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/loop.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "sigd/journal/journal.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

enum { LIST_MAX = 16 };

struct fixture {
	struct redis_server server;
	struct wheel *wheel;
	struct redis_link *link;
	struct journal *journal;
	struct journal_of of;
	struct journal_row list[LIST_MAX]; /* as read last */
	size_t n, all;
	bool read;
};

static bool start(struct fixture *fix)
{
	struct redis_cfg cfg = {.name = "test"};

	memset(fix, 0, sizeof(*fix));
	pl_set_str(&fix->of.tenant, "de mo");
	pl_set_str(&fix->of.name, "al/ice");
	if (!redis_server_start(&fix->server))
		return false;
	cfg.path = fix->server.sock;
	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&fix->wheel, loop_now_ms()));
	loop_drive(fix->wheel);
	CHECK(!redis_link_alloc(&fix->link, &cfg, fix->wheel, NULL, NULL));
	CHECK(!journal_alloc(&fix->journal, fix->link, fix->wheel));
	return CHECK(redis_test_until(fix->wheel, 5000, redis_test_is_up,
				      fix->link));
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->journal);
	mem_deref(fix->link);
	if (fix->wheel) {
		loop_drive(NULL);
		mem_deref(fix->wheel);
		loop_close();
	}
	redis_server_kill(&fix->server);
}

static void on_list(int err, const struct redis_val *val, void *arg)
{
	struct fixture *fix = arg;

	fix->read = true;
	if (!CHECK(!err && val->type == REDIS_ARRAY))
		return;
	fix->all = val->len;
	for (fix->n = 0; fix->n < val->len && fix->n < LIST_MAX; fix->n++) {
		const struct pl text = {val->el[fix->n].str,
					val->el[fix->n].len};

		CHECK(!journal_row_parse(&fix->list[fix->n], &text));
	}
}

static bool is_read(void *arg)
{
	return ((struct fixture *)arg)->read;
}

/* What stands there now. */
static size_t look(struct fixture *fix, const char *what)
{
	char key[JOURNAL_KEY_MAX];

	CHECK(!journal_key(key, &fix->of, what));

	const struct redis_arg ask[] = {redis_str("LRANGE"), redis_str(key),
					redis_str("0"), redis_str("-1")};

	fix->read = false;
	CHECK(!redis_link_send(fix->link, ask, 4, on_list, fix));
	CHECK(redis_test_until(fix->wheel, 5000, is_read, fix));
	return fix->all;
}

static void note(struct fixture *fix, enum journal_event event, uint16_t code)
{
	const struct journal_row row = {.event = event, .code = code,
					.rtt_us = 700};

	journal_note(fix->journal, &fix->of, &row);
}

static void what_happens_stands_there_newest_first(void)
{
	struct fixture fix;

	if (start(&fix)) {
		note(&fix, JOURNAL_UP, 0);
		note(&fix, JOURNAL_DOWN, 408);
		CHECK_INT(look(&fix, "log"), 2);
		CHECK_INT(fix.list[0].event, JOURNAL_DOWN);
		CHECK_INT(fix.list[0].code, 408);
		CHECK_INT(fix.list[1].rtt_us, 700);
		CHECK_INT(fix.list[1].count, 1);
		CHECK(fix.list[1].at_ms > 1700000000000);
	}
	stop(&fix);
}

static void the_same_again_is_counted(void)
{
	struct fixture fix;

	if (start(&fix)) {
		for (unsigned i = 0; i < 5; i++)
			note(&fix, JOURNAL_REFRESHED, 200);
		CHECK_INT(look(&fix, "log"), 1);
		CHECK_INT(fix.list[0].count, 5);
		CHECK(fix.list[0].since_ms <= fix.list[0].at_ms);
		/* a change of state is never the same */
		note(&fix, JOURNAL_UP, 0);
		note(&fix, JOURNAL_UP, 0);
		CHECK_INT(look(&fix, "log"), 3);
	}
	stop(&fix);
}

static void a_log_has_so_many_entries(void)
{
	struct fixture fix;

	if (start(&fix)) {
		for (unsigned i = 0; i < 2 * JOURNAL_ENTRIES; i++)
			note(&fix, JOURNAL_UP, 0);
		CHECK_INT(look(&fix, "log"), JOURNAL_ENTRIES);
	}
	stop(&fix);
}

static void refuse(struct fixture *fix, const char *from)
{
	struct journal_row row = {.code = 401};

	str_ncpy(row.from, from, sizeof(row.from));
	journal_refused(fix->journal, &fix->of, &row);
}

static void who_guesses_is_counted_and_told_now_and_then(void)
{
	struct fixture fix;
	char from[32];

	if (start(&fix)) {
		for (unsigned i = 0; i < 5000; i++) {
			re_snprintf(from, sizeof(from), "192.0.2.1:%u", i);
			refuse(&fix, from);
		}
		CHECK_INT(journal_counts(fix.journal)->told, 1);
		CHECK_INT(look(&fix, "refused"), 1);
		CHECK_INT(fix.list[0].count, 1);
		wheel_advance(fix.wheel,
			      wheel_now(fix.wheel) + 2 * JOURNAL_AGAIN_MS);
		CHECK_INT(journal_counts(fix.journal)->told, 2);
		CHECK_INT(look(&fix, "refused"), 1);
		CHECK_INT(fix.list[0].count, 5000);
		CHECK_INT(fix.list[0].event, JOURNAL_REFUSED);
	}
	stop(&fix);
}

static void many_guessers_cost_no_more_than_so_many_writes(void)
{
	struct fixture fix;
	char from[32];

	if (start(&fix)) {
		for (unsigned i = 0; i < 1000; i++) {
			re_snprintf(from, sizeof(from), "192.0.%u.%u:5",
				    i / 250, i % 250);
			refuse(&fix, from);
		}
		CHECK_INT(journal_counts(fix.journal)->told, JOURNAL_GUESSERS);
		CHECK_INT(journal_counts(fix.journal)->unsaid,
			  1000 - JOURNAL_GUESSERS);
		CHECK_INT(look(&fix, "refused"), JOURNAL_ENTRIES);
		/* who is quiet gives room */
		wheel_advance(fix.wheel,
			      wheel_now(fix.wheel) + 3 * JOURNAL_AGAIN_MS);
		refuse(&fix, "198.51.100.1:5");
		CHECK_INT(journal_counts(fix.journal)->told,
			  JOURNAL_GUESSERS + 1);
	}
	stop(&fix);
}

static void without_redis_nothing_happens(void)
{
	struct journal_of of = {.whose = JOURNAL_NOBODY};
	struct journal_row row = {.code = 401};
	const struct rtt_row rtt = {.count = 1};
	struct journal *journal = NULL;

	journal_refused(NULL, &of, &row);
	CHECK(!journal_alloc(&journal, NULL, NULL));
	journal_note(journal, &of, &row);
	journal_refused(journal, &of, &row);
	journal_rtt(journal, &of, &rtt);
	CHECK_INT(journal_counts(journal)->told, 0);
	mem_deref(journal);
}

TEST_MAIN(TEST(what_happens_stands_there_newest_first),
	  TEST(the_same_again_is_counted),
	  TEST(a_log_has_so_many_entries),
	  TEST(who_guesses_is_counted_and_told_now_and_then),
	  TEST(many_guessers_cost_no_more_than_so_many_writes),
	  TEST(without_redis_nothing_happens))
