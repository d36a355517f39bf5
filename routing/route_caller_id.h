/*
 * route_caller_id.h  Whom a connection is shown as the caller
 *
 * A part of a connection (route_conn.h): const after the load. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_CALLER_ID_H
#define ROUTING_ROUTE_CALLER_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

struct route_user;

/* Which number. */
enum route_show {
	ROUTE_SHOW_PASS = 1, /* who calls, as he is known here */
	ROUTE_SHOW_USER,     /* a number of the user */
	ROUTE_SHOW_NUMBER,   /* always the same */
	ROUTE_SHOW_NOBODY,   /* anonymous */
};

/* Which name beside it. */
enum route_show_name {
	ROUTE_NAME_PASS = 1,
	ROUTE_NAME_USER, /* the user's `display` */
	ROUTE_NAME_NONE,
};

/* Where a connection that is trusted reads it, and says it. */
enum route_identity {
	ROUTE_ID_ASSERTED = 1, /* RFC 3325 9.1 */
	ROUTE_ID_PREFERRED,    /* RFC 3325 9.2: the other side asserts */
	ROUTE_ID_REMOTE_PARTY, /* draft-ietf-sip-privacy-04 */
};

struct route_caller_id {
	enum route_show show;
	enum route_show_name name;
	enum route_identity identity;
	const char *number;   /* for `show`, and instead of what is not
				 allowed; NULL: none */
	const char **allowed; /* "+4930123", "+4930*"; none: any */
	uint32_t nallowed;
};

/* What may be shown: `number` itself, and what is `allowed`. */
bool route_caller_id_allows(const struct route_caller_id *id,
			    const struct pl *number);

/*
 * The number to show: an empty text means nobody. given: who calls, as the
 * request names him. preferred: which of his numbers the user would like, or
 * unset. user: NULL when the caller is none of the tenant's.
 */
struct pl route_caller_id_number(const struct route_caller_id *id,
				 const struct route_user *user,
				 const struct pl *given,
				 const struct pl *preferred);

/* A number of the user, or the user's name. */
bool route_user_has(const struct route_user *user, const struct pl *number);

#endif
