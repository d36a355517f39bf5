/*
 * test_feed_hook.c  What a receiver refuses, and what that costs the others
 *
 * Here is a fetch_post() of our own, and the clock is the wheel's: hours of a
 * receiver that is ill take no time. Events are numbered from 1.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/fetch.h"
#include "common/wheel.h"
#include "sigd/feed/feed_hook.h"
#include "tests/lib/test.h"

enum { EVENTS = 400, HOUR_MS = 3600000 };

static struct bed {
	struct wheel *wheel;
	struct feed_hook *hook;
	struct feed_event events[EVENTS + 1];
	struct feed_event *batch[FEED_BATCH];
	size_t all, n;    /* in the stream, given of them */
	size_t from;      /* all before it is done */
	bool under_way;
	unsigned code[EVENTS + 1]; /* an array has the worst of its events' */
	unsigned until[EVENTS + 1]; /* so many tries; 0: always */
	unsigned tries[EVENTS + 1], taken[EVENTS + 1];
	unsigned ill; /* so many POSTs are refused, whatever is in them */
	int64_t ill_from; /* from the POST with that number on */
	unsigned posts;
} *bed;

/* --- the receiver ------------------------------------------------------------- */

struct fetch {
	struct wheel_timer timer;
	unsigned code;
	fetch_h *h;
	void *arg;
};

static void fetch_destructor(void *data)
{
	wheel_stop(&((struct fetch *)data)->timer);
}

static void answer(void *arg)
{
	const struct fetch *fetch = arg;
	const struct fetch_answer said = {.code = fetch->code};

	fetch->h(&said, fetch->arg);
}

static unsigned judge(const struct pl *body)
{
	const char *p = body->p, *end = body->p + body->l;
	unsigned code = 200, nrs[FEED_BATCH];
	size_t n = 0;

	while ((p = memchr(p, ':', (size_t)(end - p)))) {
		const unsigned nr = (unsigned)atoi(++p);

		++bed->tries[nr];
		if (bed->code[nr] &&
		    (!bed->until[nr] || bed->tries[nr] <= bed->until[nr]))
			code = bed->code[nr];
		nrs[n++] = nr;
	}
	++bed->posts;
	if (bed->ill && bed->posts >= bed->ill_from) {
		--bed->ill;
		code = 400;
	}
	for (size_t i = 0; i < n && code == 200; i++)
		++bed->taken[nrs[i]];
	return code;
}

int fetch_post(struct fetch **fetchp, struct fetcher *fetcher, const char *url,
	       const struct fetch_body *body, size_t max, fetch_h *h, void *arg)
{
	struct fetch *fetch = mem_zalloc(sizeof(*fetch), fetch_destructor);

	(void)fetcher;
	(void)url;
	(void)max;
	if (!fetch)
		return ENOMEM;
	fetch->code = judge(&body->data);
	fetch->h = h;
	fetch->arg = arg;
	wheel_start(bed->wheel, &fetch->timer, 5, answer, fetch);
	*fetchp = fetch;
	return 0;
}

/* --- the feed ----------------------------------------------------------------- */

static void on_done(size_t n, void *arg)
{
	(void)arg;
	CHECK(bed->under_way);
	bed->under_way = false;
	bed->from += n;
}

/* As a feed reads: FEED_READ of the stream, from what is not done. */
static void give(void)
{
	bed->n = 0;
	while (bed->n < FEED_READ && bed->from + bed->n <= bed->all) {
		bed->batch[bed->n] = &bed->events[bed->from + bed->n];
		++bed->n;
	}
	bed->under_way = true;
	feed_hook_deliver(bed->hook, bed->batch, bed->n, on_done, NULL);
}

static bool run(uint64_t ms)
{
	const uint64_t end = wheel_now(bed->wheel) + ms;

	while (bed->from <= bed->all && wheel_now(bed->wheel) < end) {
		if (!bed->under_way)
			give();
		wheel_advance(bed->wheel, wheel_now(bed->wheel) + 5);
	}
	return bed->from > bed->all;
}

