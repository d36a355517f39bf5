/*
 * reg_forward_priv.h  A REGISTER on its way to a PBX, for its own files
 *
 *   reg_forward.c        its life
 *   reg_forward_write.c  what the PBX is told, and what its answer means
 *   reg_forward_tell.c   who guesses, and the log of the device
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_REGISTER_REG_FORWARD_PRIV_H
#define SIGD_PROXY_REGISTER_REG_FORWARD_PRIV_H

#include "sigd/proxy/conn/conn_way.h"
#include "sigd/proxy/register/reg_forward.h"
#include "sigd/proxy/register/reg_journal.h"

struct reg_forward {
	struct le le;
	struct proxy *px;
	struct txn_srv *st;
	struct route_table *table;         /* a reload must not take it away */
	const struct route_tenant *tenant; /* of it */
	char user[CALL_TEXT_MAX];          /* unescaped */
	struct reg_request *req;           /* what it wants bound */
	char *devices;                     /* rebind_devices() of it */
	struct conn_ask *way;
	struct conn_way ways[CONN_WAYS_MAX]; /* to the PBX, in order */
	unsigned nways, at;
	struct flow_id to; /* the one that is tried */
	struct txn_cli *ct;
	struct registrar_ask *ask;
};

/* The REGISTER for the PBX into px->buf. */
int reg_forward_write(struct reg_forward *fwd, char branch[], size_t *len);
/* Its 2xx: what is bound for how long, into fwd->req. */
void reg_forward_granted(struct reg_forward *fwd, const struct smsg *msg);

/* Who asks has guessed too much of late. */
bool reg_forward_waits(const struct reg_forward *fwd);
/* Its answer, whatever it says: for the guard and the log. */
void reg_forward_told(struct reg_forward *fwd, const struct smsg *resp);
/* It is given up so. */
void reg_forward_failed(const struct reg_forward *fwd, enum status code);
/* For the log of what is bound. */
/* Who sent it; unset: not known. */
void reg_forward_remote(struct sa *sa, const struct smsg *msg);
void reg_forward_said(const struct reg_forward *fwd, char said[REG_SAID_MAX]);

#endif
