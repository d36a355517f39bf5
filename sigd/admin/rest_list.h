/*
 * rest_list.h  What the lists of /v1 share: what is asked for, and pages
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_LIST_H
#define SIGD_ADMIN_REST_LIST_H

#include "sigd/admin/rest_cursor.h"
#include "sigd/admin/rest_priv.h"

/* From `since` to `until` of the query, unix ms, both included. */
struct rest_span {
	uint64_t since_ms, until_ms;
};

/* False: one is no time, and resp is a 400. */
bool rest_list_span(struct rest_span *span, const struct admin_req *req,
		    struct admin_resp *resp);
/* `cursor` of the query, n numbers; *there: there is one. False: it is none of
 * ours, and resp is a 400. */
bool rest_list_cursor(uint64_t *nums, size_t n, bool *there,
		      const struct admin_req *req, struct admin_resp *resp);
/* resp is a 400 about the cursor. */
void rest_list_no_cursor(struct admin_resp *resp);
/* The member "next". */
void rest_list_next(struct jsonw *json, const uint64_t *nums, size_t n,
		    bool more);
/* Does the text have this in it, whatever the case of its letters? wanted
 * NULL: yes. */
bool rest_list_has(const char *text, const char *wanted);
/* wanted NULL: yes; else are they the same? */
bool rest_list_is(const char *text, const char *wanted);

/* --- a stream of Redis, the latest first ---------------------------------- */

/* fields: of an entry, a flat array. */
struct rest_stream {
	const char *key;
	bool (*fitsh)(const struct redis_val *fields, const void *arg);
	void (*writeh)(struct jsonw *json, uint64_t unix_ms,
		       const struct redis_val *fields);
	const void *arg;
};

/* A page of it as the rest of an array, its end, and "next": what fits, of the
 * span, `limit` of it, behind the cursor. False: resp is an error. */
bool rest_stream_page(struct jsonw *json, const struct rest_stream *stream,
		      const struct admin_req *req, struct admin *admin,
		      struct admin_resp *resp);

#endif
