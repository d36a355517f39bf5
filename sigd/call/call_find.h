/*
 * call_find.h  Calls by their Call-ID: who may take the place of whom
 *
 * A Replaces (RFC 3891) names a dialog by Call-ID and tags, and may come to any
 * worker. So each call is listed under its Call-ID for each tenant that has a
 * side, from its set-up until a minute after its end; and who was asked to take somebody's place, by
 * a REFER that went through us, is noted for a while.
 *
 * Keys, beside the record: `cb:{c:<x>}:id:<hash>` (set of call ids, and `over`
 * when the last one has just ended) and `cb:{c:<x>}:may:<hash>` (set of parties),
 * where the hash is that of tenant and Call-ID. The first digit of a call id is
 * made of its Call-ID (call_id_make()), so that all share a hash tag.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_CALL_FIND_H
#define SIGD_CALL_CALL_FIND_H

#include "sigd/call/call_record.h"

enum {
	CALL_FOUND_MAX = 4,
	CALL_PARTY_MAX = CALL_TEXT_MAX + 2
};

/* A new call id, for a call with this Call-ID. */
void call_id_make(char call[17], const struct pl *callid);

/* Who somebody is, as the rights below know him: a connection, or a user;
 * conn NULL or empty: a user. */
void call_party(char party[CALL_PARTY_MAX], const char *conn,
		const char *user);

/* Plain data, borrowed. */
struct call_found {
	const struct call_record *recs; /* all with this Call-ID; some may
					   be another tenant's */
	size_t n;
	bool over; /* there was one, a moment ago */
	bool may;  /* who asks was referred to it by one of its sides */
};

/* code: STATUS_OK (also when there is none), STATUS_REDIS_DOWN,
 * STATUS_INTERNAL, STATUS_OVERLOAD. found is valid during the call. */
typedef void(call_find_h)(enum status code, const struct call_found *found,
			  void *arg);

/* Like struct call_ask. */
struct call_find;

struct call_find_params {
	const char *tenant;
	struct pl callid;
	const char *party; /* who asks */
};

int call_find(struct call_find **findp, struct redis_link *link,
	      const struct call_find_params *params, call_find_h *h, void *arg);

struct call_grant {
	const char *tenant;
	struct pl callid;
	const char *by; /* a party of that call, else nothing is noted */
	const char *to; /* who may take its place now */
};

/* STATUS_UNKNOWN_DIALOG: `by` is no side of such a call. */
int call_grant(struct call_ask **askp, struct redis_link *link,
	       const struct call_grant *grant, call_record_h *h, void *arg);

#endif
