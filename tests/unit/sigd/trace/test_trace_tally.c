/*
 * test_trace_tally.c  Messages by method and class
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/trace/trace_tally.h"
#include "tests/lib/test.h"

static void add(struct trace_tally *tally, bool out, const char *text)
{
	trace_tally(tally, out, text, strlen(text));
}

static uint64_t sum(const struct trace_tally *tally)
{
	const uint64_t *p = (const uint64_t *)(const void *)tally;
	uint64_t n = 0;

	for (size_t i = 0; i < sizeof(*tally) / sizeof(*p); i++)
		n += p[i];
	return n;
}

static void requests_count_by_method_and_way(void)
{
	struct trace_tally tally = {0};

	add(&tally, false, "INVITE sip:a@b SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n");
	add(&tally, true, "INVITE sip:a@b SIP/2.0\r\n\r\n");
	add(&tally, true, "FOO sip:a@b SIP/2.0\r\n\r\n");
	CHECK_INT(tally.requests[TALLY_IN][1], 1);
	CHECK_INT(tally.requests[TALLY_OUT][1], 1);
	CHECK_INT(tally.requests[TALLY_OUT][0], 1);
	CHECK_INT(sum(&tally), 3);
}

static void responses_count_by_method_and_class(void)
{
	struct trace_tally tally = {0};

	add(&tally, true, "SIP/2.0 200 OK\r\nVia: x\r\ncseq : 12 REGISTER\r\n");
	add(&tally, false, "SIP/2.0 486 Busy\r\nCSeq: 2\tINVITE\r\n\r\n");
	add(&tally, false, "SIP/2.0 100 Trying\r\n\r\n");
	add(&tally, false, "SIP/2.0 200 OK\r\nCSeq: 2 NOTIFY\r\n\r\n");
	CHECK_INT(tally.responses[TALLY_OUT][TALLY_REGISTER][1], 1);
	CHECK_INT(tally.responses[TALLY_IN][TALLY_INVITE][3], 1);
	CHECK_INT(tally.responses[TALLY_IN][TALLY_ANY][0], 1);
	CHECK_INT(tally.responses[TALLY_IN][TALLY_ANY][1], 1);
	CHECK_INT(sum(&tally), 4);
}

/* Whatever the bytes are, it reads no further than they go. */
static void rubbish_is_counted_as_something_or_not(void)
{
	static const char *const texts[] = {
		"", " ", "\n", "SIP/2.0 ", "SIP/2.0 9", "SIP/2.0 2\nCSeq",
		"SIP/2.0 2\nCSeq: 1", "SIP/2.0 2\nCSeq: 1 ", "SIP/2.0 200\n\n",
	};
	struct trace_tally tally = {0};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t len = strlen(texts[i]);
		char *exact = mem_alloc(len + 1, NULL);

		REQUIRE(exact);
		memcpy(exact + 1, texts[i], len);
		trace_tally(&tally, false, exact + 1, len);
		mem_deref(exact);
	}
	CHECK(sum(&tally) < 9);
}

TEST_MAIN(TEST(requests_count_by_method_and_way),
	  TEST(responses_count_by_method_and_class),
	  TEST(rubbish_is_counted_as_something_or_not))
