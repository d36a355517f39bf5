/*
 * test_trace_store.c  Traces come to Redis, within their limits
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "sigd/trace/trace_pack.h"
#include "sigd/trace/trace_store.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

static const struct trace_store_cfg roomy = {.keep_ms = 60000,
					     .call_bytes = 65536,
					     .bytes = 1 << 24,
					     .memory = 1 << 20};

static void say(struct trace_store *store, const char *callid, const char *text)
{
	struct trace_msg msg = {.us = 1000, .kind = FLOW_UDP};
	struct pl id;

	pl_set_str(&id, callid);
	pl_set_str(&msg.worker, "a1/0");
	pl_set_str(&msg.text, text);
	(void)sa_set_str(&msg.remote, "192.0.2.1", 5060);
	trace_store_put(store, &id, &msg);
}

static void label(struct trace_store *store, const char *callid,
		  const char *text)
{
	struct pl id;

	pl_set_str(&id, callid);
	trace_store_label(store, &id, text);
}

/* cb:{t:<x>}:<what> of this Call-ID's shard */
static const char *key_of(char key[64], const char *callid, const char *what)
{
	struct pl id;

	pl_set_str(&id, callid);
	re_snprintf(key, 64, "cb:{t:%c}:%s", trace_shard(&id), what);
	return key;
}

static int64_t number(struct redis_bed *bed, const char *cmd,
		      const char *callid, const char *what)
{
	char key[64], line[128];

	re_snprintf(line, sizeof(line), "%s %s", cmd,
		    key_of(key, callid, what));
	return redis_bed_say(bed, line).num;
}

static bool is_sent(void *arg)
{
	const struct trace_store *store = arg;

	return !trace_store_counts(store)->waiting;
}

static void what_is_said_together_comes_together(void)
{
	struct trace_store *store = NULL;
	struct redis_bed bed;

	if (redis_bed_start(&bed)) {
		REQUIRE(!trace_store_alloc(&store, &roomy, bed.link,
					   bed.wheel));
		say(store, "one", "BYE 1");
		say(store, "one", "BYE 2");
		label(store, "one", "t:acme/u:bob");
		label(store, "one", "t:acme/u:bob");
		label(store, "one", "call:0123");
		CHECK(trace_store_counts(store)->waiting > 0);
		CHECK(redis_test_until(bed.wheel, 3000, is_sent, store));
		CHECK_INT(trace_store_counts(store)->messages, 2);
		CHECK_INT(number(&bed, "ZCARD", "one", "traces"), 1);
		CHECK_INT(number(&bed, "ZCARD", "one", "by:t:acme/u:bob"), 1);
		CHECK_INT(number(&bed, "ZCARD", "one", "by:call:0123"), 1);
		CHECK_INT(number(&bed, "HLEN", "one", "sizes"), 2);
		CHECK(number(&bed, "PTTL", "one", "traces") > 60000);
		/* more of the same is the same trace */
		say(store, "one", "BYE 3");
		trace_store_flush(store);
		CHECK_INT(number(&bed, "ZCARD", "one", "traces"), 1);
		mem_deref(store);
	}
	redis_bed_stop(&bed);
}

static void one_that_is_long_is_cut_and_says_so(void)
{
	/* SHA-1 of "long" */
	static const char of[] = "of:bd3027fa569ea15ca76d84db21c67e2d514c1a5a";
	struct trace_store_cfg cfg = roomy;
	struct trace_store *store = NULL;
	struct redis_bed bed;
	char key[64], line[128], noise[1500];

	cfg.call_bytes = 4096;
	if (redis_bed_start(&bed)) {
		REQUIRE(!trace_store_alloc(&store, &cfg, bed.link, bed.wheel));
		for (unsigned i = 0; i < 10; i++) {
			for (unsigned k = 0; k < sizeof(noise) - 1; k++)
				noise[k] = (char)('!' + rand_u32() % 90);
			noise[sizeof(noise) - 1] = '\0';
			say(store, "long", noise);
			trace_store_flush(store);
		}
		key_of(key, "long", "sizes");
		re_snprintf(line, sizeof(line), "HGET %s total", key);
		CHECK(atoi(redis_bed_say(&bed, line).text) <= 4096);
		re_snprintf(line, sizeof(line), "HGET %s cut",
			    key_of(key, "long", of));
		CHECK(atoi(redis_bed_say(&bed, line).text) >= 6);
		mem_deref(store);
	}
	redis_bed_stop(&bed);
}

static void the_oldest_give_way(void)
{
	struct trace_store_cfg cfg = roomy;
	struct trace_store *store = NULL;
	struct redis_bed bed;
	char callid[16];

	cfg.bytes = TRACE_SHARDS * 2000;
	if (redis_bed_start(&bed)) {
		REQUIRE(!trace_store_alloc(&store, &cfg, bed.link, bed.wheel));
		for (unsigned i = 0; i < 2000; i++) {
			re_snprintf(callid, sizeof(callid), "c%u", i);
			say(store, callid, "OPTIONS sip:a SIP/2.0\r\n\r\n");
		}
		trace_store_flush(store);
		for (unsigned i = 0; i < 16; i++) {
			char line[64];

			re_snprintf(line, sizeof(line),
				    "HGET cb:{t:%x}:sizes total", i);
			CHECK(atoi(redis_bed_say(&bed, line).text) <= 2000);
		}
		mem_deref(store);
	}
	redis_bed_stop(&bed);
}

