/*
 * reg_journal.c  What a REGISTER leaves in the log of its device
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/redis_link.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/journal/journal.h"
#include "sigd/proxy/job_priv.h"
#include "sigd/proxy/origin.h"
#include "sigd/proxy/register/reg_journal.h"
#include "sigd/proxy/request.h"

/* As far as there is room for it. */
static struct pl agent_of(const struct smsg *msg)
{
	struct pl agent = PL("");

	if (msg)
		(void)smsg_val(msg, SHDR_USER_AGENT, &agent);
	agent.l = min(agent.l, (size_t)JOURNAL_AGENT_MAX);
	return agent;
}

void reg_journal_said(char said[REG_SAID_MAX], const struct sa *remote,
		      const char *flow, const struct smsg *msg)
{
	const struct pl agent = agent_of(msg);
	char from[JOURNAL_FROM_MAX + 1] = "";

	if (sa_isset(remote, SA_ADDR))
		re_snprintf(from, sizeof(from), "%J", remote);
	if (re_snprintf(said, REG_SAID_MAX, "%s%s flow=%s%s%H",
			*from ? "from=" : "", from, flow,
			agent.l ? " agent=" : "", redis_key_part, &agent) < 0)
		*said = '\0';
}

/* --- refusals ---------------------------------------------------------------- */

/* Which device, as it says: as in the bindings (reg_request.c). */
static void device_of(struct journal_row *row, const struct smsg *msg)
{
	struct shdr_addr contact;
	struct pl instance;
	int n;

	if (smsg_addr(msg, SHDR_CONTACT, &contact) || contact.star)
		return;
	if (shdr_param(&contact.params, "+sip.instance", &instance))
		n = re_snprintf(row->device, sizeof(row->device), "i:%r:0",
				&instance);
	else
		n = re_snprintf(row->device, sizeof(row->device), "c:%r",
				&contact.uri.text);
	if (n < 0)
		row->device[0] = '\0';
}

static void text_put(char *to, size_t size, const struct pl *text)
{
	const struct pl cut = {text->p, min(text->l, size - 1)};

	(void)pl_strcpy(&cut, to, size);
}

static struct journal_of whose(const struct reg_refusal *refusal,
			       const struct pl *name)
{
	struct journal_of of = {.whose = JOURNAL_NOBODY};
	const struct route_user *user;
	const struct route_connection *conn;

	pl_set_str(&of.tenant, refusal->tenant->id);
	user = refusal->user || refusal->conn
		       ? NULL
		       : route_user_find(refusal->tenant, name);
	conn = refusal->user || refusal->conn || user
		       ? NULL
		       : route_connection_login(refusal->tenant, name);
	if (refusal->user || user) {
		of.whose = JOURNAL_USER;
		pl_set_str(&of.name, user ? user->name : refusal->user);
	} else if (refusal->conn || conn) {
		of.whose = JOURNAL_CONNECTION;
		pl_set_str(&of.name, conn ? conn->name : refusal->conn);
	}
	return of;
}

void reg_journal_refused(struct proxy *px, const struct reg_refusal *refusal)
{
	const struct pl name = refusal->name ? *refusal->name
					     : refusal->msg->to.uri.user;
	const struct pl agent = agent_of(refusal->msg);
	struct journal_row row = {.code = refusal->code};
	struct journal_of of;

	if (!refusal->tenant)
		return;
	of = whose(refusal, &name);
	if (of.whose == JOURNAL_NOBODY)
		text_put(row.name, sizeof(row.name), &name);
	device_of(&row, refusal->msg);
	if (refusal->remote && sa_isset(refusal->remote, SA_ADDR))
		re_snprintf(row.from, sizeof(row.from), "%J", refusal->remote);
	str_ncpy(row.flow, refusal->flow, sizeof(row.flow));
	text_put(row.agent, sizeof(row.agent), &agent);
	text_put(row.why, sizeof(row.why), &refusal->why);
	journal_refused(px->journal, &of, &row);
}

/* Who it was, when that is known; and of a password that nobody has, that
 * there is nobody. */
void reg_journal_job(const struct job *job, enum status code)
{
	const struct smsg *msg = txn_srv_request(job->st);
	struct reg_refusal refusal = {.tenant = job->tenant, .msg = msg,
				      .remote = &job->remote,
				      .flow = job->source,
				      .code = status_info(code)->sip};
	const struct pl *to = &msg->to.uri.user;

	if (msg->method != SMSG_REGISTER || !job->tenant)
		return;
	if (job->who.user)
		refusal.user = job->who.user->name;
	else if (job->guest && !pl_strcmp(to, job->guest->name))
		refusal.user = job->guest->name;
	else if (job->who.conn)
		refusal.conn = job->who.conn->name;
	if (code == STATUS_AUTH_FAILED && !refusal.user && !refusal.conn)
		code = STATUS_UNKNOWN_USER;
	pl_set_str(&refusal.why, status_text(code));
	reg_journal_refused(job->px, &refusal);
}

void reg_journal_early(const struct request *rq, enum status code)
{
	char text[FLOW_TEXT_MAX + 1];
	struct reg_refusal refusal = {.msg = rq->msg,
				      .remote = rq->src->remote,
				      .flow = text,
				      .code = 503};
	struct origin origin;

	if (rq->msg->method != SMSG_REGISTER)
		return;
	flow_id_text(text, &rq->src->id);
	origin_find(&origin, rq->px->deps.routes, rq);
	refusal.tenant = origin.tenant;
	pl_set_str(&refusal.why, status_text(code));
	reg_journal_refused(rq->px, &refusal);
}
