/*
 * hop_back.h  A response on its way back: the answer to the request that we
 *             were asked
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_HOP_BACK_H
#define SIGD_PROXY_HOP_BACK_H

#include "sigd/proxy/proxy_priv.h"

struct identity;

/* What of it is ours. All texts are whole header values. */
struct hop_back {
	uint16_t scode;       /* 0: as it came */
	bool dialog;          /* it makes one: with Record-Route */
	bool reliable;        /* 100rel and RSeq go on */
	bool keep_body;       /* as it came; else only `sdp` */
	bool challenge;       /* WWW- and Proxy-Authenticate go on */
	struct pl route;      /* our Record-Route */
	struct pl contact;    /* unset: none */
	const struct pl *sdp; /* NULL: none */
	/* who answers whom, for a 18x or 2xx; NULL: who answers is not told */
	const struct identity *who;
	uint32_t session;     /* 0, or seconds: a timer that its sender is to
				 keep up, as the other side knows none */
};

/*
 * Write into px->buf the answer to req that this response of the other side
 * means. A Retry-After of a 5xx does not go on.
 */
int hop_back_write(struct proxy *px, size_t *len, const struct smsg *req,
		   const struct smsg *msg, const struct hop_back *back);

#endif
