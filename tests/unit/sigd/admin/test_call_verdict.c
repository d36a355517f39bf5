/*
 * test_call_verdict.c  What came of a call: each rule, which goes first, and
 *                      the table in docs/timeline.md
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "sigd/admin/call_verdict.h"
#include "tests/lib/test.h"

/* --- facts ------------------------------------------------------------------------- */

static struct callv_try *add_try(struct callv_facts *f, const char *name,
				 uint16_t code, enum status why)
{
	struct callv_try *try = &f->tries[f->ntries++];

	str_ncpy(try->name, name, sizeof(try->name));
	str_ncpy(try->at, "192.0.2.9:5060", sizeof(try->at));
	try->leg = (uint8_t)(f->ntries + 1);
	try->device = strncmp(name, "connection ", 11) != 0;
	try->over = why != STATUS_OK;
	try->code = code;
	try->why = why;
	return try;
}

static void known(struct callv_facts *f)
{
	memset(f, 0, sizeof(*f));
	f->known = true;
	str_ncpy(f->tenant, "acme", sizeof(f->tenant));
	str_ncpy(f->caller, "alice", sizeof(f->caller));
	str_ncpy(f->callee, "4711", sizeof(f->callee));
}

static void refused(struct callv_facts *f, enum status why)
{
	known(f);
	f->ended = true;
	f->reason = why;
}

static void leg_good(struct callv_leg *leg, const char *name,
		     enum callv_kind kind)
{
	str_ncpy(leg->name, name, sizeof(leg->name));
	str_ncpy(leg->at, kind == CALLV_PBX ? "192.0.2.9:4000"
					    : "198.51.100.7:50000",
		 sizeof(leg->at));
	leg->kind = kind;
	leg->there = leg->told = leg->stun = leg->dtls = leg->rtp = true;
	leg->packets = 500;
	leg->mos = 430;
}

/* Up for ten seconds, a browser and a PBX, and the caller hung up. */
static void answered(struct callv_facts *f)
{
	refused(f, STATUS_HANGUP);
	f->answered = true;
	f->up_ms = 10000;
	str_ncpy(f->by, "alice", sizeof(f->by));
	add_try(f, "connection pbx", 200, STATUS_OK);
	leg_good(&f->legs[1], "alice's browser", CALLV_BROWSER);
	leg_good(&f->legs[2], "connection pbx", CALLV_PBX);
}

static void quiet(struct callv_leg *leg, const char *why)
{
	leg->rtp = false;
	leg->packets = 0;
	leg->quiet_ms = 8000;
	str_ncpy(leg->quiet, why, sizeof(leg->quiet));
	str_ncpy(leg->was_quiet, why, sizeof(leg->was_quiet));
}

/* Its code and that its sentence names `who`. */
#define VERDICT(f, want, who) verdict_is(f, want, who, __LINE__)

static void verdict_is(const struct callv_facts *f, const char *want,
		       const char *who, int line)
{
	struct callv v;

	callv_judge(&v, f);
	test_check_str(callv_info(v.code)->text, want, "code", __FILE__, line);
	if (!test_check(strstr(v.text, who) != NULL, who, __FILE__, line))
		(void)re_fprintf(stderr, "# %s\n", v.text);
	test_check(v.text[0] && v.text[strlen(v.text) - 1] != ' ', v.text,
		   __FILE__, line);
}

/* --- it went well -------------------------------------------------------------------- */

static void who_was_heard_and_hung_up_had_a_good_call(void)
{
	struct callv_facts f;

	answered(&f);
	VERDICT(&f, "ok", "alice hung up");
	f.moved = true;
	str_ncpy(f.moved_from, "m1/0", sizeof(f.moved_from));
	str_ncpy(f.moved_to, "m2/1", sizeof(f.moved_to));
	VERDICT(&f, "media-moved", "from m1/0 to m2/1");
	f.moved = false;
	f.back = true;
	str_ncpy(f.lost, "bob", sizeof(f.lost));
	VERDICT(&f, "reconnected", "bob lost the connection");
	answered(&f);
	f.reason = STATUS_REPLACED;
	VERDICT(&f, "transferred", "replaced");
}

