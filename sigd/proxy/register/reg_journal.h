/*
 * reg_journal.h  What a REGISTER leaves in the log of its device
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_REGISTER_REG_JOURNAL_H
#define SIGD_PROXY_REGISTER_REG_JOURNAL_H

#include "sigd/proxy/proxy_priv.h"

struct job;
struct route_tenant;

enum { REG_SAID_MAX = 640 };

/* Where it comes from, for struct registrar_params. remote may be unset, msg
 * NULL. flow: flow_id_text(). */
void reg_journal_said(char said[REG_SAID_MAX], const struct sa *remote,
		      const char *flow, const struct smsg *msg);

/* Borrowed. */
struct reg_refusal {
	const struct route_tenant *tenant; /* NULL: nobody's, and not kept */
	const struct smsg *msg;
	const struct sa *remote;
	const char *flow;        /* flow_id_text() */
	const char *user, *conn; /* whose it is; NULL: that of To, if there */
	const struct pl *name;   /* that was given; NULL: that of To */
	uint16_t code;
	struct pl why;
};
void reg_journal_refused(struct proxy *px, const struct reg_refusal *refusal);

/* A REGISTER under way is refused so; any other method is passed over. */
void reg_journal_job(const struct job *job, enum status code);

/* One that is not even looked at: too much comes from its source. */
struct request;
void reg_journal_early(const struct request *rq, enum status code);

#endif
