/*
 * test_sse.c  What is sent to who looks on
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "sigd/sse/sse_priv.h"
#include "tests/lib/test.h"

static struct mbuf *text(const char *what)
{
	struct mbuf *mb = mbuf_alloc(16);

	if (mb)
		CHECK(!mbuf_write_str(mb, what));
	return mb;
}

static const char *framed(struct mbuf **mbp, const char *id, const char *name,
			  const char *what)
{
	struct mbuf *data = text(what);

	mem_deref(*mbp);
	*mbp = mbuf_alloc(16);
	CHECK(!sse_frame(*mbp, id, name, data));
	CHECK(!mbuf_write_u8(*mbp, 0));
	mem_deref(data);
	return (const char *)(*mbp)->buf;
}

static void a_frame_has_its_fields_in_lines_and_ends_with_an_empty_one(void)
{
	struct mbuf *mb = NULL;

	CHECK_STR(framed(&mb, "17", "call.ended", "{\"a\":1}\n"),
		  "id: 17\nevent: call.ended\ndata: {\"a\":1}\n\n");
	CHECK_STR(framed(&mb, NULL, "figures", "{}"),
		  "event: figures\ndata: {}\n\n");
	CHECK_STR(framed(&mb, NULL, NULL, ""), "data: \n\n");
	mem_deref(mb);
}

static void what_somebody_wished_is_no_failure(void)
{
	CHECK(!sse_is_failure("hangup"));
	CHECK(!sse_is_failure("busy"));
	CHECK(!sse_is_failure("cancelled"));
	CHECK(sse_is_failure("no-route"));
	CHECK(sse_is_failure("target-down"));
	CHECK(sse_is_failure(""));
}

static void a_call_of_two_tenants_is_told_to_both(void)
{
	static const char *const words[] = {"reason", "hangup", "tenant",
					    "acme", "b.tenant", "other"};
	static const struct {
		const char *only;
		bool told;
	} cases[] = {{"", true}, {"acme", true}, {"other", true},
		     {"third", false}, {"othe", false}};
	struct redis_val fields[COUNTOF(words)];
	const struct redis_val el[] = {
		{.type = REDIS_STR, .str = "1763803532123-0", .len = 15},
		{.type = REDIS_ARRAY, .len = COUNTOF(words), .el = fields},
	};
	const struct redis_val entry = {
		.type = REDIS_ARRAY, .len = 2, .el = el};
	struct feed_event *event = NULL;

	for (size_t i = 0; i < COUNTOF(words); i++)
		fields[i] = (struct redis_val){.type = REDIS_STR,
					       .str = words[i],
					       .len = strlen(words[i])};
	REQUIRE(!sse_event_read(&event, 3, &entry));
	for (size_t i = 0; i < COUNTOF(cases); i++)
		CHECK(feed_event_is_for(event, cases[i].only) ==
		      cases[i].told);
	mem_deref(event);
	/* what is of none is for nobody in particular */
	fields[3] = fields[5] = (struct redis_val){.type = REDIS_STR,
						   .str = ""};
	REQUIRE(!sse_event_read(&event, 3, &entry));
	CHECK(feed_event_is_for(event, ""));
	CHECK(!feed_event_is_for(event, "acme"));
	mem_deref(event);
}

static void an_entry_of_a_stream_is_an_event_or_none(void)
{
	const struct redis_val fields[] = {
		{.type = REDIS_STR, .str = "type", .len = 4},
		{.type = REDIS_STR, .str = "call.answered", .len = 13},
		{.type = REDIS_STR, .str = "tenant", .len = 6},
		{.type = REDIS_STR, .str = "acme", .len = 4},
	};
	const struct redis_val el[] = {
		{.type = REDIS_STR, .str = "1763803532123-0", .len = 15},
		{.type = REDIS_ARRAY, .len = 4, .el = fields},
	};
	struct redis_val entry = {.type = REDIS_ARRAY, .len = 2, .el = el};
	struct feed_event *event = NULL;

	REQUIRE(!sse_event_read(&event, FEED_NEWS, &entry));
	CHECK_STR(event->type, "call.answered");
	CHECK_STR(event->tenant, "acme");
	CHECK_STR(event->entry, "1763803532123-0");
	CHECK(feed_event_is_for(event, "acme"));
	CHECK(feed_event_is_for(event, ""));
	CHECK(!feed_event_is_for(event, "other"));
	mem_deref(event);
	entry.len = 1;
	CHECK_INT(sse_event_read(&event, FEED_NEWS, &entry), EBADMSG);
	entry.type = REDIS_STR;
	CHECK_INT(sse_event_read(&event, FEED_NEWS, &entry), EBADMSG);
}

/* --- for who comes back --------------------------------------------------------- */

static bool take(struct sse_backlog *backlog, unsigned source, uint64_t ms,
		 const char *tenant, const char *why)
{
	char id[32];
	const struct redis_val fields[] = {
		{.type = REDIS_STR, .str = "type", .len = 4},
		{.type = REDIS_STR, .str = "call.ended", .len = 10},
		{.type = REDIS_STR, .str = "tenant", .len = 6},
		{.type = REDIS_STR, .str = tenant, .len = strlen(tenant)},
		{.type = REDIS_STR, .str = "why", .len = 3},
		{.type = REDIS_STR, .str = why, .len = strlen(why)},
	};
	const int n = re_snprintf(id, sizeof(id), "%llu-0",
				  (unsigned long long)ms);
	const struct redis_val el[] = {
		{.type = REDIS_STR, .str = id, .len = (size_t)n},
		{.type = REDIS_ARRAY, .len = 6, .el = fields},
	};
	const struct redis_val entry = {
		.type = REDIS_ARRAY, .len = 2, .el = el};

	return sse_backlog_take(backlog, source, &entry);
}