static void what_goes_on_is_in_progress(void)
{
	struct callv_facts f;

	known(&f);
	add_try(&f, "connection pbx", 0, STATUS_OK)->rang = true;
	VERDICT(&f, "in-progress", "connection pbx (192.0.2.9:5060)");
	answered(&f);
	f.ended = false;
	f.reason = STATUS_OK;
	VERDICT(&f, "in-progress", "10.0 s");
	/* but what is wrong already is said */
	quiet(&f.legs[2], "no-packets");
	VERDICT(&f, "no-rtp-from-pbx", "pbx");
}

static void of_what_nothing_is_known_nothing_is_said(void)
{
	struct callv_facts f = {.known = false};

	VERDICT(&f, "unknown", "not kept");
	answered(&f);
	f.reason = STATUS_OK;
	VERDICT(&f, "unknown", "does not say");
}

/* --- it got nowhere ------------------------------------------------------------------- */

static void refusals_of_ours_have_a_name_each(void)
{
	static const struct {
		enum status why;
		const char *code, *who;
	} all[] = {
		{STATUS_NO_ROUTE, "no-route", "tenant acme matches 4711"},
		{STATUS_UNKNOWN_DOMAIN, "no-route", "4711"},
		{STATUS_AUTH_FAILED, "auth-failed", "alice"},
		{STATUS_AUTH_LOCKED, "auth-failed", "alice"},
		{STATUS_FORBIDDEN, "forbidden", "alice"},
		{STATUS_CALL_LIMIT, "limit-reached", "alice"},
		{STATUS_RATE_LIMITED, "limit-reached", "alice"},
		{STATUS_OVERLOAD, "overload", "4711"},
		{STATUS_DRAINING, "overload", "4711"},
		{STATUS_NO_MEDIA_NODE, "no-media-node", "4711"},
		{STATUS_TIMEOUT, "no-media-node", "4711"},
		{STATUS_REDIS_DOWN, "redis-down", "redis-down"},
		{STATUS_KILLED, "worker-died", "killed"},
		{STATUS_LOOP, "refused", "loop"},
		{STATUS_NOT_ACCEPTABLE, "no-common-codec", "alice"},
		{STATUS_NO_ENCRYPTION, "no-common-codec", "no-encryption"},
		{STATUS_BAD_SDP, "no-common-codec", "bad-sdp"},
		{STATUS_AUTH_REQUIRED, "auth-failed", "alice"},
		{STATUS_UNKNOWN_USER, "not-registered", "4711"},
		{STATUS_NO_PORT, "overload", "no-port"},
		{STATUS_NOT_REGISTERED, "not-registered", "alice called 4711"},
		{STATUS_CANCELLED, "cancelled", "alice gave up before 4711"},
		{STATUS_FLOW_LOST, "flow-lost", "alice"},
	};
	struct callv_facts f;

	for (size_t i = 0; i < COUNTOF(all); i++) {
		refused(&f, all[i].why);
		VERDICT(&f, all[i].code, all[i].who);
	}
}

static void a_route_that_says_no_is_named(void)
{
	struct callv_facts f;

	refused(&f, STATUS_ROUTE_REJECTED);
	str_ncpy(f.rule, "no premium numbers", sizeof(f.rule));
	f.code = 403;
	VERDICT(&f, "route-rejected", "Route no premium numbers of tenant "
				      "acme refuses");
	f.code = 302;
	VERDICT(&f, "redirected", "redirects calls of alice to 4711");
}

static void a_description_that_cannot_be_served_says_why(void)
{
	struct callv_facts f;

	refused(&f, STATUS_NO_AUDIO);
	str_ncpy(f.sdp_why, "no codec in common", sizeof(f.sdp_why));
	f.sdp_leg = 1;
	VERDICT(&f, "no-common-codec", "What alice described cannot be served: "
				       "no codec in common");
}

/* --- nobody answered ------------------------------------------------------------------- */

static void who_was_called_said_it(void)
{
	static const struct {
		uint16_t said;
		enum status why;
		const char *code;
	} all[] = {
		{486, STATUS_BUSY, "busy"},
		{603, STATUS_DECLINED, "declined"},
		{480, STATUS_NO_ANSWER, "no-answer"},
		{404, STATUS_UNKNOWN_USER, "number-unknown"},
		{488, STATUS_NOT_ACCEPTABLE, "codec-refused-by-pbx"},
		{407, STATUS_AUTH_FAILED, "credentials-refused-by-pbx"},
		{410, STATUS_TARGET_DOWN, "refused-by-target"},
		{487, STATUS_CANCELLED, "refused-by-target"},
		{302, STATUS_MOVED, "refused-by-target"},
	};
	char said[8];
	struct callv_facts f;

	for (size_t i = 0; i < COUNTOF(all); i++) {
		refused(&f, all[i].why);
		add_try(&f, "connection pbx", all[i].said, all[i].why);
		re_snprintf(said, sizeof(said), "%u", all[i].said);
		VERDICT(&f, all[i].code, "connection pbx (192.0.2.9:5060)");
		VERDICT(&f, all[i].code, said);
	}
	refused(&f, STATUS_NOT_ACCEPTABLE);
	add_try(&f, "bob's device", 488, STATUS_NOT_ACCEPTABLE);
	VERDICT(&f, "codec-refused-by-device", "bob's device");
}

