/*
 * sock_udp.h  SIP over UDP: datagrams of one socket of this slot
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_SOCK_UDP_H
#define SIGD_TRANSPORT_SOCK_UDP_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct sock_udp;
struct transport_counts;

/* One datagram with something in it; data is valid during the call. */
typedef void(sock_udp_recv_h)(const struct sa *local, const struct sa *remote,
			      const uint8_t *data, size_t len, void *arg);

/* fd: bound, non-blocking, not closed by us. counts are borrowed. */
int sock_udp_alloc(struct sock_udp **sockp, int fd,
		   struct transport_counts *counts, sock_udp_recv_h *recvh,
		   void *arg);
/* EMSGSIZE: over what UDP carries. ENOBUFS: the socket is full. */
int sock_udp_send(struct sock_udp *sock, const struct sa *remote,
		  const uint8_t *data, size_t len);
/* With the address that it is bound to, which may be the unspecified one. */
const struct sa *sock_udp_local(const struct sock_udp *sock);
/* How full the receive queue of a socket is, per mille; 0 when the kernel does
 * not say. */
uint32_t sock_udp_queued(int fd);

#endif