static char *written(const struct sse_backlog *backlog, struct mbuf *mb)
{
	mb->pos = mb->end = 0;
	CHECK(!sse_backlog_write(backlog, mb));
	CHECK(!mbuf_write_u8(mb, 0));
	return (char *)mb->buf;
}

static void what_comes_from_many_streams_is_told_in_the_order_of_time(void)
{
	struct sse_backlog *backlog = NULL;
	struct mbuf *mb = mbuf_alloc(512);
	const char *text, *first, *second, *third;

	REQUIRE(mb && !sse_backlog_alloc(&backlog, "acme"));
	CHECK(take(backlog, FEED_NEWS, 1763803532300, "acme", "third"));
	CHECK(take(backlog, FEED_NEWS, 1763803532100, "acme", "first"));
	CHECK(take(backlog, FEED_ALARMS, 1763803532200, "acme", "second"));
	CHECK(take(backlog, FEED_ALARMS, 1763803532150, "other", "none"));
	text = written(backlog, mb);
	CHECK(!strncmp(text, "id: 1763803532100\n", 18));
	first = strstr(text, "\"first\"");
	second = strstr(text, "\"second\"");
	third = strstr(text, "\"third\"");
	CHECK(first && first < second && second < third);
	CHECK(!strstr(text, "none") && !strstr(text, "event: cut"));
	sse_backlog_cut(backlog, 1763803532000);
	CHECK(!strncmp(written(backlog, mb),
		       "event: cut\ndata: {\"until\":\"2025-11-22T09:25:32.000"
		       "Z\"}\n\nid: ", 59));
	mem_deref(backlog);
	mem_deref(mb);
}

static void of_too_many_the_newest_are_told_whatever_stream_they_are_of(void)
{
	enum { N = 200 };
	const uint64_t end = 1763803540000;
	struct sse_backlog *backlog = NULL;
	struct mbuf *mb = mbuf_alloc(512);
	char why[1001];

	memset(why, 'x', 1000);
	why[1000] = '\0';
	REQUIRE(mb && !sse_backlog_alloc(&backlog, NULL));
	for (unsigned i = 0; i < N; i++)
		(void)take(backlog, FEED_NEWS, end - 10 * i, "acme", why);
	CHECK(!take(backlog, FEED_ALARMS, end - 10 * N, "acme", "old"));
	CHECK(take(backlog, FEED_FACTS - 1, end + 1, "acme", "new"));
	written(backlog, mb);
	CHECK(mb->end > SSE_BACKLOG_MAX / 2 &&
	      mb->end < SSE_BACKLOG_MAX + 128);
	CHECK(!strncmp((char *)mb->buf, "event: cut\n", 11));
	CHECK(strstr((char *)mb->buf, "\"new\""));
	CHECK(!strstr((char *)mb->buf, "\"old\""));
	mem_deref(backlog);
	mem_deref(mb);
}

static const char *over(const struct sse_tally *tally)
{
	const struct sse_caps caps = {.token = 2, .tenant = 3, .source = 4};
	const char *why = sse_tally_over(tally, &caps);

	return why ? why : "";
}

static struct sse_who somebody(const char *by, const char *tenant,
			       const char *from)
{
	struct sse_who who;
	struct sa sa;

	CHECK(!sa_set_str(&sa, from, 0));
	sse_who_set(&who, by, tenant, &sa);
	return who;
}

static void nobody_takes_the_room_of_others(void)
{
	const struct sse_who me = somebody("me", "acme", "2001:db8:0:1::1");
	const struct sse_who others[] = {
		somebody("me", "acme", "192.0.2.1"),
		somebody("you", "acme", "192.0.2.2"),
		somebody("you", "acme", "2001:db8:0:1::2"),
		somebody("ops", NULL, "2001:db8:0:1:2::"),
		somebody("ops", NULL, "2001:db8:0:2::1"),
	};
	const struct sse_who ops = somebody("more", NULL, "192.0.2.9");
	struct sse_tally tally = {0}, all = {0};

	for (size_t i = 0; i < COUNTOF(others); i++) {
		sse_tally_add(&tally, &others[i], &me);
		sse_tally_add(&all, &others[i], &ops);
	}
	CHECK_INT(tally.all, 5);
	CHECK_INT(tally.token, 1);
	CHECK_INT(tally.tenant, 3);
	CHECK_INT(tally.source, 2); /* one site has all of a /64 */
	CHECK(strstr(over(&tally), "tenant"));
	/* tokens that are of no tenant are not of one together */
	CHECK_INT(all.tenant, 0);
	CHECK_STR(over(&all), "");
	tally.token = 2;
	CHECK(strstr(over(&tally), "token"));
	tally.token = tally.tenant = 0;
	tally.source = 4;
	CHECK(strstr(over(&tally), "address"));
}

TEST_MAIN(TEST(nobody_takes_the_room_of_others),
	  TEST(a_frame_has_its_fields_in_lines_and_ends_with_an_empty_one),
	  TEST(what_somebody_wished_is_no_failure),
	  TEST(a_call_of_two_tenants_is_told_to_both),
	  TEST(an_entry_of_a_stream_is_an_event_or_none),
	  TEST(what_comes_from_many_streams_is_told_in_the_order_of_time),
	  TEST(of_too_many_the_newest_are_told_whatever_stream_they_are_of))
