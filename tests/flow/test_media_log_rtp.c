/*
 * test_media_log_rtp.c  What comes, and from where, stands in the call's log:
 *                       RTP, and keys
 *
 * A real Redis. Each thing is made to happen, and is told as docs/timeline.md
 * says; what has not happened is not told.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <re.h>

#include "tests/lib/log_call.h"

/* --- RTP ---------------------------------------------------------------------------- */

static void who_is_silent_is_told_and_heard_again(void)
{
	struct call *call = call_up(&(struct setup){0});
	const char *text;

	REQUIRE(call && call->phone);
	log_bed_run(&call->log, 1000);
	call->phone->sending = false;
	log_bed_run(&call->log, 5000);
	call->phone->sending = true;
	log_bed_run(&call->log, 2000);
	text = log_of(call);
	has(text, "2 leg.quiet", "why=no-packets");
	CHECK_INT(count(text, "2 leg.heard"), 1);
	hang_up(call);
}

/* What tells a PBX that sends nothing from a browser that does not. */
static void of_a_pbx_that_never_sends_no_first_packet_is_told(void)
{
	struct call *call = call_up(&(struct setup){.mute_phone = true});
	const char *text;

	REQUIRE(call && call->phone);
	log_bed_run(&call->log, 6000);
	text = log_of(call);
	has(text, "1 rtp.in", "codec=opus");
	has(text, "2 rtp.out", "codec=PCMA");
	has(text, "2 leg.quiet", "why=no-packets");
	has_not(text, "2 rtp.in");
	has_not(text, "2 rtp.stranger");
	has_not(text, "1 leg.quiet");
	has(text, "2 figures", "in=0 out=");
	hang_up(call);
}

static void of_a_browser_that_never_sends_no_first_packet_is_told(void)
{
	struct call *call = call_up(&(struct setup){.mute_page = true});
	const char *text;

	REQUIRE(call && call->page);
	log_bed_run(&call->log, 6000);
	text = log_of(call);
	has(text, "1 ice.nominated", "over=udp");
	has(text, "1 dtls.done", "version=");
	has(text, "1 rtp.out", "codec=opus");
	has(text, "2 rtp.in", "codec=PCMA");
	has(text, "1 leg.quiet", "why=no-packets");
	has_not(text, "1 rtp.in");
	has_not(text, "2 leg.quiet");
	has_not(text, "1 leg.lost");
	hang_up(call);
}

static void another_codec_that_comes_is_told(void)
{
	struct call *call = call_up(&(struct setup){0});

	REQUIRE(call && call->phone);
	log_bed_run(&call->log, 1000);
	call->phone->pt = 0;
	log_bed_run(&call->log, 1000);
	has(log_of(call), "2 codec", "codec=PCMU agreed=PCMA");
	hang_up(call);
}

static void less_effort_is_told_and_more_again(void)
{
	struct call *call = call_up(&(struct setup){0});
	const char *text;

	REQUIRE(call && call->phone);
	session_ease(call->log.media.table, 2);
	log_bed_run(&call->log, 1000);
	session_ease(call->log.media.table, 0);
	log_bed_run(&call->log, 1000);
	text = log_of(call);
	CHECK(strstr(text, "2 effort lowered=2\n"));
	CHECK(strstr(text, "2 effort lowered=0\n"));
	CHECK_INT(count(text, "2 effort"), 2);
	hang_up(call);
	/* who only passes packets on has none to lower */
	call = call_up(&(struct setup){.opus = true});
	REQUIRE(call && call->phone);
	session_ease(call->log.media.table, 2);
	log_bed_run(&call->log, 1000);
	has_not(log_of(call), "1 effort");
	hang_up(call);
}

static void who_sends_from_elsewhere_is_told_once(void)
{
	struct call *call = call_up(&(struct setup){0});
	const char *text;

	REQUIRE(call && call->phone);
	log_bed_run(&call->log, 1000);
	CHECK_INT(media_phone_move(call->phone), 0);
	log_bed_run(&call->log, 5000);
	text = log_of(call);
	CHECK_INT(count(text, "2 rtp.stranger"), 1);
	has(text, "2 rtp.stranger", "from=127.0.0.1:");
	has(text, "2 leg.quiet", "why=wrong-source");
	hang_up(call);
}

static void a_source_that_is_learnt_is_told(void)
{
	struct call *call = mem_zalloc(sizeof(*call), NULL);
	const char *text;

	REQUIRE(call && log_bed_open(&call->log, NULL));
	call->phone = media_phone_open(&call->log.media);
	REQUIRE(call->phone != NULL);
	call->phone->terms.source = SOURCE_LEARN_ONCE;
	CHECK_INT(media_phone_called(call->phone, S, 2), 0);
	CHECK_INT(media_phone_move(call->phone), 0);
	log_bed_run(&call->log, 2000);
	text = log_of(call);
	has(text, "2 rtp.source", "from=127.0.0.1:");
	has_not(text, "2 rtp.stranger");
	hang_up(call);
}

