/*
 * test_txn_table.c  What belongs to which transaction, limits, figures
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/unit/sigd/txn/wire.h"

static enum txn_match match(struct wire *w, const char *text,
			    struct txn_srv **stp)
{
	struct smsg_err why;
	struct smsg msg;
	char buf[1024];

	str_ncpy(buf, text, sizeof(buf));
	CHECK_INT(smsg_decode(&msg, (uint8_t *)buf, strlen(buf), NULL, &why),
		  0);
	return txn_recv_request(w->table, &msg, stp);
}

#define REQUEST(method, cseq, via, totag)               \
	method " sip:bob@example.org SIP/2.0\r\n"       \
	       "Via: SIP/2.0/UDP " via "\r\n"           \
	       "From: <sip:a@example.org>;tag=f\r\n"    \
	       "To: <sip:bob@example.org>" totag "\r\n" \
	       "Call-ID: c\r\nCSeq: " cseq " " method "\r\n\r\n"

static int serve(struct wire *w, struct txn_srv **stp, const char *text)
{
	struct smsg_err why;
	struct smsg msg;
	char buf[1024];

	str_ncpy(buf, text, sizeof(buf));
	CHECK_INT(smsg_decode(&msg, (uint8_t *)buf, strlen(buf), NULL, &why),
		  0);
	return txn_srv_start(stp, w->table, &msg, &w->udp, wire_on_srv_end, w);
}

static void branch_sentby_and_method_make_a_transaction(void)
{
	struct txn_srv *st = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(serve(&w, &st,
			REQUEST("INVITE", "1", "h.org:5060;branch=z9hG4bK1",
				"")),
		  0);
	CHECK_INT(match(&w,
			REQUEST("INVITE", "1", "H.org:5060;branch=z9hG4bK1",
				""),
			NULL),
		  TXN_ABSORBED);
	CHECK_INT(match(&w,
			REQUEST("INVITE", "1", "h.org:5060;branch=z9hG4bK2",
				""),
			NULL),
		  TXN_NEW);
	CHECK_INT(match(&w,
			REQUEST("INVITE", "1", "g.org:5060;branch=z9hG4bK1",
				""),
			NULL),
		  TXN_NEW);
	CHECK_INT(match(&w,
			REQUEST("INVITE", "1", "h.org:5061;branch=z9hG4bK1",
				""),
			NULL),
		  TXN_NEW);
	CHECK_INT(match(&w,
			REQUEST("OPTIONS", "1", "h.org:5060;branch=z9hG4bK1",
				""),
			NULL),
		  TXN_NEW);
	wire_close(&w);
}

static void view_from(struct smsg *msg, char *buf, const char *text,
		      const char *host)
{
	struct smsg_err why;
	struct pl pl;

	str_ncpy(buf, text, 1024);
	CHECK_INT(smsg_decode(msg, (uint8_t *)buf, strlen(buf), NULL, &why),
		  0);
	pl_set_str(&pl, host);
	CHECK(!smsg_source_set(msg, &pl, 5060));
}

/* Branches of some senders can be guessed: whoever does must not be able to
 * cancel the call of another, nor to have its INVITE absorbed. */
static void another_source_is_another_transaction(void)
{
	static const char invite[] =
		REQUEST("INVITE", "1", "h.org;branch=z9hG4bK1", "");
	static const char cancel[] =
		REQUEST("CANCEL", "1", "h.org;branch=z9hG4bK1", "");
	struct txn_srv *st = NULL;
	struct smsg msg;
	struct wire w;
	char buf[1024];

	REQUIRE(wire_open(&w));
	view_from(&msg, buf, invite, "192.0.2.1");
	CHECK_INT(txn_srv_start(&st, w.table, &msg, &w.udp, wire_on_srv_end,
				&w),
		  0);
	CHECK_INT(txn_recv_request(w.table, &msg, NULL), TXN_ABSORBED);
	view_from(&msg, buf, invite, "192.0.2.2");
	CHECK_INT(txn_recv_request(w.table, &msg, NULL), TXN_NEW);
	view_from(&msg, buf, cancel, "192.0.2.2");
	CHECK(!txn_srv_find_invite(w.table, &msg));
	view_from(&msg, buf, cancel, "192.0.2.1");
	CHECK(txn_srv_find_invite(w.table, &msg) == st);
	wire_close(&w);
}

