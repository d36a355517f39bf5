/*
 * test_media_log.c  What happens to a call's media stands in the call's log
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

#include "mediad/session/leg_log.h"
#include "mediad/tap/recorder.h"
#include "tests/lib/log_call.h"

/* --- a call, and its end ------------------------------------------------------------ */

static void a_call_tells_its_way_up_and_its_end(void)
{
	struct call *call = call_up(&(struct setup){0});
	const char *text;

	REQUIRE(call && call->phone);
	log_bed_run(&call->log, 2000);
	text = log_of(call);
	has(text, "1 sdp.offer", "dir=in profile=browser");
	has(text, "2 sdp.offer", "dir=out profile=rtp");
	has(text, "1 sdp.agreed",
	    "offer=in profile=browser offered=opus/48000");
	has(text, "1 sdp.agreed", "chosen=opus/48000/2");
	has(text, "1 sdp.agreed", "why=opus:");
	has(text, "1 sdp.agreed", "(policy%20usual)");
	has(text, "1 sdp.agreed", "dir=sendrecv secured=dtls ice=lite");
	has(text, "2 sdp.agreed", "offer=out profile=rtp");
	has(text, "2 sdp.agreed", "chosen=PCMA/8000/1");
	has(text, "2 sdp.agreed", "secured=no local=127.");
	has(text, "1 ice.check", "from=127.0.0.1:");
	has(text, "1 ice.check", "over=udp");
	has(text, "1 ice.nominated", "local=127.");
	has(text, "1 dtls.hello", "hello=seen try=1");
	has(text, "1 dtls.done", "version=DTLSv1.2 cipher=ECDHE-ECDSA-");
	has(text, "1 dtls.done", "srtp=");
	has(text, "1 way", "peer=2 way=transcode codec=opus to=PCMA");
	has(text, "2 way", "peer=1 way=transcode codec=PCMA to=opus");
	has(text, "1 rtp.in", "from=127.0.0.1:");
	has(text, "1 rtp.in", "codec=opus ssrc=");
	has(text, "2 rtp.in", "codec=PCMA");
	has(text, "1 rtp.out", "to=127.0.0.1:");
	has(text, "2 rtp.out", "codec=PCMA");
	CHECK_INT(count(text, "1 rtp.in"), 1);
	CHECK_INT(count(text, "2 rtp.out"), 1);
	CHECK_INT(count(text, "1 ice.nominated"), 1);
	has_not(text, "1 leg.lost");
	has_not(text, "1 dtls.failed");
	has_not(text, "1 srtp.failed");
	has_not(text, "2 leg.quiet");
	has_not(text, "2 rtp.stranger");

	CHECK_INT(session_drop(call->log.media.table, S), 0);
	text = log_of(call);
	has(text, "1 leg.ended", "dtls=");
	has(text, "1 leg.ended", "in=1");
	has(text, "1 leg.ended", "codec=opus/48000/2");
	has(text, "2 leg.ended", "rtp-in=");
	hang_up(call);
}

static void what_is_relayed_says_so(void)
{
	struct call *call = call_up(&(struct setup){.opus = true});

	REQUIRE(call && call->phone);
	has(log_of(call), "1 way", "peer=2 way=relay");
	hang_up(call);
}

/* As they stand in a block of a stream: numbers, and lengths of texts. */
static size_t bytes_of(const struct call *call)
{
	return strlen(call->log.text) + call->log.entries * (size_t)45;
}

/* Often at first, then seldom; and all of it stays small, and goes. */
static void figures_come_over_time_and_a_call_stays_small(void)
{
	struct call *call = call_up(&(struct setup){0});
	struct redis_said said;
	const char *text;
	unsigned first;

	REQUIRE(call && call->phone);
	log_bed_run(&call->log, 60000);
	text = log_of(call);
	first = count(text, "1 figures");
	CHECK(first >= 10 && first <= 12);
	CHECK_INT(count(text, "2 figures"), first);
	has(text, "1 figures", "in=2");
	has(text, "1 figures", "mos=4");
	has(text, "2 figures", "level=-");
	log_bed_run(&call->log, 120000);
	text = log_of(call);
	CHECK_INT(count(text, "1 figures"), first + 8);
	CHECK_INT(session_drop(call->log.media.table, S), 0);
	(void)log_of(call);
	said = redis_bed_say(&call->log.redis,
			     "MEMORY USAGE cb:{c:0}:log:" LOG_CALL);
	/* Redis rounds up to whole blocks of 4 kB */
	printf("# a call of three minutes: %u entries, %zu bytes of %lld\n",
	       call->log.entries, bytes_of(call), (long long)said.num);
	CHECK(bytes_of(call) < 6144 && said.num > 0 && said.num < 11000);
	said = redis_bed_say(&call->log.redis, "DBSIZE");
	/* with its place in the order, and the sizes */
	CHECK_INT(said.num, 3);
	said = redis_bed_say(&call->log.redis, "TTL cb:{c:0}:log:" LOG_CALL);
	CHECK(said.num > 0);
	hang_up(call);
}

