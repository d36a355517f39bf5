/*
 * refused.h  Calls that the table itself answered: no, or elsewhere
 *
 * Such a call has no record; why it got nowhere is asked about all the more.
 * So the decision is kept for a while, for /v1/refused.
 *
 * Key: `cb:{m:<tenant>}:refused`, a stream.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_REFUSED_H
#define SIGD_PROXY_REFUSED_H

struct proxy;
struct route_plan;
struct smsg;

enum {
	REFUSED_MAX = 1000, /* of a tenant, about */
	REFUSED_KEEP_S = 86400, /* after the last */
};

/* An INVITE that plan->targets[0] answers; caller: who asks. */
void refused_note(struct proxy *px, const struct route_plan *plan,
		  const struct smsg *invite, const char *caller);

#endif
