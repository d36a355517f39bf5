/*
 * fuzz_txn.c  Transactions: bytes are events, invariants are watched
 *
 * - a server transaction gives one final response: others are never sent,
 *   but for further 2xx of an INVITE; nothing that RFC 4320 forbids is sent;
 * - a client transaction tells one final response, but for further 2xx of an
 *   INVITE, and its end once, and nothing behind it;
 * - when all users are gone and time has passed, nothing is left.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/txn/txn.h"
#include "tests/lib/fuzz.h"

enum {
	SLOTS = 4,
	METHODS = 4,
	T1 = 10
};

static const char *const methodv[METHODS] = {"INVITE", "BYE", "CANCEL", "FOO"};

/* What the model knows of the transaction of one branch and method. */
struct server {
	struct txn_srv *st;
	struct world *world;
	unsigned final; /* code given, 0: none */
};

struct client {
	struct txn_cli *ct;
	struct world *world;
	unsigned final;
};

struct world {
	struct wheel *wheel;
	struct txn_table *table;
	bool broken; /* sending fails */
	struct server srv[SLOTS][METHODS];
	struct client cli[SLOTS][METHODS];
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* The slot and method that a message of ours carries. */
static void find(const struct smsg *msg, unsigned *slot, unsigned *method)
{
	*slot = (unsigned)(msg->via.branch.p[msg->via.branch.l - 1] - '0');
	for (*method = 0; *method < METHODS; ++*method) {
		if (!pl_strcmp(&msg->cseq.name, methodv[*method]))
			return;
	}
}

static void check_response(struct world *w, const struct smsg *msg)
{
	unsigned slot, method;
	struct server *s;

	find(msg, &slot, &method);
	must(slot < SLOTS && method < METHODS);
	s = &w->srv[slot][method];
	if (method) {
		must(msg->scode == 100 || msg->scode >= 200);
		must(msg->scode != 408);
	}
	if (msg->scode < 200) {
		must(!s->final);
	} else if (!s->final) {
		s->final = msg->scode;
	} else {
		bool both_2xx = !method && s->final < 300 && msg->scode < 300;

		must(msg->scode == s->final || both_2xx);
	}
}

static int on_send(const struct txn_dest *dest, const uint8_t *data, size_t len,
		   void *arg)
{
	struct world *w = arg;
	struct smsg_err why;
	uint8_t buf[2048];
	struct smsg msg;

	(void)dest;
	must(len <= sizeof(buf));
	memcpy(buf, data, len);
	must(!smsg_decode(&msg, buf, len, NULL, &why));
	if (!msg.request)
		check_response(w, &msg);
	return w->broken ? ENOTCONN : 0;
}

static void on_srv_end(struct txn_srv *st, int err, void *arg)
{
	struct server *s = arg;

	must(s->st == st && (!err || err == ETIMEDOUT));
	s->st = NULL;
	s->final = 0;
}

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct client *c = arg;

	must(c->ct == ct);
	if (msg->scode < 200) {
		must(!c->final);
		return;
	}
	must(!c->final || (msg->method == SMSG_INVITE && c->final < 300 &&
			   msg->scode < 300));
	c->final = msg->scode;
}

static void on_cli_end(struct txn_cli *ct, int err, void *arg)
{
	struct client *c = arg;

	must(c->ct == ct && (!err || !c->final));
	must(err || c->final);
	c->ct = NULL;
	c->final = 0;
}

/* --- events --------------------------------------------------------------- */

static size_t request(char *buf, size_t size, const char *method,
		      const char *cseq, unsigned slot)
{
	int n = snprintf(buf, size,
			 "%s sip:b@h SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP h;branch=z9hG4bK%u\r\n"
			 "From: sip:a@h;tag=1\r\nTo: sip:b@h\r\nCall-ID: c\r\n"
			 "CSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
			 method, slot, cseq);

	return (size_t)n;
}

static void decode(struct smsg *msg, char *buf, size_t len)
{
	struct smsg_err why;

	must(!smsg_decode(msg, (uint8_t *)buf, len, NULL, &why));
}

static void request_in(struct world *w, unsigned slot, unsigned method,
		       bool reliable)
{
	const struct txn_dest dest = {.reliable = reliable};
	struct server *s = &w->srv[slot][method];
	struct txn_srv *st = NULL;
	struct smsg msg;
	char buf[512];
	enum txn_match match;

	decode(&msg, buf,
	       request(buf, sizeof(buf), methodv[method], methodv[method],
		       slot));
	match = txn_recv_request(w->table, &msg, &st);
	must(match == TXN_NEW || match == TXN_ABSORBED);
	if (match == TXN_ABSORBED) {
		must(!s->st || st == s->st);
		return;
	}
	must(!st && !s->st);
	s->final = 0;
	must(!txn_srv_start(&s->st, w->table, &msg, &dest, on_srv_end, s));
}

static void ack_in(struct world *w, unsigned slot)
{
	struct txn_srv *st = NULL;
	struct smsg msg;
	char buf[512];

	decode(&msg, buf, request(buf, sizeof(buf), "ACK", "ACK", slot));
	if (txn_recv_request(w->table, &msg, &st) == TXN_ABSORBED)
		must(st != NULL);
}

