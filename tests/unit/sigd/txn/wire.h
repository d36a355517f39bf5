/*
 * wire.h  A table of transactions on a wheel that the test turns, and a wire
 *         that remembers what was sent
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_UNIT_SIGD_TXN_WIRE_H
#define TESTS_UNIT_SIGD_TXN_WIRE_H

#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/txn/txn.h"
#include "tests/lib/test.h"

enum {
	WIRE_MAX = 256,
	T1 = 50,
	T2 = 400,
	T4 = 500
};

struct wire_sent {
	uint64_t at;
	char text[2048];
};

struct wire {
	struct wheel *wheel;
	struct txn_table *table;
	struct txn_dest udp, tcp;
	unsigned sent;
	struct wire_sent log[WIRE_MAX];
	int send_err;       /* what sending says */
	unsigned responses; /* handed to the client's user */
	uint16_t last_scode;
	unsigned ends;
	int end_err; /* of the last end; -1: none yet */
};

static inline int wire_send(const struct txn_dest *dest, const uint8_t *msg,
			    size_t len, void *arg)
{
	struct wire *w = arg;

	(void)dest;
	if (w->send_err)
		return w->send_err;
	if (w->sent < WIRE_MAX && len < sizeof(w->log[0].text)) {
		w->log[w->sent].at = wheel_now(w->wheel);
		memcpy(w->log[w->sent].text, msg, len);
		w->log[w->sent].text[len] = 0;
		w->sent++;
	}
	return 0;
}

static inline bool wire_open(struct wire *w)
{
	const struct txn_cfg cfg = {.t1 = T1, .t2 = T2, .t4 = T4, .max = 8};

	memset(w, 0, sizeof(*w));
	w->end_err = -1;
	w->tcp.reliable = true;
	if (wheel_alloc(&w->wheel, 1000))
		return false;
	if (txn_table_alloc(&w->table, &cfg, w->wheel, wire_send, w)) {
		w->wheel = mem_deref(w->wheel);
		return false;
	}
	return true;
}

static inline void wire_close(struct wire *w)
{
	w->table = mem_deref(w->table);
	CHECK_INT(wheel_count(w->wheel), 0);
	w->wheel = mem_deref(w->wheel);
}

static inline void wire_wait(struct wire *w, uint64_t ms)
{
	/* one by one, so that what a handler starts is not late */
	while (ms--)
		wheel_advance(w->wheel, wheel_now(w->wheel) + 1);
}

/* The first line of the n-th message sent begins so. */
static inline bool wire_is(const struct wire *w, unsigned n, const char *start)
{
	if (n < w->sent && !strncmp(w->log[n].text, start, strlen(start)))
		return true;
	re_printf("# sent[%u] is \"%.40s\", want \"%s\"\n", n,
		  n < w->sent ? w->log[n].text : "(nothing)", start);
	return false;
}

/* No transaction and no timer is left. */
static inline bool wire_empty(const struct wire *w)
{
	struct txn_stats stats;

	txn_table_stats(w->table, &stats);
	return !stats.servers && !stats.clients && !wheel_count(w->wheel);
}

static inline size_t wire_request(char *buf, size_t size, const char *method,
				  const char *branch)
{
	const char *cseq =
		strcmp(method, "ACK") && strcmp(method, "CANCEL") ? method : "";
	int n = re_snprintf(buf, size,
			    "%s sip:bob@example.org SIP/2.0\r\n"
			    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=%s\r\n"
			    "Route: <sip:next.example.org;lr>\r\n"
			    "Max-Forwards: 70\r\n"
			    "From: <sip:alice@example.org>;tag=a1\r\n"
			    "To: <sip:bob@example.org>\r\n"
			    "Call-ID: call-1@example.org\r\n"
			    "CSeq: 7 %s\r\n"
			    "Content-Length: 0\r\n\r\n",
			    method, branch, *cseq ? cseq : method);

	return n > 0 ? (size_t)n : 0;
}

