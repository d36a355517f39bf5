/*
 * transport.h  Bytes in and out of a sigd worker: WSS, WS, TLS, TCP, UDP, the
 *              tunnel
 *
 * The face that sigd's upper layers see. It knows no SIP: a WebSocket message
 * or a datagram is a message, whatever it says. One per worker, one thread.
 *
 *   client --WSS--> accept -> edge -> flow --recvh--> upper layers
 *   client --TLS, TCP-> accept -> sock_stream, framer --recvh-->
 *   peer   --UDP------------> sock_udp ------recvh-->
 *   transport_send(flow id) -> own flow, own UDP socket, or the worker that
 *   owns the flow, through the tunnel (common/tube.h)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_TRANSPORT_H
#define SIGD_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/tube.h"
#include "sigd/transport/flow.h"

struct certs;
struct cfg_cidr;
struct keyring;
struct transport;
struct wheel;

enum {
	TRANSPORT_LISTENERS_MAX = 32,
	TRANSPORT_ORIGINS_MAX = 32,
	TRANSPORT_PATHS_MAX = 8
};

/* Zero: the default. Each has a counter in struct transport_counts. */
struct transport_limits {
	uint32_t conns;        /* connections of this worker; 10,000 */
	uint32_t conns_source; /* of these from one source (IPv4 address, IPv6
				  /64); 500 */
	uint32_t handshake_ms; /* from accept to an open WebSocket, and of an
				  idle HTTP connection; 5,000 */
	uint32_t message;      /* bytes of one message; 65,536, its greatest */
	uint32_t queue;        /* bytes of memory waiting for one reader; a
				  single message may be more; 262,144 */
	uint32_t ping_ms;      /* a ping after so long; 30,000 */
	uint32_t pong_ms;      /* and an answer within; 10,000 */
	uint32_t close_ms;     /* for the peer to close after us; 2,000 */
	uint32_t unacked_ms;   /* TCP_USER_TIMEOUT; 20,000 */
	uint32_t idle_ms;      /* silence after which a flow that has no user
				  (flow_user_set()) may have to give way to a
				  new one when the worker is full; 30,000 */
	/* TCP and TLS */
	uint32_t connect_ms; /* to a peer of ours; 4,000 */
	uint32_t whole_ms;   /* for a message that has begun; 10,000 */
	uint32_t unread_ms;  /* what waits for a reader must move; 10,000 */
	uint32_t silent_ms;  /* silence after which one without a user is
				closed; 600,000 */
};

/* Cuts a byte stream into messages; the transport knows none of them by sight.
 * The framer of one stream is released with mem_deref(). */
enum transport_piece_kind {
	TRANSPORT_MESSAGE,
	TRANSPORT_CRLF, /* a line break between messages: the answer to a ping,
			   or half of one (RFC 5626 4.4.1) */
	TRANSPORT_PING  /* the other half: to be answered */
};

struct transport_piece {
	enum transport_piece_kind kind;
	const uint8_t *data; /* lasts until the next call on the framer */
	size_t len;
	const char *why; /* EBADMSG: what is wrong; data is then the head of
			    the message at fault, or nothing */
};

struct transport_framer {
	int (*alloc)(void **framerp, size_t max);
	/* Bytes have come: next() until it says EAGAIN before the next ones. */
	int (*put)(void *framer, const uint8_t *data, size_t len);
	/* 0; EAGAIN: more bytes are needed; EBADMSG: close. */
	int (*next)(void *framer, struct transport_piece *piece);
	/* Bytes held: a message has begun. */
	size_t (*held)(const void *framer);
};

struct flow;
/* Has who is at its other end shown a certificate, from an authority that we
 * know, that names it so (RFC 5922 7.1)? Of TLS alone. */
bool transport_flow_named(const struct flow *flow, const char *name);

/* The terms of a TLS peer (struct flow_id.tag). Strings are used during the
 * call alone. */
struct transport_peer {
	const char *name; /* whom its certificate must name, and SNI */
	bool verify;
	const char *ca;   /* PEM file; NULL: those of the system */
	const char *cert; /* PEM files, ours; NULL: none */
	const char *key;
};

/* A listening socket of this slot; the strings are borrowed for the life of
 * the transport. */
struct transport_listener {
	const char *name;
	enum flow_kind kind;
	int fd; /* bound, but for UDP listening, too. Not closed by us */
	/* WSS, TLS: file of its own certificate, in the set of certificates: for
	 * who asks for no name, or for none that is known; NULL: the first */
	const char *cert;
	/* TLS: PEM file with the authorities of clients' certificates; NULL:
	 * none is asked for */
	const char *client_ca;
	/* Connections: load balancers in these networks say first whose
	 * connection it is (PROXY protocol, lb_header.h) */
	const struct cfg_cidr *balancers;
	size_t nbalancers;
	/* WSS and WS: allowed Origins as browsers write them, e.g.
	 * "https://phone.example.com", compared without case; "*" allows all.
	 * No list allows all. A handshake without Origin (not a browser) is
	 * allowed. */
	const char *origins[TRANSPORT_ORIGINS_MAX];
	size_t norigins;
	/* WSS and WS: URL paths of the WebSocket; none: "/" and "/ws" */
	const char *paths[TRANSPORT_PATHS_MAX];
	size_t npaths;
	/* WSS and WS: a folder whose files are served, read once; or NULL */
	const char *web_root;
};

