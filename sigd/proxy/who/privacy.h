/*
 * privacy.h  What is kept from the other side when its sender wants that
 *
 * RFC 3323; `id` is of RFC 3325, `history` of RFC 7044. Contacts, routes, Vias
 * and media are hidden always (hop.h, mediad), so `header` and `session` ask for
 * nothing more. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_WHO_PRIVACY_H
#define SIGD_PROXY_WHO_PRIVACY_H

#include "sigd/sip/smsg_edit.h"

enum privacy {
	PRIVACY_ID = 1 << 0,
	PRIVACY_USER = 1 << 1,
	PRIVACY_HEADER = 1 << 2,
	PRIVACY_HISTORY = 1 << 3,
	/* who it is: From, P-Asserted-Identity and their like */
	PRIVACY_WHO = PRIVACY_ID | PRIVACY_USER | PRIVACY_HEADER,
};

/* The bits that a message asks for; 0: none. */
unsigned privacy_wanted(const struct smsg *msg);

/* Whether a header of a message with these bits stays here, when it goes to
 * somebody who is not trusted. */
bool privacy_strips(unsigned wanted, enum shdr_id id, const struct pl *name);

/* The same for a whole request; and of Diversion and History-Info the values
 * that say so of themselves. */
void privacy_edit(struct smsg_edit *ed, unsigned wanted);

#endif
