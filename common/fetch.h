/*
 * fetch.h  HTTP GET and POST behind the loop: libcurl's multi interface
 *
 * For what people configure: keys of tokens, webhooks. Nothing blocks; names are asked
 * for by libcurl's own thread. Redirections are not followed, certificates are
 * checked with the system's authorities.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_FETCH_H
#define COMMON_FETCH_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct fetch;
struct fetcher; /* of a worker */
struct wheel;

enum {
	FETCH_TIMEOUT_MS = 10000
};

/* loop_init() came before. Outlives its fetches. */
int fetcher_alloc(struct fetcher **fetcherp, struct wheel *wheel);

/* code: of HTTP; 0 when none came, and `why` says in words what happened. All
 * is valid during the call. */
struct fetch_answer {
	unsigned code;
	struct pl body;
	const char *why;
};
typedef void(fetch_h)(const struct fetch_answer *answer, void *arg);

/* A name and a value without line ends. */
struct fetch_header {
	const char *name, *value;
};

/* All is copied. */
struct fetch_body {
	struct pl data;
	const struct fetch_header *headers;
	size_t nheaders;
};

/* Get url, of at most max bytes; h is called once, later, unless the caller
 * ends it before with mem_deref() (fine inside h, too). The caller owns it. */
int fetch_get(struct fetch **fetchp, struct fetcher *fetcher, const char *url,
	      size_t max, fetch_h *h, void *arg);
/* The same by POST. */
int fetch_post(struct fetch **fetchp, struct fetcher *fetcher, const char *url,
	       const struct fetch_body *body, size_t max, fetch_h *h,
	       void *arg);

#endif
