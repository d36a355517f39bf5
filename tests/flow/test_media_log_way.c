/*
 * test_media_log_way.c  How a leg comes to be heard stands in the call's log:
 *                       ICE and DTLS
 *
 * A real Redis. Each thing is made to happen, and is told as docs/timeline.md
 * says; what has not happened is not told.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "mediad/session/leg_log.h"
#include "tests/lib/log_call.h"

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
	has(text, "2 dtls.hello hello=asked", "try=1");
	has(text, "2 dtls.hello hello=seen", "try=1");
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

TEST_MAIN(TEST(who_never_checks_is_only_agreed_with),
	  TEST(a_change_of_network_and_a_restart_are_told),
	  TEST(consent_that_is_gone_is_told),
	  TEST(checks_that_are_refused_are_told),
	  TEST(a_conflict_of_roles_is_told),
	  TEST(who_never_shakes_hands_is_told),
	  TEST(another_certificate_is_told_with_both_fingerprints),
	  TEST(a_page_with_another_certificate_is_told),
	  TEST(a_telephone_with_dtls_is_told),
	  TEST(a_handshake_that_is_not_ended_is_told),
	  TEST(an_alert_is_told))
