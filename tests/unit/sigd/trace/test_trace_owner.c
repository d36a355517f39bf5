/*
 * test_trace_owner.c  Whose a message of a trace is
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/trace/trace_msg.h"
#include "sigd/trace/trace_owner.h"
#include "tests/lib/test.h"

static bool reads(const struct trace_owners *owners, const char *from,
		  const char *to)
{
	char text[512];
	struct pl pl;

	re_snprintf(text, sizeof(text),
		    "INVITE sip:b@b SIP/2.0\r\nFrom: <sip:a@a;tag=no>;tag=%s\r\n"
		    "t : \"x;tag=no\" <sip:b@b>%s%s\r\nCall-ID: 1\r\n\r\n"
		    "To: <sip:b@b>;tag=body\r\n",
		    from, *to ? ";x;TAG=" : "", to);
	pl_set_str(&pl, text);
	return trace_owners_may_read(owners, &pl);
}

/* The field of a dialog with this tag. */
static void own(struct trace_owners *owners, const char *tag, const char *value,
		const char *tenant)
{
	char field[32];
	struct pl pl;

	pl_set_str(&pl, tag);
	re_snprintf(field, sizeof(field), "of.%08x", trace_tag_hash(&pl));
	trace_owners_add(owners, field, value, tenant);
}

static void what_one_owns_he_reads_whole(void)
{
	struct trace_owners owners = {.n = 0};

	CHECK(reads(&owners, "a", ""));
	own(&owners, "a", "1 t0", "t0");
	trace_owners_add(&owners, "call_id", "of t1", "t0");
	CHECK(reads(&owners, "a", "b"));
	CHECK(reads(&owners, "c", ""));
}

static void of_two_each_reads_his_dialogs(void)
{
	struct trace_owners t0 = {.n = 0}, t1 = {.n = 0};

	own(&t0, "a", "1 t0", "t0");
	own(&t0, "e", "2 t1", "t0");
	own(&t1, "e", "2 t1", "t1");
	own(&t1, "a", "1 t0", "t1");
	CHECK(reads(&t0, "a", "") && !reads(&t1, "a", ""));
	CHECK(reads(&t0, "b", "a") && !reads(&t1, "b", "a"));
	CHECK(!reads(&t0, "e", "") && reads(&t1, "e", "f"));
	/* who was let in with neither */
	CHECK(!reads(&t0, "x", "") && !reads(&t1, "x", ""));
	CHECK(!reads(&t0, "no", "no"));
	CHECK(!reads(&t0, "x", "body"));
}

/* Who knows the tag of who was called owns nothing of what was said. */
static void who_came_first_owns_it(void)
{
	struct trace_owners t0 = {.n = 0}, t1 = {.n = 0};

	own(&t0, "called", "2 t1", "t0");
	own(&t0, "a", "1 t0", "t0");
	own(&t1, "called", "2 t1", "t1");
	own(&t1, "a", "1 t0", "t1");
	CHECK(reads(&t0, "called", "a") && !reads(&t1, "called", "a"));
	CHECK(reads(&t0, "a", "called") && !reads(&t1, "a", "called"));
}

static void a_dialog_of_two_is_read_by_both(void)
{
	struct trace_owners t0 = {.n = 0}, t1 = {.n = 0}, t2 = {.n = 0};

	own(&t0, "a", "1 t0 t1", "t0");
	own(&t1, "a", "1 t0 t1", "t1");
	own(&t2, "a", "1 t0 t10", "t1");
	CHECK(reads(&t0, "a", "b") && reads(&t1, "b", "a"));
	CHECK(!reads(&t2, "a", "b"));
}

static void what_is_no_field_of_a_dialog_is_passed_over(void)
{
	struct trace_owners owners = {.n = 0};

	trace_owners_add(&owners, "of.xyz", "1 t1", "t0");
	trace_owners_add(&owners, "of.1ffffffff", "1 t1", "t0");
	trace_owners_add(&owners, "of.1", "999 t1", "t0");
	CHECK(!owners.n && !owners.shared);
	for (unsigned i = 0; i < 400; i++)
		trace_owners_add(&owners, "of.1", "1 t1", "t0");
	CHECK_INT(owners.n, TRACE_DIALOGS_MAX);
}

TEST_MAIN(TEST(what_one_owns_he_reads_whole),
	  TEST(of_two_each_reads_his_dialogs), TEST(who_came_first_owns_it),
	  TEST(a_dialog_of_two_is_read_by_both),
	  TEST(what_is_no_field_of_a_dialog_is_passed_over))
