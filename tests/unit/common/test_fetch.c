/*
 * test_fetch.c  What is fetched holds nobody up
 *
 * SPDX-License-Identifier: MIT
 */
#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <re.h>

#include "common/fetch.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/test.h"

enum {
	SOON_MS = 1000,
	LONG_MS = 5000, /* what a resolver that has no answer may take */
	STEP_NS = 5000000
};

static atomic_int asked, answered;
static atomic_bool silent;

/* In place of the library's: its server does not answer. */
int getaddrinfo(const char *name, const char *service,
		const struct addrinfo *hints, struct addrinfo **res)
{
	const struct timespec step = {.tv_nsec = STEP_NS};
	const uint64_t end = loop_now_ms() + LONG_MS;

	(void)name;
	(void)service;
	(void)hints;
	(void)res;
	++asked;
	while (silent && loop_now_ms() < end)
		(void)nanosleep(&step, NULL);
	++answered;
	return EAI_AGAIN;
}

struct result {
	unsigned calls, code;
	bool why;
};

static void on_fetched(const struct fetch_answer *answer, void *arg)
{
	struct result *result = arg;

	++result->calls;
	result->code = answer->code;
	result->why = answer->why && answer->why[0];
}

static bool was_asked(void *arg)
{
	(void)arg;
	return asked > answered;
}

static bool has_come(void *arg)
{
	const struct result *result = arg;

	return result->calls > 0;
}

static bool is_over(void *arg)
{
	(void)arg;
	return asked == answered;
}

static bool get(struct fetch **fetchp, struct fetcher **fetcherp,
		struct loop_test *lt, struct result *result)
{
	return !fetcher_alloc(fetcherp, lt->wheel) &&
	       !fetch_get(fetchp, *fetcherp, "https://keys.test/jwks", 1000,
			  on_fetched, result);
}

static void who_waits_for_a_name_goes_at_once(void)
{
	struct fetcher *fetcher = NULL;
	struct result result = {.calls = 0};
	struct fetch *fetch = NULL;
	struct loop_test lt;
	uint64_t begun;

	REQUIRE(loop_test_open(&lt));
	silent = true;
	CHECK(get(&fetch, &fetcher, &lt, &result));
	CHECK(loop_test_until(&lt, was_asked, NULL, LONG_MS));
	begun = loop_now_ms();
	mem_deref(fetch);
	mem_deref(fetcher);
	CHECK(loop_now_ms() - begun < SOON_MS);
	CHECK_INT(result.calls, 0);
	silent = false;
	CHECK(loop_test_until(&lt, is_over, NULL, 2 * LONG_MS));
	loop_test_close(&lt);
}

static void a_name_that_is_not_there_is_told(void)
{
	struct fetcher *fetcher = NULL;
	struct result result = {.calls = 0};
	struct fetch *fetch = NULL;
	struct loop_test lt;

	REQUIRE(loop_test_open(&lt));
	silent = false;
	CHECK(get(&fetch, &fetcher, &lt, &result));
	CHECK(loop_test_until(&lt, has_come, &result, LONG_MS));
	CHECK_INT(result.calls, 1);
	CHECK_INT(result.code, 0);
	CHECK(result.why);
	mem_deref(fetch);
	mem_deref(fetcher);
	loop_test_close(&lt);
}

TEST_MAIN(TEST(who_waits_for_a_name_goes_at_once),
	  TEST(a_name_that_is_not_there_is_told))
