/*
 * relay_dialog.c  A request within a subscription: may it, and where does it
 *                 go?
 *
 * RFC 6665. It may when it shows a cookie of ours that was sealed for this
 * Call-ID and the subscriber's tag, and comes from the side that the cookie
 * was given to. A device is looked for among the bindings of its user, so that
 * a NOTIFY finds one that has registered over another connection meanwhile;
 * with Redis away the connection of then serves.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "routing/route_conn.h"
#include "routing/route_line.h"
#include "sigd/proxy/conn/conn_pins.h"
#include "sigd/proxy/methods.h"
#include "sigd/proxy/relay/relay_priv.h"
#include "sigd/proxy/request.h"

/* --- the cookie ---------------------------------------------------------------- */

/* ENOENT: none of ours. The subscriber's tag stands in From when that one
 * sends, else in To. */
static int cookie_find(struct sub_cookie *cookie, enum status *code,
		       const struct proxy *px, const struct smsg *msg)
{
	const struct sub_dialog dialogs[2] = {{msg->callid, msg->from.tag},
					      {msg->callid, msg->to.tag}};
	struct shdr_addr route;

	if (!pl_isset(&msg->to.tag) || smsg_addr(msg, SHDR_ROUTE, &route))
		return ENOENT;
	for (unsigned i = 0; i < 2; i++) {
		if (sub_cookie_open(cookie, px->deps.keyring, &dialogs[i],
				    &route.uri.user))
			continue;
		*code = cookie->to_subscriber == (i == 1)
				? STATUS_OK
				: STATUS_BAD_DIRECTION;
		return 0;
	}
	return ENOENT;
}

bool relay_claims(const struct request *rq)
{
	struct sub_cookie cookie;
	enum status code;

	const enum smsg_method method = rq->msg->method;

	return (method == SMSG_SUBSCRIBE || method == SMSG_NOTIFY) &&
	       !cookie_find(&cookie, &code, rq->px, rq->msg);
}

/* --- what it shows ---------------------------------------------------------------- */

/* Behind ours stand those that were sealed; others are not obeyed. */
static enum status routes_open(struct relay *relay, const struct smsg *msg)
{
	const struct keyring *ring = relay->px->deps.keyring;
	char uri[SUB_URI_MAX + 1];
	struct shdr_addr route;
	struct smsg_iter it;
	size_t len = 0;
	int n;

	smsg_iter_init(&it, msg, SHDR_ROUTE);
	(void)smsg_iter_addr(&it, &route);
	while (!smsg_iter_addr(&it, &route)) {
		if (sub_uri_open(uri, ring, &msg->callid, &route.uri.user))
			return STATUS_BAD_COOKIE;
		/* it was too long to be kept */
		if (!uri[0])
			continue;
		n = re_snprintf(relay->routes + len,
				sizeof(relay->routes) - len, "%s<%s>",
				len ? ", " : "", uri);
		if (n < 0)
			return STATUS_BAD_REQUEST;
		len += (size_t)n;
	}
	return STATUS_OK;
}

static const struct route_connection *
connection_of(const struct relay *relay, const struct sub_end *end)
{
	struct pl name;

	pl_set_str(&name, end->name);
	return end->connection ? route_connection_find(relay->tenant, &name)
			       : NULL;
}

static enum status fill(struct relay *relay, const struct smsg *msg)
{
	const struct sub_cookie *cookie = relay->cookie;
	struct relay_hunt *hunt = &relay->hunt;
	struct pl tenant;

	pl_set_str(&tenant, cookie->tenant);
	relay->tenant = route_tenant_by_id(relay->table, &tenant);
	if (!relay->tenant)
		return STATUS_UNKNOWN_DIALOG;
	relay->notifies = cookie->to_subscriber;
	relay->asker = cookie->from;
	relay->from = connection_of(relay, &cookie->from);
	if (cookie->from.connection && cookie->from.name[0] && !relay->from)
		return STATUS_UNKNOWN_DIALOG;
	if (suri_unescape(hunt->callee, sizeof(hunt->callee),
			  &hunt->callee_len, &msg->to.uri.user))
		return STATUS_BAD_REQUEST;
	if (sub_uri_open(relay->target, relay->px->deps.keyring, &msg->callid,
			 &msg->uri.user))
		return STATUS_BAD_COOKIE;
	return routes_open(relay, msg);
}

/* --- where it goes --------------------------------------------------------------------- */

/* Where it was when the dialog began, or spoke last. */
static void by_hint(struct relay *relay)
{
	const struct sub_cookie *cookie = relay->cookie;
	struct flow_id flow;

	if (!relay->target[0] ||
	    flow_id_unpack(&flow, cookie->flow, cookie->flow_len) ||
	    relay_try_device(relay, &cookie->to, &flow, "")) {
		const struct relay_end gone = {.code = 480,
					       .why = STATUS_FLOW_GONE};

		relay_note(relay, &gone);
	}
	relay_go_on(relay);
}

