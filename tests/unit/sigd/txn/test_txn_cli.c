/*
 * test_txn_cli.c  Client transactions: every timer and transition
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/unit/sigd/txn/wire.h"

static void in(struct wire *w, unsigned scode, const char *method)
{
	CHECK(wire_response_in(w, scode, method, "z9hG4bKx"));
}

/* --- INVITE --------------------------------------------------------------- */

static void invite_is_repeated_by_a_until_b(void)
{
	static const uint64_t atv[] = {0, 50, 150, 350, 750, 1550, 3150};
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.udp), 0);
	CHECK_STR(txn_cli_state(ct), "Calling");
	wire_wait(&w, 64 * T1 - 1);
	CHECK_INT(w.sent, ARRAY_SIZE(atv));
	for (unsigned i = 0; i < w.sent; i++)
		CHECK_INT(w.log[i].at, 1000 + atv[i]);
	wire_wait(&w, 1);
	CHECK_INT(w.ends, 1);
	CHECK_INT(w.end_err, ETIMEDOUT);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void invite_is_sent_once_on_a_reliable_transport(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.tcp), 0);
	wire_wait(&w, 64 * T1);
	CHECK_INT(w.sent, 1);
	CHECK_INT(w.end_err, ETIMEDOUT);
	wire_close(&w);
}

static void provisional_stops_a_and_b(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.udp), 0);
	in(&w, 100, "INVITE");
	CHECK_STR(txn_cli_state(ct), "Proceeding");
	wire_wait(&w, 200 * T1);
	in(&w, 180, "INVITE");
	CHECK_INT(w.responses, 2);
	CHECK_INT(w.sent, 1);
	CHECK_INT(w.ends, 0);
	wire_close(&w);
}

static void refusal_is_acknowledged_each_time_and_told_once(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.udp), 0);
	in(&w, 486, "INVITE");
	CHECK_STR(txn_cli_state(ct), "Completed");
	in(&w, 486, "INVITE");
	in(&w, 180, "INVITE");
	in(&w, 200, "INVITE");
	CHECK_INT(w.responses, 1);
	CHECK_INT(w.last_scode, 486);
	CHECK_INT(w.sent, 3);
	CHECK(wire_is(&w, 1, "ACK sip:bob@example.org SIP/2.0\r\n"));
	CHECK_STR(w.log[1].text, w.log[2].text);
	wire_wait(&w, 64 * T1 - 1);
	CHECK_INT(w.ends, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.end_err, 0);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void ack_is_built_as_the_rfc_says(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.udp), 0);
	in(&w, 486, "INVITE");
	CHECK_STR(w.log[1].text,
		  "ACK sip:bob@example.org SIP/2.0\r\n"
		  "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx\r\n"
		  "Route: <sip:next.example.org;lr>\r\n"
		  "Max-Forwards: 70\r\n"
		  "From: <sip:alice@example.org>;tag=a1\r\n"
		  "To: <sip:bob@example.org>;tag=b486\r\n"
		  "Call-ID: call-1@example.org\r\n"
		  "CSeq: 7 ACK\r\n"
		  "Content-Length: 0\r\n\r\n");
	wire_close(&w);
}

static void refusal_ends_at_once_on_a_reliable_transport(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.tcp), 0);
	in(&w, 603, "INVITE");
	wire_wait(&w, 1);
	CHECK_INT(w.end_err, 0);
	CHECK_INT(w.sent, 2);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void every_2xx_passes_until_m(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.tcp), 0);
	in(&w, 200, "INVITE");
	CHECK_STR(txn_cli_state(ct), "Accepted");
	in(&w, 200, "INVITE");
	in(&w, 180, "INVITE");
	in(&w, 486, "INVITE");
	CHECK_INT(w.responses, 2);
	CHECK_INT(w.sent, 1); /* no ACK from here */
	wire_wait(&w, 64 * T1 - 1);
	CHECK_INT(w.ends, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.end_err, 0);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

/* --- CANCEL --------------------------------------------------------------- */

