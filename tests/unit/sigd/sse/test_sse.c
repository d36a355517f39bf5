/*
 * test_sse.c  What is sent to who looks on
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

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
	mem_deref(event);
	entry.len = 1;
	CHECK_INT(sse_event_read(&event, FEED_NEWS, &entry), EBADMSG);
	entry.type = REDIS_STR;
	CHECK_INT(sse_event_read(&event, FEED_NEWS, &entry), EBADMSG);
}

TEST_MAIN(TEST(a_frame_has_its_fields_in_lines_and_ends_with_an_empty_one),
	  TEST(what_somebody_wished_is_no_failure),
	  TEST(an_entry_of_a_stream_is_an_event_or_none))
