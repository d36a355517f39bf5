/*
 * fetch_now.h  One HTTP request that is waited for: libcurl, for command lines
 *
 * Certificates are checked, with the system's authorities or those of a file.
 * Redirections are not followed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_FETCH_NOW_H
#define COMMON_FETCH_NOW_H

#include <re.h>

enum {
	FETCH_NOW_MAX = 64 * 1024 * 1024, /* bytes of an answer */
	FETCH_NOW_TIMEOUT_S = 60,
	FETCH_NOW_CONNECT_S = 10,
	FETCH_NOW_WHY_MAX = 256
};

/* Borrowed texts. */
struct fetch_now_ask {
	const char *method;
	const char *url;   /* http or https */
	const char *token; /* Bearer; NULL: none */
	const char *ca;    /* PEM file; NULL: the system's */
	const char *body;  /* JSON; NULL: none */
};

struct fetch_now_answer {
	unsigned code;      /* of HTTP; 0: none came, and why says so */
	uint32_t retry_s;   /* Retry-After; 0: there is none */
	struct mbuf *body;  /* the caller's; with a 0 behind its end */
	char why[FETCH_NOW_WHY_MAX];
};

/* ENOMEM; EIO: no answer. answer->body is the caller's in any case. */
int fetch_now(struct fetch_now_answer *answer, const struct fetch_now_ask *ask);

#endif
