/*
 * identity.h  Who calls, by whose word, and who may know it
 *
 * RFC 3323, RFC 3325. A user is whom he has logged in as. What a connection
 * says of its callers counts when it is trusted (routing.yaml), and who is
 * trusted is told who calls even when the caller wants privacy. All that a
 * request says of identity besides is taken off (hop_clean_identity()).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_WHO_IDENTITY_H
#define SIGD_PROXY_WHO_IDENTITY_H

#include "sigd/proxy/proxy_priv.h"

struct route_connection;

#define IDENTITY_ANONYMOUS "sip:anonymous@anonymous.invalid"

/* The caller does not want to be known: Privacy with id, user or header. */
bool identity_private(const struct smsg *msg);

struct identity {
	const struct route_connection *from; /* NULL: a user's device */
	const struct route_connection *to;   /* NULL: a user's device */
	const char *user;                    /* that has logged in */
};

/* P-Asserted-Identity towards this side, behind hop_clean(). */
void identity_edit(struct smsg_edit *ed, const struct identity *who);

#endif
