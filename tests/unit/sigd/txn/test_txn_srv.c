/*
 * test_txn_srv.c  Server transactions: every timer and transition
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/unit/sigd/txn/wire.h"

/* --- INVITE --------------------------------------------------------------- */

static void slow_user_gets_a_100_sent(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	wire_wait(&w, T1 * 2 / 5 - 1);
	CHECK_INT(w.sent, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.sent, 1);
	CHECK(wire_is(&w, 0, "SIP/2.0 100 Trying\r\n"));
	CHECK(!strstr(w.log[0].text, "tag=us"));
	wire_close(&w);
}

static void answered_user_gets_no_100(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	CHECK_INT(wire_answer(st, 180), 0);
	wire_wait(&w, T1 * 10);
	CHECK_INT(w.sent, 1);
	CHECK_STR(txn_srv_state(st), "Proceeding");
	wire_close(&w);
}

static void repeated_invite_gets_the_last_provisional_again(void)
{
	struct txn_srv *st = NULL, *found = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_request_in(&w, "INVITE", "z9hG4bKx", &found), TXN_NEW);
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	CHECK_INT(wire_request_in(&w, "INVITE", "z9hG4bKx", &found),
		  TXN_ABSORBED);
	CHECK(found == st);
	CHECK_INT(w.sent, 0);
	CHECK_INT(wire_answer(st, 180), 0);
	CHECK_INT(wire_answer(st, 183), 0);
	CHECK_INT(wire_request_in(&w, "INVITE", "z9hG4bKx", NULL),
		  TXN_ABSORBED);
	CHECK_INT(w.sent, 3);
	CHECK(wire_is(&w, 2, "SIP/2.0 183"));
	wire_close(&w);
}

static void refusal_is_repeated_by_g_until_h(void)
{
	static const uint64_t atv[] = {0,    50,   150,  350,  750, 1150,
				       1550, 1950, 2350, 2750, 3150};
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	CHECK_INT(wire_answer(st, 486), 0);
	CHECK_STR(txn_srv_state(st), "Completed");
	wire_wait(&w, 64 * T1 - 1);
	CHECK_INT(w.sent, ARRAY_SIZE(atv));
	for (unsigned i = 0; i < w.sent; i++)
		CHECK_INT(w.log[i].at, 1000 + atv[i]);
	CHECK_INT(w.ends, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.ends, 1);
	CHECK_INT(w.end_err, ETIMEDOUT);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void refusal_is_not_repeated_on_a_reliable_transport(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.tcp), 0);
	CHECK_INT(wire_answer(st, 486), 0);
	wire_wait(&w, 64 * T1);
	CHECK_INT(w.sent, 1);
	CHECK_INT(w.end_err, ETIMEDOUT);
	wire_close(&w);
}

static void ack_confirms_and_i_ends(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	CHECK_INT(wire_answer(st, 404), 0);
	CHECK_INT(wire_request_in(&w, "ACK", "z9hG4bKx", NULL), TXN_ABSORBED);
	CHECK_STR(txn_srv_state(st), "Confirmed");
	/* Confirmed absorbs both, and sends nothing */
	CHECK_INT(wire_request_in(&w, "ACK", "z9hG4bKx", NULL), TXN_ABSORBED);
	CHECK_INT(wire_request_in(&w, "INVITE", "z9hG4bKx", NULL),
		  TXN_ABSORBED);
	wire_wait(&w, T4 - 1);
	CHECK_INT(w.sent, 1);
	CHECK_INT(w.ends, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.end_err, 0);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void ack_ends_at_once_on_a_reliable_transport(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.tcp), 0);
	CHECK_INT(wire_answer(st, 404), 0);
	CHECK_INT(wire_request_in(&w, "ACK", "z9hG4bKx", NULL), TXN_ABSORBED);
	wire_wait(&w, 1);
	CHECK_INT(w.end_err, 0);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void accepted_absorbs_invites_and_passes_acks_until_l(void)
{
	struct txn_srv *st = NULL, *found = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	CHECK_INT(wire_answer(st, 200), 0);
	CHECK_STR(txn_srv_state(st), "Accepted");
	CHECK_INT(wire_request_in(&w, "INVITE", "z9hG4bKx", NULL),
		  TXN_ABSORBED);
	CHECK_INT(w.sent, 1);
	CHECK_INT(wire_request_in(&w, "ACK", "z9hG4bKx", &found), TXN_ACK);
	CHECK(found == st);
	/* another dialog of a forked INVITE, or a repetition */
	CHECK_INT(wire_answer(st, 200), 0);
	CHECK_INT(w.sent, 2);
	CHECK_INT(wire_answer(st, 486), EALREADY);
	CHECK_INT(wire_answer(st, 180), EALREADY);
	wire_wait(&w, 64 * T1 - 1);
	CHECK_INT(w.ends, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.end_err, 0);
	CHECK_INT(w.sent, 2);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

/* RFC 3261 26.3.2.4 */
static void a_refusal_of_who_is_not_known_is_sent_once(void)
{
	static const char *const methods[] = {"INVITE", "OPTIONS"};
	struct txn_srv *st = NULL;
	struct wire w;

	for (unsigned i = 0; i < 2; i++) {
		REQUIRE(wire_open(&w));
		CHECK_INT(wire_serve(&w, &st, methods[i], &w.udp), 0);
		txn_srv_once(st, true);
		CHECK_INT(wire_answer(st, 401), 0);
		wire_wait(&w, 1);
		CHECK_INT(w.end_err, 0);
		CHECK(wire_empty(&w));
		wire_wait(&w, 64 * T1);
		CHECK_INT(w.sent, 1);
		wire_close(&w);
	}
}

static void what_is_granted_is_kept_as_ever(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "OPTIONS", &w.udp), 0);
	txn_srv_once(st, true);
	CHECK_INT(wire_answer(st, 200), 0);
	wire_wait(&w, 64 * T1 - 1);
	CHECK_INT(w.ends, 0);
	wire_close(&w);
}

