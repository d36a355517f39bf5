/*
 * own_request.h  A request that sigd makes itself, outside any call: REGISTER
 *                at a PBX, OPTIONS to see whether it lives
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_OWN_REQUEST_H
#define SIGD_PROXY_OWN_REQUEST_H

#include "sigd/proxy/proxy_priv.h"

struct challenge;

/* Texts are whole header values, borrowed. */
struct own_request {
	const char *method;
	const struct flow_id *to;
	struct pl uri, from, to_val, callid;
	uint32_t cseq;
	const struct smsg_field *fieldv;
	size_t fieldc;
	const struct challenge *challenge; /* credentials; NULL: none */
	txn_cli_resp_h *resph;
	txn_cli_end_h *endh;
	void *arg;
};

/* The caller owns *ctp until its end handler, or detaches. */
int own_request_send(struct txn_cli **ctp, struct proxy *px,
		     const struct own_request *req);

#endif
