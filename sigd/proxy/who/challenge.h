/*
 * challenge.h  The other side asks who we are: 401 and 407 of a PBX
 *
 * RFC 3261 22.2, 22.3. A challenge is answered with the credentials of the
 * very connection that it came from and for its one realm (conn_pins.h), at
 * most twice for each of the two kinds: once, and again when the PBX says that
 * only the nonce was too old.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_WHO_CHALLENGE_H
#define SIGD_PROXY_WHO_CHALLENGE_H

#include "routing/route_conn.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/sip/smsg_edit.h"

struct proxy;

/* What was answered so far, for one request; all zero: nothing. */
struct challenge {
	struct {
		char *val;   /* our credentials; NULL: none */
		char *nonce; /* for which they are */
		unsigned tries;
	} kind[2]; /* Authorization, Proxy-Authorization */
};

/* The request that was challenged. */
struct challenge_asked {
	const struct route_connection *conn;
	struct pl uri;  /* its Request-URI */
	struct pl body; /* as it goes out again */
	bool dialog;    /* within one: no realm is learnt from it */
};

/*
 * Take the challenges of a 401 or 407 to a request. 0: try again, with
 * challenge_edit(). EACCES: they are answered already, and refused; ENOENT:
 * not to be answered (no credentials, another realm); or an error.
 */
int challenge_take(struct challenge *ch, struct proxy *px,
		   const struct challenge_asked *asked,
		   const struct smsg *response);
/* Why it was not answered, for people. */
const char *challenge_why(int err);
/* Put the credentials into a request. */
void challenge_edit(const struct challenge *ch, struct smsg_edit *ed);
/* The same as fields of a request of ours, behind the *n that there are. */
void challenge_fields(const struct challenge *ch, struct smsg_field *fieldv,
		      size_t *n);
void challenge_reset(struct challenge *ch);

/*
 * The ACK of a 2xx shows what its INVITE showed (RFC 3261 22.1), and goes
 * through any worker: so a record keeps it (struct call_side, `ack`). Written
 * for the INVITE with this CSeq; "" when nothing was shown, or too much.
 */
void challenge_print(const struct challenge *ch, uint32_t cseq, char *text,
		     size_t size);
/* Into the ACK with this CSeq, when it was written for that. */
void challenge_edit_printed(const char *text, uint32_t cseq,
			    struct smsg_edit *ed);

#endif
