/*
 * edge_message.c  Messages of an open WebSocket: put together, queued, sent
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <libwebsockets.h>
#include <re.h>

#include "common/loop.h"
#include "sigd/transport/edge_loop.h"
#include "sigd/transport/edge_priv.h"
#include "sigd/transport/utf.h"

struct edge_msg {
	struct le le;
	size_t len;
	bool text;
	uint8_t data[]; /* LWS_PRE bytes for the frame's head, then len */
};

/* What libre and malloc() put before a block, about. */
enum {
	BLOCK_COST = 32
};

/* What a waiting message takes: of two bytes it is mostly this. */
static uint32_t cost(size_t len)
{
	return (uint32_t)(sizeof(struct edge_msg) + LWS_PRE + BLOCK_COST + len);
}

static void msg_destructor(void *data)
{
	struct edge_msg *msg = data;

	list_unlink(&msg->le);
}

/* --- in ----------------------------------------------------------------- */

static int refuse(struct edge_conn *conn, enum lws_close_status status,
		  const char *why)
{
	lws_close_reason(conn->wsi, status, (unsigned char *)(uintptr_t)why,
			 strlen(why));
	return -1;
}

/*
 * RFC 5626 3.5.1 and 4.4.1: a ping of two CRLF gets one CRLF. On a WebSocket
 * pings are frames (RFC 7118 section 6), but some clients send these, too.
 */
static bool keepalive(struct edge_conn *conn, const uint8_t *data, size_t len)
{
	if (len == 2)
		return !memcmp(data, "\r\n", 2);
	if (len != 4 || memcmp(data, "\r\n\r\n", 4))
		return false;

	++conn->on->edge->p.counts->keepalives;
	(void)edge_send(&conn->flow, (const uint8_t *)"\r\n", 2);
	return true;
}

static int deliver(struct edge_conn *conn, const uint8_t *data, size_t len,
		   bool text)
{
	struct edge *edge = conn->on->edge;

	if (text && !utf_valid(data, len)) {
		return refuse(conn, LWS_CLOSE_STATUS_INVALID_PAYLOAD,
			      "not UTF-8");
	}
	if (!len)
		return 0;

	++edge->p.counts->rx_messages;
	edge->p.counts->rx_bytes += len;
	if (keepalive(conn, data, len))
		return 0;

	edge->p.recvh(&conn->flow, conn->on->index, data, len, edge->p.arg);
	return 0;
}

static int append(struct edge_conn *conn, const uint8_t *data, size_t len)
{
	if (!conn->rx) {
		conn->rx = mbuf_alloc(2 * EDGE_RX_CHUNK);
		conn->rx_pieces = 0;
	}
	return conn->rx ? mbuf_write_mem(conn->rx, data, len) : ENOMEM;
}

/* libwebsockets gives pieces as they come, whatever the frames are. */
int edge_message_rx(struct edge_conn *conn, const uint8_t *data, size_t len)
{
	const struct transport_limits *limits = conn->on->edge->p.limits;
	bool text = !lws_frame_is_binary(conn->wsi);
	bool last = lws_is_final_fragment(conn->wsi);
	struct mbuf *rx;
	int err;

	if (conn->state != CONN_OPEN)
		return 0;

	/* RFC 6455 5.2: no extension was agreed. Built without extensions,
	 * libwebsockets lets RSV1 pass */
	if (lws_get_reserved_bits(conn->wsi))
		return refuse(conn, LWS_CLOSE_STATUS_PROTOCOL_ERR, "rsv");

	conn->flow.rx_ms = loop_now_ms();
	edge_conn_alive(conn);
	if ((conn->rx ? conn->rx->end : 0) + len > limits->message) {
		++conn->on->edge->p.counts->limit_message;
		return refuse(conn, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
			      "message too big");
	}
	if (last && !conn->rx)
		return deliver(conn, data, len, text);
	if (append(conn, data, len))
		return refuse(conn, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION,
			      "out of memory");
	if (!last)
		return 0;

	rx = conn->rx;
	conn->rx = NULL;
	err = deliver(conn, rx->buf, rx->end, text);
	mem_deref(rx);
	return err;
}

/* --- out ---------------------------------------------------------------- */

