/*
 * authorize.h  Who sent this request? Digest and tokens, outside dialogs
 *
 * RFC 3261 section 22, RFC 8760. REGISTER is challenged with 401, all else
 * with 407, under the tenant's one realm (JsSIP keeps credentials for a
 * single one). A connection of kind `inbound` is authorized like a user, but
 * its calls may be from anybody. A user unknown to us is checked against a
 * secret of nobody, so that answer and time are those of a wrong password.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_WHO_AUTHORIZE_H
#define SIGD_PROXY_WHO_AUTHORIZE_H

#include "common/status.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/registrar/registrar.h"

struct route_tenant;

/* Who it is, and the use of the nonce that is still to be counted. Borrowed
 * from the table; one of the two is NULL. */
struct authorized {
	const struct route_user *user;
	const struct route_connection *conn; /* a PBX that registers here */
	char nonce_id[17]; /* empty: nothing is to be counted */
	uint32_t nc;
	uint64_t until_s; /* unix time: its token's end; 0: no token */
};

/* All borrowed. */
struct authorize_ask {
	const struct route_table *table;
	const struct route_tenant *tenant; /* of it */
	const struct smsg *msg;
	const struct flow_id *flow; /* that it came on */
	const char *source;         /* its text */
	const struct route_user *guest; /* of that name in Redis; NULL: none */
};

/* The name that its digest is for, as it was given, or that it asks as with a
 * token (in text); false: it shows neither for the tenant. */
bool authorize_name(struct pl *name, char text[CALL_TEXT_MAX],
		    const struct proxy *px, const struct authorize_ask *ask);

/*
 * By what the request shows, digest or a token; else by the token that its
 * WebSocket was opened with. STATUS_OK; STATUS_AUTH_REQUIRED (nothing of this),
 * STATUS_AUTH_STALE, STATUS_AUTH_FAILED: challenge with authorize_challenge();
 * STATUS_FORBIDDEN: right, but From or To is somebody else;
 * STATUS_AUTH_LOCKED: too many wrong ones came from there (sigd/auth/guess.h).
 */
enum status authorize_check(struct authorized *who, const struct proxy *px,
			    const struct authorize_ask *ask);

/* Answer 401 or 407 with our challenges. */
void authorize_challenge(struct proxy *px, struct txn_srv *st,
			 const struct route_tenant *tenant,
			 const char *source, enum status code);

#endif