/* ... of a key of this Call-ID's shard, and its id */
static struct redis_said of_index(struct redis_bed *bed, const char *cmd,
				  const char *callid, const char *more)
{
	char key[64], line[160];

	re_snprintf(line, sizeof(line), "%s %s%s", cmd,
		    key_of(key, callid, "by:t:acme"), more);
	return redis_bed_say(bed, line);
}

/* SHA-1 of "one" */
#define ONE " fe05bcdcdc4928012781a5f1a2a77cbb5398e106"

static void a_tenant_has_an_index_of_what_is_his(void)
{
	struct trace_store *store = NULL;
	struct redis_said began;
	struct redis_bed bed;

	if (redis_bed_start(&bed)) {
		REQUIRE(!trace_store_alloc(&store, &roomy, bed.link,
					   bed.wheel));
		say(store, "one", "REGISTER 1");
		label(store, "one", "asked:t:acme/u:bob");
		trace_store_flush(store);
		/* who only asked is nobody of theirs */
		CHECK_INT(of_index(&bed, "EXISTS", "one", "").num, 0);
		say(store, "one", "REGISTER 2");
		label(store, "one", "12ab!t:acme/u:bob");
		label(store, "one", "12ab!t:acme/d:1/bob");
		label(store, "one", "12ab+t:other/c:pbx");
		trace_store_flush(store);
		CHECK_INT(of_index(&bed, "ZCARD", "one", "").num, 1);
		CHECK_INT(number(&bed, "ZCARD", "one", "by:t:other"), 1);
		began = of_index(&bed, "ZSCORE", "one", ONE);
		CHECK(strlen(began.text) == 13);
		CHECK(of_index(&bed, "PTTL", "one", "").num > 60000);
		/* a refresh costs nothing there */
		(void)of_index(&bed, "PERSIST", "one", "");
		say(store, "one", "REGISTER 3");
		label(store, "one", "12ab!t:acme/u:bob");
		trace_store_flush(store);
		CHECK_STR(of_index(&bed, "ZSCORE", "one", ONE).text,
			  began.text);
		CHECK_INT(of_index(&bed, "PTTL", "one", "").num, -1);
		mem_deref(store);
	}
	redis_bed_stop(&bed);
}

static struct redis_said of_one(struct redis_bed *bed, const char *field)
{
	char key[64], line[160];

	re_snprintf(line, sizeof(line), "HGET %s %s",
		    key_of(key, "one", "of:fe05bcdcdc4928012781a5f1a2a77cbb5398e"
					 "106"), field);
	return redis_bed_say(bed, line);
}

/* Somebody of another tenant who has seen a Call-ID, or will see it, may begin
 * dialogs with it, and have as many names as he likes. */
static void who_uses_a_call_id_up_hides_nothing_of_another(void)
{
	struct trace_store *store = NULL;
	struct redis_said said;
	struct redis_bed bed;
	char word[256];

	if (redis_bed_start(&bed)) {
		REQUIRE(!trace_store_alloc(&store, &roomy, bed.link,
					   bed.wheel));
		for (unsigned i = 0; i < 40; i++) {
			say(store, "one", "REGISTER");
			re_snprintf(word, sizeof(word), "%x!t:evil/u:%u-%0*u", i,
				    i, 160, 0);
			label(store, "one", word);
			/* he calls, too: then it is of whom he has called */
			re_snprintf(word, sizeof(word), "%x+t:acme/u:called", i);
			label(store, "one", word);
		}
		say(store, "one", "INVITE");
		label(store, "one", "abcd!t:acme/u:bob");
		label(store, "one", "abce+t:third/c:pbx");
		trace_store_flush(store);
		CHECK_STR(of_one(&bed, "dialogs.evil").text, "16");
		CHECK_STR(of_one(&bed, "led.acme").text, "16");
		CHECK_STR(of_one(&bed, "of.f").text, "16 evil acme");
		CHECK_STR(of_one(&bed, "of.abcd").text, "33 acme");
		CHECK_STR(of_one(&bed, "of.abce").text, "34 third");
		/* ... and each is found in the index of its tenant */
		said = of_one(&bed, "labels");
		CHECK(strstr(said.text, " t:acme/u:called"));
		CHECK(strstr(said.text, " t:third/c:pbx"));
		CHECK_INT(number(&bed, "ZCARD", "one", "by:t:acme"), 1);
		CHECK_INT(number(&bed, "ZCARD", "one", "by:t:third"), 1);
		mem_deref(store);
	}
	redis_bed_stop(&bed);
}

