/*
 * indialog_refer.c  Whom a REFER names, as its receiver can reach them
 *
 * RFC 3515. Who transfers a call knows the other party of a call of its own by
 * the Contact that we showed: a token. Its receiver gets what it can reach: the
 * remote target, if it is the PBX that has that party; a number at us, if it is
 * another PBX; the party's address of record, if it is a device.
 *
 * A PBX that is referred to a number calls it, and whoever could name any would
 * call past the tenant's routes. So the routes are asked as if the sender
 * called: what leads to that PBX is shown to it in the domain of its own, what
 * leads elsewhere as a number at us, and what leads nowhere, or to a host that
 * is neither ours nor the PBX's, is refused. A device that is referred calls
 * through us, and is asked itself.
 *
 * Replaces (RFC 3891) holds Call-ID and tags, which are the same on both sides:
 * it stays. Its receiver may take that place from now on, when its sender has it
 * (job_replaces.c). Other headers that the new request should have do not.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "common/log.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/call/call_find.h"
#include "sigd/call/contact_token.h"
#include "sigd/proxy/diary.h"
#include "sigd/proxy/form.h"
#include "sigd/proxy/question.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/indialog/indialog_priv.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/identity.h"

/* Those of "?a=b&c=d" that may stand in the new request. */
static int headers_print(struct re_printf *pf, const struct pl *headers)
{
	static const char *const kept[] = {"Replaces", "Require"};
	struct pl rest = *headers;
	const char *mark = "?";
	int err = 0;

	while (rest.l && !err) {
		const char *end = pl_strchr(&rest, '&');
		struct pl one = {rest.p, end ? (size_t)(end - rest.p) : rest.l};
		struct pl name = one;

		pl_advance(&rest, (ssize_t)(one.l + (end ? 1 : 0)));
		name.l = pl_strchr(&one, '=')
				 ? (size_t)(pl_strchr(&one, '=') - one.p)
				 : one.l;
		for (size_t i = 0; i < COUNTOF(kept) && !err; i++) {
			if (pl_strcasecmp(&name, kept[i]))
				continue;
			err = re_hprintf(pf, "%s%r", mark, &one);
			mark = "&";
		}
	}
	return err;
}

static void refer_set(struct indialog *in, const char *uri)
{
	struct shdr_addr addr;

	if (smsg_addr(indialog_request(in), SHDR_REFER_TO, &addr))
		return;
	in->refer_to = mem_deref(in->refer_to);
	(void)re_sdprintf(&in->refer_to, "<%s%H>", uri, headers_print,
			  &addr.uri.headers);
}

static const struct call_side *receiver(const struct indialog *in)
{
	return &in->rec->side[!indialog_side(in)];
}

static void on_granted(enum status code, const struct call_record *rec,
		       void *arg)
{
	struct indialog *in = arg;
	(void)rec;

	/* of a dialog that is not through us the other side knows itself */
	log_info(in->cookie.call, "a place is given away", "granted=%d",
		 code == STATUS_OK);
	in->ask = mem_deref(in->ask);
	indialog_forward(in, NULL);
}

/* What its receiver is asked to do it may do: noted before it is. */
static void send_on(struct indialog *in)
{
	const struct call_side *me = &in->rec->side[indialog_side(in)];
	char by[CALL_PARTY_MAX], to[CALL_PARTY_MAX], text[CALL_URI_MAX];
	struct call_grant grant = {.tenant = in->rec->tenant,
				   .by = by, .to = to};
	struct shdr_replaces what;
	struct shdr_addr addr;

	call_party(by, me->conn, me->user);
	call_party(to, receiver(in)->conn, receiver(in)->user);
	if (smsg_addr(indialog_request(in), SHDR_REFER_TO, &addr) ||
	    shdr_replaces_of_uri(&what, text, sizeof(text),
				 &addr.uri.headers)) {
		indialog_forward(in, NULL);
		return;
	}
	grant.callid = what.callid;
	if (call_grant(&in->ask, in->px->deps.redis, &grant, on_granted, in))
		indialog_fail(in, STATUS_REDIS_DOWN);
}

/* A party of that call, of the same tenant. */
static void refer_party(struct indialog *in, const struct call_record *rec,
			unsigned side)
{
	const struct call_side *party = &rec->side[side];
	const struct call_side *to = receiver(in);
	char uri[CALL_URI_MAX + 64];
	struct suri su;
	struct pl pl;

	pl_set_str(&pl, party->uri);
	/* who wished to be nobody to the other side is not told by it */
	if (strcmp(rec->tenant, in->rec->tenant) || suri_decode(&su, &pl) ||
	    !strcmp(party->far, IDENTITY_ANONYMOUS))
		return;
	if (!to->conn[0]) {
		refer_set(in, party->uri);
	} else if (!strcmp(to->conn, party->conn) &&
		   !strcmp(call_tenant(rec, side), in->rec->tenant)) {
		refer_set(in, party->target);
	} else if (re_snprintf(uri, sizeof(uri), "sip:%r@%s", &su.user,
			       hop_host(in->px, &in->to)) > 0) {
		refer_set(in, uri);
	}
}

