/*
 * hub.h  The worker's sockets for plain RTP: a pair of ports for each leg
 *
 * Each leg has a socket for RTP and one for RTCP of its own, connected to its
 * peer once that is known: the kernel then turns away all others, and a
 * packet out costs less. One packet is read at a wake-up of a socket, into a
 * buffer that all share; the batch is what epoll reports at once (reading on
 * until there is no more costs a third more). No allocation, lock or log per
 * packet. One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_HUB_H
#define MEDIAD_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct hub;
struct hub_pair;

enum {
	HUB_IFACES_MAX = 8,
	HUB_NAME_MAX = 16, /* bytes of an interface's name */
};

/* Where PBXs reach this worker. */
struct hub_iface {
	char name[HUB_NAME_MAX + 1]; /* empty: nobody asks for it */
	struct sa bind;      /* no port */
	struct sa advertise; /* no port; what stands in SDP */
	uint16_t lo, hi;     /* ports of this worker alone, ends included */
};

/* The caller owns *hubp, which outlives its pairs. */
int hub_alloc(struct hub **hubp);
/* The first one of a family serves it. ENOSPC: too many, or no pair of
 * ports. */
int hub_add(struct hub *hub, const struct hub_iface *iface);
size_t hub_ifaces(const struct hub *hub);
/* Read what is there, without a loop. */
void hub_poll(struct hub *hub);
/* How full the receive queue of the fullest socket is now, in 1/1000 of what
 * the kernel lets it have. What queues have lost since the last time is counted
 * (stats.overflow). Two system calls a pair: now and then, not per packet. */
uint32_t hub_look(struct hub *hub);

/* A datagram as it came. */
struct hub_packet {
	uint8_t *pkt; /* room: PATH_HEADROOM before, cap bytes from it */
	size_t len, cap;
	struct sa src;
	bool rtcp; /* on the pair's second socket */
};
/* May free the pair. */
typedef void(hub_recv_h)(const struct hub_packet *packet, void *arg);

/* Which interface: of the family (AF_UNSPEC: any), and of this name. */
struct hub_want {
	int af;
	const char *name; /* NULL or empty: the first of the family */
};
/*
 * Open the pair that is free for longest. The caller owns *pairp; mem_deref()
 * closes and gives the ports back. EAFNOSUPPORT: no such interface of the
 * family; ENODEV: none of this name at all; EADDRINUSE: no port is free, here
 * or in the system.
 */
int hub_pair_open(struct hub_pair **pairp, struct hub *hub,
		  const struct hub_want *want, hub_recv_h *recvh, void *arg);
/* Those that an incarnation before us had; local: hub_pair_local(). ENOENT:
 * they are not ours any more; EADDRINUSE. */
int hub_pair_reopen(struct hub_pair **pairp, struct hub *hub,
		    const struct sa *local, hub_recv_h *recvh, void *arg);

/* Its interface's; may be empty. */
const char *hub_pair_name(const struct hub_pair *pair);
/* The advertised address, with the port of RTP. */
const struct sa *hub_pair_local(const struct hub_pair *pair);
/* May this worker send there? False for a loopback address, where services of
 * this box alone listen, when ours is none. */
bool hub_pair_reaches(const struct hub_pair *pair, const struct sa *peer);

/* Hear and address this peer alone from now on. */
int hub_pair_connect(struct hub_pair *pair, bool rtcp, const struct sa *peer);
/* Hear everybody again. */
void hub_pair_release(struct hub_pair *pair, bool rtcp);
/* To whom it is connected, else to peer. Errno; counted. */
int hub_pair_send(struct hub_pair *pair, bool rtcp, const struct sa *peer,
		  const uint8_t *pkt, size_t len);

struct hub_stats {
	uint64_t rx, rx_bytes, tx, tx_bytes;
	uint64_t rx_turns;    /* of the loop, in which some came */
	uint64_t too_big;     /* truncated: over the buffer */
	uint64_t unsent;      /* the kernel took them not */
	uint64_t unreachable; /* the peer's host said so (ICMP) */
	uint64_t busy;        /* ports that other programs had */
	uint64_t overflow;    /* lost in queues, as hub_look() or a pair's end
				 has found them */
	/* counted by path_rtp.c: */
	uint64_t early;     /* before anything was agreed on */
	uint64_t strangers; /* from a source that was not agreed on */
	uint64_t bad_auth;  /* under keys, and not authentic */
	uint64_t too_many;  /* over PATH_RTP_PER_S of one leg */
	uint64_t rubbish;   /* neither RTP nor RTCP, or not where it belongs */
};
struct hub_stats *hub_stats(struct hub *hub);
/* Pairs of all interfaces. */
void hub_ports(const struct hub *hub, uint32_t *count, uint32_t *nfree);

#endif