static void cancel_waits_for_a_provisional(void)
{
	struct pl reason = PL("SIP;cause=200;text=\"elsewhere\"");
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.tcp), 0);
	CHECK_INT(txn_cli_cancel(ct, &reason), 0);
	CHECK_INT(w.sent, 1);
	in(&w, 180, "INVITE");
	CHECK_INT(w.sent, 2);
	CHECK_STR(w.log[1].text,
		  "CANCEL sip:bob@example.org SIP/2.0\r\n"
		  "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx\r\n"
		  "Route: <sip:next.example.org;lr>\r\n"
		  "Max-Forwards: 70\r\n"
		  "From: <sip:alice@example.org>;tag=a1\r\n"
		  "To: <sip:bob@example.org>\r\n"
		  "Call-ID: call-1@example.org\r\n"
		  "CSeq: 7 CANCEL\r\n"
		  "Reason: SIP;cause=200;text=\"elsewhere\"\r\n"
		  "Content-Length: 0\r\n\r\n");
	in(&w, 183, "INVITE");
	CHECK_INT(w.sent, 2); /* one CANCEL is enough */
	in(&w, 200, "CANCEL");
	in(&w, 487, "INVITE");
	CHECK_INT(w.last_scode, 487);
	wire_wait(&w, 1);
	CHECK_INT(w.end_err, 0);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void cancelled_invite_is_not_repeated(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.udp), 0);
	wire_wait(&w, T1);
	CHECK_INT(w.sent, 2);
	CHECK_INT(txn_cli_cancel(ct, NULL), 0);
	wire_wait(&w, 60 * T1);
	CHECK_INT(w.sent, 2);
	in(&w, 180, "INVITE");
	CHECK_INT(w.sent, 3);
	in(&w, 200, "CANCEL");
	in(&w, 487, "INVITE");
	wire_wait(&w, 64 * T1);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void cancel_goes_at_once_behind_a_provisional(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.udp), 0);
	in(&w, 180, "INVITE");
	CHECK_INT(txn_cli_cancel(ct, NULL), 0);
	CHECK_INT(txn_cli_cancel(ct, NULL), 0);
	CHECK(wire_is(&w, 1, "CANCEL "));
	CHECK_INT(w.sent, 2);
	wire_close(&w);
}

static void an_invite_of_another_process_is_cancelled_and_acknowledged(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_restore(&w, &ct, "INVITE"), 0);
	CHECK_INT(w.sent, 0);
	wire_wait(&w, 64 * T1);
	CHECK_INT(w.sent, 0);
	CHECK_INT(txn_cli_cancel(ct, NULL), 0);
	CHECK(wire_is(&w, 0, "CANCEL "));
	in(&w, 200, "CANCEL");
	in(&w, 487, "INVITE");
	CHECK(wire_is(&w, 1, "ACK "));
	wire_wait(&w, 64 * T1);
	CHECK_INT(w.ends, 1);
	CHECK(wire_empty(&w));
	CHECK_INT(wire_restore(&w, &ct, "BYE"), EINVAL);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void cancel_behind_a_final_does_nothing(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.udp), 0);
	in(&w, 200, "INVITE");
	CHECK_INT(txn_cli_cancel(ct, NULL), 0);
	CHECK_INT(w.sent, 1);
	wire_close(&w);
}

static void final_before_the_provisional_drops_the_cancel(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.tcp), 0);
	CHECK_INT(txn_cli_cancel(ct, NULL), 0);
	in(&w, 200, "INVITE");
	CHECK_INT(w.sent, 1);
	CHECK_INT(w.last_scode, 200);
	wire_close(&w);
}

static void cancelled_invite_without_a_final_ends(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.tcp), 0);
	in(&w, 180, "INVITE");
	CHECK_INT(txn_cli_cancel(ct, NULL), 0);
	in(&w, 200, "CANCEL");
	wire_wait(&w, 64 * T1 - 1);
	CHECK_INT(w.ends, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.end_err, ECANCELED);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void only_invites_are_cancelled(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "OPTIONS", &w.udp), 0);
	CHECK_INT(txn_cli_cancel(ct, NULL), EINVAL);
	wire_close(&w);
}

/* --- other methods -------------------------------------------------------- */

static void other_request_is_repeated_by_e_until_f(void)
{
	static const uint64_t atv[] = {0,    50,   150,  350,  750, 1150,
				       1550, 1950, 2350, 2750, 3150};
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "BYE", &w.udp), 0);
	CHECK_STR(txn_cli_state(ct), "Trying");
	wire_wait(&w, 64 * T1 - 1);
	CHECK_INT(w.sent, ARRAY_SIZE(atv));
	for (unsigned i = 0; i < w.sent; i++)
		CHECK_INT(w.log[i].at, 1000 + atv[i]);
	wire_wait(&w, 1);
	CHECK_INT(w.end_err, ETIMEDOUT);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void provisional_slows_e_to_t2_and_f_stays(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "REGISTER", &w.udp), 0);
	in(&w, 100, "REGISTER");
	CHECK_STR(txn_cli_state(ct), "Proceeding");
	wire_wait(&w, 50 + 400);
	CHECK_INT(w.sent, 3);
	CHECK_INT(w.log[2].at, 1450);
	wire_wait(&w, 64 * T1 - 450);
	CHECK_INT(w.end_err, ETIMEDOUT);
	wire_close(&w);
}

static void final_is_told_once_and_k_ends(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "REGISTER", &w.udp), 0);
	in(&w, 200, "REGISTER");
	in(&w, 200, "REGISTER");
	in(&w, 100, "REGISTER");
	CHECK_INT(w.responses, 1);
	wire_wait(&w, T4 - 1);
	CHECK_INT(w.ends, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.end_err, 0);
	CHECK_INT(w.sent, 1);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void final_ends_at_once_on_a_reliable_transport(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "BYE", &w.tcp), 0);
	in(&w, 481, "BYE");
	CHECK_INT(w.ends, 0);
	wire_wait(&w, 1);
	CHECK_INT(w.end_err, 0);
	CHECK(!wire_response_in(&w, 481, "BYE", "z9hG4bKx"));
	wire_close(&w);
}