static void only_one_final_response(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.tcp), 0);
	CHECK(!txn_srv_answered(st));
	CHECK_INT(wire_answer(st, 486), 0);
	CHECK(txn_srv_answered(st));
	CHECK_INT(wire_answer(st, 487), EALREADY);
	CHECK_INT(wire_answer(st, 200), EALREADY);
	CHECK_INT(w.sent, 1);
	wire_close(&w);
}

static void our_own_2xx_is_repeated_until_its_ack(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.tcp), 0);
	CHECK_INT(txn_srv_repeat_2xx(st), EINVAL);
	CHECK_INT(wire_answer(st, 200), 0);
	CHECK_INT(txn_srv_repeat_2xx(st), 0);
	wire_wait(&w, 50 + 100 + 200 + 400 + 400);
	CHECK_INT(w.sent, 6);
	CHECK(wire_is(&w, 5, "SIP/2.0 200"));
	txn_srv_acked(st);
	wire_wait(&w, 64 * T1);
	CHECK_INT(w.sent, 6);
	CHECK_INT(w.end_err, 0);
	wire_close(&w);
}

static void our_own_2xx_without_ack_is_told(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	CHECK_INT(wire_answer(st, 200), 0);
	CHECK_INT(txn_srv_repeat_2xx(st), 0);
	wire_wait(&w, 64 * T1);
	CHECK_INT(w.end_err, ETIMEDOUT);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void failed_sending_does_not_end_it(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	w.send_err = ENOTCONN;
	CHECK_INT(wire_answer(st, 486), ENOTCONN);
	CHECK_STR(txn_srv_state(st), "Completed");
	w.send_err = 0;
	wire_wait(&w, T1);
	CHECK_INT(w.sent, 1);
	wire_close(&w);
}

/* --- other methods -------------------------------------------------------- */

static void other_request_is_answered_and_repeated_until_j(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "REGISTER", &w.udp), 0);
	CHECK_STR(txn_srv_state(st), "Trying");
	CHECK_INT(wire_request_in(&w, "REGISTER", "z9hG4bKx", NULL),
		  TXN_ABSORBED);
	CHECK_INT(w.sent, 0);
	CHECK_INT(wire_answer(st, 200), 0);
	CHECK_STR(txn_srv_state(st), "Completed");
	CHECK_INT(wire_request_in(&w, "REGISTER", "z9hG4bKx", NULL),
		  TXN_ABSORBED);
	CHECK_INT(w.sent, 2);
	CHECK_INT(wire_answer(st, 200), EALREADY);
	wire_wait(&w, 64 * T1 - 1);
	CHECK_INT(w.ends, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.end_err, 0);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void other_request_ends_at_once_on_a_reliable_transport(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "OPTIONS", &w.tcp), 0);
	CHECK_INT(wire_answer(st, 200), 0);
	CHECK_INT(w.ends, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.ends, 1);
	CHECK_INT(w.end_err, 0);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void a_100_waits_until_timer_e_is_at_t2(void)
{
	/* 50 + 100 + 200 */
	const unsigned wait = 350;
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "MESSAGE", &w.udp), 0);
	CHECK_INT(wire_answer(st, 100), EPROTO);
	wire_wait(&w, wait - 1);
	CHECK_INT(w.sent, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.sent, 1);
	CHECK(wire_is(&w, 0, "SIP/2.0 100"));
	CHECK_STR(txn_srv_state(st), "Proceeding");
	CHECK_INT(wire_request_in(&w, "MESSAGE", "z9hG4bKx", NULL),
		  TXN_ABSORBED);
	CHECK_INT(w.sent, 2);
	wire_close(&w);
}

