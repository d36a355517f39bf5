/*
 * edge_conn.c  The life of a connection and its deadlines
 *
 * One timer does: the handshake has to be over in time; an open flow is
 * pinged, and must show life before the pong's deadline; a goodbye must be
 * answered in time.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/loop.h"
#include "sigd/transport/edge_priv.h"

/* RFC 6455 7.4.1 */
enum {
	CLOSE_POLICY = 1008
};

static void conn_destructor(void *data)
{
	struct edge_conn *conn = data;

	wheel_stop(&conn->timer);
	list_unlink(&conn->le);
	list_flush(&conn->txq);
	mem_deref(conn->rx);
	mem_deref(conn->http_head);
	/* one that was given before it opened, and then did not */
	flow_user_clear(&conn->flow);
}

static void on_deadline(void *arg);

static void deadline(struct edge_conn *conn, uint32_t ms)
{
	wheel_start(conn->on->edge->p.wheel, &conn->timer, ms, on_deadline,
		    conn);
}

/* Never calls a handler before it returns. */
static void on_close(struct flow *flow, uint16_t code)
{
	edge_conn_close((struct edge_conn *)flow, code);
}

static const struct flow_ops edge_flow_ops = {.send = edge_send,
					      .close = on_close};

int edge_conn_alloc(struct edge_conn **connp, struct edge_listener *on,
		    const struct sa *remote, const struct sa *local)
{
	struct edge_conn *conn = mem_zalloc(sizeof(*conn), conn_destructor);

	if (!conn)
		return ENOMEM;

	conn->on = on;
	conn->flow.ops = &edge_flow_ops;
	conn->flow.listener = on->index;
	conn->flow.remote = *remote;
	conn->flow.local = *local;
	list_append(&on->edge->opening, &conn->le, conn);
	deadline(conn, on->edge->p.limits->handshake_ms);
	*connp = conn;
	return 0;
}

/* libwebsockets may have had it for a moment, and then tells of its end by
 * itself. When it knows nothing of it, nobody else would. */
void edge_conn_unborn(struct edge_conn *conn)
{
	if (conn->state == CONN_ENDED)
		return;

	conn->state = CONN_ENDING;
	deadline(conn, conn->on->edge->p.limits->close_ms);
}

void edge_conn_allow(struct edge_conn *conn, uint32_t ms)
{
	if (conn->state == CONN_HANDSHAKE)
		deadline(conn, ms);
}

/* Many clients come back at once after a restart: spread their pings over the
 * last quarter of the time (Knuth's multiplicative hash of the number). */
static uint32_t ping_delay(const struct edge_conn *conn)
{
	uint32_t ms = conn->on->edge->p.limits->ping_ms;
	uint32_t spread = conn->flow.id.num * 2654435761u >> 16;

	return ms - (uint32_t)((uint64_t)(ms / 4) * spread >> 16);
}

void edge_conn_opened(struct edge_conn *conn)
{
	struct edge *edge = conn->on->edge;

	conn->state = CONN_OPEN;
	conn->was_flow = true;
	conn->flow.opened_ms = loop_now_ms();
	list_unlink(&conn->le);
	list_append(&edge->open, &conn->le, conn);
	flow_table_add(edge->p.flows, &conn->flow, conn->on->cfg->kind);
	++edge->p.counts->flows;
	++edge->p.counts->flows_opened;
	deadline(conn, ping_delay(conn));
	if (edge->p.openh)
		edge->p.openh(&conn->flow, edge->p.arg);
}

void edge_conn_alive(struct edge_conn *conn)
{
	if (conn->state != CONN_OPEN || !conn->ping_sent)
		return;

	conn->ping_sent = false;
	deadline(conn, ping_delay(conn));
}

void edge_conn_kill(struct edge_conn *conn)
{
	if (conn->state >= CONN_ENDING)
		return;

	conn->state = CONN_ENDING;
	wheel_stop(&conn->timer);
	flow_table_remove(conn->on->edge->p.flows, &conn->flow);
	edge_teardown(conn);
}

void edge_conn_close(struct edge_conn *conn, uint16_t code)
{
	if (conn->state == CONN_HANDSHAKE)
		edge_conn_kill(conn);
	if (conn->state != CONN_OPEN)
		return;

	conn->state = CONN_CLOSING;
	conn->close_code = code;
	flow_table_remove(conn->on->edge->p.flows, &conn->flow);
	deadline(conn, conn->on->edge->p.limits->close_ms);
	edge_want_tx(conn);
}

void edge_conn_closing(struct edge_conn *conn)
{
	if (conn->state != CONN_OPEN)
		return;

	conn->state = CONN_CLOSING;
	conn->goodbye_sent = true;
	flow_table_remove(conn->on->edge->p.flows, &conn->flow);
	deadline(conn, conn->on->edge->p.limits->close_ms);
}

/* A message that was begun two pings ago and is not whole will not be: bytes
 * that trickle must not hold memory for ever. */
static bool rx_stuck(struct edge_conn *conn)
{
	return conn->rx && ++conn->rx_pieces > 2;
}

static void open_deadline(struct edge_conn *conn)
{
	struct edge *edge = conn->on->edge;

	if (conn->ping_sent) {
		++edge->p.counts->limit_pong;
		edge_conn_kill(conn);
	} else if (rx_stuck(conn)) {
		++edge->p.counts->limit_slow;
		edge_conn_close(conn, CLOSE_POLICY);
	} else {
		conn->ping_wanted = conn->ping_sent = true;
		deadline(conn, edge->p.limits->pong_ms);
		edge_want_tx(conn);
	}
}

static void on_deadline(void *arg)
{
	struct edge_conn *conn = arg;

	switch ((enum conn_state)conn->state) {
	case CONN_HANDSHAKE:
		++conn->on->edge->p.counts->limit_handshake;
		edge_conn_kill(conn);
		break;
	case CONN_OPEN:
		open_deadline(conn);
		break;
	case CONN_CLOSING:
		edge_conn_kill(conn);
		break;
	case CONN_ENDING:
		edge_gone(conn); /* unborn: for any other there is no timer */
		break;
	case CONN_ENDED:
		break;
	}
}

void edge_conn_ended(struct edge_conn *conn)
{
	struct edge *edge = conn->on->edge;

	if (conn->state == CONN_ENDED)
		return;

	conn->state = CONN_ENDED;
	wheel_stop(&conn->timer);
	flow_table_remove(edge->p.flows, &conn->flow);
	if (!conn->was_flow)
		return;

	--edge->p.counts->flows;
	if (edge->p.goneh && !edge->ending)
		edge->p.goneh(&conn->flow, edge->p.arg);
	flow_user_clear(&conn->flow);
	mem_deref(conn->flow.asks);
}