static void rfc2543_requests_are_told_apart_by_their_fields(void)
{
	struct txn_srv *st = NULL, *found = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	/* the cookie alone is no branch (RFC 4475 3.2.1) */
	CHECK_INT(serve(&w, &st,
			REQUEST("INVITE", "1", "h.org;branch=z9hG4bK", "")),
		  0);
	CHECK_INT(match(&w, REQUEST("INVITE", "1", "h.org;branch=z9hG4bK", ""),
			NULL),
		  TXN_ABSORBED);
	CHECK_INT(match(&w, REQUEST("INVITE", "2", "h.org;branch=z9hG4bK", ""),
			NULL),
		  TXN_NEW);
	CHECK_INT(wire_answer(st, 486), 0);
	CHECK_INT(match(&w,
			REQUEST("ACK", "1", "h.org;branch=z9hG4bK", ";tag=us"),
			&found),
		  TXN_ABSORBED);
	CHECK(found == st);
	CHECK_INT(serve(&w, &st, REQUEST("INVITE", "1", "h.org", "")), 0);
	CHECK_INT(match(&w, REQUEST("INVITE", "1", "h.org", ""), NULL),
		  TXN_ABSORBED);
	wire_close(&w);
}

static void ack_of_a_2xx_passes(void)
{
	struct txn_srv *found = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_request_in(&w, "ACK", "z9hG4bKnew", &found), TXN_ACK);
	CHECK(!found);
	wire_close(&w);
}

static void cancel_is_a_transaction_and_finds_its_invite(void)
{
	struct txn_srv *st = NULL, *cancel = NULL;
	struct smsg msg;
	struct wire w;
	char buf[1024];

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	CHECK_INT(wire_request_in(&w, "CANCEL", "z9hG4bKx", NULL), TXN_NEW);
	CHECK_INT(wire_serve(&w, &cancel, "CANCEL", &w.udp), 0);
	wire_view(&msg, buf,
		  wire_request(buf, sizeof(buf), "CANCEL", "z9hG4bKx"));
	CHECK(txn_srv_find_invite(w.table, &msg) == st);
	CHECK_INT(wire_answer(cancel, 200), 0);
	CHECK_INT(wire_request_in(&w, "CANCEL", "z9hG4bKx", NULL),
		  TXN_ABSORBED);
	CHECK_INT(w.sent, 2);

	wire_view(&msg, buf,
		  wire_request(buf, sizeof(buf), "CANCEL", "z9hG4bKother"));
	CHECK(!txn_srv_find_invite(w.table, &msg));
	wire_close(&w);
}

static void response_needs_branch_and_method(void)
{
	struct txn_cli *ct = NULL;
	struct txn_stats stats;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.udp), 0);
	CHECK(!wire_response_in(&w, 200, "INVITE", "z9hG4bKy"));
	CHECK(!wire_response_in(&w, 200, "BYE", "z9hG4bKx"));
	CHECK(wire_response_in(&w, 200, "INVITE", "z9hG4bKx"));
	txn_table_stats(w.table, &stats);
	CHECK_INT(stats.strays, 2);
	wire_close(&w);
}

static void one_transaction_for_one_key(void)
{
	struct txn_srv *st = NULL;
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), EALREADY);
	CHECK_INT(wire_serve(&w, &st, "ACK", &w.udp), EINVAL);
	CHECK_INT(wire_ask(&w, &ct, "BYE", &w.udp), 0);
	CHECK_INT(wire_ask(&w, &ct, "BYE", &w.udp), EALREADY);
	wire_close(&w);
}

