/*
 * stream_priv.h  A byte stream, as its files share it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_STREAM_PRIV_H
#define SIGD_TRANSPORT_STREAM_PRIV_H

#include "sigd/transport/flow_priv.h"
#include "sigd/transport/sock_stream.h"

struct loop_watch;
struct ssl_ctx_st;
struct ssl_st;
struct stream;

enum {
	STREAM_READ = 16384, /* a TLS record: so nothing stays inside TLS */
};

/*
 * Bytes in and out, encrypted or not: const tables. All return 0 or an errno;
 * EAGAIN: when the socket is ready again; a read of 0 bytes is the end.
 */
struct stream_io {
	int (*handshake)(struct stream *stream);
	int (*read)(struct stream *stream, uint8_t *buf, size_t *len);
	int (*write)(struct stream *stream, const uint8_t *buf, size_t *len);
	/* We say no more. */
	void (*finish)(struct stream *stream);
};

extern const struct stream_io stream_plain;
extern const struct stream_io stream_tls; /* sock_tls.c */

/* CONNECTING: ours, to a peer. HANDSHAKE: TLS. NEW: accepted, nothing whole
 * came yet. HALF: the peer says no more, and may still read. CLOSING: we say
 * what waits and no more. */
enum stream_state {
	STREAM_CONNECTING,
	STREAM_HANDSHAKE,
	STREAM_NEW,
	STREAM_OPEN,
	STREAM_HALF,
	STREAM_CLOSING,
	STREAM_ENDED
};

struct stream {
	struct flow flow; /* first: a flow of a stream is one of these */
	struct le le;     /* of the set: opening or open */
	struct le peer_le; /* of the set's peers */
	struct stream_set *set;
	const struct stream_io *io;
	struct loop_watch *watch;
	struct ssl_st *ssl;
	struct wheel_timer timer; /* deadlines of life, by state */
	struct wheel_timer stall; /* what waits has to move */
	void *framer;
	struct mbuf *txq;    /* from pos to end waits; NULL: nothing */
	struct flow_id peer; /* kind 0: no peer's */
	uint64_t begun_ms;   /* a message came in part; 0: none */
	uint64_t tx_ms;      /* last message out */
	uint64_t ping_ms;    /* last ping of ours; 0: none */
	int fd;
	int err;
	uint8_t state; /* enum stream_state */
	uint8_t listener;
	uint8_t pings; /* not yet answered */
	bool ours;       /* we have connected */
	bool pongs;      /* it answers pings */
	bool want_write; /* TLS has to write before it can go on */
	bool finished;
};

struct stream_listener {
	const struct transport_listener *cfg;
	struct ssl_ctx_st *tls; /* NULL: plain */
	struct sa local;        /* as bound */
};

struct stream_set {
	struct stream_params p;
	struct stream_listener on[TRANSPORT_LISTENERS_MAX];
	struct list opening; /* accepted, nothing whole came yet; oldest first */
	struct list open;    /* all others */
	struct hash *peers;
	struct list terms; /* TLS towards peers, by tag (sock_tls.c) */
	uint8_t rx[STREAM_READ];
};

/* sock_stream.c: life */
int stream_alloc(struct stream **sp, struct stream_set *set, int fd,
		 uint8_t listener);
/* What the socket is watched for. */
int stream_watch(struct stream *stream);
/* Through the handshake, when there is one, to where messages go. */
void stream_shake(struct stream *stream);
/* The one of the state that it is in. */
void stream_deadline(struct stream *stream, uint32_t ms);
/* It lives: the deadline that comes next. */
void stream_live(struct stream *stream);
/* Close after what waits. */
void stream_close(struct stream *stream);
/* Nothing more goes or comes; handlers are called in the next turn. */
void stream_end(struct stream *stream, int err);

/* stream_data.c: what goes through */
void stream_readable(struct stream *stream);
void stream_writable(struct stream *stream);
int stream_send(struct flow *flow, const uint8_t *data, size_t len);
/* Bytes that are no message; errors end it. */
void stream_say(struct stream *stream, const char *text);
size_t stream_waits(const struct stream *stream);

/* stream_peer.c: those that we make */
void stream_connected(struct stream *stream);

/* sock_tls.c */
int stream_tls_listen(struct stream_set *set, struct stream_listener *on);
int stream_tls_accept(struct stream *stream, struct ssl_ctx_st *ctx);
int stream_tls_connect(struct stream *stream);
void stream_tls_free(struct stream *stream);
void stream_tls_forget(struct stream_set *set);
void stream_tls_listener_free(struct stream_listener *on);

#endif
