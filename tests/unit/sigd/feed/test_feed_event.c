/*
 * test_feed_event.c  What happened, and whose it is
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "sigd/feed/feed_event.h"
#include "tests/lib/test.h"

enum {
	WORDS_MAX = 64
};

/* words: "name value name value"; the caller owns the event. */
static int event_of(struct feed_event **eventp, unsigned source,
		    const char *words)
{
	struct redis_val fields[WORDS_MAX];
	const char id[] = "1763803532123-0";
	struct redis_val el[3] = {
		{.type = REDIS_STR, .str = id, .len = sizeof(id) - 1},
		{.type = REDIS_ARRAY, .el = fields},
		{.type = REDIS_ARRAY},
	};
	const struct redis_val entry = {
		.type = REDIS_ARRAY, .len = COUNTOF(el), .el = el};
	char text[512], *rest = NULL;

	str_ncpy(text, words, sizeof(text));
	for (char *word = strtok_r(text, " ", &rest);
	     word && el[1].len < WORDS_MAX; word = strtok_r(NULL, " ", &rest))
		fields[el[1].len++] = (struct redis_val){
			.type = REDIS_STR, .str = word, .len = strlen(word)};
	return feed_event_read(eventp, source, &entry);
}

static bool has(const struct feed_event *event, const char *text)
{
	char json[1024];

	re_snprintf(json, sizeof(json), "%b", event->json->buf,
		    event->json->end);
	return strstr(json, text) != NULL;
}

/* Each kind of stream has its own name for the other one. */
static void what_is_of_two_tenants_is_for_both_and_nobody_else(void)
{
	static const struct {
		unsigned source;
		const char *words, *type, *said;
	} cases[] = {
		{3, "call c1 tenant acme b.tenant branch reason hangup",
		 "call.ended", "\"callee\":{\"user\":null,\"uri\":null,"
			       "\"connection\":null,\"tenant\":\"branch\""},
		{FEED_NEWS,
		 "type call.started call c1 tenant acme callee_tenant branch",
		 "call.started", "\"callee_tenant\":\"branch\""},
		{FEED_FACTS,
		 "event leg.quiet call c1 leg 2 tenant acme callee-tenant "
		 "branch text no-packets",
		 "leg.quiet", "\"callee_tenant\":\"branch\""},
		{FEED_FACTS,
		 "event leg.heard call c1 leg 2 tenant acme callee-tenant "
		 "branch",
		 "leg.heard", "\"callee_tenant\":\"branch\""},
		{FEED_FACTS,
		 "event recording.paused call c1 tenant acme callee-tenant "
		 "branch text file=x",
		 "recording.paused", "\"callee_tenant\":\"branch\""},
		{FEED_FACTS,
		 "event recording.ended call c1 tenant acme callee-tenant "
		 "branch text file=x",
		 "recording.ended", "\"callee_tenant\":\"branch\""},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct feed_event *event = NULL;

		REQUIRE(!event_of(&event, cases[i].source, cases[i].words));
		CHECK_STR(event->type, cases[i].type);
		CHECK(has(event, "\"tenant\":\"acme\""));
		CHECK(has(event, cases[i].said));
		CHECK(feed_event_is_for(event, ""));
		CHECK(feed_event_is_for(event, "acme"));
		CHECK(feed_event_is_for(event, "branch"));
		CHECK(!feed_event_is_for(event, "other"));
		CHECK(!feed_event_is_for(event, "branc"));
		mem_deref(event);
	}
}

static void what_is_of_one_tenant_is_for_that_one(void)
{
	static const struct {
		unsigned source;
		const char *words;
	} cases[] = {
		{3, "call c1 tenant acme reason hangup"},
		{FEED_NEWS, "type call.started call c1 tenant acme"},
		{FEED_ALARMS, "kind connection-down tenant acme"},
		{FEED_FACTS, "event leg.quiet call c1 leg 2 tenant acme"},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct feed_event *event = NULL;

		REQUIRE(!event_of(&event, cases[i].source, cases[i].words));
		CHECK(!has(event, "callee_tenant"));
		CHECK(feed_event_is_for(event, ""));
		CHECK(feed_event_is_for(event, "acme"));
		CHECK(!feed_event_is_for(event, "branch"));
		mem_deref(event);
	}
}

static void facts_for_traces_are_not_told(void)
{
	struct feed_event *event = NULL;

	CHECK_INT(event_of(&event, FEED_FACTS, "event leg.up tenant acme"),
		  EBADMSG);
	CHECK_INT(event_of(&event, FEED_FACTS, "event session.ended tenant a"),
		  EBADMSG);
}

/* With what is asked for, each as its own name. */
static int event_of_fields(struct feed_event **eventp, unsigned source,
			   const char *kind)
{
	char names[256], words[512], *rest = NULL;
	size_t n = 0;

	str_ncpy(names, feed_event_fields(source), sizeof(names));
	for (char *name = strtok_r(names, " ", &rest); name;
	     name = strtok_r(NULL, " ", &rest)) {
		const bool is_kind = !strcmp(name, "event");

		n += (size_t)re_snprintf(words + n, sizeof(words) - n, "%s %s ",
					 name, is_kind ? kind : "1763803532123");
	}
	return event_of(eventp, source, words);
}

/* A member without its field would be null, or not be there. */
static void the_fields_that_are_asked_for_are_all_it_has(void)
{
	struct feed_event *event = NULL;

	CHECK_INT(event_of_fields(&event, 3, NULL), 0);
	CHECK(has(event, ",\"media\":null}"));
	event->json->end -= sizeof("\"media\":null}}");
	CHECK(!has(event, "null"));
	CHECK_STR(event->there, "1763803532123");
	event = mem_deref(event);
	CHECK_INT(event_of_fields(&event, FEED_FACTS, "leg.quiet"), 0);
	CHECK(!has(event, "null"));
	CHECK(has(event, "\"leg\":1763803532123"));
	CHECK(has(event, "\"callee_tenant\":\"1763803532123\""));
	CHECK_STR(event->there, "1763803532123");
	mem_deref(event);
}

TEST_MAIN(TEST(what_is_of_two_tenants_is_for_both_and_nobody_else),
	  TEST(what_is_of_one_tenant_is_for_that_one),
	  TEST(facts_for_traces_are_not_told),
	  TEST(the_fields_that_are_asked_for_are_all_it_has))
