/*
 * test_admin_access.c  Who may ask the admin interface, and how often
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/admin_access.h"
#include "common/admin_route.h"
#include "tests/lib/admin_tokens.h"
#include "tests/lib/test.h"

#define BEARER(token) "Bearer " token

enum { NOW_S = 1790000000 };

struct bed {
	struct admin_conf conf;
	struct admin_access *access;
	struct admin_pass pass;
	struct sa source;
	uint64_t now_ms;
};

static bool bed_make(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	admin_tokens_conf(&bed->conf);
	sa_set_str(&bed->source, "192.0.2.1", 1000);
	bed->now_ms = 1000000;
	return !admin_access_alloc(&bed->access, &bed->conf);
}

static unsigned judged(struct bed *bed, const char *authorization,
		       unsigned flags, bool changes)
{
	const struct admin_ask ask = {.authorization = authorization,
				      .host = "a:8080",
				      .source = &bed->source,
				      .flags = flags,
				      .changes = changes};

	admin_access_judge(bed->access, &bed->pass, &ask, bed->now_ms, NOW_S);
	return bed->pass.status;
}

static void a_scope_opens_what_it_says(void)
{
	struct bed bed;

	REQUIRE(bed_make(&bed));
	CHECK_INT(judged(&bed, NULL, 0, false), 401);
	CHECK_INT(judged(&bed, NULL, ADMIN_OPEN, false), 0);
	CHECK(!bed.pass.who);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), 0, false), 0);
	CHECK_STR(bed.pass.who->name, "reader");
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), 0, true), 403);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), ADMIN_ASKS, true), 0);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_WRITE), 0, true), 0);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_DEMO), 0, false), 403);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_DEMO), ADMIN_TENANT, true),
		  0);
	CHECK_STR(bed.pass.who->tenant, "demo");
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_OVER), 0, false), 401);
	mem_deref(bed.access);
}

static void metrics_are_open_on_loopback_alone(void)
{
	struct bed bed;

	REQUIRE(bed_make(&bed));
	CHECK_INT(judged(&bed, NULL, ADMIN_METRICS, false), 0);
	sa_set_str(&bed.conf.bind, "192.0.2.9", 8080);
	CHECK_INT(judged(&bed, NULL, ADMIN_METRICS, false), 401);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), ADMIN_METRICS, false),
		  0);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_DEMO), ADMIN_METRICS, false),
		  403);
	bed.conf.metrics = ADMIN_CONF_OPEN;
	CHECK_INT(judged(&bed, NULL, ADMIN_METRICS, false), 0);
	bed.conf.metrics = ADMIN_CONF_TOKEN;
	sa_set_str(&bed.conf.bind, "127.0.0.1", 8080);
	CHECK_INT(judged(&bed, NULL, ADMIN_METRICS, false), 401);
	mem_deref(bed.access);
}

static void who_guesses_is_slowed_and_told_of(void)
{
	struct bed bed;
	unsigned told = 0;

	REQUIRE(bed_make(&bed));
	for (int i = 0; i < 6; i++) {
		CHECK_INT(judged(&bed, BEARER("x"), 0, false), 401);
		told += bed.pass.guessed;
	}
	CHECK_INT(told, 1);
	CHECK_INT(judged(&bed, BEARER("x"), 0, false), 429);
	CHECK_INT(bed.pass.wait_s, 1);
	/* even the right one, from where it was never good */
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), 0, false), 429);
	CHECK(!bed.pass.who);
	bed.now_ms += 1001;
	CHECK_INT(judged(&bed, BEARER("x"), 0, false), 401);
	CHECK_INT(judged(&bed, BEARER("x"), 0, false), 429);
	CHECK_INT(bed.pass.wait_s, 2);
	sa_set_str(&bed.source, "192.0.2.2", 1000);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), 0, false), 0);
	mem_deref(bed.access);
}

static void a_neighbour_who_guesses_locks_nobody_out(void)
{
	struct bed bed;

	REQUIRE(bed_make(&bed));
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), 0, false), 0);
	for (int i = 0; i < 7; i++)
		(void)judged(&bed, BEARER("x"), 0, false);
	CHECK_INT(bed.pass.status, 429);
	CHECK_INT(admin_access_set(bed.access, &bed.conf), 0);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_WRITE), 0, false), 429);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), 0, false), 0);
	mem_deref(bed.access);
}

static void tokens_and_sources_have_a_rate(void)
{
	struct bed bed;

	REQUIRE(bed_make(&bed));
	bed.conf.per_s = 10;
	bed.conf.burst = 20;
	for (int i = 0; i < 20; i++)
		CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), 0, false), 0);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), 0, false), 429);
	for (int i = 0; i < 20; i++)
		CHECK_INT(judged(&bed, NULL, ADMIN_OPEN, false), 0);
	CHECK_INT(judged(&bed, NULL, ADMIN_OPEN, false), 429);
	CHECK_INT(judged(&bed, NULL, ADMIN_OPEN | ADMIN_FREE, false), 0);
	/* from elsewhere the token is still spent */
	sa_set_str(&bed.source, "192.0.2.2", 1000);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), 0, false), 429);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_WRITE), 0, false), 0);
	bed.now_ms += 1000;
	for (int i = 0; i < 10; i++)
		CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), 0, false), 0);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), 0, false), 429);
	mem_deref(bed.access);
}