static inline size_t wire_response(char *buf, size_t size, unsigned scode,
				   const char *method, const char *branch)
{
	int n = re_snprintf(buf, size,
			    "SIP/2.0 %u Whatever\r\n"
			    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=%s\r\n"
			    "From: <sip:alice@example.org>;tag=a1\r\n"
			    "To: <sip:bob@example.org>;tag=b%u\r\n"
			    "Call-ID: call-1@example.org\r\n"
			    "CSeq: 7 %s\r\n"
			    "Content-Length: 0\r\n\r\n",
			    scode, branch, scode, method);

	return n > 0 ? (size_t)n : 0;
}

static inline bool wire_view(struct smsg *msg, char *buf, size_t len)
{
	struct smsg_err why;

	return CHECK_INT(smsg_decode(msg, (uint8_t *)buf, len, NULL, &why), 0);
}

/* --- the wire's other end ------------------------------------------------- */

static inline enum txn_match wire_request_in(struct wire *w, const char *method,
					     const char *branch,
					     struct txn_srv **stp)
{
	char buf[1024];
	struct smsg msg;

	wire_view(&msg, buf, wire_request(buf, sizeof(buf), method, branch));
	return txn_recv_request(w->table, &msg, stp);
}

static inline bool wire_response_in(struct wire *w, unsigned scode,
				    const char *method, const char *branch)
{
	char buf[1024];
	struct smsg msg;

	wire_view(&msg, buf,
		  wire_response(buf, sizeof(buf), scode, method, branch));
	return txn_recv_response(w->table, &msg);
}

/* --- the transaction's user ----------------------------------------------- */

static inline void wire_on_srv_end(struct txn_srv *st, int err, void *arg)
{
	struct wire *w = arg;

	(void)st;
	w->ends++;
	w->end_err = err;
}

static inline void wire_on_response(struct txn_cli *ct, const struct smsg *msg,
				    void *arg)
{
	struct wire *w = arg;

	(void)ct;
	w->responses++;
	w->last_scode = msg->scode;
}

static inline void wire_on_cli_end(struct txn_cli *ct, int err, void *arg)
{
	struct wire *w = arg;

	(void)ct;
	w->ends++;
	w->end_err = err;
}

static inline int wire_serve(struct wire *w, struct txn_srv **stp,
			     const char *method, const struct txn_dest *src)
{
	char buf[1024];
	struct smsg msg;

	wire_view(&msg, buf,
		  wire_request(buf, sizeof(buf), method, "z9hG4bKx"));
	return txn_srv_start(stp, w->table, &msg, src, wire_on_srv_end, w);
}

static inline int wire_answer(struct txn_srv *st, uint16_t scode)
{
	const struct smsg_reply reply = {.scode = scode, .to_tag = {"us", 2}};

	return txn_srv_respond(st, &reply);
}

static inline int wire_ask(struct wire *w, struct txn_cli **ctp,
			   const char *method, const struct txn_dest *dest)
{
	char buf[1024];
	size_t len = wire_request(buf, sizeof(buf), method, "z9hG4bKx");
	const struct txn_cli_params params = {
		.dest = dest,
		.msg = (uint8_t *)buf,
		.len = len,
		.branch = {"z9hG4bKx", 8},
		.resph = wire_on_response,
		.endh = wire_on_cli_end,
		.arg = w,
	};

	return txn_cli_start(ctp, w->table, &params);
}

/* The same, as another process sent it. */
static inline int wire_restore(struct wire *w, struct txn_cli **ctp,
			       const char *method)
{
	char buf[1024];
	size_t len = wire_request(buf, sizeof(buf), method, "z9hG4bKx");
	const struct txn_cli_params params = {
		.dest = &w->udp,
		.msg = (uint8_t *)buf,
		.len = len,
		.branch = {"z9hG4bKx", 8},
		.resph = wire_on_response,
		.endh = wire_on_cli_end,
		.arg = w,
	};

	return txn_cli_restore(ctp, w->table, &params);
}

#endif