static bool start(uint32_t batch, size_t all)
{
	static const char *const types[] = {"call.*"};
	struct feed_hook_params params = {
		.name = "t",
		.url = "http://t/",
		.secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLw==",
		.types = types,
		.ntypes = 1,
		.batch = batch,
		.batch_bytes = 100000,
	};

	bed = mem_zalloc(sizeof(*bed), NULL);
	if (!CHECK(bed && !wheel_alloc(&bed->wheel, 1000)))
		return false;
	bed->all = all;
	bed->from = 1;
	for (size_t i = 1; i <= all; i++) {
		struct feed_event *event = &bed->events[i];

		re_snprintf(event->id, sizeof(event->id), "news-1-%zu", i);
		str_ncpy(event->type, "call.ended", sizeof(event->type));
		event->json = mbuf_alloc(32);
		CHECK(event->json &&
		      !mbuf_printf(event->json, "{\"n\":%zu}\n", i));
	}
	params.wheel = bed->wheel;
	return CHECK(!feed_hook_alloc(&bed->hook, &params));
}

static void stop(void)
{
	mem_deref(bed->hook);
	for (size_t i = 1; i <= bed->all; i++)
		mem_deref(bed->events[i].json);
	CHECK_INT(wheel_count(bed->wheel), 0);
	mem_deref(bed->wheel);
	bed = mem_deref(bed);
}

static size_t taken(size_t from, size_t to)
{
	size_t n = 0;

	for (size_t i = from; i <= to; i++)
		n += bed->taken[i] == 1;
	return n;
}

static uint64_t passed_over(void)
{
	return feed_hook_counts(bed->hook)->refused;
}

/* --- what it must do ------------------------------------------------------------ */

static void one_that_is_refused_costs_no_other(void)
{
	for (uint32_t batch = 1; batch <= 50; batch += 49) {
		if (!start(batch, 200))
			return;
		bed->code[7] = 422;
		CHECK(run(HOUR_MS));
		CHECK_INT(taken(1, 200), 199);
		CHECK_INT(passed_over(), 1);
		stop();
	}
}

static void who_refuses_all_for_a_minute_gets_all(void)
{
	if (!start(50, 200))
		return;
	bed->ill = 20;
	CHECK(run(HOUR_MS));
	CHECK_INT(taken(1, 200), 200);
	CHECK_INT(passed_over(), 0);
	stop();
}

/* Be it in the midst of those that go one by one. */
static void who_begins_to_refuse_all_gets_all(void)
{
	for (int64_t from = 2; from < 12; from++) {
		if (!start(50, 120))
			return;
		/* it makes them go one by one; then it is taken */
		bed->code[40] = 422;
		bed->until[40] = FEED_HOOK_REFUSALS;
		bed->ill = 45;
		bed->ill_from = FEED_HOOK_REFUSALS + from;
		CHECK(run(HOUR_MS));
		CHECK_INT(taken(1, 120), 120);
		CHECK_INT(passed_over(), 0);
		stop();
	}
}

/* What would show that it is well is not read as long as the first one waits. */
static void one_behind_which_nothing_is_wanted_goes_in_the_end(void)
{
	if (!start(50, 300))
		return;
	for (size_t i = 2; i < 300; i++)
		str_ncpy(bed->events[i].type, "device.registered",
			 sizeof(bed->events[i].type));
	bed->code[1] = 422;
	CHECK(run(5 * 60000));
	CHECK_INT(passed_over(), 1);
	CHECK_INT(bed->taken[300], 1);
	CHECK_INT(bed->tries[2], 0);
	stop();
}

/* One at a time is what that costs, while nothing is known of it. */
static void who_refuses_all_for_an_hour_loses_few(void)
{
	if (!start(50, 300))
		return;
	for (size_t i = 1; i <= 300; i++)
		bed->code[i] = 400;
	CHECK(!run(HOUR_MS));
	CHECK(passed_over() > 0 && passed_over() < 20);
	for (size_t i = 1; i <= 300; i++)
		bed->code[i] = 0;
	CHECK(run(HOUR_MS));
	CHECK_INT(taken(1, 300) + passed_over(), 300);
	stop();
}

static void who_is_away_gets_all_however_long(void)
{
	if (!start(50, 300))
		return;
	for (size_t i = 1; i <= 300; i++)
		bed->code[i] = i % 2 ? 503 : 404;
	CHECK(!run(10 * HOUR_MS));
	for (size_t i = 1; i <= 300; i++)
		bed->code[i] = 0;
	CHECK(run(HOUR_MS));
	CHECK_INT(taken(1, 300), 300);
	CHECK_INT(passed_over(), 0);
	stop();
}

TEST_MAIN(TEST(one_that_is_refused_costs_no_other),
	  TEST(who_refuses_all_for_a_minute_gets_all),
	  TEST(who_begins_to_refuse_all_gets_all),
	  TEST(one_behind_which_nothing_is_wanted_goes_in_the_end),
	  TEST(who_refuses_all_for_an_hour_loses_few),
	  TEST(who_is_away_gets_all_however_long))