static void it_rang_and_nobody_answered(void)
{
	struct callv_facts f;

	refused(&f, STATUS_NO_ANSWER);
	add_try(&f, "bob's device", 0, STATUS_NO_ANSWER)->rang = true;
	VERDICT(&f, "no-answer", "bob's device");
	/* cancelled by us when the time was over */
	refused(&f, STATUS_NO_ANSWER);
	add_try(&f, "bob's device", 0, STATUS_OK)->rang = true;
	f.tries[0].over = f.tries[0].dropped = true;
	VERDICT(&f, "no-answer", "4711");
}

static void targets_that_fail_are_all_named(void)
{
	struct callv_facts f;

	refused(&f, STATUS_TARGET_DOWN);
	add_try(&f, "connection a", 0, STATUS_TARGET_TIMEOUT);
	add_try(&f, "connection b", 503, STATUS_TARGET_DOWN);
	VERDICT(&f, "all-targets-failed", "connection a (192.0.2.9:5060): "
					  "target-timeout");
	VERDICT(&f, "all-targets-failed", "connection b (192.0.2.9:5060) said "
					  "503");
	/* whichever of them speaks for all */
	f.reason = STATUS_TARGET_TIMEOUT;
	VERDICT(&f, "all-targets-failed", "connection a");
	f.reason = STATUS_FLOW_GONE;
	VERDICT(&f, "all-targets-failed", "connection a");
	f.reason = STATUS_NO_ANSWER;
	VERDICT(&f, "all-targets-failed", "connection a");
	f.reason = STATUS_TARGET_DOWN;
	/* one that said a word of its own was none that failed */
	add_try(&f, "connection c", 410, STATUS_TARGET_DOWN);
	VERDICT(&f, "refused-by-target", "connection c");
}

/* --- precedence ------------------------------------------------------------------------ */

static void who_gave_up_comes_before_what_the_tries_were_at(void)
{
	struct callv_facts f;

	refused(&f, STATUS_CANCELLED);
	add_try(&f, "connection a", 503, STATUS_TARGET_DOWN);
	add_try(&f, "connection b", 0, STATUS_OK)->over = true;
	f.tries[1].dropped = true;
	VERDICT(&f, "cancelled", "alice");
}

static void busy_comes_before_targets_that_failed(void)
{
	struct callv_facts f;

	refused(&f, STATUS_BUSY);
	add_try(&f, "connection a", 503, STATUS_TARGET_DOWN);
	add_try(&f, "connection b", 486, STATUS_BUSY);
	VERDICT(&f, "busy", "connection b");
}

static void the_ladder_is_read_from_its_foot(void)
{
	struct callv_facts f;
	struct callv_leg *web, *pbx;

	answered(&f);
	web = &f.legs[1];
	pbx = &f.legs[2];
	quiet(pbx, "no-packets");
	VERDICT(&f, "no-rtp-from-pbx", "connection pbx (192.0.2.9:4000)");
	VERDICT(&f, "no-rtp-from-pbx", "alice's browser heard nothing");
	quiet(web, "no-packets");
	VERDICT(&f, "no-media-either-way", "alice's browser");
	quiet(web, "no-dtls");
	web->dtls = false;
	VERDICT(&f, "dtls-failed", "alice's browser (198.51.100.7:50000)");
	str_ncpy(web->dtls_why, "time-out", sizeof(web->dtls_why));
	VERDICT(&f, "dtls-failed", "time-out");
	quiet(web, "no-ice");
	web->stun = false;
	VERDICT(&f, "ice-no-checks", "alice's browser");
	web->fingerprint = true;
	VERDICT(&f, "fingerprint-mismatch", "alice's browser");
}