/* --- SDP that comes to nothing -------------------------------------------------------- */

static void an_answer_that_is_refused_is_told(void)
{
	static const char none[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
				   "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
				   "m=audio 4000 RTP/AVP 3\r\n";
	struct call *call = call_up(&(struct setup){0});
	struct sdpm_error why = {.sip = 0};
	struct session_remote remote = {
		.session = S,
		.call = LOG_CALL,
		.tenant = "test",
		.leg = 3,
		.create = true,
		.profile = SDPM_RTP,
	};
	const char *text;

	REQUIRE(call && call->phone);
	pl_set_str(&remote.sdp, none);
	CHECK_INT(session_leg_remote(call->log.media.table, &remote, &why),
		  ENOTSUP);
	text = log_of(call);
	has(text, "0 sdp.refused", "what=offer sip=488 why=");
	has_not(text, "3 leg.ended");
	hang_up(call);
}

static void what_was_refused_of_an_offer_is_told(void)
{
	static const char offer[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
				    "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
				    "m=audio 4000 RTP/AVP 3 8\r\n"
				    "m=image 4002 udptl t38\r\n";
	struct log_bed *lb = mem_zalloc(sizeof(*lb), NULL);
	struct mbuf *mb = mbuf_alloc(2048);
	struct session_remote remote = {
		.session = S,
		.call = LOG_CALL,
		.tenant = "test",
		.leg = 1,
		.create = true,
		.profile = SDPM_RTP,
	};
	struct session_local local = {.session = S,
				      .leg = 1,
				      .answer = true,
				      .profile = SDPM_RTP};
	const char *text;

	REQUIRE(lb && log_bed_open(lb, NULL));
	pl_set_str(&remote.sdp, offer);
	CHECK_INT(session_leg_remote(lb->media.table, &remote, NULL), 0);
	CHECK_INT(session_leg_local(lb->media.table, &local, mb, NULL), 0);
	text = log_bed_read(lb);
	has(text, "1 sdp.agreed", "lines=image:");
	has(text, "1 sdp.agreed", "refused=GSM/8000:");
	mem_deref(mb);
	log_bed_close(lb);
	mem_deref(lb);
}

/* --- who else hears it ------------------------------------------------------------ */

static void on_report(const struct rec_report *report, void *arg)
{
	(void)report;
	(void)arg;
}

static void a_recording_is_told(void)
{
	const struct recorder_cfg cfg = {.dir = test_tmpdir(),
					 .format = REC_WAV,
					 .rate = 8000,
					 .bitrate = 32000,
					 .max_bytes = 1 << 30,
					 .max_s = 3600,
					 .memory = 1 << 26};
	struct call *call = mem_zalloc(sizeof(*call), NULL);
	struct media_phone *other;
	struct recorder *recorder = NULL;
	const char *text;

	REQUIRE(call != NULL);
	CHECK_INT(recorder_alloc(&recorder, &cfg, on_report, NULL), 0);
	call->log.media.recorder = recorder;
	REQUIRE(log_bed_open(&call->log, NULL));
	call->phone = media_phone_open(&call->log.media);
	other = media_phone_open(&call->log.media);
	REQUIRE(call->phone && other);
	other->terms.record = SESSION_RECORD_ALWAYS;
	CHECK_INT(media_phone_calls(call->phone, S, 1), 0);
	CHECK_INT(media_phone_called(other, S, 2), 0);
	CHECK_INT(session_leg_join(call->log.media.table, S, 1, 2, NULL), 0);
	has_not(log_of(call), "0 tap.started");
	CHECK_INT(session_answered(call->log.media.table, S), 0);
	log_bed_run(&call->log, 1000);
	text = log_of(call);
	has(text, "0 tap.started", "recording=yes part=1");
	CHECK_INT(count(text, "0 tap.started"), 1);
	has_not(text, "0 tap.failed");
	log_bed_close(&call->log);
	mem_deref(recorder);
	mem_deref(call);
}

/* --- other workers ---------------------------------------------------------------------- */

static void a_death_is_told_and_what_was_told_is_not_told_again(void)
{
	char path[128];
	struct call *call;
	const char *text;

	snprintf(path, sizeof(path), "%s/log-state", test_tmpdir());
	call = call_up(&(struct setup){.state = path});
	REQUIRE(call && call->phone);
	log_bed_run(&call->log, 3000);
	(void)log_of(call);
	CHECK_INT(log_bed_die(&call->log), 1);
	log_bed_run(&call->log, 12000);
	text = log_of(call);
	CHECK_INT(count(text, "1 rtp.in"), 1);
	CHECK_INT(count(text, "2 rtp.in"), 1);
	CHECK_INT(count(text, "1 rtp.out"), 1);
	CHECK_INT(count(text, "1 dtls.done"), 1);
	CHECK_INT(count(text, "1 sdp.agreed"), 1);
	CHECK(count(text, "1 figures") >= 2);
	CHECK_INT(session_drop(call->log.media.table, S), 0);
	has(log_of(call), "1 leg.ended", "resumes=1");
	hang_up(call);
}

static void media_that_moves_is_told(void)
{
	struct call *call = call_up(&(struct setup){0});
	static const char *const next = "00000000000000a2";
	struct media_phone *phone;
	struct mbuf *form = mbuf_alloc(1024);
	const char *text;

	REQUIRE(call && call->phone && form);
	CHECK_INT(session_form(call->log.media.table, S, 2, form), 0);
	CHECK_INT(mbuf_write_u8(form, 0), 0);
	phone = media_phone_open(&call->log.media);
	REQUIRE(phone != NULL);
	phone->form = (const char *)form->buf;
	has_not(log_of(call), "2 media.moved");
	CHECK_INT(media_phone_called(phone, next, 2), 0);
	text = log_of(call);
	CHECK_INT(count(text, "2 media.moved"), 1);
	CHECK_INT(count(text, "2 sdp.agreed"), 2);
	mem_deref(form);
	hang_up(call);
}

/* --- bounds ------------------------------------------------------------------------------ */

static void a_session_tells_so_much_and_no_more(void)
{
	struct call *call = call_up(&(struct setup){0});
	const struct session_digit digit = {.session = S,
					    .leg = 2,
					    .code = 5,
					    .ms = 40};
	const char *text;

	REQUIRE(call && call->phone);
	for (unsigned i = 0; i < 3 * LEG_LOG_NOTES; i++) {
		(void)session_leg_digit(call->log.media.table, &digit);
		log_bed_run(&call->log, 120);
	}
	text = log_of(call);
	CHECK_INT(count(text, "2 log.full"), 1);
	CHECK(count(text, "2 dtmf") < LEG_LOG_NOTES);
	/* its beginning and its end are there all the same */
	CHECK(entry(text, "1 sdp.agreed") != NULL);
	CHECK_INT(session_drop(call->log.media.table, S), 0);
	has(log_of(call), "1 leg.ended", "in=");
	hang_up(call);
}

static void with_redis_away_calls_go_on(void)
{
	struct call *call = call_up(&(struct setup){0});
	const struct call_log_counts *counts;
	uint64_t written;
	uint32_t heard;

	REQUIRE(call && call->phone);
	log_bed_run(&call->log, 1000);
	(void)log_of(call);
	counts = diary_counts(call->log.diary);
	written = counts->written;
	CHECK(written > 10);
	redis_server_kill(&call->log.redis.server);
	CHECK(redis_test_until(call->log.redis.wheel, 5000, redis_test_is_down,
			       call->log.redis.link));
	heard = call->page->heard;
	log_bed_run(&call->log, 60000);
	CHECK(call->page->heard - heard > 2900);
	CHECK(counts->dropped >= 20);
	CHECK_INT(counts->written, written);
	CHECK_INT(call->log.media.nlost, 0);
	hang_up(call);
}

TEST_MAIN(TEST(a_call_tells_its_way_up_and_its_end),
	  TEST(what_is_relayed_says_so),
	  TEST(figures_come_over_time_and_a_call_stays_small),
	  TEST(an_answer_that_is_refused_is_told),
	  TEST(what_was_refused_of_an_offer_is_told),
	  TEST(a_recording_is_told),
	  TEST(media_that_moves_is_told),
	  TEST(a_death_is_told_and_what_was_told_is_not_told_again),
	  TEST(a_session_tells_so_much_and_no_more),
	  TEST(with_redis_away_calls_go_on))
