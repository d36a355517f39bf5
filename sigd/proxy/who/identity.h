/*
 * identity.h  Who speaks, by whose word, and who may know it
 *
 * RFC 3325, in requests and in answers. A user is whom he has logged in as. What
 * a connection says of its side counts when it is trusted (routing.yaml), and
 * who is trusted is told even what shall be private. All that a message says of
 * identity besides is taken off (hop_clean_identity(), hop_back.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_WHO_IDENTITY_H
#define SIGD_PROXY_WHO_IDENTITY_H

#include "sigd/proxy/who/caller_id.h"
#include "sigd/proxy/who/privacy.h"

#define IDENTITY_ANONYMOUS "sip:anonymous@anonymous.invalid"

struct route_connection;

struct identity {
	const struct route_connection *from; /* who speaks; NULL: a device */
	const struct route_connection *to;   /* who hears it; NULL: a device */
	const char *user;                    /* that has logged in; "": none */
	const struct caller_id *shown;       /* as what; NULL: as the user */
	const char *uri; /* From as `to` sees it; NULL: as it came */
	bool hidden;     /* the dialog began so (privacy) */
	bool stranger;   /* the two are of different tenants: what one says is
			    no word to the other */
};

/* It does not want to be known. */
bool identity_private(const struct smsg *msg, const struct identity *who);

/* ... and so From must not name it, towards this side. One whose From is fixed
 * would not know us by another, and hides us itself: Privacy goes on. */
bool identity_hides(const struct smsg *msg, const struct identity *who);

/* Where the policy of `to` counts, who->shown by it; id is kept there. */
void identity_shown(struct identity *who, struct caller_id *id,
		    const struct smsg *msg);

/* What tells it, of a message. */
enum { IDENTITY_VALUES = 2, IDENTITY_TEXT_MAX = 512 };
struct identity_text {
	const char *header;
	struct pl val[IDENTITY_VALUES];
	unsigned n; /* 0: nothing is told */
	char text[IDENTITY_VALUES][IDENTITY_TEXT_MAX];
};
void identity_tell(struct identity_text *out, const struct smsg *msg,
		   const struct identity *who);

/* A request, behind hop_clean(): all of this, and what its Privacy means for
 * other headers. Referred-By (RFC 3892) goes on when it is the word of who is
 * trusted, or in a REFER names who sends that. */
void identity_edit(struct smsg_edit *ed, const struct identity *who);

#endif
