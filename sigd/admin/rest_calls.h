/*
 * rest_calls.h  What the lists of calls share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_CALLS_H
#define SIGD_ADMIN_REST_CALLS_H

#include "sigd/admin/rest_priv.h"

/* What a call has to be; NULL: anything. Borrowed texts. */
struct rest_calls_filter {
	const char *tenant, *user, *connection;
	const char *number; /* user part of one of the URIs */
	const char *callid; /* of SIP */
};

/* What it is; side 0 is the caller. */
struct rest_calls_facts {
	const char *tenant, *there, *callid;
	const char *user[2], *uri[2], *conn[2];
};

bool rest_calls_fit(const struct rest_calls_filter *filter,
		    const struct rest_calls_facts *facts);

/* "ms-seq-shard", of a page of calls that have ended; false: it is none. */
bool rest_calls_place(const char *cursor, uint64_t *ms, uint64_t *seq,
		      uint64_t *shard);

/* A page of those that have ended, behind the cursor (NULL: the latest). */
void rest_calls_recent(const struct rest_calls_filter *filter,
		       const char *cursor, size_t limit, struct admin *admin,
		       struct admin_resp *resp);

#endif
