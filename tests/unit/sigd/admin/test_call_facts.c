/*
 * test_call_facts.c  The facts of a call, from the entries of its log
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/admin/call_facts.h"
#include "tests/lib/test.h"

enum { T0 = 1000000 };

static struct call_facts facts;

static void begin(void)
{
	memset(&facts, 0, sizeof(facts));
}

/* An entry at T0 + ms, of the session "s1" when it is of a leg of media. */
static void say(uint64_t ms, uint8_t leg, const char *session,
		const char *kind, const char *data)
{
	struct call_log_entry entry = {.ms = T0 + ms, .leg = leg};

	str_ncpy(entry.by, "n/0", sizeof(entry.by));
	str_ncpy(entry.session, session, sizeof(entry.session));
	str_ncpy(entry.kind, kind, sizeof(entry.kind));
	pl_set_str(&entry.data, data);
	call_facts_entry(&facts, &entry, T0 + ms);
}

static void sig(uint64_t ms, uint8_t leg, const char *kind, const char *data)
{
	say(ms, leg, "", kind, data);
}

static void med(uint64_t ms, uint8_t leg, const char *kind, const char *data)
{
	say(ms, leg, "aaaaaaaa", kind, data);
}

/* A page calls a PBX, which answers after a second. */
static void answered(void)
{
	begin();
	sig(0, 0, "call.begun",
	    "tenant=acme caller=alice source=198.51.100.7:9 transport=WSS "
	    "callee=4711 rule=out%20there call-id=x");
	sig(1, 2, "try", "connection=pbx at=192.0.2.9:5060 transport=UDP");
	sig(500, 2, "try.ringing", "connection=pbx code=180");
	sig(1000, 2, "try.answered", "connection=pbx code=200");
	sig(1001, 2, "call.up", "connection=pbx");
}

static void hung_up(uint64_t ms)
{
	sig(ms, 2, "call.ended", "why=hangup by=caller up-ms=9000");
	call_facts_end(&facts, T0 + ms + 100);
}

static void a_call_is_told_by_sigd(void)
{
	const struct callv_facts *out = &facts.out;

	answered();
	hung_up(10001);
	CHECK(out->known && out->answered && out->ended && !out->cut);
	CHECK_STR(out->tenant, "acme");
	CHECK_STR(out->caller, "alice");
	CHECK_STR(out->callee, "4711");
	CHECK_STR(out->rule, "out there");
	CHECK_STR(out->by, "alice");
	CHECK_INT(out->reason, STATUS_HANGUP);
	CHECK_INT(out->up_ms, 9000);
	CHECK_INT(out->ntries, 1);
	CHECK_STR(out->tries[0].name, "connection pbx");
	CHECK_STR(out->tries[0].at, "192.0.2.9:5060");
	CHECK(out->tries[0].rang && !out->tries[0].over);
	CHECK(out->legs[1].there && out->legs[2].there);
	CHECK_STR(out->legs[1].name, "alice's browser");
	CHECK_STR(out->legs[1].at, "198.51.100.7:9");
	CHECK_STR(out->legs[2].name, "connection pbx");
	CHECK_INT(out->legs[1].kind, CALLV_BROWSER);
	CHECK_INT(out->legs[2].kind, CALLV_PBX);
	CHECK(!out->legs[1].told);
}

static void tries_are_kept_apart(void)
{
	const struct callv_facts *out = &facts.out;

	begin();
	sig(0, 0, "call.begun", "tenant=acme connection=in caller=1 callee=2");
	sig(1, 2, "try", "connection=a at=192.0.2.1:5060");
	sig(2, 2, "try.failed", "connection=a why=target-timeout");
	/* the leg's number is used again */
	sig(3, 2, "try", "user=bob transport=WS");
	sig(4, 2, "try.failed", "user=bob code=486 why=busy");
	sig(5, 0, "try.failed", "connection=c why=call-limit");
	sig(6, 3, "try", "connection=d");
	sig(7, 3, "try.dropped", "connection=d");
	sig(8, 0, "call.refused", "why=busy");
	sig(9, 3, "call.ended", "why=cancelled");
	call_facts_end(&facts, T0 + 10);
	CHECK_STR(out->caller, "connection in");
	REQUIRE(out->ntries == 4);
	CHECK_INT(out->tries[0].why, STATUS_TARGET_TIMEOUT);
	CHECK_INT(out->tries[0].code, 0);
	CHECK_STR(out->tries[1].name, "bob's device");
	CHECK(out->tries[1].device && out->tries[1].code == 486);
	CHECK_INT(out->tries[2].why, STATUS_CALL_LIMIT);
	CHECK(out->tries[3].dropped);
	CHECK(!out->answered && out->ended);
	/* what the caller was refused with counts */
	CHECK_INT(out->reason, STATUS_BUSY);
}

static void of_many_tries_the_rest_is_counted(void)
{
	begin();
	for (unsigned i = 0; i < 20; i++)
		sig(i, 0, "try.failed", "connection=a why=target-down");
	CHECK_INT(facts.out.ntries, CALLV_TRIES);
	CHECK(facts.out.tries_left_out >= 4);
}

