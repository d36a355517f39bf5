/*
 * edge_priv.h  A connection at the edge, as its files share it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_EDGE_PRIV_H
#define SIGD_TRANSPORT_EDGE_PRIV_H

#include "sigd/transport/edge_ws.h"
#include "sigd/transport/flow_priv.h"

struct edge_listener;
struct edge_loop;
struct lws;
struct lws_context;
struct lws_vhost;
struct web_file;
struct web_files;

enum {
	EDGE_RX_CHUNK = 1024,
	EDGE_TX_CHUNK = 16384,
	EDGE_HTTP_CHUNK = 8192,
	EDGE_HEADERS_MAX = 16384 /* a token of 8 kB among them */
};

struct edge {
	struct edge_params p;
	struct edge_loop *loop;
	struct lws_context *ctx;
	struct ssl_ctx_st *idle_tls; /* in place of lws' own for clients */
	struct edge_listener *on[TRANSPORT_LISTENERS_MAX];
	struct list opening; /* struct edge_conn, not yet flows, oldest first */
	struct list open;    /* the others */
	uint32_t turns;      /* of the loop since the guard has looked */
	uint64_t looked_ms;
	bool ending;
	/* for the time of edge_listen(), while lws calls back */
	struct edge_listener *adding;
	int err;
};

struct edge_listener {
	struct edge *edge;
	const struct transport_listener *cfg;
	struct web_files *files;
	struct lws_vhost *vhost;
	char name[16];
	uint8_t index;
};

/*
 * HANDSHAKE: TLS, then HTTP, until the answer to the upgrade is sent, or the
 * page. OPEN: a flow. CLOSING: our goodbye is said or about to be. ENDING:
 * libwebsockets was told to tear it down. ENDED: nobody is told any more.
 */
enum conn_state {
	CONN_HANDSHAKE,
	CONN_OPEN,
	CONN_CLOSING,
	CONN_ENDING,
	CONN_ENDED
};

struct edge_conn {
	struct flow flow; /* first: a flow of the edge is one of these */
	struct le le;
	struct edge_listener *on;
	struct lws *wsi;          /* NULL before and after its life */
	struct wheel_timer timer; /* one deadline at a time, by state */
	struct mbuf *rx;          /* a message in pieces */
	struct list txq;          /* struct edge_msg */
	uint32_t txq_bytes;
	uint32_t rx_pieces; /* pings sent since rx was begun */
	uint16_t close_code;
	uint8_t state; /* enum conn_state */
	bool tls_done;
	bool was_flow;
	bool rx_text;
	bool ping_wanted, ping_sent;
	uint64_t ping_us; /* when it was written; 0: none is out */
	bool goodbye_sent;
	bool was_unread, heard; /* see edge_guard.c */
	struct mbuf *http_head;
	const struct web_file *http_file; /* the body; NULL: none */
	size_t http_pos;
};

/* edge_conn.c: life and deadlines */
int edge_conn_alloc(struct edge_conn **connp, struct edge_listener *on,
		    const struct sa *remote, const struct sa *local);
/* libwebsockets has not taken it. */
void edge_conn_unborn(struct edge_conn *conn);
void edge_conn_opened(struct edge_conn *conn);
/* Sign of life: a message or a pong. */
void edge_conn_alive(struct edge_conn *conn);
/* Say goodbye with this code after what is queued. */
void edge_conn_close(struct edge_conn *conn, uint16_t code);
/* libwebsockets says goodbye, for a fault or because the peer did. */
void edge_conn_closing(struct edge_conn *conn);
/* No goodbye: have libwebsockets tear it down soon. */
void edge_conn_kill(struct edge_conn *conn);
/* It has ended as a flow. */
void edge_conn_ended(struct edge_conn *conn);

/* edge_message.c: what goes through an open one */
/* As transport_send(): 0, ENOTCONN, ENOBUFS, EMSGSIZE, ENOMEM. */
int edge_send(struct flow *flow, const uint8_t *data, size_t len);
int edge_message_rx(struct edge_conn *conn, const uint8_t *data, size_t len);
/* The socket can take something: 0, or -1 to have it closed. */
int edge_message_tx(struct edge_conn *conn);
void edge_message_pong(struct edge_conn *conn);

/* edge_http.c: 0 to go on, -1 to close */
int edge_http_upgrade(struct edge_conn *conn, const char *protocol);
int edge_http_request(struct edge_conn *conn, const char *path);
int edge_http_tx(struct edge_conn *conn);

/* edge_token.c: 0 (right, or none); EACCES; EAGAIN */
int edge_token_check(struct edge_conn *conn);

/* edge_guard.c: after each turn of the loop; arg: the edge */
void edge_guard_turn(void *arg);

/* edge_conn.c: another deadline than that of the handshake */
void edge_conn_allow(struct edge_conn *conn, uint32_t ms);

/* edge_ws.c */
void edge_want_tx(struct edge_conn *conn);
void edge_teardown(struct edge_conn *conn);
/* It is no more, and is released: its place is free. */
void edge_gone(struct edge_conn *conn);

#endif
