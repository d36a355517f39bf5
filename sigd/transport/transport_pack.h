/*
 * transport_pack.h  What goes through the tunnel between sigd's workers
 *
 * SEND      length of the flow id (1), flow id, the message. ref, or 0
 * FAILED    nothing; flags has enum transport_fail, ref is that of the SEND: it
 *           was not sent, or its flow has ended since
 * RESPONSE  length of the source's flow id (1), flow id, local address,
 *           remote address, listener (1), the message
 *
 * An address is its family (1: 4 or 6), its bytes and the port (2).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_TRANSPORT_PACK_H
#define SIGD_TRANSPORT_TRANSPORT_PACK_H

#include "sigd/transport/transport.h"

enum transport_frame {
	FRAME_SEND = 1,
	FRAME_FAILED,
	FRAME_RESPONSE
};

/* Errors as others read them: errno differs between systems. */
enum transport_fail {
	FAIL_GONE = 1,
	FAIL_FULL,
	FAIL_SIZE,
	FAIL_OTHER
};

enum {
	TRANSPORT_PACK_MAX = 1 + FLOW_PACK_MAX + 2 * 19 + 1
};

uint8_t transport_fail_of(int err);
int transport_fail_errno(uint8_t fail);

/* The head before a message; *len is set. EINVAL: not an id. */
int transport_pack_send(uint8_t buf[TRANSPORT_PACK_MAX], size_t *len,
			const struct flow_id *id);
int transport_pack_response(uint8_t buf[TRANSPORT_PACK_MAX], size_t *len,
			    const struct transport_src *src);

/* The message is what stands behind *used bytes. EBADMSG. */
int transport_unpack_send(struct flow_id *id, size_t *used, const uint8_t *buf,
			  size_t len);
/* src->local and remote point to addr[0] and addr[1]. */
int transport_unpack_response(struct transport_src *src, struct sa addr[2],
			      size_t *used, const uint8_t *buf, size_t len);

#endif
