/*
 * relay_refer.c  A REFER outside calls: may it, and whom does it name?
 *
 * RFC 3515, RFC 7614. Its receiver calls whom it names, so it goes only by a
 * route that lists the method, and names a number that its sender could have
 * called: nobody calls at the cost of another by it. As with transfers the
 * receiver gets the number as it can call it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/proxy/hop.h"
#include "sigd/proxy/question.h"
#include "sigd/proxy/relay/relay_priv.h"

/* A number of ours, or of the connection that asks. */
static bool is_number(const struct relay *relay, const struct suri *uri)
{
	const struct route_conn_peer *peer =
		relay->from ? &relay->from->peer : NULL;

	if (uri->scheme == SURI_TEL)
		return uri->user.l != 0;
	if ((uri->scheme != SURI_SIP && uri->scheme != SURI_SIPS) ||
	    !uri->user.l)
		return false;
	return route_tenant_by_domain(relay->table, &uri->host) ==
		       relay->tenant ||
	       (peer && (!pl_strcasecmp(&uri->host, peer->domain) ||
			 (peer->host && !pl_strcasecmp(&uri->host,
						       peer->host))));
}

/* As if the sender called it. */
static enum status may_call(struct relay *relay, const struct pl *caller)
{
	struct route_query query = {
		.tenant = relay->tenant,
		.from = relay->from,
		.method = PL("INVITE"),
		.caller = *caller,
		.callee = {relay->refer.number, relay->refer.len}};
	struct route_plan *plan = mem_zalloc(sizeof(*plan), NULL);
	enum status code = STATUS_OVERLOAD;
	struct question question;
	int err;

	if (!plan)
		return code;
	question_fill(&query, &question, relay->px,
		      txn_srv_request(relay->st),
		      &txn_srv_source(relay->st)->addr);
	err = route_decide(relay->table, &query, plan);
	code = status_of_errno(err);
	if (!err && route_target_answers(&plan->targets[0]))
		code = plan->targets[0].status;
	if (!err && plan->targets[0].kind == ROUTE_TO_CONNECTION)
		relay->refer.conn = plan->targets[0].connection;
	mem_deref(plan);
	return code;
}

enum status relay_refer(struct relay *relay, const struct relay_params *params)
{
	const struct smsg *msg = txn_srv_request(relay->st);
	const struct route_plan *plan = params->plan;
	struct relay_refer *refer = &relay->refer;
	struct shdr_addr addr;

	if (msg->method != SMSG_REFER)
		return STATUS_OK;
	if (!plan->rule || !route_rule_names(plan->rule, &msg->method_name))
		return STATUS_FORBIDDEN;
	if (smsg_addr(msg, SHDR_REFER_TO, &addr))
		return STATUS_BAD_REQUEST;
	if (!is_number(relay, &addr.uri))
		return STATUS_FORBIDDEN;
	if (suri_unescape(refer->number, sizeof(refer->number), &refer->len,
			  &addr.uri.user) ||
	    !refer->len)
		return STATUS_BAD_REQUEST;
	return may_call(relay, &params->caller);
}

/* Where this one calls it: at itself, at us, or in the tenant's domain. */
static const char *host_for(const struct relay_try *try)
{
	const struct relay *relay = try->relay;
	const struct route_connection *conn = try->to.conn;

	if (!conn)
		return side_domain(relay->tenant);
	return conn == relay->refer.conn ? conn->peer.domain
					 : hop_host(relay->px, &try->to.flow);
}

void relay_refer_edit(const struct relay_try *try, struct smsg_edit *ed)
{
	const struct relay_refer *refer = &try->relay->refer;
	const struct pl number = {refer->number, refer->len};
	const char *host = host_for(try);
	struct pl val;

	if (!number.l || !host)
		return;
	val = smsg_edit_text(ed, "<sip:%H@%s>", suri_print_user, &number, host);
	smsg_edit_set(ed, SHDR_REFER_TO, &val);
}
