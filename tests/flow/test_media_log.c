/*
 * test_media_log.c  What happens to a call's media stands in the call's log
 *
 * A page (leg 1) and a telephone (leg 2), and a real Redis. Each thing is made
 * to happen, and is told as docs/timeline.md says; what has not happened is
 * not told.
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
#include "tests/lib/log_bed.h"

static const char *const S = "00000000000000a1";

struct call {
	struct log_bed log; /* first: the media bed is the handlers' arg */
	struct media_page *page;
	struct media_phone *phone;
};

struct setup {
	bool deaf;                  /* the page never hears of our SDP */
	bool mute_page, mute_phone; /* it sends nothing */
	bool no_dtls;    /* it waits for our ClientHello, and we for its */
	bool opus;       /* the telephone has it, too: nothing is transcoded */
	bool keys;       /* the telephone has keys, in its SDP */
	bool dtls;       /* by DTLS */
	const char *lie; /* and shows another certificate than it tells */
	const char *state; /* of a state file */
};

static int exchange(struct call *call, const struct setup *setup)
{
	struct media_bed *bed = &call->log.media;
	struct mbuf *mb = mbuf_alloc(4096);
	int err = mb ? 0 : ENOMEM;

	if (!err)
		err = media_remote(bed, S, 1, false,
				   media_page_sdp(call->page, false), NULL);
	if (!err)
		err = media_phone_called(call->phone, S, 2);
	if (!err)
		err = session_leg_join(bed->table, S, 1, 2, NULL);
	if (!err)
		err = media_local(bed, S, 1, true, mb, NULL);
	if (setup->no_dtls)
		mock_media_serve(call->page->mock);
	if (!err && !setup->deaf)
		err = media_page_take(call->page, (char *)mb->buf, mb->end);
	if (!err)
		err = session_answered(bed->table, S);
	mem_deref(mb);
	return err;
}

static void equip(struct media_phone *phone, const struct setup *setup)
{
	if (setup->opus) {
		phone->formats = "96";
		phone->extra = "a=rtpmap:96 opus/48000/2\r\n";
		pl_set_str(&phone->terms.codecs, "opus");
	}
	if (setup->keys) {
		phone->profile = SDPM_SDES;
		phone->keys.suite = "AES_CM_128_HMAC_SHA1_80";
	}
	if (setup->dtls || setup->lie) {
		phone->profile = SDPM_DTLS;
		phone->dtls.setup = "active";
		phone->dtls.lie = setup->lie;
	}
}

static struct call *call_up(const struct setup *setup)
{
	struct call *call = mem_zalloc(sizeof(*call), NULL);

	if (!call)
		return NULL;
	if (!log_bed_open(&call->log, setup->state))
		return call;
	call->page = media_page_open(&call->log.media);
	call->phone = media_phone_open(&call->log.media);
	if (!CHECK(call->page && call->phone))
		return call;
	equip(call->phone, setup);
	call->page->sending = !setup->mute_page;
	call->phone->sending = !setup->mute_phone;
	if (!CHECK_INT(exchange(call, setup), 0))
		call->phone = NULL;
	if (!setup->deaf && !setup->no_dtls)
		CHECK(media_bed_ready(&call->log.media));
	return call;
}

static void hang_up(struct call *call)
{
	log_bed_close(&call->log);
	mem_deref(call);
}

/* --- what is told ------------------------------------------------------------------ */

/* The entry that begins so, "1 ice.check"; NULL: there is none. */
static const char *entry(const char *text, const char *begin)
{
	for (const char *p = text; (p = strstr(p, begin)); p++)
		if ((p == text || p[-1] == '\n') &&
		    strchr(" \n", p[strlen(begin)]))
			return p;
	return NULL;
}

static unsigned count(const char *text, const char *begin)
{
	unsigned n = 0;

	for (const char *p = text; (p = entry(p, begin)); p++)
		n++;
	return n;
}

static bool has_word(const char *line, const char *word)
{
	const size_t end = strcspn(line, "\n");
	const char *p = strstr(line, word);

	return p && p + strlen(word) <= line + end;
}

/* Of the first entry that begins so. */
static void has(const char *text, const char *begin, const char *word)
{
	const char *line = entry(text, begin);

	if (!CHECK(line != NULL) || !CHECK(has_word(line, word)))
		printf("# no '%s' in '%s':\n# %.*s\n", word, begin,
		       line ? (int)strcspn(line, "\n") : 0, line ? line : "");
}

