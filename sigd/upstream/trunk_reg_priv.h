/*
 * trunk_reg_priv.h  One registration at a PBX, for its own files
 *
 *   trunk_reg.c     its life: when it is due, and the way there
 *   trunk_send.c    the REGISTER, to one address after the other
 *   trunk_answer.c  what became of it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_UPSTREAM_TRUNK_REG_PRIV_H
#define SIGD_UPSTREAM_TRUNK_REG_PRIV_H

#include "common/wheel.h"
#include "sigd/journal/rtt_fold.h"
#include "sigd/proxy/who/challenge.h"
#include "sigd/transport/flow.h"
#include "sigd/upstream/trunk_reg.h"

struct conn_ask;
struct conn_way;
struct txn_cli;

enum {
	TRUNK_GRANTED_MIN_S = 10, /* less is taken for this */
	TRUNK_EXPIRES_MAX_S = 86400,
	TRUNK_BACKOFF_MIN_MS = 5000,
	TRUNK_URI_MAX = 512
};

struct trunk_reg {
	struct proxy *px;
	const struct route_connection *conn;
	struct trunk_reg_handlers h;
	struct trunk_state state;
	uint32_t secret; /* of the password: not for Redis, as the print is */
	struct wheel_timer due;
	struct conn_ask *locate;
	struct conn_way *ways; /* of this attempt, in order; NULL: none */
	unsigned way;
	struct wheel_timer silence; /* of one address, when there are more */
	struct flow_id to;
	uint64_t sent_us;       /* journal_now_us() */
	uint32_t rtt_us;        /* of the latest answer; 0: none came */
	struct rtt_fold rtt;
	struct txn_cli *ct;
	struct challenge challenge;
	uint32_t expires_s; /* asked for; a 423 raises it */
	unsigned failures;  /* in a row */
	bool brief;         /* 423 was heard in this attempt */
	bool leaving;       /* Expires 0: its end is told, once */
};

/* --- trunk_reg.c --- */

void trunk_reg_due_in(struct trunk_reg *reg, uint64_t ms);

/* --- trunk_send.c --- */

void trunk_reg_attempt(struct trunk_reg *reg);
/* This address has failed. True: another one is tried. */
bool trunk_reg_next_way(struct trunk_reg *reg, uint32_t retry_after_ms);

/* --- trunk_answer.c --- */

/* Of its transaction. */
void trunk_reg_response(struct txn_cli *ct, const struct smsg *msg, void *arg);
void trunk_reg_end(struct txn_cli *ct, int err, void *arg);
/* It is tried again, no sooner than after least_ms. */
void trunk_reg_failed(struct trunk_reg *reg, uint16_t code, const char *why,
		      uint32_t least_ms);

#endif