static void on_party(enum status code, const struct call_record *rec,
		     void *arg)
{
	struct indialog *in = arg;
	struct contact_token token;
	struct shdr_addr addr;

	in->ask = mem_deref(in->ask);
	if (code == STATUS_OK && rec->state == CALL_UP &&
	    !smsg_addr(indialog_request(in), SHDR_REFER_TO, &addr) &&
	    !contact_token_open(&token, in->px->deps.keyring, &addr.uri.user))
		refer_party(in, rec, token.side);
	/* what cannot be told in other words is nobody's */
	if (!in->refer_to && receiver(in)->conn[0])
		indialog_fail(in, STATUS_UNKNOWN_USER);
	else
		send_on(in);
}

/* --- a number ------------------------------------------------------------------- */

/* The sender calls: as the connection that it is, or as a user. */
static enum status route_ask(const struct indialog *in,
			     struct route_plan *plan, const struct pl *callee)
{
	const struct call_side *me = &in->rec->side[indialog_side(in)];
	struct route_query query = {.method = PL("INVITE"), .callee = *callee};
	struct question question;
	struct pl tenant, conn;

	pl_set_str(&tenant, in->rec->tenant);
	pl_set_str(&conn, me->conn);
	pl_set_str(&query.caller, me->user);
	query.tenant = route_tenant_by_id(in->px->deps.routes, &tenant);
	if (!query.tenant)
		return STATUS_NO_ROUTE;
	if (conn.l) {
		query.from = route_connection_find(query.tenant, &conn);
		if (!query.from)
			return STATUS_NO_ROUTE;
	}
	question_fill(&query, &question, in->px, txn_srv_request(in->st),
		      &txn_srv_source(in->st)->addr);
	return status_of_errno(
		route_decide(in->px->deps.routes, &query, plan));
}

/* Which number, and whether its host is one of ours or of that PBX. */
static bool number_of(const struct indialog *in,
		      const struct route_connection *conn,
		      const struct suri *uri)
{
	if (uri->scheme == SURI_TEL)
		return uri->user.l != 0;
	if ((uri->scheme != SURI_SIP && uri->scheme != SURI_SIPS) ||
	    !uri->user.l)
		return false;
	return route_tenant_by_domain(in->px->deps.routes, &uri->host) ==
		       conn->tenant ||
	       !pl_strcasecmp(&uri->host, conn->peer.domain) ||
	       (conn->peer.host && !pl_strcasecmp(&uri->host, conn->peer.host));
}

static bool leads_to(const struct route_plan *plan,
		     const struct route_connection *conn)
{
	for (unsigned i = 0; i < plan->ntargets; i++) {
		if (plan->targets[i].kind == ROUTE_TO_CONNECTION &&
		    plan->targets[i].connection == conn)
			return true;
	}
	return false;
}

static enum status refer_number(struct indialog *in,
				const struct route_connection *conn,
				const struct suri *uri)
{
	struct route_plan *plan;
	char text[CALL_URI_MAX], number[CALL_TEXT_MAX];
	struct pl callee = {number, 0};
	enum status code;

	if (!number_of(in, conn, uri))
		return STATUS_FORBIDDEN;
	if (suri_unescape(number, sizeof(number), &callee.l, &uri->user))
		return STATUS_BAD_REQUEST;
	plan = mem_zalloc(sizeof(*plan), NULL);
	if (!plan)
		return STATUS_OVERLOAD;
	code = route_ask(in, plan, &callee);
	if (code == STATUS_OK && leads_to(plan, conn))
		callee = form_callee(plan->targets[0].form, &callee);
	if (code == STATUS_OK && route_target_answers(&plan->targets[0]))
		code = plan->targets[0].status;
	if (code == STATUS_OK &&
	    re_snprintf(text, sizeof(text), "sip:%H@%s", suri_print_user,
			&callee,
			leads_to(plan, conn) ? conn->peer.domain
					     : hop_host(in->px, &in->to)) > 0)
		refer_set(in, text);
	mem_deref(plan);
	return code;
}

void indialog_refer(struct indialog *in)
{
	const struct route_connection *conn = indialog_connection(in);
	enum status code = STATUS_OK;
	struct contact_token token;
	struct shdr_addr addr;

	if (smsg_addr(indialog_request(in), SHDR_REFER_TO, &addr)) {
		indialog_fail(in, STATUS_BAD_REQUEST);
		return;
	}
	diary_side(in->px, in->cookie.call, "call.transfer",
		   indialog_side(in), NULL);
	/* whom it would call the routes of neither tenant say */
	if (call_is_between(in->rec)) {
		indialog_fail(in, STATUS_FORBIDDEN);
		return;
	}
	if (!contact_token_open(&token, in->px->deps.keyring,
				&addr.uri.user)) {
		if (call_record_load(&in->ask, in->px->deps.redis, token.call,
				     on_party, in))
			indialog_fail(in, STATUS_REDIS_DOWN);
		return;
	}
	if (conn)
		code = refer_number(in, conn, &addr.uri);
	if (code == STATUS_OK)
		send_on(in);
	else
		indialog_fail(in, code);
}