static void what_is_lost_with_a_flow_is_no_fault_of_its_media(void)
{
	struct callv_facts f;

	answered(&f);
	f.reason = STATUS_FLOW_LOST;
	str_ncpy(f.lost, "alice", sizeof(f.lost));
	quiet(&f.legs[1], "ice-gone");
	VERDICT(&f, "flow-lost", "alice lost the connection");
	f.reason = STATUS_MEDIA_NODE_LOST;
	str_ncpy(f.moved_from, "m1/0", sizeof(f.moved_from));
	VERDICT(&f, "media-node-lost", "m1/0");
}

static void who_was_not_heard_comes_before_how_it_ended(void)
{
	static const enum status ends[] = {
		STATUS_MEDIA_TIMEOUT, STATUS_MEDIA_LOST, STATUS_SESSION_EXPIRED,
		STATUS_TARGET_TIMEOUT, STATUS_CALL_EXPIRED, STATUS_ADMIN,
		STATUS_OPERATOR};
	static const char *const codes[] = {
		"media-lost", "media-lost", "session-expired", "side-gone",
		"call-expired", "ended-by-operator", "ended-by-operator"};
	struct callv_facts f;

	for (size_t i = 0; i < COUNTOF(ends); i++) {
		answered(&f);
		f.reason = ends[i];
		VERDICT(&f, codes[i], "ended after 10.0 s");
		quiet(&f.legs[2], "no-packets");
		VERDICT(&f, "no-rtp-from-pbx", "pbx");
	}
}

/* --- one leg ----------------------------------------------------------------------------- */

static void what_comes_instead_has_a_name(void)
{
	static const struct {
		const char *why, *code;
	} all[] = {
		{"ice-gone", "ice-lost"},
		{"not-authentic", "srtp-not-authentic"},
		{"wrong-source", "rtp-from-elsewhere"},
		{"wrong-payload-type", "wrong-payload-type"},
		{"malformed", "malformed-rtp"},
		{"no-packets", "one-way-from-browser"},
	};
	struct callv_facts f;

	for (size_t i = 0; i < COUNTOF(all); i++) {
		answered(&f);
		quiet(&f.legs[1], all[i].why);
		VERDICT(&f, all[i].code, "alice's browser");
		VERDICT(&f, all[i].code, "connection pbx heard nothing");
	}
	answered(&f);
	quiet(&f.legs[2], "wrong-source");
	str_ncpy(f.legs[2].elsewhere, "203.0.113.5:6000",
		 sizeof(f.legs[2].elsewhere));
	VERDICT(&f, "rtp-from-elsewhere", "from 203.0.113.5:6000");
}

static void a_telephone_is_no_pbx(void)
{
	struct callv_facts f;

	answered(&f);
	leg_good(&f.legs[2], "bob's telephone", CALLV_PHONE);
	quiet(&f.legs[2], "no-packets");
	VERDICT(&f, "no-rtp-from-phone", "bob's telephone");
}

static void a_short_call_need_not_be_heard(void)
{
	struct callv_facts f;

	answered(&f);
	f.up_ms = 400;
	f.legs[1].stun = f.legs[1].dtls = f.legs[1].rtp = false;
	f.legs[1].packets = 0;
	VERDICT(&f, "ok", "alice");
	/* but one that ends before media has waited for long enough */
	f.up_ms = 1500;
	VERDICT(&f, "ice-no-checks", "alice's browser");
	f.legs[1].stun = true;
	VERDICT(&f, "dtls-failed", "alice's browser");
	f.legs[1].dtls = true;
	VERDICT(&f, "one-way-from-browser", "alice's browser");
	/* and of media that has said nothing nothing is known */
	f.legs[1].told = false;
	VERDICT(&f, "ok", "alice");
}

static void who_agreed_not_to_send_is_not_missed(void)
{
	struct callv_facts f;

	answered(&f);
	f.legs[1].rtp = false;
	f.legs[1].packets = 0;
	f.legs[1].mute = true;
	VERDICT(&f, "ok", "alice");
}

static void a_leg_of_a_try_that_failed_does_not_count(void)
{
	struct callv_facts f;

	answered(&f);
	leg_good(&f.legs[3], "connection old", CALLV_PBX);
	quiet(&f.legs[3], "no-packets");
	f.legs[3].there = false;
	VERDICT(&f, "ok", "alice");
}

