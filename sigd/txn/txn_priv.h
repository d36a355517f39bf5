/*
 * txn_priv.h  The inside of transactions, for the files of this folder
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TXN_TXN_PRIV_H
#define SIGD_TXN_TXN_PRIV_H

#include "common/wheel.h"
#include "sigd/txn/txn.h"
#include "sigd/txn/txn_key.h"

struct txn_table {
	struct wheel *wheel;
	txn_send_h *sendh;
	void *arg;
	struct txn_cfg cfg;
	uint8_t secret[TXN_SECRET_LEN];
	struct hash *servers;
	struct hash *clients;
	struct txn_stats stats;
};

enum txn_state {
	TXN_TRYING,  /* other methods than INVITE: nothing said yet */
	TXN_CALLING, /* client, INVITE: nothing heard yet */
	TXN_PROCEEDING,
	TXN_COMPLETED,
	TXN_CONFIRMED, /* server: INVITE */
	TXN_ACCEPTED,  /* INVITE, RFC 6026 */
	TXN_TERMINATED,
};

const char *txn_state_name(enum txn_state state);

/* Milliseconds by the table's timers. */
static inline uint64_t txn_64t1(const struct txn_table *table)
{
	return UINT64_C(64) * table->cfg.t1;
}

/* From the first sending until Timer E has grown to T2 (RFC 4320 4.1). */
uint64_t txn_until_t2(const struct txn_table *table);

/* The next interval of Timers A, E, G: twice, at most `most` (0: no end). */
static inline uint32_t txn_double(uint32_t ms, uint32_t most)
{
	return most && ms * 2 > most ? most : ms * 2;
}

/* Whose share of the room it is. */
enum txn_class {
	TXN_BEGINS,
	TXN_WITHIN,
	TXN_OWN
};

/* Is there no room for one more of this size? Counts the refusal. */
bool txn_table_full(struct txn_table *table, enum txn_class class,
		    size_t bytes);
bool txn_srv_exists(const struct txn_table *table, const struct smsg *req);
bool txn_cli_exists(const struct txn_table *table, const struct txn_key *key);

/* --- server --------------------------------------------------------------- */

/* What differs between INVITE and the others. */
struct txn_srv_kind {
	void (*start)(struct txn_srv *st);
	/* May this response be given now? Then what follows is done by
	 * replied(), after it has been sent. */
	int (*may_reply)(struct txn_srv *st, uint16_t scode);
	void (*replied)(struct txn_srv *st, uint16_t scode);
	/* The request came again. */
	void (*again)(struct txn_srv *st);
};

extern const struct txn_srv_kind txn_srv_invite;
extern const struct txn_srv_kind txn_srv_other;

struct txn_srv {
	struct le le; /* txn_table.servers */
	struct txn_table *table;
	struct txn_key key;
	const struct txn_srv_kind *kind;
	enum txn_state state;
	bool answered; /* a final response was given */
	bool once;     /* a refusal is not kept */
	struct smsg *req;
	struct txn_dest dest;
	uint8_t *resp; /* the last response, NULL: none */
	size_t resp_len;
	struct wheel_timer life;   /* H, I, J, L; and until a 100 */
	struct wheel_timer repeat; /* G; repetition of a 2xx */
	uint32_t interval;         /* of repeat */
	txn_srv_end_h *endh;
	void *arg;
};

/* Send the last response (again). */
int txn_srv_send(struct txn_srv *st);
/* A 100 of our own. */
void txn_srv_trying(struct txn_srv *st);
/* Unlink, tell, free: the last act of whoever calls it. */
void txn_srv_end(struct txn_srv *st, int err);
/* An ACK came for an INVITE; false: it is to be passed on. */
bool txn_srv_invite_ack(struct txn_srv *st);

/* --- client --------------------------------------------------------------- */

struct txn_cli_kind {
	void (*start)(struct txn_cli *ct);
	/* Calls the response handler as its last act. */
	void (*response)(struct txn_cli *ct, const struct smsg *msg);
};

extern const struct txn_cli_kind txn_cli_invite;
extern const struct txn_cli_kind txn_cli_other;

enum txn_cancel {
	TXN_CANCEL_NOT,
	TXN_CANCEL_WANTED,
	TXN_CANCEL_SENT
};

struct txn_cli {
	struct le le; /* txn_table.clients */
	struct txn_table *table;
	struct txn_key key;
	const struct txn_cli_kind *kind;
	enum txn_state state;
	enum txn_cancel cancel;
	bool lost; /* what it sent: see txn_cli_lost() */
	struct txn_dest dest;
	struct wheel_timer life;   /* B, D, F, K, M; and after a CANCEL */
	struct wheel_timer repeat; /* A, E */
	uint32_t interval;         /* of repeat */
	char *reason;              /* of the CANCEL */
	uint8_t *ack;              /* of a final response but 2xx */
	size_t ack_len;
	txn_cli_resp_h *resph;
	txn_cli_end_h *endh;
	void *arg;
	size_t branch; /* offset and length in msg */
	size_t branch_len;
	size_t len;
	uint8_t msg[]; /* the request */
};

int txn_cli_send(struct txn_cli *ct);
/* Hand a response to the user: the last act. */
void txn_cli_pass(struct txn_cli *ct, const struct smsg *msg);
void txn_cli_end(struct txn_cli *ct, int err);
/* Timer B, F: no final response came. */
void txn_cli_on_timeout(void *arg);
/* Timer D, K, M: the end as it should be. */
void txn_cli_on_done(void *arg);

#endif
