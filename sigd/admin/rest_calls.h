/*
 * rest_calls.h  What the routes of calls share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_CALLS_H
#define SIGD_ADMIN_REST_CALLS_H

#include "common/id.h"
#include "sigd/admin/rest_list.h"
#include "sigd/call/call_record.h"

/*
 * Who sees a call, and may end it, record it, read its timeline: a token of one
 * tenant those in which it calls or is called, whole; nothing else does.
 * only: of the token, NULL: it opens all; there: of the callee, "" when it is
 * the caller's.
 */
bool rest_call_is_of(const char *only, const char *tenant, const char *there);
/* A name in the list of calls (call_record.h), "call/tenant[/there]". False: it
 * is none, or not one of this tenant's (NULL: any). */
bool rest_call_named(char call[ID_LEN + 1], const struct redis_val *name,
		     const char *tenant);
/* The members of one that is there. */
void rest_call_write(struct jsonw *json, const struct call_record *rec);

/* --- how it sounded: the worst of its legs, both ways ------------------------ */

struct rest_quality {
	bool known;
	unsigned mos;  /* times 100; 0: not known */
	unsigned loss; /* of 1000 packets */
};

/* From the hash that mediad wrote. */
void rest_quality_read(struct rest_quality *quality,
		       const struct redis_val *flat);
/* Asks for that of so many calls, REDIS_PIPE_MAX at most, in one round trip;
 * *quality is written. False: resp is an error. */
struct rest_quality_of {
	const char *call;
	struct rest_quality *quality;
};
bool rest_quality_ask(const struct rest_quality_of *of, size_t n,
		      struct admin *admin, struct admin_resp *resp);
/* The member "quality". */
void rest_quality_write(struct jsonw *json, const struct rest_quality *quality);

/* --- lists -------------------------------------------------------------------- */

/* What a call has to be; NULL: anything. Borrowed texts. */
struct rest_calls_filter {
	const char *tenant, *user, *connection;
	const char *number; /* user part of one of the URIs */
	const char *callid; /* of SIP */
	const char *reason; /* of its end */
	unsigned mos_below; /* times 100; 0: anything */
	struct rest_span span;
};

/* What it is; side 0 is the caller. */
struct rest_calls_facts {
	const char *tenant, *there, *callid;
	const char *user[2], *uri[2], *conn[2];
};

struct rest_calls_ask {
	struct rest_calls_filter filter;
	const char *cursor; /* behind this one; NULL: the first page */
	size_t limit;
	bool all; /* those that are live, then those that have ended */
};

/* All but reason, quality and time. */
bool rest_calls_fit(const struct rest_calls_filter *filter,
		    const struct rest_calls_facts *facts);
bool rest_calls_sounds(const struct rest_calls_filter *filter,
			      const struct rest_quality *quality);

/* "ms-seq-shard", of a page of calls that have ended; false: it is none. */
bool rest_calls_place(const char *cursor, uint64_t *ms, uint64_t *seq,
		      uint64_t *shard);

/* A page. With `all` the cursors begin with REST_CALLS_LIVE, REST_CALLS_ENDED;
 * the one in `ask` has no such letter any more, and "" is the first page. */
enum { REST_CALLS_LIVE = 'l', REST_CALLS_ENDED = 'e' };
void rest_calls_live(const struct rest_calls_ask *ask, struct admin *admin,
		     struct admin_resp *resp);
void rest_calls_recent(const struct rest_calls_ask *ask, struct admin *admin,
		       struct admin_resp *resp);

#endif