/* Counted since the transport was made; gauges say so. */
struct transport_counts {
	uint64_t accepted; /* TCP connections taken */
	uint64_t conns;    /* gauge: open, handshakes included */
	uint64_t flows;   /* gauge: of these, and of those that we have made,
			     what carries messages */
	uint64_t flows_opened;
	uint64_t tls_done;        /* handshakes that were completed */
	uint64_t limit_conns;     /* refused or evicted, as worker is full */
	uint64_t evicted;         /* of these: idle flows that gave way */
	uint64_t limit_source;    /* refused, source has too many */
	uint64_t limit_fds;       /* accept() had no descriptor */
	uint64_t limit_handshake; /* closed, too slow to open */
	uint64_t limit_message;   /* closed 1009 */
	uint64_t limit_queue;     /* closed, reader too slow */
	uint64_t limit_pong;      /* closed, no pong in time */
	uint64_t limit_unread;    /* closed, writes and does not read */
	uint64_t limit_slow;      /* closed 1008, a message never came whole */
	uint64_t lb_headers;      /* of load balancers, read */
	uint64_t lb_errors;       /* closed: no good header */
	uint64_t limit_silent;    /* closed, nothing heard and no user */
	uint64_t framing_errors;  /* closed, a stream that lost its step */
	uint64_t peers;           /* gauge: connections to peers */
	uint64_t connects;        /* tries of these */
	uint64_t connect_errors;  /* of these, in vain */
	uint64_t tls_failed;      /* handshakes that failed */
	uint64_t tls_resumed;
	uint64_t upgrade_refused; /* no sip subprotocol, bad request, path */
	uint64_t origin_refused;
	uint64_t protocol_errors; /* closed 1002 */
	uint64_t utf8_errors;     /* closed 1007 */
	uint64_t http_requests;
	uint64_t keepalives;            /* double CRLF answered */
	uint64_t rx_messages, rx_bytes; /* of connections */
	uint64_t tx_messages, tx_bytes;
	uint64_t udp_rx, udp_tx;
	uint64_t udp_rx_ignored; /* empty, keep-alive, oversize, no port */
	uint64_t udp_drops;      /* by the kernel: receive queue was full */
	uint64_t udp_tx_errors;
	uint64_t tube_rx, tube_tx;
	uint64_t tube_refused; /* to another epoch, malformed */
	uint64_t tube_errors;  /* not sent: no peer, queue full */
};

/* Where a message came from; valid during the call. */
struct transport_src {
	struct flow_id id;
	struct flow *flow; /* NULL for UDP; id is that of its peer when we
			      have connected */
	const struct sa *local;
	const struct sa *remote;
	uint8_t listener; /* its number in the configuration */
};

/* One message; data is valid during the call, never empty. The flow may be
 * closed in it. */
typedef void(transport_recv_h)(const struct transport_src *src,
			       const uint8_t *data, size_t len, void *arg);
/* A stream has lost its step and is closed when this returns: the time to say
 * so. piece->data is what is known of the message at fault. */
typedef void(transport_broken_h)(const struct transport_src *src,
				 const struct transport_piece *piece,
				 void *arg);
/* The terms of this peer; ENOENT: there are none any more. */
typedef int(transport_peer_h)(struct transport_peer *peer,
			      const struct flow_id *id, void *arg);
/*
 * What was sent to this peer (flow_id_addressed()), over TCP or TLS, may not
 * have come there: no connection could be made (ETIMEDOUT, ECONNREFUSED...),
 * or it has ended. Called from the loop, never from within a send.
 */
typedef void(transport_lost_h)(const struct flow_id *peer, int err, void *arg);
/* A connection has opened. */
typedef void(transport_open_h)(struct flow *flow, void *arg);
/* It has ended; flow is valid during the call, nothing can be sent on it. */
typedef void(transport_gone_h)(struct flow *flow, void *arg);
/* A WebSocket has answered a ping after so many microseconds. */
typedef void(transport_pong_h)(struct flow *flow, uint32_t us, void *arg);
/*
 * A message that this worker had sent to a flow at another worker did not get
 * there, or it did and the flow has ended since, so that no answer comes on it:
 * err is ENOTCONN (the flow is gone), ENOBUFS, EHOSTUNREACH... ref is what was
 * given to transport_send(). To be treated as 430 (RFC 5626 11.5).
 */
typedef void(transport_failed_h)(uint64_t ref, int err, void *arg);
/* A response for a transaction of ours, taken by another worker. src.flow is
 * NULL; src.id may name a flow of any worker. */
typedef void(transport_response_h)(const struct transport_src *src,
				   const uint8_t *data, size_t len, void *arg);

/*
 * A WebSocket asks to open and shows a token: 0; EACCES, it is refused (401);
 * EAGAIN, it cannot be told now (503). Nothing can be sent on the flow yet, but
 * its user may be set.
 */