static void reply(struct world *w, unsigned slot, unsigned method, uint8_t code)
{
	static const uint16_t scodev[] = {100, 180, 183, 200, 202,
					  404, 408, 486, 503, 603};
	const struct smsg_reply r = {
		.scode = scodev[code % ARRAY_SIZE(scodev)],
	};
	struct server *s = &w->srv[slot][method];

	if (s->st)
		(void)txn_srv_respond(s->st, &r);
}

static void ask(struct world *w, unsigned slot, unsigned method, bool reliable)
{
	const struct txn_dest dest = {.reliable = reliable};
	struct client *c = &w->cli[slot][method];
	char buf[512], branch[] = "z9hG4bK0";
	struct txn_cli_params p = {
		.dest = &dest,
		.msg = (uint8_t *)buf,
		.resph = on_response,
		.endh = on_cli_end,
		.arg = c,
	};
	struct txn_cli *ct = NULL;

	branch[7] = (char)('0' + slot);
	pl_set_str(&p.branch, branch);
	p.len = request(buf, sizeof(buf), methodv[method], methodv[method],
			slot);
	if (txn_cli_start(&ct, w->table, &p))
		return;
	must(!c->ct);
	c->ct = ct;
	c->final = 0;
}

static void response_in(struct world *w, unsigned slot, unsigned method,
			uint8_t code)
{
	static const uint16_t scodev[] = {100, 180, 200, 202, 302, 404, 487};
	struct smsg msg;
	char buf[512];
	int n;

	n = snprintf(buf, sizeof(buf),
		     "SIP/2.0 %u x\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK%u\r\n"
		     "From: sip:a@h;tag=1\r\nTo: sip:b@h;tag=2\r\n"
		     "Call-ID: c\r\nCSeq: 1 %s\r\n\r\n",
		     scodev[code % ARRAY_SIZE(scodev)], slot, methodv[method]);
	decode(&msg, buf, (size_t)n);
	(void)txn_recv_response(w->table, &msg);
}

static void act_client(struct world *w, unsigned slot, unsigned method,
		       uint8_t what)
{
	struct client *c = &w->cli[slot][method];

	if (!c->ct)
		return;
	switch (what % 3) {
	case 0:
		(void)txn_cli_cancel(c->ct, NULL);
		break;
	case 1:
		txn_cli_transport_error(c->ct, EIO);
		must(!c->ct);
		break;
	default:
		txn_cli_detach(c->ct);
		c->ct = NULL;
		break;
	}
}

static void act_server(struct world *w, unsigned slot, unsigned method,
		       uint8_t what)
{
	struct server *s = &w->srv[slot][method];

	if (!s->st)
		return;
	switch (what % 3) {
	case 0:
		(void)txn_srv_repeat_2xx(s->st);
		break;
	case 1:
		txn_srv_acked(s->st);
		break;
	default:
		txn_srv_detach(s->st);
		s->st = NULL;
		break;
	}
}

/* Two bytes an event: what, and on which transaction; time passes by a third
 * where it is asked for. */
static void event(struct world *w, uint8_t what, uint8_t which)
{
	const unsigned slot = which % SLOTS, method = which / SLOTS % METHODS;
	const bool reliable = which & 0x10;

	switch (what % 10) {
	case 0:
		request_in(w, slot, method, reliable);
		break;
	case 1:
		ack_in(w, slot);
		break;
	case 2:
	case 3:
		reply(w, slot, method, what / 10);
		break;
	case 4:
		ask(w, slot, method, reliable);
		break;
	case 5:
		response_in(w, slot, method, what / 10);
		break;
	case 6:
		act_client(w, slot, method, what / 10);
		break;
	case 7:
		act_server(w, slot, method, what / 10);
		break;
	case 8:
		wheel_advance(w->wheel, wheel_now(w->wheel) + which);
		break;
	default:
		w->broken = which & 1;
		break;
	}
}

static void leave(struct world *w)
{
	struct txn_stats stats;

	w->broken = false;
	for (unsigned i = 0; i < SLOTS * METHODS; i++) {
		act_server(w, i % SLOTS, i / SLOTS, 2);
		act_client(w, i % SLOTS, i / SLOTS, 0);
		act_client(w, i % SLOTS, i / SLOTS, 1);
	}
	for (unsigned i = 0; i < 6; i++)
		wheel_advance(w->wheel, wheel_now(w->wheel) + 32 * T1);

	txn_table_stats(w->table, &stats);
	must(!stats.servers && !stats.clients && !stats.bytes);
	must(!wheel_count(w->wheel));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct txn_cfg cfg = {.t1 = T1, .max = 64};
	struct world w;

	memset(&w, 0, sizeof(w));
	must(!wheel_alloc(&w.wheel, 1));
	must(!txn_table_alloc(&w.table, &cfg, w.wheel, on_send, &w));
	for (size_t i = 0; i + 1 < size; i += 2)
		event(&w, data[i], data[i + 1]);
	leave(&w);
	mem_deref(w.table);
	mem_deref(w.wheel);
	return 0;
}
