/*
 * lb_header.h  What a load balancer says first on a connection: whose it is
 *
 * The PROXY protocol, versions 1 (a line of text) and 2 (binary), as
 * HAProxy's proxy-protocol.txt has them. TLVs are passed over.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_LB_HEADER_H
#define SIGD_TRANSPORT_LB_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

enum {
	LB_HEADER_MAX = 2048 /* bytes, with all TLVs */
};

struct lb_header {
	bool known;       /* false: LOCAL or UNKNOWN: it is the balancer's own
			     connection, or it will not say */
	struct sa remote; /* when known: the client */
	size_t used;      /* bytes of the header; what follows is not ours */
};

/*
 * Reads a header that begins at data. EAGAIN: it is not whole, all len bytes
 * are of it; EBADMSG: it is none, and never will be.
 */
int lb_header_decode(struct lb_header *header, const uint8_t *data, size_t len);

#endif
