/*
 * mux.h  The slot's sockets for all browsers: who gets a datagram
 *
 * A STUN request goes to the path that its USERNAME names, an answer to the one
 * that has a name of its transaction id; all else goes to
 * the path for which its source address was validated (of several, to the one
 * that can use it); what is left is dropped and counted. Receives and sends in batches. No allocation and no log per
 * packet. One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MUX_H
#define MEDIAD_MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct mux;
struct pass;
struct pass_msg;
struct wheel;

enum {
	MUX_SOCKS_MAX = 16, /* interfaces, with UDP and TCP */
	MUX_BATCH = 64
};

/* A datagram for a path, as it came. kind: enum classify. */
struct mux_packet {
	uint8_t *pkt; /* room: PATH_HEADROOM before, cap bytes from it */
	size_t len, cap;
	struct sa src;
	uint8_t sock;
	uint8_t kind;
};
/* False: it was none of ours (not authentic), and nothing has changed. Else the
 * receiver may be gone. */
typedef bool(mux_recv_h)(struct mux_packet *packet, void *arg);

/* Registrations, embedded by the receiver; ended by mux_name_del(),
 * mux_tuple_del() (zeroed memory is not registered). */
struct mux_name {
	struct le le;
	char ufrag[16];
	mux_recv_h *recvh;
	void *arg;
};
struct mux_tuple {
	struct le le;
	struct sa src;
	uint8_t sock;
	mux_recv_h *recvh;
	void *arg;
};

/* max: expected number of paths, for the size of the tables (0: 1024). */
int mux_alloc(struct mux **muxp, uint32_t max);
/*
 * Serve a bound, non-blocking UDP socket (not closed by the mux). Its number
 * is written to *sock. Watched by the loop; without one, mux_poll() and
 * mux_flush() serve.
 */
int mux_add(struct mux *mux, int fd, uint8_t *sock);
/*
 * Serve a listening, non-blocking TCP socket (not closed by the mux):
 * datagrams are framed (framed.h). Its number is written to *sock; it has to
 * be the same in all workers that share a pass. Needs the loop.
 */
struct mux_tcp {
	int fd;
	uint32_t max;        /* connections */
	struct wheel *wheel; /* both outlive the mux */
	struct pass *pass;   /* NULL: there are no other workers */
};
int mux_add_tcp(struct mux *mux, const struct mux_tcp *tcp, uint8_t *sock);
/* Take over what came by the pass; false: there is no such socket, and fd is
 * still the caller's. */
bool mux_adopt(struct mux *mux, int fd, const struct pass_msg *msg);
/* The n-th (0 on) of UDP with this family; ENOENT. */
int mux_sock_of(const struct mux *mux, int af, unsigned n, uint8_t *sock);
bool mux_is_tcp(const struct mux *mux, uint8_t sock);
/* What it is bound to; errno. */
int mux_local(const struct mux *mux, uint8_t sock, struct sa *local);
/* Read what is there, at most a few batches. */
void mux_poll(struct mux *mux);

/* EEXIST: the ufrag is taken. */
int mux_name_add(struct mux *mux, struct mux_name *name);
void mux_name_del(struct mux_name *name);
/*
 * Several may claim one address: a browser's next call from the same port, or
 * somebody with a call of his own and a forged source. A packet is shown to
 * one after the other, a few at most, who takes it being the first from then
 * on.
 */
void mux_tuple_add(struct mux *mux, struct mux_tuple *tuple);
void mux_tuple_del(struct mux_tuple *tuple);
/* False when it was not added, or was deleted. */
bool mux_tuple_here(const struct mux_tuple *tuple);

/*
 * A place in the send queue: cap bytes at the returned address, to be filled
 * and given a length by mux_push() at once. Never NULL. The queue leaves at
 * the end of the turn, or when MUX_BATCH packets are in it.
 */
uint8_t *mux_slot(struct mux *mux, size_t *cap);
void mux_push(struct mux *mux, uint8_t sock, const struct sa *dst, size_t len);
/* Send what is queued now. */
void mux_flush(struct mux *mux);

struct mux_stats {
	uint64_t rx, rx_bytes, tx, tx_bytes;
	uint64_t rx_batches, tx_batches;
	uint64_t other;      /* neither STUN, DTLS, RTP nor RTCP */
	uint64_t too_big;    /* truncated: over the buffer */
	uint64_t no_ufrag;   /* STUN that names no path */
	uint64_t no_tuple;   /* from an address nobody validated */
	uint64_t tx_dropped; /* the kernel took them not */
	uint64_t overflow;   /* lost in the socket's queue (SO_RXQ_OVFL) */
};
const struct mux_stats *mux_stats(const struct mux *mux);
/* How full the receive queue of the fullest UDP socket is now, in 1/1000 of what
 * the kernel lets it have; 0 when it does not tell. */
uint32_t mux_queued(const struct mux *mux);

/* See struct framed_stats; of all sockets. */
struct mux_tcp_stats {
	int64_t connections;
	uint64_t taken, passed, refused, broken, lost;
};
void mux_tcp_stats(const struct mux *mux, struct mux_tcp_stats *stats);

#endif
