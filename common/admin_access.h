/*
 * admin_access.h  Who may ask the admin interface, for what, and how often
 *
 * In this order: is it us who were asked (Host), not by a page of somebody
 * else (Origin); how often this source asks without a token that is known, and
 * guesses; which token, and how often that one asks; what it opens. Without a token only what is open:
 * who can reach a socket of loopback is no operator yet, as pages in a browser
 * and every user of the box can.
 *
 * No sockets: time is an argument.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_ACCESS_H
#define COMMON_ADMIN_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/bearer.h"

struct admin_access;
struct admin_conf;

/* A request; its headers as they came, NULL: there is none. */
struct admin_ask {
	const char *authorization, *host, *origin;
	const struct sa *source;
	unsigned flags; /* of the route: admin_route.h */
	bool changes;   /* it is no GET and no HEAD */
};

/* What became of it. */
struct admin_pass {
	unsigned status;          /* 0: it may go on; else an answer */
	const char *detail;       /* of that answer, constant, or NULL */
	const char *challenge;    /* WWW-Authenticate, or NULL */
	uint32_t wait_s;          /* Retry-After, or 0 */
	const struct bearer *who; /* NULL: nobody that is known */
	bool guessed;             /* one wrong token more than is free */
};

/* conf is borrowed till the next admin_access_set(). The caller owns
 * *accessp. */
int admin_access_alloc(struct admin_access **accessp,
		       const struct admin_conf *conf);

/* Another configuration. What was counted goes on. */
int admin_access_set(struct admin_access *access,
		     const struct admin_conf *conf);

/* unix_s: by which tokens end. */
void admin_access_judge(struct admin_access *access, struct admin_pass *pass,
			const struct admin_ask *ask, uint64_t now_ms,
			uint64_t unix_s);

/* "name", "name:8080", "[::1]:8080": whether it can only mean us; hosts: names
 * that do. Pure. */
bool admin_host_is_ours(const char *host, const char *const *hosts,
			uint32_t nhosts);
/* Whether a page of this origin is one of the host's own (RFC 6454). Pure. */
bool admin_origin_is_ours(const char *origin, const char *host);

#endif