static void has_not(const char *text, const char *begin)
{
	if (!CHECK(!entry(text, begin)))
		printf("# there is '%s'\n", begin);
}

static const char *log_of(struct call *call)
{
	return log_bed_read(&call->log);
}

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
	CHECK_INT(said.num, 1);
	said = redis_bed_say(&call->log.redis, "TTL cb:{c:0}:log:" LOG_CALL);
	CHECK(said.num > 0);
	hang_up(call);
}

/* --- ICE ---------------------------------------------------------------------------- */

static void who_never_checks_is_only_agreed_with(void)
{
	struct call *call = call_up(&(struct setup){.deaf = true});
	const char *text;

	REQUIRE(call && call->phone);
	log_bed_run(&call->log, 70000);
	text = log_of(call);
	has(text, "1 sdp.agreed", "secured=dtls");
	has(text, "1 leg.quiet", "why=no-ice");
	has(text, "1 leg.lost", "why=no-ice");
	has_not(text, "1 ice.check");
	has_not(text, "1 ice.refused");
	has_not(text, "1 dtls.hello");
	has(text, "2 rtp.in", "codec=PCMA");
	hang_up(call);
}

static void a_change_of_network_and_a_restart_are_told(void)
{
	struct call *call = call_up(&(struct setup){0});
	const char *text;

	REQUIRE(call && call->page);
	CHECK_INT(mock_media_roam(call->page->mock), 0);
	log_bed_run(&call->log, 3000);
	text = log_of(call);
	CHECK_INT(count(text, "1 ice.check"), 2);
	CHECK_INT(count(text, "1 ice.nominated"), 2);
	has_not(text, "1 ice.restart");
	mock_media_restart(call->page->mock);
	CHECK_INT(media_page_calls(call->page, S, 1), 0);
	log_bed_run(&call->log, 3000);
	text = log_of(call);
	CHECK_INT(count(text, "1 ice.restart"), 1);
	CHECK_INT(count(text, "1 ice.nominated"), 3);
	CHECK_INT(count(text, "1 dtls.done"), 1);
	CHECK_INT(count(text, "1 sdp.agreed"), 2);
	hang_up(call);
}

static void consent_that_is_gone_is_told(void)
{
	struct call *call = call_up(&(struct setup){0});
	const char *text;

	REQUIRE(call && call->page);
	call->page->sending = false;
	mock_media_silence(call->page->mock);
	log_bed_run(&call->log, 40000);
	text = log_of(call);
	has(text, "1 leg.quiet", "why=ice-gone");
	has(text, "1 leg.lost", "why=silent");
	hang_up(call);
}

/* A sound name, and a password that is not ours. */
static void checks_that_are_refused_are_told(void)
{
	struct call *call = call_up(&(struct setup){0});
	struct mock_remote remote = {.ufrag = NULL};
	char ufrag[64] = "", *at;
	const char *text;

	REQUIRE(call && call->page);
	at = strstr(call->page->sdp, "a=ice-ufrag:");
	REQUIRE(at != NULL);
	(void)sscanf(at, "a=ice-ufrag:%63[^\r\n]", ufrag);
	remote.ufrag = ufrag;
	remote.pwd = "abcdefghijklmnopqrstuvwx";
	remote.fingerprint = "sha-256 00";
	remote.addr = call->log.media.addr;
	CHECK_INT(mock_media_connect(call->page->mock, &remote), 0);
	log_bed_run(&call->log, 3000);
	text = log_of(call);
	has(text, "1 ice.refused", "why=another%20name%20or%20password");
	has(text, "1 ice.refused", "code=401");
	CHECK(count(text, "1 ice.refused") <= LEG_LOG_SAME);
	hang_up(call);
}