static void who_floods_takes_nothing_of_a_good_token(void)
{
	struct bed bed;

	REQUIRE(bed_make(&bed));
	bed.conf.per_s = 1;
	bed.conf.burst = 5;
	for (int i = 0; i < 50; i++)
		(void)judged(&bed, NULL, 0, false);
	CHECK_INT(bed.pass.status, 429);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), 0, false), 0);
	mem_deref(bed.access);
}

static void a_guess_counts_in_a_flood_too(void)
{
	struct bed bed;

	REQUIRE(bed_make(&bed));
	bed.conf.per_s = 1;
	bed.conf.burst = 1;
	for (int i = 0; i < 10; i++)
		(void)judged(&bed, BEARER("x"), 0, false);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_READ), 0, false), 429);
	mem_deref(bed.access);
}

static void a_token_of_no_name_opens_nothing_of_others(void)
{
	struct bed bed;

	REQUIRE(bed_make(&bed));
	for (uint32_t i = 0; i < bed.conf.ntokens; i++) {
		if (bed.conf.tokens[i].tenant)
			bed.conf.tokens[i].tenant = "";
	}
	CHECK_INT(admin_access_set(bed.access, &bed.conf), 0);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_DEMO), 0, false), 403);
	mem_deref(bed.access);
}

static void a_reload_takes_tokens_away(void)
{
	struct admin_conf other;
	struct bed bed;

	REQUIRE(bed_make(&bed));
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_WRITE), 0, true), 0);
	other = bed.conf;
	other.ntokens = 0;
	CHECK_INT(admin_access_set(bed.access, &other), 0);
	CHECK_INT(judged(&bed, BEARER(ADMIN_TOKEN_WRITE), 0, true), 403);
	CHECK_INT(judged(&bed, NULL, ADMIN_OPEN, false), 0);
	mem_deref(bed.access);
}

static void hosts_are_addresses_and_names_of_ours(void)
{
	static const char *const hosts[] = {"admin.example.com"};

	CHECK(admin_host_is_ours("127.0.0.1", NULL, 0));
	CHECK(admin_host_is_ours("127.0.0.1:8080", NULL, 0));
	CHECK(admin_host_is_ours("[::1]:8080", NULL, 0));
	CHECK(admin_host_is_ours("[::1]", NULL, 0));
	CHECK(admin_host_is_ours("LocalHost:1", NULL, 0));
	CHECK(admin_host_is_ours("ADMIN.example.com:8080", hosts, 1));
	CHECK(!admin_host_is_ours("admin.example.com.", hosts, 1));
	CHECK(!admin_host_is_ours("admin.example.comX", hosts, 1));
	CHECK(!admin_host_is_ours("127.0.0.1.evil.test", hosts, 1));
	CHECK(!admin_host_is_ours("[evil.test]", hosts, 1));
	CHECK(!admin_host_is_ours("", hosts, 1));
	CHECK(!admin_host_is_ours("[", hosts, 1));
	CHECK(!admin_host_is_ours("[]", hosts, 1));
	CHECK(!admin_host_is_ours(":8080", hosts, 1));
}

static void an_origin_is_ours_when_it_is_the_host(void)
{
	CHECK(admin_origin_is_ours("http://127.0.0.1:8080", "127.0.0.1:8080"));
	CHECK(admin_origin_is_ours("https://A.test", "a.TEST"));
	CHECK(!admin_origin_is_ours("http://127.0.0.1:8081", "127.0.0.1:8080"));
	CHECK(!admin_origin_is_ours("null", "null"));
	CHECK(!admin_origin_is_ours("", ""));
	CHECK(!admin_origin_is_ours("http://a.test/", "a.test"));
}

static void memory_that_ends_is_told(void)
{
	struct bed bed;

	if (bed_make(&bed))
		mem_deref(bed.access);
}

TEST_MAIN(TEST(a_scope_opens_what_it_says),
	  TEST(metrics_are_open_on_loopback_alone),
	  TEST(who_guesses_is_slowed_and_told_of),
	  TEST(a_neighbour_who_guesses_locks_nobody_out),
	  TEST(tokens_and_sources_have_a_rate),
	  TEST(who_floods_takes_nothing_of_a_good_token),
	  TEST(a_guess_counts_in_a_flood_too),
	  TEST(a_token_of_no_name_opens_nothing_of_others),
	  TEST(a_reload_takes_tokens_away),
	  TEST(hosts_are_addresses_and_names_of_ours),
	  TEST(an_origin_is_ours_when_it_is_the_host),
	  TEST_OOM(memory_that_ends_is_told))
