/*
 * test_announce.c  Announcements, what is heard before a call fails, ring-back,
 *                  and the terms of music, recordings and forks
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/proxy/invite/invite_priv.h"
#include "tests/lib/talk_bed.h"

#define CONTACT(name) "Contact: <sip:" name "@127.0.0.1:1>\r\n"

static const char *tenant_more = "";

static void routes(const struct fixture *fix, char *text, size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    music: jazz\n"
		 "    record: always\n"
		 "%s"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "      bob: {password: bob-secret, record: never}\n"
		 "    connections:\n"
		 "      one: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, probe: 0s, music: bach, fork: ears}\n"
		 "    routes:\n"
		 "      - {name: night, match: {callee: '^closed$'}, to: "
		 "{announcement: {sound: closed, times: 2, code: 486}}}\n"
		 "      - {name: info, match: {callee: '^info$'}, to: "
		 "{announcement: {sound: hello, answer: true}}}\n"
		 "      - {name: not, match: {callee: '^00.*'}, record: never, "
		 "to: {connection: one}}\n"
		 "      - {name: out, match: {callee: '^0.*'}, to: "
		 "{connection: one}}\n",
		 tenant_more, sa_port(&fix->pbx[0].addr));
}

static bool begin(struct fixture *fix, const char *more)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes};

	tenant_more = more;
	if (!start_cfg(fix, &cfg))
		return false;
	fix->media.sound_ms = 300;
	return true;
}

static bool heard_early(struct fixture *fix)
{
	if (!CHECK(rings(fix, &fix->alice)))
		return false;
	CHECK(strstr(fix->alice.prov, "SIP/2.0 183"));
	CHECK(strstr(fix->alice.prov, "s=leg 1"));
	return true;
}

static void an_announcement_is_heard_before_the_refusal(void)
{
	struct fixture fix;

	if (begin(&fix, "")) {
		call(&fix, "closed");
		if (heard_early(&fix)) {
			CHECK_STR(fix.media.leg[1].sound, "closed*2");
			CHECK_INT(fix.alice.code, 0);
		}
		CHECK_INT(answer(&fix, &fix.alice), 486);
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&fix);
}

static void without_its_sound_the_refusal_comes_at_once(void)
{
	struct fixture fix;

	if (begin(&fix, "")) {
		fix.media.sound_ms = 0;
		call(&fix, "closed");
		CHECK_INT(answer(&fix, &fix.alice), 486);
		CHECK(!strstr(fix.alice.prov, "183"));
	}
	stop(&fix);
}

static void a_caller_may_hang_up_meanwhile(void)
{
	struct fixture fix;

	if (begin(&fix, "")) {
		fix.media.sound_ms = 10000;
		call(&fix, "closed");
		if (heard_early(&fix)) {
			fix.alice.code = 0;
			put_cancel(&fix, "closed", "i", 2);
			CHECK(redis_test_until(fix.wheel, 5000, is_terminated,
					       &fix.alice) ||
			      fix.alice.code == 200);
			CHECK(redis_test_until(fix.wheel, 5000, is_idle,
					       &fix));
		}
	}
	stop(&fix);
}

struct ended {
	bool done;
};

static void on_ended(const char *token, void *arg)
{
	struct ended *ended = arg;
	(void)token;

	ended->done = true;
}

static void an_answered_announcement_ends_with_bye(void)
{
	struct ended ended = {false};
	struct proxy_loss loss = {.reason = STATUS_HANGUP,
				  .played = true,
				  .token = "t",
				  .endedh = on_ended,
				  .arg = &ended};
	struct fixture fix;
	struct le *le;
	char call_id[17] = "";

	if (begin(&fix, "")) {
		call(&fix, "info");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(fix.media.leg[1].sound, "hello*1");
		le = list_head(&fix.nodes[0].proxy->invites);
		REQUIRE(le != NULL);
		str_ncpy(call_id, ((struct invite *)le->data)->rec.call,
			 sizeof(call_id));
		put_in_dialog(&fix, fix.alice.resp, "ACK", 2, 1);
		/* the event comes to any worker */
		loss.call = call_id;
		loss.session = fix.media.session;
		proxy_media_lost(fix.nodes[1].proxy, &loss);
		CHECK(expect(&fix, &fix.alice, "BYE"));
	}
	stop(&fix);
}

