/*
 * smsg_build.h  Messages of our own: responses, ACK, CANCEL, requests
 *
 * All write into the caller's buffer; *len is what was written. EOVERFLOW when
 * it does not fit, EINVAL when a text holds a line break.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIP_SMSG_BUILD_H
#define SIGD_SIP_SMSG_BUILD_H

#include "sigd/sip/smsg.h"

struct smsg_field {
	struct pl name;
	struct pl val;
};

/* RFC 3261 8.2.6. Zeroed members take their defaults. */
struct smsg_reply {
	uint16_t scode;
	const char *reason;              /* NULL: smsg_reason(scode) */
	struct pl to_tag;                /* added when To has none; never in a
					    100. Unset: none is added */
	bool record_route;               /* copy Record-Route (12.1.1) */
	const struct smsg_field *fieldv; /* further headers */
	size_t fieldc;
	struct pl ctype;
	struct pl body;
};

/* req may be a view whose decoding failed, when its error was answerable. */
int smsg_reply_write(uint8_t *buf, size_t size, size_t *len,
		     const struct smsg *req, const struct smsg_reply *reply);

/* The ACK of a final response other than 2xx (17.1.1.3). */
int smsg_ack_write(uint8_t *buf, size_t size, size_t *len,
		   const struct smsg *invite, const struct smsg *resp);

/* The CANCEL of a request as we sent it (9.1). reason: a Reason value
 * (RFC 3326), may be NULL. */
int smsg_cancel_write(uint8_t *buf, size_t size, size_t *len,
		      const struct smsg *req, const struct pl *reason);

/* A request of our own. All texts are whole header values. */
struct smsg_request {
	const char *method;
	struct pl uri;
	struct pl via; /* "SIP/2.0/UDP host;branch=.." */
	struct pl from;
	struct pl to;
	struct pl callid;
	uint32_t cseq;
	uint8_t max_forwards;    /* 0: 70 */
	const struct pl *routev; /* one Route header each */
	size_t routec;
	const struct smsg_field *fieldv; /* Contact and all others */
	size_t fieldc;
	struct pl ctype;
	struct pl body;
};

int smsg_request_write(uint8_t *buf, size_t size, size_t *len,
		       const struct smsg_request *req);

#endif