/* --- errors --------------------------------------------------------------- */

static void first_sending_that_fails_makes_no_transaction(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	w.send_err = ENOTCONN;
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.udp), ENOTCONN);
	CHECK(!ct && wire_empty(&w));
	wire_close(&w);
}

static void repetition_that_fails_ends_it(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.udp), 0);
	w.send_err = EHOSTUNREACH;
	wire_wait(&w, T1);
	CHECK_INT(w.ends, 1);
	CHECK_INT(w.end_err, EHOSTUNREACH);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void lost_flow_ends_it_with_the_error(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.tcp), 0);
	in(&w, 180, "INVITE");
	txn_cli_transport_error(ct, ECONNRESET);
	CHECK_INT(w.end_err, ECONNRESET);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void lost_flow_behind_a_final_is_no_error(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.tcp), 0);
	in(&w, 200, "INVITE");
	txn_cli_transport_error(ct, ECONNRESET);
	CHECK_INT(w.end_err, 0);
	wire_close(&w);
}

static void what_is_no_request_is_not_started(void)
{
	static const char *const badv[] = {"", "INVITE", "SIP/2.0 200 OK\r\n",
					   "ACK sip:a SIP/2.0\r\n"};
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	for (size_t i = 0; i < ARRAY_SIZE(badv); i++) {
		struct txn_cli_params params = {
			.dest = &w.udp,
			.msg = (const uint8_t *)badv[i],
			.len = strlen(badv[i]),
			.branch = {"x", 1},
		};
		CHECK_INT(txn_cli_start(&ct, w.table, &params), EINVAL);
	}
	CHECK_INT(w.sent, 0);
	wire_close(&w);
}

static void detached_transaction_still_acknowledges(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.udp), 0);
	txn_cli_detach(ct);
	in(&w, 486, "INVITE");
	CHECK(wire_is(&w, 1, "ACK "));
	wire_wait(&w, 64 * T1);
	CHECK_INT(w.responses + w.ends, 0);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void detached_ringing_invite_is_cancelled(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.tcp), 0);
	in(&w, 180, "INVITE");
	txn_cli_detach(ct);
	CHECK(wire_is(&w, 1, "CANCEL "));
	wire_wait(&w, 64 * T1);
	CHECK(wire_empty(&w));
	wire_close(&w);
}

static void memory_runs_out_anywhere(void)
{
	struct txn_cli *ct = NULL;
	struct wire w;

	if (!wire_open(&w))
		return;
	if (!wire_ask(&w, &ct, "INVITE", &w.udp)) {
		struct pl reason = PL("SIP;cause=200");

		(void)txn_cli_cancel(ct, &reason);
		(void)wire_response_in(&w, 180, "INVITE", "z9hG4bKx");
		(void)wire_response_in(&w, 487, "INVITE", "z9hG4bKx");
		wire_wait(&w, 65 * T1);
		CHECK_INT(w.ends, 1);
	}
	wire_close(&w);
}

TEST_MAIN(TEST(invite_is_repeated_by_a_until_b),
	  TEST(invite_is_sent_once_on_a_reliable_transport),
	  TEST(provisional_stops_a_and_b),
	  TEST(refusal_is_acknowledged_each_time_and_told_once),
	  TEST(ack_is_built_as_the_rfc_says),
	  TEST(refusal_ends_at_once_on_a_reliable_transport),
	  TEST(every_2xx_passes_until_m), TEST(cancel_waits_for_a_provisional),
	  TEST(cancelled_invite_is_not_repeated),
	  TEST(cancel_goes_at_once_behind_a_provisional),
	  TEST(an_invite_of_another_process_is_cancelled_and_acknowledged),
	  TEST(cancel_behind_a_final_does_nothing),
	  TEST(final_before_the_provisional_drops_the_cancel),
	  TEST(cancelled_invite_without_a_final_ends),
	  TEST(only_invites_are_cancelled),
	  TEST(other_request_is_repeated_by_e_until_f),
	  TEST(provisional_slows_e_to_t2_and_f_stays),
	  TEST(final_is_told_once_and_k_ends),
	  TEST(final_ends_at_once_on_a_reliable_transport),
	  TEST(first_sending_that_fails_makes_no_transaction),
	  TEST(repetition_that_fails_ends_it),
	  TEST(lost_flow_ends_it_with_the_error),
	  TEST(lost_flow_behind_a_final_is_no_error),
	  TEST(what_is_no_request_is_not_started),
	  TEST(detached_transaction_still_acknowledges),
	  TEST(detached_ringing_invite_is_cancelled),
	  TEST_OOM(memory_runs_out_anywhere))