static void on_bindings(const struct registrar_list *list, void *arg)
{
	struct relay *relay = arg;
	const struct sub_end *to = &relay->cookie->to;
	struct registrar_ask *ask = relay->hunt.lookup;

	relay->hunt.lookup = NULL;
	if (list->code == STATUS_OK &&
	    relay_try_devices(relay, list, to->name, to->device, list->n))
		relay_go_on(relay);
	else
		by_hint(relay);
	mem_deref(ask);
}

static void to_device(struct relay *relay)
{
	const struct sub_end *to = &relay->cookie->to;
	struct registrar_params params = {.link = relay->px->deps.redis,
					  .h = on_bindings,
					  .arg = relay};

	pl_set_str(&params.aor.tenant, relay->tenant->id);
	pl_set_str(&params.aor.user, to->name);
	if (!to->device || !to->name[0] ||
	    registrar_lookup(&relay->hunt.lookup, &params))
		by_hint(relay);
}

/* The very address that it had, of several, from our own socket: the worker
 * that spoke to it may not be there any more. */
static bool hinted_way(struct conn_way *way, const struct relay *relay,
		       const struct route_connection *conn)
{
	const struct proxy *px = relay->px;
	const struct sub_cookie *cookie = relay->cookie;

	memset(way, 0, sizeof(*way));
	if (conn->kind == ROUTE_INBOUND ||
	    flow_id_unpack(&way->flow, cookie->flow, cookie->flow_len) ||
	    !flow_id_addressed(&way->flow))
		return false;
	str_ncpy(way->flow.node, px->deps.node, sizeof(way->flow.node));
	way->flow.slot = px->deps.slot;
	return way->flow.listener < px->deps.nlisteners;
}

static void connection_go(struct relay *relay)
{
	const struct route_connection *conn = relay->hunt.sought;
	struct relay_hunt *hunt = &relay->hunt;
	struct conn_way way;

	if (!hinted_way(&way, relay, conn) ||
	    relay_try_connection(relay, conn, &way)) {
		hunt->targets[0] = (struct route_target){
			.kind = ROUTE_TO_CONNECTION, .connection = conn};
		hunt->ntargets = 1;
	}
	relay_go_on(relay);
}

static void on_read(const struct registrar_list *list, void *arg)
{
	struct relay *relay = arg;
	struct registrar_ask *ask = relay->hunt.lookup;
	(void)list;

	relay->hunt.lookup = NULL;
	connection_go(relay);
	mem_deref(ask);
}

/* A worker that has not spoken to it yet must know what realm it has, before
 * it challenges: within a dialog none is learnt. What is asked behind that is
 * answered after it (conn_pins.h). With Redis away it goes on as it is. */
static bool is_pin_read(struct relay *relay,
			const struct route_connection *conn)
{
	struct registrar_params params = {.link = relay->px->deps.redis,
					  .aor.connection = true,
					  .h = on_read,
					  .arg = relay};

	if (!conn->login.username || conn_pins_realm(relay->px->pins, conn))
		return true;
	conn_pins_fetch(relay->px->pins, conn);
	pl_set_str(&params.aor.tenant, relay->tenant->id);
	pl_set_str(&params.aor.user, conn->name);
	return registrar_lookup(&relay->hunt.lookup, &params) != 0;
}

static void to_connection(struct relay *relay)
{
	const struct route_connection *conn =
		connection_of(relay, &relay->cookie->to);
	struct pl user;

	/* as whom the PBX knows its user */
	pl_set_str(&user, relay->asker.name);
	if (!relay->asker.connection)
		conn = route_line_of(relay->tenant, &user, conn);
	relay->hunt.sought = conn;
	if (!conn)
		relay_fail(relay, STATUS_UNKNOWN_DIALOG);
	else if (is_pin_read(relay, conn))
		connection_go(relay);
}

void relay_dialog_serve(struct request *rq, struct txn_srv *st)
{
	struct proxy *px = rq->px;
	struct relay *relay =
		relay_new(px, st, (struct route_table *)px->deps.routes);
	enum status code = STATUS_BAD_COOKIE;

	if (!relay)
		return;
	relay->source = rq->src->id;
	relay->cookie = mem_zalloc(sizeof(*relay->cookie), NULL);
	if (!relay->cookie) {
		relay_fail(relay, STATUS_OVERLOAD);
		return;
	}
	(void)cookie_find(relay->cookie, &code, px, rq->msg);
	if (code == STATUS_OK)
		code = fill(relay, rq->msg);
	if (code == STATUS_OK)
		txn_srv_once(st, false);
	if (code != STATUS_OK)
		relay_fail(relay, code);
	else if (methods_refuse(px, st, relay->from))
		mem_deref(relay);
	else if (!relay_fits(relay))
		return;
	else if (relay->cookie->to.connection)
		to_connection(relay);
	else
		to_device(relay);
}
