/*
 * request.h  The steps that a message takes, once it is decoded
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_REQUEST_H
#define SIGD_PROXY_REQUEST_H

#include "sigd/proxy/proxy_priv.h"

/* A request as it passes the steps; lives on the stack. */
struct request {
	struct proxy *px;
	const struct smsg *msg;
	const struct transport_src *src;
	struct txn_dest dest; /* where its answers go */
	bool passed;          /* by another worker */
	bool ongoing;         /* it shows that it is of something that is here */
	enum status stray;    /* why it is of nothing here, although it says
				 so; STATUS_OK: no stray */
};

void request_serve(struct request *rq);
extern const char request_allow[]; /* a value for Allow */
void response_serve(struct proxy *px, const struct transport_src *src,
		    const struct smsg *msg, bool forwarded);

#endif