static void full_table_refuses_and_counts(void)
{
	struct txn_srv *st = NULL;
	struct txn_cli *ct = NULL;
	struct txn_stats stats;
	struct wire w;
	char text[512];

	REQUIRE(wire_open(&w)); /* room for 8 */
	for (int i = 0; i < 6; i++) {
		re_snprintf(text, sizeof(text),
			    REQUEST("OPTIONS", "1", "h.org;branch=z9hG4bK-%d",
				    ""),
			    i);
		CHECK_INT(serve(&w, &st, text), 0);
	}
	/* a flood leaves room for what ends calls, */
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), ENFILE);
	CHECK_INT(serve(&w, &st,
			REQUEST("BYE", "2", "h.org;branch=z9hG4bK-b",
				";tag=us")),
		  0);
	CHECK_INT(wire_serve(&w, &st, "CANCEL", &w.udp), ENFILE);
	/* and one of such requests for our own */
	CHECK_INT(wire_ask(&w, &ct, "BYE", &w.udp), 0);
	CHECK_INT(wire_ask(&w, &ct, "INVITE", &w.udp), ENFILE);
	txn_table_stats(w.table, &stats);
	CHECK_INT(stats.refused, 3);
	CHECK_INT(stats.servers, 7);
	CHECK_INT(wire_answer(st, 200), 0);
	wire_wait(&w, 64 * T1);
	CHECK(wire_empty(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	wire_close(&w);
}

/* 64 KiB that anybody may send are kept for 32 s. */
static void memory_is_bounded_too(void)
{
	const struct txn_cfg cfg = {.t1 = T1, .mem = 64};
	static const char head[] = REQUEST(
		"OPTIONS", "1", "h.org;branch=z9hG4bK-%d", "");
	static char buf[20000];
	struct txn_srv *st = NULL;
	struct txn_stats stats;
	struct smsg_err why;
	struct smsg msg;
	struct wire w;
	int n;

	REQUIRE(wire_open(&w));
	w.table = mem_deref(w.table);
	REQUIRE(!txn_table_alloc(&w.table, &cfg, w.wheel, wire_send, &w));
	memset(buf, 'x', sizeof(buf));
	for (int i = 0; i < 3; i++) {
		n = re_snprintf(buf, 512, head, i);
		buf[n] = 'x';
		CHECK_INT(smsg_decode(&msg, (uint8_t *)buf, sizeof(buf), NULL,
				      &why),
			  0);
		CHECK_INT(txn_srv_start(&st, w.table, &msg, &w.udp,
					wire_on_srv_end, &w),
			  i < 2 ? 0 : ENFILE);
	}
	txn_table_stats(w.table, &stats);
	CHECK(stats.bytes > 2 * sizeof(buf));
	CHECK(stats.bytes < 48 * 1024);
	CHECK_INT(wire_serve(&w, &st, "CANCEL", &w.udp), 0);
	CHECK_INT(wire_answer(st, 200), 0);
	wire_wait(&w, 200 * T1);
	txn_table_stats(w.table, &stats);
	CHECK_INT(stats.bytes, 0);
	wire_close(&w);
}

static void table_prints_itself(void)
{
	struct txn_srv *st = NULL;
	struct txn_cli *ct = NULL;
	struct wire w;
	char buf[1024];

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	CHECK_INT(wire_ask(&w, &ct, "BYE", &w.udp), 0);
	re_snprintf(buf, sizeof(buf), "%H", txn_table_debug, w.table);
	CHECK_STR(buf,
		  "server Proceeding INVITE sip:bob@example.org "
		  "Call-ID=call-1@example.org CSeq=7 INVITE branch=z9hG4bKx\n"
		  "client Trying BYE sip:bob@example.org SIP/2.0 "
		  "branch=z9hG4bKx\n");
	wire_close(&w);
}

static void request_is_kept_with_the_transaction(void)
{
	struct txn_srv *st = NULL;
	struct txn_dest other = {.kind = 9};
	struct wire w;

	REQUIRE(wire_open(&w));
	CHECK_INT(wire_serve(&w, &st, "INVITE", &w.udp), 0);
	CHECK_INT(txn_srv_request(st)->cseq.num, 7);
	CHECK_INT(txn_srv_source(st)->kind, 0);
	txn_srv_redirect(st, &other);
	CHECK_INT(txn_srv_source(st)->kind, 9);
	wire_close(&w);
}

static void timers_scale_by_t1(void)
{
	const struct txn_cfg cfg = {.t1 = 10};
	struct txn_cli *ct = NULL;
	struct wire w;

	REQUIRE(wire_open(&w));
	w.table = mem_deref(w.table);
	REQUIRE(!txn_table_alloc(&w.table, &cfg, w.wheel, wire_send, &w));
	CHECK_INT(wire_ask(&w, &ct, "BYE", &w.udp), 0);
	wire_wait(&w, 10 + 20 + 40 + 80 + 80);
	CHECK_INT(w.sent, 6);
	wire_wait(&w, 640 - 230);
	CHECK_INT(w.end_err, ETIMEDOUT);
	wire_close(&w);
}

TEST_MAIN(TEST(branch_sentby_and_method_make_a_transaction),
	  TEST(another_source_is_another_transaction),
	  TEST(rfc2543_requests_are_told_apart_by_their_fields),
	  TEST(ack_of_a_2xx_passes),
	  TEST(cancel_is_a_transaction_and_finds_its_invite),
	  TEST(response_needs_branch_and_method),
	  TEST(one_transaction_for_one_key),
	  TEST(full_table_refuses_and_counts), TEST(memory_is_bounded_too),
	  TEST(table_prints_itself),
	  TEST(request_is_kept_with_the_transaction), TEST(timers_scale_by_t1))
