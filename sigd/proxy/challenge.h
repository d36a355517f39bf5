/*
 * challenge.h  The other side asks who we are: 401 and 407 of a PBX
 *
 * RFC 3261 22.2, 22.3. A challenge is answered with the credentials of the
 * very connection that it came from, at most twice for each of the two kinds:
 * once, and again when the PBX says that only the nonce was too old.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CHALLENGE_H
#define SIGD_PROXY_CHALLENGE_H

#include "routing/route_conn.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/sip/smsg_edit.h"

/* What was answered so far, for one request; all zero: nothing. */
struct challenge {
	struct {
		char *val;   /* our credentials; NULL: none */
		char *nonce; /* for which they are */
		unsigned tries;
	} kind[2]; /* Authorization, Proxy-Authorization */
};

/*
 * Take the challenges of a 401 or 407 to a request. 0: try again, with
 * challenge_edit(). EACCES: they are answered already, and refused; ENOENT:
 * not to be answered (no credentials, another realm); or an error.
 */
int challenge_take(struct challenge *ch, const struct route_connection *conn,
		   const struct smsg *response, const struct pl *uri);
/* Put the credentials into a request. */
void challenge_edit(const struct challenge *ch, struct smsg_edit *ed);
/* The same as fields of a request of ours, behind the *n that there are. */
void challenge_fields(const struct challenge *ch, struct smsg_field *fieldv,
		      size_t *n);
void challenge_reset(struct challenge *ch);

#endif