/* Of many tenants each has one at least. */
static void the_dialogs_of_a_trace_have_an_end(void)
{
	struct trace_store *store = NULL;
	struct redis_bed bed;
	char word[64];

	if (redis_bed_start(&bed)) {
		REQUIRE(!trace_store_alloc(&store, &roomy, bed.link,
					   bed.wheel));
		for (unsigned i = 0; i < 600; i++) {
			re_snprintf(word, sizeof(word), "%x!t:t%u/u:a", i + 1,
				    i < 320 ? i / 16 : i);
			label(store, "one", word);
		}
		trace_store_flush(store);
		CHECK_STR(of_one(&bed, "dialogs").text, "256");
		CHECK_STR(of_one(&bed, "dialogs.t7").text, "16");
		CHECK_STR(of_one(&bed, "dialogs.t8").text, "1");
		CHECK_STR(of_one(&bed, "dialogs.t320").text, "1");
		mem_deref(store);
	}
	redis_bed_stop(&bed);
}

/* A registration is refreshed for days, and its tenant need not have another:
 * then it is what keeps the index. */
static void what_goes_on_stays_in_the_index(void)
{
	struct trace_store_cfg cfg = roomy;
	struct trace_store *store = NULL;
	struct redis_said began;
	struct redis_bed bed;

	cfg.keep_ms = 400;
	if (redis_bed_start(&bed)) {
		REQUIRE(!trace_store_alloc(&store, &cfg, bed.link, bed.wheel));
		for (unsigned i = 0; i < 10; i++) {
			say(store, "one", "REGISTER");
			label(store, "one", "12ab!t:acme/u:bob");
			trace_store_flush(store);
			redis_bed_idle(&bed, 150);
			if (!i)
				began = of_index(&bed, "ZSCORE", "one", ONE);
		}
		CHECK_STR(of_index(&bed, "ZSCORE", "one", ONE).text,
			  began.text);
		mem_deref(store);
	}
	redis_bed_stop(&bed);
}

static void what_is_over_leaves_the_index(void)
{
	struct trace_store *store = NULL;
	struct redis_bed bed;
	char callid[16];
	uint64_t sum = 0;

	if (redis_bed_start(&bed)) {
		REQUIRE(!trace_store_alloc(&store, &roomy, bed.link,
					   bed.wheel));
		/* 200 in each shard that are kept no more */
		for (unsigned i = 0; i < 16; i++) {
			char line[200];

			for (unsigned k = 0; k < 200; k++) {
				re_snprintf(line, sizeof(line),
					    "ZADD cb:{t:%x}:by:t:acme 1 x%u",
					    i, k);
				(void)redis_bed_say(&bed, line);
			}
		}
		for (unsigned i = 0; i < 16 * 300; i++) {
			re_snprintf(callid, sizeof(callid), "c%u", i);
			say(store, callid, "BYE");
			label(store, callid, "12ab!t:acme/u:bob");
			if (i % 100 == 99)
				trace_store_flush(store);
		}
		trace_store_flush(store);
		for (unsigned i = 0; i < 16; i++) {
			char line[64];

			re_snprintf(line, sizeof(line),
				    "ZCOUNT cb:{t:%x}:by:t:acme 1 1", i);
			sum += (uint64_t)redis_bed_say(&bed, line).num;
			re_snprintf(line, sizeof(line),
				    "ZCARD cb:{t:%x}:by:t:acme", i);
			CHECK(redis_bed_say(&bed, line).num > 200);
		}
		CHECK(sum < 16 * 60);
		mem_deref(store);
	}
	redis_bed_stop(&bed);
}

static void with_redis_away_it_waits_up_to_its_memory(void)
{
	struct trace_store_cfg cfg = roomy;
	struct trace_store *store = NULL;
	struct redis_bed bed;
	char callid[16];

	cfg.memory = 65536;
	if (redis_bed_start(&bed)) {
		REQUIRE(!trace_store_alloc(&store, &cfg, bed.link, bed.wheel));
		redis_server_kill(&bed.server);
		redis_bed_idle(&bed, 50);
		for (unsigned i = 0; i < 1000; i++) {
			re_snprintf(callid, sizeof(callid), "c%u", i);
			say(store, callid, "OPTIONS sip:a SIP/2.0\r\n\r\n");
		}
		CHECK(trace_store_counts(store)->lost > 900);
		CHECK(trace_store_counts(store)->waiting < 2 * 65536);
		CHECK(redis_server_start(&bed.server));
		CHECK(redis_test_until(bed.wheel, 8000, is_sent, store));
		CHECK_INT(trace_store_counts(store)->messages +
				  trace_store_counts(store)->lost,
			  1000);
		mem_deref(store);
	}
	redis_bed_stop(&bed);
}

TEST_MAIN(TEST(what_is_said_together_comes_together),
	  TEST(one_that_is_long_is_cut_and_says_so), TEST(the_oldest_give_way),
	  TEST(a_tenant_has_an_index_of_what_is_his),
	  TEST(who_uses_a_call_id_up_hides_nothing_of_another),
	  TEST(the_dialogs_of_a_trace_have_an_end),
	  TEST(what_goes_on_stays_in_the_index),
	  TEST(what_is_over_leaves_the_index),
	  TEST(with_redis_away_it_waits_up_to_its_memory))