static void who_was_not_heard_for_half_of_it_is_remembered(void)
{
	struct callv_facts f;

	answered(&f);
	str_ncpy(f.legs[2].was_quiet, "no-packets",
		 sizeof(f.legs[2].was_quiet));
	f.legs[2].quiet_ms = 2900;
	VERDICT(&f, "ok", "alice");
	f.legs[2].quiet_ms = 5000;
	VERDICT(&f, "no-rtp-from-pbx", "pbx");
}

static void silence_all_the_time_is_a_fault(void)
{
	struct callv_facts f;

	answered(&f);
	str_ncpy(f.legs[1].quiet, "silence", sizeof(f.legs[1].quiet));
	f.legs[1].silent_ms = 4000;
	VERDICT(&f, "ok", "alice");
	f.legs[1].silent_ms = 9000;
	VERDICT(&f, "silence", "alice's browser");
}

static void bad_quality_is_said_with_its_figures(void)
{
	struct callv_facts f;

	answered(&f);
	f.legs[1].mos = 215;
	f.legs[1].lost = 125;
	VERDICT(&f, "poor-quality", "MOS 2.15, 20 %");
	f.legs[1].packets = 100;
	VERDICT(&f, "ok", "alice");
}

static void how_it_ended_when_nobody_lacked_anything(void)
{
	struct callv_facts f;

	answered(&f);
	f.reason = STATUS_UNKNOWN_DIALOG;
	str_ncpy(f.gone, "connection pbx", sizeof(f.gone));
	VERDICT(&f, "side-gone", "connection pbx did not know");
	answered(&f);
	f.reason = STATUS_SETUP_EXPIRED;
	VERDICT(&f, "no-ack", "alice never acknowledged");
	f.reason = STATUS_TIMEOUT;
	VERDICT(&f, "no-ack", "alice never acknowledged");
	answered(&f);
	f.reason = STATUS_INTERNAL;
	VERDICT(&f, "ended", "internal");
}

/* --- the table -------------------------------------------------------------------------- */

static void the_codes_are_stable_words(void)
{
	for (unsigned i = 0; i < CALLV_CODES; i++) {
		const char *text = callv_info((enum callv_code)i)->text;

		REQUIRE(text != NULL);
		CHECK(strspn(text, "abcdefghijklmnopqrstuvwxyz-") ==
		      strlen(text));
		for (unsigned j = 0; j < i; j++)
			CHECK(strcmp(text, callv_info((enum callv_code)j)
						   ->text) != 0);
	}
}

static void the_page_has_the_table(void)
{
	uint8_t *page = test_read_file("docs/timeline.md", NULL);
	char *want = NULL;

	REQUIRE(page != NULL);
	if (!re_sdprintf(&want, "%H", callv_print_doc, NULL) &&
	    !test_check(strstr((const char *)page, want) != NULL,
			"docs/timeline.md has the table", __FILE__, __LINE__))
		(void)re_fprintf(stderr, "%s", want);
	mem_deref(want);
	mem_deref(page);
}

TEST_MAIN(TEST(who_was_heard_and_hung_up_had_a_good_call),
	  TEST(what_goes_on_is_in_progress),
	  TEST(of_what_nothing_is_known_nothing_is_said),
	  TEST(refusals_of_ours_have_a_name_each),
	  TEST(a_route_that_says_no_is_named),
	  TEST(a_description_that_cannot_be_served_says_why),
	  TEST(who_was_called_said_it), TEST(it_rang_and_nobody_answered),
	  TEST(targets_that_fail_are_all_named),
	  TEST(who_gave_up_comes_before_what_the_tries_were_at),
	  TEST(busy_comes_before_targets_that_failed),
	  TEST(the_ladder_is_read_from_its_foot),
	  TEST(what_is_lost_with_a_flow_is_no_fault_of_its_media),
	  TEST(who_was_not_heard_comes_before_how_it_ended),
	  TEST(what_comes_instead_has_a_name), TEST(a_telephone_is_no_pbx),
	  TEST(a_short_call_need_not_be_heard),
	  TEST(who_agreed_not_to_send_is_not_missed),
	  TEST(a_leg_of_a_try_that_failed_does_not_count),
	  TEST(who_was_not_heard_for_half_of_it_is_remembered),
	  TEST(silence_all_the_time_is_a_fault),
	  TEST(bad_quality_is_said_with_its_figures),
	  TEST(how_it_ended_when_nobody_lacked_anything),
	  TEST(the_codes_are_stable_words), TEST(the_page_has_the_table))
