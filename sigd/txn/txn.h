/*
 * txn.h  Transactions: RFC 3261 section 17, RFC 6026, RFC 4320
 *
 * Server and client transactions of one worker in one table. No sockets:
 * sending is a handler; no clock: a wheel. One thread.
 *
 * Ownership: the table owns every transaction. A pointer is good until its end
 * handler has been called, and must not be used after a *_detach(). Handlers
 * are called when something comes in (txn_recv_response(), a deadline,
 * txn_cli_transport_error()), never from within what their own user calls
 * (start, reply, cancel, detach).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TXN_TXN_H
#define SIGD_TXN_TXN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "sigd/sip/smsg.h"

struct wheel;
struct txn_table;
struct txn_srv;
struct txn_cli;

enum {
	TXN_DEST_ID = 64
};

/* Where to send. Made and read by the owner of the send handler; transactions
 * copy it and look at `reliable` alone. */
struct txn_dest {
	bool reliable; /* not UDP: no retransmissions */
	uint8_t kind;  /* the sender's own meaning */
	uint16_t listener;
	struct sa addr;
	size_t id_len;
	uint8_t id[TXN_DEST_ID]; /* e.g. a packed flow id */
};

/* Send now. msg is borrowed. It must not call back into the table. */
typedef int(txn_send_h)(const struct txn_dest *dest, const uint8_t *msg,
			size_t len, void *arg);

/* Milliseconds; 0: the default. Everything else follows from these. */
struct txn_cfg {
	uint32_t t1;  /* 500 */
	uint32_t t2;  /* 8 * t1 */
	uint32_t t4;  /* 10 * t1 */
	uint32_t max; /* transactions of both kinds; 100,000 */
	uint32_t mem; /* KiB of requests and answers kept; 262,144 */
};

/*
 * Of both limits requests that begin something have three quarters, those
 * within dialogs (a To tag, CANCEL) seven eighths, and our own all: what runs
 * can be ended while a flood is refused.
 */

/* mem_deref() ends all transactions and calls no handler. */
int txn_table_alloc(struct txn_table **tablep, const struct txn_cfg *cfg,
		    struct wheel *wheel, txn_send_h *sendh, void *arg);

/* --- what came in --------------------------------------------------------- */

enum txn_match {
	TXN_NEW,      /* no transaction: txn_srv_start() may make one */
	TXN_ABSORBED, /* a retransmission, or the ACK of a non-2xx: done */
	TXN_ACK,      /* an ACK to pass on: of a 2xx, or of nothing here */
};

/* *stp (may be NULL): the transaction that matched, NULL for none. */
enum txn_match txn_recv_request(struct txn_table *table, const struct smsg *msg,
				struct txn_srv **stp);

/* Give a response to its client transaction, whose handler is called. False:
 * none of ours; it is to be dropped (RFC 3261 18.1.2, RFC 6026 8.9). */
bool txn_recv_response(struct txn_table *table, const struct smsg *msg);

/* --- server --------------------------------------------------------------- */

/*
 * The end of a server transaction, once, unless detached. err: 0; ETIMEDOUT:
 * no ACK came, or the request (not INVITE) was not answered in time.
 */
typedef void(txn_srv_end_h)(struct txn_srv *st, int err, void *arg);

/*
 * Make the server transaction of a request for which txn_recv_request() said
 * TXN_NEW. The request is copied. An INVITE that has no answer after 200 ms
 * gets a 100, another request when Timer E would reach T2 (RFC 4320 4.1).
 * ENFILE: the table is full (answer 503 without a transaction), EALREADY: it
 * has one, EINVAL: an ACK or a response, ENOMEM.
 */
int txn_srv_start(struct txn_srv **stp, struct txn_table *table,
		  const struct smsg *msg, const struct txn_dest *src,
		  txn_srv_end_h *endh, void *arg);

/* The request, with a view of its own, for the transaction's life. */
const struct smsg *txn_srv_request(const struct txn_srv *st);
const struct txn_dest *txn_srv_source(const struct txn_srv *st);
/* Where answers go from now on (a flow was replaced). */
void txn_srv_redirect(struct txn_srv *st, const struct txn_dest *dest);
/*
 * Nobody has shown who it is: what refuses it (3xx to 6xx) is sent once, and
 * the transaction ends, as a server without state has none (RFC 3261
 * 26.3.2.4). What is asked again is answered again. To be taken back as soon
 * as it is known who asks.
 */
void txn_srv_once(struct txn_srv *st, bool once);
/* A final response was given. */
bool txn_srv_answered(const struct txn_srv *st);

/*
 * Send a response; it is copied, kept, and repeated when the request is. The
 * status code is read from msg, which must be a response.
 * EALREADY: a final response was already given (further 2xx of an INVITE that
 * has a 2xx are sent). EPROTO: RFC 4320 forbids it (1xx other than 100, and a
 * 100 over UDP too early, are not sent; a 408 is not sent either and ends the
 * transaction). Else the error of sending: it does not end the transaction
 * (RFC 6026 8.8), as the answer is repeated when the request is.
 */