/* A check of one that is controlled, as we are. */
static int send_controlled(struct call *call)
{
	struct mbuf *mb = mbuf_alloc(512);
	const uint8_t tid[STUN_TID_SIZE] = {7};
	uint64_t tie = 1;
	uint32_t prio = 1;
	char ufrag[64] = "", pwd[64] = "", user[160];
	int err = mb ? 0 : ENOMEM;

	(void)sscanf(strstr(call->page->sdp, "a=ice-ufrag:"),
		     "a=ice-ufrag:%63[^\r\n]", ufrag);
	(void)sscanf(strstr(call->page->sdp, "a=ice-pwd:"),
		     "a=ice-pwd:%63[^\r\n]", pwd);
	re_snprintf(user, sizeof(user), "%s:%s", ufrag,
		    mock_media_ufrag(call->page->mock));
	if (!err)
		err = stun_msg_encode(mb, STUN_METHOD_BINDING,
				      STUN_CLASS_REQUEST, tid, NULL,
				      (uint8_t *)pwd, strlen(pwd), true, 0, 3,
				      STUN_ATTR_USERNAME, user,
				      STUN_ATTR_PRIORITY, &prio,
				      STUN_ATTR_CONTROLLED, &tie);
	if (!err)
		err = mock_media_send_raw(call->page->mock, mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

static void a_conflict_of_roles_is_told(void)
{
	struct call *call = call_up(&(struct setup){0});
	const char *text;

	REQUIRE(call && call->page);
	CHECK_INT(send_controlled(call), 0);
	log_bed_run(&call->log, 100);
	text = log_of(call);
	has(text, "1 ice.conflict", "from=127.0.0.1:");
	has_not(text, "1 ice.refused");
	hang_up(call);
}

/* --- DTLS --------------------------------------------------------------------------- */

static void who_never_shakes_hands_is_told(void)
{
	struct call *call = call_up(&(struct setup){.no_dtls = true});
	const char *text;

	REQUIRE(call && call->page);
	log_bed_run(&call->log, 70000);
	text = log_of(call);
	has(text, "1 ice.nominated", "over=udp");
	has(text, "1 leg.quiet", "why=no-dtls");
	has(text, "1 leg.lost", "why=");
	has_not(text, "1 dtls.hello");
	has_not(text, "1 dtls.done");
	has_not(text, "1 dtls.fingerprint");
	hang_up(call);
}

static const char lie[] =
	"sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
	"10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";

static void another_certificate_is_told_with_both_fingerprints(void)
{
	struct call *call = mem_zalloc(sizeof(*call), NULL);
	const char *text;

	REQUIRE(call && log_bed_open(&call->log, NULL));
	call->phone = media_phone_open(&call->log.media);
	REQUIRE(call->phone != NULL);
	equip(call->phone, &(struct setup){.lie = lie});
	CHECK_INT(media_phone_called(call->phone, S, 2), 0);
	log_bed_run(&call->log, 15000);
	text = log_of(call);
	has(text, "2 dtls.hello", "hello=seen");
	has(text, "2 dtls.fingerprint", "announced=sha-256:0001020304050607 ");
	has(text, "2 dtls.fingerprint", "shown=sha-256:");
	has(text, "2 leg.lost", "why=dtls-failed");
	has_not(text, "2 dtls.failed");
	has_not(text, "2 dtls.done");
	hang_up(call);
}

/* As who sits between the page and us would make it. */
static void a_page_with_another_certificate_is_told(void)
{
	static const char head[] = "a=fingerprint:sha-256 ";
	struct call *call = mem_zalloc(sizeof(*call), NULL);
	struct mbuf *mb = mbuf_alloc(4096);
	char sdp[8192], *print;
	const char *text;

	REQUIRE(call && mb && log_bed_open(&call->log, NULL));
	call->page = media_page_open(&call->log.media);
	REQUIRE(call->page != NULL);
	str_ncpy(sdp, media_page_sdp(call->page, false), sizeof(sdp));
	print = strstr(sdp, head);
	REQUIRE(print != NULL);
	print += strlen(head);
	print[0] = print[0] == '0' ? '1' : '0';
	CHECK_INT(media_remote(&call->log.media, S, 1, false, sdp, NULL), 0);
	CHECK_INT(media_local(&call->log.media, S, 1, true, mb, NULL), 0);
	CHECK_INT(media_page_take(call->page, (char *)mb->buf, mb->end), 0);
	log_bed_run(&call->log, 15000);
	text = log_of(call);
	has(text, "1 ice.nominated", "over=udp");
	has(text, "1 dtls.hello", "hello=seen");
	has(text, "1 dtls.fingerprint", "announced=sha-256:");
	has(text, "1 dtls.fingerprint", "shown=sha-256:");
	CHECK(!has_word(entry(text, "1 dtls.fingerprint"), "other="));
	has(text, "1 leg.lost", "why=dtls-failed");
	has_not(text, "1 dtls.failed");
	has_not(text, "1 dtls.done");
	has_not(text, "1 rtp.in");
	mem_deref(mb);
	hang_up(call);
}

static void a_telephone_with_dtls_is_told(void)
{
	struct call *call = call_up(&(struct setup){.dtls = true});
	const char *text;

	REQUIRE(call && call->phone);
	log_bed_run(&call->log, 1000);
	text = log_of(call);
	has(text, "2 sdp.agreed", "profile=dtls");
	has(text, "2 dtls.done", "version=DTLSv1.2");
	hang_up(call);
}

/* Its hello comes, and nothing else. */
static void a_handshake_that_is_not_ended_is_told(void)
{
	static const uint8_t hello[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0,
					0,  0,    16,   1, 0, 0, 4, 0, 0, 0,
					0,  0,    0,    0, 4, 1, 2, 3, 4};
	struct call *call = call_up(&(struct setup){.no_dtls = true});
	const char *text;

	REQUIRE(call && call->page);
	log_bed_run(&call->log, 500);
	for (unsigned i = 0; i < 20; i++) {
		CHECK_INT(mock_media_send_raw(call->page->mock, hello,
					      sizeof(hello)),
			  0);
		log_bed_run(&call->log, 20);
	}
	log_bed_run(&call->log, 15000);
	text = log_of(call);
	has(text, "1 dtls.hello", "hello=seen try=1");
	has(text, "1 dtls.broken", "why=length%20mismatch try=1");
	has(text, "1 dtls.failed", "why=broken detail=length%20mismatch");
	has(text, "1 leg.lost", "why=dtls-failed");
	CHECK(count(text, "1 dtls.hello") <= LEG_LOG_SAME);
	has_not(text, "1 dtls.done");
	has_not(text, "1 dtls.fingerprint");
	hang_up(call);
}

/* In clear it ends nothing, but says what the page may think of us. */
static void an_alert_is_told(void)
{
	/* the first four bytes of a hundred */
	static const uint8_t hello[] = {22,  0xfe, 0xfd, 0, 0,  0, 0, 0,
					0,   0,    0,    0, 16, 1, 0, 0,
					100, 0,    0,    0, 0,  0, 0, 0,
					4,   0xfe, 0xfd, 1, 2};
	static const uint8_t alert[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0,
					0,  0,    1,    0, 2, 2, 42};
	struct call *call = call_up(&(struct setup){.no_dtls = true});
	const char *text;

	REQUIRE(call && call->page);
	log_bed_run(&call->log, 500);
	CHECK_INT(mock_media_send_raw(call->page->mock, hello, sizeof(hello)),
		  0);
	CHECK_INT(mock_media_send_raw(call->page->mock, alert, sizeof(alert)),
		  0);
	CHECK_INT(mock_media_send_raw(call->page->mock, alert, sizeof(alert)),
		  0);
	log_bed_run(&call->log, 15000);
	text = log_of(call);
	has(text, "1 dtls.hello", "hello=seen try=1");
	has(text, "1 dtls.alert", "alert=bad%20certificate code=42");
	CHECK_INT(count(text, "1 dtls.alert"), 1);
	has(text, "1 dtls.failed", "why=alert detail=bad%20certificate");
	hang_up(call);
}

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
	  TEST(who_never_checks_is_only_agreed_with),
	  TEST(a_change_of_network_and_a_restart_are_told),
	  TEST(consent_that_is_gone_is_told),
	  TEST(checks_that_are_refused_are_told),
	  TEST(a_conflict_of_roles_is_told),
	  TEST(who_never_shakes_hands_is_told),
	  TEST(another_certificate_is_told_with_both_fingerprints),
	  TEST(a_page_with_another_certificate_is_told),
	  TEST(a_telephone_with_dtls_is_told),
	  TEST(a_handshake_that_is_not_ended_is_told), TEST(an_alert_is_told),
	  TEST(who_is_silent_is_told_and_heard_again),
	  TEST(of_a_pbx_that_never_sends_no_first_packet_is_told),
	  TEST(of_a_browser_that_never_sends_no_first_packet_is_told),
	  TEST(another_codec_that_comes_is_told),
	  TEST(less_effort_is_told_and_more_again),
	  TEST(who_sends_from_elsewhere_is_told_once),
	  TEST(a_source_that_is_learnt_is_told),
	  TEST(packets_that_are_not_authentic_are_told_once),
	  TEST(rtcp_that_comes_is_told),
	  TEST(an_answer_that_is_refused_is_told),
	  TEST(what_was_refused_of_an_offer_is_told),
	  TEST(keys_are_told_and_which_they_were_is_not),
	  TEST(how_a_key_goes_on_is_told), TEST(a_recording_is_told),
	  TEST(media_that_moves_is_told),
	  TEST(which_keys_they_were_is_told_where_that_is_wanted),
	  TEST(a_death_is_told_and_what_was_told_is_not_told_again),
	  TEST(a_session_tells_so_much_and_no_more),
	  TEST(with_redis_away_calls_go_on))
