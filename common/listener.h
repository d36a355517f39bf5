/*
 * listener.h  A socket that the parent opens for each of its children
 *
 * The parent keeps every descriptor while the slot exists, so the kernel's
 * queues and hashes outlive a worker: what comes in while it is dead waits
 * for its successor.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_LISTENER_H
#define COMMON_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

enum listener_proto {
	LISTENER_UDP,
	LISTENER_TCP
};

enum listener_use {
	LISTENER_SHARED,   /* one socket per worker slot, all on one port; the
			      kernel spreads what comes in (SO_REUSEPORT) */
	LISTENER_PER_SLOT, /* one socket per worker slot, each on a port of its
			      own: that of addr for slot 1, the next for 2 */
	LISTENER_ADMIN,    /* one socket, for the admin process */
};

/* Plain data, borrowed by the parent as long as it runs. */
struct listener {
	const char *name; /* as in the configuration, "wss" */
	const char *hint; /* how to choose another address, a part of a
			     sentence: "set listen.wss.port in sigd.yaml" */
	enum listener_proto proto;
	enum listener_use use;
	struct sa addr; /* IPv6 means IPv6 alone; port 0: any (tests) */
	int backlog;    /* of TCP; 0: 1024 */
	int rcvbuf;     /* bytes; 0: the system's default */
	int sndbuf;
	void *cfg; /* the daemon's own, handed on to the child */
};

/*
 * Open the socket of a slot (1..; 0 for the admin process): bound, listening
 * when TCP, non-blocking, close-on-exec. *port: in, the port that the slots
 * before got when addr names none, else 0; out, the port bound.
 *
 * For slot 0 and 1 it is made sure first that nobody has the address, which
 * SO_REUSEPORT would hide from two systems started on one box. The errno of
 * what failed; errbuf then tells it in words, with the listener's name, the
 * address and the hint.
 */
int listener_open(const struct listener *listener, uint8_t slot, uint16_t *port,
		  int *fdp, char *errbuf, size_t errlen);

#endif