static void a_100_may_go_early_on_a_reliable_transport(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "MESSAGE", &w.tcp), 0);
	CHECK_INT(wire_answer(st, 100), 0);
	wire_wait(&w, 64 * T1 - 1);
	CHECK_INT(w.sent, 1);
	wire_close(&w);
}

static void other_provisionals_are_never_sent(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "REFER", &w.tcp), 0);
	CHECK_INT(wire_answer(st, 180), EPROTO);
	CHECK_INT(w.sent, 0);
	wire_close(&w);
}

static void a_408_is_not_sent_and_ends_it(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "BYE", &w.udp), 0);
	CHECK_INT(wire_answer(st, 408), EPROTO);
	CHECK_INT(w.ends, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.ends, 1);
	CHECK_INT(w.sent, 0);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void unanswered_other_request_ends_silently(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "BYE", &w.udp), 0);
	wire_wait(&w, 64 * T1 - 1);
	CHECK_INT(w.ends, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.end_err, ETIMEDOUT);
	CHECK_INT(w.sent, 1); /* the 100 */
	CHECK(wire_empty(&w));
	wire_close(&w);
}

/* --- life ----------------------------------------------------------------- */

static void detached_user_leaves_a_500(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.tcp), 0);
	txn_srv_detach(st);
	CHECK(wire_is(&w, 0, "SIP/2.0 500"));
	wire_wait(&w, 64 * T1);
	CHECK_INT(w.ends, 0);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void user_may_come_later(void)
{
	struct txn_srv *st = NULL;
	struct wire w, other = {.end_err = -1};

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "OPTIONS", &w.tcp), 0);
	txn_srv_attach(st, wire_on_srv_end, &other);
	CHECK_INT(wire_answer(st, 200), 0);
	wire_wait(&w, 1);
	CHECK_INT(w.ends, 0);
	CHECK_INT(other.ends, 1);
	CHECK_INT(other.end_err, 0);
	wire_close(&w);
}

static void table_takes_its_transactions_along(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	CHECK_INT(wire_answer(st, 486), 0);
	wire_close(&w);
	CHECK_INT(w.ends, 0);
}

static void memory_runs_out_anywhere(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	if (!wire_open(&w))
		return;
	if (!wire_serve(&w, &st, "INVITE", &w.udp)) {
		(void)wire_answer(st, 180);
		(void)wire_answer(st, 486);
		wire_wait(&w, 64 * T1);
		if (!w.ends)
			txn_srv_detach(st);
	}
	wire_close(&w);
}

TEST_MAIN(TEST(slow_user_gets_a_100_sent), TEST(answered_user_gets_no_100),
	  TEST(repeated_invite_gets_the_last_provisional_again),
	  TEST(refusal_is_repeated_by_g_until_h),
	  TEST(refusal_is_not_repeated_on_a_reliable_transport),
	  TEST(ack_confirms_and_i_ends),
	  TEST(ack_ends_at_once_on_a_reliable_transport),
	  TEST(accepted_absorbs_invites_and_passes_acks_until_l),
	  TEST(only_one_final_response),
	  TEST(our_own_2xx_is_repeated_until_its_ack),
	  TEST(a_refusal_of_who_is_not_known_is_sent_once),
	  TEST(what_is_granted_is_kept_as_ever),
	  TEST(our_own_2xx_without_ack_is_told),
	  TEST(failed_sending_does_not_end_it),
	  TEST(other_request_is_answered_and_repeated_until_j),
	  TEST(other_request_ends_at_once_on_a_reliable_transport),
	  TEST(a_100_waits_until_timer_e_is_at_t2),
	  TEST(a_100_may_go_early_on_a_reliable_transport),
	  TEST(other_provisionals_are_never_sent),
	  TEST(a_408_is_not_sent_and_ends_it),
	  TEST(unanswered_other_request_ends_silently),
	  TEST(detached_user_leaves_a_500), TEST(user_may_come_later),
	  TEST(table_takes_its_transactions_along),
	  TEST_OOM(memory_runs_out_anywhere))