static int send_first(struct edge_conn *conn)
{
	struct edge_msg *msg = list_head(&conn->txq)->data;
	int n = lws_write(conn->wsi, msg->data + LWS_PRE, msg->len,
			  msg->text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);

	/* What the kernel did not take, libwebsockets has copied */
	conn->txq_bytes -= cost(msg->len);
	mem_deref(msg);
	return n < 0 ? -1 : 0;
}

/*
 * At once when nothing waits: to ask whether the socket takes something costs
 * more than to give it (four times epoll_ctl() and a turn of libuv). What the
 * kernel does not take, libwebsockets keeps, and asks then by itself.
 */
static int send_soon(struct edge_conn *conn)
{
	if (conn->txq.head->next || conn->ping_wanted ||
	    lws_partial_buffered(conn->wsi)) {
		edge_want_tx(conn);
		return 0;
	}
	if (send_first(conn)) {
		edge_conn_kill(conn);
		return ENOTCONN;
	}
	if (lws_partial_buffered(conn->wsi))
		edge_loop_kick(conn->on->edge->loop);
	return 0;
}

int edge_send(struct flow *flow, const uint8_t *data, size_t len)
{
	struct edge_conn *conn = (struct edge_conn *)flow;
	const struct edge_params *p = &conn->on->edge->p;
	struct edge_msg *msg;

	if (conn->state != CONN_OPEN)
		return ENOTCONN;
	if (!len || len > p->limits->message)
		return EMSGSIZE;
	/* The first one always finds room: a limit below the size of a
	 * message is none on readers */
	if (conn->txq_bytes && conn->txq_bytes + cost(len) > p->limits->queue) {
		/* A reader that has stopped. A goodbye would wait behind all
		 * that it did not read */
		++p->counts->limit_queue;
		edge_conn_kill(conn);
		return ENOBUFS;
	}
	msg = mem_alloc(sizeof(*msg) + LWS_PRE + len, msg_destructor);
	if (!msg)
		return ENOMEM;

	memset(&msg->le, 0, sizeof(msg->le));
	memcpy(msg->data + LWS_PRE, data, len);
	msg->len = len;
	/* A text frame must be UTF-8 (RFC 6455 8.1), SIP need not be
	 * (RFC 7118 section 5: both kinds of frame are allowed) */
	msg->text = utf_valid(data, len);
	list_append(&conn->txq, &msg->le, msg);
	conn->txq_bytes += cost(len);
	++p->counts->tx_messages;
	p->counts->tx_bytes += len;
	return send_soon(conn);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* One that was not asked for says nothing (RFC 6455 5.5.3). */
void edge_message_pong(struct edge_conn *conn)
{
	const struct edge_params *p = &conn->on->edge->p;
	uint64_t us;

	if (!conn->ping_us)
		return;
	us = now_us() - conn->ping_us;
	conn->ping_us = 0;
	if (p->pongh && conn->state == CONN_OPEN)
		p->pongh(&conn->flow, (uint32_t)min(us, (uint64_t)UINT32_MAX),
			 p->arg);
}

/* libwebsockets does not tell of a pong without payload. */
static int send_ping(struct edge_conn *conn)
{
	uint8_t buf[LWS_PRE + 2] = {[LWS_PRE] = 'c', [LWS_PRE + 1] = 'b'};

	conn->ping_wanted = false;
	conn->ping_us = now_us();
	return lws_write(conn->wsi, buf + LWS_PRE, 2, LWS_WRITE_PING) < 0 ? -1
									  : 0;
}

/*
 * Not by returning -1: what is closed so from its writeable callback, Debian's
 * libwebsockets closes twice, as a test of libuv, and the second time cuts it
 * off before the close frame is written.
 */
static int send_goodbye(struct edge_conn *conn)
{
	conn->goodbye_sent = true;
	(void)refuse(conn, (enum lws_close_status)conn->close_code, "");
	lws_set_timeout(conn->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
			LWS_TO_KILL_SYNC);
	return 0;
}

/* One write each time: libwebsockets asks for that. */
int edge_message_tx(struct edge_conn *conn)
{
	int err = 0;

	if (conn->goodbye_sent)
		return 0;
	if (conn->ping_wanted)
		err = send_ping(conn);
	else if (conn->txq.head)
		err = send_first(conn);
	else if (conn->state == CONN_CLOSING)
		return send_goodbye(conn);
	if (err)
		return err;

	if (conn->txq.head || conn->ping_wanted || conn->state == CONN_CLOSING)
		edge_want_tx(conn);
	return 0;
}