static void a_failure_is_announced(void)
{
	struct fixture fix;

	if (begin(&fix, "    failure: {sound: busy}\n")) {
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		ua_answers(&fix, &fix.pbx[0], 503, "");
		if (heard_early(&fix))
			CHECK_STR(fix.media.leg[1].sound, "busy*1");
		CHECK_INT(answer(&fix, &fix.alice), 500);
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
	}
	stop(&fix);
}

/* Who is busy has not failed. */
static void a_refusal_is_not_announced(void)
{
	struct fixture fix;

	if (begin(&fix, "    failure: {sound: busy}\n")) {
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		ua_answers(&fix, &fix.pbx[0], 486, "");
		CHECK_INT(answer(&fix, &fix.alice), 486);
		CHECK_STR(fix.media.leg[1].sound, "");
	}
	stop(&fix);
}

/* --- ring-back ---------------------------------------------------------------------- */

static void who_calls_hears_that_it_rings(void)
{
	struct fixture fix;

	if (begin(&fix, "    ringback: ring-de\n")) {
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		ua_answers(&fix, &fix.pbx[0], 180, CONTACT("pbx"));
		if (heard_early(&fix))
			CHECK_STR(fix.media.leg[1].sound, "ring-de*0");
		/* again, and nothing begins anew */
		fix.alice.provs = 0;
		ua_answers(&fix, &fix.pbx[0], 180, CONTACT("pbx"));
		(void)heard_early(&fix);
		CHECK_INT(fix.media.asked[CTL_LEG_JOIN], 1);
		ua_answers(&fix, &fix.pbx[0], 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(fix.media.leg[1].sound, "");
		CHECK_INT(fix.media.leg[1].peer, 2);
	}
	stop(&fix);
}

static void early_media_is_heard_instead(void)
{
	struct fixture fix;

	if (begin(&fix, "    ringback: ring-de\n")) {
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		ua_answers(&fix, &fix.pbx[0], 180, CONTACT("pbx"));
		(void)heard_early(&fix);
		fix.alice.provs = 0;
		ua_answers(&fix, &fix.pbx[0], 183, PBX_2XX);
		(void)heard_early(&fix);
		CHECK_STR(fix.media.leg[1].sound, "");
		CHECK_INT(fix.media.leg[1].peer, 2);
		ua_answers(&fix, &fix.pbx[0], 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

static void without_the_tone_180_is_180(void)
{
	struct fixture fix;

	if (begin(&fix, "    ringback: ring-de\n")) {
		fix.media.sound_ms = 0;
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		ua_answers(&fix, &fix.pbx[0], 180, CONTACT("pbx"));
		CHECK(rings(&fix, &fix.alice));
		CHECK(strstr(fix.alice.prov, "SIP/2.0 180"));
		ua_answers(&fix, &fix.pbx[0], 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

/* --- terms ----------------------------------------------------------------------------- */

static void legs_are_told_of_music_recording_and_fork(void)
{
	struct fixture fix;

	if (begin(&fix, "")) {
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK_STR(fix.media.leg[1].music, "jazz");
		CHECK_STR(fix.media.leg[1].fork, "");
		CHECK_INT(fix.media.leg[1].record, CTL_RECORD_ALWAYS);
		CHECK_STR(fix.media.leg[2].music, "bach");
		CHECK_STR(fix.media.leg[2].fork, "ears");
		CHECK_INT(fix.media.leg[2].record, CTL_RECORD_ALWAYS);
		ua_answers(&fix, &fix.pbx[0], 486, "");
		CHECK_INT(answer(&fix, &fix.alice), 486);
	}
	stop(&fix);
}

static void a_route_may_say_that_nothing_is_recorded(void)
{
	struct fixture fix;

	if (begin(&fix, "")) {
		call(&fix, "00123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK_INT(fix.media.leg[1].record, CTL_RECORD_NEVER);
		ua_answers(&fix, &fix.pbx[0], 486, "");
		CHECK_INT(answer(&fix, &fix.alice), 486);
	}
	stop(&fix);
}

TEST_MAIN(TEST(an_announcement_is_heard_before_the_refusal),
	  TEST(without_its_sound_the_refusal_comes_at_once),
	  TEST(a_caller_may_hang_up_meanwhile),
	  TEST(an_answered_announcement_ends_with_bye),
	  TEST(a_failure_is_announced), TEST(a_refusal_is_not_announced),
	  TEST(who_calls_hears_that_it_rings),
	  TEST(early_media_is_heard_instead),
	  TEST(without_the_tone_180_is_180),
	  TEST(legs_are_told_of_music_recording_and_fork),
	  TEST(a_route_may_say_that_nothing_is_recorded))