static void media_is_told_by_leg(void)
{
	const struct callv_leg *leg = &facts.out.legs[1];

	answered();
	med(1100, 1, "sdp.agreed", "profile=browser dir=sendrecv");
	med(1200, 1, "ice.nominated", "from=203.0.113.4:7000 over=udp");
	med(1300, 1, "dtls.done", "version=DTLSv1.2");
	med(1400, 1, "rtp.in", "from=203.0.113.4:7000 pt=111");
	med(1500, 2, "sdp.agreed",
	    "profile=rtp remote=192.0.2.9:4000 theirs=recvonly");
	med(6000, 1, "figures", "in=200 lost=3 mos=402");
	med(9000, 1, "figures", "in=150 lost=1 mos=398");
	hung_up(10001);
	CHECK(leg->told && leg->stun && leg->dtls && leg->rtp && !leg->mute);
	CHECK_STR(leg->at, "203.0.113.4:7000");
	CHECK_INT(leg->packets, 350);
	CHECK_INT(leg->lost, 4);
	CHECK_INT(leg->mos, 398);
	CHECK(facts.out.legs[2].mute);
	CHECK_STR(facts.out.legs[2].at, "192.0.2.9:4000");
	/* all of it, at its end */
	med(10100, 1, "leg.ended", "age=9000 in=420 lost=4 mos=400");
	CHECK_INT(leg->packets, 420);
	CHECK_INT(leg->mos, 400);
}

static void who_is_not_heard_is_timed(void)
{
	const struct callv_leg *leg = &facts.out.legs[2];

	answered();
	med(2000, 2, "leg.quiet", "why=no-packets");
	med(4000, 2, "leg.quiet", "why=wrong-source");
	med(4000, 2, "rtp.stranger", "from=203.0.113.5:6000");
	med(5000, 2, "leg.heard", "");
	CHECK_STR(leg->quiet, "");
	CHECK_STR(leg->was_quiet, "wrong-source");
	CHECK_STR(leg->elsewhere, "203.0.113.5:6000");
	CHECK_INT(leg->quiet_ms, 3000);
	med(6000, 2, "leg.quiet", "why=silence");
	med(7000, 2, "leg.heard", "");
	CHECK_INT(leg->silent_ms, 1000);
	CHECK_INT(leg->quiet_ms, 3000);
	med(8000, 2, "leg.quiet", "why=no-packets");
	hung_up(10000);
	CHECK_STR(leg->quiet, "no-packets");
	CHECK_INT(leg->quiet_ms, 5000);
}

static void why_dtls_failed_is_kept(void)
{
	const struct callv_leg *leg = &facts.out.legs[1];

	answered();
	med(1100, 1, "dtls.failed", "why=time-out stream=rtcp");
	CHECK(!leg->dtls_failed);
	med(1200, 1, "dtls.fingerprint", "announced=AA shown=BB");
	med(1200, 1, "dtls.failed", "why=certificate");
	CHECK(leg->fingerprint && leg->dtls_failed && !leg->dtls);
	CHECK_STR(leg->dtls_why, "certificate");
}

static void a_leg_that_moves_begins_anew(void)
{
	const struct callv_leg *leg = &facts.out.legs[1];

	answered();
	med(1200, 1, "ice.nominated", "from=203.0.113.4:7000");
	med(1300, 1, "dtls.done", "");
	med(2000, 1, "leg.quiet", "why=ice-gone");
	sig(3000, 0, "media.moving", "from=m1/0 to=m2/1");
	say(3100, 1, "bbbbbbbb", "sdp.offer", "dir=out profile=browser");
	CHECK(!leg->stun && !leg->quiet[0]);
	say(3300, 1, "bbbbbbbb", "ice.nominated", "from=203.0.113.4:7001");
	sig(3400, 0, "media.moved", "from=m1/0 to=m2/1");
	/* of the former one nothing counts any more */
	med(3500, 1, "leg.quiet", "why=ice-gone");
	med(3600, 1, "leg.ended", "in=5");
	CHECK(leg->stun && !leg->quiet[0]);
	CHECK_STR(leg->at, "203.0.113.4:7001");
	CHECK(facts.out.moved);
	CHECK_STR(facts.out.moved_from, "m1/0");
	CHECK_STR(facts.out.moved_to, "m2/1");
}

static void a_log_without_its_begin_tells_what_it_can(void)
{
	const struct callv_facts *out = &facts.out;

	begin();
	med(5000, 1, "figures", "in=200 mos=400");
	sig(9000, 2, "call.ended",
	    "why=hangup by=callee up-ms=60000 tenant=acme caller=alice "
	    "to-connection=pbx");
	call_facts_end(&facts, T0 + 9100);
	CHECK(out->cut && out->answered && out->ended);
	CHECK_INT(out->up_ms, 60000);
	CHECK_STR(out->caller, "alice");
	CHECK_STR(out->by, "connection pbx");
	CHECK_STR(out->legs[2].name, "connection pbx");
}

static void what_is_not_known_is_passed_over(void)
{
	begin();
	sig(0, 0, "call.sung", "by=caller");
	med(1, 16, "ice.nominated", "from=1.2.3.4:5");
	say(2, 200, "aaaaaaaa", "ice.nominated", "from=1.2.3.4:5");
	sig(3, 0, "call.refused", "why=no-such-word");
	sig(4, 0, "call.ended", "why=% by=nobody up-ms=99999999999999999999");
	call_facts_end(&facts, 0);
	CHECK(facts.out.ended && !facts.out.answered);
	CHECK_INT(facts.out.reason, STATUS_OK);
}

TEST_MAIN(TEST(a_call_is_told_by_sigd), TEST(tries_are_kept_apart),
	  TEST(of_many_tries_the_rest_is_counted), TEST(media_is_told_by_leg),
	  TEST(who_is_not_heard_is_timed), TEST(why_dtls_failed_is_kept),
	  TEST(a_leg_that_moves_begins_anew),
	  TEST(a_log_without_its_begin_tells_what_it_can),
	  TEST(what_is_not_known_is_passed_over))
