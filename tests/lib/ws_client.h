/*
 * ws_client.h  A WebSocket client for tests, well-behaved or not
 *
 * On common/loop, over TLS or plain TCP. Speaks the subprotocol sip unless
 * told otherwise. Can cut what it sends at any byte, send frames that are
 * none, stop reading and vanish.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_WS_CLIENT_H
#define TESTS_LIB_WS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct ws_client;

/* WS_TEXT to WS_PONG: opcodes of RFC 6455 5.2 */
enum ws_opcode {
	WS_CONT = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10
};

/* A WebSocket is open; raw: connected, with TLS if asked for. */
typedef void(ws_client_open_h)(void *arg);
/* A whole message, or a ping or pong; raw: bytes (opcode WS_BINARY). */
typedef void(ws_client_recv_h)(enum ws_opcode opcode, const uint8_t *data,
			       size_t len, void *arg);
/*
 * The end, once, unless it was freed before. status: of the HTTP answer, 0:
 * none came; code: of the close frame, 1005: without code, 1006: none came.
 */
typedef void(ws_client_end_h)(int status, int code, void *arg);

struct ws_client_params {
	struct sa server;
	bool tls;
	bool raw;             /* no handshake: bytes as they are */
	bool no_pong;         /* leave pings unanswered */
	bool no_close;        /* do not answer a close frame */
	const char *path;     /* NULL: "/ws" */
	const char *origin;   /* NULL: none */
	const char *protocol; /* NULL: "sip"; "": none */
	const char *headers;  /* more of them, each with CRLF; or NULL */
	const void *session;  /* of ws_client_session(): resume it */
	const char *sni;      /* name asked for; NULL: none */
	uint16_t tls_version; /* TLS1_2_VERSION: no newer; 0: any */
	const void *before;   /* bytes before all else, even TLS; or NULL */
	size_t before_len;
	int rcvbuf;           /* SO_RCVBUF; 0: the kernel's */
	ws_client_open_h *openh;
	ws_client_recv_h *recvh;
	ws_client_end_h *endh;
	void *arg;
};

/* loop_init() came before; mem_deref() drops the connection without a word. */
int ws_client_alloc(struct ws_client **clientp,
		    const struct ws_client_params *params);

/* A message in one masked frame. */
int ws_client_send(struct ws_client *client, enum ws_opcode opcode,
		   const void *data, size_t len);
int ws_client_text(struct ws_client *client, const char *text);
/* One frame with this first byte (FIN, RSV, opcode). */
int ws_client_frame(struct ws_client *client, uint8_t first, bool masked,
		    const void *data, size_t len);
/* Bytes as they are. */
int ws_client_raw(struct ws_client *client, const void *data, size_t len);
/* Of what is sent from now on: one write (of TLS: one record) for each `size`
 * bytes; 0: no cutting. */
void ws_client_chop(struct ws_client *client, size_t size);
/* Cut once, `offset` bytes into what is sent next. */
void ws_client_cut(struct ws_client *client, size_t offset);
/* Stop to read from the socket, or go on. */
void ws_client_pause(struct ws_client *client, bool pause);
/* Half-close: send no more. */
void ws_client_finish(struct ws_client *client);

/* Owned by the client; resume with it while that lives. NULL: none yet. */
const void *ws_client_session(const struct ws_client *client);
bool ws_client_resumed(const struct ws_client *client);
/* The common name of the server's certificate; "" when not TLS. */
void ws_client_peer(const struct ws_client *client, char *name, size_t size);
bool ws_client_is_open(const struct ws_client *client);

#endif
