/*
 * test_session_timer.c  RFC 4028, the part of a proxy that never refreshes
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/call/session_timer.h"
#include "sigd/sip/smsg.h"
#include "sigd/sip/smsg_edit.h"
#include "tests/lib/test.h"

static const struct session_limits limits = {.expires = 1800, .min = 90};

/* A view whose bytes live as long. */
struct text {
	char bytes[1024];
	struct smsg msg;
};

static const struct smsg *view(struct text *text, const char *start,
			       const char *lines)
{
	struct smsg_err why;
	int n = snprintf(text->bytes, sizeof(text->bytes),
			 "%s\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n"
			 "From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\n"
			 "Call-ID: c\r\nCSeq: 1 INVITE\r\n"
			 "Max-Forwards: 70\r\n%s\r\n", start, lines);

	CHECK(!smsg_decode(&text->msg, (uint8_t *)text->bytes, (size_t)n,
			   NULL, &why));
	return &text->msg;
}

static const struct smsg *invite(struct text *text, const char *lines)
{
	return view(text, "INVITE sip:b@x SIP/2.0", lines);
}

static const struct smsg *answer(struct text *text, const char *start,
				 const char *lines)
{
	return view(text, start, lines);
}

static void the_shortest_wish_counts_but_never_below_a_minimum(void)
{
	static const struct {
		const char *lines;
		uint32_t least, want;
	} rows[] = {
		{"", 0, 1800},
		{"Session-Expires: 600\r\n", 0, 600},
		{"Session-Expires: 7200;refresher=uas\r\n", 0, 1800},
		{"Session-Expires: 30\r\n", 0, 90},
		{"Session-Expires: 600\r\nMin-SE: 900\r\n", 0, 900},
		{"", 3600, 3600},
		{"Session-Expires: x\r\n", 0, 1800},
		{"Session-Expires: 99999999999\r\n", 0, 1800},
	};
	struct text text;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(session_offered(&limits, rows[i].least,
					  invite(&text, rows[i].lines)),
			  rows[i].want);
}

static void without_a_wish_of_ours_only_theirs_goes_on(void)
{
	const struct session_limits off = {.min = 90};
	struct text text;

	CHECK_INT(session_offered(&off, 0, invite(&text, "")), 0);
	CHECK_INT(session_offered(&off, 0,
				  invite(&text, "Session-Expires: 500\r\n")),
		  500);
}

static void too_brief_is_said_to_who_knows_timers_alone(void)
{
	struct text text;

	CHECK(session_too_brief(&limits, invite(&text,
						"Supported: timer\r\n"
						"Session-Expires: 89\r\n")));
	CHECK(!session_too_brief(&limits, invite(&text,
						 "Session-Expires: 89\r\n")));
	CHECK(!session_too_brief(&limits, invite(&text,
						 "Supported: timer\r\n"
						 "Session-Expires: 90\r\n")));
	CHECK(!session_too_brief(&limits, invite(&text,
						 "Supported: timer\r\n")));
}

static void the_one_that_knows_timers_refreshes(void)
{
	struct text ask, resp;
	struct session_agreed got;

	got = session_agree(&limits, 1800,
			    invite(&ask, "Supported: timer\r\n"),
			    answer(&resp, "SIP/2.0 200 OK", ""));
	CHECK_INT(got.expires, 1800);
	CHECK(got.ours);
	got = session_agree(&limits, 1800, invite(&ask, ""),
			    answer(&resp, "SIP/2.0 200 OK",
				   "Session-Expires: 900;refresher=uas\r\n"));
	CHECK_INT(got.expires, 900);
	CHECK(!got.ours);
	got = session_agree(&limits, 1800, invite(&ask, ""),
			    answer(&resp, "SIP/2.0 200 OK", ""));
	CHECK_INT(got.expires, 0);
	/* whoever answers with next to nothing does not end its call at once */
	got = session_agree(&limits, 1800, invite(&ask, ""),
			    answer(&resp, "SIP/2.0 200 OK",
				   "Session-Expires: 1\r\n"));
	CHECK_INT(got.expires, 90);
}

static void we_never_refresh(void)
{
	struct text ask;

	CHECK_INT(session_answer(&limits, invite(&ask, "Supported: timer\r\n"
						 "Session-Expires: 600;"
						 "refresher=uas\r\n")).expires,
		  0);
	CHECK_INT(session_answer(&limits, invite(&ask,
						 "Supported: timer\r\n"
						 "Session-Expires: 600\r\n"))
			  .expires,
		  600);
	CHECK_INT(session_answer(&limits, invite(&ask, "")).expires, 0);
}

static void a_422_is_ours_when_the_timer_was(void)
{
	struct text ask, resp;
	const struct smsg *no = answer(&resp, "SIP/2.0 422 X",
				       "Min-SE: 240\r\n");

	CHECK_INT(session_least(invite(&ask, ""), no), 240);
	CHECK_INT(session_least(invite(&ask, "Session-Expires: 100\r\n"), no),
		  0);
}

TEST_MAIN(TEST(the_shortest_wish_counts_but_never_below_a_minimum),
	  TEST(without_a_wish_of_ours_only_theirs_goes_on),
	  TEST(too_brief_is_said_to_who_knows_timers_alone),
	  TEST(the_one_that_knows_timers_refreshes),
	  TEST(we_never_refresh),
	  TEST(a_422_is_ours_when_the_timer_was))