static void packets_that_are_not_authentic_are_told_once(void)
{
	uint8_t pkt[12 + 160 + 10] = {0x80, 8};
	struct call *call = call_up(&(struct setup){.keys = true});
	const char *text;

	REQUIRE(call && call->phone);
	log_bed_run(&call->log, 1000);
	for (unsigned i = 0; i < 200; i++) {
		pkt[3] = (uint8_t)i;
		media_phone_send_raw(call->phone, false, pkt, sizeof(pkt));
		log_bed_run(&call->log, 20);
	}
	text = log_of(call);
	has(text, "2 sdp.agreed", "secured=sdes srtp=AES_CM_128_HMAC_SHA1_80");
	CHECK_INT(count(text, "2 srtp.failed"), 1);
	CHECK_INT(session_drop(call->log.media.table, S), 0);
	has(log_of(call), "2 leg.ended", "not-authentic=200");
	hang_up(call);
}

static void rtcp_that_comes_is_told(void)
{
	struct call *call = call_up(&(struct setup){0});
	static const uint8_t report[] = {0x80, 201, 0, 1, 1, 2, 3, 4};
	const char *text;

	REQUIRE(call && call->phone);
	media_phone_report(call->phone, report, sizeof(report));
	media_phone_report(call->phone, report, sizeof(report));
	log_bed_run(&call->log, 100);
	text = log_of(call);
	CHECK_INT(count(text, "2 rtcp.in"), 1);
	hang_up(call);
}

/* --- keys ---------------------------------------------------------------------------- */

static void press(struct call *call, uint8_t code)
{
	const uint8_t event[] = {code, 10, 0, 160};

	call->phone->sending = false;
	for (unsigned i = 0; i < 5; i++) {
		media_phone_send(call->phone, 101, event, sizeof(event));
		log_bed_run(&call->log, 20);
	}
	call->phone->sending = true;
}

static void keys_are_told_and_which_they_were_is_not(void)
{
	struct call *call = call_up(&(struct setup){0});
	const struct session_digit digit = {.session = S,
					    .leg = 2,
					    .code = 5,
					    .ms = 100};
	const char *text;

	REQUIRE(call && call->phone);
	log_bed_run(&call->log, 1000);
	press(call, 7);
	CHECK_INT(session_leg_digit(call->log.media.table, &digit), 0);
	text = log_of(call);
	has(text, "2 dtmf", "dir=in by=rtp");
	has(text, "2 dtmf", "digit=*");
	CHECK(strstr(text, "2 dtmf dir=out by=rtp digit=*\n"));
	CHECK(!strstr(text, "digit=7") && !strstr(text, "digit=5"));
	hang_up(call);
}

/* Events of one side; the other one is told of them, or has tones. */
static void how_a_key_goes_on_is_told(void)
{
	static const struct {
		enum session_digits digits;
		const char *on;
	} ways[] = {
		{SESSION_DIGITS_RTP, "on=tone"},
		{SESSION_DIGITS_TOLD, "on=told"},
	};

	for (unsigned i = 0; i < 2; i++) {
		struct call *call = mem_zalloc(sizeof(*call), NULL);
		struct media_phone *other;
		const char *text;

		REQUIRE(call && log_bed_open(&call->log, NULL));
		call->phone = media_phone_open(&call->log.media);
		other = media_phone_open(&call->log.media);
		REQUIRE(call->phone && other);
		other->formats = "8";
		other->terms.digits = ways[i].digits;
		CHECK_INT(media_phone_calls(call->phone, S, 1), 0);
		CHECK_INT(media_phone_called(other, S, 2), 0);
		CHECK_INT(session_leg_join(call->log.media.table, S, 1, 2,
					   NULL),
			  0);
		log_bed_run(&call->log, 1000);
		press(call, 7);
		log_bed_run(&call->log, 1000);
		text = log_of(call);
		has(text, "1 dtmf", "dir=in by=rtp");
		has(text, "1 dtmf", ways[i].on);
		if (i)
			has(text, "2 dtmf", "dir=out by=told digit=*");
		hang_up(call);
	}
}

static void which_keys_they_were_is_told_where_that_is_wanted(void)
{
	struct call *call = mem_zalloc(sizeof(*call), NULL);
	const struct session_digit digit = {.session = S,
					    .leg = 2,
					    .code = 11,
					    .ms = 100};

	REQUIRE(call != NULL);
	call->log.media.cfg.log_digits = true;
	REQUIRE(log_bed_open(&call->log, NULL));
	call->phone = media_phone_open(&call->log.media);
	CHECK_INT(media_phone_called(call->phone, S, 2), 0);
	CHECK_INT(session_leg_digit(call->log.media.table, &digit), 0);
	has(log_of(call), "2 dtmf", "digit=#");
	hang_up(call);
}

TEST_MAIN(TEST(who_is_silent_is_told_and_heard_again),
	  TEST(of_a_pbx_that_never_sends_no_first_packet_is_told),
	  TEST(of_a_browser_that_never_sends_no_first_packet_is_told),
	  TEST(another_codec_that_comes_is_told),
	  TEST(less_effort_is_told_and_more_again),
	  TEST(who_sends_from_elsewhere_is_told_once),
	  TEST(a_source_that_is_learnt_is_told),
	  TEST(packets_that_are_not_authentic_are_told_once),
	  TEST(rtcp_that_comes_is_told),
	  TEST(keys_are_told_and_which_they_were_is_not),
	  TEST(how_a_key_goes_on_is_told),
	  TEST(which_keys_they_were_is_told_where_that_is_wanted))
