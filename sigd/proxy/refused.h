/*
 * refused.h  Calls that got nowhere: the table said no, or who called may not
 *
 * Such a call has no record; why it got nowhere is asked about all the more.
 * So it gets a call id and a log as any other (diary.h), and what the table
 * decided is kept for a while, for /v1/refused. Who sends a flood of them
 * fills no memory with that: REFUSED_TOLD_S a second are told of a tenant, and
 * REFUSED_ALL_S of all of them, by each worker; the log of such a call and its
 * decision are kept for CALL_LOG_BRIEF_S alone.
 *
 * Key: `cb:{m:<tenant>}:refused`, a stream.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_REFUSED_H
#define SIGD_PROXY_REFUSED_H

#include "common/status.h"

struct bucket_table;
struct proxy;
struct route_connection;
struct route_plan;
struct sa;
struct smsg;

enum {
	REFUSED_MAX = 1000, /* of a tenant, about */
	REFUSED_KEEP_S = 86400, /* after the last */
	REFUSED_TOLD_S = 2,
	REFUSED_TOLD_BURST = 100,
	REFUSED_ALL_S = 10, /* of all tenants */
	REFUSED_ALL_BURST = 400,
	REFUSED_TENANTS = 256, /* that are remembered */
};

/* True: another one of this tenant may be told. */
bool refused_may(struct proxy *px, const char *tenant);

struct refused {
	const struct smsg *invite;
	const char *tenant;
	const char *caller;                  /* who asks */
	const struct route_connection *from; /* NULL: a user */
	const struct sa *source;
	const char *transport;
};

/* plan->targets[0] answers it. */
void refused_note(struct proxy *px, const struct route_plan *plan,
		  const struct refused *what);
/* It is refused before the table is asked. */
void refused_early(struct proxy *px, const struct refused *what,
		   enum status why);

#endif