int txn_srv_reply(struct txn_srv *st, const uint8_t *msg, size_t len);

/* Build the response from the request and send it. See smsg_build.h. */
struct smsg_reply;
int txn_srv_respond(struct txn_srv *st, const struct smsg_reply *reply);

/*
 * For a user agent core of ours: repeat the 2xx of an INVITE until its ACK
 * (RFC 3261 13.3.1.4), on all transports. The end handler says ETIMEDOUT when
 * no ACK was reported with txn_srv_acked() in 64*T1. EINVAL: not Accepted.
 */
int txn_srv_repeat_2xx(struct txn_srv *st);
void txn_srv_acked(struct txn_srv *st);

/* Another transaction user takes over: its end handler from now on. */
void txn_srv_attach(struct txn_srv *st, txn_srv_end_h *endh, void *arg);

/* The transaction user goes away: no handler any more. A transaction without
 * a final response answers 500 by itself. */
void txn_srv_detach(struct txn_srv *st);

/* Somebody else answers the request: as if it had never come. No handler. */
void txn_srv_forget(struct txn_srv *st);

/* The INVITE transaction that this CANCEL means (RFC 3261 9.2), or NULL. */
struct txn_srv *txn_srv_find_invite(const struct txn_table *table,
				    const struct smsg *cancel);

/* --- client --------------------------------------------------------------- */

/* A response: each 1xx, then one final; for an INVITE every 2xx, also the
 * repeated ones, while in Accepted. msg is borrowed. */
typedef void(txn_cli_resp_h)(struct txn_cli *ct, const struct smsg *msg,
			     void *arg);
/* The end, once, unless detached. err: 0 after a final response; ETIMEDOUT: no
 * final response came (Timer B, F); ECANCELED: none came after the CANCEL;
 * else the error of sending. */
typedef void(txn_cli_end_h)(struct txn_cli *ct, int err, void *arg);

struct txn_cli_params {
	const struct txn_dest *dest;
	const uint8_t *msg; /* the whole request, copied */
	size_t len;
	struct pl branch; /* as in the topmost Via of msg */
	txn_cli_resp_h *resph;
	txn_cli_end_h *endh;
	void *arg;
};

/* Sends the request. ENFILE: table full, EALREADY: branch and method in use,
 * EINVAL: not a request, or an ACK (that is sent, not tracked), ENOMEM, or the
 * error of sending: there is then no transaction. */
int txn_cli_start(struct txn_cli **ctp, struct txn_table *table,
		  const struct txn_cli_params *params);

/*
 * The transaction of an INVITE that another process sent and which it does not
 * serve any more: nothing is sent; it is as if a 1xx had come, to be cancelled.
 */
int txn_cli_restore(struct txn_cli **ctp, struct txn_table *table,
		    const struct txn_cli_params *params);

const struct txn_dest *txn_cli_dest(const struct txn_cli *ct);
/* The request as it was sent. */
struct pl txn_cli_message(const struct txn_cli *ct);

/*
 * Cancel an INVITE: the CANCEL goes out at once when a provisional response
 * has come, else when it comes (RFC 3261 9.1), and the INVITE is not repeated
 * until then; nothing happens when a final one has. reason: a whole Reason value for the CANCEL, may be NULL. EINVAL:
 * not an INVITE.
 */
int txn_cli_cancel(struct txn_cli *ct, const struct pl *reason);

/* The transport learnt that the destination is gone (a flow was closed, an
 * ICMP error): ends, with err unless a final response has come; the handler is
 * called. */
void txn_cli_transport_error(struct txn_cli *ct, int err);

/*
 * All those of which nothing was heard, and whose destination is of this kind,
 * end with err: what they sent may be lost. How many they were.
 */
typedef bool(txn_dest_h)(const struct txn_dest *dest, void *arg);
uint32_t txn_cli_lost(struct txn_table *table, txn_dest_h *ish, void *arg,
		      int err);

/* The transaction user goes away: no handler any more; the transaction still
 * acknowledges, absorbs and ends by itself. An INVITE without a final response
 * is cancelled. */
void txn_cli_detach(struct txn_cli *ct);

/* --- figures -------------------------------------------------------------- */

struct txn_stats {
	uint32_t servers; /* now */
	uint32_t clients;
	uint64_t bytes; /* that these keep now */
	uint64_t repeated_in;  /* retransmissions absorbed */
	uint64_t repeated_out; /* retransmissions sent */
	uint64_t timeouts;     /* ends with ETIMEDOUT */
	uint64_t refused;      /* for want of room */
	uint64_t strays;       /* responses without a transaction */
};

/* Milliseconds after which a request that is no INVITE can still be answered so
 * that its sender hears it, if it came just now: 60*T1 of its 64 (RFC 4320). */
uint64_t txn_answerable_ms(const struct txn_table *table);
void txn_table_stats(const struct txn_table *table, struct txn_stats *stats);
const char *txn_srv_state(const struct txn_srv *st);
const char *txn_cli_state(const struct txn_cli *ct);
/* "%H": every transaction, one line each. */
int txn_table_debug(struct re_printf *pf, const struct txn_table *table);

#endif
