/*
 * mux_priv.h  The inside of the mux
 *
 * mux.c has the datagrams, mux_tcp.c what comes framed over TCP.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MUX_PRIV_H
#define MEDIAD_MUX_PRIV_H

#include <sys/socket.h>

#include "mediad/transport/mux.h"
#include "mediad/transport/path.h"

enum {
	MUX_RECV_CAP = 2048, /* more than any packet that is not dropped */
	MUX_SEND_CAP = 1568, /* PATH_MTU and what SRTP adds */
	MUX_CMSG_CAP = CMSG_SPACE(sizeof(uint32_t)),
};

struct recv_slot {
	uint8_t headroom[PATH_HEADROOM];
	uint8_t buf[MUX_RECV_CAP];
};

struct send_slot {
	uint8_t buf[MUX_SEND_CAP];
	struct sa dst;
	size_t len;
	uint8_t sock;
};

struct mux_sock {
	struct mux *mux;
	struct loop_watch *watch;
	struct framed *framed; /* connections; NULL: datagrams, by watch */
	int fd;
	int af;            /* of what fd is bound to */
	uint32_t overflow; /* the kernel's counter, seen last */
	bool read;         /* ... or before the first datagram of ours */
};

struct mux {
	struct mux_sock socks[MUX_SOCKS_MAX];
	uint8_t nsocks;
	struct pass *pass; /* to the other workers; NULL: none, or no TCP */
	struct hash *names, *tuples;
	struct recv_slot *recv;
	struct send_slot *send;
	uint8_t copy[MUX_RECV_CAP]; /* for who is asked second */
	size_t queued;
	struct mux_stats stats;
	struct mmsghdr msgs[MUX_BATCH]; /* of the batch read */
	struct iovec iov[MUX_BATCH];
	struct sa src[MUX_BATCH];
	_Alignas(struct cmsghdr) uint8_t cmsg[MUX_BATCH][MUX_CMSG_CAP];
};

/* Who has this ufrag; NULL: nobody. */
struct mux_name *mux_name_find(const struct mux *mux, const struct pl *ufrag);
/* Somebody claims this source. */
bool mux_is_claimed(const struct mux *mux, const struct sa *src, uint8_t sock);
/* To whom it belongs, by name or by source. */
void mux_hand_out(struct mux *mux, struct mux_packet *packet);

#endif