typedef int(transport_token_h)(struct flow *flow, const struct pl *token,
			       void *arg);

/* A message that has come, or that this worker has handed to the kernel or to
 * a connection's queue; valid during the call. */
struct transport_tap {
	bool out;
	enum flow_kind kind;
	const struct sa *local; /* NULL: not known */
	const struct sa *remote;
	const uint8_t *data;
	size_t len;
};
/* Nothing may be sent or closed in it. */
typedef void(transport_tap_h)(const struct transport_tap *tap, void *arg);

struct transport_handlers {
	transport_recv_h *recvh;
	transport_token_h *tokenh;       /* NULL: tokens are not looked at */
	transport_open_h *openh;         /* may be NULL */
	transport_gone_h *goneh;         /* may be NULL */
	transport_pong_h *pongh;         /* may be NULL */
	transport_failed_h *failedh;     /* may be NULL */
	transport_response_h *responseh; /* may be NULL */
	transport_broken_h *brokenh;     /* may be NULL */
	transport_lost_h *losth;         /* may be NULL */
	transport_peer_h *peerh;         /* NULL: no TLS peers */
	void *arg;
	transport_tap_h *taph; /* may be NULL: before recvh, and after what
				  was sent */
	void *tap_arg;
};

struct transport_params {
	const char *node; /* copied */
	uint8_t slot;
	uint32_t epoch; /* of this worker, not 0 */
	struct wheel *wheel;
	const char *run_dir; /* for the tunnel; NULL: none (EHOSTUNREACH
				      for every other worker) */
	const struct tube_tls_cfg *tube_tls; /* between boxes; NULL: none */
	struct certs *certs;  /* for WSS; or NULL. By reference, as is ring */
	struct keyring *ring; /* the cluster's: a TLS session resumes at any
				 worker; NULL: only where it was made */
	const struct transport_listener *listeners; /* borrowed */
	size_t nlisteners;
	const struct transport_framer *framer; /* of TCP and TLS */
	struct transport_limits limits;
	struct transport_handlers h;
};

/*
 * Start to serve; loop_init() came before. The caller owns *tp; mem_deref()
 * ends all connections, without a goodbye and without calling handlers.
 * errbuf gets a sentence when a web_root cannot be read.
 */
int transport_alloc(struct transport **tp,
		    const struct transport_params *params, char *errbuf,
		    size_t errlen);

/*
 * Send one message to a flow, of this worker or any other. ref: given back by
 * the failed handler; 0: do not tell.
 *   0             sent or queued (at another worker: the tunnel took it)
 *   ENOTCONN      the flow is gone: other epoch, or closed
 *   ENOBUFS       its queue is full; it is being closed
 *   EMSGSIZE      over the limit of the flow's kind
 *   EHOSTUNREACH  no tunnel to its worker, or it refuses
 *   EINVAL        not a flow
 */
int transport_send(struct transport *transport, const struct flow_id *dst,
		   const uint8_t *data, size_t len, uint64_t ref);

/* From now on what is sent to this peer goes over this connection, which it
 * has made (RFC 5923); unless it has one already. */
void transport_alias(struct transport *transport, struct flow *flow,
		     const struct flow_id *peer);

/*
 * Pass a response on to the worker that owns its transaction, or a request to
 * the one that has to serve it. src: where it came from. dst.epoch: whose it is, or 0: whoever lives there now. A successor
 * gets it as well. Errors as above.
 */
int transport_forward_response(struct transport *transport,
			       const struct tube_addr *dst,
			       const struct transport_src *src,
			       const uint8_t *data, size_t len);

/*
 * Close a flow: code is a WebSocket close code (1000 normal, 1001 going away,
 * 1008 policy, 1011, 1013); what is queued goes first. From now on nobody
 * finds it and nothing is received on it. The gone handler is called later:
 * when the peer has answered, or in close_ms.
 */
void transport_close(struct transport *transport, struct flow *flow,
		     uint16_t code);
/* Stop to accept and close idle handshakes (drain); flows stay. */
void transport_drain(struct transport *transport);

/* The same for a while: who connects is closed at once; and no more. */
void transport_shut(struct transport *transport, bool shut);

/*
 * Can its web_root be used? EINVAL and others, with a sentence in errbuf. The
 * socket is not looked at, and certificates are loaded by certs_load().
 */
int transport_check(const struct transport_listener *listener, char *errbuf,
		    size_t errlen);

/* Read certificate and key of the tunnel anew (reload), for handshakes from
 * now on. With an error, and a sentence in errbuf, it keeps the old ones. */
int transport_renew(struct transport *transport, char *errbuf, size_t errlen);

/* Another set of certificates, and other keys for tickets of TLS sessions,
 * from now on (reload). NULL: as it was. */
void transport_tls_set(struct transport *transport, struct certs *certs,
		       struct keyring *ring);

struct flow_table *transport_flows(const struct transport *transport);
const struct transport_counts *
transport_counts(const struct transport *transport);
/* The peers' addresses between boxes, when they change. See tube.h. */
struct tube *transport_tube(const struct transport *transport);

#endif
