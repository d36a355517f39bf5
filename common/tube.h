/*
 * tube.h  The tunnel between workers: frames of bytes, never blocking
 *
 * Every worker has one end, named by its address (node/slot) and living for
 * one epoch. In a box a frame is one packet on a unix socket,
 * `<run_dir>/<node>-<slot>.sock` (0600, SOCK_SEQPACKET): a worker that is not
 * there is an error at once. Between boxes it is TLS over TCP with both
 * sides' certificates (common/tube_tls.c), one connection from a worker to
 * another node, whose worker that took it passes a frame on to the slot it is
 * for. What the payload means is the user's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_TUBE_H
#define COMMON_TUBE_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/worker.h"

struct tube;
struct wheel;

enum {
	TUBE_PAYLOAD_MAX = 65536 + 512, /* a message and what goes with it */
	TUBE_QUEUE_MAX = 1 << 20,       /* bytes waiting for one peer */
	TUBE_PEERS_MAX = 256,           /* connections of each kind */
};

/* A worker. */
struct tube_addr {
	char node[NODE_NAME_MAX + 1];
	uint8_t slot;
	uint32_t epoch; /* 0 as destination: whichever lives there */
};

/* Plain data; payload is valid during the call. */
struct tube_frame {
	uint8_t type;  /* the user's, 1..255 */
	uint8_t flags; /* the user's */
	struct tube_addr src;
	uint64_t ref; /* the user's: for answers */
	const uint8_t *payload;
	size_t len;
};

struct tube_counts {
	uint64_t rx, tx;
	uint64_t rx_bad;     /* not a frame of ours, other version */
	uint64_t rx_stale;   /* meant for another epoch of this worker */
	uint64_t tx_refused; /* no such worker, or it is gone */
	uint64_t tx_full;    /* the peer's queue is full */
	uint64_t tx_lost;    /* queued for a peer that then went away */
	uint64_t relayed;    /* from another box, for another slot of ours */
	uint64_t tls_failed; /* handshakes, either side */
};

typedef void(tube_recv_h)(const struct tube_frame *frame, void *arg);
/*
 * A frame came that was meant for another epoch of this worker: its sender
 * holds an old name. May answer. NULL: dropped and counted.
 */
typedef void(tube_stale_h)(const struct tube_frame *frame, void *arg);
/* A frame that was taken could not be delivered after all. Not called from
 * within tube_send() for the frame being sent. */
typedef void(tube_lost_h)(const struct tube_addr *dst, uint8_t type,
			  uint64_t ref, void *arg);

/* Where another node listens for the tunnel; ENOENT when it is not known. */
typedef int(tube_lookup_h)(struct sa *addr, const char *node, void *arg);

/*
 * Between boxes, TLS 1.3. A certificate holds its node's name as a DNS name
 * (subjectAltName): a node can speak for its own workers alone.
 */
struct tube_tls_cfg {
	int fd; /* listening TCP socket of this slot, or -1 */
	/* PEM files, read again by tube_renew(): borrowed for the tube's life */
	const char *cert; /* our certificate chain, */
	const char *key;
	const char *ca; /* and who signs the peers' (the cluster's own CA) */
	tube_lookup_h *lookuph;
	void *arg;
};

struct tube_params {
	struct tube_addr self;
	const char *run_dir;            /* exists, 0700 */
	const struct tube_tls_cfg *tls; /* NULL: this box only */
	struct wheel *wheel;
	tube_recv_h *recvh;
	tube_stale_h *staleh;
	tube_lost_h *losth;
	void *arg;
};

/* A stale socket of a predecessor is replaced. mem_deref() removes ours,
 * unless a successor has taken its place. */
int tube_alloc(struct tube **tubep, const struct tube_params *params);

/*
 *   ECONNREFUSED  no such worker in this box, or it has just died
 *   EHOSTUNREACH  its node is not known, or not reached now
 *   ENOBUFS       its queue is full
 *   EMSGSIZE      over TUBE_PAYLOAD_MAX
 * 0 is no promise: the peer may refuse the frame or die; ask for an answer
 * where it matters.
 */
int tube_send(struct tube *tube, const struct tube_addr *dst,
	      const struct tube_frame *frame);

/*
 * Certificates anew, for links made from now on; those that are there stay.
 * EINVAL, and a sentence in errbuf: nothing has changed.
 */
int tube_renew(struct tube *tube, char *errbuf, size_t errlen);

/* Can the files be used, and does the certificate hold the node's name? EINVAL
 * with a sentence in errbuf. */
int tube_tls_check(const struct tube_tls_cfg *cfg, const char *node,
		   char *errbuf, size_t errlen);

const struct tube_counts *tube_counts(const struct tube *tube);
const struct tube_addr *tube_self(const struct tube *tube);

#endif
