/*
 * question.h  What the routing table is asked for a request, beside who calls
 *             whom: where it comes from, when, its headers, and how the
 *             connections are doing
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_QUESTION_H
#define SIGD_PROXY_QUESTION_H

#include "routing/route_query.h"

struct proxy;
struct smsg;

/* What the query's handlers look at: it outlives the decision. */
struct question {
	const struct proxy *px;
	const struct smsg *msg; /* NULL: no request has these headers */
	struct sa source;
};

/* All of the query but tenant, from, method, caller and callee. source NULL:
 * not known. */
void question_fill(struct route_query *query, struct question *question,
		   const struct proxy *px, const struct smsg *msg,
		   const struct sa *source);

#endif
