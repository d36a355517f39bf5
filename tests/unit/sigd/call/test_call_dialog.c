/*
 * test_call_dialog.c  What requests within a dialog change in its record
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/loop.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "sigd/call/call_dialog.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

struct fixture {
	struct redis_server server;
	struct wheel *wheel;
	struct redis_link *link;
	struct call_ask *ask;
	struct call_record rec;
	enum status code;
	int answers;
};

static const struct call_record sample = {
	.call = "0123456789abcdef", .session = "fedcba9876543210",
	.tenant = "demo", .media = "m1/2", .callid = "c", .at = "s1/1/7",
	.state = CALL_UP, .leg = 2, .start_ms = 1, .up_ms = 2,
	.side = {{.user = "alice", .tag = "af", .target = "sip:a@x.invalid",
		  .cseq = 2, .flow_len = 1, .flow = {1}},
		 {.user = "bob", .tag = "bt", .target = "sip:b@y.invalid",
		  .shift = 1, .flow_len = 1, .flow = {2}}},
};

static void on_answer(enum status code, const struct call_record *rec,
		      void *arg)
{
	struct fixture *fix = arg;

	fix->code = code;
	if (rec)
		fix->rec = *rec;
	fix->answers++;
	fix->ask = mem_deref(fix->ask);
}

static bool answered(void *arg)
{
	return ((struct fixture *)arg)->answers > 0;
}

static enum status wait_code(struct fixture *fix, int err)
{
	CHECK_INT(err, 0);
	CHECK(redis_test_until(fix->wheel, 5000, answered, fix));
	fix->answers = 0;
	return fix->code;
}

static bool start(struct fixture *fix)
{
	struct redis_cfg cfg = {.name = "test"};

	memset(fix, 0, sizeof(*fix));
	if (!redis_server_start(&fix->server))
		return false;
	cfg.path = fix->server.sock;
	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&fix->wheel, loop_now_ms()));
	loop_drive(fix->wheel);
	CHECK(!redis_link_alloc(&fix->link, &cfg, fix->wheel, NULL, NULL));
	CHECK(redis_test_until(fix->wheel, 5000, redis_test_is_up,
			       fix->link));
	return CHECK(wait_code(fix, call_record_save(&fix->ask, fix->link,
						     &sample, 60, on_answer,
						     fix)) == STATUS_OK);
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->ask);
	mem_deref(fix->link);
	if (fix->wheel) {
		loop_drive(NULL);
		mem_deref(fix->wheel);
		loop_close();
	}
	redis_server_kill(&fix->server);
}

static const struct call_side *enter(struct fixture *fix, unsigned side,
				     uint32_t cseq, enum call_request request,
				     const char *tag)
{
	struct call_enter what = {.call = sample.call, .side = side,
				  .cseq = cseq, .request = request};

	pl_set_str(&what.callee_tag, tag);
	CHECK_INT(wait_code(fix, call_enter(&fix->ask, fix->link, &what,
					    on_answer, fix)), STATUS_OK);
	return &fix->rec.side[side];
}

static void the_highest_cseq_of_each_side_is_kept(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(enter(&fix, CALL_CALLER, 5, CALL_REQUEST, "bt")->cseq,
			  5);
		CHECK_INT(enter(&fix, CALL_CALLER, 4, CALL_REQUEST, "bt")->cseq,
			  5);
		CHECK_INT(enter(&fix, CALL_CALLEE, 90, CALL_REQUEST, "bt")->cseq,
			  90);
		CHECK_INT(enter(&fix, CALL_CALLER, 9, CALL_ACK, "bt")->cseq, 5);
		CHECK_INT(fix.rec.side[CALL_CALLEE].shift, 1);
	}
	stop(&fix);
}

static void a_cseq_that_is_used_again_goes_on_as_the_next(void)
{
	const struct call_side *alice;
	struct fixture fix;

	if (start(&fix)) {
		alice = enter(&fix, CALL_CALLER, 3, CALL_INVITE, "bt");
		CHECK_INT(alice->invite_cseq, 3);
		CHECK_INT(alice->invite_shift, 1);
		alice = enter(&fix, CALL_CALLER, 3, CALL_INVITE, "bt");
		CHECK_INT(fix.rec.side[CALL_CALLEE].shift, 2);
		CHECK_INT(alice->invite_shift, 2);
		/* a challenge of it; then what has another CSeq */
		call_record_shift(fix.link, sample.call,
				  &(struct call_shift){CALL_CALLEE, 3, 3, ""});
		call_record_shift(fix.link, sample.call,
				  &(struct call_shift){CALL_CALLEE, 4, 8, ""});
		alice = enter(&fix, CALL_CALLER, 3, CALL_ACK, "bt");
		CHECK_INT(alice->invite_shift, 3);
		CHECK_INT(fix.rec.side[CALL_CALLEE].shift, 4);
		CHECK_INT(fix.rec.side[CALL_CALLER].shift, 0);
	}
	stop(&fix);
}

static void what_is_of_another_dialog_changes_nothing(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(enter(&fix, CALL_CALLER, 7, CALL_INVITE, "x")->cseq,
			  2);
		CHECK_INT(fix.rec.side[CALL_CALLER].invite_cseq, 0);
	}
	stop(&fix);
}

static void targets_flows_and_who_answered_are_replaced(void)
{
	const struct pl target[CALL_SIDES] = {PL("sip:new@x.invalid"),
					      {NULL, 0}};
	const uint8_t flow[] = {9, 8, 7};
	const struct call_side *bob;
	struct fixture fix;

	if (start(&fix)) {
		call_targets(fix.link, sample.call, target);
		call_flow(fix.link, sample.call, CALL_CALLEE, flow,
			  sizeof(flow));
		call_answered_here(fix.link, sample.call, CALL_CALLEE, 44,
				   "s1/2/9");
		bob = enter(&fix, CALL_CALLEE, 1, CALL_ACK, "bt");
		CHECK_STR(fix.rec.side[CALL_CALLER].target,
			  "sip:new@x.invalid");
		CHECK_STR(bob->target, "sip:b@y.invalid");
		CHECK_INT(bob->flow_len, 3);
		CHECK(!memcmp(bob->flow, flow, 3));
		CHECK_INT(bob->own_cseq, 44);
		CHECK_STR(bob->own_at, "s1/2/9");
	}
	stop(&fix);
}

static void a_call_that_has_ended_stays_ended(void)
{
	const struct call_end over = {.call = sample.call,
				      .reason = STATUS_HANGUP, .who = "s1/1",
				      .cdr_s = 604800};
	const uint8_t flow[] = {9};
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(wait_code(&fix, call_record_end(
				&fix.ask, fix.link, &over, on_answer, &fix)),
			  STATUS_OK);
		CHECK_STR(fix.rec.side[CALL_CALLEE].user, "bob");
		call_flow(fix.link, sample.call, CALL_CALLEE, flow, 1);
		CHECK_INT(wait_code(&fix, call_record_load(
				&fix.ask, fix.link, sample.call, on_answer,
				&fix)), STATUS_UNKNOWN_DIALOG);
	}
	stop(&fix);
}

TEST_MAIN(TEST(the_highest_cseq_of_each_side_is_kept),
	  TEST(a_cseq_that_is_used_again_goes_on_as_the_next),
	  TEST(what_is_of_another_dialog_changes_nothing),
	  TEST(targets_flows_and_who_answered_are_replaced),
	  TEST(a_call_that_has_ended_stays_ended))
